"""The variance between the components of a mixture."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..numerics.mixtures import between
from .base import MIXTURE, Observable


@dataclass(frozen=True)
class BetweenTrace(Observable):
    """tr Σ_k w_k (μ_k - μ)(μ_k - μ)ᵀ: what of the total variance is between components.

    It is 0 once all but one are lost.
    """

    label = "trace of the covariance between components"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return np.trace(between(model), axis1=-2, axis2=-1)
