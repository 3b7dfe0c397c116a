r"""Which types survive: a rare type is a branching process.

A type of which np = c points are real is rare: its count X is followed by a Poisson count of mean
(1-α)c + αX.  A function e^{-bX} stays one of its kind, with b' = α(1-e^{-b}), and what real points
bring multiplies it: so the chance that a type is absent is an exponential whose exponent is known
from s_{j+1} = 1 - e^{-αs_j} alone.  Under Replace j s_j → 2: the vocabulary is that of one real
corpus of 2n/g points.  At finite n the exponential is an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_mixture
from hallofillusions.derivations._survival import (
    FRESH,
    exposure,
    fresh,
    generating,
    kept,
    missing,
    p,
    present,
    q,
    s,
    share_of,
    z,
)
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import alpha, g, n

c, x, b = sp.symbols("c x b", positive=True)  # c = np; x the count of the type; e^{-bx} is averaged
S = sp.Symbol("S", nonnegative=True)  # Σ_{j<g-1} s_j, with s = s_{g-1}
follows = 1 - sp.exp(-alpha * s)  # s_g
rate = alpha * s  # f_g(x) = e^{-a_g c - b_g x}: b_g and, below, a_g
level = (1 - alpha) * (S + s)
exponent = (1 - alpha) * S + s  # of e^{-np·…}: what is left at x = c


def statement() -> list[Any]:
    absent, order = sp.Symbol(r"\mathrm{P}(\mathrm{absent})"), sp.Order(1 / n, (n, sp.oo))
    j, terms = sp.Symbol("j", integer=True), sp.IndexedBase("s")
    written = exponent.subs({S: sp.Sum(terms[j], (j, 0, g - 2)), s: terms[g - 1]})
    law = sp.exp(-n * p * written)
    return [
        equal(absent, sp.Mul(law, sp.Add(1, order, evaluate=False), evaluate=False)),
        sp.Le(absent, law, evaluate=False),
        equal(terms[j + 1], follows.subs(s, terms[j])), equal(terms[0], 1),
        equal(sp.Limit(j * terms[j].subs(alpha, 1), j, sp.oo), 2),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    for mixing in FRESH:
        yield from poisson(mixing)
    yield from composition()
    yield from error()
    yield from decay()


def poisson(mixing: type[Any]) -> Iterator[Step]:
    """n → ∞ at fixed c = np and x = nq; and the bound, which needs no limit."""
    name, near = mixing.__name__, (1 - alpha) * c + alpha * x
    found = generating(mixing).subs({p: c / n, q: x / n})
    logs = sp.expand_log(sp.log(found), force=True)
    yield Step(f"{name}: the next count is Poisson", sp.limit(logs, n, sp.oo), -near * (1 - z))
    y = sp.Symbol("y", positive=True)
    gap = -sp.log(1 - y) - y  # each factor 1 - y of E z^X is at most e^{-y}
    yield Step(f"{name}: log E z^X without the gaps of its factors", n * sum(
        weight * -chance * (1 - z) for weight, chance in _factors(mixing)).subs(
            {p: c / n, q: x / n}), -near * (1 - z))  # fmt: skip
    yield Step("the gap begins at 0", gap.subs(y, 0), 0)
    away = sp.Symbol("away", positive=True)  # y = away/(1 + away) is any number in (0, 1)
    yield Step("and grows", sp.factor(gap.diff(y).subs(y, away / (1 + away))).is_positive, True)


def _factors(mixing: type[Any]) -> list[tuple[Any, Any]]:
    """E z^X = Π (1 - chance (1-z))^{n weight}."""
    factors = sp.Mul.make_args(generating(mixing))
    return [(f.exp / n, sp.cancel((1 - f.base) / (1 - z))) for f in factors]


def composition() -> Iterator[Step]:
    """f_g(x) = e^{-a c - b x} is the chance to be absent g fits after a model of count x."""
    near = (1 - alpha) * c + alpha * x
    once = {S: 0, s: 1}
    yield Step("one fit: z = 0 in the generating function", sp.exp(-near),
               sp.exp(-(level * c + rate * x)).subs(once))  # fmt: skip
    # E f_g(X') = e^{-a c} E z^X' with z = e^{-b}, and 1 - e^{-b_g} = s_g
    after = level * c + near * (1 - sp.exp(-b)).subs(b, rate)
    moved = {S: S + s, s: follows}
    yield Step("one fit more: an exponential again", after,
               (level * c + rate * x).subs(moved, simultaneous=True))  # fmt: skip
    yield Step("from the truth, x = np", level * c + rate * c, exponent * c)
    yield Step("under Replace only the last s counts", exponent.subs(alpha, 1), s)


def error() -> Iterator[Step]:
    """The error is of order 1/n at every g: a quadratic polynomial of c and x in front of it."""
    h, near = sp.symbols("h lambda", positive=True)  # 1/n and the Poisson mean
    y = near * (1 - z)
    bend = sp.series(sp.log(1 - h * y) / h, h, 0, 2).removeO()
    yield Step("a binomial is Poisson but for y²/2n", bend, -y - h * y**2 / 2)
    tilted = sp.exp(-y)
    for power, moment in ((1, near * z), (2, near * z + (near * z) ** 2)):
        found = tilted
        for _ in range(power):
            found = z * sp.diff(found, z)
        yield Step(f"E X^{power} z^X is a polynomial of degree {power} times E z^X",
                   found / tilted, moment)  # fmt: skip
    u = sp.symbols("u_0:5", real=True)
    r = u[0] * c**2 + u[1] * c * x + u[2] * x**2 + u[3] * x + u[4] * c
    near_x = (1 - alpha) * c + alpha * x
    moved = r.subs(x, near_x * z) + u[2] * near_x * z - (near_x * (1 - z)) ** 2 / 2
    yield Step("so the term of order 1/n stays quadratic", sp.Poly(moved, c, x).total_degree(), 2)
    yield Step("and is 0 where both c and x are", moved.subs({c: 0, x: 0}), 0)


def decay() -> Iterator[Step]:
    """Replace: 1/s grows by ½ in each generation; with fresh data s falls like α^g."""
    once = follows.subs(alpha, 1)
    yield Step("s falls: 1 - e^{-s} - s is 0 at 0", (once - s).subs(s, 0), 0)
    yield Step("and its slope is below 0", sp.diff(once - s, s).rewrite(sp.exp)
               + (1 - sp.exp(-s)), 0)  # fmt: skip
    lost = sp.series(once, s, 0, 5).removeO()  # s' up to s⁵
    grown = sp.series(1 / lost - 1 / s, s, 0, 2).removeO()
    yield Step("so s → 0, and 1/s' - 1/s → 1/2: j s_j → 2 (Cesàro)", grown,
               sp.Rational(1, 2) + s / 12)  # fmt: skip
    yield Step("with fresh data s'/s → α", sp.limit(follows / s, s, 0), alpha)


# -- the attacks -----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    """Zipf's law has types of every rarity: the error at these n falls like 1/n."""
    sizes = (16, 48, 144)
    zipf, steep = Categorical.zipf(60, 2), Categorical.zipf(40, 3)
    share = Fraction(3, 4)
    found = []
    for family, mixing, when, observable, function in (
        (zipf, Replace(), 4, TypesSurviving(), present),
        (steep, Replace(), 3, MissingMass(), missing),
        (zipf, FreshMixture(share), 2, TypesSurviving(), present),
        (steep, FreshSplit(share), 3, MissingMass(), missing),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=sizes[0])
        a = share_of(loop)
        rates = {
            "": printed(a, when),
            "index off by one": exposure(a, when + 1),
            "one training set": 1.0,
            "the effective size of the variance": _spread(loop, when),
        }
        if a == 1:
            rates["2n/g points already now"] = 2 / when
        else:
            rates["as if the loop were at rest"] = exposure(a, 200)
            rates["synthetic points only"] = exposure(1, when)
        values = {name: [kept(loop, size * rate, function) for size in sizes]
                  for name, rate in rates.items()}  # fmt: skip
        right = values.pop("")
        found.append(Confrontation(loop, observable, (when,), right, values, scale=sizes,
                                   replicates=20_000))  # fmt: skip
    return found


