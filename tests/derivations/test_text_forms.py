"""The laws of text: wrong forms lose their proofs; smoothing's loss meets the transition matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

from hallofillusions import (
    AddK,
    Categorical,
    FeedbackLoop,
    FreshMixture,
    FreshSplit,
    Replace,
    predict,
)
from hallofillusions.derivations import add_k_loss, free_running_rows, illusion_gap
from hallofillusions.derivations._smoothed_counts import _smooth, _summed, log_moments
from hallofillusions.derivations.add_k_loss import divergence
from hallofillusions.observables import KLDivergence
from hallofillusions.symbols import g, n
from tests.planted import loses_its_proof

MUTANTS: tuple[tuple[Any, str, Any], ...] = (
    (add_k_loss, "ratio", lambda f: f.subs(add_k_loss.j, add_k_loss.j + 1)),
    (add_k_loss, "ratio", lambda f: f.subs(add_k_loss.m, 1 - add_k_loss.m)),
    (add_k_loss, "shapes", lambda f: 2 * f),
    (add_k_loss, "shapes", lambda f: f + 1),
    (add_k_loss, "share_variance", lambda f: f.subs(add_k_loss.scatter, add_k_loss.scatter - 1)),
    (add_k_loss, "second_order", lambda f: f.subs(add_k_loss.V, 2 * add_k_loss.V)),
    (free_running_rows, "inverse", lambda f: 1 / free_running_rows.size),
    (free_running_rows, "inverse", lambda f: f + 1 / free_running_rows.size**2),
    (illusion_gap, "own", lambda f: f.subs(n, n + 1)),
    (illusion_gap, "own", lambda f: f.subs(g, 2 * g)),
    (illusion_gap, "held_out", lambda f: f + sp.Rational(1, 2)),
)


@pytest.mark.parametrize(("home", "form", "wrong"), MUTANTS)
def test_a_wrong_form_loses_its_proof(
    home: Any, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(home, form, wrong, monkeypatch)


# -- the loss of smoothed types, against its referee ------------------------------------------


def exact(loop: FeedbackLoop, when: int) -> float:
    """E KL(real ‖ model) by the transition matrix of every type."""
    return float(predict(loop, when, [KLDivergence()], numerical=True)[KLDivergence.label][when])


@pytest.mark.parametrize("mixing", [Replace(), FreshSplit(0.5), FreshMixture(0.8)], ids=repr)
def test_the_first_fit_is_exact(mixing: Any) -> None:
    loop = FeedbackLoop(Categorical((0.7, 0.25, 0.05)), mixing=mixing, n=20, estimator=AddK(0.1))
    assert divergence(loop, [1])[0] == pytest.approx(exact(loop, 1), rel=1e-9)


@pytest.mark.parametrize(
    ("family", "mixing", "k"),
    [
        (Categorical((0.4, 0.35, 0.25)), Replace(), 0.5),
        (Categorical((0.7, 0.2, 0.1)), FreshSplit(0.5), 0.5),
        (Categorical((0.9, 0.07, 0.03)), FreshMixture(0.8), 0.1),
    ],
    ids=["even", "skewed", "rare"],
)
def test_the_error_of_the_loss_falls_like_one_over_n(family: Any, mixing: Any, k: float) -> None:
    """The order that is claimed is 1; where types are rare, a small n is far from showing it."""
    sizes, when = (200, 1600), 4
    loops = [FeedbackLoop(family, mixing=mixing, n=size, estimator=AddK(k)) for size in sizes]
    few, many = (abs(divergence(one, [when])[0] / exact(one, when) - 1) for one in loops)
    assert np.log(few / many) / np.log(sizes[1] / sizes[0]) > 0.85


@pytest.mark.parametrize("scatter", [np.inf, 200.0, 20.0])
def test_series_and_sums_differ_to_second_order(scatter: float) -> None:
    """Four times the points: the difference falls about sixteenfold."""
    share, gaps = np.array([0.3]), []
    for size in (500.0, 2000.0):
        variance = share * (1 - share) / size * (1 + (size - 1) / (scatter + 1))
        parts = np.array([size]), share, variance, 0.2
        gaps.append(abs(_smooth(*parts)[0][0] - _summed(*parts)[0][0]))
    assert gaps[1] < gaps[0] / 4**1.5
    assert gaps[1] > 0  # two ways, not one


def test_two_moments_of_a_count_are_kept() -> None:
    """Against sums over the binomial law, and over a beta-binomial one of scipy's."""
    from scipy.stats import betabinom, binom

    size, share, k = 30, 0.2, 0.3
    x = np.arange(size + 1)
    for law, variance in (
        (binom(size, share), share * (1 - share) / size),
        (betabinom(size, 4, 16), float(betabinom(size, 4, 16).var()) / size**2),
        (betabinom(size, 0.1, 0.4), float(betabinom(size, 0.1, 0.4).var()) / size**2),  # two peaks
    ):
        first, second = log_moments(np.array([30.0]), np.array([share]), np.array([variance]), k)
        mean = law.pmf(x) @ np.log(x + k)
        assert first[0] == pytest.approx(mean, rel=1e-10)
        assert second[0] == pytest.approx(law.pmf(x) @ np.log(x + k) ** 2 - mean**2, rel=1e-8)


def test_a_size_that_is_not_whole_is_a_chance_of_one_more() -> None:
    share, variance = np.array([0.3]), np.array([0.1])
    low, middle, high = (log_moments(np.array([s]), share, variance, 0.5)[0] for s in (2, 2.25, 3))
    assert middle == pytest.approx(0.75 * low + 0.25 * high)
