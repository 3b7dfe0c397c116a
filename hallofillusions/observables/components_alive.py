"""How many components a mixture still has."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..families._labelled import label_column
from ._components import labels_of
from .base import MIXTURE, Observable
from .types_surviving import TypesSurviving


@dataclass(frozen=True)
class ComponentsAlive(Observable):
    """The number of components with a weight above 0: those that were not lost."""

    label = "components alive"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return np.sum(model["weight"] > 0, axis=-1).astype(float)

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        return labels_of(loop, self, TypesSurviving())

    def seen(self, rows: Any) -> Any:
        return label_column(rows)
