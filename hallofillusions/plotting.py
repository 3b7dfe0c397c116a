"""The only matplotlib: every figure, in one visual language.

Theory is a line, simulation is points with error bars, rivals are thin and grey.  Colours can be
told apart by colour-blind readers.  Figures are made without pyplot, so no window system and no
global state is needed, and a file written twice has the same bytes.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .files import replacing
from .symbols import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from .comparison import Comparison
    from .identification import Candidate, Identification
    from .prediction import Prediction
    from .reproduction.results import Series
    from .trajectory import Trajectory

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Okabe & Ito's colours, without the yellow that is lost on white."""
GREY = "#9A9A9A"
SHADE = "#F6D39A"
"""What stands out in a text: light enough to be read on in grey print."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
WIDTH = 6.5
"""Width of a figure in inches: that of a page's text."""
STYLE: Any = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,  # matplotlib 3.11 reads it for a PDF's fonts too: else each comes twice
    "svg.hashsalt": "hallofillusions", "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9,
    "legend.fontsize": 8, "xtick.labelsize": 8, "ytick.labelsize": 8,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.7,
    "lines.linewidth": 1.3, "lines.markersize": 3.5, "legend.frameon": False, "savefig.dpi": 200,
    "figure.dpi": 110, "axes.grid": True, "grid.color": "#E8E8E8", "grid.linewidth": 0.6,
    "axes.axisbelow": True, "mathtext.fontset": "dejavusans", "text.usetex": False,
    "axes.formatter.useoffset": False, "axes.formatter.limits": (-4, 5),
}  # fmt: skip


class Picture(Figure):
    """A figure that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with style(), laid_out(self, 110):
            self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


@contextmanager
def style() -> Iterator[None]:
    """The visual language, for the time of a ``with`` block."""
    with matplotlib.rc_context(STYLE):
        yield


def panels(count: int, columns: int = 2, height: float = 2.2) -> tuple[Picture, list[Axes]]:
    """A figure with ``count`` panels."""
    columns = min(columns, count)
    rows = -(-count // columns)
    with style():
        figure = Picture(figsize=(WIDTH, height * rows), layout="constrained")
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
    return figure, axes


UNDATED: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}
}  # fmt: skip


def kind_of(path: Any) -> str:
    """The kind of a figure's file, by the path's ending, or an `InputError`."""
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in UNDATED:
        raise InputError(f"path must end in .pdf, .png or .svg, got {path}")
    return kind


@contextmanager
def laid_out(figure: Figure, dpi: float) -> Iterator[None]:
    """A figure whose parts have found their places, for files of ``dpi`` dots an inch.

    Else matplotlib would draw the whole figure once more for each file.  What is measured here
    is not measured again by a picture of the same ``dpi``.
    """
    engine, canvas, before = figure.get_layout_engine(), figure.canvas, figure.dpi
    try:
        FigureCanvasAgg(figure)
        figure.dpi = dpi
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)  # with "none" each file would be drawn twice
        yield
    finally:
        figure.dpi = before
        figure.set_canvas(canvas)
        if engine is not None:
            figure.set_layout_engine(engine)


def save(figure: Figure, path: Any) -> Path:
    """Write a figure as PDF, PNG or SVG, by the path's ending; the same bytes every time."""
    return save_all(figure, [path])[0]


def save_all(figure: Figure, paths: Iterable[Any]) -> list[Path]:
    """Write the figure in several kinds of file, laid out alike."""
    kinds = {Path(path): kind_of(path) for path in paths}
    with style(), laid_out(figure, STYLE["savefig.dpi"]):
        for path, kind in kinds.items():
            _write(figure, path, kind)
    return list(kinds)


def _write(figure: Figure, path: Path, kind: str) -> None:
    try:
        with replacing(path) as part:
            figure.savefig(part, format=kind, metadata=UNDATED[kind])
    except OSError as error:
        raise InputError(f"path must be a file that can be written, got {path}: {error}") from None


def finish(figure: Figure, path: Any) -> Figure:
    """Write the figure if a path is given, and return it."""
    if path is not None:
        save(figure, path)
    return figure


# -- the three kinds of marks ----------------------------------------------------------------------


