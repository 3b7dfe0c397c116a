"""The inverse Gaussian family of a known shape: the counter-example, for no moment closes."""

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
class InverseGaussian(NaturalFamily):
    """The inverse Gaussian law with V(m) = m³/a, the real law and the form of its models.

    ========== ============ ==========================================================
    mean       m₀           a number above 0 or a symbol
    shape      a            known: a number above 0 or a symbol (Wald's λ)
    ========== ============ ==========================================================

    V is cubic: E m² needs E m³, which needs E m⁵, and so on without end (`NotClosed`).
    """

    mean: Any = 1
    shape: Any = 4

    symbols: ClassVar[dict[str, str]] = {"mean": "m_0"}
    closes: ClassVar[bool] = False
    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._set(mean=above_zero(self.mean, "mean"), shape=PARAMETERS["shape"].check(self.shape))

    def atoms(self) -> dict[str, Any]:
        return {"inverse_shape": 1 / self.shape}

    def curve(self) -> Sequence[Any]:
        return 0, 0, 0, self.at.inverse_shape

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        return rng.wald(column(model["mean"]), float(self.shape), shape)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of n points is inverse Gaussian of mean n m and shape n² a.

        With y = (mean/shape) Z², Z normal, it is x = 2 mean/(2 + y + √(y² + 4y)), the smaller
        root of Michael, Schucany & Haas (1976), or with probability x/(mean + x) the other,
        mean²/x.
        """
        count = np.maximum(size, 1)
        mean = count * model["mean"]
        y = model["mean"] / (count * float(self.shape)) * rng.chisquare(1, replicates)
        x = 2 / (2 + y + np.sqrt(y * (y + 4)))  # in units of the mean
        other = rng.random(replicates) * (1 + x) > 1
        return Sums(size, np.where(np.asarray(size) > 0, mean * np.where(other, 1 / x, x), 0.0))

    def log_density(self, model: Model, points: Any) -> Any:
        own, mean = float(self.shape), column(model["mean"])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.where(points > 0, points, np.nan)
            logs = 0.5 * np.log(own / (2 * np.pi * x**3)) - own * (x / mean - 1) ** 2 / (2 * x)
        return np.where(points > 0, logs, -np.inf)

    def divergence(self, model: Model) -> Any:
        """a (m - m₀)²/(2 m₀ m²)."""
        real = float(self.middle())
        return float(self.shape) / (2 * real) * (1 - real / model["mean"]) ** 2

    def entropy(self) -> float:
        """½ [1 + log(2π/a)] + 3/2 [log m₀ - e^c E₁(c)], c = 2a/m₀."""
        from scipy.special import hyperu

        own, real = float(self.shape), float(self.middle())
        log = np.log(real) - hyperu(1, 1, 2 * own / real)
        return float(0.5 * (1 + np.log(2 * np.pi / own)) + 1.5 * log)

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        return self._below(model["mean"], low) + 1 - self._below(model["mean"], high)

    def _below(self, mean: Any, x: Any) -> Any:
        """P(X ≤ x) = Φ(√(a/x) (x/m - 1)) + e^{2a/m} Φ(-√(a/x) (x/m + 1))."""
        from scipy.special import log_ndtr, ndtr

        own, inside = float(self.shape), (np.asarray(x) > 0) & np.isfinite(x)
        positive = np.asarray(x) > 0
        x = np.where(inside, x, 1.0)
        root = np.sqrt(own / x)
        second = np.exp(2 * own / mean + log_ndtr(-root * (x / mean + 1)))
        return np.where(inside, ndtr(root * (x / mean - 1)) + second, positive)
