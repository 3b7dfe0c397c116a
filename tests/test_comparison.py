"""compare: its error rates, its honesty about power and about heavy tails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import (
    Bessel,
    FeedbackLoop,
    FreshSplit,
    Gaussian,
    InputError,
    LogVariance,
    Prediction,
    Replace,
    ScaleCovariance,
    Trajectory,
    Variance,
    compare,
    predict,
    simulate,
)
from hallofillusions.comparison import AGREES, DISAGREES, WEAK, unskewed
from hallofillusions.steps import StepResiduals

LOOP = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.9), n=20)
WATCHED = [Variance()]


def run(loop: Any = LOOP, generations: int = 5, **options: Any) -> Any:
    options = {"replicates": 5000, "rng": 11, "observables": WATCHED, **options}
    return simulate(loop, generations, **options)


def test_the_right_theory_agrees_and_a_wrong_lambda_does_not() -> None:
    trajectory = run()
    right = compare(predict(LOOP, 5, WATCHED), trajectory)
    assert right.detectable("variance") < 0.05
    assert right.verdict == AGREES
    wrong = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.9), n=20, bias=ScaleCovariance(0.9))
    assert compare(predict(wrong, 5, WATCHED), trajectory).verdict == DISAGREES


def test_few_replicates_are_too_weak_to_tell() -> None:
    weak = compare(predict(LOOP, 5, WATCHED), run(replicates=20))
    assert weak.verdict == WEAK
    needed = weak.replicates_needed("variance")
    assert needed > 20
    enough = compare(predict(LOOP, 5, WATCHED), run(replicates=3 * needed))
    assert enough.verdict == AGREES


def test_false_alarm_rate_is_the_stated_one() -> None:
    """400 comparisons at level 0.2: the number of alarms is binomial with at most that rate."""
    from scipy.stats import binomtest

    prediction = predict(LOOP, 3, WATCHED)
    alarms = sum(
        bool(compare(prediction, run(generations=3, replicates=2000, rng=seed), level=0.2).rejected)
        for seed in range(400)
    )
    assert binomtest(alarms, 400, 0.2, alternative="greater").pvalue > 1e-4
    assert binomtest(alarms, 400, 0.08, alternative="less").pvalue > 1e-4  # and it can alarm


def shifted_by(*gaps: float, replicates: int = 100_000) -> Any:
    """Runs of mean 0 and standard error 1 at each g, without skewness, against those numbers."""
    size = (replicates - 1) ** 0.5
    runs = np.tile([[size], [-size]], (replicates // 2, len(gaps)))
    trajectory = Trajectory.from_arrays(LOOP, first=0, score=runs)
    return compare(Prediction.from_arrays(LOOP, score=gaps), trajectory, level=0.01, power=0.8)


@pytest.mark.parametrize("replicates", [20, 1000])
def test_z_and_p_are_student_s(replicates: int) -> None:
    """Without skewness a cell is the textbook's test, and its adjusted p is Holm's."""
    gaps = (1.0, -2.2, 3.1)
    comparison = shifted_by(*gaps, replicates=replicates)
    runs = comparison.trajectory.raw("score", 0)
    expected = np.array([stats.ttest_1samp(runs, gap).pvalue for gap in gaps])
    np.testing.assert_allclose([c.z for c in comparison.cells], np.negative(gaps), rtol=1e-9)
    np.testing.assert_allclose([c.p for c in comparison.cells], expected, rtol=1e-9)
    adjusted = np.maximum.accumulate([3, 2, 1] * np.sort(expected))  # Holm 1979
    found = sorted(comparison.adjusted.values())
    np.testing.assert_allclose(found, np.minimum(adjusted, 1), rtol=1e-9)


@pytest.mark.parametrize("skewness", [-1.5, 0.8])
def test_skewness_is_taken_out_by_a_cube(skewness: float) -> None:
    """Hall's (1992) transformation, written as the cube that makes it monotone."""
    a = skewness / 3 / 50**0.5
    for z in (-4.0, -0.5, 2.0):
        cube = ((1 + a * z) ** 3 - 1) / (3 * a) + a / 2
        assert unskewed(z, skewness, 50) == pytest.approx(cube, rel=1e-12)


def test_the_detectable_discrepancy_is_caught_at_the_stated_power() -> None:
    """It lies a normal quantile above the gap at which a cell is just rejected."""
    for count in (1, 5):
        quiet = shifted_by(*[0.0] * count)
        critical = quiet.cells[0].detectable - stats.norm.ppf(0.8)
        for share, rejected in ((0.99, 0), (1.01, 1)):
            gaps = [share * critical] + [0.0] * (count - 1)
            assert len(shifted_by(*gaps).rejected) == rejected


def test_heavy_tails_are_named_and_not_tested() -> None:
    """Bessel under Replace far beyond g = n/4: rare runs carry the mean (THEORY, section 10)."""
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=10, estimator=Bessel())
    comparison = compare(predict(loop, 60, WATCHED), run(loop, 60))
    assert any("heavy tail" in warning for warning in comparison.warnings)
    late = [c for c in comparison.cells if c.generation > 40]
    assert not any(c.tested for c in late)
    assert comparison.verdict != DISAGREES


