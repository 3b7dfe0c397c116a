"""Mixtures of Gaussians in numbers, a batch at a time: densities, EM, sums by label, nodes.

Parameters of a batch are weights (R, K), means (R, K, d) and covariances (R, K, d, d); points are
(R, n, d).  The loops themselves are compiled (`mixture_loops`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FORMS = ("full", "diag", "spherical")
"""The covariances of components, by the names that scikit-learn gives them."""
ON_AXIS = {1: 64, 2: 24, 3: 12}
"""Nodes on each axis, by dimension."""
FLAT = 4 * np.finfo(float).eps
"""The share of a coordinate's variance, given others, that is rounding."""
SINGULAR = 1e-14
"""An eigenvalue of correlations that is not larger is 0 but for rounding."""
QUASI = 12
"""In more dimensions, log₂ of the points of Sobol's sequence for one component."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """A batch of mixtures, and how their fit ended."""

    weight: Floats
    mean: Floats
    covariance: Floats
    steps: Any = None
    converged: Any = None

    @classmethod
    def of(cls, model: Any, replicates: int) -> Parameters:
        """Copies of a batch of models, or of one for all replicates."""
        tail = {"weight": 1, "mean": 2, "covariance": 3}
        shapes = {k: np.shape(model[k])[-size:] for k, size in tail.items()}
        return cls(**{k: np.array(np.broadcast_to(model[k], (replicates, *shape)), dtype=float)
                      for k, shape in shapes.items()})  # fmt: skip


def log_density(model: Any, points: Any, form: str) -> Any:
    """log p(x) of points (…, n, d) under each model of a batch, an array (…, n)."""
    from .mixture_loops import log_density as loop

    weight = np.asarray(model["weight"], dtype=float)
    K, d = weight.shape[-1], points.shape[-1]
    batch = np.broadcast_shapes(weight.shape[:-1], points.shape[:-2])
    shared = points.ndim == 2  # by all models, and read in one place
    points = points if shared else np.broadcast_to(points, (*batch, *points.shape[-2:]))
    points = _own(points).reshape(-1, *points.shape[-2:])
    several = weight.ndim > 1
    parts = []
    for name, tail in (("weight", (K,)), ("mean", (K, d)), ("covariance", (K, d, d))):
        value = np.asarray(model[name], dtype=float)
        value = np.broadcast_to(value, (*batch, *tail)) if several else value[None]
        parts.append(_own(value).reshape(-1, *tail))
    out = np.empty((math.prod(batch), points.shape[1]))
    loop(points, *parts, FORMS.index(form), out)
    return out.reshape(*batch, -1)


def _own(array: Any) -> Any:
    """The array in one piece that may be written: what loops are compiled for."""
    return np.require(array, dtype=float, requirements=("C", "W"))


def em(
    points: Any, counts: Any, start: Parameters, form: str, *, tol: float, max_iter: int,
    reg_covar: float,
) -> Parameters:  # fmt: skip
    """Expectation-maximisation from ``start``, every replicate by itself."""
    from .mixture_loops import em as loop

    replicates = len(points)
    steps, converged = np.zeros(replicates, np.int64), np.zeros(replicates, np.bool_)
    w, mean, covariance = start.weight.copy(), start.mean.copy(), start.covariance.copy()
    loop(
        np.ascontiguousarray(points), np.ascontiguousarray(counts, dtype=float), w, mean,
        covariance, FORMS.index(form), float(tol), int(max_iter), float(reg_covar), steps,
        converged,
    )  # fmt: skip
    return Parameters(w, mean, covariance, steps.astype(float), converged.astype(float))


def k_means_plus_plus(points: Any, counts: Any, K: int, rng: np.random.Generator) -> Parameters:
    """A start for EM: K centres by k-means++ (Arthur & Vassilvitskii 2007, section 2.2), each
    point with the nearest, and the covariance within what results for all components."""
    rows, n, d = points.shape
    index = np.arange(rows)
    centres, nearest = np.empty((rows, K, d)), np.full((rows, n), np.inf)
    labels = np.zeros((rows, n), np.int64)
    for k in range(K):
        mass = np.cumsum(counts * (nearest if k else np.ones((rows, n))), axis=1)
        place = (mass < rng.random((rows, 1)) * mass[:, -1:]).sum(axis=1)
        centres[:, k] = points[index, np.minimum(place, n - 1)]
        distance = ((points - centres[:, k, None]) ** 2).sum(axis=-1)
        closer = distance < nearest
        labels[closer], nearest[closer] = k, distance[closer]
    size, mean, scatter = by_label(points, labels, counts, K)
    total = size.sum(axis=1)
    within = scatter.sum(axis=1) / total[:, None, None]
    empty = (size == 0)[..., None]
    return Parameters(
        size / total[:, None], np.where(empty, centres, mean),
        np.repeat(within[:, None], K, axis=1),
    )  # fmt: skip


def by_label(points: Any, labels: Any, counts: Any, K: int) -> tuple[Floats, Floats, Floats]:
    """Weight (R, K), mean (R, K, d) and scatter (R, K, d, d) of the points of each label."""
    from .mixture_loops import scatter_by_label

    rows, _, d = points.shape
    size, mean, scatter = np.zeros((rows, K)), np.zeros((rows, K, d)), np.zeros((rows, K, d, d))
    scatter_by_label(
        np.ascontiguousarray(points), np.ascontiguousarray(labels), np.asarray(counts, float), size,
        mean, scatter,
    )  # fmt: skip
    return size, mean, scatter


def total_mean(model: Any) -> Any:
    """Σ w_k μ_k."""
    return np.einsum("...k,...ki->...i", model["weight"], model["mean"])


def within(model: Any) -> Any:
    """Σ w_k Σ_k."""
    return np.einsum("...k,...kij->...ij", model["weight"], model["covariance"])


def between(model: Any) -> Any:
    """Σ w_k (μ_k - μ)(μ_k - μ)ᵀ."""
    gap = model["mean"] - total_mean(model)[..., None, :]
    return np.einsum("...k,...ki,...kj->...ij", model["weight"], gap, gap)


def overlap(first: Any, second: Any) -> Any:
    """∫ p q dx of pairs of mixtures, each weights, means and covariances:
    Σ_jk w_j w_k' N(μ_j - μ_k'; 0, Σ_j + Σ_k')."""
    weight, mean, covariance = first
    total = 0.0
    with np.errstate(all="ignore"):  # what is lost may be anything
        for k in range(second[0].shape[-1]):
            both = weight * second[0][..., k, None]
            spread = covariance + second[2][..., k, None, :, :]
            density = density_about_zero(mean - second[1][..., k, None, :], spread)
            total = total + np.where(both > 0, both * density, 0.0).sum(axis=-1)
    return total


