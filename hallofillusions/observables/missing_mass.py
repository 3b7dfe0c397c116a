"""How much of the real law the model has lost."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import whole
from .base import TYPES, Combination, Observable, over_types


@dataclass(frozen=True)
class MissingMass(Observable):
    """The real probability of the types that the model has lost; of ``order`` k: of k-grams.

    Good and Turing's missing mass, seen through a loop.
    """

    order: int = 1
    structure: ClassVar[tuple[str, ...]] = ("order",)
    wants: ClassVar[str] = TYPES

    def __post_init__(self) -> None:
        self._set(order=whole(self.order, "order", 1))

    @property
    def label(self) -> str:
        return "missing mass" + ("" if self.order == 1 else f" of {self.order}-grams")

    def measure(self, family: Any, model: Any) -> Any:
        return family.missing(model, self.order)

    def claim(self, family: Any) -> Combination | None:
        if self.order > 1 or family.law is None:
            return None
        return Combination(over_types("absent", family.law))
