"""What the models write, generation by generation."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main
from hallofillusions.symbols import InputError

LENGTH = 8
"""Characters of a string that counts as repeated when the same passage holds it again."""


def draw(folder: Any) -> list[Path]:
    """The beginning of a text of each generation; repeated strings are shaded."""
    results = Results.at(folder)
    found = results.records.get("text", {}).get("samples")
    if not found:
        raise InputError("the results hold no samples of text")
    columns = {title(kind): passages(kind["text"]) for kind in found.values()}
    figure = plotting.text_columns(columns)
    return [plotting.save(figure, path) for path in results.figure("samples")]


def title(kind: Any) -> str:
    alpha = kind["alpha"]
    mixing = "Replace" if alpha == 1 else "FreshSplit"
    size = f"{kind['characters']:,} characters"
    return rf"{mixing}, $\alpha={alpha:g}$, order {kind['order']}, {size}"


def passages(text: Any) -> list[plotting.Passage]:
    """One for each generation, with the share of its characters that lie in repeated strings."""
    found = []
    for g, written in sorted(text.items(), key=lambda pair: int(pair[0])):
        shaded = repeated(written)
        share = f"{sum(shaded) / len(shaded):.0%} of {len(shaded)} characters repeated"
        found.append(plotting.Passage(f"$g={g}$: {share}", written, shaded))
    return found


def repeated(text: str, length: int = LENGTH) -> list[bool]:
    """Which characters lie in a string of that length that the text holds more than once."""
    strings = [text[i : i + length] for i in range(len(text) - length + 1)]
    often = Counter(strings)
    shaded = [False] * len(text)
    for place, string in enumerate(strings):
        if often[string] > 1:
            shaded[place : place + length] = [True] * length
    return shaded


if __name__ == "__main__":
    sys.exit(main(draw))
