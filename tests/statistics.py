"""Both error rates of the statistical tests: stated once, used everywhere.

A test file makes m comparisons.  Right code fails any of them with chance `FALSE_ALARM` at most
(Holm); a wrong theory escapes with chance `MISS` at most, which is asserted before the theory is
tested.  Seeds are fixed; ``HALLOFILLUSIONS_SEED=7`` shifts all of them, so that the real rate of
false alarms can be measured.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

FALSE_ALARM = 1e-3
"""Chance that a whole test file fails although theory and simulation agree."""
MARGIN = 4.0
"""Standard errors by which a rival lies beyond the critical value."""
MISS = float(stats.norm.sf(MARGIN))
"""Chance that such a rival is not rejected (3e-5)."""


def seed(*words: Any) -> np.random.SeedSequence:
    """A fixed seed of its own for every experiment; the environment shifts all of them."""
    shift = int(os.environ.get("HALLOFILLUSIONS_SEED", "0"))
    return np.random.SeedSequence([shift, zlib.crc32(" ".join(map(str, words)).encode())])


def critical(comparisons: int) -> float:
    """|z| above which the first of ``comparisons`` two-sided tests is rejected by Holm's rule."""
    return float(stats.norm.isf(FALSE_ALARM / (2 * comparisons)))


def critical_one_sided(comparisons: int) -> float:
    """z above which the first of ``comparisons`` one-sided tests is rejected."""
    return float(stats.norm.isf(FALSE_ALARM / comparisons))


def critical_distance(comparisons: int, replicates: int) -> float:
    """The Kolmogorov-Smirnov distance that is rejected first."""
    return float(stats.kstwo.isf(FALSE_ALARM / comparisons, replicates))


def holm(p_values: Sequence[float]) -> Any:
    """Which of all p-values of a file are rejected, at one rate for all of them."""
    return multipletests(p_values, alpha=FALSE_ALARM, method="holm")[0]


def p_two_sided(z: Any) -> Any:
    """p of |z|."""
    return 2 * stats.norm.sf(np.abs(z))


def needed(separation: float, deviation: float, comparisons: int) -> int:
    """Replicates that bring a rival at ``separation`` to `MARGIN` beyond the critical value."""
    return int(np.ceil(((critical(comparisons) + MARGIN) * deviation / separation) ** 2))
