"""Plain tables and lines of a terminal's width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 100


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A plain table: text to the left, numbers to the right."""
    body = [[cell(v) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    numeric = [all(_is_numeric(row[i]) for row in body) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        parts = (c.rjust(w) if n else c.ljust(w)
                 for c, w, n in zip(cells, widths, numeric, strict=True))  # fmt: skip
        return "  ".join(parts).rstrip()

    return "\n".join([line(list(header)), *map(line, body)])


def cell(value: Any) -> str:
    """A value as a table shows it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_numeric(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell == ""
    return True


def wrapped(sentence: Any) -> str:
    """A long sentence on lines of a terminal's width."""
    return textwrap.fill(str(sentence), WIDTH, break_long_words=False, break_on_hyphens=False)
