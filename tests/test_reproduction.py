"""The main job, made small: the same code on few theorems and few replicates."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallofillusions.proof
import hallofillusions.reproduction.mixtures
import hallofillusions.reproduction.studies
from hallofillusions import reproduction
from hallofillusions.proof import Step, Theorem
from hallofillusions.reproduction import Reproduction, draw, reproduce, work
from hallofillusions.reproduction.facts import finite
from hallofillusions.reproduction.folder import HOLDS, checked_target, swap
from hallofillusions.reproduction.results import Results
from hallofillusions.reproduction.studies import Run, gaussian_rows, studies
from hallofillusions.symbols import InputError
from hallofillusions.trajectory import Trajectory

FEW = ("drift_replace", "gaussian_variance", "stationary_law")


def small(run: Run) -> Run:
    """The same run, fast."""
    last = min(run.generations, 12)
    return replace(run, replicates=replicates(run), generations=last,
                   keep=(last,) if run.keep else ())  # fmt: skip


def quick(run: Run) -> bool:
    """The map of the row law without its high orders, whose rows are many; fewer values of α."""
    order, _, rest = run.name.partition("-")
    few = {"rows": order < "4", "perplexity": rest in ("0.9", "1"),
           "border": rest in ("2-30", "2-100", "6-30", "6-100")}  # fmt: skip
    return few.get(run.study, True)


def replicates(run: Any) -> int:
    """Texts are long and fits of mixtures dear: a few of each are enough."""
    return 2 if run.loop.family.sequential else 4 if run.loop.estimator.literal else 300


def shortened(theorem: Theorem) -> Theorem:
    """The same theorem with the beginning of its proof and one short confrontation."""
    few = [c for c in theorem.confrontations() if max(c.generations) < 100][:1]
    return replace(
        theorem, proof=lambda: islice(theorem.proof(), 2), confrontations=lambda: few
    )  # fmt: skip


@pytest.fixture
def all_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few theorems and replicates, every study."""
    known = hallofillusions.proof.theorems()
    chosen = {n: shortened(known[n]) for n in FEW if n in known}
    monkeypatch.setattr(hallofillusions.proof, "theorems", lambda: chosen)
    monkeypatch.setattr(hallofillusions.reproduction.studies, "studies",
                        lambda *a: [small(r) for r in studies(*a) if quick(r)])  # fmt: skip
    monkeypatch.setattr(work, "CONFRONTING", 4000)
    monkeypatch.setattr(hallofillusions.reproduction.mixtures, "SHOWN", (1, 3))


