"""The numeric reader: `simulate` does what the sentence defines.  It samples, mixes and refits.

Nothing here knows what theory claims.  Replicates are cut into blocks of a fixed size, each with
its own child of one seed, so neither the executor nor its workers can change a bit.
"""

from __future__ import annotations

import os
import platform
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from .loop import FeedbackLoop, check_loop
from .mixing.base import Mixing, Tick
from .numerics.recording import Recorder, Watcher
from .numerics.seeds import Seed
from .numerics.sources import PointSource, Source, StatisticsSource, check_rows
from .numerics.streaming import Quantiles, Summary
from .starts import FirstFit, Memory, Truth
from .symbols import InputError, as_number, generations_in, sequence, whole, without_bar
from .trajectory import Options, Trajectory, split_medians

if TYPE_CHECKING:
    from concurrent.futures import Executor


BLOCK = 4096
"""Replicates in a block; fewer where every point is drawn."""
CACHE = 2**16
"""Points of one literal training set that a block may hold, so that they stay in the cache."""
POOL = 2**22
"""Points of a literal block's pool, and rows of its walk through real data."""


def simulate(
    loop: FeedbackLoop,
    generations: int,
    *,
    replicates: int = 10_000,
    rng: Any = None,
    executor: Executor | None = None,
    literal: bool = False,
    observables: Any = None,
    at: Sequence[int] = (),
    quantiles: Sequence[float] = (0.5,),
    quantiles_at: Sequence[int] = (),
    monitors: Sequence[Any] = (),
    real: Any = None,
    replacement: bool = False,
    progress: bool | None = None,
    keep: Sequence[int] = (),
) -> Trajectory:
    """Run ``replicates`` independent loops for g = 1 … ``generations``; row g = 0 is the start.

    ============ ===================================================================
    rng          None, a whole number, a SeedSequence or a Generator; it is recorded
    executor     any `concurrent.futures.Executor`; None is this process.  It cannot
                 change the answer
    literal      draw every point instead of sufficient statistics
    observables  what is measured on each model; None: ``observables.defaults(family)``
    at           generations at which they and the steps there are measured, beside those of
                 ``quantiles_at`` and ``keep``; every one if it is empty.  The runs stay the same
    quantiles    probabilities, computed at the generations ``quantiles_at``
    monitors     objects with ``labels`` and ``measure(before, after, index)``, which see
                 the coordinates of (memory, model) around each step
    real         your own data, one row a point, sampled in place of the family (literal)
    replacement  whether a row may be drawn again: then the real law is that of the rows
    keep         generations at which the values of all replicates are kept
    progress     a bar on standard error; None: if that is a terminal
    ============ ===================================================================

    Raises `InputError` for anything that cannot be run, before it is run where that is known.
    """
    options = _options(
        loop, generations, observables, quantiles, quantiles_at, keep, monitors, literal, real,
        replacement, at,
    )
    return _run(loop, generations, replicates, Seed.of(rng), options, executor, progress)


def rerun(
    trajectory: Any,
    executor: Executor | None = None,
    *,
    observables: Any = None,
    monitors: Any = None,
    progress: bool | None = None,
) -> Trajectory:
    """The same run again, to the last bit, from a `Trajectory` or a file that it saved.

    A file names shipped observables only and no monitors: give ``observables`` or ``monitors``
    again where they were your own.
    """
    if not isinstance(trajectory, Trajectory):
        trajectory = Trajectory.load(trajectory)
    if trajectory.seed is None:
        raise InputError("trajectory must come from simulate to be run again, got your own arrays")
    from .numerics.archive import rebuilt

    old = trajectory.options
    options = Options(
        tuple(map(rebuilt, old.observables)) if observables is None else tuple(observables),
        old.quantiles, old.quantiles_at, old.keep,
        old.monitors if monitors is None else tuple(monitors), old.literal, old.real,
        old.replacement, old.at,
    )  # fmt: skip
    loop, last, count = trajectory.loop, trajectory.generations, trajectory.replicates
    return _run(loop, last, count, trajectory.seed, options, executor, progress)


