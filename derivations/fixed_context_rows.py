r"""With fixed contexts the rows of an n-gram model are independent loops of types.

If context c is given to the model n_c times at every generation, whatever it wrote before, its
row is fitted to n_c characters of its own law and of the real one, and to nothing else: a loop of
Wright and Fisher with n_c in place of n and its own synthetic fraction α_c.  Sums over rows
follow, for any order and any number of contexts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._replace import under
from hallofillusions.derivations._rows import (
    COARSE,
    LETTERS,
    drift,
    over_rows,
    provides_rows,
    rows_only,
    sizes,
)
from hallofillusions.derivations._types import SYMBOLIC, moments, types_loop
from hallofillusions.derivations.wright_fisher import laws
from hallofillusions.families.n_gram import NGram
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.samplers import FixedContext
from hallofillusions.starts import Truth
from hallofillusions.theory import derive

rows_apply = rows_only(FixedContext)
c = sp.Symbol("c", integer=True)
share, diversity, kinds, v = (sp.IndexedBase(s) for s in (r"\pi", "H", "K", "v"))
C = sp.Symbol("C", integer=True, positive=True)


def statement() -> list[Any]:
    kept, gained = (sp.Symbol(s) for s in (
        r"\mathrm{E}[\sum_c \pi_c H_{c,g}]", r"\mathrm{E}[\sum_c \pi_c \chi^2_{c,g}]"))  # fmt: skip
    n_c, own = sp.Symbol("n_{c}"), sp.Symbol(r"\alpha_{c}")
    v_g = sp.Function("v_{g}")
    return [
        equal(kept, sp.Sum(share[c] * diversity[c] * (1 - v[c]), (c, 1, C))),
        equal(gained, sp.Sum(share[c] * (kinds[c] - 1) * v[c], (c, 1, C))),
        equal(v[c], v_g(own, n_c)),
    ]


def proof() -> Iterator[Step]:
    """The row's own recursion, at its own n and α, and that rows do not meet."""
    for mixing in (Replace, FreshSplit, FreshMixture):
        law = sp.sympify(laws[mixing, Truth][0])
        recursion = derive(types_loop(SYMBOLIC[mixing]))
        claim = moments(recursion.names, {("q", "q"): law})
        yield from under(f"a row, {mixing.__name__}", induction(recursion, claim))
    yield from _characters()


def _characters() -> Iterator[Step]:
    """One generation's likelihood is a product over rows, so no fit sees another row.

    Two contexts and two characters stand for all: the joint law of the counts given the past is
    the product of the rows' binomials, and its generating function factors.
    """
    s, t, q, r = sp.symbols("s t q r", positive=True)
    for a, b in ((1, 2), (3, 2)):
        joint = sum(
            sp.binomial(a, k) * q**k * (1 - q) ** (a - k) * s**k
            * sp.binomial(b, m) * r**m * (1 - r) ** (b - m) * t**m
            for k in range(a + 1) for m in range(b + 1)
        )  # fmt: skip
        yield Step(f"counts of {a} and {b} characters: the generating function factors",
                   joint, (1 - q + q * s) ** a * (1 - r + r * t) ** b)  # fmt: skip
    x, y = sp.symbols("pi_1 pi_2", positive=True)
    p, v_1, v_2 = (sp.Symbol(name) for name in ("p", "v_1", "v_2"))
    square = [p**2 + w * p * (1 - p) for w in (v_1, v_2)]
    total = x * (1 - square[0] - (1 - 2 * p + square[0])) + y * (
        1 - square[1] - (1 - 2 * p + square[1])
    )
    H = 1 - p**2 - (1 - p) ** 2
    yield Step("heterozygosity adds over rows", total, H * (x * (1 - v_1) + y * (1 - v_2)))


def applies(loop: FeedbackLoop) -> str | None:
    if (reason := rows_apply(loop)) is not None:
        return reason
    if empty := int((sizes(loop)["n"] == 0).sum()):
        return f"n must give each real context a character, and {empty} get none"
    return None


def confrontations() -> list[Confrontation]:
    worlds = ((2, LETTERS), (2, COARSE), (3, COARSE))
    few, coarse, pairs = (NGram(order, corpus, FixedContext()) for order, corpus in worlds)
    diversity, pearson = Heterozygosity(), ChiSquare()
    return [
        _attack(few, Replace(), 150, (1, 25), diversity, 400),
        _attack(few, FreshSplit(Fraction(4, 5)), 100, (1, 6), diversity, 500),
        _attack(few, FreshMixture(Fraction(9, 10)), 150, (1, 6), diversity, 300),
        _attack(coarse, Replace(), 400, (1,), pearson, 1_500),
        _attack(few, Accumulate(), 100, (1, 3), diversity, 400),
        _attack(few, FixedReal(Fraction(1, 2)), 100, (1, 4), diversity, 600),
        _attack(pairs, Replace(), 1000, (1, 5), diversity, 300),
    ]


def _attack(
    family: NGram, mixing: Any, size: int, when: tuple[int, ...], observable: Any, runs: int
) -> Confrontation:
    """One row law, whose rivals give the rows other sizes."""
    loop = FeedbackLoop(family, mixing=mixing, n=size)
    own = sizes(loop)["n"]
    others = {"n in place of n_c": drift(loop, when, n=np.full(len(own), float(own.sum())))}
    if family.order == 2:  # of which there are runs enough to tell two generations apart
        others["index off by one"] = drift(loop, [t + 1 for t in when])
    if when[-1] > 20:  # at first the mean over rows of 1/n_c is all that counts: C/n
        others["every row with the mean n_c"] = drift(loop, when, n=np.full(len(own), own.mean()))
    if not isinstance(mixing, Replace):
        others["nothing real"] = drift(replace(loop, mixing=Replace()), when)
    right, *wrong = (over_rows(loop, observable, v)
                     for v in (drift(loop, when), *others.values()))  # fmt: skip
    rivals = dict(zip(others, wrong, strict=True))
    return Confrontation(loop, observable, when, right, rivals, replicates=runs)


theorem = Theorem(
    name="fixed_context_rows",
    title="With fixed contexts the rows of an n-gram model are independent loops of types",
    kind=Exact(),
    assumptions=(
        "the contexts of a generation are given, context c exactly n_c ≥ 1 times, and the same at "
        "every generation; of these α_c n_c characters are the model's",
        "the sampler is unbiased, a row is fitted by its frequencies",
        "v_g is that of the drift theorem of the mixing",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides_rows(applies),
    confrontations=confrontations,
)
