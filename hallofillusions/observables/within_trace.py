"""The variance inside the components of a mixture."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..numerics.mixtures import within
from .base import MIXTURE, Observable


@dataclass(frozen=True)
class WithinTrace(Observable):
    """tr Σ_k w_k Σ_k: what of the total variance is inside components.

    With `BetweenTrace` it is the `Trace`, whose law is known: this part of it need not fall.
    """

    label = "trace of the covariance within components"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return np.trace(within(model), axis1=-2, axis2=-1)
