"""Trajectories: tables, a user's own runs, files that can be run again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    FeedbackLoop,
    FixedPool,
    FreshSplit,
    Gaussian,
    InputError,
    Replace,
    Trajectory,
    simulate,
)
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.median import Median
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.variance import Variance
from hallofillusions.simulation import rerun

LOOP = FeedbackLoop(Gaussian(1, 2), mixing=FreshSplit(0.5), n=4)
TAIL = TailMass(2.5, "real")
WATCHED = (Mean(), Variance(), TAIL, Median(TAIL))


class Watch:
    """A monitor."""

    labels = ("step of μ",)

    def measure(self, before: Any, after: Any, index: int) -> Any:
        return (after["delta"] - before["delta"])[None]


def run(**options: Any) -> Trajectory:
    return simulate(
        LOOP, 3, **{"replicates": 60, "rng": 1, "observables": WATCHED, "quantiles_at": (0, 3),
                    "keep": (2,), "monitors": (Watch(),), **options},
    )  # fmt: skip


def same(a: Trajectory, b: Trajectory) -> bool:
    """Whether two trajectories hold the same bits."""
    left, right = a.to_xarray(), b.to_xarray()
    return set(left) == set(right) and all(
        np.array_equal(left[k].values, right[k].values, equal_nan=True) for k in left
    )


# -- tables -----------------------------------------------------------------------------------


def test_axes_have_names() -> None:
    data = run().data
    assert data["mean"].dims == ("quantity", "generation")
    assert data["quantile"].dims == ("quantity", "probability", "quantile_generation")
    assert data["values"].shape == (3, 1, 60)
    assert data["steps_mean"].sel(step="step of μ").shape == (4,)
    assert data["generation"].values.tolist() == [0, 1, 2, 3]
    assert data["mean"].sel(quantity="variance", generation=0) == 2
    bare = simulate(LOOP, 2, replicates=5, observables=(Mean(),)).data
    assert {"values", "quantile", "steps_mean"}.isdisjoint(bare)


def test_a_table_has_a_row_for_each_quantity_and_generation() -> None:
    table = run().to_dataframe()
    assert len(table) == 3 * 4
    assert table.loc[("variance", 0), "mean"] == 2
    assert {"standard_error", "nonfinite"} < set(table)


def test_rows_are_read_by_label_or_by_observable() -> None:
    trajectory = run()
    assert np.array_equal(trajectory.mean("variance"), trajectory.mean(Variance()))
    assert trajectory.standard_error(TAIL).shape == trajectory.g.shape
    assert trajectory.variance("step of μ").shape == (4,)
    assert trajectory.raw("mean", 2).shape == (60,)
    with pytest.raises(InputError, match="label must be one of mean, variance, tail"):
        trajectory.mean("entropy")
    with pytest.raises(InputError, match=r"generation must be one of those kept, \(2,\), got 3"):
        trajectory.raw("mean", 3)


def test_what_is_asked_twice_is_given_once() -> None:
    """Repeated and unordered places keep the user's order."""
    trajectory = run(quantiles_at=(3, 0), keep=(2, 0))
    assert trajectory.quantile_table.places == (3, 0)
    assert trajectory.quantile("variance")[0][1] == 2
    assert (trajectory.raw("variance", 0) == 2).all()


# -- files ------------------------------------------------------------------------------------


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    saved = run()
    path = saved.save(tmp_path / "run.nc")
    loaded = Trajectory.load(path)
    assert same(saved, loaded)
    assert np.array_equal(saved.summary.m2, loaded.summary.m2)
    for name in ("loop", "generations", "replicates", "quantities", "medians", "kept", "seed",
                 "literal", "literal_reason", "step_labels", "versions", "first"):  # fmt: skip
        assert getattr(saved, name) == getattr(loaded, name), name
    assert os.listdir(tmp_path) == ["run.nc"]
    again = Trajectory.load(loaded.save(tmp_path / "again.nc"))
    assert same(saved, again)
    assert same(saved, rerun(again, monitors=(Watch(),)))


@pytest.mark.parametrize("rng", [None, 7, np.random.default_rng(4)])
def test_a_file_runs_again_to_the_same_bits(rng: Any, tmp_path: Path) -> None:
    saved = run(rng=rng, monitors=(), literal=True)
    assert same(saved, rerun(saved.save(tmp_path / "run.nc")))
    assert same(saved, rerun(str(tmp_path / "run.nc")))
    assert same(saved, Trajectory.load(tmp_path / "run.nc").rerun())


def test_the_default_observables_survive_a_file(tmp_path: Path) -> None:
    saved = simulate(LOOP, 2, replicates=9)
    assert same(saved, rerun(saved.save(tmp_path / "run.nc")))


def test_data_travel_with_the_file(tmp_path: Path) -> None:
    rows = np.arange(6.0)
    loop = FeedbackLoop(Gaussian(), mixing=FixedPool(0.5, 6), n=4)
    saved = simulate(loop, 2, replicates=9, real=rows)
    path = saved.save(tmp_path / "run.nc")
    assert np.array_equal(Trajectory.load(path).options.real, rows)
    assert same(saved, rerun(path))


@dataclass(frozen=True)
class Own:
    """A user's own observable."""

    label: str = "σ"

    def measure(self, family: Any, model: Any) -> Any:
        return np.sqrt(model["variance"])


