"""What no run can have, each told in one sentence with its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError
from .blocks import Block
from .names import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DIGITS = 1e-6
"""The relative rounding of numbers that are written with six digits, or in single precision."""


def check_finite(block: Block, name: str) -> None:
    """No infinite number, and at least one that is there."""
    values = block.arrays[name]
    _refuse(block, [name], values, np.isinf(values), "finite")
    if np.isnan(values).all():
        begin = f"{block.where.source}: " if block.where.source else ""
        raise InputError(f"{begin}{name!r} must hold at least one finite number, got none")


def check_sign(block: Block, name: str) -> None:
    """A variance or a standard deviation is not negative."""
    values = block.arrays[name]
    _refuse(block, [name], values, values < 0, "at least 0")


def check_counts(block: Block, values: Floats, names: Sequence[str]) -> None:
    """Counts are whole and not negative."""
    bad = (values < 0) | (values != np.floor(values)) & ~np.isnan(values)
    _refuse(block, names, values, bad, "a whole number at least 0")


def check_probabilities(block: Block, values: Floats, names: Sequence[str]) -> None:
    """Probabilities are in [0, 1], and those of all types sum to 1."""
    _refuse(block, names, values, (values < 0) | (values > 1), "in [0, 1]")
    total = values.sum(axis=-1)  # NaN where one is missing
    bad = np.abs(total - 1) > DIGITS
    if bad.any():
        place = np.argwhere(bad)[0]
        spot = _spot(block, names, place)
        raise InputError(f"{spot} must sum to 1, got {total[tuple(place)]:.9g}")


def check_covariance(block: Block, values: Floats, names: Sequence[str]) -> None:
    """Covariances (…, d, d) are symmetric and positive semidefinite, but for their rounding."""
    size = np.abs(np.nan_to_num(values, posinf=0, neginf=0)).max(axis=(-1, -2))
    gap = np.abs(values - np.swapaxes(values, -1, -2))
    crooked = (gap > DIGITS * size[..., None, None]).any(axis=(-1, -2))
    if crooked.any():
        place = np.argwhere(crooked)[0]
        i, j = np.argwhere(gap[tuple(place)] > DIGITS * size[tuple(place)])[0]
        one, other = values[(*place, i, j)], values[(*place, j, i)]
        raise InputError(
            f"{_spot(block, names, place)} must be a symmetric covariance, got {one:g} at "
            f"[{i}, {j}] and {other:g} at [{j}, {i}]"
        )
    _check_definite(block, values, names, size)


def _check_definite(block: Block, values: Floats, names: Sequence[str], size: Floats) -> None:
    """A rounded entry moves an eigenvalue by at most d times the rounding."""
    d = values.shape[-1]
    known = np.isfinite(values).all(axis=(-1, -2))
    lowest = np.zeros(known.shape)
    lowest[known] = np.linalg.eigvalsh(values[known])[..., 0]
    bad = lowest < -d * DIGITS * size
    if bad.any():
        place = np.argwhere(bad)[0]
        raise InputError(
            f"{_spot(block, names, place)} must be a positive semidefinite covariance, got the "
            f"eigenvalue {lowest[tuple(place)]:g}"
        )


def check_varies(block: Block, name: str) -> None:
    """A column is not the same number everywhere."""
    values = block.arrays[name]
    if values.ndim > 3:
        values = np.diagonal(values, axis1=-2, axis2=-1)
    parts = values.reshape(-1, *values.shape[2:3]).T if values.ndim > 2 else [values.ravel()]
    for k, part in enumerate(parts):
        there = part[np.isfinite(part)]
        if there.size > 1 and (there == there[0]).all():
            which = f"component {k + 1} of {name!r}" if len(parts) > 1 else repr(name)
            begin = f"{block.where.source}: " if block.where.source else ""
            raise InputError(
                f"{begin}{which} must have different numbers, got {there[0]:g} in every run at "
                "every generation: leave it out"
            )


def check_rows_vary(block: Block, values: Floats, names: Sequence[str]) -> None:
    """Counts or probabilities are not the same of every type everywhere; those of one may be."""
    rows = values.reshape(-1, int(np.prod(values.shape[2:])))
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) > 1 and (rows == rows[0]).all():
        begin = f"{block.where.source}: " if block.where.source else ""
        raise InputError(
            f"{begin}{listed(names)} must have different numbers, got the same in every run at "
            "every generation: leave them out"
        )


def _refuse(block: Block, names: Sequence[str], values: Floats, bad: Any, wants: str) -> None:
    """The first bad entry; of several columns, the last axis says which."""
    if not bad.any():
        return
    place = np.argwhere(bad)[0]
    got = values[tuple(place)]
    name, at = (names[place[-1]], place[:-1]) if len(names) > 1 else (names[0], place)
    raise InputError(f"{block.where.entry(name, at)} must be {wants}, got {got:g}")


def _spot(block: Block, names: Sequence[str], place: Sequence[int]) -> str:
    """The words for one matrix, or for one row of entries."""
    if len(names) == 1:
        return block.where.entry(names[0], place)
    return f"{block.where.spot(int(place[0]), int(place[1]))}: {listed(names)}"
