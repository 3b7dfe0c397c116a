"""How densely real points surround what a model says."""

from dataclasses import dataclass
from typing import ClassVar

from ._manifolds import OfManifolds


@dataclass(frozen=True)
class Density(OfManifolds):
    """In how many balls of real points a point of the model lies, over ``k`` (Naeem et al. 2020).

    A ball reaches to the k-th nearest other real point.  The mean is 1 where the model is the
    real law, and above 1 where its points crowd where real ones are dense.
    """

    word: ClassVar[str] = "density"
