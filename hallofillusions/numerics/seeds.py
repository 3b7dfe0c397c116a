"""The seed of a run: one per run, one child per block of replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..symbols import InputError


@dataclass(frozen=True)
class Seed:
    """What a `numpy.random.SeedSequence` is made of again; each block has its own child."""

    entropy: Any
    spawn_key: tuple[int, ...] = ()
    pool_size: int = 4

    MARK = 0x4C4F4F50
    """First part of a child's key, so that a child is none that the user spawned."""
    APART = 1
    """Last part of the key of what is drawn beside the loop, to be measured only."""

    @classmethod
    def of(cls, rng: Any) -> Seed:
        """From the argument ``rng``: None, a whole number, a SeedSequence or a Generator."""
        if isinstance(rng, np.random.Generator):
            rng = _spawned(rng)
        elif not isinstance(rng, np.random.SeedSequence):
            if isinstance(rng, bool) or not (rng is None or (_is_whole(rng) and rng >= 0)):
                raise InputError(
                    "rng must be None, a whole number at least 0, a SeedSequence or a "
                    f"Generator, got {rng!r}"
                )
            rng = np.random.SeedSequence(None if rng is None else int(rng))
        entropy = rng.entropy if isinstance(rng.entropy, int) else [int(e) for e in rng.entropy]
        return cls(entropy, tuple(map(int, rng.spawn_key)), rng.pool_size)

    def sequence(self) -> np.random.SeedSequence:
        """The sequence that was recorded."""
        return np.random.SeedSequence(
            self.entropy, spawn_key=self.spawn_key, pool_size=self.pool_size
        )

    def child(self, index: int, *more: int) -> np.random.SeedSequence:
        """The sequence of one block of replicates (``more``: of something beside it)."""
        key = (*self.spawn_key, self.MARK, index, *more)
        return np.random.SeedSequence(self.entropy, spawn_key=key, pool_size=self.pool_size)


def _spawned(rng: np.random.Generator) -> np.random.SeedSequence:
    """A child of a Generator's own sequence, or, if it has none, entropy drawn from it."""
    parent = getattr(rng.bit_generator, "seed_seq", None)
    if isinstance(parent, np.random.SeedSequence):
        return parent.spawn(1)[0]
    return np.random.SeedSequence([int(v) for v in rng.integers(2**32, size=4)])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer)
