"""Exact counts whose real points weigh more, or less, than their share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import PARAMETERS, InputError, is_symbolic
from .base import Mixing, Tick, check_alpha


@dataclass(frozen=True)
class FreshWeighted(Mixing):
    """(1-α)n fresh real and αn synthetic points, fitted with the weight w on the real ones.

    ``alpha`` is α in (0, 1), a symbol, or a tuple with one entry per generation; ``weight`` is w
    in [0, 1] or a symbol: every real point counts w/(1-α) times and every synthetic one
    (1-w)/α times (He, Xu & Cheng 2026).  With w = 1-α it is `FreshSplit`.
    """

    alpha: Any
    weight: Any

    whole: ClassVar[bool] = True
    symbols: ClassVar[dict[str, str]] = {"weight": "w"}

    def __post_init__(self) -> None:
        weight = PARAMETERS["w"].check(self.weight, "weight")
        self._set(alpha=check_alpha(self.alpha), weight=weight)
        for a in self.alpha if isinstance(self.alpha, tuple) else (self.alpha,):
            if not is_symbolic(a) and a in (0, 1):
                raise InputError(
                    f"alpha must leave real and synthetic points to be weighed, got {a!r}"
                )

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        weight = float(self.weight)
        real = source.real(tick.real).weighted(weight * tick.n / tick.real)
        return real + source.synthetic(tick.synthetic).weighted(
            (1 - weight) * tick.n / tick.synthetic
        ), memory

    def first(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        return source.real(tick.n), memory

    def atoms(self, clock: Any) -> dict[str, Any]:
        """One real point's share of the fit, one synthetic point's, and α, n, 1/n."""
        return {
            "real_share": self.weight / ((1 - clock.alpha) * clock.n),
            "synthetic_share": (1 - self.weight) / (clock.alpha * clock.n),
            "alpha": clock.alpha, "n": clock.n, "h": 1 / clock.n,
        }  # fmt: skip

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        fresh = (1 - at.alpha) * at.n * real.K.scaled(at.real_share)
        return fresh + at.alpha * at.n * synthetic.K.scaled(at.synthetic_share)

    def claim_first(self, real: Any, memory: Any, at: Any) -> Any:
        return real.K.averaged(at.h)
