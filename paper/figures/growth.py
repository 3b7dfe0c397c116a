"""What grows: sizes, fresh real points, and pools of all that was ever generated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions import plotting
from hallofillusions.reproduction.results import Results, main

VARIANCE = r"$\mathrm{E}\,\sigma_g^2/\sigma_0^2$"
ERROR = r"$\mathrm{E}(\mu_g-\mu_0)^2/\sigma_0^2$"
PANELS = (  # runs, quantity, axis, title, logarithmic axes
    ("sizes", "variance", VARIANCE, "Replace, $n_1={n}$, MLE", ""),
    ("wander", "squared error of the mean", ERROR, "Replace, $n_1={n}$, Bessel", "xy"),
    ("fresh", "variance", VARIANCE, "$k_g$ fresh points among ${n}$, MLE", ""),
    ("pools", "variance", VARIANCE, "growing pools, $n={n}$", ""),
)
NAMES = {
    "constant": "$n_g$ constant", "linear": "$n_g = n_1 g$", "geometric": "$n_g$ geometric",
    "quadratic": "$n_g = n_1 g^2$", "fading": "$k_g = 1/g$", "one": "$k_g = 1$",
    "growing": r"$k_g = \sqrt{g}$", "Accumulate-MaximumLikelihood": "all seen, MLE",
    "Accumulate-Bessel": "all seen, Bessel", "AccumulateSubsample-MaximumLikelihood":
    "$n$ seen, MLE", "AccumulateSubsample-Bessel": "$n$ seen, Bessel",
}  # fmt: skip


def draw(folder: Any) -> list[Path]:
    """Lines are theory, points are simulation; g = 0 is the real law."""
    results = Results.at(folder)
    names = results.runs("growth")
    figure, axes = plotting.panels(len(PANELS), columns=2, height=2.7)
    for ax, (kind, quantity, axis, title, log) in zip(axes, PANELS, strict=True):
        own = [name for name in names if name.startswith(f"{kind}-")]
        for i, name in enumerate(own):
            series = results.series("growth", name, quantity)
            label = NAMES[name.removeprefix(f"{kind}-")]
            plotting.draw_series(ax, series, plotting.PALETTE[i], label, points=9,
                                 marker=plotting.MARKERS[i])  # fmt: skip
        sizes = results.run("growth", own[0])["settings"]["n"]  # a number or a schedule
        first = sizes[0] if isinstance(sizes, list) else sizes
        plotting.label_axes(ax, "generation $g$", axis, title.format(n=first), log)
        plotting.panel_legend(ax)
    return plotting.save_all(figure, results.figure("growth"))


if __name__ == "__main__":
    sys.exit(main(draw))
