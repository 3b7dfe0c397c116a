"""What theory says, and from where it knows: theorems behind `predict` for Gaussian loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from hallofillusions import (
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FreshSplit,
    Gaussian,
    Median,
    Replace,
    ScaleCovariance,
    TailMass,
    Temperature,
    predict,
    theorems,
)
from hallofillusions.observables import defaults
from hallofillusions.observables.base import (
    LogVarianceRatio,
    Monomial,
    Tail,
    VarianceQuantile,
    monomial,
)
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.observables.standard_deviation import StandardDeviation
from hallofillusions.observables.variance import Variance

MODEL_TAIL, REAL_TAIL = TailMass(3.0, "model"), TailMass(3.0, "real")
ROUNDING = 1e-12


def loop(n: Any = 10, **parts: Any) -> FeedbackLoop:
    return FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=n, **parts)


def provided(one: FeedbackLoop, name: str, functional: Any, when: Any) -> Any:
    law = theorems()[name].provides(one, functional)
    assert law is not None
    return law(np.asarray(when))


# -- sources -------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [{}, {"estimator": Bessel()}, {"start": FirstFit()},
                                   {"bias": ScaleCovariance(0.9)}, {"bias": Temperature(1.1)},
                                   {"start": Gaussian(0, 3)}], ids=str)  # fmt: skip
def test_replace_is_known_but_for_the_tail_about_the_real_mean(parts: Any) -> None:
    prediction = predict(loop(**parts), 3)
    sources = {label: prediction.entry(label).source for label in prediction.known}
    recursion = ("mean", "variance", "squared error of the mean", "squared variance")
    logs = "gaussian_log_variance and gaussian_moments"
    assert sources == {
        **dict.fromkeys(recursion, "recursion"),
        "log-variance": "gaussian_log_variance",
        MODEL_TAIL.label: "gaussian_tail_mass",
        Median(MODEL_TAIL).label: "gaussian_variance_law",
        "squared Wasserstein-2 distance": "gaussian_moments and recursion",
        "KL(real || model)": logs,
        "held-out real log-loss": logs,
    }
    assert set(prediction.unknown) == {REAL_TAIL.label, Median(REAL_TAIL).label}
    for label in prediction.known:
        assert np.isfinite(prediction[label]).all()
        assert prediction[label].shape == (4,)


def test_fresh_split_says_what_is_unknown() -> None:
    fresh = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=0.9), n=10)
    prediction = predict(fresh, 3)
    assert prediction.known == (
        "mean", "variance", "squared error of the mean", "squared variance"
    )  # fmt: skip
    assert prediction.unknown["log-variance"] == (
        "no theorem known for E log(σ²/σ₀²) of this loop; simulate it"
    )
    assert len(prediction.unknown) == len(defaults(fresh.family)) - 4
    assert all("simulate it" in reason for reason in prediction.unknown.values())


FUNCTIONALS = (
    monomial(v=0.5), monomial(v=-1), monomial(delta=2, v=-1), LogVarianceRatio(),
    Tail(3.0, "model"), VarianceQuantile(0.5),
)  # fmt: skip


@pytest.mark.parametrize("functional", FUNCTIONALS, ids=str)
def test_theorems_speak_of_their_own_loops_only(functional: Any) -> None:
    names = ("gaussian_moments", "gaussian_log_variance", "gaussian_tail_mass",
             "gaussian_variance_law")  # fmt: skip
    others = (
        FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=(0.5, 0.8)), n=(2, 10)),
        FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=0.9), n=10),
        loop(n=1),
        loop(n=(3, 1)),
    )
    for name in names:
        assert all(theorems()[name].provides(other, functional) is None for other in others)
    assert sum(theorems()[name].provides(loop(), functional) is not None for name in names) == 1
    assert theorems()["gaussian_moments"].applies(loop(n=1)) == (
        "n must be at least 2 in every generation, or no variance is left"
    )


def test_odd_moments_of_the_mean_are_left_alone() -> None:
    law = theorems()["gaussian_moments"].provides
    assert law(loop(), Monomial((("delta", 1.0), ("v", 0.5)))) is None
    assert law(loop(), Monomial((("x", 2.0),))) is None


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("power", "shift"), [(1, 0), (2, 0), (1, 2)])
@pytest.mark.parametrize("parts", [{}, {"estimator": Bessel()}, {"start": FirstFit()},
                                   {"bias": ScaleCovariance(0.9), "start": FirstFit()},
                                   {"start": Gaussian(0, 3)}, {"n": (5, 3, 9, 4, 7)}],
                         ids=str)  # fmt: skip
def test_moments_agree_with_the_engine(power: int, shift: int, parts: Any) -> None:
    from hallofillusions import derive

    one, wanted = loop(**parts), {"v": power, **({"delta": shift} if shift else {})}
    recursion = derive(one, monomials=[wanted])
    expected = recursion.iterate(5)[:, recursion.index(**wanted)]
    got = provided(one, "gaussian_moments", monomial(**wanted), range(6))
    np.testing.assert_allclose(got, expected, rtol=ROUNDING)


@pytest.mark.parametrize("estimator", [{}, {"estimator": Bessel()}], ids=["MLE", "Bessel"])
@pytest.mark.parametrize("power", [-1.0, -0.5, 0.5, 1.5])
def test_closed_forms_are_the_sums_that_are_evaluated(estimator: Any, power: float) -> None:
    from hallofillusions.derivations import gaussian_moments as home
    from hallofillusions.derivations._replace import numbers

    one, when = loop(n=7, **estimator), np.arange(7)
    values = numbers(home.moment, one, when, s=power)
    np.testing.assert_allclose(
        provided(one, "gaussian_moments", monomial(v=power), when), values, rtol=ROUNDING
    )
    if (power, bool(estimator)) != (0.5, False):  # there r = 1, and the sum is g
        walk = numbers(home.walk, one, when, s=power)
        got = provided(one, "gaussian_moments", monomial(delta=2, v=power), when)
        np.testing.assert_allclose(got, values * walk, rtol=1e-10)
    else:
        assert numbers(home.r, one, 0, s=power) == pytest.approx(1)


@pytest.mark.parametrize("label", ["KL(real || model)", "squared Wasserstein-2 distance"])
@pytest.mark.parametrize("estimator", [{}, {"estimator": Bessel()}], ids=["MLE", "Bessel"])
def test_the_printed_forms_of_kl_and_wasserstein(label: str, estimator: Any) -> None:
    name = {"KL(real || model)": "gaussian_kl"}.get(label, "gaussian_wasserstein")
    one = loop(n=50, **estimator)
    for attack in theorems()[name].confrontations():
        if attack.loop.estimator == one.estimator:
            predicted = predict(attack.loop, max(attack.generations))[label]
            np.testing.assert_allclose(
                predicted[list(attack.generations)], attack.predicted, rtol=1e-10
            )


def test_moments_that_do_not_exist_are_infinite() -> None:
    values = provided(loop(n=3), "gaussian_moments", monomial(v=-1), [0, 1, 2])
    assert values[0] == pytest.approx(0.5)
    assert np.isinf(values[1:]).all()
    assert np.isinf(predict(loop(n=3), 2)["KL(real || model)"][1:]).all()
    scheduled = provided(loop(n=(9, 3, 9)), "gaussian_moments", monomial(v=-1), range(4))
    assert list(np.isinf(scheduled)) == [False, False, True, True]


@pytest.mark.parametrize(
    ("n", "g", "t", "value", "digit"),
    [(10, 5, 2.0, 0.0556459, 1e-7), (100, 1000, 3.0, 0.00252014, 1e-8)],
)
def test_reference_tails(n: int, g: int, t: float, value: float, digit: float) -> None:
    one = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=n, estimator=Bessel())
    got = provided(one, "gaussian_tail_mass", Tail(t, "model"), [g])[0]
    assert abs(got - value) <= digit / 2
    wrong = provided(replace(one, n=n + 1), "gaussian_tail_mass", Tail(t, "model"), [g])[0]
    assert abs(wrong - value) > 100 * digit


def test_the_tail_starts_as_the_normal_one_and_then_integrates_over_chi_square() -> None:
    one = loop(n=6, bias=ScaleCovariance(0.8))
    normal, first = provided(one, "gaussian_tail_mass", Tail(2.0, "model"), [0, 1])
    assert normal == pytest.approx(2 * stats.norm.sf(2), rel=1e-10)
    average = stats.chi2(5).expect(lambda c: 2 * stats.norm.sf(2 / np.sqrt(0.8 * c / 6)), epsabs=0)
    assert first == pytest.approx(average, rel=1e-7)


def test_the_law_of_one_generation_is_a_scaled_chi_square() -> None:
    one = loop(n=4, estimator=Bessel())
    for p in (0.1, 0.5, 0.9):
        start, first = provided(one, "gaussian_variance_law", VarianceQuantile(p), [0, 1])
        assert start == pytest.approx(2)
        assert first == pytest.approx(2 * stats.chi2.ppf(p, 3) / 3, rel=1e-9)


def test_the_mean_tail_and_the_median_tail_tell_two_stories() -> None:
    """Replace, n = g = 100: THEORY.md, corollary 4, about the model's own mean."""
    real = 2 * stats.norm.sf(3)
    ratios = {}
    for name, parts in {"MLE": {}, "Bessel": {"estimator": Bessel()}}.items():
        prediction = predict(loop(n=100, **parts), 100, [MODEL_TAIL])
        ratios[name] = prediction[MODEL_TAIL.label][100] / real
    assert ratios["MLE"] == pytest.approx(1.4878, abs=1e-4)
    assert ratios["Bessel"] == pytest.approx(6.9769, abs=1e-4)


