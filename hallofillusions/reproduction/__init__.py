"""The main job: prove, predict, simulate, compare, draw, and write it all into one folder.

Everything is written into a temporary folder beside the wanted one, which it replaces at the
end: there is never half a result.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from ..comparison import AGREES, DISAGREES, PARTLY, WEAK
from ..symbols import InputError, whole

SEED = 20_251_121
LEVEL = 0.001
"""Chance of any false alarm in the whole job: shared by all theorems and all runs."""
CONFRONTING = 20_000
"""Replicates of a confrontation in the quick setting; the full one takes what each asks for."""
FITS = 1_000_000
"""Fits of a loop in it, so that long runs are fewer (see `confront`)."""
RESULTS = "results.json"
HOLDS = (
    RESULTS, "series.csv", "theorems.csv", "theorems.md", "claims.csv", "definitions.csv",
    "trajectories", "figures", "paper", "paper.pdf", "supplement.pdf", "paper.html",
    "supplement.html", "arxiv.tar.gz",
)  # fmt: skip
"""What a results folder holds, and so the only things that a new one may replace."""
PAPERS = ("paper.pdf", "paper.html")
STAYS = ("docs", "explorer.html", "notebooks")
"""What others write into it, which a new one takes over as it is."""
FIGURES = "hallofillusions.paper.figures"
BUILD = "hallofillusions.paper.build"


class Reproduction(dict[str, Any]):
    """What the job found, in short: plain data; the folder holds the rest."""

    @property
    def ok(self) -> bool:
        """Whether every proof holds and nothing disagrees."""
        return not self["failed_proofs"] and not self["disagreements"]

    def to_dict(self) -> dict[str, Any]:
        return {**self, "ok": self.ok}

    def __str__(self) -> str:
        t, runs = self["theorems"], self["runs"]
        lines = [
            f"{t['proved']} of {t['count']} theorems are proved; simulation agrees with "
            f"{t['agreeing']}, is too weak for {t['weak']} and disagrees with {t['disagreeing']}; "
            f"{t['rivals_rejected']} of {t['rivals']} rival theories are rejected",
            f"{runs['agreeing']} of {runs['count']} runs agree with the prediction where they can "
            f"tell, {runs['weak']} are too weak to tell and {runs['disagreeing']} disagree",
            *(f"FAILED PROOF {name}: {error}" for name, error in self["failed_proofs"].items()),
            *(f"DISAGREES: {name}" for name in self["disagreements"]),
            *(f"warning: {w}" for w in self["warnings"]),
            *self["real"],
            *(f"to read: {path}" for path in self["papers"]),
            f"results in {self['out']} ({self['seconds']:.0f} s, seed {self['seed']})",
        ]
        return "\n".join(lines)


def reproduce(
    out: Any = "results",
    *,
    full: bool = False,
    real: Any = None,
    column: str | None = None,
    corpus: Any = None,
    points: Any = None,
    seed: int = SEED,
    workers: int | None = None,
    executor: Executor | None = None,
    paper: bool = True,
    progress: bool | None = None,
) -> Reproduction:
    """Write the main results into the folder ``out`` and return their summary.

    ========= =====================================================================
    full      the careful setting: ten times the replicates, longer, more values of α
    real      a CSV file with a real ``column``; None: a set that comes with statsmodels
    corpus    a text file, several, or a `Corpus`; None: English text that Python carries
    points    a CSV file of points to which a mixture is fitted; None: a set that comes with
              statsmodels
    seed      of everything; the same seed gives the same numbers
    workers   processes; None: one for each core, at most 8; 1: this process alone
    executor  instead of ``workers``: any `concurrent.futures.Executor`
    paper     whether to build the paper too
    progress  a bar on standard error; None: if that is a terminal
    ========= =====================================================================

    Raises `InputError` for a folder that cannot be written or that holds anything else than
    earlier results, and for a column that cannot be read.
    """
    began = time.monotonic()
    from ..corpus import as_corpus
    from .texts import Cut

    target, seed = checked_target(out), whole(seed, "seed", 0)
    rows, described = _column(real, column)
    text = as_corpus(corpus)
    Cut.of(text)  # is it long enough?
    with _work_folder(target) as folder, _pool(workers, executor) as pool:
        (folder / "trajectories").mkdir()
        proofs = list(_proofs())
        begun = _submitted(proofs, pool)  # while a mixture is fitted to the points
        data = Data(rows, described, text, *_cloud(points))
        tasks = [*_tasks(full, data, seed, folder / "trajectories")]
        found = _run([*proofs, *tasks], pool, progress, begun)
        records = _records(found, data, full, seed)
        _write_data(folder, records)
        with _drawn(folder, pool) as warnings:
            _write_tex(folder, records)
        if paper:
            warnings += _build(folder)
        _swap(folder, target)
    summary = _summary(records, warnings)
    papers = [str(target / name) for name in PAPERS if (target / name).exists()]
    summary |= {"out": str(target), "seconds": time.monotonic() - began, "papers": papers}
    return summary


# -- the folder -----------------------------------------------------------------------------------


def checked_target(out: Any) -> Path:
    """The folder as a path, or an `InputError` that says why it cannot be written."""
    target = Path(out).absolute()
    if target.exists() and not target.is_dir():
        raise InputError(f"out must be a folder, and {target} is a file")
    if target.is_dir():
        others = sorted(p.name for p in target.iterdir() if p.name not in (*HOLDS, *STAYS))
        if others:
            raise InputError(
                f"out must be new, empty or hold earlier results only, and {target} holds "
                f"{', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
            )
    return target


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside the target, gone at the end whatever happens."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"out cannot be written: {error.strerror or error}, {target}") from None
    try:
        folder.chmod(0o755)
        yield folder
    except OSError as error:
        raise InputError(f"out cannot be written: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, target: Path) -> None:
    """The finished folder takes the target's place; the old one goes only then."""
    old = folder.with_name(f"{folder.name}.old")
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(folder, target)
    except BaseException:
        if old.exists():
            os.replace(old, target)
        raise
    for name in STAYS:
        if (old / name).exists():
            os.replace(old / name, target / name)
    shutil.rmtree(old, ignore_errors=True)


