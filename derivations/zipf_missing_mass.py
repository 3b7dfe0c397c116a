r"""Zipf's law loses its tail as a power law, and a loop makes the corpus smaller.

Of types with p_i ∝ i^{-β} a corpus of T points leaves out the real mass

    E(T) = Σ p_i (1-p_i)^T  ~  Γ(1-1/β)/β ζ(β)^{-1/β} T^{-(1-1/β)}.

By `survival` a Replace loop of g generations knows what one corpus of n s_{g-1} ≈ 2n/g points
shows: the missing mass grows like (g/2)^{1-1/β}; with fresh data it stops at that of κn points.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import survival
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._survival import exposure, fresh, share_of
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import beta, g, n

T, H, K = sp.symbols("T H K", positive=True)  # points, Σ i^{-β} over all types, their number
m = sp.Symbol("m", integer=True, nonnegative=True)
power = 1 - 1 / beta
mass = sp.gamma(power) / beta * H ** (-1 / beta) * T**-power
"""E(T) of infinitely many types, H = ζ(β)."""
vocabulary = sp.gamma(power) * (T / H) ** (1 / beta) - sp.Rational(1, 2)
"""The number of different types among T points (Heaps' law)."""
beyond = (-T / H) ** m / sp.factorial(m)
mass_beyond = beyond / H * sp.zeta(beta * (m + 1), K + 1)
types_beyond = -beyond * sp.zeta(beta * m, K + 1)
"""Terms of what types i > K would add to E (m ≥ 0) and to the vocabulary (m ≥ 1)."""


def statement() -> list[Any]:
    E, V, grown = sp.Function("E")(T), sp.Function("V")(T), sp.Symbol(r"E_g/E_1")
    order = sp.Add(1, sp.Order(1 / T, (T, sp.oo)), evaluate=False)
    s = sp.Symbol("s_{g-1}", positive=True)
    infinite = {H: sp.zeta(beta)}
    tokens = sp.Symbol(r"E_g")
    return [
        equal(E, sp.Mul(mass.subs(infinite), order, evaluate=False)),
        equal(V, sp.Mul(vocabulary.subs(infinite), order, evaluate=False)),
        equal(E, mass - sp.Sum(mass_beyond, (m, 0, sp.oo))),
        equal(tokens, sp.Function("E")(n * s)),
        equal(grown, (g / 2) ** power),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from mellin()
    yield from integral()
    yield from binomial()
    yield from finite()
    s = survival.s
    ratio = sp.powsimp(mass.subs(T, n * s) / mass.subs(T, n))
    yield Step("a corpus of n s points misses s^{-(1-1/β)} as much", sp.simplify(ratio * s**power),
               1)  # fmt: skip
    grows = sp.simplify(ratio.subs(s, 2 / g) / (g / 2) ** power)
    yield Step("and s_{g-1} ≈ 2/g", grows, 1)


def mellin() -> Iterator[Step]:
    """Σ f(T p_i): the transform is Γ times ζ, and ζ's only pole rules at large T."""
    w, p, r = sp.symbols("w p r", positive=True)
    one = over_half_line(T ** (w - 1) * sp.exp(-p * T), T)
    yield Step("transform of e^{-pT}", one, sp.gamma(w) * p**-w)
    i = sp.Symbol("i", positive=True)
    term = sp.expand_power_base((p * p**-w).subs(p, i**-beta / H), force=True)
    yield Step("p_i^{1-w} is a term of ζ(β(1-w))", sp.powsimp(sp.log(term).rewrite(sp.log)
               - sp.log(H ** (w - 1) * i ** (-beta * (1 - w)))), 0, logs)  # fmt: skip
    # with w = 1 - 1/β + r/β the pole is at r = 0: β(1-w) = 1 - r, and dw = dr/β
    eta = sp.dirichlet_eta(1 - r).rewrite(sp.zeta)  # Σ (-1)^{i-1} i^{r-1}, regular at r = 0
    pole = sp.limit(r * sp.zeta(1 - r) / eta, r, 0) * sp.dirichlet_eta(1)
    yield Step("ζ(1-r) has the residue -1 at r = 0", pole, -1)
    at = (one.subs(p, 1) * H ** (w - 1) * T**-w).subs(w, power)
    yield Step("minus the residue, right of the strip 0 < w < 1 - 1/β", -pole * at / beta, mass)
    # the vocabulary: 1 - e^{-pT} has the transform -Γ(w) p^{-w}, -1 < w < 0, and w + 1/β = r/β
    number = (-sp.gamma(w) * H**w * T**-w).subs(w, -1 / beta)
    yield Step("vocabulary: the pole of ζ", -pole * number / beta,
               vocabulary + sp.Rational(1, 2), sp.gammasimp)  # fmt: skip
    small = sp.Symbol("small")
    other = sp.residue(-sp.gamma(small), small, 0) * sp.zeta(0)
    yield Step("vocabulary: the pole of Γ at 0", -other, -sp.Rational(1, 2))


def logs(expression: Any) -> Any:
    return sp.expand(sp.expand_log(expression, force=True))


def integral() -> Iterator[Step]:
    """The same as an integral over ranks: x = (T/Hu)^{1/β} gives Γ."""
    u = sp.Symbol("u", positive=True)
    x = (T / (H * u)) ** (1 / beta)
    density = x**-beta / H * sp.exp(-T * x**-beta / H)
    found = sp.powsimp(sp.expand_power_base(sp.simplify(-density * sp.diff(x, u)), force=True))
    gamma = over_half_line(u ** (power - 1) * sp.exp(-u), u)
    here = sp.simplify(sp.expand_power_base(found / (u ** (power - 1) * sp.exp(-u)), force=True))
    yield Step("∫ p(x) e^{-Tp(x)} dx over all ranks", sp.powsimp(here * gamma / mass), 1,
               sp.simplify)  # fmt: skip


def binomial() -> Iterator[Step]:
    """(1-p)^T is e^{-pT} but for Tp²/2, which costs a relative order 1/T."""
    p, h = sp.symbols("p h", positive=True)  # h = 1/T
    y = sp.Symbol("y", positive=True)  # pT
    bend = sp.series(sp.log(1 - y * h) / h, h, 0, 2).removeO()
    yield Step("T log(1 - p)", bend, -y - h * y**2 / 2)
    yield Step("Σ p · Tp²/2 e^{-pT} is T/2 the second derivative of Σ p e^{-pT}",
               T / 2 * sp.diff(p * sp.exp(-p * T), T, 2),
               p * T * p**2 / 2 * sp.exp(-p * T))  # fmt: skip
    yield Step("relative to E: (1-1/β)(2-1/β)/2T", T / 2 * sp.diff(mass, T, 2) / mass,
               power * (power + 1) / (2 * T))  # fmt: skip


def finite() -> Iterator[Step]:
    """K types: those beyond are subtracted, term by term of e^{-Tp}."""
    i = sp.Symbol("i", positive=True)
    p = i**-beta / H
    for order in range(4):
        term = p * (-T * p) ** order / sp.factorial(order)
        claim = mass_beyond.subs(m, order) / sp.zeta(beta * (order + 1), K + 1)
        yield Step(f"missing mass: term {order} is Σ i^(-{order + 1}β), a Hurwitz zeta",
                   sp.simplify(term / claim), i ** (-beta * (order + 1)))  # fmt: skip
        if order:
            claim = types_beyond.subs(m, order) / sp.zeta(beta * order, K + 1)
            yield Step(f"vocabulary: term {order}", sp.simplify(-term / p / claim),
                       i ** (-beta * order))  # fmt: skip


# -- numbers ---------------------------------------------------------------------------------------


tails = {MissingMass(): (0, mass_beyond), TypesSurviving(): (1, types_beyond)}


def value(observable: Any, law: Any, exponent: float, tokens: float, count: int | None) -> float:
    """``law`` for ``count`` types (None: infinitely many); its tail is that of ``observable``."""
    from scipy.special import zeta

    H_K = float(zeta(exponent) - (0 if count is None else zeta(exponent, count + 1)))
    numbers = {beta: exponent, T: tokens, H: H_K}
    found = float(law.subs(numbers))
    if count is None:
        return found
    first, term = tails[observable]
    evaluated = sp.lambdify(m, term.subs({**numbers, K: count}), ["scipy", "numpy"])
    return found - float(sum(evaluated(float(k)) for k in range(first, 40)))


def confrontations() -> list[Confrontation]:
    """K types, those beyond subtracted: at these n the error falls like 1/n."""
    sizes = (36, 108, 252)
    found = []
    for exponent, count, mixing, when, observable, law in (
        (2.0, 120, Replace(), 1, MissingMass(), mass),
        (1.5, 150, Replace(), 3, MissingMass(), mass),
        (2.0, 120, FreshMixture(Fraction(1, 2)), 2, MissingMass(), mass),
        (2.0, 120, Replace(), 3, TypesSurviving(), vocabulary),
    ):
        loop = FeedbackLoop(Categorical.zipf(count, exponent), mixing=mixing, n=sizes[0])
        rate = exposure(share_of(loop), when)

        def claim(
            rate: float = rate, exponent: float = exponent, types: int | None = count,
            law: Any = law, observable: Any = observable,
        ) -> Any:  # fmt: skip
            return np.array([value(observable, law, exponent, size * rate, types)
                             for size in sizes])  # fmt: skip

        rivals = {
            "index off by one": claim(exposure(share_of(loop), when + 1)),
            "β a tenth larger": claim(exponent=1.1 * exponent),
            "infinitely many types": claim(types=None),
            "Γ(1-1/β) left out": claim(law=law.subs(sp.gamma(power), 1)),
        }
        if when > 1:
            rivals["one training set"] = claim(1.0)
        found.append(Confrontation(loop, observable, (when,), claim(), rivals, scale=sizes,
                                   replicates=20_000))  # fmt: skip
    return found


theorem = Theorem(
    name="zipf_missing_mass",
    title="Zipf's law: the missing mass grows as a power of the generation",
    kind=Asymptotic(order=1),
    assumptions=(
        "types of probability p_i ∝ i^{-β}, β > 1, fitted by maximum likelihood; unbiased sampler",
        "T → ∞, error O(1/T); H = Σ i^{-β} over the types, ζ(β) where there is no last one",
        "K types: their law is that of all, less the terms of the types beyond K",
        "E_g: error O(1/n) at a fixed g, s_{g-1} replaced by the exponent of survival where fresh "
        "points come in; its growth under Replace as g → ∞ after n",
    ),
    reference="Dohmatob et al. 2024 (one corpus); Heaps' law; generations: no earlier statement "
    "known",
    cites=("dohmatob2024tails", "suresh2024"),
    statement=statement,
    proof=proof,
    applies=fresh,
    confrontations=confrontations,
)
