"""What a claim declares about itself; the kind picks the only legal test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Kind:
    """How a claim is tested."""

    def __str__(self) -> str:
        return type(self).__name__.lower()


@dataclass(frozen=True)
class Exact(Kind):
    """Holds at every n and g: two-sided z over all generations and quantities, Holm."""


@dataclass(frozen=True)
class Numerical(Exact):
    """An exact law whose values are numbers with a stated error."""


@dataclass(frozen=True)
class Asymptotic(Kind):
    """Relative error of order n^-order: the slope of log error on log n is tested."""

    order: float = 1.0

    def __str__(self) -> str:
        return f"asymptotic, error of order n^-{self.order:g}"


@dataclass(frozen=True)
class Bound(Kind):
    """An inequality: one-sided z."""

    side: Literal["upper", "lower"] = "upper"

    def __str__(self) -> str:
        return f"{self.side} bound"


@dataclass(frozen=True)
class Limit(Kind):
    """Holds as g (and, where said, n) grows: tested after ten relaxation times."""


@dataclass(frozen=True)
class Law(Kind):
    """A whole distribution: goodness of fit."""
