"""The experiments of the main job: which loops are run, how long, and what is watched.

A study is a list of runs; a run is one loop that both readers read.  Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from ..biases.scale_covariance import ScaleCovariance
from ..biases.temperature import Temperature
from ..biases.top_p import TopP
from ..biases.truncation import Truncation
from ..biases.unbiased import Unbiased
from ..comparison import Comparison, compare
from ..estimators.bessel import Bessel
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.gaussian import Gaussian
from ..families.poisson import Poisson
from ..loop import FeedbackLoop
from ..mixing.accumulate import Accumulate
from ..mixing.accumulate_subsample import AccumulateSubsample
from ..mixing.fixed_pool import FixedPool
from ..mixing.fixed_real import FixedReal
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables import defaults
from ..observables.along import Along
from ..observables.held_out_loss import HeldOutLoss
from ..observables.log_eigenvalue import LogEigenvalue
from ..observables.log_variance import LogVariance
from ..observables.mean import Mean
from ..observables.median import Median
from ..observables.squared_error import SquaredError
from ..observables.squared_variance import SquaredVariance
from ..observables.tail_mass import TailMass
from ..observables.variance import Variance
from ..prediction import Entry, Prediction
from ..simulation import simulate
from ..starts import FirstFit
from ..symbols import InputError
from ..theory import predict
from .claims import TAIL, claim_runs
from .curves import CURVES
from .mixtures import mixture_runs
from .runs import Run, Scale
from .texts import text_runs

WORLD = Gaussian(0, 1)
ALPHAS = ("0", "1/4", "1/2", "3/4", "9/10", "1")
LONG = 250
"""Generations from which on only some are measured."""
MOST_ROWS = 400
"""Points of a training set in the study of real data, at most: every one of them is drawn."""


# -- the studies -----------------------------------------------------------------------------------


def studies(
    full: bool = False, real: Any = None, corpus: Any = None, cloud: Any = None
) -> list[Run]:
    """All runs of the job; ``real`` is the column of the study of real data, ``corpus`` a text and
    ``cloud`` a mixture fitted to real points."""
    quick, careful = Scale(10_000, 50, 1_200, 5, 80), Scale(200_000, 200, 40_000, 40, 800)
    scale = careful if full else quick
    runs = [*alpha_sweep(scale, full), *mixings(scale), *tails(scale), *stationary(scale, full)]
    runs += [*estimators(scale), *growth(scale), *mechanisms(scale), *needle(scale)]
    runs += [*priors(scale), *mixture_runs(scale, cloud)]
    runs += [*claim_runs(scale, corpus)]
    runs += [*(text_runs(scale, corpus) if corpus is not None else ())]
    return [*runs, *(real_data(scale, real) if real is not None else ())]


def alpha_sweep(scale: Scale, full: bool) -> Iterator[Run]:
    """(a) The synthetic fraction against generations, with fresh real points."""
    more = ("1/10", "19/20", "99/100") if full else ()
    for alpha in sorted({*ALPHAS, *more}, key=Fraction):
        share = Fraction(alpha)
        loop = FeedbackLoop(WORLD, mixing=FreshSplit(alpha=share), n=100).canonical
        yield Run("sweep", f"{float(share):g}", loop, scale.generations, scale.replicates,
                  defaults(WORLD))  # fmt: skip


def mixings(scale: Scale) -> Iterator[Run]:
    """(b) Seven readings of one sentence."""
    alpha, n, generations = Fraction(9, 10), 100, 40
    watched = (Variance(), SquaredError(), HeldOutLoss(), TAIL, Median(TAIL))
    chosen = (
        Replace(), FreshMixture(alpha), FreshSplit(alpha), FixedReal(alpha),
        FixedPool(alpha, 200), Accumulate(), AccumulateSubsample(),
    )  # fmt: skip
    for mixing in chosen:
        loop = FeedbackLoop(WORLD, mixing=mixing, n=n)
        count = scale.literal if mixing.literal_only else scale.replicates
        yield Run("mixings", type(mixing).__name__, loop, generations, count, watched)


def tails(scale: Scale) -> Iterator[Run]:
    """(c) Mean against median of the tail mass when the last model's points replace all."""
    loop = FeedbackLoop(WORLD, mixing=Replace(), n=100)
    both = tuple(TailMass(3.0, about) for about in ("model", "real"))
    watched = (*both, *map(Median, both), LogVariance())
    yield Run("tails", "Replace", loop, 100, 2 * scale.replicates, watched)


