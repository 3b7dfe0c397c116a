"""Closed forms of loops of types: wrong ones lose their proof, right ones meet the exact chain.

The referee is the transition matrix of one type, which no theorem uses.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, binom

from hallofillusions import FeedbackLoop, Replace, predict
from hallofillusions.derivations import add_k_stationary_law, fixation_time, wright_fisher
from hallofillusions.estimators.add_k import AddK
from hallofillusions.families.categorical import Categorical
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.base import Homozygosity
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.symbols import g, n
from tests.planted import loses_its_proof

MUTANTS = [
    ("wright_fisher", "heterozygosity", lambda x: x * (1 + 1 / n)),
    ("wright_fisher", "chi_square", lambda x: x + wright_fisher.v),
    ("add_k_moments", "shortfall", lambda x: x * (1 + 1 / n)),
    ("add_k_moments", "weight", lambda x: x * (1 + 1 / n)),
    ("add_k_moments", "speed", lambda x: x * (1 + 1 / n)),
    ("add_k_stationary_law", "share", lambda x: x / 2),
    ("add_k_stationary_law", "entropy", lambda x: x / 2),
    ("add_k_stationary_law", "moment", lambda x: x * (1 + add_k_stationary_law.s)),
    ("fixation", "kept", lambda x: 1 - 2 / n),
    ("fixation", "late", lambda x: x / 2),
    ("fixation_time", "part", lambda x: 2 * x),
    ("fixation_time", "correction", lambda x: x * 2),
    ("fixation_time", "slowing", lambda x: 2 * x),
    ("fixation_time", "C", lambda x: x - 1),
    ("first_order_loss", "loss", lambda x: 2 * x),
    ("first_order_loss", "types", lambda x: 2 * x),
    ("first_order_loss", "fresh", lambda x: x.subs(g, g + 1)),
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


def mean_time(size: int, law: Any) -> float:
    """E T_1 exactly: each type's own time to fixation, by its transition matrix."""
    i = np.arange(1, size)
    stay = np.eye(size - 1) - binom.pmf(i, size, i[:, None] / size)
    own = np.linalg.solve(stay, i / size)  # E of T_1 where type i is left, from each count
    return float(sum(p + binom.pmf(i, size, p) @ own for p in law))


@pytest.mark.parametrize("law", [(0.5, 0.5), (0.3, 0.7), (0.2, 0.3, 0.5), (0.1, 0.2, 0.3, 0.4)])
def test_fixation_time_with_its_constant(law: Any) -> None:
    """What is left falls as ln n/n: by more than the square root of the ratio of the sizes."""
    C = fixation_time.constant()
    rest = [abs(mean_time(m, law) - fixation_time.generations(law, m) - C) for m in (40, 160, 640)]
    assert rest[1] < rest[0] / 2
    assert rest[2] < rest[1] / 2


def stationary(size: int, family: Any, k: float, real: int) -> tuple[Any, Any]:
    """The first type's values and stationary probabilities under AddK and FreshSplit."""
    q = (np.arange(size + 1) + k) / (size + k * family.K)
    chain, p = np.zeros((size + 1, size + 1)), family.law[0]
    drawn = binom.pmf(np.arange(size - real + 1), size - real, q[:, None])
    for c in range(real + 1):
        chain[:, c : c + size - real + 1] += binom.pmf(c, real, p) * drawn
    equations = np.vstack([chain.T - np.eye(size + 1), np.ones(size + 1)])
    return q, np.linalg.lstsq(equations, np.eye(size + 2)[-1], rcond=None)[0]


@pytest.mark.parametrize(("k", "real"), [(2.0, 0), (0.5, 1), (0.5, 2)])
def test_stationary_law_is_approached(k: float, real: int) -> None:
    """The distance falls as 1/n or faster than half that; at n = 400 no 2 500 runs would see it."""
    family, distance = Categorical((0.4, 0.3, 0.2, 0.1)), []
    for size in (100, 400):
        mixing = FreshSplit(1 - real / size) if real else Replace()
        loop = FeedbackLoop(family, mixing=mixing, n=size, estimator=AddK(k))
        counts = add_k_stationary_law.pseudo_counts(loop)
        q, weight = stationary(size, family, k, real)
        law = beta.cdf(q, counts[0], sum(counts) - counts[0])
        assert np.allclose(law, add_k_stationary_law.distribution(loop, counts)(q))
        above, below = np.cumsum(weight), np.cumsum(weight) - weight
        distance.append(max(abs(above - law).max(), abs(below - law).max()))
    assert distance[1] < distance[0] / 2
    assert distance[1] < 1.36 / 2_500**0.5 / 2


@pytest.mark.parametrize("name", ["wright_fisher", "add_k_moments"])
def test_homozygosity_is_that_of_the_recursion(name: str) -> None:
    home = importlib.import_module(f"hallofillusions.derivations.{name}")
    family, when = Categorical((0.5, 0.3, 0.2)), np.arange(7)
    parts = {"estimator": AddK(0.5)} if name == "add_k_moments" else {}
    for mixing in (Replace(), FreshSplit(0.5)):
        loop = FeedbackLoop(family, mixing=mixing, n=6, **parts)
        law = home.theorem.provides(loop, Homozygosity())
        known = predict(loop, 6, [Heterozygosity()])["heterozygosity"]
        assert np.allclose(1 - law(when), known, rtol=1e-12)
