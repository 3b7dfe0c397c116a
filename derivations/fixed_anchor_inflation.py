"""A fixed anchor is always hurt by the synthetic points that join it.

Fitted alone, n_r real points miss the mean by σ₀²/n_r.  With synthetic points of its own models
around them the loop drifts off, to an error up to half as large again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import count_not_ratio, drift_fixed_real
from hallofillusions.derivations._shared import only
from hallofillusions.derivations.drift_fresh_split import rho
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, mu_0, n, n_r, sigma_0
from hallofillusions.theory import derive

inflation = 1 + (n_r - 1) * alpha / (n_r * (1 + alpha) + alpha)
worst = 3 * n_r / (2 * n_r + 1)


def statement() -> list[Any]:
    error = sp.Symbol(r"\mathrm{E}[(\hat\mu_{\infty}-\mu_0)^2]")
    most = sp.Limit(inflation, alpha, 1, "-")
    return [
        equal(error, sigma_0**2 / n_r * inflation),
        equal(most, worst),
        equal(sp.Limit(worst, n_r, sp.oo), sp.Rational(3, 2)),
    ]


def proof() -> Iterator[Step]:
    loop = FeedbackLoop(
        family=Gaussian(mu_0, sigma_0**2), mixing=FixedReal(alpha=alpha), n=n_r / (1 - alpha),
        start=Memory(),
    )  # fmt: skip
    alone = sigma_0**2 / n_r
    for start in (Memory(), Truth(), FirstFit()):
        rest = derive(replace(loop, start=start)).fixed_point()
        assert rest is not None
        yield Step(f"stationary error, from {start}", rest["delta^2"], alone * inflation)
    first = derive(loop).after_first()[1]
    yield Step("the fit of the anchor alone", first, alone)
    v_g = drift_fixed_real.v_g.subs(n, n_r / (1 - alpha))
    rise = (v_g.subs(g, g + 1) - v_g) / (rho ** (g - 1)).subs(n, n_r / (1 - alpha))
    harm = (1 - 1 / n_r) * alpha * (1 - alpha) / n_r
    yield Step("every further fit adds to the error", rise, harm)  # 0 ≤ ρ, since αn ≥ 1 or α = 0
    yield Step("the worst case", inflation.subs(alpha, 1), worst)
    yield Step("with many anchors", sp.limit(worst, n_r, sp.oo), sp.Rational(3, 2))
    fresh = 1 / count_not_ratio.effective_size
    yield Step("fixed against fresh points", inflation / n_r / fresh, 1 + 2 * alpha)


def confrontations() -> list[Confrontation]:
    found = []
    for real, size, start in (
        (2, 3, Memory()), (3, 9, Truth()), (5, 20, Memory()), (2, 7, FirstFit())
    ):  # fmt: skip
        a = Fraction(size - real, size)
        loop = FeedbackLoop(
            family=Gaussian(1, 2), mixing=FixedReal(alpha=a), n=size, start=start
        )
        late = 40
        others = {
            "no harm: the error of the anchor alone": 1,
            "as good as fresh points": n_r / count_not_ratio.effective_size,
            "the worst case": worst,
            "for many anchors": 1 + alpha / (1 + alpha),
        }
        right, *wrong = (
            2 * evaluate(law / n_r, loop, (late,)) for law in (inflation, *others.values())
        )
        rivals = dict(zip(others, wrong, strict=True))
        found.append(
            Confrontation(loop, SquaredError(), (late,), right, rivals, replicates=400_000)
        )
    return found


theorem = Theorem(
    name="fixed_anchor_inflation",
    title="Synthetic points around a fixed anchor inflate its error",
    kind=Limit(),
    assumptions=(
        "those of drift_fixed_real: a well-specified model, maximum likelihood, no regulariser",
        "n_r ≥ 2 (a single anchor has nothing left to lose), α < 1",
        "stationary: g → ∞",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FixedReal, start=(Memory, Truth, FirstFit), real=2),
    confrontations=confrontations,
)
