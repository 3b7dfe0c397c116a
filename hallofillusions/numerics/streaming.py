"""Statistics over replicates that arrive in blocks, and quantiles of those that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Level of the intervals of quantiles."""


@dataclass(frozen=True, eq=False)
class Summary:
    """Streaming statistics; every field is an array (quantity, generation).

    ``m2`` and ``m3`` are the sums of squared and of cubed deviations from the mean, ``nonfinite``
    is the number of values that are infinite or not a number: they are kept, so that such a cell
    has numpy's plain mean.
    """

    count: Any
    mean: Any
    m2: Any
    m3: Any
    minimum: Any
    maximum: Any
    nonfinite: Any

    @classmethod
    def of(cls, values: Any, scratch: Any = None) -> Summary:
        """Statistics over the last axis; ``scratch`` is an array of the same shape to work in."""
        mean = np.add.reduce(values, axis=-1) / values.shape[-1]
        deviations = np.subtract(values, mean[..., None], out=scratch)
        squares = deviations * deviations
        m2 = np.add.reduce(squares, axis=-1)
        m3 = np.einsum("...i,...i->...", squares, deviations)
        minimum, maximum = values.min(axis=-1), values.max(axis=-1)
        bad = np.zeros(m2.shape, dtype=np.int64)
        if not np.isfinite(m2).all():
            bad = np.count_nonzero(~np.isfinite(values), axis=-1)
        constant = (minimum == maximum) & (bad == 0)  # to the last bit, whatever sums round to
        return cls(
            np.full(m2.shape, values.shape[-1]), np.where(constant, minimum, mean),
            np.where(constant, 0.0, m2), np.where(constant, 0.0, m3), minimum, maximum, bad,
        )  # fmt: skip

    @classmethod
    def empty(cls, *shape: int) -> Summary:
        """No values at all: mean, minimum and maximum are not a number."""
        nan, none = np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
        zero = np.zeros(shape)
        return cls(none, nan, zero, zero.copy(), nan.copy(), nan.copy(), none.copy())

    def assign(self, where: Any, part: Summary) -> None:
        """Write the cells of ``part`` into the cells ``where`` of this one."""
        for f in fields(self):
            getattr(self, f.name)[where] = getattr(part, f.name)

    def merge(self, other: Summary) -> Summary:
        """The statistics of the union of the values (Chan et al. 1979; third order Pébay 2008)."""
        with np.errstate(all="ignore"):
            count = self.count + other.count
            share = other.count / count
            gap = other.mean - self.mean
            mean = self.mean + share * gap
            plain = (1 - share) * self.mean + share * other.mean
            return Summary(
                count,
                np.where(np.isfinite(mean), mean, plain),
                self.m2 + other.m2 + self.count * share * gap * gap,
                self.m3 + other.m3
                + gap * (3 * ((1 - share) * other.m2 - share * self.m2)
                         + gap * gap * self.count * share * (1 - 2 * share)),
                np.minimum(self.minimum, other.minimum),
                np.maximum(self.maximum, other.maximum),
                self.nonfinite + other.nonfinite,
            )

    @property
    def variance(self) -> Any:
        """Unbiased variance over the replicates."""
        with np.errstate(all="ignore"):
            return np.where(self.count > 1, self.m2 / np.maximum(self.count - 1, 0), np.nan)

    @property
    def skewness(self) -> Any:
        """Third central moment over the cube of the standard deviation; 0 for a constant."""
        with np.errstate(all="ignore"):
            spread = (self.m2 / self.count) ** 1.5
            return np.where(spread > 0, self.m3 / self.count / spread, 0.0)

    @property
    def standard_error(self) -> Any:
        """Standard error of the mean."""
        with np.errstate(all="ignore"):
            return np.sqrt(self.variance / self.count)


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Quantiles over replicates and their distribution-free intervals from order statistics.

    ``estimate``, ``lower`` and ``upper`` have the shape (quantity, probability, place), where
    ``places`` are generations.  The estimate is the order statistic (the mean of two where the
    probability falls between them); an end of an interval that no replicate bounds is infinite.
    """

    probabilities: tuple[float, ...]
    places: tuple[int, ...]
    estimate: Floats
    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, values: Floats, probabilities: Sequence[float], places: Sequence[int]) -> Quantiles:
        """From raw ``values`` (quantity, place, replicate)."""
        shape = (len(values), len(probabilities), len(places))
        if 0 in shape:
            return cls(tuple(probabilities), tuple(places), *(np.empty(shape) for _ in range(3)))
        ordered = np.sort(values, axis=-1)
        ordered[np.isnan(ordered[..., -1])] = np.nan
        parts = [order_statistics(ordered, p) for p in probabilities]
        stacked = [np.stack(part, axis=1) for part in zip(*parts, strict=True)]
        return cls(tuple(probabilities), tuple(places), *stacked)


def order_statistics(ordered: Floats, p: float) -> tuple[Floats, Floats, Floats]:
    """The p-quantile of sorted values (last axis) and the ends of its `CONFIDENCE` interval.

    The number of values below the true quantile is Binomial(R, p) whatever the law, so x_(l)
    and x_(u) hold it with the coverage that the binomial law gives.
    """
    from scipy.stats import binom

    size, error = ordered.shape[-1], (1 - CONFIDENCE) / 2
    ranks = np.arange(size + 1)
    below = binom.cdf(ranks, size, p)
    low = int(np.count_nonzero(below <= error))
    high = int(np.count_nonzero(below < 1 - error)) + 1
    place = round(size * p, 9)
    first, last = int(np.ceil(place)), int(np.floor(place)) + 1
    with np.errstate(invalid="ignore"):
        middle = ordered[..., first - 1] / 2 + ordered[..., min(last, size) - 1] / 2
    edge = np.full(ordered.shape[:-1], np.inf)
    return (
        middle,
        ordered[..., low - 1] if low else -edge,
        ordered[..., high - 1] if high <= size else edge,
    )
