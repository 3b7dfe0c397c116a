"""The fourth moment of a synthetic point."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import NORMAL, Combination, Observable, expanded


@dataclass(frozen=True)
class FourthMoment(Observable):
    """E (X - μ₀)⁴ of a point X of the model: δ⁴ + 6 δ² σ² + 3 σ⁴, with δ = μ - μ₀."""

    label = "fourth moment about the real mean"
    wants: ClassVar[str] = NORMAL

    def measure(self, family: Any, model: Any) -> Any:
        shift = (model["mean"] - float(family.mean)) ** 2
        return shift**2 + 6 * shift * model["variance"] + 3 * model["variance"] ** 2

    def claim(self, family: Any) -> Combination:
        return expanded(family, lambda state: family.moment(4, state))
