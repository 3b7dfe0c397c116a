"""Tables: a row for each run and generation, or a row for each run and a column per generation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..component import near
from ..symbols import InputError
from .blocks import Block, Where, full_range, plain_label
from .names import Reading, axis_columns, listed, read_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MISSING = {"", "na", "n/a", "nan", "null", "none", "<na>", "nat", "--"}
"""What an empty cell may hold, in any case."""
COUNTED = re.compile(
    r"(?:(.*?)[\s_.-]*(?:\b|_))?(?:g|gen|generation|step|iteration|iter)[\s_=.-]*(\d+)",
    re.IGNORECASE,
)
"""``mean_g1``, ``g=1``: a quantity, if any, and its generation."""


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of cells, and the number that a message gives to each row."""

    header: list[str]
    columns: Sequence[Sequence[Any]]
    lines: Sequence[int]
    source: str = ""
    place: str = "line"

    def __post_init__(self) -> None:
        if not len(self.lines):
            raise InputError(f"{self.prefix}runs must hold a table of numbers, got no rows")
        twice = [h for h in self.header if h and self.header.count(h) > 1]
        if twice:
            raise InputError(
                f"{self.prefix}columns must have different names, got {twice[0]!r} twice"
            )

    @property
    def prefix(self) -> str:
        return f"{self.source}: " if self.source else ""

    def cells(self, name: str) -> Sequence[Any]:
        return self.columns[self.header.index(name)]

    def at(self, row: int) -> str:
        """The words for a row."""
        spot = f"{self.place} {self.lines[row]}"
        return f"{self.source}, {spot}" if self.source else spot

    def numbers(self, name: str) -> Floats:
        """One column as numbers, NaN where a cell is empty."""
        cells = self.cells(name)
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
            return cells.astype(float)
        try:  # at once, where no cell is empty or wrong
            return np.array([c if isinstance(c, str) else str(c) for c in cells], dtype=float)
        except ValueError:
            return np.array([self._number(name, row, c) for row, c in enumerate(cells)])

    def _number(self, name: str, row: int, cell: Any) -> float:
        text = str(cell).strip()
        if text.lower() in MISSING:
            return np.nan
        try:
            return float(text)
        except ValueError:
            raise InputError(
                f"{self.at(row)}: {name!r} must be a number, got {text[:40]!r}"
            ) from None

    def whole_numbers(self, name: str) -> NDArray[np.int64]:
        """One column of generations."""
        values = self.numbers(name)
        bad = ~((values >= 0) & (values == np.floor(values)) & (values < 2**53))
        if bad.any():
            row = int(np.argmax(bad))
            got = "an empty cell" if np.isnan(values[row]) else f"{values[row]:g}"
            raise InputError(
                f"{self.at(row)}: {name!r} must be a whole number at least 0, got {got}"
            )
        return values.astype(np.int64)

    def names(self, name: str) -> list[str]:
        """One column of labels."""
        cells = self.cells(name)
        label_of = {cell: plain_label(cell) for cell in dict.fromkeys(cells)}
        labels = [label_of[cell] for cell in cells]
        missing = {label for label in label_of.values() if _is_missing(label)}
        empty = next((i for i, label in enumerate(labels) if label in missing), None)
        if empty is not None:
            raise InputError(f"{self.at(empty)}: {name!r} must be a label, got an empty cell")
        return labels


def _is_missing(cell: Any) -> bool:
    return str(cell).strip().lower() in MISSING


def layout(
    table: Table, said: Mapping[str, Reading | None], quantity: str | None
) -> Tidy | Wide:  # fmt: skip
    """How the table is laid out, from its header."""
    axes = axis_columns(table.header, said)
    left = {k for k, r in said.items() if r is None}
    free = [h for h in table.header if h and h not in axes.values() and h not in left]
    if "generation" in axes:
        return Tidy.of(table, axes, free, quantity)
    if counted := _counted(free, quantity):
        return Wide.of(table, axes, counted)
    fitting = [h for h in free if h in said or read_name(h)]
    if quantity is not None and quantity not in free:
        every = dict(enumerate(free or table.header))
        note = f"columns {listed(every.values())} are consecutive generations of {quantity!r}"
        return Wide.of(table, axes, {quantity: every}, labelled=False, note=note)
    if numbered := _numbered(fitting, said):
        note = f"columns {listed(fitting)} are generations, since no other column holds these"
        return Wide.of(table, axes, numbered, note=note)
    if fitting:
        return Tidy.of(table, axes, free, quantity)
    raise InputError(unfit(free, table.prefix, "column"))


