"""Both experiments of the paper that the loop is from, under seven readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hallofillusions import plotting
from hallofillusions.reproduction.claims import BARE, HELD, SHARED
from hallofillusions.reproduction.results import Results

WORDS = {"AccumulateSubsample": "Accumulate-subsample"}


def draw_readings(
    results: Results, study: str, name: str, change: Callable[[Any, Any], Any], y: str
) -> list[Any]:
    """The held-out loss against generations, a panel for each reading with an α and one for the
    others, and against α at the last generation.

    ``change`` takes values of the loss and the loss of the truth to what is drawn.
    """
    figure, axes = plotting.panels(6, columns=3, height=2.0)
    runs = results.runs(study)
    for ax, reading in zip(axes, SHARED, strict=False):
        alphas = [run for run in runs if run.startswith(f"{reading}-")]
        for i, run in enumerate(alphas):
            color, label = plotting.shades(len(alphas))[i], rf"$\alpha={run.split('-')[1]}$"
            _line(ax, results.series(study, run, HELD), change, color, label, i)
        left = y if ax in (axes[0], axes[3]) else ""
        plotting.label_axes(ax, "generation $g$", left, reading, "y")
    for i, run in enumerate(BARE):
        series = results.series(study, run, HELD)
        _line(axes[4], series, change, plotting.PALETTE[i], WORDS.get(run, run), i)
    plotting.label_axes(axes[4], "generation $g$", "", r"no $\alpha$ to choose", "y")
    _against_alpha(axes[5], results, study, change)
    _one_scale(axes)
    for ax in axes[3:]:
        plotting.panel_legend(ax, columns=1 if ax is axes[4] else 2, below=0.36)
    return plotting.save_all(figure, results.figure(name))


def _line(ax: Any, whole: Any, change: Any, color: str, label: str, i: int) -> None:
    """From the first fit on: the law, where there is one, and what was measured."""
    truth, series = whole.simulated[0], plotting.since(whole, 1)
    if series.known:
        plotting.theory(ax, series.generation, change(series.theory, truth), color)
    at = plotting.thin(len(series.generation), 8)
    mean, bars = _measured(series, at, change, truth)
    plotting.simulation(ax, series.generation[at], mean, bars, color, label, plotting.MARKERS[i])


def _measured(series: Any, at: Any, change: Any, truth: float) -> tuple[Any, Any]:
    mean = change(series.simulated[at], truth)
    ends = [change(side[at], truth) for side in (series.lower, series.upper)]
    return mean, np.maximum([mean - ends[0], ends[1] - mean], 0)


def _against_alpha(ax: Any, results: Results, study: str, change: Any) -> None:
    for i, reading in enumerate(SHARED):
        runs = [run for run in results.runs(study) if run.startswith(f"{reading}-")]
        every = [results.series(study, run, HELD) for run in runs]
        last = [_measured(s, [-1], change, s.simulated[0]) for s in every]
        alphas = np.array([float(run.split("-")[1]) for run in runs])
        shift = 0.012 * (i - 1.5)  # so that bars do not hide each other
        mean = np.concatenate([m for m, _ in last])
        bars = np.concatenate([b for _, b in last], axis=1)
        color = plotting.PALETTE[i]
        plotting.simulation(ax, alphas + shift, mean, bars, color, reading, plotting.MARKERS[i])
    plotting.label_axes(ax, r"synthetic fraction $\alpha$", "", "last generation", "y")


def _one_scale(axes: Any) -> None:
    """All panels on one scale, so that readings can be compared by eye."""
    low = min(ax.get_ylim()[0] for ax in axes)
    high = max(ax.get_ylim()[1] for ax in axes)
    for ax in axes:
        ax.set_ylim(low, high)
        if high < 5 * low:
            plotting.plain_ticks(ax)
    for ax in axes[:5]:
        ax.xaxis.get_major_locator().set_params(integer=True)
