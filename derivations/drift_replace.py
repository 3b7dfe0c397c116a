"""The drift coefficient of a loop that trains on its own output alone.

Each fit of n synthetic points keeps the share 1 - 1/n of the expected variance and moves the
rest into the mean: E σ²_g + E (μ_g - μ₀)² stays σ₀², and nothing brings the variance back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations._shared import (
    drift_confrontations,
    drift_statement,
    only,
    same_first_fit,
    symbolic_loop,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

v_g = 1 - (1 - 1 / n) ** g


def statement() -> list[Any]:
    return drift_statement(v_g, sp.Integer(1))


def proof() -> Iterator[Step]:
    claim = {"delta": 0, "delta^2": v_g * sigma_0**2, "v": (1 - v_g) * sigma_0**2}
    loop = symbolic_loop(Replace())
    yield from induction(derive(loop), claim)
    yield from same_first_fit(loop, FirstFit())
    s = sp.Symbol("s", positive=True)
    limit = sp.limit(v_g.subs(n, 1 / (1 - sp.exp(-s))), g, sp.oo)  # 1 - 1/n = e^{-s}, n > 1
    yield Step("N_eff is one over the limit of v_g", 1 / limit, 1)
    clock = sp.limit(v_g.subs(g, n * s), n, sp.oo)
    yield Step("the clock runs in units of n fits", clock, 1 - sp.exp(-s))


def confrontations() -> list[Confrontation]:
    found = []
    for size, when in ((3, (1, 2, 3)), (7, (1, 3, 6)), (50, (1, 10, 30))):
        loop = FeedbackLoop(family=Gaussian(-1, 3), mixing=Replace(), n=size)
        rivals = {
            "ddof = 1": replace(loop, estimator=Bessel()),
            "one real point in each generation": replace(
                loop, mixing=FreshSplit(alpha=Fraction(size - 1, size))
            ),
            "the pool grows": replace(loop, mixing=Accumulate()),
            "index off by one": v_g.subs(g, g + 1),
            "infinite n": 0,
        }
        if size < 10:
            rivals["e^{-g/n} for (1 - 1/n)^g"] = 1 - sp.exp(-g / n)
        found += drift_confrontations(loop, when, v_g, rivals, replicates=200_000)
    return found


theorem = Theorem(
    name="drift_replace",
    title="Drift coefficient of a loop that trains on its own output alone",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "n synthetic points per generation and no real one",
        "started at the truth, or at a fit of n real points",
    ),
    reference="Seddik et al. 2024 (categorical; the Wright–Fisher law of heterozygosity)",
    cites=("seddik2024",),
    statement=statement,
    proof=proof,
    applies=only(Replace, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
