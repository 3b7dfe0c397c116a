"""Real data: columns of a user's file, or a public-domain set that comes with statsmodels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .component import near
from .corpus import evenly
from .symbols import InputError, as_number
from .tables import Row, is_number, number, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

def read_column(path: Any, column: str | None = None) -> Floats:
    """The numbers in one column of a CSV file.

    The delimiter (comma, semicolon, tab, bar or spaces) and a header are recognised; ``column``
    is a name of the header or, in any file, a number counted from 1, and may be left out where
    there is one column only.  Raises `InputError` for anything that is not at least two
    different finite numbers, naming the line.
    """
    header, rows = table(Path(path))
    place = _place(path, header, column, max(len(cells) for _, cells in rows))
    name = header[place] if header else f"column {place + 1}"
    values = np.array([number(path, line, cells, place, name) for line, cells in rows])
    if len(values) < 2:
        raise InputError(f"{path} must have at least 2 rows of numbers in {name!r}, got 1")
    if (values == values[0]).all():
        raise InputError(
            f"{path} must have different numbers in {name!r}, got {values[0]:g} in all "
            f"{len(values)} rows"
        )
    return values


def read_points(
    path: Any, columns: str | Sequence[str] | None = None
) -> tuple[Floats, tuple[str, ...]]:
    """The numbers in several columns of a CSV file, one point a row: (rows, d) and the columns.

    Files and columns are named as in `read_column`, columns one by one or in a list with commas;
    None takes every column most of whose cells are numbers.  Raises `InputError`, naming the line,
    for a cell of those that is no finite number, and for fewer than two rows or a column that is
    constant.
    """
    header, rows = table(Path(path))
    places = _places(path, header, rows, columns)
    names = tuple(header[p] if header else f"column {p + 1}" for p in places)
    points = np.array([[number(path, line, cells, *place)
                        for place in zip(places, names, strict=True)]
                       for line, cells in rows])  # fmt: skip
    if len(points) < 2:
        raise InputError(f"{path} must have at least 2 rows of numbers, got 1")
    constant = (points == points[0]).all(axis=0)
    if constant.all():
        raise InputError(f"{path} must have different rows, got {len(points)} that are all equal")
    if constant.any():
        place = int(np.flatnonzero(constant)[0])
        raise InputError(
            f"{path} must have different numbers in {names[place]!r}, got {points[0, place]:g} in "
            f"all {len(points)} rows: leave that column out"
        )
    return points, names


LAG = 2
"""Months between the two numbers of a point of the default cloud."""


def default_points() -> tuple[Floats, str]:
    """A real cloud in two dimensions with modes, for those who bring none, and what it is.

    Monthly sea surface temperatures off the coast of Peru, 1950 to 2010, public domain: a point is
    the temperature of a month and that two months later.  The seasons lead the points round a ring
    with a hole in which hardly a month lies, and which one Gaussian would fill.  One month later
    the ring is a thin band, three months later its rim is blurred, six months later it is folded
    up.  Rows are in the order of time, and neighbours are alike.
    """
    from statsmodels.datasets import elnino

    months = elnino.load_pandas().data.iloc[:, 1:].to_numpy(dtype=float).ravel()
    points: Floats = np.column_stack((months[:-LAG], months[LAG:]))
    return points, (
        f"sea surface temperatures off Peru in degrees Celsius, of {len(points)} months from 1950 "
        f"to 2010 and {LAG} months after each (NOAA; public domain; the set 'elnino' of "
        "statsmodels)"
    )


BLOCKS = 50
"""Blocks of consecutive rows, or more, into which `split_rows` cuts."""


def split_rows(rows: Any, held_out: float = 0.2) -> tuple[Any, Any]:
    """The rows to train on and the rows that are held out, both in their order.

    The same every time: consecutive rows stay together in blocks of a fiftieth of all (of one row,
    where there are fewer than a hundred), of which the share ``held_out`` is held out, evenly
    between the others.  So neither the order of a time series nor that of a sorted file puts one
    kind of row on one side, and rows alike because they are neighbours are seldom on both.
    """
    rows = np.asarray(rows)
    share = as_number(held_out, "held_out", "a number in [0, 1)")
    if not 0 <= share < 1:
        raise InputError(f"held_out must be a number in [0, 1), got {held_out!r}")
    block = max(1, len(rows) // BLOCKS)
    count = len(rows) // block
    chosen = round(share * count)
    if share and not 0 < chosen < count:
        raise InputError(
            f"held_out must leave rows to train on and rows to hold out, got {share:g} of "
            f"{len(rows)} rows, which is {chosen} of {count} blocks"
        )
    held = np.array(evenly(chosen, count))[np.minimum(np.arange(len(rows)) // block, count - 1)]
    return rows[~held], rows[held]


def default_column() -> tuple[Floats, str]:
    """A real column for those who bring none, and what it is.

    Engel's food expenditures: 235 working-class households, public domain, skewed and
    heavy-tailed, so that a Gaussian fails it visibly.
    """
    from statsmodels.datasets import engel

    values: Floats = engel.load_pandas().data["foodexp"].to_numpy(dtype=float)
    return values, (
        "annual food expenditure of 235 Belgian working-class households in francs "
        "(Engel 1857; public domain; the set 'engel' of statsmodels)"
    )


def describe_fit(values: Any) -> dict[str, float]:
    """How far a sample is from the Gaussian that matches its mean and variance.

    ``jarque_bera`` tests skewness and kurtosis together, ``anderson_darling`` the whole
    distribution with mean and variance estimated; ``*_p`` are their p-values.
    ``tail_beyond_k`` is the share of rows further than k standard deviations from the mean,
    ``gaussian_tail_beyond_k`` what a Gaussian would have there.
    """
    from scipy import stats
    from statsmodels.stats.diagnostic import normal_ad

    x = np.asarray(values, dtype=float)
    mean, deviation = float(x.mean()), float(x.std())
    bera, darling = stats.jarque_bera(x), normal_ad(x)
    facts = {
        "rows": float(x.size),
        "mean": mean,
        "variance": deviation**2,
        "skewness": stats.skew(x),
        "excess_kurtosis": stats.kurtosis(x),
        "jarque_bera": bera.statistic,
        "jarque_bera_p": bera.pvalue,
        "anderson_darling": darling[0],
        "anderson_darling_p": darling[1],
    }
    for k in (2, 3):
        facts[f"tail_beyond_{k}"] = np.mean(np.abs(x - mean) > k * deviation)
        facts[f"gaussian_tail_beyond_{k}"] = 2 * stats.norm.sf(k)
    return {name: float(value) for name, value in facts.items()}


# -- the columns that are wanted -----------------------------------------------------------------


def _places(
    path: Any, header: list[str], rows: list[Row], columns: str | Sequence[str] | None
) -> list[int]:
    """The positions of the wanted columns; of all that hold numbers, where none is named."""
    width = max(len(cells) for _, cells in rows)
    if columns is None:
        places = [i for i in range(width) if _mostly_numbers(rows, i)]
        if not places:
            raise InputError(f"{path} must have a column of numbers, got none of {width} columns")
        return places
    named = [columns] if isinstance(columns, str) else [str(column) for column in columns]
    wanted = [part.strip() for name in named
              for part in ([name] if name in header else name.split(","))]  # fmt: skip
    if not wanted:
        raise InputError("columns must name at least one column, got none")
    places = [_place(path, header, column, width) for column in wanted]
    twice = [column for column, p in zip(wanted, places, strict=True) if places.count(p) > 1]
    if twice:
        raise InputError(f"columns must be different, got {twice[-1]!r} twice")
    return places


def _mostly_numbers(rows: list[Row], place: int) -> bool:
    """Whether more than half of a column's cells are numbers."""
    return 2 * sum(place < len(c) and is_number(c[place]) for _, c in rows) > len(rows)


def _place(path: Any, header: list[str], column: str | None, width: int) -> int:
    """The position of the wanted column."""
    listed = f"it has {', '.join(header)}" if header else f"it has {width} columns and no header"
    if column is None:
        if width == 1:
            return 0
        raise InputError(f"{path} has more than one column, so column must be given; {listed}")
    column = str(column)
    if column in header:
        if header.count(column) > 1:
            raise InputError(f"{path} has {header.count(column)} columns named {column!r}")
        return header.index(column)
    if column.isdigit() and 1 <= int(column) <= width:
        return int(column) - 1
    raise InputError(f"{path} has no column {column!r}{near(column, header)}; {listed}")
