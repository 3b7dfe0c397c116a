r"""A growing pool of which n points are seen, under Bessel: the unbiased variance has no limit.

With maximum likelihood this loop keeps a positive share of its variance for ever
(`drift_accumulate_subsample`); dividing by n - 1 instead turns the same loop into one whose
variance grows without bound, like g^{1/n}.  New points carry the unbiased variance of the pool,
and their mean, taken of n points only, is scattered by 1/n of it: from the third generation on
what they add to the pool outweighs the pool's age.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_accumulate, drift_accumulate_subsample
from hallofillusions.derivations._shared import (
    only,
    predicted,
    same_first_fit,
    symbolic_loop,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

gain = (g - 3) / (g * (n * g - 1))
"""The share that the unbiased variance gains at fit g ≥ 2."""
root = sp.Symbol("r", positive=True)
value = sp.sqrt(3 / n)
in_root = (
    sp.gamma(2 - 1 / n) * sp.gamma(g + 1 - root) * sp.gamma(g + 1 + root)
    / (sp.gamma(2 - root) * sp.gamma(2 + root) * sp.gamma(g + 1) * sp.gamma(g + 1 - 1 / n))
)  # fmt: skip
unbiased = in_root.subs(root, value)
constant = sp.gamma(2 - 1 / n) / (sp.gamma(2 - root) * sp.gamma(2 + root))
"""Of the growth: E s_g² ~ constant · g^{1/n} σ₀²."""
surplus = 2 + sp.EulerGamma - sp.pi**2 / 2
"""n (constant - 1) for large n: γ, less the π²/2 - 2 that maximum likelihood loses."""
wander = (2 * g - 3) / (n * (g - 1) * g**2)
"""What the error of the pool's mean gains at fit g, in units of the E s² before."""
seen = (g - 1) / (n * g)
"""1/n - 1/(ng): what the mean of n points adds to the error of the pool's."""


def statement() -> list[Any]:
    j = sp.Symbol("j", integer=True)
    s2, error = sp.Symbol(r"\mathrm{E}[s_{g}^2]"), sp.Symbol(r"\mathrm{E}[(\hat\mu_g-\mu_0)^2]")
    earlier = sp.Symbol(r"\mathrm{E}[s_{j-1}^2]")
    walk = sigma_0**2 / n + sp.Sum(wander.subs(g, j) * earlier, (j, 2, g))
    return [
        equal(s2, sigma_0**2 * sp.Product(1 + gain.subs(g, j), (j, 2, g))),
        equal(s2, sigma_0**2 * in_root),
        equal(root, value),
        equal(sp.Limit(s2 / g ** (1 / n), g, sp.oo), sigma_0**2 * constant),
        equal(error, walk + seen * s2),
    ]


def proof() -> Iterator[Step]:
    yield Step("the product begins at 1", unbiased.subs(g, 1), 1)
    yield Step("and goes on by 1 + gain", unbiased / unbiased.subs(g, g - 1), 1 + gain)
    loop = symbolic_loop(AccumulateSubsample(), estimator=Bessel())
    recursion = derive(loop)
    M, U = sp.symbols("M U")  # the pool's squared error of the mean, and its unbiased variance
    column = sp.Matrix([pool(M, U, g)[k] for k in recursion.names])
    after = recursion.matrix().subs(g, g + 1) * column + recursion.constant().subs(g, g + 1)
    later = {x: e.subs(g, g + 1) for x, e in (("gain", gain), ("wander", wander))}
    larger = pool(M + U * later["wander"], U * (1 + later["gain"]), g + 1)
    for name, moved in zip(recursion.names, after, strict=True):
        yield Step(f"{name} after a fit", moved, larger[name])
    begin = pool(sigma_0**2 / n, sigma_0**2, 1)
    for name, first in zip(recursion.names, recursion.after_first(), strict=True):
        yield Step(f"{name} at the first fit", first, begin[name])
    yield from same_first_fit(loop, FirstFit())
    yield from _growth()


