"""What the shipped assumptions declare, read off their files without importing them.

A page of help needs the names of classes and fields only; importing every assumption would load
numpy first and take several times as long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Declared:
    """One shipped class: its name, its fields, and the symbols of fields with another name."""

    name: str
    fields: tuple[str, ...]
    symbols: dict[str, str]
    words: dict[str, str] = field(default_factory=dict)
    """What the table in the class's docstring says of a field."""


@cache
def declared(kind: str) -> tuple[Declared, ...]:
    """All shipped classes of one kind (``"mixing"``, ``"starts"``, …), by name."""
    path = PACKAGE / kind
    files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    files = [f for f in files if f.name != "base.py"]
    classes = {c.name: c for f in files for c in _classes(f)}
    found = (
        Declared(c.name, tuple(dict.fromkeys(_fields(c, classes))), _symbols(c, classes), _words(c))
        for f in files if not f.name.startswith("_") for c in _classes(f)
        if _is_dataclass(c) and not c.name.startswith("_") and _is_assumption(c, classes)
    )  # fmt: skip
    return tuple(sorted(found, key=lambda d: d.name))


BASES = frozenset({
    "Component", "Family", "SamplingBias", "Mixing", "Estimator", "Observable",
})  # fmt: skip


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return (node for node in tree.body if isinstance(node, ast.ClassDef))


def _is_assumption(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> bool:
    """Does the class descend from a kind of assumption, and not merely from a helper beside it?"""
    bases = _bases(node)
    return any(b in BASES or (b in classes and _is_assumption(classes[b], classes)) for b in bases)


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def _bases(node: ast.ClassDef) -> list[str]:
    return [base.id for base in node.bases if isinstance(base, ast.Name)]


def _fields(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    """Fields of the bases first, as dataclasses have them."""
    for base in _bases(node):
        if base in classes and _is_dataclass(classes[base]):
            yield from _fields(classes[base], classes)
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) \
                and not ast.unparse(line.annotation).startswith("ClassVar"):  # fmt: skip
            yield line.target.id


def _words(node: ast.ClassDef) -> dict[str, str]:
    """Field -> the first clause in the last column of its row in the docstring's table."""
    _, *table = re.split(r"^=+[ =]*$", ast.get_docstring(node) or "", flags=re.MULTILINE)
    rows = re.findall(r"^([a-z_]+) +(\S.*)$", table[0] if table else "", re.MULTILINE)
    last = {name: re.split(r"\s{2,}", rest.strip())[-1] for name, rest in rows}
    return {name: re.split(r"[;:,]", words)[0].replace("`", "") for name, words in last.items()}


def _symbols(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> dict[str, str]:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "symbols" and line.value:
            found: dict[str, str] = ast.literal_eval(line.value)
            return found
    inherited = (_symbols(classes[b], classes) for b in _bases(node) if b in classes)
    return next((s for s in inherited if s), {})
