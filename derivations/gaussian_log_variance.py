"""Every run collapses: the law of the logarithm.

log σ_g² is a sum of g independent terms log(χ²_{n-1}/D).  Their mean and variance are the
derivatives of log E (χ²/D)^s at s = 0, which is convex and vanishes at s = 0 and, for Bessel,
at s = 1 again: so its slope at 0 is negative, and by the law of large numbers almost every run
collapses even where the average variance never moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    at,
    biased,
    chain,
    confront,
    in_symbols,
    lam,
    last,
    log_of,
    named,
    nu,
    s,
    start_of,
    summed,
)
from hallofillusions.derivations._shared import predicted
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, LogVarianceRatio
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n

drift = sp.digamma(nu / 2) - sp.log(D / 2) + sp.log(lam)  # E log(λ χ²/D)
spread = sp.polygamma(1, nu / 2)  # Var log χ²


def statement() -> list[Any]:
    faithful = drift.subs(lam, 1)
    return [
        *(equal(named(r"\log(\hat\sigma_g^2/\sigma_0^2)", e), g * faithful.subs(D, DIVISORS[e]))
          for e in BOTH),
        equal(sp.Symbol(r"\mathrm{Var}\log\hat\sigma_g^2"), g * spread),
        sp.Lt(faithful, 0),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    K = log_of(m)  # cumulant generating function of one log(λ χ²/D)
    yield Step("K(0) = 0", K.subs(s, 0), 0)
    yield Step("the mean is K'(0)", K.diff(s).subs(s, 0).rewrite(sp.polygamma),
               sp.expand_log(drift.rewrite(sp.polygamma), force=True), sp.simplify)  # fmt: skip
    yield Step("the variance is K''(0)", K.diff(s, 2).subs(s, 0), spread)
    half = sp.Symbol("half", positive=True)  # (n-1)/2 + s
    curved = K.diff(s, 2).subs(s, half - nu / 2)
    yield Step("K is strictly convex", bool(curved.is_positive), True)
    one = sp.gammasimp(m.subs({s: 1, n: 2 * half + 1, lam: 1}))
    yield Step(
        "Bessel: K(1) = 0 too, so the slope at 0 is negative", sp.log(one.subs(D, 2 * half)), 0
    )
    gap = sp.log(nu / 2) - sp.log(n / 2)
    yield Step("MLE drifts down faster", sp.expand_log(
        (drift.subs(D, n) - drift.subs(D, nu)) - gap, force=True), 0)  # fmt: skip
    share = sp.simplify(half / (half + 1) - 1)  # (n-1)/n - 1
    yield Step("and log((n-1)/n) is negative", bool(share.is_negative), True)
    for estimator, rate in zip(BOTH, (2, 1), strict=True):
        slow = sp.series(drift.subs({lam: 1, D: DIVISORS[estimator]}).subs(n, 1 + 2 * half)
                         .rewrite(sp.polygamma), half, sp.oo, 2).removeO()  # fmt: skip
        yield Step(f"large n: a drift of -{rate}/n", sp.limit(2 * half * slow, half, sp.oo), -rate)


def provides(loop: FeedbackLoop, functional: Functional) -> Any:
    """E log(σ²/σ₀²), at any schedule of n."""
    if not isinstance(functional, LogVarianceRatio) or chain(loop):
        return None
    family: Any = loop.family
    begin = np.log(start_of(loop)[1] / float(family.variance))
    return lambda when: at(begin + summed(drift, loop, last(when)), when)


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """E log(σ²/σ₀²) from the truth."""
    known = isinstance(what, LogVarianceRatio) and not biased(loop)
    return in_symbols(g * drift, loop) if known else None


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (3, MaximumLikelihood(), (1, 2, 10)),
        (3, Bessel(), (1, 2, 10)),
        (10, Bessel(), (1, 10, 100)),
        (25, MaximumLikelihood(), (1, 25, 100)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        found.append(confront(loop, LogVariance(), when, g * drift, infinite=0, replicates=40_000))
    cold = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=(5, 3, 8), start=FirstFit(),
                        bias=ScaleCovariance(0.9))  # fmt: skip
    wrong = {
        "the bias acts at once": replace(cold, start=Truth()),
        "the sizes in another order": replace(cold, n=(3, 5, 8)),
    }
    when = (1, 2, 3)
    rivals = {name: predicted(rival, LogVariance(), when) for name, rival in wrong.items()}
    values = predicted(cold, LogVariance(), when)
    return [*found, Confrontation(cold, LogVariance(), when, values, rivals, 100_000)]


theorem = Theorem(
    name="gaussian_log_variance",
    title="Almost sure collapse: the logarithm of the variance under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood)",
        "a bias that scales the covariance by λ adds log λ to the drift",
        "any Gaussian start; for a schedule of n, a sum over generations",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=chain,
    provides=provides,
    formula=formula,
    confrontations=confrontations,
)