def _column(real: Any, column: str | None) -> tuple[Any, str]:
    from ..realdata import default_column, read_column

    if real is None:
        if column is not None:
            raise InputError("column names a column of a file, which real does not give")
        return default_column()
    name = f" column {column!r} of" if column is not None else ""
    return read_column(real, column), f"the{name} file {Path(real).name}"


def _cloud(points: Any) -> tuple[Any, str]:
    """The mixture that is fitted to real points, and what they are."""
    from ..fitting import fit_mixture
    from ..realdata import default_points, read_points

    if points is None:
        rows, described = default_points()
        return fit_mixture(rows, most=6), described
    rows, names = read_points(points)
    return fit_mixture(rows), f"the columns {', '.join(names)} of the file {Path(points).name}"


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


# -- the work -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One piece of work for one process: ``action(*arguments)``, the result kept under ``key``."""

    key: tuple[str, str]
    action: Callable[..., Any]
    arguments: tuple[Any, ...]
    weight: float = 1.0
    """About how long it takes: the long ones go first."""


def _proofs() -> Iterator[Task]:
    """The tasks that need no data."""
    from ..proof import theorems

    for name in theorems():
        yield Task(("proof", name), prove, (name,), 2.0)


def _tasks(full: bool, data: Data, seed: int, folder: Path) -> Iterator[Task]:
    """All others."""
    from ..proof import theorems
    from .studies import studies

    names, runs = list(theorems()), studies(full, *data.parts)
    level = LEVEL / (len(names) + len(runs))
    for name in names:
        most = (None, None) if full else (CONFRONTING, FITS)
        yield Task(("simulation", name), attack, (name, seed, level, *most), 3.0)
    for run in runs:
        cost = run.replicates * run.generations * (100 if run.loop.mixing.literal_only else 1)
        cost *= 100 if run.loop.family.sequential or run.loop.estimator.literal else 1
        yield Task(("run", run.label), perform, (run, seed, level, folder), cost / 1e6)
    yield Task(("text", "samples"), write_samples, (data.corpus, seed))
    yield Task(("mixtures", "pictures"), draw_mixtures, (seed,))


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
    except Exception as failure:  # as above: it counts as a disagreement
        error = f"{type(failure).__name__}: {failure}"
    z = [a.largest_z for a in attacks if a.largest_z is not None]
    fallen = [v for a in attacks for v in a.rivals.values()]
    return {
        "verdict": verdict, "error": error, "largest_z": max(z, default=None),
        "cells": sum(a.cells for a in attacks),
        "replicates": max((a.replicates for a in attacks), default=0),
        "rivals": [sum(fallen), len(fallen)], "attacks": [asdict(a) for a in attacks],
    }  # fmt: skip


