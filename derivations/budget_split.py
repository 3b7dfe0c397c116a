r"""A budget of B points for G generations of Replace: the even split is the best, and costs G²/B.

ln(1 - 1/n) is concave and 1/n convex in n, so that each lies on one side of its tangent at the
even size m = B/G; summed over the generations the slope falls out, because Σ(n_j - m) = 0.  (This
is Lagrange's condition, n_j(n_j - 1) = const or n_j² = const, and Jensen's inequality at once.)
Money does not help against generations: at a fixed budget the error grows with their square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import growing_schedule
from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    BOTH,
    ERROR,
    gaussian,
    j,
    n_j,
    product,
    scheduled,
    total,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import n, sigma_0

B, G = sp.symbols("B G", positive=True)
m = B / G
least = {MaximumLikelihood: 1 - (1 - 1 / m) ** G, Bessel: G**2 / B}
"""The error of the mean after G generations of any sizes with sum B is at least this, over σ₀²."""


def statement() -> list[Any]:
    budget = sp.Sum(n_j, (j, 1, G))
    names = {e: named(r"(\hat\mu_{G}-\mu_0)^2", e) for e in BOTH}
    even = sp.Symbol("n_1", positive=True)
    return [
        equal(budget, B),
        *(sp.Ge(names[e], sigma_0**2 * least[e]) for e in BOTH),
        equal(even, m),  # where both hold with equality: n_1 = … = n_G
    ]


def proof() -> Iterator[Step]:
    u, w = sp.symbols("u w", positive=True)  # n = 1 + u and m = 1 + w: any two sizes above 1
    loss = {
        MaximumLikelihood: -sp.log(1 - growing_schedule.cost),
        Bessel: growing_schedule.cost,
    }
    for estimator, what in loss.items():
        words = f"{estimator.__name__}: the loss of one fit"
        slope = sp.factor(sp.simplify(what.diff(n)))
        falls = slope.subs(n, 1 + u)
        yield Step(f"{words} falls with n", falls.is_negative, True)
        turn = sp.factor((falls - falls.subs(u, w)) / (u - w))
        yield Step(f"{words} is convex: it lies above its tangent at m", turn.is_positive, True)
        summed = slope.subs(n, m) * (B - G * m)  # the slope times Σ(n_j - m)
        yield Step(f"{words}: the tangents add up to the even split", summed, 0)
    total_loss = G * loss[MaximumLikelihood].subs(n, m)
    yield Step("the even split, MLE", sp.log(1 - least[MaximumLikelihood]), -total_loss,
               lambda e: sp.expand_log(e, force=True))  # fmt: skip
    yield Step("the even split, Bessel", G * loss[Bessel].subs(n, m), least[Bessel])
    gap = 1 / n - 1 / m + (n - m) / m**2
    yield Step("Bessel: another size costs a square more", gap, (n - m) ** 2 / (n * m**2))
    first = sp.limit(B * least[MaximumLikelihood], B, sp.oo)
    yield Step("MLE with a large budget costs as much", first, B * least[Bessel])


def confrontations() -> list[Confrontation]:
    found = []
    for sizes in ([12] * 4, [6, 10, 14, 18], [20] * 8, [16, 8, 8]):
        when = (len(sizes),)
        budget = {B: sum(sizes), G: len(sizes)}
        for estimator in BOTH:
            loop = gaussian(Replace(), sizes, estimator())
            bound, true = float(least[estimator].subs(budget)), _error(loop)
            other = BOTH[BOTH[0] is estimator]
            lies = {
                "every fit costs what the smallest does": len(sizes) / min(sizes),
                "one generation more": float(least[estimator].subs(budget | {G: len(sizes) + 1})),
                "half the budget": float(least[estimator].subs(budget | {B: sum(sizes) / 2})),
                "the other ddof": float(least[other].subs(budget)),
            }
            # a bound is wrong where the loop ends below it
            rivals = {k: np.array([2 * v]) for k, v in lies.items() if v > 1.05 * true}
            found.append(Confrontation(loop, ERROR, when, np.array([2 * bound]), rivals, 200_000))
    return found


def _error(loop: FeedbackLoop) -> float:
    """The error in which the loop ends, from `growing_schedule`."""
    last = len(loop.n)
    if isinstance(loop.estimator, Bessel):
        return float(total(growing_schedule.cost, loop, last)[-1])
    return float(1 - product(1 - growing_schedule.cost, loop, last)[-1])


theorem = Theorem(
    name="budget_split",
    title="A budget is best split evenly over the generations",
    kind=Bound("lower"),
    assumptions=(
        "each generation trains on n_j points of the last model alone; n_1 + … + n_G = B",
        "the sizes count as real numbers above 1; the bound is attained where B/G is whole",
        "the sampler is unbiased and has the fitted mean and covariance",
        "MLE divides the sum of squares by n_j, Bessel by n_j-1",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=scheduled(Replace, estimator=BOTH, smallest=2),
    confrontations=confrontations,
)
