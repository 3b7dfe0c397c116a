r"""How fast fresh data must grow: k_g fresh real points among n_g, both free to change with g.

In terms of the effective size N_g of the mixing at fit g, N_g between 1 + k_g(1-1/n_g) and
1 + 2k_g, every schedule obeys v_g = (1 - N_g/n_g) v_{g-1} + 1/n_g: the error goes the share
N_g/n_g of the way to 1/N_g.  So it all depends on T = Σ (1+k_g)/n_g.

- T infinite: old noise is forgotten and v_g follows 1/N_g: to 0 if k_g → ∞, to 1 (collapse) if
  k_g → 0, to a value between if k_g stays between two positive bounds.
- T finite: v_g freezes strictly between 0 and 1; the noise of the first fits never leaves.

With n_g ~ g^a and k_g ~ g^b the border is a = 1 + max(b, 0): collapse needs b < 0 and a ≤ 1, an
error that vanishes needs b > 0 and a ≤ 1 + b (the real share may fall, but no faster than 1/g).
For Bessel see `fresh_error_bound` and `fresh_error_unbounded`.

Classical, and used in words only: ∏(1-x_j) with x_j in [0, 1) tends to 0 iff Σ x_j is infinite,
and an absolutely summable sequence of changes has a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_fresh_mixture, drift_fresh_split
from hallofillusions.derivations._schedules import (
    ERROR,
    VARIANCE,
    along,
    attack,
    begins,
    exponential,
    fits,
    gaussian,
    goes_on,
    lift,
    product,
    recursion_of,
    scheduled,
    y,
)
from hallofillusions.derivations._shared import predicted
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit
from hallofillusions.symbols import alpha, g, k, n, sigma_0

effective = {  # N_g, the N_eff of a loop that keeps this α and this n for ever
    FreshSplit: k * (1 + alpha) + alpha,
    FreshMixture: k * (1 + alpha) + alpha**2,
}
N = sp.Symbol(r"N_{g}", positive=True)
step = (1 - N / n) * y + 1 / n
"""v_g, if y is v_{g-1}."""


def statement() -> list[Any]:
    i, j, m = sp.symbols("i j m", integer=True)
    n_j, N_j, N_i = (sp.Symbol(x, positive=True) for x in ("n_{j}", "N_{j}", "N_{i}"))
    n_i, n_g, k_g, a_g = (
        sp.Symbol(x, positive=True) for x in ("n_{i}", "n_{g}", "k_{g}", r"\alpha_{g}")
    )
    v, v_before, v_m, R = sp.symbols(r"v_{g} v_{g-1} v_{m} R", positive=True)
    here = {n: n_g, k: k_g, alpha: a_g}
    noise = sp.Sum(sp.Product(1 - N_i / n_i, (i, j + 1, g)) / n_j, (j, 1, g))
    faded = sp.exp(-sp.Sum(N_j / n_j, (j, m + 1, g)))
    bounds = [1 + k_g * (1 - 1 / n_g), 1 + 2 * k_g]
    names = {FreshSplit: "count", FreshMixture: "chance"}
    return [
        equal(v, step.subs({n: n_g, y: v_before})),
        *(equal(sp.Symbol(rf"N_{{g}}^{{\mathrm{{{names[x]}}}}}"), e.subs(here))
          for x, e in effective.items()),
        sp.Le(bounds[0], N),
        sp.Le(N, bounds[1]),
        equal(v, noise),
        sp.Le(v, R + faded * v_m),  # where R ≥ 1/N_j for m < j ≤ g
        sp.Ge(v, sp.Symbol("r", positive=True) * (1 - faded)),  # where r ≤ 1/N_j
        sp.Le(v, 1 - sp.Product(1 - 1 / n_j, (j, 1, g))),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    def moments(v: Any) -> dict[str, Any]:
        return {"delta": 0, "delta^2": v * sigma_0**2, "v": (1 - v) * sigma_0**2}

    real = (1 - alpha) * n
    for mixing, size in effective.items():
        words, own = mixing.__name__, size.subs(k, real)
        recursion = recursion_of(mixing(alpha=alpha), MaximumLikelihood)
        yield from begins(words, recursion, moments(0))
        yield from goes_on(words, recursion, moments(y), moments(step.subs(N, own)))
        first = recursion_of(mixing(alpha=alpha), MaximumLikelihood, FirstFit())
        yield from begins(f"{words} from a first fit", first, moments(1 / n), fit=1)
        constant = drift_fresh_split if mixing is FreshSplit else drift_fresh_mixture
        yield Step(f"{words}: N_g is the N_eff of that α and n", own, constant.effective_size)
    yield from _sizes(real)
    yield from _comparisons()


def _sizes(real: Any) -> Iterator[Step]:
    """1 + k(1-1/n) ≤ N ≤ 1 + 2k and 0 ≤ 1 - N/n: what is left is a sum of positive terms."""
    extra = {  # N - 1 - k(1-1/n), 1 + 2k - N and 1 - N/n; αn is 0 or at least 1 under FreshSplit
        FreshSplit: (alpha * k, k * (1 - alpha) + k / n, alpha * (alpha * n - 1) / n),
        FreshMixture: (alpha * k * (1 - 1 / n), k * (1 - alpha) + k * (1 + alpha) / n,
                       alpha**2 * (1 - 1 / n)),
    }  # fmt: skip
    for mixing, size in effective.items():
        left = (size - 1 - k * (1 - 1 / n), 1 + 2 * k - size, 1 - size / n)
        for what, room, rest in zip(
            ("at least 1 + k(1-1/n)", "at most 1 + 2k", "at most n"), left, extra[mixing],
            strict=True,
        ):  # fmt: skip
            yield Step(f"{mixing.__name__}: N is {what}", room.subs(k, real), rest.subs(k, real))


def _comparisons() -> Iterator[Step]:
    R = sp.Symbol("R", positive=True)
    nearer = (1 - N / n) * (y - R) + (1 - N * R) / n
    yield Step("towards any R: from above if R ≥ 1/N, from below if R ≤ 1/N", step - R, nearer)
    yield from exponential()
    x = N / n
    yield Step("1 - N/n ≤ exp(-N/n)", sp.exp(-x) - (1 - x), lift.subs(y, -x))
    yield Step("old noise keeps 1 - N/n of itself", step - (1 - N / n) * y, 1 / n)
    alone = (1 - 1 / n) * (1 - y) + (N - 1) / n * y
    yield Step("fresh points never harm: 1 - v keeps 1 - 1/n of itself or more", 1 - step, alone)
    yield Step("no change exceeds (1 + N)/n", step - y, (1 - N * y) / n)
    v, sizes, fresh = 0, sp.symbols("n_1:4", positive=True), sp.symbols("N_1:4", positive=True)
    for own, size in zip(sizes, fresh, strict=True):
        v = step.subs({y: v, n: own, N: size}, simultaneous=True)
    keeps = [1 - size / own for own, size in zip(sizes, fresh, strict=True)]
    terms = [sp.prod(keeps[t + 1 :]) / own for t, own in enumerate(sizes)]
    yield Step("the sum, for three fits", v, sum(terms))


def schedules() -> list[FeedbackLoop]:
    """One loop of each phase, and one on the border."""

    def split(sizes: list[int], real: list[int]) -> FeedbackLoop:
        pairs = zip(real, sizes, strict=True)
        return gaussian(FreshSplit(alpha=tuple(1 - Fraction(r, m) for r, m in pairs)), sizes)

    few = range(1, 9)
    fading = FreshMixture(alpha=tuple(1 - Fraction(1, 2 * t) for t in range(1, 13)))
    return [
        split([6 * 2**t for t in range(7)], [1] * 7),  # frozen: one fresh point, doubling
        split([4 * t for t in few], list(few)),  # to 0: a constant share
        split([3 * t**2 for t in few], list(few)),  # the border: the share 1/(3g)
        gaussian(fading, 10),  # to 1: 5/g fresh points of 10, by chance
    ]


def confrontations() -> list[Confrontation]:
    found = []
    for loop in schedules():
        mixing: Any = loop.mixing
        last = len(mixing.alpha)
        when = (2, 4, last)
        size = effective[type(mixing)]
        rivals = {
            "settled at once: 1/N_eff": np.append(0, 1 / along(size, loop, last)),
            "the first α and n for ever": _law(next(fits(loop)), last),
            "no memory: 1/n": np.append(0, along(1 / n, loop, last)),
            "no fresh points": 1 - product(1 - 1 / n, loop, last),
        }
        table = {k: 1 - v for k, v in rivals.items()}
        bessel, times = replace(loop, estimator=Bessel()), range(last + 1)
        table["ddof = 1"] = predicted(bessel, VARIANCE, times) / 2
        found += [
            attack(loop, when, lambda *a: 1 - _law(*a), table, watched=VARIANCE,
                   replicates=400_000),
            attack(loop, when, _law, rivals, watched=ERROR, replicates=400_000),
        ]  # fmt: skip
    return found


def _law(loop: FeedbackLoop, generations: int) -> Any:
    """v_g by the theorem's step."""
    size = effective[type(loop.mixing)]
    slope, more = (along(step.subs(N, size).coeff(y, p), loop, generations) for p in (1, 0))
    v = [0.0]
    for a, b in zip(slope, more, strict=True):
        v.append(a * v[-1] + b)
    return np.array(v)


theorem = Theorem(
    name="fresh_growth_threshold",
    title="How fast fresh data must grow against the synthetic data",
    kind=Exact(),
    assumptions=(
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching)",
        "(1-α_g)n_g = k_g fresh real points in generation g, by count or by chance; "
        "α_g and n_g ≥ 2 are any schedules",
        "R is at least and r at most every 1/N_j with m < j ≤ g",
        "started at the truth, or at a fit of n_1 real points",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=scheduled((FreshSplit, FreshMixture), estimator=MaximumLikelihood, smallest=2),
    confrontations=confrontations,
)
