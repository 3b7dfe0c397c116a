"""Whether and why a loop collapses."""

from __future__ import annotations

from typing import Any

import pytest

from hallofillusions import (
    Accumulate,
    Bessel,
    FeedbackLoop,
    FixedPool,
    FixedReal,
    FreshSplit,
    Gaussian,
    InputError,
    Memory,
    Replace,
    ScaleCovariance,
    diagnose,
)

WORLD = Gaussian(0, 2)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ({"mixing": Replace(), "n": 50}, "collapses"),
        ({"mixing": FixedReal(2 / 3), "n": 3, "start": Memory()}, "collapses"),
        ({"mixing": Replace(), "n": 50, "estimator": Bessel()}, "collapses"),
        ({"mixing": FreshSplit(0.9), "n": 50}, "settles"),
        ({"mixing": Accumulate(), "n": 50}, "drifts"),
        ({"mixing": Replace(), "n": 50, "bias": ScaleCovariance(1.5)}, "diverges"),
    ],
    ids=lambda p: str(p),
)
def test_verdicts(parts: dict[str, Any], verdict: str) -> None:
    assert diagnose(FeedbackLoop(family=WORLD, **parts)).verdict == verdict


def test_each_cause_is_named_with_its_own_limit() -> None:
    loop = FeedbackLoop(family=WORLD, mixing=FreshSplit(0.9), n=100, bias=ScaleCovariance(0.9))
    found = diagnose(loop)
    assert found.causes["sampling bias"] == pytest.approx(0.1 / (1 - 0.81), rel=1e-7)
    effective = 100 * (1 - 0.81) + 0.9
    assert found.causes["finite-n noise"] == pytest.approx(1 - 1 / effective, rel=1e-12)
    assert "sampling bias alone" in str(found)
    anchored = diagnose(FeedbackLoop(family=WORLD, mixing=FixedPool(0.9, 30), n=100))
    fixed = anchored.causes["the fixed real data and its noise"]
    assert fixed < anchored.causes["finite-n noise with fresh data"]


def test_half_life_is_the_time_to_halve() -> None:
    loop = FeedbackLoop(family=WORLD, mixing=Replace(), n=100)
    half = diagnose(loop).half_life
    assert half == pytest.approx(68.967563936528, rel=1e-9)  # log 2 / -log(1 - 1/100)


def test_schedules_have_no_limit() -> None:
    with pytest.raises(InputError, match="constant alpha and n"):
        diagnose(FeedbackLoop(family=WORLD, mixing=Replace(), n=(5, 6)))


def test_the_verdict_does_not_depend_on_units_or_names() -> None:
    for variance in (1e-14, 1.0, 1e13):
        found = diagnose(FeedbackLoop(family=Gaussian(5, variance), mixing=FreshSplit(0.5), n=100))
        assert found.verdict == "settles"
        assert found.variance == pytest.approx(1 - 1 / 75.5, rel=1e-12)
    alone = [diagnose(FeedbackLoop(family=WORLD, mixing=m, n=10, estimator=Bessel()))
             for m in (Replace(), FreshSplit(1))]  # fmt: skip
    assert {d.verdict for d in alone} == {"collapses"}
    assert all("log σ² fall" in str(d) for d in alone)


def test_in_d_dimensions_every_direction_has_the_fate_of_one() -> None:
    wide = FeedbackLoop(Gaussian((1, 2), ((2, 0.5), (0.5, 1))), mixing=FreshSplit(0.9), n=100)
    line = diagnose(FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=100))
    found = diagnose(wide)
    assert found.verdict == line.verdict
    assert (found.variance, found.error) == pytest.approx((line.variance, line.error))
    assert "along the first axis" in str(found)
