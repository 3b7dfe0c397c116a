"""The total variance of the model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import CLOUD, Combination, Observable, expanded


@dataclass(frozen=True)
class Trace(Observable):
    """tr Σ of the model, of a mixture of its total covariance."""

    label = "trace of the covariance"
    wants: ClassVar[str] = CLOUD

    def measure(self, family: Any, model: Any) -> Any:
        variance = family.variance_of(model)
        return variance if family.dimension == 1 else np.trace(variance, axis1=-2, axis2=-1)

    def claim(self, family: Any) -> Combination:
        d = family.dimension
        names = [f"v_{i}_{i}" for i in range(1, d + 1)] if d > 1 else ["v"]
        return expanded(family, lambda state: sum(state[name] for name in names))
