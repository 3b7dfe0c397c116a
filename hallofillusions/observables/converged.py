"""Whether a fit came to its end."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import MIXTURE, Observable


@dataclass(frozen=True)
class Converged(Observable):
    """1 where EM ended by its tolerance, 0 where ``max_iter`` ended it; its mean is a share.

    At g = 0, before any fit, it is 1.
    """

    label = "share of fits that converged"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return model["converged"]

    def caution(self, means: Any) -> str:
        least = int(np.argmin(means))
        if means[least] == 1:
            return ""
        return f"is {means[least]:.4g} at g = {least}, its least: max_iter ended the other fits"
