"""A theory of one's own goes through the same comparison as the toolkit's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    FeedbackLoop,
    FreshSplit,
    Gaussian,
    Prediction,
    Variance,
    compare,
    predict,
    simulate,
)
from hallofillusions.symbols import InputError

LOOP = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha=0.5), n=10)
LAW = predict(LOOP, 4, [Variance()])["variance"]


def test_a_formula_of_ones_own_agrees_where_it_is_right_and_only_there() -> None:
    run = simulate(LOOP, 4, replicates=50_000, rng=1, observables=[Variance()])
    right = compare(Prediction.from_arrays(LOOP, variance=LAW), run)
    assert right.verdict == "agrees"
    wrong = compare(Prediction.from_arrays(LOOP, variance=0.97 * LAW), run)
    assert right.detectable("variance") < 0.03
    assert wrong.verdict == "disagrees"


def test_the_rows_are_copied() -> None:
    row = np.array(LAW)
    mine = Prediction.from_arrays(LOOP, **{"variance": row, "my own": row + 1})
    row[:] = 0
    assert np.array_equal(mine["variance"], LAW)
    assert (mine.generations, mine.known) == (4, ("variance", "my own"))
    assert mine.entry("my own").source == "your own"


@pytest.mark.parametrize(("rows", "words"), [
    ({}, "at least one row"), ({"variance": [[1, 2]]}, "variance must be one row.*the shape"),
    ({"variance": []}, "the shape"), ({"variance": [1, np.nan]}, "got NaN at g = 1"),
    ({"variance": ["a"]}, "got list"), ({"mean": [1], "variance": [1, 2]}, "mean 1, variance 2"),
])  # fmt: skip
def test_rows_that_are_no_theory_are_told(rows: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Prediction.from_arrays(LOOP, **rows)


def test_the_loop_must_be_one() -> None:
    with pytest.raises(InputError, match="loop must be a FeedbackLoop"):
        Prediction.from_arrays("loop", variance=[1.0])  # type: ignore[arg-type]


def test_an_infinite_expectation_is_one() -> None:
    assert np.isinf(Prediction.from_arrays(LOOP, variance=[1, np.inf])["variance"][1])
