"""Two laws that are far from normal: do strata mix cumulants and lotteries moments?

The theorem speaks of any two laws, a `FeedbackLoop` only of those of its family.  Here the real
law is exponential and the synthetic one uniform, and the sums of a generation are drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hallofillusions.derivations import strata_mix
from hallofillusions.symbols import alpha
from tests.statistics import FALSE_ALARM, MARGIN, critical, p_two_sided, seed

REPLICATES = 1_000_000
REAL = (1.0, 1.0, 2.0, 6.0)  # cumulants of the exponential law
LOW, HIGH = 2.0, 6.0
WIDTH = HIGH - LOW
SYNTHETIC = ((LOW + HIGH) / 2, WIDTH**2 / 12, 0.0, -(WIDTH**4) / 120)
CASES = [(3, 2), (5, 1), (8, 6)]
each = pytest.mark.parametrize(("n", "synthetic"), CASES)
COMPARISONS = 2 * 4 * len(CASES)


def sums(n: int, synthetic: int, lottery: bool) -> Any:
    rng = np.random.default_rng(seed("strata mix", n, synthetic, lottery))
    shape = (REPLICATES, n)
    real, other = rng.exponential(size=shape), rng.uniform(LOW, HIGH, size=shape)
    chosen = rng.random(shape) < synthetic / n if lottery else np.arange(n) < synthetic
    return np.where(chosen, other, real).sum(axis=1)


def cumulants(n: int, synthetic: int, lottery: bool) -> list[float]:
    """The theorem's, of the sum."""
    at = {alpha: synthetic / n}
    at |= dict(zip(strata_mix.real, REAL, strict=True))
    beyond = (s - r for s, r in zip(SYNTHETIC, REAL, strict=True))
    at |= dict(zip(strata_mix.beyond, beyond, strict=True))
    extra = strata_mix.surplus if lottery else (0, 0, 0, 0)
    both = zip(strata_mix.split, extra, strict=True)
    return [float((law + more).subs(at)) * n for law, more in both]


def central(k: int, cumulant: list[float]) -> float:
    """E (sum - κ₁)^k from cumulants, and κ₁ itself for k = 1."""
    return cumulant[k - 1] + (3 * cumulant[1] ** 2 if k == 4 else 0.0)


@each
@pytest.mark.parametrize("lottery", [False, True])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_cumulants_of_the_sum(n: int, synthetic: int, lottery: bool, order: int) -> None:
    ours = cumulants(n, synthetic, lottery)
    theirs = cumulants(n, synthetic, not lottery)
    total = sums(n, synthetic, lottery)
    values = total if order == 1 else (total - ours[0]) ** order
    error = values.std() / REPLICATES**0.5
    if order > 1:  # power first: the other reading is far away
        gap = abs(central(order, ours) - central(order, theirs))
        assert gap > (critical(COMPARISONS) + MARGIN) * error
        assert abs(values.mean() - central(order, theirs)) > critical(COMPARISONS) * error
    z = (values.mean() - central(order, ours)) / error
    assert p_two_sided(z) >= FALSE_ALARM / COMPARISONS
