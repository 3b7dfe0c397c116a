"""Where the laws of a mixture end: separation of two components against n and α."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "border"
LOSS, WEIGHTS = "KL(real || model)", "chi-square of the weights"
LIMITS = (0.0, 4.0)


def draw(folder: Any) -> list[Path]:
    """Measured over predicted excess loss and drift of the weights, hatched where they part by more
    than two standard errors; below, what labels are worth."""
    results = Results.at(folder)
    names = [tuple(name.split("-")) for name in results.runs(STUDY)]
    alphas, apart, sizes = (list(dict.fromkeys(column)) for column in zip(*names, strict=True))
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 5.4), layout="constrained")
        axes = figure.subplots(2, 2)
    for row, (quantity, words) in zip(axes, ((LOSS, "excess loss, over the first-order law"),
                                             (WEIGHTS, "drift of weights, over known labels")),
                                      strict=True):  # fmt: skip
        for ax, alpha in zip(row, alphas, strict=True):
            found = [[ratio(results, quantity, (alpha, s, n)) for s in apart] for n in sizes]
            values = [[v for v, _ in line] for line in found]
            texts = [[said(v, e) for v, e in line] for line in found]
            fails = [[abs(v - 1) > 2 * e for v, e in line] for line in found]
            plotting.cells(figure, ax, values, texts, "measured over law", marked=fails,
                           limits=LIMITS)  # fmt: skip
            labels(ax, results, alpha, apart, sizes, words)
    return plotting.save_all(figure, results.figure("border"))


def labels(ax: Any, results: Results, alpha: str, apart: Any, sizes: Any, words: str) -> None:
    with plotting.style():
        worth = [results.run(STUDY, f"{alpha}-{s}-{sizes[0]}")["law"]["worth"] for s in apart]
        ticks = [f"{s}\n({short(v)})" for s, v in zip(apart, worth, strict=True)]
        ax.set_xticks(range(len(apart)), ticks)
        ax.set_yticks(range(len(sizes)), sizes)
    plotting.label_axes(ax, "separation (worth of a label)", "$n$",
                        rf"{words}, $\alpha={alpha}$")  # fmt: skip


def ratio(results: Results, quantity: str, name: tuple[str, ...]) -> tuple[float, float]:
    """The last generation's mean over what the law says, and the standard error of that."""
    run = "-".join(name)
    series, record = results.series(STUDY, run, quantity), results.run(STUDY, run)
    law = record["law"]["known"] if quantity == WEIGHTS else series.theory[-1]
    wide = t.ppf(0.975, record["replicates"] - 1)
    error = (series.upper[-1] - series.lower[-1]) / (2 * wide)
    return series.simulated[-1] / law, error / law


def said(value: float, error: float) -> str:
    """A ratio and its standard error."""
    if not np.isfinite(value):
        return "infinite"
    digits = 2 if value < 10 else 0
    return f"{value:.{digits}f}\n±{error:.{digits or error < 10:d}f}"


def short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


if __name__ == "__main__":
    sys.exit(main(draw))
