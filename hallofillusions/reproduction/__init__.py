"""The main job: prove, predict, simulate, compare, draw, and write it all into one folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ..comparison import DISAGREES
from ..symbols import InputError, whole
from .facts import cloud_sentence, finite, gathered, numbers, real_sentences, tally, text_sentence
from .folder import RESULTS, checked_target, swap, work_folder
from .work import (
    CLOUD,
    NAMES,
    SEED,
    Crew,
    Data,
    column_of,
    data_tasks,
    first_tasks,
    law_tasks,
    points_of,
    pool_of,
    text_of,
)

PAPERS = ("paper.pdf", "paper.html")
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
    target, seed = checked_target(out), whole(seed, "seed", 0)
    with pool_of(workers, executor) as pool:
        rows, described = column_of(real, column)
        cloud, cloud_described = points_of(points)
        text = text_of(corpus)
        with work_folder(target) as folder:
            (folder / "trajectories").mkdir()
            crew = Crew(pool)
            crew.begin(first_tasks(text, cloud, points is not None, seed))
            names = crew.result(NAMES)
            crew.begin(law_tasks(names))
            data = Data(rows, described, text, crew.result(CLOUD), cloud_described)
            crew.begin(data_tasks(names, full, data, seed, folder / "trajectories"))
            found = crew.results(progress)
            records = gathered(found, data, full, seed)
            _write_data(folder, records)
            with _drawn(folder, pool) as warnings:
                _write_tex(folder, records)
            if paper:
                warnings += _build(folder)
            swap(folder, target)
    summary = _summary(records, warnings)
    papers = [str(target / name) for name in PAPERS if (target / name).exists()]
    summary |= {"out": str(target), "seconds": time.monotonic() - began, "papers": papers}
    return summary


def _summary(records: Mapping[str, Any], warnings: Sequence[str]) -> Reproduction:
    known, runs = records["theorems"], records["runs"]
    wrong = [f"theorem {n}" for n, r in known.items() if r["simulation"]["verdict"] == DISAGREES]
    wrong += [f"run {r['study']} {r['run']}" for r in runs if r["verdict"] == DISAGREES]
    return Reproduction(
        tally(known, runs), seed=records["seed"], full=records["full"], disagreements=wrong,
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
