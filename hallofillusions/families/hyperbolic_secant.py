"""The generalized hyperbolic secant family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS, is_symbolic, whole
from ._natural import NaturalFamily
from .base import Model
from .gaussian import column

NODES = 72
"""Nodes of the double-exponential rule that integrates a tail; it errs by less than 1e-8."""
FAR = 200.0
"""Beyond it a tail is its leading term, to the last digit."""


@dataclass(frozen=True)
class HyperbolicSecant(NaturalFamily):
    """The sum of a tilted hyperbolic secants, V(m) = a + m²/a: the real law and its models' form.

    ========== ============ ==========================================================
    mean       μ₀           a real number or symbol
    shape      a            known: a whole number above 0 or a symbol
    ========== ============ ==========================================================

    One summand has the density cos θ e^{θx} sech(πx/2)/2 with tan θ = m/a.
    """

    mean: Any = 0
    shape: Any = 1

    symbols: ClassVar[dict[str, str]] = {"mean": "mu_0"}

    def __post_init__(self) -> None:
        mean, shape = PARAMETERS["mu_0"].check(self.mean, "mean"), self.shape
        checked = PARAMETERS["shape"].check(shape) if is_symbolic(shape) else shape
        self._set(mean=mean, shape=checked if is_symbolic(shape) else whole(shape, "shape", 1))

    def atoms(self) -> dict[str, Any]:
        return {"inverse_shape": 1 / self.shape}

    def curve(self) -> Sequence[Any]:
        return self.at.shape, 0, self.at.inverse_shape

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        """Each summand is (1/π) log(B/(1-B)), B of the law Beta(½+θ/π, ½-θ/π).

        The log of a gamma variable of shape a is that of shape a + 1 less E/a, E exponential:
        it cannot underflow, however far the mean has gone.
        """
        total = np.zeros(shape)
        for _ in range(int(self.shape)):
            for a, sign in zip(self._beta(column(model["mean"])), (1, -1), strict=True):
                log = np.log(rng.standard_gamma(a + 1, shape))
                total += sign * (log - rng.standard_exponential(shape) / a)
        return total / np.pi

    def _beta(self, mean: Any) -> tuple[Any, Any]:
        """½ ± θ/π, without cancellation: angles of (a, ∓m)."""
        own = float(self.shape)
        return np.arctan2(own, -mean) / np.pi, np.arctan2(own, mean) / np.pi

    def log_density(self, model: Model, points: Any) -> Any:
        r"""a log cos θ + θx + log[2^{a-2} |Γ((a+ix)/2)|² / π Γ(a)]."""
        from scipy.special import gammaln

        own, mean = int(self.shape), column(model["mean"])
        tilt = np.arctan(mean / own) * points - own * np.log(np.hypot(1, mean / own))
        constant = (own - 2) * np.log(2) - np.log(np.pi) - gammaln(own)
        return log_gamma_squared(own, np.asarray(points) / 2) + tilt + constant

    def divergence(self, model: Model) -> Any:
        """(θ₀-θ) μ₀ + (a/2) log[(1 + m²/a²)/(1 + μ₀²/a²)]."""
        own, real = float(self.shape), float(self.middle())
        angle = np.arctan2(own * (real - model["mean"]), own**2 + real * model["mean"])
        return angle * real + own * np.log(np.hypot(own, model["mean"]) / np.hypot(own, real))

    @cached_property
    def _entropy(self) -> float:
        from scipy.integrate import quad

        law, center = self.as_model(), float(self.middle())
        scale = float(self.variance_of(law)) ** 0.5

        def lost(z: float) -> float:
            log = float(self.log_density(law, center + scale * z))
            return -log * np.exp(log) * scale

        return float(sum(quad(lost, a, b, limit=200)[0] for a, b in ((-np.inf, 0), (0, np.inf))))

    def entropy(self) -> float:
        """-∫ p log p, by quadrature."""
        return self._entropy

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        mean, low, high = np.broadcast_arrays(model["mean"], low, high)
        return self._above(mean, high) + self._above(-mean, -low)

    def _above(self, mean: Any, x: Any) -> Any:
        """P(X > x), from the tail on x's own side of 0, across which the density has a bend."""
        side = np.where(x < 0, -1.0, 1.0)
        tail = self._single if int(self.shape) == 1 else self._tail
        mass = tail(side * mean, np.where(np.isfinite(x), side * x, 0.0))
        mass = np.where(np.isfinite(x), mass, 0.0)
        return np.where(side > 0, mass, 1 - mass)

    def _single(self, mean: Any, x: Any) -> Any:
        """P(X > x), x ≥ 0, for one summand: an incomplete beta function, or its leading term."""
        from scipy.special import betainc, expit

        a, b = self._beta(mean)
        far = np.sinc(b) * np.exp(-np.pi * b * x)  # the rest is exp(-πx) of it
        return np.where(x > FAR, far, betainc(b, a, expit(-np.pi * np.minimum(x, FAR))))

    def _tail(self, mean: Any, x: Any) -> Any:
        """P(X > x), x ≥ 0: the integral over t of the density at x + t, t = s exp(π/2 sinh u)."""
        u, step = np.linspace(-3.8, 2.6, NODES, retstep=True)
        t = np.exp(np.pi / 2 * np.sinh(u))
        weight = step * t * np.pi / 2 * np.cosh(u)
        scale = np.maximum(mean - x, 0) + np.sqrt(self.variance_of({"mean": mean}))
        total = np.zeros(mean.shape)
        for at, share in zip(t, weight, strict=True):  # one node at a time stays in the cache
            points = (x + scale * at)[..., None]
            total += share * np.exp(self.log_density({"mean": mean}, points)[..., 0])
        return total * scale


def log_gamma_squared(a: int, y: Any) -> Any:
    """log |Γ(a/2 + iy)|² by its recursion from |Γ(½+iy)|² = π sech πy or |Γ(1+iy)|² = πy csch πy.

    It is ten times as fast as a complex gamma function.
    """
    u = np.pi * np.abs(y)
    if a % 2:
        logs = np.log(2 * np.pi) - u - np.log1p(np.exp(-2 * u))
    else:
        safe = np.maximum(u, 1e-8)  # below it, u/sinh u is 1 to the last digit
        logs = np.log(2 * safe) - safe - np.log(-np.expm1(-2 * safe))
    squares = np.square(y)
    for k in range(1, (a + 1) // 2):
        logs = logs + np.log((k - 0.5 * (a % 2)) ** 2 + squares)
    return logs
