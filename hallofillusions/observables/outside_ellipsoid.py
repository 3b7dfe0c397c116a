"""The mass that a model puts outside the real law's ellipsoid."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import InputError, as_number
from .base import COVARIANCE, Observable

NODES = 24
"""Nodes of the contour: the error of the rule is about 10^(-0.6 NODES), which is near rounding."""


@dataclass(frozen=True)
class OutsideEllipsoid(Observable):
    """P((X-μ₀)ᵀ Σ₀⁻¹ (X-μ₀) > r) for a point X of the model; a real point is outside with 1 - q.

    ``q`` in (0, 1) is the real mass inside, so r is the q-quantile of χ²_d.  The squared distance
    of X is Σ λ_j (Z_j + b_j)² with λ the eigenvalues of the whitened covariance; its law is
    inverted from its Laplace transform Π (1+2λ_j p)^-½ exp(-λ_j b_j² p/(1+2λ_j p)), whose
    singularities all lie on the negative axis, along Talbot's contour.
    """

    q: float = 0.99
    wants: ClassVar[str] = COVARIANCE

    def __post_init__(self) -> None:
        if not 0 < as_number(self.q, "q", "a number in (0, 1)") < 1:
            raise InputError(f"q must be a number in (0, 1), got {self.q!r}")

    @property
    def label(self) -> str:
        return f"mass outside the real {100 * self.q:g} % ellipsoid"

    def measure(self, family: Any, model: Any) -> Any:
        from scipy.special import gammaincinv

        d = family.dimension
        radius = 2 * gammaincinv(d / 2, self.q)
        values, shifts = family.spectrum(model)
        return 1 - _inside(values, shifts, radius)


def _inside(values: Any, shifts: Any, radius: float) -> Any:
    """P(squared distance < radius), by Talbot's contour as Trefethen, Weideman & Schmelzer (2006)
    optimised it: p = N/r (0.5017 θ cot 0.6407θ - 0.6122 + 0.2645iθ)."""
    theta = (2 * np.arange(NODES // 2) + 1) * np.pi / NODES  # the upper half; the lower is conjugate
    cot = 1 / np.tan(0.6407 * theta)
    p = NODES / radius * (0.5017 * theta * cot - 0.6122 + 0.2645j * theta)
    bend = 0.6407 * theta / np.sin(0.6407 * theta) ** 2
    slope = NODES / radius * (0.5017 * (cot - bend) + 0.2645j)
    total = np.zeros(values.shape[:-1])
    for node, weight in zip(p, slope * np.exp(p * radius) / p, strict=True):
        width = 1 + 2 * values * node
        log = -0.5 * np.log(width) - shifts * node / width
        total += (weight * np.exp(log.sum(axis=-1))).imag
    return np.clip(2 * total / NODES, 0.0, 1.0)
