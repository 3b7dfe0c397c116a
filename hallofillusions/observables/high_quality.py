"""How much of what a model says lies near a mode of the real law."""

from dataclasses import dataclass
from typing import Any

from ._modes import OfModes


@dataclass(frozen=True)
class HighQuality(OfModes):
    """The share of n points of the model within ``radius`` standard deviations of a real mode.

    Real points are so too but for a few: of one component in two dimensions the share is
    1 - e^{-radius²/2}, and what other components reach of it besides.
    """

    @property
    def label(self) -> str:
        return f"share of output within {self.radius:g} standard deviations of a mode"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return self.nearest(family, data.values)[1].mean(axis=-1)
