"""A theorem says of which loops it speaks."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from hallofillusions import (
    Bessel,
    FeedbackLoop,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    Memory,
    Replace,
)
from hallofillusions.proof import find_theorem
from hallofillusions.symbols import alpha, n

FEW = "a generation must hold at least {} real points on average, got {}"


def reason(theorem: str, mixing: Any, size: Any, **parts: Any) -> str | None:
    loop = FeedbackLoop(Gaussian(), mixing=mixing, n=size, **parts)
    found: str | None = find_theorem(theorem).applies(loop)
    return found


@pytest.mark.parametrize(("theorem", "mixing", "size", "why"), [
    ("count_not_ratio", FreshSplit(1), 10, FEW.format(1, 0)),
    ("k_fresh_points", FreshSplit(1), 10, FEW.format(1, 0)),
    ("k_fresh_points", FreshMixture(0.95), 10, FEW.format(1, "1/2")),
    ("stationary_law", FreshSplit(1.0), 10, FEW.format(1, 0)),
    ("stationary_law", FreshSplit(1), n, FEW.format(1, 0)),
    ("fixed_anchor_inflation", FixedReal(alpha=0.9), 10, FEW.format(2, 1)),
    ("fixed_anchor_inflation", FixedReal(real=1), 10, FEW.format(2, 1)),
    ("gaussian_kurtosis", Replace(), 1, "n must be at least 2, got 1"),
])  # fmt: skip
def test_a_loop_outside_the_theorem_is_refused(
    theorem: str, mixing: Any, size: Any, why: str
) -> None:
    assert reason(theorem, mixing, size) == why


@pytest.mark.parametrize(("theorem", "mixing", "size", "parts"), [
    ("count_not_ratio", FreshSplit(0.9), 10, {}),
    ("count_not_ratio", FreshSplit(alpha), n, {}),
    ("count_not_ratio", FreshSplit(0.9), n, {}),
    ("k_fresh_points", FreshSplit(1 - 1 / n), n, {}),
    ("k_fresh_points", FreshMixture(Fraction(9, 10)), 10, {"estimator": Bessel()}),
    ("k_fresh_points", FixedReal(real=1), 10, {}),
    ("stationary_law", FreshMixture(0.9), 10, {}),
    ("stationary_law", FreshSplit(0.666666666666667), 3, {}),  # one point, up to rounding
    ("fixed_anchor_inflation", FixedReal(alpha=0.8), 10, {}),
    ("fixed_anchor_inflation", FixedReal(real=2), 10, {"start": Memory()}),
    ("fixed_anchor_inflation", FixedReal(alpha=alpha), n, {}),
    ("gaussian_kurtosis", Replace(), 2, {}),
    ("gaussian_kurtosis", Replace(), n, {}),
])  # fmt: skip
def test_a_loop_at_the_edge_of_the_theorem_is_taken(
    theorem: str, mixing: Any, size: Any, parts: dict[str, Any]
) -> None:
    assert reason(theorem, mixing, size, **parts) is None
