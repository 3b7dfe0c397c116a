"""What is measured on mixtures: against the packages of the field, closed forms and brute force."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats

from hallofillusions import (
    EM,
    FeedbackLoop,
    FreshSplit,
    Gaussian,
    GaussianMixture,
    InputError,
    KnownLabels,
    Replace,
    compare,
    predict,
    simulate,
)
from hallofillusions.cli.reports import trajectory_text
from hallofillusions.component import find, shipped
from hallofillusions.numerics.manifolds import Clouds, directions
from hallofillusions.observables import defaults
from hallofillusions.observables._on_data import AgainstReal
from hallofillusions.observables.along import Along
from hallofillusions.observables.between_trace import BetweenTrace
from hallofillusions.observables.components_alive import ComponentsAlive
from hallofillusions.observables.converged import Converged
from hallofillusions.observables.coverage import Coverage
from hallofillusions.observables.density import Density
from hallofillusions.observables.em_steps import EMSteps
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.held_out_loss import HeldOutLoss
from hallofillusions.observables.high_quality import HighQuality
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.l2_distance import L2Distance
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.median import Median
from hallofillusions.observables.modes_covered import ModesCovered
from hallofillusions.observables.outside_ellipsoid import OutsideEllipsoid, outside, radius_of
from hallofillusions.observables.own_loss import OwnLoss
from hallofillusions.observables.precision import Precision
from hallofillusions.observables.recall import Recall
from hallofillusions.observables.sliced_wasserstein import SlicedWasserstein
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.training_loss import TrainingLoss
from hallofillusions.observables.variance import Variance
from hallofillusions.observables.wasserstein2 import Wasserstein2
from hallofillusions.observables.within_trace import WithinTrace
from tests.statistics import critical, seed

COMPARISONS = 17
"""Means that are held against their expectation in this file."""
TILTED = ((1.0, 0.4), (0.4, 0.5))
PLANE = GaussianMixture((0.3, 0.5, 0.2), ((-2, 0), (2, 0), (0, 3)),
                        (TILTED, np.eye(2), 2 * np.eye(2)))  # fmt: skip
LINE = GaussianMixture((0.3, 0.7), (-2, 2), (1.0, 0.5))
CONTOUR = 1e-8
"""Error of the contour of `OutsideEllipsoid`: what its 32 nodes leave."""


def models(family: GaussianMixture, count: int = 4) -> dict[str, Any]:
    """Models away from the truth; the second has lost a component, the third all but one."""
    rng = np.random.default_rng(5)
    K, d = family.K, family.dimension
    factors = rng.standard_normal((count, K, d, d + 2))
    weight = rng.dirichlet(np.full(K, 3.0), count)
    if K > 1:
        weight[1, 0] = weight[2, 1:] = 0
    return {"weight": weight / weight.sum(axis=-1, keepdims=True),
            "mean": 2 * rng.standard_normal((count, K, d)),
            "covariance": factors @ np.swapaxes(factors, -1, -2) / (d + 2),
            "steps": np.arange(count) + 1.0, "converged": np.array([1.0, 0, 1, 1])}  # fmt: skip


def drawn(family: Any, model: Any, size: int, *words: Any) -> Any:
    """Points (replicates, size, d) of each model."""
    rng = np.random.default_rng(seed(*words))
    return family.draw(model, (len(model["weight"]), size), rng)[..., : family.dimension]


def assert_mean(values: Any, expected: float) -> None:
    """The mean of independent values is the expectation, at the false-alarm rate of the file."""
    error = np.std(values, ddof=1) / np.sqrt(np.size(values))
    z = (np.mean(values) - expected) / error
    assert abs(z) < critical(COMPARISONS), (np.mean(values), expected, z)


# -- within, between, and how a fit ended ---------------------------------------------------------


@pytest.mark.parametrize("family", [PLANE, LINE], ids=["plane", "line"])
def test_within_and_between_are_the_whole(family: GaussianMixture) -> None:
    model = models(family)
    within, between = WithinTrace().measure(family, model), BetweenTrace().measure(family, model)
    np.testing.assert_allclose(within + between, Trace().measure(family, model), rtol=1e-13)
    for r, w in enumerate(model["weight"]):
        inner = sum(w[k] * np.trace(model["covariance"][r, k]) for k in range(family.K))
        gap = model["mean"][r] - w @ model["mean"][r]
        assert within[r] == pytest.approx(inner, rel=1e-13)
        assert between[r] == pytest.approx(w @ (gap**2).sum(axis=-1), rel=1e-13)
    assert between[2] == 0  # one is left


def test_a_fit_says_how_it_ended() -> None:
    """EM that max_iter ends is counted, and nobody who reads the run can miss it."""
    assert {EMSteps(), Converged()} <= set(defaults(PLANE))
    loop = FeedbackLoop(PLANE, mixing=FreshSplit(0.5), n=60, estimator=EM(max_iter=15))
    watched = (Trace(), EMSteps(), Converged())
    run = simulate(loop, 2, replicates=40, rng=1, observables=watched, keep=(0, 1, 2))
    steps, share = run.values[run.quantities.index(EMSteps().label)], run.mean(Converged())
    assert (steps[0] == 0).all()
    assert (steps[1:] >= 1).all()
    assert (steps[1:] <= 15).all()
    ended = run.values[run.quantities.index(Converged().label)]
    assert (steps[1:][ended[1:] == 0] == 15).all()
    assert share[0] == 1
    assert 0 < share[1:].min() < 1
    said = f"is {share.min():.4g} at g = {share.argmin()}, its least: max_iter ended the other fits"
    assert run.remarks == {Converged().label: said}
    assert said in " ".join(trajectory_text(run, [1]).split())
    comparison = compare(predict(loop, 2, watched), run)
    assert said in str(comparison)
    assert comparison.to_dict()["remarks"] == run.remarks


@pytest.mark.parametrize("estimator", [EM(), KnownLabels()], ids=repr)
def test_fits_that_all_converged_need_no_word(estimator: Any) -> None:
    loop = FeedbackLoop(LINE, mixing=FreshSplit(0.5), n=60, estimator=estimator)
    run = simulate(loop, 2, replicates=20, rng=2, observables=[Converged(), EMSteps()])
    assert run.mean(Converged()).tolist() == [1, 1, 1]
    assert run.mean(EMSteps())[0] == 0
    assert (run.mean(EMSteps())[1:] == 1).all() == isinstance(estimator, KnownLabels)
    assert not run.remarks


# -- modes ----------------------------------------------------------------------------------------

FAR = GaussianMixture((0.7, 0.2, 0.1), ((0, 0), (100, 0), (0, 100)), (1.0, 4.0, 0.25))


@dataclass(frozen=True)
class Shown:
    """Points as an observable is shown them."""

    values: Any


def test_a_mode_is_covered_by_one_point_within_reach() -> None:
    """By hand: standard deviations are 1, 2 and ½; a point counts for its nearest mode alone."""
    cases = {
        ((0, 0), (0, 1), (1, 1)): (1, 1.0),
        ((0, 3), (100, 6), (1.4, 100)): (3, 1.0),
        ((0, 3.01), (100, 6.02), (1.6, 100)): (0, 0.0),
        ((50, 50), (106, 0), (-94, 0)): (1, 1 / 3),
    }  # fmt: skip
    for points, (modes, share) in cases.items():
        data = Shown(np.array([points], dtype=float))
        assert ModesCovered().measure_on(FAR, None, data) == [modes]
        assert HighQuality().measure_on(FAR, None, data) == [pytest.approx(share)]
    near = GaussianMixture((0.5, 0.5), ((0, 0), (1, 0)), (1.0, 100.0))
    between = Shown(np.array([[[1.0, 0]]]))  # 1 from the first mode's mean, 0 from the second's
    assert ModesCovered().measure_on(near, None, between) == [1]
    assert HighQuality(0.5).measure_on(near, None, between) == [1]
    assert HighQuality(0.5).measure_on(near, None, Shown(np.array([[[0.9, 3.0]]]))) == [1]


def test_distance_to_a_mode_is_that_of_mahalanobis() -> None:
    law = GaussianMixture((1.0,), ((1, -1),), (TILTED,))
    inverse = np.linalg.inv(np.array(TILTED))
    points = drawn(law, {k: v[None] for k, v in law.as_model().items()}, 200, "mahalanobis")
    gap = points - np.array([1.0, -1.0])
    inside = np.sqrt(np.einsum("rni,ij,rnj->rn", gap, inverse, gap)) <= 1.5
    assert HighQuality(1.5).measure_on(law, None, Shown(points)) == [inside.mean()]


def test_modes_at_the_truth_have_their_expectation() -> None:
    """P(a point is good) = 1 - e^{-r²/2} in a plane, and P(mode k is hit) = 1 - (1 - w_k P)^n."""
    n, r, watched = 8, 2.0, [ModesCovered(2.0), HighQuality(2.0)]
    loop = FeedbackLoop(FAR, mixing=Replace(), n=n, estimator=KnownLabels())
    run = simulate(loop, 1, replicates=2000, rng=seed("modes"), observables=watched, keep=(0,))
    assert run.literal_reason == "what is measured on data needs single points"
    P, weights = 1 - np.exp(-(r**2) / 2), np.array(FAR.weights)
    assert_mean(run.values[0, 0], float((1 - (1 - weights * P) ** n).sum()))
    assert_mean(run.values[1, 0], P)


def test_what_is_lost_is_not_covered() -> None:
    model = {**{k: np.array(v)[None] for k, v in FAR.parameters().items()},
             "weight": np.array([[0.0, 1.0, 0.0]])}  # fmt: skip
    data = Shown(drawn(FAR, model, 50, "lost"))
    assert ModesCovered().measure_on(FAR, model, data) == [1]


@pytest.mark.parametrize("radius", [0, -1.0, float("nan"), "3", True])
def test_a_radius_is_a_number_above_0(radius: Any) -> None:
    for kind in (ModesCovered, HighQuality):
        with pytest.raises(InputError, match="radius must be a number above 0"):
            kind(radius)


# -- precision, recall, density, coverage ---------------------------------------------------------


def theirs(real: Any, output: Any, k: int) -> Mapping[str, float]:
    """What the authors' own package says."""
    from prdc import compute_prdc

    found: Mapping[str, float] = compute_prdc(real, output, k)
    return found


