"""The model's mean."""

from dataclasses import dataclass
from typing import Any

from .base import ONE, Combination, Observable, monomial


@dataclass(frozen=True)
class Mean(Observable):
    """μ of the model."""

    label = "mean"

    def measure(self, family: Any, model: Any) -> Any:
        return model["mean"]

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + float(family.variance) ** 0.5

    def claim(self, family: Any) -> Combination:
        return Combination(((float(family.mean), ONE), (1.0, monomial(delta=1))))
