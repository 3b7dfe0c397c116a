"""A closed form of the Gaussian loops that is slightly wrong has no proof."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import sympy as sp

from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.proof import ProofError
from hallofillusions.symbols import alpha, g, k, lam, n, sigma_0
from tests.planted import loses_its_proof

ESTIMATORS = (MaximumLikelihood, Bessel)


def module(name: str) -> Any:
    return importlib.import_module(f"hallofillusions.derivations.{name}")


SINGLE = [
    ("gaussian_variance", "variance", lambda x: x.subs(lam, lam**2)),
    ("gaussian_variance", "variance", lambda x: x.subs(g, g + 1)),
    ("gaussian_moments", "m", lambda x: x.subs(n, n + 1)),
    ("gaussian_moments", "r", lambda x: x * (1 + 1 / n)),
    ("gaussian_moments", "moment", lambda x: x.subs(g, g + 1)),
    ("gaussian_moments", "walk", lambda x: 2 * x),
    ("gaussian_standard_deviation", "c", lambda x: x.subs(n, n + 1)),
    ("gaussian_log_variance", "drift", lambda x: x + 1 / n),
    ("gaussian_log_variance", "spread", lambda x: 2 * x),
    ("gaussian_kl", "a", lambda x: x * (n - 3) / (n - 2)),
    ("gaussian_kl", "divergence", lambda x: x + g / n),
    ("gaussian_tail_mass", "one", lambda x: x.subs(n, n + 1)),
    ("gaussian_tail_mass", "point", lambda x: 2 * x),
    ("gaussian_tail_mass", "threshold", lambda x: x * 2**g),
    ("gaussian_tail_mass", "threshold", lambda x: 2 * x),
    ("gaussian_variance_law", "threshold", lambda x: x * 2**g),
    ("gaussian_variance_law", "one", lambda x: x.subs(n, n + 1)),
    ("gaussian_hierarchy", "square", lambda x: x.subs(g, g + 1)),
    ("gaussian_hierarchy", "fluctuation", lambda x: 2 * x),
    ("gaussian_hierarchy", "stationary", lambda x: x * (1 + alpha)),
    ("stationary_law", "density", lambda x: x.subs(k, 2 * k)),
    ("stationary_law", "normal", lambda x: x.subs(k, 2 * k)),
    ("stationary_law", "below", lambda x: x.subs(k, 2 * k)),
    ("stationary_law", "moment", lambda x: x.subs(k, k + 1)),
    ("stationary_law", "student", lambda x: 2 * x),
    ("stationary_law", "student", lambda x: x.subs(k, k + 1)),
    ("stationary_law", "tail", lambda x: x.subs(k, k + 1)),
    ("stationary_law", "divergence", lambda x: x + 1 / k),
    ("stationary_law", "distance", lambda x: x + sigma_0**2 / k),
]
TABLES = [
    *(("gaussian_mean_error", "errors", e, lambda x: x.subs(g, g + 1)) for e in ESTIMATORS),
    *(("gaussian_wasserstein", "distances", e, lambda x: x + 1 / n) for e in ESTIMATORS),
    *(("gaussian_kurtosis", "fourth", e, lambda x: x.subs(g, g + 1)) for e in ESTIMATORS),
    *(("stationary_law", "shape", e, lambda x: x + sp.Rational(1, 2)) for e in ESTIMATORS),
    *(
        ("heavy_tail_onset", "onset", (mixing, e), lambda x: x + sp.Rational(1, 100) / n)
        for mixing in (FreshSplit, FreshMixture)
        for e in ESTIMATORS
    ),
    ("heavy_tail_onset", "exact", MaximumLikelihood, lambda x: "0.494533"),
    ("heavy_tail_onset", "exact", Bessel, lambda x: "1.501558"),
]


def named(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", "").strip("<>")


@pytest.mark.parametrize(("name", "form", "wrong"), SINGLE, ids=named)
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(module(name), form, wrong, monkeypatch)


@pytest.mark.parametrize(("name", "form", "key", "wrong"), TABLES, ids=named)
def test_wrong_entries_have_no_proof(
    name: str, form: str, key: Any, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = getattr(module(name), form)
    monkeypatch.setitem(table, key, wrong(table[key]))
    with pytest.raises(ProofError):
        module(name).theorem.prove()
