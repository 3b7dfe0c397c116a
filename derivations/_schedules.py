"""Loops whose α and n change from fit to fit: what their theorems share.

A symbol with the index j belongs to the fit number j: n_j points, of which k_j are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._shared import only
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import mu_0, sigma_0
from hallofillusions.theory import derive

BOTH = (MaximumLikelihood, Bessel)
j = sp.Symbol("j", integer=True, positive=True)
n_j = sp.Symbol("n_{j}", positive=True)
N_j = sp.Symbol("N_{j}", positive=True)
y = sp.Symbol("y", real=True)
lift = sp.exp(y) - 1 - y
"""e^y ≥ 1 + y for every real y: the one inequality behind every bound of a product here."""


def scheduled(
    mixing: Any, *, estimator: Any = BOTH, start: Any = (Truth, FirstFit), smallest: int = 1,
    real: int = 0,
) -> Callable[[FeedbackLoop], str | None]:  # fmt: skip
    """The condition `only`, with n and α that may be schedules; every fit must meet it."""
    once = only(mixing, estimator=estimator, start=start, smallest=smallest, real=real)

    def applies(loop: FeedbackLoop) -> str | None:
        return next((why for fit in fits(loop) if (why := once(fit))), None)

    return applies


def fits(loop: FeedbackLoop) -> Iterator[FeedbackLoop]:
    """For each entry of its schedules the loop that has this α and this n throughout."""
    mixing: Any = loop.mixing
    alpha = getattr(mixing, "alpha", None)
    many = [len(x) for x in (loop.n, alpha) if isinstance(x, tuple)]
    for i in range(min(many, default=1)):
        own = replace(mixing, alpha=alpha[i]) if isinstance(alpha, tuple) else mixing
        yield replace(loop, mixing=own, n=loop.n[i] if isinstance(loop.n, tuple) else loop.n)


def recursion_of(mixing: Any, estimator: type[Any], start: Any = None) -> Any:
    """The engine's recursion with a schedule of n: its step to fit g has n = n_g, N = N_g."""
    return derive(FeedbackLoop(
        family=Gaussian(mu_0, sigma_0**2), mixing=mixing, n=(2, 3), estimator=estimator(),
        start=start or Truth(),
    ))  # fmt: skip


def goes_on(
    words: str, recursion: Any, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Step]:
    """The step of an induction: the engine takes the moments ``before`` to those ``after``."""
    column = sp.Matrix([before[name] for name in recursion.names])
    moved = recursion.matrix() * column + recursion.constant()
    for name, value in zip(recursion.names, moved, strict=True):
        yield Step(f"{words}: one more fit, {name}", value, after[name])


def begins(words: str, recursion: Any, first: Mapping[str, Any], *, fit: int = 0) -> Iterator[Step]:
    """The base case of an induction: the moments of the start, or of the first fit."""
    held = recursion.after_first() if fit else recursion.initial()
    for name, value in zip(recursion.names, held, strict=True):
        yield Step(f"{words}: at g = {fit}, {name}", value, first[name])


def exponential() -> Iterator[Step]:
    """Why `lift` is nowhere negative."""
    yield Step("e^y - 1 - y is convex", lift.diff(y, 2).is_positive, True)
    yield Step("it is 0 at y = 0", lift.subs(y, 0), 0)
    yield Step("and so is its slope: it is nowhere negative", lift.diff(y).subs(y, 0), 0)


# -- numbers -------------------------------------------------------------------------------------


def along(expression: Any, loop: FeedbackLoop, generations: int, **more: Any) -> Any:
    """What each fit contributes: an expression in α, n, N, k at g = 1 … ``generations``."""
    clock = loop.clock(generations)
    values = {"alpha": clock.alpha, "n": clock.n, "N": clock.N, "k": (1 - clock.alpha) * clock.n}
    return evaluate(expression, next(fits(loop)), clock.g, **values, **more)


def product(factor: Any, loop: FeedbackLoop, generations: int, **more: Any) -> Any:
    """The factors of the fits 1 … g multiplied, at g = 0 … ``generations``."""
    return np.append(1.0, np.cumprod(along(factor, loop, generations, **more)))


def total(term: Any, loop: FeedbackLoop, generations: int, **more: Any) -> Any:
    """The terms of the fits 1 … g added up, at g = 0 … ``generations``."""
    return np.append(0.0, np.cumsum(along(term, loop, generations, **more)))


def attack(
    loop: FeedbackLoop, when: Iterable[int], law: Callable[[FeedbackLoop, int], Any],
    rivals: Mapping[str, Any], *, watched: Any, replicates: int = 200_000,
) -> Confrontation:  # fmt: skip
    """An attack on E ``watched`` over σ₀²; a rival is a table over g = 0, 1, … like the law's.

    One more rival needs no word: the law with its index off by one.
    """
    when = tuple(when)
    scale = loop.family.parameters()["variance"]
    table = law(loop, max(when))
    found = {name: scale * np.asarray(values)[list(when)] for name, values in rivals.items()}
    found["index off by one"] = scale * table[[t - 1 for t in when]]
    return Confrontation(loop, watched, when, scale * table[list(when)], found, replicates)


def gaussian(mixing: Any, sizes: Any, estimator: Any = None) -> FeedbackLoop:
    """The loop of a confrontation: real variance 2, the sizes a schedule or a number."""
    return FeedbackLoop(
        family=Gaussian(1, 2), mixing=mixing, n=sizes if isinstance(sizes, int) else tuple(sizes),
        estimator=estimator or MaximumLikelihood(),
    )  # fmt: skip


VARIANCE, ERROR = Variance(), SquaredError()
