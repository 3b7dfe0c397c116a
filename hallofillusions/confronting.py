"""A theorem meets simulations that share no code with it: the kind of its claim picks the test.

`confront` runs the experiments that a theorem names itself and says, for each, whether theory
and simulation agree and which of the named rivals fell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from .comparison import AGREES, DISAGREES, WEAK, compare
from .kinds import Asymptotic, Bound, Exact, Kind
from .observables.base import Observable
from .prediction import Entry, Prediction
from .simulation import fit_cost, simulate
from .trajectory import Trajectory, split_medians

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .comparison import Comparison
    from .loop import FeedbackLoop
    from .proof import Confrontation, Theorem


FEWEST = 150
"""Runs of a confrontation, however long."""
MANY = 1000
"""Values of a sample whose law is tested by the limit."""


@dataclass(frozen=True)
class Attack:
    """What became of one confrontation.

    ``largest_z`` is the largest |z| (for a whole law, the normal quantile of its p); ``rivals``
    says of each wrong theory whether it was rejected.
    """

    loop: str
    quantity: str
    verdict: str
    replicates: int
    cells: int
    largest_z: float | None
    detectable: float | None
    rivals: Mapping[str, bool] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def confront(
    theorem: Theorem,
    *,
    replicates: int | None = None,
    fits: int | None = None,
    rng: int = 0,
    level: float = 0.001,
    executor: Executor | None = None,
) -> list[Attack]:
    """Every experiment that attacks a theorem, at one false-alarm rate for all of them.

    ========== ===================================================================
    replicates at most so many runs; None: as many as each confrontation asks for
    fits       at most so many fits of one-dimensional Gaussians, or what takes as long, in all
               runs of a loop, so that long runs are fewer, but never under `FEWEST`; None: any
    rng        the seed; each loop has its own child, and all who attack it watch the same runs
    level      chance that a right theorem is rejected anywhere here
    ========== ===================================================================
    """
    experiments = list(theorem.confrontations())
    found: dict[int, Attack] = {}
    for (count, loops), numbers in _shared(theorem.kind, experiments, replicates, fits).items():
        group = [experiments[i] for i in numbers]
        seed = np.random.SeedSequence(rng, spawn_key=(crc32(theorem.name.encode()), numbers[0]))
        attack = _slope_attacks if len(loops) > 1 else _attacks
        own = attack(theorem, group, loops, count, seed, level / len(experiments), executor)
        found |= zip(numbers, own, strict=True)
    return [found[i] for i in range(len(experiments))]


def _shared(
    kind: Kind, experiments: Sequence[Confrontation], replicates: int | None, fits: int | None
) -> dict[tuple[int, tuple[FeedbackLoop, ...]], list[int]]:
    """(replicates, loops) -> the experiments that watch them: what is the same is run once.

    The level is shared out, which asks for no independence.
    """
    found: dict[tuple[int, tuple[FeedbackLoop, ...]], list[int]] = {}
    for i, c in enumerate(experiments):
        count = c.replicates if replicates is None else min(c.replicates, replicates)
        if fits is not None:
            count = min(count, max(FEWEST, int(fits / (max(c.generations) * fit_cost(c.loop)))))
        slope = isinstance(kind, Asymptotic) and c.scale
        loops = tuple(c.entry(k)[0] for k in range(len(c.scale))) if slope else (c.loop,)
        found.setdefault((count, loops), []).append(i)
    return found


def verdict_of(attacks: Sequence[Attack]) -> str:
    """One word for all attacks: a single disagreement counts; without attacks, "not simulated"."""
    verdicts = {a.verdict for a in attacks}
    if not verdicts:
        return "not simulated"
    return next(v for v in (DISAGREES, AGREES, WEAK) if v in verdicts)


def _attacks(
    theorem: Theorem, group: Sequence[Confrontation], loops: Sequence[FeedbackLoop],
    replicates: int, seed: Any, level: float, executor: Executor | None,
) -> Iterator[Attack]:  # fmt: skip
    """The attacks by one run of one loop."""
    run = _watched(group, loops[0], [c.generations for c in group], replicates, seed, executor)
    for c in group:
        own, values = _along(c, run) if c.path else (c, run)
        whole = _whole_law(c.predicted)
        yield (_law_attack(own, values, level) if whole
               else _mean_attack(theorem, own, values, level))  # fmt: skip


def _watched(
    group: Sequence[Confrontation], loop: FeedbackLoop, when: Sequence[Sequence[int]],
    replicates: int, seed: Any, executor: Executor | None,
) -> Trajectory:  # fmt: skip
    """One run that shows every experiment of the group what it asks for, at its generations."""
    keep: set[int] = set()
    places: set[int] = set()
    for c, own in zip(group, when, strict=True):
        if c.path:
            keep |= set(range(max(own) + 1))
        else:
            places |= set(own)
            keep |= set(own) if _whole_law(c.predicted) else set()
    watched = list(dict.fromkeys(o for c in group for o in (c.observable, *c.also)))
    _, medians = split_medians(watched)
    return simulate(
        loop, max(map(max, when)), replicates=replicates, rng=seed, executor=executor,
        observables=watched, at=sorted(places | keep), keep=sorted(keep),
        quantiles_at=sorted(places) if medians else (), progress=False,
    )  # fmt: skip


@dataclass(frozen=True)
class PathFunctional(Observable):
    """A functional of whole runs, whose values stand where an observable's would."""

    name: str

    @property
    def label(self) -> str:
        return self.name

    def measure(self, family: Any, model: Any) -> Any:
        raise NotImplementedError("a functional of a path is not measured on one model")


