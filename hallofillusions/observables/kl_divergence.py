"""Kullback-Leibler divergence of the model from the real law."""

from dataclasses import dataclass
from typing import Any

from .base import (
    ONE,
    Combination,
    InverseError,
    InverseTrace,
    LogVarianceRatio,
    Observable,
    monomial,
)


@dataclass(frozen=True)
class KLDivergence(Observable):
    """KL(real ‖ model) in nats; for a Gaussian ½ [log det Σ/Σ₀ + tr Σ⁻¹(Σ₀ + δδᵀ) - d]."""

    label = "KL(real || model)"

    def measure(self, family: Any, model: Any) -> Any:
        return family.divergence(model)

    def claim(self, family: Any) -> Combination | None:
        if not family.spread:
            return None
        inverse: tuple[Any, ...] = ((0.5, InverseTrace()), (0.5, InverseError()))
        if family.dimension == 1:
            real = float(family.variance)
            inverse = ((0.5 * real, monomial(v=-1)), (0.5, monomial(delta=2, v=-1)))
        return Combination(((0.5, LogVarianceRatio()), *inverse, (-0.5 * family.dimension, ONE)))
