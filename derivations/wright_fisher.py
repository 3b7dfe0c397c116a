r"""Types drift as genes do: one v_g rules every second moment of a loop of types.

A token is a gene copy and n the number of copies: Replace is the model of Wright and Fisher,
fresh real data are immigrants.  The mean law never moves, its covariance is v_g times that of one
token, so heterozygosity H_g = 1 - Σ q_i² loses the share v_g and χ² gains (K-1) v_g, with the v_g
of the mixing's drift theorem, whatever the real law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import (
    drift_accumulate,
    drift_fixed_pool,
    drift_fixed_real,
    drift_fresh_mixture,
    drift_fresh_split,
    drift_replace,
)
from hallofillusions.derivations import drift_accumulate_subsample as subsample
from hallofillusions.derivations._replace import under
from hallofillusions.derivations._types import (
    SYMBOLIC,
    H,
    K,
    covariance,
    moments,
    numbers_of,
    types_loop,
    types_only,
)
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, Homozygosity
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, n, n_0, n_r
from hallofillusions.theory import derive

v, V = sp.Symbol("v_{g}"), sp.Function("V")
heterozygosity = (1 - v) * H
chi_square = (K - 1) * v

anchored = {n_r: (1 - alpha) * n}
product = {V(1): 1 - 1 / n, V(g + 1): V(g) * (1 - subsample.cost)}  # V, which `pool` closes
# (mixing, start) -> v_g, and what memory shares with the model and with itself, in its units
laws: dict[Any, tuple[Any, Any, Any]] = {
    (Replace, Truth): (drift_replace.v_g, 0, 0),
    (FreshSplit, Truth): (drift_fresh_split.v_g, 0, 0),
    (FreshMixture, Truth): (drift_fresh_mixture.v_g, 0, 0),
    (FixedReal, Truth): (drift_fixed_real.from_truth, (1 - alpha**g) / n_r, 1 / n_r),
    (FixedReal, Memory): (drift_fixed_real.v_g, 1 / n_r, 1 / n_r),
    (FixedPool, Truth): (drift_fixed_pool.from_truth, (1 - alpha**g) / n_0, 1 / n_0),
    (FixedPool, FirstFit): (drift_fixed_pool.v_g, 1 / n_0, 1 / n_0),
    (FixedPool, Memory): (drift_fixed_pool.from_pool, 1 / n_0, 1 / n_0),
    (Accumulate, Truth): (drift_accumulate.v_g, drift_accumulate.v_g, drift_accumulate.v_g),
    (AccumulateSubsample, Truth): (1 - V(g) * subsample.subsample, 1 - V(g), 1 - V(g)),
}  # fmt: skip

WANTED = ({"q_1": 1}, {"q_1": 2}, {"q_1": 1, "q_2": 1})  # what else is tracked comes by itself


def statement() -> list[Any]:
    mean, cov, h, chi = (sp.Symbol(s) for s in (
        r"\mathrm{E}[q_{g,i}]", r"\mathrm{Cov}(q_{g,i},q_{g,j})", r"\mathrm{E}[H_g]",
        r"\mathrm{E}[\chi^2(q_g\|p)]"))  # fmt: skip
    p_i, p_j, same = sp.Symbol("p_i"), sp.Symbol("p_j"), sp.Symbol(r"\delta_{ij}")
    return [equal(mean, p_i), equal(cov, v * p_i * (same - p_j)),
            equal(h, heterozygosity), equal(chi, chi_square)]  # fmt: skip


def law_of(mixing: type[Any], start: type[Any]) -> tuple[Any, Any, Any]:
    """The v_g of a sentence; a first fit of n real points is the first fit from the truth."""
    found = laws.get((mixing, start), laws[mixing, Truth])
    own, shared, held = (sp.sympify(c).subs(V(g), subsample.pool) for c in found)
    return own, shared, held


def proof() -> Iterator[Step]:
    yield from _sums()
    for (mixing, start), law in laws.items():
        own, shared, held = (sp.sympify(c).subs(anchored) for c in law)
        loop = types_loop(SYMBOLIC[mixing], start=start())
        recursion = derive(loop, monomials=WANTED)
        claim = moments(recursion.names, {("q", "q"): own, ("memory", "q"): shared,
                                          ("memory", "memory"): held})  # fmt: skip
        late = start is not Truth or SYMBOLIC[mixing].grows
        steps = (replace(step, left=step.left.subs(product), right=step.right.subs(product))
                 for step in induction(recursion, claim, start=int(late)))  # fmt: skip
        yield from under(f"{mixing.__name__} from {start.__name__}", steps)
        if (mixing, FirstFit) not in laws and start is Truth:
            other = derive(replace(loop, start=FirstFit()), monomials=WANTED)
            pairs = zip(recursion.names, other.after_first(), recursion.after_first(), strict=True)
            for name, theirs, ours in pairs:
                yield Step(f"{mixing.__name__}, first fit on real points: {name}", theirs, ours)
    yield Step("V is the pool's product", subsample.pool.subs(g, 1), product[V(1)])
    yield Step("and goes on as it", (subsample.pool.subs(g, g + 1) / subsample.pool),
               product[V(g + 1)] / V(g))  # fmt: skip
    own = laws[AccumulateSubsample, Truth][0]
    yield Step("so v_g is that of the drift theorem", own.subs(V(g), subsample.pool),
               subsample.v_g)  # fmt: skip


def _sums() -> Iterator[Step]:
    """From one type to all K of them: Σ 1 = K, Σ p_i = 1 and Σ p_i² = 1 - H."""
    p = sp.Symbol("p", positive=True)

    def summed(each: Any) -> Any:
        total = {0: K, 1: sp.Integer(1), 2: 1 - H}
        return sum(c * total[d] for (d,), c in sp.Poly(sp.expand(each), p).terms())

    square = p**2 + v * covariance(0, 0, (p,))
    yield Step("heterozygosity: 1 - Σ E q_i²", 1 - summed(square), heterozygosity)
    away = sp.cancel((square - 2 * p * p + p**2) / p)
    yield Step("χ²: Σ E (q_i - p_i)²/p_i", summed(away), chi_square)
    two = sp.symbols("p_1:3")
    yield Step("the covariances add up to those of lumps", covariance(0, 0, (sum(two),)),
               sum(covariance(i, j, two) for i in (0, 1) for j in (0, 1)))  # fmt: skip


applies = types_only(tuple(SYMBOLIC), start=(Truth, FirstFit, Memory))


def drift(loop: FeedbackLoop, when: Any) -> Any:
    """v_g of a loop of types at the generations ``when``; 0 at the start."""
    own = law_of(type(loop.mixing), type(loop.start))[0].subs(anchored)
    when = np.asarray(when, dtype=float)
    return np.where(when > 0, evaluate(own, loop, np.maximum(when, 1)), 0.0)


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if not isinstance(functional, Homozygosity) or applies(loop) is not None:
        return None
    return lambda when: 1 - numbers_of(loop)["H"] * (1 - drift(loop, when))


def confrontations() -> list[Confrontation]:
    few, many = Categorical((0.5, 0.3, 0.2)), Categorical.zipf(20, 1)
    half, most = Fraction(1, 2), Fraction(9, 10)
    loops = (
        (FeedbackLoop(few, mixing=Replace(), n=6), (1, 3, 8)),
        (FeedbackLoop(many, mixing=FreshSplit(most), n=20), (1, 4, 10)),
        (FeedbackLoop(few, mixing=FreshMixture(half), n=4), (1, 2, 5)),
        (FeedbackLoop(many, mixing=FixedReal(Fraction(3, 4)), n=8, start=Memory()), (1, 2, 6)),
        (FeedbackLoop(few, mixing=FixedPool(half, 5), n=6, start=FirstFit()), (1, 2, 6)),
        (FeedbackLoop(few, mixing=Accumulate(), n=3), (1, 2, 6)),
        (FeedbackLoop(few, mixing=AccumulateSubsample(), n=3), (1, 2, 5)),
    )
    return [c for loop, when in loops for c in _attacks(loop, when)]


def _attacks(loop: FeedbackLoop, when: tuple[int, ...]) -> Iterator[Confrontation]:
    """Heterozygosity and χ², whose rivals are another v_g each."""
    values = numbers_of(loop) | {"v_{g}": drift(loop, when)}
    others = {
        "index off by one": drift(loop, [t + 1 for t in when]),
        "twice as many points": drift(replace(loop, n=2 * loop.n), when),
        "infinite n": 0 * values["v_{g}"],
    }
    if type(loop.mixing) is not Replace:
        others["nothing real"] = drift(replace(loop, mixing=Replace(), start=Truth()), when)
    for observable, closed in ((Heterozygosity(), heterozygosity), (ChiSquare(), chi_square)):
        rivals = {name: evaluate(closed, loop, when, **{**values, "v_{g}": wrong})
                  for name, wrong in others.items()}  # fmt: skip
        right = evaluate(closed, loop, when, **values)
        yield Confrontation(loop, observable, when, right, rivals, replicates=60_000)


theorem = Theorem(
    name="wright_fisher",
    title="Every loop of types is a Wright–Fisher model with one drift coefficient",
    kind=Exact(),
    assumptions=(
        "any number of types; the sampler is unbiased, the fit is the training set's frequencies",
        "v_g is that of the drift theorem of the mixing and the start",
        "H = 1 - Σ p_i² of the real law; χ² needs p_i > 0",
    ),
    reference="Replace: Seddik et al. 2024; fresh mixture: Bakshi & Chakraborty 2026; Wright "
    "1931; for the other mixings no earlier statement known",
    cites=("seddik2024", "bakshi2026", "wright1931"),
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides,
    confrontations=confrontations,
)
