"""The expected standard deviation shrinks geometrically under either estimator.

E σ_g = σ₀ c^g with c = E √(χ²_{n-1}/D) < 1: for Bessel's divisor this is the c₄ of quality
control, which says by how much the root of an unbiased variance is biased.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    biased,
    confront,
    lam,
    log_of,
    named,
    nu,
    s,
)
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.standard_deviation import StandardDeviation
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n, sigma_0

c = sp.sqrt(2 * lam / D) * sp.gamma(n / 2) / sp.gamma(nu / 2)
deviation = sigma_0 * c**g


def statement() -> list[Any]:
    names = dict(zip(BOTH, (sp.Symbol("c"), sp.Symbol("c_4")), strict=True))
    equations = []
    for estimator, name in names.items():
        equations.append(equal(named(r"\hat\sigma_g", estimator), sigma_0 * name**g))
        equations.append(equal(name, c.subs({D: DIVISORS[estimator], lam: 1})))
    return equations


def proof() -> Iterator[Step]:
    yield Step("half a power in the moments of σ²", m.subs(s, sp.Rational(1, 2)), c)
    x = sp.Symbol("x", positive=True)
    density = x ** (nu / 2 - 1) * sp.exp(-x / 2) / (2 ** (nu / 2) * sp.gamma(nu / 2))
    for size in (2, 3, 10):
        root = sp.integrate((sp.sqrt(x) * density).subs(n, size), (x, 0, sp.oo))
        yield Step(f"E χ at n = {size}, as an integral", root * sp.sqrt(lam / D), c.subs(n, size))
    variance = sp.simplify(m.subs({s: 1, lam: 1, D: nu}))
    yield Step("Bessel keeps E σ²; the root is concave, so E σ falls", variance, 1)
    h = sp.Symbol("h", positive=True)  # (n-1)/2
    slope = log_of(c.subs({lam: 1, D: nu}).subs(n, 2 * h + 1)).diff(h)  # of log c₄, which → 0
    limit = sp.limit(8 * h**2 * slope.rewrite(sp.polygamma), h, sp.oo)
    yield Step("log c₄ is -1/(8h) for large h: one generation loses 1/(4n)", limit, 1)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (3, MaximumLikelihood(), (1, 2, 5)),
        (3, Bessel(), (1, 2, 5)),
        (10, Bessel(), (1, 5, 15)),
        (25, MaximumLikelihood(), (1, 5, 20)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 4), mixing=Replace(), n=size, estimator=estimator)
        found.append(confront(loop, StandardDeviation(), when, deviation, infinite=2))
    return found


theorem = Theorem(
    name="gaussian_standard_deviation",
    title="Expected standard deviation under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "started at the truth; a sampler that scales the covariance by λ brings λ^(g/2) more",
    ),
    reference="Bertrand et al. 2024 (Bessel); bounds by Suresh et al. 2024",
    cites=("bertrand2024", "suresh2024"),
    statement=statement,
    proof=proof,
    applies=biased,
    confrontations=confrontations,
)
