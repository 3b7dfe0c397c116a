"""The negative binomial family of a known number of failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS
from ._natural import CountFamily, Sums, on_lattice
from .base import Model
from .gaussian import column


@dataclass(frozen=True)
class NegativeBinomial(CountFamily):
    """Successes before the r-th failure, V(m) = m + m²/r: the real law and the form of the models.

    ========== ============ ==========================================================
    mean       m₀           a number of at least 0 or a symbol
    failures   r            known: a number above 0 or a symbol (1: geometric)
    ========== ============ ==========================================================
    """

    mean: Any = 1
    failures: Any = 3

    symbols: ClassVar[dict[str, str]] = {"mean": "m_0"}

    def __post_init__(self) -> None:
        self._set(
            mean=PARAMETERS["m_0"].check(self.mean, "mean"),
            failures=PARAMETERS["failures"].check(self.failures),
        )

    def atoms(self) -> dict[str, Any]:
        return {"inverse_failures": 1 / self.failures}

    def curve(self) -> Sequence[Any]:
        return 0, 1, self.at.inverse_failures

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        r = float(self.failures)
        return rng.negative_binomial(r, r / (r + column(model["mean"])), shape).astype(float)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of ``size`` points is Poisson, its mean a gamma variable of shape ``size`` r."""
        r = float(self.failures)
        rate = rng.standard_gamma(r * size, replicates) * (model["mean"] / r)
        return Sums(size, rng.poisson(rate).astype(float))

    def log_density(self, model: Model, points: Any) -> Any:
        from scipy.special import gammaln, xlogy

        r, mean, x = float(self.failures), column(model["mean"]), abs(points)
        ways = gammaln(x + r) - gammaln(r) - gammaln(x + 1)
        logs = ways + xlogy(x, mean / (r + mean)) - r * np.log1p(mean / r)
        return on_lattice(points, logs)

    def divergence(self, model: Model) -> Any:
        """m₀ log(m₀/m) - (m₀+r) log((m₀+r)/(m+r))."""
        from scipy.special import rel_entr

        r, real = float(self.failures), float(self.middle())
        return rel_entr(real, model["mean"]) - rel_entr(real + r, model["mean"] + r)

    def reach(self, mean: Any, k: Any) -> tuple[Any, Any]:
        from scipy.special import betainc

        r = float(self.failures)
        return betainc(k, r, mean / (mean + r)), betainc(r, k, r / (mean + r))
