"""The drift coefficient when every generation has exact counts of fresh real points.

State the model by its mean parameters.  Under `FreshSplit` and maximum likelihood one number
v_g rules every second moment: E σ²_g = (1 - v_g) σ₀² and E (μ_g - μ₀)² = v_g σ₀².
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations._shared import (
    at_rest,
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
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, g, n, sigma_0
from hallofillusions.theory import derive

ratio = sp.Symbol("rho", nonnegative=True)
geometric = (1 - ratio**g) / (n * (1 - ratio))
rho = alpha**2 - alpha / n
v_g = geometric.subs(ratio, rho)
effective_size = n * (1 - alpha**2) + alpha


def statement() -> list[Any]:
    return [*drift_statement(geometric, effective_size), equal(ratio, rho)]


def proof() -> Iterator[Step]:
    claim = {"delta": 0, "delta^2": v_g * sigma_0**2, "v": (1 - v_g) * sigma_0**2}
    loop = symbolic_loop(FreshSplit(alpha=alpha))
    yield from induction(derive(loop), claim)
    yield from same_first_fit(loop, FirstFit())
    limit = v_g.subs(rho**g, 0)  # 0 ≤ ρ < 1 where αn is a whole number, so ρ^g → 0
    yield Step("N_eff is one over the limit of v_g", 1 / limit, effective_size)
    slope = sp.limit(effective_size / n, n, sp.oo)
    yield Step("N_eff per point, for large n", slope, 1 - alpha**2)


def confrontations() -> list[Confrontation]:
    found = []
    for size, synthetic, when in ((3, 2, (1, 2, 3)), (7, 4, (1, 2, 4)), (20, 18, (1, 5, 15))):
        a = Fraction(synthetic, size)
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshSplit(alpha=a), n=size)
        rivals = {
            "the same real points for ever": replace(loop, mixing=FixedReal(alpha=a)),
            "ddof = 1": replace(loop, estimator=Bessel()),
            "index off by one": v_g.subs(g, g + 1),
            "α ten per cent low": {"alpha": 0.9 * float(a)},
            "infinite n": 0,
        }
        if size < 10:
            rivals["mixes moments"] = replace(loop, mixing=FreshMixture(alpha=a))
        found += drift_confrontations(loop, when, v_g, rivals, replicates=400_000)
    sizes = {
        "mixes moments": effective_size - alpha * (1 - alpha),
        "synthetic points are worth nothing": (1 - alpha) * n,
        "synthetic points are as good as real ones": n,
    }
    return [*found, at_rest(found[3], 8, effective_size, sizes)]


theorem = Theorem(
    name="drift_fresh_split",
    title="Drift coefficient with exact counts of fresh real points",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "(1-α)n fresh real points and αn synthetic ones per generation",
        "started at the truth, or at a fit of n real points",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FreshSplit, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
