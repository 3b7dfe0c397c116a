r"""Replace with a schedule of sizes: bounded error exactly where Σ 1/n_j is finite.

Each fit costs the share 1/n_j, so that under maximum likelihood ∏(1 - 1/n_j) of the variance is
left; under Bessel the mean wanders off by Σ 1/n_j, without bound where the sum has none.
Linear growth n_j = nj is the threshold: the loss goes on, like g^{-1/n}, and the error of the
mean like log g.  Any power above 1 keeps a positive share; n_j = nj² keeps what a growing pool
of n points a generation keeps.  For geometric growth see `geometric_schedule`.

Classical, and used in words only: a product of factors in (0, 1) tends to a positive limit iff
its logarithms have a finite sum, and Σ j^{-s} = ζ(s) is finite iff s > 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_accumulate
from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    BOTH,
    ERROR,
    VARIANCE,
    along,
    attack,
    begins,
    exponential,
    gaussian,
    goes_on,
    j,
    lift,
    n_j,
    product,
    recursion_of,
    scheduled,
    total,
    y,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit
from hallofillusions.symbols import g, n, sigma_0

cost = 1 / n  # of a fit of n = n_g points
linear = sp.gamma(g + 1 - 1 / n) / (sp.gamma(1 - 1 / n) * sp.gamma(g + 1))
"""What n_j = nj leaves of the variance; for n_j = nj² see `drift_accumulate`."""
wandering = sp.harmonic(g) / n
"""E (μ_g - μ₀)²/σ₀² of n_j = nj under Bessel."""
s = sp.Symbol("s", positive=True)
power = (sp.exp(-sp.zeta(s) / (n - 1)), sp.exp(-sp.zeta(s) / n))
"""Between these lies what n_j = nj^s, s > 1, leaves for ever."""


def statement() -> list[Any]:
    variance, error = (
        named(r"\hat\sigma_g^2", MaximumLikelihood),
        named(r"(\hat\mu_g-\mu_0)^2", Bessel),
    )
    kept, lost = sp.Product(1 - 1 / n_j, (j, 1, g)), sp.Sum(1 / n_j, (j, 1, g))
    forever = sp.Product(1 - 1 / (n * j**s), (j, 1, sp.oo))
    square = sp.sin(sp.pi / sp.sqrt(n)) / (sp.pi / sp.sqrt(n))
    return [
        equal(variance, sigma_0**2 * kept),
        equal(error, sigma_0**2 * lost),
        sp.Le(sp.exp(-sp.Sum(1 / (n_j - 1), (j, 1, g))), kept),
        sp.Le(kept, sp.exp(-lost)),
        equal(sp.Product(1 - 1 / (n * j), (j, 1, g)), linear),
        sp.Le(power[0], forever),
        sp.Le(forever, power[1]),
        equal(forever.subs(s, 2), square),
    ]


def proof() -> Iterator[Step]:
    yield from _recursion()
    yield from exponential()
    below = sp.exp(-cost) - (1 - cost)
    yield Step("1 - 1/n ≤ exp(-1/n)", below, lift.subs(y, -cost))
    m = sp.Symbol("m", nonnegative=True)  # n = m + 2
    above = (1 - cost) - sp.exp(-1 / (n - 1))
    scale = (1 - cost) * sp.exp(-1 / (n - 1))  # positive for n > 1
    yield Step("1 - 1/n ≥ exp(-1/(n-1))", above, scale * lift.subs(y, 1 / (n - 1)), sp.expand)
    twice = sp.factor((2 / n - 1 / (n - 1)).subs(n, m + 2))
    yield Step("1/(n-1) ≤ 2/n from n = 2 on: both sums are finite or none", twice.is_nonnegative,
               True)  # fmt: skip
    S, x = sp.symbols("S x", nonnegative=True)
    yield Step("no less than 1 - Σ 1/n_j is left", (1 - S) * (1 - x) - (1 - S - x), S * x)
    yield from _powers()


def _recursion() -> Iterator[Step]:
    """The engine's step to a fit of n points, whatever the sizes before."""
    P, S = sp.symbols("P S", positive=True)  # the product and the sum so far

    def likelihood(kept: Any) -> dict[str, Any]:
        return {"delta": 0, "delta^2": sigma_0**2 * (1 - kept), "v": sigma_0**2 * kept}

    def bessel(lost: Any) -> dict[str, Any]:
        return {"delta": 0, "delta^2": sigma_0**2 * lost, "v": sigma_0**2}

    for estimator, moments, so_far, none, then in (
        (MaximumLikelihood, likelihood, P, 1, P * (1 - cost)), (Bessel, bessel, S, 0, S + cost)
    ):  # fmt: skip
        recursion, words = recursion_of(Replace(), estimator), estimator.__name__
        yield from begins(words, recursion, moments(none))
        yield from goes_on(words, recursion, moments(so_far), moments(then))
        fitted = recursion_of(Replace(), estimator, FirstFit())
        first = moments(then.subs(so_far, none))
        yield from begins(f"{words} from a first fit", fitted, first, fit=1)