def stationary(scale: Scale, full: bool) -> Iterator[Run]:
    """(d) The law of σ² after ten relaxation times, with one and with three fresh points."""
    for fresh in (1, 3):
        n = 400 if full else 200
        loop = FeedbackLoop(WORLD, mixing=FreshSplit(1 - Fraction(fresh, n)), n=n)
        # the slowest transient decays like α^g, so it has lost ten factors of e at 10 n / fresh
        generations = 10 * n // fresh
        watched = (Mean(), Variance(), TailMass(3.0, "real"), TailMass(5.0, "real"))
        yield Run("stationary", f"{fresh}", loop, generations, scale.replicates // 2, watched,
                  keep=(generations,))  # fmt: skip


def estimators(scale: Scale) -> Iterator[Run]:
    """(e) Dividing by n against dividing by n - 1."""
    watched = (Variance(), LogVariance(), SquaredError())
    for mixing in (Replace(), FreshSplit(alpha=Fraction(9, 10))):
        for estimator in (MaximumLikelihood(), Bessel()):
            loop = FeedbackLoop(WORLD, mixing=mixing, n=20, estimator=estimator)
            name = f"{type(mixing).__name__}-{type(estimator).__name__}"
            yield Run("estimators", name, loop, 40, 2 * scale.replicates, watched)


def growth(scale: Scale) -> Iterator[Run]:
    """(h) Sizes that grow, fresh points that grow or fade, and pools that grow."""
    times = range(1, 41)
    sizes: dict[str, Any] = {
        "constant": lambda n, t: n, "linear": lambda n, t: n * t,
        "geometric": lambda n, t: round(n * 1.5 ** (t - 1)), "quadratic": lambda n, t: n * t * t,
    }  # fmt: skip
    kinds: tuple[tuple[str, int, Any, Any], ...] = (
        ("sizes", 15, MaximumLikelihood(), Variance()), ("wander", 40, Bessel(), SquaredError()),
    )  # fmt: skip
    for kind, first, estimator, watched in kinds:
        for name, size in sizes.items():
            n = first if name == "constant" else tuple(size(first, t) for t in times)
            loop = FeedbackLoop(WORLD, mixing=Replace(), n=n, estimator=estimator)
            yield Run("growth", f"{kind}-{name}", loop, 40, scale.replicates, (watched,))
    fresh: dict[str, Any] = {
        "fading": lambda t: 1 / t, "one": lambda t: 1, "growing": lambda t: t**0.5
    }  # fmt: skip
    for name, count in fresh.items():
        mixing = FreshMixture(tuple(1 - count(t) / 20 for t in times))
        loop = FeedbackLoop(WORLD, mixing=mixing, n=20)
        yield Run("growth", f"fresh-{name}", loop, 40, scale.replicates, (Variance(),))
    for pool in (Accumulate(), AccumulateSubsample()):
        for divisor in (MaximumLikelihood(), Bessel()):
            loop = FeedbackLoop(WORLD, mixing=pool, n=10, estimator=divisor)
            name = f"pools-{type(pool).__name__}-{type(divisor).__name__}"
            count = scale.literal if pool.literal_only else scale.replicates
            yield Run("growth", name, loop, 40, count, (Variance(),))


