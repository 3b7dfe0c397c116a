"""Sampling without the tails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..families.base import no_spread
from ..numerics.draws import rejection
from ..special import ball_share, is_exact, surface
from ..symbols import PARAMETERS, InputError, is_symbolic, whole
from .base import SamplingBias

RAREST = 1e-3
"""Share of accepted points below which rejection is no way to draw."""


@dataclass(frozen=True, repr=False)
class Truncation(SamplingBias):
    """Synthetic points farther than k standard deviations from the model's mean are rejected.

    ``k`` is a number above 0 or a symbol; in d dimensions the distance is Mahalanobis', and
    ``dimension`` says how many there are where a loop of fewer is a part of such a loop.  The
    claim: the even moments of degree 2j of the deviations are those of the Gaussian times
    c_j = P(χ²_{d+2j} < k²)/P(χ²_d < k²).
    """

    k: Any = 2
    dimension: Any = None

    symbols: ClassVar[dict[str, str]] = {"k": "kappa"}
    structure: ClassVar[tuple[str, ...]] = ("dimension",)

    def __post_init__(self) -> None:
        self._set(k=PARAMETERS["kappa"].check(self.k, "k"))
        if self.dimension is not None:
            whole(self.dimension, "dimension", 1)

    def check(self, family: Any) -> None:
        if not family.spread:
            raise no_spread(family)
        d = checked_dimension(self.dimension, family)
        if not is_symbolic(self.k):
            share = ball_share(d, self.k)
            if share < RAREST:
                raise InputError(
                    f"k must leave at least {RAREST:g} of the points in {d} dimensions, got "
                    f"{self.k!r}, which leaves {share:.2g}"
                )

    def marginal(self, dimension: int) -> Truncation:
        return replace(self, dimension=self.dimension or dimension)

    def _dimension(self, family: Any) -> int:
        return int(self.dimension or family.dimension)

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        if self._dimension(family) != family.dimension:
            raise InputError(
                f"dimension must be left out to sample, got {self.dimension} for {family}"
            )
        standard = family.standard  # what is far is far for every model, a flat one too
        own = standard.as_model()

        def propose(size: int) -> tuple[Any, Any]:
            z = standard.draw(own, (shape[0], size), rng)
            return z, standard.radius(own, z) <= float(self.k)

        return family.located(model, rejection(propose, shape))

    def atoms(self, family: Any) -> dict[str, Any]:
        d, k = self._dimension(family), self.k if is_exact(self.k) else float(self.k)
        return ball_atoms(d, k, ball_share(d, k))

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return in_ball(self.at, self._dimension(family), family.central(label, state))


def checked_dimension(dimension: int | None, family: Any) -> int:
    """How many dimensions the region has: the family's, or more where it is a part of a loop."""
    if dimension is not None and dimension < family.dimension:
        raise InputError(
            f"dimension must be at least that of the family, {family.dimension}, got {dimension}"
        )
    return int(dimension or family.dimension)


def ball_atoms(d: int, k: Any, share: Any) -> dict[str, Any]:
    """x = k²/2 and r = x^{d/2} e^{-x} / (Γ(d/2+1) P(χ²_d < k²)): every c_j is a polynomial in them.

    ``share`` is P(χ²_d < k²).
    """
    return {"x": k * k / 2, "r": surface(d, k) / share}


def in_ball(at: Any, d: int, parts: Any) -> Any:
    """Σ_j c_j (part of degree j), c_0 = 1 and c_{j+1} = c_j - r x^j/((d/2+1) … (d/2+j)).

    It is the recursion P(a+1, x) = P(a, x) - x^a e^{-x}/Γ(a+1) of the incomplete gamma function.
    """
    total, c, term = parts[0], 1 - at.r, at.r
    for j, part in enumerate(parts[1:], start=1):
        total = total + c * part
        term = term * at.x * 2 / (d + 2 * j)
        c = c - term
    return total
