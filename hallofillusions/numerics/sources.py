"""Where a generation's points come from: what ``mixing.assemble`` is handed in a simulation.

`StatisticsSource` draws sufficient statistics (fast), `PointSource` draws every point (literal)
and, if the user gave data, takes the real ones from its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..symbols import InputError
from .draws import BinomialTable, Tape, distinct
from .manifolds import Clouds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..biases.base import SamplingBias
    from ..families.base import Family, Model
    from ..loop import FeedbackLoop

    Floats = NDArray[np.float64]


class Samples(Protocol):
    """Points or their statistics; ``+`` is the union of two samples."""

    def __add__(self, other: Any) -> Any: ...


@dataclass(frozen=True)
class Points:
    """Single points: ``values`` has the shape (replicates, size, …); ``+`` is the union.

    ``weights`` (size) are how often each counts in a fit, where that is not once.
    """

    values: Floats
    weights: Floats | None = None

    def __add__(self, other: Points) -> Points:
        weights = None
        if self.weights is not None or other.weights is not None:
            weights = np.concatenate((self.counted(), other.counted()))
        return Points(np.concatenate((self.values, other.values), axis=1), weights)

    def counted(self) -> Floats:
        """The weight of every point."""
        return np.ones(self.values.shape[1]) if self.weights is None else self.weights

    def weighted(self, factor: float) -> Points:
        """The same points, each of which counts ``factor`` times."""
        return Points(self.values, factor * self.counted())


class Source:
    """The real law and the last model of one block of replicates, ready to be sampled.

    ``model`` and ``generation`` are moved on by the run; everything else stays.
    """

    def __init__(
        self, family: Family, bias: SamplingBias, replicates: int, rng: np.random.Generator,
        apart: np.random.Generator,
    ) -> None:  # fmt: skip
        self.family: Any = family
        self.bias = bias
        self.replicates = replicates
        self.rng, self.apart = rng, apart
        self.truth: Model = family.as_model()
        self.model: Model = self.truth
        self.generation = 0

    def real(self, count: Any) -> Any:
        """``count`` fresh points of the real law."""
        raise NotImplementedError

    def synthetic(self, count: Any) -> Any:
        """``count`` points that the bias draws from the last model."""
        raise NotImplementedError

    def mixture(self, alpha: float, n: int) -> Any:
        """n points, each synthetic with probability α and else real."""
        raise NotImplementedError

    def shown(self, count: int, kinds: Collection[str]) -> dict[str, Any]:
        """What observables are shown of ``count`` points of the last model that no training set
        ever sees: by the words of `Observable.sees`, of which ``kinds`` are asked for."""
        raise NotImplementedError

    def bootstrap(self, points: Any, count: int) -> Any:
        """``count`` of the points, drawn with replacement."""
        raise InputError("bootstrap needs single points: the mixing must say literal_only = True")

    def subsample(self, points: Any, n: int) -> Any:
        """n of the points, drawn without replacement."""
        raise InputError("subsample needs single points: the mixing must say literal_only = True")

    def faithful(self) -> Faithful:
        """The same source, whose synthetic points are real ones."""
        return Faithful(self)

    def statistics(self, sample: Any) -> Any:
        """The sufficient statistics of a sample, which the estimator fits."""
        return sample

    def means(self, sample: Any, labels: Any) -> dict[Any, Any]:
        """Means over the sample of the functions of x that ``labels`` name."""
        means: dict[Any, Any] = self.family.sample_means(sample, labels)
        return means


class Faithful:
    """A source that has real points only: what `FirstFit` samples."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.real = self.synthetic = source.real
        self.bootstrap, self.subsample = source.bootstrap, source.subsample

    def mixture(self, alpha: float, n: int) -> Any:
        return self.source.real(n)

    def faithful(self) -> Faithful:
        return self


