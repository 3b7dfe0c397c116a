"""`hallofillusions identify` as a user meets it: verdicts, files, exit codes and mistakes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hallofillusions import Categorical, FeedbackLoop, FreshSplit, GaussianMean
from hallofillusions.cli import main
from hallofillusions.simulation import paths

LOOP = FeedbackLoop(GaussianMean(), mixing=FreshSplit(0.5), n=20)
WORLD = ["--family", "GaussianMean", "--first", "0"]
TRUE = [*WORLD, "--mixing", "FreshSplit", "--alpha", "0.5", "--n", "20"]
WRONG = [*WORLD, "--mixing", "Replace", "--alpha", "1/2", "--n", "20"]


def written(path: str, **columns: Any) -> None:
    """Arrays (run, generation) as a row per run and generation."""
    places = np.indices(next(iter(columns.values())).shape).reshape(2, -1)
    found = {"replicate": places[0], "generation": places[1], **columns}
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(found)
        writer.writerows(np.transpose([np.ravel(v) for v in found.values()]).tolist())


@pytest.fixture(scope="module")
def means() -> Any:
    return paths(LOOP, 6, 30, rng=1)["mean"]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], means: Any
) -> Any:
    """``run("runs.csv", …)`` beside that file, in this process: exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    written("runs.csv", mean=means)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["identify", *arguments])
        return status, *capsys.readouterr()

    return run


def files() -> set[str]:
    return {path.name for path in Path.cwd().iterdir()}


# -- verdicts ------------------------------------------------------------------


