r"""Under Bessel, fresh data that fade away leave the mean to wander without bound.

The expected variance never falls below σ₀², so that every fit gives the mean the error 1/n_g
anew, of which k_j fresh points among n_j take the share 2k_j/n_j away, or less.  What is left is
unbounded if k_g → 0 while Σ 1/n_g is infinite: where Σ k_g/n_g is finite because the product
stays positive, and else because the sum settles near 1/(2k_g) (`fresh_growth_threshold`).  One
fresh point a generation is enough to bound it (`fresh_error_bound`): between the two lies the
threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._replace import named
from hallofillusions.derivations._schedules import (
    ERROR,
    along,
    begins,
    fits,
    gaussian,
    recursion_of,
    scheduled,
)
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.proof import Confrontation, Step, Theorem
from hallofillusions.symbols import alpha, is_symbolic, k, n, sigma_0

forgotten = 2 * k / n
"""The largest share of the error that k fresh points of n take away."""
M, x = sp.symbols("M x", nonnegative=True)  # E δ² and E σ² - 1, in units of σ₀²
least = (1 - forgotten) * M + 1 / n
"""What the error M becomes, at least."""


def statement() -> list[Any]:
    i, j = sp.symbols("i j", integer=True)
    n_j, n_i, k_i = (sp.Symbol(name, positive=True) for name in ("n_{j}", "n_{i}", "k_{i}"))
    kept = sp.Product(1 - forgotten.subs({k: k_i, n: n_i}), (i, j + 1, sp.Symbol("g")))
    return [
        sp.Ge(named(r"\hat\sigma_g^2", Bessel), sigma_0**2),
        sp.Ge(named(r"(\hat\mu_g-\mu_0)^2", Bessel),
              sigma_0**2 * sp.Sum(kept / n_j, (j, 1, sp.Symbol("g")))),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    """From E σ² = 1 + x and E δ² = M; what is above the bounds is a sum of positive terms."""
    share = 1 - alpha
    chance = {FreshSplit: 0, FreshMixture: alpha * share / n}  # of moving the mean by the lottery
    jump = {FreshSplit: n / (n - 1), FreshMixture: 1}
    for mixing in (FreshSplit, FreshMixture):
        recursion, words = recursion_of(mixing(alpha=alpha), Bessel), mixing.__name__
        yield from begins(words, recursion, {"delta": 0, "delta^2": 0, "v": sigma_0**2})
        column = sp.Matrix([0, M, 1 + x]) * sigma_0**2
        after = (recursion.matrix() * column + recursion.constant()) / sigma_0**2
        above = alpha * x + alpha * share * M * jump[mixing]
        yield Step(f"{words}: E σ² stays above σ₀²", after[2] - 1, above)
        rest = (share**2 + chance[mixing]) * M + alpha * x / n
        bound = least.subs(k, share * n)
        yield Step(f"{words}: the mean gains 1/n and keeps 1 - 2k/n", after[1] - bound, rest)
    level = 1 / (2 * k)
    towards = (1 - forgotten) * (M - level)
    yield Step("which draws it towards 1/(2k)", least - level, towards)


def confrontations() -> list[Confrontation]:
    few = range(1, 11)
    fading = FreshMixture(alpha=tuple(1 - Fraction(1, 3 * t) for t in few))
    scarce = FreshMixture(alpha=tuple(1 - Fraction(1, 10 * t) for t in few))
    split = FreshSplit(alpha=tuple(1 - Fraction(1, 8 * t) for t in few))
    found = []
    for loop in (
        gaussian(fading, 20, Bessel()), gaussian(scarce, 20, Bessel()),
        gaussian(split, [8 * t for t in few], Bessel()),
    ):  # fmt: skip
        bound = _bound(loop)
        lies = {
            "no fresh points": float(np.sum(along(1 / n, loop, len(few)))),
            "a quarter of that share": _bound(loop, k / (2 * n)),
        }
        rivals = {name: np.array([2 * lie]) for name, lie in lies.items()}
        when = (len(few),)
        found.append(Confrontation(loop, ERROR, when, np.array([2 * bound]), rivals, 400_000))
    return found


def _bound(loop: FeedbackLoop, share: Any = forgotten) -> float:
    """The statement's sum at the last of ten fits."""
    kept, error = along(1 - share, loop, 10), 0.0
    for factor, gain in zip(kept, along(1 / n, loop, 10), strict=True):
        error = factor * error + gain
    return float(error)


def applies(loop: FeedbackLoop) -> str | None:
    """The share that is forgotten must be one: a loop of mostly real points is no threat."""
    if (reason := scheduled((FreshSplit, FreshMixture), estimator=Bessel)(loop)) is not None:
        return reason
    shares = [getattr(fit.mixing, "alpha", 1) for fit in fits(loop)]
    few = all(is_symbolic(a) or 2 * a >= 1 for a in shares)
    return None if few else "at most half of the points of any generation may be real"


theorem = Theorem(
    name="fresh_error_unbounded",
    title="Under Bessel, fading fresh data leave the error of the mean without bound",
    kind=Bound("lower"),
    assumptions=(
        "k_g fresh real points in generation g, by count or by chance, with 2k_g ≤ n_g",
        "the sampler is unbiased and has the fitted mean and covariance",
        "the sum of squares is divided by n_g-1 (Bessel)",
        "started at the truth, or at a fit of n_1 real points",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
