"""Theory against simulation in 1, 2, 5 and 20 dimensions: one false-alarm rate, rivals that fall.

The fast path (Bartlett) and the literal one are both put to the test.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    MaximumLikelihood,
    Memory,
    Replace,
    ScaleCovariance,
    Temperature,
    Truth,
    Unbiased,
    compare,
    predict,
    simulate,
)
from hallofillusions.observables.along import Along
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.rivals import rival_loops, separation
from hallofillusions.steps import StepResiduals

pytestmark = pytest.mark.xdist_group("dimensions")  # some tests look at the runs of all others

REPLICATES = {1: 40_000, 2: 20_000, 5: 8_000, 20: 3_000}
"""More components average more, and cost more."""
GENERATIONS = 3
SEED = 20_261_122 + int(os.environ.get("HALLOFILLUSIONS_SEED", "0"))
FALSE_ALARMS = 1e-3
"""Chance that a right theory fails anywhere in this file."""


def world(size: int, shift: float = 0.0) -> Any:
    """Components of different scale, each correlated with its neighbours."""
    if size == 1:
        return Gaussian(1 + shift, 2 + shift)
    places, scale = np.arange(size), np.linspace(1, 2, size)
    spread = np.outer(scale, scale) * 0.5 ** abs(places[:, None] - places)
    return Gaussian((places + shift).tolist(), ((1 + shift) * spread).tolist())


def loop(size: int, mixing: Any, n: Any, bias: Any = None, estimator: Any = None,
         start: Any = None) -> Any:  # fmt: skip
    return FeedbackLoop(
        world(size), mixing=mixing, n=n, bias=bias or Unbiased(),
        estimator=estimator or MaximumLikelihood(), start=start or Truth(),
    )  # fmt: skip


LAM, TAU, HOT = ScaleCovariance(0.8), Temperature(0.9), Temperature(1.3)
CASES = (  # (loop, whether every point is drawn)
    (loop(1, Replace(), 7, estimator=Bessel()), True),
    (loop(1, FreshMixture(0.7), 9, HOT), False),
    (loop(2, Replace(), 5), False),
    (loop(2, Replace(), 6, TAU, Bessel(), world(2, 0.5)), True),
    (loop(2, FreshSplit(0.75), 8, LAM), False),
    (loop(2, FreshMixture(0.6), 6, estimator=Bessel()), False),
    (loop(2, FreshMixture(0.6), 6, HOT, start=FirstFit()), True),
    (loop(2, FixedReal(0.5), 8, start=Memory()), False),
    (loop(2, FixedPool(0.5, 4), 6, estimator=Bessel()), True),
    (loop(2, Accumulate(), 6, LAM, Bessel()), False),
    (loop(2, AccumulateSubsample(), 5), True),
    (loop(5, Replace(), 4), False),  # fewer points than dimensions: always singular
    (loop(5, Replace(), (12, 8, 10), HOT, Bessel()), False),
    (loop(5, FreshSplit(0.8), 10, TAU), True),
    (loop(5, FreshMixture(0.5), 8, LAM, start=world(5, 0.5)), False),
    (loop(5, FixedReal(0.75), 12, estimator=Bessel()), False),
    (loop(5, FixedPool(0.5, 6), 8, start=Memory()), True),
    (loop(5, Accumulate(), 6), True),
    (loop(20, Replace(), 25, LAM, Bessel()), False),
    (loop(20, FreshSplit(0.5), 8), True),
    (loop(20, FreshMixture(0.5), 10), False),
    (loop(20, Accumulate(), 10, estimator=Bessel()), False),
)
LEVEL = FALSE_ALARMS / len(CASES)
each = pytest.mark.parametrize(
    "index", range(len(CASES)),
    ids=[f"{one.family.dimension}-{one.mixing}-{'literal' if slow else 'fast'}"
         for one, slow in CASES],
)  # fmt: skip


def watched(size: int) -> tuple[Any, ...]:
    """Diagonal and off-diagonal entries of the covariance and of the error of the mean.

    Along a direction the loop is one-dimensional, so theory knows the variance at no cost.
    """
    if size == 1:
        return Variance(), SquaredError()
    directions = (1.0, -1.0, *(0.0,) * (size - 2)), (1.0,) * size
    seen = tuple(Along(u, o) for u in directions for o in (Variance(), SquaredError()))
    return seen if size == 5 else (*seen, Trace())


@cache
def run(index: int) -> Any:
    chosen, literal = CASES[index]
    size = chosen.family.dimension
    return simulate(
        chosen, GENERATIONS, replicates=REPLICATES[size], rng=SEED + index,
        observables=watched(size), literal=literal,
        monitors=[StepResiduals.of(chosen, GENERATIONS)],
    )  # fmt: skip


@cache
def compared(index: int) -> Any:
    chosen = CASES[index][0]
    theory = predict(chosen, GENERATIONS, watched(chosen.family.dimension))
    return compare(theory, run(index), level=LEVEL)


def test_the_cases_cover_all_assumptions() -> None:
    loops = [one for one, _ in CASES]
    assert {one.family.dimension for one in loops} == set(REPLICATES)
    assert len({type(one.mixing) for one in loops}) == 7
    assert {type(one.estimator) for one in loops} == {MaximumLikelihood, Bessel}
    assert {type(one.bias) for one in loops} == {Unbiased, ScaleCovariance, Temperature}
    for size in (2, 5, 20):
        paths = {slow for one, slow in CASES if one.family.dimension == size}
        assert paths == {False, True}


@each
def test_theory_agrees_and_rivals_fall(index: int) -> None:
    chosen, trajectory = CASES[index][0], run(index)
    observables = watched(chosen.family.dimension)
    comparison = compared(index)
    # power first: what the first fit's variance would have had to be off by
    first = next(c for c in comparison.cells
                 if (c.quantity, c.generation) == (observables[0].label, 1))  # fmt: skip
    assert first.tested
    assert first.detectable < 0.07 * first.scale
    steps = [q for q in trajectory.step_labels if q.startswith(("step of v", "step of the var"))]
    assert steps
    for quantity in steps:  # in standard deviations of one step
        assert comparison.detectable(quantity) < 0.2
    assert not comparison.rejected, str(comparison)
    fallen = must_fall(index)
    assert fallen, "no rival is far enough away"
    for name, rival in fallen.items():
        assert falls(rival, comparison), name


def falls(rival: Any, comparison: Any) -> bool:
    """Whether a rival is rejected in the cells in which theory was tested (Holm's first step)."""
    cells = [c for c in comparison.cells if c.tested and c.quantity in rival.known and c.generation]
    z = [abs(c.measured - rival[c.quantity][c.generation]) / c.standard_error for c in cells]
    return bool(2 * norm.sf(max(z)) * len(cells) < LEVEL)


@cache
def must_fall(index: int) -> dict[str, Any]:
    """The rivals that theory alone says must be rejected (see `test_loops.must_fall`).

    Only cells count that are put to the test at so few replicates: g = 1 and 2, light tails.
    """
    chosen, comparison = CASES[index][0], compared(index)
    size = chosen.family.dimension
    observables = watched(size)[:4]
    theory = predict(chosen, GENERATIONS, observables)
    tested = {(c.quantity, c.generation) for c in comparison.cells if c.tested}
    far = {}
    for name, other in rival_loops(chosen).items():
        rival = predict(other, GENERATIONS, observables)
        gaps = separation(theory, rival, REPLICATES[size])
        if any(gap[g] > 11.5 for q, gap in gaps.items() for g in (1, 2) if (q, g) in tested):
            far[name] = rival
    return far


def test_every_named_rival_is_put_to_the_test() -> None:
    counts = Counter(name for index in range(len(CASES)) for name in must_fall(index))
    for name in ("other ddof", "other mixing", "n = infinity", "start FirstFit", "start Truth"):
        assert counts[name] >= 2, (name, counts)


@pytest.mark.parametrize("size", [2, 20])
def test_correlations_are_seen(size: int) -> None:
    """A real law whose components are independent is rejected along u alone."""
    index = next(k for k, (one, _) in enumerate(CASES) if one.family.dimension == size)
    chosen = CASES[index][0]
    loose = np.diag(np.diag(chosen.family.covariance))
    rival = replace(chosen, family=Gaussian(chosen.family.mean, loose.tolist()))
    wrong = compare(predict(rival, GENERATIONS, watched(size)), run(index), level=LEVEL)
    rejected = {c.quantity for c in wrong.rejected}
    variances = {o.label for o in watched(size)[:4:2]}
    assert variances <= rejected
    assert Trace().label not in rejected