@pytest.mark.parametrize("parts", [{}, {"estimator": Bessel()}], ids=["MLE", "Bessel"])
def test_the_median_tail_tells_the_other_story(parts: dict[str, Any]) -> None:
    typical = Median(MODEL_TAIL)
    assert predict(loop(n=100, **parts), 100, [typical], at=[100])[typical.label][100] < 1e-6


def test_closed_forms_are_evaluated_where_they_are_wanted() -> None:
    watched = [Median(Variance()), LogVariance(), Variance()]
    every = predict(loop(n=20), 6, watched)
    some = predict(loop(n=20), 6, watched, at=(4, 0))
    for observable in watched[:2]:
        found = some[observable.label]
        assert np.flatnonzero(np.isfinite(found)).tolist() == [0, 4]
        np.testing.assert_array_equal(found[[0, 4]], every[observable.label][[0, 4]])
        assert some.entry(observable.label).source == every.entry(observable.label).source
    np.testing.assert_array_equal(some["variance"], every["variance"])


def test_five_times_about_the_real_mean_is_near_its_limit() -> None:
    """THEORY.md, 4.9: Student t with 4 degrees of freedom over √2, here only as a number."""
    ratio = stats.t.sf(3 * np.sqrt(2), 4) / stats.norm.sf(3)
    assert ratio == pytest.approx(4.90, abs=0.01)