def write_samples(*arguments: Any) -> dict[str, Any]:
    """What models write, by generation (see `texts.samples`)."""
    from .texts import samples as action

    return action(*arguments)


def draw_mixtures(*arguments: Any) -> dict[str, Any]:
    """Models of mixtures and their points, by generation (see `mixtures.pictures`)."""
    from .mixtures import pictures as action

    return action(*arguments)


def perform(*arguments: Any) -> dict[str, Any]:
    """One run of a study (see `studies.perform`)."""
    from .studies import perform as action

    return action(*arguments)


@contextmanager
def _pool(workers: int | None, executor: Executor | None) -> Iterator[Executor | None]:
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
    """Processes that begin clean: forking one that has threads may hang."""
    from multiprocessing import get_all_start_methods, get_context

    from ..proof import modules

    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([
        "hallofillusions.reproduction.studies", "hallofillusions.confronting", "sympy",
        "scipy.stats", "statsmodels.stats.multitest", "hallofillusions.numerics.mixture_loops",
        "hallofillusions.numerics.ngram_loops", "hallofillusions.plotting",
        "matplotlib.backends.backend_pdf", *modules(),
    ])  # fmt: skip
    return context


def _prepare() -> None:
    """A worker leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _submitted(tasks: Sequence[Task], pool: Executor | None) -> dict[Future[Any], Task]:
    """Tasks that a pool works on, the long ones first."""
    if pool is None:
        return {}
    ordered = sorted(tasks, key=lambda t: -t.weight)
    return {pool.submit(t.action, *t.arguments): t for t in ordered}


def _run(
    tasks: Sequence[Task], pool: Executor | None, progress: bool | None,
    begun: Mapping[Future[Any], Task],
) -> dict[tuple[str, str], Any]:  # fmt: skip
    """All tasks, those that have ``begun`` too; a result never depends on their order."""
    with _bar(len(tasks), progress) as advance:
        if pool is None:
            return {t.key: advance(t.action(*t.arguments)) for t in tasks}
        known = {t.key for t in begun.values()}
        waiting = {**begun, **_submitted([t for t in tasks if t.key not in known], pool)}
        return {waiting[f].key: advance(f.result()) for f in as_completed(waiting)}


@contextmanager
def _bar(total: int, progress: bool | None) -> Iterator[Callable[[Any], Any]]:
    """A function that passes results on and moves a bar, if there is to be one."""
    if not (sys.stderr.isatty() if progress is None else progress):
        yield lambda result: result
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="task") as bar:

        def advance(result: Any) -> Any:
            bar.update()
            return result

        yield advance


# -- what was found -------------------------------------------------------------------------------


def _records(
    found: Mapping[tuple[str, str], Any], data: Data, full: bool, seed: int
) -> dict[str, Any]:
    """All results as plain data, in a fixed order."""
    from ..proof import theorems
    from .claims import definitions, judged
    from .studies import studies

    known = {
        name: {
            "title": t.title, "kind": str(t.kind), "reference": t.origin, "cites": list(t.cites),
            "assumptions": list(t.assumptions),
            "proof": found["proof", name], "simulation": found["simulation", name],
        }
        for name, t in theorems().items()
    }  # fmt: skip
    runs = [found["run", run.label] for run in studies(full, *data.parts)]
    claims = {"claims": judged(runs, LEVEL), "definitions": definitions(runs)}
    return {
        **claims,
        "seed": seed, "full": full, "level": LEVEL, "versions": versions(), "theorems": known,
        "runs": runs, "real": real_facts(data.column, data.described, runs),
        "text": {**data.corpus.describe(), "samples": found["text", "samples"]},
        "mixtures": {"pictures": found["mixtures", "pictures"], "described": data.cloud_described,
                     "summary": str(data.cloud), "cloud": cloud_facts(data.cloud),
                     **data.cloud.to_dict()},
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Of Python and of the libraries that make the numbers, and the kind of machine."""
    names = ("hallofillusions", "numpy", "scipy", "statsmodels", "sympy")
    kind = platform.machine().replace("_", "-")
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {kind}".strip()}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def real_facts(rows: Any, described: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where and by how much the Gaussian assumption fails on the real column."""
    from ..realdata import describe_fit

    last = {
        (run["run"], row["quantity"]): row for run in runs if run["study"] == "real"
        for row in run["rows"]
    }  # fmt: skip
    facts: dict[str, Any] = {"described": described, **describe_fit(rows)}
    for shape in ("file", "Gaussian"):
        mean, square = (last[shape, q]["theory"] for q in ("variance", "squared variance"))
        spread = math.sqrt(max(square - mean**2, 0.0))
        key = "own_moments" if shape == "file" else "gaussian_moments"
        facts[key] = {"mean_variance": mean, "sd_variance": spread}
    for q in ("mean_variance", "sd_variance"):
        facts[f"{q}_ratio"] = facts["own_moments"][q] / facts["gaussian_moments"][q]
    return facts


