"""Build the paper from a results folder: ``python -m hallofillusions.paper.build [RESULTS]``.

The source holds no formula and no number.  With TeX (`latexmk` or `pdflatex`) it is typeset as
it is; without, pandoc and typst (the extra ``paper``) read the same source.  A theorem whose
proof or simulation fails has a red mark, and the exit code is 1.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

SOURCES = ("main.tex", "references.bib")
GENERATED = ("numbers.tex", "equations.tex")
EPOCH = 1_764_547_200
"""The time that the files carry unless SOURCE_DATE_EPOCH says otherwise: same bytes every time."""
PASS, FAIL = "009E73", "D55E00"
MARKS = {
    "tex": rf"\definecolor{{pass}}{{HTML}}{{{PASS}}}\definecolor{{fail}}{{HTML}}{{{FAIL}}}"
    r"""
\newcommand{\passed}[1]{{\color{pass}\ensuremath{\checkmark}#1}}
\newcommand{\failed}[1]{{\color{fail}\ensuremath{\times}#1}}
\newcommand{\untold}[1]{{\color{gray}\ensuremath{\circ}#1}}
\newcommand{\proofmark}[1]{\qquad\text{\footnotesize #1}}
\newcommand{\missing}[1]{{\color{fail}[#1 is missing]}}
""",
    "typst": r"""\newcommand{\passed}[1]{✓#1}
\newcommand{\failed}[1]{✗#1}
\newcommand{\untold}[1]{∘#1}
\newcommand{\proofmark}[1]{\qquad\text{#1}}
\newcommand{\missing}[1]{✗[#1 is missing]}
""",
}
LOG_LINES = 15


class BuildError(RuntimeError):
    """Why there is no paper, in one sentence."""


@dataclass(frozen=True)
class Report:
    """The paper that was built, by which engine, and what is wrong with its content."""

    pdf: Path
    engine: str
    problems: tuple[str, ...]


def build(results: Any = "results", engine: str | None = None) -> Report:
    """Build ``paper.pdf`` in the results folder; ``engine`` is "tex", "typst" or None (any).

    Raises `BuildError` where there are no results, no engine, or the engine fails.
    """
    folder = Path(results)
    if not (folder / "results.json").is_file():
        raise BuildError(f"{folder} holds no results.json; run 'hallofillusions reproduce' first")
    chosen = engine or available()
    with tempfile.TemporaryDirectory(prefix="hallofillusions-paper-") as name:
        work = Path(name)
        missing = _prepare(work, folder, chosen)
        (_with_tex if chosen == "tex" else _with_typst)(work)
        _keep(work, folder, chosen)
    return Report(folder / "paper.pdf", chosen, (*missing, *problems(folder)))


def available() -> str:
    """The engine that this machine has, or a `BuildError` that says what to install."""
    if shutil.which("pdflatex") and (shutil.which("latexmk") or shutil.which("bibtex")):
        return "tex"
    if all(importlib.util.find_spec(m) for m in ("pypandoc", "typst")):
        return "typst"
    raise BuildError(
        "it needs TeX (latexmk and pdflatex) or 'pip install hallofillusions[paper]' "
        "(pypandoc-binary and typst), and neither is here"
    )


def problems(folder: Path) -> tuple[str, ...]:
    """The theorems whose mark is red."""
    records = json.loads((folder / "results.json").read_text("utf-8"))["theorems"]
    found = []
    for name, record in records.items():
        if not record["proof"]["ok"]:
            found.append(f"the proof of {name} fails: {record['proof']['error']}")
        if record["simulation"]["verdict"] == "disagrees":
            found.append(f"simulation disagrees with {name}")
    return tuple(found)


# -- the source ----------------------------------------------------------------------------------


def _prepare(work: Path, folder: Path, engine: str) -> tuple[str, ...]:
    """The source and all that it includes in one folder; what it names and nothing defines."""
    package = resources.files(__package__ or "hallofillusions.paper")
    for name in SOURCES:
        (work / name).write_bytes(package.joinpath(name).read_bytes())
    for name in GENERATED:
        shutil.copy(folder / "paper" / name, work / name)
    if (folder / "figures").is_dir():
        shutil.copytree(folder / "figures", work / "figures")
    (work / "marks.tex").write_text(MARKS[engine], encoding="utf-8")
    source = (work / "main.tex").read_text("utf-8")
    defined = "\n".join((work / name).read_text("utf-8") for name in GENERATED)
    missing = undefined(source, defined)
    lines = [f"\\newcommand{{\\{name}}}{{\\missing{{{name}}}}}" for name in missing]
    lines.append(_other_statements(source, defined))
    (work / "rest.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tuple(f"the paper names {name}, which the results do not have" for name in missing)


def commands(generated: str) -> list[str]:
    """The names that generated TeX defines."""
    return re.findall(r"^\\newcommand\{\\([A-Za-z]+)\}", generated, flags=re.M)


def undefined(source: str, generated: str) -> list[str]:
    """Names of results in the source (they begin with a capital letter) without a definition."""
    used = re.findall(r"\\([A-Z][A-Za-z]{3,})", _without_comments(source))
    return sorted(set(used) - set(commands(generated)) - {"OtherStatements"})


def _without_comments(source: str) -> str:
    return re.sub(r"(?<!\\)%.*", "", source)


def _other_statements(source: str, generated: str) -> str:
    """The statements that the text does not show: the appendix prints them."""
    shown = set(re.findall(r"\\(Statement[A-Za-z]+)", source))
    rest = [n for n in commands(generated) if n.startswith("Statement") and n not in shown]
    body = "".join(f"\\{name}{{}}\n\n" for name in rest)
    return f"\\newcommand{{\\OtherStatements}}{{%\n{body}}}"


def _keep(work: Path, folder: Path, engine: str) -> None:
    """The paper and everything that it was made of, ready for arXiv."""
    kept = folder / "paper"
    for name in (*SOURCES, "marks.tex", "rest.tex", "main.bbl"):
        if (work / name).exists():
            shutil.copy(work / name, kept / name)
    part = folder / f".paper.{os.getpid()}.part"
    shutil.copy(work / "main.pdf", part)
    os.replace(part, folder / "paper.pdf")


# -- TeX -------------------------------------------------------------------------------------------


def epoch() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))


def _with_tex(work: Path) -> None:
    quiet = ["-interaction=nonstopmode", "-halt-on-error"]
    if shutil.which("latexmk"):
        runs = [["latexmk", "-pdf", "-silent", *quiet, "main.tex"]]
    else:
        tex = ["pdflatex", *quiet, "main.tex"]
        runs = [tex, ["bibtex", "main"], tex, tex]
    stamp = {"SOURCE_DATE_EPOCH": str(epoch()), "FORCE_SOURCE_DATE": "1"}
    for run in runs:
        done = subprocess.run(run, cwd=work, env={**os.environ, **stamp}, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)  # fmt: skip
        if done.returncode:
            raise BuildError(f"{run[0]} failed: {_complaint(work / 'main.log')}")


def _complaint(log: Path) -> str:
    """What TeX complained of first."""
    if not log.exists():
        return "it wrote no log"
    lines = log.read_text("utf-8", errors="replace").splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("!")), len(lines) - 5)
    return " ".join(line.strip() for line in lines[start : start + LOG_LINES] if line.strip())


# -- pandoc and typst ------------------------------------------------------------------------------


def _with_typst(work: Path) -> None:
    import pypandoc
    import typst

    included = {n: (work / n).read_text("utf-8") for n in (*GENERATED, "marks.tex", "rest.tex")}
    source = re.sub(r"\\input\{(\w+)\}", lambda m: included[f"{m[1]}.tex"],
                    (work / "main.tex").read_text("utf-8"))  # fmt: skip
    (work / "whole.tex").write_text(source, encoding="utf-8")
    arguments = ["--standalone", "--citeproc", "--number-sections",
                 f"--bibliography={work / 'references.bib'}"]  # fmt: skip
    try:
        text = pypandoc.convert_file(str(work / "whole.tex"), "typst", extra_args=arguments)
        (work / "main.typ").write_text(rewritten(text), encoding="utf-8")
        pdf = typst.compile(str(work / "main.typ"), root=str(work), timestamp=epoch())
    except (RuntimeError, typst.TypstError) as error:
        raise BuildError(f"typst failed: {str(error)[:500]}") from None
    (work / "main.pdf").write_bytes(pdf)


HEAD = f"""#set document(date: none)
#set math.equation(numbering: "(1)")
#set ref(supplement: none)
#show "✓": set text(fill: rgb("#{PASS}"))
#show "✗": set text(fill: rgb("#{FAIL}"))
#show figure.where(kind: table): set block(breakable: true)
#show table: set text(size: 0.72em)
"""


def rewritten(text: str) -> str:
    """What pandoc's typst lacks: numbers and references of equations, tables and marks."""
    rules: dict[str, str | Callable[[re.Match[str]], str]] = {
        r"#link\(<([\w:]+)>\)\[\\\[[^\]]*\\\]\]": r"(#ref(<\1>))",  # references to equations
        r"\n\]\s*<(tab:\w+)>": r" <\1>\n]",  # a label belongs to the figure, not to its block
        r'upright\("([^"]*[✓✗∘][^"]*)"\)': r'upright(text(size: #0.8em, "\1"))',
    }
    rules |= {r'paper: "us-letter"': 'paper: "a4"', r"x: 1\.25in, y: 1\.25in": "x: 2.4cm, y: 2.6cm"}
    for pattern, new in rules.items():
        text = re.sub(pattern, new, text)
    return HEAD + text


def main() -> int:
    """Build from the folder that the command line names; 1 where a mark is red, 2 for no paper."""
    results = sys.argv[1] if len(sys.argv) > 1 else "results"
    try:
        report = build(results)
    except BuildError as error:
        print(f"error: the paper is not built: {error}", file=sys.stderr)
        return 2
    print(f"{report.pdf} (made by {report.engine})")
    for problem in report.problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
