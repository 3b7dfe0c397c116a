"""Mixtures fitted to one set of points: the best of several starts, and its information criterion.

EM climbs to the nearest hill, so it is started several times.  The likelihood has no maximum: it
grows without bound where a component shrinks to a few points.  A fit therefore counts only if it
is *regular*: no component is flat or lost, and each weighs as many points as it has parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .mixtures import (
    SINGULAR,
    Parameters,
    em,
    free_parameters,
    k_means_plus_plus,
    least_correlation,
    log_density,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOLERANCE = 1e-6
"""EM ends once a step changes the mean log-likelihood of a point by less, in nats."""
STEPS = 1000
"""M-steps at most."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """The likeliest regular mixture that was found: weights (K), means and covariances.

    The heaviest component comes first.  ``regular`` of the starts ended regular.
    """

    weight: Floats
    mean: Floats
    covariance: Floats
    log_likelihood: float
    bic: float
    converged: bool
    regular: int

    @property
    def K(self) -> int:
        return len(self.weight)


def best_fit(
    points: Floats, K: int, form: str, starts: int, rng: np.random.Generator
) -> Candidate | None:
    """The likeliest of the regular fits that EM reaches from k-means++; None if there is none."""
    n, d = points.shape
    copies = np.broadcast_to(points, (starts, n, d))
    begin = k_means_plus_plus(copies, np.ones(n), K, rng)
    found = em(copies, np.ones(n), begin, form, tol=TOLERANCE, max_iter=STEPS, reg_covar=0.0)
    regular = is_regular(found, n, form)
    if not regular.any():
        return None
    log_likelihood = np.full(starts, -np.inf)
    kept = {name: value[regular] for name, value in vars(found).items()}
    log_likelihood[regular] = log_density(kept, copies[regular], form).sum(axis=-1)
    best = int(np.argmax(log_likelihood))
    order = np.argsort(-found.weight[best], kind="stable")
    return Candidate(
        found.weight[best][order], found.mean[best][order], found.covariance[best][order],
        float(log_likelihood[best]), bic(log_likelihood[best], free_parameters(K, d, form), n),
        bool(found.converged[best]), int(regular.sum()),
    )  # fmt: skip


def bic(log_likelihood: Any, parameters: int, n: int) -> float:
    """-2 log L + p log n, the smaller the better (Schwarz 1978)."""
    return float(-2 * log_likelihood + parameters * np.log(n))


def is_regular(found: Parameters, n: int, form: str) -> Any:
    """Whether each component of each mixture has a density and points enough for its parameters."""
    own = free_parameters(1, found.mean.shape[-1], form)
    definite = least_correlation(found.covariance) > SINGULAR
    return (definite & (found.weight * n >= own)).all(axis=-1)
