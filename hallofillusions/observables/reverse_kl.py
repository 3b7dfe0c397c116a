"""Kullback-Leibler divergence of the real law from the model."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import TYPES, WIDE, Combination, Observable, monomial, over_types


@dataclass(frozen=True)
class ReverseKL(Observable):
    """KL(model ‖ real) = Σ q_i log(q_i/p_i) in nats: finite however many types are lost."""

    label = "KL(model || real)"
    by_row: ClassVar[bool] = True
    wants: ClassVar[str] = TYPES

    def measure(self, family: Any, model: Any) -> Any:
        return family.reverse_divergence(model)

    def claim(self, family: Any) -> Combination | None:
        if family.law is None or not family.law.all():
            return None
        means = over_types("x", -np.log(family.law))
        few = family.K <= WIDE
        return Combination((
            *over_types("x log x", (1.0,) * family.K),
            *((s, monomial(**{f"q_{f.type}": 1}) if few else f) for s, f in means),
        ))  # fmt: skip
