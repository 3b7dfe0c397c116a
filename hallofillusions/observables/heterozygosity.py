"""The chance that two points of the model are of different types."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import ONE, TYPES, WIDE, Combination, Homozygosity, Observable, squares


@dataclass(frozen=True)
class Heterozygosity(Observable):
    """H = 1 - Σ q_i²: two points of the model differ with this chance; 0 once one type is left.

    Population genetics' heterozygosity, Simpson's index of diversity.
    """

    label = "heterozygosity"
    by_row: ClassVar[bool] = True
    wants: ClassVar[str] = TYPES

    def measure(self, family: Any, model: Any) -> Any:
        return family.heterozygosity(model)

    def claim(self, family: Any) -> Combination | None:
        if family.law is None:
            return None
        if family.K > WIDE:
            return Combination(((1.0, ONE), (-1.0, Homozygosity())))
        return Combination(((1.0, ONE), *squares(family, (-1.0,) * family.K).terms))
