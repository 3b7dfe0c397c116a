"""What a family of models must say, in numbers (definition) and in polynomials (claim)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ..component import Component

Model = Mapping[str, Any]
"""A batch of models: parameter name -> array whose axis 0 is the replicate."""


class Family(Component, ABC):
    """A family of models.  The instance itself is the real law of the loop.

    Claim: the model's state is a few polynomial coordinates of known weight (`variables`), the
    training set is summarised by the means of a few `features` φ, and `moment` gives the
    expectation of any product of features as a polynomial in the coordinates.
    """

    variables: ClassVar[Mapping[str, int]]
    """Coordinate of the model -> weight."""
    features: ClassVar[Mapping[str, int]]
    """Feature φ -> weight."""

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
    def summarise(self, points: Any) -> Any:
        """Sufficient statistics of points (replicates, size); statistics add with ``+``."""

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
        return {k: np.float64(v) for k, v in self.parameters().items()}

    # -- the claim: polynomials ---------------------------------------------------------------

    @abstractmethod
    def label(self, powers: Sequence[int]) -> Any:
        """Which function of x the product of features with these powers is (None if zero)."""

    @abstractmethod
    def weight(self, label: Any) -> int:
        """The weight of a label."""

    @abstractmethod
    def labels(self, order: int) -> list[Any]:
        """All labels of weight 1 … ``order``."""

    @abstractmethod
    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        """E[label(x)] under the model with coordinates ``state``, as a polynomial in them."""

    @abstractmethod
    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        """The coordinates of the moment-matching fit as polynomials in the training means of φ."""

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """The coordinates of the real law."""
