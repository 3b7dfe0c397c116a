"""The law on a grid against exact moments, exact laws and simulation.

Against what is exact, the stated error is the only tolerance: nothing is random there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import digamma

import hallofillusions as h
from hallofillusions import transition
from hallofillusions.observables.base import (
    LogVarianceRatio,
    Monomial,
    Tail,
    VarianceQuantile,
    monomial,
)
from hallofillusions.observables.median import Median
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.variance import Variance
from hallofillusions.transition.quadrature import compressed, log_chi_square, stencil
from tests.statistics import MARGIN, critical, seed

REAL = h.Gaussian(1, 2)
BESSEL = h.Bessel()
LOOPS = {
    "split": h.FeedbackLoop(REAL, mixing=h.FreshSplit(0.9), n=50),
    "split, off centre, biased": h.FeedbackLoop(
        REAL, mixing=h.FreshSplit(0.8), n=20, estimator=BESSEL, start=h.Gaussian(2, 1),
        bias=h.ScaleCovariance(0.9),
    ),
    "mixture": h.FeedbackLoop(REAL, mixing=h.FreshMixture(0.8), n=30),
    "fixed": h.FeedbackLoop(REAL, mixing=h.FixedReal(0.5), n=20),
    "fixed, memory": h.FeedbackLoop(
        REAL, mixing=h.FixedReal(0.5), n=20, estimator=BESSEL, start=h.Memory()
    ),
    "pool": h.FeedbackLoop(REAL, mixing=h.Accumulate(), n=20, estimator=BESSEL),
    "schedules": h.FeedbackLoop(
        REAL, mixing=h.FreshSplit((0.9, 0.9, 0.5, 0.5)), n=(20, 40, 20, 20),
        bias=h.Temperature(1.1), start=h.FirstFit(),
    ),
}  # fmt: skip
GENERATIONS = 4
SAMPLED = ("split", "mixture", "fixed", "fixed, memory", "pool")
COMPARISONS = len(SAMPLED) * 2 * GENERATIONS


def law(loop, functional, generations=GENERATIONS):
    found = transition.law(loop, functional, generations)
    assert not isinstance(found, str), found
    return found


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("powers", [{"v": 1}, {"v": 2}, {"delta": 2}], ids=str)
def test_moments_are_those_of_the_recursion_to_the_stated_error(loop, powers):
    values, error = law(loop, monomial(**powers))
    recursion = h.derive(loop, monomials=[powers])
    exact = recursion.iterate(GENERATIONS)[:, recursion.index(**powers)]
    assert np.all(np.abs(values - exact) <= error + 1e-12)
    assert np.all(error[1:] <= 1e-4 * exact[1:])
    if "v" in powers:
        other = BESSEL if loop.estimator != BESSEL else h.MaximumLikelihood()
        rival = h.derive(replace(loop, estimator=other), monomials=[powers])
        assert abs(rival.iterate(GENERATIONS)[-1, rival.index(**powers)] - values[-1]) > error[-1]


@pytest.mark.parametrize("n", [10, 100])
def test_replace_is_the_meijer_g_law(n):
    loop = h.FeedbackLoop(REAL, mixing=h.Replace(), n=n, bias=h.ScaleCovariance(0.9))
    tail, typical = TailMass(2.0, "model"), Median(Variance())
    exact = h.predict(loop, 30, [tail, typical])
    values, error = law(loop, Tail(2.0, "model"), 30)
    assert np.all(np.abs(values - exact[tail.label]) <= error + 1e-13)
    assert np.all(error <= 1e-4 * np.maximum(values, 1e-2 * values.max()))
    found = transition.variance_quantile(loop, 0.5, 30)
    assert np.all(np.abs(2 * found.values - exact[typical.label]) <= 2 * found.error + 1e-12)


def test_replace_has_a_known_logarithm():
    loop = h.FeedbackLoop(REAL, mixing=h.Replace(), n=10)
    values, error = law(loop, LogVarianceRatio(), 20)
    exact = np.arange(21) * (digamma(4.5) - np.log(5))
    assert np.all(np.abs(values - exact) <= error + 1e-12)


def test_one_fit_has_a_known_tail_about_the_real_mean():
    """n = 3: the tail of the reversed chain agrees with a plain average over (μ, σ²)."""
    loop = h.FeedbackLoop(h.Gaussian(), mixing=h.Replace(), n=12)
    values, error = law(loop, Tail(1.5, "real"), 1)
    x, w = log_chi_square(11.0)
    exact = w @ transition._beyond(1.5, 0.0, 1 / 12 + np.exp(x) / 12)
    assert abs(values[1] - exact) <= error[1]


@pytest.mark.parametrize("name", SAMPLED)
def test_tails_are_those_of_simulated_loops(name):
    loop = LOOPS[name]
    watched = [TailMass(2.0, about) for about in ("model", "real")]
    run = h.simulate(loop, GENERATIONS, replicates=60_000, rng=seed("transition", name),
                     observables=watched)  # fmt: skip
    other = BESSEL if loop.estimator != BESSEL else h.MaximumLikelihood()
    for tail in watched:
        deviation = run.standard_error(tail)[1:]
        values, error = law(loop, Tail(2.0, tail.about))
        rival, _ = law(replace(loop, estimator=other), Tail(2.0, tail.about))
        assert np.all(error[1:] < 0.05 * deviation)
        assert np.abs((rival - values)[1:] / deviation).max() > critical(COMPARISONS) + MARGIN
        z = (run.mean(tail)[1:] - values[1:]) / deviation
        assert np.abs(z).max() < critical(COMPARISONS)
        assert np.abs((run.mean(tail)[1:] - rival[1:]) / deviation).max() > critical(COMPARISONS)


@pytest.mark.parametrize("name", ["split", "fixed, memory", "pool"])
def test_the_median_halves_simulated_loops(name):
    """The share of replicates below the predicted median is binomial with probability ½."""
    loop, count = LOOPS[name], 60_000
    run = h.simulate(loop, GENERATIONS, replicates=count, rng=seed("median", name),
                     observables=[Variance()], keep=[1, GENERATIONS])  # fmt: skip
    values, _ = law(loop, VarianceQuantile(0.5))
    mean, _ = law(loop, monomial(v=1))
    for row, g in enumerate((1, GENERATIONS)):
        z, rival = (
            (np.mean(run.values[0, row] <= x[g]) - 0.5) * 2 * np.sqrt(count) for x in (values, mean)
        )
        assert abs(z) < critical(6) < abs(rival)


@pytest.mark.slow
def test_the_stationary_tail_of_one_fresh_point():
    """THEORY.md, section 4.8: a simulation gave .01170 ± .00014, four times the real tail."""
    loop = h.FeedbackLoop(h.Gaussian(), mixing=h.FreshSplit(1 - 1 / 400), n=400)
    values, error = law(loop, Tail(3.0, "real"), 1500)
    assert abs(values[-1] - 0.01170) < 4 * 0.00014
    assert error[-1] < 2e-6


@pytest.mark.parametrize(
    ("mixing", "reason"),
    [(h.FixedPool(0.5, 10), "single points"), (h.AccumulateSubsample(), "single points")],
)
def test_a_pool_of_points_is_refused(mixing, reason):
    loop = h.FeedbackLoop(REAL, mixing=mixing, n=10)
    assert reason in transition.law(loop, Tail(2.0, "real"), 3)


@pytest.mark.parametrize(
    ("loop", "functional"),
    [
        (h.FeedbackLoop(REAL, mixing=h.Replace(), n=3), monomial(v=-2)),  # infinite
        (h.FeedbackLoop(REAL, mixing=h.FreshSplit(0.5), n=2), monomial(v=0.5)),
        (h.FeedbackLoop(REAL, mixing=h.FixedReal(real=1), n=10), monomial(v=0.5)),
        (LOOPS["split"], monomial(delta=0.5)),
        (LOOPS["fixed"], VarianceQuantile(0.5)),
    ],
)
def test_what_cannot_be_known_well_is_refused(loop, functional):
    assert isinstance(transition.law(loop, functional, 3), str)


def test_the_start_is_exact_and_odd_moments_vanish():
    values, error = law(LOOPS["split, off centre, biased"], Tail(2.0, "real"), 0)
    assert values == pytest.approx(transition._beyond(2.0, 0.5**0.5, 0.5), abs=1e-15)
    assert error == 0
    assert np.all(law(LOOPS["split"], monomial(delta=1))[0] == 0)
    assert law(LOOPS["split"], Monomial())[0] == pytest.approx(np.ones(GENERATIONS + 1), abs=1e-9)


@pytest.mark.parametrize("dof", [1.0, 2.0, 7.0, 300.0])
def test_log_chi_square_nodes(dof):
    x, w = log_chi_square(dof)
    assert w @ x == pytest.approx(digamma(dof / 2) + np.log(2), abs=1e-9)
    assert w @ np.exp(x) == pytest.approx(dof, rel=1e-9)
    (few,), (odds,) = compressed(x[None], w, 9)
    for power in range(18):
        scale = np.abs(w @ np.abs(x) ** power)
        assert odds @ few**power == pytest.approx(w @ x**power, abs=1e-9 * scale)


def test_local_interpolation_is_exact_for_its_degree():
    nodes, at = np.arange(12.0), np.linspace(-1, 12, 40)
    first, weights = stencil(at, 12)
    for power in range(8):
        values = sum(w * nodes[first + k] ** power for k, w in enumerate(weights))
        assert values == pytest.approx(np.clip(at, 0, 11) ** power, rel=1e-9, abs=1e-7)
