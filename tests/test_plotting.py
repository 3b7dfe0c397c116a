"""The only matplotlib: files of known bytes, no window system, the right marks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from hallofillusions import (
    Categorical,
    FeedbackLoop,
    FreshMixture,
    FreshSplit,
    Gaussian,
    GaussianMean,
    Replace,
    Variance,
    compare,
    identify,
    predict,
    simulate,
)
from hallofillusions.comparison import Comparison
from hallofillusions.observables.median import Median
from hallofillusions.plotting import (
    GREY,
    PALETTE,
    PANELS,
    ROWS,
    label_axes,
    measured,
    panels,
    plot_comparison,
    plot_identification,
    plot_prediction,
    plot_trajectory,
    power_of_ten,
    save,
    save_all,
    shades,
    simulation,
    theory,
    thin,
)
from hallofillusions.simulation import paths
from hallofillusions.symbols import InputError

LOOP = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha=0.5), n=10)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    run = simulate(LOOP, 10, replicates=500, rng=1, quantiles_at=(1, 5, 10))
    return compare(predict(LOOP, 10), run)


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_same_bytes_twice(comparison: Comparison, tmp_path: Path, kind: str) -> None:
    files = [tmp_path / f"{name}.{kind}" for name in "ab"]
    for path in files:
        plot_comparison(comparison, path)
    first, second = (path.read_bytes() for path in files)
    assert first == second
    assert len(first) > 1000
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in files}


def test_pdf_has_true_type_fonts(comparison: Comparison, tmp_path: Path) -> None:
    plot_comparison(comparison, tmp_path / "a.pdf")
    assert b"/Type3" not in (tmp_path / "a.pdf").read_bytes()


def test_a_pdf_holds_each_font_once(tmp_path: Path) -> None:
    figure, (ax,) = panels(1)
    theory(ax, [0, 1], [-1, 1])
    label_axes(ax, "generation $g$", r"$\alpha$ and minus")
    fonts = re.findall(rb"/FontName /\w+\+([\w-]+)", save(figure, tmp_path / "a.pdf").read_bytes())
    assert sorted(fonts) == [b"DejaVuSans", b"DejaVuSans-Oblique"]


def test_a_figure_is_drawn_once_for_each_file_and_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure, (ax,) = panels(1)
    before = figure.get_layout_engine(), figure.canvas, figure.dpi
    draw, drawn = Figure.draw, []

    def counted(self: Figure, renderer: Any) -> None:
        drawn.append(self)
        draw(self, renderer)

    monkeypatch.setattr(Figure, "draw", counted)
    label_axes(ax, "x", "y\n" * 9)
    save_all(figure, [tmp_path / "a.pdf", tmp_path / "a.png"])
    assert drawn == [figure] * 2
    assert ax.get_position().x0 > 0.18  # nine lines find room
    assert (figure.get_layout_engine(), figure.canvas, figure.dpi) == before


@pytest.mark.parametrize(("most", "factor"), [(1.0, ""), (5e7, "1e7")])
def test_a_title_stands_clear_of_a_power_of_ten(most: float, factor: str, tmp_path: Path) -> None:
    figure, (ax,) = panels(1)
    theory(ax, [0, 1], [0, most])
    label_axes(ax, "x", "y", "a title")
    save(figure, tmp_path / "a.png")
    title = next(text for text in ax.findobj(Text) if text.get_text() == "a title")
    assert ax.yaxis.get_offset_text().get_text() == factor
    assert (title.get_position()[1] > 1.0) == bool(factor)


def test_powers_of_ten_are_letters() -> None:
    assert [power_of_ten(x) for x in (1e-12, 1.0, 1e7, 0.2)] == ["10⁻¹²", "10⁰", "10⁷", "0.2"]


def test_theory_is_a_line_simulation_points_rivals_grey(comparison: Comparison) -> None:
    other = predict(FeedbackLoop(Gaussian(), mixing=Replace(), n=10), 10)
    figure = plot_comparison(comparison, rivals={"Replace": other})
    shared = [q for q in comparison.quantities if q in comparison.prediction.known]
    assert len(figure.axes) == len(shared)
    lines = figure.axes[shared.index("variance")].get_lines()
    assert [line.get_linestyle() for line in lines[:2]] == ["--", "-"]
    assert lines[0].get_color() == GREY
    assert np.allclose(lines[1].get_ydata(), comparison.prediction["variance"])
    assert lines[2].get_linestyle() == "None"


def test_some_quantities_of_a_comparison(comparison: Comparison) -> None:
    (ax,) = comparison.plot(quantities=[Variance()], rivals={"same": comparison.prediction}).axes
    assert ax.get_ylabel() == "variance"
    assert ax.get_lines()[0].get_color() == GREY
    with pytest.raises(InputError, match=r"labels must be among mean, variance.*, got 'varance'"):
        comparison.plot(quantities=["varance"])


def test_a_long_label_is_wrapped(comparison: Comparison) -> None:
    (ax,) = comparison.plot(quantities=["squared error of the mean"]).axes
    assert ax.get_ylabel() == "squared error of the\nmean"


def test_other_figures(comparison: Comparison, tmp_path: Path) -> None:
    plot_prediction(comparison.prediction, path=tmp_path / "p.png")
    plot_trajectory(comparison.trajectory, ("variance",), tmp_path / "t.png")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_notebook_shows_a_figure(comparison: Comparison) -> None:
    picture = plot_comparison(comparison)
    assert picture._repr_png_().startswith(b"\x89PNG")


def test_no_global_state() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    _, axes = panels(3)
    theory(axes[0], [0, 1], [0, 1])
    simulation(axes[1], [0, 1], [0, 1], np.array([0.1, 0.1]))
    assert dict(matplotlib.rcParams) == before


def test_bad_paths_are_told(tmp_path: Path) -> None:
    figure, _ = panels(1)
    with pytest.raises(InputError, match="must end in"):
        save(figure, tmp_path / "a.bmp")
    with pytest.raises(InputError, match="can be written"):
        save(figure, tmp_path / "missing" / "a.png")


def test_helpers() -> None:
    assert thin(101)[-1] == 100
    assert len(thin(3)) == 3
    assert len(set(shades(6))) == 6


def test_what_is_measured_at_some_generations_is_all_shown() -> None:
    """Points lie where something was measured, and lines join what was evaluated."""
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=20)
    typical, at = Median(Variance()), (0, 17, 100)
    run = simulate(loop, 100, replicates=50, rng=1, observables=(Variance(),), at=at)
    _, (ax,) = panels(1)
    measured(ax, run, "variance")
    theory(ax, np.arange(101), predict(loop, 100, [typical], at=at)[typical.label])
    points, line = ax.lines[0], ax.lines[-1]
    assert tuple(points.get_xdata()) == tuple(line.get_xdata()) == at


def test_lines_stand_out_from_white_in_grey_print() -> None:
    """A contrast of 3, as WCAG 2 asks of graphics, and a ladder of greys."""
    greys = [luminance(color) for color in shades(6)]
    assert 1.05 / (greys[0] + 0.05) > 2.95
    assert greys == sorted(greys, reverse=True)


def luminance(color: str) -> float:
    """Of a colour in sRGB, relative to white (IEC 61966-2-1)."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))


