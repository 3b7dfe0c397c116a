"""A real column as a fixed pool: where the Gaussian assumption fails, and what it changes."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

NAMES = {"file": "the file's rows", "Gaussian": "rows of a Gaussian shape"}


def draw(folder: Any) -> list[Path]:
    """The rows against their Gaussian, and the mean and spread of the variance of the models."""
    results = Results.at(folder)
    figure, axes = plotting.panels(3, columns=3, height=2.4)
    for i, (name, label) in enumerate(NAMES.items()):
        color, marker = plotting.PALETTE[i], plotting.MARKERS[i]
        rows = np.sort(results.trajectory("real", name).options.real)
        share = (np.arange(len(rows)) + 0.5) / len(rows)
        plotting.steps(axes[0], rows, share, color, label)
        mean = results.series("real", name, "variance")
        square = results.series("real", name, "squared variance")
        scale = float(np.var(rows))
        share_of_world = partial(np.multiply, 1 / scale)
        plotting.draw_series(axes[1], mean, color, label, marker=marker, points=9,
                             change=share_of_world)  # fmt: skip
        spread = np.sqrt(np.maximum(square.theory - mean.theory**2, 0)) / scale
        plotting.theory(axes[2], mean.generation, spread, color)
        found = np.sqrt(np.maximum(square.simulated - mean.simulated**2, 0)) / scale
        at = plotting.thin(len(found), 9)
        plotting.simulation(axes[2], mean.generation[at], found[at], None, color, marker=marker)
    plotting.label_axes(axes[0], "value", "share of rows below", "the rows")
    plotting.label_axes(axes[1], "generation $g$", "", r"$\mathrm{E}\,\sigma_g^2/\sigma_0^2$")
    plotting.label_axes(axes[2], "generation $g$", "", r"sd of $\sigma_g^2/\sigma_0^2$")
    plotting.legend(figure, axes[1], columns=2)
    return plotting.save_all(figure, results.figure("real"))


if __name__ == "__main__":
    sys.exit(main(draw))
