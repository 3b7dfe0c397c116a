"""The mass that a model gives to the real law's tails."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS, InputError
from .base import NUMBER, Combination, Observable, Tail


@dataclass(frozen=True)
class TailMass(Observable):
    """P(|X - c| > t σ₀) for a point X of the model.

    ``t`` is the threshold in real standard deviations; ``about`` is ``"model"`` (c = μ, the
    model's own mean) or ``"real"`` (c = μ₀).
    """

    t: float = 3.0
    about: str = "model"
    wants: ClassVar[str] = NUMBER

    def __post_init__(self) -> None:
        PARAMETERS["t"].check(self.t)
        if self.about not in ("model", "real"):
            raise InputError(f"about must be 'model' or 'real', got {self.about!r}")

    @property
    def label(self) -> str:
        return f"tail mass beyond {self.t:g} about the {self.about} mean"

    def measure(self, family: Any, model: Any) -> Any:
        truth = family.as_model()
        t = self.t * np.sqrt(family.variance_of(truth))
        center = family.mean_of(truth if self.about == "real" else model)
        return family.outside(model, center - t, center + t)

    def claim(self, family: Any) -> Combination | None:
        if not family.spread:
            return None
        return Combination(((1.0, Tail(float(self.t), self.about)),))

    def given_variance(self, family: Any, variance: Any) -> Any:
        if self.about == "real" or not family.spread:
            return None
        return self.measure(family, {"mean": float(family.mean), "variance": variance})