class StatisticsSource(Source):
    """Samples are sufficient statistics, drawn from their own law.

    ``ahead`` is for how many generations random numbers are drawn at once.
    """

    def __init__(self, *arguments: Any, ahead: int = 1) -> None:
        super().__init__(*arguments)
        self.ahead = ahead
        self._tape: Any = Tape(self.rng, ahead) if ahead > 1 else self.rng
        self._real: dict[int, Iterator[Any]] = {}
        self._tables: dict[tuple[int, float], BinomialTable] = {}

    def real(self, count: Any) -> Any:
        if self.ahead == 1 or not isinstance(count, int):
            return self.family.draw_statistics(self.truth, self.replicates, count, self._tape)
        row = next(self._real.get(count, iter(())), None)
        if row is None:
            shape = (self.ahead, self.replicates)
            block = self.family.draw_statistics(self.truth, shape, count, self.rng)
            self._real[count] = iter(block.rows())
            row = next(self._real[count])
        return row

    def synthetic(self, count: Any) -> Any:
        return self.family.drawn_statistics(
            self.bias, self.model, self.replicates, count, self._tape
        )

    def shown(self, count: int, kinds: Collection[str]) -> dict[str, Any]:
        return {"output": self.family.drawn_statistics(
            self.bias, self.model, self.replicates, count, self.apart
        )}  # fmt: skip

    def mixture(self, alpha: float, n: int) -> Any:
        synthetic = self._binomial(n, alpha)
        return self.real(n - synthetic) + self.synthetic(synthetic)

    def _binomial(self, n: int, alpha: float) -> Any:
        """Binomial(n, α) counts; a table pays where the same law is drawn again and again."""
        if not BinomialTable.pays(n, alpha):
            return self.rng.binomial(n, alpha, self.replicates)
        if (n, alpha) not in self._tables:
            self._tables[n, alpha] = BinomialTable(n, alpha)
        return self._tables[n, alpha].draw(self.replicates, self.rng)


class PointSource(Source):
    """Samples are single points; ``data`` (rows) replaces the real law where it is given.

    Each replicate walks through its own random permutation of the rows and never sees a row
    twice (with ``replacement`` every real point is any row), and the pool of ``FixedPool`` is the
    rows themselves.
    """

    def __init__(
        self, *arguments: Any, data: Floats | None = None, replacement: bool = False
    ) -> None:
        super().__init__(*arguments)
        self.data, self.replacement = data, replacement
        self._walk: Any = None
        self._used = np.zeros((self.replicates, 1), dtype=np.int64)

    def real(self, count: int) -> Points:
        if self.data is not None:
            return Points(self._rows(np.full(self.replicates, count)))
        return Points(self.family.draw(self.truth, (self.replicates, count), self.rng))

    def synthetic(self, count: int) -> Points:
        shape = (self.replicates, count)
        return Points(self.family.drawn(self.bias, self.model, shape, self.rng))

    def points(self, count: int) -> Any:
        """``count`` points of the last model that no training set ever sees."""
        shape = (self.replicates, count)
        return self.family.drawn(self.bias, self.model, shape, self.apart)

    def shown(self, count: int, kinds: Collection[str]) -> dict[str, Any]:
        points = self.points(count)
        found = {"output": self.statistics(Points(points))}
        if "output and real" in kinds:
            found["output and real"] = Clouds(self._cloud(points), self.reference(count))
        return found

    def reference(self, count: int) -> Any:
        """Real points that no training set ever sees: the rows that are held out, or fresh ones."""
        if self.family.held_out_rows is not None:
            return self.family.held_out_rows
        shape = (self.replicates, count)
        return self._cloud(self.family.draw(self.truth, shape, self.apart))

    def _cloud(self, points: Any) -> Any:
        """Points as (replicates, size, d), whatever else the family keeps of them."""
        points = self.family.shown(points)
        return points if points.ndim == 3 else points[..., None]

    def mixture(self, alpha: float, n: int) -> Points:
        """A coin for every point; the synthetic draws that a coin does not want are dropped."""
        real = self.rng.random((self.replicates, n)) >= alpha
        points = self.synthetic(n).values
        if self.data is None:
            drawn = self.family.redrawn(self.truth, points, real, self.rng)
        else:
            counts = np.count_nonzero(real, axis=1)
            rows = self._rows(counts)
            drawn = rows[np.arange(rows.shape[1]) < counts[:, None]]
        points[real] = drawn
        return Points(points)

    def rows(self) -> Points:
        """All rows of the data: the pool of every replicate."""
        assert self.data is not None
        return Points(np.broadcast_to(self.data, (self.replicates, *self.data.shape)))

    def bootstrap(self, points: Points, count: int) -> Points:
        pool = points.values
        chosen = self.rng.integers(pool.shape[1], size=(self.replicates, count))
        if pool.strides[0] == 0:
            return Points(pool[0].take(chosen, axis=0))
        return Points(taken(pool, chosen))

    def subsample(self, points: Points, n: int) -> Points:
        pool = points.values
        if n >= pool.shape[1]:
            return points
        chosen = distinct(self.rng, pool.shape[1], (self.replicates, n))
        return Points(taken(pool, chosen))

    def statistics(self, sample: Points) -> Any:
        if sample.weights is None:
            return self.family.summarise(sample.values)
        return self.family.summarise(sample.values, sample.weights)

    def means(self, sample: Points, labels: Any) -> dict[Any, Any]:
        means: dict[Any, Any] = self.family.sample_means(sample.values, labels)
        return means

    def _rows(self, counts: Any) -> Floats:
        """The next rows of each replicate's walk (replicates, largest count), padded at the end."""
        assert self.data is not None
        size = len(self.data)
        if self.replacement:
            return self.data[self.rng.integers(size, size=(self.replicates, counts.max()))]
        if self._walk is None:
            rows = np.broadcast_to(np.arange(size), (self.replicates, size))
            self._walk = self.rng.permuted(rows, axis=1)
        places = self._used + np.arange(counts.max())
        self._used += counts[:, None]
        if self._used.max() > size:
            raise InputError(
                f"real has {size} rows, which lasted for {self.generation} "
                f"generations in one of the replicates: ask for at most that many"
            )
        chosen = np.take_along_axis(self._walk, np.minimum(places, size - 1), axis=1)
        return self.data[chosen]