def text_sentence(facts: Mapping[str, Any]) -> str:
    """What text the loops of text were trained on."""
    return (
        f"text: {facts['source']}, {facts['characters']:,} characters, {facts['alphabet_size']} "
        f"symbols, {facts['unknown_share']:.2%} unknown, {facts['held_out_share']:.0%} held out"
    )


def cloud_facts(cloud: Any) -> dict[str, Any]:
    """The rows and the mixture that was fitted to them, as plain numbers."""
    own = cloud.family.parameters()
    parts = {k: own[k].tolist() for k in ("weight", "mean", "covariance")}
    return {"rows": cloud.rows.tolist(), "held_out": list(map(list, cloud.family.held_out)),
            **parts}  # fmt: skip


def cloud_sentence(facts: Mapping[str, Any]) -> str:
    """What points the mixture of the real world was fitted to."""
    return f"points: {facts['described']}: {facts['summary']}"


def real_sentences(facts: Mapping[str, Any]) -> list[str]:
    """The same in words."""
    return [
        f"real data: {facts['described']}, {facts['rows']:.0f} rows used as a fixed pool (a "
        f"finite file is never fresh); skewness {facts['skewness']:.3g}, excess kurtosis "
        f"{facts['excess_kurtosis']:.3g} (Gaussian: 0, 0), Jarque-Bera p "
        f"{facts['jarque_bera_p']:.2g}; beyond 2 sd {facts['tail_beyond_2']:.2%} of the rows "
        f"(Gaussian {facts['gaussian_tail_beyond_2']:.2%}), beyond 3 sd "
        f"{facts['tail_beyond_3']:.2%} (Gaussian {facts['gaussian_tail_beyond_3']:.2%})",
        f"real data: with the file's own moments the loop's E σ² is "
        f"{facts['mean_variance_ratio']:.3f} and its sd of σ² {facts['sd_variance_ratio']:.3f} "
        f"times what rows of a Gaussian shape would give",
    ]


def numbers(records: Mapping[str, Any]) -> dict[str, Any]:
    """Every number of the paper by its command's name."""
    from .tables import claim_values, command, definition_values, last_values

    known, runs = records["theorems"], records["runs"]
    tally = _tally(known, runs)
    values: dict[str, Any] = {
        "JobSeed": str(records["seed"]), "JobLevel": records["level"],
        "JobSetting": "careful" if records["full"] else "quick",
        **{command("job theorems", k): v for k, v in tally["theorems"].items()},
        **{command("job runs", k): v for k, v in tally["runs"].items()},
        **{command("version", k): v for k, v in records["versions"].items()},
    }  # fmt: skip
    values |= last_values(runs)
    for name, record in known.items():
        values[f"{command(name)}Lines"] = record["proof"]["lines"]
        values[f"{command(name)}Runs"] = record["simulation"]["replicates"]
    for key, value in records["real"].items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        values |= {command("real", key, part): v for part, v in parts}
    values |= {command("text", key): v for key, v in records["text"].items()
               if isinstance(v, int | float) or key == "source"}  # fmt: skip
    values["RealRows"] = int(records["real"]["rows"])
    values |= {command("cloud", key): records["mixtures"][key]
               for key in ("components", "rows", "held_out", "described")}  # fmt: skip
    values |= claim_values(records["claims"]) | definition_values(records["definitions"])
    values["PicturePoints"] = records["mixtures"]["pictures"]["replace"]["n"]
    return values


