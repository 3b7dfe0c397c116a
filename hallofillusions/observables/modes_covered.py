"""How many modes of the real law a model still speaks of."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._modes import OfModes


@dataclass(frozen=True)
class ModesCovered(OfModes):
    """The number of real components to which at least one of n points of the model belongs.

    A point belongs to the component that it is nearest to, if it lies within ``radius`` standard
    deviations of it (Srivastava et al. 2017 and the field since: 3).  Distances are Mahalanobis
    distances in the real components.
    """

    @property
    def label(self) -> str:
        return f"modes covered within {self.radius:g} standard deviations"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        mode, good = self.nearest(family, data.values)
        covered = [np.any(good & (mode == k), axis=-1) for k in range(family.K)]
        return np.sum(covered, axis=0).astype(float)
