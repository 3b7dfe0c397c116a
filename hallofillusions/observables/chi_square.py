"""Pearson's distance of the model from the real law."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import ONE, TYPES, WIDE, Combination, Observable, squares


@dataclass(frozen=True)
class ChiSquare(Observable):
    """χ²(model ‖ real) = Σ (q_i - p_i)²/p_i, infinite where the model has what is not real."""

    label = "chi-square(model || real)"
    by_row: ClassVar[bool] = True
    wants: ClassVar[str] = TYPES

    def measure(self, family: Any, model: Any) -> Any:
        return family.chi_square(model)

    def claim(self, family: Any) -> Combination | None:
        """Σ E q_i²/p_i - 1, where every type is real."""
        if family.law is None or family.K > WIDE or not family.law.all():
            return None
        return Combination((*squares(family, 1 / family.law).terms, (-1.0, ONE)))
