"""Biased samplers and weighted fits: a closed form that is slightly wrong has no proof."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from hallofillusions.proof import ProofError
from hallofillusions.symbols import alpha, g, n
from tests.planted import loses_its_proof

FORMS: tuple[tuple[str, str, Any], ...] = (
    ("truncation_moments", "lam_k", lambda x: x**2),
    ("truncation_moments", "squared", lambda x: x * (1 + 1 / n)),
    ("truncation_moments", "inside", lambda f: lambda d, *k: f(d, *k) / (1 + f(d, *k))),
    ("biased_loop", "rest", lambda x: x * (1 + alpha / n)),
    ("biased_loop", "path", lambda x: x.subs(g, g + 1)),
    ("biased_loop", "alone", lambda x: x.subs(g, g + 1)),
    ("biased_loop", "wandering", lambda x: x * (1 + 1 / n)),
    ("biased_loop", "divisor", lambda f: lambda e: f(e) * (1 + 1 / n)),
    ("biased_population", "share", lambda x: x.subs(g, g + 1)),
    ("biased_population", "rest", lambda x: x * alpha),
    ("biased_population", "tail", lambda x: x**2),
    ("two_mechanisms", "bias", lambda x: x * alpha),
    ("two_mechanisms", "crossing", lambda x: x * alpha),
    ("two_mechanisms", "balance", lambda x: x * alpha),
    ("weighted_fit", "v_g", lambda x: x.subs(g, g + 1)),
    ("weighted_fit", "loss", lambda x: x * alpha),
    ("weighted_fit", "golden", lambda x: 1 / x),
)
TABLES: tuple[tuple[str, str, Any], ...] = (
    ("biased_loop", "keeps", lambda x: x * (1 + 1 / n)),
    ("biased_loop", "spreads", lambda x: x * (1 + 1 / n)),
    ("two_mechanisms", "noise", lambda x: x * (1 + 1 / n)),
    ("weighted_fit", "rates", lambda x: x * (1 + 1 / n)),
    ("weighted_fit", "best", lambda x: x / 2),
)


def module(name: str) -> Any:
    return importlib.import_module(f"hallofillusions.derivations.{name}")


@pytest.mark.parametrize(
    ("name", "form", "wrong"), FORMS, ids=lambda v: v if type(v) is str else ""
)
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(module(name), form, wrong, monkeypatch)


@pytest.mark.parametrize(
    ("name", "table", "wrong"), TABLES, ids=lambda v: v if type(v) is str else ""
)
def test_wrong_entries_have_no_proof(
    name: str, table: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One entry at a time: each of them is proved."""
    home = module(name)
    for key, right in list(getattr(home, table).items()):
        monkeypatch.setitem(getattr(home, table), key, wrong(right))
        with pytest.raises(ProofError):
            home.theorem.prove()
        monkeypatch.setitem(getattr(home, table), key, right)
