"""Smoothed counts in numbers: E log of a share, from two moments of the count.

The law of a count between its moments, and the moments themselves, are the expressions that
`add_k_loss` and `add_k_moments` state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hallofillusions.derivations._rows import caveat, sizes
from hallofillusions.derivations.add_k_moments import at_generation, mean, spread
from hallofillusions.loop import FeedbackLoop
from hallofillusions.proof import evaluate

WHOLE = 600
"""Counts up to here are summed over one by one; of larger ones a share is a beta variable."""
NOTHING = 1e-9
"""Stands for no points, and for no synthetic ones."""


def log_moments(size: Any, share: Any, variance: Any, k: float) -> tuple[Any, Any]:
    """E log(X + k) and its variance, for arrays of n, m and V (of X/n).

    An expected number of points that is not whole is the chance of one more.
    """
    below = np.floor(size)
    chance = size - below
    if (chance > NOTHING).any():
        low, more = (log_moments(below + i, share, variance, k) for i in (0, 1))
        first, second = ((1 - chance) * a + chance * b for a, b in zip(low, more, strict=True))
        return first, second + chance * (1 - chance) * (more[0] - low[0]) ** 2
    size = below
    shape = np.broadcast_shapes(*map(np.shape, (size, share, variance)))
    size, share, variance = (np.broadcast_to(a, shape).ravel().astype(float)
                             for a in (size, share, variance))  # fmt: skip
    first, second = np.empty(len(size)), np.empty(len(size))
    deviation = size * np.sqrt(np.maximum(variance, 0))
    last = np.minimum(np.ceil(size), np.ceil(size * share + 12 * deviation + 20))
    wide = last > WHOLE
    first[wide], second[wide] = _smooth(size[wide], share[wide], variance[wide], k)
    if not wide.all():
        first[~wide], second[~wide] = _summed(size[~wide], share[~wide], variance[~wide], k)
    return first.reshape(shape), second.reshape(shape)


def _smooth(size: Any, share: Any, variance: Any, k: float) -> tuple[Any, Any]:
    """The same for large counts: the share q is a beta variable, and X given q nearly normal.

    E log(X + k) = log n + E log q + (k - 1/2) E[1/q]/n + 1/(2n) + O(n^-2), with the digamma
    function for E log q.
    """
    from scipy.special import digamma, polygamma

    inverse = _scatter(size, share, variance)
    beta = inverse > NOTHING
    s = 1 / np.where(beta, inverse, 1.0)
    a = share * s
    log_q = np.where(beta, digamma(a) - digamma(s), np.log(share))
    reciprocal = np.where(beta & (a > 1), (s - 1) / np.where(a > 1, a - 1, 1.0), 1 / share)
    own = np.where(beta, polygamma(1, a) - polygamma(1, s), 0.0)
    first = np.log(size) + log_q + ((k - 0.5) * reciprocal + 0.5) / size
    return first, own + (reciprocal - 1) / size


def _scatter(size: Any, share: Any, variance: Any) -> Any:
    """1/s of the count; 0 where it is binomial."""
    plain = share * (1 - share)
    with np.errstate(all="ignore"):
        inverse = (variance - plain / size) / (plain - variance)
    return np.where((size > 1) & np.isfinite(inverse), np.maximum(inverse, 0.0), 0.0)


def _summed(size: Any, share: Any, variance: Any, k: float) -> tuple[Any, Any]:
    """The same by the sum over all counts: the ratios of the statement, from 0 on."""
    from hallofillusions.count_loops import log_moments as over_counts

    share = np.minimum(share, 1 - NOTHING)
    found: tuple[Any, Any] = over_counts(size, share, _scatter(size, share, variance), k)
    return found


def log_share(loop: FeedbackLoop, p: Any, own: Any, when: Any) -> tuple[Any, Any]:
    """E log q and its variance, for types of the probabilities p at the generations ``when``.

    ``own`` gives n and α of each type's loop; a loop of no points has the uniform law.
    """
    estimator: Any = loop.estimator
    family: Any = loop.family
    k, total = float(estimator.k), float(family.K if family.sequential else family.total)
    # the closed forms are quotients that need some of either, to rounding
    size, alpha = (np.maximum(own[name], NOTHING)[:, None] for name in ("n", "alpha"))
    weight = k * total / (size + k * total)
    uniform = 1 / total if family.sequential else family.uniform[:, None]
    mixing = type(loop.mixing)
    moved, noise = (at_generation(e, mixing) for e in (mean[0], spread(mixing, 0, 0)))
    grid = np.broadcast_to(np.asarray(when, dtype=float), (len(p), len(when)))
    values = {"epsilon": weight, "p_1": p[:, None], "u_1": uniform, "alpha": alpha,
              "n": size}  # fmt: skip
    centre, variance = (evaluate(e, loop, grid, **values) for e in (moved, noise))
    share = np.clip((centre - weight * uniform) / (1 - weight), 0, 1)
    first, second = log_moments(size, share, variance / (1 - weight) ** 2, k)
    start = np.asarray(when) == 0
    with np.errstate(divide="ignore"):
        first = np.where(start, np.log(p)[:, None], first - np.log(size + k * total))
    return first, np.where(start, 0.0, second)


@dataclass(frozen=True)
class RowLoss:
    """The loss Σ w (log p - log q) or -Σ w log q over the rows, and its variance over runs.

    The counts are taken as independent, which overstates the variance a little.
    """

    loop: FeedbackLoop
    held_out: bool

    def __call__(self, when: Any) -> Any:
        weight, first, _ = _row_parts(self, tuple(when))
        family: Any = self.loop.family
        return -(weight @ first) - (0.0 if self.held_out else family.entropy())

    @property
    def caveat(self) -> str:
        return caveat(self.loop)

    def variance(self, when: Any) -> Any:
        weight, _, second = _row_parts(self, tuple(when))
        return weight**2 @ second


@lru_cache(maxsize=4)
def _row_parts(law: RowLoss, when: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Of each distinct n-gram: its weight in the loss, E log q, and the variance of log q."""
    family: Any = law.loop.family
    row, p, weight = family.pairs(held_out=law.held_out)
    own = {name: np.where(row >= 0, v[row], 0.0) for name, v in sizes(law.loop).items()}
    # most n-grams are rare ones of rare contexts: few pairs of counts are different
    alike, place = np.unique(np.stack([p, *own.values()]), axis=1, return_inverse=True)
    first, second = log_share(law.loop, alike[0], dict(zip(own, alike[1:], strict=True)), when)
    return weight, first[place], second[place]
