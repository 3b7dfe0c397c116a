"""The logarithm of the model's generalized variance."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import COVARIANCE, Combination, LogVarianceRatio, Observable


@dataclass(frozen=True)
class LogDeterminant(Observable):
    """log(det Σ/det Σ₀): minus infinity once a direction has no variance left."""

    label = "log-determinant"
    wants: ClassVar[str] = COVARIANCE

    def measure(self, family: Any, model: Any) -> Any:
        if family.dimension == 1:
            with np.errstate(divide="ignore"):
                return np.log(model["variance"] / float(family.variance))
        sign, value = np.linalg.slogdet(model["variance"])
        return np.where(sign > 0, value, -np.inf) - np.linalg.slogdet(family.covariance)[1]

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + 1.0  # a difference of logarithms is relative already

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, LogVarianceRatio()),))
