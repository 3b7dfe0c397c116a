r"""How much the real points should count: the golden ratio of a weighted fit.

n_r fresh real points get the weight w, n_s synthetic ones 1 - w.  With M = E (μ_g - μ₀)²,

    M' = (1-w)² M + [w²/n_r + (1-w)²/n_s × (variance of a synthetic point)].

If σ² is known, that variance is σ² for ever.  If it is fitted too it shrinks by what the mean
gains, E σ²_g = σ₀² - M: then (1-w)² becomes (1-w)²(1 - 1/n_s), and all else is the same.  Either
way the best weight is its own reward: n_r M_∞/σ₀² = w* there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_split
from hallofillusions.derivations._shared import drift_confrontations, only, symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.gaussian_mean import GaussianMean
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.fresh_weighted import FreshWeighted
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.symbols import alpha, g, mu_0, n, sigma_0, w
from hallofillusions.theory import derive

n_r, n_s, r = sp.symbols("n_r n_s r", positive=True)
forget = sp.Symbol("rho", positive=True)  # what one generation keeps of M
counts = {n_r: (1 - alpha) * n, n_s: alpha * n}
FAMILIES = {"known": GaussianMean, "fitted": Gaussian}
rates = {"known": (1 - w) ** 2, "fitted": (1 - w) ** 2 * (1 - 1 / n_s)}
v_g = (w**2 / n_r + (1 - w) ** 2 / n_s) * (1 - forget**g) / (1 - forget)
"""E (μ_g - μ₀)²/σ₀²."""
loss = (w**2 + (1 - w) ** 2 / r) / (w * (2 - w))
"""n_r M_∞/σ₀² with r = n_s/n_r, σ² known (or fitted, n → ∞): He, Xu and Cheng."""
best = {
    "known": (sp.sqrt(1 + 4 * r) - 1) / (2 * r),
    "fitted": (sp.sqrt((1 + 1 / n_r) ** 2 + 4 * (r - 1 / n_r)) - 1 - 1 / n_r) / (2 * (r - 1 / n_r)),
}
golden = (sp.sqrt(5) - 1) / 2


def rest(case: str) -> Any:
    """n_r M_∞/σ₀² with n_s = r n_r."""
    share = v_g.subs(forget**g, 0).subs(forget, rates[case])
    return sp.factor((n_r * share).subs(n_s, r * n_r))


def statement() -> list[Any]:
    M, v, star, gain = (sp.Symbol(name) for name in (
        r"\mathrm{E}[(\hat\mu_g-\mu_0)^2]", r"\mathrm{E}[\hat\sigma_g^2]", "w_*",
        r"\min_w\,n_r\mathrm{E}[(\hat\mu_\infty-\mu_0)^2]/\sigma_0^2",
    ))  # fmt: skip
    one, two = (sp.Symbol(rf"\rho_{{\mathrm{{{case}}}}}") for case in rates)
    stars = [sp.Symbol(rf"w_{{*,\,\mathrm{{{case}}}}}") for case in best]
    return [
        equal(M, sigma_0**2 * v_g), equal(one, rates["known"]), equal(two, rates["fitted"]),
        equal(v, sigma_0**2 - M), equal(gain, star),
        *(equal(s, value) for s, value in zip(stars, best.values(), strict=True)),
    ]  # fmt: skip


# -- the proof -----------------------------------------------------------------------------------


def closed(case: str) -> Any:
    return sigma_0**2 * v_g.subs(forget, rates[case]).subs(counts)


def proof() -> Iterator[Step]:
    weighted = FreshWeighted(alpha=alpha, weight=w)
    M = closed("known")
    known = FeedbackLoop(GaussianMean(mu_0, sigma_0**2), mixing=weighted, n=n)
    yield from induction(derive(known), {"delta": 0, "delta^2": M})
    M = closed("fitted")
    claim = {"delta": 0, "delta^2": M, "v": sigma_0**2 - M}
    yield from induction(derive(symbolic_loop(weighted)), claim)
    own = v_g.subs(forget, rates["fitted"]).subs(counts).subs(w, 1 - alpha)
    rate = (rates["fitted"].subs(counts).subs(w, 1 - alpha), drift_fresh_split.rho)
    yield Step("w = 1-α is the split: its rate", *rate)
    yield Step("and its limit", _settled(own), 1 / drift_fresh_split.effective_size)
    yield Step("the stationary loss, σ² known", rest("known"), loss)
    yield Step("and fitted, for many points", sp.limit(rest("fitted"), n_r, sp.oo), loss)
    for case in best:
        yield from _best(case)
    yield Step("as many synthetic as real points: the golden ratio", best["known"].subs(r, 1),
               golden)  # fmt: skip
    star = best["known"]
    yield Step("r w*² = 1 - w*, so N_eff = n_r/w* is above √(n_r n_s) by the factor 1/√(1-w*)",
               r * star**2, 1 - star)  # fmt: skip
    yield Step("and near it for many synthetic points", sp.limit(star * sp.sqrt(r), r, sp.oo), 1)


def _settled(expression: Any) -> Any:
    """The limit g → ∞, where what is raised to the power g is below 1."""
    return expression.replace(lambda e: e.is_Pow and e.exp.has(g), lambda e: sp.Integer(0))


def _best(case: str) -> Iterator[Step]:
    """The loss falls until a rising quadratic in w turns positive, and then rises."""
    value = rest(case)
    c = (rates[case] / (1 - w) ** 2).subs(n_s, r * n_r)  # 1, or 1 - 1/n_s
    quadratic = r * c * w**2 + (1 + r - r * c) * w - 1
    keeps = 1 - (1 - w) ** 2 * c
    yield Step(f"{case}: the slope of the loss has the sign of a quadratic", sp.diff(value, w),
               2 * quadratic / (r * keeps**2), sp.cancel)  # fmt: skip
    yield Step(f"{case}: which is -1 at w = 0", quadratic.subs(w, 0), -1)
    yield Step(f"{case}: and r at w = 1", quadratic.subs(w, 1), r)
    yield Step(f"{case}: w* is its root", quadratic.subs(w, best[case]), 0)
    rest_of_it = -(1 - w) * quadratic / (r * keeps)
    yield Step(f"{case}: there the loss is w* itself", value - w, rest_of_it, sp.cancel)


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    found: list[Confrontation] = []
    for law, real, made, weight in (
        (Gaussian(1, 2), 2, 3, Fraction(3, 5)), (Gaussian(1, 2), 3, 3, Fraction(2, 3)),
        (GaussianMean(1, 2), 2, 4, Fraction(2, 5)),
    ):  # fmt: skip
        found += _attack(law, real, made, weight)
    return [*found, _best_attack(Gaussian(1, 2), 2, 3), _best_attack(GaussianMean(1, 2), 2, 4)]


def _best_attack(law: Any, real: int, made: int) -> Confrontation:
    """At the best weight, here 1/2, the loss is that weight: by g = 8 but for some 10⁻⁵ of it."""
    case, other = ("known", "fitted") if isinstance(law, GaussianMean) else ("fitted", "known")
    here = {n_r: real, r: sp.Rational(made, real)}
    star = float(best[case].subs(here))
    mixing = FreshWeighted(Fraction(made, real + made), star)
    rivals = {
        "the best weight of the other kind": float(best[other].subs(here)),
        "the golden ratio": float(golden), "real points alone": 1.0,
    }  # fmt: skip
    losses = {name: [2 * weight / real] for name, weight in rivals.items()}
    loop = FeedbackLoop(law, mixing=mixing, n=real + made)
    return Confrontation(loop, SquaredError(), (8,), [2 * star / real], losses, replicates=200_000)


def _attack(law: Any, real: int, made: int, weight: Fraction) -> list[Confrontation]:
    size = real + made
    mixing = FreshWeighted(Fraction(made, size), weight)
    loop = FeedbackLoop(law, mixing=mixing, n=size)
    case, other = ("known", "fitted") if isinstance(law, GaussianMean) else ("fitted", "known")
    right, when = number(loop, case), (1, 2, 4)
    rivals: dict[str, Any] = {
        "points are not weighted": replace(loop, mixing=FreshSplit(mixing.alpha)),
        "weight ten per cent low": number(loop, case, 0.9 * float(weight)),
        "the weights change places": number(loop, case, 1 - float(weight)),
        "σ² of the other kind": number(loop, other),
    }
    if case == "fitted":
        rivals["ddof = 1"] = replace(loop, estimator=Bessel())
        return drift_confrontations(loop, when, right, rivals, replicates=400_000)
    truth = 2 * evaluate(right, loop, when)
    wrong = {name: 2 * evaluate(v, loop, when) for name, v in rivals.items()
             if not isinstance(v, FeedbackLoop)}  # fmt: skip
    return [Confrontation(loop, SquaredError(), when, truth, wrong, replicates=400_000)]


def number(loop: FeedbackLoop, case: str, weight: float | None = None) -> Any:
    """v_g of a loop in α, n and g, at its own weight or at another."""
    own = float(loop.mixing.weight) if weight is None else weight  # type: ignore[attr-defined]
    return v_g.subs(forget, rates[case]).subs(counts).subs(w, own)


theorem = Theorem(
    name="weighted_fit",
    title="The best weight of the real points, and the golden ratio",
    kind=Exact(),
    assumptions=(
        "n_r fresh real points of total weight w and n_s synthetic ones of weight 1-w; 0 < w ≤ 1",
        "the sampler is unbiased; weighted moments (maximum likelihood of weighted points)",
        "known: σ² is never fitted; fitted: it is, with the mean; r = n_s/n_r",
        "started at the truth; w*: g → ∞",
    ),
    reference="He, Xu & Cheng 2026 (known variance: w*, golden ratio); with the variance fitted: "
    "no earlier statement known",
    cites=("he2026",),
    statement=statement,
    proof=proof,
    applies=only(FreshWeighted, family=tuple(FAMILIES.values())),
    confrontations=confrontations,
)
