"""The engine: recursions against brute force that shares no code with it."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
import pytest
import sympy as sp

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    Memory,
    NotClosed,
    Replace,
    ScaleCovariance,
    Temperature,
    derive,
    predict,
)
from hallofillusions.biases.base import SamplingBias
from hallofillusions.engine import Engine
from hallofillusions.loop import Clock
from hallofillusions.observables.base import Combination, Observable, monomial
from hallofillusions.symbols import alpha, g, n, sigma_0

SYMBOLIC = {"family": Gaussian(), "n": n}


def wick(pattern: tuple[int, ...], mean: Any, variance: Any) -> Any:
    """E of a product of powers of independent normals, one power each."""
    value = sp.Integer(1)
    for power in pattern:
        value *= sum(
            sp.binomial(power, 2 * j) * mean ** (power - 2 * j) * variance**j
            * sp.factorial2(2 * j - 1)
            for j in range(power // 2 + 1)
        )
    return value


@pytest.mark.parametrize("size", [2, 3])
def test_one_generation_of_replace_by_brute_force(size: int) -> None:
    """E f(training mean, training variance) expanded point by point, for all f of weight 4."""
    delta, v = sp.symbols("delta v")
    points = sp.symbols(f"x:{size}")
    mean = sp.Add(*points) / size
    variance = sp.Add(*(p**2 for p in points)) / size - mean**2
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=size)
    recursion = derive(loop, 4)
    C, c = recursion.matrix(symbolic=False), recursion.constant(symbolic=False)
    state = sp.Matrix([delta**i * v**j for i, j in recursion.basis])
    for row, (i, j) in enumerate(recursion.basis):
        polynomial = sp.Poly(sp.expand(mean**i * variance**j), *points)
        brute = sum(coefficient * wick(powers, delta, v)
                    for powers, coefficient in polynomial.terms())  # fmt: skip
        assert sp.expand(brute - (C[row, :] * state)[0] - c[row]) == 0


@pytest.mark.parametrize("size", [3, 6])
def test_a_subsampled_pool_has_moments_of_order_ten(size: int) -> None:
    """E of the tenth power of the mean of ``size`` of six given points, over all subsets."""
    pool = [Fraction(x) for x in (-2, 1, 1, 3, 4, -1)]
    engine = Engine(FeedbackLoop(family=Gaussian(), mixing=AccumulateSubsample(), n=size), 10, {})
    claim = engine._generating(first=True).moment((10, 0))
    clock = Clock(1, Fraction(size), Fraction(6), Fraction(1))
    values = AccumulateSubsample().atoms(clock)
    values |= {f"memory_{k}": sum(x**k for x in pool) / 6 for k in range(1, 11)}
    found = sum(
        Fraction(int(c.numerator), int(c.denominator))
        * prod(values[name] ** p for name, p in zip(engine.gens, powers, strict=True) if p)
        for powers, c in claim.terms()
    )
    means = [sum(chosen) / size for chosen in combinations(pool, size)]
    assert found == sum(m**10 for m in means) / len(means)


@pytest.mark.slow
def test_a_subsampled_pool_has_a_recursion_of_order_nine() -> None:
    recursion = derive(FeedbackLoop(family=Gaussian(), mixing=AccumulateSubsample(), n=3), 9)
    assert max(i + 2 * j for *_, i, j in recursion.basis) == 9


def test_split_and_mixture_differ_in_the_second_cumulant_only_by_the_gap() -> None:
    split = derive(FeedbackLoop(mixing=FreshSplit(alpha), **SYMBOLIC))
    mixture = derive(FeedbackLoop(mixing=FreshMixture(alpha), **SYMBOLIC))
    i = split.index(delta=2)
    gap = (mixture.matrix() - split.matrix())[i, i]
    assert sp.simplify(gap - alpha * (1 - alpha) / n) == 0


def test_fixed_point_and_rates_of_the_fresh_split() -> None:
    recursion = derive(FeedbackLoop(mixing=FreshSplit(alpha), **SYMBOLIC))
    effective = n * (1 - alpha**2) + alpha
    fixed = recursion.fixed_point()
    assert fixed is not None
    assert sp.simplify(fixed["v"] - sigma_0**2 * (1 - 1 / effective)) == 0
    assert sp.simplify(fixed["delta^2"] - sigma_0**2 / effective) == 0
    rho = alpha**2 - alpha / n
    assert {sp.simplify(rate - rho) for rate in recursion.rates()} >= {sp.Integer(0)}


def test_bessel_doubles_the_variance_with_one_fresh_point_at_every_n() -> None:
    loop = FeedbackLoop(mixing=FreshSplit(1 - 1 / n), estimator=Bessel(), **SYMBOLIC)
    fixed = derive(loop).fixed_point()
    assert fixed is not None
    assert sp.simplify(fixed["v"] - 2 * sigma_0**2) == 0


def test_replace_keeps_its_conserved_moment_and_bessel_diverges() -> None:
    fixed = derive(FeedbackLoop(mixing=Replace(), **SYMBOLIC)).fixed_point()
    assert fixed is not None
    assert fixed["v"] == 0
    assert sp.simplify(fixed["delta^2"] - sigma_0**2) == 0
    unbiased = FeedbackLoop(mixing=Replace(), estimator=Bessel(), **SYMBOLIC)
    assert derive(unbiased).fixed_point() is None


def test_fixed_set_of_two_in_eight() -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=FixedReal(0.75), n=8, start=Memory())
    recursion = derive(loop)
    shares = 1 - recursion.iterate(3)[1:, recursion.index(v=1)]
    assert shares == pytest.approx([0.5, 0.546875, 0.56884765625], rel=1e-12)
    limit = recursion.fixed_point(symbolic=False)
    far = recursion.iterate(500)[-1, recursion.index(v=1)]
    assert limit is not None
    assert float(limit["v"]) == pytest.approx(far, rel=1e-12)


def test_schedules_enter_through_the_clock() -> None:
    steps = [(Fraction(1, 2), 4), (Fraction(4, 5), 10), (Fraction(1, 4), 8)]
    loop = FeedbackLoop(
        family=Gaussian(),
        mixing=FreshSplit(tuple(a for a, _ in steps)),
        n=tuple(s for _, s in steps),
    )
    recursion = derive(loop)
    S, M = 1.0, 0.0
    for a, size in ((float(a), s) for a, s in steps):
        inner = a * S + (1 - a)
        S, M = a * (1 - a) * M + (1 - 1 / size) * inner, a * a * M + inner / size
    last = recursion.iterate(3)[-1]
    assert last[recursion.index(v=1)] == pytest.approx(S, rel=1e-13)
    assert last[recursion.index(delta=2)] == pytest.approx(M, rel=1e-13)
    with pytest.raises(InputError, match="schedule of 3 entries"):
        recursion.iterate(4)
    with pytest.raises(InputError, match="no fixed point"):
        recursion.fixed_point()


@pytest.mark.parametrize(
    "mixing",
    [Replace(), FreshSplit(0.6), FreshMixture(0.6), FixedReal(0.6), FixedPool(0.6, 7),
     Accumulate(), AccumulateSubsample()],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
@pytest.mark.parametrize("estimator", [None, Bessel()], ids=["MLE", "Bessel"])
@pytest.mark.parametrize("start", [None, FirstFit(), Gaussian(1, 3)], ids=["T", "F", "G"])
def test_symbols_and_numbers_are_the_same(mixing: Any, estimator: Any, start: Any) -> None:
    parts = {k: v for k, v in (("estimator", estimator), ("start", start)) if v is not None}
    bias = ScaleCovariance(0.5)
    loop = FeedbackLoop(family=Gaussian(0, 2), mixing=mixing, n=5, bias=bias, **parts)
    recursion = derive(loop)
    x = recursion.iterate(3)
    state = recursion.initial(symbolic=False)
    assert np.allclose(x[0], np.array(state.tolist(), dtype=float)[:, 0], rtol=1e-12)
    state = recursion.after_first(symbolic=False)
    for row in (1, 2, 3):
        if row > 1:
            state = recursion.step(state, symbolic=False).subs(g, row)
        assert np.allclose(x[row], np.array(state.tolist(), dtype=float)[:, 0], rtol=1e-10)


def test_infinite_n_limits() -> None:
    lam = 0.9
    loop = FeedbackLoop(
        family=Gaussian(0, 3), mixing=FreshSplit(0.8), n=10**9, bias=ScaleCovariance(lam)
    )
    fixed = derive(loop).fixed_point(symbolic=False)
    assert fixed is not None
    assert float(fixed["v"]) == pytest.approx(3 * 0.2 / (1 - 0.8 * lam), rel=1e-8)


def test_temperature_is_a_scaled_covariance_for_the_gaussian() -> None:
    hot = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.5), n=4, bias=Temperature(1.5))
    wide = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(0.5), n=4, bias=ScaleCovariance(1.5))
    assert np.array_equal(derive(hot, 4).iterate(9), derive(wide, 4).iterate(9))


def test_a_file_as_memory_is_conditioned_on() -> None:
    rows = np.array([0.0, 1.0, 1.5, 4.0])
    loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FixedPool(0.5, 4), n=6, start=Memory())
    recursion = derive(loop, data=rows)
    x = recursion.iterate(1)
    assert x[1, recursion.index(v=1)] == pytest.approx(rows.var())
    assert x[1, recursion.index(delta=1)] == pytest.approx(rows.mean() - 1)
    with pytest.raises(InputError, match="4 rows"):
        derive(loop, data=rows[:3])


class Sharpening(SamplingBias):
    """A sampler whose variance is the square of the model's: its moments do not close."""

    def draw(self, family: Any, model: Any, shape: Any, rng: Any) -> Any:
        raise NotImplementedError

    def claim(self, family: Any, label: Any, state: Any) -> Any:
        return family.moment(label, {**state, "v": state["v"] * state["v"]})