def brute(real: Any, output: Any, k: int) -> dict[str, float]:
    """The definitions, pair by pair."""
    def balls(points: Any) -> Any:
        every = np.linalg.norm(points[:, None] - points, axis=-1)
        return np.sort(every, axis=1)[:, k]

    pairs = np.linalg.norm(real[:, None] - output, axis=-1)
    in_real, in_output = pairs < balls(real)[:, None], pairs < balls(output)
    return {"precision": in_real.any(axis=0).mean(), "recall": in_output.any(axis=1).mean(),
            "density": in_real.sum(axis=0).mean() / k,
            "coverage": in_real.any(axis=1).mean()}  # fmt: skip


def assert_same(found: Mapping[str, Any], expected: Mapping[str, float]) -> None:
    """Shares of whole numbers: equal but for the order of a division and a multiplication."""
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-14), name


@pytest.mark.parametrize(("d", "n", "m", "k"), [(1, 40, 40, 5), (2, 90, 60, 5), (5, 50, 70, 1)])
def test_neighbours_are_those_of_prdc(d: int, n: int, m: int, k: int) -> None:
    rng = np.random.default_rng(d)
    output, real = 0.7 + 1.3 * rng.standard_normal((1, n, d)), rng.standard_normal((1, m, d))
    assert_same(Clouds(output, real).manifolds(k), theirs(real[0], output[0], k))
    assert_same(Clouds(output, real[0]).manifolds(k), theirs(real[0], output[0], k))


