"""The theorems on types against numbers made another way: nothing here is simulated.

The exact chain of one type stands in for a loop, and brute force over all counts for the chain.
"""

from __future__ import annotations

import importlib
from fractions import Fraction
from itertools import product
from math import factorial, prod
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import special, stats

from hallofillusions import FeedbackLoop
from hallofillusions.derivations import _samplers as samplers
from hallofillusions.derivations import _survival as one
from hallofillusions.derivations import coverage, frozen_support, survival
from hallofillusions.derivations import temperature_transition as cold
from hallofillusions.derivations import zipf_missing_mass as zipf
from hallofillusions.families.categorical import Categorical
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.starts import Memory
from hallofillusions.symbols import alpha, g, n
from tests.planted import loses_its_proof

THREE = Fraction(3, 4)
MIXINGS = (Replace(), FreshMixture(THREE), FreshSplit(THREE))
MUTANTS = [
    ("lumping", "entry", lambda e: e * (1 + 1 / n)),
    ("lumping", "convolved", lambda e: e * (1 + 1 / n)),
    ("lumping", "second", lambda f: lambda v: f(v) * (1 + 1 / n)),
    ("survival", "follows", lambda e: e.subs(alpha, alpha**2)),
    ("survival", "rate", lambda e: 2 * e),
    ("survival", "level", lambda e: e * (1 + alpha)),
    ("survival", "exponent", lambda e: e + survival.s),
    ("coverage", "following", lambda e: e * alpha),
    ("coverage", "coverage", lambda e: e + one.s),
    ("coverage", "lower", lambda e: e * 2),
    ("coverage", "upper", lambda e: e - coverage.r / 2),
    ("zipf_missing_mass", "mass", lambda e: e * zipf.beta),
    ("zipf_missing_mass", "mass", lambda e: e / zipf.T),
    ("zipf_missing_mass", "vocabulary", lambda e: e + 1),
    ("zipf_missing_mass", "mass_beyond", lambda e: 2 * e),
    ("zipf_missing_mass", "types_beyond", lambda e: -e),
    ("frozen_support", "frozen", lambda e: e**2),
    ("frozen_support", "first", lambda e: e * (1 - one.p)),
    ("frozen_support", "begun", lambda e: e * (1 + 1 / n)),
    ("frozen_support", "entry", lambda e: e * (1 + 1 / n)),
    ("frozen_support", "alive", lambda e: e.subs(g, g + 1)),
    ("temperature_transition", "gain", lambda e: e**2),
    ("temperature_transition", "hot", lambda e: e**2),
    ("temperature_transition", "following", lambda e: e * alpha),
    ("temperature_transition", "share", lambda e: e**2),
    ("temperature_transition", "rise", lambda e: 2 * e),
    ("temperature_transition", "cubic", lambda e: -e),
    ("temperature_transition", "quadratic", lambda e: 2 * e),
    ("temperature_transition", "touching", lambda e: 2 * e),
    ("temperature_transition", "half_alpha", lambda e: e / 2),
    ("categorical_samplers", "divergence", lambda e: 2 * e),
    ("categorical_samplers", "distance", lambda e: e / 2),
    ("categorical_samplers", "absent", lambda e: e * (1 - one.q)),
    ("categorical_samplers", "square", lambda e: e * (1 + 1 / n)),
    ("categorical_samplers", "accepted", lambda f: lambda *parts: 2 * f(*parts)),
    ("categorical_samplers", "tempered", lambda f: lambda types, at=cold.tau: f(types, 2 * at)),
    ("categorical_samplers", "cooling", lambda f: lambda a, b: 2 * f(a, b)),
]


