"""Theorems meet simulations: the kind picks the test, a wrong theorem falls, rivals fall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, Replace
from hallofillusions.comparison import AGREES, DISAGREES
from hallofillusions.confronting import FEWEST, confront, verdict_of
from hallofillusions.kinds import Asymptotic, Bound, Exact, Kind, Law
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.median import Median
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Theorem, find_theorem

LOOP = FeedbackLoop(Gaussian(1, 2), mixing=Replace(), n=10)


def theorem(kind: Kind, *experiments: Confrontation) -> Theorem:
    return Theorem(
        "made_up", "Made up", kind, (), list, lambda: iter(()), confrontations=lambda: experiments
    )


def variance(factor: float, **more: Any) -> Confrontation:
    when = (1, 3)
    right = 2 * 0.9 ** np.array(when)
    return Confrontation(LOOP, Variance(), when, factor * right, {"half": right / 2}, **more)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, AGREES), (1.05, DISAGREES)])
def test_exact(factor: float, verdict: str) -> None:
    attacks = confront(theorem(Exact(), variance(factor)))
    assert verdict_of(attacks) == verdict
    assert attacks[0].cells == 2
    assert attacks[0].rivals == {"half": True}


@pytest.mark.parametrize(("side", "factor", "verdict"), [
    ("upper", 1.1, AGREES), ("upper", 0.9, DISAGREES), ("lower", 0.9, AGREES),
])  # fmt: skip
def test_bounds(side: Any, factor: float, verdict: str) -> None:
    assert verdict_of(confront(theorem(Bound(side), variance(factor)))) == verdict


@pytest.mark.parametrize(("side", "falls"), [("upper", 0.5), ("lower", 2.0)])
def test_a_rival_bound_falls_on_its_side_only(side: Any, falls: float) -> None:
    when = (1, 3)
    right = 2 * 0.9 ** np.array(when)
    rivals = {"crossed": falls * right, "kept": right / falls}
    attacks = confront(theorem(Bound(side), Confrontation(LOOP, Variance(), when, right, rivals)))
    assert attacks[0].rivals == {"crossed": True, "kept": False}


def test_median() -> None:
    experiment = Confrontation(LOOP, Median(Mean()), (1,), [1.0], {"off": [1.1]})
    attack = confront(theorem(Exact(), experiment))[0]
    assert attack.verdict == AGREES
    assert attack.rivals == {"off": True}


@pytest.mark.parametrize(("scale", "verdict"), [(0.2**0.5, AGREES), (0.19**0.5, DISAGREES)])
def test_law(scale: float, verdict: str) -> None:
    first = norm(1, scale).cdf
    experiment = Confrontation(LOOP, Mean(), (1,), first, {"wide": norm(1, 1).cdf}, 100_000)
    attack = confront(theorem(Law(), experiment))[0]
    assert attack.verdict == verdict
    assert attack.rivals == {"wide": True}


@pytest.mark.parametrize(("order", "verdict"), [(1, AGREES), (2, DISAGREES)])
def test_asymptotic(order: float, verdict: str) -> None:
    # E σ²_1 = (1 - 1/n) σ₀²: "σ₀²" is wrong by exactly 1/n
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha=0), n=2)
    experiment = Confrontation(loop, Variance(), (1,), [1.0, 1.0], {"off": [1.3, 1.3]}, 200_000,
                               scale=(4, 16))  # fmt: skip
    attack = confront(theorem(Asymptotic(order), experiment))[0]
    assert attack.verdict == verdict


def test_replicates_are_capped_and_seeds_are_kept() -> None:
    one, two = (confront(theorem(Exact(), variance(1)), replicates=500, rng=3) for _ in range(2))
    assert one == two
    assert one[0].replicates == 500
    assert verdict_of([]) == "not simulated"
    assert confront(replace(theorem(Exact()), confrontations=tuple)) == []


def test_long_runs_are_fewer() -> None:
    late = Confrontation(LOOP, Mean(), (40,), [1.0], replicates=5_000)
    short, long = confront(theorem(Exact(), variance(1), late), fits=40_000)
    assert (short.replicates, long.replicates) == (13_333, 1_000)
    assert confront(theorem(Exact(), late), fits=1)[0].replicates == FEWEST


def test_a_bound_deviates_on_the_forbidden_side_only() -> None:
    attacks = confront(find_theorem("budget_split"), replicates=2_000)
    assert all((a.largest_z or 0.0) < 5 for a in attacks), attacks
