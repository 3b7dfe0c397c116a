"""Bad input: one sentence that names the argument, what it got and what it wants."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallofillusions as h
from hallofillusions import (
    Accumulate,
    Bessel,
    FeedbackLoop,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    Memory,
    Replace,
    ScaleCovariance,
    TailMass,
    Temperature,
    Trajectory,
)
from hallofillusions.cli import main
from hallofillusions.proof import find_theorem
from hallofillusions.symbols import alpha, n


def loop(**parts: Any) -> FeedbackLoop:
    return FeedbackLoop(**{"family": Gaussian(), "mixing": FreshSplit(0.5), "n": 10, **parts})


SIMPLE = loop()
Case = tuple[Callable[[], Any], tuple[str, ...]]


def bad_numbers(build: Callable[[Any], Any], argument: str, extra: tuple[Any, ...]) -> list[Case]:
    """What no number field takes: NaN, text, truth values, nothing, many at once."""
    wrong = (float("nan"), float("inf"), "0.5", True, np.bool_(True), None, {0.5}, 1j, b"1",
             {"a": 1}, object(), *extra)  # fmt: skip
    return [(lambda v=v: build(v), (argument, f"got {v!r}"[:20])) for v in wrong]


CASES: dict[str, list[Case]] = {
    "numbers": [
        *bad_numbers(FreshMixture, "alpha", (-0.1, 1.1, -1e-9, 2)),
        *bad_numbers(ScaleCovariance, "lam", (0, -1)),
        *bad_numbers(Temperature, "tau", (0.0,)),
        *bad_numbers(Gaussian, "mean", ()),
        *bad_numbers(lambda v: Gaussian(0, v), "variance", (0, -2.5)),
        *bad_numbers(lambda v: loop(n=v), "n", (0, -3, 2.5)),
        *bad_numbers(lambda v: FixedPool(0.5, v), "size", (0, 7.5)),
        *bad_numbers(TailMass, "t", (0, -1)),
    ],
    "schedules": [
        (lambda: FreshMixture(()), ("alpha", "empty schedule")),
        (lambda: FreshMixture((0.5, "x")), ("alpha", "in [0, 1]", "'x'")),
        (lambda: FreshMixture((0.5, 1.5)), ("alpha", "in [0, 1]", "1.5")),
        (lambda: loop(n=[]), ("n", "empty schedule")),
        (lambda: loop(n=[10, 2.5]), ("n", "a whole number at least 1", "2.5")),
        (lambda: loop(n=np.ones((2, 2))), ("n", "a whole number")),
        (lambda: h.simulate(loop(n=(10, 10)), 3), ("n", "schedule of 2 entries", "3 generations")),
        (lambda: h.predict(loop(n=(10, 10)), 3), ("n", "schedule of 2 entries", "3 generations")),
        (lambda: h.predict(loop(mixing=FreshMixture((0.5, 0.4))), 3),
         ("alpha", "schedule of 2 entries", "3")),
        (lambda: h.simulate(loop(mixing=FreshMixture((0.5, 0.4))), 3, replicates=5),
         ("alpha", "schedule of 2 entries", "3")),
        (lambda: h.diagnose(loop(n=(10, 10))), ("constant", "schedule")),
    ],
    "splits": [
        (lambda: loop(mixing=FreshSplit(0.95)),
         ("alpha*n", "whole number", "0.95*10 = 9.5", "nearest alpha are 9/10 and 1")),
        (lambda: loop(mixing=FreshSplit((0.5, 0.33)), n=10), ("alpha*n", "3/10", "2/5")),
        (lambda: loop(mixing=FreshSplit(0.5), n=(10, 11)), ("alpha*n", "0.5*11 = 5.5")),
        (lambda: loop(mixing=FixedPool(0.25, 9)), ("alpha*n", "1/5", "3/10")),
        (lambda: loop(mixing=FixedReal(0.25)), ("alpha*n", "1/5", "3/10")),
        (lambda: FixedReal(), ("FixedReal", "either alpha or real")),
        (lambda: FixedReal(0.5, 3), ("FixedReal", "either alpha or real")),
        (lambda: loop(mixing=FixedReal(real=11)), ("at most n fixed points", "11", "n = 10")),
        (lambda: loop(mixing=FixedReal(1.0)), ("at least 1", "got 0")),
        (lambda: loop(mixing=FixedReal(0.5), n=(10, 12)), ("wants real", "schedule")),
    ],
    "sizes": [
        (lambda: loop(mixing=Replace(), estimator=Bessel(), n=1), ("n", "at least 2", "Bessel")),
        (lambda: loop(mixing=Replace(), estimator=Bessel(), n=(5, 1)), ("n", "at least 2")),
        (lambda: loop(mixing=FixedReal(real=1), estimator=Bessel(), start=Memory()),
         ("fixed set", "at least 2 points", "got 1")),
    ],
    "parts": [
        (lambda: loop(family="Gaussian"), ("family", "Family", "'Gaussian'")),
        (lambda: loop(mixing=FreshSplit), ("mixing", "Mixing", "FreshSplit")),
        (lambda: loop(mixing=0.9), ("mixing", "Mixing", "0.9")),
        (lambda: loop(bias=Bessel()), ("bias", "SamplingBias", "Bessel()")),
        (lambda: loop(estimator="EM"), ("estimator", "Estimator", "'EM'")),
        (lambda: loop(start="truth"), ("start", "Truth(), FirstFit(), Memory()", "'truth'")),
        (lambda: loop(start=Memory), ("start", "Memory")),
        (lambda: loop(mixing=Accumulate(), start=Memory()),
         ("Memory()", "fixed set", "Accumulate")),
        (lambda: TailMass(3, "median"), ("about", "'model' or 'real'", "'median'")),
    ],
    "symbols": [
        (lambda: h.simulate(loop(mixing=FreshSplit(alpha)), 3), ("numbers", "alpha")),
        (lambda: h.predict(loop(n=n), 3), ("numbers", "symbols n")),
        (lambda: h.diagnose(loop(n=n)), ("numbers", "symbols n")),
        (lambda: h.StepResiduals.of(loop(n=n), 3), ("numbers", "n")),
    ],
    "runs": [
        *((lambda v=v: h.predict(SIMPLE, v), ("generations", "whole number at least 0", repr(v)))
          for v in (-1, 1.5, "3", True, None, float("nan"))),
        *((lambda v=v: h.simulate(SIMPLE, v), ("generations", "whole number", repr(v)))
          for v in (0, -1, 1.5, "3", True, None)),
        *((lambda v=v: h.simulate(SIMPLE, 2, replicates=v), ("replicates", "whole", repr(v)))
          for v in (0, -5, 10.0, "many", True)),
        *((lambda v=v: h.simulate(SIMPLE, 2, rng=v), ("rng", repr(v)))
          for v in (-1, 1.5, "seed", True)),
        (lambda: h.simulate("loop", 2), ("loop must be a FeedbackLoop", "'loop'")),
        (lambda: h.simulate(SIMPLE, 2, literal="yes"), ("literal", "True or False", "'yes'")),
        (lambda: h.simulate(SIMPLE, 2, executor=3), ("executor", "submit", "3")),
        (lambda: h.simulate(SIMPLE, 2, keep=[3]), ("keep", "at most 2", "3")),
        (lambda: h.simulate(SIMPLE, 2, at=[3]), ("at must be", "at most 2", "3")),
        (lambda: h.predict(SIMPLE, 2, at=[3]), ("at must be", "at most 2", "3")),
        (lambda: h.predict(SIMPLE, 2, at=1), ("at must be a sequence", "1")),
        (lambda: h.simulate(SIMPLE, 2, quantiles=[1.5]), ("quantiles", "between 0 and 1", "1.5")),
        (lambda: h.simulate(SIMPLE, 2, observables=[3]), ("observables", "label", "3")),
        (lambda: h.simulate(SIMPLE, 2, real=["a"]), ("real", "numbers")),
        (lambda: h.simulate(SIMPLE, 2, real=[1.0, float("nan")]), ("real", "finite", "nan")),
        (lambda: h.simulate(SIMPLE, 9, real=np.arange(12.0)), ("12 rows", "9 were asked for")),
        (lambda: h.derive(SIMPLE, order=0), ("order", "whole number at least 1", "0")),
        (lambda: h.derive(SIMPLE, order=2.0), ("order", "whole number", "2.0")),
        (lambda: h.derive(SIMPLE, monomials=[{"w": 1}]), ("monomials", "'w'", "delta")),
        (lambda: h.derive(SIMPLE, data=[1.0]), ("data", "FixedReal or FixedPool", "FreshSplit")),
        (lambda: h.predict(SIMPLE, 2)["wealth"], ("'wealth'", "variance")),
        (lambda: Trajectory.from_arrays(SIMPLE), ("at least one array", "none")),
        (lambda: Trajectory.from_arrays(SIMPLE, variance=[1, 2]), ("variance", "shape", "(2,)")),
        (lambda: Trajectory.from_arrays(SIMPLE, variance=[[1, -2]]),
         ("variance", "at least 0", "-2")),
        (lambda: Trajectory.from_arrays(SIMPLE, mean=[[1, np.nan]]), ("mean", "NaN", "row 0")),
        (lambda: Trajectory.load("nowhere.nc"), ("path", "nowhere.nc")),
        (lambda: find_theorem("gaussian_varance"),
         ("no theorem", "did you mean gaussian_variance")),
        (lambda: h.compare(h.predict(SIMPLE, 2), h.simulate(SIMPLE, 2, replicates=9), level=2),
         ("level", "(0, 1)", "2")),
    ],
}  # fmt: skip
FLAT = [pytest.param(*case, id=f"{group}-{i}")
        for group, cases in CASES.items() for i, case in enumerate(cases)]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), FLAT)
def test_one_sentence_names_the_argument_what_it_got_and_what_it_wants(
    call: Callable[[], Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert is_one_sentence(sentence), sentence


def is_one_sentence(text: str) -> bool:
    """One line, not long, and no full stop in the middle."""
    return bool(text) and "\n" not in text and len(text) < 400 and ". " not in text


# -- files -----------------------------------------------------------------------------------------

GOOD = SIMPLE.to_toml()
FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "broken TOML": ("n = 10\n[mixing\n", ("TOML",)),
    "no TOML": ("\x00\x01", ("TOML",)),
    "code as a number": (GOOD.replace("0.5", '"__import__(\'os\')"'), ("alpha", "__import__")),
    "code as n": (GOOD.replace("n = 10", 'n = "exit(1)"'), ("n must be a number", "exit(1)")),
    "code as a type": (GOOD.replace('"FreshSplit"', '"os.system"'), ("mixing", "os.system")),
    "a foreign class": (GOOD.replace('"FreshSplit"', '"subprocess.Popen"'), ("Popen",)),
    "a base class": (GOOD.replace('"FreshSplit"', '"Mixing"'), ("no shipped", "Mixing")),
    "a class of another kind": (GOOD.replace('"FreshSplit"', '"Bessel"'), ("mixing", "Bessel")),
    "a misspelt class": (GOOD.replace('"FreshSplit"', '"FreshSplt"'), ("did you mean FreshSplit",)),
    "a misspelt field": (GOOD.replace("alpha", "alhpa"), ("alhpa", "did you mean alpha")),
    "a misspelt part": (GOOD.replace("[mixing]", "[mixin]"), ("mixin", "did you mean mixing")),
    "a part that is text": ('n = 3\nmixing = "Replace"\n[family]\ntype = "Gaussian"',
                            ("mixing must be a table", "'Replace'")),
    "no mixing": ('n = 3\n[family]\ntype = "Gaussian"', ("mixing",)),
    "no n": ('[family]\ntype = "Gaussian"\n[mixing]\ntype = "Replace"', ("n",)),
    "a truth value": (GOOD.replace("0.5", "true"), ("alpha", "True")),
    "NaN": (GOOD.replace("0.5", "nan"), ("alpha", "nan")),
    "a wrong start": (GOOD.replace('"Truth"', '"Beginning"'), ("start", "Beginning", "Truth")),
    "a table too many": (GOOD + '\n[extra]\nx = 1\n', ("extra",)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_bad_loop_file_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = FILES[name]
    with pytest.raises(InputError) as caught:
        FeedbackLoop.from_toml(text)
    assert all(word in str(caught.value) for word in words), caught.value
    assert is_one_sentence(str(caught.value)), caught.value

    path = tmp_path / "loop.toml"
    path.write_text(text)
    assert_refused(["predict", "--loop", str(path)], words, capsys)


def assert_refused(
    arguments: list[str], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on stdout, one sentence on stderr."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hallofillusions: error: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err


# -- the command line ------------------------------------------------------------------------

LOOP = ["--mixing", "FreshSplit", "--alpha", "0.5", "--n", "10"]
MIXTURE = ["--family", "GaussianMixture", *LOOP[:-1], "20"]
COMMANDS: list[tuple[list[str], tuple[str, ...]]] = [
    (["foo"], ("no command 'foo'", "derive, predict")),
    (["comare"], ("did you mean compare",)),
    (["predict"], ("mixing is not given", "FreshSplit", "--loop")),
    (["predict", "--mixing", "Replace"], ("n is not given", "--n")),
    (["predict", "--alpha", "0.5", "--n", "4"], ("mixing is not given",)),
    (["predict", "--mixing", "FreshSplt", "--n", "4"], ("did you mean FreshSplit",)),
    (["predict", "--mixing", "freshsplit", "--n", "4"], ("did you mean FreshSplit",)),
    (["predict", "--mixing", "FreshSplit", "--n", "4"], ("FreshSplit wants alpha",)),
    (["predict", *LOOP, "--alpah", "1"], ("unknown argument --alpah", "--alpha")),
    (["predict", *LOOP, "-n", "9"], ("unknown argument -n; did you mean --n?",)),
    (["predict", *LOOP, "--order", "3"], ("unknown argument --order; did you mean --family-o",)),
    (["predict", *LOOP, "extra"], ("unknown argument extra",)),
    (["predict", *LOOP, "--n"], ("--n", "expected one argument")),
    (["predict", *LOOP, "--alpha", "nan"], ("alpha", "[0, 1]", "nan")),
    (["predict", *LOOP, "--alpha", "1.5"], ("alpha", "[0, 1]", "1.5")),
    (["predict", *LOOP, "--alpha", "half"], ("numbers", "half")),
    (["predict", *LOOP, "--alpha", "0.55"], ("alpha*n", "1/2 and 3/5")),
    (["predict", *LOOP, "--alpha", "__import__('os')"], ("alpha", "__import__")),
    (["predict", *LOOP, "--lam", "0.9"], ("bias is not given", "ScaleCovariance")),
    (["predict", *LOOP, "--size", "9"], ("FreshSplit has no field 'size'",)),
    (["predict", *LOOP, "--generations", "-1"], ("generations", "-1")),
    (["predict", *LOOP, "--generations", "ten"], ("generations", "'ten'")),
    (["predict", *LOOP, "--at", "99"], ("at must be generations from 0 to 10", "99")),
    (["predict", *LOOP, "--column", "x"], ("column", "--real")),
    (["predict", "--loop", "nowhere.toml"], ("there is no file nowhere.toml",)),
    (["predict", *LOOP, "--columns", "x,y"], ("column", "--real")),
    (["predict", *LOOP, "--components", "2"], ("components", "--real")),
    (["predict", *LOOP, "--steps", "-2,0"], ("unknown argument --steps=-2,0",)),
    (["predict", *MIXTURE, "--weights", "0.5,0.6"], ("weights", "sum to 1", "1.1")),
    (["predict", *MIXTURE, "--weights", "1/2,half"], ("weights", "numbers")),
    (["predict", *MIXTURE, "--means", "-2,0,2"], ("means", "2 rows", "(3,)")),
    (["predict", *MIXTURE, "--means", "-2,0,2,x"], ("means", "numbers")),
    (["predict", *MIXTURE, "--covariances", "1,2,2,1,1,2,2,1"], ("covariances", "eigenvalue -1")),
    (["predict", *MIXTURE, "--covariance_type", "round"], ("full, diag, spherical", "'round'")),
    (["predict", *MIXTURE, "--n", "10"], ("n must be at least 11", "10")),
    (["predict", *MIXTURE, "--init", "x"], ("estimator is not given", "EM")),
    (["predict", *MIXTURE, "--estimator", "EM", "--init", "x"], ("'last' or 'k-means++'", "'x'")),
    (["predict", *MIXTURE, "--estimator", "AddK"], ("types", "GaussianMixture")),
    (["predict", *MIXTURE, "--real", "nowhere.csv"], ("there is no file nowhere.csv",)),
    (["predict", "--family", "GaussianMixure", *LOOP], ("did you mean GaussianMixture",)),
    (["derive"], ("theorem's name, --list, or a loop", "nothing")),
    (["derive", "gaussian_variance", *LOOP], ("more than one",)),
    (["derive", "gausian_variance"], ("no theorem", "did you mean gaussian_variance")),
    (["derive", *LOOP, "--order", "x"], ("order", "'x'")),
    (["simulate", *LOOP, "--replicates", "0"], ("replicates", "at least 1", "0")),
    (["simulate", *LOOP, "--replicates", "1.5"], ("replicates", "whole", "1.5")),
    (["simulate", *LOOP, "--seed", "x"], ("seed", "'x'")),
    (["simulate", *LOOP, "--seed", "-1"], ("seed", "-1")),
    (["simulate", *LOOP, "--workers", "0"], ("workers", "at least 1", "0")),
    (["simulate", *LOOP, "--real", "nowhere.csv"], ("there is no file nowhere.csv",)),
    (["simulate", "--rerun", "nowhere.nc"], ("nowhere.nc",)),
    (["simulate", "--rerun", "x.nc", "--seed", "1"], ("rerun takes everything from its file",)),
    (["compare", *LOOP, "--level", "2"], ("level", "(0, 1)")),
    (["compare", *LOOP, "--level", "x"], ("level", "(0, 1)", "'x'")),
    (["compare", *LOOP, "--at", "3"], ("unknown argument --at",)),
    (["compare", *LOOP, "--bias", "Temp"], ("'Temp'; did you mean Temperature?",)),
    (["compare", "--trajectory", "a.nc", "--runs", "b.csv"], ("--trajectory or --runs",)),
    (["compare", "--trajectory", "a.nc", "--seed", "1"], ("seed", "new simulation")),
    (["cite"], ("mixing is not given",)),
    (["reproduce", "--column", "x"], ("column", "--real")),
]


@pytest.mark.parametrize(("arguments", "words"), COMMANDS, ids=lambda v: " ".join(v)[:60])
def test_a_bad_command_is_refused(
    arguments: list[str], words: tuple[str, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert_refused(arguments, words, capsys)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("target", ["missing/x", "file/x", "."])
@pytest.mark.parametrize(("verb", "flag"), [
    ("predict", "--csv"), ("simulate", "--csv"), ("simulate", "--save"), ("compare", "--csv"),
])  # fmt: skip
def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    verb: str, flag: str, target: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert_refused([verb, *LOOP, flag, target], (target,), capsys)
    assert os.listdir(tmp_path) == ["file"]
    assert Path("file").read_bytes() == b""


def test_a_results_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert_refused(["reproduce", "--out", "file/results"], ("file",), capsys)
    assert os.listdir(tmp_path) == ["file"]


def test_a_failure_while_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("precious")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert_refused(["predict", *LOOP, "--csv", "t.csv"], ("t.csv", "No space left"), capsys)
    assert os.listdir(tmp_path) == ["t.csv"]
    assert Path("t.csv").read_text() == "precious"


WIDE = FeedbackLoop(Gaussian((0, 0)), mixing=FreshSplit(0.5), n=6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: h.predict(WIDE, 2, real=np.ones((9, 3))), "real must be rows of 2 numbers"),
        (lambda: h.predict(WIDE, 2, real="two.csv"), "real must be rows of 2 numbers"),
        (lambda: h.predict(WIDE, 2, ["trace"]), "observables must have .label and .claim"),
        (lambda: h.Along((1, 0), "x"), "observable must be an Observable"),
        (
            lambda: h.predict(FeedbackLoop(h.Poisson(2), mixing=FreshSplit(0.5), n=6), 2,
                            real=[-1, 2, 5]),
            "real must be at least 0 for this family, got -1",
        ),
        (
            lambda: h.simulate(FeedbackLoop(h.Bernoulli(0.5), mixing=FreshSplit(0.5), n=6), 2,
                             real=[0, 1, 2], replacement=True),
            "real must be at most 1 for this family, got 2",
        ),
        (
            lambda: Trajectory.from_arrays(FeedbackLoop(h.Poisson(2), mixing=Replace(), n=6),
                                           mean=-np.ones((3, 4))),
            "mean must be in",
        ),
    ],
)  # fmt: skip
def test_rows_and_observables_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize("bias", [h.Truncation(2), h.TopP(0.9), h.Temperature(2)], ids=repr)
def test_a_cloud_that_becomes_flat_is_sampled_on(bias: Any) -> None:
    """Few points in a plane, many generations: covariances are singular to rounding."""
    loop = FeedbackLoop(Gaussian((0, 1)), bias=bias, mixing=Replace(), n=4)
    run = h.simulate(loop, 120, replicates=100, rng=3, literal=True, observables=[h.Trace()])
    assert np.isfinite(run.mean("trace of the covariance")).all()