@pytest.mark.parametrize(
    ("name", "form", "wrong"), MUTANTS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = importlib.import_module(f"hallofillusions.derivations.{name}")
    loses_its_proof(home, form, wrong, monkeypatch)


# -- the chain of one type -------------------------------------------------------------------------


def test_the_statement_is_what_the_numbers_use() -> None:
    values = [float(one.pmf(7, sp.Rational(3, 10), c)) for c in range(8)]
    assert one.binomial(7, 0.3) == pytest.approx(values)


@pytest.mark.parametrize("mixing", MIXINGS, ids=str)
def test_one_type_of_three_by_brute_force(mixing: Any) -> None:
    """All counts of three types in four points, three generations: nothing is lumped."""
    size, p = 4, np.array([0.5, 0.3, 0.2])
    loop = FeedbackLoop(Categorical(tuple(p)), mixing=mixing, n=size)
    states = [s for s in product(range(size + 1), repeat=3) if sum(s) == size]
    share = one.share_of(loop)

    def multinomial(s: Any, law: Any) -> float:
        ways = factorial(sum(s)) / prod(map(factorial, s))
        return float(ways * np.prod(np.asarray(law) ** np.array(s)))

    def following(q: Any, s: Any) -> float:
        if not isinstance(mixing, FreshSplit):
            return multinomial(s, (1 - share) * p + share * q)
        synthetic = round(share * size)
        parts = [a for a in product(range(synthetic + 1), repeat=3) if sum(a) == synthetic]
        return sum(multinomial(a, q) * multinomial(np.subtract(s, a).tolist(), p) for a in parts
                   if min(np.subtract(s, a)) >= 0)  # fmt: skip

    row = np.array([following(p, s) for s in states])
    T = np.array([[following(np.array(s) / size, after) for after in states] for s in states])
    for when in (1, 2, 3):
        for kind in range(3):
            marginal = [row[[s[kind] == c for s in states]].sum() for c in range(size + 1)]
            assert one.counts(loop, p[kind], (when,))[0] == pytest.approx(marginal)
        row = row @ T


@pytest.mark.parametrize("mixing", MIXINGS, ids=str)
@pytest.mark.parametrize("when", [1, 2, 5])
def test_absence_tends_to_its_law_from_below(mixing: Any, when: int) -> None:
    """An upper bound at every n, whose error falls like 1/n at a fixed np."""
    for points in (0.3, 1.0, 4.0):
        error = []
        for size in (40, 160, 640):
            loop = FeedbackLoop(Categorical((points / size, 1 - points / size)), mixing=mixing,
                                n=size)  # fmt: skip
            absent = one.counts(loop, points / size, (when,))[0, 0]
            bound = np.exp(-points * one.exposure(one.share_of(loop), when))
            error.append(bound - absent)
        assert min(error) > 0
        assert np.diff(np.log(error)) / np.log(4) == pytest.approx(-1, abs=0.05)


def test_losses_fall_like_two_over_g() -> None:
    """1/s_j = j/2 + log(j)/6 + const., and the next generation's differs by 1/2 + s/12."""
    s = one.losses(1.0, 100_001)
    j = np.array([1000, 10_000, 100_000])
    assert j * s[j] == pytest.approx(2, abs=0.02)
    rest = 1 / s[j] - j / 2 - np.log(j) / 6
    assert np.abs(np.diff(rest)).max() < 1e-2 > abs(rest[2] - rest[1]) * 10


def test_coverage_as_the_map_of_theory_says() -> None:
    assert coverage.kappa(0.5) == pytest.approx(0.8703, abs=5e-5)
    assert coverage.kappa(0.9) == pytest.approx(0.3997, abs=5e-5)
    for share in np.linspace(0.01, 0.999, 60):
        low, high = (float(e.subs(alpha, share)) for e in (coverage.lower, coverage.upper))
        s = one.losses(share, 40 + int(40 / (1 - share)))[1:]
        assert low < coverage.kappa(share) < high
        assert coverage.kappa(share) == pytest.approx(1 - (-np.log1p(-s) - s).sum())
        assert coverage.kappa(share) > 1 - share**2  # more types than the variance's N_eff keeps


def test_bernstein_coefficients_are_those_of_the_polynomial() -> None:
    a, s = coverage.alpha, coverage.s
    polynomial = sp.Poly(3 * a**2 * s - a * s**3 + 2, a, s)
    found = np.array(coverage.bernstein(polynomial), dtype=float).reshape(3, 4)
    for x, y in ((0.2, 0.7), (0.9, 0.4)):
        value = sum(found[i, j] * stats.binom.pmf(i, 2, x) * stats.binom.pmf(j, 3, y)
                    for i in range(3) for j in range(4))  # fmt: skip
        assert value == pytest.approx(float(polynomial.eval((x, y))))


# -- Zipf's law ------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [1.2, 1.5, 2.0])
@pytest.mark.parametrize("count", [50, 300])
def test_sums_over_zipf_types(exponent: float, count: int) -> None:
    """The poissonised sums over K types, but for terms smaller than any power of 1/T."""
    p = Categorical.zipf(count, exponent).law
    tokens = 300.0
    sums = ((p * np.exp(-tokens * p)).sum(), (1 - np.exp(-tokens * p)).sum())
    laws = ((zipf.MissingMass(), zipf.mass), (zipf.TypesSurviving(), zipf.vocabulary))
    for expected, (observable, law) in zip(sums, laws, strict=True):
        found = zipf.value(observable, law, exponent, tokens, count)
        assert found == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_one_corpus_misses_as_much_up_to_one_over_t(exponent: float) -> None:
    p = Categorical.zipf(2000, exponent).law
    error = []
    for tokens in (100, 400, 1600):
        exact = (p * (1 - p) ** tokens).sum()
        error.append(zipf.value(zipf.MissingMass(), zipf.mass, exponent, tokens, 2000) / exact - 1)
    slope = np.diff(np.log(error)) / np.log(4)
    assert slope[-1] == pytest.approx(-1, abs=0.1)


def test_the_constant_of_infinitely_many_types() -> None:
    """Γ(1-1/β)/β ζ(β)^{-1/β}: at β = 2 it is √(6/π)/2."""
    found = zipf.value(zipf.MissingMass(), zipf.mass, 2.0, 1.0, None)
    assert found == pytest.approx(special.gamma(0.5) / 2 / special.zeta(2) ** 0.5)
    assert found == pytest.approx((6 / np.pi) ** 0.5 / 2)


# -- a fixed set -----------------------------------------------------------------------------------


def test_from_the_truth_the_missing_mass_rises_to_that_of_the_anchor() -> None:
    loop = FeedbackLoop(Categorical.zipf(8, 1), mixing=FixedReal(real=4), n=12, start=Memory())
    when = tuple(range(1, 60))
    rising = frozen_support.transient(loop, one.missing, when)
    limit = frozen_support.at_rest(loop, one.missing, (1,))[0]
    p = loop.family.law
    assert rising[0] == pytest.approx((p * (1 - p) ** 12).sum())
    assert (np.diff(rising) > 0).all()
    assert rising[-1] == pytest.approx(limit, rel=1e-6)
    bound = sum(q * (1 - q) ** 4 * 8 * q * (2 / 3) ** (np.array(when) - 1.0) for q in p)
    assert (limit - rising <= bound + 1e-15).all()
    rate = np.diff(np.log(limit - rising))[20:30]
    assert rate == pytest.approx(np.log(2 / 3), abs=1e-3)


# -- temperature -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("types", "temperature"), [(3, 0.8), (10, 0.8), (10, 0.5), (40, 0.6)])
def test_the_collapsed_state_exists_from_the_saddle_node_on(types: int, temperature: float) -> None:
    """The map itself, iterated from a state near one type, just below and just above."""
    place, limit = map(float, cold.saddle(types, Fraction(str(temperature))))
    real = np.full(types, 1 / types)
    for factor, lasts in ((0.998, False), (1.002, True)):
        q = np.array([0.999, *[0.001 / (types - 1)] * (types - 1)])
        share = limit * factor
        for _ in range(5000):
            q = (1 - share) * real + share * samplers.tempered(q, temperature)
        assert (q[0] > place) == lasts
    assert limit < temperature
    if temperature == 0.5:
        root = (types - 1) ** 0.5
        assert limit == pytest.approx(2 * root / (1 + root) ** 2)


def test_two_types_part_without_a_jump() -> None:
    """y² near the threshold is 3(α/τ - 1)/((α/τ)(τ^{-2} - 1)) to first order."""
    tau, y = 0.7, 0.5
    for excess in (1e-3, 1e-4):
        share = tau * (1 + excess)
        for _ in range(int(30 / excess)):
            y = share * np.tanh(np.arctanh(y) / tau)
        assert y**2 == pytest.approx(3 * excess / (tau**-2 - 1), rel=5 * excess)


@pytest.mark.parametrize("level", [0.3, 0.65, 0.7, 0.999])
def test_the_nucleus_is_the_smallest_set(level: float) -> None:
    q = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
    count = samplers.nucleus(q, level)
    assert q[:count].sum() >= level > q[: count - 1].sum()
    w = samplers.cut(q, count)
    mass = q[:count].sum()
    assert stats.entropy(w, q) == pytest.approx(-np.log(mass))
    assert np.abs(w - q).sum() / 2 == pytest.approx(1 - mass)
    assert np.abs(w - q).sum() / 2 <= 1 - level
