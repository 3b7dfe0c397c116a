"""Free numbers of a sentence: α, n, λ and their kin, by quasi-likelihood, with intervals.

The density of a step is normal for the mean and gamma for the variance (normal, too, where a part
of the state is hidden), with the kernel's exact moments: its score has mean zero at the truth, so
the estimate is consistent, and the sandwich $H^{-1}JH^{-1}$ (White 1982) is its covariance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError
from .innovations import innovations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .channels import Channel
    from .sentences import Sentence

    Floats = NDArray[np.float64]

ENOUGH = 20_000
"""Steps beyond which a first search looks at a part of the runs."""
RUNS = 40
"""Runs from which on the scores are added up run by run."""
STEP, NEAR = 1e-3, 1e-6
"""The steps of numerical derivatives, second and first ones, on the scale of the search."""
ITERATIONS, HALVINGS, FARTHEST = 40, 20, 1.5
NEVER = -1e6
"""The logarithm of a density that is 0, so that a search can leave such a place."""
FLAT = 0.1
"""Squared distance in standard errors at which a search has not ended at a maximum."""
SETTLED = 1e-6
"""Squared distance from the maximum, in standard errors, at which a search ends."""


@dataclass(frozen=True)
class Estimate:
    """One free number: its estimate and its interval at the stated confidence."""

    name: str
    value: float
    lower: float
    upper: float

    @property
    def open(self) -> bool:
        """Whether the runs say nothing of it: the density has no maximum."""
        return not np.isfinite(self.upper) or (self.lower, self.upper) == (0.0, 1.0)

    def __str__(self) -> str:
        return f"{self.name} = {self.value:.4g} ({self.lower:.4g} to {self.upper:.4g})"


@dataclass(frozen=True)
class Scale:
    """Where the search for a number happens: x = to(value), unbounded."""

    start: float
    to: Any
    back: Any


def _logit(name: str, start: float) -> Scale:
    return Scale(start, lambda a: np.log(a / (1 - a)), lambda x: 1 / (1 + np.exp(-x)))


def _log(name: str, start: float, low: float = 0.0) -> Scale:
    return Scale(start, lambda v: np.log(v - low), lambda x: low + np.exp(x))


def scales(names: Sequence[str], channels: Sequence[Channel]) -> dict[str, Scale]:
    """A scale and a first guess for each free number."""
    first = channels[0]
    n = _first_size(first)
    made = {
        "alpha": lambda: _logit("alpha", _first_alpha(first)),
        "w": lambda: _logit("w", 0.5),
        "n": lambda: _log("n", max(n, 2.5), 1.0),
        "n_0": lambda: _log("n_0", max(n, 2.5), 1.0),
        "n_r": lambda: _log("n_r", max(n / 2, 1.5)),
        "kappa": lambda: _log("kappa", 3.0),
        "lam": lambda: _log("lam", 1.0),
        "tau": lambda: _log("tau", 1.0),
    }
    if unknown := [name for name in names if name not in made]:
        raise InputError(f"free numbers must be among {', '.join(made)}, got {unknown[0]}")
    return {name: made[name]() for name in names}


def _first_size(channel: Channel) -> float:
    """A guess of n from the scatter of the first recorded fits about the truth."""
    state = channel.state
    if "v" in state:
        v = state["v"][: max(2, 200 // state["v"].shape[1])]
        with np.errstate(all="ignore"):
            scatter = np.nanvar(v, axis=1) if v.shape[1] > 1 else (np.diff(v, axis=0) ** 2) / 2
            ratio = np.nanmax(scatter) / np.nanmean(v) ** 2
        if np.isfinite(ratio) and ratio > 0:
            return float(np.clip(2 / ratio + 1, 2.5, 1e7))
    values = next(iter(state.values()))
    scatter = float(np.nanvar(values[:2]))
    return float(np.clip(channel.unit / scatter, 2.5, 1e7)) if scatter > 0 else 100.0


def _first_alpha(channel: Channel) -> float:
    """A guess of α: the slope of a location on the one before."""
    x = next(iter(channel.state.values()))
    before, after = x[:-1], x[1:]
    with np.errstate(all="ignore"):
        slope = np.nansum(before * after) / np.nansum(before**2)
    return float(np.clip(slope if np.isfinite(slope) else 0.5, 0.05, 0.95))


def fit(
    sentence: Sentence, channels: Sequence[Channel], confidence: float = 0.95
) -> tuple[dict[str, float], tuple[Estimate, ...]]:
    """The free numbers of a sentence: their values, and the estimates with intervals."""
    names = sentence.free
    found = scales(names, channels)
    x = np.array([s.to(s.start) for s in found.values()])
    few = part_of(channels)
    for piece in [channels] if few is channels else [few, channels]:
        x = _climbed(_Target(sentence, piece, found), x)
    return _with_intervals(_Target(sentence, channels, found), x, confidence)


def _climbed(target: _Target, x: Any) -> Any:
    """The highest density, by scoring: steps $J^{-1}s$ with J the scores' own squares (Berndt,
    Hall, Hall and Hausman 1974), halved until the density rises."""
    here = target.densities(x)
    for _ in range(ITERATIONS):
        scores = np.array([(target.densities(x + e) - here).ravel() / NEAR
                           for e in NEAR * np.eye(len(x))])  # fmt: skip
        total, J = scores.sum(axis=1), scores @ scores.T
        step = np.linalg.pinv(J) @ total
        if total @ step < SETTLED:
            break
        step *= min(1.0, FARTHEST / np.abs(step).max())
        for _ in range(HALVINGS):
            there = target.densities(x + step)
            if there.sum() > here.sum():
                break
            step = step / 2
        else:
            break
        x, here = x + step, there
    return x


def _steps(channels: Sequence[Channel]) -> int:
    return sum(next(iter(c.state.values())).size for c in channels)


def part_of(channels: Sequence[Channel]) -> Sequence[Channel]:
    """The first runs, so many that they have about `ENOUGH` steps."""
    if _steps(channels) <= ENOUGH:
        return channels
    kept = max(2, ENOUGH // (channels[0].length * len(channels)))
    return [c.of_runs(kept) for c in channels]


class _Target:
    """The density of every step as a function of the free numbers on their scales."""

    def __init__(
        self, sentence: Sentence, channels: Sequence[Channel], found: Mapping[str, Scale]
    ) -> None:
        self.sentence, self.channels, self.found = sentence, channels, found

    def values(self, x: Any) -> dict[str, float]:
        back = np.where(np.isfinite(x), np.clip(x, -30, 30), x)
        with np.errstate(over="ignore"):
            return {k: float(s.back(v)) for (k, s), v in zip(self.found.items(), back, strict=True)}

    def densities(self, x: Any) -> Floats:
        """(generation, run), the channels added up; 0 where nothing is known."""
        values = self.values(x)
        parts = [innovations(self.sentence, c, values).quasi for c in self.channels]
        total: Floats = np.sum([np.where(np.isnan(p), 0.0, p) for p in parts], axis=0)
        return np.maximum(total, NEVER)


def _with_intervals(
    target: _Target, x: Any, confidence: float
) -> tuple[dict[str, float], tuple[Estimate, ...]]:
    """Student's intervals on the scales of the search; unbounded where there is no maximum."""
    from scipy.special import stdtrit

    best = target.values(x)
    covariance, units = _sandwich(target, x)
    if covariance is None:
        worst = target.values(np.full(len(x), -np.inf)), target.values(np.full(len(x), np.inf))
        return best, tuple(Estimate(k, v, worst[0][k], worst[1][k]) for k, v in best.items())
    free = max(units - len(x), 1)
    reach = stdtrit(free, (1 + confidence) / 2) * np.sqrt(np.diag(covariance) * units / free)
    ends = target.values(x - reach), target.values(x + reach)
    return best, tuple(Estimate(k, v, ends[0][k], ends[1][k]) for k, v in best.items())


