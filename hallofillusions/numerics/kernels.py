"""Kernel density estimates in numbers, a batch at a time: drawn from, and their log-density."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .mixtures import log_density

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCK = 2**20
"""Kernels that are evaluated at once."""


@dataclass(frozen=True, eq=False)
class TrainingSets:
    """Points (replicates, n, d) and how often each counts (n); ``+`` is the union."""

    points: Any
    counts: Any

    def __add__(self, other: TrainingSets) -> TrainingSets:
        points = np.concatenate((self.points, other.points), axis=1)
        return TrainingSets(points, np.concatenate((self.counts, other.counts)))

    def weighted(self, factor: float) -> TrainingSets:
        """The same points, each of which counts ``factor`` times."""
        return TrainingSets(self.points, self.counts * factor)

    @property
    def shares(self) -> Any:
        """Of each point in all counts."""
        return self.counts / self.counts.sum()


class Estimate:
    """One of a batch of estimates: the one at ``place`` on its first axis."""

    __slots__ = ("batch", "place")

    def __init__(self, batch: Estimates, place: int) -> None:
        self.batch, self.place = batch, place

    @property
    def points(self) -> Any:
        """Its points (n, d)."""
        return self.batch.points[self.place]

    @property
    def root(self) -> Any:
        """L (d, d): its kernels have the covariance LLᵀ."""
        return self.batch.root[self.place]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Points (…, n, d), the share (n) of each, the same in all, and L (…, d, d): the kernels have
    the covariance LLᵀ.

    An array of objects stands for a batch, as training sets that grow would fit no other.
    """

    points: Any
    shares: Any
    root: Any

    @classmethod
    def of(cls, found: NDArray[Any]) -> Estimates:
        """An array of objects, whose training sets are of one size, as one batch."""
        each = list(found.flat)
        own = each[0].batch
        if len({id(e.batch) for e in each}) > 1:
            points, root = (np.stack([getattr(e, k) for e in each]) for k in ("points", "root"))
        elif [e.place for e in each] == list(range(len(own.points))):
            points, root = own.points, own.root
        else:
            places = [e.place for e in each]
            points, root = own.points[places], own.root[places]
        shapes = ((*found.shape, *x.shape[1:]) for x in (points, root))
        points, root = (x.reshape(s) for x, s in zip((points, root), shapes, strict=True))
        return cls(points, own.shares, root)

    def objects(self) -> NDArray[Any]:
        """The batch along its first axis."""
        found = np.empty(len(self.points), dtype=object)
        root = np.broadcast_to(self.root, (len(found), *self.root.shape[-2:]))
        batch = Estimates(self.points, self.shares, root)
        found[:] = [Estimate(batch, place) for place in range(len(found))]
        return found

    def mean(self) -> Floats:
        """Of each estimate (…, d)."""
        found: Floats = np.einsum("i,...ij->...j", self.shares, self.points)
        return found

    def scatter(self) -> Floats:
        """The covariance (…, d, d) of the points, divided by n."""
        gap = self.points - self.mean()[..., None, :]
        found: Floats = np.einsum("i,...ij,...ik->...jk", self.shares, gap, gap)
        return found

    def kernel(self) -> Any:
        """The covariance (…, d, d) of the kernels."""
        return self.root @ np.swapaxes(self.root, -1, -2)

    def along(self, direction: Any) -> Estimates:
        """The estimates of u·x."""
        length = np.linalg.norm(np.swapaxes(self.root, -1, -2) @ direction, axis=-1)
        return Estimates((self.points @ direction)[..., None], self.shares, length[..., None, None])

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Points (replicates, size, d): a training point by its share, and its kernel's noise."""
        replicates, n, d = self.points.shape
        if (self.shares == self.shares[0]).all():
            chosen = rng.integers(n, size=(replicates, size))
        else:
            edges = np.cumsum(self.shares)
            chosen = np.searchsorted(edges / edges[-1], rng.random((replicates, size)), "right")
        found: Floats = self.points[np.arange(replicates)[:, None], chosen]
        found += rng.standard_normal((replicates, size, d)) @ np.swapaxes(self._metric(), -1, -2)
        return found

    def log_density(self, x: Any) -> Floats:
        """log p(x) at x (…, m, d), an array (…, m), in blocks: mixtures of n Gaussians."""
        shape = self.points.shape
        mixture = {
            "weight": np.broadcast_to(self.shares, shape[:-1]), "mean": self.points,
            "covariance": np.broadcast_to(self.kernel()[..., None, :, :], (*shape, shape[-1])),
        }  # fmt: skip
        step = max(1, BLOCK // shape[-2])
        parts = [log_density(mixture, x[..., i : i + step, :], "full")
                 for i in range(0, x.shape[-2], step)]  # fmt: skip
        return np.concatenate(parts, axis=-1)

    def _metric(self) -> Any:
        """L, once where it is the same for all."""
        first = self.root.reshape(-1, *self.root.shape[-2:])[0]
        return first if (self.root == first).all() else self.root

