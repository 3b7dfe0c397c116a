"""The mixture family: its law, its samples with and without a bias, and its loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import hallofillusions as h
from hallofillusions.numerics.mixtures import between, standard_nodes, total_mean, within
from hallofillusions.testing import check_component, check_loop

THREE = h.GaussianMixture(
    (0.5, 0.3, 0.2), ((-3, 0), (3, 0), (0, 4)), (((1, 0.5), (0.5, 2)), ((1, 0), (0, 1)),
                                                 ((0.5, -0.2), (-0.2, 0.5))),
)  # fmt: skip
LINE = h.GaussianMixture((0.7, 0.3), (-2, 3), (1, 0.25))
BIASES = (h.ScaleCovariance(0.6), h.Truncation(1.5), h.Temperature(1.4), h.TopP(0.8))


def by_hand(family: Any, points: Any) -> Any:
    own = family.parameters()
    parts = zip(own["weight"], own["mean"], own["covariance"], strict=True)
    return np.log(sum(w * stats.multivariate_normal(m, s).pdf(points) for w, m, s in parts))


@pytest.mark.parametrize("family", [THREE, LINE], ids=str)
def test_its_density_is_scipys(family: Any) -> None:
    shape = (300, 2) if family.dimension == 2 else (300,)
    points = np.random.default_rng(1).normal(0, 4, shape)
    np.testing.assert_allclose(family.log_density(family.parameters(), points),
                               by_hand(family, points), rtol=1e-12)  # fmt: skip


def test_far_points_have_a_finite_density() -> None:
    """Where every component underflows, its logarithm does not."""
    far = THREE.log_density(THREE.parameters(), np.array([[1e3, -1e3]]))
    assert np.isfinite(far)
    assert far < -1e5


def test_integrals_over_the_real_law() -> None:
    """Moments to rounding; the entropy to what Monte Carlo tells."""
    points, weights = THREE.nodes
    mean = weights @ points
    np.testing.assert_allclose(mean, THREE.center, atol=1e-12)
    gap = points - mean
    np.testing.assert_allclose(gap.T @ (gap * weights[:, None]), THREE.covariance, atol=1e-11)
    rng = np.random.default_rng(2)
    drawn = THREE.draw(THREE.as_model(), (1, 200_000), rng)[0, :, :2]
    logs = -by_hand(THREE, drawn)
    assert abs(THREE.entropy() - logs.mean()) < 4.5 * logs.std() / len(logs) ** 0.5
    assert THREE.divergence(THREE.parameters()) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_nodes_in_any_dimension(d: int) -> None:
    points, weights = standard_nodes(d)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    second = points.T @ (points * weights[:, None])
    np.testing.assert_allclose(second, np.eye(d), atol=1e-11 if d < 4 else 5e-3)


def test_total_moments_are_those_of_the_law() -> None:
    own = THREE.parameters()
    np.testing.assert_allclose(within(own) + between(own), THREE.covariance)
    np.testing.assert_allclose(total_mean(own), THREE.center)
    assert LINE.mean_of(LINE.parameters()) == pytest.approx(-0.5)
    assert LINE.variance_of(LINE.parameters()) == pytest.approx(0.7 + 0.075 + 0.7 * 0.3 * 25)


# -- samples ------------------------------------------------------------------------------------


def test_points_come_from_their_components() -> None:
    """The labels by their weights, and of each label a Gaussian of its own."""
    points = THREE.draw(THREE.as_model(), (1, 60_000), np.random.default_rng(3))[0]
    labels = points[:, 2].astype(int)
    counts = np.bincount(labels, minlength=3)
    assert stats.chisquare(counts, 60_000 * np.array(THREE.weights)).pvalue > 1e-4
    own = THREE.parameters()
    for k in range(3):
        z = np.linalg.solve(np.linalg.cholesky(own["covariance"][k]),
                            (points[labels == k, :2] - own["mean"][k]).T)  # fmt: skip
        assert stats.kstest((z * z).sum(axis=0), stats.chi2(2).cdf).pvalue > 1e-4
        assert stats.kstest(z[0], "norm").pvalue > 1e-4


def test_every_replicate_draws_from_its_own_model() -> None:
    model = {"weight": np.array([[1, 0], [0.5, 0.5]]), "mean": np.array([[[0], [9]], [[1], [5]]]),
             "covariance": np.full((2, 2, 1, 1), 1e-6)}  # fmt: skip
    points = LINE.draw(model, (2, 400), np.random.default_rng(4))[..., 0]
    assert np.abs(points[0]).max() < 0.01
    assert {round(v) for v in points[1]} == {1, 5}


@pytest.mark.parametrize("bias", BIASES, ids=repr)
def test_a_bias_acts_within_components(bias: Any) -> None:
    """The weights stay; of each component the bias makes what it makes of a Gaussian."""
    rng = np.random.default_rng(5)
    points = THREE.drawn(bias, THREE.as_model(), (1, 60_000), rng)[0]
    labels = points[:, 2].astype(int)
    counts = np.bincount(labels, minlength=3)
    assert stats.chisquare(counts, 60_000 * np.array(THREE.weights)).pvalue > 1e-4
    own = THREE.parameters()
    alone = h.Gaussian(own["mean"][0], own["covariance"][0])
    law = bias.draw(alone, alone.as_model(), (1, 60_000), rng)[0]
    for i in (0, 1):
        same = stats.ks_2samp(points[labels == 0, i], law[:, i]).pvalue
        assert same > 1e-4
    assert stats.ks_2samp(points[labels == 0, 0], points[labels == 1, 0]).pvalue < 1e-9


# -- loops ----------------------------------------------------------------------------------------


def test_it_passes_the_checks_that_users_run() -> None:
    """The statistics of known labels, and every point drawn, are held against the claim."""
    assert check_component(LINE, replicates=5_000, wanted=0.1).rejected
    loop = h.FeedbackLoop(THREE, mixing=h.FreshSplit(0.5), n=20, estimator=h.KnownLabels())
    assert check_loop(loop, replicates=8_000, wanted=0.08, generations=3).rejected


@pytest.mark.parametrize("bias", [h.Unbiased(), h.ScaleCovariance(0.7)], ids=repr)
def test_statistics_of_known_labels_have_the_law_of_points(bias: Any) -> None:
    """What is drawn at once and what is counted point by point: the same means and variances."""
    loop = h.FeedbackLoop(THREE, mixing=h.FreshMixture(0.5), n=15, estimator=h.KnownLabels(),
                          bias=bias)  # fmt: skip
    watched = [h.Trace(), h.ComponentsAlive(), h.ComponentVariance(3), h.ComponentError(1),
               h.WeightsChiSquare(), h.KLDivergence()]  # fmt: skip
    fast, slow = (h.simulate(loop, 2, replicates=15_000, rng=6, observables=watched[:-1],
                             literal=literal) for literal in (False, True))  # fmt: skip
    assert (fast.literal, slow.literal) == (False, True)
    for o in watched[:-1]:
        gap = np.abs(fast.mean(o) - slow.mean(o))[1:]
        error = np.hypot(fast.standard_error(o), slow.standard_error(o))[1:]
        assert (gap < 4.5 * error).all(), o


def test_first_fits_of_a_user_s_own_rows() -> None:
    """Rows without labels are what EM wants; the pool is all of them, and its moments are kept."""
    rows = THREE.draw(THREE.as_model(), (1, 60), np.random.default_rng(7))[0, :, :2]
    loop = h.FeedbackLoop(THREE, mixing=h.FixedPool(0.5, 60), n=40, start=h.Memory())
    run = h.simulate(loop, 2, replicates=200, rng=8, real=rows,
                     observables=[h.Trace(), h.SquaredError()])  # fmt: skip
    assert run.mean(h.Trace())[1] == pytest.approx(np.trace(np.cov(rows.T, ddof=0)))
    law = h.predict(loop, 2, [h.Trace()], data=rows)[h.Trace.label]
    assert abs(run.mean(h.Trace())[2] - law[2]) < 4.5 * run.standard_error(h.Trace())[2]


def test_models_are_those_that_samples_come_from() -> None:
    loop = h.FeedbackLoop(LINE, mixing=h.Replace(), n=20)
    known = h.models(loop, 5, at=(5,), rng=9)[5]
    drawn = h.sample(loop, 5, 40_000, at=(5,), rng=9)[5]
    mean, variance = LINE.mean_of(known), LINE.variance_of(known)
    assert drawn.shape == (40_000,)
    assert abs(drawn.mean() - mean) < 4.5 * (variance / len(drawn)) ** 0.5
    assert drawn.var() == pytest.approx(variance, rel=0.05)


def test_a_run_is_the_same_from_its_file(tmp_path: Any) -> None:
    loop = h.FeedbackLoop(THREE, mixing=h.FreshSplit(0.5), n=30, estimator=h.EM(init="k-means++"))
    run = h.simulate(loop, 2, replicates=30, rng=10)
    again = h.Trajectory.load(run.save(tmp_path / "run.nc")).rerun()
    for label in run.quantities:
        assert run.mean(label).tolist() == again.mean(label).tolist()


def test_only_total_moments_are_claimed() -> None:
    """Of the fourth moments and of single components EM knows nothing, and says so."""
    loop = h.FeedbackLoop(THREE, mixing=h.FreshSplit(0.5), n=30)
    known = h.predict(loop, 2).known
    assert set(known) == {h.Trace.label, h.SquaredError.label, h.KLDivergence.label,
                          h.HeldOutLoss.label}  # fmt: skip
    with pytest.raises(h.NotClosed, match="first two moments"):
        h.derive(loop, 4)
    for other in (h.EM(reg_covar=1e-3),):
        added = h.FeedbackLoop(THREE, mixing=h.FreshSplit(0.5), n=30, estimator=other)
        assert not h.predict(added, 2).known
