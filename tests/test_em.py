"""Expectation-maximisation: scikit-learn's steps, what every step keeps, and what is lost."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import hallofillusions as h
from hallofillusions.numerics.mixtures import (
    FORMS,
    Parameters,
    between,
    em,
    k_means_plus_plus,
    log_density,
    total_mean,
    within,
)

CASES = 240
CLOSE = 1e-8
WELL = 1e6
"""Condition number up to which 1e-8 is asked for: rounding of 1e-16 grows by it in a few steps."""
SCANT = 1e-4
"""Points of a component below which it is not: scikit-learn adds 2e-15 to every n_k, and a step may
multiply such an error of its mean by ten."""


def random_start(rng: np.random.Generator, K: int, d: int, form: str) -> Parameters:
    """A mixture of the form, the same draws whatever the form."""
    A = rng.normal(size=(K, d, d)) * 0.5
    covariance = A @ np.swapaxes(A, -1, -2) + 0.3 * np.eye(d)
    if form == "diag":
        covariance = covariance * np.eye(d)
    if form == "spherical":
        covariance = rng.uniform(0.3, 2, (K, 1, 1)) * np.eye(d)
    weight = rng.dirichlet(np.full(K, 5.0))
    return Parameters(weight[None], rng.normal(0, 2, (1, K, d)), covariance[None])


def case(number: int) -> tuple[Any, Parameters, str, int, float]:
    rng = np.random.default_rng(number)
    form = FORMS[number % 3]
    K, d, n = int(rng.integers(1, 6)), int(rng.integers(1, 4)), int(rng.integers(40, 250))
    centre = rng.normal(0, 3, (K, d))
    points = centre[rng.integers(K, size=n)] + rng.normal(size=(n, d)) * rng.uniform(0.5, 1.5)
    reg = 1e-3 if number % 4 == 0 else 0.0
    return points, random_start(rng, K, d, form), form, int(rng.integers(1, 13)), reg


def theirs(points: Any, start: Parameters, form: str, steps: int, reg: float) -> Any:
    """scikit-learn's mixture after so many M-steps from the same start."""
    from sklearn.mixture import GaussianMixture

    precision = np.linalg.inv(start.covariance[0])
    own = {"full": precision, "diag": np.einsum("kii->ki", precision),
           "spherical": precision[:, 0, 0]}[form]  # fmt: skip
    model = GaussianMixture(
        len(start.weight[0]), covariance_type=form, tol=0, reg_covar=reg, max_iter=steps,
        init_params="random", weights_init=start.weight[0], means_init=start.mean[0],
        precisions_init=own,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was told to stop early
        return model.fit(points)


def smallest(points: Any, start: Parameters, form: str, steps: int, reg: float) -> float:
    """The points of the smallest component after so many steps."""
    found = em(points[None], np.ones(len(points)), start, form, tol=0, max_iter=steps,
               reg_covar=reg)  # fmt: skip
    return float(len(points) * found.weight.min())


def matrices(model: Any, form: str, d: int) -> Any:
    """scikit-learn's covariances as K matrices."""
    if form == "full":
        return model.covariances_
    return np.eye(d) * np.reshape(model.covariances_, (model.n_components, -1, 1))


def test_it_takes_the_steps_of_scikit_learn() -> None:
    """Parameters and log-likelihood per point to 1e-8, whatever the form, K, d and reg_covar.

    Those that part later have an ill-conditioned covariance, or came by a component with next to no
    point.
    """
    parted, alike = [], 0
    for number in range(CASES):
        points, start, form, steps, reg = case(number)
        own = em(points[None], np.ones(len(points)), start, form, tol=0, max_iter=steps,
                 reg_covar=reg)  # fmt: skip
        if (own.weight == 0).any():  # lost: scikit-learn would go on or raise
            continue
        other = theirs(points, start, form, steps, reg)
        covariance = matrices(other, form, points.shape[1])
        gaps = [
            np.abs(own.weight[0] - other.weights_).max(),
            np.abs(own.mean[0] - other.means_).max(),
            np.abs(own.covariance[0] - covariance).max(),
            abs(log_density(vars(own), points, form).mean() - other.score(points)),
        ]  # fmt: skip
        if max(gaps) > CLOSE:
            scarce = min(smallest(points, start, form, k, reg) for k in range(1, steps + 1))
            parted.append((np.linalg.cond(covariance).max(), scarce))
        else:
            alike += 1
    assert alike > 200
    assert all(condition > WELL or size < SCANT for condition, size in parted)


def test_every_step_raises_the_likelihood_and_keeps_the_moments_of_the_points() -> None:
    rng = np.random.default_rng(1)
    points = rng.standard_t(4, (40, 60, 2))
    counts = rng.integers(1, 4, 60).astype(float)
    mean = np.einsum("rnd,n->rd", points, counts) / counts.sum()
    gap = points - mean[:, None]
    total = np.einsum("rni,rnj,n->rij", gap, gap, counts) / counts.sum()
    found = k_means_plus_plus(points, counts, 3, rng)
    before = np.full(40, -np.inf)
    for _ in range(12):
        found = em(points, counts, found, "full", tol=0, max_iter=1, reg_covar=0)
        score = log_density(vars(found), points, "full") @ counts / counts.sum()
        whole = (found.weight > 0).all(axis=-1)  # what is lost takes its likelihood with it
        assert (score >= before - 1e-12)[whole].all()
        assert whole.mean() > 0.5
        before = score
        np.testing.assert_allclose(total_mean(vars(found)), mean, atol=1e-12)
        np.testing.assert_allclose(within(vars(found)) + between(vars(found)), total, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_what_narrower_forms_keep(form: str) -> None:
    """All of them the mean; "diag" the variances; "spherical" their sum; reg_covar adds to them."""
    points = np.random.default_rng(2).normal(size=(1, 80, 3)) @ np.diag([1, 2, 3])
    start = k_means_plus_plus(points, np.ones(80), 2, np.random.default_rng(3))
    if form != "full":
        start = Parameters(start.weight, start.mean, np.broadcast_to(np.eye(3), (1, 2, 3, 3)))
    found = em(points, np.ones(80), start, form, tol=0, max_iter=7, reg_covar=0.25)
    total = (within(vars(found)) + between(vars(found)))[0] - 0.25 * np.eye(3)
    real = np.cov(points[0].T, ddof=0)
    np.testing.assert_allclose(total_mean(vars(found))[0], points[0].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(np.trace(total), np.trace(real), rtol=1e-12)
    assert np.allclose(np.diag(total), np.diag(real), rtol=1e-12) == (form != "spherical")
    assert np.allclose(total, real, rtol=1e-9, atol=1e-9) == (form == "full")


def test_counts_are_repeated_points() -> None:
    rng = np.random.default_rng(4)
    points, counts = rng.normal(size=(1, 30, 2)), rng.integers(1, 5, 30)
    start = random_start(rng, 2, 2, "full")
    often = np.repeat(points, counts, axis=1)
    one, other = (
        em(p, c, start, "full", tol=0, max_iter=5, reg_covar=0)
        for p, c in ((points, counts), (often, np.ones(counts.sum())))
    )
    for name in ("weight", "mean", "covariance"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-12)


def test_the_likelihood_of_points_that_count_differently() -> None:
    """One logarithm serves sixteen points of one count; others have one each."""
    from hallofillusions.numerics.mixture_loops import AT_ONCE, log_likelihood

    rng = np.random.default_rng(11)
    n = 3 * AT_ONCE + 5
    top, total = rng.standard_normal(n), rng.uniform(1, 4, n)
    mixed = np.where(np.arange(n) < AT_ONCE, 2.0, rng.integers(1, 4, n))
    for counts in (np.ones(n), mixed):
        wanted = (counts * (top + np.log(total))).sum()
        np.testing.assert_allclose(log_likelihood(counts, top, total), wanted, rtol=1e-12)


def test_a_replicate_does_not_see_the_others() -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(8, 50, 2))
    start = k_means_plus_plus(points, np.ones(50), 3, rng)
    together = em(points, np.ones(50), start, "full", tol=1e-9, max_iter=200, reg_covar=0)
    for r in (0, 3, 7):
        own = Parameters(*(getattr(start, k)[r : r + 1] for k in ("weight", "mean", "covariance")))
        alone = em(points[r : r + 1], np.ones(50), own, "full", tol=1e-9, max_iter=200, reg_covar=0)
        for name in ("weight", "mean", "covariance", "steps", "converged"):
            assert (getattr(alone, name)[0] == getattr(together, name)[r]).all()


# -- what is lost ---------------------------------------------------------------------------------


def spike(points: Any, tol: float = 1e-9, max_iter: int = 500) -> Parameters:
    """EM with a component that sits narrowly on the first point."""
    n, d = points.shape
    start = Parameters(
        np.array([[0.9, 0.1]]), np.stack([points.mean(axis=0), points[0]])[None],
        np.stack([np.cov(points.T, ddof=0).reshape(d, d), 1e-6 * np.eye(d)])[None],
    )  # fmt: skip
    return em(points[None], np.ones(n), start, "full", tol=tol, max_iter=max_iter, reg_covar=0)


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_a_component_on_copies_of_one_point_is_lost_and_the_rest_is_refitted(copies: int) -> None:
    """The likelihood has no maximum there; what is left keeps the points' own moments."""
    points = np.random.default_rng(6).normal(size=(50, 2))
    points[:copies] = (9.0, 9.0)
    found = spike(points)
    assert found.weight[0].tolist() == [1.0, 0.0]
    assert found.converged[0] == 1
    np.testing.assert_allclose(found.mean[0, 0], points.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.covariance[0, 0], np.cov(points.T, ddof=0), atol=1e-12)


def test_a_loss_at_the_last_step_is_followed_by_one_more() -> None:
    points = np.random.default_rng(7).normal(size=(50, 2))
    points[0] = (9.0, 9.0)
    found = spike(points, tol=0, max_iter=1)
    total = (within(vars(found)) + between(vars(found)))[0]
    np.testing.assert_allclose(total, np.cov(points.T, ddof=0), atol=1e-12)


def test_a_component_without_a_share_of_any_point_is_lost() -> None:
    points = np.random.default_rng(8).normal(size=(1, 60, 2))
    start = Parameters(np.full((1, 3), 1 / 3), np.array([[[0, 1], [0, -1], [200.0, 0]]]),
                       np.broadcast_to(np.eye(2), (1, 3, 2, 2)))  # fmt: skip
    found = em(points, np.ones(60), start, "full", tol=1e-8, max_iter=500, reg_covar=0)
    assert found.weight[0, 2] == 0
    np.testing.assert_allclose(found.weight[0].sum(), 1, atol=1e-14)


def test_points_that_are_all_one_leave_a_point() -> None:
    points = np.full((1, 20, 2), 3.0)
    start = k_means_plus_plus(points, np.ones(20), 2, np.random.default_rng(9))
    found = em(points, np.ones(20), start, "full", tol=1e-6, max_iter=50, reg_covar=0)
    assert sorted(found.weight[0]) == [0, 1]
    alive = int(np.argmax(found.weight[0]))
    assert (found.mean[0, alive] == 3).all()
    assert (found.covariance[0, alive] == 0).all()
    assert log_density(vars(found), points, "full").tolist() == [[-np.inf] * 20]


def test_regularised_components_are_never_lost() -> None:
    points = np.random.default_rng(10).normal(size=(1, 30, 2))
    points[0, 0] = 9
    start = k_means_plus_plus(points, np.ones(30), 4, np.random.default_rng(11))
    found = em(points, np.ones(30), start, "full", tol=1e-9, max_iter=300, reg_covar=1e-6)
    assert (found.weight > 0).all()


# -- where it starts and ends -----------------------------------------------------------------


def test_the_second_centre_is_chosen_by_squared_distance() -> None:
    """k-means++: P(x) ∝ D(x)², here of the four corners of a rectangle from each other."""
    corners = np.array([[0.0, 0], [1, 0], [0, 2], [1, 2]])
    runs = 40_000
    points = np.broadcast_to(corners, (runs, 4, 2))
    found = k_means_plus_plus(points, np.ones(4), 2, np.random.default_rng(12))
    near = np.sort(found.mean[:, :, 1], axis=1)  # both centres on one short side, or one on each
    # from any corner the squared distances are 1, 4, 5: the near one is chosen with 1/10, and then
    # each centre gets two points whose mean keeps its own height only if both are on one side
    share = np.mean(np.isclose(near[:, 1] - near[:, 0], 0))
    assert abs(share - 0.1) < 5 * np.sqrt(0.09 / runs)


def test_how_a_fit_ended_is_told() -> None:
    loop = h.FeedbackLoop(
        h.GaussianMixture((0.5, 0.5), (-1, 1), 1), mixing=h.Replace(), n=60,
        estimator=h.EM(tol=1e-12, max_iter=3),
    )  # fmt: skip
    run = h.simulate(loop, 2, replicates=20, rng=13)
    assert run.mean(h.EMSteps())[1] == 3
    assert run.mean(h.Converged())[0] == 1
    assert run.mean(h.Converged())[1] < 1


def test_a_new_start_finds_modes_again_that_the_last_model_lost() -> None:
    """With "last" a lost component stays lost whatever the data; k-means++ looks anew."""
    real = h.GaussianMixture((0.5, 0.5), (-5, 5), 1)
    alive = {}
    for init in ("last", "k-means++"):
        loop = h.FeedbackLoop(
            real, mixing=h.FreshSplit(0.5), n=40, estimator=h.EM(init=init),
            start=h.GaussianMixture((1 - 1e-300, 1e-300), (0, 1e6), 25),
        )  # fmt: skip
        alive[init] = h.simulate(loop, 2, replicates=50, rng=14).mean(h.ComponentsAlive())
    assert alive["last"].tolist() == [2, 1, 1]
    assert alive["k-means++"][1] > 1.9
