r"""What each step of a run adds to what was known: innovations of mean 0 and variance 1.

Where the model shows the whole state, they are martingale differences,
$$e=\frac{f(next)-E[f\mid past]}{sd[f\mid past]},$$
with the kernel of the engine, for f the mean, the variance and the squared error of the mean.
Where a part of the state is hidden (a fixed set or a pool, a column that was not recorded), f is
predicted linearly from all that was seen: the kernel gives the exact means and covariances of the
monomials of weight 1 and 2 over all generations, so these innovations are uncorrelated, too, with
mean 0 and variance 1 exactly (Kalman 1960).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..atoms import atoms_at
from ..engine import memory_name
from ..loop import Clock
from .kernels import Kernel, Monomials, kernel_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .channels import Channel
    from .sentences import Sentence, Setting

    Floats = NDArray[np.float64]

MEAN, VARIANCE, SQUARE = "mean", "variance", "squared error of the mean"
NEARLY, TINY = 0.3, 1e-280
"""Excess kurtosis of what is nearly normal, and a variance that is not lost to rounding."""
OF_SQUARE = 8**0.5
"""The skewness of the square of a normal variable."""
SOME = 20
"""Runs that do not all have the same share of a type by chance."""
CERTAIN = 1e-9
"""What differs by less from what is certain is the same."""
ROUNDING = 1e-10
"""A variance below this share of the square from which it is subtracted is rounding."""


@dataclass(frozen=True, eq=False)
class Innovations:
    """Of one channel under one sentence: arrays (generation, run), NaN where there is none.

    ============ =====================================================================
    residuals    quantity -> innovations of mean 0 and variance 1
    skewness     quantity -> their skewness at each generation
    log_density  the logarithm of the step's density, normal for the mean and gamma for the
                 variance with the kernel's moments (exact under `Replace`)
    quasi        the same, but normal and with one variance for all runs where a part of the state
                 is hidden: its score has mean zero whatever the law is
    relative     sd[f | past]/E[f | past] of the variance
    impossible   what cannot be under the sentence: (quantity, generation, run), or None
    hidden       whether a part of the state is hidden
    exact        whether the law of a training set's moments is known beyond its second ones
    normal       whether the mean is normal, or nearly so, given the past
    ============ =====================================================================
    """

    residuals: Mapping[str, Floats]
    skewness: Mapping[str, Floats]
    log_density: Floats
    quasi: Floats
    relative: Floats
    impossible: tuple[str, int, int] | None = None
    hidden: bool = False
    exact: bool = True
    normal: bool = True

    @property
    def settled(self) -> bool:
        """Whether the law of an innovation is known, and not only its mean."""
        return self.exact and self.normal and not self.hidden


def innovations(
    sentence: Sentence, channel: Channel, values: Mapping[str, float] | None = None
) -> Innovations:
    """The innovations of a channel under a sentence, with ``values`` for its free numbers."""
    loop = channel.of(sentence.loop)
    kernel = kernel_of(loop)
    setting = channel.setting(sentence, values or {}, channel.length + sentence.first - 1)
    seen = Seen(kernel, setting, channel, sentence.first)
    if sentence.first == 0 and (place := seen.false_start()) is not None:
        return _impossible(channel, *place)
    if seen.whole:
        return seen.by_state()
    from .hidden import filtered

    return seen.recorded_densities(filtered(seen))


class Seen:
    """One channel, seen with one sentence's kernel."""

    def __init__(self, kernel: Kernel, setting: Setting, channel: Channel, first: int) -> None:
        self.kernel, self.setting, self.channel, self.first = kernel, setting, channel, first
        self.running = kernel.at(setting)
        self.location = kernel.model[0]
        self.scatter = kernel.model[1] if len(kernel.model) > 1 else ""
        self.recorded, self.slope = _modelled(channel, setting)
        self.state = {k: v[max(1 - first, 0) :] for k, v in self.recorded.items()}
        self.wanted = [{self.location: k} for k in (1, 2, 3, 4)] if self.has(self.location) else []
        if self.scatter and self.has(self.scatter):
            self.wanted += [{self.scatter: 1}, {self.scatter: 2}]
            self.wanted += [{self.location: 1, self.scatter: 1}] if self.has(self.location) else []
        self.rows = kernel.rows(self.wanted)

    def has(self, name: str) -> bool:
        return name in self.recorded

    @property
    def whole(self) -> bool:
        """Whether all that the next step depends on is seen."""
        needs = self.kernel.needs(self.rows)
        memory = {c for c in needs if c.startswith("memory_")}
        if memory and not (self.mixing.grows and self.mixing.remembers == "features"):
            return False
        shown = needs - memory <= set(self.recorded)
        return shown and (not memory or all(map(self.has, self.kernel.model)))

    @property
    def mixing(self) -> Any:
        return self.kernel.recursion.loop.mixing

    def false_start(self) -> tuple[str, int, int] | None:
        """Where the column g = 0 is not the start."""
        start = self.running.beginning[0]
        for name, values in self.channel.state.items():
            (row,) = self.kernel.rows([{name: 1}])
            with np.errstate(invalid="ignore"):
                bad = np.abs(values[0] - start[row]) > CERTAIN * (1 + abs(start[row]))
            if bad.any():
                return (MEAN if name == self.location else VARIANCE), 0, int(np.argmax(bad))
        return None

    # -- the whole state is seen ------------------------------------------------------------------

    def by_state(self) -> Innovations:
        """Innovations given the model before."""
        return self.recorded_densities(_standardised(self, self._conditional_moments()))

    def recorded_densities(self, found: Innovations) -> Innovations:
        """With the densities of what was recorded in place of the models'."""
        slope = np.asarray(self.slope)
        slope = slope[-len(found.log_density) :] if slope.ndim else slope
        lift = np.log(slope)
        return replace(found, log_density=found.log_density + lift, quasi=found.quasi + lift)

    def _conditional_moments(self) -> Floats:
        """E[f(next) | past] of the wanted f: (f, generation, run)."""
        last = {k: v[:-1] for k, v in self.state.items()}
        if self.channel.sizes is not None:
            return self._row_by_row(last)
        runs = next(iter(last.values())).shape[1]
        start = np.full(len(self.rows), np.nan)
        if self.first <= 1:
            start = self.running.beginning[1][self.rows]
        begin = np.broadcast_to(start[:, None, None], (len(start), 1, runs))
        C, c = self.running.steps
        later = slice(max(self.first, 1), None) if len(C) > 1 else slice(None)
        moved = self._moved(C[later][:, self.rows], c[later][:, self.rows], last)
        return np.concatenate([begin, moved], axis=1)

    def _moved(self, C: Floats, c: Floats, last: Mapping[str, Floats]) -> Floats:
        """C times the monomials of the past, and c: (f, generation, run)."""
        shape = next(iter(last.values())).shape
        past = Monomials({**last, **self._memory(last)}, self.kernel.recursion)
        moved = np.empty((C.shape[1], *shape))
        for k, row in enumerate(moved):
            row[:] = c[:, k, None]
            for j in np.flatnonzero(C[:, k].any(axis=0)).tolist():
                row += C[:, k, j, None] * past[j]
        return moved

    def _row_by_row(self, last: Mapping[str, Floats]) -> Floats:
        """The same where every entry has its own n and α; the first step is one from the truth."""
        channel, name = self.channel, self.location
        assert channel.sizes is not None
        assert channel.shares is not None
        sizes = channel.sizes[max(1 - self.first, 0) :]
        truth = np.full((1, sizes.shape[1]), float(self.running.beginning[0][
            self.kernel.rows([{name: 1}])[0]]))  # fmt: skip
        before = {name: np.concatenate([truth, last[name]])}
        alpha = np.asarray(self.setting.clock.alpha, dtype=float)[0]
        share = channel.shares(alpha)[max(1 - self.first, 0) :]
        share = np.concatenate([np.full_like(truth, alpha), share])
        clock = Clock(share.ravel(), sizes.ravel(), sizes.ravel(), np.ones(sizes.size))
        C, c = self.kernel.recursion.coefficients_at(atoms_at(self.setting.loop, clock))
        flat = {k: v.reshape(-1, 1) for k, v in before.items()}
        return self._moved(C[:, self.rows], c[:, self.rows], flat).reshape(-1, *sizes.shape)

    def _memory(self, last: Mapping[str, Floats]) -> dict[str, Any]:
        """The means over a growing pool, which its last fit shows."""
        loop, pattern = self.setting.loop, self.kernel.recursion.loop
        wanted = [c for c in self.kernel.recursion.coordinates if c.startswith("memory_")]
        if not wanted:
            return {}
        at = _between(self.setting.atoms, max(self.first, 1), len(next(iter(last.values()))))
        matched = loop.estimator.matched(loop.family, dict(last), at)
        labels = {memory_name(pattern.family, k): k for k in pattern.family.labels(2)}
        return {c: pattern.family.moment(labels[c], matched) for c in wanted}