def taken(pool: Any, chosen: Any) -> Any:
    """The points at the places ``chosen`` (replicates, count) of each replicate's pool."""
    if pool.ndim == 2:
        return np.take_along_axis(pool, chosen, axis=1)
    return pool[np.arange(len(pool))[:, None], chosen]


@dataclass(frozen=True)
class Count:
    """A sample of which only the size is known."""

    size: int

    def __add__(self, other: Count) -> Count:
        return Count(self.size + other.size)

    def weighted(self, factor: float) -> Count:
        return self


class Tally:
    """A source that draws nothing and counts the rows of real data that a run will take."""

    def __init__(self) -> None:
        self.rows = 0
        self.by_chance = False

    def real(self, count: int) -> Count:
        self.rows += count
        return Count(count)

    def synthetic(self, count: int) -> Count:
        return Count(count)

    def mixture(self, alpha: float, n: int) -> Count:
        self.by_chance |= alpha < 1
        return Count(n)

    def bootstrap(self, points: Count, count: int) -> Count:
        return Count(count)

    subsample = bootstrap

    def faithful(self) -> Faithful:
        return Faithful(self)


def check_rows(loop: FeedbackLoop, ticks: Any, rows: int, replacement: bool = False) -> None:
    """Refuse real data that the loop never samples or that has too few rows for the run."""
    from ..starts import Memory

    mixing: Any = loop.mixing
    size = mixing.memory_size(ticks[0].n)
    if mixing.anchored and mixing.remembers == "everything" and not replacement:
        if size != rows:
            raise InputError(f"real must have as many rows as the pool, {size}, got {rows}")
        return
    tally = Tally()
    held = mixing.anchored or loop.begins_with_pool
    memory = tally.real(size) if held else None
    for index, tick in enumerate(ticks):
        if not (index == 0 and isinstance(loop.start, Memory)):
            choose = mixing.first if index == 0 and loop.faithful_start else mixing.assemble
            _, memory = choose(tally, memory, tick)
        if tally.rows > rows and not replacement:
            raise InputError(
                f"real has {rows} rows, which is enough for {index} generations of {mixing!r} "
                f"started at {loop.start!r}, but {len(ticks)} were asked for"
            )
    if not tally.rows and not tally.by_chance:
        raise InputError(
            f"real is never sampled by {mixing!r} started at {loop.start!r}; start at FirstFit()"
        )
