"""What a simulation or a user's own runs gave: streaming statistics over replicates, with axes.

g counts the fits made.  Row g = 0 of a simulation is the start, before any fit; what papers
call "generation 0" is often g = 1 here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .component import fields_of, find, near, shipped
from .loop import FeedbackLoop, check_loop
from .numerics.seeds import Seed as Seed
from .numerics.streaming import CONFIDENCE as CONFIDENCE
from .numerics.streaming import Quantiles, Summary
from .symbols import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COLUMNS = ("mean", "variance", "standard_error", "minimum", "maximum", "nonfinite", "count")


@dataclass(frozen=True, eq=False)
class Options:
    """What `simulate` was asked for besides the loop: enough to ask again."""

    observables: tuple[Any, ...] = ()
    quantiles: tuple[float, ...] = ()
    quantiles_at: tuple[int, ...] = ()
    keep: tuple[int, ...] = ()
    monitors: tuple[Any, ...] = ()
    literal: bool = False
    real: Any = None
    replacement: bool = False
    at: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Statistics over replicates of every quantity at g = ``first`` … ``generations``.

    ============== ==================================================================
    loop           the `FeedbackLoop`
    generations    the last g
    first          the first g: 0, or 1 for a user's runs that begin with the first fit
    replicates     number of independent runs
    quantities     labels of the observables, the first axis of every table
    summary        `Summary` of shape (quantity, generation); NaN where nothing was measured
    quantile_table `Quantiles` at the generations that were asked for
    kept, values   generations whose raw values are kept: (quantity, place, replicate)
    step_labels    labels of the monitors, with their own `Summary` in ``steps``
    seed           `Seed`, or None for a user's own runs
    literal        whether every point was drawn; ``literal_reason`` says what forced it
    options        `Options`, from which `rerun` asks again
    versions       of the libraries that ran
    remarks        quantity -> what nobody may miss of it, in words that follow its label: why
                   it is infinite, how many fits did not converge
    ============== ==================================================================
    """

    loop: FeedbackLoop
    generations: int
    replicates: int
    quantities: tuple[str, ...]
    summary: Summary
    quantile_table: Quantiles
    kept: tuple[int, ...] = ()
    values: Any = None
    medians: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    step_labels: tuple[str, ...] = ()
    steps: Summary = field(default_factory=lambda: Summary.empty(0, 0))
    first: int = 0
    seed: Seed | None = None
    literal: bool = False
    literal_reason: str = ""
    options: Options = field(default_factory=Options)
    versions: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    # -- reading ------------------------------------------------------------------------------

    @property
    def g(self) -> NDArray[np.int64]:
        """The generation axis."""
        return np.arange(self.first, self.generations + 1)

    @property
    def measured(self) -> NDArray[np.int64]:
        """The places on that axis at which anything was measured."""
        return np.flatnonzero(self.summary.count.any(axis=0))

    def mean(self, label: Any) -> Floats:
        """Mean over replicates of one quantity, per generation; ``label`` may be an observable."""
        return self._row(label, "mean")

    def standard_error(self, label: Any) -> Floats:
        """Standard error of `mean`."""
        return self._row(label, "standard_error")

    def variance(self, label: Any) -> Floats:
        """Unbiased variance over replicates of one quantity, per generation."""
        return self._row(label, "variance")

    def nonfinite(self, label: Any) -> Floats:
        """How many replicates had an infinite value or none, per generation."""
        return self._row(label, "nonfinite")

    def quantile(self, label: Any, probability: float = 0.5) -> tuple[Floats, Floats, Floats]:
        """(estimate, lower, upper) at the generations ``quantile_table.places``.

        ``label`` may be a median-type observable, which knows its own quantity and probability.
        """
        label = _label(label)
        label, probability = self.medians.get(label, (label, probability))
        table, row = self.quantile_table, self._index(label, self.quantities)
        if probability not in table.probabilities:
            raise InputError(
                f"probability must be one of {table.probabilities}, got {probability!r}"
            )
        column = table.probabilities.index(probability)
        lower, upper = table.lower[row, column], table.upper[row, column]
        return table.estimate[row, column], lower, upper

    def raw(self, label: Any, generation: int) -> Floats:
        """The kept values of all replicates at one generation."""
        if generation not in self.kept:
            raise InputError(f"generation must be one of those kept, {self.kept}, got {generation}")
        row = self._index(_label(label), self.quantities)
        values: Floats = self.values[row, self.kept.index(generation)]
        return values

    def _row(self, label: Any, column: str) -> Floats:
        label = _label(label)
        if label in self.step_labels:
            row: Floats = getattr(self.steps, column)[self.step_labels.index(label)]
        else:
            row = getattr(self.summary, column)[self._index(label, self.quantities)]
        return row

    def _index(self, label: str, labels: tuple[str, ...]) -> int:
        if label in labels:
            return labels.index(label)
        hint = "; it is a quantile: read it with .quantile" if label in self.medians else ""
        raise InputError(f"label must be one of {', '.join(labels)}, got {label!r}{hint}")

    # -- tables -------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The same as `to_xarray`."""
        return self.to_xarray()

    def to_xarray(self) -> Any:
        """All statistics as an `xarray.Dataset` with named axes."""
        import xarray

        axes = ("quantity", "generation")
        data: dict[str, Any] = {name: (axes, getattr(self.summary, name)) for name in COLUMNS}
        table = self.quantile_table
        if table.estimate.size:
            places = ("quantity", "probability", "quantile_generation")
            data["quantile"] = (places, table.estimate)
            data |= {f"quantile_{n}": (places, getattr(table, n)) for n in ("lower", "upper")}
        if self.values is not None:
            data["values"] = (("quantity", "kept_generation", "replicate"), self.values)
        if self.step_labels:
            data |= {f"steps_{n}": (("step", "generation"), getattr(self.steps, n))
                     for n in COLUMNS}  # fmt: skip
        return xarray.Dataset(data, coords=self._coordinates())

    def _coordinates(self) -> dict[str, Any]:
        table, used = self.quantile_table, self.quantile_table.estimate.size
        named = {
            "quantity": self.quantities,
            "generation": self.g,
            "probability": np.array(table.probabilities) if used else None,
            "quantile_generation": np.array(table.places) if used else None,
            "kept_generation": np.array(self.kept) if self.values is not None else None,
            "step": self.step_labels or None,
        }
        return {k: (k, list(v) if isinstance(v, tuple) else v)
                for k, v in named.items() if v is not None}  # fmt: skip

    def to_dataframe(self) -> Any:
        """One row per quantity and generation, as a `pandas.DataFrame`."""
        return self.to_xarray()[list(COLUMNS)].to_dataframe()

    # -- a user's own runs --------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls, loop: FeedbackLoop, *, first: int = 1, observables: Any = None, **arrays: Any
    ) -> Trajectory:
        """A trajectory from your own runs.

        ``arrays`` are named quantities of shape (replicates, generations), such as ``mean=``
        and ``variance=``; ``first`` is the g of their first column, 1 if it is the first fit
        and 0 if it is the start.  If mean and variance are both given, the default
        ``observables`` (or yours) are measured on them too.  All raw values are kept.

        Raises `InputError` for anything that is not such an array (NaN, another shape, a
        negative variance), and for a name that looks like a misspelt known quantity.
        """
        check_loop(loop)
        if isinstance(first, bool) or first not in (0, 1):
            raise InputError(f"first must be 0 (the start) or 1 (the first fit), got {first!r}")
        _check_spelling(arrays, observables, loop.family)
        checked = _checked_arrays(arrays)
        _check_means(loop.family, checked)
        measured, medians = _measured(loop, checked, observables)
        quantities = measured | {k: v for k, v in checked.items() if k not in measured}
        values = np.stack([v.T for v in quantities.values()])
        places = tuple(range(first, first + values.shape[1]))
        with np.errstate(all="ignore"):
            return cls(
                loop, places[-1], values.shape[2], tuple(quantities), Summary.of(values),
                Quantiles.of(values, (0.5,), places), places, values, medians, first=first,
            )  # fmt: skip

    # -- files --------------------------------------------------------------------------------

    def save(self, path: Any) -> Path:
        """Write a netCDF-3 file whose attributes hold the loop, the seed and the options.

        The file appears whole or not at all.  Raises `InputError` if it cannot be written.
        """
        from .numerics.archive import write

        return write(self, path)

    @classmethod
    def load(cls, path: Any, *, loop: FeedbackLoop | None = None) -> Trajectory:
        """Read a file that `save` wrote; ``loop`` replaces a loop with assumptions of your own.

        Raises `InputError` for any other file.
        """
        from .numerics.archive import read

        return read(path, loop)

    def rerun(self, executor: Executor | None = None) -> Trajectory:
        """The same run again, to the last bit."""
        from .simulation import rerun

        return rerun(self, executor)


