"""How much of a needle the model's cloud is."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import CLOUD, Observable


@dataclass(frozen=True)
class ConditionNumber(Observable):
    """Largest over smallest eigenvalue of Σ₀^-½ Σ Σ₀^-½: 1 at the truth, infinite for a needle."""

    label = "condition number"
    wants: ClassVar[str] = CLOUD

    def measure(self, family: Any, model: Any) -> Any:
        values, _ = family.spectrum(model)
        with np.errstate(divide="ignore", invalid="ignore"):
            return values[..., 0] / values[..., -1]
