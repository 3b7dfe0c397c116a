r"""Sampling at a temperature: at infinite n a loop of types collapses at a threshold of α.

Without noise the law of K types obeys p' = (1-α)p + α p_g^{1/τ}/Z.  Where the real law is uniform
that is a state at rest, unstable iff α > τ.  For two types the collapse is continuous, a
pitchfork.  For three and more a state in which one type rules exists, and is stable, from a
saddle-node α_* < τ on: between α_* and τ both states last, and the start decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.temperature import Temperature
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import FRESH
from hallofillusions.derivations._temperature import (
    Map,
    Z,
    both_states,
    departure,
    p,
    q,
    resting,
)
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Asymptotic
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, g, tau

x, w, y, u = sp.symbols("x w y u", positive=True)
K = sp.Symbol("K", positive=True, integer=True)
hot = q ** (1 / tau)
following = (1 - alpha) * p + alpha * hot / Z
"""What a type of probability p in the real law and q in the model has next."""
gain = alpha / tau  # the factor of a small departure from the uniform law
odds = (x * (K - 1) / (1 - x)) ** (1 / tau)
share = odds / (odds + K - 1)
"""w(x): what is sampled of a type with probability x, all others being equal."""
rise = w * (1 - w) / (tau * x * (1 - x))  # w'
branch = (x - 1 / K) / (share - 1 / K)  # the α at which one type rests at x
touching = (x / (w * (1 - w))) * (1 - x) * tau  # the α of the saddle-node: αw' = 1
cubic = -gain * (tau**-2 - 1) / 3
quadratic = -(1 - tau) * K * (K - 2) / (2 * (K - 1))
root = sp.sqrt(K - 1)
half_alpha, half_x = 2 * root / (1 + root) ** 2, 1 / (1 + root)
"""The saddle-node at τ = 1/2."""


def statement() -> list[Any]:
    (k, j), real, model = sp.symbols("k j"), sp.IndexedBase("p"), sp.IndexedBase("q")
    lam, limit, star = sp.symbols("lambda alpha_* x_*")
    normal = sp.Sum(hot.subs(q, model[g, k]), (k, 1, K))
    own = {p: real[j], q: model[g, j], Z: normal}
    half = sp.Symbol(r"\alpha_*|_{\tau=1/2}")
    return [
        equal(model[g + 1, j], following.subs(own)),
        equal(lam, gain),
        equal(star, following.subs(hot, w * Z).subs({p: 1 / K, alpha: limit})),
        equal(limit, touching.subs(x, star)),
        equal(w, share.subs(x, star)),
        equal(half, half_alpha),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from uniform()
    yield from two_types()
    yield from many_types()
    yield from saddle_node()


def uniform() -> Iterator[Step]:
    """The linear map around the uniform law: α/τ on every departure that sums to 0."""
    for count in (2, 3, 5):
        types = sp.symbols(f"q_1:{count + 1}", positive=True)
        powers = [hot.subs(q, a) for a in types]
        same = dict.fromkeys(types, sp.Rational(1, count))
        first = following.subs({hot: powers[0], Z: sum(powers), p: sp.Rational(1, count)})
        own, other = (sp.simplify(first.diff(v).subs(same)) for v in types[:2])
        yield Step(f"K = {count}: the uniform law stays", first.subs(same), sp.Rational(1, count))
        # on departures that sum to 0 the matrix own·1 + other·(11ᵀ - 1) has the factor own - other
        yield Step(f"K = {count}: and departures from it grow by", own - other, gain)
    yield Step("the sum of all probabilities stays", own + (count - 1) * other, 0)


def two_types() -> Iterator[Step]:
    """y = q_1 - q_2 obeys y' = α tanh(artanh(y)/τ), concave: one state above 0, iff α > τ."""
    ratio, T = sp.exp(2 * u / tau), sp.tanh(u / tau)  # (q_1/q_2)^{1/τ}, and what y becomes
    yield Step("q_1/q_2 at y = tanh u", sp.simplify(((1 + sp.tanh(u)) / (1 - sp.tanh(u))).rewrite(
        sp.exp)), sp.exp(2 * u))  # fmt: skip
    yield Step("the share sampled of the first, less that of the second",
               sp.simplify((ratio - 1) / (ratio + 1) - T.rewrite(sp.exp)), 0)  # fmt: skip
    f = alpha * sp.tanh(sp.atanh(y) / tau)
    small = sp.series(f, y, 0, 5).removeO()
    yield Step("K = 2: the map near 0", sp.expand(small), sp.expand(gain * y + cubic * y**3))
    colder = sp.Symbol("colder", positive=True)  # τ = 1/(1 + colder)
    sign = sp.factor((cubic / alpha).subs(tau, 1 / (1 + colder)))
    yield Step("a cold sampler bends it down: the pitchfork is continuous", sign.is_negative, True)
    bend = 2 * gain * (1 - (f / alpha) ** 2) * (y - f / (alpha * tau)) / (1 - y**2) ** 2
    yield Step("its curvature everywhere", sp.diff(f, y, 2), bend, sp.simplify)
    # tanh(u/τ) > tanh u for τ < 1, so y < T < T/τ: concave for y > 0
    b = sp.Symbol("b", positive=True)
    yield Step("tanh(bu) grows with b", sp.diff(sp.tanh(b * u), b), u / sp.cosh(b * u) ** 2,
               sp.simplify)  # fmt: skip


