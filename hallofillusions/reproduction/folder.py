"""The results folder: what it may hold, and how a finished one takes the place of an old one.

Everything is written into a temporary folder beside the wanted one, which it replaces at the
end: there is never half a result.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..symbols import InputError

RESULTS = "results.json"
HOLDS = (
    RESULTS, "series.csv", "theorems.csv", "theorems.md", "claims.csv", "definitions.csv",
    "trajectories", "figures", "paper", "paper.pdf", "supplement.pdf", "paper.html",
    "supplement.html", "arxiv.tar.gz",
)  # fmt: skip
"""What a results folder holds, and so the only things that a new one may replace."""
STAYS = ("docs", "explorer.html", "notebooks")
"""What others write into it, which a new one takes over as it is."""


def checked_target(out: Any) -> Path:
    """The folder as a path, or an `InputError` that says why it cannot be written."""
    target = Path(out).absolute()
    if target.exists() and not target.is_dir():
        raise InputError(f"out must be a folder, and {target} is a file")
    if target.is_dir():
        others = sorted(p.name for p in target.iterdir() if p.name not in (*HOLDS, *STAYS))
        if others:
            raise InputError(
                f"out must be new, empty or hold earlier results only, and {target} holds "
                f"{', '.join(others[:3])}{' …' if len(others) > 3 else ''}"
            )
    return target


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside the target, gone at the end whatever happens."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"out cannot be written: {error.strerror or error}, {target}") from None
    try:
        folder.chmod(0o755)
        yield folder
    except OSError as error:
        raise InputError(f"out cannot be written: {error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap(folder: Path, target: Path) -> None:
    """The finished folder takes the target's place; the old one goes only then."""
    old = folder.with_name(f"{folder.name}.old")
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(folder, target)
    except BaseException:
        if old.exists():
            os.replace(old, target)
        raise
    for name in STAYS:
        if (old / name).exists():
            os.replace(old / name, target / name)
    shutil.rmtree(old, ignore_errors=True)
