"""Build the paper from a results folder: ``python -m hallofillusions.paper.build [RESULTS]``.

The sources hold no formula and no number.  With TeX (`pdflatex` and `bibtex`) they are typeset as
they are, and a bundle for arXiv is made; without, pandoc and typst (the extra ``paper``) read the
same sources.  pandoc makes one HTML file of each, too.  A theorem whose proof or simulation fails
has a red mark, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

DOCUMENTS = {"main": "paper", "supplement": "supplement"}
"""Source -> the name of what is made of it, in the results folder."""
BIBLIOGRAPHY = "references.bib"
SOURCES = (*(f"{name}.tex" for name in DOCUMENTS), BIBLIOGRAPHY)
GENERATED = ("numbers.tex", "equations.tex")
BUNDLE = "arxiv.tar.gz"
EPOCH = 1_764_547_200
"""The time that the files carry unless SOURCE_DATE_EPOCH says otherwise: same bytes every time."""
PASS, FAIL, DIM = "009E73", "D55E00", "555555"
DERIVATIONS = "paper/derivations/"
"""Where a reader of the PDF finds the derivations, seen from the results folder."""
MARKS = {
    "tex": rf"\definecolor{{pass}}{{HTML}}{{{PASS}}}\definecolor{{fail}}{{HTML}}{{{FAIL}}}"
    rf"\definecolor{{dim}}{{HTML}}{{{DIM}}}"
    r"""
