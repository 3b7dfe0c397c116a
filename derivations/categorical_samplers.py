r"""What temperature, top-k and nucleus sampling do to a law of types, exactly.

A sampler that proposes a type from r and keeps it with chance a_i draws from r_i a_i / Σ r a.  So
powers of q below their peak leave q^{1/τ}/Z, the law of least energy -Σ r log q at a price τ on
entropy; cutting the rare types away leaves the law on the others that is nearest to q, at the
distances KL = -log m and TV = 1 - m for a kept mass m.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.derivations._samplers import SIX, cuts, entropies, nucleus, sampled
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import p, pmf, q, z
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Exact
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import n, tau

m, x = sp.symbols("m x", positive=True)  # the kept mass; any ratio of chances
law = sp.symbols("q_1:5", positive=True)  # four types, falling
kept_types = law[:2]
divergence, distance = -sp.log(m), 1 - m
"""KL and total variation of a cut from the model."""
absent = (1 - q) ** n  # q is now what is drawn of one type
square = q / n + (1 - 1 / n) * q**2
"""E (X/n)² of a type in n draws."""


def accepted(proposed: Any, chance: Any, kept: Any) -> Any:
    """The law of what is kept, where ``kept`` = Σ r a is the chance that a proposal is."""
    return proposed * chance / kept


def tempered(types: Any, at: Any = tau) -> list[Any]:
    """q_i^{1/τ}/Z."""
    powers = [a ** (1 / at) for a in types]
    return [a / sum(powers) for a in powers]


def cooling(mean_square: Any, mean: Any) -> Any:
    """dH/dτ = Var(log q)/τ³ under the tempered law."""
    return (mean_square - mean**2) / tau**3


def statement() -> list[Any]:
    (k, i), w, types = sp.symbols("k i"), sp.IndexedBase("w"), sp.IndexedBase("q")
    a, r, K = sp.IndexedBase("a"), sp.IndexedBase("r"), sp.Symbol("K")
    KL, TV = sp.Symbol(r"\mathrm{KL}"), sp.Symbol(r"\mathrm{TV}")
    lost = sp.Symbol(r"\mathrm{P}(X_i=0)")
    mass = sp.Sum(types[i], (i, 1, k))
    H, variance = sp.Function(r"\mathrm{H}")(tau), sp.Symbol(r"\mathrm{Var}_\tau(\log q)")
    hot = types[i] ** (1 / tau)
    energy = -sp.Sum(r[i] * sp.log(types[i]), (i, 1, K)) - tau * sp.Symbol(r"\mathrm{H}(r)")
    least = tau * sp.Symbol(r"\mathrm{KL}(r\,\|\,w)") - tau * sp.Symbol(r"\log Z")
    return [
        equal(w[i], accepted(r[i], a[i], sp.Sum(r[i] * a[i], (i, 1, K)))),
        equal(w[i], hot / sp.Sum(hot, (i, 1, K))),
        equal(energy, least),
        equal(sp.Derivative(H, tau), cooling(variance, 0)),
        equal(m, mass),
        equal(KL, divergence), equal(TV, distance), sp.Le(TV, 1 - p, evaluate=False),
        equal(lost, absent.subs(q, w[i])),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from rejection()
    yield from energy()
    yield from cut()
    yield from counts()
    yield from entropy()


def rejection() -> Iterator[Step]:
    """Try until a proposal is kept."""
    A, a, r = sp.symbols("A a r", positive=True)
    found = accepted(r, a, A)
    yield Step("kept at once, or all over again", r * a + (1 - A) * found, found)
    peak = law[0]
    for words, proposal, chance in (
        ("cold: from q, keep (q/max q)^{1/τ-1}", law, [(b / peak) ** (1 / tau - 1) for b in law]),
        ("hot: uniformly, keep (q/max q)^{1/τ}", [1] * 4, [(b / peak) ** (1 / tau) for b in law]),
    ):
        weights = [b * c for b, c in zip(proposal, chance, strict=True)]
        target = tempered(law)
        for i in (1, 2, 3):
            odds = (sp.expand_log(sp.log(v[i] / v[0]), force=True) for v in (weights, target))
            yield Step(f"{words}: the odds of type {i + 1} against the first", *odds)
    cold = tempered(law[:2])[0]
    colder = cold.subs({law[0]: 2, law[1]: 1, tau: 1 / x})
    yield Step("τ → 0: the most probable type alone", sp.limit(colder, x, sp.oo), 1)
    yield Step("τ → ∞: all types alike", sp.limit(colder, x, 0), sp.Rational(1, 2))


def energy() -> Iterator[Step]:
    """-Σ r log q - τ H(r) = τ KL(r ‖ w) - τ log Z: least at r = w."""
    r = (*sp.symbols("r_1:4", positive=True),)
    r = (*r, 1 - sum(r))
    Z = sp.Symbol("Z", positive=True)
    logs = [sp.log(a) / tau - sp.log(Z) for a in law]  # log w_i
    left = -sum(a * sp.log(b) for a, b in zip(r, law, strict=True)) \
        + tau * sum(a * sp.log(a) for a in r)  # fmt: skip
    right = tau * sum(a * (sp.log(a) - b) for a, b in zip(r, logs, strict=True)) - tau * sp.log(Z)
    yield Step("the free energy is a divergence from the tempered law", left, right)
    bowl = x * sp.log(x) - x + 1
    yield Step("x log x - x + 1 at 1", bowl.subs(x, 1), 0)
    yield Step("its slope there", bowl.diff(x).subs(x, 1), 0)
    yield Step("and it is convex: KL(r ‖ w) = Σ w (x log x - x + 1) ≥ 0, where x = r/w",
               bool(bowl.diff(x, 2).is_positive), True)  # fmt: skip


def entropy() -> Iterator[Step]:
    logs = sp.symbols("l_1:5", real=True)  # log q_i
    powers = [sp.exp(a / tau) for a in logs]
    Z = sum(powers)
    w = [a / Z for a in powers]
    mean, square_ = (sum(b * a**k for a, b in zip(logs, w, strict=True)) for k in (1, 2))
    H = sp.log(Z) - mean / tau
    own = -sum(b * (a / tau - sp.log(Z)) for a, b in zip(logs, w, strict=True))
    yield Step("the entropy of the tempered law", own, H, sp.simplify)
    yield Step("dH/dτ", sp.diff(H, tau), cooling(square_, mean), sp.simplify)
    pairs = sum(w[i] * w[j] * (logs[i] - logs[j]) ** 2 for i in range(4) for j in range(i))
    yield Step("a variance is a sum of squares: H rises with τ", square_ - mean**2, pairs,
               sp.factor)  # fmt: skip


def cut() -> Iterator[Step]:
    """Types outside a set S of mass m are rejected."""
    inside, outside = sum(kept_types), sum(law[2:])
    r = sp.Symbol("r", positive=True)  # and 1 - r: any law on S
    any_law = (r, 1 - r)
    nearest = [a / inside for a in kept_types]

    def divergence_of(one: Any, other: Any) -> Any:
        terms = (a * (sp.log(a) - sp.log(b)) for a, b in zip(one, other, strict=True))
        return sp.expand_log(sum(terms), force=True)

    yield Step("KL(cut ‖ q)", divergence_of(nearest, kept_types),
               divergence.subs(m, inside), sp.simplify)  # fmt: skip
    gap = divergence_of(any_law, kept_types) - divergence_of(any_law, nearest)
    yield Step("any law on S is farther by its KL from the cut: the cut is the nearest", gap,
               divergence.subs(m, inside), sp.simplify)  # fmt: skip
    total = (sum(a - b for a, b in zip(nearest, kept_types, strict=True)) + outside) / 2
    rest = {law[3]: 1 - sum(law[:3])}
    yield Step("TV(cut, q)", total.subs(rest), distance.subs(m, inside), sp.simplify)
    more = sp.Symbol("more", nonnegative=True)  # a nucleus of level p keeps m = p + more
    yield Step("a nucleus of level p: TV ≤ 1 - p", bool(
        (1 - p - distance.subs(m, p + more)).is_nonnegative), True)  # fmt: skip


def counts() -> Iterator[Step]:
    """n draws: each type's count is binomial."""
    form = (1 - q * (1 - z)) ** n
    yield Step("E z^X", sum(pmf(3, q, k) * z**k for k in range(4)), form.subs(n, 3))
    yield Step("none of n", form.subs(z, 0), absent)
    second = sp.diff(z * sp.diff(form, z), z).subs(z, 1) / n**2
    yield Step("E (X/n)²", second, square)


