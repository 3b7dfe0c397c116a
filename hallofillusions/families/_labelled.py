"""Points of several components, and what of them is enough for a fit with known labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..numerics.mixtures import between, by_label, total_mean
from ..symbols import InputError
from .multivariate_gaussian import outer


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """Points (replicates, size, d + 1), the last column their labels; ``+`` is the union.

    ``counts`` (size) are how often each point counts.
    """

    points: Any
    counts: Any

    @property
    def values(self) -> Any:
        """The points without their labels."""
        return self.points[..., :-1]

    def labels(self) -> Any:
        """The labels, or an `InputError` where a point has none."""
        return label_column(self.points)

    def by_component(self, K: int) -> LabelledStatistics:
        """What is enough for a fit with known labels."""
        return LabelledStatistics(*by_label(self.values, self.labels(), self.counts, K))


@dataclass(frozen=True, eq=False)
class LabelledStatistics:
    """Size (…, K), mean (…, K, d) and scatter (…, K, d, d) of the points of each component."""

    size: Any
    mean: Any
    scatter: Any

    @property
    def count(self) -> Any:
        """All points of each replicate."""
        return self.size.sum(axis=-1)

    def __add__(self, other: LabelledStatistics) -> LabelledStatistics:
        size = self.size + other.size
        share = other.size / np.maximum(size, 1e-300)
        gap = other.mean - self.mean
        spread = (self.size * share)[..., None, None] * outer(gap, gap)
        return LabelledStatistics(
            size, self.mean + share[..., None] * gap, self.scatter + other.scatter + spread
        )

    def weighted(self, factor: float) -> LabelledStatistics:
        """The same points, each of which counts ``factor`` times."""
        return replace(self, size=self.size * factor, scatter=self.scatter * factor)

    def rows(self) -> list[LabelledStatistics]:
        """The samples along axis 0."""
        parts = zip(self.size, self.mean, self.scatter, strict=True)
        return [LabelledStatistics(*part) for part in parts]

    def by_component(self, K: int) -> LabelledStatistics:
        return self

    def moments(self) -> tuple[Any, Any]:
        """Mean and covariance of all points."""
        model = {"weight": self.size / self.count[..., None], "mean": self.mean}
        inner = self.scatter.sum(axis=-3) / self.count[..., None, None]
        return total_mean(model), inner + between(model)


def label_column(rows: Any) -> Any:
    """The labels of rows, their last column, or an `InputError` where a row has none."""
    labels = np.asarray(rows)[..., -1]
    if np.isnan(labels).any():
        raise InputError(
            "real must have a last column with the number of each row's component, 0 … K - 1, "
            "for KnownLabels; EM wants none"
        )
    return labels.astype(np.int64)
