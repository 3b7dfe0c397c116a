"""Sampling at a temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..symbols import PARAMETERS, InputError
from .base import SamplingBias

CEILING = -0.5 + 2 * math.log1p(1 / 3)
"""log of exp(-z²/2) (1 + z²/3)² at z = ±1, its maximum: what makes it a rejection above τ = 1."""
ROUNDING = 1e-9
"""A log acceptance ratio above 0 by no more than this is taken for a rounding error."""


@dataclass(frozen=True)
class Temperature(SamplingBias):
    """Synthetic points come from the density proportional to p(x)^(1/τ).

    ``tau`` is τ, a number above 0 or a symbol.  `draw` knows p only through its log-density:
    below τ = 1 it proposes from the model itself, above from Student's t with 3 degrees of
    freedom, and accepts by rejection.  The claim (for a Gaussian the variance is multiplied by
    τ) is nowhere used by it.
    """

    tau: Any = 1

    def __post_init__(self) -> None:
        self._set(tau=PARAMETERS["tau"].check(self.tau))

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        points = np.empty(shape)
        flat = points.reshape(-1)
        spread = {k: np.broadcast_to(np.asarray(v)[..., None], shape).reshape(-1)
                  for k, v in model.items()}  # fmt: skip
        point = spread["variance"] == 0  # a collapsed model has one point at any temperature
        flat[point] = spread["mean"][point]
        waiting = np.flatnonzero(~point)
        while waiting.size:
            here = {k: v[waiting] for k, v in spread.items()}
            proposal, accepted = self._propose(family, here, rng)
            flat[waiting[accepted]] = proposal[accepted]
            waiting = waiting[~accepted]
        return points

    def _propose(self, family: Any, model: Any, rng: Any) -> tuple[Any, Any]:
        """One proposal per waiting point and whether it is accepted.

        Raises `InputError` where a proposal would have to be accepted with more than certainty.
        """
        x, ratio = self._log_ratio(family, model, rng)
        if (ratio > ROUNDING).any():
            raise InputError(
                f"family must have a density whose power 1/τ is bounded by the proposal, got "
                f"{family!r} with tau={self.tau!r}, from which draw would give a wrong sample"
            )
        return x, np.log1p(-rng.random(len(x))) <= ratio

    def _log_ratio(self, family: Any, model: Any, rng: Any) -> tuple[Any, Any]:
        """One proposal per waiting point and the logarithm of its chance of acceptance."""
        tau, size = float(self.tau), len(model["mean"])
        peak = family.log_density(model, model["mean"][:, None])[:, 0]
        if tau <= 1:
            x = family.draw(model, (size, 1), rng)[:, 0]
            excess = family.log_density(model, x[:, None])[:, 0] - peak
            return x, (1 / tau - 1) * excess
        scale = np.sqrt(tau * model["variance"])
        x = model["mean"] + scale * rng.standard_t(3, size)
        z = (x - model["mean"]) / scale  # of the rounded point, as the density sees it
        excess = (family.log_density(model, x[:, None])[:, 0] - peak) / tau
        return x, excess + 2 * np.log1p(z * z / 3) - CEILING

    def draw_statistics(self, family: Any, model: Any, replicates: int, size: Any, rng: Any) -> Any:
        """Exact in law for the Gaussian, whose power 1/τ is a Gaussian; tested against `draw`."""
        tempered = {**model, "variance": float(self.tau) * model["variance"]}
        return family.draw_statistics(tempered, replicates, size, rng)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, {**state, "v": self.tau * state["v"]})
