"""What the models write, generation by generation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import pictures, plotting
from hallofillusions.reproduction.results import Results, main
from hallofillusions.symbols import InputError


def draw(folder: Any) -> list[Path]:
    """The beginning of a text of each generation; repeated strings are shaded."""
    results = Results.at(folder)
    found = results.records.get("text", {}).get("samples")
    if not found:
        raise InputError("the results hold no samples of text")
    columns = {title(kind): kind["text"] for kind in found.values()}
    figure = pictures.texts(columns)
    return plotting.save_all(figure, results.figure("samples"))


def title(kind: Any) -> str:
    alpha = kind["alpha"]
    mixing = "Replace" if alpha == 1 else "FreshSplit"
    size = f"{kind['characters']:,} characters"
    return rf"{mixing}, $\alpha={alpha:g}$, order {kind['order']}, {size}"


if __name__ == "__main__":
    sys.exit(main(draw))
