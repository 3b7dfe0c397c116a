"""The Wasserstein distance of order two."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import ONE, Combination, Observable, monomial


@dataclass(frozen=True)
class Wasserstein2(Observable):
    """W₂²(model, real) = (μ - μ₀)² + (σ - σ₀)², the *squared* distance."""

    label = "squared Wasserstein-2 distance"

    def measure(self, family: Any, model: Any) -> Any:
        shift = model["mean"] - float(family.mean)
        return shift**2 + (np.sqrt(model["variance"]) - np.sqrt(float(family.variance))) ** 2

    def claim(self, family: Any) -> Combination:
        variance = float(family.variance)
        return Combination(
            (
                (1.0, monomial(delta=2)),
                (1.0, monomial(v=1)),
                (variance, ONE),
                (-2 * variance**0.5, monomial(v=0.5)),
            )
        )
