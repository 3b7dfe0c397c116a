"""The fields of a mixture, from what users write: checked and put into nested tuples."""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from ..numerics.mixtures import SINGULAR, least_correlation
from ..symbols import InputError

ROUNDING = 1e-9
"""How far the given weights may sum from 1 by rounding."""


def numbers(value: Any, argument: str) -> Any:
    """A nested list of finite numbers as an array."""
    try:
        raw = np.array(value)
        array = raw.astype(float)
    except (TypeError, ValueError):
        raise _no_numbers(value, argument) from None
    if raw.dtype.kind in "USb" or value is None:
        raise _no_numbers(value, argument)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = f" in row {bad[0][0] + 1}" if array.ndim > 1 else ""
        raise InputError(f"{argument} must be finite numbers, got {array[tuple(bad[0])]}{where}")
    return array


def _no_numbers(value: Any, argument: str) -> InputError:
    return InputError(
        f"{argument} must be numbers, in rows of one length, got {reprlib.repr(value)}"
    )


def _nested(array: Any) -> Any:
    return tuple(map(_nested, array)) if np.ndim(array) else float(array)


def weights_of(value: Any) -> tuple[float, ...]:
    weights = numbers(value, "weights")
    if weights.ndim != 1 or not len(weights):
        raise InputError(f"weights must be K numbers, got {value!r}")
    if not (weights > 0).all():
        raise InputError(f"weights must be numbers above 0, got {weights.min():g}")
    if abs(total := float(weights.sum()) - 1) > ROUNDING:
        raise InputError(f"weights must sum to 1, got {1 + total:.12g}")
    found: tuple[float, ...] = _nested(weights)
    return found


def means_of(value: Any, K: int) -> Any:
    """K rows of d numbers; a flat list is cut into them."""
    means = numbers(value, "means")
    if means.ndim == 1 and len(means) and len(means) % K == 0:
        means = means.reshape(K, -1)
    if means.ndim != 2 or len(means) != K or not means.shape[1]:
        raise InputError(
            f"means must be {K} rows of d numbers, one for each weight, got the shape {means.shape}"
        )
    return _nested(means)


def covariances_of(value: Any, K: int, d: int) -> Any:
    """K matrices d × d, from one number for all, a number, a diagonal or a matrix each."""
    given = numbers(value, "covariances")
    shapes: dict[int, tuple[int, ...]] = {1: (), K: (K,), K * d: (K, d), K * d * d: (K, d, d)}
    if given.ndim < 2 and given.size in shapes:
        given = given.reshape(shapes[given.size])
    if given.shape not in {(), (K,), (K, d), (K, d, d)}:
        raise InputError(
            f"covariances must be one number, or for each of {K} components a number, {d} numbers "
            f"or a {d} x {d} matrix, got the shape {given.shape}"
        )
    if K == d > 1 and given.ndim == 2 and _is_covariance(given):
        raise InputError(
            f"covariances of shape {given.shape} may be {K} diagonals or one matrix for all: give "
            f"{K} matrices"
        )
    if given.ndim < 2:
        given = np.broadcast_to(given, K)[:, None] * np.ones(d)
    if given.ndim == 2:
        given = given[..., None] * np.eye(d)
    for k, matrix in enumerate(given):
        _check_covariance(matrix, k + 1)
    return _nested(given)


def _is_covariance(matrix: Any) -> bool:
    """Whether K diagonals would also make one covariance that is not diagonal."""
    symmetric = (matrix == matrix.T).all() and (matrix != np.diag(np.diag(matrix))).any()
    return bool(symmetric and least_correlation(matrix) > SINGULAR)


def _check_covariance(matrix: Any, number: int) -> None:
    what = f"covariances must be symmetric and positive definite; that of component {number}"
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        raise InputError(f"{what} is not symmetric")
    if not least_correlation(matrix) > SINGULAR:
        smallest = np.linalg.eigvalsh(matrix)[0]
        raise InputError(f"{what} has the smallest eigenvalue {smallest:.3g}")


def held_out_of(rows: Any, d: int) -> Any:
    if rows is None:
        return None
    held = numbers(rows, "held_out")
    held = held[:, None] if held.ndim == 1 and d == 1 else held
    if held.ndim != 2 or held.shape[1] != d or not len(held):
        raise InputError(f"held_out must be rows of {d} numbers, got the shape {held.shape}")
    return _nested(held)
