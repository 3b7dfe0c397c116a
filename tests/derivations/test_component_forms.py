"""Closed forms of components and of kernels: wrong ones lose their proof, right ones meet a tree.

The referee labels every point of every generation, which no theorem does beyond one.
"""

from __future__ import annotations

import importlib
from itertools import product
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    FeedbackLoop,
    FirstFit,
    FreshMixture,
    FreshSplit,
    Gaussian,
    GaussianMixture,
    KnownLabels,
    Replace,
    ScaleCovariance,
    predict,
)
from hallofillusions.derivations import _component, component_bias, component_law
from hallofillusions.observables.component_error import ComponentError
from hallofillusions.observables.component_variance import ComponentVariance
from hallofillusions.proof import evaluate
from hallofillusions.symbols import g, n
from tests.planted import loses_its_proof

MUTANTS = [
    ("component_law", "own", lambda x: x * (1 + 1 / n)),
    ("component_law", "early", lambda x: x + 1 / n**2),
    ("component_law", "early", lambda x: x.subs(g, g + 1)),
    ("component_bias", "share", lambda x: x.subs(g, g + 1)),
    ("component_bias", "share", lambda x: x * (1 + g)),
    ("component_bias", "total", lambda x: x + component_bias.inner),
    ("kernel_over_dispersion", "spread", lambda x: x.subs(g, g + 1)),
    ("kernel_over_dispersion", "spread", lambda x: x * (1 + 1 / n)),
    ("kernel_over_dispersion", "error", lambda x: x * (1 + 1 / n)),
    ("kernel_over_dispersion", "rest", lambda x: x * (1 + 1 / n)),
    ("kernel_over_dispersion", "whole", lambda x: x.subs(g, g + 1)),
    ("kernel_over_dispersion", "wander", lambda x: x * (1 + 1 / n)),
    ("kernel_over_dispersion", "settled", lambda x: x * (1 + 1 / n)),
    ("kernel_over_dispersion", "growth", lambda x: x + 1 / n**2),
    ("kernel_over_dispersion", "factors", lambda x: {k: 2 * v for k, v in x.items()}),
]


@pytest.mark.parametrize(
    ("name", "form", "wrong"), MUTANTS,
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = importlib.import_module(f"hallofillusions.derivations.{name}")
    loses_its_proof(home, form, wrong, monkeypatch)


LAM, SIZE, DEEP = 0.8, 3, 3
SHARES = (0.5, 0.3, 0.2)


def loop(mixing: Any, **parts: Any) -> FeedbackLoop:
    return FeedbackLoop(GaussianMixture(SHARES, (-3, 0, 3), 1), mixing=mixing, n=SIZE,
                        estimator=KnownLabels(), **parts)  # fmt: skip


def points(mixing: Any, p: float, w: float) -> list[list[tuple[float, int]]]:
    """Of every point of a generation: (chance, 0 real of the component, 1 synthetic, -1 no)."""
    real, synthetic = [(p, 0), (1 - p, -1)], [(w, 1), (1 - w, -1)]
    if isinstance(mixing, FreshMixture):
        a = float(mixing.alpha)
        return [[((1 - a) * p, 0), (a * w, 1), (1 - (1 - a) * p - a * w, -1)]] * SIZE
    fresh = round((1 - float(getattr(mixing, "alpha", 1))) * SIZE)
    return [real] * fresh + [synthetic] * (SIZE - fresh)


def tree(mixing: Any, p: float, w: float, M: float, S: float, deep: int) -> Any:
    """(P(alive), E error, E variance) after ``deep`` generations from a model of weight w."""
    if deep == 0:
        return np.array([1.0, M, S]) * (w > 0)
    total = np.zeros(3)
    for labels in product(*points(mixing, p, w)):
        chance = np.prod([c for c, _ in labels])
        own = [kind for _, kind in labels if kind >= 0]
        error = variance = 0.0
        if own:
            squares = sum(M + LAM * S if kind else 1.0 for kind in own) / len(own)
            pairs = sum(M for i, a in enumerate(own) for k, b in enumerate(own) if i != k and a * b)
            error = squares / len(own) + pairs / len(own) ** 2
            variance = squares - error
        total += chance * tree(mixing, p, len(own) / SIZE, error, variance, deep - 1)
    return total


@pytest.mark.parametrize(
    "mixing", [Replace(), FreshSplit(2 / 3), FreshSplit(1 / 3), FreshMixture(0.7)], ids=repr
)
def test_every_label_of_three_generations(mixing: Any) -> None:
    p = SHARES[2]
    found = _component.moments(loop(mixing, bias=ScaleCovariance(LAM)), p, DEEP)
    for deep in range(DEEP + 1):
        assert np.allclose(found[deep], tree(mixing, p, p, 0.0, 1.0, deep), rtol=1e-12)


@pytest.mark.parametrize("mixing", [Replace(), FreshSplit(2 / 3), FreshMixture(0.7)], ids=repr)
def test_what_the_variance_loses_the_mean_gains(mixing: Any) -> None:
    alive, error, variance = _component.moments(loop(mixing), SHARES[1], 40).T
    assert np.allclose(error + variance, alive, rtol=1e-12)


@pytest.mark.parametrize("mixing", [Replace(), FreshSplit(0.75), FreshMixture(0.75)], ids=repr)
def test_a_component_that_is_all_is_a_gaussian_loop(mixing: Any) -> None:
    bias = ScaleCovariance(1.3)
    alone = FeedbackLoop(Gaussian(), mixing=mixing, n=8, bias=bias)
    whole = FeedbackLoop(GaussianMixture((1.0,), (0.0,), 1), mixing=mixing, n=8, bias=bias,
                         estimator=KnownLabels())  # fmt: skip
    known = predict(alone, 9)
    found = predict(whole, 9, [ComponentVariance(1), ComponentError(1)])
    assert np.allclose(found["variance of component 1"], known["variance"], rtol=1e-12)
    assert np.allclose(found["squared error of component 1"], known["squared error of the mean"],
                       rtol=1e-12)  # fmt: skip


def test_a_first_fit_sees_real_points_only() -> None:
    biased = loop(FreshSplit(2 / 3), bias=ScaleCovariance(0.5), start=FirstFit())
    first, later = _component.moments(biased, SHARES[0], 2)[1:]
    assert np.allclose(first, _component.moments(loop(Replace()), SHARES[0], 1)[1], rtol=1e-12)
    assert later[2] < _component.moments(loop(FreshSplit(2 / 3)), SHARES[0], 2)[2, 2]


def test_the_expansion_is_off_by_the_third_order() -> None:
    """Twice the points leave an eighth of the error, and less than a sixth in any case."""
    when, rest = np.arange(1, 6), []
    for size in (200, 400):
        own = FeedbackLoop(GaussianMixture(SHARES, (-3, 0, 3), 1), mixing=Replace(), n=size,
                           estimator=KnownLabels())  # fmt: skip
        exact = _component.values(own, 0.3, "variance", when)
        early = evaluate(component_law.early, FeedbackLoop(Gaussian(), mixing=Replace(), n=size),
                         when, p=0.3)  # fmt: skip
        rest.append(abs(exact - early))
    assert (rest[1] < rest[0] / 6).all()


def test_numbers_end_where_tables_grow_too_large() -> None:
    big = FeedbackLoop(GaussianMixture(), mixing=Replace(), n=_component.LARGEST + 1,
                       estimator=KnownLabels())  # fmt: skip
    entry = predict(big, 1, [ComponentVariance(1)]).entry("variance of component 1")
    assert not entry.known
    assert "simulate it" in entry.source
