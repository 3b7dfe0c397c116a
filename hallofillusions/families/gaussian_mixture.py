"""Mixtures of Gaussians."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..biases.unbiased import Unbiased
from ..numerics.mixtures import (
    FORMS,
    between,
    free_parameters,
    log_density,
    standard_nodes,
    total_mean,
    within,
)
from ..symbols import InputError
from ._labelled import LabelledPoints, LabelledStatistics
from ._mixture_fields import covariances_of, held_out_of, means_of, weights_of
from ._second_moments import OnNodes, product_means
from .base import Family, Model
from .categorical import Categorical
from .gaussian import Gaussian
from .multivariate_gaussian import outer, root


@dataclass(frozen=True, repr=False)
class GaussianMixture(OnNodes):
    """The law Σ_k w_k N(μ_k, Σ_k) in d dimensions, the real law of the loop and its models' form.

    =============== ======= =====================================================================
    weights         w       K numbers above 0 that sum to 1
    means           μ       K rows of d numbers (in one dimension K numbers)
    covariances     Σ       K covariances, d × d; a number stands for that multiple of the unit
                            matrix, d numbers for a diagonal; one number for all components
    covariance_type         which covariances the models have: "full", "diag" or "spherical", as
                            scikit-learn names them
    held_out                rows of real data that no model is trained on; losses are theirs
                            (None: losses are those of the law itself)
    =============== ======= =====================================================================

    Models are refitted by `EM`, which sees points only, or by `KnownLabels`, which is told each
    point's component.  Inside the loop a point is d numbers and, last, its component (NaN in rows
    of your own), which EM does not see.  Sampling biases act on each component and leave the
    weights.

    What is known of the loop exactly is its total mean and covariance, whose coordinates are those
    of a `Gaussian` in d dimensions.  A component that is lost has the weight 0 and comes back only
    with `KnownLabels`.  Raises `InputError` for what is no mixture.
    """

    weights: Any = (0.5, 0.5)
    means: Any = ((-2.0, 0.0), (2.0, 0.0))
    covariances: Any = 1.0
    covariance_type: str = "full"
    held_out: Any = None

    structure: ClassVar[tuple[str, ...]] = (
        "weights", "means", "covariances", "covariance_type", "held_out",
    )  # fmt: skip
    refitted_by: ClassVar[str] = "EM"
    latent: ClassVar[bool] = True
    shaped: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.covariance_type not in FORMS:
            raise InputError(
                f"covariance_type must be one of {', '.join(FORMS)}, got {self.covariance_type!r}"
            )
        weights = weights_of(self.weights)
        means = means_of(self.means, len(weights))
        K, d = len(weights), len(means[0])
        self._set(
            weights=weights, means=means, covariances=covariances_of(self.covariances, K, d),
            held_out=held_out_of(self.held_out, d),
        )  # fmt: skip
        self._check_form()

    def _check_form(self) -> None:
        """Refuse a law that is none of the models' form: the loop would start elsewhere."""
        d, form = self.dimension, self.covariance_type
        for k, matrix in enumerate(self.parameters()["covariance"]):
            plain = np.diag(np.diag(matrix)) if form == "diag" else np.eye(d) * matrix[0, 0]
            if form != "full" and not np.allclose(matrix, plain, rtol=1e-9, atol=0):
                raise InputError(
                    f"covariances must be {form} as covariance_type says, got another for "
                    f"component {k + 1}"
                )

    def __str__(self) -> str:
        if self.K * self.dimension <= 4 and self.held_out is None:
            return repr(self)
        held = "" if self.held_out is None else f", {len(self.held_out)} rows held out"
        return (f"GaussianMixture(K={self.K}, d={self.dimension}, {self.covariance_type} "
                f"covariances{held})")  # fmt: skip

    @cached_property
    def _hash(self) -> int:
        return hash((self.weights, self.means, self.covariances, self.covariance_type))

    def __hash__(self) -> int:
        """Kept: rows that are held out are many."""
        return self._hash

    # -- shape ------------------------------------------------------------------------------------

    @property
    def K(self) -> int:
        """The number of components."""
        return len(self.weights)

    @property
    def unrestricted(self) -> bool:
        """Whether components may have any covariance."""
        return self.covariance_type == "full" or self.dimension == 1

    @property
    def dimension(self) -> int:
        return len(self.means[0])

    @property
    def of_labels(self) -> Categorical:
        """The law of a point's label."""
        return Categorical(self.weights)

    @property
    def free_parameters(self) -> int:
        """K - 1 weights, K d means and the entries of the covariances."""
        return free_parameters(self.K, self.dimension, self.covariance_type)

    @cached_property
    def center(self) -> Any:
        """The total mean."""
        return total_mean(self.parameters())

    @cached_property
    def covariance(self) -> Any:
        """The total covariance."""
        own = self.parameters()
        return within(own) + between(own)

    def closes_under(self, bias: Any) -> bool:
        """The total moments do, of points that the model as it is has made."""
        return isinstance(bias, Unbiased)

    def check_bias(self, bias: Any) -> None:
        bias.check(self.standard)

    def literal_under(self, bias: Any) -> bool:
        return bool(bias.literal_on(self.standard))

    def check_start(self, start: Any) -> None:
        super().check_start(start)
        if (start.K, start.covariance_type) != (self.K, self.covariance_type):
            raise InputError(
                f"start must have {self.K} {self.covariance_type} components, got {start}"
            )

    def checked(self, values: Any, argument: str) -> Any:
        """Rows of d numbers, or of d + 1 where the last is the component, 0 … K - 1."""
        d = self.dimension
        try:
            rows = np.array(values, dtype=float)
        except (TypeError, ValueError):
            got = reprlib.repr(values)
            raise InputError(f"{argument} must be rows of {d} numbers, got {got}") from None
        if d == 1 and rows.ndim == 1:
            rows = rows[:, None]
        if rows.ndim != 2 or not len(rows) or rows.shape[1] not in (d, d + 1):
            raise InputError(
                f"{argument} must be rows of {d} numbers, or of {d + 1} where the last is the "
                f"component, got the shape {rows.shape}"
            )
        if rows.shape[1] == d:
            rows = np.column_stack((rows, np.full(len(rows), np.nan)))
        bad = np.argwhere(~np.isfinite(rows[:, :d]))
        if len(bad):
            raise InputError(
                f"{argument} must be finite, got {rows[tuple(bad[0])]} in row {bad[0][0] + 1}, "
                f"column {bad[0][1] + 1}"
            )
        label = rows[:, d]
        wrong = ~np.isnan(label) & ~np.isin(label, np.arange(self.K))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{argument} must have components 0 … {self.K - 1} in its last column, got "
                f"{label[row]:g} in row {row + 1}"
            )
        return rows

    def shown(self, points: Any) -> Any:
        points = points[..., :-1]
        return points[..., 0] if self.dimension == 1 else points

    # -- the definition ---------------------------------------------------------------------------

    @cached_property
    def _parameters(self) -> dict[str, Any]:
        weights = np.array(self.weights, dtype=float)
        return {
            "weight": weights / weights.sum(), "mean": np.array(self.means, dtype=float),
            "covariance": np.array(self.covariances, dtype=float), "steps": np.array(0.0),
            "converged": np.array(1.0),
        }  # fmt: skip

    def parameters(self) -> dict[str, Any]:
        return dict(self._parameters)

    @cached_property
    def standard(self) -> Gaussian:
        """The law of a component's standardised points."""
        return Gaussian() if self.dimension == 1 else Gaussian((0,) * self.dimension)

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self.drawn(Unbiased(), model, shape, rng)

    def drawn(
        self, bias: Any, model: Model, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Any:
        """Points and their labels: a component by its weight, then a point of it.

        The bias draws standardised points, which the component's mean and covariance then place.
        """
        rows, d = shape[0], self.dimension
        labels = _labels(model["weight"], shape, rng)
        z = self._standardised(bias, shape, rng)
        mean = np.broadcast_to(model["mean"], (rows, self.K, d)).reshape(-1, d)
        L = np.broadcast_to(root(model["covariance"]), (rows, self.K, d, d)).reshape(-1, d, d)
        place = labels + self.K * np.arange(rows)[:, None]
        points = np.empty((*shape, d + 1))
        for i in range(d):
            points[..., i] = mean[:, i][place]
            for j in range(d):
                points[..., i] += L[:, i, j][place] * z[..., j]
        points[..., d] = labels
        return points

    def _standardised(self, bias: Any, shape: tuple[int, ...], rng: Any) -> Any:
        """What the bias makes of normal points (replicates, size, d)."""
        if isinstance(bias, Unbiased):
            return rng.standard_normal((*shape, self.dimension))
        standard = self.standard
        points = bias.draw(standard, standard.as_model(), shape, rng)
        return points.reshape(*shape, self.dimension)

    def draw_statistics(
        self, model: Model, replicates: Any, size: Any, rng: np.random.Generator
    ) -> LabelledStatistics:
        return self.drawn_statistics(Unbiased(), model, replicates, size, rng)

    def drawn_statistics(
        self, bias: Any, model: Model, replicates: Any, size: Any, rng: Any
    ) -> LabelledStatistics:
        """Sizes are multinomial; given them, each component has the statistics of a Gaussian."""
        shape = replicates if isinstance(replicates, tuple) else (replicates,)
        d, standard = self.dimension, self.standard
        sizes = rng.multinomial(np.broadcast_to(size, shape), model["weight"])
        own = bias.draw_statistics(standard, standard.as_model(), sizes.shape, sizes, rng)
        mean = own.mean.reshape(*sizes.shape, d)
        scatter = own.scatter.reshape(*sizes.shape, d, d)
        L = root(model["covariance"])
        mean = model["mean"] + np.einsum("...ij,...j->...i", L, mean)
        return LabelledStatistics(
            sizes.astype(float), mean, L @ scatter @ np.swapaxes(L, -1, -2)
        )

    def summarise(self, points: Any, weights: Any = None) -> LabelledPoints:
        return LabelledPoints(points, np.ones(points.shape[-2]) if weights is None else weights)

    def match(self, statistics: Any) -> dict[str, Any]:
        raise InputError(
            f"estimator must be EM() or KnownLabels() for a GaussianMixture, got another for {self}"
        )

    def match_labelled(self, statistics: LabelledStatistics) -> dict[str, Any]:
        """Each component's own maximum likelihood, given the labels; one without points is lost."""
        size = statistics.size
        safe = np.where(size > 0, size, 1.0)[..., None, None]
        covariance = statistics.scatter / safe
        if self.covariance_type != "full":
            covariance = covariance * np.eye(self.dimension)
        if self.covariance_type == "spherical":
            pooled = np.trace(covariance, axis1=-2, axis2=-1) / self.dimension
            covariance = pooled[..., None, None] * np.eye(self.dimension)
        ended = np.ones(size.shape[:-1])
        return {"weight": size / size.sum(axis=-1, keepdims=True), "mean": statistics.mean,
                "covariance": covariance, "steps": ended, "converged": ended}  # fmt: skip

    def means_of(self, sample: Any) -> tuple[Any, Any]:
        """First and second moments of y = x - μ₀ over a sample."""
        if isinstance(sample, LabelledStatistics):
            mean, covariance = sample.moments()
            y = mean - self.center
            return y, covariance + outer(y, y)
        y = sample[..., : self.dimension] - self.center
        return y.mean(axis=-2), np.swapaxes(y, -1, -2) @ y / y.shape[-2]

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label -> mean of Π y_i^a_i over points, or over statistics (degree 2 at most)."""
        means = self.means_of(sample)
        found = {label: product_means(label, *means) for label in labels}
        missing = [label for label, value in found.items() if value is None]
        if missing and isinstance(sample, LabelledStatistics):
            raise InputError(f"labels must be of degree 1 or 2 for statistics, got {missing[0]}")
        for label in missing:
            y = sample[..., : self.dimension] - self.center
            found[label] = np.prod(y ** np.array(label), axis=-1).mean(axis=-1)
        return found

    # -- what observables measure -----------------------------------------------------------------

    def mean_of(self, model: Model) -> Any:
        mean = total_mean(model)
        return mean[..., 0] if self.dimension == 1 else mean

    def variance_of(self, model: Model) -> Any:
        total = within(model) + between(model)
        return total[..., 0, 0] if self.dimension == 1 else total

    def components(self, model: Model) -> tuple[Any, Any, Any]:
        weight, mean, covariance = (np.asarray(model[k]) for k in ("weight", "mean", "covariance"))
        return weight, mean, covariance

    def log_density(self, model: Model, points: Any) -> Any:
        """Of points without labels: (…, size, d), in one dimension (…, size)."""
        points = np.asarray(points, dtype=float)
        points = points[..., None] if self.dimension == 1 else points
        return log_density(model, points, self.covariance_type)

    def loss(self, model: Model, statistics: Any) -> Any:
        logs = log_density(model, statistics.values, self.covariance_type)
        return -logs @ statistics.counts / statistics.counts.sum()

    @cached_property
    def nodes(self) -> tuple[Any, Any]:
        """Points and weights whose sums are expectations under the real law."""
        z, w = standard_nodes(self.dimension)
        own = self.parameters()
        points = own["mean"][:, None] + z @ np.swapaxes(root(own["covariance"]), -1, -2)
        weights = own["weight"][:, None] * w
        return points.reshape(-1, self.dimension), weights.ravel()

    def entropy(self) -> float:
        """Of the real law; where rows are held out, its loss on them."""
        return float(self.held_out_loss(self.parameters()))

    @cached_property
    def held_out_rows(self) -> Any:
        return None if self.held_out is None else np.array(self.held_out, dtype=float)

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        """Of each component, by its weight (in one dimension)."""
        from scipy.special import ndtr

        mean, sigma = model["mean"][..., 0], np.sqrt(model["covariance"][..., 0, 0])
        low, high = (np.asarray(v)[..., None] for v in (low, high))
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = ndtr((low - mean) / sigma) + ndtr((mean - high) / sigma)
        return np.where(model["weight"] > 0, model["weight"] * beyond, 0.0).sum(axis=-1)

    # -- parts of the law -------------------------------------------------------------------------

    def marginal(self, names: Collection[str]) -> tuple[Family, dict[str, str], Any]:
        """The mixture of those coordinates alone that are spoken of."""
        used = sorted({int(k) - 1 for name in names for k in name.split("_")[1:]})
        if self.dimension == 1 or len(used) == self.dimension or self.covariance_type != "full":
            return super().marginal(names)
        place = {str(k + 1): str(i + 1) for i, k in enumerate(used)}
        new = {name: "_".join([name.split("_")[0], *(place[k] for k in name.split("_")[1:])])
               for name in names}  # fmt: skip
        if len(used) == 1:
            new = {k: v.split("_")[0] for k, v in new.items()}
        own = self.parameters()
        held = None if self.held_out is None else np.array(self.held_out)[:, used]
        part = GaussianMixture(self.weights, own["mean"][:, used],
                               own["covariance"][:, used][:, :, used], held_out=held)  # fmt: skip
        return part, new, used

    def projected(self, rows: Any, places: Any) -> Any:
        if places is None:
            return rows
        return np.asarray(rows)[:, [*places, self.dimension]]

    def along(self, direction: Sequence[float]) -> GaussianMixture:
        """The law of u·x for the direction u."""
        u, own = np.asarray(direction, dtype=float), self.parameters()
        variances = np.einsum("i,kij,j->k", u, own["covariance"], u)
        held = None if self.held_out is None else np.array(self.held_out) @ u
        return GaussianMixture(self.weights, own["mean"] @ u, variances, held_out=held)

    def seen_along(self, model: Model, direction: Any) -> dict[str, Any]:
        """Each model's law of u·x."""
        variance = np.einsum("i,...ij,j->...", direction, model["covariance"], direction)
        return {**model, "mean": (model["mean"] @ direction)[..., None],
                "covariance": np.maximum(variance, 0.0)[..., None, None]}  # fmt: skip


def _labels(weight: Any, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """The component of every point: the first whose cumulated weight exceeds a uniform number."""
    edges = np.atleast_2d(np.cumsum(weight, axis=-1))
    edges = edges / edges[:, -1:]
    u = rng.random(shape)
    if len(edges) == 1:
        return np.searchsorted(edges[0], u, side="right")
    labels = np.zeros(shape, np.int64)
    for edge in edges[:, :-1].T:
        labels += u >= edge[:, None]
    return labels
