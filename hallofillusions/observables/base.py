"""What an observable must say, and the functionals in which its expectation is written.

An observable's *definition* measures one model.  Its *claim* writes the expectation over models
as a combination of functionals: monomials of the model's coordinates, which a recursion may
hold, or named primitives (``E log σ²``, a tail, a quantile), for which a theorem is looked up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..component import Component


@dataclass(frozen=True)
class Functional:
    """One expectation over the models of a generation."""


@dataclass(frozen=True)
class Monomial(Functional):
    """E Π x^p over the named coordinates; any real powers.  No powers: the constant 1."""

    powers: tuple[tuple[str, float], ...] = ()

    @property
    def polynomial(self) -> bool:
        """Whether all powers are whole and not negative."""
        return all(p >= 0 and p == int(p) for _, p in self.powers)

    def __str__(self) -> str:
        names = {"delta": "(μ-μ₀)", "v": "σ²"}
        parts = [names.get(n, n) + (f"^{p:g}" if p != 1 else "") for n, p in self.powers]
        return f"E[{' '.join(parts) or '1'}]"


@dataclass(frozen=True)
class LogVarianceRatio(Functional):
    """E log(σ²/σ₀²)."""

    def __str__(self) -> str:
        return "E log(σ²/σ₀²)"


@dataclass(frozen=True)
class Tail(Functional):
    """E P(|X - c| > t σ₀) for a point X of the model, c = the model's mean or the real mean."""

    t: float
    about: str

    def __str__(self) -> str:
        return f"P(|X - {'μ' if self.about == 'model' else 'μ₀'}| > {self.t:g} σ₀)"


@dataclass(frozen=True)
class VarianceQuantile(Functional):
    """The quantile of σ² over replicates."""

    probability: float

    def __str__(self) -> str:
        return f"the {self.probability:g}-quantile of σ²"


@dataclass(frozen=True)
class Combination:
    """Σ coefficient · functional, then ``transform`` (for quantiles: a monotone function)."""

    terms: tuple[tuple[float, Functional], ...]
    transform: Callable[[Any], Any] | None = None


class Observable(Component, ABC):
    """A number that is watched: measured on each model, averaged over replicates."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The quantity's name in tables, files and figures."""

    @abstractmethod
    def measure(self, family: Any, model: Any) -> Any:
        """Definition: its value for each model of a batch; ``family`` is the real law."""

    def claim(self, family: Any) -> Combination | None:
        """Claim: its expectation as a combination of functionals; None if none is known."""
        return None

    def scale(self, family: Any, values: Any) -> Any:
        """The size to which a discrepancy from the predicted ``values`` is relative."""
        return abs(values)

    def given_variance(self, family: Any, variance: Any) -> Any:
        """Its value as an increasing function of σ² alone, where it is one (else None)."""
        return None


def monomial(**powers: float) -> Monomial:
    """``monomial(delta=2, v=-1)`` is E[(μ-μ₀)²/σ²]."""
    return Monomial(tuple(sorted(powers.items())))


ONE = Monomial()
