"""How fast runs are identified: imports done, kernels empty and kept."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hallofillusions import FeedbackLoop, FixedReal, Gaussian, identify
from hallofillusions.identification import kernels, sentences
from hallofillusions.simulation import paths

pytestmark = pytest.mark.benchmark

LIMIT = 2.0
"""Seconds for 1,000 runs of 100 generations among 60 sentences or more."""


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "empty"])
def test_a_thousand_runs(kept: bool, benchmark: Any) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FixedReal(0.9), n=100)
    runs = {k: v[:, 1:] for k, v in paths(loop, 100, 1000, rng=1).items()}
    assert len(sentences(Gaussian(), 100, 0.9)) >= 60
    assert identify(runs, n=100, alpha=0.9).best.loop == loop
    times = []

    def timed() -> None:
        start = time.perf_counter()
        identify(runs, n=100, alpha=0.9)
        times.append(time.perf_counter() - start)

    def before() -> None:
        if not kept:
            kernels._kernel.cache_clear()
            kernels.kernel_of.cache_clear()

    benchmark.pedantic(timed, setup=before, rounds=5, iterations=1)
    assert min(times) < LIMIT
