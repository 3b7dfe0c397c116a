"""The model's variance."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import NUMBER, Combination, Observable, expanded


@dataclass(frozen=True)
class Variance(Observable):
    """σ² of the model; for a family without a variance of its own, V(m) at its mean m."""

    label = "variance"
    wants: ClassVar[str] = NUMBER

    def measure(self, family: Any, model: Any) -> Any:
        return family.variance_of(model)

    def claim(self, family: Any) -> Combination:
        moment = family.moment
        return expanded(family, lambda state: moment(2, state) - moment(1, state) ** 2)

    def given_variance(self, family: Any, variance: Any) -> Any:
        return variance if family.spread else None
