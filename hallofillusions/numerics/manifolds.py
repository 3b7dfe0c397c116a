"""Two clouds of points held against each other by nearest neighbours and along directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError
from .mixtures import quasi_normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROOM = 1 + 1e-9
"""Balls are searched this much wider than they are, and what they hold is then measured."""


@dataclass(frozen=True, eq=False)
class Clouds:
    """What models say beside real points: ``output`` (replicates, size, d) and ``real``.

    ``real`` has a size of its own, or is one cloud (size, d) for all replicates.
    """

    output: Any
    real: Any
    _known: dict[int, Mapping[str, Floats]] = field(default_factory=dict, repr=False)

    def manifolds(self, k: int) -> Mapping[str, Floats]:
        """Precision, recall, density and coverage of every replicate; k neighbours make a ball."""
        if k not in self._known:
            rows = [_shares(*pair, k) for pair in zip(self._balls(k), self.output, strict=True)]
            names = ("precision", "recall", "density", "coverage")
            self._known[k] = dict(zip(names, np.array(rows, dtype=float).T, strict=True))
        return self._known[k]

    def _balls(self, k: int) -> Iterator[Balls]:
        """The balls of the real points of every replicate."""
        if self.real.ndim == 3:
            return (Balls.around(points, k) for points in self.real)
        return iter([Balls.around(self.real, k)] * len(self.output))

    def transport(self, directions: Floats) -> Floats:
        """The mean over directions (m, d) of W₂² between the two clouds' shadows on them.

        In one dimension the best plan pairs sorted points; of clouds of different sizes each
        point is shared out.
        """
        one, other = (np.sort(directions @ np.swapaxes(points, -1, -2), axis=-1)
                      for points in (self.output, self.real))  # fmt: skip
        first, second, share = _couplings(one.shape[-1], other.shape[-1])
        gap = one[..., first] - other[..., second]
        cost: Floats = (gap * gap @ share).mean(axis=-1)
        return cost


@dataclass(frozen=True, eq=False)
class Balls:
    """The balls around points that reach to the k-th nearest other point: their manifold."""

    centres: Floats
    radius: Floats

    @classmethod
    def around(cls, points: Floats, k: int) -> Balls:
        from scipy.spatial import cKDTree

        if len(points) <= k:
            raise InputError(
                f"k must be less than the points that are compared, got k = {k} and {len(points)} "
                f"points"
            )
        neighbours = cKDTree(points).query(points, k + 1)[1][:, k]  # the nearest is the point
        return cls(points, distances(points, points[neighbours]))

    def holding(self, points: Floats) -> tuple[Any, Any]:
        """(ball, point) for every point inside a ball; on the rim it is outside."""
        from scipy.spatial import cKDTree

        near = cKDTree(points).query_ball_point(self.centres, ROOM * self.radius)
        sizes = np.fromiter(map(len, near), np.int64, len(near))
        ball = np.repeat(np.arange(len(near)), sizes)
        point = np.fromiter(chain.from_iterable(near), np.int64, sizes.sum())
        inside = distances(self.centres[ball], points[point]) < self.radius[ball]
        return ball[inside], point[inside]


def distances(a: Floats, b: Floats) -> Floats:
    """|a - b| of each pair of rows."""
    gap = a - b
    lengths: Floats = np.sqrt((gap * gap).sum(axis=-1))
    return lengths


def _shares(balls: Balls, output: Floats, k: int) -> tuple[float, ...]:
    """Precision, recall, density and coverage of one replicate."""
    real = balls.centres
    ball, point = balls.holding(output)
    _, recalled = Balls.around(output, k).holding(real)
    return (
        len(np.unique(point)) / len(output), len(np.unique(recalled)) / len(real),
        len(point) / (k * len(output)), len(np.unique(ball)) / len(real),
    )  # fmt: skip


def _couplings(n: int, m: int) -> tuple[Any, Any, Floats]:
    """Which of n sorted points goes to which of m, and with what share of the mass."""
    edges = np.union1d(m * np.arange(n + 1), n * np.arange(m + 1))  # in units of 1/(n m)
    begin = edges[:-1]
    return begin // m, begin // n, np.diff(edges) / (n * m)


@lru_cache(maxsize=8)
def directions(d: int, count: int) -> Floats:
    """``count`` unit vectors (count, d) that cover the half sphere evenly, always the same.

    On a line there is one; in a plane they have even angles; else they are Sobol's points as
    normal ones, scaled to length 1.
    """
    if d == 1:
        return np.ones((1, 1))
    if d == 2:
        angle = np.pi * np.arange(count) / count
        return np.stack((np.cos(angle), np.sin(angle)), axis=-1)
    z = quasi_normal(d, max(1, int(np.ceil(np.log2(count)))))[:count]
    unit: Floats = z / np.sqrt((z * z).sum(axis=-1, keepdims=True))
    return unit