\newcommand{\passed}[1]{{\color{pass}\ensuremath{\checkmark}#1}}
\newcommand{\failed}[1]{{\color{fail}\ensuremath{\times}#1}}
\newcommand{\untold}[1]{{\color{gray}\ensuremath{\circ}#1}}
\newcommand{\proofmark}[1]{\qquad\text{\footnotesize #1}}
\newcommand{\missing}[1]{{\color{fail}[#1 is missing]}}
\newcommand{\lawtitle}[1]{\par\smallskip\noindent\textbf{#1.}}
\newcommand{\evidence}[1]{\par\nobreak\vspace{-0.6ex}\noindent{\footnotesize\color{dim}#1.\par}\smallskip}
""",
    "typst": r"""\newcommand{\passed}[1]{✓#1}
\newcommand{\failed}[1]{✗#1}
\newcommand{\untold}[1]{∘#1}
\newcommand{\proofmark}[1]{\qquad\text{#1}}
\newcommand{\missing}[1]{✗[#1 is missing]}
\newcommand{\lawtitle}[1]{

\textbf{#1.}}
\newcommand{\evidence}[1]{

\textsc{#1.}

}
""",
}
LOG_LINES = 15
COPIES = 3
"""Fair copies at most: TeX is asked again while it says that its references have changed."""
WIDTHS = "(1fr, 6em, auto, auto, auto, auto)"
"""Of the columns of the table of theorems, for typst."""
APPENDIX = "TheAppendixBeginsHere"
SUMMARY = "Build the paper from a results folder."


class BuildError(RuntimeError):
    """Why there is no paper, in one sentence."""


@dataclass(frozen=True)
class Report:
    """The paper that was built, by which engine, what else was made, and what is wrong in it."""

    pdf: Path
    engine: str
    files: tuple[Path, ...]
    problems: tuple[str, ...]


def build(
    results: Any = "results", engine: str | None = None, derivations: str = DERIVATIONS
) -> Report:
    """Build the paper and its supplement in the results folder: PDF, HTML, a bundle for arXiv.

    ``engine`` is "tex", "typst" or None (any); ``derivations`` is where the links of equations
    lead, an address that ends in a slash.  HTML needs pandoc and the bundle TeX; each is left out
    where its engine is not here.  Raises `BuildError` where there are no results, no engine, or
    the engine fails.
    """
    folder = Path(results)
    if not (folder / "results.json").is_file():
        raise BuildError(f"{folder} holds no results.json; run 'hallofillusions reproduce' first")
    chosen = engine or available()
    with tempfile.TemporaryDirectory(prefix="hallofillusions-paper-") as name:
        work = Path(name)
        missing = _prepare(work, folder, chosen, derivations)
        _all_at_once(work, [_with_tex if chosen == "tex" else _with_typst,
                            *([_as_html] if has_pandoc() else [])])  # fmt: skip
        if chosen == "tex":
            _bundle(work)
        files = _keep(work, folder)
    return Report(folder / "paper.pdf", chosen, files, (*missing, *problems(folder)))


def _all_at_once(work: Path, makers: Iterable[Callable[[Path, str], None]]) -> None:
    """Every document by every maker; they are programs of their own, for which we only wait."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        jobs = [pool.submit(make, work, name) for make in makers for name in DOCUMENTS]
        for job in jobs:
            job.result()


def has_pandoc() -> bool:
    return importlib.util.find_spec("pypandoc") is not None


def available() -> str:
    """The engine that this machine has, or a `BuildError` that says what to install."""
    if shutil.which("pdflatex") and shutil.which("bibtex"):
        return "tex"
    if all(importlib.util.find_spec(m) for m in ("pypandoc", "typst")):
        return "typst"
    raise BuildError(
        "it needs TeX (pdflatex and bibtex) or 'pip install hallofillusions[paper]' "
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


def _prepare(work: Path, folder: Path, engine: str, derivations: str) -> tuple[str, ...]:
    """The sources and all that they include in one folder; what they name and nothing defines."""
    package = resources.files(__package__ or "hallofillusions.paper")
    for name in SOURCES:
        (work / name).write_text(signed(package.joinpath(name).read_text("utf-8")), "utf-8")
    for name in GENERATED:
        shutil.copy(folder / "paper" / name, work / name)
    if (folder / "figures").is_dir():
        shutil.copytree(folder / "figures", work / "figures")
    _copy_derivations(work / "derivations")
    link = f"\\newcommand{{\\derivation}}[2]{{\\href{{{derivations}#1.py}}{{\\texttt{{#2}}}}}}"
    (work / "marks.tex").write_text(MARKS[engine], encoding="utf-8")
    sources = "\n".join((work / f"{name}.tex").read_text("utf-8") for name in DOCUMENTS)
    defined = "\n".join((work / name).read_text("utf-8") for name in GENERATED)
    missing = undefined(sources, defined)
    lines = [link, *(f"\\newcommand{{\\{name}}}{{\\missing{{{name}}}}}" for name in missing)]
    lines += [*_places((work / "main.tex").read_text("utf-8"), defined), _all_statements(defined),
              _sources(folder)]  # fmt: skip
    (work / "rest.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tuple(f"the paper names {name}, which the results do not have" for name in missing)


def signed(source: str) -> str:
    """The same source with the name of its script at the end of every figure's caption."""

    def sign(label: re.Match[str]) -> str:
        script = f"paper/figures/{label[1]}.py".replace("_", r"\_")
        return f" {{\\footnotesize\\texttt{{{script}}}}}}}\n\\label{{fig:{label[1]}}}"

    return re.sub(r"\}\n\\label\{fig:(\w+)\}", sign, source)


def _copy_derivations(target: Path) -> None:
    """The files in which the theorems are derived, for whoever follows a link."""
    target.mkdir()
    try:
        found = resources.files("hallofillusions.derivations")
    except ModuleNotFoundError:  # the package works without them
        return
    for source in found.iterdir():
        if source.name.endswith(".py"):
            (target / source.name).write_bytes(source.read_bytes())


def commands(generated: str) -> list[str]:
    """The names that generated TeX defines."""
    return re.findall(r"^\\newcommand\{\\([A-Za-z]+)\}", generated, flags=re.M)


def undefined(source: str, generated: str) -> list[str]:
    """Names of results in the source (they begin with a capital letter) without a definition."""
    used = re.findall(r"\\([A-Z][A-Za-z]{3,})", _without_comments(source))
    made_here = {"AllStatements", "TheoremSources", *_references(generated)}
    return sorted(set(used) - set(commands(generated)) - made_here)


def _without_comments(source: str) -> str:
    return re.sub(r"(?<!\\)%.*", "", source)


def _references(generated: str) -> list[str]:
    """The names by which the table of theorems refers to equations."""
    return re.findall(r"\\(Ref[A-Z][A-Za-z]*)", generated)


def _places(source: str, generated: str) -> list[str]:
    """Where a theorem's equation is: its number in the paper, or an S for the supplement."""
    shown = set(re.findall(r"\\Law([A-Za-z]+)", source))
    labels = dict(re.findall(r"^\\newcommand\{\\Law([A-Za-z]+)\}.*?\\label\{(eq:\w+)\}", generated,
                             flags=re.M | re.S))  # fmt: skip
    return [f"\\newcommand{{\\{name}}}{{{_place(labels.get(name[3:]), name[3:] in shown)}}}"
            for name in dict.fromkeys(_references(generated))]  # fmt: skip


def _place(label: str | None, shown: bool) -> str:
    return f"\\eqref{{{label}}}" if shown and label else "(S)"


def _sources(folder: Path) -> str:
    """What the theorems cite, for the supplement's bibliography."""
    records = json.loads((folder / "results.json").read_text("utf-8"))["theorems"].values()
    keys = sorted({key for record in records for key in record["cites"]})
    cited = f"\\nocite{{{','.join(keys)}}}" if keys else ""
    return f"\\newcommand{{\\TheoremSources}}{{{cited}}}"


def _all_statements(generated: str) -> str:
    """What the supplement prints."""
    names = [n for n in commands(generated) if n.startswith("Statement")]
    body = "".join(f"\\{name}{{}}\n\n" for name in names)
    return f"\\newcommand{{\\AllStatements}}{{%\n{body}}}"


def _keep(work: Path, folder: Path) -> tuple[Path, ...]:
    """What was made, each file whole or not at all, and everything that it was made of."""
    kept = folder / "paper"
    for name in (*SOURCES, "marks.tex", "rest.tex", *(f"{n}.bbl" for n in DOCUMENTS)):
        if (work / name).exists():
            shutil.copy(work / name, kept / name)
    shutil.copytree(work / "derivations", kept / "derivations", dirs_exist_ok=True)
    made = {f"{source}.{kind}": f"{name}.{kind}" for source, name in DOCUMENTS.items()
            for kind in ("pdf", "html")} | {BUNDLE: BUNDLE}  # fmt: skip
    for name, target in made.items():
        if (work / name).exists():
            part = folder / f".{target}.{os.getpid()}.part"
            shutil.copy(work / name, part)
            os.replace(part, folder / target)
        else:  # of another engine: nothing that is out of date
            (folder / target).unlink(missing_ok=True)
    return tuple(folder / target for name, target in made.items() if (work / name).exists())


# -- TeX -------------------------------------------------------------------------------------------


def epoch() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))


def _with_tex(work: Path, name: str) -> None:
    """Two drafts, which learn the references and draw nothing, and fair copies as needed."""
    quiet = ["-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    for command in (["pdflatex", "-draftmode", *quiet], ["bibtex", name],
                    ["pdflatex", "-draftmode", *quiet]):  # fmt: skip
        _run(work, command, name)
    for _ in range(COPIES):
        _run(work, ["pdflatex", *quiet], name)
        log = (work / f"{name}.log").read_text("utf-8", errors="replace")
        if not re.search(r"^(?:LaTeX|Package) .*Warning:.*(?:Rerun|have changed)", log, re.M):
            break


def _run(work: Path, command: Sequence[str], name: str) -> None:
    stamp = {"SOURCE_DATE_EPOCH": str(epoch()), "FORCE_SOURCE_DATE": "1"}
    done = subprocess.run(command, cwd=work, env={**os.environ, **stamp}, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False)  # fmt: skip
    if done.returncode:
        raise BuildError(f"{command[0]} failed: {_complaint(work / f'{name}.log')}")


def _bundle(work: Path) -> None:
    """What arXiv asks for: sources, bibliography and figures flat, the derivations beside them."""
    names = [*SOURCES, *GENERATED, "marks.tex", "rest.tex", *(f"{n}.bbl" for n in DOCUMENTS)]
    files = {name: work / name for name in names if (work / name).exists()}
    files |= {f"figures/{p.name}": p for p in (work / "figures").glob("*.pdf")}
    files |= {f"anc/{p.name}": p for p in (work / "derivations").glob("*.py")}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, path in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = path.stat().st_size, epoch()
            with path.open("rb") as file:
                tar.addfile(entry, file)
    (work / BUNDLE).write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def _complaint(log: Path) -> str:
    """What TeX complained of first."""
    if not log.exists():
        return "it wrote no log"
    lines = log.read_text("utf-8", errors="replace").splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("!")), len(lines) - 5)
    return " ".join(line.strip() for line in lines[start : start + LOG_LINES] if line.strip())


# -- pandoc and typst ------------------------------------------------------------------------------


def _with_typst(work: Path, name: str) -> None:
    import typst

    try:
        text = _pandoc(work, name, whole(work, name), "typst", "--number-sections")
        (work / f"{name}.typ").write_text(rewritten(text), encoding="utf-8")
        pdf = typst.compile(str(work / f"{name}.typ"), root=str(work), timestamp=epoch())
    except (RuntimeError, typst.TypstError) as error:
        raise BuildError(f"typst failed: {str(error)[:500]}") from None
    (work / f"{name}.pdf").write_bytes(pdf)


def whole(work: Path, name: str, marks: str = "") -> str:
    """A document with everything that it includes; ``marks`` take the place of its own."""
    files = (*GENERATED, "marks.tex", "rest.tex")
    included = {n: (work / n).read_text("utf-8") for n in files}
    included["marks.tex"] = marks or included["marks.tex"]
    source = (work / f"{name}.tex").read_text("utf-8")
    return re.sub(r"\\input\{(\w+)\}", lambda m: included[f"{m[1]}.tex"], source)


def _pandoc(work: Path, name: str, source: str, to: str, *arguments: str) -> str:
    import pypandoc

    marked = source.replace("\\appendix\n", f"\n{APPENDIX}\n\n")
    whole_source = work / f"{name}.for-{to}.tex"
    whole_source.write_text(marked, encoding="utf-8")
    bibliography = work / BIBLIOGRAPHY
    text: str = pypandoc.convert_file(
        str(whole_source), to,
        extra_args=["--standalone", "--citeproc", "--wrap=none", f"--bibliography={bibliography}",
                    f"--resource-path={work}", *arguments],
    )  # fmt: skip
    return text


def mathml(formulas: Sequence[str]) -> list[str]:
    r"""Each formula, in dollars or between \( \) or \[ \], as MathML.

    Raises `BuildError` for one that pandoc cannot read.
    """
    import pypandoc

    if not formulas:
        return []
    options = ["--mathml", "--wrap=none", "--fail-if-warnings"]
    try:
        page = pypandoc.convert_text("\n\n".join(formulas), "html", "latex", options)
    except RuntimeError as error:
        raise BuildError(f"pandoc cannot read a formula: {error}") from None
    found = re.findall(r"<math\b.*?</math>", page, re.S)
    if len(found) != len(formulas):
        raise BuildError(f"pandoc made {len(found)} formulas of {len(formulas)}")
    return [re.sub(r"<annotation.*?</annotation>", "", one, flags=re.S) for one in found]


HEAD = f"""#set document(date: none)
#set math.equation(numbering: "(1)")
#set ref(supplement: none)
#show "✓": set text(fill: rgb("#{PASS}"))
#show "✗": set text(fill: rgb("#{FAIL}"))
#show figure.where(kind: table): set block(breakable: true)
#show table: set text(size: 0.72em)
#set table(inset: (x: 4pt, y: 3pt))
#show heading.where(level: 4): it => block(sticky: true, below: 0.7em, strong(it.body))
#show smallcaps: it => text(size: 0.82em, fill: rgb("#{DIM}"), it.body)
"""


def rewritten(text: str) -> str:
    """What pandoc's typst lacks: numbers and references of equations, tables and marks."""
    rules: dict[str, str | Callable[[re.Match[str]], str]] = {
        r"#link\(<([\w:]+)>\)\[\\\[[^\]]*\\\]\]": r"(#ref(<\1>))",  # references to equations
        r"\n\]\s*<(tab:\w+)>": r" <\1>\n]",  # a label belongs to the figure, not to its block
        r'upright\("([^"]*[✓✗∘][^"]*)"\)': r'upright(text(size: #0.8em, "\1"))',
    }
    rules |= {
        r"(#set table\(\n  inset: )6pt": r"\1(x: 4pt, y: 3pt)",
        r"columns: 6(,\n\s*align: \(left,left,left,left,)": rf"columns: {WIDTHS}\1",
        rf"^{APPENDIX}$": '#set heading(numbering: "A")\n#counter(heading).update(0)',
        r'paper: "us-letter"': 'paper: "a4"', r"fontsize: 11pt": "fontsize: 9.5pt",
        r"x: 1\.25in, y: 1\.25in": "x: 2cm, y: 2.2cm",
    }  # fmt: skip
    for pattern, new in rules.items():
        text = re.sub(pattern, new, text, flags=re.M)
    whole_laws = r"^#strong\[[^\n]*\.\]$(?:(?!^#strong|^=).)*?^#smallcaps\[[^\n]*\]$"
    text = re.sub(whole_laws, r"#block(breakable: false)[\n\g<0>\n]", text, flags=re.M | re.S)
    return HEAD + text


# -- HTML ------------------------------------------------------------------------------------------

STYLE = """<style>
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff;
  font: 1.02rem/1.55 Georgia, "Times New Roman", serif; }
header { text-align: center; } .author { font-style: italic; }
nav ul { columns: 2; font-size: .92rem; } a { color: #0072B2; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
figcaption, caption { font-size: .9rem; color: #333; text-align: left; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .8rem; display: block; overflow-x: auto; }
th, td { padding: .2rem .5rem; text-align: left; vertical-align: top; }
thead { border-bottom: 1px solid #111; } tbody tr { border-bottom: 1px solid #eee; }
math[display="block"] { overflow-x: auto; overflow-y: hidden; padding: .3rem 0; }
td code { font-size: .8rem; } details pre { font-size: .78rem; overflow-x: auto; }
span.smallcaps { font-variant: normal !important; font-size: .82rem; color: #555; }
.cross { color: #D55E00; font-weight: bold; }
@media (max-width: 40rem) { nav ul { columns: 1; } body { margin: 1rem auto; } }
</style>
"""


def _as_html(work: Path, name: str) -> None:
    """A document as one file without a network: MathML, pictures and derivations inside."""
    style = work / f"{name}-style.html"
    style.write_text(STYLE, encoding="utf-8")
    source = plain(whole(work, name, MARKS["typst"]))
    text = _pandoc(work, name, source, "html5", "--mathml", "--embed-resources", "--toc",
                   "--number-sections", f"--include-in-header={style}")  # fmt: skip
    text = re.sub(r"<annotation.*?</annotation>", "", text, flags=re.S)
    text = re.sub(r'href="[^"]*?(\w+)\.py"', r'href="#derivation-\1"', text)
    text = _lettered(text).replace("✗", '<span class="cross">✗</span>')
    text = text.replace("</body>", f"{_derivations(work)}</body>")
    (work / f"{name}.html").write_text(text, encoding="utf-8")


def _lettered(text: str) -> str:
    """Sections after the appendix' mark get letters, in the contents too."""
    before, mark, after = text.partition(f"<p>{APPENDIX}</p>")
    titles = re.findall(r'<h1 data-number="(\d+)"', after) if mark else []
    text = before + after
    for i, number in enumerate(titles):
        text = text.replace(f'number">{number}</span>', f'number">{chr(65 + i)}</span>')
    return text


def _derivations(work: Path) -> str:
    """The programs that prove the theorems, to be unfolded."""
    from html import escape

    parts = [
        f'<details id="derivation-{path.stem}"><summary><code>{path.name}</code></summary>'
        f"<pre><code>{escape(path.read_text('utf-8'))}</code></pre></details>\n"
        for path in sorted((work / "derivations").glob("*.py")) if path.stem != "__init__"
    ]  # fmt: skip
    opening = (
        "<script>addEventListener('hashchange',()=>{const d=document.getElementById("
        "decodeURIComponent(location.hash.slice(1)));if(d&&d.open===false)d.open=true})</script>"
    )
    return f'<section><h1 id="derivations">Derivations</h1>\n{"".join(parts)}</section>\n{opening}'


def plain(source: str) -> str:
    """The same document with every equation, figure and table numbered by hand, for pandoc's HTML
    knows neither their numbers nor references to them."""
    head, body = source.split(r"\begin{document}", 1)
    bodies = dict(re.findall(r"^\\newcommand\{\\([A-Za-z]+)\}\{(%\n.*?)\n\}$", head, re.M | re.S))
    for _ in range(2):  # statements of statements
        body = re.sub(r"\\([A-Z][A-Za-z]+)(?:\{\})?", lambda m: bodies.get(m[1], m[0]), body)
    body = re.sub(r"(figures/\w+)\.pdf", r"\1.png", body)
    numbers = _numbered(body)
    body = re.sub(r"\\begin\{equation\}\\label\{([^}]*)\}(.*?)\\end\{equation\}",
                  lambda m: _equation(m[1], m[2], numbers[m[1]]), body, flags=re.S)  # fmt: skip
    for kind in ("figure", "table", "longtable"):
        body = re.sub(rf"\\begin\{{{kind}\}}.*?\\end\{{{kind}\}}",
                      lambda m: _captioned(m[0], numbers), body, flags=re.S)  # fmt: skip
    for rule, shown in ((r"\\eqref\{([^}]*)\}", "({})"), (r"\\ref\{([^}]*)\}", "{}")):
        body = re.sub(rule, lambda m, s=shown: _link(m[1], s, numbers), body)  # type: ignore[misc]
    return head + r"\begin{document}" + body


def _numbered(body: str) -> dict[str, str]:
    """Label -> number, in the order in which things come."""
    counts = {"eq": 0, "fig": 0, "tab": 0, "sec": 0}
    found, letters = {}, False
    for match in re.finditer(r"\\appendix|\\label\{((eq|fig|tab|sec):[^}]*)\}", body):
        if not match[1]:
            letters, counts["sec"] = True, 0
            continue
        counts[match[2]] += 1
        count = counts[match[2]]
        found[match[1]] = chr(64 + count) if letters and match[2] == "sec" else str(count)
    return found


def _equation(label: str, formula: str, number: str) -> str:
    shown = f"{formula.strip()}\\qquad\\text{{({number})}}"
    return f"\n\n\\hypertarget{{{label}}}{{}}\n\\[{shown}\\]\n\n"


def _captioned(block: str, numbers: dict[str, str]) -> str:
    label = re.search(r"\\label\{((fig|tab):[^}]*)\}", block)
    if label is None:
        return block
    word = "Figure" if label[2] == "fig" else "Table"
    return block.replace(r"\caption{", rf"\caption{{{word} {numbers[label[1]]}: ", 1)


def _link(label: str, shown: str, numbers: dict[str, str]) -> str:
    return f"\\hyperlink{{{label}}}{{{shown.format(numbers.get(label, '?'))}}}"


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Iterable[str] | None = None) -> int:
    """Build from the folder that the command line names; 1 where a mark is red, 2 for no paper."""
    parser = argparse.ArgumentParser("python -m hallofillusions.paper.build", description=SUMMARY)
    parser.add_argument("results", nargs="?", default="results", help="the folder")
    parser.add_argument("--engine", choices=("tex", "typst"), help="the one that is here")
    parser.add_argument("--derivations", default=DERIVATIONS, metavar="ADDRESS",
                        help="where the links of equations lead")  # fmt: skip
    given = parser.parse_args(None if arguments is None else list(arguments))
    try:
        report = build(given.results, given.engine, given.derivations)
    except BuildError as error:
        print(f"error: the paper is not built: {error}", file=sys.stderr)
        return 2
    print(f"{report.pdf} (made by {report.engine})")
    for path in report.files[1:]:
        print(path)
    for problem in report.problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