def test_not_closed_names_the_monomial() -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=5, bias=Sharpening())
    with pytest.raises(NotClosed, match=r"no finite recursion holds delta\^2: .* v\^2") as caught:
        derive(loop)
    assert caught.value.monomial == "delta^2"
    with pytest.raises(NotClosed, match=r"v\^0.5"):
        derive(FeedbackLoop(family=Gaussian(), mixing=Replace(), n=5), monomials=[{"v": 0.5}])


class FourthPower(Observable):
    """A user's own observable with a polynomial claim."""

    label = "fourth power of the error"

    def measure(self, family: Any, model: Any) -> Any:
        return (model["mean"] - float(family.mean)) ** 4

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(delta=4)),))


def test_a_users_observable_is_predicted() -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=10)
    values = predict(loop, 1, [FourthPower()])["fourth power of the error"]
    assert values == pytest.approx([0, 3 / 100])


@pytest.mark.parametrize("bad", [-1, 1.5, True, "3", None])
def test_generations_must_be_a_whole_number(bad: Any) -> None:
    loop = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=10)
    with pytest.raises(InputError, match="generations must be a whole number at least 0"):
        predict(loop, bad)
    with pytest.raises(InputError, match="order must be a whole number"):
        derive(loop, bad if bad != 1.5 else 0)


def test_what_is_no_loop_and_what_overflows() -> None:
    from hallofillusions import diagnose, sweep

    for verb in (derive, diagnose, lambda x: predict(x, 3), lambda x: sweep(x, n=[5])):
        with pytest.raises(InputError, match="loop must be a FeedbackLoop, got 3"):
            verb(3)
    wild = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=10, bias=ScaleCovariance(10))
    assert predict(wild, 2000)["variance"][-1] == np.inf
    assert derive(wild, np.int64(4)).names == derive(wild, 4).names
