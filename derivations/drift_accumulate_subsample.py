"""The drift coefficient when the pool grows but each fit sees only n points of it.

The noise of the subsample does not stay in the pool: each step costs the pool a share of order
1/(ng²), about three times that of the whole pool, and the limit is positive again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._shared import (
    both_ends,
    drift_confrontations,
    drift_statement,
    only,
    products,
    same_first_fit,
    symbolic_loop,
)
from hallofillusions.derivations.drift_accumulate import effective_size as whole_size
from hallofillusions.derivations.drift_accumulate import v_g as whole_pool
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

cost = (2 * g - 1 - g / n) / ((g + 1) ** 2 * (n * g - 1))
"""The share of the pool's variance that the fit number g + 1 costs."""
low, high = sp.symbols("r_- r_+")
roots = {r: (1 + sign * sp.sqrt(12 * n - 3)) / (2 * n) for r, sign in ((low, -1), (high, 1))}
in_roots = (
    sp.gamma(2 - 1 / n) * sp.gamma(g + 1 - low) * sp.gamma(g + 1 - high)
    / (sp.gamma(2 - low) * sp.gamma(2 - high) * g**2 * sp.gamma(g) * sp.gamma(g - 1 / n))
)  # fmt: skip
pool = in_roots.subs(roots)
subsample = g * (n - 1) / (g * n - 1)
"""What the variance of n of the points is, over the pool's own."""
v_g = 1 - pool * subsample
limit = (1 - 1 / n) * sp.gamma(2 - 1 / n) / (sp.gamma(2 - low) * sp.gamma(2 - high))
"""Of 1 - v_g, so that N_eff = 1/(1 - limit)."""
survives = limit.subs(roots)


def statement() -> list[Any]:
    j, V = sp.Symbol("j", integer=True), sp.Symbol("V_{g}")
    product = (1 - 1 / n) * sp.Product(1 - cost.subs(g, j), (j, 1, g - 1))
    return [
        *drift_statement(1 - V * subsample, 1 / (1 - limit)),
        equal(V, product),
        equal(V, in_roots),
        *(equal(r, value) for r, value in roots.items()),
    ]


def proof() -> Iterator[Step]:
    yield Step("the pool begins at 1 - 1/n", pool.subs(g, 1), 1 - 1 / n)
    yield Step("and goes on by its product", pool.subs(g, g + 1) / pool, 1 - cost)
    moments = {
        "delta": 0, "delta^2": v_g, "v": 1 - v_g, "memory_1": 0, "memory_2": 1,
        "memory_1^2": 1 - pool, "memory_1 delta": 1 - pool,
    }  # fmt: skip
    claim = {k: m * sigma_0**2 for k, m in moments.items()}
    loop = symbolic_loop(AccumulateSubsample())
    yield from induction(derive(loop), claim, start=1)
    yield from same_first_fit(loop, FirstFit())
    # Γ(g+a) ~ Γ(g) g^a: the powers of g cancel, and constants are left
    powers = (1 - low) + (1 - high) - 2 + 1 / n
    yield Step("the pool tends to a constant", powers.subs(roots), 0)
    ratio = in_roots * g**2 * sp.gamma(g) * sp.gamma(g - 1 / n) / (
        sp.gamma(g + 1 - low) * sp.gamma(g + 1 - high)
    )  # fmt: skip
    share = sp.limit(subsample, g, sp.oo)
    yield Step("the limit of 1 - v_g", ratio * share, limit)
    x = sp.Symbol("x", positive=True)  # n = 1/x², so that all is analytic at x = 0
    lost = (1 - survives).subs(sp.sqrt(12 * n - 3), sp.sqrt(12 - 3 * x**2) / x)
    lost = sp.expand(lost.subs(n, x**-2))
    series = [sp.diff(lost, x, k).subs(x, 0) / sp.factorial(k) for k in range(3)]
    yield Step("nothing is lost at infinite n", series[0], 0)
    yield Step("no half order", series[1], 0)
    yield Step("n(1 - E σ²) for large n", series[2], sp.pi**2 / 2 - 2)


def confrontations() -> list[Confrontation]:
    found = []
    for size, when in ((3, (1, 2, 3, 6)), (5, (1, 2, 4)), (12, (1, 2, 6))):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=AccumulateSubsample(), n=size)
        rivals = {
            "the fit sees the whole pool": whole_pool,
            "the old points are thrown away": replace(loop, mixing=Replace()),
            "ddof = 1": replace(loop, estimator=Bessel()),
            "the pool's own variance": 1 - pool,
            "index off by one": v_g.subs(g, g + 1),
            "infinite n": 0,
        }
        found += drift_confrontations(loop, when, v_g, rivals, replicates=100_000)
    return [*found, *_product(found[0])]


def _product(like: Confrontation) -> list[Confrontation]:
    """The pool, and what n of its points show: 1 - 1/n of a pool that is endless."""
    loop, when = like.loop, like.generations
    begun, rest = products(cost, loop, [k - 1 for k in when])
    first = 1 - 1 / loop.n
    seen, limit = evaluate(subsample, loop, when), evaluate(survives, loop)
    return both_ends(
        like, first * begun * seen, limit / rest * seen / first,
        {"the pool's own variance": first * begun},
        {"already at rest": np.full(len(when), limit),
         "what the whole pool would keep": whole_limit(loop) / rest * seen / first},
    )  # fmt: skip


def whole_limit(loop: FeedbackLoop) -> Any:
    """Of 1 - v_g, where the fit sees the whole pool."""
    return 1 - 1 / evaluate(whole_size, loop)


theorem = Theorem(
    name="drift_accumulate_subsample",
    title="Drift coefficient when the pool grows and each fit sees n points of it",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "the pool begins with n real points and grows by n synthetic ones per generation",
        "each fit sees n points of the pool, drawn without replacement; n > 1",
    ),
    reference=None,
    cites=("kazdan2024", "dey2024"),
    statement=statement,
    proof=proof,
    applies=only(AccumulateSubsample, start=(Truth, FirstFit)),
    confrontations=confrontations,
)
