"""The median over replicates."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .base import Combination, Observable, VarianceQuantile


@dataclass(frozen=True)
class Median(Observable):
    """The median over replicates of another observable ``of``: what a typical run shows.

    Where ``of`` is an increasing function of σ² alone, its median is that function of the
    median of σ².
    """

    of: Observable
    probability: ClassVar[float] = 0.5

    @property
    def label(self) -> str:
        return f"median {self.of.label}"

    def check(self, family: Any) -> None:
        self.of.check(family)

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        simpler, observable = self.of.reduced(loop)
        return simpler, Median(observable)

    def seen(self, rows: Any) -> Any:
        return self.of.seen(rows)

    def measure(self, family: Any, model: Any) -> Any:
        return self.of.measure(family, model)

    def scale(self, family: Any, values: Any) -> Any:
        return self.of.scale(family, values)

    def claim(self, family: Any) -> Combination | None:
        if self.of.given_variance(family, np.float64(1.0)) is None:
            return None
        transform = partial(self.of.given_variance, family)
        return Combination(((1.0, VarianceQuantile(self.probability)),), transform)
