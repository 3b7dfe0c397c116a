"""Nucleus sampling of a density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..families.base import no_spread
from ..numerics.draws import rejection
from ..special import ball_radius, is_exact
from ..symbols import PARAMETERS, InputError, is_symbolic, whole
from .base import SamplingBias
from .truncation import RAREST, ball_atoms, checked_dimension, in_ball


@dataclass(frozen=True, repr=False)
class TopP(SamplingBias):
    """Synthetic points come from the smallest region that holds the probability p of the model.

    ``p`` is a number in (0, 1) or a symbol.  The region is where the density is high: a point is
    rejected where the density is below the value that a share 1 - p of all points does not
    reach.  For a Gaussian in d dimensions it is the ball of radius k, k² the p-quantile of χ²_d,
    so the claim is that of `Truncation`; ``dimension`` as there.
    """

    p: Any = 0.9
    dimension: Any = None

    symbols: ClassVar[dict[str, str]] = {"p": "p"}
    structure: ClassVar[tuple[str, ...]] = ("dimension",)

    def __post_init__(self) -> None:
        self._set(p=PARAMETERS["p"].check(self.p))
        if self.dimension is not None:
            whole(self.dimension, "dimension", 1)

    def check(self, family: Any) -> None:
        if not family.spread:
            raise no_spread(family)
        checked_dimension(self.dimension, family)
        if not is_symbolic(self.p) and float(self.p) < RAREST:
            raise InputError(
                f"p must be at least {RAREST:g}, or no points are found, got {self.p!r}"
            )

    def marginal(self, dimension: int) -> TopP:
        return replace(self, dimension=self.dimension or dimension)

    def _dimension(self, family: Any) -> int:
        return int(self.dimension or family.dimension)

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        if self._dimension(family) != family.dimension:
            raise InputError(
                f"dimension must be left out to sample, got {self.dimension} for {family}"
            )
        standard = family.standard  # densities are ordered alike for every model, a flat one too
        own = standard.as_model()
        lowest = standard.log_density_quantile(own, float(self.p))

        def propose(size: int) -> tuple[Any, Any]:
            z = standard.draw(own, (shape[0], size), rng)
            return z, standard.log_density(own, z) >= lowest

        return family.located(model, rejection(propose, shape))

    def atoms(self, family: Any) -> dict[str, Any]:
        d = self._dimension(family)
        p = self.p if is_exact(self.p) else float(self.p)
        return ball_atoms(d, ball_radius(d, p), p)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return in_ball(self.at, self._dimension(family), family.central(label, state))
