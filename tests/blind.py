"""Runs of sentences that are drawn at random, made by the slow reference simulator.

Nothing here knows of `identify`: a draw is words and numbers, and its runs come from
``reference.py``, which shares no code with the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests import reference

MIXINGS = (
    "replace", "fresh split", "fresh mixture", "fixed real", "fixed pool", "accumulate",
    "accumulate subsample",
)  # fmt: skip


@dataclass(frozen=True)
class Draw:
    """One sentence in words, and how its runs are recorded."""

    mixing: str
    n: int
    alpha: float
    ddof: int
    lam: float
    pool: int
    start: str
    replicates: int
    generations: int
    first: int
    both: bool

    def runs(self, seed: Any) -> dict[str, Any]:
        """The recorded quantities, arrays (replicates, generations)."""
        mean, variance = reference.runs(
            self.replicates, self.mixing, self.n, self.generations, seed=seed, alpha=self.alpha,
            ddof=self.ddof, lam=self.lam, pool=self.pool, start=self.start,
        )  # fmt: skip
        found = {"variance": variance[:, self.first :]}
        return found | ({"mean": mean[:, self.first :]} if self.both else {})


def drawn(rng: np.random.Generator) -> Draw:
    """A sentence, sizes and a way of recording, all at random."""
    mixing = str(rng.choice(MIXINGS))
    n = int(rng.choice([8, 20, 40, 100]))
    mixed = mixing.startswith("f")
    alpha = float(rng.choice([0.25, 0.5, 0.75])) if mixed else 1.0
    starts = ["truth", "first fit"] + ["memory"] * mixing.startswith("fixed")
    return Draw(
        mixing, n, alpha, int(rng.integers(2)), float(rng.choice([1.0, 1.0, 0.8])),
        int(rng.choice([n, 2 * n])) if mixing == "fixed pool" else 0, str(rng.choice(starts)),
        int(rng.choice([1, 8, 30, 80])), int(rng.choice([5, 10, 15])), int(rng.integers(2)),
        bool(rng.random() < 0.8),
    )  # fmt: skip
