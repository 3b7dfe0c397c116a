"""The unbiased variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..families.base import require_spread
from .base import Estimator


@dataclass(frozen=True)
class Bessel(Estimator):
    """The mean and the unbiased variance, which divides by n - 1 (``ddof=1``); needs n of 2."""

    smallest: ClassVar[int] = 2

    def check(self, loop: Any) -> None:
        require_spread(loop.family)
        super().check(loop)

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        count = statistics.count
        scaled: dict[str, Any] = family.scaled(family.match(statistics), count / (count - 1))
        return scaled

    def atoms(self, size: Any, family: Any) -> dict[str, Any]:
        return {"bessel": size / (size - 1)}

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        coordinates: dict[str, Any] = family.dilated(family.claim_match(means), at.bessel)
        return coordinates

    def matched(self, family: Any, state: Mapping[str, Any], at: Any) -> dict[str, Any]:
        coordinates: dict[str, Any] = family.dilated(state, 1 / at.bessel)
        return coordinates
