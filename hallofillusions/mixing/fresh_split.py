"""Exact counts of fresh real and synthetic points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Mixing, Tick, check_alpha


@dataclass(frozen=True)
class FreshSplit(Mixing):
    """Exactly (1-α)n fresh real and αn synthetic points: cumulants mix.

    ``alpha`` is α in [0, 1], a symbol, or a tuple with one entry per generation.  αn must be a
    whole number.
    """

    alpha: Any
    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(alpha=check_alpha(self.alpha))

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.real(tick.real) + source.synthetic(tick.synthetic), memory

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return ((1 - at.alpha) * real.K + at.alpha * synthetic.K).averaged(at.h)
