"""One type among many: the binomial law of its next count, and how long it is seen.

Given the past, a training set of n points holds X points of a type with frequency q in the last
model and p in the real law:

    FreshMixture   X ~ Bin(n, m),  m = (1-α)p + αq        E z^X = (1 - m(1-z))^n
    FreshSplit     X ~ Bin((1-α)n, p) + Bin(αn, q)        E z^X = (1 - p(1-z))^{(1-α)n} …
    Replace        α = 1 of either
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._shared import only
from hallofillusions.families.categorical import Categorical
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, n
from hallofillusions.transition.lumped import law

p, q = sp.symbols("p q", positive=True)  # of one type, in the real law and in the last model
z, s = sp.symbols("z s", positive=True)
i, j = sp.symbols("i j", integer=True, nonnegative=True)

mean = (1 - alpha) * p + alpha * q
"""m, the chance that a point of the training set is of the type."""

FRESH = (FreshMixture, FreshSplit)
fresh = only((*FRESH, Replace), family=Categorical, bias=Unbiased, start=(Truth, FirstFit))
"""The loops that theorems on one type are about."""


def pmf(count: Any, chance: Any, k: Any) -> Any:
    """P(X = k), X ~ Bin(count, chance)."""
    return sp.binomial(count, k) * chance**k * (1 - chance) ** (count - k)


def generated(count: Any, chance: Any, at: Any = z) -> Any:
    """E z^X, X ~ Bin(count, chance)."""
    return (1 - chance * (1 - at)) ** count


def generating(mixing: type[Any], at: Any = z) -> Any:
    """E z^X of the type's count X in the next training set, given q."""
    if mixing is FreshMixture:
        return generated(n, mean, at)
    return generated((1 - alpha) * n, p, at) * generated(alpha * n, q, at)


# -- numbers: the law of one type's count ----------------------------------------------------------


def binomial(count: int, chance: Any) -> Any:
    """P(X = j) for j = 0 … count (`pmf` without overflow): a row for each ``chance``."""
    from scipy.stats import binom

    return binom.pmf(np.arange(count + 1), count, np.asarray(chance, dtype=float)[..., None])


def counts(loop: FeedbackLoop, chance: float, when: Iterable[int]) -> Any:
    """The law of a type's count at the generations ``when`` ≥ 1, from the truth: (when, n + 1)."""
    one = FeedbackLoop(Categorical((chance, 1 - chance)), mixing=loop.mixing, n=loop.n)
    laws = law(one, 1, max(when))
    return np.array([laws[g][1] for g in when])


def expected(loop: FeedbackLoop, function: Any, when: Iterable[int]) -> Any:
    """Σ E f(q_i, p_i) over all types at the generations ``when``, exactly."""
    when, frequency = tuple(when), np.arange(int(loop.n) + 1) / int(loop.n)
    family: Any = loop.family
    return sum(
        how_many * counts(loop, chance, when) @ function(frequency, chance)
        for chance, how_many in zip(*np.unique(family.law, return_counts=True), strict=True)
    )


def chained(first: Any, steps: Any, values: Any, when: Iterable[int]) -> Any:
    """E f(X_g) at the generations ``when`` ≥ 1: X_1 has the law ``first``, and T is ``steps``."""
    when = tuple(when)
    laws = [np.asarray(first, dtype=float)]
    for _ in range(1, max(when)):
        laws.append(laws[-1] @ steps)
    return np.array([laws[g - 1] @ values for g in when])


def present(frequency: Any, chance: float) -> Any:
    """Of a sum over types: how many are left."""
    return np.asarray(frequency > 0, dtype=float)


def missing(frequency: Any, chance: float) -> Any:
    """Of a sum over types: the real probability of those that are lost."""
    return chance * (frequency == 0)


# -- numbers: the limit of rare types --------------------------------------------------------------


def losses(share: float, count: int) -> Any:
    """s_0 … s_{count-1}: s_0 = 1, s_{j+1} = 1 - e^{-αs_j}."""
    found = np.ones(count)
    for k in range(1, count):
        found[k] = -np.expm1(-share * found[k - 1])
    return found


def exposure(share: float, when: int) -> float:
    """(1-α) Σ_{j<g-1} s_j + s_{g-1}: training sets in which a rare type is looked for."""
    found = losses(share, when)
    return float((1 - share) * found[:-1].sum() + found[-1])


def share_of(loop: FeedbackLoop) -> float:
    """α of the loop."""
    return float(loop.mixing.fraction(int(loop.n), 0))


def kept(loop: FeedbackLoop, tokens: float, function: Any) -> float:
    """Σ f over all types, where a type of probability p is absent with chance e^{-p·tokens}."""
    family: Any = loop.family
    absent = np.exp(-family.law * tokens)
    gone = sum(a * function(0.0, c) for a, c in zip(absent, family.law, strict=True))
    left = sum((1 - a) * function(1.0, c) for a, c in zip(absent, family.law, strict=True))
    return float(gone + left)
