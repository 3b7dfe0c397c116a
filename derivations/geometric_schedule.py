r"""Replace with sizes that grow geometrically: what is left is a q-Pochhammer symbol.

With n_j = nq^{j-1} the product ∏(1 - 1/n_j) is (1/n; 1/q)_g, and by Cauchy's q-binomial theorem
a polynomial in 1/n; for ever, Euler's series.  About q/((q-1)n) of the variance is lost for ever:
doubling costs no more than the first fit twice.  Under Bessel that is the error of the mean,
exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import growing_schedule
from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    BOTH,
    ERROR,
    VARIANCE,
    attack,
    gaussian,
    j,
    product,
    scheduled,
    total,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n, sigma_0

q, p = sp.symbols("q p", positive=True)  # p = 1/q < 1
i = sp.Symbol("k", integer=True, nonnegative=True)
Q = sp.Function("Q", positive=True)  # Q(m) = (1-p)(1-p²)…(1-p^m)
coefficient = (-1) ** i * p ** (i * (i - 1) / 2) * Q(g) / (Q(i) * Q(g - i))
"""Of n^{-k} in what g fits leave, k = 0 … g."""
wandering = (1 - q**-g) / (n * (1 - 1 / q))
"""E (μ_g - μ₀)²/σ₀² under Bessel."""


def statement() -> list[Any]:
    variance, error = (named(r"\hat\sigma_g^2", MaximumLikelihood),
                       named(r"(\hat\mu_g-\mu_0)^2", Bessel))  # fmt: skip
    left = [sp.Product(1 - q ** (1 - j) / n, (j, 1, end)) for end in (g, sp.oo)]
    sign = (-1) ** i * q ** (-i * (i - 1) / 2) / n**i
    ones = sp.Product((1 - q ** (j - g - 1)) / (1 - q**-j), (j, 1, i))
    euler = sp.Product(1 - q**-j, (j, 1, i))
    return [
        equal(sp.Symbol("n_{j}"), n * q ** (j - 1)),
        equal(variance, sigma_0**2 * left[0]),
        equal(left[0], sp.Sum(sign * ones, (i, 0, g))),
        equal(left[1], sp.Sum(sign / euler, (i, 0, sp.oo))),
        equal(error, sigma_0**2 * wandering),
    ]


def proof() -> Iterator[Step]:
    rules = {  # Q(m) = (1 - p^m) Q(m - 1)
        Q(g + 1): (1 - p ** (g + 1)) * Q(g),
        Q(i): (1 - p**i) * Q(i - 1),
        Q(g + 1 - i): (1 - p ** (g + 1 - i)) * Q(g - i),
    }
    here, after = (coefficient.subs(g, t).subs(rules) for t in (g, g + 1))
    beside = coefficient.subs(i, i - 1).subs(rules)
    # the fit number g + 1 multiplies the polynomial by 1 - p^g/n
    share = growing_schedule.cost.subs(n, n * p**-g) * n
    pascal = sp.powsimp(sp.expand((after - here + share * beside) / here))
    yield Step("Pascal's rule: c_k(g+1) = c_k(g) - p^g c_(k-1)(g)", pascal, 0, sp.simplify)
    yield Step("without fits all is left", _written(0), 1)
    for fits in (1, 2, 3):
        factors = [1 - growing_schedule.cost.subs(n, n * p**-t) for t in range(fits)]
        yield Step(f"{fits} fits, written out", _written(fits), sp.prod(factors))
    first = coefficient.subs(i, 1) / n
    first = first.subs(Q(1), 1 - p).subs(Q(g), (1 - p**g) * Q(g - 1))
    lost = sp.cancel(first).subs(p**g, 0).subs(p, 1 / q)  # p < 1
    yield Step("for ever about q/((q-1)n) is lost", lost, -q / ((q - 1) * n))
    yield Step("Bessel: no error at first", wandering.subs(g, 0), 0)
    more = wandering.subs(g, g + 1) - wandering
    yield Step("Bessel: one term more", more, growing_schedule.cost.subs(n, n * q**g))
    doubled = sp.limit(wandering.subs(q, 2), g, sp.oo)
    yield Step("Bessel, doubling: the first fit twice", doubled, 2 * growing_schedule.cost)


def _written(fits: int) -> Any:
    """The polynomial of so many fits, with every Q written out."""

    def product_of(m: Any) -> Any:
        return sp.prod(1 - p ** (t + 1) for t in range(int(m)))

    terms = (coefficient.subs({g: fits, i: t}).replace(Q, product_of) for t in range(fits + 1))
    return sum(term / n**t for t, term in enumerate(terms))


@cache
def _left(ratio: Fraction, first: int, fits: int) -> float:
    """What so many fits leave, by the polynomial."""
    return float(_written(fits).subs({p: sp.Rational(1 / ratio), n: first}))


def _law(loop: FeedbackLoop, generations: int) -> Any:
    ratio = Fraction(loop.n[1], loop.n[0])
    return np.array([_left(ratio, loop.n[0], t) for t in range(generations + 1)])


def confrontations() -> list[Confrontation]:
    found = []
    for first, ratio, last in ((3, Fraction(2), 8), (8, Fraction(3, 2), 4), (2, Fraction(3), 6)):
        sizes = [int(first * ratio**t) for t in range(last)]
        loop, slower = gaussian(Replace(), sizes), [first * (t + 1) for t in range(last)]
        when, cost = (1, 2, 3, last), growing_schedule.cost
        rivals = {
            "the first size for ever": product(1 - cost, gaussian(Replace(), first), last),
            "linear growth": product(1 - cost, gaussian(Replace(), slower), last),
            "only the first order in 1/n": 1 - total(cost, loop, last),
        }
        found += [
            attack(loop, when, _law, rivals, watched=VARIANCE),
            attack(loop, when, lambda *a: 1 - _law(*a), {k: 1 - v for k, v in rivals.items()},
                   watched=ERROR),
        ]  # fmt: skip
    return found


theorem = Theorem(
    name="geometric_schedule",
    title="Sizes that grow geometrically leave a q-Pochhammer symbol of the variance",
    kind=Exact(),
    assumptions=(
        "those of growing_schedule",
        "n_j = nq^(j-1) with q > 1, all of them whole numbers",
    ),
    reference="the series: Cauchy, Euler; as a law of a loop: no earlier statement known",
    statement=statement,
    proof=proof,
    applies=scheduled(Replace, estimator=BOTH, smallest=2),
    confrontations=confrontations,
)
