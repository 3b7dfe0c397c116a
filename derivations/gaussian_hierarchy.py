"""The hierarchy closes at every order; order 4 holds the fluctuations of the variance.

Give μ - μ₀ the weight 1 and σ² the weight 2: the expected next value of a monomial has no
higher weight, so the moments of weight 4 obey a finite recursion, in which Var σ² is exact.
With fresh real data the fluctuations settle; alone they grow (Bessel) or die (MLE).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    confront,
    faithful,
    for_large_n,
    nu,
    numbers,
    under,
)
from hallofillusions.derivations._shared import symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.symbols import alpha, g, n, sigma_0
from hallofillusions.theory import derive

first, second = nu / D, nu * (nu + 2) / D**2  # E χ²/D and E (χ²/D)²
square = sigma_0**4 * second**g
fluctuation = square - sigma_0**4 * first ** (2 * g)
stationary = 2 * sigma_0**4 / (n * (1 - alpha**2))


def statement() -> list[Any]:
    equations = []
    for estimator, word in zip(BOTH, ("MLE", "Bessel"), strict=True):
        name = sp.Symbol(rf"\mathrm{{Var}}_{{\mathrm{{{word}}}}}(\hat\sigma_g^2)")
        closed = fluctuation.subs(D, DIVISORS[estimator])
        equations.append(equal(name, sp.factor_terms(closed.replace(_is_power, _tidy))))
    fresh = sp.Symbol(r"\mathrm{Var}_{\mathrm{fresh}}(\hat\sigma_\infty^2)")
    order = sp.Order(n**-2, (n, sp.oo))
    return [*equations, equal(fresh, sp.Add(stationary, order, evaluate=False))]


def _is_power(e: Any) -> bool:
    return bool(e.is_Pow and e.exp.has(g))


def _tidy(e: Any) -> Any:
    return sp.apart(e.base, n) ** e.exp


def proof() -> Iterator[Step]:
    for estimator in BOTH:
        here = {D: DIVISORS[estimator]}
        recursion = derive(symbolic_loop(Replace(), estimator=estimator()),
                           monomials=[{"v": 1}, {"v": 2}])  # fmt: skip
        claim = {"v": sigma_0**2 * first**g, "v^2": square}
        steps = induction(recursion, {k: c.subs(here) for k, c in claim.items()})
        yield from under(estimator, steps)
        yield Step("Var σ²", claim["v^2"] - claim["v"] ** 2, fluctuation)
    for mixing in (FreshSplit, FreshMixture):
        for estimator in BOTH:
            loop = symbolic_loop(mixing(alpha=alpha), estimator=estimator())
            recursion = derive(loop, monomials=[{"v": 2}, {"v": 1}])
            moments = recursion.fixed_point() or {}
            spread = moments["v^2"] - moments["v"] ** 2
            words = f"fresh data, {mixing.__name__} and {estimator.__name__}: leading order"
            yield Step(words, for_large_n(n * spread), n * stationary)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when, observable in (
        (5, MaximumLikelihood(), (1, 2), SquaredVariance()),
        (21, Bessel(), (1, 2, 5), SquaredVariance()),
        (40, MaximumLikelihood(), (1, 5, 10), SquaredVariance()),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        parts: dict[str, Any] = {"no_fluctuations": numbers(square - fluctuation, loop, when)}
        if isinstance(estimator, MaximumLikelihood):  # a factor 1 - n^{-2} is too near 1 to see
            parts["index_off_by_one"] = None
        found.append(confront(loop, observable, when, square, replicates=200_000, **parts))
    return found


theorem = Theorem(
    name="gaussian_hierarchy",
    title="Fluctuations of the variance: the hierarchy at order four",
    kind=Exact(),
    assumptions=(
        "Replace: each generation trains on n points of the last Gaussian alone, from the truth",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "fresh: (1-α)n fresh real points beside αn synthetic ones, by count or by chance, "
        "after many generations and to leading order in 1/n at fixed α",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
