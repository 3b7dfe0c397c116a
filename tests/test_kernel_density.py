"""Kernel density estimates: scipy's are the oracle of densities and masses, its laws of draws."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Along,
    FeedbackLoop,
    FixedReal,
    FreshWeighted,
    Gaussian,
    GaussianMixture,
    HeldOutLoss,
    InputError,
    KernelDensity,
    Memory,
    NGram,
    Replace,
    ScaleCovariance,
    SquaredError,
    Trace,
    TrainingLoss,
    Variance,
    compare,
    diagnose,
    predict,
    simulate,
)
from hallofillusions.cli import main
from hallofillusions.symbols import h
from tests.statistics import FALSE_ALARM, seed

LINE, PLANE = Gaussian(1, 2), Gaussian((0, 1), ((2, 0.5), (0.5, 1)))
PAIR = GaussianMixture((0.3, 0.7), ((-2, 0), (1, 1)), (1, 0.5))


def fitted(family: Any, size: int, rows: int = 3, weights: Any = None) -> tuple[Any, Any]:
    """Training sets of ``size`` real points and their models."""
    rng = np.random.default_rng(seed("kernels", family))
    points = family.draw(family.as_model(), (rows, size), rng)
    return points, family.match(family.summarise(points, weights))


def oracle(family: Any, points: Any, weights: Any = None) -> stats.gaussian_kde:
    """scipy's estimate of one training set."""
    if family.rule:
        return stats.gaussian_kde(points.T, family.bandwidth, weights)
    found = stats.gaussian_kde(points.T, 1.0, weights)
    found.covariance = np.eye(family.dimension) * float(family.bandwidth) ** 2
    found.cho_cov = np.linalg.cholesky(found.covariance)
    found.log_det = 2 * np.log(np.diag(found.cho_cov * np.sqrt(2 * np.pi))).sum()
    return found


@pytest.mark.parametrize("of", [LINE, PLANE, PAIR], ids=["line", "plane", "pair"])
@pytest.mark.parametrize("bandwidth", [0.4, Fraction(3, 2), "scott", "silverman"])
@pytest.mark.parametrize("weighted", [False, True])
def test_densities_and_moments_are_scipys(of: Any, bandwidth: Any, weighted: bool) -> None:
    family = KernelDensity(of, bandwidth)
    weights = np.array([2.0, 1, 1, 3, 1, 1, 0.5, 1]) if weighted else None
    points, models = fitted(family, 8, weights=weights)
    at = family.draw(family.as_model(), (3, 20), np.random.default_rng(1))
    logs, means, spreads = (f(models) for f in (
        lambda m: family.log_density(m, at), family.mean_of, family.variance_of))  # fmt: skip
    share = np.ones(8) / 8 if weights is None else weights / weights.sum()
    for r, x in enumerate(points):
        own = oracle(family, x, weights)
        assert np.allclose(logs[r], own.logpdf(at[r].T), rtol=1e-9, atol=1e-9)
        assert np.allclose(means[r], share @ x)
        spread = np.cov(x.T, aweights=share, bias=True) + own.covariance
        assert np.allclose(spreads[r], np.squeeze(spread))


def test_masses_are_scipys() -> None:
    family = KernelDensity(LINE, "silverman")
    points, models = fitted(family, 12)
    found = family.outside(models, -1.0, 2.5)
    inside = [oracle(family, x).integrate_box_1d(-1.0, 2.5) for x in points]
    assert np.allclose(found, 1 - np.array(inside), rtol=1e-10)


@pytest.mark.parametrize("weights", [None, np.array([3.0, 1, 1, 1, 1])], ids=["equal", "weighted"])
def test_draws_follow_the_estimate(weights: Any) -> None:
    family = KernelDensity(LINE, 0.3)
    points, models = fitted(family, 5, rows=1, weights=weights)
    drawn = family.draw(models, (1, 20_000), np.random.default_rng(seed("draws")))[0]
    share = np.ones(5) / 5 if weights is None else weights / weights.sum()

    def cdf(x: Any) -> Any:
        return stats.norm.cdf((x[:, None] - points[0]) / 0.3) @ share

    assert stats.kstest(drawn, cdf).pvalue > FALSE_ALARM


