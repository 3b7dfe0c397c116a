"""The work of the main job: its data, its tasks, and the processes that do them."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..comparison import DISAGREES
from ..symbols import InputError, whole, without_bar

SEED = 20_251_121
LEVEL = 0.001
"""Chance of any false alarm in the whole job: shared by all theorems and all runs."""
CONFRONTING = 20_000
"""Replicates of a confrontation in the quick setting; the full one takes what each asks for."""
FITS = 800_000
"""Fits of a loop in it, so that long runs are fewer (see `confront`)."""


# -- the data --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Data:
    """What is real in the job: a column, a corpus and a mixture fitted to points."""

    column: Any
    described: str
    corpus: Any
    cloud: Any
    cloud_described: str

    @property
    def parts(self) -> tuple[Any, Any, Any]:
        return self.column, self.corpus, self.cloud


def column_of(real: Any, column: str | None) -> tuple[Any, str]:
    from ..realdata import default_column, read_column

    if real is None:
        if column is not None:
            raise InputError("column names a column of a file, which real does not give")
        return default_column()
    name = f" column {column!r} of" if column is not None else ""
    return read_column(real, column), f"the{name} file {Path(real).name}"


def text_of(corpus: Any) -> Any:
    """The corpus, which must be long enough for the loops of text."""
    from ..corpus import as_corpus
    from .texts import Cut

    found = as_corpus(corpus)
    Cut.of(found)
    return found


def points_of(points: Any) -> tuple[Any, str]:
    """The real points to which a mixture is fitted, and what they are."""
    from ..realdata import default_points, read_points

    if points is None:
        return default_points()
    rows, names = read_points(points)
    return rows, f"the columns {', '.join(names)} of the file {Path(points).name}"


def cloud_of(rows: Any, own: bool) -> Any:
    """The mixture that is fitted to them; fewer are tried where they are not the user's ``own``."""
    from ..fitting import MOST, fit_mixture

    return fit_mixture(rows, most=MOST if own else 6)


# -- the tasks -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One piece of work for one process: ``action(*arguments)``, the result kept under ``key``."""

    key: tuple[str, str]
    action: Callable[..., Any]
    arguments: tuple[Any, ...]
    weight: float = 1.0
    """About how long it takes: the long ones go first."""


NAMES = ("theorems", "names")
CLOUD = ("mixtures", "cloud")
ENDS = ("claims", "ends")
SHAPE = ("real", "shape")


def first_tasks(corpus: Any, rows: Any, own: bool, seed: int) -> Iterator[Task]:
    """What may begin before the cloud is fitted and the theorems are known.

    In a fresh installation the last three compile most of the loops, while another process proves
    theorems, and not every process once.
    """
    from .mixtures import pictures
    from .texts import samples

    yield Task(NAMES, theorem_names, (), 10.0)
    yield Task(CLOUD, cloud_of, (rows, own), 9.0)
    yield Task(("text", "samples"), samples, (corpus, seed), 9.0)
    yield Task(("mixtures", "pictures"), pictures, (seed,), 9.0)


def theorem_names() -> list[str]:
    """A worker tells them: the process that only waits for others need not load the theorems."""
    from ..proof import theorems

    return list(theorems())


def law_tasks(names: Iterable[str]) -> Iterator[Task]:
    """Every theorem is proved."""
    for name in names:
        yield Task(("law", name), law, (name,), 2.0)


def data_tasks(
    names: Sequence[str], full: bool, data: Data, seed: int, folder: Path
) -> Iterator[Task]:
    """All others: every theorem is attacked and every run is made."""
    from ..realdata import describe_fit
    from ..simulation import fit_cost
    from .claims import ends_of
    from .studies import perform, studies

    runs = studies(full, *data.parts)
    loops = {run.name: run.loop for run in runs if run.study == "mixings"}
    yield Task(ENDS, ends_of, (loops,))
    yield Task(SHAPE, describe_fit, (data.column,))
    level = LEVEL / (len(names) + len(runs))
    for name in names:
        most = (None, None) if full else (CONFRONTING, FITS)
        yield Task(("simulation", name), attack, (name, seed, level, *most), 3.0)
    for run in runs:
        fits = run.replicates * run.generations * fit_cost(run.loop)
        yield Task(("run", run.label), perform, (run, seed, level, folder), fits / 1e6)


def law(name: str) -> dict[str, Any]:
    """What is known of one theorem without data: its words, its proof, and how it is printed."""
    from ..proof import find_theorem
    from .tables import printed

    theorem = find_theorem(name)
    return {
        "title": theorem.title, "kind": str(theorem.kind), "reference": theorem.origin,
        "cites": list(theorem.cites), "assumptions": list(theorem.assumptions),
        "proof": prove(name), "printed": printed(theorem),
    }  # fmt: skip