def path_values(c: Confrontation, run: Trajectory, last: int) -> Any:
    """What ``c.path`` makes of the runs up to g = ``last``: an array of shape (rows, values)."""
    assert c.path is not None
    watched = (c.observable, *c.also)
    kept = (np.stack([run.raw(o, g) for g in range(last + 1)]) for o in watched)
    return np.atleast_2d(np.asarray(c.path(*kept), dtype=float))


def _along(c: Confrontation, run: Trajectory) -> tuple[Confrontation, Trajectory]:
    """The confrontation whose "generations" 1, 2, … are the rows that the path returns."""
    values = path_values(c, run, max(c.generations))
    label = "what the path says"  # near no quantity's name, so that it is no misspelling
    rows = tuple(range(1, len(values) + 1))
    found = Trajectory.from_arrays(c.loop, **{label: values.T})
    return replace(c, observable=PathFunctional(label), generations=rows), found


def _whole_law(predicted: Any) -> bool:
    """Whether distribution functions are predicted, not numbers."""
    return callable(predicted) or _laws(predicted)


def _laws(predicted: Any) -> bool:
    """Whether there is one distribution function for each generation."""
    return isinstance(predicted, Sequence) and all(map(callable, predicted))


# -- numbers at generations ------------------------------------------------------------------------


def _mean_attack(theorem: Theorem, c: Confrontation, run: Trajectory, level: float) -> Attack:
    own = compare(_prediction(theorem, c, c.predicted), run, level=level)
    label = c.observable.label
    facts = own.to_dict()["quantities"][label]
    return Attack(
        str(c.loop), label, facts["verdict"], run.replicates, facts["cells"],
        _largest(theorem.kind, own), facts["smallest_detectable"],
        {name: _falls(theorem, own, c, values, level) for name, values in c.rivals.items()},
        tuple(w for w in own.warnings if "infinite" not in w),
    )  # fmt: skip


def _largest(kind: Kind, own: Comparison) -> float | None:
    """The largest |z|; of an inequality the largest on the side that it forbids."""
    z = np.array([c.z for c in own.cells if c.tested])
    if isinstance(kind, Bound):
        z = np.maximum(z if kind.side == "upper" else -z, 0.0)
    return float(np.abs(z).max()) if z.size else None


def _falls(
    theorem: Theorem, own: Comparison, c: Confrontation, values: Any, level: float
) -> bool:
    """Whether a rival is rejected in the cells in which the theorem was tested.

    A rival of a bound is a bound, too: one that is kept is not rejected, however far it is.
    """
    from scipy.stats import norm

    wrong = dict(zip(c.generations, np.asarray(values, dtype=float), strict=True))
    cells = [x for x in own.cells if x.tested and x.generation in wrong]
    if not cells:
        return False
    gap = np.array([x.measured - wrong[x.generation] for x in cells])
    error = np.array([x.standard_error for x in cells])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(gap == 0, 0.0, gap / error)
    if isinstance(theorem.kind, Bound):
        p = norm.sf(z if theorem.kind.side == "upper" else -z)
    else:
        p = 2 * norm.sf(np.abs(z))
    return bool(np.min(p) * len(cells) < level)  # Holm's first step


