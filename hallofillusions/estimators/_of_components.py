"""What estimators of mixtures share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .base import Estimator


class OfComponents(Estimator):
    """A fit that gives a mixture the total mean and covariance of the training set."""

    latent: ClassVar[bool] = True

    def closes_on(self, family: Any) -> bool:
        """Only components of any covariance can keep the total moments of the points."""
        return bool(family.unrestricted)

    def claim(self, family: Any, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """Of the total moments, which are the training set's."""
        matched: dict[str, Any] = family.claim_match(means)
        return matched
