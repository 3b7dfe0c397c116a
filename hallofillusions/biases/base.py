"""What a sampling bias must say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..component import Component

if TYPE_CHECKING:
    import numpy as np

    from ..families.base import Family, Model


class SamplingBias(Component, ABC):
    """What sampling does to a model: the law of a synthetic point, given the model."""

    at: Any
    """In a claim: the fields and `atoms` by their names, as ring generators."""

    def check(self, family: Family) -> None:
        """Refuse a family on which the bias cannot act."""

    def marginal(self, dimension: int) -> SamplingBias:
        """The bias that acts on some components alone when this one acts on ``dimension``."""
        return self

    def atoms(self, family: Family) -> dict[str, Any]:
        """Quantities computed from the fields in which the claim is a polynomial besides them."""
        return {}

    def closes(self, family: Family) -> bool:
        """Whether its claim is a polynomial in the coordinates of this family."""
        return True

    @abstractmethod
    def draw(
        self, family: Family, model: Model, shape: tuple[int, ...], rng: np.random.Generator
    ) -> Any:
        """Definition: biased points of each model, an array of ``shape``."""

    def draw_statistics(
        self, family: Any, model: Model, replicates: int, size: Any, rng: np.random.Generator
    ) -> Any:
        """Sufficient statistics of biased points, exact in law.

        By default: for types those of their `reweighed` probabilities, else there is no shortcut.
        """
        if not family.types:
            raise NotImplementedError
        biased = {"probability": self.reweighed(model["probability"])}
        return family.draw_statistics(biased, replicates, size, rng)

    def literal_on(self, family: Family) -> bool:
        """Whether only `draw` exists for this family."""
        face = "reweighed" if family.types else "draw_statistics"
        return getattr(type(self), face) is getattr(SamplingBias, face)

    def reweighed(self, probabilities: Any) -> Any:
        """Rows of probabilities of types (…, K) as the bias draws from them, in closed form."""
        raise NotImplementedError

    @abstractmethod
    def claim(self, family: Family, label: Any, state: Mapping[str, Any]) -> Any:
        """Claim: E[label(x)] of a biased point as a polynomial in the model's coordinates."""