def _prediction(theorem: Theorem, c: Confrontation, values: Any) -> Prediction:
    """The theorem's numbers as a prediction that is silent at every other generation."""
    table = np.full(max(c.generations) + 1, np.nan)
    table[list(c.generations)] = np.asarray(values, dtype=float)
    kind = theorem.kind if isinstance(theorem.kind, Bound) else Exact()
    label = c.observable.label
    scale = partial(c.observable.scale, c.loop.family)
    entry = Entry(label, theorem.name, kind, lambda: table, scale=scale)
    return Prediction(c.loop, max(c.generations), {label: entry})


# -- whole distributions ---------------------------------------------------------------------------


def _law_attack(c: Confrontation, run: Trajectory, level: float) -> Attack:
    from scipy.stats import norm

    level /= len(c.generations)
    p = _fit(c, run, c.predicted)
    fallen = {name: bool(_fit(c, run, cdf).min() < level) for name, cdf in c.rivals.items()}
    # the distance between distribution functions that would have been noticed
    distance = float(np.sqrt(-np.log(level / 2) / (2 * run.replicates)))
    return Attack(
        str(c.loop), c.observable.label, DISAGREES if p.min() < level else AGREES,
        run.replicates, len(p), float(norm.isf(p.min() / 2)), distance, fallen,
    )  # fmt: skip


def _fit(c: Confrontation, run: Trajectory, cdf: Any) -> Any:
    """p of Kolmogorov's and Smirnov's test at each generation.

    Of `MANY` values or more by its limit, which is off by some n^-½ of itself and far sooner found.
    """
    from scipy.stats import kstest

    several = cdf if _laws(cdf) else [cdf] * len(c.generations)
    pairs = zip(several, c.generations, strict=True)
    samples = [(run.raw(c.observable, g), law) for law, g in pairs]
    return np.array([kstest(x, law, method="asymp" if len(x) >= MANY else "exact").pvalue
                     for x, law in samples])  # fmt: skip


# -- asymptotic laws: how fast the error falls -----------------------------------------------


def _slope_attacks(
    theorem: Theorem, group: Sequence[Confrontation], loops: Sequence[FeedbackLoop],
    replicates: int, seed: Any, level: float, executor: Executor | None,
) -> Iterator[Attack]:  # fmt: skip
    """The relative error at each n of ``scale`` must fall like n^-order: no slower."""
    mean, error = np.empty((2, len(group), len(loops)))
    for i, (loop, child) in enumerate(zip(loops, seed.spawn(len(loops)), strict=True)):
        last = [c.entry(i)[1] for c in group]
        run = _watched(group, loop, [(g,) for g in last], replicates, child, executor)
        for k, c in enumerate(group):
            mean[k, i], error[k, i] = mean_and_error(c, run, last[k])
    for c, own, noise in zip(group, mean, error, strict=True):
        yield _slope_attack(theorem.kind, c, replicates, own, noise, level)


def _slope_attack(
    kind: Any, c: Confrontation, replicates: int, mean: Any, error: Any, level: float
) -> Attack:
    z, p = _slope(kind, c.scale, mean, error, c.predicted)
    rivals = {k: _slope(kind, c.scale, mean, error, v)[1] < level for k, v in c.rivals.items()}
    return Attack(
        str(c.loop), c.observable.label, DISAGREES if p < level else AGREES, replicates,
        len(c.scale), abs(z), None, {k: bool(v) for k, v in rivals.items()},
    )  # fmt: skip


def mean_and_error(c: Confrontation, run: Trajectory, last: int) -> tuple[float, float]:
    """Mean and standard error at g = ``last``, of the observable or of the path up to there."""
    if c.path is None:
        return run.mean(c.observable)[last], run.standard_error(c.observable)[last]
    values = path_values(c, run, last)[0]
    return values.mean(), values.std(ddof=1) / len(values) ** 0.5


def _slope(kind: Asymptotic, scale: Any, mean: Any, error: Any, predicted: Any) -> tuple[Any, Any]:
    """(z, one-sided p) of "the error falls more slowly than n^-order".

    The errors are fitted by c n^-order, whose scatter is the simulation's: an error that falls
    more slowly leaves more than that at the largest n.  Where simulation cannot tell the error
    from zero it is no evidence against the law.
    """
    from scipy.stats import norm

    n, predicted = np.asarray(scale, dtype=float), np.asarray(predicted, dtype=float)
    gap, noise = np.abs(mean / predicted - 1), error / np.abs(predicted)
    first, last = int(np.argmin(n)), int(np.argmax(n))
    shrink = (n[first] / n[last]) ** kind.order
    # |error| at the largest n, against what the smallest n allows it to be
    excess = gap[last] - shrink * gap[first]
    z = excess / np.hypot(noise[last], shrink * noise[first])
    return float(z), float(norm.sf(z))
