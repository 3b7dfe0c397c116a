"""Literal sampling at a temperature: exact in law, and never silently wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import Gaussian, InputError, Temperature
from hallofillusions.biases import temperature
from tests.statistics import seed

LEVEL = 1e-4
POINTS, BINS = 10**6, 100
MODEL = {"mean": np.array([1.5]), "variance": np.array([2.0])}
each = pytest.mark.parametrize("tau", [0.5, 2])


class Leaning(Gaussian):
    """A family whose density is not largest at its mean."""

    def log_density(self, model: Any, points: Any) -> Any:
        return super().log_density(model, points) + 0.5 * points


def p_value(tau: float) -> float:
    """p of a chi-square test of literal points against N(μ, τσ²), in bins of equal chance."""
    rng = np.random.default_rng(seed("temperature", tau))
    points = Temperature(tau).draw(Gaussian(), MODEL, (1, POINTS), rng)[0]
    law = stats.norm(MODEL["mean"][0], np.sqrt(tau * MODEL["variance"][0]))
    places = np.minimum((law.cdf(points) * BINS).astype(int), BINS - 1)
    return float(stats.chisquare(np.bincount(places, minlength=BINS)).pvalue)


@each
def test_literal_points_follow_the_tempered_law(tau: float) -> None:
    assert p_value(tau) > LEVEL


@each
def test_a_clipped_acceptance_is_rejected(tau: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Power: with a bound too low by 0.05, acceptance stops at certainty and bends the law."""
    honest = Temperature._log_ratio

    def clipped(*arguments: Any) -> tuple[Any, Any]:
        points, ratio = honest(*arguments)
        return points, np.minimum(ratio + 0.05, 0)

    monkeypatch.setattr(Temperature, "_log_ratio", clipped)
    assert p_value(tau) < LEVEL


def test_a_lower_ceiling_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lower = temperature.ceiling(1) - 0.05
    monkeypatch.setattr(temperature, "ceiling", lambda d: lower)
    with pytest.raises(InputError, match=r"bounded by the proposal, got .* with tau=2"):
        p_value(2)


@each
def test_a_density_without_its_peak_at_the_mean_is_refused(tau: float) -> None:
    with pytest.raises(InputError, match="bounded by the proposal, got Leaning"):
        Temperature(tau).draw(Leaning(), MODEL, (1, 1000), np.random.default_rng(1))


@each
@pytest.mark.parametrize("mean", [0.0, 1e12])
@pytest.mark.parametrize("variance", [1e-200, 1.0, 1e200])
def test_rounding_is_not_taken_for_a_wrong_density(
    tau: float, mean: float, variance: float
) -> None:
    model = {"mean": np.array([mean]), "variance": np.array([variance])}
    points = Temperature(tau).draw(Gaussian(), model, (1, 10_000), np.random.default_rng(1))
    assert np.isfinite(points).all()


@pytest.mark.parametrize("tau", [0.5, 2])
def test_a_collapsed_model_has_one_point_at_any_temperature(tau: float) -> None:
    model = {"mean": np.array([1.0, 2.0]), "variance": np.array([0.0, 1.0])}
    points = Temperature(tau).draw(Gaussian(), model, (2, 50), np.random.default_rng(1))
    assert (points[0] == 1).all()
    assert len(set(points[1])) == 50