# -- whose convention it is ----------------------------------------------------


def parts(figure: Any) -> tuple[list[Any], Any]:
    """The panels of z, and that of the candidates."""
    *upper, lower = [part.axes for part in figure.subfigs]
    return [ax for axes in upper for ax in axes], lower[0]


def runs_of(family: Any, generations: int = 4, **options: Any) -> Any:
    """Runs of `Replace`, and candidates that hold their first column for the start."""
    loop = FeedbackLoop(family, mixing=Replace(), n=20)
    found = paths(loop, generations, 40, rng=1)
    found = {{"probability": "probabilities"}.get(k, k): v for k, v in found.items()}
    mixings = (Replace(), FreshSplit(0.5), FreshMixture(0.5))
    among = [FeedbackLoop(family, mixing=mixing, n=20) for mixing in mixings]
    return identify(found, among, first=0, family=family, **options)


def test_an_identification_shows_the_z_of_the_best_and_of_the_stated(tmp_path: Path) -> None:
    stated = FeedbackLoop(GaussianMean(), mixing=FreshSplit(0.5), n=20)
    found = runs_of(GaussianMean(), stated=stated)
    assert found.stated_rejected
    figure = plot_identification(found, tmp_path / "a.png")
    axes, lower = parts(figure)
    for ax, word in zip(axes, found.best.evidence.cells, strict=True):
        drawn = {line.get_label().split(":")[0]: line for line in ax.get_lines()}
        for name, candidate in (("best", found.best), ("stated", found.of_stated)):
            assert np.allclose(drawn[name].get_ydata(), candidate.evidence.cells[word])
        assert drawn["best"].get_marker() != drawn["stated"].get_marker()
        assert drawn["best"].get_xdata().tolist() == [1, 2, 3, 4]
    names = [text.get_text() for text in lower.get_yticklabels()]
    assert [name for name in names if name.endswith("(stated)")] == [names[-1]]
    title = figure.get_suptitle().replace("\n", " ")
    assert "stated: FreshSplit, MLE, from truth, first column g = 0, rejected (" in title


