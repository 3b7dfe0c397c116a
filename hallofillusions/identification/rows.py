"""n-gram counts as channels: each context's characters are a categorical loop of their own.

Given how many characters follow a context, their counts are drawn with the probabilities of its
row, real or synthetic; a context's share of the synthetic ones is $\\alpha\\pi_s/(\\alpha\\pi_s+(1-
\\alpha)\\pi_r)$, where π is the context's share of all n-grams of its kind.  Drawn one after the
other, whatever their number, they are a martingale: the innovations have mean 0, and variance 1 to
the first order in 1/n where a context's number is random.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..families.categorical import Categorical
from ..symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..runs import Runs
    from .channels import Channel

    Floats = NDArray[np.float64]

CONTEXTS = 8
"""Contexts that are watched, those with the most real n-grams."""
EACH = 3
"""Characters that are watched after each, its most probable ones."""


def rows_of(family: Any, runs: Runs) -> tuple[list[Channel], list[str]]:
    """The channels of n-gram counts (run, generation, context, type)."""
    counts = runs.quantities.get("counts")
    if counts is None:
        raise InputError(
            "runs must hold counts of n-grams, not probabilities: a row's weight is its number"
        )
    real = real_counts(family, runs, counts)
    order = np.argsort(-real.sum(axis=1), kind="stable")[:CONTEXTS]
    found = [c for h in order for c in _row(int(h), real, counts, runs, family.K)]
    return found, [
        f"of {len(real)} contexts the {len(order)} most frequent are watched, and after each its "
        f"{EACH} most frequent characters",
        "rows of n-grams are known for mixings without memory only, and an exact split has the law "
        "of a mixture there",
    ]  # fmt: skip


def real_counts(family: Any, runs: Runs, counts: Floats) -> Floats:
    """How often each character follows each context in the real text: (context, type)."""
    if family is None or not family.sequential:
        raise InputError("family must be an NGram for counts of n-grams")
    letters = family.corpus.alphabet
    table, wanted = family.real, {c: i for i, c in enumerate(runs.contexts)}
    types = {c: i for i, c in enumerate(runs.types)}
    real: Floats = np.zeros(counts.shape[2:])
    for gram, count in zip(table.grams(table.order), table.counts[-1], strict=True):
        *context, last = (letters[int(s)] for s in gram)
        row, column = wanted.get("".join(context)), types.get(last)
        if row is not None and column is not None:
            real[row, column] = count
    if not (real.sum(axis=1) > 0).all():
        lost = runs.contexts[int(np.argmin(real.sum(axis=1)))] if runs.contexts else "1"
        raise InputError(
            f"runs must name contexts and characters as the family's text has them, but the "
            f"context {lost!r} is followed by none of them there"
        )
    return real


def _row(h: int, real: Floats, counts: Floats, runs: Runs, types: int) -> list[Channel]:
    """The channels of one context; the alphabet has that many ``types``."""
    from .channels import Channel

    sizes = counts[:, :, h].sum(axis=-1)
    total = counts.sum(axis=(-2, -1))
    p, share = real[h] / real[h].sum(), real[h].sum() / real.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        shares, own = counts[:, :, h] / sizes[..., None], sizes / total
    watched = [int(i) for i in np.argsort(-p, kind="stable")[:EACH] if 0 < p[i] < 1]
    context = runs.contexts[h] if runs.contexts else str(h + 1)
    return [
        Channel(
            f"of {(runs.types[i] if runs.types else str(i + 1))!r} after {context!r}",
            Categorical((float(p[i]), float(1 - p[i])), (1, types - 1)),
            {"q_1": shares[:, :, i].T}, counted=True, sizes=sizes.T,
            shares=partial(_synthetic, real=float(share), own=own.T),
        )
        for i in watched
    ]  # fmt: skip


def _synthetic(alpha: Any, real: float, own: Floats) -> Floats:
    """The share of synthetic points behind each row of counts but the first."""
    mixed = alpha * own[:-1]
    found: Floats = mixed / (mixed + (1 - alpha) * real)
    return found
