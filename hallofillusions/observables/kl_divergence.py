"""Kullback-Leibler divergence of the model from the real law."""

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from .base import ONE, Combination, LogVarianceRatio, Observable, monomial


@dataclass(frozen=True)
class KLDivergence(Observable):
    """KL(real ‖ model) = ½ [log(σ²/σ₀²) + (σ₀² + (μ-μ₀)²)/σ² - 1] in nats."""

    label = "KL(real || model)"

    def measure(self, family: Any, model: Any) -> Any:
        real, shift = float(family.variance), model["mean"] - float(family.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (real + shift**2) / model["variance"]
            return np.where(
                model["variance"] > 0, 0.5 * (np.log(model["variance"] / real) + spread - 1), np.inf
            )

    def claim(self, family: Any) -> Combination:
        real = float(family.variance)
        return Combination(
            (
                (0.5, LogVarianceRatio()),
                (0.5 * real, monomial(v=-1)),
                (0.5, monomial(delta=2, v=-1)),
                (-0.5, ONE),
            )
        )


def entropy(family: Any) -> float:
    """Differential entropy of the real Gaussian, ½ log(2πe σ₀²), in nats."""
    return 0.5 * (1 + log(2 * np.pi * float(family.variance)))
