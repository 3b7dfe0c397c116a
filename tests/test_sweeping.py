"""Grids over any field."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from hallofillusions import (
    FeedbackLoop,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    Replace,
    ScaleCovariance,
    Variance,
    predict,
    sweep,
)

LOOP = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.5), n=10, bias=ScaleCovariance(0.9))


def test_labels_and_numbers() -> None:
    grid = sweep(
        LOOP, 3, alpha=[0.2, 0.5], n=[10, 20, 30], observables=[Variance()], rng=3,
        replicates=400,
    )  # fmt: skip
    data = grid.to_xarray()
    assert data["mean"].dims == ("alpha", "n", "quantity", "generation")
    assert data["mean"].shape == (2, 3, 1, 4)
    chosen = FeedbackLoop(
        family=Gaussian(), mixing=FreshSplit(0.5), n=30, bias=ScaleCovariance(0.9)
    )
    expected = predict(chosen, 3, [Variance()])["variance"]
    assert np.array_equal(data["predicted"].sel(alpha=0.5, n=30, quantity="variance"), expected)
    assert not any(c.rejected for c in grid.compare().values())
    assert np.isfinite(data["standard_error"]).all()


def test_parts_and_their_fields_vary_together() -> None:
    grid = sweep(
        LOOP, 2, mixing=[FreshSplit(0.5), FreshMixture(0.5)], lam=[0.8, 1.0], simulated=False,
        observables=[Variance()],
    )  # fmt: skip
    assert set(grid.to_xarray()["mixing"].values) == {
        "FreshSplit(alpha=0.5)", "FreshMixture(alpha=0.5)"
    }  # fmt: skip
    assert grid.loops[1, 0].bias == ScaleCovariance(0.8)


def test_grid_points_are_independent_and_reproducible() -> None:
    options = {"observables": [Variance()], "replicates": 50, "rng": 7}
    one, two = (sweep(LOOP, 2, n=[10, 10], **options) for _ in range(2))  # type: ignore[arg-type]
    first, second = one.to_xarray()["mean"].values, two.to_xarray()["mean"].values
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_as_it_is_written() -> None:
    grid = sweep(LOOP, alpha=[0.5, 0.9], n=[10, 20], replicates=20, rng=1)
    assert len(grid.trajectories) == 4
    assert {t.generations for t in grid.trajectories.values()} == {20}
    assert {t.replicates for t in grid.trajectories.values()} == {20}


def test_the_arguments_of_simulate_reach_it() -> None:
    with ThreadPoolExecutor(2) as executor:
        grid = sweep(LOOP, 2, n=[10], observables=[Variance()], replicates=30, rng=2,
                     executor=executor, literal=True, quantiles_at=(1, 2))  # fmt: skip
    run = grid.trajectories[0,]
    assert run.literal
    assert run.quantile_table.places == (1, 2)
    same = sweep(LOOP, 2, n=[10], observables=[Variance()], replicates=30, rng=2, literal=True)
    assert np.array_equal(same.trajectories[0,].mean("variance"), run.mean("variance"))


def test_bad_grids() -> None:
    with pytest.raises(InputError, match="at least one field"):
        sweep(LOOP, 2)
    with pytest.raises(InputError, match="tau must be a field of exactly one part"):
        sweep(LOOP, 2, tau=[1])
    with pytest.raises(InputError, match=r"alpha must be a list of values, got 0\.5"):
        sweep(LOOP, 2, alpha=0.5)
    with pytest.raises(InputError, match="alpha must have at least one value"):
        sweep(LOOP, 2, alpha=[])
    with pytest.raises(InputError, match=r"alpha\*n must be a whole number"):
        sweep(LOOP, 2, alpha=[0.25])
    with pytest.raises(InputError, match="alpha must be a field"):
        sweep(FeedbackLoop(family=Gaussian(), mixing=Replace(), n=5), 2, alpha=[0.5])
