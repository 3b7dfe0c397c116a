"""The Wasserstein distance of order two."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import COVARIANCE, ONE, Combination, Observable, monomial


@dataclass(frozen=True)
class Wasserstein2(Observable):
    """W₂²(model, real) = ‖μ - μ₀‖² + tr(Σ + Σ₀ - 2(Σ₀^½ Σ Σ₀^½)^½), the *squared* distance.

    The second term is the Bures distance of the covariances; in one dimension (σ - σ₀)².
    """

    label = "squared Wasserstein-2 distance"
    wants: ClassVar[str] = COVARIANCE
    instead: ClassVar[str] = "SlicedWasserstein"

    def measure(self, family: Any, model: Any) -> Any:
        if family.dimension == 1:
            shift = model["mean"] - float(family.mean)
            return shift**2 + (np.sqrt(model["variance"]) - np.sqrt(float(family.variance))) ** 2
        real, shift = family.covariance, model["mean"] - family.center
        values, vectors = np.linalg.eigh(real)
        half = (vectors * np.sqrt(values)) @ vectors.T
        cross = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ model["variance"] @ half), 0.0))
        trace = np.trace(model["variance"], axis1=-2, axis2=-1)
        return (shift**2).sum(axis=-1) + trace + np.trace(real) - 2 * cross.sum(axis=-1)

    def claim(self, family: Any) -> Combination | None:
        if family.dimension > 1:
            return None
        variance = float(family.variance)
        return Combination(
            (
                (1.0, monomial(delta=2)),
                (1.0, monomial(v=1)),
                (variance, ONE),
                (-2 * variance**0.5, monomial(v=0.5)),
            )
        )
