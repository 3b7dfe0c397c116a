"""What an observable sees along one direction."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import InputError, as_number
from .base import CLOUD, Combination, Monomial, Observable


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
    wants: ClassVar[str] = CLOUD

    def __post_init__(self) -> None:
        if isinstance(self.direction, str) or not np.ndim(self.direction):
            raise InputError(f"direction must be d numbers, got {self.direction!r}")
        u = tuple(as_number(x, "direction") for x in self.direction)
        if not isinstance(self.observable, Observable):
            raise InputError(f"observable must be an Observable, got {self.observable!r}")
        if self.observable.sees:
            raise InputError(
                f"observable must be measured on the model alone, got {self.observable!r}"
            )
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
        return self.observable.measure(family.along(u), family.seen_along(model, u))

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        if self.claim(loop.family) is None:
            return loop, self
        return loop.along(self.direction), self.observable

    def seen(self, rows: Any) -> Any:
        rows = np.asarray(rows)[:, : len(self.direction)]
        return rows @ np.array(self.direction)

    def claim(self, family: Any) -> Combination | None:
        claim = self.observable.claim(family.along(self.direction))
        if claim is None or not family.latent:
            return claim
        # along u a mixture is one of another fit: only its total moments are those of a loop
        return claim if all(isinstance(f, Monomial) for _, f in claim.terms) else None

    def scale(self, family: Any, values: Any) -> Any:
        return self.observable.scale(family.along(self.direction), values)
