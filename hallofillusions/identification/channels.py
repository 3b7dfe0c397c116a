"""A user's runs as channels: numbers in one dimension, each of which obeys a loop of its own.

Sampling, mixing and moment matching commute with linear maps of the points, so every direction of
a cloud, every type among others and every row of an n-gram table has the law of a loop in one
dimension.  Directions are those in which the real covariance is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..component import fields_of
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families._second_moments import whitening
from ..families.base import Family
from ..families.categorical import Categorical
from ..families.gaussian import Gaussian
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..symbols import InputError, is_symbolic
from .innovations import MEAN, VARIANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop
    from ..runs import Runs
    from .sentences import Sentence, Setting

    Floats = NDArray[np.float64]

TYPES = 12
"""Types that are watched, the most probable ones."""
PAIRS = 3
"""Dimensions up to which directions between the axes are watched, too: all of the covariance."""
FIXED = 1e-9
"""Relative to the spread, a first column that varies less is the same in all runs."""


@dataclass(frozen=True, eq=False)
class Channel:
    """What of the runs obeys a loop in one dimension.

    ========= ========================================================================
    label     which part of a point it is; "" in one dimension
    family    the real law of the channel
    state     coordinate of its models -> array (generation, run), NaN where none
    model     a model of the whole family -> that of the channel
    of_many   dimensions of a whole point
    totals    whether the estimator matches these moments, whatever else it fits
    exact     whether the law of a training set's moments is known beyond the second ones
    counted   whether the state is that of the points, not yet that of the model fitted to them
    sizes     points behind each entry, where they are no number of the sentence
    shares    α, sizes -> the synthetic fraction behind each entry, likewise
    ========= ========================================================================
    """

    label: str
    family: Any
    state: Mapping[str, Floats]
    model: Callable[[Any], Any] = lambda model: model
    of_many: int = 1
    totals: bool = False
    exact: bool = True
    counted: bool = False
    sizes: Floats | None = None
    shares: Callable[[Any], Any] | None = None

    @property
    def length(self) -> int:
        """The number of generations."""
        return len(next(iter(self.state.values())))

    @property
    def unit(self) -> float:
        """The variance of one real point."""
        if self.family.types:
            p = float(self.family.law[0])
            return p * (1 - p)
        return float(getattr(self.family, "variance", 1))

    def of_runs(self, count: int) -> Channel:
        """The same of the first runs."""
        if self.sizes is not None:  # whose shares are known for all runs only
            return self
        return replace(self, state={k: v[:, :count] for k, v in self.state.items()})

    def of(self, loop: FeedbackLoop) -> FeedbackLoop:
        """The channel's own loop."""
        parts = self._parts(loop)
        same = all(part == getattr(loop, role) for role, part in parts.items())
        return loop if same else replace(loop, **parts)

    def _parts(self, loop: Any) -> dict[str, Any]:
        start = self.model(loop.start) if isinstance(loop.start, Family) else loop.start
        bias = loop.bias.marginal(self.of_many) if self.of_many > 1 else loop.bias
        estimator = MaximumLikelihood() if self.totals else loop.estimator
        mixing = loop.mixing
        if self.sizes is not None and isinstance(mixing, FreshSplit):
            mixing = FreshMixture(0.5).replaced({"alpha": mixing.alpha})
        return {"family": self.family, "bias": bias, "mixing": mixing, "start": start,
                "estimator": estimator}  # fmt: skip

    def setting(self, sentence: Sentence, values: Mapping[str, float], length: int) -> Setting:
        """The sentence's numbers for this channel."""
        whole = sentence.at(values, length)
        return replace(whole, loop=SimpleNamespace(**self._parts(whole.loop)))

    def past(self, one: Any) -> Iterator[tuple[str, str, Floats]]:
        """(quantity, name, values): what was known before each step, against which the
        innovations of that quantity are held.

        Any bounded function of the past will do where the state is seen; where a part of it is
        hidden, linear ones alone are uncorrelated with what comes.
        """
        scale = float(self.unit**0.5)
        for name, values in self.state.items():
            last = _shifted(values[len(values) - len(one.log_density) :])
            if name == "v" and not one.hidden:
                yield VARIANCE, f"the last {VARIANCE}", _bounded(last, scale**2)
            elif name != "v" and MEAN in one.residuals:
                truth = float(self.family.truth()[name]) if self.family.types else 0.0
                step, far = _shifted(one.residuals[MEAN]), last - truth
                if one.hidden:
                    yield MEAN, f"the last {MEAN}", far
                    yield MEAN, f"the last step of the {MEAN}", step
                    continue
                yield MEAN, f"the last {MEAN}", _bounded(far, scale)
                yield MEAN, f"the last step of the {MEAN}", _bounded(step, 1.0)
                if VARIANCE in one.residuals:
                    yield VARIANCE, f"the last squared {MEAN}", _bounded(last**2, scale**2)


