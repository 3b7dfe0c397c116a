"""A world that is no Gaussian: the law of a real column enters the engine by its moments.

A Gaussian of the same mean and variance is the rival that must fall: it has the wrong kurtosis,
which enters Var σ² from the first fit on.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

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
    ScaleCovariance,
    Truth,
    Unbiased,
    compare,
    predict,
    simulate,
)
from hallofillusions.comparison import DISAGREES
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.observables.variance import Variance
from hallofillusions.steps import StepResiduals
from tests.statistics import FALSE_ALARM, seed

GENERATIONS, REPLICATES = 3, 100_000
OBSERVABLES = (Mean(), Variance(), SquaredError(), SquaredVariance())
CASES: tuple[tuple[Any, int, dict[str, Any]], ...] = (
    (FreshSplit(0.5), 10, {}),
    (FreshSplit(0.75), 8, {"estimator": Bessel(), "bias": ScaleCovariance(0.9)}),
    (FreshMixture(0.6), 9, {}),
    (FixedReal(0.5), 12, {}),
    (FixedPool(0.5, 15), 10, {"start": FirstFit()}),
    (Accumulate(), 10, {"estimator": Bessel()}),
    (AccumulateSubsample(), 6, {}),
)
COLUMNS = ("skewed", "heavy-tailed")
LEVEL = FALSE_ALARM / (len(CASES) * len(COLUMNS))


@cache
def column(name: str) -> Any:
    """Public-domain sets of statsmodels: the sunspot numbers, and incomes of 1857."""
    from statsmodels.datasets import engel, sunspots

    if name == "skewed":
        return sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(float)
    return engel.load_pandas().data["income"].to_numpy(float)


def loop(rows: Any, mixing: Any, n: int, parts: dict[str, Any]) -> FeedbackLoop:
    defaults = {"bias": Unbiased(), "estimator": MaximumLikelihood(), "start": Truth(), **parts}
    return FeedbackLoop(Gaussian(rows.mean(), rows.var()), mixing=mixing, n=n, **defaults)


def shape(rows: Any) -> tuple[float, float]:
    z = (rows - rows.mean()) / rows.std()
    return float((z**3).mean()), float((z**4).mean() - 3)


def test_the_columns_are_what_they_are_called() -> None:
    assert shape(column("skewed"))[0] > 0.9
    assert shape(column("heavy-tailed"))[1] > 14


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case[0]).__name__)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_moments_are_enough(name: str, case: Any) -> None:
    rows = column(name)
    chosen = loop(rows, *case)
    run = simulate(
        chosen, GENERATIONS, replicates=REPLICATES, rng=seed(name, *map(str, case)),
        observables=OBSERVABLES, real=rows, replacement=True,
        monitors=[StepResiduals.of(chosen, GENERATIONS, real=rows)],
    )  # fmt: skip
    comparison = compare(predict(chosen, GENERATIONS, OBSERVABLES, real=rows), run, level=LEVEL)
    assert comparison.detectable("variance") < 0.05  # power first
    assert not comparison.rejected, str(comparison)
    gaussian = compare(predict(chosen, GENERATIONS, OBSERVABLES), run, level=LEVEL)
    assert gaussian.verdict == DISAGREES
    assert {c.quantity for c in gaussian.rejected} >= {"squared variance"}


def test_first_fit_by_hand() -> None:
    """n³ Var σ²₁ = (n-1) [(n-1) μ₄ - (n-3) σ⁴], Cramér (1946), eq. 27.4.2, with μ₄ of the rows."""
    rows, n = column("heavy-tailed"), 12
    chosen = loop(rows, FreshSplit(0.5), n, {"start": FirstFit()})
    prediction = predict(chosen, 1, OBSERVABLES, real=rows)
    y = rows - rows.mean()
    fourth, second = np.mean(y**4), np.mean(y**2)
    by_hand = (n - 1) / n**3 * ((n - 1) * fourth - (n - 3) * second**2)
    found = prediction["squared variance"][1] - prediction["variance"][1] ** 2
    assert found == pytest.approx(by_hand, rel=1e-10)
