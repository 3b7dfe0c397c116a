"""Maximum likelihood with known labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Estimator


@dataclass(frozen=True)
class KnownLabels(Estimator):
    """A mixture of Gaussians whose every training point says which component it is of.

    Weights are the shares n_k/n of the labels; each component is fitted to its own points by
    maximum likelihood.  A component without points is lost until real points of it come.  It is
    the exactly solvable twin of `EM`: the labels are a loop of types, and given them each
    component is a Gaussian loop of its own.
    """

    latent: ClassVar[bool] = True

    def closes_on(self, family: Any) -> bool:
        """Only full covariances keep the total moments of the points."""
        return bool(family.unrestricted)

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        fitted: dict[str, Any] = family.match_labelled(statistics.by_component(family.K))
        return fitted

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """Of the total moments, which are the training set's."""
        matched: dict[str, Any] = family.claim_match(means)
        return matched
