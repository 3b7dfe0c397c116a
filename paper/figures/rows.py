"""Where the row law of free-running text holds: the order of the model against its text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "rows"
TELLS = 0.25
"""Standard error of a ratio above which it is not shown as a shade: it tells too little."""


def draw(folder: Any) -> list[Path]:
    """Measured over predicted loss of heterozygosity: a map, and the same against n_c."""
    results = Results.at(folder)
    names = [named(name) for name in results.runs(STUDY)]
    orders, sizes = (sorted(set(v)) for v in zip(*names, strict=True))
    with plotting.style():
        figure = plotting.Picture(figsize=(plotting.WIDTH, 3.0), layout="constrained")
        grid = figure.add_gridspec(1, 2, width_ratios=(1.7, 1))
        wide, small = (figure.add_subplot(grid[0, i]) for i in (0, 1))
    found = {name: ratio(results, name) for name in names}
    _map(figure, wide, results, found, orders, sizes)
    _against(small, results, found, sizes)
    return plotting.save_all(figure, results.figure("rows"))


def named(run: str) -> tuple[int, int]:
    """Order and n of a run such as 3-100."""
    order, n = run.split("-")
    return int(order), int(n)


def ratio(results: Results, name: tuple[int, int]) -> tuple[float, float]:
    """(H_0 - H_g) over what the row law says of it at the last generation, and its error."""
    run = "-".join(map(str, name))
    series = results.series(STUDY, run, "heterozygosity")
    predicted = series.theory[0] - series.theory[-1]
    wide = t.ppf(0.975, results.run(STUDY, run)["replicates"] - 1)
    error = (series.upper[-1] - series.lower[-1]) / (2 * wide)
    return (series.theory[0] - series.simulated[-1]) / predicted, error / abs(predicted)


def law(results: Results, name: tuple[int, int]) -> Any:
    return results.run(STUDY, "-".join(map(str, name)))["law"]


def _map(figure: Any, ax: Any, results: Results, found: Any, orders: Any, sizes: Any) -> None:
    """Numbers with their standard errors; hatched where a context comes less than once."""
    values = [[shade(*found[order, n]) for order in orders] for n in sizes]
    texts = [[words(*found[order, n]) for order in orders] for n in sizes]
    few = [[law(results, (order, n))["median"] < 1 for order in orders] for n in sizes]
    plotting.cells(figure, ax, values, texts, "measured over predicted loss of $H$", marked=few)
    lengths = [f"{law(results, (orders[0], n))['characters']:,.0f}" for n in sizes]
    with plotting.style():
        ax.set_xticks(range(len(orders)), orders)
        ax.set_yticks(range(len(sizes)), lengths)
    plotting.label_axes(ax, "order of the model", "characters in a generation",
                        "where the row law holds: 1")  # fmt: skip


def shade(value: float, error: float) -> float:
    return value if error < TELLS else np.nan


def words(value: float, error: float) -> str:
    """A number and its standard error, or why there is none: a run forgot all real contexts."""
    if not np.isfinite(value):
        return "no row\nleft"
    return f"{value:.2f}\n±{error:.2f}" if error < TELLS else "too few\nruns"


def _against(ax: Any, results: Results, found: Any, sizes: Any) -> None:
    """The same ratios against the size of the row that the median character of real text is in."""
    for i, n in enumerate(sizes):
        own = [name for name in found if name[1] == n and found[name][1] < TELLS]
        at = [law(results, name)["median"] for name in own]
        value, error = np.array([found[name] for name in own]).reshape(-1, 2).T
        size = law(results, next(name for name in found if name[1] == n))["characters"]
        plotting.simulation(ax, at, value, error, plotting.PALETTE[i], f"{size:,.0f}",
                            plotting.MARKERS[i])  # fmt: skip
    plotting.theory(ax, [0.05, 1e5], [1, 1], plotting.PALETTE[6])
    plotting.label_axes(ax, r"median of $n\pi_c$ over real text", "", "by the size of a row", "x")
    with plotting.style():
        ax.axvline(1, linestyle=":", color="black", linewidth=0.9)
        ax.legend(loc="lower right", handletextpad=0.3, title="characters", borderpad=0)


if __name__ == "__main__":
    sys.exit(main(draw))
