"""The Bernoulli family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import PARAMETERS
from .binomial import Trials


@dataclass(frozen=True)
class Bernoulli(Trials):
    """One trial, 0 or 1, with V(m) = m - m²: the real law of the loop and the form of its models.

    =========== ============ =========================================================
    probability p₀           of a success, in [0, 1], or a symbol; also the mean
    =========== ============ =========================================================
    """

    probability: Any = 0.5

    symbols: ClassVar[dict[str, str]] = {"probability": "p_0"}

    def __post_init__(self) -> None:
        self._set(probability=PARAMETERS["p_0"].check(self.probability, "probability"))

    def curve(self) -> Sequence[Any]:
        return 0, 1, -1
