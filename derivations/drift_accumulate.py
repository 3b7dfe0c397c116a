"""The drift coefficient when everything is kept: the pool grows by n synthetic points a fit.

The g-th step costs the share 1/(ng²) only, so the product of what is kept has a positive limit,
sin(π/√n)/(π/√n).  The unbiased variance has its own product and its own limit.
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
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

cost = 1 / (n * g**2)
"""The share of the variance that the fit number g costs; of the unbiased one from g = 2 on:"""
unbiased_cost = 1 / (g * (n * g - 1))

root = 1 / sp.sqrt(n)
v_g = 1 - sp.gamma(g + 1 - root) * sp.gamma(g + 1 + root) / (
    sp.gamma(1 - root) * sp.gamma(1 + root) * sp.gamma(g + 1) ** 2
)
effective_size = 1 / (1 - sp.sin(sp.pi * root) / (sp.pi * root))

low, high = sp.symbols("r_- r_+")
roots = {r: (1 + sign * sp.sqrt(1 + 4 * n)) / (2 * n) for r, sign in ((low, -1), (high, 1))}
in_roots = (
    sp.gamma(2 - 1 / n) * sp.gamma(g + 1 - low) * sp.gamma(g + 1 - high)
    / (sp.gamma(2 - low) * sp.gamma(2 - high) * sp.gamma(g + 1) * sp.gamma(g + 1 - 1 / n))
)  # fmt: skip
unbiased = in_roots.subs(roots)
unbiased_limit = sp.gamma(2 - 1 / n) / (sp.gamma(2 - low) * sp.gamma(2 - high))
"""Of E s_g²/σ₀²: about 1 - (π²/6 - 1)/n."""


def statement() -> list[Any]:
    j, bessel = sp.Symbol("j", integer=True), sp.Symbol(r"\mathrm{E}[s_{g}^2]")
    kept = sp.Product(1 - cost.subs(g, j), (j, 1, g))
    return [
        *drift_statement(1 - kept, effective_size),
        equal(1 - kept, v_g),
        equal(bessel, sigma_0**2 * sp.Product(1 - unbiased_cost.subs(g, j), (j, 2, g))),
        equal(bessel, sigma_0**2 * in_roots),
        equal(sp.Limit(bessel, g, sp.oo), sigma_0**2 * unbiased_limit),
        *(equal(r, value) for r, value in roots.items()),
    ]


def pooled(error: Any, variance: Any, spread: Any) -> dict[str, Any]:
    """Every tracked moment, given E δ² of the pool, E of the fitted variance and of the pool's."""
    names = ("delta^2", "memory_1^2", "memory_1 delta")
    moments = {"delta": 0, "memory_1": 0, "v": variance, "memory_2": error + spread}
    return moments | dict.fromkeys(names, error)


def proof() -> Iterator[Step]:
    kept = 1 - v_g
    yield Step("the product begins at 1", kept.subs(g, 0), 1)
    yield Step("and goes on by 1 - 1/(ng²)", kept / kept.subs(g, g - 1), 1 - cost)
    share = v_g * sigma_0**2
    claim = pooled(share, sigma_0**2 - share, sigma_0**2 - share)
    loop = symbolic_loop(Accumulate())
    yield from induction(derive(loop), claim, start=1)
    yield from same_first_fit(loop, FirstFit())
    powers = (1 - v_g) * sp.gamma(g + 1) ** 2 / (sp.gamma(g + 1 - root) * sp.gamma(g + 1 + root))
    limit = 1 - powers  # Γ(g+1±r) ~ Γ(g+1) g^{±r}, so that the rest tends to 1
    yield Step("N_eff is one over the limit of v_g", 1 / limit, effective_size, sp.gammasimp)
    many = sp.limit(effective_size / n, n, sp.oo)
    yield Step("N_eff per point, for large n", many, 6 / sp.pi**2)
    yield from _bessel()


