"""The logarithm of the model's generalized variance."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import CLOUD, Combination, LogVarianceRatio, Observable


@dataclass(frozen=True)
class LogDeterminant(Observable):
    """log(det Σ/det Σ₀): minus infinity once a direction has no variance left."""

    label = "log-determinant"
    wants: ClassVar[str] = CLOUD

    def measure(self, family: Any, model: Any) -> Any:
        variance, real = (family.variance_of(m) for m in (model, family.as_model()))
        if family.dimension == 1:
            with np.errstate(divide="ignore"):
                return np.log(variance / float(real))
        sign, value = np.linalg.slogdet(variance)
        return np.where(sign > 0, value, -np.inf) - np.linalg.slogdet(real)[1]

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + 1.0  # a difference of logarithms is relative already

    def claim(self, family: Any) -> Combination | None:
        return Combination(((1.0, LogVarianceRatio()),)) if family.spread else None