def sample(
    loop: FeedbackLoop,
    generations: int,
    size: int,
    *,
    at: Sequence[int] = (),
    rng: Any = None,
    real: Any = None,
    replacement: bool = False,
) -> dict[int, Any]:
    """What one loop's models say: ``size`` points of each model at the generations ``at``.

    No training set sees these points, which are drawn as the loop's bias draws them; ``at`` is
    every generation if it is empty, g = 0 the start, and the other arguments are those of
    `simulate`.  Of an `NGram` loop they are blocks, which ``family.corpus.decode`` makes text.

    >>> from hallofillusions import Categorical, FeedbackLoop, Replace
    >>> loop = FeedbackLoop(Categorical((0.5, 0.3, 0.2)), mixing=Replace(), n=5)
    >>> {g: points.shape for g, points in sample(loop, 9, 20, at=(0, 9), rng=1).items()}
    {0: (20,), 9: (20,)}
    """
    size = whole(size, "size", 1)
    plan, places = _one_run(loop, generations, at, rng, real, replacement)
    source = plan.source(0)
    found = {}
    with np.errstate(all="ignore"):
        for g, _ in enumerate(history(plan, source)):
            if g in places:
                assert isinstance(source, PointSource)
                found[g] = loop.family.shown(source.points(size)[0])
    return found


def models(
    loop: FeedbackLoop,
    generations: int,
    *,
    at: Sequence[int] = (),
    rng: Any = None,
    real: Any = None,
    replacement: bool = False,
) -> dict[int, dict[str, Any]]:
    """What one loop's models are: their parameters by name, at the generations ``at``.

    It is the run that `sample` with the same ``rng`` draws from; the arguments are those of it.

    >>> from hallofillusions import FeedbackLoop, Gaussian, Replace
    >>> loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=5)
    >>> {g: sorted(model) for g, model in models(loop, 9, at=(9,), rng=1).items()}
    {9: ['mean', 'variance']}
    """
    plan, places = _one_run(loop, generations, at, rng, real, replacement)
    found = {}
    with np.errstate(all="ignore"):
        for g, (_, model, _) in enumerate(history(plan, plan.source(0))):
            if g in places:  # the start may be one law for all replicates
                found[g] = {k: np.array(v[0] if g else v) for k, v in model.items()}
    return found


def paths(
    loop: FeedbackLoop, generations: int, replicates: int, *, rng: Any = None
) -> dict[str, Any]:
    """The parameters of every model of many runs, by name: arrays (replicates, generations + 1, …).

    They are the runs of `simulate` with the same ``rng``, g = 0 the start.

    >>> from hallofillusions import FeedbackLoop, Gaussian, Replace
    >>> found = paths(FeedbackLoop(Gaussian(), mixing=Replace(), n=5), 3, 10, rng=1)
    >>> {name: values.shape for name, values in found.items()}
    {'mean': (10, 4), 'variance': (10, 4)}
    """
    options = _options(loop, generations, None, (), (), (), (), False, None, False)
    plan, _, _ = _plan(loop, generations, replicates, Seed.of(rng), options)
    blocks: list[list[dict[str, Any]]] = []
    with np.errstate(all="ignore"):
        for index in range(plan.blocks):
            size = plan.size(index)
            blocks.append([_spread_out(model, loop.family, size)
                           for _, model, _ in history(plan, plan.source(index))])  # fmt: skip
    names = loop.family.parameters()
    return {k: np.concatenate([np.stack([m[k] for m in b], axis=1) for b in blocks]) for k in names}


def _spread_out(model: Any, family: Any, size: int) -> dict[str, Any]:
    """The parameters of a model, one for each of ``size`` replicates."""
    real = family.as_model()
    return {k: np.broadcast_to(model[k], (size, *np.shape(real[k]))) for k in real}


def _one_run(
    loop: FeedbackLoop, generations: int, at: Any, rng: Any, real: Any, replacement: bool
) -> tuple[Plan, set[int]]:
    """The plan of one literal run, and the generations that are wanted of it."""
    options = _options(loop, generations, None, (), (), (), (), True, real, replacement)
    wanted = sequence(at, "at") or range(generations + 1)
    places = set(generations_in(wanted, "at", generations))
    plan, _, _ = _plan(loop, generations, 1, Seed.of(rng), options)
    return plan, places


# -- the plan: everything that a block needs --------------------------------------------------