def pool(M: Any, U: Any, t: Any) -> dict[str, Any]:
    """Every tracked moment when the pool holds nt points."""
    moments = {"delta": 0, "memory_1": 0, "v": U, "delta^2": M + U * seen.subs(g, t)}
    spread = {"memory_2": M + U * (1 - 1 / (n * t))}
    return moments | spread | dict.fromkeys(("memory_1^2", "memory_1 delta"), M)


def _growth() -> Iterator[Step]:
    rises = sp.factor(gain.subs(g, g + 4))
    yield Step("from the fourth fit on it rises", rises.subs(n, n + 1).is_positive, True)
    # Γ(g+a) ~ Γ(g) g^a
    powers = (1 - root) + (1 + root) - 1 - (1 - 1 / n)
    yield Step("like g^(1/n)", powers, 1 / n)
    rest = in_root * sp.gamma(g + 1) * sp.gamma(g + 1 - 1 / n) / (
        sp.gamma(g + 1 - root) * sp.gamma(g + 1 + root)
    )  # fmt: skip
    yield Step("its constant", rest, constant)
    x = sp.Symbol("x", positive=True)  # n = 1/x², so that all is analytic at x = 0
    series = constant.subs(root, sp.sqrt(3) * x).subs(n, x**-2)
    for order, found in enumerate((1, 0, surplus)):
        term = sp.diff(series, x, order).subs(x, 0) / sp.factorial(order)
        yield Step(f"the constant at order n^(-{order}/2)", term.rewrite(sp.polygamma), found,
                   sp.expand_func)  # fmt: skip


def confrontations() -> list[Confrontation]:
    found = []
    for size, when in ((4, (2, 3, 6)), (6, (2, 4, 12)), (8, (2, 5, 15))):
        loop = FeedbackLoop(
            family=Gaussian(1, 2), mixing=AccumulateSubsample(), n=size, estimator=Bessel()
        )
        laws = {
            "the fit sees the whole pool": drift_accumulate.unbiased,
            "ddof = 0": 1 - drift_accumulate_subsample.v_g,
            "ddof = 0, corrected at the end": (1 - drift_accumulate_subsample.v_g) * n / (n - 1),
            "unbiased at every fit": 1,
            "the power g^(1/n) from the start": g ** (1 / n),
        }
        right, *wrong = (2 * evaluate(x, loop, when) for x in (unbiased, *laws.values()))
        rivals = dict(zip(laws, wrong, strict=True))
        found.append(Confrontation(loop, Variance(), when, right, rivals, 120_000))
        others = {
            "the pool's own mean": 2 * (error(loop, when) - _scatter(loop, when)),
            "ddof = 0": 2 * evaluate(drift_accumulate_subsample.v_g, loop, when),
            "the fit sees the whole pool":
                predicted(replace(loop, mixing=Accumulate()), SquaredError(), when),
            "index off by one": 2 * error(loop, [t + 1 for t in when]),
        }  # fmt: skip
        right = 2 * error(loop, when)
        found.append(Confrontation(loop, SquaredError(), when, right, others, 120_000))
    return found


def error(loop: FeedbackLoop, when: Any) -> Any:
    """E (μ_g - μ₀)²/σ₀² at some g ≥ 1, from the statement's sum."""
    later = np.arange(2, max(when) + 1)
    terms = evaluate(wander, loop, later) * evaluate(unbiased, loop, later - 1)
    walk = np.cumsum(np.append(1 / float(loop.n), terms))
    return walk[np.asarray(when) - 1] + _scatter(loop, when)


def _scatter(loop: FeedbackLoop, when: Any) -> Any:
    return evaluate(seen * unbiased, loop, when)


theorem = Theorem(
    name="accumulate_subsample_unbiased",
    title="A growing pool of which n points are seen: under Bessel the variance diverges",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "the unbiased variance (Bessel): the sum of squares is divided by n-1",
        "the pool begins with n real points and grows by n synthetic ones per generation",
        "each fit sees n points of the pool, drawn without replacement; n > 1",
    ),
    reference=None,
    cites=("kazdan2024", "dey2024"),
    statement=statement,
    proof=proof,
    applies=only(AccumulateSubsample, estimator=Bessel, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
