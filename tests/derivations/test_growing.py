"""Growing pools and schedules: wrong forms have no proof, and the limits are what they say."""

from __future__ import annotations

import importlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FreshMixture,
    FreshSplit,
    Gaussian,
    Replace,
)
from hallofillusions.derivations._schedules import along, fits, product, total
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import ProofError, evaluate, find_theorem
from hallofillusions.symbols import alpha, g, n
from hallofillusions.theory import derive, predict
from tests.planted import loses_its_proof

K = sympy.Symbol("k", integer=True, nonnegative=True)
MUTANTS = [
    ("drift_accumulate", "unbiased_limit", lambda x: x * (1 + 1 / n)),
    ("accumulate_subsample_unbiased", "gain", lambda x: x * (1 + 1 / n)),
    ("accumulate_subsample_unbiased", "gain", lambda x: x.subs(g, g + 1)),
    ("accumulate_subsample_unbiased", "unbiased", lambda x: x * (1 + 1 / n)),
    ("accumulate_subsample_unbiased", "constant", lambda x: x * (1 + 1 / n)),
    ("accumulate_subsample_unbiased", "surplus", lambda x: x + 1),
    ("accumulate_subsample_unbiased", "wander", lambda x: x * (1 + 1 / n)),
    ("accumulate_subsample_unbiased", "seen", lambda x: x * (1 + 1 / n)),
    ("growing_schedule", "cost", lambda x: x * (1 + 1 / n)),
    ("growing_schedule", "linear", lambda x: x.subs(g, g + 1)),
    ("growing_schedule", "wandering", lambda x: x * (1 + 1 / n)),
    ("geometric_schedule", "coefficient", lambda x: x * 2),
    ("geometric_schedule", "coefficient", lambda x: x * sympy.Symbol("p", positive=True) ** K),
    ("geometric_schedule", "wandering", lambda x: x.subs(g, g + 1)),
    ("accumulate_schedule", "cost", lambda x: x * (1 + 1 / n)),
    ("accumulate_schedule", "unbiased_cost", lambda x: x * (1 + 1 / n)),
    ("price_of_real_points", "most", lambda x: x * (1 + alpha)),
    ("price_of_real_points", "best", lambda x: x / 2),
    ("price_of_real_points", "affordable", lambda x: x * (1 + alpha)),
    ("fresh_growth_threshold", "step", lambda x: x * (1 + 1 / n)),
    ("fresh_error_bound", "error", lambda x: x * Fraction(9, 10)),
    ("fresh_error_unbounded", "forgotten", lambda x: x / 2),
    ("fresh_error_unbounded", "least", lambda x: x + 1 / n),
]  # fmt: skip


def module(name: str) -> Any:
    return importlib.import_module(f"hallofillusions.derivations.{name}")