@dataclass(frozen=True, eq=False)
class Plan:
    """One run, ready to be cut into blocks; it travels to the workers."""

    loop: FeedbackLoop
    ticks: list[Tick]
    replicates: int
    block: int
    literal: bool
    seed: Seed
    measured: tuple[Any, ...]
    raw: tuple[int, ...]
    at: frozenset[int]
    monitors: tuple[Any, ...]
    real: Any
    replacement: bool = False

    @property
    def blocks(self) -> int:
        return -(-self.replicates // self.block)

    def size(self, index: int) -> int:
        """Replicates of one block: all are full but the last."""
        return min(self.block, self.replicates - index * self.block)

    def source(self, index: int) -> Source:
        """Where the block's points come from."""
        rng = np.random.default_rng(np.random.SFC64(self.seed.child(index)))
        apart = np.random.default_rng(np.random.SFC64(self.seed.child(index, Seed.APART)))
        arguments = (self.loop.family, self.loop.bias, self.size(index), rng, apart)
        if self.literal:
            return PointSource(*arguments, data=self.real, replacement=self.replacement)
        steady = all(tick is self.ticks[0] for tick in self.ticks)
        return StatisticsSource(*arguments, ahead=ahead(len(self.ticks)) if steady else 1)


def ahead(generations: int) -> int:
    """Generations for which random numbers are drawn at once: about 20, nearly without waste."""
    return -(-generations // -(-generations // 24))


def _run(
    loop: FeedbackLoop, generations: int, replicates: int, seed: Seed, options: Options,
    executor: Executor | None, progress: bool | None,
) -> Trajectory:  # fmt: skip
    """Plan, run and gather."""
    plan, medians, reason = _plan(loop, generations, replicates, seed, options)
    if not (executor is None or hasattr(executor, "submit")):
        raise InputError(f"executor must be None or have .submit, got {executor!r}")
    summary, steps, values, remarks = _gather(plan, executor, progress)
    probabilities = dict.fromkeys([*options.quantiles, *(p for _, p in medians.values())])
    at = [plan.raw.index(g) for g in options.quantiles_at]
    kept = [plan.raw.index(g) for g in options.keep]
    return Trajectory(
        loop, generations, plan.replicates, tuple(o.label for o in plan.measured), summary,
        Quantiles.of(values[:, at], tuple(probabilities), options.quantiles_at),
        options.keep, values[:, kept] if kept else None, medians,
        tuple(label for m in plan.monitors for label in m.labels), steps,
        seed=seed, literal=plan.literal, literal_reason=reason, options=options,
        versions=_versions(), remarks=remarks | _cautions(plan, summary),
    )  # fmt: skip


def _plan(
    loop: FeedbackLoop, generations: int, replicates: int, seed: Seed, options: Options
) -> tuple[Plan, dict[str, tuple[str, float]], str]:
    """The plan, which labels are quantiles, and what forced a literal run."""
    check_loop(loop)
    replicates = whole(replicates, "replicates", 1)
    ticks = _ticks(loop, generations)
    reason = _literal_reason(loop, options)
    measured, medians = split_medians(options.observables)
    raw = tuple(sorted({*options.quantiles_at, *options.keep}))
    at = frozenset((*options.at, *raw) if options.at else range(generations + 1))
    if options.real is not None:
        check_rows(loop, ticks, len(options.real), options.replacement)
    block = _block(loop, generations, options.real) if reason else BLOCK // loop.family.dimension
    plan = Plan(
        loop, ticks, replicates, block, bool(reason), seed, measured, raw, at,
        options.monitors, options.real, options.replacement,
    )  # fmt: skip
    return plan, medians, reason


def _ticks(loop: FeedbackLoop, generations: int) -> list[Tick]:
    """α, n and the counts of every generation."""
    mixing, sizes = loop.mixing, loop.sizes(generations)
    plain = type(mixing).tick is Mixing.tick and type(mixing).fraction is Mixing.fraction
    schedules = any(isinstance(v, tuple) for v in (loop.n, getattr(mixing, "alpha", None)))
    if plain and not schedules:
        return [mixing.tick(sizes[0], 0)] * generations
    return [mixing.tick(n, index) for index, n in enumerate(sizes)]


def _literal_reason(loop: FeedbackLoop, options: Options) -> str:
    """Why every point is drawn ("" if it is not)."""
    if options.literal:
        return "asked for"
    if options.real is not None:
        return "real data are given"
    if own := _needs_points(loop):
        return own
    return "what is measured on data needs single points" if _wants_points(loop, options) else ""


def _needs_points(loop: FeedbackLoop) -> str:
    """Why a loop can only be run with every point drawn ("" if it need not)."""
    if loop.mixing.literal_only:
        return f"{type(loop.mixing).__name__} uses single points again"
    if loop.estimator.literal:
        return f"{type(loop.estimator).__name__} fits single points"
    if loop.family.literal_under(loop.bias):
        return f"{type(loop.bias).__name__} has no law of sufficient statistics"
    if not hasattr(loop.family, "draw_statistics"):
        return f"{type(loop.family).__name__} has no law of sufficient statistics"
    return ""


def fit_cost(loop: FeedbackLoop) -> float:
    """About how long a fit of the loop takes, in fits of a one-dimensional Gaussian.

    These are drawn from their statistics; it is a rule of thumb, for sizes and for queues.
    """
    family, n = loop.family, float(np.max(loop.n))
    if family.sequential:
        return 1000.0
    numbers = sum(np.size(v) for v in family.parameters().values())
    cost = numbers / 8 if family.types else numbers / 2
    if _needs_points(loop):
        cost += n * family.dimension / 4
    if family.bulky:
        cost += n * family.dimension
    if loop.estimator.literal:
        cost += n * numbers / 8  # all points and components in every step of EM
    return max(cost, 1.0)


def _wants_points(loop: FeedbackLoop, options: Options) -> bool:
    """Whether an observable is measured on what no sufficient statistics hold."""
    seen = {getattr(o, "sees", "") for o in split_medians(options.observables)[0]} - {""}
    return bool(seen) if loop.family.latent else "output and real" in seen


def _block(loop: FeedbackLoop, generations: int, real: Any) -> int:
    """Replicates in a literal block: a function of the loop, the run's length and the data."""
    clock = loop.clock(generations)
    training = int(np.max(loop.mixing.training_size(clock)))
    pool = int(clock.N[-1]) if loop.mixing.grows else int(loop.mixing.memory_size(int(clock.n[0])))
    rows, d = 0 if real is None else len(real), loop.family.dimension
    return max(1, min(BLOCK, CACHE // (training * d), POOL // (max(pool, rows, 1) * d)))


# -- one block --------------------------------------------------------------------------------


def history(plan: Plan, source: Source) -> Iterator[tuple[Any, Any, Any]]:
    """(memory, model, what it was fitted to) at g = 0, 1, …: the loop's definition, in one place.

    The statistics of the training set are None at g = 0, where nothing was fitted.
    """
    loop = plan.loop
    memory, model = _begin(plan, source)
    source.model = model
    yield memory, model, None
    for index, tick in enumerate(plan.ticks):
        source.generation = index
        training, memory = _training(loop, source, memory, tick, index)
        statistics = source.statistics(training)
        source.model = loop.estimator.refit(loop.family, statistics, source.model, source.rng)
        yield memory, source.model, statistics


def _begin(plan: Plan, source: Source) -> tuple[Any, Any]:
    """The memory before the first fit, and model 0."""
    loop, mixing = plan.loop, plan.loop.mixing
    given = not isinstance(loop.start, Truth | FirstFit | Memory)
    model = loop.start.as_model() if given else source.truth
    if not (mixing.anchored or loop.begins_with_pool):
        return None, model
    whole_file = plan.real is not None and not plan.replacement
    if mixing.remembers == "everything" and mixing.anchored and whole_file:
        assert isinstance(source, PointSource)
        return source.rows(), model
    return source.real(mixing.memory_size(plan.ticks[0].n)), model


def _training(
    loop: FeedbackLoop, source: Source, memory: Any, tick: Tick, index: int
) -> tuple[Any, Any]:
    """(training set, next memory) of the fit number ``index`` + 1."""
    if index == 0 and isinstance(loop.start, Memory):
        return memory, memory
    if index == 0 and loop.faithful_start:
        return loop.mixing.first(source, memory, tick)
    return loop.mixing.assemble(source, memory, tick)


def run_block(plan: Plan, index: int) -> tuple[Summary, Summary, Any, dict[str, str]]:
    """Statistics of the observables, of the monitors, the raw values and remarks of one block."""
    source = plan.source(index)
    recorder, watcher = Recorder(plan, source), Watcher(plan, source)
    with np.errstate(all="ignore"):
        for g, (memory, model, training) in enumerate(history(plan, source)):
            recorder.add(g, model, training)
            if plan.monitors:
                watcher.add(g, memory, model)
        recorder.flush()
    return recorder.summary, watcher.summary, recorder.raw, recorder.remarks


# -- all blocks -------------------------------------------------------------------------------


def _gather(
    plan: Plan, executor: Executor | None, progress: bool | None
) -> tuple[Summary, Summary, Any, dict[str, str]]:
    """All blocks, merged in their order as they come; of remarks the first of each is kept."""
    from tqdm import tqdm

    values = np.empty((len(plan.measured), len(plan.raw), plan.replicates))
    merged: list[Summary] = []
    remarks: dict[str, str] = {}
    done = 0
    bar = tqdm(total=plan.replicates, unit=" replicates", unit_scale=True,
               disable=without_bar(progress))  # fmt: skip
    with bar, closing(_blocks(plan, executor)) as blocks:
        for index, (*parts, raw, said) in enumerate(blocks):
            remarks = said | remarks
            merged = [a.merge(b) for a, b in zip(merged, parts, strict=True)] if merged else parts
            size = plan.size(index)
            values[:, :, done : done + size] = raw
            done += size
            bar.update(size)
    summary, steps = merged
    return summary, steps, values, remarks


def _blocks(plan: Plan, executor: Executor | None) -> Generator[tuple[Any, ...]]:
    """The blocks' results in order; a bounded number is under way, none is left behind."""
    if executor is None:
        yield from (run_block(plan, index) for index in range(plan.blocks))
        return
    pending: deque[Any] = deque()
    limit = max(16, 4 * (os.cpu_count() or 1))
    try:
        for index in range(plan.blocks):
            if len(pending) == limit:
                yield pending[0].result()
                pending.popleft()
            pending.append(executor.submit(run_block, plan, index))
        while pending:
            yield pending[0].result()
            pending.popleft()
    finally:  # an error, or Ctrl-C: nothing new begins
        for future in pending:
            future.cancel()


def _cautions(plan: Plan, summary: Summary) -> dict[str, str]:
    """What observables say of their own means."""
    pairs = zip(plan.measured, summary.mean, strict=True)
    said = {o.label: o.caution(means) for o, means in pairs if hasattr(o, "caution")}
    return {label: words for label, words in said.items() if words}


@cache
def _versions() -> dict[str, str]:
    try:
        own = metadata.version("hallofillusions")
    except metadata.PackageNotFoundError:
        own = "unknown"
    return {"python": platform.python_version(), "numpy": np.__version__, "hallofillusions": own}


# -- the arguments ----------------------------------------------------------------------------


def _options(
    loop: Any, generations: Any, observables: Any, quantiles: Any, quantiles_at: Any, keep: Any,
    monitors: Any, literal: Any, real: Any, replacement: Any, at: Any = (),
) -> Options:  # fmt: skip
    """All options checked, or an `InputError` that names the argument."""
    family = check_loop(loop).family
    last = whole(generations, "generations", 1)
    for name, value in (("literal", literal), ("replacement", replacement)):
        if not isinstance(value, bool | np.bool_):
            raise InputError(f"{name} must be True or False, got {value!r}")
    if replacement and real is None:
        raise InputError("replacement=True wants real, the rows that are drawn again and again")
    return Options(
        _checked_observables(observables, family),
        tuple(_probability(p) for p in sequence(quantiles, "quantiles")),
        generations_in(quantiles_at, "quantiles_at", last),
        generations_in(keep, "keep", last),
        _checked_monitors(monitors), bool(literal),
        None if real is None else family.checked(real, "real"),
        bool(replacement),
        generations_in(at, "at", last),
    )  # fmt: skip


def _probability(value: Any) -> float:
    wants = "probabilities between 0 and 1"
    number = as_number(value, "quantiles", wants)
    if not 0 < number < 1:
        raise InputError(f"quantiles must be {wants}, got {value!r}")
    return number


def _checked_observables(observables: Any, family: Any) -> tuple[Any, ...]:
    if observables is None:
        from .observables import defaults

        return defaults(family)
    checked = sequence(observables, "observables")
    for observable in checked:
        if not (hasattr(observable, "label") and hasattr(observable, "measure")):
            raise InputError(f"observables must have .label and .measure, got {observable!r}")
        if hasattr(observable, "check"):
            observable.check(family)
    labels = [o.label for o in checked]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise InputError(f"observables must have different labels, got {twice[0]!r} twice")
    if not checked:
        raise InputError("observables must hold at least one observable, got none")
    return checked


def _checked_monitors(monitors: Any) -> tuple[Any, ...]:
    checked = sequence(monitors, "monitors")
    for monitor in checked:
        if not (hasattr(monitor, "labels") and hasattr(monitor, "measure")):
            raise InputError(f"monitors must have .labels and .measure, got {monitor!r}")
    return checked
