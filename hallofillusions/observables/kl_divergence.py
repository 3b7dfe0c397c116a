"""Kullback-Leibler divergence of the model from the real law."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import (
    ONE,
    Combination,
    FirstOrderLoss,
    InverseError,
    InverseTrace,
    LogVarianceRatio,
    Observable,
    monomial,
    over_types,
)


@dataclass(frozen=True)
class KLDivergence(Observable):
    """KL(real ‖ model) in nats; for a Gaussian ½ [log det Σ/Σ₀ + tr Σ⁻¹(Σ₀ + δδᵀ) - d].

    For types Σ p_i log(p_i/q_i): infinite once a type of the real law is lost.
    """

    label = "KL(real || model)"
    by_row: ClassVar[bool] = True

    def remark(self, family: Any, model: Any) -> str:
        return str(family.unheard(model)) if not family.sequential else ""

    def measure(self, family: Any, model: Any) -> Any:
        return family.divergence(model)

    def claim(self, family: Any) -> Combination | None:
        if family.types:
            return _over_types(family)
        if family.latent:
            return Combination(((1.0, FirstOrderLoss()),))
        if not family.spread:
            return None
        inverse: tuple[Any, ...] = ((0.5, InverseTrace()), (0.5, InverseError()))
        if family.dimension == 1:
            real = float(family.variance)
            inverse = ((0.5 * real, monomial(v=-1)), (0.5, monomial(delta=2, v=-1)))
        return Combination(((0.5, LogVarianceRatio()), *inverse, (-0.5 * family.dimension, ONE)))


def _over_types(family: Any) -> Combination | None:
    """Σ p_i log p_i - Σ p_i E log q_i."""
    if family.law is None:
        return None
    return Combination(((-family.entropy(), ONE), *over_types("log x", -family.law)))
