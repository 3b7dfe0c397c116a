"""Build the API reference: ``python .docs/build.py [FOLDER]`` (the extra ``docs``).

Every page is written from the package itself: modules from their docstrings, theorems from their
statements, the command line from its own help.  Warnings are errors.
"""

from __future__ import annotations

import inspect
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import hallofillusions
from hallofillusions.latex import equation_latex, prose_latex
from hallofillusions.proof import Theorem, theorems

HERE = Path(__file__).parent
NAME = "hallofillusions"
GROUPS = {
    "loop": ("The sentence", "loop starts symbols component declarations"),
    "families": ("Families", "families corpus samplers fitting"),
    "mixing": ("Mixings", "mixing"),
    "biases": ("Sampling biases", "biases"),
    "estimators": ("Estimators", "estimators"),
    "observables": ("Observables", "observables"),
    "theory": ("Theory: derive and predict", "theory prediction recursion diagnosis kinds"),
    "simulation": ("Simulation", "simulation trajectory steps sweeping numerics"),
    "comparison": ("Comparison", "comparison"),
    "identification": ("Identification", "identification runs"),
    "proof": ("Proofs and confrontations", "proof confronting rivals testing"),
    "algebra": ("The engine", "engine algebra rational atoms mellin special transition"),
    "data": ("Data in", "realdata reading files"),
    "results": ("Results out", "plotting latex printing tables explorer reproduction paper cli"),
}
"""Page -> its title and the modules or packages on it; all others have the page ``more``."""


def modules() -> list[str]:
    """Every public module of the package, by its name below it; theorems have pages of their own.

    The figures of the paper are scripts.
    """
    found = pkgutil.walk_packages(hallofillusions.__path__, f"{NAME}.")
    packages = [*found, *pkgutil.iter_modules(_paths("paper"), f"{NAME}.paper.")]
    names = [m.name.removeprefix(f"{NAME}.") for m in packages]
    hidden = ("derivations", "paper.figures")
    return [n for n in dict.fromkeys(["paper", *names])
            if not n.startswith(hidden) and not any(p.startswith("_") for p in n.split("."))]


def _paths(package: str) -> list[str]:
    return list(__import__(f"{NAME}.{package}", fromlist=["*"]).__path__)


def public() -> dict[str, object]:
    """The names that ``from hallofillusions import …`` knows."""
    return {name: getattr(hallofillusions, name) for name in dir(hallofillusions)}


# -- pages ---------------------------------------------------------------------------------------


def pages() -> Iterator[tuple[str, str]]:
    """The name and the source of every page."""
    yield "index", index()
    yield "command-line", command_line()
    for page, (title, names) in grouped().items():
        yield page, module_page(title, names)
    yield "theorems/index", theorem_list(theorems().values())
    fragments = statements(theorems().values())
    for theorem, fragment in zip(theorems().values(), fragments, strict=True):
        yield f"theorems/{theorem.name}", theorem_page(theorem, fragment)


def heading(text: str, mark: str = "=") -> str:
    return f"{text}\n{mark * len(text)}\n"


