"""Sampling of the most probable types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..families.base import require_types
from ..symbols import PARAMETERS
from ._types import drawn, no_polynomial, ranks, renormalised
from .base import SamplingBias


@dataclass(frozen=True)
class TopK(SamplingBias):
    """Synthetic points are of the k most probable types of the model; all others are rejected.

    ``k`` is a whole number at least 1, or a symbol.  Of equally probable types the first in
    order are kept.  In a sequence the types are those that may come next.
    """

    k: Any = 40

    symbols: ClassVar[dict[str, str]] = {"k": "k_0"}

    def __post_init__(self) -> None:
        self._set(k=PARAMETERS["k_0"].check(self.k, "k"))

    def check(self, family: Any) -> None:
        require_types(family)

    def closes(self, family: Any) -> bool:
        return False

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        return drawn(self, family, model, shape, rng, lambda q: ranks(q) < self.k)

    def reweighed(self, probabilities: Any) -> Any:
        return renormalised(probabilities, ranks(probabilities) < self.k)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        raise no_polynomial(self)
