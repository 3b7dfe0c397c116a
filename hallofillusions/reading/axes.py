"""Arrays: runs and generations by their place, or by the names of the axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError
from .blocks import Block, Where
from .names import AXES, LETTERS, MANY, Reading, axis_of, listed, read_name
from .rows import MISSING, Table, layout, unfit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FLAT = ("context", "component", "type")
"""Axes behind runs and generations, in their order."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """Named arrays (runs, generations, …), and labels of their axes."""

    values: Mapping[str, Floats | InputError]
    labels: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    source: str = ""
    guesses: tuple[str, ...] = ()
    word = "array"

    @property
    def names(self) -> dict[str, int]:
        """Name -> axes behind the runs and generations."""
        return {k: np.ndim(v) - 2 if isinstance(v, np.ndarray) else 0
                for k, v in self.values.items()}  # fmt: skip

    def read(self, used: Sequence[str]) -> Block:
        """The arrays that are used, all of the same runs and generations."""
        arrays: dict[str, Floats] = {}
        for name in used:
            value = self.values[name]
            if isinstance(value, InputError):
                raise value
            arrays[name] = value
        self._check_shapes(arrays)
        R, G = next(iter(arrays.values())).shape[:2]
        runs, generations = self._labels("replicate", R), self._labels("generation", G)
        if generations is not None:
            generations, arrays = _in_order(self._whole(generations), arrays)
        labels = {a: tuple(map(str, self.labels[a])) for a in FLAT if a in self.labels}
        return Block.of(arrays, runs, generations, Where(self.source), labels=labels)

    def _check_shapes(self, arrays: Mapping[str, Floats]) -> None:
        first = next(iter(arrays))
        for name, array in arrays.items():
            if not array.size:
                raise InputError(f"{self._named(name)} must hold numbers, got an empty array")
            if array.shape[:2] != arrays[first].shape[:2]:
                raise InputError(
                    f"{self._named(name)} must have the runs and generations of {first!r}, which "
                    f"has the shape {arrays[first].shape}, got {array.shape}"
                )

    def _named(self, name: str) -> str:
        return f"{self.source}: {name!r}" if self.source else repr(name)

    def _labels(self, axis: str, count: int) -> Any:
        labels = self.labels.get(axis)
        if labels is not None and len(labels) != count:
            raise InputError(
                f"the labels of axis {axis!r} must be {count}, as in the arrays, got {len(labels)}"
            )
        return labels

    def _whole(self, labels: Sequence[Any]) -> list[int]:
        """Labels of generations as whole numbers, each once."""
        cells: Any = [np.asarray(labels)]
        table = Table(["generation"], cells, range(1, len(labels) + 1), self.source, "label")
        whole = table.whole_numbers("generation").tolist()
        if twice := next((g for g in whole if whole.count(g) > 1), None):
            raise InputError(f"generations must be different, got {twice} twice")
        return whole


def _in_order(labels: list[int], arrays: Mapping[str, Floats]) -> tuple[Any, dict[str, Floats]]:
    order = np.argsort(labels, kind="stable")
    return np.asarray(labels)[order], {k: v[:, order] for k, v in arrays.items()}


# -- arrays without names of axes ----------------------------------------------------------------


def by_place(
    values: Mapping[Any, Any], said: Mapping[str, Reading | None], source: str = "",
    quantity: str | None = None,
) -> Any:  # fmt: skip
    """Arrays (generations) of one run, (replicates, generations), or with more axes behind.

    Columns of one length with their generations are a table.
    """
    given = {str(k): v for k, v in values.items() if said.get(str(k), True) is not None}
    if not given:
        raise InputError("runs must hold at least one array, got none")
    axes = {name: axis for name, v in given.items()
            if (axis := _axis(name, said)) and len(_shape(v)) == 1}  # fmt: skip
    if "generation" in axes.values() and _is_table(given):
        cells: Any = [np.asarray(v) for v in given.values()]
        table = Table(list(given), cells, range(1, len(cells[0]) + 1), source, "row")
        return layout(table, {k: r for k, r in said.items() if k in given}, quantity)
    labels: dict[str, Any] = {axis: np.asarray(given[name]) for name, axis in axes.items()}
    named = {k: _array(k, v, source) for k, v in given.items() if k not in axes}
    if quantity is not None:
        if quantity not in named:
            raise InputError(f"runs have no array {quantity!r}; they have {', '.join(named)}")
        named = {quantity: named[quantity]}
    if not named:
        raise InputError(unfit(given, f"{source}: " if source else "", "array"))
    one = _of_one_run(named, said)
    words = ("array", "is") if len(one) == 1 else ("arrays", "are")
    notes = [f"{words[0]} {listed(one)} of shape (generations, …) {words[1]} one run"] * bool(one)
    arranged = {k: v[None] if isinstance(v, np.ndarray) and (v.ndim < 2 or k in one) else v
                for k, v in named.items()}  # fmt: skip
    return Arrays(arranged, labels, source, tuple(notes))


def _axis(name: str, said: Mapping[str, Reading | None]) -> str | None:
    """The axis whose labels an array holds."""
    reading = said.get(name)
    if reading is not None:
        return reading.role if reading.role in AXES else None
    return None if read_name(name) else axis_of(name)


def _is_table(given: Mapping[str, Any]) -> bool:
    shapes = {_shape(v) for v in given.values()}
    return len(given) > 1 and len(shapes) == 1 and len(next(iter(shapes))) == 1


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of nested lists, of which the first of each speaks for all."""
    if isinstance(value, list | tuple):
        return (len(value), *(_shape(value[0]) if value else ()))
    return np.shape(value) if hasattr(value, "shape") else ()


