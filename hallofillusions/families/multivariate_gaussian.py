"""The Gaussian family in d dimensions, with a full covariance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..numerics.mixtures import SINGULAR, least_correlation
from ..symbols import InputError, as_number, is_symbolic, python_number, table_symbol
from ._second_moments import SecondMoments, product_means
from .base import Family, Model
from .gaussian import Gaussian, GaussianStatistics, at_least, density_quantile, is_many


@dataclass(frozen=True)
class WishartStatistics(GaussianStatistics):
    """Count, mean (replicates, d) and scatter (replicates, d, d); ``+`` is the union."""

    def __add__(self, other: GaussianStatistics) -> WishartStatistics:
        count = self.count + other.count
        share = np.asarray(other.count / at_least(count, 1))
        gap = other.mean - self.mean
        between = np.asarray(self.count * share)[..., None, None] * outer(gap, gap)
        return WishartStatistics(
            count, self.mean + share[..., None] * gap, self.scatter + other.scatter + between
        )


@dataclass(frozen=True, repr=False)
class MultivariateGaussian(SecondMoments, Gaussian):  # type: ignore[misc]
    """The normal law N(μ₀, Σ₀) in d dimensions; `Gaussian` with a sequence for its mean makes one.

    ========== ============ ==========================================================
    mean       μ₀           d numbers
    variance   Σ₀           the d × d covariance, symmetric and positive definite; one
                            number stands for that multiple of the unit matrix
    ========== ============ ==========================================================

    The coordinates of a model are δ_i = μ_i - μ₀_i (weight 1) and v_ij = Σ_ij, i ≤ j (weight 2),
    called ``delta_1`` and ``v_1_2``; the features of a point are y_i and y_i y_j, y = x - μ₀.
    A function of x is labelled by the powers of y_1 … y_d.  Raises `InputError` for a covariance
    that is not one.
    """

    mean: Any = (0, 0)
    variance: Any = 1

    highest: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        if not any(map(is_many, (self.mean, self.variance))):
            raise InputError(f"mean must be a row of d numbers, got {self.mean!r}")
        size = len(list(self.mean if is_many(self.mean) else self.variance))
        self._set(mean=_vector(self.mean, size), variance=_matrix(self.variance, size))
        if not any(map(is_symbolic, (x for row in self.variance for x in row))):
            _check_covariance(np.array(self.variance, dtype=float))

    def __str__(self) -> str:
        if self.dimension <= 3:
            return repr(self)
        trace = float(np.trace(self.covariance))
        return f"Gaussian(d={self.dimension}, trace of the covariance={trace:g})"

    @property
    def dimension(self) -> int:
        return len(self.mean)

    @property
    def center(self) -> Any:
        """μ₀ as an array."""
        return np.array(self.mean, dtype=float)

    @property
    def covariance(self) -> Any:
        """Σ₀ as an array."""
        return np.array(self.variance, dtype=float)

    def symbol_of(self, name: str) -> Any:
        from ..symbols import lookup

        if name == "mean":
            return tuple(lookup(f"mu_{i + 1}") for i in range(self.dimension))
        order = range(1, self.dimension + 1)
        return tuple(tuple(lookup(f"Sigma_{min(i, j)}{max(i, j)}") for j in order) for i in order)

    # -- the definition -----------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        return {"mean": self.center, "variance": self.covariance}

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self.located(model, rng.standard_normal((*shape, self.dimension)))

    def draw_statistics(
        self, model: Model, replicates: Any, size: Any, rng: np.random.Generator
    ) -> WishartStatistics:
        """Count, mean and scatter of ``size`` points, exact in law.

        The mean is N(μ, Σ/size) and, independently, the scatter is Wishart(Σ, size - 1): L A Aᵀ Lᵀ
        with LLᵀ = Σ and A lower triangular, normals below a diagonal of χ (Bartlett 1933).  With
        fewer degrees of freedom than dimensions, A has as many columns as those.
        """
        shape = replicates if isinstance(replicates, tuple) else (replicates,)
        L, d = root(model["variance"]), self.dimension
        mean = rng.standard_normal((*shape, d))
        mean = np.einsum("...ij,...j->...i", L, mean)
        mean *= np.asarray(1 / np.sqrt(at_least(size, 1)))[..., None]
        factor = L @ bartlett(d, size, shape, rng)
        scatter = factor @ np.swapaxes(factor, -1, -2)
        return WishartStatistics(size, mean + model["mean"], scatter)

    def center_of(self, model: Model) -> Any:
        return np.asarray(model["mean"])[..., None, :]

    def scaled(self, model: Model, factor: Any) -> dict[str, Any]:
        return {**model, "variance": np.asarray(factor)[..., None, None] * model["variance"]}

    def collapsed(self, model: Model) -> Any:
        return ~np.isfinite(log_determinant(model["variance"]))

    def log_density(self, model: Model, points: Any) -> Any:
        log_det = self.dimension * np.log(2 * np.pi) + log_determinant(model["variance"])
        return -0.5 * (self.radius(model, points) ** 2 + np.asarray(log_det)[..., None])

    def log_density_quantile(self, model: Model, probability: float) -> Any:
        d = self.dimension
        log_det = d * np.log(2 * np.pi) + log_determinant(model["variance"])
        return density_quantile(d, log_det, probability)

    def radius(self, model: Model, points: Any) -> Any:
        """The Mahalanobis distance √((x-μ)ᵀΣ⁻¹(x-μ)) of points (replicates, size, d)."""
        gap = points - self.center_of(model)
        L = root(model["variance"])
        z = np.linalg.solve(L, np.swapaxes(gap, -1, -2))
        return np.sqrt(np.einsum("...ij,...ij->...j", z, z))

    @property
    def standard(self) -> Gaussian:
        return Gaussian((0,) * self.dimension)

    def located(self, model: Model, z: Any) -> Any:
        """μ + L z for standardised points z (replicates, size, d), where LLᵀ = Σ."""
        L = root(model["variance"])
        return self.center_of(model) + z @ np.swapaxes(L, -1, -2)

    def summarise(self, points: Any, weights: Any = None) -> WishartStatistics:
        weights = np.ones(points.shape[-2]) if weights is None else weights
        mean = np.einsum("...ij,i->...j", points, weights) / weights.sum()
        gap = points - mean[..., None, :]
        scatter = np.swapaxes(gap * weights[:, None], -1, -2) @ gap
        return WishartStatistics(weights.sum(), mean, scatter)

    def match(self, statistics: Any) -> dict[str, Any]:
        count = np.asarray(statistics.count)[..., None, None]
        return {"mean": statistics.mean, "variance": statistics.scatter / count}

    def divergence(self, model: Model) -> Any:
        """½ [log det Σ - log det Σ₀ + tr Σ⁻¹(Σ₀ + δδᵀ) - d]."""
        shift = model["mean"] - self.center
        log_det = log_determinant(model["variance"])
        alive = np.isfinite(log_det)
        safe = np.where(alive[..., None, None], model["variance"], np.eye(self.dimension))
        spread = np.linalg.solve(safe, self.covariance + outer(shift, shift))
        trace = np.trace(spread, axis1=-2, axis2=-1)
        loss = 0.5 * (log_det - log_determinant(self.covariance) + trace - self.dimension)
        return np.where(alive, loss, np.inf)

    def loss(self, model: Model, statistics: Any) -> Any:
        """½ [d log 2π + log det Σ + tr Σ⁻¹(scatter/count + (mean - μ)(mean - μ)ᵀ)]."""
        gap = statistics.mean - model["mean"]
        squares = statistics.scatter / np.asarray(statistics.count)[..., None, None]
        trace = np.trace(
            np.linalg.solve(model["variance"], squares + outer(gap, gap)), axis1=-2, axis2=-1
        )
        log_det = self.dimension * np.log(2 * np.pi) + log_determinant(model["variance"])
        return 0.5 * (log_det + trace)

    def entropy_of(self, model: Model) -> Any:
        """½ log det 2πe Σ."""
        log_det = log_determinant(model["variance"])
        return 0.5 * (self.dimension * np.log(2 * np.pi * np.e) + log_det)

    def components(self, model: Model) -> tuple[Any, Any, Any]:
        mean = np.asarray(model["mean"])[..., None, :]
        return np.ones(mean.shape[:-1]), mean, np.asarray(model["variance"])[..., None, :, :]

    def entropy(self) -> float:
        """½ log det(2πe Σ₀)."""
        d = self.dimension
        return float(0.5 * (d * (1 + np.log(2 * np.pi)) + log_determinant(self.covariance)))

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        raise InputError("observables: a tail in d dimensions wants Along(direction, TailMass())")

    def coordinates(self, model: Model) -> dict[str, Any]:
        center = np.array(self.mean, dtype=object if is_symbolic(self.mean[0]) else float)
        delta = np.asarray(model["mean"]) - center
        v = np.asarray(model["variance"])
        firsts = {f"delta_{i + 1}": delta[..., i] for i in range(self.dimension)}
        return {**firsts, **{f"v_{i + 1}_{j + 1}": v[..., i, j] for i, j in self._pairs}}

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label -> mean of Π y_i^a_i over points (replicates, size, d) or statistics (degree 2)."""
        if isinstance(sample, WishartStatistics):
            y = sample.mean - self.center
            second = outer(y, y) + sample.scatter / np.asarray(sample.count)[..., None, None]
            return {a: self._mean_of_two(a, y, second) for a in labels}
        y = sample - self.center
        return {a: np.prod(y ** np.array(a), axis=-1).mean(axis=-1) for a in labels}

    def _mean_of_two(self, label: Any, first: Any, second: Any) -> Any:
        found = product_means(label, first, second)
        if found is None:
            raise InputError(f"labels must be of degree 1 or 2 for statistics, got {tuple(label)}")
        return found

    # -- the claim ----------------------------------------------------------------------------

    @property
    def _single(self) -> bool:
        return False

    @property
    def spread(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._seconds

    def atoms(self) -> dict[str, Any]:
        return {f"Sigma_{i + 1}_{j + 1}": self.variance[i][j] for i, j in self._pairs}

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        return sum(self.central(label, state)[1:], self.central(label, state)[0])

    def central(self, label: Any, state: Mapping[str, Any]) -> list[Any]:
        """E Π y_i^a_i by Stein's identity, E y_i f = δ_i E f + Σ_l v_il E ∂_l f, by degree in v."""
        known: dict[tuple[int, ...], list[Any]] = {(0,) * self.dimension: [1]}

        def parts(a: tuple[int, ...]) -> list[Any]:
            if a not in known:
                i = next(k for k, p in enumerate(a) if p)
                rest = _less(a, i)
                found = [state[f"delta_{i + 1}"] * c for c in parts(rest)]
                for k, p in enumerate(rest):
                    if p:
                        v = state[f"v_{min(i, k) + 1}_{max(i, k) + 1}"]
                        for j, c in enumerate(parts(_less(rest, k))):
                            found += [0] * (j + 2 - len(found))
                            found[j + 1] = found[j + 1] + p * v * c
                known[a] = found
            return known[a]

        return parts(tuple(label))

    def marginal(self, names: Collection[str]) -> tuple[Family, dict[str, str], list[int]]:
        """The Gaussian of those components alone that the coordinates ``names`` speak of."""
        used = sorted({int(k) - 1 for name in names for k in name.split("_")[1:]})
        place = {str(k + 1): str(i + 1) for i, k in enumerate(used)}
        new = {name: "_".join([name.split("_")[0], *(place[k] for k in name.split("_")[1:])])
               for name in names}  # fmt: skip
        if len(used) == 1:
            new = {k: v.split("_")[0] for k, v in new.items()}
        return self.component(used), new, used

    def component(self, places: Sequence[int]) -> Gaussian:
        """The law of the components at ``places``, which is a Gaussian."""
        mean = [self.mean[i] for i in places]
        variance = [[self.variance[i][j] for j in places] for i in places]
        return Gaussian(mean, variance) if len(places) > 1 else Gaussian(mean[0], variance[0][0])

    def seen_along(self, model: Model, direction: Any) -> dict[str, Any]:
        """Each model's law of u·x."""
        variance = np.einsum("i,...ij,j->...", direction, model["variance"], direction)
        return {"mean": model["mean"] @ direction, "variance": np.maximum(variance, 0.0)}

    def along(self, direction: Sequence[float]) -> Gaussian:
        """The law of u·x for the direction u."""
        u = np.asarray(direction, dtype=float)
        return Gaussian(float(u @ self.center), float(u @ self.covariance @ u))


# -- matrices, a batch at a time -----------------------------------------------------------------


def outer(a: Any, b: Any) -> Any:
    return a[..., :, None] * b[..., None, :]


FEW = 4
"""Dimensions up to which a whole batch is factored entry by entry, faster than one by one."""
ROUNDING = 2.0**-51
"""The share of a variance that is left by rounding alone."""


def root(covariance: Any) -> Any:
    """L lower triangular with LLᵀ = Σ for each of a batch, whether Σ is singular or not."""
    if covariance.shape[-1] > FEW:
        with suppress(np.linalg.LinAlgError):
            return np.linalg.cholesky(covariance)
    return _semidefinite_root(covariance)


def _semidefinite_root(covariance: Any) -> Any:
    """Cholesky's L_ij = (Σ_ij - Σ_k<j L_ik L_jk)/L_jj, with a column of zeros where L_jj is 0."""
    L = np.zeros(covariance.shape)
    for j in range(covariance.shape[-1]):
        rest = _left(covariance, L, j, j)
        flat = rest <= ROUNDING * covariance[..., j, j]
        scale = np.where(flat, 0.0, 1 / np.sqrt(np.where(flat, 1.0, rest)))
        for i in range(j, covariance.shape[-1]):
            L[..., i, j] = scale * _left(covariance, L, i, j)
    return L


def _left(covariance: Any, L: Any, i: int, j: int) -> Any:
    """Σ_ij less what the columns before j make of it."""
    made = np.einsum("...k,...k->...", L[..., i, :j], L[..., j, :j])
    return covariance[..., i, j] - made


def log_determinant(covariance: Any) -> Any:
    """log det Σ for each of a batch: -∞ where Σ is singular."""
    sign, value = np.linalg.slogdet(covariance)
    return np.where(sign > 0, value, -np.inf)


def bartlett(d: int, size: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """A lower triangular with A Aᵀ of law Wishart(1, size - 1), for one size or one a replicate."""
    freedom = np.asarray(size)[..., None] - 1 - np.arange(d)
    A = np.zeros((*shape, d, d))
    below = rng.standard_normal((*shape, d * (d - 1) // 2))
    for i in range(1, d):
        A[..., i, :i] = below[..., i * (i - 1) // 2 : i * (i + 1) // 2]
    diagonal = 2 * rng.standard_gamma(np.maximum(freedom, 0) / 2, (*shape, d))
    np.sqrt(diagonal, out=np.einsum("...ii->...i", A))
    if (freedom <= 0).any():  # columns beyond the degrees of freedom are not there
        A *= np.broadcast_to(freedom > 0, (*shape, d))[..., None, :]
    return A


def _less(a: tuple[int, ...], i: int) -> tuple[int, ...]:
    return (*a[:i], a[i] - 1, *a[i + 1 :])


# -- the fields ----------------------------------------------------------------------------------


def _vector(mean: Any, size: int) -> tuple[Any, ...]:
    values = list(mean) if is_many(mean) else [mean] * size
    if not values or any(map(is_many, values)):
        raise InputError(f"mean must be a row of d numbers, got {mean!r}")
    return tuple(_number(v, "mean") for v in values)


def _matrix(variance: Any, size: int) -> tuple[tuple[Any, ...], ...]:
    if not is_many(variance):
        one = _number(variance, "variance")
        return tuple(tuple(one if i == j else 0 for j in range(size)) for i in range(size))
    rows = [list(row) if is_many(row) else [row] for row in list(variance)]
    if len(rows) != size or any(len(row) != size for row in rows):
        raise InputError(
            f"variance must be a {size} x {size} covariance, as the mean has {size} numbers, got "
            f"rows of {', '.join(str(len(row)) for row in rows)}"
        )
    return tuple(tuple(_number(v, "variance") for v in row) for row in rows)


def _number(value: Any, argument: str) -> Any:
    if not is_symbolic(value):
        as_number(value, argument)
    return python_number(table_symbol(value))


def _check_covariance(matrix: Any) -> None:
    if not np.allclose(matrix, matrix.T, rtol=1e-12, atol=0):
        raise InputError("variance must be a symmetric covariance matrix, got one that is not")
    if not least_correlation(matrix) > SINGULAR:
        raise InputError(
            f"variance must be a positive definite covariance, got one whose smallest eigenvalue "
            f"is {np.linalg.eigvalsh(matrix)[0]:.3g}"
        )
