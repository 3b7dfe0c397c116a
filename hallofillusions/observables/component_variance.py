"""The variance of one component."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._components import OfOneComponent
from .base import Combination


@dataclass(frozen=True)
class ComponentVariance(OfOneComponent):
    """tr Σ_k⁰⁻¹ Σ_k/d of component k against the real one: 1 at the truth, 0 once it is lost."""

    @property
    def label(self) -> str:
        return f"variance of component {self.component}"

    def measure(self, family: Any, model: Any) -> Any:
        W = self.whitening(family)
        own = model["covariance"][..., self.component - 1, :, :]
        return self.alive(model, np.einsum("ai,...ij,aj->...", W, own, W) / family.dimension)

    def claim_in(self, loop: Any) -> Combination | None:
        return self.functional(loop, "variance")
