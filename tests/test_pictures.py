"""Whole pictures for a notebook: the marks that each kind of loop gets, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    FeedbackLoop,
    FreshSplit,
    Gaussian,
    GaussianMixture,
    Median,
    Replace,
    TailMass,
    Variance,
    compare,
    models,
    pictures,
    predict,
    sample,
    simulate,
)
from hallofillusions.plotting import PALETTE
from hallofillusions.symbols import InputError

LOOP = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha=0.5), n=10)
TAIL = TailMass(3.0, "real")
WATCHED = (Variance(), TAIL, Median(TAIL))
LAW = predict(LOOP, 4, WATCHED)
RUN = simulate(LOOP, 4, replicates=50, rng=1, observables=WATCHED, quantiles_at=(1, 4))
PAIR = GaussianMixture((0.5, 0.5), ((-2, 0), (2, 0)), 1)


def looks(ax: Any) -> list[tuple[str, str, str]]:
    """Line style, marker and colour of what is drawn."""
    return [(line.get_linestyle(), line.get_marker(), line.get_color())
            for line in ax.get_lines() if line.get_marker() not in ("_", "|")]  # fmt: skip


def test_a_comparison_is_a_line_and_points_a_prediction_a_line_a_run_points() -> None:
    found = {"both": compare(LAW, RUN), "law": LAW, "run": RUN}
    (ax,) = pictures.loops(found, [Variance()]).axes
    drawn = looks(ax)
    assert ("-", "None", PALETTE[0]) in drawn
    assert ("None", "o", PALETTE[0]) in drawn
    assert [look for look in drawn if look[2] == PALETTE[1]] == [("-", "None", PALETTE[1])]
    assert {look[:2] for look in drawn if look[2] == PALETTE[2]} == {("None", "^"), ("--", "None")}
    values = ax.get_lines()[0].get_ydata()
    assert np.allclose(values, LAW["variance"])


def test_what_no_law_is_known_of_is_joined_and_a_median_is_points() -> None:
    figure = pictures.loops({"both": compare(LAW, RUN)}, [TAIL, Median(TAIL)], log="y")
    mean, median = figure.axes
    assert {look[0] for look in looks(mean)} == {"None", "--"}
    assert {look[0] for look in looks(median)} == {"None"}
    assert mean.get_yscale() == "log"


def test_the_quantities_are_those_that_all_loops_speak_of() -> None:
    assert len(pictures.loops({"law": LAW, "run": RUN}).axes) == 1  # the law knows the variance
    assert len(pictures.loops({"run": RUN}).axes) == len(WATCHED)


def test_quantities_of_one_loop_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    (ax,) = pictures.together(RUN, [Variance(), TAIL], path).axes
    assert ax.get_legend_handles_labels()[1] == ["variance", TAIL.label]
    assert path.exists()


@pytest.mark.parametrize(("found", "quantities", "words"), [
    ({}, (), "at least one loop"), ({"law": LAW}, ["varance"], "among variance"),
    ({"law": predict(LOOP, 2, [TAIL])}, (), "have none in common"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_told(found: Any, quantities: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pictures.loops(found, quantities)


def test_more_loops_than_colours() -> None:
    (ax,) = pictures.loops({f"{i}": LAW for i in range(9)}).axes
    assert len({look[2] for look in looks(ax)}) == 9


def test_clouds_show_models_points_and_the_real_ellipses() -> None:
    loop = FeedbackLoop(PAIR, mixing=Replace(), n=40)
    known, drawn = models(loop, 3, at=(1, 3), rng=1), sample(loop, 3, 20, at=(1, 3), rng=1)
    axes = pictures.clouds(PAIR, known, drawn).axes
    assert [ax.get_title("left") for ax in axes] == ["$g=1$", "$g=3$"]
    for ax in axes:
        *_, points = [line for line in ax.get_lines() if line.get_marker() == "."]
        assert len(points.get_xdata()) == 20
        assert sum(line.get_linestyle() == "--" for line in ax.get_lines()) == 2
    with pytest.raises(InputError, match="mixture of Gaussians in the plane"):
        pictures.clouds(Gaussian((0, 0)), known, drawn)


def test_a_density_leaves_out_components_that_became_points() -> None:
    x = y = np.linspace(-6, 6, 41)
    model = {"weight": [0.5, 0.5], "mean": [[0, 0], [3, 3]],
             "covariance": [np.eye(2), np.zeros((2, 2))]}  # fmt: skip
    total = pictures.density(model, x, y).sum() * (x[1] - x[0]) ** 2
    assert total == pytest.approx(0.5, rel=1e-6)


def test_texts_shade_what_is_repeated() -> None:
    found = pictures.repeated("abcdefghij abcdefgh!", 8)
    assert "".join(".#"[f] for f in found) == "########...########."
    assert not any(pictures.repeated("short"))
    (ax,) = pictures.texts({"title": {10: "abcdefgh abcdefgh", 2: "once only"}}).axes
    words = [text.get_text() for text in ax.texts]
    assert words.index("$g=2$: 0% of 9 characters repeated") < words.index(
        "$g=10$: 94% of 17 characters repeated"
    )
