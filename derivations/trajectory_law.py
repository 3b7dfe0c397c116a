"""The law of a whole run under Replace, not only of one generation.

By Fisher's theorem the mean and the variance of n normal points are independent, and by design
generation g knows of the past only the last model.  So all the ratios

    C_g = Dσ²_g / (λσ²_{g-1}) ~ χ²_{n-1},    Z_g = √n (μ_g - μ_{g-1}) / √(λσ²_{g-1}) ~ N(0, 1)

of a run are independent, and the density of (μ_1, σ²_1, …, μ_G, σ²_G) is a product of G factors.
That a run has *these* ratios independent is what every other law of this chain stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._integrals import over_half_line, over_line
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    chain,
    gammasimp,
    lam,
    nu,
    symbolic,
    under,
)
from hallofillusions.derivations._walk import (
    combined,
    late_steps,
    neighbours,
    one_more,
    other_divisor,
    pooled,
    pooled_law,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Law
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import n
from hallofillusions.theory import derive

shift, x = sp.symbols("mu x")
v, w = sp.symbols("v w", positive=True)  # σ²_{g-1} and σ²_g
half = sp.Symbol("half", positive=True)  # (n-1)/2

c = D * w / (lam * v)
chi_square = (c / 2) ** (nu / 2 - 1) * sp.exp(-c / 2) / (2 * sp.gamma(nu / 2)) * D / (lam * v)
normal = sp.sqrt(n / (2 * sp.pi * lam * v)) * sp.exp(-n * (x - shift) ** 2 / (2 * lam * v))
WEIGHT = 6  # up to which the engine's kernel is compared with this law


def statement() -> list[Any]:
    j, G = sp.symbols("g G", integer=True, positive=True)
    names = {"mu": sp.IndexedBase(r"\hat\mu"), "v": sp.IndexedBase("v")}
    run = {shift: names["mu"][j - 1], x: names["mu"][j], v: names["v"][j - 1], w: names["v"][j]}
    one = (normal * chi_square).subs(lam, 1).subs(run, simultaneous=True)
    density = sp.Symbol(r"p(\hat\mu_{1},v_{1},\ldots,\hat\mu_{G},v_{G})")
    return [equal(density, sp.Product(one, (j, 1, G)))]


def proof() -> Iterator[Step]:
    yield from _fisher()
    yield from _densities()
    for estimator in BOTH:
        yield from under(estimator, _kernel(estimator))


def _fisher() -> Iterator[Step]:
    r"""E exp(t Σx - q Σ(x - x̄)²) of n standard normal points, x ~ exp(-x'x/2).

    The exponent is -x'Ax/2 + t 1'x with A = (1 + 2q) I - 2q J/n, J the matrix of ones, so the
    transform is det(A)^{-1/2} exp(t² 1'A⁻¹1 / 2): a product of a function of t and one of q.
    """
    q, t = sp.symbols("q t", positive=True)
    a, b = 1 + 2 * q, -2 * q / n
    inverse = (1 / a, -b / (a * (a + n * b)))  # of aI + bJ, as coefficients of I and J
    yield Step("A⁻¹ by Sherman and Morrison: the part along I", a * inverse[0], 1)
    yield Step("the part along J", a * inverse[1] + b * inverse[0] + n * b * inverse[1], 0)
    yield Step("1'A⁻¹1 knows nothing of q", n * inverse[0] + n**2 * inverse[1], n)
    yield Step("det A has the root a + nb once and a n-1 times", a + n * b, 1)
    for size in (2, 3, 4):
        A = a * sp.eye(size) + b.subs(n, size) * sp.ones(size)
        yield Step(f"as it says for n = {size}", A.det(), a ** (size - 1))
    y = sp.Symbol("y", positive=True)
    density = y ** (half - 1) * sp.exp(-y / 2) / (2**half * sp.gamma(half))
    laplace = over_half_line(sp.exp(-q * y) * density, y)
    yield Step("(1 + 2q)^{-(n-1)/2} is the transform of χ²_{n-1}", laplace, a**-half,
               lambda e: sp.simplify(sp.powsimp(e, force=True)))  # fmt: skip
    z = sp.Symbol("z", real=True)
    gauss = over_line(t * z - z**2 / (2 * n), z) / sp.sqrt(2 * sp.pi * n)
    yield Step("exp(nt²/2) that of Σx ~ N(0, n)", gauss, sp.exp(n * t**2 / 2))


def _densities() -> Iterator[Step]:
    """The densities of C and Z, moved to σ²_g and μ_g, are conditional densities: mass 1."""
    mass = over_half_line(chi_square.subs(nu, 2 * half).subs(n, 2 * half + 1), w)
    yield Step("σ²_g given the past: mass 1", mass, 1, sp.gammasimp)
    y = sp.Symbol("y", positive=True)
    plain = y ** (nu / 2 - 1) * sp.exp(-y / 2) / (2 ** (nu / 2) * sp.gamma(nu / 2))
    moved = plain.subs(y, c) * c.diff(w)
    yield Step("and the density of χ²_{n-1} times dC/dσ²_g", sp.log(moved / chi_square), 0,
               lambda e: sp.expand(sp.expand_log(e, force=True)))  # fmt: skip
    z = sp.sqrt(n) * (x - shift) / sp.sqrt(lam * v)
    bell = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi) * z.diff(x)
    yield Step("μ_g given the past: the normal density times dZ/dμ_g", bell, normal)


def _kernel(estimator: type[Any]) -> Iterator[Step]:
    """The engine's E[δ_g^i σ_g^{2j} | past] are the moments of this density."""
    powers = [(i, j) for i in range(WEIGHT + 1) for j in range(WEIGHT // 2 + 1)
              if 0 < i + 2 * j <= WEIGHT]  # fmt: skip
    recursion = derive(symbolic(estimator), monomials=[{"delta": i, "v": j} for i, j in powers])
    now = sp.Matrix([shift ** p[0] * v ** p[1] for p in recursion.basis])
    after = recursion.matrix() * now + recursion.constant()
    for (i, j), value in zip(recursion.basis, after, strict=True):
        own = (moment_of_step(i) * moment_of_variance(j)).subs(D, DIVISORS[estimator])
        yield Step(f"E δ^{i} σ^{2 * j} by the engine", value, own)


def moment_of_step(i: int) -> Any:
    """E μ_g^i given the past, by binomial expansion of μ + √(λv/n) Z."""
    even = (k for k in range(0, i + 1, 2))
    return sp.Add(*(sp.binomial(i, k) * shift ** (i - k) * (lam * v / n) ** (k // 2)
                    * sp.factorial2(k - 1) for k in even))  # fmt: skip


def moment_of_variance(j: int) -> Any:
    """E σ_g^{2j} given the past: (2λv/D)^j Γ(ν/2 + j)/Γ(ν/2)."""
    return gammasimp((2 * lam * v / D) ** j * sp.gamma(nu / 2 + j) / sp.gamma(nu / 2))


def confrontations() -> list[Confrontation]:
    found = []
    for loop, last in (
        (_loop(n=3), 8), (_loop(n=10, estimator=Bessel()), 10),
        (_loop(n=(5, 3, 8, 4), bias=ScaleCovariance(0.9)), 4),
    ):  # fmt: skip
        wrong = {"the other ddof": other_divisor, "χ² with n degrees of freedom": one_more,
                 "steps of the new variance": late_steps}  # fmt: skip
        rivals = {name: pooled_law(change, loop, last) for name, change in wrong.items()}
        found.append(_attack(loop, last, pooled, lambda u: np.clip(u, 0, 1), rivals))
    loop, last = _loop(n=4), 10
    shared = 1 + (2 * last - 1) * 0.05  # variance of a sum of 2G correlated terms, over 2G
    found.append(_attack(loop, last, combined, partial(_chi_square, 4 * last, 1), {
        "ratios correlated by five per cent": partial(_chi_square, 4 * last / shared, shared),
        "one generation more": partial(_chi_square, 4 * last + 4, 1),
    }))  # fmt: skip
    for one, other in ((0, 0), (1, 1), (0, 1), (1, 0)):
        rivals = {f"a correlation of {r:+g}": partial(_normal, 1 + r) for r in (-0.2, 0.2)}
        sums = partial(neighbours, one, other)
        found.append(_attack(loop, last, sums, partial(_normal, 1), rivals))
    return found


def _loop(**parts: Any) -> FeedbackLoop:
    return FeedbackLoop(**{"family": Gaussian(1, 2), "mixing": Replace(),
                           "estimator": MaximumLikelihood(), **parts})  # fmt: skip


def _attack(
    loop: FeedbackLoop, last: int, functional: Callable[..., Any], cdf: Any, rivals: Any
) -> Confrontation:
    return Confrontation(loop, Variance(), (last,), cdf, rivals, 20_000,
                         path=partial(functional, loop), also=(Mean(),))  # fmt: skip


def _normal(variance: float, y: Any) -> Any:
    from scipy.special import ndtr

    return ndtr(np.asarray(y) / variance**0.5)


def _chi_square(freedom: float, scale: float, y: Any) -> Any:
    from scipy.special import chdtr

    return chdtr(freedom, np.asarray(y) / scale)


theorem = Theorem(
    name="trajectory_law",
    title="The law of a whole run under Replace",
    kind=Law(),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone",
        "v is the fitted variance",
        "D = n-1 (Bessel) or n (maximum likelihood)",
        "a bias that scales the covariance by λ puts λσ²_{g-1} in place of σ²_{g-1}",
        "any Gaussian start; n and D of generation g where n is a schedule",
    ),
    reference="independence of mean and variance: Fisher 1925; for the loop none known",
    statement=statement,
    proof=proof,
    applies=chain,
    confrontations=confrontations,
)
