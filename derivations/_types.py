"""Loops of types in symbols: two or three of them stand for any number, since types lump.

Multinomial counts lump, so that whatever K is, a moment of one type lives in a loop of two types
and a moment of two types in a loop of three.  What is proved for p_1, p_2 and the rest holds for
any two types of any law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from hallofillusions.derivations._shared import only
from hallofillusions.families.categorical import Categorical
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.symbols import alpha, lookup, n, n_0

K = sp.Symbol("K", integer=True, positive=True)
k_0 = lookup("kappa_0")  # the pseudo-count of AddK
P = tuple(sp.Symbol(f"p_{i}", real=True) for i in (1, 2, 3))
U = tuple(sp.Symbol(f"u_{i}", real=True) for i in (1, 2, 3))
H = sp.Symbol("H", positive=True)  # 1 - Σ p_i²
SYMBOLIC: dict[type[Any], Any] = {
    Replace: Replace(), FreshSplit: FreshSplit(alpha=alpha), Accumulate: Accumulate(),
    FreshMixture: FreshMixture(alpha=alpha), AccumulateSubsample: AccumulateSubsample(),
    FixedReal: FixedReal(alpha=alpha), FixedPool: FixedPool(alpha=alpha, size=n_0),
}  # fmt: skip
"""Every mixing in symbols."""


@dataclass(frozen=True, repr=False)
class Shares(Categorical):
    """Types whose shares of the uniform law, and their number K, are symbols too.

    It has a claim alone: u_i stands for the share of any lump of types, so that what is proved
    of it holds for any number of types.
    """

    @property
    def shares(self) -> tuple[Any, ...]:
        firsts = U[: len(self.probabilities) - 1]
        return (*firsts, 1 - sum(firsts))

    @property
    def total(self) -> Any:
        return K


def few(count: int, kind: type[Categorical] = Categorical) -> Categorical:
    """``count`` types with symbols for their probabilities; the last is what is left of 1."""
    firsts = P[: count - 1]
    return kind((*firsts, 1 - sum(firsts)))


def types_loop(mixing: Any, count: int = 3, **parts: Any) -> FeedbackLoop:
    """The loop of a few types with symbols everywhere."""
    kind = Shares if "estimator" in parts else Categorical
    return FeedbackLoop(family=few(count, kind), mixing=mixing, n=n, **parts)


def types_only(mixing: Any, **conditions: Any) -> Any:
    """`only` for families of types."""
    return only(mixing, family=Categorical, **conditions)


def factors(name: str) -> list[str]:
    """``memory_1 q_2`` -> its factors, a square as the same one twice."""
    found = []
    for part in name.split():
        head, _, power = part.partition("^")
        found += [head] * int(power or 1)
    return found


def covariance(i: int, j: int, p: Any = P) -> Any:
    """That of the indicators of two types: p_i (δ_ij - p_j)."""
    return p[i] * (int(i == j) - p[j])


def noise(mixing: type[Any], m: Any, i: int, j: int) -> Any:
    """S_ij: n times the covariance of the shares of n points, when the mean law is m."""
    if mixing is FreshSplit:
        return (1 - alpha) * covariance(i, j) + alpha * covariance(i, j, m)
    return covariance(i, j, [(1 - alpha) * a + alpha * b for a, b in zip(P, m, strict=True)])


def moments(names: tuple[str, ...], shared: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """E of every tracked monomial where Cov(x_i, y_j) = c_xy p_i (δ_ij - p_j) and E x_i = p_i.

    x and y are "q" or "memory", and ``shared`` holds the c of each pair.
    """
    found = {}
    for name in names:
        heads, places = zip(*((f.rsplit("_", 1)[0], int(f.rsplit("_", 1)[1]) - 1)
                              for f in factors(name)), strict=True)  # fmt: skip
        mean = sp.Mul(*(P[i] for i in places))
        if len(places) == 2:
            mean += shared[tuple(sorted(heads))] * covariance(*places)
        found[name] = mean
    return found


def numbers_of(loop: FeedbackLoop) -> dict[str, float]:
    """H and K of a loop of types."""
    family: Any = loop.family
    return {"H": float(1 - (family.law**2).sum()), "K": float(family.total)}
