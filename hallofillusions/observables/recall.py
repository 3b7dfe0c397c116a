"""How much of what is real a model could say."""

from dataclasses import dataclass
from typing import ClassVar

from ._manifolds import OfManifolds


@dataclass(frozen=True)
class Recall(OfManifolds):
    """The share of real points that lie in a ball of one of the model's own points.

    "Improved recall" (Kynkäänniemi et al. 2019): a ball reaches to the ``k``-th nearest other
    point of the model.  It is 0 once all its points are the same; see `Coverage`.
    """

    word: ClassVar[str] = "recall"
