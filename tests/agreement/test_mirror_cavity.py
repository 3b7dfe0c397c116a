"""Genealogies of training items: how many models has each one passed through?

The theorem speaks of items, not of moments, so no `FeedbackLoop` attacks it.  Here every item
of every generation is real or stands for one of the last training set, and carries its count.
One item of each replicate is looked at, so that the items are independent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions.derivations import mirror_cavity
from hallofillusions.symbols import alpha, g, lam
from tests.statistics import FALSE_ALARM, MARGIN, critical, p_two_sided, seed

REPLICATES = 200_000
CASES = [  # α, n, g, exactly (1-α)n real ones
    (2 / 3, 3, 1, True), (2 / 3, 3, 4, True), (0.5, 7, 6, False), (0.9, 10, 12, True),
    (0.8, 1, 5, False),
]  # fmt: skip
each = pytest.mark.parametrize(("a", "n", "fits", "exact"), CASES)
COMPARISONS = 3 * len(CASES)


def reflections(a: float, n: int, fits: int, exact: bool) -> Any:
    """The count of one item of the training set number ``fits``, in every replicate."""
    rng = np.random.default_rng(seed("mirror cavity", a, n, fits, exact))
    items = np.zeros((REPLICATES, n), dtype=np.int64)  # the start: seen by no model
    for _ in range(fits):
        parent = rng.integers(n, size=items.shape)
        reflected = np.take_along_axis(items, parent, axis=1) + 1
        counted = np.arange(n) < n - round(a * n)
        real = counted if exact else rng.random(items.shape) >= a
        items = np.where(real, 0, reflected)
    return items[np.arange(REPLICATES), rng.integers(n, size=REPLICATES)]


def law(a: float, fits: int) -> Any:
    """The theorem's probabilities of 0, 1, …, ``fits`` reflections."""
    inner = [float(mirror_cavity.reflected.subs({alpha: a, mirror_cavity.k: k}))
             for k in range(fits)]  # fmt: skip
    return np.array([*inner, float(mirror_cavity.unmixed.subs({alpha: a, g: fits}))])


def distance(counts: Any, probabilities: Any) -> Any:
    """p of Pearson's χ², cells of less than five expected counts joined to their neighbour."""
    expected = probabilities * counts.sum()
    while len(expected) > 1 and expected[-1] < 5:
        expected = np.append(expected[:-2], expected[-2:].sum())
        counts = np.append(counts[:-2], counts[-2:].sum())
    return stats.chisquare(counts, expected).pvalue


@each
def test_law(a: float, n: int, fits: int, exact: bool) -> None:
    counts = np.bincount(reflections(a, n, fits, exact), minlength=fits + 1)
    assert len(counts) == fits + 1  # nobody is reflected more than g times
    assert distance(counts, law(a, fits)) >= FALSE_ALARM / COMPARISONS
    rivals = {
        "α four per cent low": law(0.96 * a, fits),
        "never cut off": np.append(law(a, fits)[:-1], 0) / (1 - a**fits),
    }
    if fits > 1:
        rivals["shifted by one"] = np.roll(law(a, fits), 1)
    bar = stats.chi2.isf(FALSE_ALARM / COMPARISONS, fits)
    for name, wrong in rivals.items():
        with np.errstate(divide="ignore"):
            power = REPLICATES * (law(a, fits) - wrong) ** 2 / wrong
        assert power.sum() > bar + MARGIN * (2 * (fits + 2 * bar)) ** 0.5, name
        if (wrong > 0).all():
            assert distance(counts, wrong) < FALSE_ALARM / COMPARISONS, name


@each
def test_mean_and_generating_function(a: float, n: int, fits: int, exact: bool) -> None:
    found = reflections(a, n, fits, exact)
    at = {alpha: a, g: fits}
    for values, form in (
        (found, mirror_cavity.mean.subs(at)),
        (0.7**found, mirror_cavity.generating.subs(at).subs(lam, 0.7)),
    ):
        z = (values.mean() - float(form)) / (values.std() / REPLICATES**0.5)
        assert p_two_sided(z) >= FALSE_ALARM / COMPARISONS
    wrong = float(mirror_cavity.mean.subs({**at, alpha: 0.95 * a}))
    error = found.std() / REPLICATES**0.5
    gap = abs(wrong - float(mirror_cavity.mean.subs(at)))
    assert gap > (critical(COMPARISONS) + MARGIN) * error
    assert abs(found.mean() - wrong) > critical(COMPARISONS) * error
