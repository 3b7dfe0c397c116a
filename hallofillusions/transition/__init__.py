r"""The law of a one-dimensional Gaussian loop by iterating its exact one-step kernel.

For any function of the model, $E f(\delta_g,\sigma_g^2)$ is the start's row times $T_1\cdots T_g$
times the values of f, T as in :mod:`.kernel`; all functions share the rows.
Quantiles integrate the same rows up to a threshold.  `FixedReal` is solved in units of its fixed
points: with their mean a and variance $v_A$, $\delta=a+\sqrt{v_A}\,U$ and $\sigma^2=v_AW$, where
the chain (U, W) does not know them, and the average over them comes last.

Everything is computed twice, the second time with closer nodes, more of them in every sum and a
wider grid.  The difference is the stated error: the local error falls with the eighth power of
the spacing, so that of the finer values, which are given, is about a tenth of it.  The share of
the outermost nodes is added: what leaves the grid is no larger where a tail is no heavier than
that.  A result that is not good to `LIMIT` is refused, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..mixing.accumulate import Accumulate
from ..mixing.fixed_real import FixedReal
from ..mixing.replace import Replace
from ..observables.base import Functional, LogVarianceRatio, Monomial, Tail, VarianceQuantile
from ..starts import FirstFit, Memory
from .kernel import Grid, Rules, advanced, below, rows
from .lumped import provided
from .quadrature import stencil
from .unrolling import Level, Plan, degenerate, grid_for, lam, unrolled, unsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop

    Floats = NDArray[np.float64]

LIMIT = 1e-3
"""The largest stated error, relative to the value, that is given out."""
MEMORY = 10**8
"""Numbers in the rows of the largest chain."""
SETTLED = 1e-14
"""Relative change of the rows in one step below which they have come to rest."""
LEVELS = (
    Level(Rules(8, 8, 6), 1.0, 0.0, 6),
    Level(Rules(11, 11, 8), 0.75, 0.04, 8),
)


@dataclass(frozen=True)
class Numerical:
    """Values at g = 0 … G and their stated errors."""

    values: Floats
    error: Floats


# -- the chain -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Chain:
    """The rows p_g at g = 1 … G, each (frames or 1, nodes), and what they mean."""

    plan: Plan
    grid: Grid
    rules: Rules
    rows: tuple[Floats, ...]

    def values(self, f: Callable[[Any, Any], Any]) -> tuple[Floats, Floats]:
        """E f(δ, v) at g = 0 … G, and the share of the outermost nodes."""
        plan, grid = self.plan, self.grid
        found, edge, seen = [float(f(*map(np.float64, plan.origin)))], [0.0], None
        outer = np.zeros((grid.variances, len(grid.delta)), dtype=bool)
        outer[:2] = outer[-2:] = True
        if grid.deltas:
            outer[:, -1] = True
            outer[:, 0] |= not grid.mirrored
        for p, scale in zip(self.rows, plan.scales[1:], strict=True):
            if scale != seen:
                table, seen = self._table(f, scale, len(p)), scale
            weight = plan.weight if len(p) > 1 else np.ones(1)
            found.append(float(weight @ np.einsum("ij,ij->i", p, table)))
            part = np.abs(p[:, outer.ravel()] * table[:, outer.ravel()])
            edge.append(float(weight @ part.sum(axis=1)))
        return np.array(found), np.array(edge)

    def _table(self, f: Any, scale: float, count: int) -> Floats:
        """The values of f at the nodes, for each frame or averaged over the frames."""
        plan, grid = self.plan, self.grid
        v = np.exp(grid.log_v)[:, None]
        table = np.empty((len(plan.weight), grid.size))
        with np.errstate(over="ignore", under="ignore", divide="ignore"):
            for row, shift, root in zip(table, plan.shift, plan.root, strict=True):
                value = f(shift + root * grid.delta, root**2 * scale * v)
                row[:] = np.broadcast_to(value, (grid.variances, len(grid.delta))).ravel()
        return table if count == len(table) else (plan.weight @ table)[None]

    def quantiles(self, probability: float) -> Floats:
        """log of the quantile of σ² at g = 0 … G.

        The last step's wider χ² is not summed over: its distribution function is known.
        """
        plan, start = self.plan, np.log(self.plan.origin[1])
        if plan.after is not None and len(plan.root) > 1:
            return np.array([start, *(self._over_memory(p[0], probability) for p in self.rows)])
        if plan.after is not None:
            return np.array([start, *self._over_first(probability)])
        levels = self._levels([self._rough(p, probability) for p in self.rows])
        found: list[Any] = [start]
        known: dict[Any, Floats] = {}
        total: Any
        for g, mixture in enumerate(plan.mixtures):
            if g == 0:
                delta, v = plan.starts[0]
                total = below(mixture, self.rules, v, delta, levels)[0]
            else:
                if mixture not in known:
                    nodes = np.exp(self.grid.log_v), self.grid.delta
                    known = {mixture: below(mixture, self.rules, *nodes, levels)}
                total = (self.rows[g - 1] @ known[mixture])[0]
            found.append(_crossing(levels, total, probability))
        return np.array(found)

    def _levels(self, rough: list[float]) -> Floats:
        """Levels around all the quantiles, so close that interpolation is good."""
        step = 0.45 * self.grid.spacing
        return np.arange(min(rough) - 12 * step, max(rough) + 13 * step, step)

    def _rough(self, p: Floats, probability: float) -> float:
        """About log of the quantile, from the masses at the nodes."""
        total = np.cumsum(p.reshape(self.grid.variances, -1).sum(axis=1))
        index = int(np.argmax(total >= probability))
        return float(self.grid.log_v[index])

    def _over_first(self, probability: float) -> Iterator[float]:
        """A pool's σ²: the first pool's, whose law is exact, times independent factors."""
        plan, grid = self.plan, self.grid
        (delta, v), begin = plan.starts[0], plan.mixtures[0]
        rough = [self._rough(p, 0.5) for p in self.rows]
        rules = self.rules
        for p, scale, middle in zip(self.rows, plan.scales[1:], rough, strict=True):
            big = np.flatnonzero(np.abs(p[0]) > 1e-13)

            def excess(x: float, masses: Any = p[0][big], at: Any = grid.log_v[big]) -> float:
                return float(masses @ below(begin, rules, v, delta, x - at)[0]) - probability

            yield _root(excess, middle + np.log(v)) + np.log(scale)

    def _over_memory(self, p: Floats, probability: float) -> float:
        """FixedReal from its memory: σ² = v_A W, independent, and the law of v_A is exact."""
        from scipy.special import gammainc

        plan, grid = self.plan, self.grid
        masses = p.reshape(grid.variances, -1).sum(axis=1)
        half, centre = plan.freedom / 2, np.log((plan.freedom + 1) / 2) - grid.log_v
        big = np.abs(masses) > 1e-13

        def excess(x: float) -> float:
            return float(masses[big] @ gammainc(half, np.exp(x + centre[big]))) - probability

        return _root(excess, float(grid.log_v[np.argmax(masses)]))


def _root(excess: Callable[[float], float], guess: float) -> float:
    """Where a rising function crosses 0, from a guess."""
    from scipy.optimize import brentq

    reach = 0.5
    while excess(guess - reach) > 0 or excess(guess + reach) < 0:
        reach *= 2
    return float(brentq(excess, guess - reach, guess + reach, xtol=1e-12))


def _crossing(levels: Floats, total: Floats, probability: float) -> float:
    """Where the distribution function ``total`` at the ``levels`` takes the probability."""
    index = int(np.argmax(total >= probability))
    low, high = float(max(index - 1, 0)), float(index)
    for _ in range(48):
        middle = (low + high) / 2
        first, weights = stencil(np.array([middle]), len(total))
        value = weights[:, 0] @ total[first[0] : first[0] + len(weights)]
        low, high = (middle, high) if value < probability else (low, middle)
    return float(levels[0] + low * (levels[1] - levels[0]))


@lru_cache(maxsize=6)
def chain(loop: FeedbackLoop, generations: int, level: Level, sharp: bool, kind: str) -> Any:
    """The `Chain` of one loop, kept so that all its functionals share it, or why there is none."""
    plan = unrolled(loop, generations, level.terms, kind)
    if reason := degenerate(plan):
        return reason
    grid = grid_for(loop, plan, level, sharp, kind)
    if isinstance(grid, str):
        return grid
    if len(plan.starts) * grid.size * generations > MEMORY:
        return f"its law needs {len(plan.starts)} chains of {grid.size} nodes; simulate it"
    return Chain(plan, grid, level.rules, tuple(_rows(plan, grid, level.rules)))


def _rows(plan: Plan, grid: Grid, rules: Rules) -> Iterator[Floats]:
    """p_1, p_2, …"""
    p = _first(plan, grid, rules)
    yield p
    often, matrix, moving = Counter(plan.mixtures[1:]), None, True
    for before, mixture in pairwise(plan.mixtures):
        if often[mixture] == 1 and len(p) == 1:
            p = advanced(p[0], mixture, grid, rules)[None]
        elif moving or mixture != before:
            if matrix is None or mixture != before:
                v = np.exp(grid.log_v)
                matrix = rows(mixture, grid, rules, v, grid.delta).T.tocsr()
            last, p = p, np.ascontiguousarray((matrix @ p.T).T)
            moving = bool(np.abs(p - last).max() > SETTLED * np.abs(p).max())
        yield p


def _first(plan: Plan, grid: Grid, rules: Rules) -> Floats:
    """p_1: one exact step from each start."""
    if plan.after is not None:
        delta, v = (np.array([x]) for x in plan.after)
        first, weights = grid.place_v(np.log(v))
        index, across = grid.place_delta(delta)
        p = np.zeros((grid.variances, len(grid.delta)))
        for k, w in enumerate(weights[:, 0]):
            np.add.at(p[first[0] + k], index[:, 0], w * across[:, 0])
        return p.reshape(1, -1)
    pieces = [rows(plan.mixtures[0], grid, rules, v, delta).toarray() for delta, v in plan.starts]
    return np.concatenate(pieces)


# -- the laws ------------------------------------------------------------------------------------


def expectations(
    loop: FeedbackLoop, f: Callable[[Any, Any], Any], generations: int, kind: str = "model"
) -> Numerical | str:
    """E f((μ-μ₀)/σ₀, σ²/σ₀²) at g = 0 … G, or the reason why it is not known.

    ``kind`` = "variance" says that f is a function of v alone.  Where the loop starts at the
    real mean, f must be even in δ.
    """
    return _twice(loop, generations, False, kind, lambda found: found.values(f))


def variance_quantile(
    loop: FeedbackLoop, probability: float, generations: int
) -> Numerical | str:
    """The quantile of σ²/σ₀² at g = 0 … G."""

    def read(found: Chain) -> tuple[Floats, Floats]:
        return np.exp(found.quantiles(probability)), np.zeros(generations + 1)

    if isinstance(loop.mixing, FixedReal) and not isinstance(loop.start, Memory):
        return "quantiles of σ² over fixed sets are known from start=Memory() only; simulate it"
    kind = "later" if isinstance(loop.mixing, Accumulate) else "variance"
    return _twice(loop, generations, True, kind, read)


def _twice(
    loop: FeedbackLoop, generations: int, sharp: bool, kind: str,
    read: Callable[[Chain], tuple[Floats, Floats]],
) -> Numerical | str:  # fmt: skip
    """The finer of two computations, with their difference as its error."""
    if reason := unsupported(loop):
        return reason
    if kind == "variance" and not unrolled(loop, max(generations, 1), 6).autonomous:
        kind = "model"
    found = []
    for level in reversed(LEVELS):  # the finer refuses sooner
        one = chain(loop, max(generations, 1), level, sharp, kind)
        if isinstance(one, str):
            return one
        found.append(read(one))
    (fine, edge), (coarse, _) = found
    error = edge + _stated(np.abs(fine - coarse), fine)
    return Numerical(fine[: generations + 1], error[: generations + 1])


def _stated(gap: Floats, values: Floats) -> Floats:
    """The error: the gap here or, as a gap may cross 0, the largest relative one nearby.

    Nearby is a quarter of g either way.  What left the grid or was rounded comes to it.
    """
    size = np.where(values == 0, 1.0, np.abs(values))
    found = np.zeros(len(gap))  # the start is exact
    for g in range(1, len(gap)):
        near = slice(max(1, g - 1 - g // 4), g + 2 + g // 4)
        found[g] = max(gap[g], size[g] * np.max(gap[near] / size[near]))
    rounding = 1e-10 * np.maximum(np.abs(values), np.abs(values).max())
    return found + np.append(0.0, rounding[1:])


def law(
    loop: FeedbackLoop, functional: Functional, generations: int
) -> tuple[Floats, Floats] | str:
    """(values, stated errors) of a functional at g = 0 … G in the family's units, or the reason.

    >>> from hallofillusions import FeedbackLoop, FreshSplit, Gaussian
    >>> loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10)
    >>> values, errors = law(loop, Tail(3.0, "real"), 5)
    >>> round(float(values[5]), 5), bool((errors < 1e-6).all())
    (0.0069, True)
    """
    if loop.family.types:
        return provided(loop, functional, generations)
    if reason := unsupported(loop):
        return reason
    unit, floor = 1.0, 0.0
    variance = float(loop.family.variance)  # type: ignore[attr-defined]
    if isinstance(functional, VarianceQuantile):
        found, unit = variance_quantile(loop, functional.probability, generations), variance
    elif isinstance(functional, LogVarianceRatio):
        found, floor = expectations(loop, _log_variance, generations, "variance"), 1.0
    elif isinstance(functional, Monomial):
        found, unit = _monomial(loop, functional, generations), 1.0
        for name, power in functional.powers:
            unit *= variance ** (power if name == "v" else power / 2)
    elif isinstance(functional, Tail):
        found = _tail(loop, functional, generations)
        floor = 1e-3 * float(_beyond(functional.t, 0.0, 1.0))
    else:
        return f"{functional} is no function of the model's mean and variance"
    if isinstance(found, str):
        return found
    if isinstance(functional, Tail):
        floor = max(floor, 1e-2 * float(np.max(found.values)))
    allowed = LIMIT * np.maximum(np.abs(found.values), floor)
    if (bad := ~(found.error <= allowed)).any():
        g = int(np.argmax(bad))
        return (
            f"the law on a grid gives {functional} at g = {g} only to {found.error[g]:.1g} of "
            f"{found.values[g] * unit:.3g}; simulate it"
        )
    return found.values * unit, found.error * unit


def _beyond(t: float, delta: Any, v: Any) -> Any:
    """P(|X| > t) of X from N(δ, v)."""
    from scipy.special import ndtr

    sigma = np.sqrt(v)
    return ndtr(-(t - delta) / sigma) + ndtr(-(t + delta) / sigma)


def _log_variance(delta: Any, v: Any) -> Any:
    return np.log(v) + 0 * delta


def _tail(loop: FeedbackLoop, tail: Tail, generations: int) -> Numerical | str:
    if tail.about == "model":
        return expectations(loop, lambda _, v: _beyond(tail.t, 0.0, v), generations, "variance")
    steady = not isinstance(loop.n, tuple)
    faithful = isinstance(loop.start, FirstFit) and lam(loop) != 1
    if loop.canonical.mixing == Replace() and steady and not faithful:
        delta, v = unrolled(loop, 1, 6).origin
        return expectations(loop, lambda _, r: _beyond(tail.t, delta, v * r), generations, "reach")
    return expectations(loop, lambda delta, v: _beyond(tail.t, delta, v), generations)


def _monomial(loop: FeedbackLoop, monomial: Monomial, generations: int) -> Numerical | str:
    powers = dict(monomial.powers)
    p, q = powers.pop("delta", 0.0), powers.pop("v", 0.0)
    if powers or p != int(p):
        return f"{monomial} is no function of the model's mean and variance"
    if p % 2 and unrolled(loop, 1, 6).origin[0] == 0:
        return Numerical(np.zeros(generations + 1), np.zeros(generations + 1))
    kind = "model" if p else "variance"
    return expectations(loop, lambda delta, v: delta ** int(p) * v**q, generations, kind)
