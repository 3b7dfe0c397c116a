"""What a mixture loses on held-out real data, over α and generations, and what it tells itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "mixture"
LOSS = "held-out real log-loss"
HALVES = (
    (LOSS, "held-out real data", "o", "-"),
    ("loss on its own training mixture", "own training set", "s", "--"),
    ("loss on its own output", "own output", "^", ":"),
)
WHEN = (1, 5, 20, 40)
"""Generations that are compared over α."""
SHOWN = "1"
"""α of the illusion."""


def draw(folder: Any) -> list[Path]:
    """Held-out loss above the truth's own, with the first-order law and a band of two deviations of
    a run: left against generations, middle against α; right: the three losses of the model that
    eats its own output alone."""
    results = Results.at(folder)
    names = results.runs(STUDY)
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 3.0), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
    colors = plotting.shades(len(names))
    for i, (name, color) in enumerate(zip(names, colors, strict=True)):
        whole = results.series(STUDY, name, LOSS)
        truth = whole.simulated[0]
        law(left, results.run(STUDY, name).get("law"), color, truth)
        g, loss, bars = points(plotting.since(whole, 1))
        label = rf"$\alpha={name}$"
        plotting.simulation(left, g, loss - truth, bars, color, label, plotting.MARKERS[i])
    size = results.run(STUDY, names[0])["settings"]["n"]
    plotting.label_axes(left, "generation $g$", "nats above the truth",
                        f"held-out real loss, $n={size}$", "y")  # fmt: skip
    against(middle, results, names, colors)
    illusion(right, results)
    plotting.legend(figure, left, columns=5)
    return plotting.save_all(figure, results.figure("mixture"))


def points(series: Any) -> tuple[Any, Any, Any]:
    at = plotting.thin(len(series.generation))
    return series.generation[at], series.simulated[at], series.bars(at)


def law(ax: Any, curves: Any, color: str, truth: float) -> None:
    """The first-order law and where single runs are expected."""
    if not curves:  # the theorems are not installed
        return
    g, loss, deviation = (np.array(curves[k]) for k in ("generation", "loss", "sd"))
    excess = loss - truth
    plotting.theory(ax, g, excess, color)
    lowest = np.maximum(excess - 2 * deviation, 0.1 * excess)
    plotting.band(ax, g, lowest, excess + 2 * deviation, color)


def against(ax: Any, results: Results, names: Any, colors: Any) -> None:
    """The excess loss at a few generations, against α."""
    alphas = np.array([float(name) for name in names])
    every = [results.series(STUDY, name, LOSS) for name in names]
    for i, g in enumerate(g for g in WHEN if g in every[0].generation):
        rows = [int(np.flatnonzero(s.generation == g)[0]) for s in every]
        start = every[0].simulated[0]  # the truth's own, without noise
        excess = np.array([s.simulated[r] - start for s, r in zip(every, rows, strict=True)])
        bars = np.array([s.bars(r) for s, r in zip(every, rows, strict=True)]).T
        color = plotting.PALETTE[i]
        if all(s.known for s in every):
            plotting.theory(ax, alphas, [s.theory[r] - start for s, r in zip(every, rows,
                            strict=True)], color)  # fmt: skip
        plotting.simulation(ax, alphas, excess, bars, color, f"$g={g}$", plotting.MARKERS[i])
    plotting.label_axes(ax, r"synthetic fraction $\alpha$", "", "the same against $\\alpha$", "y")
    with plotting.style():
        ax.legend(loc="upper left", handletextpad=0.3)


def illusion(ax: Any, results: Results) -> None:
    for i, (quantity, words, marker, look) in enumerate(HALVES):
        series = plotting.since(results.series(STUDY, SHOWN, quantity), 1)
        color = plotting.PALETTE[i]
        plotting.simulation(ax, *points(series), color, words, marker)
        plotting.joined(ax, series.generation, series.simulated, look, color)
    plotting.label_axes(ax, "generation $g$", "nats", rf"the illusion, $\alpha={SHOWN}$")
    with plotting.style():
        ax.legend(loc="upper left", handletextpad=0.3, borderpad=0)


if __name__ == "__main__":
    sys.exit(main(draw))