def _bounded(values: Floats, unit: float) -> Floats:
    """x/(|x| + u)."""
    found: Floats = values / (np.abs(values) + unit)
    return found


def _shifted(values: Floats) -> Floats:
    """One generation later; before the first there is nothing."""
    gone = np.full((1, values.shape[1]), np.nan)
    return np.concatenate([gone, values[:-1]])


# -- the real law ----------------------------------------------------------------------------------


def family_of(runs: Runs, family: Family | None) -> tuple[Any, list[str]]:
    """The real law, and what was taken for granted about it."""
    if family is not None:
        if any(map(is_symbolic, _numbers(family))):
            raise InputError(f"family must hold numbers, got {family}")
        return family, []
    quantities, shares = runs.quantities, _shares(runs)
    if shares is not None and shares.ndim == 4:
        raise InputError("family must be given for counts of n-grams, as in family=NGram(2)")
    if shares is not None:
        return _types_of(shares)
    mean, variance = quantities.get("mean"), quantities.get("variance")
    start = [None if v is None else _constant(v[:, 0]) for v in (mean, variance)]
    if start[1] is not None and (mean is None or start[0] is not None):
        found = Gaussian(_plain(0 if mean is None else start[0]), _plain(start[1]))
        return found, [f"the first column is the same in all runs: it is taken for g = 0, the "
                       f"start, and the real law for {found}"]  # fmt: skip
    d = runs.dimension
    found = Gaussian() if d == 1 else Gaussian((0,) * d)
    return found, [f"no real law is given: {found} is taken for it"]


def _numbers(family: Any) -> Iterator[Any]:
    """All numbers in the fields of a family."""
    stack = [getattr(family, f.name) for f in fields_of(family)]
    while stack:
        value = stack.pop()
        if isinstance(value, tuple):
            stack += value
        else:
            yield value


def _types_of(shares: Floats) -> tuple[Any, list[str]]:
    start = _constant(shares[:, 0])
    if start is None:
        raise InputError(
            "family must be given for counts or probabilities, as in "
            "family=Categorical((0.5, 0.3, 0.2)), where no first column holds the real ones"
        )
    found = Categorical(tuple(float(p) for p in start / start.sum()))
    return found, [f"the first column is the same in all runs: it is taken for g = 0, the start, "
                   f"and the real law for {found}"]  # fmt: skip


def _constant(column: Floats) -> Floats | None:
    """What all runs have in a column, where more than one run has the same."""
    known = column[np.isfinite(column.reshape(len(column), -1)).all(axis=1)]
    if len(known) < 2 or np.ptp(known, axis=0).max() > FIXED * (1 + np.abs(known).max()):
        return None
    first: Floats = known[0]
    return first


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else np.asarray(value).tolist()


def _shares(runs: Runs) -> Floats | None:
    """Probabilities, or counts as shares of their totals."""
    if "probabilities" in runs.quantities:
        return runs.quantities["probabilities"]
    counts = runs.quantities.get("counts")
    if counts is None:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts / counts.sum(axis=-1, keepdims=True)


def size_of(runs: Runs) -> int | None:
    """n, where counts say it: the same total in every run at every generation after the start."""
    counts = runs.quantities.get("counts")
    if counts is None or counts.ndim != 3:
        return None
    totals = counts[:, 1:].sum(axis=-1)
    known = totals[np.isfinite(totals)]
    return int(known[0]) if len(known) and (known == known[0]).all() else None


# -- the channels ------------------------------------------------------------------------------


def channels_of(family: Any, runs: Runs) -> tuple[list[Channel], list[str]]:
    """The channels of the runs, and what of them is left out."""
    shares = _shares(runs)
    if shares is None:
        return _clouds(family, runs)
    if not family.types:
        raise InputError(f"family must be of types for counts or probabilities, got {family}")
    if shares.ndim == 4:
        from .rows import rows_of

        return rows_of(family, runs)
    if shares.shape[2] != family.K:
        raise InputError(
            f"family must have the {shares.shape[2]} types of the runs, got {family.K} types"
        )
    return _types(family, shares, "probabilities" not in runs.quantities)


def _types(family: Any, shares: Floats, counted: bool) -> tuple[list[Channel], list[str]]:
    """Each type among all others; the last is what is left of 1."""
    order = [int(i) for i in np.argsort(-family.law, kind="stable") if i < family.K - 1]
    watched = sorted(order[:TYPES])
    found = []
    for i in watched:
        small, names, _ = family.marginal([f"q_{i + 1}"])
        label = f"of type {i + 1}" if family.K > 2 else ""

        def model(start: Any, name: str = f"q_{i + 1}") -> Any:
            return start.marginal([name])[0]

        state = {next(iter(names.values())): shares[:, :, i].T}
        found.append(Channel(label, small, state, model, counted=counted))
    left = len(order) - len(watched)
    return found, [f"{left} rarer types are not watched one by one"] if left else []


