"""What one-parameter families share whose variance is a polynomial V(m) in their mean m.

A natural exponential family is fixed by its variance function V: with the mean as its parameter
its cumulants obey κ_{r+1} = V(m) dκ_r/dm, κ_1 = m, and its maximum-likelihood fit is the sample
mean.  Morris (1982): V of degree two or less has six families and their affine images.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, ClassVar

import numpy as np

from ..component import fields_of
from ..symbols import InputError, as_number, is_symbolic, python_number, table_symbol
from .base import Family, Model, power_means

FITTED = ("mean", "probability")
"""The one field of each family that a fit changes."""
LATTICE = 1e-9
"""A threshold this near to a whole number is that number, off by rounding."""


@dataclass(frozen=True)
class Sums:
    """Count and sum of each replicate's points; ``+`` is the union."""

    count: Any
    total: Any

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.total + other.total)

    def weighted(self, factor: float) -> Sums:
        """The same points, each of which counts ``factor`` times."""
        return Sums(self.count * factor, self.total * factor)

    def rows(self) -> list[Sums]:
        """The samples along axis 0, all of one count."""
        return [Sums(self.count, total) for total in self.total]


class NaturalFamily(Family):
    """A family whose one parameter is its mean m and whose variance is a polynomial V(m).

    The coordinate of a model is δ = m - m₀ (weight 1), the feature of a point y = x - m₀; the
    label k is y^k.  A family gives `curve` and `middle`, how it draws, and its log-density.
    """

    variables: ClassVar[Mapping[str, int]] = {"delta": 1}
    features: ClassVar[Mapping[str, int]] = {"y": 1}

    # -- what a family says of itself, in the terms of `at` ---------------------------------------

    @abstractmethod
    def curve(self) -> Sequence[Any]:
        """(v₀, v₁, v₂, …): the coefficients of V(m) = v₀ + v₁ m + v₂ m² + …"""

    def middle(self) -> Any:
        """m₀, the mean of the real law."""
        return self.at.mean

    @property
    def support(self) -> tuple[float, float]:
        return 0.0 if self.positive else -np.inf, np.inf

    def check_start(self, start: Any) -> None:
        super().check_start(start)
        for f in fields_of(self):
            if f.name not in FITTED and getattr(start, f.name) != getattr(self, f.name):
                raise InputError(f"start must have the real law's {f.name}, got {start!r}")

    # -- the definition ---------------------------------------------------------------------------

    def placed(self, mean: Any) -> dict[str, Any]:
        """The models of these means."""
        return {"mean": mean}

    def parameters(self) -> dict[str, float]:
        return {"mean": float(self.middle())}

    def summarise(self, points: Any, weights: Any = None) -> Sums:
        if weights is None:
            return Sums(points.shape[-1], points.sum(axis=-1))
        return Sums(float(weights.sum()), points @ weights)

    def match(self, statistics: Any) -> dict[str, Any]:
        return self.placed(statistics.total / statistics.count)

    def coordinates(self, model: Model) -> dict[str, Any]:
        middle = self.middle()
        return {"delta": self.mean_of(model) - (middle if is_symbolic(middle) else float(middle))}

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label k -> mean of (x - m₀)^k over points (replicates, size) or statistics (k = 1)."""
        middle = float(self.middle())
        if isinstance(sample, Sums):
            if higher := [k for k in labels if k > 1]:
                raise InputError(f"labels must be 1 for this sample, got {higher[0]}")
            return dict.fromkeys(labels, sample.total / sample.count - middle)
        known = power_means(sample, middle, max(labels, default=0))
        return {k: known[k] for k in labels}

    def variance_of(self, model: Model) -> Any:
        """V(m)."""
        return horner([float(c) for c in self.curve()], self.mean_of(model))

    # -- the claim --------------------------------------------------------------------------------

    def label(self, powers: Sequence[int]) -> Any:
        return powers[0]

    def weight(self, label: Any) -> int:
        return label

    def labels(self, order: int) -> list[Any]:
        return list(range(1, order + 1))

    def about(self) -> list[Any]:
        """The coefficients of V in δ: Σ_i C(i, j) v_i m₀^{i-j}."""
        curve, middle = self.curve(), self.middle()
        return [
            sum(comb(i, j) * v * middle ** (i - j) for i, v in enumerate(curve) if i >= j)
            for j in range(len(curve))
        ]

    def cumulants(self, order: int) -> list[list[Any]]:
        """κ_1 … κ_order of y as coefficients in δ: κ_1 = δ, κ_{r+1} = V dκ_r/dδ."""
        curve, found = self.about(), [[0, 1]]
        while len(found) < order:
            slope = [i * c for i, c in enumerate(found[-1])][1:]
            product: list[Any] = [0] * (len(curve) + len(slope) - 1)
            for i, v in enumerate(curve):
                for j, c in enumerate(slope):
                    product[i + j] = product[i + j] + v * c
            found.append(product)
        return found

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        """E y^k from the cumulants: E y^k = Σ_j C(k-1, j-1) κ_j E y^{k-j}."""
        kappa = [horner(c, state["delta"]) for c in self.cumulants(label)]
        found: list[Any] = [1]
        for k in range(1, label + 1):
            found.append(sum(comb(k - 1, j) * kappa[j] * found[k - 1 - j] for j in range(k)))
        return found[label]

    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        return {"delta": means["y"]}

    def truth(self) -> dict[str, Any]:
        return {"delta": 0}


class CountFamily(NaturalFamily):
    """A `NaturalFamily` of whole numbers 0, 1, 2, …"""

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, np.inf


    @abstractmethod
    def reach(self, mean: Any, k: Any) -> tuple[Any, Any]:
        """P(X ≥ k) and P(X < k) for whole k above 0."""

    def _reach(self, mean: Any, k: Any) -> tuple[Any, Any]:
        inside = (k >= 1) & np.isfinite(k)
        above, below = self.reach(mean, np.where(inside, k, 1.0))
        return np.where(inside, above, k < 1), np.where(inside, below, k >= 1)

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        mean = self.mean_of(model)
        below = self._reach(mean, np.ceil(np.asarray(low) - LATTICE))[1]
        return below + self._reach(mean, np.floor(np.asarray(high) + LATTICE) + 1)[0]

    def entropy(self) -> float:
        """-Σ p(x) log p(x), summed until what is left cannot be seen."""
        from scipy.special import entr

        law, last = self.as_model(), 64.0
        while float(np.max(self._reach(self.mean_of(law), last)[0])) > np.finfo(float).tiny:
            last *= 2
        return float(entr(np.exp(self.log_density(law, np.arange(last)))).sum())


def horner(coefficients: Sequence[Any], x: Any) -> Any:
    """Σ c_i x^i, with operators only."""
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def above_zero(value: Any, argument: str) -> Any:
    """A number above 0 or a symbol, else an `InputError`."""
    if not is_symbolic(value) and not as_number(value, argument, "a number above 0") > 0:
        raise InputError(f"{argument} must be a number above 0, got {value!r}")
    return python_number(table_symbol(value))


def on_lattice(points: Any, logs: Any, last: Any = np.inf) -> Any:
    """Log-probabilities of whole numbers from 0 to ``last``; -∞ for all other points."""
    inside = (points >= 0) & (points <= last) & (points == np.floor(points))
    return np.where(inside, logs, -np.inf)
