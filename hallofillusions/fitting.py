"""A world from rows: the mixture of Gaussians that is fitted to a user's points."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .families.gaussian_mixture import GaussianMixture
from .numerics.mixtures import FORMS, SINGULAR, free_parameters, least_correlation
from .numerics.seeds import Seed
from .realdata import split_rows
from .symbols import InputError, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .numerics.model_choice import Candidate

    Floats = NDArray[np.float64]

MOST = 9
"""Components that are tried at most, where their number is not given."""
STARTS = 10
"""Starts of EM for each number of components."""


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """A mixture fitted to rows, and how it was chosen.

    ============= =============================================================================
    family        the `GaussianMixture` that was chosen, with ``held_out`` set
    rows          the rows it was fitted to (n, d), for ``simulate(loop, g, real=fit.rows)``
    candidates    number of components -> the best regular fit with so many; one without any is
                  not there
    tried         the numbers of components that were tried
    ============= =============================================================================
    """

    family: GaussianMixture
    rows: Floats
    candidates: Mapping[int, Candidate]
    tried: tuple[int, ...]

    @property
    def chosen(self) -> Candidate:
        """The fit that `family` is."""
        return self.candidates[self.family.K]

    @property
    def bic(self) -> dict[int, float]:
        """Number of components -> -2 log L + p log n of the training rows."""
        return {K: candidate.bic for K, candidate in self.candidates.items()}

    def __str__(self) -> str:
        held = self.family.held_out
        sizes = f"{len(self.rows)} rows trained on, {len(held) if held else 0} held out"
        slow = "" if self.chosen.converged else "; EM had not converged"
        return f"{_components(self.family.K)} {self._reason}; {sizes}{slow}"

    @property
    def _reason(self) -> str:
        """Why so many components."""
        if len(self.tried) == 1:
            return "as given"
        listed = ", ".join(f"{K}: {value:.1f}" for K, value in self.bic.items())
        missing = [str(K) for K in self.tried if K not in self.candidates]
        none = f", no regular fit with {', '.join(missing)}" if missing else ""
        edge = ", the most that were tried" if self.tried[-1] == self.family.K else ""
        return f"by BIC{edge} ({listed}{none})"

    def to_dict(self) -> dict[str, Any]:
        """What was chosen among what, as plain text and numbers."""
        chosen, held = self.chosen, self.family.held_out
        return {"components": chosen.K, "tried": list(self.tried), "bic": self.bic,
                "log_likelihood": chosen.log_likelihood, "converged": chosen.converged,
                "rows": len(self.rows), "held_out": len(held) if held else 0}  # fmt: skip


def fit_mixture(
    rows: Any,
    components: int | None = None,
    *,
    covariance_type: str = "full",
    held_out: float = 0.2,
    most: int = MOST,
    starts: int = STARTS,
    rng: Any = 0,
) -> MixtureFit:
    """The mixture of Gaussians of maximum likelihood, to be the real law of a loop.

    =============== =======================================================================
    rows            your points (rows, d), or (rows) in one dimension
    components      K; None: the number of least BIC, -2 log L + p log n (Schwarz 1978)
    covariance_type "full", "diag" or "spherical"
    held_out        share of the rows that is held out: blocks of neighbours, evenly between
                    the others (`realdata.split_rows`); 0: none
    most            components that are tried at most, where their number is not given
    starts          starts of EM by k-means++ for each number; the likeliest fit counts
    rng             None, a whole number, a SeedSequence or a Generator
    =============== =======================================================================

    A fit that loses a component, has a singular covariance or a component that weighs fewer
    points than it has parameters does not count: there the likelihood has no maximum.  Raises
    `InputError` where no fit counts, or where there are fewer rows than parameters.

    >>> from hallofillusions import FeedbackLoop, FreshSplit, fit_mixture, simulate
    >>> from hallofillusions.realdata import default_points
    >>> fit = fit_mixture(default_points()[0], most=6)
    >>> print(fit)
    4 components by BIC (1: 4999.1, 2: 4886.9, 3: 4752.9, 4: 4715.2, 5: 4725.5, 6: 4740.6); \