def test_own_observables_are_given_again(tmp_path: Path) -> None:
    saved = simulate(LOOP, 2, replicates=9, observables=(Own(),))
    path = saved.save(tmp_path / "run.nc")
    assert Trajectory.load(path).quantities == ("σ",)
    with pytest.raises(InputError, match="observables must be given again: 'σ' is not shipped"):
        rerun(path)
    assert same(saved, rerun(path, observables=(Own(),)))


def test_infinite_values_survive_a_file(tmp_path: Path) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=1)  # one point has no variance
    saved = simulate(loop, 2, replicates=9, observables=(LogVariance(),), quantiles_at=(1,))
    loaded = Trajectory.load(saved.save(tmp_path / "run.nc"))
    assert np.isneginf(loaded.mean("log-variance")[1:]).all()
    assert loaded.nonfinite("log-variance").tolist() == [0, 9, 9]
    assert np.isneginf(loaded.quantile("log-variance")[0]).all()


def test_files_that_will_not_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no netCDF at all, and long enough to be sure of it")
    for path in (tmp_path / "none.nc", tmp_path / "file", tmp_path):
        with pytest.raises(InputError, match=r"path must be a file that .* wrote, got"):
            Trajectory.load(path)
    for path in (tmp_path / "file" / "run.nc", tmp_path / "missing" / "run.nc", tmp_path):
        with pytest.raises(InputError, match="path must be a file that can be written, got"):
            run().save(path)
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = run().save(tmp_path / "run.nc")
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="disk full"):
        run(rng=2).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["run.nc"]


# -- a user's own runs ------------------------------------------------------------------------


def test_means_and_variances_give_every_default_observable() -> None:
    ours = simulate(LOOP, 3, replicates=40, rng=1, keep=(1, 2, 3))
    mean, variance = (np.stack([ours.raw(q, g) for g in (1, 2, 3)], axis=1)
                      for q in ("mean", "variance"))  # fmt: skip
    theirs = Trajectory.from_arrays(LOOP, mean=mean, variance=variance)
    assert theirs.g.tolist() == [1, 2, 3]
    assert theirs.first == 1
    assert theirs.quantities == ours.quantities
    for label in ours.quantities:
        np.testing.assert_allclose(theirs.mean(label), ours.mean(label)[1:], rtol=1e-12)
    assert set(theirs.medians) == set(ours.medians)
    assert np.array_equal(theirs.raw("mean", 2), mean[:, 1])
    assert theirs.seed is None


def test_one_array_stays_what_it_is(tmp_path: Path) -> None:
    theirs = Trajectory.from_arrays(
        LOOP, first=0, variance=[[2.0, 1.0], [2.0, 3.0]], loss=[[1, 2]] * 2
    )
    assert theirs.quantities == ("variance", "loss")
    assert theirs.g.tolist() == [0, 1]
    assert theirs.mean("variance").tolist() == [2, 2]
    loaded = Trajectory.load(theirs.save(tmp_path / "run.nc"))
    assert same(theirs, loaded)
    assert loaded.seed is None
    with pytest.raises(InputError, match="must come from simulate to be run again"):
        loaded.rerun()


GOOD = np.ones((3, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "from_arrays wants at least one array, such as variance=, got none"),
        ({"first": 2, "mean": GOOD}, "first must be 0 .* or 1 .*, got 2"),
        ({"first": True, "mean": GOOD}, "first must be 0"),
        ({"mean": GOOD[0]}, r"mean must be numbers of shape .*, got the shape \(2,\)"),
        ({"mean": np.ones((0, 3))}, r"mean must be numbers of shape .*, got the shape \(0, 3\)"),
        ({"mean": "text"}, "mean must be numbers of shape .*, got str"),
        ({"mean": [[1.0, np.nan]]}, "mean must be .* without gaps, got NaN in row 0, column 1"),
        ({"mean": GOOD, "variance": GOOD[:2]},
         r"variance must have the shape of mean, \(3, 2\), got \(2, 2\)"),
        ({"variance": -GOOD}, "variance must be at least 0 everywhere, got -1"),
        ({"loop": 3, "mean": GOOD}, "loop must be a FeedbackLoop, got 3"),
        ({"vairance": GOOD}, r"does not know the quantity 'vairance'; did you mean variance\?"),
        ({"mean": GOOD, "Variance": GOOD}, "'Variance'; did you mean variance"),
        ({"squared_variance": GOOD}, r"'squared_variance'; did you mean squared variance\?"),
    ],
)  # fmt: skip
def test_arrays_that_will_not_do(arguments: dict[str, Any], message: str) -> None:
    arguments = dict(arguments)
    with pytest.raises(InputError, match=message):
        Trajectory.from_arrays(arguments.pop("loop", LOOP), **arguments)


@pytest.mark.parametrize("name", [
    "loss", "accuracy", "variance", "mean", "standard deviation", "log-variance", TAIL.label,
    Median(TAIL).label, "fourth moment about the real mean",
])  # fmt: skip
def test_known_quantities_and_names_of_ones_own_are_taken(name: str) -> None:
    assert Trajectory.from_arrays(LOOP, **{name: GOOD}).quantities == (name,)
