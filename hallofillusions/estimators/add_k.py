"""Additive smoothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..families.base import require_types
from ..symbols import PARAMETERS
from .base import Estimator


@dataclass(frozen=True)
class AddK(Estimator):
    """(c_i + k)/(n + kK) for the counts c_i of K types: Lidstone's rule, Laplace's at k = 1.

    ``k`` is a number above 0 or a symbol.  In an n-gram model each context has its own counts,
    and one that was never seen gives the uniform law (``nltk.lm.Lidstone``).
    """

    k: Any = 1

    symbols: ClassVar[dict[str, str]] = {"k": "kappa_0"}

    def __post_init__(self) -> None:
        self._set(k=PARAMETERS["kappa_0"].check(self.k, "k"))

    def check(self, loop: Any) -> None:
        require_types(loop.family)
        super().check(loop)

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        smoothed: dict[str, Any] = family.smoothed(statistics, float(self.k))
        return smoothed

    def atoms(self, size: Any, family: Any) -> dict[str, Any]:
        """ε = kK/(n + kK), the weight of the uniform law in the fit."""
        added = self.k * family.total
        return {"epsilon": added / (size + added)}

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        matched: dict[str, Any] = family.claim_match(means)
        uniform = family.claim_uniform()
        return {name: (1 - at.epsilon) * value + at.epsilon * uniform[name]
                for name, value in matched.items()}  # fmt: skip

    def matched(self, family: Any, state: Mapping[str, Any], at: Any) -> dict[str, Any]:
        uniform = family.claim_uniform()
        return {name: (value - at.epsilon * float(uniform[name])) / (1 - at.epsilon)
                for name, value in state.items()}  # fmt: skip
