r"""One fresh real point a generation bounds the error, whatever else the schedules do.

If no generation has fewer than K ≥ 1 fresh real points, the mean is never further off than the
mean of K real points, and under Bessel the expected variance never exceeds σ₀²(1 + 1/K): however
many synthetic points join them, and however their number changes.  With one fresh point for ever
Bessel reaches both bounds.  With none, the error is σ₀² Σ 1/n_j and unbounded unless the sizes
grow faster than linearly (`growing_schedule`); with fewer and fewer it is unbounded as well
(`fresh_error_unbounded`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    BOTH,
    ERROR,
    VARIANCE,
    gaussian,
    recursion_of,
    scheduled,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.proof import Confrontation, Step, Theorem
from hallofillusions.symbols import alpha, n, sigma_0

K = sp.Symbol("K", positive=True)
error = 1 / K
variance = {MaximumLikelihood: sp.Integer(1), Bessel: 1 + 1 / K}


def statement() -> list[Any]:
    what = r"(\hat\mu_g-\mu_0)^2"
    return [
        sp.Le(K, sp.Symbol("k_{g}", positive=True)),
        *(sp.Le(named(what, e), sigma_0**2 * error) for e in BOTH),
        *(sp.Le(named(r"\hat\sigma_g^2", e), sigma_0**2 * variance[e]) for e in BOTH),
    ]


def proof() -> Iterator[Step]:
    """If the bounds hold before a fit, with x and z to spare, they hold after it."""
    for estimator in BOTH:
        x, z = sp.symbols("x z", nonnegative=True)
        recursion = recursion_of(FreshSplit(alpha=alpha), estimator)
        words, level = estimator.__name__, variance[estimator]
        start = recursion.initial() / sigma_0**2
        yield Step(f"{words}: the truth has no error", start[1], 0)
        yield Step(f"{words}: and its variance is within the bound",
                   sp.factor(level - start[2]).is_nonnegative is True, True)  # fmt: skip
        if estimator is MaximumLikelihood:
            z = 1 / K - x  # E σ² + E δ² stays σ₀²: the variance has to spare what the mean lacks
        before = sp.Matrix([0, error - x, level - z]) * sigma_0**2
        after = (recursion.matrix() * before + recursion.constant()) / sigma_0**2
        yield from _spare(f"{words}: the mean keeps its bound", error - after[1])
        if estimator is MaximumLikelihood:
            yield Step(f"{words}: E σ² + E δ² stays σ₀²", after[1] + after[2], 1)
        else:
            yield from _spare(f"{words}: the variance keeps its bound", level - after[2])
    recursion = recursion_of(FreshSplit(alpha=1 - 1 / n), Bessel)
    one = {alpha: 1 - 1 / n}
    rest = sp.Matrix([0, error.subs(K, 1), variance[Bessel].subs(K, 1)]) * sigma_0**2
    moved = recursion.matrix().subs(one) * rest + recursion.constant().subs(one)
    for what, held, then in zip(recursion.names, rest, moved, strict=True):
        yield Step(f"Bessel rests at its bounds with one fresh point, {what}", then, held)


def _spare(words: str, room: Any) -> Iterator[Step]:
    """``room`` is not negative, for K + d fresh points, K = q + 1, and none or s + 1 synthetic."""
    more, s, q = sp.symbols("d s q", nonnegative=True)
    for synthetic, which in ((s + 1, "with"), (sp.Integer(0), "without")):
        size = K + more + synthetic
        found = room.subs({n: size, alpha: synthetic / size}, simultaneous=True).subs(K, q + 1)
        yield Step(f"{words}, {which} synthetic points", _positive(found), True)


def _positive(expression: Any) -> bool:
    """Whether a fraction has no negative coefficient, in symbols that are not negative."""
    top, bottom = sp.fraction(sp.cancel(sp.together(expression)))
    if sp.Poly(bottom).LC() < 0:
        top, bottom = -top, -bottom
    parts = (sp.Poly(e, *sorted(expression.free_symbols, key=str)).coeffs() for e in (top, bottom))
    return all(c >= 0 for coefficients in parts for c in coefficients)


def confrontations() -> list[Confrontation]:
    fit, unbiased, found = MaximumLikelihood(), Bessel(), []
    for sizes, real, estimator in (
        ([4, 8, 16, 32, 16, 8], [1] * 6, fit),
        ([20] * 12, [2] * 12, fit),
        ([10, 15, 20, 25, 30, 35], [4, 5, 4, 6, 4, 5], unbiased),
        ([16] * 12, [3] * 12, unbiased),
    ):
        share = tuple(1 - Fraction(r, m) for r, m in zip(real, sizes, strict=True))
        loop, least = gaussian(FreshSplit(alpha=share), sizes, estimator), min(real)
        found.append(_attack(loop, ERROR, error.subs(K, least), {
            "as good as all points of the fit": 1 / sizes[-1],
            "as good as all fresh points so far": 1 / sum(real),
            "twice the fresh points and two": 1 / (2 * least + 2),
        }))  # fmt: skip
        if estimator is unbiased:
            others = {"Bessel is unbiased here": 1.0, "and no error of the mean": 1 - 1 / least}
            found.append(_attack(loop, VARIANCE, variance[Bessel].subs(K, least), others))
    return found


def _attack(loop: FeedbackLoop, watched: Any, bound: Any, lies: dict[str, float]) -> Confrontation:
    when = (len(loop.n),)
    rivals = {name: np.array([2 * lie]) for name, lie in lies.items()}
    return Confrontation(loop, watched, when, np.array([2 * float(bound)]), rivals, 400_000)


theorem = Theorem(
    name="fresh_error_bound",
    title="One fresh real point a generation bounds the error under every schedule",
    kind=Bound("upper"),
    assumptions=(
        "k_g ≥ K ≥ 1 fresh real points in every generation, and any number of synthetic ones",
        "the sampler is unbiased and has the fitted mean and covariance",
        "MLE divides the sum of squares by n_g, Bessel by n_g-1",
        "started at the truth, or at a fit of n_1 real points",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=scheduled(FreshSplit, estimator=BOTH, real=1),
    confrontations=confrontations,
)