def _clouds(family: Any, runs: Runs) -> tuple[list[Channel], list[str]]:
    """The mean and the variance along the axes of the real law, and between them."""
    if family.types or not (hasattr(family, "covariance") or isinstance(family, Gaussian)):
        return _means_only(family, runs)
    mean, variance = (runs.quantities.get(k) for k in ("mean", "variance"))
    d = family.dimension
    if runs.dimension != d:
        raise InputError(
            f"family must have the {runs.dimension} dimensions of the runs, got {family}"
        )
    center, covariance = _law(family)
    axes, remarks = _axes(covariance, variance)
    delta = None if mean is None else (_points(mean) - center) @ axes.T
    totals = bool(family.latent)
    if totals:
        remarks.append("of a mixture the total mean and covariance are tested, no component")
    found = []
    for label, u in _directions(d, bool(remarks[totals:]) or d > PAIRS):
        way = u @ axes
        state = {}
        if delta is not None:
            state["delta"] = (delta @ u).T
        if variance is not None:
            state["v"] = _along(_matrices(variance), way).T

        def model(start: Any, way: Any = way) -> Any:
            at, spread = _law(start)
            return Gaussian(float((at - center) @ way), float(way @ spread @ way))

        found.append(Channel(label, Gaussian(), state, model, d, totals, not totals))
    return found, remarks


def _axes(covariance: Any, variance: Floats | None) -> tuple[Any, list[str]]:
    """Directions (rows) in which the real covariance is 1: uncorrelated ones, if all of the
    recorded covariances are known, else those of the components."""
    d = len(covariance)
    if variance is not None and d > 1 and np.isnan(variance[..., ~np.eye(d, dtype=bool)]).all():
        own = np.diag(1 / np.sqrt(np.diag(covariance)))
        return own, ["no covariances between components are recorded: each is tested alone"]
    return whitening(covariance), []


def _along(matrices: Floats, way: Floats) -> Floats:
    """u·Σu, of which only what is not multiplied by 0 must be known."""
    outer = np.outer(way, way)
    with np.errstate(invalid="ignore"):
        return np.where(outer != 0, matrices * outer, 0.0).sum(axis=(-2, -1))


def _law(family: Any) -> tuple[Any, Any]:
    """Mean (d) and covariance (d, d) of a cloud."""
    if type(family) is Gaussian:
        return np.array([float(family.mean)]), np.array([[float(family.variance)]])
    return np.asarray(family.center, float), np.asarray(family.covariance, float)


def _points(mean: Floats) -> Floats:
    return mean[..., None] if mean.ndim == 2 else mean


def _matrices(variance: Floats) -> Floats:
    return variance[..., None, None] if variance.ndim == 2 else variance


def _directions(d: int, axes_only: bool) -> list[tuple[str, Floats]]:
    """The axes and, in few dimensions, what lies between two of them."""
    if d == 1:
        return [("", np.ones(1))]
    axes = np.eye(d)
    found = [(f"along axis {i + 1}", axes[i]) for i in range(d)]
    if not axes_only:
        found += [(f"between axes {i + 1} and {j + 1}", (axes[i] + axes[j]) / 2**0.5)
                  for i, j in combinations(range(d), 2)]  # fmt: skip
    return found


def _means_only(family: Any, runs: Runs) -> tuple[list[Channel], list[str]]:
    """A family of one number, whose mean is its model."""
    names = tuple(family.variables)
    if names != ("delta",) or "mean" not in runs.quantities:
        raise InputError(
            f"family must be Gaussian, a mixture, Categorical, NGram or of one mean that the runs "
            f"hold, got {family} with {', '.join(runs.quantities)}"
        )
    model = family.as_model()
    center = float(np.asarray(family.mean_of(model)))
    return [Channel("", family, {"delta": runs.quantities["mean"].T - center})], []


def one_dimensional(loop: FeedbackLoop) -> FeedbackLoop:
    """The loop of one direction or of one type of this loop."""
    family: Any = loop.family
    if family.types:
        if family.sequential:
            return replace(loop, family=Categorical(), bias=loop.bias)
        return loop.marginal(["q_1"])[0]
    if type(family) is Gaussian or not hasattr(family, "covariance"):
        return loop
    estimator = MaximumLikelihood() if family.latent else loop.estimator
    bias = loop.bias.marginal(family.dimension)
    start = Gaussian() if isinstance(loop.start, Family) else loop.start
    return replace(loop, family=Gaussian(), bias=bias, start=start, estimator=estimator)
