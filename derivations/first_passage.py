r"""Every run passes below any level, and what its first passage must obey exactly.

Let T be the first g at which σ²_g < ε σ²_0.  With E[σ²ˢ | last] = m(s) σ²ˢ of the last model,
the Mellin transform of `gaussian_moments`, the product σ_g²ˢ m(s)⁻ᵍ is a martingale at every s,
and stopped at N = min(T, G) it keeps its mean (Wald).  Its derivatives at s = 0 tie the passage
time to the drift -E log(χ²/D) and to the variance ψ₁ of one step.  None of this is asymptotic,
in n or in ε; how long the passage takes is `first_passage_time`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    faithful,
    gammasimp,
    lam,
    named,
    nu,
    numbers,
    other_ddof,
    s,
    symbolic,
)
from hallofillusions.derivations._walk import K, as_logs, digammas, passage
from hallofillusions.derivations.gaussian_log_variance import drift, spread
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n
from hallofillusions.theory import derive

epsilon = sp.Symbol("varepsilon", positive=True)
L, v = sp.Symbol("L", real=True), sp.Symbol("v", positive=True)  # log σ²_g/σ₀² and σ²_g

rate = -drift.subs(lam, 1)  # δ: what the logarithm loses per generation
martingale = sp.exp(s * L - g * K)  # (σ_g/σ₀)²ˢ m(s)⁻ᵍ
latest = epsilon ** -sp.Rational(1, 2) * m.subs({s: sp.Rational(1, 2), lam: 1}) ** g  # ≥ P(T > g)
soonest = sp.log(1 / epsilon) / rate  # < E T


def statement() -> list[Any]:
    N, T = sp.symbols("N T")
    delta, one = sp.symbols("delta m(s)")
    power, logarithm = named(r"(\hat\sigma_N/\sigma_0)^{2s}\,m(s)^{-N}"), named(
        r"\log(\hat\sigma_N^2/\sigma_0^2)")  # fmt: skip
    square = named(r"(\log(\hat\sigma_N^2/\sigma_0^2)+N\delta)^2")
    return [
        equal(N, sp.Min(T, sp.Symbol("G"))),
        equal(power, 1),
        equal(one, m.subs(lam, 1)),
        equal(logarithm, -delta * named("N")),
        equal(square, spread * named("N")),
        equal(delta, rate),
        sp.Gt(named("T"), soonest.subs(rate, delta)),
        sp.Le(sp.Symbol(r"\mathrm{P}(T>g)"), latest),
    ]


def proof() -> Iterator[Step]:
    yield from _one_step()
    first, second = (martingale.diff(s, k).subs(s, 0) for k in (1, 2))
    yield Step("the martingale begins at 1", martingale.subs({g: 0, L: 0}), 1)
    yield Step("Wald's first identity is its derivative at s = 0", first, L + g * rate, digammas)
    yield Step("and his second the next one", second, (L + g * rate) ** 2 - g * spread, digammas)
    yield from _passes()


def _one_step() -> Iterator[Step]:
    """E[σ_g²ˢ | σ²_{g-1} = v] = m(s) vˢ: for whole s the engine says so, then at every s."""
    for estimator in BOTH:
        recursion = derive(symbolic(estimator), monomials=[{"v": k} for k in (1, 2, 3)])
        now = sp.Matrix([v ** p[1] for p in recursion.basis])
        after = recursion.matrix() * now + recursion.constant()
        for (_, k), value in zip(recursion.basis, after, strict=True):
            own = gammasimp(m.subs(s, k)) * v**k
            yield Step(f"{estimator.__name__}: E σ^{2 * k} of the next model, by the engine", value,
                       own.subs(D, DIVISORS[estimator]))  # fmt: skip
    x, half = sp.symbols("x half", positive=True)
    density = x ** (half - 1) * sp.exp(-x / 2) / (2**half * sp.gamma(half))
    found = over_half_line((v * x / D) ** s * density, x)
    grown = sp.expand_log(sp.log(found) - s * sp.log(v), force=True)
    yield Step("at every s > -(n-1)/2, so σ²ˢ m⁻ᵍ keeps its mean, stopped at N or not",
               grown.rewrite(sp.loggamma),
               sp.expand_log(K, force=True).subs(n, 2 * half + 1).rewrite(sp.loggamma),
               as_logs)  # fmt: skip


def _passes() -> Iterator[Step]:
    """T is finite, with a geometric tail, because m(½) < 1; and it takes its time."""
    shape = sp.Symbol("shape", positive=True)  # (n-1)/2 + s
    curved = K.diff(s, 2).subs(s, shape - nu / 2)
    yield Step("log m is strictly convex", bool(curved.is_positive), True)
    yield Step("and 0 at s = 0", K.subs(s, 0), 0)
    ends = {e: gammasimp(m.subs({s: 1, lam: 1, D: DIVISORS[e]})) for e in BOTH}
    yield Step("it is 0 at s = 1 under Bessel, so it is negative at s = ½", ends[Bessel], 1)
    yield Step("and negative at s = 1 under MLE, so it is at s = ½", ends[MaximumLikelihood],
               1 - 1 / n)  # fmt: skip
    kept = sp.sqrt(2 / D) * sp.gamma(n / 2) / sp.gamma(nu / 2)
    yield Step("Markov: P(T > g) ≤ P(σ_g ≥ √ε σ₀) ≤ E σ_g/√ε σ₀, and E σ_g falls by m(½)",
               latest.subs(g, 1) * sp.sqrt(epsilon), kept, gammasimp)  # fmt: skip
    T, over = sp.symbols("T overshoot", positive=True)
    mean = sp.solve(martingale.diff(s).subs(s, 0).subs({L: sp.log(epsilon) - over, g: T}), T)[0]
    yield Step("at T the logarithm is below log ε by an overshoot, which E T has to carry",
               mean - soonest, over / rate, digammas)  # fmt: skip


# -- functionals of a run --------------------------------------------------------------------------


def stopped(level: float, powers: Any, cumulants: Any, logs: Any) -> Any:
    """(σ_N/σ₀)²ˢ m(s)⁻ᴺ, one row for each s of ``powers``."""
    when, last = passage(level, logs)
    return np.stack([np.exp(x * last - c * when) for x, c in zip(powers, cumulants, strict=True)])


def cumulant(loop: FeedbackLoop, power: Any) -> float:
    """K(s) = log m(s) of a loop."""
    return float(numbers(K, loop, 0, s=power))


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, level, last, powers in (
        (3, MaximumLikelihood(), 0.05, 40, (-0.2, -0.05, 0.05, 0.1)),
        (10, MaximumLikelihood(), 0.1, 90, (-0.5, -0.2, 0.05, 0.1)),
        (10, Bessel(), 0.3, 120, (-0.5, -0.2, -0.05, 0.05)),
        (10, Bessel(), 0.01, 20, (-0.5, -0.2, 0.2, 0.4)),  # most runs are stopped before T
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        rivals = {
            "the other ddof": _expected(loop, other_ddof(loop), level, last, powers),
            "one point more": _expected(loop, replace(loop, n=size + 1), level, last, powers),
        }
        functional = partial(stopped, level, powers, [cumulant(loop, x) for x in powers])
        found.append(Confrontation(loop, LogVariance(), (last,), np.ones(len(powers)), rivals,
                                   20_000, path=functional))  # fmt: skip
    return found


def _expected(loop: FeedbackLoop, rival: FeedbackLoop, level: float, last: int, powers: Any) -> Any:
    """What the functional of ``loop`` would average to, or more, if runs obeyed ``rival``.

    It is the rival's martingale times e^{(K' - K)N}, and by Jensen's inequality that is at least
    its value at the mean N of runs weighted by the martingale, which drift by dK'/ds a step.
    """
    wrong = []
    for power in powers:
        slope = float(numbers(K.diff(s), rival, 0, s=power))
        steps = min(np.log(level) / slope, last) if slope < 0 else last
        wrong.append(np.exp((cumulant(rival, power) - cumulant(loop, power)) * steps))
    return np.array(wrong)


theorem = Theorem(
    name="first_passage",
    title="Every run passes below any level: Wald's identities for the passage",
    kind=Exact(),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood); started at the truth, 0 < ε < 1",
        "T is the first g with σ²_g < ε σ₀², N = min(T, G) for any G; s > -(n-1)/2",
    ),
    reference="Wald 1944 (sums of independent terms); for the loop none known",
    cites=("wald1944",),
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
