r"""What to buy: fresh real points that cost c each, or synthetic ones that cost 1.

A generation has b to spend on n_r real and n_s synthetic points, c n_r + n_s = b.  Up to c = 1
real points alone are best.  Above, with u = √(2c-1), the best synthetic fraction is
α = (u-1)/(u+1), one synthetic point for each real one at c = 5, and the loop settles at an
effective size of 4b/(1+u)²: between b/c, what real points alone buy, and twice that.  No split
does better (but for α of a point), since its distance from the best is a square.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import count_not_ratio
from hallofillusions.derivations._shared import only
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Bound
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, mu_0, n_r, sigma_0
from hallofillusions.theory import derive

b, c, u = sp.symbols("b c u", positive=True)
price = (u**2 + 1) / 2  # c, in terms of u = √(2c-1)
best = (u - 1) / (u + 1)
"""The best synthetic fraction for u ≥ 1; it is 0 below."""
affordable = (1 - alpha) * b / (c * (1 - alpha) + alpha)
"""n_r of a budget b at the synthetic fraction α."""
most = 4 * b / (1 + u) ** 2


def statement() -> list[Any]:
    error = sp.Symbol(r"\mathrm{E}[(\hat\mu_{\infty}-\mu_0)^2]")
    n_s, share = sp.Symbol("n_s", positive=True), sp.Symbol(r"\alpha_*")
    return [
        equal(c * n_r + n_s, b),
        sp.Ge(error, sigma_0**2 / (most + alpha)),
        equal(share, best),  # where it holds with equality
        equal(u, sp.sqrt(2 * c - 1)),
    ]


def proof() -> Iterator[Step]:
    yield Step("u = √(2c-1)", sp.sqrt(2 * price - 1), u)
    spent = c * affordable + affordable * alpha / (1 - alpha)
    yield Step("the budget is spent", spent, b)
    loop = FeedbackLoop(
        family=Gaussian(mu_0, sigma_0**2), mixing=FreshSplit(alpha=alpha), n=n_r / (1 - alpha)
    )
    rest = derive(loop).fixed_point()
    assert rest is not None
    bought = count_not_ratio.effective_size.subs(n_r, affordable).subs(c, price)
    error = rest["delta^2"].subs(n_r, affordable).subs(c, price)
    yield Step("N_eff of what is bought", error, sigma_0**2 / bought)
    short = most + alpha - bought
    square = ((u + 1) * alpha - (u - 1)) ** 2
    per = b / ((1 + u) ** 2 * (price * (1 - alpha) + alpha))
    yield Step("what a split misses is a square", short, per * square)
    yield Step("it is missed nowhere at the best α", short.subs(alpha, best), 0)
    x = sp.Symbol("x", nonnegative=True)  # u = 1 + x: real points are the dearer ones
    alone = most / (b / price)
    above = sp.factor((alone - 1).subs(u, 1 + x))
    yield Step("never worse than real points alone", above.is_nonnegative, True)
    below = sp.factor((2 - alone).subs(u, 1 + x))
    yield Step("and less than twice as good", below.is_positive, True)
    yield Step("twice as good where they are dear", sp.limit(alone, u, sp.oo), 2)
    cheap = sp.factor(bought.diff(alpha) - 1).subs(alpha, 0)
    yield Step("up to c = 1 no synthetic point pays, but as one more", cheap, -b * (1 - u) * (1 + u)
               / price**2 / 2)  # fmt: skip


def confrontations() -> list[Confrontation]:
    """c = 5, 13, 25, so that u = 3, 5, 7: at the best split and beside it."""
    found = []
    for root, real, synthetic in ((3, 4, 4), (5, 4, 8), (7, 4, 12), (3, 4, 12), (7, 4, 36)):
        a = Fraction(synthetic, real + synthetic)
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=FreshSplit(alpha=a), n=real + synthetic)
        cost = price.subs(u, root)
        at = {u: root, c: cost, b: cost * real + synthetic, alpha: sp.Rational(a), n_r: real}
        sizes = {
            "real points alone are best": b / c,
            "synthetic points are worth nothing": n_r,
            "only half of the budget counts": most / 2 + alpha,
        }
        if best.subs(u, root) == at[alpha]:
            sizes["without the last α of a point"] = most
        rivals = {name: np.array([2 / float(e.subs(at))]) for name, e in sizes.items()}
        bound = np.array([2 / float((most + alpha).subs(at))])
        found.append(Confrontation(loop, SquaredError(), (40,), bound, rivals, 400_000))
    return found


theorem = Theorem(
    name="price_of_real_points",
    title="The best split of a budget between fresh real and synthetic points",
    kind=Bound("lower"),
    assumptions=(
        "those of drift_fresh_split: maximum likelihood, fresh real points, stationary",
        "a real point costs c ≥ 1 synthetic ones; b is spent in every generation",
        "n_r and n_s count as real numbers; attained where the best split is whole",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(FreshSplit, start=(Truth, FirstFit), real=1),
    confrontations=confrontations,
)
