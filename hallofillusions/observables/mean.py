"""The model's mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import NUMBER, Combination, Observable, expanded


@dataclass(frozen=True)
class Mean(Observable):
    """μ of the model."""

    label = "mean"
    wants: ClassVar[str] = NUMBER

    def measure(self, family: Any, model: Any) -> Any:
        return family.mean_of(model)

    def scale(self, family: Any, values: Any) -> Any:
        return 0 * values + float(family.variance_of(family.as_model())) ** 0.5

    def claim(self, family: Any) -> Combination:
        real = float(family.mean_of(family.as_model()))
        return expanded(family, lambda state: family.moment(1, state) + real)
