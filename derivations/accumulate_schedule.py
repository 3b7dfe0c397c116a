r"""Whatever is kept cannot be lost: a growing pool under any schedule of sizes.

The fit number j adds n_j points to a pool that then holds N_j, and costs it the share n_j/N_j².
These shares telescope, n_j/N_j² ≤ 1/N_{j-1} - 1/N_j, so the error stays below 2/n_1 whatever the
schedule: twice the error of the first, real, n_1 points.  Constant sizes cost π²/6 of it,
doubling 1.4 of it, and many small steps nearly 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_accumulate
from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    BOTH,
    ERROR,
    VARIANCE,
    N_j,
    along,
    attack,
    begins,
    gaussian,
    goes_on,
    j,
    n_j,
    product,
    recursion_of,
    scheduled,
    total,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit
from hallofillusions.symbols import N, g, n, sigma_0

cost = n / N**2
"""The share of the variance that a fit costs whose n points bring the pool to N."""
unbiased_cost = n / (N * (N - 1))
"""That of the unbiased variance, from the second fit on."""


def statement() -> list[Any]:
    v, bessel = sp.Symbol("v_{g}"), named("s_{g}^2")
    first, last = sp.Symbol("n_1", positive=True), sp.Symbol("N_{g}", positive=True)
    here = {n: n_j, N: N_j}
    return [
        equal(v, 1 - sp.Product(1 - cost.subs(here), (j, 1, g))),
        equal(bessel, sigma_0**2 * sp.Product(1 - unbiased_cost.subs(here), (j, 2, g))),
        sp.Le(v, sp.Add(2 / first, -1 / last, evaluate=False)),
        sp.Ge(bessel, sigma_0**2 * (1 - 1 / first + 1 / last)),
    ]


def pooled(error: Any, variance: Any, spread: Any) -> dict[str, Any]:
    """Every tracked moment, given E δ² of the pool, E of the fitted variance and of the pool's."""
    names = ("delta^2", "memory_1^2", "memory_1 delta")
    moments = {"delta": 0, "memory_1": 0, "v": variance, "memory_2": error + spread}
    return moments | dict.fromkeys(names, error)


def likelihood(kept: Any) -> dict[str, Any]:
    return {k: e * sigma_0**2 for k, e in pooled(1 - kept, kept, kept).items()}


def proof() -> Iterator[Step]:
    P, U, M = sp.symbols("P U M", positive=True)
    # before the fit the pool holds N - n points
    recursion = recursion_of(Accumulate(), MaximumLikelihood)
    yield from begins("MLE", recursion, likelihood(1 - 1 / n), fit=1)
    yield from goes_on("MLE", recursion, likelihood(P), likelihood(P * (1 - cost)))
    fitted = recursion_of(Accumulate(), MaximumLikelihood, FirstFit())
    yield from begins("MLE from a first fit", fitted, likelihood(1 - 1 / n), fit=1)
    recursion, before = recursion_of(Accumulate(), Bessel), 1 - 1 / (N - n)
    alone = {k: e * sigma_0**2 for k, e in pooled(1 / n, 1, 1 - 1 / n).items()}
    yield from begins("Bessel", recursion, alone, fit=1)
    moved = U * (1 - unbiased_cost)
    later = pooled(M + U * cost, moved, moved * (1 - 1 / N))
    yield from goes_on("Bessel", recursion, pooled(M, U, U * before), later)
    yield from _bounds()


