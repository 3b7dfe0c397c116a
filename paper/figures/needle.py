"""The cloud becomes a needle before it becomes a point."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY, RUN = "needle", "Replace"
SHOWN = (5, 20, 60)
"""Generations of which clouds are drawn; the trajectory keeps them."""
RUNS = 5


def draw(folder: Any) -> list[Path]:
    """Clouds of a few runs at three generations, and the eigenvalues of all of them."""
    results = Results.at(folder)
    run = results.trajectory(STUDY, RUN)
    figure, axes = plotting.panels(4, columns=2, height=2.7)
    for ax, g in zip(axes, SHOWN, strict=False):
        plotting.ellipse(ax, [0, 0], np.eye(2), plotting.GREY, "real law", faint=True)
        for r, (mean, covariance) in enumerate(clouds(run, g)):
            plotting.ellipse(ax, mean, covariance, plotting.PALETTE[r], f"run {r + 1}")
        ax.set_xlim(-3.6, 3.6)
        ax.set_ylim(-2.7, 2.7)
        plotting.label_axes(ax, "$x_1$", "$x_2$", f"$g={g}$")
    spectrum(axes[3], results)
    plotting.legend(figure, axes[0], columns=3)
    return plotting.save_all(figure, results.figure("needle"))


def clouds(run: Any, g: int) -> list[tuple[Any, Any]]:
    """(mean, covariance) of the first runs, from what is seen along three directions."""
    mean = np.array([run.raw(f"mean along ({u})", g)[:RUNS] for u in ("1, 0", "0, 1")])
    a, c, both = (run.raw(f"variance along ({u})", g)[:RUNS] for u in ("1, 0", "0, 1", "1, 1"))
    b = (both - a - c) / 2
    return list(zip(mean.T, np.array([[a, b], [b, c]]).transpose(2, 0, 1), strict=True))


def spectrum(ax: Any, results: Results) -> None:
    """E log λ_i over generations, and the straight lines of the Lyapunov exponents."""
    law = results.run(STUDY, RUN).get("law") or {}
    for i in (1, 2):
        series = results.series(STUDY, RUN, f"log-eigenvalue {i}")
        color = plotting.PALETTE[(0, 1)[i - 1]]
        plotting.draw_series(ax, series, color, marker=plotting.MARKERS[i - 1])
        if f"line {i}" in law:
            plotting.theory(ax, law["generation"], law[f"line {i}"], color)
        ax.annotate(rf"$\lambda_{i}$", (1.0, series.simulated[-1]), xytext=(3, 0), color=color,
                    xycoords=("axes fraction", "data"), textcoords="offset points",
                    va="center", annotation_clip=False)  # fmt: skip
    plotting.label_axes(ax, "generation $g$", r"$\mathrm{E}\,\log\lambda_i$",
                        "eigenvalues of the cloud")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(draw))
