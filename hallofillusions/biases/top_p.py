"""Nucleus sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..special import ball_radius, is_exact
from ..symbols import PARAMETERS, InputError, is_symbolic
from ._ball import RAREST, Ball, ball_atoms
from ._types import drawn, no_polynomial, nucleus, renormalised


@dataclass(frozen=True, repr=False)
class TopP(Ball):
    """Synthetic points come from the smallest region that holds the probability p of the model.

    ``p`` is a number in (0, 1) or a symbol.  The region is where the density is high: a point is
    rejected where the density is below the value that a share 1 - p of all points does not
    reach.  For a Gaussian in d dimensions it is the ball of radius k, k² the p-quantile of χ²_d,
    so the claim is that of `Truncation`; ``dimension`` as there.  For types it is the nucleus of
    Holtzman et al. (2020), the fewest types that hold at least p, and no polynomial is its law.
    """

    p: Any = 0.9
    dimension: Any = None

    symbols: ClassVar[dict[str, str]] = {"p": "p"}

    def __post_init__(self) -> None:
        self._set(p=PARAMETERS["p"].check(self.p))
        super().__post_init__()

    def check(self, family: Any) -> None:
        if family.types:
            if self.dimension not in (None, family.dimension):
                raise InputError(f"dimension must be left out on types, got {self.dimension}")
            return
        super().check(family)
        if not is_symbolic(self.p) and float(self.p) < RAREST:
            raise InputError(
                f"p must be at least {RAREST:g}, or no points are found, got {self.p!r}"
            )

    def closes(self, family: Any) -> bool:
        return not family.types

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        if not family.types:
            return super().draw(family, model, shape, rng)
        return drawn(self, family, model, shape, rng, lambda q: nucleus(q, float(self.p)))

    def reweighed(self, probabilities: Any) -> Any:
        return renormalised(probabilities, nucleus(probabilities, float(self.p)))

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        if family.types:
            raise no_polynomial(self)
        return super().claim(family, label, state)

    def keeps(self, standard: Any, own: Any, z: Any) -> Any:
        return standard.log_density(own, z) >= standard.log_density_quantile(own, float(self.p))

    def atoms(self, family: Any) -> dict[str, Any]:
        d = self.held(family)
        p = self.p if is_exact(self.p) else float(self.p)
        return ball_atoms(d, ball_radius(d, p), p)
