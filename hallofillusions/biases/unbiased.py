"""Faithful sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base import SamplingBias


@dataclass(frozen=True)
class Unbiased(SamplingBias):
    """Synthetic points are drawn from the model as it is."""

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        return family.draw(model, shape, rng)

    def draw_statistics(self, family: Any, model: Any, replicates: int, size: Any, rng: Any) -> Any:
        return family.draw_statistics(model, replicates, size, rng)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, state)

    def reweighed(self, probabilities: Any) -> Any:
        return probabilities
