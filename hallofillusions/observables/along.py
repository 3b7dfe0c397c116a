"""What an observable sees along one direction."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import InputError, as_number
from .base import COVARIANCE, Combination, Observable


@dataclass(frozen=True)
class Along(Observable):
    """A one-dimensional observable of u·X, for a point X of the model in d dimensions.

    ``direction`` is u, d numbers that are not all 0; ``observable`` is what is measured on the
    Gaussian u·X, such as ``Variance()`` (uᵀΣu) or ``TailMass(3)``, whose units are those of the
    real law along u.  The loop along u is a one-dimensional loop, so every law of one dimension
    holds for it.
    """

    direction: Any
    observable: Observable
    wants: ClassVar[str] = COVARIANCE

    def __post_init__(self) -> None:
        if isinstance(self.direction, str) or not np.ndim(self.direction):
            raise InputError(f"direction must be d numbers, got {self.direction!r}")
        u = tuple(as_number(x, "direction") for x in self.direction)
        if not isinstance(self.observable, Observable):
            raise InputError(f"observable must be an Observable, got {self.observable!r}")
        if not any(u):
            raise InputError("direction must be numbers that are not all 0, got only 0")
        self._set(direction=u)

    @property
    def label(self) -> str:
        return f"{self.observable.label} along ({', '.join(f'{x:g}' for x in self.direction)})"

    def suits(self, family: Any) -> bool:
        fits = 1 < len(self.direction) == family.dimension
        return fits and super().suits(family)

    def check(self, family: Any) -> None:
        if len(self.direction) != family.dimension or family.dimension == 1:
            raise InputError(
                f"direction must be as many numbers as the family has dimensions, at least 2, got "
                f"{len(self.direction)} for {family}"
            )
        super().check(family)
        self.observable.check(family.along(self.direction))

    def measure(self, family: Any, model: Any) -> Any:
        u = np.array(self.direction)
        variance = np.einsum("i,...ij,j->...", u, model["variance"], u)
        seen = {"mean": model["mean"] @ u, "variance": np.maximum(variance, 0.0)}
        return self.observable.measure(family.along(u), seen)

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        return loop.along(self.direction), self.observable

    def claim(self, family: Any) -> Combination | None:
        return self.observable.claim(family.along(self.direction))

    def scale(self, family: Any, values: Any) -> Any:
        return self.observable.scale(family.along(self.direction), values)