def _modelled(channel: Channel, setting: Setting) -> tuple[Mapping[str, Floats], Any]:
    """The models' coordinates, where the runs hold those of the points they were fitted to, and
    how fast they change with these."""
    if not channel.counted:
        return channel.state, 1.0
    loop = setting.loop
    (name, shares), (feature, *_) = next(iter(channel.state.items())), loop.family.features
    size = channel.sizes if channel.sizes is not None else setting.held_sizes(channel.length)
    at = SimpleNamespace(**loop.estimator.atoms(size, loop.family))

    def model(share: Any) -> Floats:
        found = loop.estimator.claim(loop.family, {feature: share}, at)[name]
        return np.asarray(found, dtype=float)

    return {name: model(shares)}, model(1.0) - model(0.0)


def _between(atoms: Mapping[str, Any], first: int, count: int) -> SimpleNamespace:
    """The atoms of the fits whose models are the pasts of ``count`` steps."""
    found = {}
    for name, value in atoms.items():
        array = np.asarray(value, dtype=float)
        found[name] = array[first - 1 : first - 1 + count, None] if array.ndim else array
    return SimpleNamespace(**found)


@dataclass(frozen=True, eq=False)
class _Location:
    """A coordinate of weight 1 against its conditional moments."""

    e: Floats
    mean: Floats
    sd: Floats
    skewness: Floats
    kurtosis: Floats

    @classmethod
    def of(cls, x: Floats, raw: Floats, bounded: bool) -> _Location:
        m1, M2, M3, M4 = raw
        sd = _deviation(M2, m1, bounded)
        square, two = sd * sd, m1 * m1
        third = (M3 - m1 * (3 * M2 - 2 * two)) / (square * sd)
        square *= square
        fourth = (M4 - m1 * (4 * M3 - m1 * (6 * M2 - 3 * two))) / square
        rounded = square <= ROUNDING * M4
        third[rounded], fourth[rounded | (fourth <= 1)] = np.nan, np.nan
        return cls((x - m1) / sd, m1, sd, third, fourth)

    @property
    def log_density(self) -> Floats:
        found: Floats = -0.5 * (np.log(2 * np.pi * self.sd**2) + self.e**2)
        return found