def many_types() -> Iterator[Step]:
    """K ≥ 3, all but one type equal: the branch leaves α = τ backwards, so it turns at α_* < τ."""
    yield Step("w' = w(1-w)/(τx(1-x))", sp.diff(share, x) / rise.subs(w, share), 1,
               sp.simplify)  # fmt: skip
    yield Step("w at the uniform law", sp.simplify(share.subs(x, 1 / K)), 1 / K)
    here = {w: 1 / K, x: 1 / K}
    first = sp.simplify(rise.subs(here))
    second = sp.simplify((rise.diff(x) + rise.diff(w) * first).subs(here))
    yield Step("w' there", first, 1 / tau)
    # x - 1/K = y = α(w' y + w'' y²/2): α = 1/(w' + w'' y/2)
    small = sp.series(1 / (first + second * y / 2), y, 0, 2).removeO()
    yield Step("α on the branch: it runs to smaller α for K ≥ 3, and for K = 2 neither way",
               sp.expand(small), sp.expand(tau + quadratic * y))  # fmt: skip
    more, colder = sp.symbols("more colder", positive=True)
    sign = quadratic.subs({K: 2 + more, tau: 1 / (1 + colder)})
    yield Step("for K > 2 and τ < 1 it is negative", sp.factor(sign).is_negative, True)
    end = sp.limit(1 / odds.subs(tau, 1 / (1 + colder)), x, 1)  # 1/w = 1 + (K-1)/odds
    yield Step("and it ends at α = 1, where one type is all: x = w = 1", end, 0)


def saddle_node() -> Iterator[Step]:
    """Where α turns on the branch the slope of the map is 1, and all else is stable."""
    W = sp.Function("W")(x)
    alone = (x - 1 / K) / (W - 1 / K)
    turned = sp.diff(alone, x) * (W - 1 / K)
    yield Step("dα/dx = (1 - α w')/(w - 1/K)", turned, 1 - alone * sp.diff(W, x), sp.simplify)
    yield Step("so it turns where αw' = 1, and is stable along itself where α rises",
               touching * rise, 1)  # fmt: skip
    rests = (1 - alpha) / K + alpha * w
    yield Step("w > x on the branch", w - rests, (1 - alpha) * (w - 1 / K))
    # departures among the K-1 other types, whose sampled share is (1-w)/(K-1) each
    across = gain * (1 - w) / (1 - x)
    yield Step("departures among the others grow by αw' · x/w < 1", across, alpha * rise * x / w)
    R = sp.Symbol("R", positive=True)  # √(K-1)
    at = {tau: sp.Rational(1, 2), K: 1 + R**2}
    place, limit = (sp.simplify(v.subs(at)) for v in (half_x, half_alpha))
    sampled = sp.simplify(share.subs(at).subs(x, place))
    yield Step("τ = 1/2: at rest", (1 - limit) / at[K] + limit * sampled, place, sp.factor)
    yield Step("τ = 1/2: with slope 1", touching.subs(at).subs({x: place, w: sampled}), limit,
               sp.factor)  # fmt: skip
    there, found = saddle(10, Fraction(4, 5))
    here = {K: 10, tau: sp.Rational(4, 5)}
    both = sp.N((touching.subs(w, share) - found).subs(here).subs(x, there), 30)
    yield Step("K = 10, τ = 4/5: both equations", bool(abs(both) < 10**-25), True)
    yield Step("K = 10, τ = 4/5: from α_* = 0.7260 on", round(found, 4), sp.Rational(726, 1000),
               sp.nsimplify)  # fmt: skip
    turned = sp.N(sp.diff(branch.subs(here), x, 2).subs(x, there), 30)
    yield Step("K = 10, τ = 4/5: a minimum", bool(turned > 0), True)


def saddle(types: int, temperature: Any) -> tuple[Any, Any]:
    """(x_*, α_*) of K types, to 30 digits."""
    here = {K: types, tau: sp.Rational(temperature)}
    gap = (touching.subs(w, share) - branch).subs(here)
    near = np.linspace(1 / types, 1, 2002)[1:-1]
    start = near[np.argmin(sp.lambdify(x, branch.subs(here))(near))]
    place = sp.nsolve(gap, x, start, prec=30)
    return place, sp.N(branch.subs(here).subs(x, place), 30)


def confrontations() -> list[Confrontation]:
    place = saddle(5, Fraction(1, 2))[0]
    fold = resting(Map(following, hot), half_alpha.subs(K, 5), place, Fraction(1, 2))
    return [*both_states(Map(following, hot)), departure(gain), fold]


theorem = Theorem(
    name="temperature_transition",
    title="Sampling at a temperature: a threshold of α, and hysteresis",
    kind=Asymptotic(order=1),
    assumptions=(
        "n → ∞, error O(1/n) at every fixed g; types fitted by maximum likelihood",
        "fresh real points, exactly or on average the share 1-α; every synthetic point is drawn at "
        "the temperature τ; any start",
        "λ, x_*, α_*: a uniform real law; λ is the factor of a small departure from it",
        "K ≥ 3, τ < 1: one type rules, and that state is stable, on the branch beyond x_*",
    ),
    reference="to be compared with Marchi et al. 2024 (closed-loop learning at a temperature); "
    "the threshold and the saddle-node: no earlier statement known",
    cites=("marchi2024",),
    statement=statement,
    proof=proof,
    applies=only(FRESH, family=Categorical, bias=Temperature, start=(Truth, Categorical)),
    confrontations=confrontations,
)
