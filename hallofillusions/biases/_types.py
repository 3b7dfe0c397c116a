"""What biases share on families of types: drawing by rejection, and which types are on top."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..numerics.draws import rejection
from ..symbols import InputError

ROUNDING = 1e-12
"""Mass that a nucleus may lack by rounding."""


def drawn(
    bias: Any, family: Any, model: Any, shape: tuple[int, ...], rng: Any, chance: Any,
    uniform: bool = False,
) -> Any:  # fmt: skip
    """Types of each model that are accepted with the ``chance`` (replicates or 1, K) of each.

    They are proposed by the model itself or, ``uniform``, by the uniform law.  In a sequence
    every step is biased, given the ones before it.
    """
    if family.sequential:
        return family.drawn_by(model, shape, rng, bias.reweighed)
    chances = np.broadcast_to(chance(model["probability"]), (shape[0], family.K))

    def propose(size: int) -> tuple[Any, Any]:
        wanted = (shape[0], size)
        x = rng.integers(family.K, size=wanted) if uniform else family.draw(model, wanted, rng)
        odds = np.take_along_axis(chances, x.astype(np.int64), axis=-1)
        return x, rng.random(wanted) < odds

    return rejection(propose, shape)


def ranks(probabilities: Any) -> Any:
    """The place of each type in its row, the most probable first (0); ties stay in their order."""
    order = np.argsort(-np.asarray(probabilities), axis=-1, kind="stable")
    return np.argsort(order, axis=-1)


def nucleus(probabilities: Any, p: float) -> Any:
    """Which types are in the smallest set of the most probable ones whose mass is at least p."""
    place = ranks(probabilities)
    falling = -np.sort(-np.asarray(probabilities), axis=-1)
    before = np.cumsum(falling, axis=-1) - falling
    return (np.take_along_axis(before, place, axis=-1) < p - ROUNDING) | (place == 0)


def renormalised(probabilities: Any, kept: Any) -> Any:
    """The rows with all other types left out."""
    rows = np.where(kept, probabilities, 0.0)
    return rows / rows.sum(axis=-1, keepdims=True)


def no_polynomial(bias: Any) -> InputError:
    """Why a bias that does not close on types has no claim there."""
    return InputError(f"bias must be Unbiased() for a polynomial law of types, got {bias!r}")