def _sandwich(target: _Target, x: Any) -> tuple[Floats | None, int]:
    """H⁻¹JH⁻¹, H from differences of the density's sum, J from the scores; and how many of those
    there are.  None where -H is not positive definite: there is no maximum here."""
    size = len(x)
    unit = STEP * np.eye(size)
    above = [target.densities(x + e) for e in unit]
    below = [target.densities(x - e) for e in unit]
    here = target.densities(x).sum()
    scores = np.array([(a - b) / (2 * STEP) for a, b in zip(above, below, strict=True)])
    H = np.empty((size, size))
    for i in range(size):
        H[i, i] = (above[i].sum() + below[i].sum() - 2 * here) / STEP**2
        for j in range(i):
            corners = [target.densities(x + s * unit[i] + t * unit[j]).sum() * s * t
                       for s in (1, -1) for t in (1, -1)]  # fmt: skip
            H[i, j] = H[j, i] = sum(corners) / (4 * STEP**2)
    by_run = scores.shape[2] >= RUNS
    parts = scores.sum(axis=1) if by_run else scores.reshape(size, -1)
    parts = parts[:, parts.any(axis=0)]
    J, total = parts @ parts.T, parts.sum(axis=1)
    if not np.isfinite(H).all() or np.linalg.eigvalsh(-H).min() <= 0 or parts.shape[1] <= size:
        return None, 0
    inverse = np.linalg.inv(-H)
    if total @ inverse @ total > FLAT:
        return None, 0
    covariance: Floats = inverse @ J @ inverse
    return covariance, parts.shape[1]
