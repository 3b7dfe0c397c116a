"""What observables of the modes of a mixture share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..families._second_moments import whitening
from ..symbols import InputError, as_number
from ._on_data import OnData
from .base import MIXTURE


@dataclass(frozen=True)
class OfModes(OnData):
    """A number of the model's own points and the modes, which are the real components' means.

    A point is as far from a mode as its Mahalanobis distance √((x - μ_k)ᵀ Σ_k⁻¹ (x - μ_k)) in the
    real component says, and belongs to the mode that it is nearest to.
    """

    radius: float = 3.0
    sees: ClassVar[str] = "output"
    wants: ClassVar[str] = MIXTURE

    def __post_init__(self) -> None:
        radius = as_number(self.radius, "radius", "a number above 0")
        if radius <= 0:
            raise InputError(f"radius must be a number above 0, got {self.radius!r}")

    def nearest(self, family: Any, points: Any) -> tuple[Any, Any]:
        """The mode of every point (…, size), and whether the point is within the radius of it."""
        real = family.parameters()
        mode = np.zeros(points.shape[:-1], np.int64)
        least = np.full(points.shape[:-1], np.inf)
        pairs = zip(whitening(real["covariance"]), real["mean"], strict=True)
        for k, (W, mean) in enumerate(pairs):
            square = (((points - mean) @ W.T) ** 2).sum(axis=-1)
            mode[square < least] = k
            least = np.minimum(least, square)
        return mode, least <= self.radius**2
