"""Every notebook runs from top to bottom, is stored without outputs, and reads well offline."""

from __future__ import annotations

import ast
import json
import re
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.render import LIMIT, LOADED, clean, executed, html, index, main, mathml, notebooks

NAMES = (
    "1-five-minutes", "2-the-gaussian-loop", "3-text-that-eats-itself",
    "4-a-mixture-that-loses-its-modes", "5-your-own-assumption", "6-when-they-disagree",
)  # fmt: skip
OWN = {"5-your-own-assumption": ("AllOrNothing", "Hallucinate")}
"""The one place where a reader's own classes are written."""
LINES = 26
"""Lines of those classes, without blank ones and docstrings."""

every_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


def book(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def sources(path: Path, kind: str = "code") -> list[str]:
    return ["".join(c["source"]) for c in book(path)["cells"] if c["cell_type"] == kind]


def test_there_are_six() -> None:
    assert tuple(path.stem for path in notebooks()) == NAMES


# -- as they are stored ------------------------------------------------------------------------


@every_notebook
def test_a_notebook_is_valid_and_as_jupyter_writes_it(path: Path) -> None:
    read = nbformat.read(path, as_version=4)
    nbformat.validate(read)
    assert (read.nbformat, read.nbformat_minor) == (4, 5)
    assert read.metadata.kernelspec.name == "python3"
    assert nbformat.writes(read) + "\n" == path.read_text(encoding="utf-8")
    assert len({cell.id for cell in read.cells}) == len(read.cells)


@every_notebook
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    for cell in book(path)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@every_notebook
def test_only_the_reader_defines_anything(path: Path) -> None:
    nodes = [node for text in sources(path) for node in ast.walk(ast.parse(text))]
    classes = tuple(node.name for node in nodes if isinstance(node, ast.ClassDef))
    assert classes == OWN.get(path.stem, ())
    inside = {id(f) for node in nodes if isinstance(node, ast.ClassDef) for f in node.body}
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.Lambda)]
    assert all(id(f) in inside for f in functions)


def test_the_reader_writes_about_twenty_lines() -> None:
    text = next(t for t in sources(notebooks()[4]) if "class " in t)
    tree = ast.parse(text)
    lines = text.split("\n")
    kept = [line for node in tree.body if isinstance(node, ast.ClassDef)
            for line in lines[node.lineno - 1 : node.end_lineno]
            if line.strip() and not line.strip().startswith('"""')]  # fmt: skip
    assert 15 <= len(kept) <= LINES


@every_notebook
def test_prose_has_no_results_typed_by_hand(path: Path) -> None:
    for text in sources(path, "markdown"):
        assert not re.search(r"\d\.\d|\d ?%|±", text), text


@every_notebook
def test_every_part_asks_before_it_tells(path: Path) -> None:
    assert any("Your guess:" in text for text in sources(path, "markdown"))


# -- as they run -------------------------------------------------------------------------------


@every_notebook
def test_a_notebook_runs(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process, where warnings are errors; what a cell ends with is shown as a kernel does.

    Processor time, for tests share the cores.
    """
    from IPython.core.formatters import DisplayFormatter

    space: dict[str, Any] = {"__name__": "__main__"}
    show, start = DisplayFormatter().format, time.process_time()
    for number, text in enumerate(sources(path)):
        shown = run(text, f"{path.name}[{number}]", space)
        if shown is not None:
            assert show(shown)[0]
    assert time.process_time() - start < LIMIT
    assert capsys.readouterr().err == ""


def run(text: str, name: str, space: dict[str, Any]) -> Any:
    """A cell's last expression."""
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), space)
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), name, "eval"), space)


def test_a_kernel_runs_and_renders_one(tmp_path: Path) -> None:
    assert main([str(notebooks()[0]), "--out", str(tmp_path)]) == 0
    check_page((tmp_path / "1-five-minutes.html").read_text(encoding="utf-8"))
    assert "1-five-minutes.html" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
@every_notebook
def test_a_kernel_runs_and_renders_each(path: Path) -> None:
    start = time.monotonic()
    done = executed(path)
    assert time.monotonic() - start < LIMIT
    check_page(html(done, path.stem))


def check_page(page: str) -> None:
    """Figures are inside, formulas are MathML, nothing is fetched."""
    assert "data:image/png;base64," in page
    assert not LOADED.findall(page)
    assert "$$" not in page
    assert "STANDSHERE" not in page


# -- the renderer ------------------------------------------------------------------------------


def small(*cells: Any) -> Any:
    return nbformat.v4.new_notebook(cells=list(cells))


def test_a_warning_is_an_error() -> None:
    loud = nbformat.v4.new_code_cell("1")
    loud.outputs = [nbformat.v4.new_output("stream", name="stderr", text="Warning: late")]
    with pytest.raises(RuntimeError, match="late"):
        clean(small(loud), "loud")
    loud.outputs[0].name = "stdout"
    assert clean(small(loud), "fine").cells


def test_formulas_become_mathml() -> None:
    words = nbformat.v4.new_markdown_cell("where $a_1 < b_2$ and $c_3$")
    shown = nbformat.v4.new_code_cell("x")
    shown.outputs = [nbformat.v4.new_output(
        "execute_result", {"text/latex": "$$\\begin{aligned}\nx &= 1\n\\end{aligned}$$"}
    )]  # fmt: skip
    page = html(small(words, shown), "formulas")
    assert page.count("<math") == 3
    assert "$" not in re.sub(r"<style.*?</style>", "", page, flags=re.S)


def test_a_formula_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        mathml([r"$\frac{1$"])


def test_the_list_of_pages_escapes_titles() -> None:
    assert "a &lt; b" in index({"x.html": "a < b"})
