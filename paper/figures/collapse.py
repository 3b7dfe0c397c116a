"""A mixture in the plane that collapses: its models and what they draw, by generation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import multivariate_normal

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main
from hallofillusions.symbols import InputError

MARGIN = 3.5
"""How much of the plane is shown beyond the real means, in units of the largest deviation."""


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
    return [plotting.save(figure, path) for path in results.figure("collapse")]


def panel(ax: Any, real: Any, own: Any, g: int) -> None:
    """One model against the real law."""
    x, y = axes_of(real)
    model, points = own["models"][str(g)], np.array(own["points"][str(g)])
    plotting.cloud(ax, points, x, y, density(model, x, y), most=density(real, x, y).max())
    for mean, covariance in zip(real["mean"], real["covariance"], strict=True):
        plotting.ellipse(ax, mean, covariance, plotting.PALETTE[1], faint=True)
    plotting.label_axes(ax, "", "", f"$g={g}$")
    plotting.frame(ax, x, y)


def axes_of(real: Any) -> tuple[Any, Any]:
    """The part of the plane that is shown."""
    means = np.array(real["mean"])
    wide = MARGIN * np.sqrt(np.array(real["covariance"]).max())
    low, high = means.min(axis=0) - wide, means.max(axis=0) + wide
    return np.linspace(low[0], high[0], 140), np.linspace(low[1], high[1], 120)


def density(model: Any, x: Any, y: Any) -> Any:
    """p(x, y) of a mixture, components that became points left out."""
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    total = np.zeros(grid.shape[:2])
    for w, mean, covariance in zip(*(model[k] for k in ("weight", "mean", "covariance")),
                                   strict=True):  # fmt: skip
        if w > 0 and np.linalg.det(covariance) > 1e-12:
            total += w * multivariate_normal(mean, covariance).pdf(grid)
    return total


if __name__ == "__main__":
    sys.exit(main(draw))
