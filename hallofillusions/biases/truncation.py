"""Sampling without the tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..special import ball_share, is_exact
from ..symbols import PARAMETERS, InputError, is_symbolic
from ._ball import RAREST, Ball, ball_atoms


@dataclass(frozen=True, repr=False)
class Truncation(Ball):
    """Synthetic points farther than k standard deviations from the model's mean are rejected.

    ``k`` is a number above 0 or a symbol; in d dimensions the distance is Mahalanobis', and
    ``dimension`` says how many there are where a loop of fewer is a part of such a loop.  The
    claim: the even moments of degree 2j of the deviations are those of the Gaussian times
    c_j = P(χ²_{d+2j} < k²)/P(χ²_d < k²).
    """

    k: Any = 2
    dimension: Any = None

    symbols: ClassVar[dict[str, str]] = {"k": "kappa"}

    def __post_init__(self) -> None:
        self._set(k=PARAMETERS["kappa"].check(self.k, "k"))
        super().__post_init__()

    def check(self, family: Any) -> None:
        super().check(family)
        d = self.held(family)
        if not is_symbolic(self.k):
            share = ball_share(d, self.k)
            if share < RAREST:
                raise InputError(
                    f"k must leave at least {RAREST:g} of the points in {d} dimensions, got "
                    f"{self.k!r}, which leaves {share:.2g}"
                )

    def keeps(self, standard: Any, own: Any, z: Any) -> Any:
        return standard.radius(own, z) <= float(self.k)

    def atoms(self, family: Any) -> dict[str, Any]:
        d, k = self.held(family), self.k if is_exact(self.k) else float(self.k)
        return ball_atoms(d, k, ball_share(d, k))
