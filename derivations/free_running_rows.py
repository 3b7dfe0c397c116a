r"""In text that runs free the row law holds to leading order, with n π_c for the size of row c.

The contexts are the model's own, so N_c, how often context c comes, is random.  Given N_c the row
is still a sample of N_c characters, but E 1/N_c is larger than 1/E N_c, by the dispersion of N_c
over its mean; and what the rows lose moves the shares of the contexts themselves.  Both are of
relative order 1/(n π_c): the law is good where n π_c ≫ 1, and says nothing where it is about 1.
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
    drift,
    over_rows,
    provides_rows,
    rows_only,
    sizes,
)
from hallofillusions.derivations._types import SYMBOLIC, types_loop
from hallofillusions.derivations.wright_fisher import laws
from hallofillusions.families.n_gram import NGram
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.rational import factored
from hallofillusions.samplers import FreeRunning, Prompted
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, g, n
from hallofillusions.theory import derive

size, spread = sp.symbols("mu s", positive=True)  # E N_c, and Var N_c over it
inverse = (1 + spread / size) / size  # E 1/N_c, up to a relative error of order 1/μ²
GENERATIONS = (1, 2, 5)


def statement() -> list[Any]:
    gained, remainder = sp.Symbol(r"\mathrm{E}[\chi^2_{c,g}]"), sp.Function("O")
    K_c, v, share = sp.Symbol("K_{c}"), sp.Function("v_{g}"), sp.Symbol(r"\pi_{c}")
    mean = sp.Symbol(r"\mathrm{E}[1/N_{c}]")
    return [
        equal(gained, (K_c - 1) * v(alpha, n * share) * (1 + remainder(1 / (n * share)))),
        equal(mean, inverse + remainder(size**-3)),
    ]


def proof() -> Iterator[Step]:
    yield from _reciprocal()
    N, q = sp.Symbol("N", positive=True), sp.Symbol("q")
    recursion = derive(types_loop(SYMBOLIC[Replace], count=2))
    square, mean = recursion.index(q_1=2), recursion.index(q_1=1)
    row = recursion.matrix().subs(n, N)
    kept = row[mean, mean] * q - (row[square, mean] * q + row[square, square] * q**2)
    yield Step("given N characters a row keeps 1 - 1/N of its heterozygosity", kept,
               (1 - 1 / N) * q * (1 - q))  # fmt: skip
    for mixing in (Replace, FreshSplit):
        yield from under(mixing.__name__, _order(sp.sympify(laws[mixing, Truth][0])))


def _reciprocal() -> Iterator[Step]:
    """E 1/N for N = μ(1 + x) with E x = 0, E x² = s/μ: the series of 1/(1 + x) to second order."""
    x = sp.Symbol("x")
    series = sp.series(1 / (1 + x), x, 0, 3).removeO()
    moments = {0: sp.Integer(1), 1: sp.Integer(0), 2: spread / size}
    found = sum(c * moments[d] for (d,), c in sp.Poly(series, x).terms()) / size
    yield Step("E 1/N exceeds 1/E N by the dispersion over the mean", found, inverse)
    p, t = sp.symbols("p t", positive=True)  # a context that comes independently each time
    trials = sp.Symbol("m", positive=True)
    generating = (1 - p + p * t) ** trials
    first, second = (sp.diff(generating, t, k).subs(t, 1) for k in (1, 2))
    dispersion = (second + first - first**2) / first
    yield Step("of independent contexts s = 1 - π_c", dispersion, 1 - p)


def _order(law: Any) -> Iterator[Step]:
    """n (v(E 1/N)/v(1/E N) - 1) has a finite limit: the relative error is of order 1/n."""
    h = sp.Symbol("h", positive=True)
    for when in GENERATIONS:
        own = factored(law.subs(g, when))
        plain = factored(own.subs(n, 1 / h))
        moved = factored(own.subs(n, 1 / (h * (1 + spread * h))))
        ratio = factored(moved / plain)
        yield Step(f"g = {when}: the ratio tends to 1", ratio.subs(h, 0), 1)
        slope = factored((ratio - 1) / h).subs(h, 0)
        yield Step(f"g = {when}: and is off by s/μ", slope, spread)


applies = rows_only(FreeRunning, Prompted)


def confrontations() -> list[Confrontation]:
    family = NGram(2, COARSE, FreeRunning(100))
    return [
        _attack(FeedbackLoop(family, mixing=mixing, n=scale[0]), scale, when)
        for mixing, scale, when in (
            (Replace(), (4, 16, 64), 3), (FreshSplit(Fraction(1, 2)), (4, 16, 64), 2)
        )
    ]  # fmt: skip


def _attack(loop: FeedbackLoop, scale: tuple[int, ...], when: int) -> Confrontation:
    """χ² at several n; what is wrong by a factor stays wrong at every n."""

    def at_all(generation: int, **wrong: Any) -> Any:
        loops = [replace(loop, n=m) for m in scale]
        tables = [drift(own, [generation], **{k: f(own) for k, f in wrong.items()})
                  for own in loops]  # fmt: skip
        return np.array([float(over_rows(own, ChiSquare(), v)[0])
                         for own, v in zip(loops, tables, strict=True)])  # fmt: skip

    rivals = {
        "n in place of n_c": at_all(when, n=_all),
        "ten per cent more characters": at_all(when, n=lambda own: 1.1 * sizes(own)["n"]),
        "index off by one": at_all(when + 1),
    }
    return Confrontation(
        loop, ChiSquare(), (when,), at_all(when), rivals, replicates=1_500, scale=scale
    )


def _all(loop: FeedbackLoop) -> Any:
    own = sizes(loop)["n"]
    return np.full(len(own), own.sum())


theorem = Theorem(
    name="free_running_rows",
    title="The row law of free-running text, to leading order",
    kind=Asymptotic(order=1),
    assumptions=(
        "an irreducible chain whose text of n characters has N_c characters after context c, with "
        "a mean n π_c and a variance of the same order",
        "the sampler is unbiased, a row is fitted by its frequencies; n π_c ≫ 1 for every context",
        "v_g is that of the drift theorem of the mixing, at n π_c",
        "the remainder is of relative order 1/(n π_c) at fixed g: proved for the dispersion of one "
        "generation's counts, measured for what lost rows do to the shares of the contexts",
        "χ² over the rows that are left: once a context has died out its row is no sample of it",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides_rows(applies),
    confrontations=confrontations,
)
