"""The model's variance."""

from dataclasses import dataclass
from typing import Any

from .base import Combination, Observable, monomial


@dataclass(frozen=True)
class Variance(Observable):
    """σ² of the model."""

    label = "variance"

    def measure(self, family: Any, model: Any) -> Any:
        return model["variance"]

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(v=1)),))

    def given_variance(self, family: Any, variance: Any) -> Any:
        return variance
