"""The unbiased variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Estimator


@dataclass(frozen=True)
class Bessel(Estimator):
    """The mean and the unbiased variance, which divides by n - 1 (``ddof=1``); needs n of 2."""

    smallest: ClassVar[int] = 2

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        model = family.match(statistics)
        variance = statistics.scatter / (statistics.count - 1)
        return {**model, "variance": variance}

    def atoms(self, size: Any) -> dict[str, Any]:
        return {"bessel": size / (size - 1)}

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        coordinates = family.claim_match(means)
        return {**coordinates, "v": at.bessel * coordinates["v"]}
