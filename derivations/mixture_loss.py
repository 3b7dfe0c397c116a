r"""The first-order loss of a mixture refitted by EM, and where it ends.

A fixed point of EM is a stationary point of the likelihood, so a converged fit near the truth is
the maximum-likelihood fit of a regular model with d = K - 1 + Kd_x + K d_x(d_x+1)/2 parameters in
d_x dimensions.  It pays d/2n nats on real data for what one generation forgot, times the clock of
its mixing (`first_order_loss`).

It ends where components meet: for two of equal weight at ±s the scores of both means become one
and that of the weight vanishes, so Fisher's information is singular at s = 0 and that about the
weight is 4 (s/σ)² near it.  There no n is large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._shared import only
from hallofillusions.derivations.first_order_loss import clock, d, loss, w
from hallofillusions.estimators.em import EM
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import FirstOrderLoss, Functional
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import alpha, g

K, size = sp.symbols("K d_x", positive=True, integer=True)
x, theta, s = sp.symbols("x theta s", real=True)
share = sp.Symbol("w_1", positive=True)
means = sp.symbols("mu_1:3", real=True)
variances = sp.symbols("sigma_1:3", positive=True)  # σ²

count = {
    "full": K - 1 + K * size + K * size * (size + 1) / 2,
    "diag": K - 1 + 2 * K * size,
    "spherical": K - 1 + K * size + K,
}
near = 4 * s**2 / variances[0]  # the information about the weight of one of two components at ±s


def bell(mean: Any, variance: Any) -> Any:
    """The density of N(mean, variance)."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def statement() -> list[Any]:
    either = sp.Symbol(r"\mathrm{E}[\mathrm{KL}(\mathrm{real}\,\|\,\mathrm{mixture})]")
    words = {Replace: "Replace", FreshSplit: "fresh", FixedReal: "fixed", Accumulate: "accumulate"}
    return [
        equal(either, loss * (1 + sp.Symbol("O(1/n)"))),
        equal(d, count["full"]),
        *(equal(sp.Symbol(rf"w_{{g}}^{{\mathrm{{{words[m]}}}}}"), clock[m]) for m in words),
        equal(sp.Symbol("I_{ww}(s)"), near + sp.Symbol("O(s^4)")),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _stationary()
    yield from _regular()
    yield from _parameters()
    yield from _meeting()


def _stationary() -> Iterator[Step]:
    """Each derivative of log p(x) is what one M-step would still move, weighted by the share."""
    parts = [bell(m, v) for m, v in zip(means, variances, strict=True)]
    weights = (share, 1 - share)
    p = sum(c * part for c, part in zip(weights, parts, strict=True))
    owned = [c * part / p for c, part in zip(weights, parts, strict=True)]
    for k, (m, v) in enumerate(zip(means, variances, strict=True)):
        mine = f"component {k + 1}"
        yield Step(f"EM stops moving the mean of {mine} where the likelihood is flat",
                   sp.log(p).diff(m), owned[k] * (x - m) / v)  # fmt: skip
        yield Step("and its variance", sp.log(p).diff(v),
                   owned[k] * ((x - m) ** 2 - v) / (2 * v**2))  # fmt: skip
    yield Step("and the weights", sp.log(p).diff(share), owned[0] / share - owned[1] / (1 - share))
    yield Step("the shares sum to one", sum(owned), 1)


def _regular() -> Iterator[Step]:
    """What holds pointwise of any smooth density p(θ), and after ∫ dx of its information I."""
    p = sp.Function("p", positive=True)(theta)
    score, I = sp.log(p).diff(theta), sp.Symbol("I", positive=True)
    yield Step("curvature of KL and information differ by ∫ p'' dx = 0",
               -sp.log(p).diff(theta, 2) * p + p.diff(theta, 2), score**2 * p)  # fmt: skip
    yield Step("a synthetic share moves the mean score by its information", score * p.diff(theta),
               score**2 * p)  # fmt: skip
    before, after = sp.symbols("before after", real=True)
    found = sp.solve(-I * after + alpha * I * before, after)[0]
    yield Step("so the next error is α times the last one", found, alpha * before)
    noise, v = sp.symbols("noise v", positive=True)  # noise: I^-1/n
    fresh = clock[FreshSplit]
    yield Step("with the noise of n points: the clock", (alpha**2 * fresh + 1) * noise,
               fresh.subs(g, g + 1) * noise)  # fmt: skip
    yield Step("and d parameters pay half of what each moved", d * (I * v / I) / 2,
               d * v / 2)  # fmt: skip
    square = sp.Symbol("square", positive=True)
    chi = square ** (d / 2 - 1) * sp.exp(-square / 2) / (2 ** (d / 2) * sp.gamma(d / 2))
    first, second = (over_half_line(chi * square**k, square) for k in (1, 2))
    yield Step("over runs it is w/2n times χ² of d degrees: its mean", w / (2 * sp.Symbol("n"))
               * first, w * d / (2 * sp.Symbol("n")))  # fmt: skip
    yield Step("and its variance, 2/d of the mean's square", second - first**2, 2 * first**2 / d)


def _parameters() -> Iterator[Step]:
    for form, law in count.items():
        for number, dimension in ((1, 1), (2, 1), (3, 2), (5, 3)):
            own = GaussianMixture((Fraction(1, number),) * number, ((0.0,) * dimension,) * number,
                                  covariance_type=form)  # fmt: skip
            yield Step(f"{form}: K = {number}, d = {dimension}",
                       law.subs({K: number, size: dimension}), own.free_parameters)  # fmt: skip


def _meeting() -> Iterator[Step]:
    """Two components of equal weight and variance at ±s."""
    v = variances[0]
    p = share * bell(means[0], v) + (1 - share) * bell(means[1], v)
    here = {means[0]: s, means[1]: -s, share: sp.Rational(1, 2)}
    first, second, weight = (sp.log(p).diff(z).subs(here) for z in (*means, share))
    yield Step("where they meet the scores of both means are one",
               (first - second).subs(s, 0), 0)  # fmt: skip
    yield Step("and the weight has none", weight.subs(s, 0), 0)
    yield Step("near it the score of the weight is 2 tanh(s x/σ²)",
               (weight - 2 * sp.tanh(s * x / v)).rewrite(sp.exp), 0, sp.simplify)  # fmt: skip
    slope = sp.diff(2 * sp.tanh(s * x / v), s).subs(s, 0)
    squared = sp.integrate(slope**2 * bell(0, v), (x, -sp.oo, sp.oo))
    yield Step("so its information is E of the square of that, to leading order", squared * s**2,
               near)  # fmt: skip


applies = only(tuple(clock), estimator=EM, family=GaussianMixture)


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if functional != FirstOrderLoss() or applies(loop) is not None:
        return None
    return None if loop.estimator.reg_covar else partial(numbers, loop)  # type: ignore[attr-defined]


def numbers(loop: FeedbackLoop, when: Any, **wrong: Any) -> Any:
    """The law at each g of ``when``, or a wrong one with another clock, d or n."""
    family: Any = loop.family
    own: dict[str, Any] = {"mixing": type(loop.mixing), "d": family.free_parameters} | wrong
    closed, rest = loss.subs(w, clock[own.pop("mixing")]), {k: float(v) for k, v in own.items()}
    each = (evaluate(closed.subs(g, int(t)), loop, (t,), **rest) for t in when)  # sums are done
    return np.concatenate([np.ravel(found) for found in each])


def variance(loop: FeedbackLoop, when: Any) -> Any:
    """Over replicates: 2n KL/w_g tends to χ² of d degrees of freedom."""
    return 2 * numbers(loop, when) ** 2 / loop.family.free_parameters  # type: ignore[attr-defined]


numbers.variance = variance  # type: ignore[attr-defined]


def confrontations() -> list[Confrontation]:
    half, line = Fraction(1, 2), GaussianMixture((0.5, 0.5), (-3, 3), 1)
    three = GaussianMixture((0.4, 0.3, 0.3), ((-4, 0), (4, 0), (0, 6)), 1)
    return [
        _attack(line, Replace(), 2, (100, 200, 400), 2_000),
        _attack(line, FreshMixture(half), 3, (50, 100, 200), 2_000),
        _attack(line, Accumulate(), 3, (50, 100, 200), 2_000),
        _attack(three, FreshSplit(half), 3, (100, 200, 400), 800),
    ]


def _attack(family: Any, mixing: Any, when: int, sizes: Any, runs: int) -> Confrontation:
    loops = [FeedbackLoop(family, mixing=mixing, n=n, estimator=EM(tol=1e-9)) for n in sizes]

    def at_all(generation: int, **wrong: Any) -> list[float]:
        return [float(numbers(loop, (generation,), **wrong)[0]) for loop in loops]

    rivals = {
        "half the loss": at_all(when, d=family.free_parameters / 2),
        "the weights are known": at_all(when, d=family.free_parameters - family.K + 1),
    }
    if isinstance(mixing, Replace):
        rivals["one fit fewer"] = at_all(when - 1)
    else:
        rivals["the clock of Replace"] = at_all(when, mixing=Replace)
    return Confrontation(
        loops[0], KLDivergence(), (when,), at_all(when), rivals, runs, scale=sizes
    )


theorem = Theorem(
    name="mixture_loss",
    title="The first-order loss of a mixture, and where it ends",
    kind=Asymptotic(1),
    assumptions=(
        "K different components, models of the real law's form, fitted by EM to convergence and "
        "without regularisation, from a start so near that its maximum is that of the truth",
        "n → ∞ at fixed g and fixed separation; started at the truth; n points in a generation",
        "fixed: n_r = (1-α)n real points that stay, α < 1",
        "the last line: two components of equal weight at ±s with the variance σ² = σ_1",
    ),
    reference="of any regular model: accumulate Gerstgrasser et al. 2024, Dey & Donoho 2024; of a "
    "mixture no earlier statement known",
    cites=("gerstgrasser2024", "dey2024"),
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides,
    confrontations=confrontations,
)
