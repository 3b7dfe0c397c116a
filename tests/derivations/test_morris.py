"""Wrong forms of the theorems on one-parameter families have no proof; conditions are told."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from hallofillusions import (
    FeedbackLoop,
    FreshSplit,
    Gamma,
    Gaussian,
    InverseGaussian,
    Poisson,
    Replace,
    theorems,
)
from hallofillusions.observables.base import InverseMoment
from hallofillusions.symbols import alpha, g, n
from tests.planted import loses_its_proof

MUTANTS = [
    ("morris_line", "drifted", lambda x: x * (1 + 1 / n)),
    ("morris_line", "drifted", lambda x: x.subs(g, g + 1)),
    ("morris_line", "rate", lambda x: {k: v + alpha / n for k, v in x.items()}),
    ("morris_line", "limit", lambda x: {k: v * (1 + 1 / n) for k, v in x.items()}),
    ("morris_line", "limit", lambda x: dict(zip(x, reversed([*x.values()]), strict=True))),
    ("graded_closure", "degree", lambda x: x + 1),
    ("graded_closure", "leading", lambda x: 2 * x),
    ("graded_closure", "leading", lambda x: 0 * x),
    ("graded_closure", "cumulants", lambda f: lambda V, order: [*f(V, order)[:-1], 0 * V]),
    ("inverse_gaussian", "inverse", lambda x: x * (1 + 1 / n)),
    ("inverse_gaussian", "inverse", lambda x: x.subs(g, g + 1)),
    ("inverse_gaussian", "spread", lambda x: x * (1 + 1 / n)),
    ("inverse_gaussian", "moved", lambda f: lambda r: f(r) + 1),
    ("inverse_gaussian", "step", lambda x: x * n / (n - 1)),
]


@pytest.mark.parametrize(("name", "form", "wrong"), MUTANTS,
                         ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = importlib.import_module(f"hallofillusions.derivations.{name}")
    loses_its_proof(home, form, wrong, monkeypatch)


def test_conditions() -> None:
    line, closure, open_one = (
        theorems()[k].applies for k in ("morris_line", "graded_closure", "inverse_gaussian")
    )
    poisson = FeedbackLoop(Poisson(2), mixing=FreshSplit(0.5), n=4)
    wald = FeedbackLoop(InverseGaussian(2, 3), mixing=Replace(), n=4)
    gaussian = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=4)
    assert line(poisson) is closure(poisson) is open_one(wald) is None
    for other in (wald, gaussian):
        assert "quadratic variance" in str(line(other))
        assert "quadratic variance" in str(closure(other))
    moved = FeedbackLoop(Gamma(2, 3), mixing=FreshSplit(0.5), n=4, start=Gamma(1, 3))
    assert "start must be Truth" in str(line(moved))
    assert "family must be InverseGaussian" in str(open_one(poisson))
    split = FeedbackLoop(InverseGaussian(2, 3), mixing=FreshSplit(0.5), n=4)
    assert theorems()["inverse_gaussian"].provides(split, InverseMoment()) is None
    assert theorems()["inverse_gaussian"].provides(wald, InverseMoment(2)) is None


def test_the_law_starts_where_the_loop_does() -> None:
    loop = FeedbackLoop(InverseGaussian(2, 4), mixing=Replace(), n=5,
                        start=InverseGaussian(3, 4))  # fmt: skip
    law = theorems()["inverse_gaussian"].provides(loop, InverseMoment())
    assert law is not None
    assert law([0, 2]) == pytest.approx([1 / 3, 1 / 3 + 2 / 20])
