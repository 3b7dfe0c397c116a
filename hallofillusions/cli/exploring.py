"""The verb explore: one HTML file with theory under sliders, written and shown."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any


def add_explore_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--out", default="explorer.html", metavar="FILE.html",
                        help="the file to write (default: explorer.html)")  # fmt: skip
    parser.add_argument("--no-open", action="store_true", help="write the file and no more")


def explored(arguments: Namespace) -> Path:
    """The file, written and, where that is wanted, shown."""
    from ..explorer import explore

    return explore(arguments.out, open=not arguments.no_open)


def explored_facts(path: Path) -> dict[str, Any]:
    """What is printed as JSON."""
    return {"file": str(path), "address": path.resolve().as_uri(), "bytes": path.stat().st_size}


def explored_text(path: Path) -> str:
    """What is printed as text."""
    return f"{path}: open it in any browser; it needs no network, and its address keeps its state"
