"""Real points: the mixture that was fitted to them, and what becomes of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main
from hallofillusions.symbols import InputError

STUDY = "points"
LOSS, TRACE = "held-out real log-loss", "trace of the covariance"


def draw(folder: Any) -> list[Path]:
    """Left: the rows and the world; middle: the total variance with its law, given the rows; right:
    the loss on the rows that are held out."""
    results = Results.at(folder)
    found = results.records.get("mixtures", {}).get("cloud")
    if not found or len(found["rows"][0]) < 2:
        raise InputError("the results hold no real points in two dimensions or more")
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 2.7), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
    world(left, found)
    names = results.runs(STUDY)
    for i, (name, color) in enumerate(zip(names, plotting.shades(len(names)), strict=True)):
        for ax, quantity in ((middle, TRACE), (right, LOSS)):
            series = plotting.since(results.series(STUDY, name, quantity), 1)
            label = rf"$\alpha={name}$"
            plotting.draw_series(ax, series, color, label, marker=plotting.MARKERS[i])
            if not series.known:
                plotting.joined(ax, series.generation, series.simulated, "-", color)
    plotting.label_axes(middle, "generation $g$", "trace of the covariance", "total variance")
    plotting.label_axes(right, "generation $g$", "nats", "loss on held-out rows")
    plotting.legend(figure, right, columns=3)
    return plotting.save_all(figure, results.figure("points"))


def world(ax: Any, found: Any) -> None:
    """Rows in grey, held-out ones orange, the components' ellipses; the first two columns."""
    rows, held = (np.array(found[k])[:, :2] for k in ("rows", "held_out"))
    plotting.dots(ax, rows, plotting.GREY)
    plotting.dots(ax, held, plotting.PALETTE[1])
    for mean, covariance in zip(found["mean"], found["covariance"], strict=True):
        plotting.ellipse(ax, mean[:2], np.array(covariance)[:2, :2], plotting.PALETTE[0])
    plotting.label_axes(ax, "", "", f"{len(rows)} rows, {len(held)} held out")


if __name__ == "__main__":
    sys.exit(main(draw))
