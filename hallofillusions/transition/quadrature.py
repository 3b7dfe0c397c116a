r"""Rules that turn averages over normal and chi-square noise into finite sums.

Everything is written for the *logarithm* of a positive variable, in which what a loop does to a
variance is smooth: a sum over nodes of $\log\chi^2_\nu$ (trapezoidal, so it converges
exponentially), its compression to the few nodes of a Gauss rule, and local polynomial
interpolation on a uniform grid.

Sources: Trefethen & Weideman 2014 (the trapezoidal rule); Gautschi 2004, section 2.2 (Gauss rules
of a discrete measure by Stieltjes' procedure); Golub & Welsch 1969.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NEGLIGIBLE = 34.0
"""The nodes end where the density has fallen by e^-34, 1e-15."""
WIDEST = 0.2
"""Largest step in log χ²: as its density is analytic for |Im| < π/2, the error is e^(-π²/step)."""
ENOUGH = 36
"""Nodes of log χ² that are kept where few degrees of freedom would need more."""
POINTS = 8
"""Nodes of one interpolating polynomial: the error falls like the spacing to this power."""


@lru_cache(maxsize=256)
def log_chi_square(dof: float) -> tuple[Floats, Floats]:
    r"""Nodes of $\log\chi^2_\nu$ and their weights; no degrees of freedom: the constant 0.

    $L=\log\frac{\chi^2_\nu}2$ has a density proportional to $e^{\kappa L-e^L}$, $\kappa=\nu/2$.

    >>> x, w = log_chi_square(5.0)
    >>> round(float(w @ np.exp(x)), 8), round(float(w @ np.exp(-x)), 8)
    (5.0, 0.33333333)
    """
    if dof <= 0:
        return np.array([-np.inf]), np.ones(1)
    from scipy.optimize import brentq

    kappa = dof / 2

    def fall(d: float) -> float:
        return float(kappa * (np.expm1(d) - d)) - NEGLIGIBLE

    low = brentq(fall, -(NEGLIGIBLE / kappa + 1), 0.0)
    high = brentq(fall, 0.0, np.log1p(NEGLIGIBLE / kappa) + np.sqrt(2 * NEGLIGIBLE / kappa))
    count = max(40, int(np.ceil((high - low) / WIDEST)))
    d = np.linspace(low, high, count)
    weights = np.exp(-kappa * (np.expm1(d) - d))
    x, w = d + np.log(2 * kappa), weights / weights.sum()
    if count > 2 * ENOUGH:
        (x,), (w,) = compressed(x[None], w, ENOUGH)
    return x, w


@lru_cache(maxsize=32)
def normal(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights of the standard normal law: Gauss-Hermite."""
    from scipy.special import roots_hermitenorm

    x, w = roots_hermitenorm(count)
    return x, w / w.sum()


def compressed(nodes: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """Gauss rules of ``count`` nodes for discrete laws, one in each row of ``nodes``.

    Exact for polynomials up to degree 2·count - 1 of the law that is given.  Rows that have no
    more than ``count`` nodes stay as they are.

    >>> x, w = compressed(*(v[None] for v in log_chi_square(30.0)), 6)
    >>> round(float((w * np.exp(x)).sum()), 6)
    30.0
    """
    weights = np.broadcast_to(weights, nodes.shape)
    if nodes.shape[1] <= count:
        return nodes, weights
    mean = (weights * nodes).sum(axis=1, keepdims=True)
    centred = nodes - mean
    scale = np.sqrt((weights * centred**2).sum(axis=1, keepdims=True))
    scale = np.where(scale > 0, scale, 1.0)
    diagonal, beside = _stieltjes(centred / scale, weights, count)
    jacobi = np.zeros((len(nodes), count, count))
    k = np.arange(count)
    jacobi[:, k, k] = diagonal
    jacobi[:, k[1:], k[:-1]] = jacobi[:, k[:-1], k[1:]] = beside
    values, vectors = np.linalg.eigh(jacobi)
    return mean + scale * values, vectors[:, 0, :] ** 2


def _stieltjes(x: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """The recursion of the orthogonal polynomials of each row: diagonal and off-diagonal."""
    before, now = np.zeros_like(x), np.ones_like(x)
    diagonal, beside = np.empty((len(x), count)), np.empty((len(x), count - 1))
    link = np.zeros((len(x), 1))
    for k in range(count):
        diagonal[:, k] = (weights * x * now * now).sum(axis=1)
        after = (x - diagonal[:, k : k + 1]) * now - link * before
        if k == count - 1:
            break
        link = np.sqrt((weights * after * after).sum(axis=1, keepdims=True))
        beside[:, k] = link[:, 0]
        before, now = now, after / np.where(link > 0, link, 1.0)
    return diagonal, beside


def stencil(position: Floats, count: int, points: int = POINTS) -> tuple[Any, Floats]:
    """Local interpolation on the grid 0 … ``count`` - 1: (first index, one weight per node).

    ``position`` outside the grid is moved to its end.  The weights have one axis more, in front.

    >>> first, weights = stencil(np.array([3.5]), 9, 4)
    >>> int(first[0]), weights[:, 0]
    (2, array([-0.0625,  0.5625,  0.5625, -0.0625]))
    """
    position = np.clip(position, 0.0, count - 1.0)
    first = np.clip(position.astype(np.int64) - (points // 2 - 1), 0, count - points)
    t = position - first
    weights = np.empty((points, *t.shape))
    left = np.ones_like(t)
    for k in range(points):
        weights[k] = left
        left = left * (t - k)
    right = np.ones_like(t)
    for k in reversed(range(points)):
        weights[k] *= right / _denominators(points)[k]
        right = right * (t - k)
    return first, weights


@lru_cache(maxsize=8)
def _denominators(points: int) -> tuple[float, ...]:
    """Π_{j≠k} (k - j)."""
    return tuple(
        float(np.prod([k - j for j in range(points) if j != k])) for k in range(points)
    )