def test_draws_in_a_plane_have_the_estimates_covariance() -> None:
    """Whitened by it, every squared length is 2 on average, and every component 0."""
    family = KernelDensity(PLANE, "scott")
    _, models = fitted(family, 6, rows=1)
    drawn = family.draw(models, (1, 50_000), np.random.default_rng(seed("plane")))[0]
    white = np.linalg.inv(np.linalg.cholesky(family.variance_of(models)[0]))
    z = (drawn - family.mean_of(models)[0]) @ white.T
    for value, expected in ((z[:, 0], 0), (z[:, 1], 0), (z[:, 0] ** 2, 1), (z[:, 1] ** 2, 1),
                            (z[:, 0] * z[:, 1], 0)):  # fmt: skip
        assert stats.ttest_1samp(value, expected).pvalue > FALSE_ALARM


def test_the_loss_on_the_real_law_is_an_integral() -> None:
    family = KernelDensity(LINE, 0.7)
    points, models = fitted(family, 10)

    def integrand(x: float) -> float:
        return -stats.norm.pdf(x, 1, 2**0.5) * oracle(family, points[0]).logpdf(x)[0]

    exact = quad(integrand, 1 - 12, 1 + 12, limit=200)[0]
    assert np.isclose(family.real_loss(models)[0], exact, rtol=1e-4)
    excess = family.divergence(models) + family.entropy()
    assert np.allclose(family.real_loss(models), excess)


def test_losses_are_those_of_held_out_rows_and_training_sets() -> None:
    rows = ((0.0, 0.5), (-1.0, 1.0), (2.0, 0.0))
    family = KernelDensity(GaussianMixture((0.5, 0.5), ((-2, 0), (2, 0)), 1, held_out=rows), 0.5)
    points, models = fitted(family, 9)
    own = [oracle(family, x) for x in points]
    held = [-k.logpdf(np.array(rows).T).mean() for k in own]
    assert np.allclose(family.held_out_loss(models), held)
    training = [-k.logpdf(x.T).mean() for k, x in zip(own, points, strict=True)]
    assert np.allclose(family.loss(models, family.summarise(points)), training)


@pytest.mark.parametrize(("mixing", "size", "parts"), [
    (Accumulate(), 4, {}), (AccumulateSubsample(), 5, {}), (Replace(), (5, 9, 4), {}),
    (FixedReal(Fraction(1, 2)), 8, {"start": Memory()}),
    (Replace(), 6, {"start": KernelDensity(GaussianMixture((0.5, 0.5), (-3, 4), 1), "scott")}),
], ids=["pool", "subsample", "schedule", "fixed", "start"])  # fmt: skip
def test_a_rule_knows_the_size_of_every_training_set(mixing: Any, size: Any, parts: Any) -> None:
    loop = FeedbackLoop(KernelDensity(LINE, "scott"), mixing=mixing, n=size, **parts)
    watched = (Variance(), SquaredError())
    run = simulate(loop, 3, replicates=4_000, rng=seed("rule", loop), observables=watched,
                   progress=False)  # fmt: skip
    found = compare(predict(loop, 3, watched), run, level=FALSE_ALARM)
    assert not found.rejected, str(found)


@pytest.mark.parametrize("bandwidth", [0.5, "silverman"])
def test_a_direction_and_a_part_of_the_cloud(bandwidth: Any) -> None:
    family, u = KernelDensity(PAIR, bandwidth), (3.0, -4.0)
    _, models = fitted(family, 7)
    flat = family.along(u)
    seen = family.seen_along(models, u)
    whole = family.variance_of(models)
    assert np.allclose(flat.variance_of(seen), np.einsum("i,rij,j->r", u, whole, u))
    assert np.allclose(flat.mean_of(seen), family.mean_of(models) @ u)
    loop = FeedbackLoop(family, mixing=Replace(), n=7)
    sides = predict(loop, 4, [Along((1, 0), Variance()), Along((0, 1), Variance()), Trace()])
    total = sum(sides[label] for label in sides.known if "along" in label)
    assert np.allclose(total, sides["trace of the covariance"], rtol=1e-12)


