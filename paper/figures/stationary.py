"""The law in which a loop with a few fresh points settles, and its power-law tail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main


def draw(folder: Any) -> list[Path]:
    """The density of the variance, and the mean tail mass of a synthetic point."""
    results = Results.at(folder)
    figure, axes = plotting.panels(2, columns=2, height=2.9)
    thresholds = np.geomspace(1, 20, 14)
    for i, name in enumerate(results.runs("stationary")):
        look = plotting.PALETTE[i], f"{name} fresh", plotting.MARKERS[i]
        run = results.trajectory("stationary", name)
        mean, variance = (run.raw(q, run.generations) for q in ("mean", "variance"))
        low, high = np.quantile(variance, [0.0005, 0.9995])
        edges = np.geomspace(low, high, 26)
        counts, _ = np.histogram(variance, edges)
        plotting.histogram(axes[0], edges, counts / (len(variance) * np.diff(edges)), *look)
        deviation = np.sqrt(variance)
        each = np.array([ndtr(-(t - mean) / deviation) + ndtr(-(t + mean) / deviation)
                         for t in thresholds])  # fmt: skip
        mass, error = each.mean(axis=1), each.std(axis=1) / np.sqrt(len(mean))
        seen = error < mass / 4  # beyond, a handful of loops carries the mean
        plotting.simulation(axes[1], thresholds[seen], mass[seen], error[seen], *look)
        law = results.run("stationary", name).get("law")
        if law:
            plotting.theory(axes[0], law["variance"], law["density"], look[0])
            plotting.theory(axes[1], law["threshold"], law["tail"], look[0])
    plotting.rival(axes[1], thresholds, 2 * ndtr(-thresholds), "real law")
    plotting.label_axes(axes[0], r"$\sigma^2/\sigma_0^2$", "density", "stationary law", "x")
    plotting.label_axes(axes[1], "$t$", r"mean of $P(|X-\mu_0|>t\sigma_0)$", "tail", "xy")
    axes[1].set_ylim(1e-6, 1)
    plotting.legend(figure, axes[1])
    return plotting.save_all(figure, results.figure("stationary"))


if __name__ == "__main__":
    sys.exit(main(draw))
