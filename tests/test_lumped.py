"""The transition matrix of one type against enumeration, the engine and its own stated error."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, log, prod
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    FreshWeighted,
    Gaussian,
    Memory,
    Replace,
    Truth,
    derive,
    predict,
)
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.estimators.add_k import AddK
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.categorical import Categorical
from hallofillusions.observables.base import Homozygosity, OneType, monomial
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.transition import law as transition
from hallofillusions.transition import lumped

THREE = Categorical((Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)))
FAR = Categorical((Fraction(1, 10), Fraction(1, 10), Fraction(4, 5)))
ESTIMATORS = (MaximumLikelihood(), AddK(Fraction(1, 2)))
MIXINGS = (Replace(), FreshMixture(0.5), FreshSplit(0.5), FixedReal(0.5), FixedPool(0.5, 5),
           Accumulate())  # fmt: skip


def loops() -> list[Any]:
    found = []
    for mixing, estimator in product(MIXINGS, ESTIMATORS):
        plain = isinstance(mixing, FixedReal) or isinstance(estimator, MaximumLikelihood)
        n: Any = 4 if plain else (2, 4, 6)
        for start in (Truth(), FirstFit(), FAR, *([Memory()] if mixing.anchored else [])):
            found.append(
                FeedbackLoop(THREE, mixing=mixing, estimator=estimator, n=n, start=start)
            )
    return found


@pytest.mark.parametrize("loop", loops(), ids=str)
def test_its_moments_are_those_of_the_engine(loop: Any) -> None:
    """The engine composes cumulants, the matrix sums binomials: they share no line."""
    whole = derive(loop, 2)
    for type in (1, 2):
        rows = lumped.law(loop, type, 3)
        alone = derive(loop.marginal([f"q_{type}"])[0], 4)
        for recursion, name, powers in ((whole, f"q_{type}", (1, 2)), (alone, "q_1", (3, 4))):
            x = recursion.iterate(3)
            for power in powers:
                found = [float(q**power @ odds) for q, odds in rows]
                expected = x[:, recursion.index(**{name: power})]
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def multinomial(n: int, p: Any) -> dict[tuple[int, ...], Fraction]:
    """Every table of n points, with its chance."""
    tables = (t for t in product(range(n + 1), repeat=len(p)) if sum(t) == n)
    found = {}
    for t in tables:
        ways, left = 1, n
        for c in t:
            ways, left = ways * comb(left, c), left - c
        found[t] = ways * prod((Fraction(q) ** c for q, c in zip(p, t, strict=True)), start=1)
    return found


def enumerated(n: int, k: Fraction, alpha: Fraction, generations: int) -> dict[Any, Fraction]:
    """The law of the whole model of `FreshMixture` by enumeration of all tables, in fractions."""
    real = THREE.probabilities
    law = {real: Fraction(1)}
    for _ in range(generations):
        new: dict[Any, Fraction] = {}
        for q, weight in law.items():
            mixed = [(1 - alpha) * a + alpha * b for a, b in zip(real, q, strict=True)]
            for table, chance in multinomial(n, mixed).items():
                fit = tuple((c + k) / (n + 3 * k) for c in table)
                new[fit] = new.get(fit, Fraction(0)) + weight * chance
        law = new
    return law


@pytest.mark.parametrize("k", [Fraction(0), Fraction(1, 2)])
def test_the_whole_law_is_that_of_an_enumeration_in_fractions(k: Fraction) -> None:
    law = enumerated(3, k, Fraction(1, 2), 2)
    estimator = AddK(k) if k else MaximumLikelihood()
    loop = FeedbackLoop(THREE, mixing=FreshMixture(Fraction(1, 2)), n=3, estimator=estimator)
    for type in (1, 2, 3):
        q, odds = lumped.law(loop, type, 2)[2]
        for value, chance in zip(q, odds, strict=True):
            exact = sum(w for m, w in law.items() if abs(float(m[type - 1]) - value) < 1e-12)
            assert abs(float(exact) - chance) < 1e-14
    found = predict(loop, 2, [Entropy(), TypesSurviving()], numerical=True)
    entropy = sum(float(w) * -sum(float(x) * log(x) for x in m if x) for m, w in law.items())
    present = sum(float(w) * sum(x > 0 for x in m) for m, w in law.items())
    for label, exact in (("entropy", entropy), ("types surviving", present)):
        entry = found.entry(label)
        assert entry.error is not None
        assert abs(entry.values[2] - exact) <= entry.error[2] + 1e-15
        assert entry.error[2] < 1e-12


def test_the_stated_error_covers_that_of_a_long_run_in_fractions() -> None:
    """E q² after 30 generations of n = 40, by the exact recursion v' = 1/n + (1 - 1/n) v."""
    loop = FeedbackLoop(Categorical((Fraction(1, 5), Fraction(4, 5))), mixing=Replace(), n=40)
    values, errors = transition(loop, monomial(q_1=2), 30)
    v, p = Fraction(0), Fraction(1, 5)
    for g in range(31):
        assert abs(values[g] - float(p * p + v * p * (1 - p))) <= errors[g]
        v = Fraction(1, 40) + Fraction(39, 40) * v
    assert 0 < errors.max() < 1e-11


