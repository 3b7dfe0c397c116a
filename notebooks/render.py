"""Run every notebook in a kernel of its own and render it, with its outputs, as one HTML file.

A page needs no network: figures are inside, formulas are MathML, and there is no script.
"""

from __future__ import annotations

import argparse
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from traitlets.config import Config

from hallofillusions.paper.build import mathml

HERE = Path(__file__).parent
LIMIT = 60
"""Seconds that a notebook may take."""
QUIET = Config({"KernelManager": {"transport_encryption": "auto"}})
"""A kernel that is spoken with in the clear warns of it."""
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.S)
LOADED = re.compile(
    r"""(?:\bsrc=["'](?!data:)|url\(["']?(?!data:|#)|@import|<script|<link)[^>)]*"""
)
"""What a browser would fetch."""
LOOK = """<style>
.jp-RenderedText pre {word-break: normal !important; overflow-wrap: anywhere}
.jp-Notebook {max-width: 60rem; margin: 0 auto}
math {font-size: 1.1em}
mtable {math-style: normal}
</style>
</head>"""
"""Words stay whole, lines short, and fractions of displayed formulas large."""


def notebooks() -> list[Path]:
    """All notebooks, in their order."""
    return sorted(HERE.glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook; an invalid one is an error."""
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    return book


def executed(path: Path) -> Any:
    """The notebook with its outputs, from a fresh kernel; a warning in it is an error."""
    book = read(path)
    place = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(book, timeout=LIMIT, kernel_name="python3", resources=place,
                            config=QUIET)  # fmt: skip
    client.execute()
    return clean(book, path.name)


def clean(book: Any, name: str) -> Any:
    """The notebook, which must have written nothing to standard error."""
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise RuntimeError(f"{name}, cell {cell.id}: {output.text}")
    return book


def html(book: Any, title: str) -> str:
    """The page of an executed notebook."""
    book = nbformat.from_dict(book)
    found: list[str] = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = _held(cell.source, found)
        for output in cell.get("outputs", ()):
            latex = output.get("data", {}).pop("text/latex", None)
            if latex is not None:
                output.data["text/html"] = _held(latex, found)
    exporter = HTMLExporter(exclude_anchor_links=True)
    page, _ = exporter.from_notebook_node(book, {"metadata": {"name": title}})
    page = re.sub(r"<script\b.*?</script>", "", page, flags=re.S)
    page = page.replace("</head>", LOOK, 1)
    for i, formula in enumerate(mathml(found)):
        page = page.replace(_name(i), formula)
    return str(page)


def _name(i: int) -> str:
    """What stands for a formula while Markdown is turned into HTML."""
    return f"FORMULA{i}STANDSHERE"


def _held(text: str, found: list[str]) -> str:
    """The text with a name for each formula, which is put by."""

    def put_by(match: re.Match[str]) -> str:
        found.append(match[0])
        return _name(len(found) - 1)

    return FORMULA.sub(put_by, text)


def title_of(book: Any) -> str:
    """The first heading."""
    first = str(book.cells[0].source).split("\n", 1)[0]
    return first.lstrip("# ")


def index(pages: dict[str, str]) -> str:
    """A list of the pages: file name -> title."""
    rows = "\n".join(f'<li><a href="{name}">{escape(title)}</a></li>'
                     for name, title in pages.items())  # fmt: skip
    look = "body {font: 16px/1.6 sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>hallofillusions: notebooks</title><style>{look}</style></head>\n"
        f"<body><h1>hallofillusions: notebooks</h1>\n<ol>\n{rows}\n</ol></body>\n</html>\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Render all notebooks, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="notebooks; all if there are none")
    parser.add_argument("--out", type=Path, default=Path("results/notebooks"), help="folder")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    pages = {}
    for path in options.paths or notebooks():
        book = executed(path)
        target = options.out / f"{path.stem}.html"
        pages[target.name] = title_of(book)
        target.write_text(html(book, title_of(book)), encoding="utf-8")
        print(target)
    (options.out / "index.html").write_text(index(pages), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