@pytest.fixture
def few(all_studies: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies only, and two figures: one has its study, the other is warned of."""
    monkeypatch.setattr(
        hallofillusions.reproduction.studies, "studies",
        lambda *a: [small(r) for r in studies(*a) if r.study in ("estimators", "real")],
    )  # fmt: skip
    monkeypatch.setattr(reproduction, "draw", lambda name, folder: (
        draw(name, folder) if name in ("real", "sweep") else ""))  # fmt: skip


MADE_OF_THE_PAPER = {"paper.pdf", "supplement.pdf", "paper.html", "supplement.html", "arxiv.tar.gz"}


def job(out: Path, **more: Any) -> Reproduction:
    return reproduce(out, workers=1, paper=False, progress=False, **more)


def test_the_folder_is_whole(all_studies: None, tmp_path: Path) -> None:
    out = tmp_path / "results"
    summary = job(out)
    assert summary.ok
    assert summary.to_dict()["ok"] is True
    assert "theorems are proved" in str(summary)
    assert [p.name for p in tmp_path.iterdir()] == ["results"]
    assert {p.name for p in out.iterdir()} == set(HOLDS) - MADE_OF_THE_PAPER
    records = json.loads((out / "results.json").read_text("utf-8"))
    assert set(records["theorems"]) <= set(FEW)
    for run in records["runs"]:
        trajectory = Trajectory.load(out / "trajectories" / run["file"])
        assert trajectory.replicates == replicates(trajectory)
    with (out / "theorems.csv").open(encoding="utf-8") as file:
        assert {row["theorem"] for row in csv.DictReader(file)} == set(records["theorems"])
    for name in ("sweep", "mixings", "tails", "stationary", "estimators", "real"):
        for path in Results.at(out).figure(name):
            assert path.stat().st_size > 1000


def test_same_seed_same_numbers(few: None, tmp_path: Path) -> None:
    for name in "ab":
        job(tmp_path / name, seed=5)
    texts = [(tmp_path / name / "results.json").read_text("utf-8") for name in "ab"]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["seed"] == 5
    figures = [(tmp_path / name / "figures" / "real.pdf").read_bytes() for name in "ab"]
    assert figures[0] == figures[1]


def test_a_failed_proof_and_a_disagreement_are_flagged(
    few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(hallofillusions.proof.theorems())
    name = FEW[0]
    confrontation = known[name].confrontations()[0]
    wrong = replace(confrontation, predicted=50 * np.asarray(confrontation.predicted, dtype=float))

    def proof() -> Iterator[Step]:
        yield Step("two and two", 4, 5)

    known[name] = replace(known[name], proof=proof, confrontations=lambda: [wrong])
    monkeypatch.setattr(hallofillusions.proof, "theorems", lambda: known)
    summary = job(tmp_path / "results")
    assert not summary.ok
    assert "two and two" in summary["failed_proofs"][name]
    assert summary["disagreements"] == [f"theorem {name}"]
    assert "DISAGREES" in str(summary)
    assert "figure sweep is not drawn" in str(summary)
    equations = (tmp_path / "results" / "paper" / "equations.tex").read_text("utf-8")
    assert equations.count(r"\failed{} \failed{") == 2  # in the text and in the supplement


def test_a_users_file(few: None, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("a,b\n" + "\n".join(f"{k},{k * k}" for k in range(30)), encoding="utf-8")
    summary = job(tmp_path / "results", real=file, column="b")
    assert "30 rows used as a fixed pool" in str(summary)
    real = Results.at(tmp_path / "results").records["real"]
    assert real["mean"] == pytest.approx(np.mean(np.arange(30.0) ** 2))
    with pytest.raises(InputError, match="no column"):
        job(tmp_path / "other", real=file, column="c")
    with pytest.raises(InputError, match="column"):
        job(tmp_path / "other", column="c")
    assert not (tmp_path / "other").exists()


def test_an_interrupt_leaves_the_earlier_results(
    few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "results"
    out.mkdir()
    (out / "results.json").write_text("{}", encoding="utf-8")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work.Crew, "results", interrupted)
    with pytest.raises(KeyboardInterrupt):
        job(out, seed=9)
    assert [p.name for p in tmp_path.iterdir()] == ["results"]
    assert (out / "results.json").read_text("utf-8") == "{}"


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        job(tmp_path / "file")
    with pytest.raises(InputError, match="out cannot be written"):
        job(tmp_path / "file" / "inside")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        job(tmp_path / "mine")
    for bad in ({"seed": -1}, {"seed": 0.5}, {"seed": True}):
        with pytest.raises(InputError, match="seed"):
            job(tmp_path / "new", **bad)
    with pytest.raises(InputError, match="workers"):
        reproduce(tmp_path / "new", workers=0)
    with pytest.raises(InputError, match=r"no results\.json"):
        Results.at(tmp_path)


def test_the_reference_stays_where_new_results_come(tmp_path: Path) -> None:
    old, new = tmp_path / "results", tmp_path / "new"
    for folder, text in ((old, "old"), (new, "new")):
        (folder / "docs").mkdir(parents=True) if folder == old else folder.mkdir()
        (folder / "results.json").write_text(text)
    (old / "docs" / "index.html").touch()
    swap(new, checked_target(old))
    assert (old / "results.json").read_text() == "new"
    assert (old / "docs" / "index.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["results"]


def test_every_run_has_its_own_seed_whatever_the_others() -> None:
    rows = np.arange(10.0)
    quick, careful = studies(False, rows), studies(True, rows)
    labels = [run.label for run in quick]
    assert len(set(labels)) == len(labels)
    assert set(labels) <= {run.label for run in careful}
    keys = {run.seed(1).spawn_key for run in quick}
    assert len(keys) == len(labels)
    assert all(run.seed(1).entropy == 1 for run in quick)


def test_rows_of_a_gaussian_shape_have_the_files_moments() -> None:
    rows = np.random.default_rng(1).exponential(size=101)
    shaped = gaussian_rows(rows)
    assert np.mean(shaped) == pytest.approx(np.mean(rows))
    assert np.var(shaped) == pytest.approx(np.var(rows))


def test_json_has_no_infinite_numbers() -> None:
    assert finite({"a": [np.inf, 1.0]}) == {"a": ["inf", 1.0]}


def test_a_crew_begins_with_the_long_tasks_and_keeps_the_order() -> None:
    seen: list[str] = []
    tasks = [work.Task(("t", name), lambda name=name: seen.append(name) or name, (), weight)
             for name, weight in (("short", 1.0), ("long", 9.0), ("medium", 3.0))]  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        crew = work.Crew(pool)
        crew.begin(tasks)
        assert crew.result(("t", "long")) == "long"
        assert list(crew.results(False).values()) == ["short", "long", "medium"]
    assert seen == ["long", "medium", "short"]


def test_without_processes_a_task_waits_until_it_is_asked_for() -> None:
    seen: list[int] = []
    crew = work.Crew(None)
    crew.begin(work.Task(("t", str(k)), seen.append, (k,)) for k in range(3))
    assert not seen
    crew.result(("t", "2"))
    assert seen == [2]
    crew.results(False)
    assert seen == [2, 0, 1]  # each once


def test_bad_points_are_told_from_another_process(tmp_path: Path) -> None:
    """What the fit finds out is one sentence, too, and no folder is left."""
    file = tmp_path / "points.csv"
    file.write_text("a,b\n1,2\n2,3\n", encoding="utf-8")
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputError, match="rows to train on"):
        reproduce(tmp_path / "results", points=file, executor=pool, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["points.csv"]


@pytest.mark.slow
def test_loops_are_compiled_ahead(tmp_path: Path) -> None:
    """After it the main job's loops are in numba's cache: runs on text and mixtures add none."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    job = ("from hallofillusions.reproduction.studies import studies, perform\n"
           "from hallofillusions.corpus import Corpus\n"
           "from dataclasses import replace\n"
           "from pathlib import Path\n"
           "from tempfile import mkdtemp\n"
           "for r in studies(corpus=Corpus()):\n"
           "    if r.label in ('perplexity-3-0.9', 'illusion-text-0.5', 'rows-2-10',\n"
           "                   'claimstext-Accumulate', 'mixture-0.5', 'modes-em-0.9'):\n"
           "        perform(replace(r, replicates=2), 1, 0.01, Path(mkdtemp()))\n")  # fmt: skip
    found = []
    for command in (["-m", "hallofillusions.reproduction.ahead"], ["-c", job]):
        subprocess.run([sys.executable, *command], env=environment, check=True)
        found.append({p.name for p in tmp_path.rglob("*.nbc")})
    assert len(found[0]) > 20
    assert found[0] == found[1]
