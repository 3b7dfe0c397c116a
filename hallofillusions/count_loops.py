"""Sums over the law of a count between a binomial and a beta-binomial one, compiled.

Imported only where they run, since numba is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .numerics.compiling import compiled

LEAST = 1e-18
"""Share of the sum below which the rest of a tail that falls is left out."""
LARGEST = 1e200
"""A chance, over that of no count, from which on all are taken as parts of it."""


@compiled
def log_moments(size: Any, share: Any, inverse: Any, k: float) -> Any:
    r"""$E\log(X+k)$ and its variance, an array of each, by the ratios of chances from X = 0 on:

    $$\frac{P(X=i+1)}{P(X=i)}=\frac{(n-i)(q+ic)}{(i+1)(1-q+(n-i-1)c)}$$

    n -> size, q -> share, c -> inverse (0: binomial; else 1/c is the sum of the beta law's shapes).
    """
    values = np.log(np.arange(size.max() + 1) + k)
    first, second = np.empty(len(size)), np.empty(len(size))
    for r in range(len(size)):
        n, q, c = size[r], share[r], inverse[r]
        p, total, once, twice = 1.0, 0.0, 0.0, 0.0
        falls = 1 - q >= c  # the law has no second peak at X = n
        for i in range(int(n) + 1):
            total += p
            once += p * values[i]
            twice += p * values[i] ** 2
            p *= (n - i) * (q + i * c) / ((i + 1) * ((1 - q) + (n - i - 1) * c))
            if p == 0 or (falls and i > n * q and p * (n - i) < LEAST * total):
                break
            if p > LARGEST:
                p, total, once, twice = 1.0, total / p, once / p, twice / p
        first[r] = once / total
        second[r] = max(twice / total - first[r] ** 2, 0.0)
    return first, second
