"""Held-out perplexity of n-gram models that are trained on what they write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "perplexity"
LOSS = "held-out real log-loss"
ORDERS = {"2": "order 2: one character of context", "3": "order 3: two of them"}


def draw(folder: Any) -> list[Path]:
    """exp of the mean held-out loss, for theory's expectation is that of the loss: points are the
    literal corpus, lines the row law of its chain with a band of two deviations of a run."""
    results = Results.at(folder)
    names = results.runs(STUDY)
    figure, axes = plotting.panels(len(ORDERS), columns=2, height=2.8)
    for ax, (order, title) in zip(axes, ORDERS.items(), strict=True):
        own = [name for name in names if name.startswith(f"{order}-")]
        for i, (name, color) in enumerate(zip(own, plotting.shades(len(own)), strict=True)):
            law(ax, results.run(STUDY, name).get("law"), color)
            measured(ax, results, name, color, plotting.MARKERS[i])
        plotting.label_axes(ax, "generation $g$", "held-out perplexity", title, "y")
        plotting.plain_ticks(ax)
    plotting.legend(figure, axes[0], columns=4)
    return plotting.save_all(figure, results.figure("perplexity"))


def law(ax: Any, curves: Any, color: str) -> None:
    """The row law and where single runs are expected."""
    if not curves:  # the theorems are not installed
        return
    loss, deviation = (np.array(curves[k]) for k in ("loss", "sd"))
    plotting.theory(ax, curves["generation"], np.exp(loss), color)
    lower, upper = np.exp(loss - 2 * deviation), np.exp(loss + 2 * deviation)
    plotting.band(ax, curves["generation"], lower, upper, color)


def measured(ax: Any, results: Results, name: str, color: str, marker: str) -> None:
    """From the first fit on: the chain of the training text itself gives some held-out n-grams
    the probability 0."""
    series = plotting.since(results.series(STUDY, name, LOSS), 1)
    mean = np.exp(series.simulated)
    bars = np.abs([mean - np.exp(series.lower), np.exp(series.upper) - mean])
    label = rf"$\alpha={name.split('-')[1]}$"
    plotting.simulation(ax, series.generation, mean, bars, color, label, marker)


if __name__ == "__main__":
    sys.exit(main(draw))
