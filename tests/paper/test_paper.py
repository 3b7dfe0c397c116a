"""The paper: no formula and no number typed, a mark beside each statement, the same bytes twice."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from hallofillusions.proof import theorems
from hallofillusions.reproduction.claims import CLAIMS, MEANINGS, READINGS, STUDIES
from hallofillusions.reproduction.tables import (
    claim_commands,
    command,
    definition_command,
    equation_commands,
    mark,
    number,
    printed,
    table_command,
    theorem_commands,
)

pytestmark = pytest.mark.xdist_group("paper")  # its equations are made once

build = import_module("hallofillusions.paper.build")
FOLDER = Path(build.__file__).parent
SOURCES = {name: (FOLDER / f"{name}.tex").read_text("utf-8") for name in build.DOCUMENTS}
SOURCE = "\n".join(SOURCES.values())
BODY = "\n".join(build._without_comments(text.split(r"\begin{document}")[1])
                 for text in SOURCES.values())  # fmt: skip
SHOWN = re.findall(r"\\Law([A-Za-z]+)", SOURCES["main"])
ENGINES = [
    pytest.param("tex", marks=pytest.mark.skipif(not shutil.which("bibtex"), reason="no TeX")),
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
        "printed": printed_law(name),
    }  # fmt: skip


@cache
def printed_law(name: str) -> dict[str, str]:
    return printed(theorems()[name])


def shown() -> list[str]:
    """The theorems of the text: the supplement has more of the same, which costs time."""
    return [name for name in theorems() if command(name) in SHOWN]


def verdicts() -> list[str]:
    """The tables of verdicts, with the same verdict everywhere."""
    claims = [{"experiment": e, "reading": r, "claim": c, "verdict": "holds", "size": 0.5}
              for e in STUDIES.values() for r in READINGS for c in CLAIMS]  # fmt: skip
    meanings = [{"reading": r, "definition": d, "size": 0.5, "holds": True}
                for r in READINGS for d in MEANINGS]  # fmt: skip
    return [*claim_commands(claims), definition_command(meanings)]


@cache
def equations() -> str:
    """Every equation of the text as the paper prints it."""
    return "\n".join([*equation_commands({n: record(n) for n in shown()}), *verdicts()])


@cache
def picture() -> bytes:
    """A figure that shows nothing."""
    from hallofillusions.plotting import panels, save

    with tempfile.TemporaryDirectory() as folder:
        return save(panels(1)[0], Path(folder) / "empty.pdf").read_bytes()


@cache
def pixels() -> bytes:
    from hallofillusions.plotting import panels, save

    with tempfile.TemporaryDirectory() as folder:
        return save(panels(1)[0], Path(folder) / "empty.png").read_bytes()


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with the theorems of the text, and a 0 for every number that is named."""
    folder = tmp_path / "results"
    (folder / "paper").mkdir(parents=True)
    (folder / "figures").mkdir()
    for label in re.findall(r"figures/(\w+)\.pdf", SOURCE):
        (folder / "figures" / f"{label}.pdf").write_bytes(picture())
        (folder / "figures" / f"{label}.png").write_bytes(pixels())
    records = {name: record(name) for name in shown()}
    (folder / "paper" / "equations.tex").write_text(equations(), encoding="utf-8")
    names = build.undefined(SOURCE, equations())
    numbers = "\n".join(f"\\newcommand{{\\{name}}}{{0}}" for name in names)
    (folder / "paper" / "numbers.tex").write_text(numbers, encoding="utf-8")
    (folder / "results.json").write_text(json.dumps({"theorems": records}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("engine", ENGINES)
def test_same_bytes_twice(results: Path, engine: str, tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        report = build.build(results, engine)
        found.append({path.name: path.read_bytes() for path in report.files})
    assert report.engine == engine
    assert report.problems == ()
    assert found[0] == found[1]
    made = found[0]
    assert all(made[f"{name}.pdf"].startswith(b"%PDF") for name in build.DOCUMENTS.values())
    assert not [p for p in results.iterdir() if p.name.endswith(".part")]
    assert ("arxiv.tar.gz" in made) == (engine == "tex")
    html = made["paper.html"].decode("utf-8")
    _stands_alone(html)
    if engine == "tex":
        _compiles_in_an_empty_folder(results / "arxiv.tar.gz", tmp_path / "empty")


def _stands_alone(html: str) -> None:
    """One file: mathematics as MathML, pictures inside, every link to a place that exists."""
    assert html.count("<math") > 100
    assert "data:image/png;base64" in html
    assert not re.search(r"<(?:script|img|link)[^>]*(?:src|href)=.https?:", html)
    places = set(re.findall(r'id="([^"]+)"', html))
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links <= places, links - places
    assert "(?)" not in html
    assert {f"derivation-{name}" for name in shown()} <= links


def _compiles_in_an_empty_folder(bundle: Path, folder: Path) -> None:
    """As arXiv does it: plain pdflatex, no bibtex."""
    folder.mkdir()
    with tarfile.open(bundle) as tar:
        tar.extractall(folder, filter="data")
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    for _ in range(2):
        done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, errors="replace")  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined references" not in done.stdout
    assert "undefined citations" not in done.stdout


def test_red_marks_are_problems(results: Path, capsys: Any) -> None:
    """A theorem that fails is red in the paper, and the build says so and exits with 1."""
    name = shown()[0]
    wrong = record(name, ok=False, verdict="disagrees")
    assert mark(wrong).count(r"\failed") == 2
    assert r"\failed" not in mark(record(name))
    (results / "results.json").write_text(json.dumps({"theorems": {name: wrong}}), "utf-8")
    law = theorem_commands(name, wrong)
    generated = re.sub(rf"\\newcommand\{{\\Law{command(name)}\}}.*?\n\}}\n", "", equations(),
                       flags=re.S)  # fmt: skip
    (results / "paper" / "equations.tex").write_text(f"{law[0]}\n{generated}", encoding="utf-8")
    assert build.main([str(results), "--engine", "typst"]) == 1
    said = capsys.readouterr().err
    assert [f"the proof of {name} fails" in said, f"disagrees with {name}" in said] == [True, True]
    html = (results / "paper.html").read_text("utf-8")
    assert html.count('class="cross"') == 3  # proof, simulation, evidence


def test_a_name_without_a_result_is_told_and_shown(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = results / "paper" / "numbers.tex"
    text = numbers.read_text("utf-8")
    numbers.write_text(re.sub(r"\\newcommand\{\\JobSeed\}.*", "", text), encoding="utf-8")

    def typeset(work: Path, name: str) -> None:
        assert r"\newcommand{\JobSeed}{\missing{JobSeed}}" in (work / "rest.tex").read_text("utf-8")

    monkeypatch.setattr(build, "_with_typst", typeset)
    monkeypatch.setattr(build, "has_pandoc", lambda: False)
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
    assert build.main([str(results)]) == 2
    assert "is not built" in capsys.readouterr().err


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="elsewhere one may do without")
def test_in_ci_no_test_is_skipped_for_want_of_a_tool() -> None:
    for tool in ("bibtex", "pdflatex", "chromium", "chromedriver"):
        assert shutil.which(tool), f"{tool} is missing"


def test_no_number_is_typed() -> None:
    text = re.sub(r"\\(label|ref|eqref|includegraphics|cite\w*|begin|end)(\[[^\]]*\])?\{[^}]*\}",
                  "", BODY)  # fmt: skip
    text = re.sub(r"(p\{[\d.]+cm\}|\{[34]pt\})", "", text)
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


def test_nothing_is_listed_that_nobody_cites() -> None:
    text = (FOLDER / "references.bib").read_text("utf-8")
    listed = set(re.findall(r"^@\w+\{(\w+),", text, flags=re.M))
    cited = {k for group in re.findall(r"\\cite\w*\{([^}]*)\}", SOURCE) for k in group.split(",")}
    cited |= {key for theorem in theorems().values() for key in theorem.cites}
    assert listed == cited


def test_every_equation_that_the_text_names_is_there() -> None:
    """A reference leads to a theorem's equation, a figure, a table or a section of the paper."""
    labels = set(re.findall(r"\\label\{([^}]*)\}", SOURCES["main"] + equations()))
    named = set(re.findall(r"\\(?:eq)?ref\{([^}]*)\}", SOURCES["main"]))
    assert named <= labels, named - labels
    assert {f"eq:{name}" for name in shown()} <= labels
    assert len(set(SHOWN)) == len(SHOWN) == len(shown())


def test_the_supplement_has_every_theorem() -> None:
    assert r"\AllStatements" in SOURCES["supplement"]
    printed = build._all_statements(equations())
    assert re.findall(r"\\Statement(\w+)\{\}", printed) == [command(name) for name in shown()]


def test_the_table_tells_where_an_equation_is() -> None:
    places = dict(re.findall(r"\\newcommand\{\\(\w+)\}\{(.*)\}",
                             "\n".join(build._places(SOURCES["main"], equations()))))  # fmt: skip
    assert places["RefDriftReplace"] == r"\eqref{eq:drift_replace}"
    assert build._places("", equations())[0].endswith("{(S)}")


def test_every_figure_carries_the_name_of_its_script() -> None:
    for source in SOURCES.values():
        labels = re.findall(r"\\label\{fig:(\w+)\}", source)
        named = re.findall(r"\\texttt\{paper/figures/([\w\\]+)\.py\}", build.signed(source))
        assert [name.replace("\\", "") for name in named] == labels
        assert labels


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
    text = "".join(theorem_commands(name, written)) + table_command({name: written})
    assert not set(re.findall(r"[^\x00-\x7fÀ-ž–—’“”]", text))


@pytest.mark.parametrize(("value", "text"), [
    (0.94999, "0.95"), (200_000, r"200\,000"), (1.234e-11, r"$1.23\times 10^{-11}$"),
    (-3.25, "$-3.25$"), (0.0, "0"), (float("inf"), r"$\infty$"), (None, "?"), (12_345.6, "12300"),
])  # fmt: skip
def test_numbers_in_text(value: Any, text: str) -> None:
    assert number(value) == text
