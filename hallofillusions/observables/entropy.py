"""How much the model still has to say."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import ONE, Combination, LogVarianceRatio, Observable, over_types


@dataclass(frozen=True)
class Entropy(Observable):
    """-Σ q_i log q_i of the model, in nats: its exponential is an effective number of types.

    For a Gaussian it is the differential entropy ½ log det 2πe Σ.
    """

    label = "entropy"
    wants: ClassVar[str] = "Gaussian or categorical (or n-gram)"
    instead: ClassVar[str] = "OwnLoss"

    def suits(self, family: Any) -> bool:
        return bool(family.types or family.spread)

    def measure(self, family: Any, model: Any) -> Any:
        return family.entropy_of(model)

    def claim(self, family: Any) -> Combination | None:
        if family.spread:
            return Combination(((0.5, LogVarianceRatio()), (family.entropy(), ONE)))
        if family.law is None:
            return None
        return Combination(over_types("x log x", (-1.0,) * family.K))
