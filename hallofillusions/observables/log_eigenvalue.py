"""The logarithm of one eigenvalue of the model's covariance."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .eigenvalue import Eigenvalue


@dataclass(frozen=True)
class LogEigenvalue(Eigenvalue):
    """log of the ``rank``-th largest eigenvalue of Σ₀^-½ Σ Σ₀^-½: all are 0 at the truth.

    The covariance is held in doubles, so an eigenvalue below 10⁻¹⁴ of the largest is noise.
    """

    @property
    def label(self) -> str:
        return f"log-eigenvalue {self.rank}"

    def measure(self, family: Any, model: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.log(super().measure(family, model))

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + 1.0  # a difference of logarithms is relative already
