"""Maximum likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base import Estimator


@dataclass(frozen=True)
class MaximumLikelihood(Estimator):
    """The fit that matches the training set's moments: the variance divides by n (``ddof=0``)."""

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        model: dict[str, Any] = family.match(statistics)
        return model

    def atoms(self, size: Any, family: Any) -> dict[str, Any]:
        found: dict[str, Any] = family.fit_atoms(size)
        return found

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        coordinates: dict[str, Any] = family.claim_fit(means, at)
        return coordinates

    def matched(self, family: Any, state: Mapping[str, Any], at: Any) -> dict[str, Any]:
        return dict(state)
