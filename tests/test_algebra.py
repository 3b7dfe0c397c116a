"""The operators of the engine against known generating functions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import factorial

from hypothesis import given, settings
from hypothesis import strategies as st

from hallofillusions.algebra import Law, Series, powers_up_to

small = st.fractions(-2, 2, max_denominator=6)
weights = (1, 2)
every = [a for a in powers_up_to(weights, 5) if any(a)]
series = st.lists(small, min_size=len(every), max_size=len(every)).map(
    lambda values: Series(weights, 5, dict(zip(every, values, strict=True)))
)


def test_powers_are_all_of_the_weight() -> None:
    brute = {(i, j) for i, j in product(range(7), repeat=2) if i + 2 * j <= 6}
    assert set(powers_up_to((1, 2), 6)) == brute


@settings(deadline=None, max_examples=50)
@given(series)
def test_log_undoes_exp(K: Series) -> None:
    assert K.exp().log().terms == K.terms


@settings(deadline=None, max_examples=25)
@given(series, series)
def test_exp_turns_sums_into_products(K: Series, L: Series) -> None:
    left, right = K.exp(), L.exp()
    for a in every:
        total = sum(
            left.terms.get(b, 0) * right.terms.get(c, 0)
            for b in powers_up_to(weights, 5)
            for c in powers_up_to(weights, 5)
            if tuple(map(sum, zip(b, c, strict=True))) == a
        )
        assert (K + L).exp().terms.get(a, 0) == total


def test_poisson_has_equal_cumulants() -> None:
    rate = Fraction(3, 7)
    touchard = [1, rate, rate + rate**2, rate + 3 * rate**2 + rate**3]
    law = Law((1,), 3, lambda a: touchard[a[0]])
    assert [law.K.moment((k,)) for k in (1, 2, 3)] == [rate] * 3


def test_averaging_divides_the_kth_cumulant_by_a_power_of_n() -> None:
    K = Series((1,), 4, {(k,): Fraction(k + 1, factorial(k)) for k in (1, 2, 3, 4)})
    averaged = K.averaged(Fraction(1, 10))
    for k in (1, 2, 3, 4):
        assert averaged.moment((k,)) == K.moment((k,)) * Fraction(1, 10) ** (k - 1)


def test_scaling_the_dual_scales_moments() -> None:
    K = Series((1, 2), 4, {(1, 0): 2, (0, 1): 3, (2, 1): 5})
    assert K.scaled(3).terms == {(1, 0): 6, (0, 1): 9, (2, 1): 135}
