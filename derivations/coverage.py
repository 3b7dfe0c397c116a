r"""How much of the vocabulary fresh data keep: the coverage size κn.

A loop with fresh data forgets slowly: in the limit a type is absent with chance e^{-κnp}, as from a
real corpus of κn points, κ = (1-α) Σ s_j with the s_j of `survival`.  That is a second effective
size beside N_eff ≈ (1-α²)n of the variance: near α = 1 the variance is that of 2n_r points, but
the vocabulary that of about 2n_r log(n/2n_r).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations import drift_fresh_mixture, survival
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import FRESH, kept, missing, present, s
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, n

r = 1 - alpha
"""The real share."""
following = survival.follows
"""s_{j+1} as a function of s_j = s."""
lower = 2 * r * sp.log(1 + 1 / (2 * r))
upper = lower + r
coverage = 1 - (-sp.log(1 - s) - s)  # κ is 1 less the sum of this bracket over s_1, s_2, …


def height(at: Any) -> Any:
    """h(s), a potential that falls by about s in each generation."""
    return 2 * sp.log(1 + at / (2 * r))


def statement() -> list[Any]:
    absent, kappa = sp.Symbol(r"\mathrm{P}(\mathrm{absent})"), sp.Symbol(r"\kappa")
    (i, j, K), terms, p = sp.symbols("i j K"), sp.IndexedBase("s"), sp.IndexedBase("p")
    types = sp.Symbol(r"\mathrm{E}[\mathrm{types}]")
    bracket = (1 - coverage).subs(s, terms[j])
    return [
        equal(absent, sp.exp(-kappa * n * p[i])),
        equal(types, sp.Sum(1 - sp.exp(-kappa * n * p[i]), (i, 1, K))),
        equal(kappa, r * sp.Sum(terms[j], (j, 0, sp.oo))),
        equal(kappa, 1 - sp.Sum(bracket, (j, 1, sp.oo))),
        sp.Le(lower, kappa, evaluate=False), sp.Le(kappa, upper, evaluate=False),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    S = survival.S
    left = survival.exponent.subs(s, 0)  # s_{g-1} → 0
    yield Step("the exponent of `survival` at rest", left, r * S)
    yield Step("s falls at least like α^j, so that the sum is finite: αs - s' is 0 at 0",
               (alpha * s - following).subs(s, 0), 0)  # fmt: skip
    yield Step("and rises", sp.diff(alpha * s - following, s) - alpha * following, 0)
    yield from identity()
    yield from below()
    yield from above()
    many = sp.limit(drift_fresh_mixture.effective_size / n, n, sp.oo)
    e = sp.Symbol("epsilon", positive=True)
    ratio = (lower / many).subs(alpha, 1 - e)
    apart = sp.limit(ratio / sp.log(1 / e), e, 0)
    yield Step("near α = 1 the two sizes part by a logarithm", apart, 1)


def identity() -> Iterator[Step]:
    """-log(1 - s_{j+1}) = αs_j, summed."""
    yield Step("s_{j+1} undone", sp.expand_log(-sp.log(1 - following), force=True), alpha * s)
    # A = Σ_{j≥1} s_j and B = Σ_{j≥1} -log(1 - s_j) = α(1 + A), s_0 = 1
    A = sp.Symbol("A", positive=True)
    B = alpha * (1 + A)
    bracket = (1 - coverage).subs(sp.log(1 - s), -B).subs(s, A)
    yield Step("κ = 1 - Σ_{j≥1} (-log(1-s_j) - s_j)", r * (1 + A), 1 - bracket)


def below() -> Iterator[Step]:
    """h(s_j) - h(s_{j+1}) ≤ s_j, so the sum is at least h(1)."""
    e = sp.Symbol("epsilon", positive=True)  # 1 - α
    gap = (2 * e + 1 - sp.exp(-(1 - e) * s)) * sp.exp(s / 2) - (2 * e + s)
    fall = height(s) - height(following)
    ratio = sp.exp((s - fall) / 2).subs(alpha, 1 - e)
    yield Step("h falls by no more than s where this gap is not negative",
               ratio * (2 * e + s) - (2 * e + s), gap, sp.simplify)  # fmt: skip
    yield Step("it begins at 0", gap.subs(s, 0), 0)
    yield Step("with slope 0", sp.diff(gap, s).subs(s, 0), 0)
    half = sp.Rational(1, 2)
    bend = (1 + 2 * e) / 4 * sp.exp(s / 2) - (half - e) ** 2 * sp.exp((e - half) * s)
    yield Step("and bends by", sp.diff(gap, s, 2), bend)
    # e^{s/2} ≥ e^{(ε-½)s}, and its factor is the larger one
    more = sp.factor((1 + 2 * e) / 4 - (half - e) ** 2)
    yield Step("whose first factor is larger: ε(3/2 - ε), ε ≤ 1", more, e * (3 * half - e))
    yield Step("the sum is at least h(1) - h(0)", r * (height(1) - height(0)), lower)


def above() -> Iterator[Step]:
    """h(s_j) + s_j falls by s_j at least, so the sum is at most h(1) + 1.

    log(a/b) ≥ 2(a-b)/(a+b) and e^{-x} ≥ 1 - x + x²/2 - x³/6 leave a polynomial of (α, s) on the
    unit square, none of whose Bernstein coefficients is negative.
    """
    t, x, a, b = sp.symbols("t x a b", positive=True)
    gap = sp.log(1 + t) - 2 * t / (2 + t)  # a/b = 1 + t
    yield Step("log(1+t) ≥ 2t/(2+t): equal at 0", gap.subs(t, 0), 0)
    yield Step("and the difference grows", sp.factor(gap.diff(t)).is_positive, True)
    cubic = 1 - x + x**2 / 2 - x**3 / 6
    rest = sp.exp(-x) - cubic
    for order in range(4):
        yield Step(f"e^-x above its cubic: derivative {order} at 0",
                   sp.diff(rest, x, order).subs(x, 0), 0)  # fmt: skip
    yield Step("and the fourth is positive", bool(sp.diff(rest, x, 4).is_positive), True)
    most = 1 - cubic.subs(x, alpha * s)  # s' is at most this
    fall = 2 * (2 * (a - b) / (a + b)).subs({a: 2 * r + s, b: 2 * r + most}) + s - most - s
    cleared = sp.cancel(sp.together(fall) * (4 * r + s + most) / s)
    coefficients = bernstein(sp.Poly(sp.expand(cleared), alpha, s))
    yield Step("the polynomial that is left, in Bernstein's basis", min(coefficients) >= 0, True)
    yield Step("4(1-α) + s + s' is positive, so it has the sign of the fall",
               sp.cancel((4 * r + s + most) * fall - cleared * s), 0)  # fmt: skip
    yield Step("the sum is at most h(1) + 1 - h(0)", r * (height(1) - height(0) + 1), upper)


def bernstein(polynomial: Any) -> list[Any]:
    """The coefficients of a polynomial of two variables in Bernstein's basis on [0, 1]²."""
    d, e = (polynomial.degree(v) for v in polynomial.gens)
    power = dict(polynomial.terms())
    return [
        sum(sp.binomial(i, k) * sp.binomial(j, m) * v / (sp.binomial(d, k) * sp.binomial(e, m))
            for (k, m), v in power.items() if k <= i and m <= j)
        for i in range(d + 1) for j in range(e + 1)
    ]  # fmt: skip