@pytest.mark.parametrize(
    ("name", "form", "wrong"), MUTANTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(module(name), form, wrong, monkeypatch)


@pytest.mark.parametrize(("name", "form", "key"), [
    ("budget_split", "least", MaximumLikelihood),
    ("budget_split", "least", Bessel),
    ("fresh_error_bound", "variance", Bessel),
    ("fresh_growth_threshold", "effective", FreshSplit),
    ("fresh_growth_threshold", "effective", FreshMixture),
])  # fmt: skip
def test_wrong_entries_have_no_proof(
    name: str, form: str, key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = module(name)
    monkeypatch.setitem(getattr(home, form), key, getattr(home, form)[key] * (1 - 1 / n))
    with pytest.raises(ProofError):
        home.theorem.prove()


# -- the closed forms against the engine, along schedules ------------------------------------------


def loop(mixing: Any, sizes: Any, estimator: Any = None) -> FeedbackLoop:
    return FeedbackLoop(
        Gaussian(), mixing=mixing, n=sizes, estimator=estimator or MaximumLikelihood()
    )


def engine(sentence: FeedbackLoop, generations: int, observable: Any) -> Any:
    return predict(sentence, generations, [observable])[observable.label]


@pytest.mark.parametrize("sizes", [(2, 2, 7, 3, 40), (5, 4, 3, 2, 2), (2, 4, 8, 16, 32)])
def test_products_and_sums_are_the_engines(sizes: tuple[int, ...]) -> None:
    replaced = module("growing_schedule").cost
    kept = product(1 - replaced, loop(Replace(), sizes), 5)
    assert np.allclose(kept, engine(loop(Replace(), sizes), 5, Variance()))
    walk = total(replaced, loop(Replace(), sizes), 5)
    assert np.allclose(walk, engine(loop(Replace(), sizes, Bessel()), 5, SquaredError()))
    pool = module("accumulate_schedule")
    kept = product(1 - pool.cost, loop(Accumulate(), sizes), 5)
    assert np.allclose(kept, engine(loop(Accumulate(), sizes), 5, Variance()))
    errors = 1 - kept[1:]
    assert (errors < 2 / sizes[0] - 1 / np.cumsum(sizes) + 1e-12).all()


def test_bounds_hold_where_the_engine_ends() -> None:
    """Schedules drawn at random: no split of a budget and no schedule beats a bound."""
    rng = np.random.default_rng(1)
    budget, fresh = module("budget_split"), module("fresh_error_bound")
    for _ in range(20):
        sizes = tuple(int(m) for m in rng.integers(3, 40, size=6))
        real = tuple(int(rng.integers(1, m)) for m in sizes)
        share = tuple(1 - Fraction(r, m) for r, m in zip(real, sizes, strict=True))
        for estimator in (MaximumLikelihood, Bessel):
            spent = {budget.B: sum(sizes), budget.G: 6}
            end = engine(loop(Replace(), sizes, estimator()), 6, SquaredError())[-1]
            assert end >= float(budget.least[estimator].subs(spent)) - 1e-12
            mixed = loop(FreshSplit(share), sizes, estimator())
            most = float(fresh.error.subs(fresh.K, min(real)))
            assert (engine(mixed, 6, SquaredError()) <= most + 1e-12).all()
            most = float(fresh.variance[estimator].subs(fresh.K, min(real)))
            assert (engine(mixed, 6, Variance()) <= most + 1e-12).all()


@pytest.mark.parametrize("size", [2, 5, 40])
def test_limits_of_growing_pools(size: int) -> None:
    """After 10⁵ fits the products lie within 1/g of their limits or of their power laws."""
    late, when = 100_000, np.array([100_000])
    accumulate, seen = module("drift_accumulate"), module("accumulate_subsample_unbiased")
    known = loop(Accumulate(), size)
    limit = float(accumulate.unbiased_limit.subs(accumulate.roots).subs(n, size))
    shares = evaluate(1 - accumulate.unbiased_cost, known, np.arange(2, late))
    assert np.prod(shares) == pytest.approx(limit, rel=2 / late)
    grown = np.prod(evaluate(1 + seen.gain, known, np.arange(2, late + 1)))
    law = float(seen.constant.subs(seen.root, seen.value).subs(n, size)) * when ** (1 / size)
    assert grown == pytest.approx(law[0], rel=5 / late)


def phase(a: float, b: float, fits_made: int) -> Any:
    """v_g of n_g = 10 g^a and k_g = g^b by chance."""
    t = np.arange(1.0, fits_made + 1)
    size, fresh = 10 * t**a, np.minimum(t**b, 10 * t**a)
    share = 1 - fresh / size
    effective = fresh * (1 + share) + share**2
    v = np.zeros(fits_made + 1)
    for k in range(fits_made):
        v[k + 1] = (1 - effective[k] / size[k]) * v[k] + 1 / size[k]
    return v


def test_the_three_phases() -> None:
    """The error vanishes, collapses or freezes on the sides of a = 1 + max(b, 0)."""
    late = 30_000
    assert phase(1.2, 0.5, late)[-1] < 0.01
    assert phase(0.5, -0.5, late)[-1] > 0.9
    frozen = phase(2.0, 0.5, late)
    assert frozen[-1] > frozen[late // 10] - 0.01 > 0.05
    assert frozen[-1] < 0.2
    unlucky = phase(2.0, -1.0, late)
    assert unlucky[-1] < 0.5
    assert unlucky[-1] - unlucky[late // 10] < 0.01


def test_conditions() -> None:
    def reason(name: str, *parts: Any) -> str | None:
        found: str | None = find_theorem(name).applies(loop(*parts))
        return found

    assert reason("growing_schedule", Replace(), (3, 5)) is None
    assert reason("growing_schedule", Replace(), (3, 1)) == "n must be at least 2, got 1"
    fresh = FreshSplit((Fraction(1, 2), 1))
    assert "real points" in str(reason("fresh_error_bound", fresh, (4, 4)))
    assert reason("fresh_error_bound", FreshSplit((Fraction(1, 2), Fraction(3, 4))), 4) is None
    mostly = FreshMixture((0.9, 0.2))
    assert "at most half" in str(reason("fresh_error_unbounded", mostly, 9, Bessel()))
    assert reason("fresh_error_unbounded", FreshMixture((0.9, 0.8)), 9, Bessel()) is None
    assert "mixing" in str(reason("accumulate_schedule", AccumulateSubsample(), (3, 4)))


def test_a_loop_of_schedules_is_taken_apart() -> None:
    many = loop(FreshSplit((Fraction(1, 2), Fraction(3, 4))), (4, 8))
    assert [(fit.n, fit.mixing.alpha) for fit in fits(many)] == [
        (4, Fraction(1, 2)), (8, Fraction(3, 4))
    ]  # fmt: skip
    assert along(n * (1 - alpha), many, 2).tolist() == [2, 2]
    start = FeedbackLoop(Gaussian(), mixing=Replace(), n=(3, 4), start=FirstFit())
    assert derive(start).iterate(2)[2, 2] == pytest.approx(2 / 3 * 3 / 4)
