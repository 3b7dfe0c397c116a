"""How far the mean wanders when a Gaussian trains on its own output.

Every fit moves the mean by √(σ²_{g-1}/n) Z.  Under maximum likelihood the strides shrink with
the variance and the walk stops for good; under Bessel their expected square stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    confront,
    faithful,
    named,
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
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

errors = {
    MaximumLikelihood: sigma_0**2 * (1 - (1 - 1 / n) ** g),
    Bessel: sigma_0**2 * g / n,
}


def statement() -> list[Any]:
    return [equal(named(r"(\hat\mu_g-\mu_0)^2", e), error) for e, error in errors.items()]


def proof() -> Iterator[Step]:
    for estimator in BOTH:
        variance = sigma_0**2 * sp.simplify(nu / DIVISORS[estimator]) ** g
        recursion = derive(symbolic_loop(Replace(), estimator=estimator()), order=2)
        claim = {"delta": 0, "delta^2": errors[estimator], "v": variance}
        yield from under(estimator, induction(recursion, claim))
        if estimator is MaximumLikelihood:
            yield Step("what the variance loses the mean gains", variance + errors[estimator],
                       sigma_0**2)  # fmt: skip


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (3, MaximumLikelihood, (1, 2, 5)),
        (20, Bessel, (1, 2, 5)),
        (25, MaximumLikelihood, (1, 5, 25)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator())
        wrong = numbers(errors[BOTH[estimator is BOTH[0]]], loop, when)
        found.append(confront(loop, SquaredError(), when, errors[estimator], infinite=0,
                              replicates=150_000, other_ddof=wrong))  # fmt: skip
    return found


theorem = Theorem(
    name="gaussian_mean_error",
    title="Mean squared error of the mean under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "started at the truth",
    ),
    reference="Bessel: the random walk of Shumailov et al. 2024",
    cites=("shumailov2024",),
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
