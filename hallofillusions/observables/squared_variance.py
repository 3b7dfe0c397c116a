"""The square of the model's variance."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import NUMBER, Combination, Observable, expanded


@dataclass(frozen=True)
class SquaredVariance(Observable):
    """σ⁴ of the model, whose expectation with that of σ² gives Var σ²."""

    label = "squared variance"
    wants: ClassVar[str] = NUMBER

    def measure(self, family: Any, model: Any) -> Any:
        return family.variance_of(model) ** 2

    def claim(self, family: Any) -> Combination:
        return expanded(
            family, lambda state: (family.moment(2, state) - family.moment(1, state) ** 2) ** 2
        )
