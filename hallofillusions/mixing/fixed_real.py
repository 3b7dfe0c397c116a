"""The same real points for ever."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from ..symbols import PARAMETERS, InputError, is_symbolic, lookup
from .base import Mixing, Tick, check_alpha


@dataclass(frozen=True, repr=False)
class FixedReal(Mixing):
    """The same n_r = (1-α)n real points at every generation, and αn synthetic ones.

    Give ``alpha`` (a number below 1 or a symbol) for a constant n, or the count ``real`` = n_r,
    from which α = 1 - n_r/n follows when n is a schedule.
    """

    alpha: Any = None
    real: Any = None

    remembers: ClassVar[Literal["features"]] = "features"
    anchored: ClassVar[bool] = True
    whole: ClassVar[bool] = True
    symbols: ClassVar[dict[str, str]] = {"real": "n_r"}

    def __post_init__(self) -> None:
        if (self.alpha is None) == (self.real is None):
            raise InputError(
                f"FixedReal wants either alpha or real (the number of fixed points), "
                f"got alpha={self.alpha!r} and real={self.real!r}"
            )
        if self.alpha is not None:
            self._set(alpha=check_alpha(self.alpha))
            if isinstance(self.alpha, tuple):
                raise InputError("alpha must be constant for FixedReal; give real instead")
        else:
            self._set(real=PARAMETERS["n_r"].check(self.real, "real"))

    def check(self, loop: Any) -> None:
        if self.real is None:
            if isinstance(loop.n, tuple) and len(set(loop.n)) > 1:
                raise InputError("FixedReal wants real, not alpha, when n is a schedule")
            super().check(loop)
        sizes = loop.n if isinstance(loop.n, tuple) else (loop.n,)
        for n in sizes:
            size = self.memory_size(n)
            if not is_symbolic(size) and not is_symbolic(n) and not 1 <= size <= n:
                raise InputError(
                    f"FixedReal wants at least 1 and at most n fixed points, got {size} of n = {n}"
                )

    def fraction(self, n: int, index: int) -> Fraction:
        return super().fraction(n, index) if self.real is None else 1 - Fraction(self.real, n)

    def symbolic_fraction(self, n: Any, *, numbers: bool = False) -> Any:
        if self.real is None:
            return super().symbolic_fraction(n, numbers=numbers)
        keep = is_symbolic(self.real) or numbers
        return 1 - (self.real if keep else lookup("n_r")) / n

    def memory_size(self, n: Any) -> Any:
        if self.real is not None:
            return self.real
        if is_symbolic(self.alpha) or is_symbolic(n):
            return (1 - self.alpha) * n
        return n - round(self.fraction(n, 0) * n)

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return memory + source.synthetic(tick.synthetic), memory

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return (1 - at.alpha) * memory.linear + at.alpha * synthetic.K.averaged(at.h)
