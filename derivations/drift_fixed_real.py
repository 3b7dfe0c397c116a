"""The drift coefficient when the same n_r real points return at every generation.

The noise of the anchor never averages out.  It makes N_eff smaller than with fresh points by
the factor 1 + 2α exactly, at every n, whatever the loop starts from.
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
    same_first_fit,
    symbolic_loop,
)
from hallofillusions.derivations.drift_fresh_split import ratio, rho
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, n, n_r, sigma_0
from hallofillusions.theory import derive

effective_size = drift_fresh_split.effective_size / (1 + 2 * alpha)
split, N = sp.symbols(r"v_{g-1}^{\mathrm{split}} N_{\mathrm{eff}}")
relay = 1 / n_r + (1 - 1 / n_r) * alpha * split
delayed = (1 - ratio**g) / N - 2 * (alpha**g - ratio**g) / (n_r + 1)
v_g = relay.subs(split, drift_fresh_split.v_g.subs(g, g - 1))
from_truth = delayed.subs({ratio: rho, N: effective_size})


def statement() -> list[Any]:
    truth = sp.Symbol(r"v_{g}^{\mathrm{truth}}")
    return [
        *drift_statement(relay, effective_size), equal(truth, delayed),
        equal(ratio, rho),
    ]  # fmt: skip


def claim(v: Any, shared: Any) -> dict[str, Any]:
    """Every tracked moment, where E (μ_g - μ₀)² = v σ₀² and E (A - μ₀)(μ_g - μ₀) = shared σ₀²."""
    moments = {
        "delta": 0, "delta^2": v, "v": 1 - v, "memory_1": 0, "memory_1^2": 1 / n_r,
        "memory_1 delta": shared, "memory_2": 1,
    }  # fmt: skip
    return {k: sp.sympify(m).subs(n_r, (1 - alpha) * n) * sigma_0**2 for k, m in moments.items()}


def proof() -> Iterator[Step]:
    loop = symbolic_loop(FixedReal(alpha=alpha), start=Memory())
    yield from induction(derive(loop), claim(v_g, 1 / n_r), start=1)
    late = claim(from_truth, (1 - alpha**g) / n_r)
    yield from induction(derive(replace(loop, start=Truth())), late)
    yield from same_first_fit(replace(loop, start=Truth()), FirstFit())
    limits = [v.subs(n_r, (1 - alpha) * n).subs({rho**g: 0, rho ** (g - 1): 0, alpha**g: 0})
              for v in (v_g, from_truth)]  # fmt: skip
    for limit in limits:  # 0 ≤ ρ < 1 and 0 ≤ α < 1
        yield Step("N_eff is one over the limit of v_g", 1 / limit, effective_size)


def confrontations() -> list[Confrontation]:
    found = []
    for size, real, when in ((3, 2, (1, 2, 3, 8)), (8, 2, (1, 2, 3, 10)), (15, 3, (1, 2, 5, 20))):
        a = Fraction(size - real, size)
        anchored = FeedbackLoop(
            family=Gaussian(1, 2), mixing=FixedReal(alpha=a), n=size, start=Memory()
        )
        for loop, law, other in (
            (anchored, v_g, from_truth), (replace(anchored, start=Truth()), from_truth, v_g)
        ):  # fmt: skip
            pool = replace(loop, mixing=FixedPool(alpha=a, size=real))
            rivals = {
                "fresh points": drift_fresh_split.v_g,
                "the points are drawn again": pool,
                "ddof = 1": replace(loop, estimator=Bessel()),
                "the other start": other,
                "index off by one": law.subs(g, g + 1),
                "infinite n": 0,
            }
            found += drift_confrontations(loop, when, law, rivals, replicates=200_000)
    sizes = {
        "fresh points": drift_fresh_split.effective_size,
        "the anchor alone": n_r,
        "n(1-α²)/(1+2α), for many points": n * (1 - alpha**2) / (1 + 2 * alpha),
    }
    return [*found, at_rest(found[4], 12, effective_size, sizes)]


theorem = Theorem(
    name="drift_fixed_real",
    title="Drift coefficient with a fixed anchor of real points",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "the same (1-α)n real points, at least one, and αn synthetic ones per generation",
        "v_g: started at the fit of the anchor alone; v_g^truth: at the truth or at a fit of the "
        "anchor and fresh points up to n",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FixedReal, start=(Memory, Truth, FirstFit)),
    confrontations=confrontations,
)