def theory(ax: Axes, g: Any, values: Any, color: str = PALETTE[0], label: str = "") -> None:
    """A law: a line through all places at which it was evaluated."""
    there = ~np.isnan(np.asarray(values, dtype=float))
    with style():
        ax.plot(np.asarray(g)[there], np.asarray(values)[there], "-", color=color,
                label=label or None, zorder=2)  # fmt: skip


def simulation(
    ax: Axes, g: Any, mean: Any, error: Any = None, color: str = PALETTE[0], label: str = "",
    marker: str = "o",
) -> None:  # fmt: skip
    """A measurement: points, with bars of 1.96 standard errors or (lower, upper) lengths."""
    bars = None if error is None else 1.96 * np.asarray(error) if np.ndim(error) == 1 else error
    with style():
        ax.errorbar(
            g, mean, yerr=bars, fmt=marker, color=color, label=label or None, capsize=1.5,
            elinewidth=0.8, markerfacecolor="white", markeredgewidth=0.9, zorder=3,
        )  # fmt: skip


def rival(ax: Axes, g: Any, values: Any, label: str = "") -> None:
    """A wrong theory: a thin grey line."""
    with style():
        ax.plot(g, values, "--", color=GREY, linewidth=0.8, label=label or None, zorder=1)


def histogram(
    ax: Axes, edges: Any, density: Any, color: str = PALETTE[0], label: str = "", marker: str = "o"
) -> None:
    """Simulated frequencies, as points in the middle of their bins."""
    middle = np.sqrt(np.asarray(edges)[1:] * np.asarray(edges)[:-1])
    simulation(ax, middle, density, color=color, label=label, marker=marker)


def steps(ax: Axes, x: Any, y: Any, color: str = PALETTE[0], label: str = "") -> None:
    """An empirical distribution function: a staircase."""
    with style():
        ax.step(x, y, where="post", color=color, label=label or None, linewidth=1.0, zorder=2)


def ellipse(
    ax: Axes, mean: Any, covariance: Any, color: str = PALETTE[0], label: str = "",
    *, deviations: float = 2.0, faint: bool = False,
) -> None:  # fmt: skip
    """The contour of a Gaussian cloud in the plane, ``deviations`` from its mean."""
    turn = np.linspace(0, 2 * np.pi, 181)
    values, vectors = np.linalg.eigh(covariance)
    circle = np.sqrt(np.maximum(values, 0))[:, None] * [np.cos(turn), np.sin(turn)]
    x, y = np.asarray(mean)[:, None] + deviations * vectors @ circle
    with style():
        ax.plot(x, y, color=color, label=label or None, linewidth=0.9 if faint else 1.3,
                linestyle="--" if faint else "-", zorder=1 if faint else 2)  # fmt: skip
        ax.set_aspect("equal")


def cloud(
    ax: Axes, points: Any, x: Any, y: Any, density: Any, *, most: float
) -> None:  # fmt: skip
    """Points (n, 2) of a model on the shades of its density, values (y, x), up to ``most``.

    Each shade is half as dense as the next: tails are seen beside narrow peaks.
    """
    levels = [*(most / 2**k for k in range(9, -1, -1)), 1e9]
    scale = matplotlib.colormaps["Blues"](np.linspace(0.06, 0.95, len(levels) - 1))
    with style():
        ax.grid(visible=False)
        ax.contourf(x, y, density, levels=levels, colors=scale, zorder=0)
        ax.plot(points[:, 0], points[:, 1], ".", color="black", markersize=1.3,
                markeredgewidth=0, alpha=0.7, zorder=3)  # fmt: skip


def dots(ax: Axes, points: Any, color: str = GREY) -> None:
    """Points in the plane."""
    with style():
        ax.plot(points[:, 0], points[:, 1], ".", color=color, markersize=2.5, markeredgewidth=0,
                zorder=1)  # fmt: skip


def frame(ax: Axes, x: Any, y: Any) -> None:
    """A part of the plane in true proportions, without numbers."""
    with style():
        ax.set_xlim(x[0], x[-1])
        ax.set_ylim(y[0], y[-1])
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])


