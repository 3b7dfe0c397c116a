"""The Gaussian in d dimensions: definitions against scipy, numpy and brute force."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import linalg, stats

from hallofillusions import (
    Bessel,
    FeedbackLoop,
    FixedPool,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    Replace,
    Temperature,
    compare,
    predict,
    simulate,
)
from hallofillusions.families.multivariate_gaussian import (
    ROUNDING,
    MultivariateGaussian,
    WishartStatistics,
    bartlett,
    log_determinant,
    root,
)
from hallofillusions.observables.along import Along
from hallofillusions.observables.condition_number import ConditionNumber
from hallofillusions.observables.eigenvalue import Eigenvalue
from hallofillusions.observables.held_out_loss import HeldOutLoss
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.log_determinant import LogDeterminant
from hallofillusions.observables.log_eigenvalue import LogEigenvalue
from hallofillusions.observables.outside_ellipsoid import OutsideEllipsoid
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.observables.wasserstein2 import Wasserstein2
from hallofillusions.simulation import rerun
from hallofillusions.theory import derive
from hallofillusions.trajectory import Trajectory
from tests.statistics import FALSE_ALARM, critical, seed

MEAN, COVARIANCE = np.array([1.0, -1.0, 2.0]), np.array([[2, 0.5, 0], [0.5, 1, -0.3], [0, -0.3, 3]])
WORLD: Any = Gaussian(MEAN, COVARIANCE)
FLAT: Any = Gaussian((0, 1), ((1, 0.5), (0.5, 2)))


def random_model(size: int, count: int = 5) -> dict[str, Any]:
    """Models away from the truth."""
    rng = np.random.default_rng(3)
    factors = rng.standard_normal((count, size, size + 2))
    return {"mean": rng.standard_normal((count, size)),
            "variance": factors @ np.swapaxes(factors, -1, -2) / size}  # fmt: skip


def broadcast(law: Any, replicates: int) -> dict[str, Any]:
    return {k: np.broadcast_to(v, (replicates, *v.shape)) for k, v in law.as_model().items()}


# -- what it is --------------------------------------------------------------------------------


def test_a_sequence_makes_one() -> None:
    assert type(WORLD) is MultivariateGaussian
    assert WORLD.dimension == 3
    assert type(Gaussian([0], [[1]])) is MultivariateGaussian
    assert Gaussian((0, 0), 2) == Gaussian([0, 0], [[2, 0], [0, 2]])
    assert type(Gaussian(0, 1)) is Gaussian


def test_its_components_and_directions_are_gaussians() -> None:
    assert WORLD.component([0, 2]) == Gaussian((1, 2), ((2, 0), (0, 3)))
    assert WORLD.component([1]) == Gaussian(-1, 1)
    u = np.array([1.0, 2.0, -1.0])
    assert WORLD.along(u) == Gaussian(float(u @ MEAN), float(u @ COVARIANCE @ u))


def test_labels_are_all_functions_up_to_a_degree() -> None:
    """In many dimensions too, where a product of ranges would never end."""
    assert WORLD.labels(2) == sorted(a for a in np.ndindex(3, 3, 3) if 1 <= sum(a) <= 2)
    assert len(Gaussian([0] * 40, 1).labels(2)) == 40 + 40 * 41 // 2


@pytest.mark.parametrize(("mean", "variance", "words"), [
    ((0, 0), ((1, 0.5), (0.4, 1)), "variance must be a symmetric covariance"),
    ((0, 0), ((1, 2), (2, 1)), "variance must be a positive definite covariance"),
    ((0, 0), ((1, 1), (1, 1)), "variance must be a positive definite covariance"),
    ((0, 0), 0, "variance must be a positive definite covariance"),
    ((0, 0), ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "variance must be a 2 x 2 covariance"),
    ((0, 0), ((1, 0),), "variance must be a 2 x 2 covariance"),
    ((0, 0), (1, 1), "variance must be a 2 x 2 covariance"),
    ((0, float("nan")), 1, "mean must be a number"),
    ((0, 0), ((1, float("nan")), (float("nan"), 1)), "variance must be a number"),
    (((0, 0), (0, 0)), 1, "mean must be a row of d numbers"),
    ((), 1, "mean must be a row of d numbers"),
    (("a", 0), 1, "mean must be a number"),
])  # fmt: skip
def test_what_is_no_law_is_refused(mean: Any, variance: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Gaussian(mean, variance)


# -- sampling ----------------------------------------------------------------------------------


def summaries(statistics: Any) -> Any:
    """Numbers that tell laws of statistics apart: (what, replicates)."""
    scatter, mean = statistics.scatter, statistics.mean
    d = mean.shape[-1]
    pairs = [scatter[:, i, j] for i in range(d) for j in range(i + 1)]
    squares = [scatter[:, 0, 0] * scatter[:, 1, 1], scatter[:, 0, 1] ** 2]
    return np.array([*mean.T, *(mean[:, :1] * mean).T, *pairs, *squares])


@pytest.mark.parametrize("size", [1, 2, 3, 10], ids=lambda n: f"n={n}")
def test_bartlett_has_the_law_of_points(size: int) -> None:
    """With fewer degrees of freedom than dimensions too (n - 1 < 3, where Σ is singular)."""
    replicates = 20_000
    rng = np.random.default_rng(seed("bartlett", size))
    model = broadcast(WORLD, replicates)
    fast = WORLD.draw_statistics(model, replicates, size, rng)
    slow = WORLD.summarise(WORLD.draw(model, (replicates, size), rng))
    a, b = summaries(fast), summaries(slow)
    error = np.hypot(a.std(axis=1), b.std(axis=1)) / replicates**0.5
    gap = np.abs(a.mean(axis=1) - b.mean(axis=1))
    assert (gap <= critical(4 * len(a)) * error + 1e-12).all()
    # power: five per cent of the mean scatter would have been seen
    if size > 1:
        trace = np.trace(fast.scatter, axis1=-2, axis2=-1)
        assert critical(4 * len(a)) * trace.std() / replicates**0.5 < 0.05 * trace.mean()
    for x, y in ((fast.scatter[:, 0, 1], slow.scatter[:, 0, 1]),
                 (fast.scatter[:, 2, 2], slow.scatter[:, 2, 2])):  # fmt: skip
        assert stats.ks_2samp(x, y).pvalue > FALSE_ALARM / 8
    rank = np.linalg.matrix_rank(fast.scatter[:50], tol=1e-9)
    assert (rank == min(size - 1, 3)).all()


def test_one_count_a_replicate() -> None:
    replicates = 30_000
    rng = np.random.default_rng(seed("counts"))
    size = rng.integers(0, 6, replicates)
    fast = WORLD.draw_statistics(broadcast(WORLD, replicates), replicates, size, rng)
    for count in range(6):
        here = fast.scatter[size == count]
        expected = max(count - 1, 0) * COVARIANCE
        error = here.std(axis=0) / len(here) ** 0.5
        assert (np.abs(here.mean(axis=0) - expected) <= critical(54) * error).all()
        assert (np.linalg.matrix_rank(here[:50], tol=1e-9) == min(max(count - 1, 0), 3)).all()


def test_bartlett_is_triangular_and_wishart() -> None:
    rng = np.random.default_rng(seed("triangle"))
    A = bartlett(3, 8, (20_000,), rng)
    assert not np.triu(A, 1).any()
    log_det = np.linalg.slogdet(A @ np.swapaxes(A, -1, -2))[1]
    oracle = np.linalg.slogdet(stats.wishart(7, np.eye(3)).rvs(20_000, random_state=rng))[1]
    assert stats.ks_2samp(log_det, oracle).pvalue > FALSE_ALARM


def test_union_of_statistics() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 5, 3)), 2 + rng.standard_normal((4, 7, 3))
    whole = WORLD.summarise(np.concatenate([x, y], axis=1))
    union = WORLD.summarise(x) + WORLD.summarise(y)
    assert union.count == whole.count == 12
    np.testing.assert_allclose(union.mean, whole.mean)
    np.testing.assert_allclose(union.scatter, whole.scatter)
    np.testing.assert_allclose(whole.scatter[0] / 11, np.cov(np.vstack([x[0], y[0]]).T))
    doubled = WORLD.summarise(x, np.full(5, 2.0))
    np.testing.assert_allclose(doubled.scatter, WORLD.summarise(x).weighted(2).scatter)
    empty = WishartStatistics(0, np.zeros((4, 3)), np.zeros((4, 3, 3)))
    np.testing.assert_allclose((WORLD.summarise(x) + empty).scatter, WORLD.summarise(x).scatter)


def test_roots_and_densities() -> None:
    model = random_model(3)
    L = root(model["variance"])
    np.testing.assert_allclose(L @ np.swapaxes(L, -1, -2), model["variance"])
    points = np.random.default_rng(1).standard_normal((5, 4, 3))
    for r in range(5):
        law = stats.multivariate_normal(model["mean"][r], model["variance"][r])
        np.testing.assert_allclose(WORLD.log_density(model, points)[r], law.logpdf(points[r]))
    singular = np.array([[1.0, 2, 0], [2, 4, 0], [0, 0, 1]])
    L = root(np.stack([singular, np.eye(3)]))
    np.testing.assert_allclose(L @ np.swapaxes(L, -1, -2), [singular, np.eye(3)], atol=1e-12)


@pytest.mark.parametrize("d", [2, 4, 6])
def test_roots_of_few_points(d: int) -> None:
    """Scatters of fewer points than dimensions, in a batch with a regular one.

    A pivot that is left by rounding has no column, and with it at most √ε of what stands beside it.
    """
    rng = np.random.default_rng(d)
    for points in range(d + 1):
        x = rng.standard_normal((50, points, d))
        scatter = np.concatenate((np.swapaxes(x, -1, -2) @ x, np.eye(d)[None]))
        L = root(scatter)
        np.testing.assert_array_equal(L, np.tril(L))
        error = np.abs(L @ np.swapaxes(L, -1, -2) - scatter).max()
        assert error <= ROUNDING**0.5 * scatter.max()
    assert np.isnan(root(np.full((2, 2), np.nan))).any()


# -- observables -------------------------------------------------------------------------------


def test_divergence_is_an_integral() -> None:
    """KL(real ‖ model) is E of a difference of log-densities: Gauss-Hermite over real points."""
    model = random_model(2, 2)
    real = stats.multivariate_normal(FLAT.center, FLAT.covariance)
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    z = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    x = FLAT.center + z @ np.linalg.cholesky(FLAT.covariance).T
    share = np.outer(weights, weights).ravel() / (2 * np.pi)
    for r in range(2):
        other = stats.multivariate_normal(model["mean"][r], model["variance"][r])
        value = share @ (real.logpdf(x) - other.logpdf(x))
        assert KLDivergence().measure(FLAT, model)[r] == pytest.approx(value)
    np.testing.assert_allclose(HeldOutLoss().measure(FLAT, model),
                               KLDivergence().measure(FLAT, model) + real.entropy())  # fmt: skip


def test_bures_distance() -> None:
    model = random_model(3)
    found = Wasserstein2().measure(WORLD, model)
    half = linalg.sqrtm(COVARIANCE)
    for r in range(5):
        cross = linalg.sqrtm(half @ model["variance"][r] @ half).real
        bures = np.trace(model["variance"][r] + COVARIANCE - 2 * cross)
        assert found[r] == pytest.approx(((model["mean"][r] - MEAN) ** 2).sum() + bures)
    assert Wasserstein2().measure(WORLD, broadcast(WORLD, 2)) == pytest.approx(0, abs=1e-7)


def test_eigenvalues_in_real_units() -> None:
    model = random_model(3)
    for r in range(5):
        ratio = np.sort(linalg.eigvals(np.linalg.solve(COVARIANCE, model["variance"][r])).real)
        for rank in (1, 2, 3):
            value = Eigenvalue(rank).measure(WORLD, model)[r]
            assert value == pytest.approx(ratio[-rank])
            assert LogEigenvalue(rank).measure(WORLD, model)[r] == pytest.approx(np.log(value))
        assert ConditionNumber().measure(WORLD, model)[r] == pytest.approx(ratio[-1] / ratio[0])
        assert LogDeterminant().measure(WORLD, model)[r] == pytest.approx(np.log(ratio).sum())
        assert Trace().measure(WORLD, model)[r] == pytest.approx(np.trace(model["variance"][r]))


def test_outside_the_ellipsoid_of_a_ball_is_noncentral_chi_square() -> None:
    """Σ = s Σ₀ and any mean: ((X-μ₀)ᵀΣ₀⁻¹(X-μ₀))/s is noncentral χ²."""
    for scale, q in ((0.1, 0.9), (1.0, 0.99), (3.0, 0.5)):
        shift = np.array([0.7, -1.0, 2.0])
        model = {"mean": (MEAN + shift)[None], "variance": scale * COVARIANCE[None]}
        away = shift @ np.linalg.solve(COVARIANCE, shift) / scale
        expected = stats.ncx2(3, away).sf(stats.chi2(3).ppf(q) / scale)
        assert OutsideEllipsoid(q).measure(WORLD, model)[0] == pytest.approx(expected, abs=1e-8)
    assert OutsideEllipsoid(0.9).measure(WORLD, broadcast(WORLD, 1)) == pytest.approx(0.1)


def test_outside_the_ellipsoid_by_points() -> None:
    model, points = random_model(3, 3), 200_000
    rng = np.random.default_rng(seed("ellipsoid"))
    x = WORLD.draw(model, (3, points), rng) - MEAN
    far = np.einsum("rni,ij,rnj->rn", x, np.linalg.inv(COVARIANCE), x) > stats.chi2(3).ppf(0.95)
    share = OutsideEllipsoid(0.95).measure(WORLD, model)
    error = np.sqrt(share * (1 - share) / points)
    assert (np.abs(far.mean(axis=1) - share) <= critical(3) * error).all()
    assert (critical(3) * error < 0.01).all()


def test_singular_models() -> None:
    flat = {"mean": np.zeros((1, 2)), "variance": np.array([[[1.0, 1], [1, 1]]])}
    point = {"mean": np.zeros((1, 2)), "variance": np.zeros((1, 2, 2))}
    for model in (flat, point):
        assert KLDivergence().measure(FLAT, model) == np.inf
        assert LogDeterminant().measure(FLAT, model) == -np.inf
        assert log_determinant(model["variance"]) == -np.inf
        assert FLAT.collapsed(model)
        assert np.isfinite(Wasserstein2().measure(FLAT, model))
        share = OutsideEllipsoid(0.5).measure(FLAT, model)
        assert 0 <= share <= 1
        assert np.isfinite(FLAT.draw(model, (1, 3), np.random.default_rng(0))).all()
    law = Gaussian((0, 0), ((2, 1), (1, 1)))
    point["mean"] = law.center[None]
    assert OutsideEllipsoid(0.9).measure(law, point) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("observable", "words"), [
    (Along((1, 0), Variance()), "direction must be as many numbers"),
    (Along((1, 0, 0, 0), Variance()), "direction must be as many numbers"),
    (Eigenvalue(4), "rank must be at most 3"),
    (LogEigenvalue(4), "rank must be at most 3"),
    (TailMass(3), "observables: "),
    (Variance(), "observables: "),
])  # fmt: skip
def test_observables_that_do_not_suit(observable: Any, words: str) -> None:
    loop = FeedbackLoop(WORLD, mixing=Replace(), n=5)
    for reader in (predict, simulate):
        with pytest.raises(InputError, match=words):
            reader(loop, 2, observables=[observable])


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Along((0, 0), Variance()), "direction"),
    (lambda: Along("ab", Variance()), "direction"),
    (lambda: Along((1, float("nan")), Variance()), "direction"),
    (lambda: Eigenvalue(0), "rank"),
    (lambda: OutsideEllipsoid(1), "q must be"),
    (lambda: FeedbackLoop(FLAT, mixing=Replace(), n=1, estimator=Bessel()), "n must be at least 2"),
    (lambda: FeedbackLoop(FLAT, mixing=Replace(), n=5, start=Gaussian(0, 1)), "start must be"),
])  # fmt: skip
def test_bad_parts_are_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


# -- files and real rows -----------------------------------------------------------------------


def test_a_loop_survives_its_file() -> None:
    for loop in (
        FeedbackLoop(WORLD, mixing=FreshSplit(0.8), n=10, bias=Temperature(0.9), start=WORLD),
        FeedbackLoop(Gaussian((0, 0), 1), mixing=Replace(), n=(5, 6)),
    ):
        assert FeedbackLoop.from_toml(loop.to_toml()) == loop


def skewed(rows: int) -> Any:
    """Correlated rows with a long tail on one side."""
    rng = np.random.default_rng(5)
    x = rng.exponential(size=(rows, 2))
    return np.column_stack([x[:, 0], x[:, 0] + 2 * x[:, 1] ** 1.5])


def test_a_run_survives_its_file(tmp_path: Any) -> None:
    rows = skewed(400)
    loop = FeedbackLoop(FLAT, mixing=FreshSplit(0.5), n=10)
    run = simulate(loop, 4, replicates=20, rng=1, real=rows, observables=[Trace(), Eigenvalue(2)])
    loaded = Trajectory.load(run.save(tmp_path / "run.nc"))
    assert loaded.loop == loop
    again = rerun(tmp_path / "run.nc")
    for quantity in (Trace(), Eigenvalue(2)):
        np.testing.assert_array_equal(run.mean(quantity), loaded.mean(quantity))
        np.testing.assert_array_equal(run.mean(quantity), again.mean(quantity))


def test_rows_of_another_shape_are_refused() -> None:
    loop = FeedbackLoop(FLAT, mixing=FreshSplit(0.5), n=10)
    for rows in (np.zeros(10), np.zeros((10, 3)), [[0.0, float("nan")]] * 10):
        with pytest.raises(InputError, match="real must be"):
            simulate(loop, 1, real=rows)


REAL_LOOPS = (
    FeedbackLoop(FLAT, mixing=FreshSplit(0.6), n=5),
    FeedbackLoop(FLAT, mixing=FreshMixture(0.5), n=6, estimator=Bessel()),
    FeedbackLoop(FLAT, mixing=FixedPool(0.5, 4), n=6),
)
SEEN = (Trace(), SquaredError(), Along((1, -1), Variance()), Along((2, 1), SquaredError()))


@pytest.mark.parametrize("loop", REAL_LOOPS, ids=lambda loop: type(loop.mixing).__name__)
def test_rows_with_replacement_are_the_real_law(loop: FeedbackLoop) -> None:
    """The exact moments of the rows enter; the family's own would be found out."""
    rows = skewed(30)
    run = simulate(loop, 3, replicates=12_000, rng=seed("rows", loop.mixing), real=rows,
                   replacement=True, observables=SEEN)  # fmt: skip
    comparison = compare(predict(loop, 3, SEEN, real=rows), run, level=FALSE_ALARM / 3)
    assert not comparison.rejected, str(comparison)
    assert comparison.detectable(Trace().label) < 0.2
    assert compare(predict(loop, 3, SEEN), run, level=FALSE_ALARM / 3).rejected
    moved = rows + np.array([0.0, 1.0])
    assert compare(predict(loop, 3, SEEN, real=moved), run, level=FALSE_ALARM / 3).rejected


