"""The model's standard deviation."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import NORMAL, Combination, Observable, monomial


@dataclass(frozen=True)
class StandardDeviation(Observable):
    """σ of the model."""

    label = "standard deviation"
    wants: ClassVar[str] = NORMAL

    def measure(self, family: Any, model: Any) -> Any:
        return np.sqrt(model["variance"])

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(v=0.5)),))

    def given_variance(self, family: Any, variance: Any) -> Any:
        return np.sqrt(variance)