def draw_series(
    ax: Axes, series: Series, color: str = PALETTE[0], label: str = "", *, marker: str = "o",
    points: int = 12, change: Callable[[Any], Any] | None = None,
) -> None:  # fmt: skip
    """One quantity of saved results: its law, where there is one, and its simulation.

    ``change`` is applied to all values, such as 1 - x.
    """
    convert = change or (lambda x: x)
    if series.known:
        theory(ax, series.generation, convert(series.theory), color)
    at = thin(len(series.generation), points)
    bars = series.bars(at)
    if change is not None:
        ends = np.sort([convert(series.lower[at]), convert(series.upper[at])], axis=0)
        bars = np.abs(ends - convert(series.simulated[at]))
    simulation(ax, series.generation[at], convert(series.simulated[at]), bars, color, label, marker)


def shades(count: int) -> list[str]:
    """Colours of an ordered quantity, from light to dark: viridis as far as thin lines of it
    stand out from white, in grey print too (a contrast of 3)."""
    from matplotlib.colors import to_hex

    scale = matplotlib.colormaps["viridis"]
    return [to_hex(scale(x)) for x in np.linspace(0.6, 0.0, count)]


def thin(count: int, points: int = 12) -> Any:
    """Places of about ``points`` of ``count`` generations, the last among them."""
    return np.unique(np.linspace(0, count - 1, min(points, count)).round().astype(int))


def legend(figure: Figure | SubFigure, ax: Axes, columns: int = 3) -> None:
    """One legend for all panels, below them."""
    with style():
        handles, labels = ax.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def panel_legend(ax: Axes, columns: int = 2, below: float = 0.24) -> None:
    """A legend of one panel's own, below it, where panels show different things."""
    with style():
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -below), ncols=columns,
                  borderaxespad=0, labelspacing=0.3)  # fmt: skip


def label_axes(ax: Axes, x: str, y: str, title: str = "", log: str = "") -> None:
    """Names of the axes; ``log`` says which are logarithmic, such as ``"xy"``."""
    with style():
        ax.set_xlabel(x)
        ax.set_ylabel(y)
        if "x" in log:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(power_of_ten)
        if "y" in log:
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(power_of_ten)
        ax.set_title(title, loc="left", y=None if _shares_a_factor(ax) else 1.0)


def power_of_ten(value: float, _: Any = None) -> str:
    """Such as 10⁻³, in letters: a formula takes far longer to set."""
    power = float(np.log10(value))
    return "10" + f"{power:.0f}".translate(RAISED) if power.is_integer() else f"{value:g}"


def _shares_a_factor(ax: Axes) -> bool:
    """Whether the numbers of the vertical axis are times a power of ten, which stands above it.

    Only then has the title's place to be looked for, which takes a tenth of all time.
    """
    formatter = ax.yaxis.get_major_formatter()
    formatter.set_locs(ax.get_yticks().tolist())
    return bool(formatter.get_offset())


def plain_ticks(ax: Axes) -> None:
    """A logarithmic axis of few octaves, read as numbers and not as powers of ten."""
    low, high = ax.get_ylim()
    steps: list[float] = [v * 10**k for k in range(4) for v in (1, 1.5, 2, 3, 5, 7)]
    if high < 2.5 * low:
        steps = [float(v) for v in range(int(low), int(high) + 2)]
    inside = [v for v in steps if low <= v <= high]
    ax.set_yticks(inside, [f"{v:g}" for v in inside])
    ax.minorticks_off()


# -- whole figures ---------------------------------------------------------------------------


def plot_comparison(
    comparison: Comparison, path: Any = None, rivals: Mapping[str, Prediction] | None = None,
    labels: Sequence[Any] = (),
) -> Figure:  # fmt: skip
    """Theory as lines and simulation as points, one panel per quantity.

    ``rivals`` are named wrong theories of the same generations, drawn thin and grey; ``labels``
    are the quantities (or observables) that are drawn, all if there are none.
    """
    prediction, trajectory = comparison.prediction, comparison.trajectory
    shared = [q for q in comparison.quantities if q in prediction.known]
    labels = [getattr(label, "label", label) for label in labels] or shared
    if strange := [label for label in labels if label not in shared]:
        raise InputError(f"labels must be among {', '.join(shared)}, got {strange[0]!r}")
    if not labels:
        raise InputError("the comparison has no quantity that both theory and simulation speak of")
    figure, axes = panels(len(labels))
    for ax, label in zip(axes, labels, strict=True):
        for name, other in (rivals or {}).items():
            if label in other.known:
                rival(ax, np.arange(other.generations + 1), other[label], name)
        theory(ax, np.arange(prediction.generations + 1), prediction[label], label="theory")
        measured(ax, trajectory, label)
        label_axes(ax, "generation $g$", wrapped(label), comparison.verdict_of(label))
    legend(figure, axes[0])
    return finish(figure, path)


