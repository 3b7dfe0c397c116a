"""Interpolated Witten-Bell smoothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..families.base import require_types
from ..symbols import InputError
from .base import Estimator


@dataclass(frozen=True)
class WittenBell(Estimator):
    """P(w|h) = [c(hw) + t(h) P(w|h')]/[c(h) + t(h)], h' the context h without its first character.

    c counts, and t(h) is the number of different characters seen after h (Witten & Bell 1991; Chen
    & Goodman 1999, eq. 17); a context never seen leaves the word to h'.  Below the unigram lies
    the ``uniform`` law 1/K, so that every text has a finite perplexity; with ``uniform=False`` the
    recursion ends at the unigram's own shares, as ``nltk.lm.WittenBellInterpolated`` does.
    """

    uniform: bool = True

    structure: ClassVar[tuple[str, ...]] = ("uniform",)
    closes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.uniform, bool):
            raise InputError(f"uniform must be True or False, got {self.uniform!r}")

    def check(self, loop: Any) -> None:
        require_types(loop.family)
        super().check(loop)

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        fitted: dict[str, Any] = family.interpolated(statistics, self.uniform)
        return fitted

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        raise InputError(
            f"estimator {self!r} has no claim in polynomials: the number of types seen is none"
        )