def _tally(known: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    verdicts = [r["simulation"]["verdict"] for r in known.values()]
    fallen = [r["simulation"]["rivals"] for r in known.values()]
    own = [r["verdict"] for r in runs if any(q["cells"] for q in r["quantities"].values())]
    return {
        "theorems": {
            "count": len(known), "proved": sum(r["proof"]["ok"] for r in known.values()),
            "lines": sum(r["proof"]["lines"] for r in known.values()),
            "agreeing": verdicts.count(AGREES), "disagreeing": verdicts.count(DISAGREES),
            "weak": len(verdicts) - verdicts.count(AGREES) - verdicts.count(DISAGREES),
            "rivals": sum(t for _, t in fallen), "rivals_rejected": sum(f for f, _ in fallen),
            "cells": sum(r["simulation"]["cells"] for r in known.values()),
        },
        "runs": {
            "count": len(own), "measured_only": len(runs) - len(own),
            "agreeing": own.count(AGREES) + own.count(PARTLY),
            "disagreeing": own.count(DISAGREES), "weak": own.count(WEAK),
        },
    }  # fmt: skip


def _summary(records: Mapping[str, Any], warnings: Sequence[str]) -> Reproduction:
    known, runs = records["theorems"], records["runs"]
    wrong = [f"theorem {n}" for n, r in known.items() if r["simulation"]["verdict"] == DISAGREES]
    wrong += [f"run {r['study']} {r['run']}" for r in runs if r["verdict"] == DISAGREES]
    return Reproduction(
        _tally(known, runs), seed=records["seed"], full=records["full"], disagreements=wrong,
        failed_proofs={n: r["proof"]["error"] for n, r in known.items() if not r["proof"]["ok"]},
        warnings=list(warnings),
        real=[*real_sentences(records["real"]), text_sentence(records["text"]),
              cloud_sentence(records["mixtures"])],
    )  # fmt: skip


# -- files ----------------------------------------------------------------------------------------


def _write_data(folder: Path, records: Mapping[str, Any]) -> None:
    """The tables, of which figures are made."""
    from .tables import as_csv, as_markdown, theorem_rows

    series = [row for run in records["runs"] for row in run["rows"]]
    table = theorem_rows(records["theorems"])
    runs = [{k: v for k, v in run.items() if k != "rows"} for run in records["runs"]]
    files = {
        RESULTS: json.dumps(finite({**records, "runs": runs}), indent=1, ensure_ascii=False) + "\n",
        "series.csv": as_csv(series), "theorems.csv": as_csv(table),
        "claims.csv": as_csv(records["claims"]), "definitions.csv": as_csv(records["definitions"]),
        "theorems.md": as_markdown(table),
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _write_tex(folder: Path, records: Mapping[str, Any]) -> None:
    """The numbers and the equations of the paper."""
    (folder / "paper").mkdir()
    for name, text in (("numbers", _numbers_tex(records)), ("equations", _equations_tex(records))):
        (folder / "paper" / f"{name}.tex").write_text(text, encoding="utf-8")


def finite(value: Any) -> Any:
    """The same data with text where JSON has no number: inf and nan."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _numbers_tex(records: Mapping[str, Any]) -> str:
    from .tables import number_commands

    return "\n".join(["% made by reproduce", *number_commands(numbers(records)), ""])


def _equations_tex(records: Mapping[str, Any]) -> str:
    from .tables import claim_commands, definition_command, equation_commands

    verdicts = [*claim_commands(records["claims"]), definition_command(records["definitions"])]
    return "\n".join([*equation_commands(records["theorems"]), *verdicts, ""])


@contextmanager
def _drawn(folder: Path, pool: Executor | None) -> Iterator[list[str]]:
    """Every figure as PDF and PNG, each by its own script, until the block ends; the warnings."""
    from pkgutil import iter_modules

    (folder / "figures").mkdir()
    names = sorted(m.name for m in iter_modules(import_module(FIGURES).__path__)
                   if not m.name.startswith("_"))  # fmt: skip
    warnings: list[str] = []
    begun = [] if pool is None else [pool.submit(draw, name, folder) for name in names]
    yield warnings
    told = (f.result() for f in begun) if begun else (draw(name, folder) for name in names)
    warnings += filter(None, told)


def draw(name: str, folder: Path) -> str:
    """One figure; a warning where what it shows is not among the results."""
    try:
        import_module(f"{FIGURES}.{name}").draw(folder)
    except InputError as error:
        return f"figure {name} is not drawn: {error}"
    return ""


def _build(folder: Path) -> list[str]:
    """The paper, or the reason why there is none."""
    build = import_module(BUILD)
    try:
        report = build.build(folder)
    except build.BuildError as error:
        return [f"the paper is not built: {error}"]
    return [f"paper: {problem}" for problem in report.problems]