def measured(
    ax: Axes, trajectory: Trajectory, label: str, color: str = PALETTE[1],
    name: str = "simulation", marker: str = "o",
) -> None:  # fmt: skip
    """One quantity of a trajectory as points: its mean with standard errors, or its median."""
    if label in trajectory.medians:
        estimate, lower, upper = trajectory.quantile(label)
        bars = np.array([estimate - lower, upper - estimate])
        places = np.asarray(trajectory.quantile_table.places)
        simulation(ax, places, estimate, bars, color, name, marker)
        return
    at = trajectory.measured[thin(len(trajectory.measured))]
    mean, error = trajectory.mean(label)[at], trajectory.standard_error(label)[at]
    simulation(ax, trajectory.g[at], mean, error, color, name, marker)


def plot_prediction(
    prediction: Prediction, labels: Sequence[str] = (), path: Any = None
) -> Figure:
    """What theory says, one panel per quantity."""
    labels = tuple(labels) or prediction.known
    if not labels:
        raise InputError("theory knows none of the quantities; simulate them")
    figure, axes = panels(len(labels))
    for ax, label in zip(axes, labels, strict=True):
        theory(ax, np.arange(prediction.generations + 1), prediction[label])
        label_axes(ax, "generation $g$", wrapped(label), prediction.entry(label).source)
    return finish(figure, path)


def plot_trajectory(
    trajectory: Trajectory, labels: Sequence[str] = (), path: Any = None
) -> Figure:
    """What was simulated or given, one panel per quantity."""
    labels = tuple(labels) or trajectory.quantities
    figure, axes = panels(len(labels))
    for ax, label in zip(axes, labels, strict=True):
        measured(ax, trajectory, label)
        label_axes(ax, "generation $g$", wrapped(label))
    return finish(figure, path)


def wrapped(label: str, width: int = 24) -> str:
    """A long label in lines that fit beside a panel."""
    return textwrap.fill(label, width)


# -- whose convention it is ------------------------------------------------------------------


PANELS, ROWS = 6, 15
"""Quantities and candidates of an identification that are drawn at most."""
KNOTS = 8.0
"""z beyond which its axis is logarithmic, where any is as large."""
VERDICTS = {"compatible": (PALETTE[0], "o", PALETTE[0]), "rejected": (PALETTE[1], "X", "white"),
            "impossible": ("black", "<", "white")}  # fmt: skip
"""Verdict -> colour, marker and the marker's face."""
SHORTER = {"MaximumLikelihood": "MLE", "λ = lam": "λ free", "started at": "from",
           "the first fit": "first fit", "the fit of the fixed set": "fixed set",
           "the truth": "truth", "its first column": "first column"}  # fmt: skip


