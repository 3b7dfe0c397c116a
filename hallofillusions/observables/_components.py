"""What observables of one component of a mixture share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..estimators.known_labels import KnownLabels
from ..families._second_moments import whitening
from ..symbols import InputError, whole
from .base import MIXTURE, Combination, Observable, OfComponent


@dataclass(frozen=True)
class OfOneComponent(Observable):
    """A number of the component that counts ``component`` from 1: 0 where it is lost."""

    component: int = 1
    structure: ClassVar[tuple[str, ...]] = ("component",)
    wants: ClassVar[str] = MIXTURE

    def __post_init__(self) -> None:
        self._set(component=whole(self.component, "component", 1))

    def check(self, family: Any) -> None:
        super().check(family)
        if self.component > family.K:
            raise InputError(f"component must be at most {family.K}, got {self.component}")

    def alive(self, model: Any, value: Any) -> Any:
        """The value where the component has weight, else 0."""
        return np.where(model["weight"][..., self.component - 1] > 0, value, 0.0)

    def whitening(self, family: Any) -> Any:
        """W with W Σ_k⁰ Wᵀ = 1 for the real component."""
        return whitening(family.parameters()["covariance"][self.component - 1])

    def functional(self, loop: Any, what: str) -> Combination | None:
        """The claim about it, which known labels alone make."""
        if not isinstance(loop.estimator, KnownLabels):
            return None
        return Combination(((1.0, OfComponent(self.component, what)),))


def labels_of(loop: Any, observable: Observable, inner: Observable) -> tuple[Any, Observable]:
    """The loop of the labels and what stands there for the observable, with known labels."""
    known = isinstance(loop.estimator, KnownLabels) and loop.family.latent
    return (loop.labels, inner) if known else (loop, observable)
