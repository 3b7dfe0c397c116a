"""The square of the model's variance."""

from dataclasses import dataclass
from typing import Any

from .base import Combination, Observable, monomial


@dataclass(frozen=True)
class SquaredVariance(Observable):
    """σ⁴ of the model, whose expectation with that of σ² gives Var σ²."""

    label = "squared variance"

    def measure(self, family: Any, model: Any) -> Any:
        return model["variance"] ** 2

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(v=2)),))
