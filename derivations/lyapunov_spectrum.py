r"""The cloud becomes a needle before it becomes a point.

Under Replace the root of Σ_g is L_0 A_1 A_2 … A_g, a product of independent lower triangular
matrices, whose i-th diagonal entry is a product of independent χ_{n-i}.  So the variance of
component i that the components before it do not explain is, at every g exactly,

    E log(L_g)²_ii = log(L_0)²_ii + g γ_i,    γ_i = ψ((n-i)/2) - ln(D/2) (+ ln λ).

The eigenvalues follow: any principal minor of size k is at most λ_1 … λ_k, their sum is at
least that, and each has the same rate γ_1 + … + γ_k, by the strong law.  From a ball there stays
a constant, of which no more than the angles of the needle's axes are to blame.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._dimensions import ball, d, here, i, line
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._projection import images, monomials, real_law
from hallofillusions.derivations._replace import BOTH, DIVISORS, D, lam, numbers, other_ddof
from hallofillusions.derivations._wishart import chain, chi2, kappa, triangle, x
from hallofillusions.derivations.wishart_moments import drift, shrinks
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.log_eigenvalue import LogEigenvalue
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n
from hallofillusions.theory import derive

exponent = sp.digamma((n - i) / 2) - sp.log(D / 2) + sp.log(lam)
k, j = sp.symbols("k j", integer=True, positive=True)
angles = sp.Sum(sp.digamma((d - j + 1) / 2) - sp.digamma((k - j + 1) / 2), (j, 1, k))
"""C_k = -E log of the squared k × k corner of a random rotation, so 0 for k = d."""


def statement() -> list[Any]:
    value, gamma = sp.Symbol(r"\log\lambda_{i}(\Sigma_{g})"), sp.Symbol(r"\gamma_{i}")
    C = sp.Symbol("C_{k}")
    product = sp.Symbol(r"\mathrm{E}[\log(\lambda_{1}\cdots\lambda_{k})]")
    rates = g * sp.Symbol(r"(\gamma_{1}+\cdots+\gamma_{k})")
    return [
        equal(sp.Limit(value / g, g, sp.oo), gamma),
        equal(gamma, exponent.subs(lam, 1)),
        sp.Le(rates, product),
        sp.Le(product, rates + C),
        equal(sp.Limit(product - rates, g, sp.oo), C),
        equal(C, angles),
    ]


def proof() -> Iterator[Step]:
    yield from _diagonals()
    yield from _minors()
    half = sp.Symbol("half", positive=True)
    growing = sp.digamma(half).diff(half)
    yield Step("ψ increases, so γ_1 > γ_2 > …: no two rates are equal",
               bool(growing.is_positive), True)  # fmt: skip
    yield Step("in the plane the needle sharpens by ψ((n-1)/2) - ψ((n-2)/2) a generation",
               exponent.subs(i, 1) - exponent.subs(i, 2),
               sp.digamma((n - 1) / 2) - sp.digamma((n - 2) / 2))  # fmt: skip
    gap = sp.digamma(half) - sp.digamma(half - sp.Rational(1, 2))  # half = (n-i)/2
    near = sp.series(gap.rewrite(sp.polygamma), half, sp.oo, 2).removeO()
    yield Step("which is near 1/n", sp.limit(2 * half * near, half, sp.oo), 1)
    yield from _angles()


def _diagonals() -> Iterator[Step]:
    A, B = triangle(3), triangle(3).subs({s: sp.Symbol(f"B{s.name[1:]}")
                                          for s in triangle(3).free_symbols})  # fmt: skip
    for row in range(3):
        yield Step(f"triangles: the diagonal of a product, entry {row + 1}", (A * B)[row, row],
                   A[row, row] * B[row, row])  # fmt: skip
        for column in range(row + 1, 3):
            yield Step("triangles: nothing above it", (A * B)[row, column], 0)
    half, s = sp.symbols("half s", positive=True)
    moment = over_half_line(x**s * chi2, x).subs(kappa, 2 * half)
    slope = sp.gammasimp(moment).diff(s).subs(s, 0)
    yield Step("E log(λχ²_{n-i}/D)", sp.simplify(slope).subs(half, (n - i) / 2) + sp.log(lam / D),
               exponent, lambda e: sp.simplify(sp.expand_log(e, force=True)))  # fmt: skip
    for size in (1, 2, 5):
        total = sum(exponent.subs(i, m) for m in range(1, size + 1))
        yield Step(f"the rates add up to that of the determinant, d = {size}", total,
                   drift.subs(d, size).doit(), lambda e: sp.expand_log(e, force=True))  # fmt: skip


def _minors() -> Iterator[Step]:
    """det Σ_J ≤ λ_1 … λ_k ≤ Σ_J det Σ_J, where all J of size k have the same law."""
    L = triangle(3)
    S = L * L.T
    for size in (1, 2, 3):
        yield Step(f"the leading minor of size {size} is a product of the diagonal's squares",
                   S[:size, :size].det(), sp.Mul(*(L[m, m] ** 2 for m in range(size))))  # fmt: skip
    values, (a, b, c, t) = sp.symbols("lambda_1:4", positive=True), sp.symbols("a b c t", real=True)
    on_circle = {f(z): v / (1 + z**2) for z in (a, b, c)  # tan(z/2) is called z again
                 for f, v in ((sp.cos, 1 - z**2), (sp.sin, 2 * z))}  # fmt: skip
    turn = sp.rot_axis3(a) * sp.rot_axis1(b) * sp.rot_axis3(c)
    M = turn * sp.diag(*values) * turn.T
    for size in (1, 2):
        sets = list(combinations(range(3), size))
        products = [sp.Mul(*(values[m] for m in K)) for K in sets]
        J = sets[0]  # the axes have no order
        weights = [(turn.extract(J, K).det() ** 2).subs(on_circle) for K in sets]
        yield Step(f"the minor {J} is an average of products of {size} eigenvalues",
                   M.extract(J, J).det().subs(on_circle), sum(map(sp.Mul, weights, products)))
        yield Step(f"with weights, squares of minors, of sum 1, {J}", sum(weights), 1)
        coefficient = (sp.diag(*values) + t * sp.eye(3)).det().expand().coeff(t, 3 - size)
        yield Step(f"the minors of size {size} add up to the symmetric function of the eigenvalues",
                   (S + t * sp.eye(3)).det().expand().coeff(t, 3 - size),
                   sum(S.extract(list(J), list(J)).det() for J in sets))  # fmt: skip
        yield Step("which is more than its largest term",
                   bool((coefficient - products[0]).is_positive), True)  # fmt: skip
    yield from _other_components()


def _other_components() -> Iterator[Step]:
    """Components 1 and 3 are a loop in the plane like 1 and 2: the engine in three dimensions."""
    wanted = [{"v_1_1": 1, "v_3_3": 1}, {"v_1_3": 2}]
    for estimator in BOTH:
        loop = FeedbackLoop(real_law(3), mixing=Replace(), n=n, estimator=estimator())
        recursion = derive(loop, monomials=wanted)
        own = monomials(recursion, {c: sp.Symbol(c) for c in recursion.coordinates})
        later = images(recursion, own)
        factor = shrinks.subs({d: 2, D: DIVISORS[estimator], lam: 1}).doit()
        yield Step(f"{estimator.__name__}: the minor of components 1 and 3", later[0] - later[1],
                   factor * (own[0] - own[1]))  # fmt: skip


def _angles() -> Iterator[Step]:
    """G = VR for a d × k normal matrix: the corner of V is that of G without R."""
    corner = sp.digamma((k - j + 1) / 2) + sp.log(2)
    whole = sp.digamma((d - j + 1) / 2) + sp.log(2)
    yield Step("log det GᵀG less log det of its first k rows, factor by factor", whole - corner,
               angles.function)  # fmt: skip
    s, half = sp.symbols("s half", positive=True)
    beta = sp.gamma(sp.Rational(1, 2) + s) * sp.gamma(half) / (
        sp.gamma(sp.Rational(1, 2)) * sp.gamma(half + s))  # fmt: skip
    slope = beta.diff(s).subs(s, 0).subs(half, d / 2)
    first = angles.subs(k, 1).doit()
    yield Step("k = 1: cos² of an angle is Beta(1/2, (d-1)/2)", sp.simplify(-slope), first)
    yield Step("in the plane: twice log 2", first.subs(d, 2), 2 * sp.log(2), sp.expand_func)
    for size in (2, 3, 5):
        yield Step(f"the determinant has no angle, d = {size}",
                   angles.subs({k: size, d: size}).doit(), 0)  # fmt: skip


# -- the attacks -----------------------------------------------------------------------------------

RANGE = np.exp(-9.0)
"""Ratio of neighbouring eigenvalues of a needle to begin with: minors other than the leading one
weigh that much less, which budgets the error of E log λ_i at 10⁻⁴ times a ratio of order 1."""


def confrontations() -> list[Confrontation]:
    return [*_from_a_needle(), *_from_a_ball()]


def _from_a_needle() -> Iterator[Confrontation]:
    """Every rank; 10⁻¹⁴ of precision leave room for two such ratios and what is lost on the way."""
    for size, points in ((1, 60), (2, 60), (3, 60)):
        begin = [RANGE**m for m in range(size)]
        start = Gaussian([0] * size, np.diag(begin).tolist()) if size > 1 else Gaussian()
        loop = FeedbackLoop(family=ball(size), mixing=Replace(), n=points, start=start,
                            bias=ScaleCovariance(0.5), estimator=MaximumLikelihood())  # fmt: skip
        for rank in range(1, size + 1):
            closed = partial(numbers, g * exponent.subs(i, rank) + sp.log(begin[rank - 1]))
            flat, when = line(loop), (15, 16)
            mean = numbers(g * here(drift, loop) / size, flat, when) + np.log(begin[rank - 1])
            rivals = {"the other ddof": closed(other_ddof(flat), when),
                      "the exponent of the next rank": numbers(
                          g * exponent.subs(i, rank + 1) + sp.log(begin[rank - 1]), flat, when)}
            if size > 1 and 2 * rank != size + 1:
                rivals["a ball: all exponents are equal"] = mean
            yield Confrontation(loop, LogEigenvalue(rank), when, closed(flat, when), rivals, 20_000)


def _from_a_ball() -> Iterator[Confrontation]:
    """The first rank, which rounding spares; in the plane -2 E log(1+√(λ_2/λ_1)) is left out."""
    for size, points, runs in ((2, 4, 5_000), (5, 7, 2_000)):
        loop = FeedbackLoop(family=ball(size), mixing=Replace(), n=points,
                            estimator=MaximumLikelihood())  # fmt: skip
        when, flat = (25 * points, 26 * points), line(loop)
        own = g * exponent.subs(i, 1)
        constant = here(angles.subs(k, 1), loop)
        wrong = {
            "a ball: all exponents are equal": numbers(g * here(drift, loop) / size, flat, when),
            "the other ddof": numbers(own + constant, other_ddof(flat), when),
            "no angle between needle and axis": numbers(own, flat, when),
        }
        yield Confrontation(loop, LogEigenvalue(1), when, numbers(own + constant, flat, when),
                            wrong, runs)  # fmt: skip


theorem = Theorem(
    name="lyapunov_spectrum",
    title="The needle: Lyapunov spectrum of the covariance under Replace",
    kind=Limit(),
    assumptions=(
        "each generation trains on n > d points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood); a bias adds log λ to every exponent",
        "the exponents from any Gaussian start, in almost every run; C_k from the real law, in "
        "units in which that is a ball",
    ),
    reference="exponents of Gaussian matrix products: Newman 1986; for the loop none known",
    cites=("newman1986",),
    statement=statement,
    proof=proof,
    applies=chain,
    confrontations=confrontations,
)
