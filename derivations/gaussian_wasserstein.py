"""The Wasserstein distance from the real law: divergent or bounded, by one divisor.

W₂² = (μ_g-μ₀)² + (σ_g-σ₀)².  Under Bessel the mean wanders for ever and W₂² grows like g/n;
under maximum likelihood the loop dies as a point near the truth, at twice the real variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._integrals import normal_mean
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    confront,
    faithful,
    lam,
    named,
    nu,
    numbers,
    other_ddof,
)
from hallofillusions.derivations.gaussian_mean_error import errors
from hallofillusions.derivations.gaussian_standard_deviation import c as shrink
from hallofillusions.derivations.gaussian_variance import variance
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.wasserstein2 import Wasserstein2
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n, sigma_0

c = sp.Symbol("c", positive=True)  # E σ_g = σ₀ c^g
distances = {
    MaximumLikelihood: 2 * sigma_0**2 * (1 - c**g),
    Bessel: sigma_0**2 * (g / n + 2 - 2 * c**g),
}


def statement() -> list[Any]:
    equations = []
    for estimator, name in zip(BOTH, (c, sp.Symbol("c_4")), strict=True):
        value = shrink.subs({D: DIVISORS[estimator], lam: 1})
        equations.append(equal(named("W_2^2", estimator), distances[estimator].subs(c, name)))
        equations.append(equal(name, value))
    return equations


def proof() -> Iterator[Step]:
    m_, s_, mu, sigma = sp.symbols("m s mu sigma", real=True)
    for estimator, distance in distances.items():
        parts = errors[estimator] + variance.subs({D: DIVISORS[estimator], lam: 1})
        whole = parts + sigma_0**2 - 2 * sigma_0 * sigma_0 * c**g
        yield Step("E W₂² from E (μ-μ₀)², E σ² and E σ", whole, distance)
    z = sp.Symbol("z", real=True)
    cost = normal_mean((m_ + s_ * z - mu - sigma * z) ** 2, z)
    yield Step("cost of the monotone coupling", cost, (m_ - mu) ** 2 + (s_ - sigma) ** 2)
    x = sp.Symbol("x", positive=True)
    power = {c**g: sp.exp(-g * x)}  # c = e^{-x} < 1
    mle, bessel = (distances[e].subs(power) for e in BOTH)
    yield Step("bounded by 2σ₀²", sp.limit(mle, g, sp.oo), 2 * sigma_0**2)
    yield Step("grows like g/n", sp.limit(bessel / g, g, sp.oo), sigma_0**2 / n)
    second = nu / DIVISORS[MaximumLikelihood]
    yield Step("c² ≤ E χ²/D ≤ 1, by Jensen", bool(sp.simplify(1 - second).is_positive), True)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (3, MaximumLikelihood, (1, 2, 5)),
        (20, Bessel, (1, 2, 5)),
        (25, MaximumLikelihood, (1, 5, 25)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator())
        closed = {e: distance.subs(c, shrink) for e, distance in distances.items()}
        other = numbers(closed[BOTH[estimator is BOTH[0]]], other_ddof(loop), when)
        found.append(confront(loop, Wasserstein2(), when, closed[estimator], infinite=0,
                              other_ddof=other))  # fmt: skip
    return found


theorem = Theorem(
    name="gaussian_wasserstein",
    title="Expected squared Wasserstein-2 distance under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "started at the truth",
    ),
    reference="Bessel, its divergence: Shumailov et al. 2024",
    cites=("shumailov2024",),
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
