r"""How rare it is to lose more than a given share of the variance: Cramér's rate.

log σ_g²/σ_0² is a sum of g independent terms with the cumulant generating function
K(s) = log m(s), the Mellin transform of `gaussian_moments`.  By Chernoff's inequality

    P(σ_g² ≤ e^{-cg} σ_0²) ≤ e^{-g I(c)},    I(c) = sup_s [-cs - K(s)],    at every n and g,

for c above the typical loss -K'(0), and the same for P(≥) below it.  The supremum lies where
K'(s) = -c, an equation in digamma; there the contour of the exact Mellin-Barnes integral crosses
the real axis, and its peak gives what the bound leaves out (Bahadur and Rao).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._integrals import normal_mean, over_half_line
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    faithful,
    lam,
    nu,
    numbers,
    other_ddof,
    s,
)
from hallofillusions.derivations._walk import K, as_logs, beyond, digammas
from hallofillusions.derivations.gaussian_log_variance import drift, spread
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n

c = sp.Symbol("c", real=True)
typical = -drift.subs(lam, 1)
loss = sp.log(D / 2) - sp.digamma(nu / 2 + s)  # the c whose saddle point is s
width = sp.polygamma(1, nu / 2 + s)  # K''
in_saddle = -s * loss - K  # I(c), by s
prefactor = 1 / (sp.Abs(s) * sp.sqrt(2 * sp.pi * g * width))


def statement() -> list[Any]:
    S, I = sp.Symbol("s_*"), sp.Function("I")(c)
    chance = sp.Symbol(r"\mathrm{P}(\hat\sigma_g^2\leq e^{-cg}\sigma_0^2)")
    order = sp.Order(1 / g, (g, sp.oo))
    corrected = sp.Mul(sp.exp(-g * I), prefactor.subs(s, S), sp.Add(1, order, evaluate=False),
                       evaluate=False)  # fmt: skip
    return [
        sp.Le(chance, sp.exp(-g * I)),
        equal(I, -c * S - K.subs(s, S)),
        equal(sp.digamma(nu / 2 + S), sp.log(D / 2) - c),
        equal(chance, corrected),
        equal(sp.Function("I")(typical), 0),
    ]


def proof() -> Iterator[Step]:
    yield from _chernoff()
    yield from _rate()
    yield from _peak()


def _chernoff() -> Iterator[Step]:
    """1{log y ≤ -cg} ≤ e^{s(log y + cg)} for every s ≤ 0, whose mean is e^{g(cs + K(s))}."""
    x, half = sp.symbols("x half", positive=True)
    density = x ** (half - 1) * sp.exp(-x / 2) / (2**half * sp.gamma(half))
    one = over_half_line((x / D) ** s * density, x)
    yield Step("E (χ²/D)^s is e^K", sp.log(one), K.subs(n, 2 * half + 1), as_logs)
    exponent = c * s + K
    yield Step("the best s makes the exponent stationary", exponent.diff(s).subs(c, loss), 0,
               digammas)  # fmt: skip
    shape = sp.Symbol("shape", positive=True)  # (n-1)/2 + s
    curved = exponent.diff(s, 2).subs(s, shape - nu / 2)
    yield Step("and that is its one minimum", bool(curved.is_positive), True)
    yield Step("where it is -I", exponent.subs(c, loss), -in_saddle)
    for estimator in BOTH:
        at_zero = loss.subs(s, 0).subs(D, DIVISORS[estimator])
        own = typical.subs(D, DIVISORS[estimator])
        yield Step(f"{estimator.__name__}: it lies at s = 0 for the typical loss", at_zero, own)
    steeper = loss.diff(s).subs(s, shape - nu / 2)
    yield Step("and left of 0 for a greater one", bool(steeper.is_negative), True)


def _rate() -> Iterator[Step]:
    """Legendre's transform, by its parameter s: dI/dc = (dI/ds)/(dc/ds)."""
    slope = in_saddle.diff(s) / loss.diff(s)
    yield Step("I'(c) = -s", slope, -s, digammas)
    yield Step("I''(c) = 1/ψ₁(ν/2 + s) > 0", sp.cancel((-s).diff(s) / loss.diff(s)), 1 / width)
    yield Step("a typical loss costs nothing", in_saddle.subs(s, 0), 0, digammas)
    yield Step("and near it I is Gauss's (c - δ)²/2ψ₁", (1 / width).subs(s, 0), 1 / spread)
    third = (1 / width).diff(s) / loss.diff(s)  # I'''(c)
    skew = sp.polygamma(2, nu / 2) / spread**3
    yield Step("with a third derivative ψ₂/ψ₁³", third.subs(s, 0), skew, sp.simplify)
    sign = sp.polygamma(2, sp.Symbol("shape", positive=True)).is_negative
    yield Step("that is negative: great losses are likelier than a normal law allows", sign, True)