@dataclass(frozen=True, eq=False)
class _Scatter:
    """A coordinate of weight 2 against its conditional moments; e given the one of weight 1."""

    e: Floats
    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, v: Floats, raw: Floats, location: _Location | None) -> _Scatter:
        mean, sd = raw[0], _deviation(raw[1], raw[0])
        if location is None:
            return cls((v - mean) / sd, mean, sd)
        rho = (raw[2] - location.mean * mean) / (location.sd * sd)
        rho = np.where(np.isfinite(rho), np.clip(rho, -0.99, 0.99), 0.0)
        known = np.where(np.isfinite(location.e), location.e, 0.0)
        return cls(((v - mean) / sd - rho * known) / np.sqrt(1 - rho**2), mean, sd)


def _standardised(seen: Seen, moments: Floats) -> Innovations:
    """Innovations from the conditional moments of the wanted monomials."""
    shape, state, exact = moments.shape[1:], seen.state, seen.channel.exact
    residuals: dict[str, Floats] = {}
    skewness: dict[str, Floats] = {}
    density, relative = np.zeros(shape), np.full(shape, np.nan)
    location, impossible, normal = None, None, True
    with np.errstate(all="ignore"):
        if seen.has(seen.location):
            x = state[seen.location]
            location = _Location.of(x, moments[:4], seen.channel.family.types)
            impossible = _never(location.e, location.sd, x - location.mean, MEAN, seen.first)
            impossible = impossible or _place(lost(x, location.e), MEAN, seen.first)
            residuals[MEAN], skewness[MEAN] = location.e, over_runs(location.skewness)
            kurtosis = over_runs(location.kurtosis)
            normal = bool(np.all(np.abs(kurtosis[kurtosis > 0] - 3) < NEARLY))
            if exact:
                residuals[SQUARE] = (location.e**2 - 1) / np.sqrt(location.kurtosis - 1)
                skewness[SQUARE] = 2 * np.sqrt(np.maximum(kurtosis - 1, 0))
            density = density + location.log_density
        if seen.scatter and seen.has(seen.scatter):
            v = state[seen.scatter]
            scatter = _Scatter.of(v, moments[4 if location else 0 :], location)
            never = _never(scatter.e, scatter.sd, v - scatter.mean, VARIANCE, seen.first)
            gone = (v == 0) & (scatter.mean > TINY) | lost(v, scatter.e)
            relative = scatter.sd / scatter.mean
            residuals[VARIANCE], skewness[VARIANCE] = scatter.e, over_runs(2 * relative)
            density = density + log_gamma_density(v, scatter.mean, scatter.sd)
            impossible = impossible or never or _place(gone, VARIANCE, seen.first)
    return Innovations(residuals, skewness, density, density, relative, impossible,
                       exact=exact, normal=normal)  # fmt: skip


