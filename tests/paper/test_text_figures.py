"""The figures of text: what they draw is what the results hold."""

from __future__ import annotations

import csv
import json
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import plotting
from hallofillusions.reproduction.results import COLUMNS, Results
from hallofillusions.symbols import InputError

FIGURES = {n: import_module(f"hallofillusions.paper.figures.{n}")
           for n in ("perplexity", "illusion", "surviving", "samples", "rows")}  # fmt: skip
LAST = 4
ALPHAS = ("0", "0.5", "0.9", "1")
QUANTITIES = {
    "perplexity": ("held-out real log-loss", "3-grams surviving", "missing mass of 3-grams"),
    "illusion": (*FIGURES["illusion"].LOSSES, *FIGURES["illusion"].RARE, "4-grams surviving",
                 "missing mass of 4-grams"),
    "surviving": ("types surviving", "missing mass"),
    "rows": ("heterozygosity",),
}  # fmt: skip
RUNS = {
    "perplexity": [f"{order}-{alpha}" for order, alpha in product((2, 3), ALPHAS)],
    "illusion": [*(f"text-{alpha}" for alpha in ALPHAS[1:]), "Gaussian"],
    "surviving": list(ALPHAS),
    "rows": [f"{order}-{n}" for order, n in product((1, 2, 3), (10, 100))],
}


NUMBER = {run: i for i, run in enumerate(sorted({r for runs in RUNS.values() for r in runs}))}


def value(run: str, g: int) -> float:
    """Something different in each run and generation."""
    return 2 + 0.1 * g + 0.01 * NUMBER[run]


def rows_of(study: str, run: str, quantity: str) -> Any:
    """The series of one quantity; at g = 0 the loss of a text is infinite."""
    for g in range(LAST + 1):
        infinite = "loss" in quantity and g == 0 and run != "Gaussian"
        mean = np.inf if infinite else value(run, g)
        half = np.nan if infinite else 0.02
        measured = dict(zip(("simulated", "lower", "upper"), (mean, mean - half, mean + half),
                            strict=True))  # fmt: skip
        theory = {"theory": mean + 0.05 * g if study in ("rows", "surviving") else ""}
        yield {"study": study, "run": run, "quantity": quantity, "generation": g, "source": "",
               "z": "", **measured, **theory}  # fmt: skip


def law_of(study: str, run: str) -> Any:
    if study == "perplexity":
        losses = [value(run, g) + 0.01 for g in range(1, LAST + 1)]
        return {"generation": list(range(1, LAST + 1)), "loss": losses, "sd": [0.005] * LAST}
    n = int(run.split("-")[1]) if study == "rows" else 0
    return {"median": n / 50, "reached": 0.5, "characters": 100.0 * n} if n else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder with the studies of text, made up."""
    names = [(study, run) for study, runs in RUNS.items() for run in runs]
    series = [row for study, run in names for quantity in QUANTITIES[study]
              for row in rows_of(study, run, quantity)]  # fmt: skip
    with (tmp_path / "series.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["study", "run", "quantity", "source", *COLUMNS])
        writer.writeheader()
        writer.writerows(series)
    records = [{"study": s, "run": r, "settings": {"n": 10}, "replicates": 9, "law": law_of(s, r)}
               for s, r in names]  # fmt: skip
    texts = {"0": "the cat sat on the mat, $x$ \u4e2d\n", "50": "and so on and so on and so on"}
    kind = {"alpha": 1.0, "order": 4, "characters": 20_000, "text": texts}
    samples = {"replace": kind, "fresh": {**kind, "alpha": 0.9}}
    (tmp_path / "results.json").write_text(
        json.dumps({"runs": records, "text": {"samples": samples}}), encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Name -> the figure that its script makes, without a file."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(
        plotting, "save_all", lambda figure, paths: found.setdefault(paths[0].stem, figure)
    )
    for module in FIGURES.values():
        module.draw(folder)
    return found


@pytest.mark.parametrize("name", ["perplexity", "samples"])
def test_same_bytes_twice_and_no_empty_picture(folder: Path, name: str) -> None:
    first = [path.read_bytes() for path in FIGURES[name].draw(folder)]
    assert first == [path.read_bytes() for path in FIGURES[name].draw(folder)]
    assert min(map(len, first)) > 5000
    assert b"/Type3" not in first[0]


def test_perplexity_is_the_exponential_of_the_mean_loss(drawn: Any) -> None:
    for ax, order in zip(drawn["perplexity"].axes, "23", strict=True):
        solid = [line for line in ax.get_lines() if line.get_linestyle() == "-"]
        points = [c for c in ax.containers if c.get_label().startswith("$")]
        assert len(solid) == len(points) == len(ALPHAS) == len(ax.collections) - len(points)
        for alpha, law, measured in zip(ALPHAS, solid, points, strict=True):
            run = f"{order}-{alpha}"
            expected = np.exp([value(run, g) for g in range(1, LAST + 1)])
            assert np.allclose(measured.lines[0].get_ydata(), expected)
            assert np.allclose(law.get_ydata(), expected * np.exp(0.01))
            assert law.get_color() == measured.lines[0].get_color()


def test_illusion_shows_three_losses_and_finite_ones_only(drawn: Any) -> None:
    axes = drawn["illusion"].axes
    for ax, first in zip(axes[:3], (1, 1, 0), strict=True):
        assert [c.get_label() for c in ax.containers] == list(FIGURES["illusion"].LOSSES.values())
        for container in ax.containers:
            assert container.lines[0].get_xdata()[0] == first
            assert np.isfinite(container.lines[0].get_ydata()).all()
    assert len(axes[3].containers) == 4


def test_surviving_has_a_law_above_and_none_below(drawn: Any) -> None:
    looks = [{line.get_linestyle() for line in ax.get_lines()} - {"None"}
             for ax in drawn["surviving"].axes]  # fmt: skip
    assert looks[:2] == [{"-"}] * 2
    assert looks[2:] == [{"--", ":"}] * 2


def test_rows_are_ratios_of_losses_with_their_errors(folder: Path, drawn: Any) -> None:
    module = FIGURES["rows"]
    ratio, error = module.ratio(Results.at(folder), (2, 10))
    assert ratio == pytest.approx(0.1 / 0.15)  # it grows by 0.4, which theory has as 0.6
    assert error == pytest.approx(0.02 / stats.t.ppf(0.975, 8) / 0.6)  # of nine runs
    picture = drawn["rows"].axes[0]
    assert len(picture.texts) == len(RUNS["rows"])
    assert len(picture.patches) == 3  # n = 10 has a median below one
    assert module.words(0.5, 0.3) == "too few\nruns"
    assert np.isnan(module.shade(0.5, 0.3))


def test_text_is_shown_as_it_is(drawn: Any) -> None:
    texts = [t.get_text() for t in drawn["samples"].axes[0].texts]
    assert "the cat sat on the mat, $x$ \N{WHITE SQUARE} " in texts
    assert "$g=50$: 100% of 29 characters repeated" in texts


def test_results_without_text_say_so(folder: Path) -> None:
    (folder / "results.json").write_text(json.dumps({"runs": []}), encoding="utf-8")
    for name, module in FIGURES.items():
        with pytest.raises(InputError, match="text" if name == "samples" else name):
            module.draw(folder)
