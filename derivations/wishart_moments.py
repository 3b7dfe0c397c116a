r"""The covariance under Replace is a product of Bartlett's triangles.

With LLᵀ = Σ_{g-1}, D Σ_g/λ = L A Aᵀ Lᵀ, where A is lower triangular: χ_{n-1} … χ_{n-d} on the
diagonal and standard normals below it, all independent (Bartlett 1933).  So det Σ_g is a product
of gamma variables, and E Σ_g⁻¹ is a multiple of Σ_0⁻¹: the divergence from the real law is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._dimensions import cloud, d, here, i, line
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    along,
    at,
    lam,
    last,
    named,
    nu,
    numbers,
    other_ddof,
    summed,
)
from hallofillusions.derivations._wishart import (
    bartlett,
    by_the_engine,
    chain,
    chi2,
    first_error,
    inverse_blocks,
    kappa,
    next_moments,
    tau,
    triangle,
    whitened,
    x,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import (
    Functional,
    InverseError,
    InverseTrace,
    LogVarianceRatio,
)
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.log_determinant import LogDeterminant
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n

drift = sp.Sum(sp.digamma((n - i) / 2), (i, 1, d)) - d * sp.log(D / 2) + d * sp.log(lam)
shrinks = sp.Product(lam * (n - i) / D, (i, 1, d))  # of E det Σ
a = D / (lam * (n - d - 2))  # of E Σ⁻¹
error = lam * d / n * a * (a**g - 1) / (a - 1)
divergence = (g * drift + d * a**g + error - d) / 2  # KL(real ‖ model), from the truth


def statement() -> list[Any]:
    inverse = named(r"\Sigma_g^{-1}")
    wandering = named(r"(\hat\mu_g-\mu_0)^\top\Sigma_g^{-1}(\hat\mu_g-\mu_0)")
    ratio, plain, determinant = sp.Symbol("a"), {lam: 1}, sp.Symbol(r"\det\Sigma_0")
    return [
        equal(named(r"\log(\det\Sigma_g/\det\Sigma_0)"), g * drift.subs(plain)),
        equal(named(r"\det\Sigma_g"), determinant * shrinks.subs(plain) ** g),
        equal(inverse, ratio**g * sp.Symbol(r"\Sigma_0^{-1}")),
        equal(wandering, error.subs({lam: 1}).subs(a.subs(plain), ratio)),
        equal(ratio, a.subs(plain)),
    ]


def proof() -> Iterator[Step]:
    yield from bartlett()
    yield from by_the_engine()
    yield from _determinant()
    yield from _inverse()
    yield from _wandering()


def _determinant() -> Iterator[Step]:
    log_moment = (2**x * sp.gamma(kappa / 2 + x) / sp.gamma(kappa / 2))  # E (χ²)^x
    integral = over_half_line(x**tau * chi2, x)
    yield Step("moments of χ²", integral, log_moment.subs(x, tau), sp.gammasimp)
    half = sp.Symbol("half", positive=True)
    slope = log_moment.subs(kappa, 2 * half).diff(x).subs(x, 0)
    yield Step("E log χ², the slope at power 0", slope.subs(half, kappa / 2),
               sp.digamma(kappa / 2) + sp.log(2))  # fmt: skip
    A = triangle(3)
    yield Step("det A Aᵀ is the product of the diagonal's squares", (A * A.T).det(),
               sp.Mul(*(A[k, k] ** 2 for k in range(3))))  # fmt: skip
    for size in (1, 2, 5):
        terms = [sp.digamma((n - k) / 2) + sp.log(2) + sp.log(lam) - sp.log(D)
                 for k in range(1, size + 1)]  # fmt: skip
        yield Step(f"E log det in d = {size}", drift.subs(d, size).doit(), sum(terms),
                   lambda e: sp.expand_log(e, force=True))  # fmt: skip
    first = sp.gammasimp(log_moment.subs(x, 1))
    yield Step("E χ²", first, kappa)
    wanted = [{"v_1_1": 1, "v_2_2": 1}, {"v_1_2": 2}]
    for estimator in BOTH:  # the engine, which knows no triangles
        now, later = next_moments(estimator, wanted)
        yield Step(f"{estimator.__name__}: E det in the plane, by the engine", later[0] - later[1],
                   (now[0] - now[1]) * shrinks.subs({d: 2, D: DIVISORS[estimator]}).doit())


def _inverse() -> Iterator[Step]:
    """E (A Aᵀ)⁻¹ = 1/(ν-d-1), by induction on d: the last row of A is (aᵀ, c)."""
    yield from inverse_blocks()
    level = 1 / (nu - d - 1)
    corner = (1 / (kappa - 2)).subs(kappa, nu - d + 1)
    yield Step("the corner: c² has ν - d + 1 degrees of freedom", corner, level)
    before = level.subs(d, d - 1)
    yield Step("the other block, from d - 1 dimensions", before * (1 + corner), level)
    yield Step("it begins with E 1/χ²_ν", level.subs(d, 1), (1 / (kappa - 2)).subs(kappa, nu))
    yield Step("E Σ_g⁻¹ = a Σ_{g-1}⁻¹", D / lam * level, a)


def _wandering() -> Iterator[Step]:
    """e_g = E δᵀΣ_g⁻¹δ: the stride of the mean is independent of A, and E tr Σ⁻¹Σ = d."""
    M = sp.Symbol("M", positive=True)
    closed = error.subs(D, M * lam * (n - d - 2))  # a = M
    yield Step("e_0 = 0", closed.subs(g, 0), 0)
    yield Step("e_{g+1} = a (e_g + λd/n)", closed.subs(g, g + 1), M * (closed + lam * d / n))


def provides(loop: FeedbackLoop, functional: Functional) -> Any:
    """The functionals of the divergence; in one dimension they have theorems of their own."""
    if loop.family.dimension == 1 or chain(loop):
        return None
    if isinstance(functional, LogVarianceRatio):
        begin = np.linalg.slogdet(whitened(loop))[1]
        return lambda when: at(begin + summed(here(drift, loop), line(loop), last(when)), when)
    if isinstance(functional, InverseTrace):
        begin = np.trace(np.linalg.inv(whitened(loop)))
        return lambda when: at(begin * np.cumprod([1.0, *growth(loop, last(when))]), when)
    if isinstance(functional, InverseError):
        return lambda when: at(_errors(loop, last(when)), when)
    return None


def growth(loop: FeedbackLoop, generations: int) -> Any:
    """The a of each generation: infinite for n ≤ d + 2."""
    value = along(here(a, loop), line(loop), generations)
    enough = np.array(loop.sizes(generations)) > loop.family.dimension + 2
    return np.where(enough, value, np.inf)


def _errors(loop: FeedbackLoop, generations: int) -> Any:
    """e_g = a_g (e_{g-1} + λ_g d/n_g), from that of model 0."""
    found = [first_error(loop)]
    strides = along(here(lam * d / n, loop), line(loop), generations)
    for factor, stride in zip(growth(loop, generations), strides, strict=True):
        found.append(factor * (found[-1] + stride))
    return np.array(found)


def confrontations() -> list[Confrontation]:
    found = []
    for size, points, estimator, when, runs in (
        (1, 9, Bessel(), (1, 3, 10), 20_000),
        (2, 5, MaximumLikelihood(), (1, 4, 20), 20_000),
        (5, 8, Bessel(), (1, 3, 12), 5_000),
        (20, 24, MaximumLikelihood(), (1, 3), 1_500),
    ):
        loop = FeedbackLoop(family=cloud(size), mixing=Replace(), n=points, estimator=estimator)
        apart = size * numbers((g * drift).subs(d, 1).doit(), line(loop), when)
        rivals = {"d independent components": apart} if size > 1 else {}
        found.append(_confront(loop, LogDeterminant(), when, g * drift, rivals, runs))
    for size, points, estimator, when, runs in (
        (2, 22, Bessel(), (1, 2, 4), 40_000),
        (5, 30, MaximumLikelihood(), (1, 2, 4), 20_000),
        (20, 80, MaximumLikelihood(), (1, 2), 2_000),
    ):
        loop = FeedbackLoop(family=cloud(size), mixing=Replace(), n=points, estimator=estimator)
        inner = replace(loop, family=cloud(1))
        apart = size * numbers(here(divergence, inner), inner, when)
        rivals = {"d independent components": apart}
        found.append(_confront(loop, KLDivergence(), when, divergence, rivals, runs))
    return found


def _confront(
    loop: FeedbackLoop, observable: Any, when: tuple[int, ...], closed: Any,
    rivals: dict[str, Any], runs: int,
) -> Confrontation:  # fmt: skip
    closed, flat = here(closed, loop), line(loop)
    wrong = {"the other ddof": numbers(closed, other_ddof(flat), when),
             "index off by one": numbers(closed, flat, [t + 1 for t in when]),
             "infinite n": np.zeros(len(when)), **rivals}  # fmt: skip
    return Confrontation(loop, observable, when, numbers(closed, flat, when), wrong, runs)


theorem = Theorem(
    name="wishart_moments",
    title="Determinant, inverse and divergence in any dimension under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "n > d for the determinant, n > d + 2 for the inverse, which is infinite on average else",
        "D = n-1 (Bessel) or n (maximum likelihood)",
        "stated from the truth; a bias brings d log λ, λ^d, 1/λ; any Gaussian start, any schedule",
    ),
    reference="the triangles: Bartlett 1933; for the loop none known",
    cites=("bartlett1933",),
    statement=statement,
    proof=proof,
    applies=chain,
    provides=provides,
    confrontations=confrontations,
)
