"""How many real points a model comes near."""

from dataclasses import dataclass
from typing import ClassVar

from ._manifolds import OfManifolds


@dataclass(frozen=True)
class Coverage(OfManifolds):
    """The share of real points whose own ball holds a point of the model (Naeem et al. 2020).

    A ball reaches to the ``k``-th nearest other real point.  Where the model is the real law,
    it is about 1 - 2⁻ᵏ for samples of one size.
    """

    word: ClassVar[str] = "coverage"