def test_a_verdict_has_a_colour_and_a_marker() -> None:
    _, lower = parts(plot_identification(runs_of(GaussianMean())))
    marks = {line.get_label(): line for line in lower.get_lines() if line.get_marker() != "None"}
    assert {marks[k].get_color() for k in ("compatible", "rejected")} == set(PALETTE[:2])
    assert marks["compatible"].get_marker() != marks["rejected"].get_marker()


def test_of_many_quantities_six_are_drawn_and_the_others_named() -> None:
    figure = plot_identification(runs_of(Gaussian((0, 0))))
    axes, _ = parts(figure)
    assert len(axes) == PANELS
    assert "not drawn: " in figure.get_suptitle()


def test_types_and_a_single_step() -> None:
    axes, _ = parts(plot_identification(runs_of(Categorical((0.5, 0.3, 0.2)), 1)))
    assert {ax.get_title("left") for ax in axes} >= {"mean of type 1", "mean of type 2"}
    assert all(len(line.get_xdata()) == 1 for ax in axes for line in ax.get_lines()[:1])


def test_a_hidden_state_and_gaps() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=20)
    variance = paths(loop, 4, 40, rng=1)["variance"]
    variance[:, 2] = np.nan
    axes, _ = parts(plot_identification(identify({"variance": variance}, [loop], first=0)))
    assert [ax.get_title("left") for ax in axes] == ["variance"]


def test_only_impossible_candidates_have_no_panel() -> None:
    wrong = FeedbackLoop(GaussianMean(5), mixing=Replace(), n=20)
    means = paths(FeedbackLoop(GaussianMean(), mixing=Replace(), n=20), 3, 40, rng=1)["mean"]
    figure = plot_identification(identify({"mean": means}, [wrong], first=0, family=wrong.family))
    axes, lower = parts(figure)
    assert not axes
    marks = [line.get_label() for line in lower.get_lines() if line.get_marker() != "None"]
    assert set(marks) == {"impossible"}


def test_many_candidates_are_counted() -> None:
    found = identify({"mean": paths(LOOP, 3, 40, rng=1)["mean"]}, family=GaussianMean(), n=10,
                     alpha=0.5)  # fmt: skip
    _, lower = parts(plot_identification(found))
    assert len(found.candidates) > ROWS
    assert len(lower.get_yticklabels()) == ROWS
    assert lower.get_title("left").startswith(f"{len(found.candidates) - ROWS} further")
