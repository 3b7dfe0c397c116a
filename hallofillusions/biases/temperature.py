"""Sampling at a temperature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..families.base import require_spread
from ..numerics.draws import rejection
from ..symbols import PARAMETERS, InputError, is_symbolic
from ._types import drawn
from .base import SamplingBias

ROUNDING = 1e-9
"""A log acceptance ratio above 0 by no more than this is taken for a rounding error."""


def ceiling(d: int) -> float:
    """log of exp(-r²/2) (1 + r²/3)^((d+3)/2) at r² = d, its maximum."""
    return float(-d / 2 + (d + 3) / 2 * np.log1p(d / 3))


@dataclass(frozen=True)
class Temperature(SamplingBias):
    """Synthetic points come from the density, or the types' law, proportional to p(x)^(1/τ).

    ``tau`` is τ, a number above 0 or a symbol.  `draw` knows p only through its log-density:
    below τ = 1 it proposes from the model itself, above from Student's t with 3 degrees of
    freedom (types: uniformly), and accepts by rejection.  The claim (for a Gaussian the
    covariance is multiplied by τ) is nowhere used by it.  On types there is none but at τ = 1:
    no polynomial of the probabilities is the law; in a sequence every step is tempered.
    """

    tau: Any = 1

    def __post_init__(self) -> None:
        self._set(tau=PARAMETERS["tau"].check(self.tau))

    def check(self, family: Any) -> None:
        if not family.types:
            require_spread(family)

    def closes(self, family: Any) -> bool:
        return not family.types or (not is_symbolic(self.tau) and self.tau == 1)

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        if family.types:
            tau = float(self.tau)
            power = 1 / tau - 1 if tau <= 1 else 1 / tau
            chance = partial(_below_the_peak, power=power)
            return drawn(self, family, model, shape, rng, chance, uniform=tau > 1)
        if family.dimension > 1:  # a flat cloud has no density, but standard coordinates
            standard = family.standard
            return family.located(model, self._draw(standard, standard.as_model(), shape, rng))
        return self._draw(family, model, shape, rng)

    def _draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        # a collapsed model has one point at any temperature, whatever its density
        point = np.broadcast_to(np.asarray(family.collapsed(model))[..., None], (shape[0], 1))

        def propose(size: int) -> tuple[Any, Any]:
            with np.errstate(all="ignore"):
                x, ratio = self._log_ratio(family, model, (shape[0], size), rng)
                ratio = np.where(point, 0.0, ratio)
            if (ratio > ROUNDING).any():
                raise InputError(
                    f"family must have a density whose power 1/τ is bounded by the proposal, got "
                    f"{family!r} with tau={self.tau!r}, from which draw would give a wrong sample"
                )
            return x, np.log1p(-rng.random(ratio.shape)) <= ratio

        return rejection(propose, shape)

    def _log_ratio(self, family: Any, model: Any, shape: Any, rng: Any) -> tuple[Any, Any]:
        """Proposals (replicates, size) and the logarithm of their chance of acceptance.

        Above τ = 1 it is exp(-r²/2) (1 + r²/3)^((d+3)/2) over its maximum, with r the distance
        from the mean in units of the proposal's scale.
        """
        tau, d = float(self.tau), family.dimension
        center = family.center_of(model)
        peak = family.log_density(model, center)
        if tau <= 1:
            x = family.draw(model, shape, rng)
            return x, (1 / tau - 1) * (family.log_density(model, x) - peak)
        z = rng.standard_normal(shape if d == 1 else (*shape, d))
        spread = np.sqrt(3 / rng.chisquare(3, shape))
        z *= spread[..., None] if d > 1 else spread
        x = family.located(family.scaled(model, tau), z)
        excess = (family.log_density(model, x) - peak) / tau
        r2 = family.radius(model, x) ** 2 / tau  # of the rounded point, as the density sees it
        return x, excess + (d + 3) / 2 * np.log1p(r2 / 3) - ceiling(d)

    def draw_statistics(self, family: Any, model: Any, replicates: int, size: Any, rng: Any) -> Any:
        """Exact in law for the Gaussian, whose power 1/τ is a Gaussian; tested against `draw`."""
        if family.types:
            return super().draw_statistics(family, model, replicates, size, rng)
        tempered = family.scaled(model, float(self.tau))
        return family.draw_statistics(tempered, replicates, size, rng)

    def reweighed(self, probabilities: Any) -> Any:
        """p^(1/τ)/Z."""
        rows = _below_the_peak(probabilities, 1 / float(self.tau))
        return rows / rows.sum(axis=-1, keepdims=True)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        if family.types:  # at τ = 1 alone, as `closes` says
            return family.moment(label, state)
        return family.moment(label, family.dilated(state, self.tau))


def _below_the_peak(probabilities: Any, power: float) -> Any:
    """(p_i/max p)^power by logarithms, so that no row underflows."""
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities)
    fall = logs - logs.max(axis=-1, keepdims=True)
    return np.exp(power * fall) if power else np.ones_like(fall)
