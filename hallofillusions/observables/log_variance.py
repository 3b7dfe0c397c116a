"""The logarithm of the model's variance."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import NORMAL, Combination, LogVarianceRatio, Observable


@dataclass(frozen=True)
class LogVariance(Observable):
    """log(σ²/σ₀²): minus infinity once a model has no variance left."""

    label = "log-variance"
    wants: ClassVar[str] = NORMAL

    def measure(self, family: Any, model: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(model["variance"] / float(family.variance))

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + 1.0  # a difference of logarithms is relative already

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, LogVarianceRatio()),))

    def given_variance(self, family: Any, variance: Any) -> Any:
        return self.measure(family, {"variance": variance})