def test_steps_keep_full_power_under_heavy_tails() -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=10, estimator=Bessel())
    trajectory = run(loop, 60, monitors=[StepResiduals.of(loop, 60)])
    assert compare(predict(loop, 60, WATCHED), trajectory).verdict_of("step of the variance") != (
        DISAGREES
    )
    biased = FeedbackLoop(
        family=Gaussian(), mixing=Replace(), n=10, estimator=Bessel(), bias=ScaleCovariance(0.95)
    )
    trajectory = run(biased, 60, monitors=[StepResiduals.of(loop, 60)])
    verdict = compare(predict(loop, 60, WATCHED), trajectory).verdict_of("step of the variance")
    assert verdict == DISAGREES


def test_a_user_s_arrays_meet_the_same_comparison() -> None:
    rng = np.random.default_rng(5)
    replicates, n = 4000, 20
    mean, variance = np.zeros(replicates), np.ones(replicates)
    rows = []
    for _ in range(4):
        points = rng.standard_normal((replicates, n))
        points[:, 2:] = mean[:, None] + np.sqrt(variance)[:, None] * points[:, 2:]
        mean, variance = points.mean(axis=1), points.var(axis=1)
        rows.append((mean, variance))
    means, variances = (np.array(part).T for part in zip(*rows, strict=True))
    trajectory = Trajectory.from_arrays(LOOP, first=1, mean=means, variance=variances)
    assert compare(predict(LOOP, 4, WATCHED), trajectory).verdict == AGREES
    mislabelled = Trajectory.from_arrays(LOOP, first=0, mean=means, variance=variances)
    assert compare(predict(LOOP, 4, WATCHED), mislabelled).verdict == DISAGREES


def test_table_and_text() -> None:
    comparison = compare(predict(LOOP, 5, WATCHED), run())
    table = comparison.table()
    assert list(table.index.names) == ["quantity", "generation"]
    assert {"predicted", "measured", "z", "p_holm", "detectable"} <= set(table.columns)
    assert str(comparison).startswith("agrees: ")
    assert comparison.to_dict()["quantities"]["variance"]["verdict"] == AGREES


@pytest.mark.parametrize("name", ["level", "power", "wanted"])
@pytest.mark.parametrize("bad", [0, 1, -0.1, 2])
def test_bad_rates(name: str, bad: float) -> None:
    with pytest.raises(InputError, match=f"{name} must be a number in"):
        compare(predict(LOOP, 5, WATCHED), run(replicates=10), **{name: bad})


def test_nothing_in_common() -> None:
    with pytest.raises(InputError, match="no quantity in common"):
        compare(predict(LOOP, 5, WATCHED), run(observables=[LogVariance()]))


@pytest.mark.parametrize("replicates", [10, 100, 1000])
@pytest.mark.parametrize(
    ("mixing", "n", "generations"),
    [(Replace(), 5, 3), (Replace(), 10, 40), (FreshSplit(0.9), 20, 20)],
    ids=str,
)
def test_few_replicates_of_skewed_laws_raise_no_false_alarm(
    mixing: Any, n: int, generations: int, replicates: int
) -> None:
    """All default observables at the sizes of a user's own runs: 25 honest runs, level 0.001."""
    loop = FeedbackLoop(family=Gaussian(), mixing=mixing, n=n)
    prediction = predict(loop, generations)
    alarms = sum(
        compare(prediction, simulate(loop, generations, replicates=replicates, rng=seed)).verdict
        == DISAGREES
        for seed in range(25)
    )
    assert alarms <= 1  # two or more have a chance of 3 in 10,000 at that level


def test_power_is_relative_to_each_generation_s_own_size() -> None:
    """A mean far from zero, or a quantity that has all but gone, makes no run look strong."""
    for where in (0, 1000):
        loop = FeedbackLoop(family=Gaussian(where, 1), mixing=Replace(), n=100)
        three = compare(predict(loop, 5), run(loop, replicates=3, observables=None))
        assert three.verdict == WEAK
    gone = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=20, bias=ScaleCovariance(0.5))
    late = compare(predict(gone, 40, WATCHED), run(gone, 40))
    assert late.verdict_of("variance") == WEAK


def test_rows_of_a_finite_file_are_not_compared_with_the_law_of_fresh_ones() -> None:
    rows = np.random.default_rng(2).normal(10, 2, 60)
    world = Gaussian(float(rows.mean()), float(rows.var()))
    loop = FeedbackLoop(family=world, mixing=FreshSplit(0.5), n=10)
    comparison = compare(predict(loop, 8), run(loop, 8, real=rows, observables=None))
    assert comparison.verdict == WEAK
    assert any("without replacement" in warning for warning in comparison.warnings)


def test_what_cannot_be_compared_is_told_in_a_sentence() -> None:
    with pytest.raises(InputError, match="prediction must be a Prediction, got 3"):
        compare(3, run(replicates=10))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level must be a number"):
        compare(predict(LOOP, 5, WATCHED), run(replicates=10), level="a")  # type: ignore[arg-type]
    other = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.5), n=20)
    assert "simulated was another loop" in str(compare(predict(other, 5, WATCHED), run()))
