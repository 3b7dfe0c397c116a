"""Two mechanisms: noise counts fresh points, a biased sampler sees the ratio; and the tails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

SHARE = r"$\mathrm{E}\,\sigma_\infty^2/\sigma_0^2$"
LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.0)
NAMES = {
    "ScaleCovariance": r"$\lambda=0.9$", "Temperature": r"$\tau=1.05$",
    "Truncation": r"cut at $2.5\sigma$", "TopP": "top-$p$, 0.9", "Unbiased": "faithful",
}  # fmt: skip


def draw(folder: Any) -> list[Path]:
    """The map of both axes, cuts through it, and variance and tails under each bias."""
    results = Results.at(folder)
    names = results.runs("mechanisms")
    figure, axes = plotting.panels(4, columns=2, height=2.8)
    rests = [name for name in names if name.startswith("rest")]
    _map(figure, axes[0], results.run("mechanisms", rests[0]).get("law"))
    _cuts(axes[1], results, rests)
    samplers = [name for name in names if name not in rests]
    _samplers(axes[2], results, samplers, "variance", "variance")
    _samplers(axes[3], results, samplers, "tail mass beyond 2 about the model mean", "tail")
    title = rf"each sampler, $n={results.run('mechanisms', samplers[0])['settings']['n']}$"
    plotting.label_axes(axes[2], "generation $g$", r"$\mathrm{E}\,\sigma_g^2/\sigma_0^2$", title)
    mass = r"$\mathrm{E}\,P(|X-\mu_g|>2\sigma_0)$"
    plotting.label_axes(axes[3], "generation $g$", mass, r"and its tails; lines: $n=\infty$", "y")
    plotting.legend(figure, axes[2], columns=5)
    return plotting.save_all(figure, results.figure("mechanisms"))


def _map(figure: Any, ax: Any, law: Any) -> None:
    """Theory alone: E σ²_∞/σ₀² over αλ and the number of fresh points."""
    if not law:  # the theorems are not installed
        return
    x, y = np.array(law["alpha_lam"]), np.array(law["n_r"])
    plotting.phase(figure, ax, x, y, np.array(law["share"]), LEVELS, SHARE)
    with plotting.style():
        ax.plot(law["border"], y, "--", color="black", linewidth=1.1)
        ax.plot([law["alpha"]] * 2, [y[0], y[-1]], ":", color="black", linewidth=0.9)
        ax.text(0.62, 60, "bias rules", color="white", fontsize=8)
        ax.text(0.896, 60, "equal costs", fontsize=7, rotation=90, ha="right", va="center")
        ax.text(0.912, 60, r"$\lambda>1$", fontsize=8)
        ax.set_xlim(x[0], x[-1])
        ax.set_ylim(y[0], y[-1])
    title = rf"theory, $\alpha={law['alpha']:g}$"
    plotting.label_axes(ax, r"$\alpha\lambda$", "fresh points $n_r$", title, "y")


def _cuts(ax: Any, results: Results, names: list[str]) -> None:
    """Lines are theory, points are simulation, one colour for each αλ; names are rest-αλ-n_r."""
    columns = sorted({name.split("-")[1] for name in names})
    law = results.run("mechanisms", names[0]).get("law")
    for i, column in enumerate(columns):
        color, marker = plotting.PALETTE[i], plotting.MARKERS[i]
        own = [name for name in names if name.split("-")[1] == column]
        ends = [results.series("mechanisms", name, "variance") for name in own]
        if law:
            share = [np.interp(float(column), law["alpha_lam"], row) for row in law["share"]]
            plotting.theory(ax, law["n_r"], share, color)
        bars = np.array([s.bars([-1])[:, 0] for s in ends]).T
        at = [float(name.split("-")[2]) for name in own]
        plotting.simulation(ax, at, [s.simulated[-1] for s in ends], bars, color,
                            rf"$\alpha\lambda={column}$", marker)  # fmt: skip
    plotting.label_axes(ax, "fresh points $n_r$", SHARE, "cuts through the map", "x")
    with plotting.style():
        ax.legend(loc="upper left", ncols=2, columnspacing=0.8, handletextpad=0.3)
        ax.set_ylim(top=2.35)


def _samplers(ax: Any, results: Results, names: list[str], quantity: str, law: str) -> None:
    """The laws of infinite n as lines, simulated means as points."""
    for i, name in enumerate(names):
        color, marker = plotting.PALETTE[i], plotting.MARKERS[i]
        if limit := results.run("mechanisms", name).get("law"):
            plotting.theory(ax, limit["generation"], limit[law], color)
        found = results.series("mechanisms", name, quantity)
        at = plotting.thin(len(found.generation), 9)
        plotting.simulation(ax, found.generation[at], found.simulated[at], found.bars(at), color,
                            NAMES[name], marker)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(draw))
