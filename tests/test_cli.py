"""The command line as a user meets it: text, JSON, files and exit codes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallofillusions as h
from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, Replace, Trajectory
from hallofillusions.cli import COMMANDS, _medians_at, main
from hallofillusions.cli.declarations import declared
from hallofillusions.component import KINDS, fields_of, find, shipped
from hallofillusions.proof import ProofError, Step, find_theorem, theorems
from hallofillusions.realdata import read_points

SPLIT = ["--mixing", "FreshSplit", "--alpha", "0.9", "--n", "20"]
REPLACE = ["--mixing", "Replace", "--n", "10"]
LOOP = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=20)


@dataclass
class Answer:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """``run("predict", …)`` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Answer:
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return Answer(status, out, err)

    return run


# -- help ----------------------------------------------------------------------


def test_without_a_command_it_says_what_there_is(run: Any) -> None:
    answer = run()
    assert answer.status == 0
    assert all(name in answer.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_that_parses(name: str, run: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(name, "--help")
    assert stopped.value.code == 0
    assert COMMANDS[name].example.startswith(f"hallofillusions {name}")


def test_every_shipped_field_has_a_flag(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("predict", "--help")
    text = capsys.readouterr().out
    for role, kind in (("mixing", "mixing"), ("bias", "biases"), ("family", "families")):
        for name in shipped(kind):
            assert name in text
            for field in fields(find(kind, name)):
                assert f"--{role}-{field.name} " in text


def test_the_version(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--version")
    assert capsys.readouterr().out == f"hallofillusions {h.__version__}\n"


# -- a loop ----------------------------------------------------------------------


def loop_of(answer: Answer) -> FeedbackLoop:
    return FeedbackLoop.from_dict(answer.json["loop"])


def test_flags_make_the_sentence(run: Any) -> None:
    answer = run("predict", "--json", "--mixing", "FixedReal", "--mixing-real", "3", "--n", "10,12",
                 "--bias", "ScaleCovariance", "--lam", "19/20", "--estimator", "Bessel",
                 "--mean", "-1", "--variance", "1e-1", "--start", "Gaussian", "--start-mean=-2",
                 "--generations", "2")  # fmt: skip
    assert loop_of(answer) == FeedbackLoop(
        Gaussian(-1, 0.1), mixing=h.FixedReal(real=3), n=(10, 12), estimator=h.Bessel(),
        bias=h.ScaleCovariance(Fraction(19, 20)), start=Gaussian(-2, 1),
    )  # fmt: skip


def test_a_file_makes_the_sentence_and_flags_change_it(run: Any) -> None:
    Path("loop.toml").write_text(LOOP.to_toml())
    assert loop_of(run("predict", "--json", "--loop", "loop.toml")) == LOOP
    changed = run("predict", "--json", "--loop", "loop.toml", "--n", "30", "--alpha", "0.5")
    assert loop_of(changed) == FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=30)
    other = run("predict", "--json", "--loop", "loop.toml", "--mixing", "Replace")
    assert loop_of(other).mixing == Replace()


# -- derive ----------------------------------------------------------------------


def test_a_theorem_is_printed_with_a_tick_per_line(run: Any) -> None:
    answer = run("derive", "gaussian_variance")
    theorem = find_theorem("gaussian_variance")
    assert answer.status == 0
    assert theorem.title in answer.out
    assert theorem.origin in answer.out
    assert all(a.split()[0] in answer.out for a in theorem.assumptions)
    assert answer.out.count("✓") == len(theorem.prove())
    data = run("derive", "gaussian_variance", "--json").json
    assert data["proved"]
    assert len(data["proof"]) == answer.out.count("✓")
    assert run("derive", "gaussian_variance", "--latex").out.startswith("\\begin{theorem}")


def test_a_proof_that_fails_is_an_exit_code(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Step) -> Step:
        raise ProofError("one is not two")

    monkeypatch.setattr(Step, "check", fails)
    answer = run("derive", "gaussian_variance")
    assert answer.status == 1
    assert "✗ one is not two" in answer.out
    assert "✓" not in answer.out
    assert run("derive", "gaussian_variance", "--json").json["proved"] is False


def test_the_list_holds_every_theorem_its_kind_and_its_origin(run: Any) -> None:
    answer = run("derive", "--list")
    words = " ".join(answer.out.split())
    for theorem in theorems().values():
        assert f"{theorem.name} {theorem.kind} not run not run" in words
        assert f"{theorem.name}: {theorem.title} [{theorem.origin}]" in words
    assert "no earlier statement known" in answer.out
    assert {row["name"] for row in run("derive", "--list", "--json").json} == set(theorems())


def test_the_list_tells_the_verdicts_of_the_last_main_job(run: Any, tmp_path: Path) -> None:
    verdicts = {"proof": {"ok": True, "lines": 7, "error": ""}, "simulation": {"verdict": "agrees"}}
    failed = {"proof": {"ok": False, "lines": 1, "error": "one is not two"},
              "simulation": {"verdict": "disagrees"}}  # fmt: skip
    records = {"theorems": dict.fromkeys(theorems(), verdicts)}
    (tmp_path / "results.json").write_text(json.dumps(records))
    answer = run("derive", "--list", "--results", str(tmp_path))
    assert answer.status == 0
    assert answer.out.count("7 lines  agrees") == len(theorems())
    records["theorems"]["gaussian_variance"] = failed
    (tmp_path / "results.json").write_text(json.dumps(records))
    answer = run("derive", "--list", "--results", str(tmp_path))
    assert answer.status == 1
    assert "FAILS: one is not two" in answer.out
    assert run("derive", "--list", "--results", str(tmp_path / "none")).status == 2


def test_the_list_proves_and_confronts_now(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"gaussian_variance": find_theorem("gaussian_variance")}
    monkeypatch.setattr("hallofillusions.proof.theorems", lambda: one)
    answer = run("derive", "--list", "--prove", "--confront", "--json")
    assert answer.status == 0
    assert answer.json[0]["proof"]["lines"] == len(one["gaussian_variance"].prove())
    assert answer.json[0]["simulation"]["verdict"] == "agrees"


def test_a_recursion_in_numbers_and_in_symbols(run: Any) -> None:
    answer = run("derive", *SPLIT)
    assert answer.status == 0
    assert "E[v](g) = 0.09 E[delta^2](g-1) + 0.855 E[v](g-1) + 0.095" in answer.out
    assert "settles" in answer.out
    assert "half-life" in answer.out
    symbolic = run("derive", *SPLIT, "--symbolic", "--json").json
    assert symbolic["rates"][0] == "alpha"
    numeric = run("derive", *SPLIT, "--json").json
    place = numeric["monomials"].index("v")
    fixed = h.derive(LOOP).iterate(2000)[-1][place]
    assert numeric["fixed point"]["v"] == pytest.approx(fixed)
    assert "aligned" in run("derive", *SPLIT, "--latex").out


@pytest.mark.parametrize("extra", [
    ["--mixing", "Accumulate", "--n", "9"], ["--mixing", "Replace", "--n", "5,6,7"],
    ["--mixing", "Replace", "--n", "n"], ["--mixing", "FixedPool", "--alpha", "a", "--n", "n",
                                          "--size", "n_0"],
    ["--mixing", "Replace", "--n", "5", "--order", "4"],
])  # fmt: skip
def test_every_kind_of_recursion_is_printed(run: Any, extra: list[str]) -> None:
    assert "E[v](g) = " in run("derive", *extra).out
    assert run("derive", *extra, "--json").json["monomials"]


# -- predict, simulate, compare --------------------------------------------------------------------


def test_predictions_are_those_of_the_library(run: Any) -> None:
    answer = run("predict", *SPLIT, "--generations", "7", "--json")
    values = answer.json["quantities"]["variance"]["values"]
    assert values == h.predict(LOOP, 7)["variance"].tolist()
    text = run("predict", *SPLIT, "--generations", "7", "--csv", "t.csv", "--at", "0,7").out
    assert "g = 7" in text
    assert "recursion" in text
    rows = table("t.csv")
    assert [int(r["generation"]) for r in rows] == list(range(8))
    assert [float(r["variance"]) for r in rows] == values


def test_a_run_is_saved_and_run_again(run: Any) -> None:
    answer = run("simulate", *SPLIT, "--replicates", "300", "--generations", "3", "--seed", "4",
                 "--save", "r.nc", "--csv", "r.csv", "--json")  # fmt: skip
    own = h.simulate(LOOP, 3, replicates=300, rng=4)
    found = answer.json["quantities"]["variance"]
    assert found["mean"] == own.mean("variance").tolist()
    assert answer.json["seed"] == 4
    again = run("simulate", "--rerun", "r.nc", "--json", "--workers", "2")
    assert again.json == answer.json
    assert Trajectory.load("r.nc").replicates == 300
    assert len(table("r.csv")) == 4 * len(own.quantities)
    assert "300 replicates, sufficient statistics, seed 4" in run("simulate", "--rerun", "r.nc").out


def test_a_literal_run_says_so(run: Any) -> None:
    arguments = ["simulate", *SPLIT, "--replicates", "50", "--generations", "2", "--seed", "1"]
    assert "every point drawn (asked for)" in run(*arguments, "--literal").out


def test_theory_and_simulation_agree(run: Any) -> None:
    answer = run("compare", *REPLACE, "--generations", "4", "--seed", "1", "--steps", "--json",
                 "--csv", "c.csv")  # fmt: skip
    assert answer.status == 0
    assert answer.json["verdict"] == "agrees in part"
    assert "step of the variance" in answer.json["quantities"]
    assert len(table("c.csv")) == len(answer.json["cells"])


def test_a_saved_run_of_another_loop_disagrees(run: Any) -> None:
    run("simulate", *REPLACE, "--seed", "1", "--generations", "4", "--save", "r.nc")
    assert run("compare", "--trajectory", "r.nc").status == 0
    answer = run("compare", "--trajectory", "r.nc", *REPLACE, "--estimator", "Bessel")
    assert answer.status == 1
    assert answer.out.startswith("disagrees")


@pytest.fixture(scope="module")
def own_runs() -> tuple[str, str]:
    """Runs of Replace with ddof = 0 by a loop of five lines: long and wide."""
    rng, wide, long = np.random.default_rng(3), [], ["run,g,mean,variance"]
    for r in range(2000):
        mean, variance, row = 0.0, 1.0, []
        for g in (1, 2, 3):
            x = rng.normal(mean, variance**0.5, 10)
            mean, variance = x.mean(), x.var()
            long.append(f"{r},{g},{mean},{variance}")
            row.append(str(variance))
        wide.append(",".join(row))
    return "\n".join(long), "\n".join(wide)


@pytest.mark.parametrize("extra", [[], ["--quantity", "variance"]])
def test_your_own_runs_meet_the_theory(
    run: Any, extra: list[str], own_runs: tuple[str, str]
) -> None:
    Path("runs.csv").write_text(own_runs[len(extra) // 2])
    assert run("compare", *REPLACE, "--runs", "runs.csv", *extra).status == 0
    wrong = run("compare", *REPLACE, "--runs", "runs.csv", *extra, "--estimator", "Bessel")
    assert wrong.status == 1
    assert "variance: disagrees" in wrong.out


def test_real_data_fit_the_world(run: Any) -> None:
    values = np.random.default_rng(5).exponential(2, 60)
    Path("x.csv").write_text("id,flow\n" + "\n".join(f"{i},{v}" for i, v in enumerate(values)))
    real = ["--real", "x.csv", "--column", "flow", "--generations", "3"]
    pool = ["--mixing", "FixedPool", "--alpha", "0.5", "--n", "10", "--start", "Memory", *real]
    answer = run("compare", *pool, "--replicates", "3000", "--seed", "1", "--steps", "--json")
    loop = loop_of(answer)
    assert loop.family == Gaussian(float(values.mean()), float(values.var()))
    assert loop.mixing == h.FixedPool(0.5, 60)
    assert answer.json["verdict"] == "agrees in part"
    assert run("predict", *pool).status == 0

    rows = ["--mixing", "FreshSplit", "--alpha", "0.5", "--n", "50", *real, "--seed", "1"]
    stopped = run("simulate", *rows)
    assert stopped.status == 2
    assert "60 rows" in stopped.err


MIXTURE = ["--family", "GaussianMixture", "--mixing", "FreshSplit", "--alpha", "0.5", "--n", "40"]


@pytest.fixture(scope="module")
def cloud() -> str:
    """A file of three clusters, each with a name, and of what each point is the number."""
    rng = np.random.default_rng(8)
    kind = rng.integers(3, size=300)
    x, y = np.array([[0, 8, 0], [0, 0, 8]])[:, kind] + rng.normal(size=(2, 300))
    rows = zip(range(300), x, y, np.array(list("abc"))[kind], strict=True)
    return "id,x,y,kind\n" + "".join(f"{i},{a:.5f},{b:.5f},{k}\n" for i, a, b, k in rows)


def test_points_make_a_mixture_whose_size_is_chosen_and_said(run: Any, cloud: str) -> None:
    Path("points.csv").write_text(cloud)
    points = ["--real", "points.csv", "--columns", "x,y", "--generations", "2"]
    fit = h.fit_mixture(read_points("points.csv", ["x", "y"])[0])
    told = run("predict", *MIXTURE, *points)
    assert told.status == 0
    assert " ".join(told.out.split()).startswith(f"points.csv (x, y): {fit}")
    answer = run("predict", *MIXTURE, *points, "--json")
    assert loop_of(answer).family == fit.family
    assert answer.json["world"]["components"] == 3
    assert answer.json["world"]["bic"]["3"] == pytest.approx(fit.bic[3])
    assert answer.json["world"]["rows"] == len(fit.rows) == 240

    compared = run("compare", *MIXTURE, *points, "--components", "2", "--replicates", "300",
                   "--seed", "1", "--replacement", "--json")  # fmt: skip
    assert compared.status == 0
    assert compared.json["world"]["tried"] == [2]
    assert compared.json["verdict"] == "agrees in part"


def test_points_are_the_pool_of_a_mixture(run: Any, cloud: str) -> None:
    Path("points.csv").write_text(cloud)
    loop = ["--family", "GaussianMixture", "--mixing", "FixedPool", "--alpha", "0.5", "--n", "40",
            "--start", "Memory", "--covariance_type", "diag", "--held_out", "0.4"]  # fmt: skip
    answer = run("simulate", *loop, "--real", "points.csv", "--column", "x", "--column", "y",
                 "--generations", "2", "--replicates", "20", "--seed", "1", "--json")  # fmt: skip
    assert loop_of(answer).mixing == h.FixedPool(0.5, 180)
    assert loop_of(answer).family.covariance_type == "diag"
    assert len(loop_of(answer).family.held_out) == 120
    assert answer.json["quantities"]["trace of the covariance"]["mean"][0] > 0


def test_a_mixture_that_is_given_is_not_fitted(run: Any, cloud: str) -> None:
    Path("points.csv").write_text(cloud)
    answer = run("predict", *MIXTURE, "--real", "points.csv", "--columns", "x,y", "--json",
                 "--weights", "0.5,0.5", "--means", "0,0,8,0", "--generations", "1")  # fmt: skip
    assert loop_of(answer).family == h.GaussianMixture((0.5, 0.5), ((0, 0), (8, 0)))
    assert "world" not in answer.json


def test_points_make_a_gaussian_of_as_many_dimensions(run: Any, cloud: str) -> None:
    Path("points.csv").write_text(cloud)
    rows = read_points("points.csv", ["x", "y"])[0]
    loop = ["--mixing", "FixedPool", "--alpha", "0.5", "--n", "40", "--start", "Memory"]
    answer = run("predict", *loop, "--real", "points.csv", "--columns", "x,y", "--json")
    family: Any = loop_of(answer).family
    np.testing.assert_allclose(family.mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(family.variance, np.cov(rows.T, ddof=0), rtol=1e-12)
    assert loop_of(answer).mixing.size == 300


@pytest.mark.parametrize("of", ["Gaussian", "GaussianMixture"])
def test_points_make_the_law_of_kernel_estimates(run: Any, cloud: str, of: str) -> None:
    Path("points.csv").write_text(cloud)
    rows = read_points("points.csv", ["x", "y"])[0]
    loop = ["--family", "KernelDensity", "--of", of, "--bandwidth", "0.3", *MIXTURE[2:]]
    answer = run("predict", *loop, "--real", "points.csv", "--columns", "x,y", "--json")
    family: Any = loop_of(answer).family
    trained = rows if of == "Gaussian" else h.fit_mixture(rows).rows
    np.testing.assert_allclose(family.covariance, np.cov(trained.T, ddof=0), rtol=1e-9)


def test_lists_may_begin_with_a_minus(run: Any) -> None:
    answer = run("predict", "--json", *MIXTURE, "--weights", "0.5,0.5", "--means", "-2,0,2,0",
                 "--covariances", "1", "--covariance_type", "diag", "--start", "GaussianMixture",
                 "--start-means", "-.5,-1e-1,0,1", "--start-covariance_type", "diag",
                 "--generations", "1")  # fmt: skip
    family = h.GaussianMixture((0.5, 0.5), ((-2, 0), (2, 0)), 1, "diag")
    start = h.GaussianMixture(means=((-0.5, -0.1), (0, 1)), covariance_type="diag")
    loop = loop_of(answer)
    assert loop == FeedbackLoop(family, mixing=FreshSplit(0.5), n=40, start=start)
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop


@pytest.mark.parametrize(("extra", "words"), [
    (["--columns", "x,z"], ("no column 'z'", "id, x, y, kind")),
    (["--columns", "x,kind"], ("line 2: 'kind' must be a number",)),
    (["--columns", "x,y", "--components", "0"], ("components", "at least 1")),
    (["--columns", "x,y", "--components", "two"], ("components", "'two'")),
    (["--columns", "x,y", "--components", "301"], ("components", "300 rows")),
    (["--columns", "x,y", "--components", "60"], ("at least 359", "60 components", "240")),
    (["--columns", "x,y", "--components", "2", "--weights", "1"], ("components", "weights")),
    (["--columns", "x,y", "--held_out", "1.5"], ("held_out", "[0, 1)")),
    (["--columns", "x,y", "--covariance_type", "round"], ("covariance_type", "'round'")),
    (["--columns", "x,y", "--estimator", "KnownLabels"], ("last column", "KnownLabels")),
    (["--columns", "x,y", "--estimator", "Bessel"], ("Gaussian",)),
    (["--columns", "x,y", "--n", "16"], ("n must be at least 17", "3 components")),
    (["--columns", "x,y", "--blocks"], ("blocks", "--real")),
    (["--family", "Poisson", "--columns", "x,y"], ("one column", "Poisson", "got 2")),
    (["--family", "Gaussian", "--columns", "x,y", "--components", "2"], ("components", "Mixture")),
])  # fmt: skip
def test_points_that_make_no_world(
    run: Any, cloud: str, extra: list[str], words: tuple[str, ...]
) -> None:
    Path("points.csv").write_text(cloud)
    answer = run("predict", *MIXTURE, "--real", "points.csv", *extra)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert all(word in answer.err for word in words), answer.err


def test_infinite_numbers_are_words_in_json(run: Any) -> None:
    loop = ["--mixing", "Replace", "--n", "3", "--generations", "2", "--replicates", "50"]
    answer = run("simulate", *loop, "--seed", "1", "--json")
    assert "NaN" not in answer.out
    assert "Infinity" not in answer.out


# -- cite, reproduce ----------------------------------------------------------------------


def test_the_bibtex_of_a_loop(run: Any) -> None:
    answer = run("cite", *REPLACE)
    assert answer.out.startswith("@")
    assert "{yu2025," in answer.out
    applying = [t for t in theorems().values() if t.applies(FeedbackLoop(
        Gaussian(), mixing=Replace(), n=10)) is None]  # fmt: skip
    keys = {key for theorem in applying for key in theorem.cites}
    assert keys
    data = run("cite", *REPLACE, "--json").json
    assert set(data["bibtex"]) == keys | {"yu2025"}
    assert all(answer.out.count(f"{{{key},") == 1 for key in data["bibtex"])


@pytest.mark.parametrize("name", theorems())
def test_every_citation_stands_in_the_bibliography(name: str) -> None:
    from hallofillusions.cli import bibtex

    assert set(bibtex(theorems()[name].cites)) == set(theorems()[name].cites)


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_reproduce_hands_its_flags_on(
    run: Any, ok: bool, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hallofillusions import reproduction

    seen: dict[str, Any] = {}

    class Found(dict[str, Any]):
        def __init__(self) -> None:
            super().__init__(ok=ok)
            self.ok = ok
            self.to_dict = lambda: dict(self)

    def fake(out: Any, **options: Any) -> Found:
        seen.update(out=out, **options)
        return Found()

    monkeypatch.setattr(reproduction, "reproduce", fake)
    answer = run("reproduce", "--out", "here", "--full", "--seed", "3", "--real", "x.csv",
                 "--column", "flow", "--json")  # fmt: skip
    assert answer.status == status
    assert answer.json == {"ok": ok}
    assert seen == {"out": "here", "full": True, "seed": 3, "real": "x.csv", "column": "flow"}
    assert run("reproduce").status == status
    assert seen["out"] == "results"


# -- as a process ----------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "hallofillusions"]


def test_a_terminal_without_greek_is_no_error() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*COMMAND, "derive", *REPLACE], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"? = " in done.stdout or b"?" in done.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "derive", *REPLACE, "--order", "4"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal to a group of processes")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_quietly_and_leaves_nothing(workers: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "simulate", *SPLIT, "--literal", "--replicates", "2000000", "--workers",
         workers, "--save", "r.nc"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err == "hallofillusions: interrupted\n"
    assert os.listdir(tmp_path) == []


def test_medians_do_not_fill_the_memory() -> None:
    assert _medians_at(10, 1000) == [2, 5, 8, 10]
    assert _medians_at(2, 1000) == [1, 2]
    assert _medians_at(1000, 10**6) == [1000]


def test_too_much_is_told_in_a_sentence(run: Any) -> None:
    answer = run("simulate", *SPLIT, "--replicates", str(10**15), "--seed", "1")
    assert answer.status == 2
    assert answer.err.startswith("hallofillusions: error: memory ran out")


def test_the_exit_code_reaches_the_shell() -> None:
    done = subprocess.run([*COMMAND, "predict", *SPLIT, "--alpha", "2"], capture_output=True,
                          text=True)  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "hallofillusions: error: alpha must be a number in [0, 1], got 2\n"


def test_a_file_that_is_the_whole_fixed_set_is_conditioned_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x\n0.1\n-1.2\n0.7\n2.1\n-0.4\n0.9\n")
    loop = ["--mixing", "FixedReal", "--alpha", "0.5", "--n", "12", "--generations", "4"]
    status = main(["compare", *loop, "--real", str(path), "--seed", "1"])
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_help_reads_off_the_files_what_an_import_would_say(kind: str) -> None:
    found = declared(kind)
    assert [d.name for d in found] == shipped(kind)
    for one in found:
        cls = find(kind, one.name)
        assert one.fields == tuple(f.name for f in fields_of(cls))
        assert one.symbols == cls.symbols
