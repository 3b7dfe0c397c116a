"""How much faster than a hand-written numpy loop: both sides are timed in the same run.

1,000 replicates, 100 generations, n = 1,000, mean and variance recorded.  Both sides run in turn
in slices of about a tenth of a second (what takes longer in all runs fewer replicates, scaled
up), and each ratio is of the best of many: what else the machine does weighs little.  In ten
dimensions the loop by hand draws with `multivariate_normal`, fits with `np.cov` and records tr Σ.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from hallofillusions import FeedbackLoop, FreshMixture, FreshSplit, Gaussian, Replace, simulate
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.simulation import BLOCK

REPLICATES, GENERATIONS, N = 1000, 100, 1000
OBSERVABLES = (Mean(), Variance())


def best(work: Callable[[], Any], repeats: int) -> float:
    """Shortest of several times, in seconds."""
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        work()
        times.append(perf_counter() - begin)
    return min(times)


def by_hand(replicates: int) -> tuple[Any, Any]:
    """What one writes first."""
    rng = np.random.default_rng(1)
    means, variances = np.empty((2, replicates, GENERATIONS))
    for r in range(replicates):
        mu, sigma = 0.0, 1.0
        for g in range(GENERATIONS):
            points = rng.normal(mu, sigma, N)
            mu, variance = points.mean(), points.var()
            sigma = np.sqrt(variance)
            means[r, g], variances[r, g] = mu, variance
    return means, variances


def raw_time() -> float:
    """Seconds that the normal numbers of a literal run take by themselves."""
    rng = np.random.default_rng(1)
    return best(lambda: rng.standard_normal(2**16), 50) / 2**16 * REPLICATES * GENERATIONS * N


def ours(mixing: Any, literal: bool, replicates: int) -> Callable[[], Any]:
    loop = FeedbackLoop(Gaussian(), mixing=mixing, n=N)
    return lambda: simulate(
        loop, GENERATIONS, replicates=replicates, rng=1, literal=literal, observables=OBSERVABLES
    )


def times(work: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Best seconds of 50 replicates by hand and of ``work``, measured in turn."""
    pairs = [(best(lambda: by_hand(50), 1), best(work, repeats)) for _ in range(12)]
    by_row = zip(*pairs, strict=True)
    hand, mine = map(min, by_row)
    return hand, mine


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("mixing", "least"),
    [(Replace(), 300), (FreshSplit(0.9), 300), (FreshMixture(0.9), 150)],
    ids=str,
)
def test_fast_runs(mixing: Any, least: float, benchmark: Any) -> None:
    benchmark.pedantic(work := ours(mixing, False, REPLICATES), rounds=5, warmup_rounds=1)
    hand, mine = times(work, 15)
    benchmark.extra_info["times by hand"] = found = hand * (REPLICATES / 50) / mine
    print(f"\n{mixing}: {found:.0f} times the loop by hand (at least {least})")
    assert found >= least


@pytest.mark.benchmark
@pytest.mark.parametrize("mixing", [Replace(), FreshSplit(0.9)], ids=str)
def test_literal_runs(mixing: Any, benchmark: Any) -> None:
    """Twice the loop by hand, and most of the rate of the normal numbers themselves."""
    benchmark.pedantic(work := ours(mixing, True, 130), rounds=1, warmup_rounds=1)
    hand, mine = times(work, 1)
    benchmark.extra_info["times by hand"] = found = hand / 50 / (mine / 130)
    benchmark.extra_info["share of the raw rate"] = raw = raw_time() / (mine * REPLICATES / 130)
    print(f"\n{mixing}, literal: {found:.2f} times the loop by hand, {raw:.0%} of the raw rate")
    assert found >= 2


DIMENSIONS = 10


def many_by_hand(replicates: int) -> Any:
    """What one writes first, in d dimensions."""
    rng = np.random.default_rng(1)
    traces = np.empty((replicates, GENERATIONS))
    for r in range(replicates):
        mu, covariance = np.zeros(DIMENSIONS), np.eye(DIMENSIONS)
        for g in range(GENERATIONS):
            points = rng.multivariate_normal(mu, covariance, N)
            mu, covariance = points.mean(axis=0), np.cov(points, rowvar=False, ddof=0)
            traces[r, g] = np.trace(covariance)
    return traces


@pytest.mark.benchmark
def test_many_dimensions(benchmark: Any) -> None:
    """1,000 replicates of 100 generations under Replace: at least 80 times the loop by hand."""
    loop = FeedbackLoop(Gaussian([0] * DIMENSIONS, 1), mixing=Replace(), n=N)
    slice_of = BLOCK // DIMENSIONS  # a full block, so that it scales

    def work() -> Any:
        return simulate(loop, GENERATIONS, replicates=slice_of, rng=1, observables=(Trace(),))

    benchmark.pedantic(work, rounds=5, warmup_rounds=1)
    pairs = [(best(lambda: many_by_hand(1), 2), best(work, 2)) for _ in range(8)]
    hand, mine = map(min, zip(*pairs, strict=True))
    benchmark.extra_info["times by hand"] = found = hand * slice_of / mine
    print(f"\nReplace, d = {DIMENSIONS}: {found:.0f} times the loop by hand (at least 80)")
    assert found >= 80
