"""The Gaussian family of a known variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS
from ._natural import NaturalFamily, Sums, above_zero
from .base import Model
from .gaussian import column


@dataclass(frozen=True)
class GaussianMean(NaturalFamily):
    """N(m, σ²) of known σ², with V(m) = σ²: the real law of the loop and the form of its models.

    ========== ============ ==========================================================
    mean       μ₀           a real number or symbol
    variance   σ²           known, and never fitted: a number above 0 or a symbol
    ========== ============ ==========================================================
    """

    mean: Any = 0
    variance: Any = 1

    symbols: ClassVar[dict[str, str]] = {"mean": "mu_0"}

    def __post_init__(self) -> None:
        mean = PARAMETERS["mu_0"].check(self.mean, "mean")
        self._set(mean=mean, variance=above_zero(self.variance, "variance"))

    def symbol_of(self, name: str) -> Any:
        if name == "variance":
            return PARAMETERS["sigma_0"].symbol ** 2
        return super().symbol_of(name)

    def curve(self) -> Sequence[Any]:
        return self.at.variance, 0, 0

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        return rng.normal(column(model["mean"]), float(self.variance) ** 0.5, shape)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of ``size`` points is N(size m, size σ²)."""
        spread = np.sqrt(float(self.variance) * size)
        return Sums(size, size * model["mean"] + spread * rng.standard_normal(replicates))

    def log_density(self, model: Model, points: Any) -> Any:
        variance = float(self.variance)
        squares = (points - column(model["mean"])) ** 2 / variance
        return -0.5 * (squares + np.log(2 * np.pi * variance))

    def divergence(self, model: Model) -> Any:
        """(m - μ₀)²/2σ²."""
        return (model["mean"] - float(self.middle())) ** 2 / (2 * float(self.variance))

    def entropy(self) -> float:
        """½ log(2πe σ²)."""
        return float(0.5 * (1 + np.log(2 * np.pi * float(self.variance))))

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        from scipy.special import ndtr

        sigma = float(self.variance) ** 0.5
        return ndtr((low - model["mean"]) / sigma) + ndtr((model["mean"] - high) / sigma)
