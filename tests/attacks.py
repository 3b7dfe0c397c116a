"""The confrontations of every theorem, listed once for all test files of a process."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from hallofillusions.proof import theorems


@cache
def evidence(name: str) -> tuple[Any, float]:
    """The confrontations of a theorem, and the processor time that it takes to list them."""
    return listed(name)


def listed(name: str) -> tuple[Any, float]:
    """As `evidence`, once more."""
    start = time.process_time()
    return theorems()[name].confrontations(), time.process_time() - start


def confrontations(name: str) -> Any:
    return evidence(name)[0]