590 rows trained on, 140 held out
    >>> loop = FeedbackLoop(fit.family, mixing=FreshSplit(0.5), n=100)
    >>> run = simulate(loop, 5, real=fit.rows, replicates=10, rng=1)
    """
    points = _checked_points(rows)
    if covariance_type not in FORMS:
        raise InputError(
            f"covariance_type must be one of {', '.join(FORMS)}, got {covariance_type!r}"
        )
    training, held = split_rows(points, held_out)
    tried = _tried(points, training, components, most, covariance_type)
    _check_spread(training, covariance_type)
    starts = whole(starts, "starts", 1)
    candidates = _candidates(training, tried, covariance_type, starts, Seed.of(rng))
    best = min(candidates.values(), key=lambda c: c.bic)
    family = GaussianMixture(
        best.weight / best.weight.sum(), best.mean, best.covariance, covariance_type,
        held if len(held) else None,
    )  # fmt: skip
    return MixtureFit(family, training, candidates, tried)


def _candidates(
    points: Floats, tried: tuple[int, ...], form: str, starts: int, seed: Seed
) -> dict[int, Candidate]:
    """The best regular fit of each number of components that has one."""
    from .numerics.model_choice import best_fit

    found = {K: best_fit(points, K, form, starts, np.random.default_rng(seed.child(K)))
             for K in tried}  # fmt: skip
    regular = {K: fit for K, fit in found.items() if fit is not None}
    if not regular:
        raise InputError(
            f"components must be as many as the rows bear: from {starts} starts EM never kept "
            f"{tried[0]} that are not flat and have as many points as parameters "
            f"({_counted(points)})"
        )
    return regular


def _tried(
    points: Floats, training: Floats, components: Any, most: Any, form: str
) -> tuple[int, ...]:
    """The numbers of components to try: the given one, or all that the rows can bear."""
    n, d = training.shape
    if components is None:
        listed = range(1, whole(most, "most", 1) + 1)
        least = free_parameters(1, d, form)
    else:
        listed = range(whole(components, "components", 1), components + 1)
        if components > len(points):
            raise InputError(f"components must be at most the {len(points)} rows, got {components}")
        least = free_parameters(components, d, form)
    if n < least:
        what = _components(listed[0])
        raise InputError(
            f"rows to train on must be at least {least}, the parameters of {what} in {d} "
            f"dimension{'s' * (d > 1)}, got {n} ({len(points) - n} more held out)"
        )
    return tuple(K for K in listed if free_parameters(K, d, form) <= n)


def _checked_points(rows: Any) -> Floats:
    """Rows of d finite numbers, not all the same."""
    try:
        points = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        got = reprlib.repr(rows)
        raise InputError(f"rows must be rows of numbers, all of one length, got {got}") from None
    points = points[:, None] if points.ndim == 1 else points
    if points.ndim != 2 or not points.size:
        raise InputError(f"rows must be rows of numbers, got the shape {np.shape(rows)}")
    bad = np.argwhere(~np.isfinite(points))
    if len(bad):
        i, j = bad[0]
        raise InputError(f"rows must be finite, got {points[i, j]} in row {i + 1}, column {j + 1}")
    if len(points) > 1 and (points == points[0]).all():
        raise InputError(f"rows must differ, got {len(points)} that are all equal")
    return points


def _check_spread(points: Floats, form: str) -> None:
    """Refuse rows that no Gaussian of that form has a density for."""
    gap = points - points.mean(axis=0)
    spread = gap.T @ gap if form == "full" else np.diag((gap**2).sum(axis=0))
    if not least_correlation(spread) > SINGULAR:
        raise InputError(
            f"rows must spread in all {points.shape[1]} directions, got some that lie in fewer "
            f"({_counted(points)})"
        )


def _counted(points: Floats) -> str:
    return f"{len(points)} rows to train on, {len(np.unique(points, axis=0))} of them different"


def _components(K: int) -> str:
    return f"{K} component{'s' * (K > 1)}"