def test_rows_without_replacement_come_once() -> None:
    """With all rows in the training set the fit is that of the file."""
    rows = skewed(12)
    loop = FeedbackLoop(FLAT, mixing=FreshSplit(0.0), n=12)
    run = simulate(loop, 1, replicates=3, rng=0, real=rows, observables=[Trace()])
    assert run.mean(Trace())[1] == pytest.approx(np.trace(np.cov(rows.T, ddof=0)))
    with pytest.raises(InputError, match="real has 12 rows"):
        simulate(loop, 2, replicates=3, real=rows)


def test_the_recursion_of_two_components_is_that_of_the_whole() -> None:
    """Only the components that are asked for enter."""
    loop = FeedbackLoop(WORLD, mixing=FreshSplit(0.8), n=10)
    whole = derive(loop, monomials=[{"v_1_3": 2}])
    part = derive(loop.marginal(["v_1_3"])[0], monomials=[{"v_1_2": 2}])
    a, b = whole.iterate(6), part.iterate(6)
    np.testing.assert_allclose(a[:, whole.index(v_1_3=2)], b[:, part.index(v_1_2=2)])


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_outside_the_ellipsoid_far_from_home(size: int) -> None:
    """Clouds from needle-sharp to enormous, near and far: where a contour easily goes astray."""
    real: Any = Gaussian((0,) * size, 1) if size > 1 else Gaussian()
    radius = stats.chi2(size).ppf(0.99)
    for scale, away in product((1e-6, 1e-3, 0.1, 1, 10, 1e3), (0, 1e-3, 1, 5, 20, 1e3)):
        mean = np.zeros((1, size))
        mean[0, 0] = away**0.5
        model = {"mean": mean, "variance": scale * np.eye(size)[None]}
        if size == 1:
            model = {"mean": mean[:, 0], "variance": np.array([scale])}
        expected = (stats.ncx2(size, away / scale) if away else stats.chi2(size)).sf(radius / scale)
        found = OutsideEllipsoid(0.99).measure(real, model)[0]
        assert found == pytest.approx(expected, abs=1e-8), (scale, away)
