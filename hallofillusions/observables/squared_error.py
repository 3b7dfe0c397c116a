"""Squared error of the mean."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Combination, Observable, expanded


@dataclass(frozen=True)
class SquaredError(Observable):
    """(μ - μ₀)²: how far the model's mean has wandered; in d dimensions ‖μ - μ₀‖²."""

    label = "squared error of the mean"

    def measure(self, family: Any, model: Any) -> Any:
        squares = (family.mean_of(model) - family.mean_of(family.as_model())) ** 2
        return squares if family.dimension == 1 else np.sum(squares, axis=-1)

    def claim(self, family: Any) -> Combination:
        firsts = [name for name, weight in family.variables.items() if weight == 1]
        return expanded(family, lambda state: sum(state[name] ** 2 for name in firsts))
