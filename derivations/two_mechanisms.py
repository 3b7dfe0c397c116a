r"""Noise and bias, two mechanisms on two axes: what they cost adds up in inverse variances.

At rest, with fresh real points,

    σ₀²/S_∞ = 1 + (cost of noise) + (cost of bias),

    noise = 1/(N_eff - 1)              only the *number* of fresh points counts,
    bias  = (1-λ) α/(1-α)              only the *ratio* counts: α/(1-α) = n_s/n_r.

It is exact at every n.  With a faithful sampler, λ = 1, the count is all there is; with a biased
one the ratio α → 1 sends the variance to 0 however many fresh points there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.truncation import Truncation
from hallofillusions.derivations import (
    count_not_ratio,
    drift_fresh_mixture,
    drift_fresh_split,
    k_fresh_points,
)
from hallofillusions.derivations._biases import BIASES, numbers
from hallofillusions.derivations._dimensions import FAMILIES
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.derivations.biased_loop import keeps
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import alpha, lam, n, n_r, sigma_0
from hallofillusions.theory import derive

sizes: dict[Any, Any] = {  # N_eff of maximum likelihood, in n
    FreshSplit: drift_fresh_split.effective_size,
    FreshMixture: drift_fresh_mixture.effective_size,
}
excesses = k_fresh_points.excesses  # of the unbiased variance, in n_r
noise: dict[Any, Any] = {
    **{(m, MaximumLikelihood): 1 / (N - 1) for m, N in sizes.items()},
    **{(m, Bessel): 1 / (1 + e.subs(k_fresh_points.k, n * (1 - alpha))) - 1
       for m, e in excesses.items()},
}  # fmt: skip
"""What a faithful sampler loses in a finite n (what Bessel gains there, if negative)."""
bias = (1 - lam) * alpha / (1 - alpha)
crossing = alpha * (n * (1 + alpha) - 1) * (1 - lam)
"""Bias over noise (split, MLE): they cost the same where this is 1."""
balance = 1 + (1 - lam) * alpha / (1 - alpha)


def variance(mixing: type[Any], estimator: type[Any]) -> Any:
    """S_∞/σ₀²."""
    return 1 / (1 + noise[mixing, estimator] + bias)


def statement() -> list[Any]:
    S = sp.Symbol(r"\mathrm{E}[\hat\sigma_\infty^2]")
    N = sp.Symbol(r"N_{\mathrm{eff}}")
    costs = [sp.Symbol(rf"c_{{\mathrm{{{word}}}}}") for word in ("bias", "noise")]
    many = sp.Limit(S / sigma_0**2, n_r, sp.oo)
    return [
        equal(sigma_0**2 / S, 1 + 1 / (N - 1) + bias),
        equal(costs[0] / costs[1], crossing),
        equal(many, 1 / balance),
        equal(sp.Limit(S / (1 - alpha), alpha, 1, "-"), sigma_0**2 / (1 - lam)),
    ]


def proof() -> Iterator[Step]:
    for mixing, estimator in noise:
        name = f"{mixing.__name__}, {estimator.__name__}"
        loop = symbolic_loop(mixing(alpha), estimator=estimator(), bias=ScaleCovariance(lam))
        rest = derive(loop).fixed_point()
        assert rest is not None
        cost = sigma_0**2 / rest["v"] - 1
        yield Step(f"{name}: the costs add up", cost, noise[mixing, estimator] + bias, sp.cancel)
        share = keeps[mixing, estimator]
        yield Step(f"{name}: noise alone, by the share that a fit keeps",
                   (1 / share - 1) / (1 - alpha), noise[mixing, estimator], sp.cancel)  # fmt: skip
    yield from _count_and_ratio()
    yield from _edges()


def _count_and_ratio() -> Iterator[Step]:
    size = n_r / (1 - alpha)
    own = noise[FreshSplit, MaximumLikelihood].subs(n, size)
    yield Step("noise sees the number of fresh points", 1 / own + 1, count_not_ratio.effective_size)
    ratio = sp.Symbol("r", positive=True)  # n_s/n_r
    yield Step("bias sees the ratio", bias.subs(alpha, ratio / (1 + ratio)), (1 - lam) * ratio)
    over = bias / noise[FreshSplit, MaximumLikelihood]
    yield Step("bias over noise", over, crossing)
    real, made = sp.symbols("n_r n_s", positive=True)
    counts = {alpha: made / (real + made), n: real + made}
    yield Step("it counts the synthetic points", crossing.subs(counts),
               (1 - lam) * made * (1 + alpha - 1 / n).subs(counts), sp.cancel)  # fmt: skip


def _edges() -> Iterator[Step]:
    S = variance(FreshSplit, MaximumLikelihood).subs(n, n_r / (1 - alpha))
    yield Step("many fresh points: the bias stays", sp.limit(S, n_r, sp.oo), 1 / balance)
    near = sp.limit(sp.cancel(S / (1 - alpha)), alpha, 1)
    yield Step("α → 1 at n_r fresh points: S falls like (1-α)/(1-λ)", near, 1 / (1 - lam))
    saved = sp.limit(S.subs(lam, 1), alpha, 1)
    yield Step("but not with a faithful sampler", saved, 1 - 1 / (2 * n_r + 1))
    # λ > 1: noise is what holds a sampler that spreads, up to the λ at which 1/S is 0
    edge = 1 / (alpha * keeps[FreshSplit, MaximumLikelihood])
    inverse = 1 / variance(FreshSplit, MaximumLikelihood)
    yield Step("1/S_∞ falls to 0 where αqλ = 1", inverse.subs(lam, edge), 0)
    yield Step("and is a straight line in λ", sp.diff(inverse, lam), -alpha / (1 - alpha))


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    cases: tuple[tuple[Any, ...], ...] = (
        (FreshSplit, MaximumLikelihood, 2, 4, ScaleCovariance(0.7), 20),
        (FreshSplit, MaximumLikelihood, 4, 20, ScaleCovariance(0.95), 60),
        (FreshMixture, Bessel, 3, 9, Temperature(0.8), 24),
        (FreshSplit, MaximumLikelihood, 4, 8, Temperature(1.2), 32),
        (FreshMixture, MaximumLikelihood, 4, 8, Truncation(2), 20),
    )
    return [_attack(*case) for case in cases]


def _attack(
    mixing: Any, estimator: Any, real: int, size: int, sampler: Any, late: int
) -> Confrontation:
    loop = FeedbackLoop(
        Gaussian(1, 2), mixing=mixing(alpha=Fraction(size - real, size)), n=size,
        estimator=estimator(), bias=sampler,
    )  # fmt: skip
    other = Bessel if estimator is MaximumLikelihood else MaximumLikelihood
    faithful = replace(loop, bias=ScaleCovariance(1))

    def value(inverse: Any, of: FeedbackLoop = loop) -> Any:
        return 2 * numbers(1 / inverse, of, (late,))

    own = noise[mixing, estimator]
    rivals = {
        "bias alone": value(1 + bias),
        "noise alone": value(1 + own, faithful),
        "costs multiply": value((1 + own) * (1 + bias)),
        "other ddof": value(1 + noise[mixing, other] + bias),
    }
    right = value(1 + own + bias)
    count = 40_000 if isinstance(sampler, Truncation) else 80_000  # each point is drawn
    return Confrontation(loop, Variance(), (late,), right, rivals, replicates=count)


theorem = Theorem(
    name="two_mechanisms",
    title="What noise and bias cost adds up in inverse variances: the count and the ratio",
    kind=Limit(),
    assumptions=(
        "those of biased_loop, with at least one fresh real point per generation; α < 1",
        "stationary: g → ∞, αqλ < 1 (the right side is above 0)",
        "N_eff of the faithful loop (MLE): n_r(1+α) + α (split), n_r(1+α) + α² (mixture); for "
        "Bessel's divisor the cost of noise is what its own excess takes off",
        "the ratio of costs, and the limit α → 1 at n_r fresh points: split, MLE",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(
        (FreshSplit, FreshMixture),
        estimator=(MaximumLikelihood, Bessel),
        bias=BIASES,
        family=FAMILIES,
        real=1,
    ),
    confrontations=confrontations,
)
