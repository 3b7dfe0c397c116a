r"""What smoothing costs: the loss of a loop of add-k models, from two moments of every count.

The loss on the real law needs E log of a smoothed share, which no finite recursion holds.  Between
its two exact moments a count X of n points is taken for a beta-binomial one, which it is exactly
at the first fit (where it is binomial), and in the stationary diffusion (where the share's law is
a beta law).  To second order in the fluctuations any law with these moments gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._shared import only
from hallofillusions.derivations._smoothed_counts import RowLoss, log_share
from hallofillusions.derivations._types import K, k_0
from hallofillusions.derivations.add_k_moments import rho
from hallofillusions.estimators.add_k import AddK
from hallofillusions.families.categorical import Categorical
from hallofillusions.families.n_gram import NGram
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, OverRows
from hallofillusions.observables.held_out_loss import HeldOutLoss
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import n

m, V, scatter, j = sp.symbols("m V s j", positive=True)
ratio = (n - j) * (m * scatter + j) / ((j + 1) * ((1 - m) * scatter + n - j - 1))
"""P(X = j + 1)/P(X = j) of a beta-binomial count with the shapes m s and (1-m) s."""
share_variance = m * (1 - m) / n * (1 + (n - 1) / (scatter + 1))
shapes = (m * (1 - m) - V) / (V - m * (1 - m) / n)  # the s of a share with the variance V
second_order = sp.log(m) - V / (2 * m**2)


def statement() -> list[Any]:
    loss, X, P = sp.Symbol(r"\mathrm{E}\,\mathrm{KL}(p\|q_g)"), sp.Symbol("X_{i}"), sp.Function("P")
    p, i = sp.IndexedBase("p"), sp.Symbol("i", integer=True)
    log = sp.Symbol(r"\mathrm{E}\log(X_{i}+\kappa_0)")
    step = sp.Symbol(r"\frac{P(X_{i}=j+1)}{P(X_{i}=j)}")
    return [
        equal(loss, sp.Sum(p[i] * sp.log(p[i] * (n + K * k_0)), (i, 1, K)) - sp.Sum(p[i] * log,
              (i, 1, K))),
        equal(log, sp.Sum(P(X, j) * sp.log(j + k_0), (j, 0, n))),
        equal(step, ratio),
        equal(scatter, shapes),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    """The law has the two moments; it is the count's own at both ends; the rest is second order."""
    for size in (2, 3, 5):
        weights = [sp.Integer(1)]
        for i in range(size):
            weights.append(weights[-1] * ratio.subs({n: size, j: i}))
        total = sum(weights)
        first = sum(i * w for i, w in enumerate(weights)) / (size * total)
        square = sum(sp.Rational(i, size) ** 2 * w for i, w in enumerate(weights)) / total
        yield Step(f"n = {size}: the mean of the share is m", first, m)
        yield Step(f"n = {size}: its variance", square - first**2, share_variance.subs(n, size))
    yield Step("s is read off the variance", shapes.subs(V, share_variance), scatter)
    binomial = sp.limit(ratio, scatter, sp.oo)
    yield Step("s → ∞ at the first fit: binomial", binomial, (n - j) * m / ((j + 1) * (1 - m)))
    first = share_variance - m * (1 - m) / n
    yield Step("which is where the share has the variance of n points",
               sp.limit(first, scatter, sp.oo), 0)  # fmt: skip
    z, delta, a, b = sp.symbols("z delta a b", positive=True)
    near = sp.log(m) + sp.series(sp.log(1 + z), z, 0, 3).removeO().subs(z, delta / m)
    averaged = sum(c * {0: 1, 1: 0, 2: V}[d] for (d,), c in sp.Poly(sp.expand(near - sp.log(m)),
                   delta).terms())  # fmt: skip
    yield Step("E log of a share to second order: its two moments alone", sp.log(m) + averaged,
               second_order)  # fmt: skip
    w = sp.Symbol("w", positive=True)  # the neighbour's share in a beta law, for large s
    beta = sp.log(a) - 1 / (2 * a) - (sp.log(a + b) - 1 / (2 * (a + b)))  # ψ(a) - ψ(a+b)
    own = beta.subs({a: m * scatter, b: (1 - m) * scatter})
    lead = sp.expand(sp.expand_log(own.subs(scatter, 1 / w), force=True))
    law = sp.expand_log(second_order.subs(V, m * (1 - m) * w), force=True)
    yield Step("and so of the stationary beta law, E log = ψ(a) - ψ(a+b), at large s", lead, law)


applies = only(tuple(rho), family=(Categorical, NGram), estimator=AddK, start=(Truth, FirstFit))


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if applies(loop) is not None:
        return None
    if not isinstance(functional, OverRows) or not isinstance(loop.family, NGram):
        return None
    known = type(functional.of) in (HeldOutLoss, KLDivergence)
    return RowLoss(loop, isinstance(functional.of, HeldOutLoss)) if known else None


def _of_types(loop: FeedbackLoop, when: Any) -> Any:
    family: Any = loop.family
    alpha = float(loop.mixing.fraction(int(loop.n), 0))
    own = {"n": np.full(family.K, float(loop.n)), "alpha": np.full(family.K, alpha)}
    return log_share(loop, family.law, own, when)[0]


def divergence(loop: FeedbackLoop, when: Any) -> Any:
    """E KL(real ‖ model) of a categorical loop."""
    family: Any = loop.family
    return -family.entropy() - family.law @ _of_types(loop, when)


def confrontations() -> list[Confrontation]:
    family = Categorical((0.4, 0.35, 0.25))
    found = []
    for mixing, k, when in (
        (Replace(), Fraction(1, 2), 6), (FreshSplit(Fraction(1, 2)), Fraction(1, 2), 2),
        (FreshMixture(Fraction(4, 5)), 1, 5),
    ):  # fmt: skip
        loop = FeedbackLoop(family, mixing=mixing, n=30, estimator=AddK(k))
        scale = (30, 120, 480)
        loops = [replace(loop, n=size) for size in scale]
        right = np.array([divergence(own, [when])[0] for own in loops])
        rivals = {
            "index off by one": [divergence(own, [when + 1])[0] for own in loops],
            "the first fit for ever": [divergence(own, [1])[0] for own in loops],
            "twice as many points":
                [divergence(replace(own, n=2 * own.n), [when])[0] for own in loops],
        }
        found.append(Confrontation(
            loop, KLDivergence(), (when,), right, {a: np.array(b) for a, b in rivals.items()},
            replicates=20_000, scale=scale))  # fmt: skip
    return found


theorem = Theorem(
    name="add_k_loss",
    title="The held-out loss of add-k models",
    kind=Asymptotic(order=1),
    assumptions=(
        "fresh real points, exact or random counts, or none; the sampler is unbiased",
        "each count has its exact mean and variance and is taken as beta-binomial between them, "
        "which is exact at the first fit",
        "good where n p_i ≫ 1: the count of a rarer type has an atom at 0 that two moments miss, "
        "so that the loss is too small there",
        "an n-gram model: rows with fixed contexts; to leading order in n π_c where text runs free",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides,
    confrontations=confrontations,
)