def _label(label: Any) -> str:
    return label if isinstance(label, str) else str(getattr(label, "label", label))


def _check_spelling(names: Iterable[str], observables: Any, family: Any) -> None:
    """Refuse a name that is near a known quantity's; another number in it is not a slip."""
    from .observables import defaults

    known = [o.label for o in (*defaults(family), *(observables or ()))]
    known += [o.label for name in shipped("observables") if (o := _plain_observable(name))]
    worded = {_without_numbers(k) for k in known}
    for name in names:
        hint = near(name, dict.fromkeys(known), cutoff=0.8)
        if hint and _without_numbers(name) not in worded:
            raise InputError(f"from_arrays does not know the quantity {name!r}{hint}")


def _plain_observable(name: str) -> Any:
    """The shipped observable of that name as it comes, or None where it wants arguments."""
    kind = find("observables", name)
    wants = any(f.default is MISSING and f.default_factory is MISSING for f in fields_of(kind))
    return None if wants else kind()


def _without_numbers(label: str) -> str:
    return re.sub(r"[\d.]+", "", label)


def _checked_arrays(arrays: Mapping[str, Any]) -> dict[str, Floats]:
    """Float arrays of one shape (replicates, generations), or an `InputError` that says which."""
    if not arrays:
        raise InputError("from_arrays wants at least one array, such as variance=, got none")
    checked = {name: _checked_array(name, values) for name, values in arrays.items()}
    shapes = {v.shape: k for k, v in checked.items()}
    if len(shapes) > 1:
        (one, a), (other, b) = list(shapes.items())[:2]
        raise InputError(f"{b} must have the shape of {a}, {one}, got {other}")
    if "variance" in checked and (checked["variance"] < 0).any():
        raise InputError(
            f"variance must be at least 0 everywhere, got {checked['variance'].min():g}"
        )
    return checked