def mechanisms(scale: Scale) -> Iterator[Run]:
    """(i) Noise and bias: fresh points against αλ at α = 9/10, and tails under each bias."""
    alpha = Fraction(9, 10)
    for lam in (Fraction(4, 5), Fraction(19, 20), Fraction(1), Fraction(21, 20)):
        for fresh in (1, 3, 10, 30, 100):
            loop = FeedbackLoop(WORLD, mixing=FreshSplit(alpha), n=10 * fresh,
                                bias=ScaleCovariance(lam))  # fmt: skip
            # the slowest rate is near αλ or α²: ten relaxation times at αλ = 0.945
            yield Run("mechanisms", f"rest-{float(alpha * lam):g}-{fresh}", loop, 180,
                      scale.replicates // 4, (Variance(),))  # fmt: skip
    samplers = (Unbiased(), ScaleCovariance(0.9), Temperature(1.05), Truncation(2.5), TopP(0.9))
    for bias in samplers:
        loop = FeedbackLoop(WORLD, mixing=FreshSplit(alpha), n=500, bias=bias)
        yield Run("mechanisms", type(bias).__name__, loop, 25, scale.literal // 2,
                  (Variance(), TailMass(2.0)))  # fmt: skip


def needle(scale: Scale) -> Iterator[Run]:
    """(j) Clouds in the plane, from what is seen of them along three directions."""
    loop = FeedbackLoop(Gaussian((0, 0), 1), mixing=Replace(), n=20, estimator=Bessel())
    seen = (*(Along(u, Variance()) for u in ((1, 0), (0, 1), (1, 1))),
            *(Along(u, Mean()) for u in ((1, 0), (0, 1))))  # fmt: skip
    yield Run("needle", "Replace", loop, 100, scale.literal // 2,
              (LogEigenvalue(1), LogEigenvalue(2), *seen), keep=(5, 20, 60))  # fmt: skip


def priors(scale: Scale) -> Iterator[Run]:
    """(k) One fresh point a generation: the tail over many runs, and the law of a parameter.

    Generations that lie three relaxation times apart are as good as more runs.
    """
    settings: tuple[tuple[str, str, Any, int, int, Any], ...] = (
        ("powerlaw", "1", WORLD, 100, scale.replicates // 2, Mean()),
        ("priors", "Gaussian", WORLD, 100, scale.literal, Mean()),
        ("priors", "Poisson", Poisson(1), 200, scale.literal // 2, Mean()),
    )
    for study, name, family, n, count, watched in settings:
        loop = FeedbackLoop(family, mixing=FreshSplit(1 - Fraction(1, n)), n=n)
        when = tuple(range(10 * n, 25 * n + 1, 3 * n))
        yield Run(study, name, loop, when[-1], count, (watched, Variance()), keep=when)


def real_data(scale: Scale, rows: Any) -> Iterator[Run]:
    """(f) A file as the fixed pool of a loop whose world is the Gaussian of its moments."""
    rows = np.asarray(rows, dtype=float)
    variance = float(np.var(rows))
    if len(rows) < 3 or not variance > 0:
        raise InputError(
            f"column must hold at least 3 numbers that are not all equal, got {len(rows)} "
            f"with variance {variance:g}"
        )
    n = max(2, min(len(rows), MOST_ROWS) // 2 * 2)
    mixing = FixedPool(Fraction(1, 2), len(rows))
    world = Gaussian(float(np.mean(rows)), variance)
    loop = FeedbackLoop(world, mixing=mixing, n=n, start=FirstFit())
    watched = (Mean(), Variance(), SquaredError(), SquaredVariance())
    count = max(500, scale.literal * 100 // n)
    for shape, pool in (("file", rows), ("Gaussian", gaussian_rows(rows))):
        yield Run("real", shape, loop, 20, count, watched, real=pool, shape=shape)


def gaussian_rows(rows: Any) -> Any:
    """As many rows of a Gaussian shape, with exactly the mean and variance of the given ones."""
    from scipy.special import ndtri

    shape = ndtri((np.arange(len(rows)) + 0.5) / len(rows))
    return np.mean(rows) + np.std(rows) * (shape - shape.mean()) / shape.std()


# -- one run ---------------------------------------------------------------------------------------


def perform(run: Run, seed: int, level: float, folder: Path) -> dict[str, Any]:
    """Predict, simulate, compare and save one run; its record is plain data."""
    from ..steps import StepResiduals

    memory = None if run.shape == "text" else run.real
    prediction = _predicted(run, memory)
    steps = [StepResiduals.of(run.loop, run.generations, data=memory)] if run.loop.closes else []
    trajectory = simulate(
        run.loop, run.generations, replicates=run.replicates, rng=run.seed(seed),
        observables=run.observables, at=_shown(run) if run.generations > LONG else (),
        monitors=steps, keep=run.keep, real=run.real,
        quantiles_at=_shown(run) if any(map(_is_median, run.observables)) else (),
        literal=run.real is not None, progress=False,
    )  # fmt: skip
    if prediction.known:
        comparison = compare(prediction, trajectory, level=level)
    else:  # measured only
        comparison = Comparison(prediction, trajectory, (), level, 0.9, 0.05)
    trajectory.save(folder / f"{run.label}.nc")
    return {
        "study": run.study, "run": run.name, "loop": str(run.loop), "file": f"{run.label}.nc",
        "seed": [seed, crc32(run.label.encode())], "generations": run.generations,
        **comparison.to_dict(), "settings": run.loop.to_dict(),
        "rows": list(_rows(run, comparison)),
        **({"law": CURVES[run.study](run)} if run.study in CURVES else {}),
    }  # fmt: skip


def _shown(run: Run) -> tuple[int, ...]:
    """The generations at which medians are shown, and everything in long runs."""
    return tuple(range(0, run.generations + 1, max(1, run.generations // 20)))


def _is_median(observable: Any) -> bool:
    return isinstance(observable, Median)


def _predicted(run: Run, memory: Any) -> Prediction:
    """What theory says of all observables, of medians where they are shown."""
    entries: dict[str, Entry] = {}
    for medians, at in ((False, ()), (True, _shown(run))):
        watched = [o for o in run.observables if _is_median(o) == medians]
        entries |= predict(run.loop, run.generations, watched, at=at, data=memory,
                           numerical=run.numerical).entries  # fmt: skip
    own = {o.label: entries[o.label] for o in run.observables}
    return Prediction(run.loop, run.generations, own)


def _rows(run: Run, comparison: Comparison) -> Iterator[dict[str, Any]]:
    """One row per quantity and generation: what theory says and what simulation measured."""
    prediction, trajectory = comparison.prediction, comparison.trajectory
    tested = {(c.quantity, c.generation): c for c in comparison.cells}
    for quantity, values in _measured(trajectory, prediction.labels):
        known = quantity in prediction.known
        for g, mean, lower, upper in values:
            cell = tested.get((quantity, g))
            yield {
                "study": run.study, "run": run.name, "quantity": quantity, "generation": g,
                "theory": float(prediction[quantity][g]) if known else None,
                "source": prediction.entry(quantity).source if known else "",
                "simulated": mean, "lower": lower, "upper": upper,
                "z": cell.z if cell is not None and cell.tested else None,
            }  # fmt: skip


def _measured(
    trajectory: Any, labels: Sequence[str]
) -> Iterator[tuple[str, list[tuple[int, float, float, float]]]]:
    """Quantity -> (g, estimate, lower, upper), with intervals of 95 %."""
    from scipy.stats import t

    for label in labels:
        if label in trajectory.medians:
            places: Any = trajectory.quantile_table.places
            columns = trajectory.quantile(label)
        else:
            there = trajectory.measured
            places, mean = trajectory.g[there], trajectory.mean(label)[there]
            wide = t.ppf(0.975, max(trajectory.replicates - 1, 1))
            half = wide * trajectory.standard_error(label)[there]
            columns = mean, mean - half, mean + half
        rows = zip(places, *columns, strict=True)
        yield label, [(int(g), float(m), float(a), float(b)) for g, m, a, b in rows]