def _bounds() -> Iterator[Step]:
    held, x = sp.symbols("h x", positive=True)  # the pool before the fit, N = h + n
    fall = (1 / (N - n) - 1 / N).subs(N, held + n)
    room = sp.factor(fall - cost.subs(N, held + n))
    yield Step("n_j/N_j² ≤ 1/N_(j-1) - 1/N_j", room.is_positive, True)
    same = sp.factor((fall - unbiased_cost.subs(N, held + n)).subs(n, x + 1))  # n ≥ 1
    yield Step("n_j/N_j(N_j-1) ≤ 1/N_(j-1) - 1/N_j", same.is_nonnegative, True)
    S = sp.Symbol("S", nonnegative=True)
    yield Step("∏(1-x) ≥ 1 - Σx, one factor more", (1 - S) * (1 - x) - (1 - S - x), S * x)
    first = cost.subs(N, n)  # the first fit sees n_1 of n_1 points
    yield Step("so v_g ≤ 1/n_1 + 1/n_1 - 1/N_g", first + (1 / n - 1 / N), 2 / n - 1 / N)
    constant = cost.subs(N, n * g)
    yield Step("constant sizes: the cost of drift_accumulate", constant, drift_accumulate.cost)
    unbiased = unbiased_cost.subs(N, n * g)
    yield Step("and of its unbiased variance", unbiased, drift_accumulate.unbiased_cost)


def confrontations() -> list[Confrontation]:
    found = []
    for sizes in ([3 * 2**t for t in range(7)], [8, 2, 2, 2, 3, 3, 4, 5], [4, 12, 6, 3, 2, 2]):
        last = len(sizes)
        when, loop = (1, 2, 4, last), gaussian(Accumulate(), sizes)
        rivals = {
            "the old points are thrown away": product(1 - 1 / n, loop, last),
            "as many real points as the pool holds": 1 - np.append(0, 1 / np.cumsum(sizes)),
            "the bound itself": np.append(1, 1 - 2 / sizes[0] + 1 / np.cumsum(sizes)),
        }
        if sizes[1] > sizes[0]:
            rivals["the first size for ever"] = _kept(gaussian(Accumulate(), sizes[0]), last)
        found += [
            attack(loop, when, _kept, rivals, watched=VARIANCE, replicates=400_000),
            attack(loop, when, lambda *a: 1 - _kept(*a), {k: 1 - v for k, v in rivals.items()},
                   watched=ERROR, replicates=400_000),
        ]  # fmt: skip
        unbiased = gaussian(Accumulate(), sizes, Bessel())
        wrong = {
            "unbiased at every fit": np.ones(last + 1),
            "ddof = 0": _kept(unbiased, last),
            "ddof = 0, corrected at the end":
                np.append(1, _kept(unbiased, last)[1:] / (1 - 1 / np.cumsum(sizes))),
        }  # fmt: skip
        found.append(attack(unbiased, when[1:], _unbiased, wrong, watched=VARIANCE,
                            replicates=400_000))  # fmt: skip
        errors = {
            "ddof = 0": 1 - _kept(unbiased, last),
            "the old points are thrown away": total(1 / n, unbiased, last),
        }
        found.append(attack(unbiased, when[1:], _wandered, errors, watched=ERROR,
                            replicates=400_000))  # fmt: skip
    return found


def _kept(loop: FeedbackLoop, generations: int) -> Any:
    return product(1 - cost, loop, generations)


def _unbiased(loop: FeedbackLoop, generations: int) -> Any:
    shares = product(1 - unbiased_cost, loop, generations)
    return np.append(1.0, shares[1:] / shares[1])  # the first fit costs nothing


def _wandered(loop: FeedbackLoop, generations: int) -> Any:
    """E (μ_g - μ₀)²/σ₀² under Bessel: what each fit costs, of the variance before it."""
    before = _unbiased(loop, generations)[:-1]
    return np.append(0.0, np.cumsum(along(cost, loop, generations) * before))


theorem = Theorem(
    name="accumulate_schedule",
    title="When all data are kept, no schedule of sizes leads to collapse",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "v_g: maximum likelihood (moment matching); s_g²: the unbiased variance",
        "the pool begins with n_1 ≥ 2 real points and grows by n_j ≥ 1 synthetic ones; "
        "N_j = n_1 + … + n_j",
        "each fit sees the whole pool",
    ),
    reference=None,
    cites=("kazdan2024",),
    statement=statement,
    proof=proof,
    applies=scheduled(Accumulate, estimator=BOTH),
    confrontations=confrontations,
)
