"""One over the model's mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Combination, InverseMoment, Observable


@dataclass(frozen=True)
class InverseMean(Observable):
    """1/m of the model, for a family of numbers above 0."""

    label = "inverse mean"
    wants: ClassVar[str] = "one-dimensional positive"

    def suits(self, family: Any) -> bool:
        return family.dimension == 1 and family.positive

    def measure(self, family: Any, model: Any) -> Any:
        return 1 / family.mean_of(model)

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, InverseMoment()),))
