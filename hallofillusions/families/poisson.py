"""The Poisson family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import PARAMETERS
from ._natural import CountFamily, Sums, on_lattice
from .base import Model
from .gaussian import column


@dataclass(frozen=True)
class Poisson(CountFamily):
    """The Poisson law with V(m) = m, the real law of the loop and the form of its models.

    ========== ============ ==========================================================
    mean       m₀           a number of at least 0 or a symbol
    ========== ============ ==========================================================
    """

    mean: Any = 1

    symbols: ClassVar[dict[str, str]] = {"mean": "m_0"}

    def __post_init__(self) -> None:
        self._set(mean=PARAMETERS["m_0"].check(self.mean, "mean"))

    def curve(self) -> Sequence[Any]:
        return 0, 1, 0

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        return rng.poisson(column(model["mean"]), shape).astype(float)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of ``size`` points is Poisson of mean ``size`` m."""
        return Sums(size, rng.poisson(size * model["mean"], replicates).astype(float))

    def log_density(self, model: Model, points: Any) -> Any:
        from scipy.special import gammaln, xlogy

        mean, x = column(model["mean"]), abs(points)
        return on_lattice(points, xlogy(x, mean) - mean - gammaln(x + 1))

    def divergence(self, model: Model) -> Any:
        """m₀ log(m₀/m) - m₀ + m."""
        from scipy.special import kl_div

        return kl_div(float(self.mean), model["mean"])

    def reach(self, mean: Any, k: Any) -> tuple[Any, Any]:
        from scipy.special import gammainc, gammaincc

        return gammainc(k, mean), gammaincc(k, mean)
