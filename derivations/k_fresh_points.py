"""k fresh real points per generation hold a loop, however many synthetic points join them.

One fresh point keeps two thirds of the variance, the "one migrant per generation" of population
genetics; with the unbiased variance it doubles it.  One *fixed* point keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_fixed_real
from hallofillusions.derivations._shared import only, predicted
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, g, k, mu_0, n, n_r, sigma_0
from hallofillusions.theory import derive

effective_sizes = {  # maximum likelihood
    FreshSplit: 2 * k + 1 - (k**2 + k) / n,
    FreshMixture: 2 * k + 1 - (k**2 + 2 * k) / n + k**2 / n**2,
}
excesses = {  # E s²/σ₀² - 1 of the unbiased variance
    FreshSplit: alpha / (k * (1 + alpha) - 1),
    FreshMixture: alpha / (k * (1 + alpha) - alpha),
}
resting: dict[Any, tuple[Any, Any]] = {  # E (μ-μ₀)² and E σ², over σ₀², where they stay for ever
    (mixing, MaximumLikelihood): (1 / N, 1 - 1 / N) for mixing, N in effective_sizes.items()
} | {
    (mixing, Bessel): ((1 + alpha * excess) / (n * (1 - alpha**2) - more), 1 + excess)
    for (mixing, excess), more in zip(excesses.items(), (0, alpha * (1 - alpha)), strict=True)
}
one_fixed_point = alpha**g
"""E σ²/σ₀² when the one real point is always the same, from the truth."""


def statement() -> list[Any]:
    found = []
    for mixing, short in ((FreshSplit, "split"), (FreshMixture, "mixture")):
        N = sp.Symbol(rf"N_{{\mathrm{{{short}}}}}")
        bessel = sp.Symbol(rf"\mathrm{{E}}[s_{{\mathrm{{{short}}}}}^2]")
        found += [
            equal(N, effective_sizes[mixing]), equal(bessel, sigma_0**2 * (1 + excesses[mixing]))
        ]  # fmt: skip
    one = 1 - 1 / effective_sizes[FreshSplit].subs(k, 1)
    anchor = sp.Symbol(r"\mathrm{E}[\hat\sigma_g^2\mid\mathrm{one\ fixed\ point}]")
    return [
        *found,
        equal(sp.Limit(one, n, sp.oo), sp.Rational(2, 3)),
        equal(anchor, sigma_0**2 * one_fixed_point),
    ]


def proof() -> Iterator[Step]:
    real, share = Gaussian(mu_0, sigma_0**2), 1 - k / n
    for (mixing, estimator), (error, variance) in resting.items():
        loop = FeedbackLoop(
            family=real, mixing=mixing(alpha=share), n=n, estimator=estimator()
        )
        rest = derive(loop).fixed_point()
        assert rest is not None
        name = f"{mixing.__name__}, {estimator.__name__}"
        for moment, law in (("delta^2", error), ("v", variance)):
            right = sigma_0**2 * law.subs(alpha, share)
            yield Step(f"{name}: stationary {moment}", rest[moment], right)
    kept = sp.limit(resting[FreshSplit, MaximumLikelihood][1].subs(k, 1), n, sp.oo)
    yield Step("one fresh point keeps two thirds", kept, sp.Rational(2, 3))
    doubled = resting[FreshSplit, Bessel][1].subs(k, 1)
    yield Step("and doubles the unbiased variance, at every n", doubled, 2)
    nearly = resting[FreshMixture, Bessel][1].subs(alpha, share).subs(k, 1)
    yield Step("one on average: almost doubles it", nearly, 2 - 1 / n)
    anchored = FeedbackLoop(family=real, mixing=FixedReal(real=n_r), n=n)
    for loop in (anchored, replace(anchored, estimator=Bessel())):
        rest = derive(loop).fixed_point()
        assert rest is not None
        yield Step(f"one fixed point keeps nothing, {loop.estimator}", rest["v"].subs(n_r, 1), 0)
    lost = 1 - drift_fixed_real.from_truth.subs(n_r, 1).subs(n, 1 / (1 - alpha))
    yield Step("and loses it at the rate α", lost, one_fixed_point)


def confrontations() -> list[Confrontation]:
    found, when = [], (1, 2, 4)
    cases: tuple[tuple[Any, Any, int, int], ...] = (
        (FreshSplit, MaximumLikelihood, 1, 3), (FreshSplit, Bessel, 1, 5),
        (FreshSplit, Bessel, 1, 20), (FreshMixture, MaximumLikelihood, 2, 7),
        (FreshMixture, Bessel, 1, 6),
    )  # fmt: skip
    for mixing, estimator, fresh, size in cases:
        a = Fraction(size - fresh, size)
        loop = FeedbackLoop(
            family=Gaussian(1, 2), mixing=mixing(alpha=a), n=size, estimator=estimator()
        )
        error, variance = (2 * evaluate(law, loop) for law in resting[mixing, estimator])
        # expectations at rest stay there, and its tails are not heavy yet
        loop = replace(loop, start=Gaussian(1 + float(error) ** 0.5, float(variance)))
        other = FreshMixture if mixing is FreshSplit else FreshSplit
        others = {
            "the other ddof": replace(loop, estimator=(
                Bessel() if estimator is MaximumLikelihood else MaximumLikelihood()
            )),
            "one more fresh point": replace(
                loop, mixing=mixing(alpha=Fraction(size - fresh - 1, size))
            ),
        }  # fmt: skip
        if size < 10:
            others["the other mixing"] = replace(loop, mixing=other(alpha=a))
        for observable, value in ((SquaredError(), error), (Variance(), variance)):
            rivals = {name: predicted(rival, observable, when) for name, rival in others.items()}
            found.append(Confrontation(
                loop, observable, when, np.full(len(when), value), rivals, replicates=500_000
            ))  # fmt: skip
    return [*found, _one_fixed_point()]


def _one_fixed_point() -> Confrontation:
    when = (1, 2, 4)
    loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FixedReal(real=1), n=4)
    rivals = {
        "fresh every time": replace(loop, mixing=FreshSplit(alpha=Fraction(3, 4))),
        "ddof = 1": replace(loop, estimator=Bessel()),
    }
    return Confrontation(
        loop, Variance(), when, 2 * evaluate(one_fixed_point, loop, when),
        {name: predicted(rival, Variance(), when) for name, rival in rivals.items()},
        replicates=300_000,
    )  # fmt: skip


FRESH = only(
    (FreshSplit, FreshMixture),
    estimator=(MaximumLikelihood, Bessel),
    start=(Truth, FirstFit, Gaussian),
    real=1,
)


def applies(loop: FeedbackLoop) -> str | None:
    if not isinstance(loop.mixing, FixedReal):
        return FRESH(loop)
    if loop.mixing.memory_size(loop.sizes(1)[0]) != 1:
        return f"FixedReal must hold one point, got {loop.mixing!r}"
    return only(FixedReal)(loop)


theorem = Theorem(
    name="k_fresh_points",
    title="k fresh real points per generation hold a loop, whatever joins them",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "k fresh real points per generation: exactly (split) or on average (mixture); α = 1 - k/n",
        "stationary expectations: the limit g → ∞ from any start, and kept when started there",
        "unbiased variance: k(1 + α) > 1 (split) or k(1 + α) > α (mixture)",
    ),
    reference="Jangjoo, Marsili & Roudi 2026 (one fresh point rescues); the values: no earlier "
    "statement known",
    cites=("jangjoo2026",),
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