def test_a_point_on_the_rim_of_a_ball_is_outside() -> None:
    """A lattice is full of ties and repeated points; whole numbers have no rounding."""
    rng = np.random.default_rng(8)
    output, real = rng.integers(0, 5, (1, 30, 2)) * 1.0, rng.integers(0, 5, (1, 40, 2)) * 1.0
    found = Clouds(output, real).manifolds(3)
    assert_same(found, theirs(real[0], output[0], 3))
    assert_same(found, brute(real[0], output[0], 3))
    same = Clouds(real, real).manifolds(3)
    assert_same(same, brute(real[0], real[0], 3))


@pytest.mark.parametrize("width", [0.0, 1e-9, 1e-3])
def test_neighbours_of_a_collapsed_model(width: float) -> None:
    """All points in one: no ball of the model has room, one of the real ones may be hit by all."""
    rng = np.random.default_rng(9)
    output = np.array([0.3, -0.2]) + width * rng.standard_normal((1, 50, 2))
    real = rng.standard_normal((1, 60, 2))
    found = Clouds(output, real).manifolds(5)
    assert_same(found, brute(real[0], output[0], 5))
    assert found["precision"] == [1]
    assert found["recall"] == [0]
    assert found["coverage"][0] < 0.5
    away = Clouds(output + 100, real).manifolds(5)
    assert [away[name][0] for name in ("precision", "recall", "density", "coverage")] == [0] * 4