def prove(name: str) -> dict[str, Any]:
    """Check every line of one theorem's proof."""
    from ..proof import find_theorem

    steps, error = find_theorem(name).checked()
    return {"ok": not error, "lines": len(steps), "error": error}


def attack(
    name: str, seed: int, level: float, replicates: int | None = None, fits: int | None = None
) -> dict[str, Any]:
    """Every confrontation of one theorem with simulation."""
    from ..confronting import confront, verdict_of
    from ..proof import find_theorem

    attacks, error, verdict = [], "", DISAGREES
    try:
        attacks = confront(find_theorem(name), replicates=replicates, fits=fits, rng=seed,
                           level=level)  # fmt: skip
        verdict = verdict_of(attacks)
    except Exception as failure:  # it counts as a disagreement
        error = f"{type(failure).__name__}: {failure}"
    z = [a.largest_z for a in attacks if a.largest_z is not None]
    fallen = [v for a in attacks for v in a.rivals.values()]
    return {
        "verdict": verdict, "error": error, "largest_z": max(z, default=None),
        "cells": sum(a.cells for a in attacks),
        "replicates": max((a.replicates for a in attacks), default=0),
        "rivals": [sum(fallen), len(fallen)], "attacks": [asdict(a) for a in attacks],
    }  # fmt: skip


# -- the processes ---------------------------------------------------------------------------------


RARELY = (50_000, 20, 100)
"""New objects, and rounds, after which a worker looks for garbage: formulas are many objects."""
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What says how many threads multiply matrices: one in each worker, if the user says nothing."""


@contextmanager
def pool_of(workers: int | None, executor: Executor | None) -> Iterator[Executor | None]:
    """The given executor, processes of our own, or None for this process alone."""
    count = min(os.cpu_count() or 1, 8) if workers is None else whole(workers, "workers", 1)
    if executor is not None or count == 1:
        yield executor
        return
    pool = ProcessPoolExecutor(count, mp_context=_context(), initializer=_prepare)
    try:
        yield pool
        pool.shutdown()
    except BaseException:  # a Ctrl-C, too: leave no process behind
        workers_now = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in workers_now:
            process.terminate()
        raise


def _context() -> Any:
    """Processes that begin clean: forking one that has threads may hang.

    The server that forks them begins to load what they need at once, while this process reads; a
    Ctrl-C is none of its business.
    """
    from multiprocessing import forkserver, get_all_start_methods, get_context, resource_tracker

    from ..proof import modules

    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([
        "hallofillusions.reproduction.loading", "hallofillusions.reproduction.studies",
        "hallofillusions.confronting", "sympy", "scipy.stats", "statsmodels.stats.multitest",
        "hallofillusions.numerics.mixture_loops", "hallofillusions.numerics.ngram_loops",
        "hallofillusions.count_loops", "hallofillusions.plotting",
        "matplotlib.backends.backend_pdf", *modules(),
    ])  # fmt: skip
    resource_tracker.ensure_running()  # it lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    unsaid = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(unsaid, "1"))
    try:
        forkserver.ensure_running()
    finally:
        for name in unsaid:
            del os.environ[name]
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def _prepare() -> None:
    """A worker leaves Ctrl-C to its parent, and what is loaded to the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


class Crew:
    """Does tasks: the processes of a pool, or without one this process, when it is asked."""

    def __init__(self, pool: Executor | None) -> None:
        self.pool = pool
        self.tasks: dict[tuple[str, str], Task] = {}
        self.begun: dict[tuple[str, str], Future[Any]] = {}
        self.done: dict[tuple[str, str], Any] = {}

    def begin(self, tasks: Iterable[Task]) -> None:
        """Queue the tasks, the long ones first."""
        new = {t.key: t for t in tasks}
        self.tasks |= new
        if self.pool is not None:
            for t in sorted(new.values(), key=lambda t: -t.weight):
                self.begun[t.key] = self.pool.submit(t.action, *t.arguments)

    def result(self, key: tuple[str, str]) -> Any:
        """What one task found."""
        if key not in self.done:
            task = self.tasks[key]
            begun = self.begun.get(key)
            self.done[key] = task.action(*task.arguments) if begun is None else begun.result()
        return self.done[key]

    def results(self, progress: bool | None) -> dict[tuple[str, str], Any]:
        """What all of them found, in the order in which they were given."""
        from tqdm import tqdm

        with tqdm(total=len(self.tasks), unit="task", disable=without_bar(progress)) as bar:
            keys = {future: key for key, future in self.begun.items()}
            for key in map(keys.__getitem__, as_completed(keys)) if keys else self.tasks:
                self.result(key)
                bar.update()
        return {key: self.result(key) for key in self.tasks}
