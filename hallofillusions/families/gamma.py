"""The gamma family of a known shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS
from ._natural import NaturalFamily, Sums, above_zero
from .base import Model
from .gaussian import column


@dataclass(frozen=True)
class Gamma(NaturalFamily):
    """The gamma law with V(m) = m²/a, the real law of the loop and the form of its models.

    ========== ============ ==========================================================
    mean       m₀           a number above 0 or a symbol
    shape      a            known: a number above 0 or a symbol (1: exponential)
    ========== ============ ==========================================================
    """

    mean: Any = 1
    shape: Any = 2

    symbols: ClassVar[dict[str, str]] = {"mean": "m_0"}
    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(mean=above_zero(self.mean, "mean"), shape=PARAMETERS["shape"].check(self.shape))

    def atoms(self) -> dict[str, Any]:
        return {"inverse_shape": 1 / self.shape}

    def curve(self) -> Sequence[Any]:
        return 0, 0, self.at.inverse_shape

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        own = float(self.shape)
        return rng.gamma(own, column(model["mean"]) / own, shape)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of ``size`` points is gamma of shape ``size`` a."""
        own = float(self.shape)
        return Sums(size, rng.standard_gamma(own * size, replicates) * (model["mean"] / own))

    def log_density(self, model: Model, points: Any) -> Any:
        from scipy.special import gammaln, xlogy

        own = float(self.shape)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rate = own / column(model["mean"])
            logs = xlogy(own, rate) + xlogy(own - 1, abs(points)) - rate * points - gammaln(own)
        alone = column(model["mean"]) > 0  # a model of mean 0 is the point 0
        return np.where(points < 0, -np.inf, np.where(alone, logs, _point(points)))

    def divergence(self, model: Model) -> Any:
        """a [log(m/m₀) + m₀/m - 1]."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = float(self.middle()) / model["mean"]
            loss = float(self.shape) * (ratio - 1 - np.log(ratio))
        return np.where(model["mean"] > 0, loss, np.inf)

    def entropy(self) -> float:
        """a + log(m₀/a) + log Γ(a) + (1-a) ψ(a)."""
        from scipy.special import digamma, gammaln

        own = float(self.shape)
        scale = np.log(float(self.middle()) / own)
        return float(own + scale + gammaln(own) + (1 - own) * digamma(own))

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        from scipy.special import gammainc, gammaincc

        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = (np.maximum(x, 0) * float(self.shape) / model["mean"]
                            for x in (low, high))  # fmt: skip
            mass = gammainc(float(self.shape), below) + gammaincc(float(self.shape), above)
        return np.where(model["mean"] > 0, mass, (np.asarray(low) > 0) | (np.asarray(high) < 0))


def _point(points: Any) -> Any:
    return np.where(points == 0, np.inf, -np.inf)
