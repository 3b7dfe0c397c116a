"""How loops are compiled: with numba's cache, where one can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any], *, fastmath: Any = False) -> Any:
    """``njit``, cached where a cache can be written: numba raises at once where it cannot.

    ``fastmath`` is always said: a function that is first compiled by a caller would else inherit
    the caller's freedoms.  A division by 0 gives what numpy gives: a check of each one would keep
    the compiler from vectorising its loop.
    """
    how = {"nogil": True, "fastmath": fastmath, "error_model": "numpy"}
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:
        return njit(**how)(function)
