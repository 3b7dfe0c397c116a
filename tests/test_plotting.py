"""The only matplotlib: files of known bytes, no window system, the right marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, Replace, compare, predict, simulate
from hallofillusions.comparison import Comparison
from hallofillusions.plotting import (
    GREY,
    panels,
    plot_comparison,
    plot_prediction,
    plot_trajectory,
    save,
    shades,
    simulation,
    theory,
    thin,
)
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
