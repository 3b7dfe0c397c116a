"""The rows of an n-gram chain as loops of types, each with its own share of the characters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.corpus import Corpus
from hallofillusions.derivations._shared import only
from hallofillusions.derivations.wright_fisher import anchored, law_of
from hallofillusions.families.base import diversity
from hallofillusions.families.n_gram import NGram
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, OverRows
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.proof import evaluate
from hallofillusions.samplers import FixedContext, Sampler
from hallofillusions.starts import FirstFit, Truth

MIXINGS = (Replace, FreshSplit, FreshMixture, FixedReal, Accumulate)
LETTERS = Corpus(rarest=20_000, block=1000)
"""The default corpus in its few commonest characters, all others being the unknown one."""
COARSE = Corpus(rarest=30_000, block=1000)
"""The same in four characters, whose n-grams are all common enough for a χ² of light tails."""


def rows_only(*samplers: type[Sampler]) -> Callable[[FeedbackLoop], str | None]:
    """The condition of a row law: None where it is met, else the first part that is not."""
    own = only(MIXINGS, family=NGram, bias=Unbiased, start=(Truth, FirstFit))

    def applies(loop: FeedbackLoop) -> str | None:
        if (reason := own(loop)) is not None:
            return reason
        sampler = loop.family.sampler  # type: ignore[attr-defined]
        if not isinstance(sampler, samplers):
            return f"sampler must be {' or '.join(s.__name__ for s in samplers)}, got {sampler!r}"
        return None

    return applies


def sizes(loop: FeedbackLoop) -> dict[str, Any]:
    """n_c and α of each row: a generation's characters after context c, and the model's share."""
    family: Any = loop.family
    total, alpha = int(loop.n), float(loop.mixing.fraction(int(loop.n), 0))
    synthetic = round(alpha * total)
    if isinstance(loop.mixing, FreshSplit | FixedReal):
        real, own = family.row_sizes(total - synthetic), family.row_sizes(synthetic)
        n_c = real + own
        share = np.divide(own, n_c, out=np.zeros(len(n_c)), where=n_c > 0)
    else:
        n_c = family.row_sizes(total)
        share = np.full(len(n_c), alpha)
    return {"n": n_c.astype(float), "alpha": share}


def drift(loop: FeedbackLoop, when: Any, **wrong: Any) -> Any:
    """v_g(α_c, n_c) of every row at the generations ``when``: (rows, generations).

    A row that gets no characters at all has no law: NaN.
    """
    when = np.asarray(when, dtype=float)
    own = sp.sympify(law_of(type(loop.mixing), Truth)[0]).subs(anchored)
    values = {k: v[:, None] for k, v in {**sizes(loop), **wrong}.items()}
    grid = np.broadcast_to(np.maximum(when, 1), (len(values["n"]), when.size))
    found = evaluate(own, loop, grid, **values)
    found = np.where(values["n"] <= 1, 1.0, found)  # one character is a row of one character
    return np.where(values["n"] > 0, np.where(when > 0, found, 0.0), np.nan)


def over_rows(loop: FeedbackLoop, observable: Any, v: Any) -> Any:
    """Σ_c π_c (1 - v_c) H_c, or Σ_c π_c (K_c - 1) v_c, for the v_c of all rows."""
    family: Any = loop.family
    if isinstance(observable, Heterozygosity):
        each = family.over_rows(diversity)[:, None] * (1 - v)
    else:
        each = (family.over_rows(lambda p: (p > 0).sum(axis=-1)) - 1)[:, None] * v
    return family.row_shares @ each


FEW = 10
"""Characters below which a row is small for a law of leading order in 1/(n π_c)."""


def caveat(loop: FeedbackLoop) -> str:
    """How many real rows a law of leading order cannot speak of, in words."""
    family: Any = loop.family
    if isinstance(family.sampler, FixedContext):
        return ""
    few = float(np.mean(sizes(loop)["n"] < FEW))
    return f"leading order; {few:.0%} of the rows get fewer than {FEW} characters"


@dataclass(frozen=True)
class RowLaw:
    """Σ_c π_c of the expected heterozygosity or χ² of the rows."""

    loop: FeedbackLoop
    observable: Any

    def __call__(self, when: Any) -> Any:
        return over_rows(self.loop, self.observable, drift(self.loop, when))

    @property
    def caveat(self) -> str:
        return caveat(self.loop)


def provides_rows(
    applies: Callable[[FeedbackLoop], str | None],
) -> Callable[[FeedbackLoop, Functional], Callable[[Any], Any] | None]:
    """The second moments of all rows, for the loops that a condition admits."""

    def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
        known = isinstance(functional, OverRows) and type(functional.of) in (
            Heterozygosity, ChiSquare
        )  # fmt: skip
        if not known or applies(loop) is not None:
            return None
        return RowLaw(loop, functional.of)  # type: ignore[attr-defined]

    return provides
