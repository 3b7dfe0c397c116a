"""Which characters and n-grams survive, and how much real text goes with the others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "surviving"
LITERAL = (
    ("perplexity", "3-{}", 3, "add-$k$", "--"), ("illusion", "text-{}", 4, "Witten-Bell", ":"),
)  # fmt: skip
"""Studies on the literal corpus: name of a run by its α, order, smoothing, look."""
ALPHAS = ("0", "0.5", "0.9", "1")


def draw(folder: Any) -> list[Path]:
    """Above: characters as types, with the exact law.  Below: n-grams of the literal corpus."""
    results = Results.at(folder)
    figure, axes = plotting.panels(4, columns=2, height=2.4)
    for alpha, color, marker in looks():
        for ax, quantity in zip(axes, ("types surviving", "missing mass"), strict=False):
            series = plotting.since(results.series(STUDY, alpha, quantity), 1)
            plotting.draw_series(ax, series, color, rf"$\alpha={alpha}$", marker=marker)
    size = results.run(STUDY, ALPHAS[0])["settings"]["n"]
    plotting.label_axes(axes[0], "generation $g$", "characters",
                        f"characters surviving, $n={size}$")  # fmt: skip
    plotting.label_axes(axes[1], "generation $g$", "share of real text",
                        "real text of the lost characters")  # fmt: skip
    below = (
        ("{}-grams surviving", "different n-grams", "different n-grams of a training set"),
        ("missing mass of {}-grams", "share of real text", "real text of the lost n-grams"),
    )
    for ax, (quantity, axis, title) in zip(axes[2:], below, strict=True):
        n_grams(ax, results, quantity)
        plotting.label_axes(ax, "generation $g$", axis, title)
        ax.set_ylim(bottom=0)
    with plotting.style():
        axes[3].legend(loc="upper left")
    plotting.legend(figure, axes[0], columns=4)
    return plotting.save_all(figure, results.figure("surviving"))


def looks() -> list[tuple[str, str, str]]:
    """α, its colour and its marker, the same in every panel."""
    colors = plotting.shades(len(ALPHAS))
    return list(zip(ALPHAS, colors, plotting.MARKERS, strict=False))


def n_grams(ax: Any, results: Results, quantity: str) -> None:
    """Points joined by thin lines, for no law is known."""
    for study, name, order, words, look in LITERAL:
        known = results.runs(study)
        plotting.joined(ax, [], [], look, label=f"{order}-grams, {words}")
        for alpha, color, marker in looks():
            if (run := name.format(alpha)) in known:
                series = plotting.since(results.series(study, run, quantity.format(order)), 1)
                plotting.draw_series(ax, series, color, marker=marker)
                plotting.joined(ax, series.generation, series.simulated, look, color)


if __name__ == "__main__":
    sys.exit(main(draw))
