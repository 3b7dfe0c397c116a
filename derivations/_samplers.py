"""Biased samplers of types in numbers: what is drawn, and one generation of counts."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.loop import FeedbackLoop
from hallofillusions.starts import Truth


def tempered(types: Any, temperature: float) -> Any:
    """q^{1/τ}/Z."""
    powers = np.asarray(types, dtype=float) ** (1 / temperature)
    return powers / powers.sum()


def cut(types: Any, count: int) -> Any:
    """The first ``count`` types, in proportion."""
    types = np.asarray(types, dtype=float)
    return np.where(np.arange(len(types)) < count, types, 0) / types[:count].sum()


def nucleus(types: Any, level: float) -> int:
    """How many of the first types hold at least the mass ``level``."""
    return int(np.searchsorted(np.cumsum(types), level)) + 1


def drawn(bias: Any, types: Any) -> Any:
    """What the sampler draws from; ``types`` are in falling order."""
    if isinstance(bias, Temperature):
        return tempered(types, float(bias.tau))
    if isinstance(bias, TopK):
        return cut(types, int(bias.k))
    assert isinstance(bias, TopP)
    return cut(types, nucleus(types, float(bias.p)))


def spread_alike(w: Any, types: Any) -> Any:
    """A wrong cut, which gives each kept type the same share of the mass outside."""
    held = np.asarray(w) > 0
    types = np.asarray(types, dtype=float)
    return np.where(held, types + types[~held].sum() / held.sum(), 0)


def strata(loop: FeedbackLoop) -> tuple[int, int, int]:
    """Bootstrapped and synthetic points of a training set, and the size of the pool."""
    size = int(loop.n)
    synthetic = round(loop.mixing.fraction(size, 0) * size)
    return size - synthetic, synthetic, loop.mixing.memory_size(size)


def one_step(loop: FeedbackLoop, w: Any) -> Any:
    """E Σ q_i² at g = 1 from the truth, when synthetic points are drawn from w.

    (n_r A + n_s B)/n with A the mean of n_r points of a pool of n_0, B that of n_s synthetic ones.
    """
    real = cast(Any, loop.family).law
    n_r, n_s, n_0 = strata(loop)
    share = n_r / (n_r + n_s)
    mean = share * real + (1 - share) * w
    noise = (1 - share) ** 2 * w * (1 - w) / n_s
    if n_r:
        noise = noise + share**2 * real * (1 - real) * (1 / n_r + (1 - 1 / n_r) / n_0)
    return float((mean**2 + noise).sum())


def iterated(loop: FeedbackLoop, when: int, **other: float) -> Any:
    """p_g at infinite n of a loop with a temperature; ``other``: α or τ in place of its own."""
    bias, family, start = (cast(Any, v) for v in (loop.bias, loop.family, loop.start))
    share = other.get("alpha", float(loop.mixing.fraction(int(loop.n), 0)))
    temperature = other.get("tau", float(bias.tau))
    found = family.law if isinstance(start, Truth) else start.law
    for _ in range(when):
        found = (1 - share) * family.law + share * tempered(found, temperature)
    return found
