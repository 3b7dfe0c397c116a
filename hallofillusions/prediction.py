"""What theory says about each observable, on the same axes as a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .kinds import Exact, Kind
from .symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loop import FeedbackLoop


@dataclass(frozen=True)
class Entry:
    """One observable's prediction: values at g = 0 … G, computed when first asked for.

    ``source`` names the recursion or the theorem; without a law ``compute`` is None and
    ``source`` says so; a numerical one states the ``error`` of its values.  ``spread`` computes
    the predicted variance over replicates, where known, and ``scale`` of the values is the size
    to which a discrepancy is relative.
    """

    label: str
    source: str
    kind: Kind = field(default_factory=Exact)
    compute: Callable[[], NDArray[np.float64]] | None = None
    spread: Callable[[], NDArray[np.float64] | None] = lambda: None
    error: NDArray[np.float64] | None = None
    scale: Callable[[Any], Any] = abs

    @property
    def known(self) -> bool:
        return self.compute is not None

    @property
    def last(self) -> int:
        """The last generation that is predicted."""
        return len(self.values) - 1

    @cached_property
    def variance(self) -> NDArray[np.float64] | None:
        """The predicted variance over replicates at g = 0 … G, or None where it is not known."""
        found = self.spread()  # one number where what is predicted is a constant
        return None if found is None else np.broadcast_to(found, self.values.shape)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        if self.compute is None:
            raise InputError(f"{self.label}: {self.source}")
        return self.compute()


@dataclass(frozen=True)
class Prediction:
    """The expectation of every observable at g = 0 … ``generations``.

    Each entry holds its kind and its source; an observable without a known law is listed with
    the reason, and only simulation speaks of it.
    """

    loop: FeedbackLoop
    generations: int
    entries: dict[str, Entry]

    def __getitem__(self, label: str) -> NDArray[np.float64]:
        return self.entry(label).values

    def entry(self, label: str) -> Entry:
        """The entry of one quantity."""
        if label not in self.entries:
            raise InputError(f"no quantity {label!r} here; there are {', '.join(self.entries)}")
        return self.entries[label]

    @property
    def labels(self) -> tuple[str, ...]:
        """All quantities, known or not."""
        return tuple(self.entries)

    @property
    def known(self) -> tuple[str, ...]:
        """The quantities that theory predicts."""
        return tuple(label for label, entry in self.entries.items() if entry.known)

    @property
    def unknown(self) -> dict[str, str]:
        """The quantities without a known law, each with the reason."""
        return {k: e.source for k, e in self.entries.items() if not e.known}

    def to_xarray(self) -> Any:
        """A Dataset with one variable ``mean`` over (quantity, generation)."""
        import xarray as xr

        table = np.array([self[label] for label in self.known])
        return xr.Dataset(
            {"mean": (("quantity", "generation"), table)},
            coords={"quantity": list(self.known), "generation": np.arange(self.generations + 1)},
            attrs={"loop": str(self.loop)},
        )

    def to_dataframe(self) -> Any:
        """One column per predicted quantity, one row per generation."""
        return self.to_xarray()["mean"].to_pandas().T
