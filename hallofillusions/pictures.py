"""Whole pictures for a notebook: several loops in one, a model's clouds, what models write.

Each is drawn with the marks of `plotting` and in its visual language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import plotting
from .comparison import Comparison
from .prediction import Prediction
from .symbols import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .plotting import Passage, Picture

LENGTH = 8
"""Characters of a string that counts as repeated when the same passage holds it again."""
MARGIN = 3.5
"""How much of the plane is shown beyond the real means, in units of the largest deviation."""


# -- several loops ---------------------------------------------------------------------------------


def loops(
    found: Mapping[str, Any], quantities: Sequence[Any] = (), path: Any = None, *, log: str = ""
) -> Any:
    """Several loops in one picture: a panel for each quantity, a colour and a marker for each loop.

    ========== =========================================================================
    found      name -> `Comparison` (line and points), `Prediction` (a line) or
               `Trajectory` (points; a thin line guides the eye, for no law is drawn)
    quantities observables or their labels; none: all that every loop speaks of
    log        which axes are logarithmic, such as ``"y"``
    ========== =========================================================================

    A quantity that a loop does not speak of is left out of its panel.
    """
    labels = _labels(found, quantities)
    columns = 3 if len(labels) % 3 == 0 else 2
    height = 2.3 + 0.2 * -(-len(found) // 3) / -(-len(labels) // columns)
    figure, axes = plotting.panels(len(labels), columns, height)
    few = len(found) <= len(plotting.PALETTE)
    colors = plotting.PALETTE if few else plotting.shades(len(found))
    for ax, label in zip(axes, labels, strict=True):
        for i, (name, one) in enumerate(found.items()):
            marker = plotting.MARKERS[i % len(plotting.MARKERS)]
            _draw(ax, one, label, name, colors[i], marker)
        title = plotting.wrapped(label, 72 // columns)
        plotting.label_axes(ax, "generation $g$", "", title, log)
    plotting.legend(figure, axes[0])
    return plotting.finish(figure, path)


def together(one: Any, quantities: Sequence[Any] = (), path: Any = None, *, log: str = "") -> Any:
    """Several quantities of one loop on the same axes, where they are of one kind; as `loops`."""
    labels = _labels({"": one}, quantities)
    figure, (ax,) = plotting.panels(1, height=2.5)
    for i, label in enumerate(labels):
        _draw(ax, one, label, label, plotting.PALETTE[i % len(plotting.PALETTE)],
              plotting.MARKERS[i % len(plotting.MARKERS)])  # fmt: skip
    plotting.label_axes(ax, "generation $g$", "", "", log)
    plotting.legend(figure, ax)
    return plotting.finish(figure, path)


def _labels(found: Mapping[str, Any], quantities: Sequence[Any]) -> list[str]:
    """The quantities to draw, which some loop must speak of."""
    if not found:
        raise InputError("found must have at least one loop, got none")
    spoken = [_spoken(one) for one in found.values()]
    wanted = [getattr(q, "label", q) for q in quantities]
    labels = wanted or [q for q in spoken[0] if all(q in other for other in spoken)]
    for label in labels:
        if not any(label in own for own in spoken):
            known = ", ".join(dict.fromkeys(q for own in spoken for q in own))
            raise InputError(f"quantities must be among {known}, got {label!r}")
    if not labels:
        raise InputError("quantities must be given, for the loops have none in common")
    return labels


def _spoken(one: Any) -> tuple[str, ...]:
    """What a prediction knows, or what was measured."""
    if isinstance(one, Prediction):
        return one.known
    run = one.trajectory if isinstance(one, Comparison) else one
    return (*run.quantities, *run.medians)


def _draw(ax: Axes, one: Any, label: str, name: str, color: str, marker: str) -> None:
    """The law of one loop as a line where it is known, its measurement as points."""
    if label not in _spoken(one):
        return
    law = one.prediction if isinstance(one, Comparison) else one
    known = isinstance(law, Prediction) and label in law.known
    if known:
        alone = name if one is law else ""
        plotting.theory(ax, np.arange(law.generations + 1), law[label], color, alone)
    if one is not law or not known:
        run = one.trajectory if isinstance(one, Comparison) else one
        plotting.measured(ax, run, label, color, name, marker)
        if not known and label in run.quantities:
            at = run.measured
            plotting.joined(ax, run.g[at], run.mean(label)[at], color=color)


# -- clouds ----------------------------------------------------------------------------------------


def clouds(
    real: Any, models: Mapping[int, Any], points: Mapping[int, Any], path: Any = None
) -> Any:
    """The models of a loop in the plane, a panel for each generation.

    ========= ==========================================================================
    real      the real law, a `GaussianMixture` in two dimensions: broken ellipses
    models    generation -> model, as `simulation.models` gives them: shades of density
    points    generation -> points of it, as `simulation.sample` gives them: dots
    ========= ==========================================================================
    """
    if getattr(real, "dimension", 0) != 2 or not getattr(real, "latent", False):
        raise InputError(f"real must be a mixture of Gaussians in the plane, got {real!r}")
    world = real.as_model()
    x, y = window(world)
    most = density(world, x, y).max()
    figure, axes = plotting.panels(len(models), columns=min(4, len(models)), height=1.7)
    for ax, (g, model) in zip(axes, models.items(), strict=True):
        plotting.cloud(ax, points[g], x, y, density(model, x, y), most=most)
        for mean, covariance in zip(world["mean"], world["covariance"], strict=True):
            plotting.ellipse(ax, mean, covariance, plotting.PALETTE[1], faint=True)
        plotting.label_axes(ax, "", "", f"$g={g}$")
        plotting.frame(ax, x, y)
    return plotting.finish(figure, path)


def window(model: Any) -> tuple[Any, Any]:
    """The part of the plane that a mixture is seen in: places on both axes."""
    means = np.array(model["mean"])
    wide = MARGIN * np.sqrt(np.array(model["covariance"]).max())
    low, high = means.min(axis=0) - wide, means.max(axis=0) + wide
    return np.linspace(low[0], high[0], 140), np.linspace(low[1], high[1], 120)


def density(model: Any, x: Any, y: Any) -> Any:
    """p(x, y) of a mixture, components that became points left out."""
    from scipy.stats import multivariate_normal

    grid = np.stack(np.meshgrid(x, y), axis=-1)
    total = np.zeros(grid.shape[:2])
    for w, mean, covariance in zip(*(model[k] for k in ("weight", "mean", "covariance")),
                                   strict=True):  # fmt: skip
        if w > 0 and np.linalg.det(covariance) > 1e-12:
            total += w * multivariate_normal(mean, covariance).pdf(grid)
    return total


# -- texts -----------------------------------------------------------------------------------------


def texts(columns: Mapping[str, Mapping[int, str]], path: Any = None) -> Picture:
    """What models write, a column for each loop: title -> {generation: text}.

    Strings of `LENGTH` characters or more that a passage holds twice are shaded.
    """
    figure = plotting.text_columns({title: passages(own) for title, own in columns.items()})
    plotting.finish(figure, path)
    return figure


def passages(written: Mapping[Any, str]) -> list[Passage]:
    """One for each generation, with the share of its characters that lie in repeated strings."""
    found = []
    for g, text in sorted(written.items(), key=lambda pair: int(pair[0])):
        shaded = repeated(text)
        share = f"{sum(shaded) / len(shaded):.0%} of {len(shaded)} characters repeated"
        found.append(plotting.Passage(f"$g={g}$: {share}", text, shaded))
    return found


def repeated(text: str, length: int = LENGTH) -> list[bool]:
    """Which characters lie in a string of that length that the text holds more than once."""
    strings = [text[i : i + length] for i in range(len(text) - length + 1)]
    often = Counter(strings)
    shaded = [False] * len(text)
    for place, string in enumerate(strings):
        if often[string] > 1:
            shaded[place : place + length] = [True] * length
    return shaded
