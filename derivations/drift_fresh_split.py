"""The drift coefficient when every generation has exact counts of fresh real points.

State the model by its mean parameters.  Under `FreshSplit` and maximum likelihood one number
v_g rules every second moment: E σ²_g = (1 - v_g) σ₀² and E (μ_g - μ₀)² = v_g σ₀².
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.derivations._shared import only, predicted, symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, evaluate, induction
from hallofillusions.symbols import alpha, g, n, sigma_0
from hallofillusions.theory import derive

rho = alpha**2 - alpha / n
v_g = (1 - rho**g) / (n * (1 - rho))
effective_size = n * (1 - alpha**2) + alpha


def statement() -> list[Any]:
    v, N = sp.Symbol("v_g"), sp.Symbol("N_eff")
    variance, error = sp.Symbol("E[sigma_g^2]"), sp.Symbol("E[(mu_g-mu_0)^2]")
    return [
        sp.Eq(variance, (1 - v) * sigma_0**2),
        sp.Eq(error, v * sigma_0**2),
        sp.Eq(v, v_g, evaluate=False),
        sp.Eq(N, effective_size),
    ]


def proof() -> Iterator[Step]:
    recursion = derive(symbolic_loop(FreshSplit(alpha=alpha)))
    yield from induction(
        recursion,
        {"delta": 0, "delta^2": v_g * sigma_0**2, "v": (1 - v_g) * sigma_0**2},
    )
    limit = v_g.subs(rho**g, 0)  # |ρ| < 1, so ρ^g → 0
    yield Step("N_eff is one over the limit of v_g", 1 / limit, effective_size)


def confrontations() -> list[Confrontation]:
    found = []
    for size, a in ((3, sp.Rational(2, 3)), (5, sp.Rational(3, 5)), (20, sp.Rational(9, 10))):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshSplit(alpha=a), n=size)
        when = (1, 2, 5, 10)
        shares = evaluate(v_g, loop, when)
        rivals = {
            "mixes moments, not cumulants": replace(loop, mixing=FreshMixture(alpha=a)),
            "ddof = 1": replace(loop, estimator=Bessel()),
        }
        for observable, values in ((Variance(), 2 * (1 - shares)), (SquaredError(), 2 * shares)):
            wrong = {name: predicted(rival, observable, when) for name, rival in rivals.items()}
            wrong["index off by one"] = predicted(loop, observable, [t + 1 for t in when])
            found.append(Confrontation(loop, observable, when, values, wrong))
    return found


theorem = Theorem(
    name="drift_fresh_split",
    title="Drift coefficient with exact counts of fresh real points",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "(1-α)n fresh real points and αn synthetic ones per generation",
        "started at the truth",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FreshSplit, estimator=MaximumLikelihood),
    confrontations=confrontations,
)
