"""The L² distance of two densities."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..numerics.mixtures import overlap
from .base import CLOUD, Observable


@dataclass(frozen=True)
class L2Distance(Observable):
    """∫ (p - q)² dx of the model's density and the real one, the *squared* distance.

    Every integral is Σ_jk w_j w_k' N(μ_j - μ_k'; 0, Σ_j + Σ_k').  It is infinite once a component
    of the model has no variance left in some direction; a lost one counts for nothing.
    """

    label = "squared L2 distance"
    wants: ClassVar[str] = CLOUD

    def suits(self, family: Any) -> bool:
        return super().suits(family) and family.of_gaussians

    def measure(self, family: Any, model: Any) -> Any:
        own, real = (family.components(m) for m in (model, family.as_model()))
        squares = overlap(own, own) + overlap(real, real)
        return np.maximum(squares - 2 * overlap(own, real), 0.0)  # what is below 0 is rounding
