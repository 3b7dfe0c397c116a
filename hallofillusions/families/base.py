"""What a family of models must say, in numbers (definition) and in polynomials (claim)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from ..component import Component, fields_of
from ..symbols import InputError

Model = Mapping[str, Any]
"""A batch of models: parameter name -> array whose axis 0 is the replicate."""


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
    positive: ClassVar[bool] = False
    """Whether all points, and so all means, are above 0."""

    @property
    def spread(self) -> tuple[str, ...]:
        """The coordinates that are second central moments, where the model has any of its own."""
        return ()

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest point that there can be."""
        return -np.inf, np.inf

    @property
    def dimension(self) -> int:
        """Numbers in one point."""
        return 1

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

    def means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
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

    def divergence(self, model: Model) -> Any:
        """KL(real ‖ model) of each model, in nats."""
        raise _unknown(self, "divergence")

    def entropy(self) -> float:
        """Entropy of the real law, in nats (for densities: the differential entropy)."""
        raise _unknown(self, "entropy")

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        """P(X < low or X > high) for a point X of each model."""
        raise _unknown(self, "outside")

    # -- the claim: polynomials ---------------------------------------------------------------

    def atoms(self) -> dict[str, Any]:
        """Quantities computed from the fields in which the claim is a polynomial besides them."""
        return {}

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

    @abstractmethod
    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        """The coordinates of the moment-matching fit as polynomials in the training means of φ."""

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """The coordinates of the real law."""


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


def _unknown(family: Family, what: str) -> InputError:
    return InputError(f"observables: {type(family).__name__} offers no {what} to be measured")
