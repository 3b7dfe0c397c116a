"""What a source gives: arrays of runs and generations, and the words for where an entry is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST = 1_000_000
"""The most generations from the first to the last."""


@dataclass(frozen=True, eq=False)
class Where:
    """What a message needs to name an entry: its line and its column, or its run and generation.

    ============ ===============================================================================
    source       the file's name, or "" where there is none
    replicates   names of the runs, and ``generations`` the labels of their columns
    lines        the line of each run and generation, 0 where there is none; None: no lines
    place        what a line is called: "line", or "row" of a data frame
    headers      name -> the header of each generation, in a table with a column per generation
    columns      quantity -> the names of what it was put together from
    word         what these are: "column" or "array"
    ============ ===============================================================================
    """

    source: str = ""
    replicates: tuple[str, ...] = ()
    generations: tuple[int, ...] = ()
    lines: Any = None
    place: str = "line"
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    word: str = "array"

    def spot(self, run: int, generation: int) -> str:
        """``runs.csv, line 14``, or ``run 3, generation 7`` where there are no lines."""
        line = 0 if self.lines is None else int(self.lines[run, generation])
        spot = f"{self.place} {line}" if line else (
            f"run {self.replicates[run]}, generation {self.generations[generation]}"
        )  # fmt: skip
        return f"{self.source}, {spot}" if self.source else spot

    def entry(self, name: str, place: Sequence[int]) -> str:
        """``runs.csv, line 14: 'var'``, with the index of an entry of an array."""
        run, generation, *rest = map(int, place)
        header = self.headers[name][generation] if name in self.headers else name
        index = f"[{', '.join(map(str, rest))}]" if rest else ""
        return f"{self.spot(run, generation)}: {header!r}{index}"

    def row(self, quantity: str, run: int, generation: int) -> str:
        """``runs.csv, line 14, column 'var'``."""
        names = [self.headers[n][generation] if n in self.headers else n
                 for n in self.columns.get(quantity, ())]  # fmt: skip
        told = [repr(n) for n in names if n != quantity or self.word == "column"]
        plural = "s" if len(told) > 1 else ""
        what = f", {self.word}{plural} {', '.join(told)}" if told else ""
        return f"{self.spot(run, generation)}{what}"


@dataclass(frozen=True, eq=False)
class Block:
    """Arrays (runs, generations, …) by the names that their source gives them."""

    arrays: Mapping[str, Floats]
    replicates: tuple[str, ...]
    generations: tuple[int, ...]
    labelled: bool
    where: Where
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, arrays: Mapping[str, Floats], replicates: Any, generations: Any, where: Where,
        **rest: Any,
    ) -> Block:  # fmt: skip
        """A block whose generations come in order and without holes; None: no labels."""
        R, G = next(iter(arrays.values())).shape[:2]
        names = _run_names(replicates, R)
        whole = tuple(range(G)) if generations is None else tuple(map(int, generations))
        last = full_range(whole, where.source)
        place = np.array([g - last[0] for g in whole], dtype=int)
        if last != whole:
            arrays = {k: _spread(v, place, len(last)) for k, v in arrays.items()}
            lines = where.lines
            if lines is not None:
                where = replace(where, lines=_spread(lines, place, len(last), 0))
            headers = {k: _spread_names(v, place, len(last)) for k, v in where.headers.items()}
            where = replace(where, headers=headers)
        where = replace(where, replicates=names, generations=last)
        return cls(arrays, names, last, generations is not None, where, **rest)


def full_range(labels: Sequence[int], source: str = "") -> tuple[int, ...]:
    """Every generation from the first label to the last."""
    first, last = min(labels), max(labels)
    if last - first >= FARTHEST:
        begin = f"{source}: " if source else ""
        raise InputError(
            f"{begin}generations must be at most {FARTHEST:,} apart, got {first} and {last}"
        )
    return tuple(range(first, last + 1))


def _run_names(replicates: Any, count: int) -> tuple[str, ...]:
    if replicates is None:
        return tuple(str(r + 1) for r in range(count))
    return tuple(plain_label(r) for r in replicates)


def plain_label(value: Any) -> str:
    """A label as text; a whole number without its decimal point."""
    text = str(value).strip()
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdigit() else text


def _spread(array: Any, place: Any, width: int, fill: float = np.nan) -> Any:
    """The same columns at their places, with gaps between."""
    full = np.full((array.shape[0], width, *array.shape[2:]), fill, dtype=array.dtype)
    full[:, place] = array
    return full


def _spread_names(names: Sequence[str], place: Any, width: int) -> list[str]:
    full = [""] * width
    for name, g in zip(names, place, strict=True):
        full[g] = name
    return full