def _deviation(square: Floats, mean: Floats, bounded: bool = False) -> Floats:
    """√(E f² - (E f)²), NaN where that is rounding, 0 where f is certain.

    It is certain where it is 0, and a share where it is 1.
    """
    variance = square - mean**2
    certain = (square == 0) | (bounded & (square == 1) & (mean == 1))
    known = np.where(variance > ROUNDING * square, variance, np.nan)
    return np.sqrt(np.where(certain, 0.0, known))


def _never(e: Floats, sd: Floats, gap: Floats, word: str, first: int) -> Any:
    """Where something is that the sentence makes certain not to be; its steps are left out."""
    certain = sd == 0
    bad = certain & (np.abs(gap) > CERTAIN)
    e[certain] = np.nan
    return _place(bad, word, first)


def _place(bad: Any, word: str, first: int) -> tuple[str, int, int] | None:
    """The first entry, as (quantity, generation, run)."""
    if not bad.any():
        return None
    g, run = np.argwhere(bad)[0]
    return word, int(g) + max(first, 1), int(run)


def lost(x: Floats, e: Floats) -> Any:
    """Where a finite number is infinitely far from what was expected."""
    return np.isfinite(x) & np.isinf(e)


def over_runs(values: Floats) -> Floats:
    """The mean over runs, 0 where there is none."""
    finite = np.isfinite(values)
    total = np.where(finite, values, 0.0).sum(axis=-1)
    mean: Floats = total / np.maximum(finite.sum(axis=-1), 1)
    return mean


def log_gamma_density(x: Floats, mean: Floats, sd: Floats) -> Floats:
    """log of the gamma density with that mean and standard deviation."""
    from scipy.special import gammaln

    mean = np.where(mean > 0, mean, np.nan)
    shape = (mean / sd) ** 2
    found: Floats = (shape - 1) * np.log(x) - shape * x / mean
    found += shape * np.log(shape / mean) - gammaln(shape)
    return found


def unlike(first: int, channels: Sequence[Channel]) -> Innovations | None:
    """What is impossible already in the first column: a start that differs between the runs, or
    fits that are the same in all of them."""
    for channel in channels:
        for name, values in channel.state.items():
            word, known = VARIANCE if name == "v" else MEAN, values[0][np.isfinite(values[0])]
            if first == 0 and len(known) > 1 and np.ptp(known) > CERTAIN:
                return _impossible(channels[0], word, 0, int(np.argmax(values[0] != known[0])))
            mixed = not channel.family.types or (len(known) >= SOME and 0 < known[0] < 1)
            if first > 0 and mixed and len(known) > 1 and np.ptp(known) <= CERTAIN:
                return _impossible(channels[0], word, first, 0)
    return None


def _impossible(channel: Channel, word: str, generation: int, run: int) -> Innovations:
    shape = next(iter(channel.state.values())).shape
    never = np.full(shape, -np.inf)
    return Innovations({}, {}, never, never, np.full(shape, np.nan), (word, generation, run))