def test_collapse_is_almost_sure_where_the_mean_never_moves() -> None:
    one = loop(n=10, estimator=Bessel())
    prediction = predict(one, 1000)
    assert prediction["variance"] == pytest.approx(2)
    expected = 1000 * (special.digamma(4.5) - np.log(4.5))
    assert prediction[LogVariance().label][1000] == pytest.approx(expected)


def test_a_bias_and_a_start_enter_where_they_should() -> None:
    sigma = StandardDeviation()
    plain, cold = (predict(loop(**p), 3, [sigma])[sigma.label]
                   for p in ({}, {"bias": ScaleCovariance(0.81)}))  # fmt: skip
    assert cold == pytest.approx(plain * 0.9 ** np.arange(4))
    tempered = predict(loop(bias=Temperature(0.81)), 3, [sigma])[sigma.label]
    assert tempered == pytest.approx(cold)
    late = predict(loop(bias=ScaleCovariance(0.81), start=FirstFit()), 3, [sigma])[sigma.label]
    assert late == pytest.approx(plain * 0.9 ** np.array([0, 0, 1, 2]))
    wide = predict(loop(start=Gaussian(7, 8)), 3, [sigma])[sigma.label]
    assert wide == pytest.approx(2 * plain)


def test_large_sizes_and_many_generations_stay_finite() -> None:
    for n in (2, 1000, 100_000):
        one = loop(n=n)
        for name, functional in (
            ("gaussian_moments", monomial(v=0.5)),
            ("gaussian_log_variance", LogVarianceRatio()),
            ("gaussian_tail_mass", Tail(3.0, "model")),
            ("gaussian_variance_law", VarianceQuantile(0.5)),
        ):
            assert np.isfinite(provided(one, name, functional, [0, 1, 1000])).all()


def test_numbers_stand_in_for_theorems_with_a_stated_error() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=50)
    plain, numerical = predict(loop, 5), predict(loop, 5, numerical=True)
    assert set(plain.known) < set(numerical.known)
    assert "one-step kernel" in numerical.entry("log-variance").source
    assert str(numerical.entry("log-variance").kind) == "numerical"
    error = numerical.entry(MODEL_TAIL.label).error
    assert error is not None
    assert (error <= 1e-3 * numerical[MODEL_TAIL.label]).all()
    assert numerical.entry("variance").error is None
    assert numerical[Median(MODEL_TAIL).label][5] < numerical[MODEL_TAIL.label][5]


def test_a_pool_of_points_has_no_kernel_of_few_numbers() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=AccumulateSubsample(), n=10)
    reason = predict(loop, 3, [MODEL_TAIL], numerical=True).unknown[MODEL_TAIL.label]
    assert "depends on the single points of the pool" in reason
