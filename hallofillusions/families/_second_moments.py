"""Clouds of points that are watched through their mean and covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, ClassVar

import numpy as np

from .base import Family, Model, once


class SecondMoments(Family):
    """The coordinates δ_i = μ_i - μ₀_i (weight 1) and v_ij = Σ_ij, i ≤ j (weight 2) of a cloud.

    They are called ``delta_1`` and ``v_1_2`` (in one dimension ``delta`` and ``v``); the features
    of a point are y_i and y_i y_j, y = x - μ₀.  A function of x is labelled by the powers of
    y_1 … y_d (in one dimension by the power of y).
    """

    highest: ClassVar[float] = 2

    @property
    def center(self) -> Any:
        """μ₀ as an array (d)."""
        raise NotImplementedError

    @property
    def covariance(self) -> Any:
        """Σ₀ as an array (d, d)."""
        raise NotImplementedError

    @property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        return tuple(combinations_with_replacement(range(self.dimension), 2))

    @property
    def _single(self) -> bool:
        """Whether a point is a plain number, whose coordinates need no places."""
        return self.dimension == 1

    def _called(self, letter: str, *places: int) -> str:
        """The name of a coordinate or feature."""
        return letter if self._single else "_".join([letter, *(str(i + 1) for i in places)])

    @property
    def variables(self) -> dict[str, int]:
        return {**dict.fromkeys(self._firsts, 1), **dict.fromkeys(self._seconds, 2)}

    @property
    def _firsts(self) -> tuple[str, ...]:
        return tuple(self._called("delta", i) for i in range(self.dimension))

    @property
    def _seconds(self) -> tuple[str, ...]:
        return tuple(self._called("v", i, j) for i, j in self._pairs)

    @property
    def features(self) -> dict[str, int]:
        firsts = {self._called("y", i): 1 for i in range(self.dimension)}
        return {**firsts, **{self._called("yy", i, j): 2 for i, j in self._pairs}}

    def atoms(self) -> dict[str, Any]:
        values = self.covariance
        return {f"Sigma_{i + 1}_{j + 1}": values[i][j] for i, j in self._pairs}

    def truth(self) -> dict[str, Any]:
        values = [getattr(self.at, f"Sigma_{i + 1}_{j + 1}") for i, j in self._pairs]
        return {**dict.fromkeys(self._firsts, 0), **dict(zip(self._seconds, values, strict=True))}

    def coordinates(self, model: Model) -> dict[str, Any]:
        """Mean and covariance of the models, relative to the real law."""
        mean, v = np.asarray(self.mean_of(model)), np.asarray(self.variance_of(model))
        if self._single:
            return {"delta": mean - self.center[0], "v": v}
        delta = mean - self.center
        firsts = {name: delta[..., i] for i, name in enumerate(self._firsts)}
        seconds = zip(self._seconds, self._pairs, strict=True)
        return {**firsts, **{name: v[..., i, j] for name, (i, j) in seconds}}

    # -- seen in the real law's own units -----------------------------------------------------

    @once
    def spectrum(self, model: Model) -> tuple[Any, Any]:
        """Of the models' mean and covariance (see `Gaussian.spectrum`)."""
        variance = np.asarray(self.variance_of(model))
        mean = np.asarray(self.mean_of(model))
        if self._single:
            mean, variance = mean[..., None], variance[..., None, None]
        return self.along_axes(mean, variance)

    @once
    def spectra(self, model: Model) -> tuple[Any, Any, Any]:
        weight, mean, covariance = self.components(model)
        return weight, *self.along_axes(mean, covariance)

    def along_axes(self, mean: Any, covariance: Any) -> tuple[Any, Any]:
        """Variances along the axes of Σ₀^-½ Σ Σ₀^-½, the largest first, and the squared distances
        of the mean from μ₀ along them."""
        white = whitening(self.covariance)
        values, vectors = np.linalg.eigh(white @ covariance @ white.T)
        gap = (mean - self.center) @ white.T
        along = np.einsum("...ij,...i->...j", vectors, gap)
        return np.maximum(values[..., ::-1], 0.0), along[..., ::-1] ** 2

    # -- functions of a point -----------------------------------------------------------------

    def label(self, powers: Sequence[int]) -> Any:
        degrees = list(powers[: self.dimension])
        for p, (i, j) in zip(powers[self.dimension :], self._pairs, strict=True):
            degrees[i] += p
            degrees[j] += p
        return degrees[0] if self._single else tuple(degrees)

    def weight(self, label: Any) -> int:
        return int(np.sum(label))

    def name(self, label: Any) -> str:
        return "_".join(map(str, _degrees(label)))

    def labels(self, order: int) -> list[Any]:
        if self._single:
            return list(range(1, order + 1))
        places = range(self.dimension)
        chosen = (c for k in range(1, order + 1) for c in combinations_with_replacement(places, k))
        return sorted(tuple(map(c.count, places)) for c in chosen)

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        """E y_i = δ_i and E y_i y_j = v_ij + δ_i δ_j; no more is known of a cloud."""
        degrees = _degrees(label)
        places = [i for i, p in enumerate(degrees) for _ in range(p)]
        if len(places) > 2:
            return None
        deltas = [state[self._called("delta", i)] for i in places]
        if len(places) == 1:
            return deltas[0]
        return state[self._called("v", *places)] + deltas[0] * deltas[1]

    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        y = [means[self._called("y", i)] for i in range(self.dimension)]
        firsts = dict(zip(self._firsts, y, strict=True))
        seconds = (means[self._called("yy", i, j)] - y[i] * y[j] for i, j in self._pairs)
        return {**firsts, **dict(zip(self._seconds, seconds, strict=True))}


class OnNodes(SecondMoments):
    """A cloud whose losses are no closed forms, but sums over nodes of the real law."""

    nodes: Any
    """Points (m, d) and weights (m) whose sums are expectations under the real law."""

    def _losses(self, model: Model, rows: Any) -> Any:
        """-log p of each model at rows (m, d)."""
        return -self.log_density(model, rows[..., 0] if self.dimension == 1 else rows)

    def real_loss(self, model: Model) -> Any:
        points, weights = self.nodes
        return self._losses(model, points) @ weights

    @cached_property
    def _least(self) -> float:
        """The loss of the real law itself, on the same nodes."""
        return float(self.real_loss(self.as_model()))

    def divergence(self, model: Model) -> Any:
        """KL(real ‖ model), by quadrature over the real law."""
        return self.real_loss(model) - self._least

    @once
    def held_out_loss(self, model: Model) -> Any:
        if (rows := self.held_out_rows) is None:
            return self.real_loss(model)
        return self._losses(model, rows).mean(axis=-1)


def whitening(covariance: Any) -> Any:
    """W with W Σ Wᵀ = 1 for each of a batch."""
    return np.linalg.inv(np.linalg.cholesky(covariance))


def _degrees(label: Any) -> tuple[int, ...]:
    return label if isinstance(label, tuple) else (label,)


def product_means(label: Any, first: Any, second: Any) -> Any:
    """The mean of a product of at most two components, from first and second moments."""
    places = [i for i, p in enumerate(_degrees(label)) for _ in range(p)]
    if len(places) > 2:
        return None
    return first[..., places[0]] if len(places) == 1 else second[..., places[0], places[1]]