def unfit(names: Iterable[str], prefix: str = "", word: str = "column") -> str:
    """The sentence for a source in which nothing fits a quantity."""
    got = ", ".join(names) or f"no named {word}"
    return (
        f"{prefix}runs must have a {word} of generations and one of each quantity, such as mean, "
        f"variance or count_a, or a {word} per generation of one quantity that is named, got "
        f"{got}: say what they are with columns or quantity"
    )


def stems(header: Iterable[str]) -> list[str]:
    """The quantities of columns such as ``mean_g1``."""
    found = (COUNTED.fullmatch(name.strip()) for name in header)
    return list(dict.fromkeys(m[1] for m in found if m and m[1]))


def _counted(free: Sequence[str], quantity: str | None) -> dict[str, dict[int, str]]:
    """Quantity -> generation -> column, where two columns or more are marked as generations."""
    found: dict[str, dict[int, str]] = {}
    for name in free:
        bare = name.strip().removesuffix(".0")
        marked = COUNTED.fullmatch(name.strip())
        if not (bare.isdigit() or marked):
            continue
        stem = (marked[1] if marked else "") or quantity or ""
        found.setdefault(stem, {})[int(marked[2] if marked else bare)] = name
    many = {stem: columns for stem, columns in found.items() if len(columns) > 1}
    if "" in many:
        raise InputError(
            f"the columns {listed(many[''].values())} are generations, so quantity must say of what"
        )
    return many


def _numbered(
    fitting: Sequence[str], said: Mapping[str, Reading | None]
) -> dict[str, dict[int, str]]:
    """The same of ``mean_1, mean_2, …`` where nothing else can hold the generations."""
    readings = {h: said.get(h) or read_name(h) for h in fitting}
    found: dict[str, dict[int, str]] = {}
    for name, reading in readings.items():
        if reading is None or reading.kind not in ("mean", "variance") or reading.said:
            return {}
        if reading.index is None or not reading.index.isdigit():
            return {}
        found.setdefault(reading.stem, {})[int(reading.index)] = name
    alike = {tuple(columns) for columns in found.values()}
    return found if len(alike) == 1 and len(next(iter(alike))) > 1 else {}


@dataclass(frozen=True, eq=False)
class Tidy:
    """A row for each run and generation; without generations, each row is the next."""

    table: Table
    axes: Mapping[str, str]
    names: Mapping[str, int]
    guesses: tuple[str, ...] = ()
    word = "column"

    @classmethod
    def of(
        cls, table: Table, axes: Mapping[str, str], free: Sequence[str], quantity: str | None
    ) -> Tidy:
        """Of ``quantity`` only, where one is named."""
        if quantity is not None and quantity not in free:
            alike = read_name(quantity)
            free_of = [h for h in free if (r := read_name(h)) and alike and r.kind == alike.kind]
            if not free_of:
                hint = near(quantity, free, f"; they have {', '.join(free)}")
                raise InputError(f"{table.prefix}runs have no column {quantity!r}{hint}")
            free = free_of
        elif quantity is not None:
            free = [quantity]
        others = sum(axis in axes for axis in ("context", "component", "type"))
        if not free:
            raise InputError(unfit(table.header, table.prefix))
        return cls(table, axes, dict.fromkeys(free, others), cls._notes(axes))

    @staticmethod
    def _notes(axes: Mapping[str, str]) -> tuple[str, ...]:
        if "generation" in axes:
            return ()
        each = f"of its {axes['replicate']}" if "replicate" in axes else "of one run"
        return (f"no column holds generations: each row is the next generation {each}",)

    def read(self, used: Sequence[str]) -> Block:
        """Arrays of the columns that are used, with NaN where there is no row."""
        table = self._full()
        runs, run = _codes(table.names(self.axes["replicate"])) if "replicate" in self.axes else (
            ("1",), np.zeros(len(table.lines), dtype=int)
        )  # fmt: skip
        generations, when = self._generations(table, run)
        others = [a for a in ("context", "component", "type") if a in self.axes]
        coded = [_codes(table.names(self.axes[a]), in_order=True) for a in others]
        shape = (len(runs), len(generations), *(len(labels) for labels, _ in coded))
        at = np.ravel_multi_index((run, when, *(code for _, code in coded)), shape)
        self._check_twice(table, at, runs, run)
        arrays = {}
        for name in used:
            full = np.full(shape, np.nan)
            full.ravel()[at] = table.numbers(name)
            arrays[name] = full
        lines = np.zeros(shape[:2], dtype=int)
        lines[run[::-1], when[::-1]] = np.asarray(table.lines)[::-1]
        where = Where(table.source, lines=lines, place=table.place, word=self.word)
        labels = {a: names for a, (names, _) in zip(others, coded, strict=True)}
        known = generations if "generation" in self.axes else None
        return Block.of(arrays, runs, known, where, labels=labels)

    def _full(self) -> Table:
        """The table without blank rows."""
        columns = self.table.columns
        blank = {
            i
            for i, cell in enumerate(columns[0])
            if _is_missing(cell) and all(_is_missing(c[i]) for c in columns)
        }
        if not blank:
            return self.table
        keep = [i for i in range(len(self.table.lines)) if i not in blank]
        taken = [[column[i] for i in keep] for column in columns]
        lines = [self.table.lines[i] for i in keep]
        return Table(self.table.header, taken, lines, self.table.source, self.table.place)

    def _generations(self, table: Table, run: Any) -> tuple[Any, Any]:
        """(labels, position of each row): as said, else each row is the next of its run."""
        if "generation" in self.axes:
            whole = table.whole_numbers(self.axes["generation"])
            labels = np.asarray(full_range((int(whole.min()), int(whole.max())), table.source))
            return labels, whole - labels[0]
        order = np.argsort(run, kind="stable")
        begins = np.searchsorted(run[order], run[order])
        when = np.empty(len(run), dtype=int)
        when[order] = np.arange(len(run)) - begins
        return np.arange(when.max() + 1), when

    def _check_twice(self, table: Table, at: Any, runs: Sequence[str], run: Any) -> None:
        """Refuse a second row for one run and generation."""
        order = np.argsort(at, kind="stable")
        again = np.flatnonzero(at[order][1:] == at[order][:-1])
        if not len(again):
            return
        row = int(order[again + 1].min())
        when = f"generation {table.whole_numbers(self.axes['generation'])[row]}"
        if "replicate" not in self.axes:
            raise InputError(
                f"{table.at(row)}: {when} comes twice, and no column names the runs: add one, "
                "such as 'run', or say which it is with columns"
            )
        raise InputError(f"{table.at(row)}: run {runs[run[row]]} has {when} twice")


