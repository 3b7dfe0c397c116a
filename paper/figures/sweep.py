"""Six observables over generations for six synthetic fractions, with fresh real points."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

PANELS = (
    ("variance", "variance $\\sigma^2$", ""),
    ("log-variance", "log-variance", ""),
    ("tail mass beyond 3 about the model mean", "mean tail mass", ""),
    ("median tail mass beyond 3 about the model mean", "median tail mass", "y"),
    ("squared Wasserstein-2 distance", "$W_2^2$", ""),
    ("held-out real log-loss", "held-out loss (nats)", ""),
)


def draw(folder: Any) -> list[Path]:
    """Lines are theory, where a law is known; points are simulation."""
    results = Results.at(folder)
    names = results.runs("sweep")
    figure, axes = plotting.panels(len(PANELS), columns=3, height=2.0)
    for ax, (quantity, title, log) in zip(axes, PANELS, strict=True):
        for i, (name, color) in enumerate(zip(names, plotting.shades(len(names)), strict=True)):
            marker = plotting.MARKERS[i % len(plotting.MARKERS)]
            plotting.draw_series(ax, results.series("sweep", name, quantity), color,
                                 rf"$\alpha={name}$", marker=marker, points=8)  # fmt: skip
        plotting.label_axes(ax, "generation $g$", "", title, log)
    plotting.legend(figure, axes[0], columns=6)
    return plotting.save_all(figure, results.figure("sweep"))


if __name__ == "__main__":
    sys.exit(main(draw))