def _bessel() -> Iterator[Step]:
    """The unbiased variance: the relations of the pool are kept, and E s² moves by its factor."""
    moved = unbiased / unbiased.subs(g, g - 1)
    yield Step("unbiased variance: the product", moved, 1 - unbiased_cost)
    recursion = derive(symbolic_loop(Accumulate(), estimator=Bessel()))
    M, U, N = sp.Symbol("M"), sp.Symbol("U"), n * g
    before = pooled(M, U, U * (1 - 1 / N))
    column = sp.Matrix([before[k] for k in recursion.names])
    after = recursion.matrix().subs(g, g + 1) * column + recursion.constant().subs(g, g + 1)
    moved = U * (1 - unbiased_cost.subs(g, g + 1))
    larger = pooled(M + U / (n * (g + 1) ** 2), moved, moved * (1 - 1 / (N + n)))
    for name, value in zip(recursion.names, after, strict=True):
        yield Step(f"unbiased variance: {name} after a fit", value, larger[name])
    first = recursion.after_first()[recursion.names.index("v")]
    yield Step("unbiased variance: the first fit", first, sigma_0**2 * unbiased.subs(g, 1))
    # Γ(g+a) ~ Γ(g) g^a: the powers of g cancel, and constants are left
    powers = (1 - low) + (1 - high) - 1 - (1 - 1 / n)
    yield Step("unbiased variance: no power of g is left", powers.subs(roots), 0)
    constant = in_roots * sp.gamma(g + 1) * sp.gamma(g + 1 - 1 / n) / (
        sp.gamma(g + 1 - low) * sp.gamma(g + 1 - high)
    )  # fmt: skip
    yield Step("unbiased variance: the limit", constant, unbiased_limit)
    x = sp.Symbol("x", positive=True)  # n = 1/x², so that all is analytic at x = 0
    lost = (1 - unbiased_limit.subs(roots)).subs(sp.sqrt(1 + 4 * n), sp.sqrt(x**2 + 4) / x)
    lost = sp.expand(lost.subs(n, x**-2))
    for order, value in enumerate((0, 0, sp.pi**2 / 6 - 1)):
        found = sp.diff(lost, x, order).subs(x, 0) / sp.factorial(order)
        yield Step(f"unbiased variance: lost share, order n^(-{order}/2)", found, value)


def confrontations() -> list[Confrontation]:
    found = []
    for size, when in ((3, (1, 2, 5, 10)), (7, (1, 3, 12)), (20, (1, 4, 20))):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Accumulate(), n=size)
        rivals = {
            "the fit sees n points of the pool": replace(loop, mixing=AccumulateSubsample()),
            "the old points are thrown away": replace(loop, mixing=Replace()),
            "ddof = 1": replace(loop, estimator=Bessel()),
            "1 - 1/(nj) for 1 - 1/(nj²)": 1 - sp.gamma(g + 1 - 1 / n)
            / (sp.gamma(1 - 1 / n) * sp.gamma(g + 1)),
            "index off by one": v_g.subs(g, g + 1),
            "infinite n": 0,
        }  # fmt: skip
        found += drift_confrontations(loop, when, v_g, rivals, replicates=500_000)
        if size < 10:
            found.append(_attack_unbiased(replace(loop, estimator=Bessel()), when[1:]))
    return [*found, *_product(found[0]), *_unbiased_product(found[2])]


def _product(like: Confrontation) -> list[Confrontation]:
    loop, when = like.loop, like.generations
    begun, rest = products(cost, loop, when)
    limit = 1 - 1 / evaluate(effective_size, loop)
    return both_ends(
        like, begun, limit / rest,
        {"each step costs 1/(nj)": products(cost * g, loop, when)[0]},
        {"already at rest": np.full(len(when), limit),
         "N_eff = 6n/π², for many points": (1 - np.pi**2 / (6 * loop.n)) / rest},
    )  # fmt: skip


def _unbiased_product(like: Confrontation) -> list[Confrontation]:
    loop, when = like.loop, like.generations
    begun, rest = products(unbiased_cost, loop, when, first=2)
    limit = evaluate(unbiased_limit.subs(roots), loop)
    return both_ends(
        like, begun, limit / rest,
        {"the first fit costs, too": products(unbiased_cost, loop, when)[0]},
        {"already at rest": np.full(len(when), limit),
         "what ddof = 0 would keep": (1 - 1 / evaluate(effective_size, loop)) / rest},
    )  # fmt: skip


def _attack_unbiased(loop: FeedbackLoop, when: tuple[int, ...]) -> Confrontation:
    others = {
        "ddof = 0": 1 - v_g,
        "unbiased at every fit": 1,
        "index off by one": unbiased.subs(g, g + 1),
    }
    right, *wrong = (2 * evaluate(law, loop, when) for law in (unbiased, *others.values()))
    rivals = dict(zip(others, wrong, strict=True))
    return Confrontation(loop, Variance(), when, right, rivals, replicates=600_000)


theorem = Theorem(
    name="drift_accumulate",
    title="Drift coefficient when all data are kept",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "v_g: maximum likelihood (moment matching); s_g²: the unbiased variance",
        "the pool begins with n real points and grows by n synthetic ones per generation",
        "each fit sees the whole pool; n > 1",
    ),
    reference="Kazdan et al. 2024 (v_g; the unbiased variance: no earlier statement known)",
    cites=("kazdan2024",),
    statement=statement,
    proof=proof,
    applies=only(Accumulate, estimator=(MaximumLikelihood, Bessel), start=(Truth, FirstFit)),
    confrontations=confrontations,
)
