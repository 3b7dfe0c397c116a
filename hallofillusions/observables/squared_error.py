"""Squared error of the mean."""

from dataclasses import dataclass
from typing import Any

from .base import Combination, Observable, monomial


@dataclass(frozen=True)
class SquaredError(Observable):
    """(μ - μ₀)²: how far the model's mean has wandered from the real one."""

    label = "squared error of the mean"

    def measure(self, family: Any, model: Any) -> Any:
        return (model["mean"] - float(family.mean)) ** 2

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(delta=2)),))
