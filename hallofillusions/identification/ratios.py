r"""The densities of two sentences against each other, judged by runs of the one that is doubted.

Under a sentence j the mean over runs of $D=\log f_i-\log f_j$ has some law, whether or not f_i
and f_j are the exact densities.  So runs are simulated under j, D is computed on them by the same
code, and the user's values must be exchangeable with these: a permutation test for a few runs, its
normal limit for many.  The best of m sentences is chosen as i by the same runs, hence a factor m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runs import Runs
from ..simulation import paths
from .channels import Channel, channels_of
from .evidence import DENSITIES, FEW, Finding
from .innovations import innovations
from .sentences import Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .verdicts import Candidate

    Floats = NDArray[np.float64]

SIMULATED = 2000
"""Runs that are simulated under a doubted sentence, as long as they are not too many steps."""
STEPS = 200_000
"""Steps that are simulated at most."""
PERMUTATIONS = 20_000
DOUBT = 5.0
"""The log density by which a sentence must lie behind before it is doubted for that."""


def doubted(
    best: Candidate, other: Candidate, channels: Sequence[Channel], hope: float, seed: Any
) -> Finding | None:
    """What the densities say against ``other`` (p is that of one comparison), or None.

    Nothing is simulated where no p below ``hope`` could come of it.
    """
    runs = best.steps.shape[1]
    known = all(c.exact and c.sizes is None for c in channels)
    small = SIMULATED if runs == 1 else PERMUTATIONS
    if not known or (runs < FEW and hope * small < 1) or other.sentence.free or best.sentence.free:
        return None
    if best.density - other.density < DOUBT:
        return None
    seen = _ratio(best.steps, other.steps)
    made = _simulated(other.sentence, channels, seed)
    rows = len(best.steps)
    drawn = _ratio(*(_density(c.sentence, made)[-rows:] for c in (best, other)))
    return _exchangeable(seen, drawn, f"density, against {best.name}", seed)


def _ratio(ours: Floats, theirs: Floats) -> Floats:
    """log f_i - log f_j of every run."""
    gap = ours - theirs
    total: Floats = np.where(np.isfinite(gap), gap, 0.0).sum(axis=0)
    return total


def _density(sentence: Sentence, channels: Sequence[Channel]) -> Floats:
    parts = [innovations(sentence, c).log_density for c in channels]
    found: Floats = np.sum([np.where(np.isnan(p), 0.0, p) for p in parts], axis=0)
    return found


def _simulated(sentence: Sentence, channels: Sequence[Channel], seed: Any) -> list[Channel]:
    """Runs of the sentence that are recorded like the user's."""
    loop, length = sentence.loop, channels[0].length
    runs = channels[0].state[next(iter(channels[0].state))].shape[1]
    count = int(np.clip(STEPS // length, 200, SIMULATED))
    last = length - 1 + sentence.first
    found = paths(loop, last, count, rng=seed)
    names = {"probability": "probabilities"}
    held = {names.get(k, k): v[:, sentence.first :] for k, v in found.items()}
    made, _ = channels_of(loop.family, Runs.of(held))
    return [_recorded(new, old, runs) for new, old in zip(made, channels, strict=True)]


def _recorded(new: Channel, old: Channel, runs: int) -> Channel:
    """The coordinates that the user has, with gaps where the user's runs have them."""
    state = {}
    for name, theirs in old.state.items():
        values = new.state[name]
        missing = np.isnan(theirs)
        if missing.any():
            values = np.where(missing[:, np.arange(values.shape[1]) % runs], np.nan, values)
        state[name] = values
    return replace(old, state=state)


def _exchangeable(seen: Floats, drawn: Floats, words: str, seed: Any) -> Finding:
    """One-sided: whether the user's mean is larger than those of the doubted sentence's runs."""
    from scipy.special import ndtr, ndtri

    gap = seen.mean() - drawn.mean()
    if len(seen) >= FEW:
        error = np.sqrt(drawn.var(ddof=1) * (1 / len(seen) + 1 / len(drawn)))
        z = float(gap / error) if error > 0 else 0.0
        return Finding(words, None, z, float(ndtr(-z)), DENSITIES)
    rng = np.random.default_rng(seed)
    both = np.concatenate([seen, drawn])
    shuffled = both[rng.integers(len(both), size=(PERMUTATIONS, len(seen)))].mean(axis=1)
    p = (1 + np.count_nonzero(shuffled >= seen.mean())) / (PERMUTATIONS + 1)
    return Finding(words, None, float(-ndtri(p)), float(p), DENSITIES)
