"""A power law made of Gaussians: the tail that one fresh point leaves, and the priors behind it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import erfc, ndtr

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

BOTTOM = 1e-7
WORDS = {
    "Gaussian": ("variance", r"$\sigma^2/\sigma_0^2$", "Gaussian: inverse gamma"),
    "Poisson": ("mean", "$m$", "Poisson: gamma"),
}  # fmt: skip
"""Family -> the parameter whose law is shown, its name on the axis, and the title."""
SIMULATED = np.array([1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8.5, 10, 12])


def draw(folder: Any) -> list[Path]:
    """Mean and median over runs of the mass beyond t; beside them two laws of a parameter."""
    results = Results.at(folder)
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 3.6), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(1.75, 1))
        wide = figure.add_subplot(grid[:, 0])
        small = [figure.add_subplot(grid[i, 1]) for i in (0, 1)]
    tail(wide, results)
    for ax, name in zip(small, results.runs("priors"), strict=True):
        prior(ax, results, name)
    return plotting.save_all(figure, results.figure("powerlaw"))


def tail(ax: Any, results: Results) -> None:
    """Every run is a Gaussian; their mean is not."""
    name = results.runs("powerlaw")[0]
    law, run = results.run("powerlaw", name).get("law"), results.trajectory("powerlaw", name)
    mean, variance = (snapshots(run, quantity) for quantity in ("mean", "variance"))
    deviation = np.sqrt(variance)
    each = np.array([ndtr((-t - mean) / deviation) + ndtr((mean - t) / deviation)
                     for t in SIMULATED])  # fmt: skip
    mass, error = each.mean(axis=1), each.std(axis=1) / len(mean) ** 0.5
    seen = error < mass / 3  # beyond, a handful of runs carries the mean
    middle = np.array([np.median(2 * ndtr(-t / deviation)) for t in SIMULATED])
    kept = middle > BOTTOM

    t = np.geomspace(1.5, 14, 80)
    blue, red = plotting.PALETTE[:2]
    plotting.rival(ax, t, erfc(t / 2**0.5))
    if law:
        plotting.theory(ax, t, law["tail"], red)
        plotting.theory(ax, t, law["median"], blue)
        far = t > 6
        plotting.rival(ax, t[far], 2.5 * law["amplitude"] * t[far] ** -law["power"])
    plotting.simulation(ax, SIMULATED[seen], mass[seen], error[seen], red)
    plotting.simulation(ax, SIMULATED[kept], middle[kept], None, blue, marker="s")
    plotting.label_axes(ax, "threshold $t$, in real standard deviations",
                        r"mass beyond, $P(|X|>t)$",
                        f"every model is a Gaussian; {name} of {run.loop.n} points is real",
                        "xy")  # fmt: skip
    with plotting.style():
        ax.set_ylim(BOTTOM, 0.5)
        ax.set_xlim(t[0], t[-1])
        ax.set_xticks(ticks := [2, 3, 4, 6, 8, 12], [str(s) for s in ticks])
        ax.minorticks_off()
        slope = ((8.9, 4.2e-4, rf"slope $-{law['power']:g}$", "#6A6A6A"),) if law else ()
        notes = (
            *slope, (3.3, 2.6e-2, "mean over runs: Student $t$", red),
            (1.6, 3e-5, "median\nover runs", blue),
            (5.4, 2.5e-7, "real law", "#6A6A6A"),
        )
        for x, y, text, color in notes:
            ax.text(x, y, text, color=color, fontsize=9)


def prior(ax: Any, results: Results, name: str) -> None:
    """Stationary frequencies of a parameter against its conjugate prior."""
    law, run = results.run("priors", name).get("law"), results.trajectory("priors", name)
    quantity, label, title = WORDS[name]
    values = snapshots(run, quantity)
    edges = np.linspace(0, np.quantile(values, 0.97), 26)
    counts, _ = np.histogram(values, edges)
    unit = len(values) * np.diff(edges)
    places = (edges[1:] + edges[:-1]) / 2
    green = plotting.PALETTE[2]
    if law:
        x = np.asarray(law["x"])
        inside = x <= edges[-1]
        plotting.theory(ax, x[inside], np.asarray(law["density"])[inside], green)
    plotting.simulation(ax, places, counts / unit, np.sqrt(counts) / unit, green)
    plotting.label_axes(ax, label, "density", title)
    ax.set_xlim(0, edges[-1])
    ax.set_ylim(bottom=0)


def snapshots(run: Any, quantity: str) -> Any:
    """Values at generations that lie far apart, together: they are as good as more runs."""
    return np.concatenate([run.raw(quantity, g) for g in run.kept])


if __name__ == "__main__":
    sys.exit(main(draw))