def plot_identification(found: Identification, path: Any = None) -> Figure:
    """z of every step of the best sentence and of the stated one, and how far the others lie.

    The shade holds 95 % of the z of the true sentence; a single z rejects a sentence beyond the
    broken lines, which allow for all steps, quantities and candidates.  What is not drawn of
    many quantities or candidates is said.
    """
    drawn = [c for c in dict.fromkeys((found.best, found.of_stated)) if c and c.evidence.cells]
    words = list(dict.fromkeys(word for c in drawn for word in c.evidence.cells))
    watched, listed = _telling(words, drawn), _listed(found)
    heights = [1.6 * -(-len(watched) // 2) + 0.5, 0.19 * len(listed) + 1.1]
    heights = heights if watched else heights[1:]
    with style():
        figure = Picture(figsize=(WIDTH, sum(heights) + 0.5), layout="constrained")
        title = _headline(found, [word for word in words if word not in watched])
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, parse_math=False)
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        parts = [figure.add_subfigure(grid[i]) for i in range(len(heights))]
    if watched:
        _draw_all_steps(parts[0], watched, drawn, found)
    _draw_candidates(parts[-1], listed, found)
    return finish(figure, path)


def _telling(words: Sequence[str], drawn: Sequence[Candidate]) -> list[str]:
    """The quantities with the largest |z| of any sentence that is drawn, in their order."""

    def most(word: str) -> float:
        z = np.abs(np.concatenate([c.evidence.cells.get(word, [0.0]) for c in drawn]))
        return -float(np.max(z, where=np.isfinite(z), initial=0.0))

    kept = sorted(words, key=most)[:PANELS]
    return [word for word in words if word in kept]


def _listed(found: Identification) -> list[Candidate]:
    """The first candidates of the table, and the stated one whatever its place."""
    first = list(found.candidates[:ROWS])
    stated = found.of_stated
    return first if stated is None or stated in first else [*first[:-1], stated]


def _headline(found: Identification, left_out: Sequence[str]) -> str:
    """The summary in a line or two, and the quantities that are not drawn."""
    best, stated, good = found.best, found.of_stated, len(found.compatible)
    if not good:
        text = f"No sentence fits; the nearest is {_short(best)} ({best.finding})"
    else:
        rest = f", and with {good - 1} other{'s' * (good > 2)}" if good > 1 else ""
        text = f"The runs agree with {_short(best)}{rest}"
    if stated is not None and stated is not best:
        size = f" ({stated.finding})" if found.stated_rejected else ""
        text += f"; stated: {_short(stated)}, {stated.verdict}{size}"
    lines = [text, *([f"not drawn: {', '.join(left_out)}"] if left_out else [])]
    return "\n".join(textwrap.fill(line, 98) for line in lines)


def _short(candidate: Candidate) -> str:
    """Its name in fewer letters, for a row of a picture."""
    text = re.sub(r"ScaleCovariance\(lam=(.*?)\)", r"λ = \1", candidate.name)
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


def _draw_all_steps(
    figure: SubFigure, watched: Sequence[str], drawn: Sequence[Candidate], found: Identification
) -> None:
    """A panel for each quantity, and one legend."""
    with style():
        axes = [figure.add_subplot(-(-len(watched) // 2), 2, i + 1) for i in range(len(watched))]
    for ax, word in zip(axes, watched, strict=True):
        _draw_steps(ax, word, drawn, found)
    legend(figure, axes[0], 2)


def _draw_steps(ax: Axes, word: str, drawn: Sequence[Candidate], found: Identification) -> None:
    """z of one quantity at every generation, the sentences side by side."""
    from matplotlib.ticker import MaxNLocator

    limit = drawn[0].evidence.limit(found.level, len(found.candidates))
    most = max(4.0, limit)
    for place, candidate in enumerate(drawn):
        z = np.asarray(candidate.evidence.cells.get(word, []), dtype=float)
        most = max(most, np.max(np.abs(z), where=np.isfinite(z), initial=0.0))
        _draw_z(ax, z, place, candidate, found)
    with style():
        ax.axhspan(-1.96, 1.96, color=GREY, alpha=0.25, linewidth=0, zorder=0,
                   label="95 % of z of the true sentence")  # fmt: skip
        for side, label in ((limit, "a single z rejects beyond"), (-limit, None)):
            ax.axhline(side, color="black", linestyle="--", linewidth=0.7, zorder=1, label=label)
        if most > 2 * KNOTS:
            ax.set_yscale("symlog", linthresh=KNOTS, linscale=1.5)
        ax.set_ylim(-1.15 * most, 1.15 * most)
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    label_axes(ax, "generation $g$", "z", textwrap.fill(word, 42))


def _draw_z(ax: Axes, z: Any, place: int, candidate: Candidate, found: Identification) -> None:
    """The points of one sentence, a little to the right of those of the one before."""
    roles = {"best": found.best, "stated": found.of_stated}
    kind = " and ".join(role for role, one in roles.items() if one is candidate)
    g = max(candidate.sentence.first, 1) + np.arange(len(z)) + 0.22 * place
    with style():
        ax.plot(g, z, MARKERS[place], color=PALETTE[place], markeredgewidth=0.8,
                markerfacecolor="white" if place else PALETTE[place], zorder=3 + place,
                markersize=3.5 if len(z) <= 40 else 2.0,
                label=f"{kind}: {_short(candidate)}")  # fmt: skip


def _draw_candidates(
    figure: SubFigure, listed: Sequence[Candidate], found: Identification
) -> None:
    """How much less probable each candidate makes the runs than the best one does."""
    gaps = _gaps(listed, found)
    known = [0.0, *gaps[np.isfinite(gaps)]]
    with style():
        ax = figure.add_subplot()
        if np.ptp(known) > 40:
            ax.set_xscale("symlog", linthresh=10)
        for row, (candidate, gap) in enumerate(zip(listed, gaps, strict=True)):
            _draw_row(ax, row, candidate, gap, 1.5 * min(*known, -1.0))
        names = [_short(c) + (" (stated)" if c is found.of_stated else "") for c in listed]
        ax.set_yticks(range(len(listed)), names, fontsize=7)
        ax.set_ylim(len(listed) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
        marks = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        figure.legend(marks.values(), marks, loc="outside lower center", ncols=3)
        more = len(found.candidates) - len(listed)
        ax.set_title(f"{more} further candidates are not drawn" if more else "", loc="left")
        ax.set_xlabel("log density of the steps that all have, less that of the best",
                      loc="right")  # fmt: skip


def _draw_row(ax: Axes, row: int, candidate: Candidate, gap: float, edge: float) -> None:
    """One candidate: its verdict where its density lies, or at the edge where it is impossible."""
    kind = candidate.verdict if np.isfinite(gap) else "impossible"
    color, marker, face = VERDICTS[kind]
    x = gap if np.isfinite(gap) else edge
    ax.plot([0, x], [row, row], color=color, linewidth=0.8, zorder=2)
    ax.plot(x, row, marker, color=color, markerfacecolor=face, markersize=5, zorder=3, label=kind)


def _gaps(listed: Sequence[Candidate], found: Identification) -> Any:
    """Logarithms of densities less that of the first, over the last steps, which all have.

    They are -inf where a sentence says that the runs are impossible; such a one is no first.
    """
    densities = np.array([c.density for c in listed])
    possible = np.isfinite(densities) & np.isfinite([c.finding.z for c in listed])
    first = densities[possible][0] if possible.any() else 0.0
    return np.subtract(densities, first, where=possible, out=np.full(len(listed), -np.inf))


# -- two axes, and text --------------------------------------------------------------------------


def phase(
    figure: Figure, ax: Axes, x: Any, y: Any, values: Any, levels: Sequence[float], label: str
) -> None:
    """A law over two axes: values (y, x) between ``levels`` as shades, which also grey print tells
    apart, with the levels as lines and a bar that names them."""
    from matplotlib.colors import BoundaryNorm

    scale = matplotlib.colormaps["cividis"]
    with style():
        norm = BoundaryNorm(levels, scale.N, extend="both")
        ax.grid(visible=False)
        shades_of = ax.contourf(x, y, values, levels=levels, cmap=scale, norm=norm, extend="both")
        ax.contour(x, y, values, levels=levels, colors="white", linewidths=0.4)
        bar = figure.colorbar(shades_of, ax=ax, pad=0.02, aspect=28, ticks=levels)
        bar.set_label(label)
        bar.ax.tick_params(labelsize=7)
        bar.ax.set_yticklabels([f"{v:g}" for v in levels])


def since(series: Series, first: int) -> Series:
    """The same series from generation ``first`` on, such as where a loss is finite."""
    kept = series.generation >= first
    columns = (f.name for f in fields(series) if f.name != "source")
    return replace(series, **{name: getattr(series, name)[kept] for name in columns})


def band(ax: Axes, g: Any, lower: Any, upper: Any, color: str = PALETTE[0]) -> None:
    """Where single runs are expected: a faint area about a law."""
    with style():
        ax.fill_between(g, lower, upper, color=color, alpha=0.22, linewidth=0, zorder=1)


def joined(
    ax: Axes, g: Any, values: Any, look: str = "--", color: str = GREY, label: str = ""
) -> None:
    """A thin broken line through measured points, where no law is known: it guides the eye."""
    with style():
        ax.plot(g, values, look, color=color, label=label or None, linewidth=0.8, zorder=1)


def cells(
    figure: Figure, ax: Axes, values: Any, texts: Sequence[Sequence[str]], label: str,
    *, marked: Any = None, limits: tuple[float, float] = (0.0, 1.0),
) -> None:  # fmt: skip
    """A table of numbers as shades, row 0 below, with each number's own text in its cell.

    A number that is NaN has a white cell, and the ``marked`` cells are hatched.
    """
    from matplotlib.patches import Rectangle

    table = np.ma.masked_invalid(np.asarray(values, dtype=float))
    scale = matplotlib.colormaps["cividis"]
    with style():
        ax.grid(visible=False)
        shown = ax.imshow(table, origin="lower", aspect="auto", cmap=scale, vmin=limits[0],
                          vmax=limits[1])  # fmt: skip
        for (row, column), value in np.ndenumerate(table.filled(np.nan)):
            part = (min(max(value, limits[0]), limits[1]) - limits[0]) / (limits[1] - limits[0])
            dark = np.isfinite(value) and part < 0.55
            color = "white" if dark else "black"
            ax.text(column, row, texts[row][column], ha="center", va="center", fontsize=8,
                    color=color, linespacing=1.15, in_layout=False)  # fmt: skip
            if marked is not None and marked[row][column]:
                ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=0,
                                       hatch="//", edgecolor=(*((1.0,) * 3 if dark else (0.0,) * 3),
                                                              0.28)))  # fmt: skip
        bar = figure.colorbar(shown, ax=ax, pad=0.02, aspect=28)
        bar.set_label(label)
        bar.ax.tick_params(labelsize=7)


LETTER = 0.602
"""Width of a letter of DejaVu Sans Mono over its size."""


@dataclass(frozen=True)
class Passage:
    """Text under a heading; the letters that ``shaded`` tells stand out."""

    heading: str
    text: str
    shaded: Sequence[bool]


def text_columns(
    columns: Mapping[str, Sequence[Passage]], *, letters: int = 56, lines: int = 6
) -> Picture:
    """Passages side by side, one column under each title, in letters of fixed width.

    A passage shows at most ``lines`` lines of ``letters``; the columns are read from the top.
    """
    size = (0.96 * WIDTH * 72 / len(columns) - 6) / (letters * LETTER)
    height = 1.25 * size * (max(map(len, columns.values())) * (lines + 1.6) + 1.4)
    with style():
        figure = Picture(figsize=(WIDTH, height / 72))
        for i, (title, passages) in enumerate(columns.items()):
            ax = figure.add_axes((0.02 + 0.98 * i / len(columns), 0, 0.96 / len(columns), 1))
            ax.set_axis_off()
            ax.set_xlim(0, 0.96 * WIDTH * 72 / len(columns) / (size * LETTER))
            ax.set_ylim(height / (1.25 * size), 0)
            ax.text(0, 0.8, title, fontsize=9, va="center")
            for j, passage in enumerate(passages):
                _passage(ax, 2.1 + j * (lines + 1.6), passage, letters, lines, size)
    return figure


def _passage(ax: Axes, top: float, passage: Passage, letters: int, lines: int, size: float) -> None:
    ax.text(0, top, passage.heading, fontsize=7.5, va="center", color=PALETTE[0])
    text = printable(passage.text)
    for k, start in enumerate(range(0, min(len(text), letters * lines), letters)):
        y, part = top + 1 + k, slice(start, start + letters)
        for place, width in _runs(passage.shaded[part]):
            ax.fill_between([place, place + width], y - 0.5, y + 0.5, color=SHADE, linewidth=0)
        ax.text(0, y, text[part], family="DejaVu Sans Mono", fontsize=size, va="center_baseline",
                parse_math=False)  # fmt: skip


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Place and length of each run of true values."""
    place = 0
    for strong, run in groupby(flags):
        length = len(list(run))
        if strong:
            yield place, length
        place += length


def printable(text: str) -> str:
    """The same letters with a box for each that the font lacks, and spaces for line ends."""
    from matplotlib.font_manager import findfont, get_font

    known = get_font(findfont("DejaVu Sans Mono"))
    letters = (" " if c.isspace() else c for c in text)
    return "".join(c if known.get_char_index(ord(c)) else "\N{WHITE SQUARE}" for c in letters)
