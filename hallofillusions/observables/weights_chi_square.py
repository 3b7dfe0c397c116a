"""How far the weights of a mixture have drifted."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..families._labelled import label_column
from ..families.base import pearson
from ._components import labels_of
from .base import MIXTURE, Observable
from .chi_square import ChiSquare


@dataclass(frozen=True)
class WeightsChiSquare(Observable):
    """Σ_k (w_k - w_k⁰)²/w_k⁰ of the model's weights: K - 1 times v_g with known labels."""

    label = "chi-square of the weights"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return pearson(model["weight"], family.parameters()["weight"])

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        return labels_of(loop, self, ChiSquare())

    def seen(self, rows: Any) -> Any:
        return label_column(rows)
