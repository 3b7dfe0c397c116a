"""The loop once more, slowly, from its definition: numpy only, one replicate and one point set
at a time.  It shares no code with the package: agreement with it is evidence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def one_run(
    mixing: str, n: int, generations: int, rng: np.random.Generator, *, alpha: float = 1.0,
    ddof: int = 0, lam: float = 1.0, pool: int = 0, start: Any = "truth",
    real: tuple[float, float] = (0.0, 1.0),
) -> list[tuple[float, float]]:  # fmt: skip
    """(mean, variance) of the models g = 0 … ``generations`` of one replicate.

    ``start`` is "truth", "first fit", "memory" or a (mean, variance); ``pool`` is n₀.
    """

    def draw(law: tuple[float, float], count: int, factor: float = 1.0) -> Any:
        return rng.normal(law[0], math.sqrt(factor * law[1]), count)

    def synthetic(count: int) -> Any:
        return draw(real, count) if faithful else draw(model, count, lam)

    growing, made = mixing.startswith("accumulate"), round(alpha * n)
    held = {"fixed real": n - made, "fixed pool": pool}.get(mixing, 0)
    memory = draw(real, n if growing and not isinstance(start, str) else held)
    model = real if isinstance(start, str) else start
    models = [model]
    for g in range(1, generations + 1):
        faithful = g == 1 and (start == "first fit" or (growing and start == "truth"))
        if mixing == "replace":
            data = synthetic(n)
        elif mixing == "fresh split":
            data = np.concatenate([draw(real, n - made), synthetic(made)])
        elif mixing == "fresh mixture":
            data = np.where(rng.random(n) < alpha, synthetic(n), draw(real, n))
        elif mixing == "fixed real":
            data = np.concatenate([memory, synthetic(made)])
        elif mixing == "fixed pool":
            chosen = rng.choice(memory, n if faithful else n - made)
            data = chosen if faithful else np.concatenate([chosen, synthetic(made)])
        else:
            memory = np.concatenate([memory, synthetic(n)])
            data = memory if mixing == "accumulate" else rng.choice(memory, n, replace=False)
        if g == 1 and start == "memory":
            data = memory
        model = (float(data.mean()), float(data.var(ddof=ddof)))
        models.append(model)
    return models


def runs(replicates: int, *loop: Any, seed: Any, **options: Any) -> tuple[Any, Any]:
    """(means, variances), each of shape (replicates, generations + 1)."""
    rng = np.random.default_rng(seed)
    models = np.array([one_run(*loop, rng, **options) for _ in range(replicates)])
    return models[..., 0], models[..., 1]