def _of_one_run(named: Mapping[str, Any], said: Mapping[str, Reading | None]) -> list[str]:
    """The arrays with two axes or three whose first is the generations, as the others show."""
    found, shapes = [], {k: np.shape(v) for k, v in named.items() if isinstance(v, np.ndarray)}
    kinds = {k: r for k in shapes if (r := said.get(k) or read_name(k))}
    for name, reading in kinds.items():
        if reading.role in MANY and len(shapes[name]) == 2 and reading.stem not in LETTERS:
            found.append(name)
    matrix = [k for k, r in kinds.items() if r.role == "variance" and len(shapes[k]) == 3]
    for name in matrix if not any(r.role == "weight" for r in kinds.values()) else ():
        means = [k for k, r in kinds.items() if r.role == "mean" and len(shapes[k]) == 2]
        if means and all(shapes[name] == (*shapes[k], shapes[k][1]) for k in means):
            found += [*means, name]
    return found


def _array(name: str, value: Any, source: str) -> Floats | InputError:
    """Numbers, with NaN for what is missing; what is none is told where it is used."""
    where = f"{source}: {name!r}" if source else repr(name)
    try:
        raw: Any = value if np.ma.isMaskedArray(value) else np.asarray(value)
    except ValueError:  # runs of different lengths
        raw = _padded(value)
    if raw is None or raw.dtype.kind in "cmMV":
        got = "rows of different depths" if raw is None else str(raw.dtype)
        return InputError(f"{where} must hold numbers, got {got}")
    if np.ma.isMaskedArray(raw):
        raw = np.ma.filled(raw.astype(float), np.nan)
    if not raw.ndim:
        return InputError(f"{where} must be an array of runs and generations, got {raw!s:.40}")
    if raw.dtype.kind in "biuf":
        return np.array(raw, dtype=float)
    return _parsed(raw, where)


def _parsed(raw: Any, where: str) -> Floats | InputError:
    """Text and objects as numbers."""
    out = np.empty(raw.shape)
    for place, cell in np.ndenumerate(raw):
        text = str(cell).strip()
        try:
            out[place] = np.nan if text.lower() in MISSING else float(text)
        except ValueError:
            spot = f"[{', '.join(map(str, place))}]" if place else ""
            return InputError(f"{where}{spot} must be a number, got {text[:40]!r}")
    return out


def _padded(value: Any) -> Any:
    """Runs of different lengths, with NaN behind the end of the shorter ones; None: other lists."""
    try:
        rows = [np.asarray([np.nan if v is None else v for v in run]) for run in value]
    except (TypeError, ValueError):
        return None
    if len({row.shape[1:] for row in rows}) > 1 or any(row.dtype.kind == "O" for row in rows):
        return None
    length = max(len(row) for row in rows)
    kind = object if any(row.dtype.kind not in "biuf" for row in rows) else float
    out = np.full((len(rows), length, *rows[0].shape[1:]), np.nan, dtype=kind)
    for run, row in zip(out, rows, strict=True):
        run[: len(row)] = row
    return out


# -- arrays with named axes ------------------------------------------------------------------------


def by_name(
    arrays: Mapping[str, Any], said: Mapping[str, Reading | None], source: str = ""
) -> Arrays:
    """xarray's arrays, whose axes are found by their names."""
    given = {k: v for k, v in arrays.items() if said.get(k, True) is not None}
    roles = {dim: _axis_of(dim, said) for v in given.values() for dim in v.dims}
    first = _component_axis(given, said)
    values: dict[str, Floats | InputError] = {}
    labels: dict[str, Any] = {}
    for name, array in given.items():
        try:
            dims = _order(name, array, roles, first)
        except InputError as error:
            values[name] = error
            continue
        moved = _array(name, array.transpose(*dims).values, source)
        one = "replicate" not in [roles[d] for d in dims]
        values[name] = moved[None] if one and isinstance(moved, np.ndarray) else moved
        for dim in dims:
            if dim in array.coords:
                labels.setdefault(roles[dim] or dim, array.coords[dim].values)
    return Arrays(values, labels, source)


def _axis_of(dim: Any, said: Mapping[str, Reading | None]) -> str | None:
    reading = said.get(str(dim))
    return reading.role if reading is not None else axis_of(dim)


def _component_axis(given: Mapping[str, Any], said: Mapping[str, Reading | None]) -> Any:
    """The axis of the weights of a mixture, which comes before those of a point's components."""
    for name, array in given.items():
        reading = said.get(name) or read_name(name)
        if reading is not None and reading.role == "weight":
            return next((d for d in array.dims if _axis_of(d, said) not in
                         ("replicate", "generation")), None)  # fmt: skip
    return None


def _order(name: str, array: Any, roles: Mapping[Any, str | None], first: Any) -> list[Any]:
    """The axes in the order runs, generations, contexts, components, types."""
    unknown = [d for d in array.dims if roles[d] is None and d != first]
    if unknown:
        raise InputError(
            f"{name!r} must have axes that are named replicate, generation, component, type or "
            f"context, got {unknown[0]!r}: say what it is with columns"
        )
    known = [roles[d] for d in array.dims]
    if "generation" not in known:
        raise InputError(
            f"{name!r} must have an axis of generations, got "
            f"{', '.join(map(repr, array.dims)) or 'none'}"
        )
    rank = {"replicate": 0, "generation": 1, "context": 3, "component": 4, "type": 5}
    return sorted(array.dims, key=lambda d: 2 if d == first else rank[roles[d] or "type"])
