"""Fully synthetic training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import Mixing, Tick


@dataclass(frozen=True)
class Replace(Mixing):
    """Each generation trains on n points of the last model and nothing else (α = 1)."""

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.synthetic(tick.n), memory

    def atoms(self, clock: Any) -> dict[str, Any]:
        return {"h": 1 / clock.n}

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return synthetic.K.averaged(at.h)
