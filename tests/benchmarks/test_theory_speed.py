"""How fast theory is: imports done, caches empty."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    FeedbackLoop,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    Replace,
    TailMass,
    derive,
    predict,
)
from hallofillusions.symbols import alpha, n

pytestmark = pytest.mark.benchmark

MIXINGS = (
    Replace(), FreshSplit(alpha), FreshMixture(alpha), FixedReal(alpha), FixedPool(alpha, 20),
    Accumulate(), AccumulateSubsample(),
)  # fmt: skip


def emptied() -> None:
    from sympy.core.cache import clear_cache

    from hallofillusions.theory import _derive

    _derive.cache_clear()
    clear_cache()


def fastest(benchmark: Any, work: Callable[[], Any], before: Any = None) -> float:
    """Shortest of several rounds, in seconds, as pytest-benchmark took them."""
    times = []

    def timed() -> None:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)

    benchmark.pedantic(timed, setup=before, rounds=7, iterations=1)
    return min(times)


@pytest.mark.parametrize("mixing", MIXINGS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(("order", "limit"), [(2, 0.020), (4, 0.100)])
def test_derive(mixing: Any, order: int, limit: float, benchmark: Any) -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=mixing, n=n)
    assert fastest(benchmark, lambda: derive(loop, order), emptied) < limit


@pytest.mark.parametrize("mixing", [Replace(), FreshSplit(0.9), FreshMixture(0.9)], ids=str)
def test_predict_a_thousand_generations(mixing: Any, benchmark: Any) -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=mixing, n=100)
    predict(loop, 1)  # derives
    assert fastest(benchmark, lambda: predict(loop, 1000)) < 0.010


def test_meijer_tail_at_a_thousand_generations(benchmark: Any) -> None:
    from hallofillusions.observables.base import Tail
    from hallofillusions.proof import find_theorem

    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=100)
    assert TailMass(3.0, "model").label in predict(loop, 1).known
    law = find_theorem("gaussian_tail_mass").provides(loop, Tail(3.0, "model"))
    assert law is not None
    law([1000])
    assert fastest(benchmark, lambda: law([1000])) < 0.010
