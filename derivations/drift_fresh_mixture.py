"""The drift coefficient when each point is real with probability 1 - α.

The same law as with exact counts, with ρ = α²(1 - 1/n) in place of α² - α/n: which points are
real is itself a lottery, and its noise is α(1-α)/n more per generation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_split
from hallofillusions.derivations._shared import (
    at_rest,
    drift_confrontations,
    drift_statement,
    only,
    same_first_fit,
    symbolic_loop,
)
from hallofillusions.derivations.drift_fresh_split import geometric, ratio
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, g, n, sigma_0
from hallofillusions.theory import derive

rho = alpha**2 * (1 - 1 / n)
v_g = geometric.subs(ratio, rho)
effective_size = n * (1 - alpha**2) + alpha**2


def statement() -> list[Any]:
    return [*drift_statement(geometric, effective_size), equal(ratio, rho)]


def proof() -> Iterator[Step]:
    claim = {"delta": 0, "delta^2": v_g * sigma_0**2, "v": (1 - v_g) * sigma_0**2}
    loop = symbolic_loop(FreshMixture(alpha=alpha))
    yield from induction(derive(loop), claim)
    yield from same_first_fit(loop, FirstFit())
    limit = v_g.subs(rho**g, 0)  # 0 ≤ ρ < 1, so ρ^g → 0
    yield Step("N_eff is one over the limit of v_g", 1 / limit, effective_size)
    exact_counts = drift_fresh_split.effective_size
    loss = sp.expand(exact_counts - effective_size)
    yield Step("exact counts save α(1-α) of a point", loss, alpha * (1 - alpha))


def confrontations() -> list[Confrontation]:
    found = []
    for size, a, when in ((3, 0.6, (1, 2, 5)), (7, 0.5, (1, 2, 4)), (20, 0.9, (1, 5, 20))):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshMixture(alpha=a), n=size)
        rivals = {
            "ddof = 1": replace(loop, estimator=Bessel()),
            "no real points": replace(loop, mixing=Replace()),
            "index off by one": v_g.subs(g, g + 1),
            "α ten per cent low": {"alpha": 0.9 * a},
            "infinite n": 0,
        }
        if size < 10:
            rivals["mixes cumulants"] = drift_fresh_split.v_g
        found += drift_confrontations(loop, when, v_g, rivals, replicates=500_000)
    sizes = {
        "exact counts": drift_fresh_split.effective_size,
        "synthetic points are worth nothing": (1 - alpha) * n,
        "synthetic points are as good as real ones": n,
    }
    return [*found, at_rest(found[3], 8, effective_size, sizes)]


theorem = Theorem(
    name="drift_fresh_mixture",
    title="Drift coefficient when each point is real with probability 1 - α",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "n independent draws from the mixture (1-α) D_real + α D_syn per generation",
        "started at the truth, or at a fit of n real points",
    ),
    reference="Bakshi & Chakraborty 2026 (categorical; Gaussian: no earlier statement known)",
    cites=("bakshi2026",),
    statement=statement,
    proof=proof,
    applies=only(FreshMixture, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
