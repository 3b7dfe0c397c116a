"""The probability of one type."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import InputError, whole
from .base import TYPES, Combination, Observable, monomial


@dataclass(frozen=True)
class Probability(Observable):
    """q_i of the model: how often it draws the type ``number``, which counts from 1."""

    number: int = 1
    structure: ClassVar[tuple[str, ...]] = ("number",)
    wants: ClassVar[str] = TYPES

    def __post_init__(self) -> None:
        self._set(number=whole(self.number, "number", 1))

    @property
    def label(self) -> str:
        return f"probability of type {self.number}"

    def suits(self, family: Any) -> bool:
        return super().suits(family) and family.law is not None

    def check(self, family: Any) -> None:
        super().check(family)
        if self.number > family.K:
            raise InputError(f"number must be at most {family.K}, got {self.number}")

    def measure(self, family: Any, model: Any) -> Any:
        return model["probability"][..., self.number - 1]

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(**{f"q_{self.number}": 1})),))