@dataclass(frozen=True, eq=False)
class Wide:
    """A row for each run, and a column for each generation of each quantity."""

    table: Table
    axes: Mapping[str, str]
    columns: Mapping[str, Mapping[int, str]]
    labelled: bool = True
    guesses: tuple[str, ...] = ()
    word = "column"

    @classmethod
    def of(
        cls, table: Table, axes: Mapping[str, str], columns: Mapping[str, Mapping[int, str]],
        labelled: bool = True, note: str = "",
    ) -> Wide:  # fmt: skip
        if "replicate" not in axes and table.header[0] == "":
            axes = {**axes, "replicate": ""}
        return cls(table, axes, columns, labelled, (note,) if note else ())

    @property
    def names(self) -> Mapping[str, int]:
        return dict.fromkeys(self.columns, 0)

    def read(self, used: Sequence[str]) -> Block:
        """Arrays of the quantities that are used, with NaN in empty cells."""
        table = self.table
        runs = table.names(self.axes["replicate"]) if "replicate" in self.axes else None
        if runs and (twice := next((r for r in runs if runs.count(r) > 1), None)):
            raise InputError(f"{table.prefix}each run must have one row, got run {twice} twice")
        labels = sorted({g for name in used for g in self.columns[name]})
        full_range(labels, table.source)
        empty = np.full(len(table.lines), np.nan)
        arrays, headers = {}, {}
        for name in used:
            at = self.columns[name]
            arrays[name] = np.column_stack(
                [table.numbers(at[g]) if g in at else empty for g in labels]
            )
            headers[name] = [at.get(g, name) for g in labels]
        lines = np.repeat(np.asarray(table.lines)[:, None], len(labels), axis=1)
        where = Where(table.source, lines=lines, place=table.place, headers=headers, word=self.word)
        return Block.of(arrays, runs, labels if self.labelled else None, where)


def _codes(labels: Sequence[str], in_order: bool = False) -> tuple[tuple[str, ...], Any]:
    """(the different labels, the position of each); numbers in order where that is asked for."""
    different = list(dict.fromkeys(labels))
    if in_order:
        different = ordered(different)
    place = {label: i for i, label in enumerate(different)}
    return tuple(different), np.array([place[label] for label in labels])


def ordered(labels: Iterable[str]) -> list[str]:
    """Labels as they come, numbers from the lowest."""
    different = list(dict.fromkeys(labels))
    return sorted(different, key=int) if all(x.isdigit() for x in different) else different
