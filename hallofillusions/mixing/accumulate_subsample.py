"""A growing pool of which each fit sees n points."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any, ClassVar, Literal

import numpy as np

from .base import Mixing, Tick

HIGHEST = 24
"""The last p_k that `atoms` gives.  A recursion of order m needs p_1 … p_m, the engine keeps no
more of them, and the work grows so fast with m that no machine gets as far as this."""


@dataclass(frozen=True)
class AccumulateSubsample(Mixing):
    """The pool grows by n synthetic points; the fit sees n of it, drawn without replacement."""

    remembers: ClassVar[Literal["everything"]] = "everything"
    grows: ClassVar[bool] = True
    literal_only: ClassVar[bool] = True
    umbra: ClassVar[str | None] = "p"

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        fresh = source.synthetic(tick.n)
        pool = fresh if memory is None else memory + fresh
        return source.subsample(pool, tick.n), pool

    def atoms(self, clock: Any) -> dict[str, Any]:
        """Besides w = n/N and 1/N: h = 1/n, N, and the p_k = n(n-1)…/N(N-1)… of `claim`.

        Where fewer than k points are drawn, p_k multiplies a sum over an empty set: it is 0.
        """
        odds = {"p0": clock.n * 0 + 1}
        for k in range(1, HIGHEST + 1):
            left, pool = clock.n - (k - 1), clock.N - (k - 1)
            if isinstance(clock.n, np.ndarray):
                left, pool = np.maximum(left, 0), np.maximum(pool, 1)
            elif pool == 0:
                pool = 1
            odds[f"p{k}"] = odds[f"p{k - 1}"] * left / pool
        odds.pop("p0")
        return {
            "w": clock.n / clock.N, "H": 1 / clock.N, "h": 1 / clock.n, "N": clock.N, **odds
        }  # fmt: skip

    def claim_memory(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return (1 - at.w) * memory.linear + at.w * synthetic.K.averaged(at.H)

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        """Independent selection with probability p has log E = Σ_i log(1 + p(e^{t·φ(x_i)/n} - 1)).

        Expanding in p, a product over k different points is selected with probability p^k;
        drawing exactly n without replacement turns p^k into p_k = n(n-1)…/N(N-1)…, and nothing
        else changes: p is an umbra for the p_k.
        """
        terms = (
            at.p**j * ((-1) ** (i + 1) * comb(j, i)) / j * memory.M.scaled(i * at.h)
            for j in range(1, memory.order + 1)
            for i in range(1, j + 1)
        )
        return at.N * sum(terms, start=0 * memory.M)