@pytest.mark.parametrize("family", [PLANE, Gaussian(1, 2), Gaussian((0, 1, 0), 2)], ids=str)
def test_the_truth_is_dense_and_covered(family: Any) -> None:
    """Of two samples of one law all ranks are alike: E density = 1 and
    E coverage = 1 - Π_{i=1}^k (n-i)/(2n-i), whatever the law (Naeem et al. 2020)."""
    n, k = 20, 3
    loop = FeedbackLoop(family, mixing=Replace(), n=n)
    watched = [Density(k), Coverage(k), Precision(k), Recall(k)]
    run = simulate(loop, 1, replicates=500, rng=seed("dense", family), observables=watched,
                   keep=(0, 1))  # fmt: skip
    i = np.arange(1, k + 1)
    assert_mean(run.values[0, 0], 1.0)
    assert_mean(run.values[1, 0], float(1 - np.prod((n - i) / (2 * n - i))))
    assert_mean(run.values[2, 0] - run.values[3, 0], 0.0)  # either sample may be called real
    assert run.values[2, 1].mean() <= 1
    assert run.literal


def test_all_that_look_see_the_same_points() -> None:
    loop = FeedbackLoop(PLANE, mixing=FreshSplit(0.5), n=30)
    one, two = (simulate(loop, 2, replicates=10, rng=3, observables=watched).mean(Precision())
                for watched in ([Precision()], [OwnLoss(), Recall(), Precision()]))  # fmt: skip
    assert (one == two).all()


@dataclass(frozen=True)
class RealMean(AgainstReal):
    """The mean of the real points that are shown."""

    label: ClassVar[str] = "mean of what is real"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return np.broadcast_to(data.real.mean(axis=-2)[..., 0], len(data.output))


def test_real_points_are_fresh_or_held_out() -> None:
    loop = FeedbackLoop(LINE, mixing=Replace(), n=20)
    run = simulate(loop, 2, replicates=500, rng=seed("fresh"), observables=[RealMean()],
                   keep=(0, 1, 2))  # fmt: skip
    assert_mean(run.values[0, 1], float(LINE.center[0]))
    assert (run.values[0, 1] != run.values[0, 2]).all()
    rows = np.random.default_rng(4).standard_normal(70)
    held = GaussianMixture((0.3, 0.7), (-2, 2), (1.0, 0.5), held_out=rows)
    loop = FeedbackLoop(held, mixing=Replace(), n=20)
    run = simulate(loop, 2, replicates=3, rng=0, observables=[RealMean(), Coverage()])
    assert run.mean(RealMean()) == pytest.approx(rows.mean(), rel=1e-14)
    assert (run.mean(Coverage()) < 1).all()


def test_a_ball_wants_neighbours() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=5)
    with pytest.raises(InputError, match=r"k must be less than the points .* got k = 5 and 5 po"):
        simulate(loop, 1, replicates=2, rng=0, observables=[Precision()])
    assert simulate(loop, 1, replicates=2, rng=0, observables=[Precision(4)]).generations == 1
    for kind, k in product((Precision, Recall, Density, Coverage), (0, 1.5, True)):
        with pytest.raises(InputError, match="k must be a whole number at least 1"):
            kind(k)


def test_statistics_are_enough_for_what_they_hold() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=9)
    few = [OwnLoss(), TrainingLoss(), Trace()]
    assert not simulate(loop, 1, replicates=2, rng=0, observables=few).literal
    for observable in (Coverage(), Median(Coverage())):
        run = simulate(loop, 1, replicates=2, rng=0, observables=[observable], quantiles_at=[1])
        assert run.literal_reason == "what is measured on data needs single points"
    known = FeedbackLoop(LINE, mixing=Replace(), n=9, estimator=KnownLabels())
    assert simulate(known, 1, replicates=2, rng=0, observables=[Median(OwnLoss())]).literal
    assert not simulate(known, 1, replicates=2, rng=0, observables=[L2Distance()]).literal


# -- sliced Wasserstein ---------------------------------------------------------------------------


