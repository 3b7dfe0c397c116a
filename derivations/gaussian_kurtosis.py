"""Heavy tails out of thin air: the annealed kurtosis under Replace.

Every model is a Gaussian of kurtosis 3, but a synthetic point drawn after g generations, over
all runs together, is a mixture of Gaussians: its kurtosis about the real mean rises towards
6n - 3 under maximum likelihood and without bound under Bessel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._integrals import normal_mean
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    confront,
    lam,
    nu,
    numbers,
    under,
)
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.derivations.gaussian_mean_error import errors
from hallofillusions.derivations.gaussian_variance import variance
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.fourth_moment import FourthMoment
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

b = nu * (nu + 2) / D**2  # E (χ²/D)²
q = (n + 1) / (n - 1)  # b under Bessel; under maximum likelihood b = 1 - n^{-2}
fourth = {  # E (X - μ₀)⁴ / σ₀⁴
    MaximumLikelihood: 3 + 6 * (n - 1) * (1 - (1 - n**-2) ** g),
    Bessel: 3 + (15 * n - 9) / (2 * n) * (q**g - 1) - 3 * (n - 1) * g / n**2,
}
second = {e: sp.expand((errors[e] + variance.subs({D: DIVISORS[e], lam: 1})) / sigma_0**2)
          for e in BOTH}  # fmt: skip
kurtosis = {e: fourth[e] / second[e] ** 2 for e in BOTH}


def statement() -> list[Any]:
    names = {MaximumLikelihood: "MLE", Bessel: "Bessel"}
    return [
        equal(sp.Symbol(rf"\mathrm{{kurt}}_{{\mathrm{{{names[e]}}}}}(X_g)"), k)
        for e, k in kurtosis.items()
    ]


def proof() -> Iterator[Step]:
    z, delta = sp.symbols("z delta", real=True)
    v = sp.Symbol("v", positive=True)
    point = normal_mean((delta + sp.sqrt(v) * z) ** 4, z)
    yield Step("fourth moment given the model", point, delta**4 + 6 * delta**2 * v + 3 * v**2)
    yield Step("MLE keeps the second moment", second[MaximumLikelihood], 1)
    yield Step("Bessel lets it grow", second[Bessel], 1 + g / n)
    for estimator in BOTH:
        claim = moments(estimator)
        loop = symbolic_loop(Replace(), estimator=estimator())
        recursion = derive(loop, monomials=[{"delta": 4}, {"delta": 2, "v": 1}, {"v": 2}])
        steps = induction(recursion, {k: sigma_0**4 * m for k, m in claim.items()})
        yield from under(estimator, steps)
        total = claim["delta^4"] + 6 * claim["delta^2 v"] + 3 * claim["v^2"]
        yield Step("the three moments together", total, fourth[estimator])
    x = sp.Symbol("x", positive=True)
    limit = sp.limit(fourth[MaximumLikelihood].subs((1 - n**-2) ** g, sp.exp(-g * x)), g, sp.oo)
    yield Step("the limit under MLE", limit, 6 * n - 3)


def moments(estimator: type[Any]) -> dict[str, Any]:
    """E δ⁴, E δ²σ² and E σ⁴ over σ₀⁴, each a sum of powers."""
    powers = b.subs(D, DIVISORS[estimator])
    power = sp.simplify(powers) ** g
    if estimator is MaximumLikelihood:
        kept = (1 - 1 / n) ** g
        walk = 3 * ((1 + 2 * n) * (1 - power) - 2 * (1 - kept))
        return {"v^2": power, "delta^2 v": power - kept, "delta^4": walk}
    walk = 3 * (n - 1) * (n * (power - 1) - 2 * g) / (2 * n**2)
    return {"v^2": power, "delta^2 v": (n - 1) * (power - 1) / (2 * n), "delta^4": walk}


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (20, MaximumLikelihood, (1, 2, 4)),
        (20, Bessel, (1, 2, 4)),
        (41, MaximumLikelihood, (1, 4, 8)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator())
        closed = {e: sigma_0**4 * m for e, m in fourth.items()}
        wrong = numbers(closed[BOTH[estimator is BOTH[0]]], loop, when)
        found.append(confront(loop, FourthMoment(), when, closed[estimator], infinite=12,
                              replicates=200_000, other_ddof=wrong))  # fmt: skip
    return found


theorem = Theorem(
    name="gaussian_kurtosis",
    title="Annealed kurtosis about the real mean under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "X is one synthetic point of model g, averaged over runs and about the real mean",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "started at the truth; n ≥ 2",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(Replace, estimator=BOTH, smallest=2),
    confrontations=confrontations,
)
