"""Dividing by n against dividing by n - 1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

NAMES = {"MaximumLikelihood": "divides by $n$", "Bessel": "divides by $n-1$"}
PANELS = (("variance", r"$\mathrm{E}\,\sigma_g^2/\sigma_0^2$"),
          ("log-variance", r"$\mathrm{E}\,\log(\sigma_g^2/\sigma_0^2)$"))  # fmt: skip


def draw(folder: Any) -> list[Path]:
    """The mean of the variance and of its logarithm, with and without fresh points."""
    results = Results.at(folder)
    figure, axes = plotting.panels(2, columns=2, height=2.6)
    for ax, (quantity, title) in zip(axes, PANELS, strict=True):
        for i, mixing in enumerate(("Replace", "FreshSplit")):
            for j, (estimator, words) in enumerate(NAMES.items()):
                series = results.series("estimators", f"{mixing}-{estimator}", quantity)
                color, marker = plotting.PALETTE[2 * i + j], plotting.MARKERS[2 * i + j]
                plotting.draw_series(ax, series, color, f"{mixing}, {words}", marker=marker)
        plotting.label_axes(ax, "generation $g$", "", title)
    plotting.legend(figure, axes[0], columns=2)
    return plotting.save_all(figure, results.figure("estimators"))


if __name__ == "__main__":
    sys.exit(main(draw))
