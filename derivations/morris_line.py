"""How far the mean wanders, on one line for all families of quadratic variance.

With V(m) = v₀ + v₁m + v₂m² a step adds E V(m_g) = V(m₀) + v₂ Var m_g of noise, shared out over
n points: only the curvature v₂ of the variance function matters.  Morris (1982) has six such
families: binomial (-1/T), Poisson and Gaussian mean (0), gamma (1/a), negative binomial (1/r)
and generalized hyperbolic secant (1/a).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.derivations._morris import (
    MORRIS,
    QuadraticVariance,
    curve_of,
    quadratic,
    variance_at,
)
from hallofillusions.families.bernoulli import Bernoulli
from hallofillusions.families.binomial import Binomial
from hallofillusions.families.gamma import Gamma
from hallofillusions.families.gaussian_mean import GaussianMean
from hallofillusions.families.hyperbolic_secant import HyperbolicSecant
from hallofillusions.families.negative_binomial import NegativeBinomial
from hallofillusions.families.poisson import Poisson
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.symbols import alpha, g, n
from hallofillusions.theory import derive

V, bend = sp.Symbol("V(m_0)", positive=True), sp.Symbol("v_2", real=True)
rate: dict[Any, Any] = {
    FreshSplit: alpha**2 + alpha * bend / n,
    FreshMixture: alpha**2 + alpha * (bend + 1 - alpha) / n,
    Replace: 1 + bend / n,
}
limit: dict[Any, Any] = {
    FreshSplit: V / (n * (1 - alpha**2) - alpha * bend),
    FreshMixture: V / (n * (1 - alpha**2) - alpha * (bend + 1 - alpha)),
}
drifted = V / bend * ((1 + bend / n) ** g - 1)
"""Var m_g under Replace, where nothing holds the mean; V(m₀) g/n where v₂ = 0."""
LETTERS = {FreshSplit: "split", FreshMixture: "mix"}


def wandered(rho: Any) -> Any:
    """Var m_g from the truth: V(m₀)/n, of which each step keeps the share ρ."""
    return V / n * (1 - rho**g) / (1 - rho)


def statement() -> list[Any]:
    error, end = (sp.Symbol(rf"\mathrm{{E}}[({m}-m_0)^2]")
                  for m in (r"\hat m_g", r"\hat m_\infty"))  # fmt: skip
    rho = {m: sp.Symbol(rf"\rho_{{\mathrm{{{word}}}}}") for m, word in LETTERS.items()}
    return [
        equal(error, wandered(sp.Symbol("rho"))),
        *(equal(symbol, rate[m]) for m, symbol in rho.items()),
        *(equal(sp.Symbol(rf"{end.name}_{{\mathrm{{{LETTERS[m]}}}}}"), limit[m]) for m in rho),
        equal(sp.Symbol(rf"{error.name}_{{\mathrm{{Replace}}}}"), drifted),
    ]


def _mixed(mixing: type[Any]) -> Any:
    return Replace() if mixing is Replace else mixing(alpha=alpha)


def _claimed(mixing: type[Any], family: Any) -> Any:
    """The closed form, in the terms of one family."""
    closed = drifted if mixing is Replace else wandered(rate[mixing])
    flat = curve_of(family)[2] == 0
    if flat and mixing is Replace:
        closed = sp.limit(closed, bend, 0)
    return closed.subs({V: variance_at(family, family.middle()), bend: curve_of(family)[2]})


def proof() -> Iterator[Step]:
    for family in (QuadraticVariance(), *MORRIS):
        name = type(family).__name__
        for mixing in rate:
            loop = FeedbackLoop(family, mixing=_mixed(mixing), n=n)
            claim = {"delta": 0, "delta^2": _claimed(mixing, family)}
            for step in induction(derive(loop), claim):
                yield replace(step, because=f"{name}, {mixing.__name__}: {step.because}")
    for mixing, end in limit.items():
        held = wandered(rate[mixing]).subs(rate[mixing] ** g, 0)  # ρ^g → 0 for |ρ| < 1
        yield Step(f"{mixing.__name__}: the limit", held, end)
        point = derive(FeedbackLoop(QuadraticVariance(), mixing=_mixed(mixing), n=n)).fixed_point()
        own = QuadraticVariance()
        known = end.subs({V: variance_at(own, own.middle()), bend: curve_of(own)[2]})
        yield Step(f"{mixing.__name__}: the fixed point of the recursion",
                   None if point is None else point["delta^2"], known)  # fmt: skip
    yield Step("Replace is Split without real points", rate[FreshSplit].subs(alpha, 1),
               rate[Replace])  # fmt: skip
    yield Step("and the mixture without real points", rate[FreshMixture].subs(alpha, 1),
               rate[Replace])  # fmt: skip
    yield Step("Replace, v₂ → 0: the Gaussian line", sp.limit(drifted, bend, 0), V * g / n)


def confrontations() -> list[Confrontation]:
    found = []
    for family in (Binomial(3, 0.3), Bernoulli(0.4), Poisson(2), GaussianMean(1, 2), Gamma(2, 3),
                   NegativeBinomial(2, 3), HyperbolicSecant(1, 2)):  # fmt: skip
        for mixing in (FreshSplit(0.5), FreshMixture(0.5)):
            found.append(_attack(FeedbackLoop(family, mixing=mixing, n=4), (1, 2, 4)))
    found.append(_attack(FeedbackLoop(Gamma(2, 3), mixing=Replace(), n=9), (1, 3, 6)))
    found.append(_attack(FeedbackLoop(Binomial(2, 0.3), mixing=Replace(), n=4), (1, 3, 6)))
    return found


def _attack(loop: FeedbackLoop, when: tuple[int, ...]) -> Confrontation:
    family: Any = loop.family
    own, mixing = float(curve_of(family)[2]), type(loop.mixing)
    numbers = {"V(m_0)": float(family.variance_of(family.as_model())), "v_2": own}

    def value(closed: Any, **wrong: float) -> Any:
        return evaluate(closed, loop, when, **{**numbers, **wrong})

    law = value(wandered(rate[mixing]) if own == 0 or mixing is not Replace else drifted)
    noisier = float(loop.n) - 1
    rivals = {"index off by one": value(wandered(rate[mixing]).subs(g, g + 1)),
              "n - 1": value(wandered(rate[mixing]), n=noisier), "infinite n": 0 * law}  # fmt: skip
    if mixing is not Replace:
        other = FreshMixture if mixing is FreshSplit else FreshSplit
        rivals["the other mixing"] = value(wandered(rate[other]))
    if own != 0:
        line = V * g / n if mixing is Replace else wandered(rate[mixing])
        rivals["the Gaussian line, v₂ = 0"] = value(line, v_2=0.0)
    return Confrontation(loop, SquaredError(), when, law, rivals, replicates=400_000)


theorem = Theorem(
    name="morris_line",
    title="One line for all families of quadratic variance",
    kind=Exact(),
    assumptions=(
        "a natural exponential family whose variance is V(m) = v₀ + v₁m + v₂m², with m₀ its real "
        "mean",
        "maximum likelihood: the fitted mean is the training mean",
        "started at the truth; α and n constant; the limits need ρ < 1 in modulus",
        "v₂ = -1/T binomial, 0 Poisson and Gaussian mean, 1/a gamma and hyperbolic secant, "
        "1/r negative binomial",
    ),
    reference="the six families: Morris 1982; the line: no earlier statement known",
    cites=("morris1982",),
    statement=statement,
    proof=proof,
    applies=quadratic(FreshSplit, FreshMixture, Replace),
    confrontations=confrontations,
)
