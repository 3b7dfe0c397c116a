"""The mass that a model puts outside the real law's ellipsoid."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from ..symbols import InputError, as_number
from .base import CLOUD, Observable

NODES, BISECTIONS = 32, 36
"""Nodes of the contour, and steps to its saddle point."""
LEAN, DECAY, REACH = 0.5, 40.0, 3.0
"""How much the contour leans to the right, the exponent by which it has fallen at its end, and
how far it goes at least: a narrow model has a normal Q, for which it falls by
(sinh² u - LEAN² (cosh u - 1)²)/2."""


@dataclass(frozen=True)
class OutsideEllipsoid(Observable):
    """P((X-μ₀)ᵀ Σ₀⁻¹ (X-μ₀) > r) for a point X of the model; a real point is outside with 1 - q.

    ``q`` in (0, 1) is the real mass inside, so r is the q-quantile of χ²_d.  The squared distance
    of X is Q = Σ (√λ_j Z_j + a_j)², with λ the eigenvalues of the whitened covariance and a the
    shift along its axes; its law is inverted from its cumulant generating function.  For a mixture
    μ₀ and Σ₀ are the real law's total moments, Q is so for each component, and r solves
    P(real Q > r) = 1 - q.
    """

    q: float = 0.99
    wants: ClassVar[str] = CLOUD

    def __post_init__(self) -> None:
        if not 0 < as_number(self.q, "q", "a number in (0, 1)") < 1:
            raise InputError(f"q must be a number in (0, 1), got {self.q!r}")

    @property
    def label(self) -> str:
        return f"mass outside the real {100 * self.q:g} % ellipsoid"

    def measure(self, family: Any, model: Any) -> Any:
        weights, values, shifts = family.spectra(model)
        return mass_outside(weights, values, shifts, radius_of(family, self.q))

    def suits(self, family: Any) -> bool:
        return super().suits(family) and family.of_gaussians


@lru_cache(maxsize=64)
def radius_of(family: Any, q: float) -> float:
    """The q-quantile of the real squared distance; its mean is d, so r < d/(1 - q) (Markov)."""
    from scipy.optimize import brentq
    from scipy.special import gammaincinv

    d, (weights, values, shifts) = family.dimension, family.spectra(family.as_model())
    if len(weights) == 1:
        return float(2 * gammaincinv(d / 2, q))

    def excess(log_radius: float) -> float:
        with np.errstate(all="ignore"):
            return float(weights @ outside(values, shifts, np.exp(log_radius))) - (1 - q)

    high = np.log(d / (1 - q))
    low = next(high - step for step in range(1, 10_000) if excess(high - step) > 0)
    return float(np.exp(brentq(excess, low, high, xtol=1e-14)))


def mass_outside(weights: Any, values: Any, shifts: Any, radius: float) -> Any:
    """`outside` of every component by its weight (``weights`` (…, K), the rest (…, K, d)).

    One component after the other: the nodes of all would not fit.
    """
    total: Any = 0.0
    with np.errstate(all="ignore"):  # at the ends of the bisection
        for k in range(weights.shape[-1]):
            weight, mass = weights[..., k], outside(values[..., k, :], shifts[..., k, :], radius)
            total = total + np.where(weight > 0, weight * mass, 0.0)
    return total


def outside(values: Any, shifts: Any, radius: float) -> Any:
    """P(Q > radius) for Q = Σ (√λ_j Z_j + a_j)², λ = ``values`` and a² = ``shifts`` (last axis).

    1/2πi ∫ e^{K(s) - s r} ds/s over the line through the saddle point of the integrand: the one
    above 0 gives P(Q > r), the one below -P(Q < r), and the smaller is computed.
    """
    values = np.maximum(values, 1e-14 * radius)[..., None, :]
    shifts = shifts[..., None, :]
    above = radius > (values + shifts).sum(axis=(-1, -2))
    s = _saddle(values, shifts, radius, above)
    width = 1 - 2 * values * s[..., None, None]
    bend = (2 * values**2 / width**2 + 4 * values * shifts / width**3).sum(axis=(-1, -2))
    scale = 1 / np.sqrt(bend + 1 / s**2)
    # the hyperbola opens to the right, where e^{-sr} falls; far enough out it is below rounding
    end = np.maximum(np.arccosh(1 + DECAY / (LEAN * scale * radius)), REACH)[..., None]
    u = (np.arange(NODES) + 0.5) / NODES * end
    node = s[..., None] + scale[..., None] * (1j * np.sinh(u) + LEAN * (np.cosh(u) - 1))
    slope = scale[..., None] * (1j * np.cosh(u) + LEAN * np.sinh(u))
    height = _cumulants(values, shifts, node) - node * radius
    half = (np.exp(height) * slope / node).imag.sum(axis=-1)
    mass = np.clip(np.abs(half) * end[..., 0] / (NODES * np.pi), 0.0, 1.0)
    return np.where(above, mass, 1 - mass)


def _cumulants(values: Any, shifts: Any, s: Any) -> Any:
    """K(s) = log E e^{sQ} = Σ -½ log(1 - 2λ_j s) + a_j² s/(1 - 2λ_j s)."""
    width = 1 - 2 * values * s[..., None]
    return (-0.5 * np.log(width) + shifts * s[..., None] / width).sum(axis=-1)


def _saddle(values: Any, shifts: Any, radius: float, above: Any) -> Any:
    """Where K'(s) - 1/s = r, on the side of 0 that ``above`` says, by bisection."""
    last = 0.5 / values.max(axis=(-1, -2))
    low, high = np.full(last.shape, -60.0), np.full(last.shape, 60.0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        s = np.where(above, last / (1 + np.exp(-middle)), -np.exp(-middle) * last)
        width = 1 - 2 * values * s[..., None, None]
        slope = (values / width + shifts / width**2).sum(axis=(-1, -2)) - 1 / s
        low, high = np.where(slope < radius, middle, low), np.where(slope < radius, high, middle)
    return s
