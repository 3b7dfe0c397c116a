"""How many types the model still knows."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import whole
from .base import ONE, TYPES, Combination, Observable, over_types


@dataclass(frozen=True)
class TypesSurviving(Observable):
    """How many types have positive probability under the model; of ``order`` k: of k-grams."""

    order: int = 1
    structure: ClassVar[tuple[str, ...]] = ("order",)
    wants: ClassVar[str] = TYPES

    def __post_init__(self) -> None:
        self._set(order=whole(self.order, "order", 1))

    @property
    def label(self) -> str:
        return "types surviving" if self.order == 1 else f"{self.order}-grams surviving"

    def measure(self, family: Any, model: Any) -> Any:
        return family.distinct(model, self.order)

    def claim(self, family: Any) -> Combination | None:
        if self.order > 1 or family.law is None:
            return None
        present = float(family.K)
        return Combination(((present, ONE), *over_types("absent", (-1.0,) * family.K)))