def test_a_weighted_fit_of_a_fixed_kernel_closes() -> None:
    family = KernelDensity(LINE, 0.5)
    loop = FeedbackLoop(family, mixing=FreshWeighted(0.5, 0.7), n=6)
    plain = FeedbackLoop(LINE, mixing=FreshWeighted(0.5, 0.7), n=6)
    first = [predict(one, 1, [Variance()])["variance"][1] for one in (loop, plain)]
    assert np.isclose(first[0], first[1] + 0.25)


def test_training_sets_are_seen_and_the_illusion_is_there() -> None:
    loop = FeedbackLoop(KernelDensity(LINE, "scott"), mixing=Accumulate(), n=20)
    run = simulate(loop, 2, replicates=200, rng=1, observables=[HeldOutLoss(), TrainingLoss()],
                   progress=False)  # fmt: skip
    assert run.mean(TrainingLoss())[2] < run.mean(HeldOutLoss())[2]


def test_diagnosis_tells_kernels_from_noise() -> None:
    causes = diagnose(FeedbackLoop(KernelDensity(LINE, 2), mixing=Replace(), n=12)).causes
    expected = {"finite-n noise": 0.0, "finite-n noise with what a fit adds": 12 * 4 / 2}
    assert causes == pytest.approx(expected, rel=1e-9)


# -- text and bad input ------------------------------------------------------------------------


@pytest.mark.parametrize("family", [
    KernelDensity(), KernelDensity(PAIR, "scott"), KernelDensity(PLANE, Fraction(1, 3)),
    KernelDensity(bandwidth=h), KernelDensity("GaussianMixture", "silverman", 3),
], ids=str)  # fmt: skip
def test_a_loop_survives_a_file(family: Any) -> None:
    loop = FeedbackLoop(family, mixing=Replace(), n=10)
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop


@pytest.mark.parametrize(("arguments", "words"), [
    ({"bandwidth": 0}, "bandwidth must be a number above 0, got 0"),
    ({"bandwidth": -1.5}, "bandwidth must be a number above 0, got -1.5"),
    ({"bandwidth": "scot"}, r"'scott' or 'silverman', got 'scot'; did you mean scott\?"),
    ({"bandwidth": "1/x"}, "bandwidth must be a number, a fraction or a symbol's name, got '1/x'"),
    ({"bandwidth": None}, "bandwidth must be a number above 0, got None"),
    ({"of": NGram}, "of must be a Gaussian or a GaussianMixture, got"),
    ({"of": "Categorical"}, "of must be a Gaussian or a GaussianMixture, got"),
    ({"of": Gaussian(h, 1)}, "of must hold numbers"),
    ({"of": PLANE, "dimensions": 1}, "dimensions must be a whole number at least 2"),
])  # fmt: skip
def test_what_is_no_estimate(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        KernelDensity(**arguments)


@pytest.mark.parametrize(("family", "parts", "words"), [
    (KernelDensity(PLANE, "scott"), {"n": 2}, "n must be above 2, the number of dimensions"),
    (KernelDensity(LINE, "scott"), {"mixing": FreshWeighted(0.5, 0.7)}, "count every point once"),
    (KernelDensity(), {"start": KernelDensity(LINE, 0.4)}, "start must have the bandwidth 0.5"),
    (KernelDensity(), {"start": KernelDensity(PLANE)}, "start must have 1 dimensions"),
    (KernelDensity(), {"bias": ScaleCovariance(0.9)}, "family must be a Gaussian"),
])  # fmt: skip
def test_what_is_no_loop(family: Any, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        FeedbackLoop(family, **{"mixing": Replace(), "n": 8, **parts})


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--family", "KernelDensity", "--bandwidth", "scott", "--mixing", "Replace")
    assert main(["predict", *flags, "--n", "10", "--generations", "2"]) == 0
    assert "1.685" in capsys.readouterr().out
