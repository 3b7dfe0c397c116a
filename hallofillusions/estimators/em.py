"""Expectation-maximisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import InputError, as_number, is_symbolic, whole
from ._of_components import OfComponents

INITS = ("last", "k-means++")


@dataclass(frozen=True)
class EM(OfComponents):
    """A mixture of Gaussians by expectation-maximisation (Dempster, Laird & Rubin 1977).

    ========= =================================================================================
    tol       EM ends once a step changes the mean log-likelihood of a point by less, in nats
    max_iter  or after so many M-steps
    init      where it starts: at the "last" model, or anew by "k-means++"
    reg_covar what is added to the diagonal of every covariance, as in scikit-learn
    ========= =================================================================================

    The M-step gives component k the size n_k = Σ_i r_ik, the mean and the covariance of the points
    weighted by its shares r_ik of them, and the weight n_k/n.  A component is *lost* when it has no
    share of any point left or its covariance is singular to working precision: the likelihood has
    no maximum there.  Its weight is then 0, what is left shares the rest of the weight in
    proportion and EM goes on with it, for one more M-step at least.  With "last" a lost component
    stays lost.  After every M-step with full covariances and without regularisation the mixture's
    total mean and covariance are those of the points.

    A model says with how many M-steps it was reached (`EMSteps`) and whether EM ended by itself
    (`Converged`).
    """

    tol: float = 1e-6
    max_iter: int = 1000
    init: str = "last"
    reg_covar: float = 0.0

    structure: ClassVar[tuple[str, ...]] = ("tol", "max_iter", "init", "reg_covar")
    literal: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("tol", "reg_covar"):
            value = as_number(getattr(self, name), name, "a number at least 0")
            if value < 0:
                raise InputError(f"{name} must be a number at least 0, got {value:g}")
        whole(self.max_iter, "max_iter", 1)
        if self.init not in INITS:
            raise InputError(f"init must be 'last' or 'k-means++', got {self.init!r}")

    def check(self, loop: Any) -> None:
        super().check(loop)
        family = loop.family
        least = family.free_parameters
        for n in loop.n if isinstance(loop.n, tuple) else (loop.n,):
            if not is_symbolic(n) and n < least:
                raise InputError(
                    f"n must be at least {least}, the number of parameters of {family.K} "
                    f"components in {family.dimension} dimensions, got {n}"
                )

    def closes_on(self, family: Any) -> bool:
        """Only covariances as they are keep the total moments of the points."""
        return super().closes_on(family) and self.reg_covar == 0

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        return self.refit(family, statistics, family.as_model(), None)

    def refit(self, family: Any, statistics: Any, last: Any, rng: Any) -> dict[str, Any]:
        from ..numerics.mixtures import Parameters, em, k_means_plus_plus

        points, counts = statistics.values, statistics.counts
        if self.init == "last":
            start = Parameters.of(last, len(points))
        else:
            start = k_means_plus_plus(points, counts, family.K, rng)
        found = em(points, counts, start, family.covariance_type, tol=self.tol,
                   max_iter=self.max_iter, reg_covar=self.reg_covar)  # fmt: skip
        return vars(found)