def printed(share: float, when: int) -> float:
    """The exponent of e^{-np·…} at g = ``when``, from the law as it is printed."""
    terms = [1.0]
    for _ in range(when - 1):
        terms.append(float(follows.subs({alpha: share, s: terms[-1]})))
    return float(exponent.subs({alpha: share, S: sum(terms[:-1]), s: terms[-1]}))


def _spread(loop: FeedbackLoop, when: int) -> float:
    """1/(n v_g) for n → ∞: the share of n real points that would leave the same variance."""
    a = share_of(loop)
    if a == 1:
        return 1 / when
    many = sp.limit(n * drift_fresh_mixture.v_g, n, sp.oo)
    return 1 / float(evaluate(many, loop, when))


theorem = Theorem(
    name="survival",
    title="Which types survive",
    kind=Asymptotic(order=1),
    assumptions=(
        "n → ∞ at a fixed np, error O(1/n) at every fixed g; the bound at every n and g",
        "types with probabilities, fitted by maximum likelihood; the sampler is unbiased",
        "fresh real points, exactly or on average the share 1-α, or none (Replace, α = 1)",
        "started at the truth, or at a fit of n real points; the last line under Replace",
    ),
    reference="Suresh et al. 2024 (Replace, bounds); the constant 2 and fresh data: no earlier "
    "statement known",
    cites=("suresh2024",),
    statement=statement,
    proof=proof,
    applies=fresh,
    confrontations=confrontations,
)
