"""Maximum likelihood with known labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._of_components import OfComponents


@dataclass(frozen=True)
class KnownLabels(OfComponents):
    """A mixture of Gaussians whose every training point says which component it is of.

    Weights are the shares n_k/n of the labels; each component is fitted to its own points by
    maximum likelihood.  A component without points is lost until real points of it come.  It is
    the exactly solvable twin of `EM`: the labels are a loop of types, and given them each
    component is a Gaussian loop of its own.
    """

    def fit(self, family: Any, statistics: Any) -> dict[str, Any]:
        fitted: dict[str, Any] = family.match_labelled(statistics.by_component(family.K))
        return fitted
