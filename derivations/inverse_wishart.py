r"""The Gaussian in d dimensions settles in the normal-inverse-Wishart law.

It is the conjugate prior of `conjugate_prior` in the coordinates (δ, Σ) = (μ - μ₀, Σ):

    Σ ~ IW(2k + d + 2, 2kΣ₀),    δ | Σ ~ N(0, Σ/2k).

Along any direction uᵀΣu is the inverse gamma variable of one dimension, so a synthetic point over
all runs has the same Student t tail, of 2k + 3 degrees of freedom, whatever d is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import stationary_law
from hallofillusions.derivations._diffusion import diffusion
from hallofillusions.derivations._dimensions import FAMILIES, d
from hallofillusions.derivations._integrals import over_line
from hallofillusions.derivations._shared import only
from hallofillusions.derivations.conjugate_prior import distribution, symmetric
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.along import Along
from hallofillusions.observables.log_determinant import LogDeterminant
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import alpha, k, n, sigma_0

half = sp.Rational(1, 2)
x = sp.Symbol("x", positive=True)
freedom = 2 * k + d + 2  # of the inverse Wishart law of Σ, whose scale is 2k Σ₀
log_det_below = sp.uppergamma(2 * k + 3, 2 * k * sp.exp(-x / 2)) / sp.gamma(2 * k + 3)  # d = 2


def normal_inverse_wishart(size: Any, log_det: Any, trace: Any, square: Any) -> Any:
    """log p(δ, Σ) up to a constant, with the trace of Σ₀Σ⁻¹ and the square δᵀΣ⁻¹δ."""
    powers = (freedom.subs(d, size) + size + 1) / 2 + half  # Wishart's, and the normal law's
    return -powers * log_det - k * trace - k * square


def statement() -> list[Any]:
    S, S0 = (sp.MatrixSymbol(s, d, d) for s in (r"\Sigma", r"\Sigma_0"))
    wishart = sp.Determinant(S) ** (-(freedom + d + 1) / 2) * sp.exp(-k * sp.Trace(S0 * S.inv()))
    plane = sp.Symbol(r"\mathrm{P}_{d=2}(\log\det\hat\Sigma_\infty/\det\Sigma_0<x)")
    return [
        equal(sp.Symbol(r"p(\hat\Sigma_\infty)"), sp.Symbol("C") * wishart),
        equal(sp.Symbol(r"\mathrm{Cov}(\hat\mu_\infty|\hat\Sigma_\infty)"),
              sp.Symbol(r"\hat\Sigma_\infty") / (2 * k)),
        equal(plane, log_det_below),
    ]


def proof() -> Iterator[Step]:
    """The Gaussian in d = 1 and 2: the prior in θ, its flux, and the laws that it implies."""
    a, b, c, e, f = sp.symbols("v_11 v_12 v_22 delta_1 delta_2")
    for size in (1, 2):
        S = sp.Matrix([[a, b], [b, c]])[:size, :size]
        S0, shift = symmetric("Sigma", size), sp.Matrix([e, f])[:size, :]
        ours = normal_inverse_wishart(size, sp.log(S.det()), (S0 * S.inv()).trace(),
                                      (shift.T * S.inv() * shift)[0])  # fmt: skip
        precision = S.inv()  # θ = (Σ⁻¹δ, -Σ⁻¹/2), with the mean parameters δ and Σ + δδᵀ
        theta = [*(precision * shift), *(-precision[i, j] * (half if i == j else 1)
                 for i in range(size) for j in range(i, size))]  # fmt: skip
        state = [*shift, *(S[i, j] for i in range(size) for j in range(i, size))]
        jacobian = sp.Matrix(theta).jacobian(state).det(method="berkowitz")
        found = jacobian**2 * S.det() ** (2 * size + 4)
        yield Step(f"d = {size}: |dθ/d(δ,Σ)| = 2^-d/|Σ|^(d+2)", found, sp.Rational(1, 4) ** size)
        energy = -(precision * S0).trace() / 2  # m*·θ, at δ* = 0
        A = (shift.T * precision * shift)[0] / 2 + sp.log(S.det()) / 2
        prior = 2 * k * (energy - A) - (size + 2) * sp.log(S.det())
        yield Step(f"d = {size}: the prior is normal-inverse-Wishart", prior, ours)
    names = dict(zip(("delta_1", "delta_2", "v_1_1", "v_1_2", "v_2_2"), (e, f, a, b, c),
                     strict=True))  # fmt: skip
    for mixing in (FreshSplit, FreshMixture):
        loop = FeedbackLoop(Gaussian((0, 0), S0.tolist()), mixing=mixing(alpha=alpha), n=n)
        plane = diffusion(loop, names, jumps=False)  # along any line `stationary_law` has none
        for name, flux in zip(names, plane.flux(ours), strict=True):
            yield Step(f"{mixing.__name__}, d = 2: no flux along {name}", flux, 0, sp.cancel)
    yield from directions()


def directions() -> Iterator[Step]:
    """Along a line Σ is inverse gamma, so a point is the `stationary_law`'s Student t there.

    Σ = [[v, bv], [bv, r + b²v]] has the determinant vr, and |∂Σ/∂(v, b, r)| = v.
    """
    s, b, u = sp.symbols("sigma_12 b u", real=True)
    v, r, other = sp.symbols("v r sigma_22", positive=True)
    trace = sigma_0**2 / v + (other - 2 * b * s + b**2 * sigma_0**2) / r
    rest_of_it = (v * r) ** (-(freedom.subs(d, 2) + 3) / 2) * v
    joint = over_line(-k * trace, b) * rest_of_it  # over all b
    seen = sp.expand_log(sp.log(joint), force=True)
    rest = other - s**2 / sigma_0**2  # of the real law, as r is of the model
    line = {stationary_law.a: k + 3 * half, stationary_law.v: v}
    across = {stationary_law.a: k + 2, stationary_law.v: r, sigma_0: sp.sqrt(rest)}
    for z, own in ((v, line), (r, across)):
        law = sp.expand_log(sp.log(stationary_law.density.subs(own)), force=True)
        yield Step(f"d = 2: {z} is inverse gamma, whatever the other", sp.diff(seen - law, z), 0,
                   sp.simplify)  # fmt: skip
    powers = [sp.gamma(shift - u) / sp.gamma(shift) for shift in (k + 3 * half, k + 2)]
    twice = 4**u * sp.gamma(2 * k + 3 - 2 * u) / sp.gamma(2 * k + 3)
    yield Step("d = 2: 2k √(|Σ₀|/|Σ|) is a gamma variable of shape 2k + 3 (duplication)",
               sp.gammasimp(powers[0] * powers[1] / twice), 1, sp.simplify)  # fmt: skip


# -- the attacks ---------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    """The generalized variance in the plane, and a direction in five dimensions."""
    line = stationary_law.below.subs(stationary_law.a, k + 3 * half)
    two = Gaussian((0, 0), ((1, 0.5), (0.5, 2)))
    five: Any = Gaussian([0] * 5, [[(1 + i) * (i == j) + 0.5 for j in range(5)] for i in range(5)])
    u = (1, -1, 0, 2, 1)
    found = []
    along = {"sigma_0": float(five.along(u).variance) ** 0.5}  # the real law's, along u
    attacks: tuple[Any, ...] = (
        (FreshSplit, two, LogDeterminant(), log_det_below, {}, 200, 4),
        (FreshMixture, five, Along(u, Variance()), line, along, 150, 6),
    )
    for mixing, family, observable, law, more, size, fresh in attacks:
        loop = FeedbackLoop(family, mixing=mixing(alpha=1 - Fraction(fresh, size)), n=size)
        rivals = {
            "as many real points as come in": distribution(loop, law, k=fresh / 2, **more),
            "as many again": distribution(loop, law, k=2 * fresh, **more),
            "a degree of freedom less in each dimension": distribution(loop, law.subs(
                {2 * k + 3: 2 * k + 2, k + 3 * half: k + half}), **more),
        }  # fmt: skip
        right = distribution(loop, law, **more)
        when = (11 * size // fresh,)  # eleven relaxation times
        found.append(Confrontation(loop, observable, when, right, rivals, 4_000))
    return found


theorem = Theorem(
    name="inverse_wishart",
    title="In d dimensions the stationary covariance is inverse Wishart",
    kind=Limit(),
    assumptions=(
        "a Gaussian of any dimension d with mean and covariance fitted by maximum likelihood",
        "k fresh real points per generation, by count or by chance; unlimited synthetic ones",
        "n → ∞ with time in units of n generations, then the stationary law of the diffusion",
        "for d > 2 by the identity of `conjugate_prior`, which holds for any number of parameters",
    ),
    reference="the prior: Diaconis & Ylvisaker 1979",
    cites=("diaconis1979",),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), family=FAMILIES, real=1),
    confrontations=confrontations,
)
