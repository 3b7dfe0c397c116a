"""Every point is real with probability 1 - α."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import Mixing, Tick, check_alpha


@dataclass(frozen=True)
class FreshMixture(Mixing):
    """n independent draws from (1-α) D_real + α D_syn: moments mix.

    ``alpha`` is α in [0, 1], a symbol, or a tuple with one entry per generation.
    """

    alpha: Any

    def __post_init__(self) -> None:
        self._set(alpha=check_alpha(self.alpha))

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.mixture(tick.alpha, tick.n), memory

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return ((1 - at.alpha) * real.M + at.alpha * synthetic.M).log().averaged(at.h)