def _check_means(family: Any, checked: Mapping[str, Floats]) -> None:
    """Refuse means where no model of the family has its own."""
    low, high = family.support
    mean = checked.get("mean")
    if mean is not None and ((mean < low) | (mean > high)).any():
        bad = mean[(mean < low) | (mean > high)][0]
        raise InputError(f"mean must be in [{low:g}, {high:g}] for {family!r}, got {bad:g}")


def _checked_array(name: str, values: Any) -> Floats:
    wants = f"{name} must be numbers of shape (replicates, generations)"
    try:
        array: Floats = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{wants}, got {type(values).__name__}") from None
    if array.ndim != 2 or not array.size:
        raise InputError(f"{wants}, got the shape {array.shape}")
    if np.isnan(array).any():
        row, column = np.argwhere(np.isnan(array))[0]
        raise InputError(f"{wants} without gaps, got NaN in row {row}, column {column}")
    return array


def _measured(
    loop: FeedbackLoop, arrays: Mapping[str, Floats], observables: Any
) -> tuple[dict[str, Floats], dict[str, tuple[str, float]]]:
    """Observables measured on given models, and which labels are quantiles of them."""
    if loop.family.dimension > 1 or not set(loop.family.parameters()) <= set(arrays):
        return {}, {}
    from .observables import defaults

    plain, medians = split_medians(defaults(loop.family) if observables is None else observables)
    with np.errstate(all="ignore"):
        values = {o.label: np.asarray(o.measure(loop.family, arrays), float) for o in plain}
    shape = next(iter(arrays.values())).shape
    return {k: np.broadcast_to(v, shape) for k, v in values.items()}, medians


def split_medians(observables: Any) -> tuple[tuple[Any, ...], dict[str, tuple[str, float]]]:
    """(what is measured, {median's label: (label of what it is of, probability)})."""
    plain: dict[str, Any] = {}
    medians: dict[str, tuple[str, float]] = {}
    for observable in observables:
        inner = getattr(observable, "of", None)
        if inner is None:
            plain[observable.label] = observable
        else:
            plain.setdefault(inner.label, inner)
            medians[observable.label] = (inner.label, float(observable.probability))
    return tuple(plain.values()), medians