def test_functionals_of_all_types() -> None:
    loop = FeedbackLoop(THREE, mixing=FreshSplit(0.5), n=6, estimator=AddK(1))
    rows = [lumped.law(loop, i, 3) for i in (1, 2, 3)]
    squares = sum(np.array([q**2 @ w for q, w in r]) for r in rows)
    np.testing.assert_allclose(transition(loop, Homozygosity(), 3)[0], squares, rtol=1e-13)
    logs = np.array([np.log(q) @ w for q, w in rows[1]])
    np.testing.assert_allclose(transition(loop, OneType(2, "log x"), 3)[0], logs, rtol=1e-13)
    found = predict(loop, 3, [KLDivergence(), ReverseKL()], numerical=True)
    kl = sum(float(p) * (np.log(float(p)) - np.array([np.log(q) @ w for q, w in r]))
             for p, r in zip(THREE.probabilities, rows, strict=True))  # fmt: skip
    np.testing.assert_allclose(found["KL(real || model)"], kl, rtol=1e-11, atol=1e-13)


def test_a_lost_type_makes_the_divergence_infinite_however_rarely() -> None:
    loop = FeedbackLoop(THREE, mixing=FreshMixture(0.1), n=5000)
    values, errors = transition(loop, OneType(1, "log x"), 1)  # (1/2)^5000 is below the floats
    assert values.tolist()[0] == np.log(0.5)
    assert values[1] == -np.inf
    assert errors[1] == 0
    found = predict(loop, 1, [KLDivergence()], numerical=True)
    assert found["KL(real || model)"][1] == np.inf


def test_types_of_one_probability_share_a_law() -> None:
    same = Categorical((0.1,) * 10)
    loop = FeedbackLoop(same, mixing=FreshMixture(0.5), n=10, estimator=AddK(0.1))
    assert len(set(lumped.one_by_one(loop))) == 1
    other = FeedbackLoop(Categorical.zipf(10, 1), mixing=FreshMixture(0.5), n=10)
    assert len(set(lumped.one_by_one(other))) == 10


@pytest.mark.parametrize("bias", [Temperature(0.7), Temperature(1.5), TopK(1), TopP(0.7)], ids=repr)
def test_two_biased_types_are_two_faces_of_one_law(bias: Any) -> None:
    coin = Categorical((0.6, 0.4))
    loop = FeedbackLoop(coin, bias=bias, mixing=FreshMixture(0.5), n=6)
    for (q, one), (r, other) in zip(lumped.law(loop, 1, 4), lumped.law(loop, 2, 4), strict=True):
        np.testing.assert_allclose(q + r[::-1], 1, atol=1e-15)
        np.testing.assert_allclose(one, other[::-1], atol=1e-13)
    faithful = lumped.law(FeedbackLoop(coin, mixing=FreshMixture(0.5), n=6), 1, 4)
    assert abs(lumped.law(loop, 1, 4)[2][1] - faithful[2][1]).max() > 1e-3


@pytest.mark.parametrize(("loop", "words"), [
    (FeedbackLoop(Gaussian(), mixing=Replace(), n=5), "none that lump"),
    (FeedbackLoop(THREE, mixing=AccumulateSubsample(), n=5), "no transition matrix of one type"),
    (FeedbackLoop(THREE, mixing=FreshWeighted(0.5, 0.7), n=6), "no transition matrix of one type"),
    (FeedbackLoop(THREE, bias=TopK(2), mixing=Replace(), n=5), "do not lump"),
    (FeedbackLoop(THREE, mixing=Replace(), n=5000), "25010001 entries, too many"),
], ids=str)  # fmt: skip
def test_what_it_cannot_do_it_says(loop: Any, words: str) -> None:
    assert words in lumped.law(loop, 1, 3)


def test_many_types_that_take_too_long_are_refused() -> None:
    loop = FeedbackLoop(Categorical.zipf(1000, 1), mixing=FreshMixture(0.5), n=1000)
    found = transition(loop, OneType(1, "absent"), 50)
    assert isinstance(found, str)
    assert "1000 types take too long" in found
    assert "too long" in predict(loop, 50, [Entropy()], numerical=True).unknown["entropy"]
    assert "is no function of one type" in str(
        transition(FeedbackLoop(THREE, mixing=Replace(), n=4), monomial(q_1=1, q_2=1), 2)
    )
