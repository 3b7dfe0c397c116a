r"""One generation of a Gaussian loop as a Markov kernel on models (δ, v), on a grid.

A training set is n_s synthetic points, $N(\delta,\lambda v)$, and m others.  With the difference
$D$ of the two means, normal with variance $s^2=a+b$, $a=\lambda v/n_s$, $b$ that of the others'
mean, the next model is
$$\delta'=f\bar y_s+(1-f)\bar y_m,\qquad dv'=S_s+S_m+\tfrac{n_sm}{n_s+m}D^2,\qquad
f=\tfrac{n_s}{n_s+m},$$
and Fisher's theorem makes the scatters independent of the means.  Given D, δ' is normal and
independent of v', so three one-dimensional sums are enough: over the law of $\log(S_s+S_m)$,
which knows v only, over D, and over $\delta'|D$.

A function of the model is known by its values at the nodes, equally spaced in $\log v$ and in
$\mathrm{arsinh}(\delta/\delta_0)$, and is a polynomial of degree 7 in between; models that leave
the grid are moved to its edge.  So one step is a sparse matrix T: $E[f(next)|i]=\sum_jT_{ij}f_j$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .quadrature import POINTS, compressed, log_chi_square, normal, stencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WORK = 2**21
"""Numbers that one piece of work may hold."""


@dataclass(frozen=True)
class Step:
    """One generation's training set, in units of the real law (or of the fixed set).

    ========= ============================================================================
    synthetic n_s, the points of N(δ, λv); a mixture's rule may ask for a fraction
    divisor   d, by which the total scatter is divided
    scale     λ, and what turns the state's v into the model's
    other     m, the points that are not synthetic
    noisy     whether these are fresh draws of N(0, 1); else they are known
    held      a constant part of the scatter (a fixed set's)
    kept      the part of the scatter that is a multiple of v (a pool's)
    follows   whether the mean of the others is δ (a pool's) and not 0
    ========= ============================================================================
    """

    synthetic: float
    divisor: float
    scale: float = 1.0
    other: float = 0.0
    noisy: bool = False
    held: float = 0.0
    kept: float = 0.0
    follows: bool = False

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the random scatter."""
        return max(self.synthetic - 1, 0) + (max(self.other - 1, 0) if self.noisy else 0)

    @property
    def share(self) -> float:
        """f, the synthetic fraction."""
        return self.synthetic / (self.synthetic + self.other)

    def scatter(self, v: Floats, count: int) -> tuple[Floats, Floats]:
        """Nodes of log(S_s + S_m) and weights, a row for each v."""
        x, w = log_chi_square(max(self.synthetic - 1.0, 0.0))
        total, weights = self.scale * v[:, None] * np.exp(x), w
        if self.noisy:
            y, u = log_chi_square(max(self.other - 1.0, 0.0))
            total = (total[:, :, None] + np.exp(y)).reshape(len(v), -1)
            weights = np.multiply.outer(w, u).ravel()
        total = total + self.held + self.kept * v[:, None]
        with np.errstate(divide="ignore"):
            nodes = np.log(total)
        return compressed(nodes, weights, count) if len(weights) > 1 else (nodes, weights[None])


Mixture = tuple[tuple[float, Step], ...]
"""The steps of one generation with their probabilities."""


@dataclass(frozen=True)
class Grid:
    """Equally spaced nodes of log v, and of arsinh(δ/δ₀); ``mirrored``: δ > 0 stands for ±δ.

    ``deltas`` = 0 leaves δ out: for functions of v where v alone is a chain.  ``points`` = 2 is
    linear interpolation, with which T is a true chain and can only spread too far.
    """

    low: float
    high: float
    variances: int
    width: float = 0.0
    reach: float = 0.0
    deltas: int = 0
    mirrored: bool = True
    points: int = POINTS

    @property
    def spacing(self) -> float:
        """The distance of two nodes of log v."""
        return (self.high - self.low) / (self.variances - 1)

    @cached_property
    def log_v(self) -> Floats:
        """The nodes of log v."""
        return np.linspace(self.low, self.high, self.variances)

    @cached_property
    def delta(self) -> Floats:
        """The nodes of δ, in rising order and with none at 0."""
        if not self.deltas:
            return np.zeros(1)
        half = self.width * np.sinh(self._fold * (np.arange(self.deltas) + 0.5))
        return half if self.mirrored else np.concatenate([-half[::-1], half])

    @property
    def _fold(self) -> float:
        return float(np.arcsinh(self.reach / self.width)) / (self.deltas - 0.5)

    @property
    def size(self) -> int:
        return self.variances * len(self.delta)

    def place_v(self, log_v: Floats) -> tuple[Any, Floats]:
        """The interpolation of functions of log v."""
        return stencil((log_v - self.low) / self.spacing, self.variances, self.points)

    def place_delta(self, delta: Floats) -> tuple[Any, Floats]:
        """The interpolation of functions of δ: (indices, weights), one of each per node."""
        if not self.deltas:
            return np.zeros((1, *delta.shape), dtype=np.int64), np.ones((1, *delta.shape))
        if self.mirrored:
            delta = np.abs(delta)
        position = np.arcsinh(delta / self.width) / self._fold + self.deltas - 0.5
        first, weights = stencil(position, 2 * self.deltas)
        index = first + np.arange(POINTS).reshape(-1, *(1,) * first.ndim)
        if self.mirrored:
            index = np.where(index < self.deltas, self.deltas - 1 - index, index - self.deltas)
        return index, weights


@dataclass(frozen=True)
class Rules:
    """How many nodes the sums over the scatter, over D and over δ' given D have."""

    scatter: int
    difference: int
    mean: int

    @property
    def inner(self) -> tuple[int, int]:
        """The nodes that every state has for its next v."""
        return self.scatter, self.difference

    def suited(self, step: Step) -> Rules:
        """Fewer nodes where a pool hardly moves, more where few points leave a broad law.

        A Gauss rule of m nodes is wrong by the noise to the power 2m: 0.05⁸ is below 1e-10.
        """
        if step.follows and np.sqrt(2 * step.synthetic) * max(step.scale, 1) < 0.05 * step.divisor:
            return Rules(self.scatter // 2, self.difference // 2, self.mean)
        if step.other and step.freedom < 8:
            return Rules(2 * self.scatter, 2 * self.difference, self.mean)
        return self


def rows(
    mixture: Mixture, grid: Grid, rules: Rules, v: Any, delta: Any, spread: float = 0.0
) -> Any:
    """T as a sparse matrix: a row for each pair of ``v`` and ``delta``, a column per node.

    ``spread`` widens D by as much variance as δ has where the grid leaves δ out.
    """
    from scipy import sparse

    v, delta = np.atleast_1d(v).astype(float), np.atleast_1d(delta).astype(float)
    parts = []
    for piece in _pieces(grid, rules, v, delta):
        here = v[piece]
        block = sum(
            p * _block(*_factors(step, grid, rules, here, delta, spread), grid)
            for p, step in mixture
        )
        parts.append(block)
    return sparse.csr_matrix(sparse.vstack(parts))


def advanced(p: Floats, mixture: Mixture, grid: Grid, rules: Rules) -> Floats:
    """p T without building T: cheaper where a step is made once only."""
    v, delta = np.exp(grid.log_v), grid.delta
    found = np.zeros((grid.variances, len(delta)))
    masses = p.reshape(len(v), -1)
    for piece in _pieces(grid, rules, v, delta):
        weight = masses[piece].reshape(-1, 1, 1)
        for chance, step in mixture:
            onto, there, low = _factors(step, grid, rules, v[piece], delta)
            there *= chance * weight
            if len(onto) < len(there):
                there = there.reshape(len(onto), -1, *there.shape[1:]).sum(axis=1)
            high = low + onto.shape[2]
            found[low:high] += onto.reshape(-1, high - low).T @ there.reshape(-1, len(delta))
    return found.ravel()


def _pieces(grid: Grid, rules: Rules, v: Floats, delta: Floats) -> Iterator[slice]:
    """Slices of v whose work fits into `WORK`."""
    each = len(delta) * rules.difference * max(rules.scatter * POINTS, grid.variances // 4)
    size = max(1, WORK // each)
    return (slice(k, k + size) for k in range(0, len(v), size))


def _block(onto: Floats, there: Floats, low: int, grid: Grid) -> Any:
    """The rows of one step, as a sparse matrix, from its factors."""
    from scipy import sparse

    onto = np.repeat(onto, len(there) // len(onto), axis=0)
    dense = np.matmul(onto.transpose(0, 2, 1), there).reshape(len(onto), -1)
    local = sparse.csr_matrix(dense)
    columns = local.indices + low * there.shape[2]
    return sparse.csr_matrix((local.data, columns, local.indptr), (len(dense), grid.size))


def below(mixture: Mixture, rules: Rules, v: Any, delta: Any, levels: Floats) -> Floats:
    """P(log v' ≤ level) for each pair of ``v`` and ``delta``, and each of the levels.

    Of the two scatters the wider is not summed over: its distribution function is known, which
    makes the result smooth.  The other and D² are compressed to a few nodes of their sum.
    """
    from scipy.special import gammainc

    v, delta = np.atleast_1d(v).astype(float), np.atleast_1d(delta).astype(float)
    found = np.zeros((len(v), len(delta), len(levels)))
    for row, one in zip(found, v, strict=True):
        for chance, step in mixture:
            suited, n, m = rules.suited(step), step.synthetic, step.other
            gap, _, weight = _means(step, suited, np.array([one]), delta, plane=False)
            units = np.array([step.scale * one, 1.0])
            freedom = np.array([n - 1, m - 1 if step.noisy else 0.0]).clip(0)
            wide = int(np.argmax(units**2 * freedom))
            x, w = log_chi_square(freedom[1 - wide])
            (x,), (w,) = compressed(x[None], w, suited.scatter)
            other = n * m / (n + m) * gap[0, :, :, None] ** 2 + units[1 - wide] * np.exp(x)
            weights = (weight * w).ravel()
            if weights.size > suited.scatter:
                nodes, weights = compressed(
                    np.log(other.reshape(len(gap[0]), -1)), weights, suited.scatter
                )
                other = np.exp(nodes)
            other = other.reshape(len(gap[0]), 1, -1) + step.held + step.kept * one
            rest = step.divisor * np.exp(levels)[:, None] - other
            odds = gammainc(freedom[wide] / 2, np.maximum(rest, 0) / (2 * units[wide]))
            weights = np.broadcast_to(weights, (len(gap[0]), weights.shape[-1]))
            row += chance * np.einsum("akx,ax->ak", odds, weights)
    return found.reshape(-1, len(levels))


def _means(
    step: Step, rules: Rules, v: Floats, delta: Floats, spread: float = 0.0, plane: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Nodes of D (v, δ, D) and of δ' given D (v, δ, D, δ'), with the weights of (D, δ')."""
    n, m = step.synthetic, step.other
    a = step.scale * v / n if n else np.zeros(len(v))
    b = 1 / m if step.noisy and m else 0.0
    s2 = a + b
    z, w_z = normal(rules.difference) if n and m else (np.zeros(1), np.ones(1))
    centre = np.zeros(1) if step.follows else delta
    gap = centre[:, None] + np.sqrt(s2 + spread * (1 + v))[:, None, None] * z
    total = np.where(s2 > 0, s2, 1.0)
    slope = (step.share * a - (1 - step.share) * b) / total
    rest = (a * b / total if m else a) if n else np.full(len(v), b)
    y, w_y = normal(rules.mean) if plane and rest.any() else (np.zeros(1), np.ones(1))
    moved = (delta if step.follows else step.share * delta)[:, None]
    moved = moved + (slope * np.sqrt(s2))[:, None, None] * z
    return gap, moved[..., None] + np.sqrt(rest)[:, None, None, None] * y, np.outer(w_z, w_y)


def _factors(
    step: Step, grid: Grid, rules: Rules, v: Floats, delta: Floats, spread: float = 0.0
) -> tuple[Floats, Floats, int]:
    """What one step does given D: (states, D, nodes of v) and (states, D, nodes of δ).

    The first holds only the nodes of v that are reached; the last number is the lowest of them.
    It has one state for each v where δ does not matter to it (a pool).
    """
    rules, n, m = rules.suited(step), step.synthetic, step.other
    gap, moved, weight = _means(step, rules, v, delta, spread, bool(grid.deltas))
    log_s, w_s = step.scatter(v, rules.scatter)
    inside = n * m / (n + m) * gap[..., None] ** 2 + np.exp(log_s)[:, None, None, :]
    with np.errstate(divide="ignore"):
        first, weights = grid.place_v(np.log(inside / step.divisor))
    low, high = int(first.min()), int(first.max()) + grid.points
    onto = _scattered(first - low, weights * w_s[:, None, None, :], high - low)
    index, across = grid.place_delta(moved)
    return onto, _scattered(index, across * weight, len(grid.delta)), low


def _scattered(index: Any, weights: Floats, width: int) -> Floats:
    """Sums of weights by index within 0 … ``width``: (states, D, width).

    The axes are (stencil,) v, δ, D, node; ``index`` without the first is that of a first weight.
    """
    if index.ndim < weights.ndim:
        index = index + np.arange(len(weights)).reshape(-1, 1, 1, 1, 1)
    v, delta, gaps = weights.shape[1:4]
    line = np.arange(v * delta * gaps).reshape(v, delta, gaps, 1)
    index, weights = np.broadcast_arrays(line * width + index, weights)
    total: Any = np.bincount(index.ravel(), weights.ravel(), line.size * width)
    summed: Floats = total.reshape(v * delta, gaps, width)
    return summed