def sliced(output: Any, real: Any, u: Any) -> float:
    """POT's distance along the same directions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import, not ours
        import ot

    return float(ot.sliced_wasserstein_distance(output, real, projections=u.T))


@pytest.mark.parametrize(("d", "n", "m"), [(1, 30, 30), (2, 30, 30), (2, 24, 42), (3, 7, 50)])
def test_sliced_wasserstein_is_that_of_pot(d: int, n: int, m: int) -> None:
    rng = np.random.default_rng(d)
    output, real = 0.5 + 2 * rng.standard_normal((2, n, d)), rng.standard_normal((m, d))
    law = Gaussian((0,) * d, 1) if d > 1 else Gaussian()
    found = SlicedWasserstein(16).measure_on(law, None, Clouds(output, real))
    each = SlicedWasserstein(16).measure_on(law, None, Clouds(output, np.stack([real, real])))
    expected = [sliced(points, real, directions(d, 16)) for points in output]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(each, expected, rtol=1e-12)


def test_a_shift_moves_every_shadow() -> None:
    """Over even angles the mean of (u·a)² is |a|²/2."""
    points = np.random.default_rng(2).standard_normal((1, 40, 2))
    for count in (2, 3, 64):
        data = Clouds(points + np.array([3.0, 4.0]), points)
        found = SlicedWasserstein(count).measure_on(PLANE, None, data)
        assert found == pytest.approx(np.sqrt(25 / 2), rel=1e-13)
    assert SlicedWasserstein().measure_on(PLANE, None, Clouds(points, points)) == [0]


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_directions_are_spread_evenly(d: int) -> None:
    """Unit vectors with Σ u uᵀ/m near 1/d; independent ones would be off by about 1/√(d² m)."""
    for count in (1, 5, 64):
        u = directions(d, count)
        assert u.shape == (1 if d == 1 else count, d)
        np.testing.assert_allclose((u**2).sum(axis=-1), 1, rtol=1e-14)
        assert (u == directions(d, count)).all()
    assert np.abs(u.T @ u / len(u) - np.eye(d) / d).max() < 2 / np.sqrt(d * d * 64)


# -- the L² distance ------------------------------------------------------------------------------


def density(model: Any, r: int, x: Any) -> Any:
    """The density of one mixture by scipy."""
    parts = zip(model["weight"][r], model["mean"][r], model["covariance"][r], strict=True)
    return sum(w * stats.multivariate_normal(mean, cov).pdf(x) for w, mean, cov in parts)


def whole(family: GaussianMixture) -> dict[str, Any]:
    return {k: v[None] for k, v in family.as_model().items()}


@pytest.mark.parametrize("family", [PLANE, LINE], ids=["plane", "line"])
def test_l2_distance_is_its_integral(family: GaussianMixture) -> None:
    """On a grid the sum of squares of Gaussians of deviation σ is their integral but for a share
    of about 4 e^{-(π σ/h)²}: at h = σ/2 rounding."""
    model = models(family)
    h = np.sqrt(np.linalg.eigvalsh(model["covariance"]).min()) / 2
    axis = np.arange(-20, 20, h)
    grid = np.stack(np.meshgrid(*[axis] * family.dimension, indexing="ij"), axis=-1)
    found, real = L2Distance().measure(family, model), density(whole(family), 0, grid)
    for r in range(len(found)):
        value = ((density(model, r, grid) - real) ** 2).sum() * h**family.dimension
        assert found[r] == pytest.approx(value, rel=1e-11)


def test_l2_distance_of_gaussians_and_at_the_truth() -> None:
    for law in (PLANE, LINE, Gaussian(1, 2), Gaussian((0, 1), ((2, 0.5), (0.5, 1)))):
        assert L2Distance().measure(law, law.as_model()) == pytest.approx(0, abs=1e-16)
    mean, variance = np.array([0.5, 2.0]), np.array([0.3, 4.0])
    pairs = (stats.norm(0, np.sqrt(a + b)).pdf(c) for a, b, c in
             ((variance, variance, 0), (2.0, 2.0, 0), (variance, 2.0, mean - 1)))  # fmt: skip
    own, real, both = pairs
    found = L2Distance().measure(Gaussian(1, 2), {"mean": mean, "variance": variance})
    np.testing.assert_allclose(found, own + real - 2 * both, rtol=1e-13)
    law: Any = Gaussian((0, 1, 0), 2)
    flat = GaussianMixture((1.0,), ((0, 1, 0),), 2.0)
    model = models(flat)
    whole_cloud = {"mean": model["mean"][:, 0], "variance": model["covariance"][:, 0]}
    np.testing.assert_allclose(L2Distance().measure(law, whole_cloud),
                               L2Distance().measure(flat, model), rtol=1e-13)  # fmt: skip


def test_l2_distance_of_needles_and_of_what_is_lost() -> None:
    """A component without width has an infinite square; without weight it is not there."""
    model = models(PLANE)
    expected = L2Distance().measure(PLANE, model)
    along = np.random.default_rng(6).standard_normal(2)
    for k, cov in ((0, np.zeros((2, 2))), (1, np.outer(along, along))):
        needle = {**model, "covariance": model["covariance"].copy()}
        needle["covariance"][:, k] = cov
        found = L2Distance().measure(PLANE, needle)
        alive = model["weight"][:, k] > 0
        assert (found[alive] == np.inf).all()
        assert (found[~alive] == expected[~alive]).all()
    point = {"mean": np.zeros(1), "variance": np.zeros(1)}
    assert L2Distance().measure(Gaussian(), point) == np.inf


# -- outside the ellipsoid ------------------------------------------------------------------------


@pytest.mark.parametrize("q", [0.01, 0.5, 0.99, 0.99999])
@pytest.mark.parametrize("family", [PLANE, LINE, FAR], ids=["plane", "line", "far"])
def test_a_real_point_is_outside_with_its_share(family: GaussianMixture, q: float) -> None:
    found = OutsideEllipsoid(q).measure(family, family.as_model())
    assert found == pytest.approx(1 - q, rel=1e-9)


def test_the_ellipsoid_of_a_line_is_an_interval() -> None:
    """Its ends by the distribution function, and the mass of models beyond them."""
    sigma, q, model = np.sqrt(LINE.covariance[0, 0]), 0.95, models(LINE)

    def beyond(law: Any, reach: float) -> Any:
        low, high = LINE.center[0] - reach, LINE.center[0] + reach
        return LINE.outside(law, low, high)

    from scipy.optimize import brentq

    reach = brentq(lambda x: beyond(LINE.as_model(), x) - (1 - q), 0, 9 * sigma, xtol=1e-14)
    found = OutsideEllipsoid(q).measure(LINE, model)
    np.testing.assert_allclose(found, beyond(model, reach), atol=CONTOUR)


def test_the_ellipsoid_of_one_component_is_that_of_a_gaussian() -> None:
    sizes = {"weight": (1, 1), "mean": (1, 1, 1), "covariance": (1, 1, 1, 1)}
    one = GaussianMixture((1.0,), (0.0,), 1.0), {k: np.ones(size) for k, size in sizes.items()}
    plain = Gaussian(), {"mean": np.ones(1), "variance": np.ones(1)}
    observable = OutsideEllipsoid(0.95)
    assert observable.measure(*one) == pytest.approx(observable.measure(*plain), rel=1e-13)


def test_the_ellipse_of_a_plane_by_counting() -> None:
    model, q = models(PLANE), 0.9
    white = np.linalg.inv(np.linalg.cholesky(PLANE.covariance))

    def beyond(points: Any) -> Any:
        square = (((points - PLANE.center) @ white.T) ** 2).sum(axis=-1)
        return (square > radius_of(PLANE, q)).astype(float)

    assert_mean(beyond(drawn(PLANE, whole(PLANE), 20_000, "real ellipse")), 1 - q)
    rows = beyond(drawn(PLANE, model, 20_000, "ellipse"))
    for row, share in zip(rows, OutsideEllipsoid(q).measure(PLANE, model), strict=True):
        assert_mean(row, share)


@pytest.mark.parametrize("d", [1, 2, 3, 10])
def test_narrow_models_near_the_rim(d: int) -> None:
    """Where a small move takes all of a cloud across it: a normal law of the squared distance."""
    radius = stats.chi2(d).ppf(0.99)
    for scale in (1e-12, 1e-8, 1e-4, 1e-3, 1e-2, 0.1):
        step = np.sqrt(4 * scale * radius)  # standard deviation of the squared distance
        away = np.maximum(radius + step * np.linspace(-7, 7, 29), 0)
        shifts = np.zeros((29, d))
        shifts[:, 0] = away
        found = outside(np.full((29, d), scale), shifts, radius)
        if d == 1:
            sigma, ends = np.sqrt(scale), np.sqrt(radius)
            expected = stats.norm.sf((ends - np.sqrt(away)) / sigma)
            expected = expected + stats.norm.cdf((-ends - np.sqrt(away)) / sigma)
        elif scale < 1e-3:
            continue  # scipy's law fails where there is so little noise
        else:
            expected = stats.ncx2(d, away / scale).sf(radius / scale)
        np.testing.assert_allclose(found, expected, atol=CONTOUR)


# -- everything that is shipped -------------------------------------------------------------------

EXAMPLES: dict[str, Any] = {"of": Variance(), "direction": (1, 2), "observable": Variance()}


def every() -> list[Any]:
    """One instance of every shipped observable."""
    found = []
    for cls in (find("observables", name) for name in shipped("observables")):
        found.append(cls(**{f.name: EXAMPLES[f.name] for f in fields(cls) if f.name in EXAMPLES}))
    return found


def refusal(observable: Any, family: Any) -> str:
    """Why it cannot be measured on the family ("" if it can)."""
    try:
        observable.check(family)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("estimator", [EM(), KnownLabels()], ids=repr)
@pytest.mark.parametrize("family", [PLANE, LINE], ids=["plane", "line"])
def test_every_observable_suits_or_says_why_not(family: Any, estimator: Any) -> None:
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=20, estimator=estimator)
    said = {o: refusal(o, family) for o in every()}
    for observable, words in said.items():
        assert not words or "wants a " in words or "direction must be" in words
        shadow = getattr(observable, "of", observable).wants == "one-dimensional"
        assert ("see Along" in words) == (shadow and family is PLANE)
    suited = [o for o, words in said.items() if not words]
    run = simulate(loop, 1, replicates=3, rng=0, observables=suited, quantiles_at=[1])
    for label in run.quantities:
        assert np.isfinite(run.mean(label)).all(), label
    predict(loop, 1, suited)
    names = {type(o).__name__ for o in suited}
    assert {"HeldOutLoss", "OwnLoss", "TrainingLoss", "KLDivergence", "SquaredError", "Trace",
            "LogDeterminant", "Eigenvalue", "ConditionNumber", "OutsideEllipsoid"} <= names
    line = {"Mean", "Variance", "TailMass", "SquaredVariance", "Median"}
    assert (names & {*line, "Along"}) == (line if family is LINE else {"Along"})


@pytest.mark.parametrize(("observable", "words"), [
    (Entropy(), r"wants a Gaussian or categorical \(or n-gram\) family, .*; see OwnLoss$"),
    (Wasserstein2(), "wants a Gaussian family, .*; see SlicedWasserstein$"),
    (Mean(), "wants a one-dimensional family, .*; see Along for one direction$"),
], ids=repr)  # fmt: skip
def test_what_does_not_suit_names_what_does(observable: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        observable.check(PLANE)


def test_along_a_direction_a_mixture_is_one() -> None:
    u, model = (1.0, -2.0), models(PLANE)
    for observable in (HeldOutLoss(), KLDivergence(), TailMass(), L2Distance(), ComponentsAlive(),
                       OutsideEllipsoid(0.9), BetweenTrace()):  # fmt: skip
        seen = Along(u, observable)
        seen.check(PLANE)
        line, shadow = PLANE.along(u), PLANE.seen_along(model, np.array(u))
        assert (seen.measure(PLANE, model) == observable.measure(line, shadow)).all()
    for observable in (OwnLoss(), TrainingLoss(), Coverage(), ModesCovered()):
        with pytest.raises(InputError, match="observable must be measured on the model alone"):
            Along(u, observable)


@pytest.mark.parametrize("n", [17, 24])
def test_a_loop_that_collapses_is_measured_to_its_end(n: int) -> None:
    """Components are lost, all but one at last, and every number stays a number."""
    loop = FeedbackLoop(PLANE, mixing=Replace(), n=n)
    watched = [o for o in every() if o.suits(PLANE) and not isinstance(o, Median)]
    run = simulate(loop, 60, replicates=6, rng=seed("collapse", n), observables=watched, keep=(60,))
    last = {o.label: run.values[i, 0] for i, o in enumerate(watched)}
    for label, values in last.items():
        assert not np.isnan(values).any(), label
    alive = last[ComponentsAlive().label]
    assert alive.min() == 1
    assert (last[BetweenTrace().label][alive == 1] == 0).all()
    np.testing.assert_allclose(last[WithinTrace().label] + last[BetweenTrace().label],
                               last[Trace().label], rtol=1e-12)  # fmt: skip
    assert last[Recall().label].mean() < run.mean(Recall())[0] / 2
    assert last[ModesCovered().label].mean() < 3
