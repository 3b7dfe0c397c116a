"""MAD's sampling bias: the covariance of the sampler is scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..families.base import require_spread
from ..symbols import PARAMETERS
from .base import SamplingBias


@dataclass(frozen=True)
class ScaleCovariance(SamplingBias):
    """Synthetic points come from N(μ, λσ²) (Alemohammad et al. 2023, section 3.1).

    ``lam`` is λ, a number above 0 or a symbol; λ < 1 trades diversity for quality.
    Each point is drawn from the model and pulled towards the model's mean by √λ.
    """

    lam: Any = 1

    symbols: ClassVar[dict[str, str]] = {"lam": "lam"}

    def __post_init__(self) -> None:
        self._set(lam=PARAMETERS["lam"].check(self.lam))

    def check(self, family: Any) -> None:
        require_spread(family)

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        points = family.draw(model, shape, rng)
        center = family.center_of(model)
        points -= center
        points *= np.sqrt(float(self.lam))
        points += center
        return points

    def draw_statistics(self, family: Any, model: Any, replicates: int, size: Any, rng: Any) -> Any:
        scaled = family.scaled(model, float(self.lam))
        return family.draw_statistics(scaled, replicates, size, rng)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, family.dilated(state, self.lam))
