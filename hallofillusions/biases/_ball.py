"""What biases share that keep the middle of a model and lose its tails."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ..families.base import require_spread
from ..numerics.draws import rejection
from ..special import surface
from ..symbols import InputError, whole
from .base import SamplingBias

RAREST = 1e-3
"""Share of accepted points below which rejection is no way to draw."""


class Ball(SamplingBias):
    """A bias that keeps the points of a Gaussian whose standardised distance is below some k.

    ``dimension`` is how many dimensions the ball has, where the loop is a part of a larger one
    (None: those of the family).
    """

    dimension: Any
    structure: ClassVar[tuple[str, ...]] = ("dimension",)

    @abstractmethod
    def keeps(self, standard: Any, own: Any, z: Any) -> Any:
        """Definition: which points z of the standard member, with its model ``own``, are kept."""

    def __post_init__(self) -> None:
        if self.dimension is not None:
            whole(self.dimension, "dimension", 1)

    def check(self, family: Any) -> None:
        require_spread(family)
        if self.dimension is not None and self.dimension < family.dimension:
            raise InputError(
                f"dimension must be at least that of the family, {family.dimension}, got "
                f"{self.dimension}"
            )

    def marginal(self, dimension: int) -> Any:
        return replace(self, dimension=self.dimension or dimension)  # type: ignore[type-var]

    def held(self, family: Any) -> int:
        """The dimensions of the ball."""
        return int(self.dimension or family.dimension)

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        if self.held(family) != family.dimension:
            raise InputError(
                f"dimension must be left out to sample, got {self.dimension} for {family}"
            )
        standard = family.standard  # what is far is far for every model, a flat one too
        own = standard.as_model()

        def propose(size: int) -> tuple[Any, Any]:
            z = standard.draw(own, (shape[0], size), rng)
            return z, self.keeps(standard, own, z)

        return family.located(model, rejection(propose, shape))

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return in_ball(self.at, self.held(family), family.central(label, state))


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
