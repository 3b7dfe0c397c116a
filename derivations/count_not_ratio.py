"""Count, not ratio: how many fresh real points come in per generation rules where a loop ends.

Write N_eff in n_r and α.  However many synthetic points join them, n_r fresh real points are
worth at least themselves and at most one more copy of themselves and one point.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_split
from hallofillusions.derivations._shared import only
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, mu_0, n, n_r, sigma_0
from hallofillusions.theory import derive

effective_size = n_r * (1 + alpha) + alpha


def statement() -> list[Any]:
    N = sp.Symbol(r"N_{\mathrm{eff}}")
    return [equal(N, effective_size), sp.Le(n_r, N), sp.Lt(N, 2 * n_r + 1)]


def proof() -> Iterator[Step]:
    loop = FeedbackLoop(
        family=Gaussian(mu_0, sigma_0**2), mixing=FreshSplit(alpha=alpha), n=n_r / (1 - alpha)
    )
    rest = derive(loop).fixed_point()
    assert rest is not None
    yield Step("stationary E (μ-μ₀)²", rest["delta^2"], sigma_0**2 / effective_size)
    yield Step("stationary E σ²", rest["v"], sigma_0**2 * (1 - 1 / effective_size))
    same = drift_fresh_split.effective_size.subs(n, n_r / (1 - alpha))
    yield Step("the limit of the drift coefficient", same, effective_size)
    slope = sp.diff(effective_size, alpha)
    yield Step("N_eff rises with α", slope.is_positive, True)
    yield Step("from n_r without synthetic points", effective_size.subs(alpha, 0), n_r)
    yield Step("to 2n_r + 1, out of reach", effective_size.subs(alpha, 1), 2 * n_r + 1)
    short = sp.factor(n - drift_fresh_split.effective_size)
    yield Step("one synthetic point is as good as a real one", short, alpha * (alpha * n - 1))
    worth = sp.limit(effective_size / n_r, n_r, sp.oo)
    yield Step("each of many fresh points is worth", worth, 1 + alpha)


def confrontations() -> list[Confrontation]:
    found = []
    for real, size, late in ((3, 5, 15), (3, 6, 20), (3, 12, 30), (5, 25, 40)):
        a = Fraction(size - real, size)
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshSplit(alpha=a), n=size)
        sizes = {
            "synthetic points are worth nothing": n_r,
            "synthetic points are as good as real ones": n,
            "one more copy of the real points": 2 * n_r + 1,
            "one point less": effective_size - 1,
        }
        rivals = {name: 1 / evaluate(size, loop, (late,)) for name, size in sizes.items()}
        share = 1 / evaluate(effective_size, loop, (late,))
        errors = {name: 2 * wrong for name, wrong in rivals.items()}
        variances = {name: 2 * (1 - wrong) for name, wrong in rivals.items()}
        for observable, right, wrong in (
            (SquaredError(), 2 * share, errors), (Variance(), 2 * (1 - share), variances)
        ):  # fmt: skip
            found.append(Confrontation(loop, observable, (late,), right, wrong, replicates=300_000))
    return found


theorem = Theorem(
    name="count_not_ratio",
    title="The number of fresh real points, not their ratio, sets the effective sample size",
    kind=Limit(),
    assumptions=(
        "those of drift_fresh_split",
        "n_r = (1-α)n, at least 1, is kept while α varies; α < 1",
        "stationary: g → ∞",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FreshSplit, start=(Truth, FirstFit), real=1),
    confrontations=confrontations,
)