def density_about_zero(y: Any, covariance: Any) -> Any:
    """N(y; 0, covariance), one coordinate eliminated after the other.

    It is infinite where the covariance is singular: nothing is left of the variance of one
    coordinate, given those before it.
    """
    y, rest, d = y.copy(), np.array(covariance), y.shape[-1]
    exponent, flat = np.full(rest.shape[:-2], d * np.log(2 * np.pi)), False
    for a in range(d):
        pivot, beyond = rest[..., a, a], rest[..., a, a + 1 :]
        flat = flat | ~(pivot > FLAT * covariance[..., a, a])
        exponent = exponent + np.log(pivot) + y[..., a] ** 2 / pivot
        share = beyond / pivot[..., None]
        y[..., a + 1 :] -= share * y[..., a, None]
        rest[..., a + 1 :, a + 1 :] -= share[..., :, None] * beyond[..., None, :]
    return np.where(flat, np.inf, np.exp(-0.5 * exponent))


def quasi_normal(d: int, bits: int) -> Floats:
    """2^bits points (…, d) of Sobol's sequence, as normal ones."""
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    points: Floats = ndtri(Sobol(d, scramble=False).random_base2(bits) + 0.5 / 2**bits)
    return points


@lru_cache(maxsize=8)
def standard_nodes(d: int) -> tuple[Floats, Floats]:
    """Points (m, d) and weights (m) whose sums are expectations under N(0, 1) in d dimensions.

    Gauss and Hermite's on a grid, in more than three dimensions Sobol's sequence.
    """
    if d not in ON_AXIS:
        points = quasi_normal(d, QUASI)
        return points, np.full(len(points), 1 / len(points))
    x, w = np.polynomial.hermite_e.hermegauss(ON_AXIS[d])
    points = np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)
    weights = np.prod(np.meshgrid(*[w / w.sum()] * d, indexing="ij"), axis=0).ravel()
    kept = weights > 1e-18 * weights.max()
    return points[kept], weights[kept] / weights[kept].sum()


def free_parameters(K: int, d: int, form: str) -> int:
    """The number of free parameters of a mixture."""
    each = {"full": d * (d + 1) // 2, "diag": d, "spherical": 1}[form]
    return K - 1 + K * d + K * each


def least_correlation(covariance: Any) -> Any:
    """The smallest eigenvalue of each covariance's correlations, whatever units its axes have.

    It is at most `SINGULAR` where some direction has no variance.
    """
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    correlation = covariance / (scale[..., :, None] * scale[..., None, :])
    return np.linalg.eigvalsh(correlation)[..., 0]
