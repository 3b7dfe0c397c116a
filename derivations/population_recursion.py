"""At infinite n nothing collapses: the loop forgets its start at the rate α.

``D_{g+1} = (1-α) D_real + α D_g`` pulls every linear functional, the total variation and (as a
bound) the divergence to the real law.  At finite n it still holds, exactly and on average, for
what a moment-matching fit keeps: the first two raw moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._shared import only, predicted
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.base import Combination, Observable, monomial
from hallofillusions.observables.mean import Mean
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, g, n, sigma_0
from hallofillusions.theory import derive

gap = alpha**g
"""(D_g - D_real) over (D_0 - D_real)."""


@dataclass(frozen=True)
class SecondMoment(Observable):
    """σ² + (μ - μ₀)²: the model's second raw moment about the real mean."""

    label = "second moment about the real mean"

    def measure(self, family: Any, model: Any) -> Any:
        return model["variance"] + (model["mean"] - float(family.mean)) ** 2

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(delta=2)), (1.0, monomial(v=1))))


def statement() -> list[Any]:
    D_g, D_0, D = sp.symbols(r"D_{g} D_{0} D_{\mathrm{real}}")
    TV, KL = sp.Function(r"\mathrm{TV}"), sp.Function(r"\mathrm{KL}")
    return [
        equal(D_g - D, gap * (D_0 - D)),
        equal(TV(D_g, D), gap * TV(D_0, D)),
        sp.Le(KL(D, sp.Symbol("D_{g+1}")), alpha * KL(D, D_g)),
    ]


def proof() -> Iterator[Step]:
    p, q = sp.symbols("p q", positive=True)  # densities of D_real and D_0 at any one point
    D = p + gap * (q - p)
    yield Step("D_0 is the start", D.subs(g, 0), q)
    yield Step("D_{g+1} mixes D_g and D_real", D.subs(g, g + 1), (1 - alpha) * p + alpha * D)
    yield Step("so they come nearer at every point", sp.Abs(D - p), gap * sp.Abs(q - p))
    yield from _total_variation()
    yield from _divergence()
    for mixing in (FreshSplit(alpha=alpha), FreshMixture(alpha=alpha)):
        yield from _finite(mixing)


def _total_variation() -> Iterator[Step]:
    """Two exponential laws, worked out: the densities cross once, where they did at the start."""
    x, s = sp.symbols("x s", positive=True)
    real, start = sp.exp(-x), sp.exp(-x / (1 + s)) / (1 + s)
    mixed = real + gap * (start - real)
    cross = (1 + s) * sp.log(1 + s) / s
    ahead = sp.integrate(sp.expand(real - mixed), (x, 0, cross))
    before = sp.integrate(real - start, (x, 0, cross))
    yield Step("TV of two exponential laws contracts by α^g", ahead, gap * before)


def _divergence() -> Iterator[Step]:
    """log((1-α) + αr) ≥ α log r for r = D_g/D_real, and so KL falls by the factor α at least."""
    r = sp.Symbol("r", positive=True)
    surplus = sp.log(1 - alpha + alpha * r) - alpha * sp.log(r)
    slope = alpha * (1 - alpha) * (r - 1) / (r * (1 - alpha + alpha * r))
    yield Step("the surplus falls before r = 1 and rises after", sp.diff(surplus, r), slope)
    yield Step("and is zero there", surplus.subs(r, 1), 0)


def _finite(mixing: Any) -> Iterator[Step]:
    """The mean and the second moment about μ₀, as functionals of the engine's state."""
    loop = FeedbackLoop(family=Gaussian(0, sigma_0**2), mixing=mixing, n=n, start=Gaussian())
    recursion = derive(loop)
    C, c, x0 = recursion.matrix(), recursion.constant(), recursion.initial()
    delta_0, v_0 = sp.symbols("delta_0 v_0", real=True)
    for functional, truth, start in (
        (sp.Matrix([[1, 0, 0]]), 0, delta_0),  # of δ, δ² and v
        (sp.Matrix([[0, 1, 1]]), sigma_0**2, delta_0**2 + v_0),
    ):
        about = f"{'mean' if functional[0] else 'second moment'} under {mixing}"
        law = truth + gap * (start - truth)
        yield Step(f"{about}: the start", (functional * x0)[0], law.subs(g, 0))
        for left, right in zip(functional * C, alpha * functional, strict=True):
            yield Step(f"{about}: no other moment enters", left, right)
        stepped = alpha * law + (functional * c)[0]
        yield Step(f"{about}: from g to g + 1", stepped, law.subs(g, g + 1))


def confrontations() -> list[Confrontation]:
    found = []
    for mixing, size, a in (
        (FreshMixture, 3, Fraction(2, 3)), (FreshSplit, 3, Fraction(2, 3)),
        (FreshSplit, 10, Fraction(7, 10)), (FreshMixture, 1, Fraction(4, 5)),
    ):  # fmt: skip
        loop = FeedbackLoop(
            family=Gaussian(1, 2), mixing=mixing(alpha=a), n=size, start=Gaussian(3, 0.5)
        )
        when = (1, 2, 3)
        laws = {
            "": gap,
            "index off by one": gap.subs(g, g + 1),
            "α four per cent low": sp.Rational(24, 25) ** g * gap,
            "collapse": 1,
            "no memory": 0,
        }
        for observable, goal, start in ((Mean(), 1, 3), (SecondMoment(), 2, 4.5)):
            values = {
                name: goal + (start - goal) * evaluate(law, loop, when)
                for name, law in laws.items()
            }
            if size > 1 and isinstance(observable, SecondMoment):
                values["ddof = 1"] = predicted(replace(loop, estimator=Bessel()), observable, when)
            right = np.asarray(values.pop(""))
            found.append(
                Confrontation(loop, observable, when, right, values, replicates=200_000)
            )
    return found


theorem = Theorem(
    name="population_recursion",
    title="At infinite n the loop forgets its start at the rate α and nothing collapses",
    kind=Exact(),
    assumptions=(
        "infinite n and an unbiased sampler: D_syn = D_g; α < 1, any start",
        "at finite n: the expected mean and second moment about μ₀ of a moment-matching fit, "
        "with fresh real points",
    ),
    reference=None,
    cites=("yu2025",),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), start=(Truth, Gaussian)),
    confrontations=confrontations,
)