def _peak() -> Iterator[Step]:
    """The contour integral of `gaussian_variance_law` through s* + ix/√g, as g grows."""
    x, G, k2 = sp.symbols("x G k_2", positive=True)
    S = sp.Symbol("S", negative=True)
    path = S + sp.I * x / sp.sqrt(G)
    bell = sp.exp(-k2 * x**2 / 2) / sp.sqrt(2 * sp.pi / k2)
    yield Step("its peak is a bell of mass 1", sp.integrate(bell, (x, -sp.oo, sp.oo)), 1)
    quadratic = (k2 * (path - S) ** 2 / 2) * G
    yield Step("K about s* along it", sp.expand(quadratic), -k2 * x**2 / 2)
    height = 1 / (2 * sp.pi * sp.sqrt(G)) * sp.sqrt(2 * sp.pi / k2)  # ∫ ds/2πi of the bell
    flat = sp.limit(-height / path * sp.sqrt(G), G, sp.oo) / sp.sqrt(G)
    yield Step("-1/s is flat there: the prefactor", flat,
               prefactor.subs(width, k2).subs({g: G, s: S}))  # fmt: skip
    k3, k4 = sp.symbols("k_3 k_4", real=True)
    e = sp.Symbol("e")  # 1/√g; what is left of e^{gK}/s, to the next order
    rest = sp.exp(k3 * (sp.I * x) ** 3 * e / 6 + k4 * x**4 * e**2 / 24) / (1 + sp.I * x * e / S)
    series = sp.series(rest, e, 0, 3).removeO()
    z = sp.Symbol("z", real=True)  # x of variance 1
    odd, even = (normal_mean(series.coeff(e, j).subs(x, z / sp.sqrt(k2)), z) for j in (1, 2))
    yield Step("the error of order 1/√g is odd and vanishes", odd, 0)
    yield Step("that of order 1/g stays", even, _next(S, k2, k3, k4))


def _next(S: Any, k2: Any, k3: Any, k4: Any) -> Any:
    """The coefficient of 1/g in P over its leading term."""
    return k4 / (8 * k2**2) - 5 * k3**2 / (24 * k2**3) - 1 / (k2 * S**2) - k3 / (2 * k2**2 * S)


# -- numbers ---------------------------------------------------------------------------------------


def saddle(loop: FeedbackLoop, share: float) -> float:
    """The s* at which K'(s*) = -c, for c = ``share``."""
    from scipy.optimize import brentq

    floor = -(int(loop.n) - 1) / 2
    return float(brentq(lambda x: float(numbers(loss, loop, 0, s=x)) - share, floor * (1 - 1e-9),
                        1e6))  # fmt: skip


def rate(loop: FeedbackLoop, share: float) -> float:
    """I(c)."""
    return float(numbers(in_saddle, loop, 0, s=saddle(loop, share)))


def asymptote(loop: FeedbackLoop, share: float, generation: int) -> float:
    """e^{-gI} with its prefactor."""
    factor = numbers(prefactor, loop, generation, s=saddle(loop, share))
    return float(np.exp(-generation * rate(loop, share)) * factor)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, side, when, shares, wrong in (
        (2, MaximumLikelihood(), -1, (2, 4), (7.5, 5.7), _normal),
        (3, MaximumLikelihood(), -1, (16, 24), (1.8, 1.6), _other),
        (3, Bessel(), 1, (16, 24), (0.0, 0.05), _other),  # so much is kept, or more
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        pairs = tuple(zip(when, shares, strict=True))
        rivals = {
            str(wrong.__doc__): np.exp([-k * wrong(loop, share) for k, share in pairs]),
            "twice the rate": np.exp([-2 * k * rate(loop, share) for k, share in pairs]),
            "nothing is ever lost or won": np.zeros(len(when)),
        }
        bound = np.exp([-k * rate(loop, share) for k, share in pairs])
        found.append(Confrontation(loop, LogVariance(), (max(when),), bound, rivals, 300_000,
                                   path=partial(beyond, side, when, shares)))  # fmt: skip
    return found


def _normal(loop: FeedbackLoop, share: float) -> float:
    """the rate of a normal logarithm"""
    centre, variance = (float(numbers(e, loop, 0)) for e in (typical, spread))
    return (share - centre) ** 2 / (2 * variance)


def _other(loop: FeedbackLoop, share: float) -> float:
    """the other ddof"""
    return rate(other_ddof(loop), share)


theorem = Theorem(
    name="variance_large_deviations",
    title="How rare it is to lose more than a given share of the variance",
    kind=Bound("upper"),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone; started at the truth",
        "D = n-1 (Bessel) or n (maximum likelihood); c ≥ ln(D/2) - ψ((n-1)/2), the typical loss",
        "the bound holds at every g; the line with its prefactor as g → ∞ at fixed n and c",
        "for smaller c the same of P(σ_g² ≥ e^{-cg} σ_0²)",
        "simulated: the bound; its prefactor is compared with the exact contour integral",
    ),
    reference="Cramér 1938, Chernoff 1952, Bahadur & Rao 1960 (sums of independent terms); "
    "for the loop none known",
    cites=("bahadur1960",),
    statement=statement,
    proof=proof,
    applies=faithful,
    confrontations=confrontations,
)
