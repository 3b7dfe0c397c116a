"""A user's CSV file as a header and rows of cells, with one sentence for whatever is wrong."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from .files import read_text
from .symbols import InputError

Row = tuple[int, list[str]]
"""The number of a line in its file, and its cells."""


def table(path: Path, words: Collection[str] = ()) -> tuple[list[str], list[Row]]:
    """(header, or [] if there is none; the rows that are not blank, with their line numbers).

    A first row without a number is a header, and so is one that counts, or has one of ``words``.
    """
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), _dialect(text))
    try:
        rows = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from None
    full = [i for i, (_, cells) in enumerate(rows) if any(c.strip() for c in cells)]
    rows = rows[full[0] : full[-1] + 1] if full else []
    if not rows:
        raise InputError(f"{path} must hold a table of numbers, got an empty file")
    first = rows[0][1]
    header = [] if any(map(is_number, first)) and not _numeric_header(first, words) else first
    rows = rows[1:] if header else rows
    if not rows:
        raise InputError(f"{path} must have at least 2 rows of numbers, got only a header")
    wide = next(((line, len(c)) for line, c in rows if header and len(c) > len(header)), None)
    if wide:
        raise InputError(
            f"{path}, line {wide[0]} has {wide[1]} cells, but the header has {len(header)}"
        )
    return [h.strip() for h in header], rows


def _dialect(text: str) -> Any:
    """How the cells are separated: what splits the first lines alike, comma first."""
    lines = [line for line in text.splitlines() if line.strip()][:50]

    class Dialect(csv.excel):
        skipinitialspace = True

    for delimiter in (",", ";", "\t", "|", " "):
        counts = {_cells(line.strip(), delimiter) for line in lines}
        if counts and min(counts) > 1 and len(counts) == 1:
            Dialect.delimiter = delimiter
            break
    return Dialect


def _cells(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter, skipinitialspace=True)))


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return not cell.strip().lower().lstrip("+-").startswith(("nan", "inf"))


def _numeric_header(cells: Sequence[str], words: Collection[str]) -> bool:
    """Whether a first row with numbers is a header all the same.

    It counts generations (0, 1, 2, … or 1, 2, 3, …), behind an empty cell or not, or has one of
    the ``words``.
    """
    first = [c.strip() for c in cells]
    if any(c.lower() in words for c in first if c):
        return True
    first = first[1:] if words and not first[0] else first
    return len(first) > 2 and any(
        first == [str(k + start) for k in range(len(first))] for start in (0, 1)
    )


def number(path: Any, line: int, cells: list[str], place: int, name: str) -> float:
    """One cell as a finite number, or an `InputError` that names its line and column."""
    where = f"{path}, line {line}: {name!r} must be a number"
    if place >= len(cells) or not cells[place].strip():
        raise InputError(f"{where}, got an empty cell")
    try:
        value = float(cells[place])
    except ValueError:
        raise InputError(f"{where}, got {cells[place].strip()[:40]!r}") from None
    if not math.isfinite(value):
        raise InputError(f"{where} (finite), got {cells[place].strip()}")
    return value
