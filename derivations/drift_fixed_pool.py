"""The drift coefficient when the real points are drawn again and again from one finite pool.

Given the pool it is the loop with fresh points whose truth is the pool; the pool itself has
lost the share 1/n₀ of the variance, and no fit sees beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_split
from hallofillusions.derivations._shared import (
    at_rest,
    drift_confrontations,
    drift_statement,
    only,
    symbolic_loop,
)
from hallofillusions.derivations.drift_fresh_split import ratio, rho
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, n, n_0, sigma_0
from hallofillusions.theory import derive

split, N = sp.symbols(r"v_{g}^{\mathrm{split}} N_{\mathrm{eff}}")
relay = 1 / n_0 + (1 - 1 / n_0) * split
v_g = relay.subs(split, drift_fresh_split.v_g)
from_pool = v_g.subs(g, g - 1)
fresh = drift_fresh_split.effective_size
effective_size = n_0 * fresh / (n_0 - 1 + fresh)
lag = 2 * (1 - alpha) / (n_0 * (1 - alpha + 1 / n))
delayed = (1 - ratio**g) / N - lag * (alpha**g - ratio**g)
from_truth = delayed.subs({ratio: rho, N: effective_size})


def statement() -> list[Any]:
    pool, truth = sp.symbols(r"v_{g}^{\mathrm{pool}} v_{g}^{\mathrm{truth}}")
    return [
        *drift_statement(relay, effective_size),
        equal(pool, relay.subs(split, sp.Symbol(r"v_{g-1}^{\mathrm{split}}"))),
        equal(truth, delayed),
        equal(ratio, rho),
    ]


def claim(v: Any, shared: Any) -> dict[str, Any]:
    """Every tracked moment, where E (μ_g - μ₀)² = v σ₀² and E (A - μ₀)(μ_g - μ₀) = shared σ₀²."""
    moments = {
        "delta": 0, "delta^2": v, "v": 1 - v, "memory_1": 0, "memory_1^2": 1 / n_0,
        "memory_1 delta": shared, "memory_2": 1,
    }  # fmt: skip
    return {k: m * sigma_0**2 for k, m in moments.items()}


def proof() -> Iterator[Step]:
    loop = symbolic_loop(FixedPool(alpha=alpha, size=n_0), start=FirstFit())
    yield from induction(derive(loop), claim(v_g, 1 / n_0), start=1)
    whole = replace(loop, start=Memory())
    yield from induction(derive(whole), claim(from_pool, 1 / n_0), start=1)
    late = claim(from_truth, (1 - alpha**g) / n_0)
    yield from induction(derive(replace(loop, start=Truth())), late)
    gone = {rho**g: 0, rho ** (g - 1): 0, alpha**g: 0}  # 0 ≤ ρ < 1 and α < 1
    for v in (v_g, from_pool, from_truth):
        yield Step("N_eff is one over the limit of v_g", 1 / v.subs(gone), effective_size)
    endless = sp.limit(effective_size, n_0, sp.oo)
    yield Step("an endless pool is fresh", endless, fresh)


def confrontations() -> list[Confrontation]:
    found = []
    for size, synthetic, held, start, when in (
        (3, 2, 2, FirstFit(), (1, 2, 4)),
        (5, 3, 7, FirstFit(), (1, 2, 6)),
        (5, 4, 3, Memory(), (1, 2, 4)),
        (8, 6, 4, Truth(), (1, 2, 3, 8)),
    ):
        loop = FeedbackLoop(
            family=Gaussian(1, 2), mixing=FixedPool(Fraction(synthetic, size), held), n=size,
            start=start,
        )  # fmt: skip
        laws = {FirstFit: v_g, Memory: from_pool, Truth: from_truth}
        law = laws.pop(type(start))
        rivals = {f"started at {other.__name__}": wrong for other, wrong in laws.items()} | {
            "fresh points": drift_fresh_split.v_g,
            "two points more in the pool": {"n_0": held + 2},
            "ddof = 1": replace(loop, estimator=Bessel()),
            "index off by one": law.subs(g, g + 1),
            "infinite n": 1 / n_0,
        }
        found += drift_confrontations(loop, when, law, rivals, replicates=120_000)
    sizes = {
        "fresh points": fresh,
        "the whole pool": n_0,
        "two sources of noise that add up": 1 / (1 / n_0 + 1 / fresh),
    }
    return [*found, at_rest(found[2], 8, effective_size, sizes)]


theorem = Theorem(
    name="drift_fixed_pool",
    title="Drift coefficient with real points drawn from one finite pool",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "(1-α)n points drawn with replacement from n₀ real ones, and αn synthetic ones",
        "v_g: started at a fit of n draws from the pool; v_g^pool: at the fit of the whole pool; "
        "v_g^truth: at the truth",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FixedPool, start=(FirstFit, Memory, Truth)),
    confrontations=confrontations,
)
