"""What an estimator must say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..component import Component
from ..starts import Memory
from ..symbols import InputError, is_symbolic

if TYPE_CHECKING:
    from ..families.base import Family
    from ..loop import FeedbackLoop


class Estimator(Component, ABC):
    """How a training set becomes a model."""

    closes: ClassVar[bool] = True
    """Whether the fit is a polynomial in the training means."""
    latent: ClassVar[bool] = False
    """Whether it fits families whose points are of several components, and no others."""
    literal: ClassVar[bool] = False
    """Whether it wants single points, since no statistics are sufficient."""
    smallest: ClassVar[int] = 1
    """The smallest training set that can be fitted."""

    def check(self, loop: FeedbackLoop) -> None:
        """Refuse a family that it cannot fit, and an n that is too small."""
        if loop.family.latent != self.latent:
            wants = "EM() or KnownLabels()" if loop.family.latent else "one that fits no mixture"
            raise InputError(f"estimator must be {wants} for {loop.family}, got {self!r}")
        for n in loop.n if isinstance(loop.n, tuple) else (loop.n,):
            if not is_symbolic(n) and n < self.smallest:
                raise InputError(f"n must be at least {self.smallest} for {self!r}, got {n}")
        first = loop.n[0] if isinstance(loop.n, tuple) else loop.n
        held = loop.mixing.memory_size(first)
        if isinstance(loop.start, Memory) and not is_symbolic(held) and held < self.smallest:
            raise InputError(
                f"the fixed set must hold at least {self.smallest} points for {self!r} at "
                f"start=Memory(), got {held}"
            )

    @abstractmethod
    def fit(self, family: Family, statistics: Any) -> dict[str, Any]:
        """Definition: the fitted models, from the sufficient statistics of the training sets."""

    def refit(self, family: Family, statistics: Any, last: Any, rng: Any) -> dict[str, Any]:
        """Definition, where the fit depends on the ``last`` models or on chance: as `fit`."""
        return self.fit(family, statistics)

    def closes_on(self, family: Family) -> bool:
        """Whether the fit of this family is a polynomial in the training means."""
        return self.closes

    def atoms(self, size: Any, family: Family) -> dict[str, Any]:
        """Quantities of the claim that are not polynomials in α and 1/n, given the set's size."""
        return {}

    @abstractmethod
    def claim(self, family: Family, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """Claim: the new coordinates as polynomials in the training means of the features."""

    def matched(self, family: Family, state: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """Claim: the coordinates of the moment-matching fit to the same points."""
        raise NotImplementedError
