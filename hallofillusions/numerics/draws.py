"""Ways of drawing random numbers that a run needs and numpy lacks or does slowly; exact in law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Tape:
    """A Generator that draws ahead what a run asks for again at every generation.

    Requests with the same parameters are served from one block of rows; each row is handed out
    once, so the numbers are as independent as the Generator's own.
    """

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.rng = rng
        self.rows = rows
        self._blocks: dict[Any, Iterator[Any]] = {}

    def standard_normal(self, size: Any) -> Any:
        if not isinstance(size, int):
            return self.rng.standard_normal(size)
        return self._row(size, self.rng.standard_normal)

    def chisquare(self, df: Any, size: int) -> Any:
        return self._row(size, self.rng.chisquare, df)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rng, name)

    def _row(self, size: int, draw: Any, *parameters: Any) -> Any:
        key = (draw.__name__, size, *parameters)
        row = next(self._blocks.get(key, iter(())), None)
        if row is None:
            self._blocks[key] = iter(draw(*parameters, (self.rows, size)))
            row = next(self._blocks[key])
        return row


def distinct(rng: np.random.Generator, size: int, shape: tuple[int, int]) -> NDArray[np.int64]:
    """In each row, different whole numbers below ``size``, every set equally likely.

    Few of many: numbers are drawn until they are different.  Else: the places of the smallest
    of ``size`` random keys.
    """
    count = shape[1]
    if 4 * count > size:
        keys = rng.random((shape[0], size))
        return np.argpartition(keys, count - 1, axis=1)[:, :count]
    chosen = rng.integers(size, size=shape)
    chosen.sort(axis=1)
    again = np.arange(shape[0])
    while again.size:
        part = chosen[again]
        row, place = np.nonzero(part[:, 1:] == part[:, :-1])
        part[row, place] = rng.integers(size, size=row.size)
        part = part[rows := np.unique(row)]
        part.sort(axis=1)
        again = again[rows]
        chosen[again] = part
    return chosen


class BinomialTable:
    """Binomial(n, p) by Walker's alias method: one uniform and one look-up a draw."""

    LARGEST = 4096
    """Above this n the table costs more than it saves."""

    def __init__(self, n: int, p: float) -> None:
        weights = binomial_weights(n, p)
        self.size = len(weights)
        self.keep, self.other = alias_table(weights / weights.sum())

    @classmethod
    def pays(cls, n: int, p: float) -> bool:
        return 0 < p < 1 and n <= cls.LARGEST

    def draw(self, replicates: int, rng: np.random.Generator) -> NDArray[np.int64]:
        place = rng.random(replicates)
        place *= self.size
        column = place.astype(np.int64)
        place -= column
        return np.where(place < self.keep[column], column, self.other[column])


def binomial_weights(n: int, p: float) -> Floats:
    """P(k) for k = 0 … n up to a factor, by the ratio of neighbours from the mode outwards."""
    k = np.arange(1, n + 1)
    steps = np.concatenate(([0.0], np.log((n - k + 1) / k) + np.log(p / (1 - p))))
    logs: Floats = np.cumsum(steps)
    return np.exp(logs - logs.max())


def alias_table(p: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Walker's table: column k keeps itself with probability ``keep[k]``, else ``other[k]``."""
    keep, other = (p * len(p)).tolist(), list(range(len(p)))
    small = [k for k, q in enumerate(keep) if q < 1]
    large = [k for k, q in enumerate(keep) if q >= 1]
    while small and large:
        k, donor = small.pop(), large[-1]
        other[k] = donor
        keep[donor] -= 1 - keep[k]
        if keep[donor] < 1:
            small.append(large.pop())
    for k in small + large:
        keep[k] = 1.0
    return np.array(keep), np.array(other)


def rejection(propose: Callable[[int], tuple[Any, Any]], shape: tuple[int, ...]) -> Any:
    """Points (replicates, size, …): the first that are accepted in each replicate.

    ``propose(m)`` gives m proposals a replicate and whether each is accepted.
    """
    replicates, size = shape[:2]
    places, filled = np.arange(size), np.zeros((replicates, 1), dtype=np.int64)
    points: Any = None
    wanted, rate = size, 0.8
    while points is None or wanted:
        proposals, accepted = propose(int(wanted / rate) + 8)
        rate = max(float(accepted.mean()), 1e-3)
        if points is None:
            points = np.empty((replicates, size, *proposals.shape[2:]))
        count = filled + np.cumsum(accepted, axis=1)
        after = np.minimum(count[:, -1:], size)
        points[(filled <= places) & (places < after)] = proposals[accepted & (count <= size)]
        filled = after
        wanted = size - int(filled.min(initial=size))
    return points