# -- the attacks -----------------------------------------------------------------------------------


def kappa(share: float) -> float:
    """κ(α) = (1-α) Σ s_j."""
    return float((1 - share) * terms(share).sum())


def kappa_from_gaps(share: float) -> float:
    """κ(α) by the other sum."""
    lost = sp.lambdify(s, 1 - coverage)(terms(share)[1:])
    return float(1 - lost.sum())


def terms(share: float) -> Any:
    """s_0, s_1, …, which fall faster than α^j."""
    found, step = [1.0], sp.lambdify(s, following.subs(alpha, share))
    for _ in range(40 + int(40 / (1 - share))):
        found.append(step(found[-1]))
    return np.array(found)


def confrontations() -> list[Confrontation]:
    """Ten rare types each and one common; the law is a limit, and what it lacks is budgeted.

    By the exact chain of `lumping` a type's chance differs from the limit by less than 0.7/n at
    these np and α (at n = 100, 200, 400): ten types by 7/n, 0.03 of the standard error here.
    """
    found = []
    for mixing, share, size, points in (
        (FreshMixture, Fraction(1, 2), 20_000, 1.0),
        (FreshSplit, Fraction(9, 10), 20_000, 2.0),
    ):
        rare = points / size
        family = Categorical((*[rare] * 10, 1 - 10 * rare))
        loop = FeedbackLoop(family, mixing=mixing(share), n=size)
        when = (10 if share == Fraction(1, 2) else 50,)  # more than ten relaxation times
        a = float(share)
        sizes = {
            "the effective size of the variance": 1 - a**2,
            "the real points of one generation": 1 - a,
            "one real training set": 1.0,
            "the lower bound": float(lower.subs(alpha, a)),
            "the upper bound": float(upper.subs(alpha, a)),
            "α a tenth nearer to 1": kappa(1 - 0.9 * (1 - a)),
        }
        for observable, function, own in (
            (TypesSurviving(), present, kappa(a)), (MissingMass(), missing, kappa_from_gaps(a)),
        ):  # fmt: skip
            rivals = {name: np.array([kept(loop, rate * size, function)])
                      for name, rate in sizes.items()}  # fmt: skip
            right = np.array([kept(loop, own * size, function)])
            found.append(Confrontation(loop, observable, when, right, rivals, replicates=20_000))
    return found


theorem = Theorem(
    name="coverage",
    title="How much of the vocabulary fresh data keep",
    kind=Limit(),
    assumptions=(
        "n → ∞ at fixed np, then g → ∞; α < 1",
        "types with probabilities, fitted by maximum likelihood; the sampler is unbiased",
        "fresh real points, exactly or on average the share 1-α",
        "s_0 = 1, s_{j+1} = 1 - e^{-αs_j} as in survival",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FRESH, family=Categorical, bias=Unbiased, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
