r"""How fast the average tail dies under Replace: by rare runs, and far slower than a typical one.

About the model's own mean, S = E P(|X - μ_g| > tσ_0) averages over runs.  By Markov's inequality

    S ≤ (t²/2)^{-s} Γ(½ + s)/√π · m(s)^g        for every s > 0,

and for large g the best s is where m is least: ψ(ν/2 + s*) = log(D/2).  So the average falls like
e^{gL} with L = log m(s*), while a typical run's tail falls like exp(-t²e^{δg}/2).  What the bound
leaves out is the peak of the exact contour integral (`gaussian_tail_mass`) at s*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    faithful,
    lam,
    log_of,
    nu,
    numbers,
    other_ddof,
    s,
)
from hallofillusions.derivations._walk import K, for_large
from hallofillusions.derivations.gaussian_log_variance import drift, spread
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.derivations.gaussian_tail_mass import point
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n, t

saddle = sp.digamma(nu / 2 + s) - sp.log(D / 2)  # K', which is 0 at s*
width = sp.polygamma(1, nu / 2 + s)
height = (t**2 / 2) ** -s * point * sp.exp(g * K)  # the bound
peak = 1 / (s * sp.sqrt(2 * sp.pi * g * width))  # what it leaves out
falls = {MaximumLikelihood: -sp.Integer(1), Bessel: -sp.Rational(1, 4)}  # nL, as n → ∞


def statement() -> list[Any]:
    S, least, L = sp.Symbol(r"\mathrm{P}(|X_g-\hat\mu_g|>t\sigma_0)"), sp.Symbol("s_*"), \
        sp.Symbol("L")  # fmt: skip
    power = (height / sp.exp(g * K)).subs(s, least) * sp.exp(g * L)
    order = sp.Order(1 / g, (g, sp.oo))
    words = {MaximumLikelihood: "MLE", Bessel: "Bessel"}
    return [
        sp.Le(S, power),
        equal(sp.digamma(nu / 2 + least), sp.log(D / 2)),
        equal(L, K.subs(s, least)),
        equal(S, sp.Mul(power * peak.subs(s, least), sp.Add(1, order, evaluate=False),
                        evaluate=False)),
        *(equal(sp.Symbol(rf"L_{{\mathrm{{{words[e]}}}}}"),
                sp.Add(falls[e] / n, sp.Order(n**-2, (n, sp.oo)), evaluate=False))
          for e in BOTH),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    x = sp.Symbol("x", positive=True)
    shape = sp.Symbol("shape", positive=True)  # (n-1)/2 + s
    normal = sp.sqrt(2 / sp.pi) * sp.exp(-(x**2) / 2)
    w = sp.Symbol("w", positive=True)
    moment = sp.integrate((x**2 / 2) ** w * normal, (x, 0, sp.oo), conds="none")
    yield Step("E (Z²/2)^s", moment, point.subs(s, w), sp.gammasimp)
    yield Step("Markov: 1{Z²σ² > t²} ≤ (Z²σ²/t²)^s, σ² = Π χ²/D",
               sp.expand_log(sp.log(height), force=True),
               sp.expand_log(-s * sp.log(t**2 / 2) + sp.log(point), force=True)
               + g * log_of(m).subs(lam, 1), sp.expand)  # fmt: skip
    yield Step("log m is stationary at s*", K.diff(s).rewrite(sp.polygamma),
               sp.expand_log(saddle, force=True).rewrite(sp.polygamma), sp.expand)  # fmt: skip
    curved = K.diff(s, 2)
    yield Step("K''", curved, width)
    yield Step("is positive: m is least there", bool(curved.subs(s, shape - nu / 2).is_positive),
               True)  # fmt: skip
    yield Step("K(0) = 0, and K falls from there (`gaussian_log_variance`): s* > 0 > L",
               K.subs(s, 0), 0)  # fmt: skip
    yield from _peak()
    for estimator in BOTH:
        yield from _large(estimator)


def _peak() -> Iterator[Step]:
    """The contour integral through s* + ix/√g: all but e^{gK} is flat there, and that a bell."""
    x, G, k2, S, rest = sp.symbols("x G k_2 S rest", positive=True)
    bell = sp.integrate(sp.exp(-k2 * x**2 / 2), (x, -sp.oo, sp.oo)) / (2 * sp.pi * sp.sqrt(G))
    shift = sp.I * x / sp.sqrt(G)
    yield Step("K to second order along it", sp.expand(G * k2 * shift**2 / 2), -k2 * x**2 / 2)
    flat = sp.limit(sp.exp(-rest * shift) / (S + shift), G, sp.oo)
    yield Step("1/s and (t²/2)^{-s} are flat", flat, 1 / S)
    yield Step("so the peak leaves", bell * flat, peak.subs(width, k2).subs({g: G, s: S}))


def _large(estimator: type[Any]) -> Iterator[Step]:
    """For large n: K = -δs + ψ₁s²/2 up to 1/n², so s* = δ/ψ₁ and L = -δ²/2ψ₁."""
    words, large = estimator.__name__, sp.Symbol("large", positive=True)  # (n-1)/2

    def leading(value: Any) -> Any:
        return for_large(value.subs({lam: 1, D: DIVISORS[estimator]}), large)

    delta = -drift.rewrite(sp.polygamma)
    third = sp.limit(leading(n * K.diff(s, 3).subs(s, 0)), large, sp.oo)
    yield Step(f"{words}: nK has no third power of s in the limit", third, 0)
    place = sp.limit(leading(delta / spread), large, sp.oo)
    yield Step(f"{words}: s* tends to", place, sp.sqrt(-falls[estimator]))
    found = sp.limit(leading(-n * delta**2 / (2 * spread)), large, sp.oo)
    yield Step(f"{words}: nL tends to", found, falls[estimator])


# -- numbers ---------------------------------------------------------------------------------------


def best(loop: FeedbackLoop) -> float:
    """s*."""
    from scipy.optimize import brentq

    return float(brentq(lambda x: float(numbers(saddle, loop, 0, s=x)), 0, 10))


def bound(loop: FeedbackLoop, threshold: float, when: Any) -> Any:
    """The bound at s*."""
    return numbers(height, loop, when, s=best(loop), t=threshold)


def asymptote(loop: FeedbackLoop, threshold: float, when: Any) -> Any:
    """The bound with its prefactor."""
    return numbers(height * peak, loop, when, s=best(loop), t=threshold)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, threshold, when in (
        (3, MaximumLikelihood(), 1.0, (4, 8)),
        (3, Bessel(), 1.0, (8, 16)),
        (5, Bessel(), 2.0, (10, 20)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        quenched = sp.erfc(t / sp.sqrt(2) * sp.exp(-g * drift.subs(lam, 1) / 2))
        rivals = {
            "the tail of a typical run": numbers(quenched, loop, when, t=threshold),
            "the other ddof": bound(other_ddof(loop), threshold, when),
        }
        if isinstance(estimator, MaximumLikelihood):  # whose own bound is the lower one
            del rivals["the other ddof"]
            rivals["twice the rate"] = bound(loop, threshold, [2 * k for k in when])
        found.append(Confrontation(loop, TailMass(threshold, "model"), when,
                                   bound(loop, threshold, when), rivals, 100_000))  # fmt: skip
    return found


theorem = Theorem(
    name="annealed_tail",
    title="How fast the average tail dies under Replace",
    kind=Bound("upper"),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone; started at the truth",
        "D = n-1 (Bessel) or n (maximum likelihood); t > 0",
        "the bound holds at every g; the line with its prefactor as g → ∞ at fixed n and t",
        "simulated: the bound; its prefactor is compared with the exact contour integral",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
