"""One run of a study, and how careful a job is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from ..loop import FeedbackLoop


@dataclass(frozen=True, eq=False)
class Run:
    """One loop of a study, as both readers are asked about it."""

    study: str
    name: str
    loop: FeedbackLoop
    generations: int
    replicates: int
    observables: tuple[Any, ...]
    keep: tuple[int, ...] = ()
    real: Any = None
    shape: str = ""
    """Of real data: "file" for the rows themselves, "Gaussian" for rows of a Gaussian shape, "text"
    for blocks that stand in for the family's own law."""
    numerical: bool = False
    """Whether what no theorem gives is computed from the one-step kernel."""

    @property
    def label(self) -> str:
        return f"{self.study}-{self.name}"

    def seed(self, seed: int) -> np.random.SeedSequence:
        """The run's own child of the job's seed; it does not depend on the other runs."""
        return np.random.SeedSequence(seed, spawn_key=(crc32(self.label.encode()),))


@dataclass(frozen=True)
class Scale:
    """How careful the job is; ``literal`` counts the runs in which every point is drawn, ``texts``
    those that write whole texts and ``mixtures`` those in which EM fits mixtures."""

    replicates: int
    generations: int
    literal: int
    texts: int
    mixtures: int
