"""Everything so far and n new points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .base import Mixing, Tick


@dataclass(frozen=True)
class Accumulate(Mixing):
    """Each fit sees the whole pool: the first n real points and all synthetic ones since."""

    remembers: ClassVar[Literal["features"]] = "features"
    grows: ClassVar[bool] = True

    def training_size(self, clock: Any) -> Any:
        return clock.N

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        fresh = source.synthetic(tick.n)
        pool = fresh if memory is None else memory + fresh
        return pool, pool

    def atoms(self, clock: Any) -> dict[str, Any]:
        return {"w": clock.n / clock.N, "H": 1 / clock.N}

    def claim_memory(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return (1 - at.w) * memory.linear + at.w * synthetic.K.averaged(at.H)

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return memory.linear
