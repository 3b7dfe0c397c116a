"""The drift coefficient of seven readings of one sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main


def draw(folder: Any) -> list[Path]:
    """The lost variance and the squared error of the mean: one coefficient, measured twice."""
    results = Results.at(folder)
    names = results.runs("mixings")
    figure, axes = plotting.panels(2, columns=2, height=2.9)
    for i, name in enumerate(names):
        color, marker = plotting.PALETTE[i], plotting.MARKERS[i]
        lost = results.series("mixings", name, "variance")
        plotting.draw_series(axes[0], lost, color, name, marker=marker, points=9,
                             change=lambda x: 1 - x)  # fmt: skip
        error = results.series("mixings", name, "squared error of the mean")
        plotting.draw_series(axes[1], error, color, name, marker=marker, points=9)
    title = r"lost variance $1-\mathrm{E}\,\sigma_g^2/\sigma_0^2$"
    plotting.label_axes(axes[0], "generation $g$", "$v_g$", title)
    title = r"error of the mean $\mathrm{E}(\mu_g-\mu_0)^2/\sigma_0^2$"
    plotting.label_axes(axes[1], "generation $g$", "$v_g$", title)
    plotting.legend(figure, axes[0], columns=4)
    return plotting.save_all(figure, results.figure("mixings"))


if __name__ == "__main__":
    sys.exit(main(draw))
