"""How much of what a model says could be real."""

from dataclasses import dataclass
from typing import ClassVar

from ._manifolds import OfManifolds


@dataclass(frozen=True)
class Precision(OfManifolds):
    """The share of the model's own points that lie in a ball of a real point.

    "Improved precision" (Kynkäänniemi et al. 2019): a ball reaches to the ``k``-th nearest other
    real point.  One outlier of the real sample has a wide ball, so that noise may count as real;
    see `Density`.
    """

    word: ClassVar[str] = "precision"
