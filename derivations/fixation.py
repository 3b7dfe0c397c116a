r"""Where a loop of types ends that trains on its own output: at one type, chosen by the real law.

The share of a type is a bounded martingale, E q' = q, so it converges; E q'(1-q') is (1 - 1/n)
times what it was, so it converges to 0 or 1; and since the mean cannot move, the type that is
left is i with probability p_i exactly, whatever n.  The last model is one draw from the real law:
its divergence KL(model ‖ real) is that draw's surprise -log p_i, on average the real entropy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_replace
from hallofillusions.derivations._types import (
    H,
    K,
    P,
    numbers_of,
    types_loop,
    types_only,
)
from hallofillusions.derivations.wright_fisher import chi_square, v
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.probability import Probability
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n
from hallofillusions.theory import derive

p = sp.Symbol("p", positive=True)
kept = 1 - 1 / n  # of E q(1-q), in one generation
left = p  # P(the type of probability p is the one that is left)
late = n**2 * kept**g * H / (2 * (n - 1))  # a bound on P(more than one type is left at g)
missing = H  # expected real mass of all that is lost, at the end


def statement() -> list[Any]:
    fixed, more = (sp.Symbol(s) for s in (
        r"\mathrm{P}(q_{\infty,i}=1)", r"\mathrm{P}(\text{several types at }g)"))  # fmt: skip
    gone = sp.Symbol(r"\mathrm{E}[\text{missing mass}_\infty]")
    end = sp.Symbol(r"\mathrm{E}[\mathrm{KL}(\mathrm{model}_\infty\,\|\,\mathrm{real})]")
    p_i, i = sp.IndexedBase("p"), sp.Symbol("i", integer=True)
    return [
        equal(fixed, left.subs(p, sp.Symbol("p_i"))),
        sp.Le(more, late),
        equal(gone, missing),
        equal(end, -sp.Sum(p_i[i] * sp.log(p_i[i]), (i, 1, K))),
    ]


def proof() -> Iterator[Step]:
    recursion = derive(types_loop(Replace(), 2))
    q, square = sp.symbols("q q_2")
    known = {"q_1": q, "q_1^2": square}
    after = recursion.step(sp.Matrix([known[name] for name in recursion.names]))
    mean, second = (after[recursion.names.index(name)] for name in known)
    yield Step("a type's share is a martingale: E q' = q", mean, q)
    yield Step("E q'(1-q') = (1 - 1/n) E q(1-q)", mean - second, kept * (q - square))
    yield Step("so E q_g(1-q_g) goes to 0 as 1 - v_g does", kept**g, 1 - drift_replace.v_g)
    start = dict(zip(recursion.names, recursion.initial(), strict=True))
    yield Step("from the truth", start["q_1"] - start["q_1^2"], P[0] * (1 - P[0]))
    rest = recursion.fixed_point() or {}
    yield Step("q_∞ is 0 or 1: E q_∞² = E q_∞", rest.get("q_1^2"), rest.get("q_1"))
    yield Step("so P(q_∞ = 1) = E q_∞ = p", rest.get("q_1"), left.subs(p, P[0]))
    yield from _how_late()
    yield from _what_is_lost()


def _how_late() -> Iterator[Step]:
    """Markov: where several types are left, H is at least that of one point against n - 1."""
    c, d, more = sp.symbols("c d more", nonnegative=True)
    least = 2 * (n - 1) / n**2
    yield Step("H of one point against the others", 1 - n**-2 - ((n - 1) / n) ** 2, least)
    two = 1 - ((c + 1) ** 2 + (d + 1) ** 2) / n**2  # c + 1 points of one type, d + 1 of the other
    over = (two - least).subs(n, c + d + 2) * (c + d + 2) ** 2 / 2
    yield Step("two types, c + 1 and d + 1 points: never less", over, c * d)
    apart = (c + more) ** 2 - c**2 - more**2
    yield Step("to tell a further type apart adds to H", apart, 2 * c * more)
    yield Step("so P(several types) ≤ E H_g / (least H)", kept**g * H / least, late)


def _what_is_lost() -> Iterator[Step]:
    """At the end one type i is left: all others are missing, and the model says i for ever."""
    for count in (2, 3, 4):
        law = [sp.Symbol(f"p_{i}", positive=True) for i in range(1, count)]
        law.append(1 - sum(law))
        ends = sum(left.subs(p, x) * (1 - x) for x in law)
        yield Step(f"missing mass, {count} types: H", ends, 1 - sum(x**2 for x in law))
        chi = sum(left.subs(p, x) * (1 / x - 1) for x in law)
        yield Step(f"χ², {count} types: as wright_fisher has it for v = 1", chi,
                   chi_square.subs({v: 1, K: count}))  # fmt: skip
    q = sp.Symbol("q", positive=True)
    yield Step("lost types add nothing to KL(model ‖ real)", sp.limit(q * sp.log(q / p), q, 0), 0)
    yield Step("the one that is left adds its surprise", (q * sp.log(q / p)).subs(q, 1),
               -sp.log(p))  # fmt: skip


def settled(loop: FeedbackLoop, chance: float = 1e-9) -> int:
    """The generation from which on several types are left with at most this chance."""
    first, second = evaluate(late, loop, (0, 1), **numbers_of(loop))
    return int(np.ceil(np.log(chance / first) / np.log(second / first)))


def confrontations() -> list[Confrontation]:
    """Where no run can be expected to hold a second type: the transient is below 1e-9."""
    found = []
    for family, size in (
        (Categorical((0.5, 0.3, 0.2)), 6),
        (Categorical((0.6, 0.25, 0.1, 0.05)), 4),
        (Categorical.zipf(5, 2), 5),
    ):
        loop = FeedbackLoop(family, mixing=Replace(), n=size)
        law: Any = family.law
        surprise = -np.log(law)
        flat, common = np.full(family.K, 1 / family.K), np.eye(family.K)[0]
        sharp = law**2 / (law**2).sum()
        for observable, value in (
            (Probability(1), np.eye(family.K)[0]),
            (MissingMass(), 1 - law),
            (ReverseKL(), surprise),
        ):
            rivals = {
                "any type alike": (flat @ value,),
                "the commonest type": (common @ value,),
                "the first two points agree": (sharp @ value,),
            }
            found.append(Confrontation(loop, observable, (settled(loop),), (law @ value,), rivals,
                                       20_000))  # fmt: skip
    return found


theorem = Theorem(
    name="fixation",
    title="One type is left, and it is a draw from the real law",
    kind=Limit(),
    assumptions=(
        "each generation trains on n > 1 points of the last model alone, without smoothing",
        "any number of types; the bound on the chance that several are left holds at every g",
        "missing mass: the real probability of the types that are lost",
    ),
    reference="fixation with the initial frequency: Fisher and Wright (Wright 1931); for training "
    "on synthetic data Seddik et al. 2024",
    cites=("wright1931", "seddik2024"),
    statement=statement,
    proof=proof,
    applies=types_only(Replace, start=(Truth, FirstFit), smallest=2),
    confrontations=confrontations,
)
