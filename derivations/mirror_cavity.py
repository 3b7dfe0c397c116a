"""The mirror cavity: how often a training item has been reflected.

A real item comes in with probability 1 - α; a synthetic one has been through one model more
than the item that it stands for.  So reflections are geometric, cut off at the start, and
their generating function is what a scaling sampler does to the variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, evaluate
from hallofillusions.symbols import alpha, g, lam, n, sigma_0
from hallofillusions.theory import derive

k = sp.Symbol("k", integer=True, nonnegative=True)
reflected = (1 - alpha) * alpha**k  # P(K = k) for k < g
unmixed = alpha**g  # P(K = g): no real item since the start
generating = (1 - alpha) * (1 - (alpha * lam) ** g) / (1 - alpha * lam) + (alpha * lam) ** g
mean = alpha * (1 - alpha**g) / (1 - alpha)
lifetime = -1 / sp.log(alpha)


def statement() -> list[Any]:
    P = sp.Function("P")
    return [
        sp.Eq(P(sp.Eq(sp.Symbol("K_{g}"), k)), reflected),
        sp.Eq(P(sp.Eq(sp.Symbol("K_{g}"), g)), unmixed),
        sp.Eq(sp.Symbol(r"\mathrm{E}[\lambda^{K_g}]"), generating, evaluate=False),
        sp.Eq(sp.Symbol(r"\mathrm{E}[K_{g}]"), mean, evaluate=False),
        sp.Eq(sp.Symbol(r"\mathrm{E}[K_{\infty}]"), alpha / (1 - alpha)),
        sp.Eq(sp.Symbol(r"t_{1/\mathrm{e}}"), lifetime),
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
    yield Step("in the long run", mean.subs(alpha**g, 0), alpha / (1 - alpha))
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
    """The generating function through E σ²_g = σ₀² E λ^{K_g}; ages themselves in the tests.

    At n points the variance is off by about 1/n, its mean over R runs by √(2/nR): with n = 10⁶
    and R = 5000 the first is a thirtieth of the second.
    """
    found = []
    for mixing, factor in ((FreshSplit(alpha=0.5), 0.8), (FreshMixture(alpha=0.9), 0.9)):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=mixing, n=10**6,
                            bias=ScaleCovariance(factor))  # fmt: skip
        when = (1, 2, 5, 20)
        endless = (1 - alpha) / (1 - alpha * lam)
        rivals = {
            "every item as old as the mean": 2 * evaluate(lam**mean, loop, when),
            "no start to cut the ages off": 2 * evaluate(endless, loop, when),
            "index off by one": 2 * evaluate(generating.subs(g, g + 1), loop, when),
        }
        law = 2 * evaluate(generating, loop, when)
        found.append(Confrontation(loop, Variance(), when, law, rivals, 5_000))
    return found


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