def test_a_true_sentence_stands_and_everything_is_written(run: Any) -> None:
    status, out, err = run("runs.csv", *TRUE, "--figure", "f.png", "--csv", "t.csv")
    assert (status, err) == (0, "")
    assert out.startswith("Your runs agree with ")
    assert files() == {"runs.csv", "f.png", "t.csv"}
    assert Path("f.png").read_bytes().startswith(b"\x89PNG")
    with Path("t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["verdict"] == "compatible"
    assert rows[-1]["verdict"] == "rejected"
    assert str(LOOP) in {row["loop"] for row in rows if row["verdict"] == "compatible"}


def test_a_wrong_sentence_is_an_exit_code_and_the_json_reads_back(run: Any) -> None:
    status, out, err = run("runs.csv", *WRONG, "--json")
    data = json.loads(out)
    assert (status, err) == (1, "")
    assert not data["ok"]
    assert "the Replace that you state is rejected" in data["sentence"]
    assert any(r.startswith("alpha = 1/2 is a number of the other") for r in data["remarks"])
    for row in [{"loop": data["stated"]}, *data["candidates"]]:
        assert FeedbackLoop.from_dict(row["loop"]).to_dict() == row["loop"]


def test_without_a_stated_sentence_the_numbers_are_those_of_all(run: Any) -> None:
    status, out, _ = run("runs.csv", *WORLD, "--alpha", "0.5", "--n", "20", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["stated"] is None
    assert {row["loop"]["n"] for row in data["candidates"]} == {20}
    alphas = {row["loop"]["mixing"].get("alpha", 0.5) for row in data["candidates"]}
    assert alphas == {0.5}


def test_a_free_number_is_estimated(run: Any) -> None:
    """The stated sentence keeps its own; FreshSplit's α is estimated beside it."""
    status, out, _ = run("runs.csv", *TRUE, "--free", "alpha", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["stated"]["mixing"]["alpha"] == 0.5
    free = [r for r in data["candidates"] if r["loop"]["mixing"].get("alpha") == "alpha"]
    lower, upper = np.transpose([r["estimates"]["alpha"][1:] for r in free if r["estimates"]])
    assert np.any((lower < 0.5) & (upper > 0.5))


def test_the_real_law_and_n_are_read_off_counts(run: Any) -> None:
    law = Categorical((0.6, 0.4))
    found = paths(FeedbackLoop(law, mixing=FreshSplit(0.5), n=20), 6, 30, rng=2)
    counts = np.rint(20 * found["probability"])
    written("counts.csv", count_a=counts[..., 0], count_b=counts[..., 1])
    status, out, err = run("counts.csv", "--alpha", "0.5", "--first", "0")
    assert (status, err) == (0, "")
    said = " ".join(out.split())
    assert f"the real law for {law}" in said
    assert "note: n = 20 is the total of the counts" in said


def test_a_file_states_the_sentence(run: Any) -> None:
    Path("loop.toml").write_text(LOOP.to_toml())
    status, out, _ = run("runs.csv", "--loop", "loop.toml", "--first", "0", "--json")
    assert status == 0
    assert FeedbackLoop.from_dict(json.loads(out)["stated"]) == LOOP


# -- mistakes ------------------------------------------------------------------

MISTAKES = {
    "": "the following arguments are required: RUNS",
    "none.csv": "there is no file none.csv",
    "folder": "runs must be a file that ends in .csv, .npz or .nc, got folder",
    "empty.csv": "empty.csv must hold a table of numbers, got an empty file",
    "text.csv --n 20": "text.csv, line 3: 'mean' must be a number, got 'abc'",
    "runs.csv --nn 20": "unknown argument --nn; did you mean --n?",
    "runs.csv more.csv": "unknown argument more.csv",
    "runs.csv --n 0": "n must be a whole number at least 1, got 0",
    "runs.csv --n ten": "n must be a number, or n where it is free, got ten",
    "runs.csv --n 20 --alpha 1.5": "alpha must be a number in [0, 1], got 1.5",
    "runs.csv --n 20 --lam=-1": "lam must be a number above 0, got -1",
    "runs.csv --size 0": "size must be a whole number at least 1, got 0",
    "runs.csv --n 0 --mixing FreshSplit --alpha 0.5": "n must be a whole number at least 1, got 0",
    "runs.csv --n 20 --mixing FreshSplit --alpha 0.97": "alpha*n must be a whole number of synth",
    "runs.csv --mixing FreshSplit --alpha 0.5": "n is not given: say --n POINTS",
    "runs.csv --mixing FreshSplti --n 20": "mixing has no shipped assumption 'FreshSplti'; did you",
    "runs.csv --n 20 --estimator Bessel": "estimator is said of the sentence that you state: name",
    "runs.csv --n 20 --mean mu": "mean of the real law must be a number, got mu",
    "runs.csv --free beta": "free must be numbers of n, alpha, lam, size, got 'beta'",
    "runs.csv --n 20 --free n": "free must not name n, which is said to be 20",
    "runs.csv --columns theirs": "columns must be like theirs=variance,other=mean, got 'theirs'",
    "runs.csv --columns a=mean,a=variance": "columns must name a column once, got 'a' twice",
    "runs.csv --columns theirs=mean": "columns names 'theirs', which is not there; there are",
    "runs.csv --n 20 --level 2": "level must be a number in (0, 1), got 2",
    "runs.csv --n 20 --power zero": "power must be a number in (0, 1), got 'zero'",
    "runs.csv --n 20 --first x": "first must be ",
    "runs.csv --figure f.bmp": "path must end in .pdf, .png or .svg, got f.bmp",
    "runs.csv --figure folder": "folder must be a file to write, got a folder",
    "runs.csv --figure none/f.png": "none/f.png cannot be written: there is no folder none",
    "runs.csv --csv none/t.csv": "none/t.csv cannot be written: there is no folder none",
    "runs.csv --csv ./runs.csv": "csv must be another file than the runs, got ./runs.csv",
    "runs.csv --loop odd.toml": "the sentence that you state may leave alpha, lam, n, n_0 free",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_in_one_sentence_before_any_work(run: Any, line: str) -> None:
    Path("folder").mkdir()
    Path("empty.csv").write_text("")
    Path("text.csv").write_text("replicate,generation,mean,variance\n1,0,0,1\n1,1,abc,1\n")
    Path("odd.toml").write_text(LOOP.to_toml().replace("n = 20", 'n = "tau"'))
    before = files()
    status, out, err = run(*line.split(), *(["--json"] if line else []))
    assert (status, out) == (2, "")
    assert err.startswith(f"hallofillusions: error: {MISTAKES[line]}")
    assert err.count("\n") == 1
    assert files() == before


def test_a_figure_that_fails_leaves_nothing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Figure, "savefig", fails)
    status, out, err = run("runs.csv", *TRUE, "--figure", "f.png", "--csv", "t.csv")
    assert (status, out) == (2, "")
    assert "no space left" in err
    assert files() == {"runs.csv"}
