"""Ever better at its own text, ever worse at the world's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

STUDY = "illusion"
LOSSES = {
    "held-out real log-loss": "real text, held out",
    "loss on its own training mixture": "its own training set",
    "loss on its own output": "its own output",
}
RARE = {
    "loss on the rarest 10% of n-grams": "n-grams",
    "loss on the rarest 10% of contexts": "contexts",
}
PANELS = {
    "text-1": r"text, $\alpha=1$", "text-0.9": r"text, $\alpha=0.9$",
    "Gaussian": r"Gaussian, $\alpha=1$, $n={n}$",
}  # fmt: skip


def draw(folder: Any) -> list[Path]:
    """Three losses of one model beside each other, and the held-out loss where text is rare."""
    results = Results.at(folder)
    figure, axes = plotting.panels(4, columns=2, height=2.5)
    for ax, (name, title) in zip(axes, PANELS.items(), strict=False):
        for i, (quantity, label) in enumerate(LOSSES.items()):
            lossy(ax, results, name, quantity, plotting.PALETTE[i], label, plotting.MARKERS[i])
        size = results.run(STUDY, name)["settings"]["n"]
        plotting.label_axes(ax, "generation $g$", "loss (nats)", title.format(n=size))
    limits = [ax.get_ylim() for ax in axes[:2]]
    for ax in axes[:2]:
        ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    rare(axes[3], results)
    plotting.legend(figure, axes[0])
    return plotting.save_all(figure, results.figure("illusion"))


def lossy(
    ax: Any, results: Results, name: str, quantity: str, color: str, label: str, marker: str
) -> None:
    """One loss; at g = 0 the chain of the training text itself has none that is finite."""
    series = results.series(STUDY, name, quantity)
    if name != "Gaussian":
        series = plotting.since(series, 1)
    plotting.draw_series(ax, series, color, label, marker=marker)


def rare(ax: Any, results: Results) -> None:
    """The tenth of the held-out text that training text seldom has."""
    for j, (quantity, words) in enumerate(RARE.items()):
        for i, alpha in enumerate(("1", "0.9")):
            lossy(ax, results, f"text-{alpha}", quantity, plotting.PALETTE[(3, 6)[j]],
                  rf"{words}, $\alpha={alpha}$", plotting.MARKERS[(3, 4)[i]])  # fmt: skip
    plotting.label_axes(ax, "generation $g$", "held-out loss (nats)", "text, the rarest tenth")
    with plotting.style():
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.3 * (high - low))
        ax.legend(loc="upper left", ncols=2, columnspacing=0.8, handletextpad=0.3, borderpad=0,
                  labelspacing=0.3)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(draw))
