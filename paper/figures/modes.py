"""How many modes of a mixture live: known labels, EM, and what its samples cover."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY, SAMPLES = "modes", "manifold"
ALPHAS = ("0.5", "0.9", "1")
KINDS = (("known", "known labels", "o"), ("em", "EM", "s"))
MEASURES = (("coverage", "o"), ("recall", "s"), ("precision", "^"))


def draw(folder: Any) -> list[Path]:
    """Left: components alive; middle: the weight of the rare one; right: samples against real."""
    results = Results.at(folder)
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 2.9), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
    for alpha, color in zip(ALPHAS, plotting.shades(len(ALPHAS)), strict=True):
        for kind, words, marker in KINDS:
            label = rf"{words}, $\alpha={alpha}$"
            for ax, quantity in ((left, "components alive"), (middle, "weight of component 4")):
                series = results.series(STUDY, f"{kind}-{alpha}", quantity)
                plotting.draw_series(ax, series, color, label, marker=marker)
        for quantity, marker in MEASURES:
            series = plotting.since(results.series(SAMPLES, alpha, f"{quantity} (k = 5)"), 1)
            plotting.draw_series(right, series, color, marker=marker)
            plotting.joined(right, series.generation, series.simulated, "-", color)
    size = results.run(STUDY, f"known-{ALPHAS[0]}")["settings"]["n"]
    plotting.label_axes(left, "generation $g$", "components", f"components alive, $n={size}$")
    plotting.label_axes(middle, "generation $g$", "weight", "weight of the rare one")
    plotting.label_axes(right, "generation $g$", "share", "samples, $k=5$ neighbours")
    for quantity, marker in MEASURES:
        plotting.simulation(right, [], [], [], plotting.GREY, quantity, marker)
    with plotting.style():
        right.set_ylim(0, 1.03)
        right.legend(loc="lower left", handletextpad=0.3)
    plotting.legend(figure, left, columns=3)
    return plotting.save_all(figure, results.figure("modes"))


if __name__ == "__main__":
    sys.exit(main(draw))
