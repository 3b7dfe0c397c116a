"""A fixed real set freezes the vocabulary: its types never vanish, all others soon have.

A type of the anchor is in every training set; a type without a point there lives on synthetic
points alone, of which each begets α new ones.  Started at the anchor the support is the anchor's
for ever, whatever the sampler does to the frequencies.  Started at the truth the first training
set knows more, αn further real-law points, but all of that dies out at the rate α: the missing
mass rises from that of n points to that of n_r.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import sympy as sp

from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import (
    chained,
    expected,
    generated,
    i,
    j,
    kept,
    missing,
    p,
    pmf,
    present,
    z,
)
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, n, n_r
from hallofillusions.theory import derive

n_s = alpha * n
frozen = (1 - p) ** n_r
"""P(absent) from the anchor, at every g; with extra types from the truth it is the limit."""
first = (1 - p) ** n
"""P(absent) at g = 1 from the truth."""
begun, entry = pmf(n_s, p, j), pmf(n_s, i / n, j)
"""P(X_1 = j) and T_ij of a type that the anchor lacks, n_s = αn."""
alive = (1 - p) ** n_r * n_s * p * alpha ** (g - 1)
"""At least the chance that such a type is present at g ≥ 1, from the truth."""


def statement() -> list[Any]:
    K, k = sp.Symbol("K"), sp.IndexedBase("p")
    missed = sp.Symbol(r"\mathrm{E}[M_g]")
    words = {name: sp.Symbol(rf"\mathrm{{P}}_{{\mathrm{{{name}}}}}(\mathrm{{absent}})")
             for name in ("Memory", "Truth")}  # fmt: skip
    T, row, lost = sp.Symbol("T_{ij}"), sp.Symbol(r"\mathrm{P}(X_1=j)"), \
        sp.Symbol(r"\mathrm{P}(X_g=0)")  # fmt: skip
    return [
        equal(words["Memory"], frozen),
        equal(missed, sp.Sum(k[i] * frozen.subs(p, k[i]), (i, 1, K))),
        equal(words["Truth"], frozen * lost),
        equal(row, begun), equal(T, entry),
        sp.Le(words["Truth"], frozen, evaluate=False),
        sp.Le(frozen - alive, words["Truth"], evaluate=False),
    ]  # fmt: skip


# -- the proof -------------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from anchored()
    yield from lives_on()
    yield from dies_out()


def anchored() -> Iterator[Step]:
    """What the anchor holds stays; what it lacks never comes back."""
    a, more = sp.symbols("a more", positive=True)  # points in the anchor; synthetic ones
    family: Any = Categorical().symbolic()
    loop = FeedbackLoop(family, mixing=FixedReal(alpha=alpha), n=n)
    recursion = derive(loop, monomials=[{"q_1": 1}])
    row = recursion.matrix().row(recursion.names.index("q_1"))
    weights = dict(zip(recursion.names, row, strict=True))
    yield Step("the anchor's share of a training set", weights["memory_1"], 1 - alpha)
    yield Step("and the model's", weights["q_1"], alpha)
    yield Step("a type of the anchor is in every training set", bool(((a + more) / n).is_positive),
               True)  # fmt: skip
    yield Step("a type without a point in it, and of frequency 0, is never sampled",
               generated(n_s, 0), 1)  # fmt: skip
    yield Step("an anchor that has no point of the type", generated(n_r, p).subs(z, 0), frozen)
    yield from induction(recursion, dict.fromkeys(("q_1", "memory_1"), family.probabilities[0]))


def lives_on() -> Iterator[Step]:
    """From the truth: the count of a type that the anchor lacks is a chain of its own."""
    size, numbers = 3, {alpha: sp.Rational(3, 5), n: 5}
    for state in range(size + 1):
        T = [entry.subs(numbers).subs({i: state, j: c}) for c in range(size + 1)]
        own = generated(n_s, sp.Rational(state, 5)).subs(numbers)
        yield Step(f"row {state} of {size}", sum(t * z**c for c, t in enumerate(T)), own)
    row = sum(begun.subs(numbers).subs(j, c) * z**c for c in range(size + 1))
    yield Step("and the first row", row, generated(n_s, p).subs(numbers))
    lone = generated(n_s, p).subs(z, 0) * frozen
    yield Step("the first training set misses what n points miss",
               lone.subs(n_r, (1 - alpha) * n), first, sp.powsimp)  # fmt: skip


def dies_out() -> Iterator[Step]:
    """The mean count falls by α, so the chance of any at all does (Markov)."""
    x = sp.Symbol("x", nonnegative=True)
    following = generated(n_s, x / n)
    yield Step("each point begets α new ones", sp.diff(following, z).subs(z, 1), alpha * x)
    for order in (2, 3):
        falling = sp.prod(n_s - k for k in range(order)) * (x / n) ** order
        yield Step(f"factorial moment {order}: the spectrum of T is that of its diagonal",
                   sp.diff(following, z, order).subs(z, 1), falling)  # fmt: skip
        slower = sp.prod(n_s - k for k in range(order)) / n**order / alpha
        yield Step("and falls off faster than α", sp.simplify(slower - alpha ** (order - 1)
                   * sp.prod(1 - k / n_s for k in range(order))), 0)  # fmt: skip
    mean = alive / frozen
    yield Step("E X_1", mean.subs(g, 1), sp.diff(generated(n_s, p), z).subs(z, 1))
    yield Step("E X_{g+1}", mean.subs(g, g + 1), alpha * mean)


# -- the attacks -----------------------------------------------------------------------------------


def transient(loop: FeedbackLoop, function: Any, when: Any) -> Any:
    """Σ over types of f = `present` or `missing` from the truth, exactly."""
    size, held = int(loop.n), loop.mixing.memory_size(int(loop.n))
    at, states = {n: size, alpha: sp.Rational(size - held, size)}, range(size - held + 1)
    T, X_1 = (sp.lambdify((p, i, j), law.subs(at), "scipy") for law in (entry, begun))
    steps = [[T(0, a, b) for b in states] for a in states]
    lost = [chained([X_1(chance, 0, b) for b in states], steps, np.array(states) == 0, when)
            for chance in cast(Any, loop.family).law]  # fmt: skip
    return over_types(loop, function, held, np.array(lost).T)


def at_rest(loop: FeedbackLoop, function: Any, when: Any, points: int | None = None) -> Any:
    """The same from the anchor, or for a corpus of so many points."""
    held = loop.mixing.memory_size(int(loop.n)) if points is None else points
    return over_types(loop, function, held, np.ones((len(when), 1)))


def over_types(loop: FeedbackLoop, function: Any, held: int, lost: Any) -> Any:
    """Σ f, where a type that so many points have not shown is ``lost`` with these chances."""
    law = cast(Any, loop.family).law
    absent = sp.lambdify((p, n_r), frozen)(law, held) * lost
    gone, there = ([float(function(q, a)) for a in law] for q in (0.0, 1.0))
    return absent @ gone + (1 - absent) @ there


def confrontations() -> list[Confrontation]:
    found = []
    watched = ((MissingMass(), missing), (TypesSurviving(), present))
    loop = FeedbackLoop(Categorical.zipf(8, 1), mixing=FixedReal(real=4), n=12, start=Memory())
    for bias, when in ((Unbiased(), (1, 4, 20)), (Temperature(Fraction(3, 5)), (2, 10))):
        anchor = replace(loop, bias=bias)
        for observable, function in watched:
            rivals = {
                "the whole training set": at_rest(anchor, function, when, 12),
                "one point more": at_rest(anchor, function, when, 5),
                "e^{-p n_r} for (1-p)^{n_r}": np.full(len(when), kept(loop, 4.0, function)),
                "fresh points": expected(_fresh(loop), function, when),
            }
            right = at_rest(anchor, function, when)
            found.append(Confrontation(anchor, observable, when, right, rivals, 20_000))
    free, late = replace(loop, start=Truth()), (1, 2, 4, 12)
    for observable, function in watched:
        rivals = {
            "the anchor's at once": at_rest(free, function, late),
            "index off by one": transient(free, function, [k + 1 for k in late]),
            "fresh points": expected(_fresh(free), function, late),
            "one point more": transient(replace(free, mixing=FixedReal(real=5)), function, late),
        }
        right = transient(free, function, late)
        found.append(Confrontation(free, observable, late, right, rivals, 20_000))
    return found


def _fresh(loop: FeedbackLoop) -> FeedbackLoop:
    share = loop.mixing.fraction(int(loop.n), 0)
    return FeedbackLoop(loop.family, mixing=FreshSplit(share), n=loop.n)


_anchor = only(FixedReal, family=Categorical, bias=object, start=Memory)
_truth = only(FixedReal, family=Categorical, start=(Truth, FirstFit))


def applies(loop: FeedbackLoop) -> str | None:
    """From the anchor any bias will do: what it samples is of the model's types."""
    return _anchor(loop) if isinstance(loop.start, Memory) else _truth(loop)


theorem = Theorem(
    name="frozen_support",
    title="A fixed real set freezes the vocabulary",
    kind=Exact(),
    assumptions=(
        "types with probabilities, fitted by maximum likelihood, n_r fixed real points",
        "started at the anchor: any sampler whose points are of the model's types; M_g is the real "
        "mass of the types that are missing, at every g ≥ 1",
        "started at the truth or at a fit of n real points: an unbiased sampler; X_g is the count "
        "of a type that the anchor lacks",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