def toctree(names: Iterable[str], caption: str = "") -> str:
    options = [":maxdepth: 1", ":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n   ".join([".. toctree::", *options, "", *names]) + "\n"


def index() -> str:
    """The first page: the verbs and words of the package, each with its first line."""
    verbs, nouns = ([f"   * - `{name}`\n     - {first_line(found)}"
                     for name, found in public().items() if name[0].islower() == verb]
                    for verb in (True, False))  # fmt: skip
    words = ["The names that ``from hallofillusions import …`` knows; assumptions of your own join "
             "them by being passed.  The :doc:`theorems <theorems/index>` have a page each, and "
             "the :doc:`command line <command-line>` has one for all."]  # fmt: skip
    trees = [toctree(["self", "command-line", "theorems/index"], "Begin here"),
             toctree(grouped(), "Modules")]  # fmt: skip
    about = inspect.getdoc(hallofillusions) or ""
    table = ".. list-table::\n   :widths: 28 72\n"
    verbs, nouns = ([heading("Verbs", "-"), table, *verbs], [heading("Words", "-"), table, *nouns])
    return "\n".join([heading(NAME), about, "", *words, "", *verbs, "", *nouns, "", *trees])


def first_line(found: object) -> str:
    """The first sentence of a docstring."""
    text = (inspect.getdoc(found) or "").partition("\n\n")[0]
    return " ".join(text.split()).replace("|", r"\|")


def grouped() -> dict[str, tuple[str, list[str]]]:
    """Page -> its title and its modules; every public module has one page."""
    known, found = modules(), {}
    for page, (title, names) in GROUPS.items():
        mine = [n for name in names.split() for n in known if n == name or n.startswith(f"{name}.")]
        found[page] = title, mine
    listed = {n for _, mine in found.values() for n in mine}
    return found | {"more": ("More", [n for n in known if n not in listed])}


def module_page(title: str, names: Iterable[str]) -> str:
    options = "   :members:\n   :ignore-module-all:\n"
    parts = [f"{heading(f'{NAME}.{n}', '-')}\n.. automodule:: {NAME}.{n}\n{options}"
             for n in names]  # fmt: skip
    return "\n".join([heading(title), *parts])


def command_line() -> str:
    """The help of every command, as the terminal prints it."""
    from hallofillusions.cli import COMMANDS

    parts = [heading("The command line")]
    for name in ("", *COMMANDS):
        shown = literal(help_text([name, "--help"] if name else ["--help"]))
        parts.append(f"{heading(name, '-')}\n{shown}" if name else shown)
    return "\n".join(parts)


def help_text(arguments: list[str]) -> str:
    command = [sys.executable, "-m", NAME, *arguments]
    env = {**os.environ, "COLUMNS": "92", "NO_COLOR": "1"}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def literal(text: str) -> str:
    body = "\n".join(f"   {line}".rstrip() for line in text.splitlines())
    return f".. code-block:: text\n\n{body}\n"


# -- theorems --------------------------------------------------------------------------------------


def theorem_list(found: Iterable[Theorem]) -> str:
    listed = list(found)
    rows = [f"   * - :doc:`{t.name} <{t.name}>`\n     - {t.title}\n     - {t.kind}" for t in listed]
    words = (f"{len(listed)} closed forms, each proved line by line by machine and attacked by "
             "simulation.  ``hallofillusions derive NAME`` prints the proof with a tick a line.")
    table = ".. list-table::\n   :header-rows: 1\n\n   * - name\n     - what it says\n     - kind"
    return "\n".join([heading("Theorems"), words, "", table, *rows, "",
                      toctree(t.name for t in listed)])  # fmt: skip


def theorem_page(theorem: Theorem, fragment: str) -> str:
    module = inspect.getmodule(theorem.statement)
    source = f".. automodule:: {module.__name__}\n" if module else ""
    facts = [f":Kind: {theorem.kind}", f":Reference: {theorem.origin}",
             f":Proof: ``hallofillusions derive {theorem.name}``"]  # fmt: skip
    return "\n".join([heading(theorem.title), source, *facts, "", fragment])


def statements(found: Iterable[Theorem]) -> list[str]:
    """The assumptions and the equations of every theorem, from LaTeX to reStructuredText."""
    import pypandoc

    source = "\n\n\\hrule\n\n".join(map(theorem_latex, found))
    text = pypandoc.convert_text(source, "rst", "latex", extra_args=["--wrap=none"])
    return [str(part) for part in text.split("\n--------------\n")]


def theorem_latex(theorem: Theorem) -> str:
    assumed = "\n".join(rf"\item {prose_latex(a)}" for a in theorem.assumptions)
    equations = "\n\n".join(rf"\[{equation_latex(e)}\]" for e in theorem.statement())
    return (f"\\textbf{{Assume}}\n\\begin{{itemize}}\n{assumed}\n\\end{{itemize}}\n\n"
            f"\\textbf{{Then}}\n\n{equations}")  # fmt: skip


# -- Sphinx ----------------------------------------------------------------------------------------


def build(folder: Path) -> int:
    """Write the pages beside nothing of the checkout, and let Sphinx read them."""
    from sphinx.cmd.build import main

    with tempfile.TemporaryDirectory(prefix="hallofillusions-docs-") as name:
        for page, text in pages():
            path = Path(name, f"{page}.rst")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        quiet = ["-q", "-W", "--keep-going", "-E", "-j", "auto", "-d", f"{name}/.doctrees"]
        status: int = main([*quiet, "-b", "html", "-c", str(HERE), name, str(folder)])
    return status


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "results/docs")
    failed = build(target)
    print(f"{target / 'index.html'}" if not failed else "the reference is not built")
    sys.exit(failed)
