"""What theory says about each observable, on the same axes as a simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
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

    @classmethod
    def from_arrays(cls, loop: FeedbackLoop, **values: Any) -> Prediction:
        """A theory of your own: each quantity's expectation at g = 0, 1, …, as one row.

        It is held against runs as `predict` would be; the names are those of the observables.

        >>> from hallofillusions import FeedbackLoop, Gaussian, Prediction, Replace
        >>> loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=10)
        >>> Prediction.from_arrays(loop, variance=[1, 0.9, 0.81]).generations
        2
        """
        from .loop import check_loop

        if not values:
            raise InputError("from_arrays wants at least one row, such as variance=, got none")
        rows = {name: _row(name, row) for name, row in values.items()}
        if len({len(row) for row in rows.values()}) > 1:
            lengths = ", ".join(f"{name} {len(row)}" for name, row in rows.items())
            raise InputError(f"all rows must have the same length, got {lengths}")
        entries = {name: Entry(name, "your own", compute=partial(np.copy, row))
                   for name, row in rows.items()}  # fmt: skip
        return cls(check_loop(loop), len(next(iter(rows.values()))) - 1, entries)

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


def _row(name: str, values: Any) -> NDArray[np.float64]:
    """Numbers at g = 0, 1, …; an expectation may be infinite, but not missing."""
    wants = f"{name} must be one row of numbers, those at g = 0, 1, …"
    try:
        row: NDArray[np.float64] = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{wants}, got {type(values).__name__}") from None
    if row.ndim != 1 or not row.size:
        raise InputError(f"{wants}, got the shape {row.shape}")
    if np.isnan(row).any():
        raise InputError(f"{wants}, got NaN at g = {int(np.argmax(np.isnan(row)))}")
    return row
