"""How far one component has wandered."""

from dataclasses import dataclass
from typing import Any

from ._components import OfOneComponent
from .base import Combination


@dataclass(frozen=True)
class ComponentError(OfOneComponent):
    """(μ_k - μ_k⁰)ᵀ Σ_k⁰⁻¹ (μ_k - μ_k⁰)/d of the component k: 0 once it is lost."""

    @property
    def label(self) -> str:
        return f"squared error of component {self.component}"

    def measure(self, family: Any, model: Any) -> Any:
        place = self.component - 1
        gap = model["mean"][..., place, :] - family.parameters()["mean"][place]
        moved = gap @ self.whitening(family).T
        return self.alive(model, (moved * moved).sum(axis=-1) / family.dimension)

    def claim_in(self, loop: Any) -> Combination | None:
        return self.functional(loop, "error")
