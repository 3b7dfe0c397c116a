"""A mixture in the plane that collapses: its models and what they draw, by generation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.pictures import density, window
from hallofillusions.reproduction.results import Results, main
from hallofillusions.symbols import InputError


def draw(folder: Any) -> list[Path]:
    """A row for each α, a column for each generation: the model's density and its points; broken
    lines are the real components' ellipses, two deviations wide."""
    results = Results.at(folder)
    found = results.records.get("mixtures", {}).get("pictures")
    if not found:
        raise InputError("the results hold no pictures of mixtures")
    loops = {name: own for name, own in found.items() if name != "real"}
    shown = sorted(map(int, next(iter(loops.values()))["models"]))
    figure, axes = plotting.panels(len(loops) * len(shown), columns=len(shown), height=1.55)
    rows: Any = np.array(axes, dtype=object).reshape(len(loops), len(shown))
    for row, own in zip(rows, loops.values(), strict=True):
        for ax, g in zip(row, shown, strict=True):
            panel(ax, found["real"], own, g)
        plotting.label_axes(row[0], "", "", rf"$\alpha={own['alpha']:g}$, $g={shown[0]}$")
    return plotting.save_all(figure, results.figure("collapse"))


def panel(ax: Any, real: Any, own: Any, g: int) -> None:
    """One model against the real law."""
    x, y = window(real)
    model, points = own["models"][str(g)], np.array(own["points"][str(g)])
    plotting.cloud(ax, points, x, y, density(model, x, y), most=density(real, x, y).max())
    for mean, covariance in zip(real["mean"], real["covariance"], strict=True):
        plotting.ellipse(ax, mean, covariance, plotting.PALETTE[1], faint=True)
    plotting.label_axes(ax, "", "", f"$g={g}$")
    plotting.frame(ax, x, y)


if __name__ == "__main__":
    sys.exit(main(draw))
