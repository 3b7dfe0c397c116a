"""The paper: no formula and no number typed, a mark beside each statement, the same bytes twice."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hallofillusions.proof import theorems
from hallofillusions.reproduction.tables import mark, number, statement_command, table_command

pytestmark = pytest.mark.xdist_group("paper")  # its equations are made once

build = import_module("hallofillusions.paper.build")
FOLDER = Path(build.__file__).parent
SOURCE = (FOLDER / "main.tex").read_text("utf-8")
BODY = build._without_comments(SOURCE.split(r"\begin{document}")[1])
ENGINES = [
    pytest.param("tex", marks=pytest.mark.skipif(not shutil.which("latexmk"), reason="no TeX")),
    "typst",
]


def record(name: str, *, ok: bool = True, verdict: str = "agrees") -> dict[str, Any]:
    theorem = theorems()[name]
    return {
        "title": theorem.title, "kind": str(theorem.kind), "reference": theorem.origin,
        "cites": [], "assumptions": list(theorem.assumptions),
        "proof": {"ok": ok, "lines": 3, "error": "" if ok else "4 is not 5"},
        "simulation": {"verdict": verdict, "largest_z": 2.0, "cells": 4, "replicates": 100,
                       "rivals": [1, 2]},
    }  # fmt: skip


@cache
def equations() -> str:
    """Every theorem as the paper prints it."""
    from hallofillusions.reproduction.tables import (
        loop_command,
        reading_commands,
        recursion_command,
    )

    records = {name: record(name) for name in theorems()}
    statements = [statement_command(t, records[n]) for n, t in theorems().items()]
    return "\n".join([loop_command(), recursion_command(), *reading_commands(), *statements,
                      table_command(records)])  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with every theorem, and a "?" for every number that the paper names."""
    folder = tmp_path / "results"
    (folder / "paper").mkdir(parents=True)
    (folder / "figures").mkdir()
    from hallofillusions.plotting import panels, save

    for label in re.findall(r"figures/(\w+)\.pdf", SOURCE):
        save(panels(1)[0], folder / "figures" / f"{label}.pdf")
    records = {name: record(name) for name in theorems()}
    (folder / "paper" / "equations.tex").write_text(equations(), encoding="utf-8")
    names = build.undefined(SOURCE, equations())
    numbers = "\n".join(f"\\newcommand{{\\{name}}}{{0}}" for name in names)
    (folder / "paper" / "numbers.tex").write_text(numbers, encoding="utf-8")
    (folder / "results.json").write_text(json.dumps({"theorems": records}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("engine", ENGINES)
def test_same_bytes_twice(results: Path, engine: str) -> None:
    papers = []
    for _ in range(2):
        report = build.build(results, engine)
        papers.append(report.pdf.read_bytes())
    assert report.engine == engine
    assert report.problems == ()
    assert papers[0] == papers[1]
    assert papers[0].startswith(b"%PDF")
    assert not [p for p in results.iterdir() if p.name.endswith(".part")]


def test_red_marks_are_problems(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(theorems()))
    wrong = record(name, ok=False, verdict="disagrees")
    assert mark(wrong).count(r"\failed") == 2
    assert r"\failed" not in mark(record(name))
    (results / "results.json").write_text(json.dumps({"theorems": {name: wrong}}), "utf-8")
    report = build.build(results, "typst")
    assert [name in p for p in report.problems] == [True, True]
    monkeypatch.setattr(sys, "argv", ["build", str(results)])
    assert build.main() == 1


def test_a_name_without_a_result_is_told_and_shown(results: Path) -> None:
    numbers = results / "paper" / "numbers.tex"
    text = numbers.read_text("utf-8")
    numbers.write_text(re.sub(r"\\newcommand\{\\JobSeed\}.*", "", text), encoding="utf-8")
    report = build.build(results, "typst")
    assert len(report.problems) == 1
    assert "JobSeed" in report.problems[0]


def test_without_engine_or_results_one_sentence(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    with pytest.raises(build.BuildError, match=r"no results\.json"):
        build.build(tmp_path)
    monkeypatch.setattr(build.shutil, "which", lambda _: None)
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(build.BuildError, match="needs TeX"):
        build.build(results)
    monkeypatch.setattr(sys, "argv", ["build", str(results)])
    assert build.main() == 2
    assert "is not built" in capsys.readouterr().err


def test_no_number_is_typed() -> None:
    text = re.sub(r"\\(label|ref|eqref|includegraphics|cite\w*|begin|end)(\[[^\]]*\])?\{[^}]*\}",
                  "", BODY)  # fmt: skip
    text = re.sub(r"(p\{[\d.]+cm\}|\{4pt\})", "", text)
    assert not re.findall(r"(?<![A-Za-z_])\d+", text)


def test_no_formula_is_typed() -> None:
    """Single symbols only: no relation, no operator, no display."""
    for formula in re.findall(r"\$([^$]*)\$", BODY):
        assert re.fullmatch(r"\\?[A-Za-z]+(_\{?\w\}?)?", formula), formula
    assert not re.search(r"\\\[|\\begin\{(equation|align|multline|gather)", BODY)


def test_every_citation_is_in_the_bibliography() -> None:
    text = (FOLDER / "references.bib").read_text("utf-8")
    known = set(re.findall(r"^@\w+\{(\w+),", text, flags=re.M))
    assert len(known) == text.count("\n@") + text.startswith("@")
    cited = {k for group in re.findall(r"\\cite\w*\{([^}]*)\}", SOURCE) for k in group.split(",")}
    cited |= {key for theorem in theorems().values() for key in theorem.cites}
    assert cited <= known
    for entry in text.split("\n@"):
        assert all(f"{field} " in entry for field in ("author", "title", "year"))


def test_the_text_names_theorems_that_exist_and_the_appendix_has_the_rest(results: Path) -> None:
    generated = (results / "paper" / "equations.tex").read_text("utf-8")
    rest = build._other_statements(SOURCE, generated)
    shown = set(re.findall(r"\\(Statement\w+)\{", rest))
    shown |= set(re.findall(r"\\(Statement[A-Za-z]+)", SOURCE))
    defined = {c for c in build.commands(generated) if c.startswith("Statement")}
    assert shown == defined


def test_every_figure_has_a_script_that_runs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    labels = set(re.findall(r"\\label\{fig:(\w+)\}", SOURCE))
    scripts = {p.stem for p in (FOLDER / "figures").glob("*.py") if not p.stem.startswith("_")}
    assert labels == scripts
    for label in labels:
        script = FOLDER / "figures" / f"{label}.py"
        monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(str(script), run_name="__main__")
        assert stopped.value.code == 2
        assert "no results.json" in capsys.readouterr().err


@pytest.mark.parametrize("name", theorems())
def test_statements_are_in_letters_that_tex_knows(name: str) -> None:
    written = record(name)
    printed = statement_command(theorems()[name], written) + table_command({name: written})
    assert not set(re.findall(r"[^\x00-\x7fÀ-ž–—’“”]", printed))


@pytest.mark.parametrize(("value", "text"), [
    (0.94999, "0.95"), (200_000, r"200\,000"), (1.234e-11, r"$1.23\times 10^{-11}$"),
    (-3.25, "$-3.25$"), (0.0, "0"), (float("inf"), r"$\infty$"), (None, "?"), (12_345.6, "12300"),
])  # fmt: skip
def test_numbers_in_text(value: Any, text: str) -> None:
    assert number(value) == text
