"""The weight of one component."""

from dataclasses import dataclass
from typing import Any

from ..families._labelled import label_column
from ._components import OfOneComponent, labels_of
from .base import Observable
from .probability import Probability


@dataclass(frozen=True)
class ComponentWeight(OfOneComponent):
    """w_k of the model, for the component k that counts from 1: 0 once it is lost."""

    @property
    def label(self) -> str:
        return f"weight of component {self.component}"

    def measure(self, family: Any, model: Any) -> Any:
        return model["weight"][..., self.component - 1]

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        return labels_of(loop, self, Probability(self.component))

    def seen(self, rows: Any) -> Any:
        return label_column(rows)
