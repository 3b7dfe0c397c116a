"""Bootstrap from a finite real set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ..symbols import PARAMETERS
from .base import Mixing, Tick, check_alpha


@dataclass(frozen=True)
class FixedPool(Mixing):
    """(1-α)n points drawn with replacement from one fixed pool of real points, αn synthetic.

    ``alpha`` is α in [0, 1], a symbol, or a tuple with one entry per generation; ``size`` is
    n₀, the number of real points in the pool.
    """

    alpha: Any
    size: Any

    remembers: ClassVar[Literal["everything"]] = "everything"
    anchored: ClassVar[bool] = True
    literal_only: ClassVar[bool] = True
    whole: ClassVar[bool] = True
    symbols: ClassVar[dict[str, str]] = {"size": "n_0"}

    def __post_init__(self) -> None:
        self._set(
            alpha=check_alpha(self.alpha), size=PARAMETERS["n_0"].check(self.size, "size")
        )

    def memory_size(self, n: Any) -> Any:
        return self.size

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.bootstrap(memory, tick.real) + source.synthetic(tick.synthetic), memory

    def first(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.bootstrap(memory, tick.n), memory

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return ((1 - at.alpha) * memory.K + at.alpha * synthetic.K).averaged(at.h)

    def claim_first(self, real: Any, memory: Any, at: Any) -> Any:
        return memory.K.averaged(at.h)
