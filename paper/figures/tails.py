"""Tails vanish in the median, not in the mean."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main


def draw(folder: Any) -> list[Path]:
    """Mean and median over runs of the mass beyond three real standard deviations."""
    results = Results.at(folder)
    figure, axes = plotting.panels(2, columns=2, height=2.6)
    for ax, about in zip(axes, ("model", "real"), strict=True):
        quantity = f"tail mass beyond 3 about the {about} mean"
        for i, kind in enumerate(("", "median ")):
            series = results.series("tails", "Replace", kind + quantity)
            label = "median over runs" if kind else "mean over runs"
            plotting.draw_series(ax, series, plotting.PALETTE[i], label,
                                 marker=plotting.MARKERS[i])  # fmt: skip
        truth = results.series("tails", "Replace", quantity).simulated[0]
        plotting.rival(ax, [0, 100], [truth, truth], "real law")
        title = "about the model's own mean" if about == "model" else "about the real mean"
        plotting.label_axes(ax, "generation $g$", r"$P(|X-c|>3\sigma_0)$", title, "y")
    plotting.legend(figure, axes[0])
    return plotting.save_all(figure, results.figure("tails"))


if __name__ == "__main__":
    sys.exit(main(draw))
