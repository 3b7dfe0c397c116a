"""The mirror cavity: how often a training item has been reflected.

A real item comes in with probability 1 - α; a synthetic one has been through one model more
than the item that it stands for.  So reflections are geometric, cut off at the start, and
their generating function is what a scaling sampler does to the variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import alpha, g, lam, n, sigma_0
from hallofillusions.theory import derive

k = sp.Symbol("k", integer=True, nonnegative=True)
reflected = (1 - alpha) * alpha**k  # P(K = k) for k < g
unmixed = alpha**g  # P(K = g): no real item since the start
generating = (1 - alpha) * (1 - (alpha * lam) ** g) / (1 - alpha * lam) + (alpha * lam) ** g
mean = alpha * (1 - alpha**g) / (1 - alpha)
late = alpha / (1 - alpha)  # E K in the long run
lifetime = -1 / sp.log(alpha)


def statement() -> list[Any]:
    P = sp.Function("P")
    return [
        equal(P(equal(sp.Symbol("K_{g}"), k)), reflected),
        equal(P(equal(sp.Symbol("K_{g}"), g)), unmixed),
        equal(sp.Symbol(r"\mathrm{E}[\lambda^{K_g}]"), generating),
        equal(sp.Symbol(r"\mathrm{E}[K_{g}]"), mean),
        equal(sp.Symbol(r"\mathrm{E}[K_{\infty}]"), late),
        equal(sp.Symbol(r"t_{1/\mathrm{e}}"), lifetime),
    ]


def proof() -> Iterator[Step]:
    terms = [reflected.subs(k, j) * lam**j for j in range(6)]
    for short in (1, 2, 5):  # the sum of the law, spelt out
        spelt = sum(terms[:short]) + (unmixed * lam**g).subs(g, short)
        yield Step(f"generating function of the law, g = {short}", spelt, generating.subs(g, short))
    yield Step("at the start nothing is reflected", generating.subs(g, 0), 1)
    once = (1 - alpha) + alpha * lam * generating
    yield Step("a new item, or one reflection more", generating.subs(g, g + 1), once)
    yield Step("probabilities add up to 1", generating.subs(lam, 1), 1)
    yield Step("mean number of reflections", sp.diff(generating, lam).subs(lam, 1), mean)
    yield Step("in the long run", mean.subs(alpha**g, 0), late)
    yield Step("a share 1/e has no real item for", alpha**lifetime, sp.exp(-1), sp.simplify)
    for mixing in (FreshSplit(alpha=alpha), FreshMixture(alpha=alpha)):
        yield from _cavity(mixing)


def _cavity(mixing: Any) -> Iterator[Step]:
    """Each reflection of a sampler N(μ, λσ²) multiplies the variance by λ: σ²_g = σ₀² E λ^K."""
    recursion = derive(symbolic_loop(mixing, bias=ScaleCovariance(lam=lam)))
    C, c = (part.applyfunc(lambda e: sp.limit(e, n, sp.oo)) for part in (
        recursion.matrix(), recursion.constant()))  # fmt: skip
    law = {"delta": 0, "delta^2": 0, "v": sigma_0**2 * generating}
    before = sp.Matrix([law[name] for name in recursion.names])
    for name, value in zip(recursion.names, C * before + c, strict=True):
        after = sp.sympify(law[name]).subs(g, g + 1)
        yield Step(f"infinite n, λ per reflection: {name} under {mixing}", value, after)


def confrontations() -> list[Confrontation]:
    """The law of the ages through E σ²_g = σ₀² E λ^{K_g}; ages themselves in the tests.

    At n points the variance is off by about 1/n, its mean over R runs by √(2/nR): with n = 10⁶
    and R = 5000 the first is a thirtieth of the second.
    """
    found = []
    for mixing, factor in ((FreshSplit(alpha=0.5), 0.8), (FreshMixture(alpha=0.9), 0.9)):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=mixing, n=10**6,
                            bias=ScaleCovariance(factor))  # fmt: skip
        endless = (1 - alpha) / (1 - alpha * lam)
        found.append(_attack(loop, generating, {
            "every item as old as the mean": lam**mean,
            "no start to cut the ages off": endless,
            "index off by one": generating.subs(g, g + 1),
        }))  # fmt: skip
        spelt, spent = summed(reflected, unmixed), summed(reflected, sp.exp(-g / lifetime))
        found += [
            _attack(loop, spelt, {"a reflection more": lam * spelt,
                                  "who has no real item is lost": summed(reflected, 0)}),
            _attack(loop, spent, {"1/(1-α) for the lifetime": summed(
                reflected, sp.exp(-g * (1 - alpha)))}),
        ]  # fmt: skip
    return [*found, _mean_age()]


def _attack(loop: FeedbackLoop, law: Any, rivals: Mapping[str, Any]) -> Confrontation:
    when = (1, 2, 5, 20)
    right, *wrong = (2 * evaluate(form, loop, when) for form in (law, *rivals.values()))
    named = dict(zip(rivals, wrong, strict=True))
    return Confrontation(loop, Variance(), when, right, named, 5_000)


def summed(each: Any, whole: Any) -> Any:
    """E λ^K, age by age: P(K = k) for k < g, and P(K = g); g ≤ 20."""
    younger = (sp.Piecewise(((each * lam**k).subs(k, age), g > age), (0, True))
               for age in range(20))  # fmt: skip
    return sum(younger) + whole * lam**g


def _mean_age() -> Confrontation:
    """With λ = 1 + ε the variance grows by ε E K, but for ε²: a tenth of the standard error."""
    more, when = 2e-4, (1, 3, 40)
    loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshSplit(alpha=0.5), n=10**10,
                        bias=ScaleCovariance(1 + more))  # fmt: skip
    early, rest = evaluate(mean, loop, when[:2]), evaluate(late, loop)
    ages = {"": [*early, rest], "a reflection more": [*early + 1, rest + 1],
            "one in each generation": when, "at rest at once": [rest] * 3}  # fmt: skip
    numbers = {name: 2 * (1 + more * np.asarray(age)) for name, age in ages.items()}
    return Confrontation(loop, Variance(), when, numbers.pop(""), numbers, 5_000)


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """P(K_g = k), E K_g and the lifetime 1/e, by their names."""
    known = {"mean age": mean, "lifetime": lifetime}
    if what not in ("ages", *known) or theorem.applies(loop):
        return None
    ages = sp.Piecewise((reflected, k < g), (unmixed, sp.Eq(k, g)), (0, True))
    return known.get(what, ages)


theorem = Theorem(
    name="mirror_cavity",
    title="The number of models that a training item has passed through is geometric",
    kind=Exact(),
    assumptions=(
        "each training item is real with probability 1 - α, or exactly (1-α)n of n are",
        "a synthetic item stands for one of the last training set, each as likely as the other",
        "g fits; the loop starts with n items that have seen no model",
    ),
    reference=None,
    cites=("yu2025",),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), bias=object, estimator=object, family=object),
    formula=formula,
    confrontations=confrontations,
)