def _powers() -> Iterator[Step]:
    """n_j = nj, nj² and nj^s."""
    step = linear / linear.subs(g, g - 1)
    yield Step("n_j = nj: nothing is lost at first", linear.subs(g, 0), 1)
    yield Step("n_j = nj: one factor more", step, 1 - cost.subs(n, n * g), sp.gammasimp)
    yield Step("n_j = nj, Bessel: one term more", wandering - wandering.subs(g, g - 1),
               cost.subs(n, n * g), sp.expand_func)  # fmt: skip
    slow = lift.subs(y, 1 / j) - (sp.exp(1 / j) - (j + 1) / j)
    yield Step("exp(1/j) ≥ (j+1)/j: growth up to linear leaves at most (g+1)^(-1/n)", slow, 0)
    pooled = drift_accumulate.cost
    yield Step("n_j = nj² costs what a growing pool costs", cost.subs(n, n * g**2), pooled)
    m, J = sp.symbols("m J", nonnegative=True)  # n = m + 2, j^s = J + 1
    bigger = 1 / ((n - 1) * (J + 1)) - 1 / (n * (J + 1) - 1)
    found = sp.factor(bigger.subs(n, m + 2))
    yield Step("1/(nj^s - 1) ≤ 1/((n-1)j^s): Σ is at most ζ(s)/(n-1)", found.is_nonnegative, True)


def confrontations() -> list[Confrontation]:
    found = []
    for name, sizes in {
        "half a power more": [8, 23, 42, 64, 89, 118],
        "linear": [4 * t for t in range(1, 11)],
        "quadratic": [2 * t**2 for t in range(1, 7)],
    }.items():
        when = (1, 2, 3, len(sizes))
        constant = gaussian(Replace(), sizes[0])
        loop = gaussian(Replace(), sizes)
        rivals = {
            "the first size for ever": _kept(constant, len(sizes)),
            "the sum, not the product": 1 - total(cost, loop, len(sizes)),
            "ddof = 1": np.ones(len(sizes) + 1),
            "the sizes one generation late": np.append(1.0, _kept(loop, len(sizes))[:-1])
            * np.append(1.0, along(1 - cost, constant, len(sizes))),
        }
        if name == "quadratic":
            rivals["the next power, nj³"] = _kept(
                gaussian(Replace(), [2 * t**3 for t in range(1, 7)]), 6
            )
        found += [
            attack(loop, when, _kept, rivals, watched=VARIANCE),
            attack(loop, when, lambda *a: 1 - _kept(*a), {k: 1 - v for k, v in rivals.items()},
                   watched=ERROR),
        ]  # fmt: skip
        unbiased = gaussian(Replace(), [t + 2 for t in sizes], Bessel())
        others = {
            "maximum likelihood": 1 - _kept(unbiased, len(sizes)),
            "the first size for ever": total(cost, gaussian(Replace(), sizes[0] + 2), len(sizes)),
        }
        found.append(attack(unbiased, when, _wandered, others, watched=ERROR))
    return found


def _kept(loop: FeedbackLoop, generations: int) -> Any:
    return product(1 - cost, loop, generations)


def _wandered(loop: FeedbackLoop, generations: int) -> Any:
    return total(cost, loop, generations)


theorem = Theorem(
    name="growing_schedule",
    title="Sizes that grow: the error is bounded exactly where the sum of 1/n_j is",
    kind=Exact(),
    assumptions=(
        "each generation trains on n_j points of the last model alone; n_j ≥ 2 is any schedule",
        "the sampler is unbiased and has the fitted mean and covariance",
        "MLE divides the sum of squares by n_j, Bessel by n_j-1",
    ),
    reference="Shumailov et al. 2024 (Σ 1/n_j, to leading order)",
    cites=("shumailov2024",),
    statement=statement,
    proof=proof,
    applies=scheduled(Replace, estimator=BOTH, smallest=2),
    confrontations=confrontations,
)