# -- the attacks -----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    share, price = sp.lambdify((q, n), absent), cooling(*sp.symbols("square mean"))
    rate = sp.lambdify((*sp.symbols("square mean"), tau), price)

    def slope(at: float) -> Any:
        w, logs = own(Temperature(at)), np.log(SIX.law)
        return rate(w @ logs**2, w @ logs, at)

    KL, TV = (sp.lambdify(m, form) for form in (divergence, distance))
    return [*sampled(own, share), entropies(own, slope), *cuts(own, KL, TV)]


def own(bias: Any) -> Any:
    """The law of a synthetic point: all types at a temperature, or those of a cut are kept."""
    if isinstance(bias, Temperature):
        return np.array(tempered(list(SIX.law), float(bias.tau)))
    inside = np.arange(SIX.K) < (nucleus(SIX.law, bias.p) if isinstance(bias, TopP) else bias.k)
    return accepted(SIX.law, inside, SIX.law @ inside)


theorem = Theorem(
    name="categorical_samplers",
    title="What temperature, top-k and nucleus sampling do to a law of types",
    kind=Exact(),
    assumptions=(
        "types q_1 ≥ q_2 ≥ … of a model; proposals r_i, each kept with chance a_i",
        "temperature: w_i is the law of a synthetic point, Z its denominator, H its entropy",
        "top-k keeps the first k types; a nucleus of level p as few of them as make m ≥ p",
        "KL = KL(w ‖ q), TV = TV(w, q), of a cut",
        "X_i, simulated: the count of a type among n draws from the model",
    ),
    reference="the free energy: Gibbs' variational principle; KL of a cut: the textbook's",
    statement=statement,
    proof=proof,
    applies=only((Replace, FixedPool), family=Categorical, bias=(Temperature, TopK, TopP)),
    confrontations=confrontations,
)
