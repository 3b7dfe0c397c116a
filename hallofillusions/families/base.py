"""What a family of models must say, in numbers (definition) and in polynomials (claim)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, wraps
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from ..component import Component, fields_of
from ..symbols import InputError, checked_rows

Model = Mapping[str, Any]
"""A batch of models: parameter name -> array whose axis 0 is the replicate."""
AT_ONCE = 2**15
"""Points whose powers are averaged at a time: they stay in the cache."""


class Snapshot(dict[str, Any]):
    """Models that several observables look at, with what was computed `once` for all of them."""

    def __init__(self, models: Model) -> None:
        super().__init__(models)
        self.known: dict[str, tuple[Any, Any]] = {}
        """Method -> the family that was asked, and what it said."""


def once(method: Callable[[Any, Model], Any]) -> Callable[[Any, Model], Any]:
    """What a family computes of a `Snapshot` is computed once, however many observables ask."""

    @wraps(method)
    def found(family: Any, model: Model) -> Any:
        if not isinstance(model, Snapshot):
            return method(family, model)
        asked, said = model.known.get(method.__name__, (None, None))
        if asked is not family:
            said = method(family, model)
            model.known[method.__name__] = family, said
        return said

    return found


class Family(Component, ABC):
    """A family of models.  The instance itself is the real law of the loop.

    Claim: the model's state is a few polynomial coordinates of known weight (`variables`), the
    training set is summarised by the means of a few `features` φ, and `moment` gives the
    expectation of any product of features as a polynomial in the coordinates.
    """

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, int]:
        """Coordinate of the model -> weight."""

    @property
    @abstractmethod
    def features(self) -> Mapping[str, int]:
        """Feature φ -> weight."""

    closes: ClassVar[bool] = True
    """Whether every moment of a loop obeys a finite recursion; where not, `NotClosed` is raised."""
    highest: ClassVar[float] = np.inf
    """The highest weight of the moments that do."""
    types: ClassVar[bool] = False
    """Whether a point is one of finitely many types, which have names and no size."""
    law: ClassVar[Any] = None
    """The real probabilities of the types, where those of a model are its coordinates q_i."""
    sequential: ClassVar[bool] = False
    """Whether a point is a sequence, each symbol of which is drawn given the ones before it."""
    positive: ClassVar[bool] = False
    """Whether all points, and so all means, are above 0."""
    bulky: ClassVar[bool] = False
    """Whether a model is as large as what it was trained on, so that few are kept at once."""
    refitted_by: ClassVar[str] = "MaximumLikelihood"
    """The estimator of a loop of this family that names none."""
    latent: ClassVar[bool] = False
    """Whether a point is of one of several components, which a fit may not see."""

    @property
    def spread(self) -> tuple[str, ...]:
        """The coordinates that are second central moments, where the model has any of its own."""
        return ()

    @property
    def shaped(self) -> bool:
        """Whether models have a covariance that is fitted, whatever else they have."""
        return bool(self.spread)

    @property
    def bare(self) -> Family:
        """The family whose fit has the points' moments, where this one adds to them."""
        return self

    def closes_under(self, bias: Any) -> bool:
        """Whether a loop's moments obey a finite recursion when it samples with this bias."""
        return bool(bias.closes(self))

    def check(self, loop: Any) -> None:
        """Refuse a loop that this family cannot be in."""
        self.check_bias(loop.bias)

    def check_bias(self, bias: Any) -> None:
        """Refuse a bias that cannot act on this family."""
        bias.check(self)

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest point that there can be."""
        return -np.inf, np.inf

    @property
    def dimension(self) -> int:
        """Numbers in one point."""
        return 1

    def checked(self, values: Any, argument: str) -> Any:
        """Rows of a user's data as points, or an `InputError` that names the ``argument``."""
        return checked_rows(values, argument, self.dimension, self.support)

    def check_start(self, start: Any) -> None:
        """Refuse a start that differs from the real law in what is known and never fitted."""
        if start.dimension != self.dimension:
            raise InputError(f"start must have {self.dimension} dimensions, got {start}")

    # -- the definition: numbers --------------------------------------------------------------

    @abstractmethod
    def parameters(self) -> dict[str, float]:
        """The real law's own parameters, as `fit` returns them."""

    @abstractmethod
    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        """Points of each model: an array of ``shape`` = (replicates, size)."""

    @abstractmethod
    def log_density(self, model: Model, points: Any) -> Any:
        """Log-density of ``points`` (replicates, size) under each model."""

    @abstractmethod
    def summarise(self, points: Any, weights: Any = None) -> Any:
        """Sufficient statistics of points (replicates, size); statistics add with ``+``.

        ``weights`` (size) are how often each point counts, where that is not once.
        """

    @abstractmethod
    def match(self, statistics: Any) -> dict[str, Any]:
        """The model whose moments are the training set's (the maximum-likelihood fit)."""

    @abstractmethod
    def coordinates(self, model: Model) -> dict[str, Any]:
        """The coordinates named in `variables`, relative to the real law."""

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label -> mean of that function of x over each replicate's points or statistics."""
        raise NotImplementedError

    def as_model(self) -> Model:
        """The law itself as a model that broadcasts over replicates."""
        return {k: np.asarray(v, dtype=float)[()] for k, v in self.parameters().items()}

    # -- the definition: what observables measure ----------------------------------------------

    def mean_of(self, model: Model) -> Any:
        """The mean of each model."""
        return model["mean"]

    @abstractmethod
    def variance_of(self, model: Model) -> Any:
        """The variance (in d dimensions: the covariance) of each model."""

    def center_of(self, model: Model) -> Any:
        """The mean of each model against its points."""
        return np.asarray(self.mean_of(model))[..., None]

    def scaled(self, model: Model, factor: Any) -> dict[str, Any]:
        """The models with their covariance multiplied by ``factor``."""
        raise no_spread(self)

    @property
    def standard(self) -> Any:
        """The member that `located` maps to every other one, of mean 0 and covariance 1."""
        raise no_spread(self)

    def located(self, model: Model, z: Any) -> Any:
        """Points of each model from points z of the standard member."""
        raise no_spread(self)

    def drawn(
        self, bias: Any, model: Model, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Any:
        """Points that the bias draws from each model."""
        return bias.draw(self, model, shape, rng)

    def drawn_statistics(
        self, bias: Any, model: Model, replicates: Any, size: Any, rng: Any
    ) -> Any:
        """Sufficient statistics of points that the bias draws from each model."""
        return bias.draw_statistics(self, model, replicates, size, rng)

    def literal_under(self, bias: Any) -> bool:
        """Whether only points exist, and no law of their statistics, with this bias."""
        return bool(bias.literal_on(self))

    def shown(self, points: Any) -> Any:
        """Points as a user sees them."""
        return points

    def redrawn(self, model: Model, points: Any, where: Any, rng: np.random.Generator) -> Any:
        """Points of one model that take the places ``where`` of ``points``: (count, …).

        Where what is known of a point and not drawn goes with its place, it stays.
        """
        return self.draw(model, (1, int(np.count_nonzero(where))), rng)[0]

    def drawn_by(
        self, model: Model, shape: tuple[int, ...], rng: np.random.Generator, reweighed: Any
    ) -> Any:
        """Points of each model whose every row of probabilities goes through ``reweighed``.

        For families whose points are sequences (`sequential`), where a bias acts on each step.
        """
        raise _unknown(self, "rows of probabilities")

    def loss(self, model: Model, statistics: Any) -> Any:
        """-mean log-density of each model over a sample, given by its sufficient statistics."""
        raise _unknown(self, "loss")

    def unheard(self, model: Model) -> str:
        """What of the held-out data one model cannot produce, in words."""
        return ""

    def real_loss(self, model: Model) -> Any:
        """-E log-density of each model over the real law."""
        return self.divergence(model) + self.entropy()

    @property
    def scores(self) -> bool:
        """Whether it offers `loss`."""
        return type(self).loss is not Family.loss

    def components(self, model: Model) -> tuple[Any, Any, Any]:
        """Weights (…, K), means (…, K, d) and covariances (…, K, d, d) of the Gaussians that each
        model is a mixture of."""
        raise _unknown(self, "components")

    @property
    def of_gaussians(self) -> bool:
        """Whether it offers `components`."""
        return type(self).components is not Family.components

    def spectra(self, model: Model) -> tuple[Any, Any, Any]:
        """Weights (…, K) of the components, and of each the variances (…, K, d) along its axes and
        the squared distances of its mean along them, in the units of the real covariance and from
        the real mean."""
        raise _unknown(self, "components")

    @property
    def held_out_rows(self) -> Any:
        """Rows of real data (rows, d) that no model is trained on, where the family has them."""
        return None

    def smoothed(self, statistics: Any, k: float) -> dict[str, Any]:
        """The models of counts with k added to each type."""
        raise no_types(self)

    def interpolated(self, statistics: Any, uniform: bool) -> dict[str, Any]:
        """The models of Witten and Bell."""
        raise no_types(self)

    def divergence(self, model: Model) -> Any:
        """KL(real ‖ model) of each model, in nats."""
        raise _unknown(self, "divergence")

    def entropy(self) -> float:
        """Entropy of the real law, in nats (for densities: the differential entropy)."""
        raise _unknown(self, "entropy")

    def held_out_loss(self, model: Model) -> Any:
        """-E log p_model(x) over held-out real x, in nats: KL(real ‖ model) and the entropy."""
        return self.divergence(model) + self.entropy()

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        """P(X < low or X > high) for a point X of each model."""
        raise _unknown(self, "outside")

    # -- what observables measure on types -----------------------------------------------------

    def heterozygosity(self, model: Model) -> Any:
        """1 - Σ q_i² of each model."""
        raise no_types(self)

    def entropy_of(self, model: Model) -> Any:
        """Entropy of each model, in nats."""
        raise no_types(self)

    def distinct(self, model: Model, order: int = 1) -> Any:
        """How many k-grams (``order`` 1: types) have positive probability under each model."""
        raise no_types(self)

    def missing(self, model: Model, order: int = 1) -> Any:
        """The real probability of the k-grams that each model has lost."""
        raise no_types(self)

    def chi_square(self, model: Model) -> Any:
        """Σ (q_i - p_i)²/p_i of each model."""
        raise no_types(self)

    def reverse_divergence(self, model: Model) -> Any:
        """KL(model ‖ real) of each model, in nats."""
        raise no_types(self)

    # -- the claim: polynomials ---------------------------------------------------------------

    def atoms(self) -> dict[str, Any]:
        """Quantities computed from the fields in which the claim is a polynomial besides them."""
        return {}

    @property
    def pattern(self) -> Family:
        """A member for which the engine composes the same polynomials in the same atoms."""
        return self

    @cached_property
    def at(self) -> Any:
        """The fields and `atoms` by their names: numbers here, ring generators in the engine."""
        own = {f.name: getattr(self, f.name) for f in fields_of(self)}
        return SimpleNamespace(**own, **self.atoms())

    @abstractmethod
    def label(self, powers: Sequence[int]) -> Any:
        """Which function of x the product of features with these powers is (None if zero)."""

    @abstractmethod
    def weight(self, label: Any) -> int:
        """The weight of a label."""

    @abstractmethod
    def labels(self, order: int) -> list[Any]:
        """All labels of weight 1 … ``order``."""

    def name(self, label: Any) -> str:
        """The label as part of a coordinate's name."""
        return str(label)

    @abstractmethod
    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        """E[label(x)] under the model with coordinates ``state``, as a polynomial in them."""

    def central(self, label: Any, state: Mapping[str, Any]) -> Sequence[Any]:
        """The parts of `moment` of degree 0, 1, 2, … in the coordinates of `spread`.

        What scales the deviations from the model's mean by a random factor R multiplies the
        part of degree j by E R^2j.
        """
        raise no_spread(self)

    def dilated(self, state: Mapping[str, Any], factor: Any) -> dict[str, Any]:
        """The coordinates with every second central moment multiplied by ``factor``."""
        require_spread(self)
        return {k: factor * v if k in self.spread else v for k, v in state.items()}

    def marginal(self, names: Collection[str]) -> tuple[Family, dict[str, str], Any]:
        """The smallest family in which the coordinates ``names`` live.

        With it come their names there, and the components of a point that it has (None: all).
        """
        return self, {name: name for name in names}, None

    def projected(self, rows: Any, places: Any) -> Any:
        """Rows of data as points of the family at ``places`` (as `marginal` gives them)."""
        if places is None:
            return rows
        rows = np.asarray(rows)
        return rows[:, places[0] if len(places) == 1 else list(places)]

    @abstractmethod
    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        """The coordinates of the moment-matching fit as polynomials in the training means of φ."""

    def fit_atoms(self, size: Any) -> dict[str, Any]:
        """Quantities of `claim_fit` that are not polynomials in 1/n, given the set's size."""
        return {}

    def claim_fit(self, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """The coordinates of the fit `match`, where it has more than the moments of the points."""
        return self.claim_match(means)

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """The coordinates of the real law."""


def power_means(points: Any, middle: float, top: int) -> dict[int, Any]:
    """k -> the mean of (x - middle)^k over points (replicates, size), k = 1 … ``top``."""
    means = np.empty((top, *points.shape[:-1]))
    step = max(1, AT_ONCE // max(points.shape[-1], 1))
    for first in range(0, len(points), step):
        rows = slice(first, first + step)
        y = power = points[rows] - middle
        for k, own in enumerate(means):
            power = power * y if k else y
            own[rows] = power.mean(axis=-1)
    return dict(enumerate(means, 1))


def diversity(q: Any) -> Any:
    """1 - Σ q_i² of each row of probabilities."""
    return 1 - (q * q).sum(axis=-1)


def pearson(q: Any, p: Any) -> Any:
    """Σ (q_i - p_i)²/p_i of each row: infinite where q has what p has not."""
    excess = (q - p) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(excess > 0, excess / p, 0.0).sum(axis=-1)


def rarest(rank: Any, weights: Any, share: float) -> Any:
    """The weights of the items of lowest rank that make up a share of all; what is cut is shared.

    Items of one rank are alike: where the last of them do not all fit, each counts in part.
    """
    ranks, place = np.unique(rank, return_inverse=True)
    each = np.bincount(place, weights, len(ranks))
    left = share * each.sum() - (np.cumsum(each) - each)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(each > 0, np.clip(left / each, 0, 1), 0.0)
    return weights * part[place]


def require_spread(family: Family) -> None:
    """Refuse a family without a variance of its own, on which the bias or estimator cannot act."""
    if not family.spread:
        raise no_spread(family)


def no_spread(family: Family) -> InputError:
    """Why a bias or an estimator of the variance cannot act on a family that has none."""
    return InputError(
        f"family must be a Gaussian, whose variance is fitted, for such a bias or estimator, got "
        f"{family!r}"
    )


def require_types(family: Family) -> None:
    """Refuse a family without types, on which the bias or estimator cannot act."""
    if not family.types:
        raise no_types(family)


def no_types(family: Family) -> InputError:
    """Why what acts on types cannot act on a family that has none."""
    return InputError(f"family must be one of types (Categorical, NGram) for this, got {family!r}")


def _unknown(family: Family, what: str) -> InputError:
    return InputError(f"observables: {type(family).__name__} offers no {what} to be measured")
