"""The sliced Wasserstein distance of order two."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..numerics.manifolds import directions
from ..symbols import whole
from ._on_data import AgainstReal


@dataclass(frozen=True)
class SlicedWasserstein(AgainstReal):
    """√(mean over directions u of W₂²(u·output, u·real)) (Bonneel et al. 2015).

    The ``directions`` are always the same: in a plane so many even angles (in one dimension there
    is one).  It is a distance of two samples and not 0 between two samples of one law: hold it
    against its value at g = 0.
    """

    directions: int = 64
    structure: ClassVar[tuple[str, ...]] = ("directions",)

    def __post_init__(self) -> None:
        self._set(directions=whole(self.directions, "directions", 1))

    @property
    def label(self) -> str:
        return f"sliced Wasserstein distance ({self.directions} directions)"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return np.sqrt(data.transport(directions(family.dimension, self.directions)))
