r"""Kernel density estimates over-disperse: what a loop of them hallucinates is variance.

A kernel of variance h² at each of n training points leaves their mean and adds h² to their
variance.  Sampling takes the share 1/n of the whole into the mean, so that the points' variance V
and the model's, V + h², obey

    V' = (1 - 1/n)(V + h²) → (n-1)h²,        E(μ' - μ)² = (V + h²)/n → h².

Variance does not collapse, it is made up (definition 8 of Schaeffer et al. 2025): the mean walks
for ever, by h² a generation once V is at rest and by σ₀²/n at first.  With fresh real points the
model still ends above the real variance wherever h² is more than what noise takes.  A rule makes h
follow the points, so that there is nothing to rest at: the variance grows by the same factor
1 - 1/n + b² in each generation, which is above 1 for every n.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import drift_fresh_mixture, drift_fresh_split, drift_replace
from hallofillusions.derivations._dimensions import cloud
from hallofillusions.derivations._kernels import kernels, numbers, over_kernels, total_variance
from hallofillusions.derivations._replace import for_large_n, under
from hallofillusions.derivations.biased_loop import keeps, q
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.kernel_density import KernelDensity
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.symbols import alpha, g, h, n, sigma_0
from hallofillusions.theory import derive

drifts: Any = {FreshSplit: drift_fresh_split, FreshMixture: drift_fresh_mixture}
real = sigma_0**2
rest = n * h**2
spread = rest + (real - rest) * (1 - 1 / n) ** g
"""E σ̂²_g of the model under Replace."""
error = g * h**2 + (real - rest) * drift_replace.v_g
"""E (μ_g - μ₀)²."""
whole = real + h**2 * (1 - alpha**g) / (1 - alpha)
"""E σ̂²_g + E (μ_g - μ₀)² with fresh real points."""
settled = (q * (1 - alpha) * real + h**2) / (1 - alpha * q)
"""E σ̂²_∞, with the share q that a fit keeps."""
d, b, v_g, rho = sp.symbols("d b v_{g} rho", positive=True)
wander = real * v_g + h**2 * alpha / (1 - alpha) * (
    v_g - (alpha**g - rho**g) / (n * (alpha - rho))
)
"""E (μ_g - μ₀)² with fresh real points, and the v_g and ρ of the mixing."""
growth = 1 - 1 / n + b**2
factors = {"scott": n ** (-1 / (d + 4)), "silverman": (n * (d + 2) / 4) ** (-1 / (d + 4))}
"""b of the rules."""


def fresh(mixing: type[Any]) -> tuple[Any, Any]:
    """E (μ_g - μ₀)² and E σ̂²_g."""
    own = wander.subs({v_g: drifts[mixing].v_g, rho: drifts[mixing].rho})
    return own, whole - own


def ruled(of_n: Any) -> Any:
    """E σ̂²_g under Replace and the rule b = ``of_n``."""
    return real * growth.subs(b, of_n) ** g


def statement() -> list[Any]:
    model, points, mean = (sp.Symbol(rf"\mathrm{{E}}[{x}]") for x in (
        r"\hat\sigma_g^2", "s_g^2", r"(\hat\mu_g-\mu_0)^2"))  # fmt: skip
    alone, follows, ends = (sp.Symbol(rf"\mathrm{{E}}_{{\mathrm{{{x}}}}}[\hat\sigma_{{{i}}}^2]") for
        x, i in (("replace", "g"), ("rule", "g"), ("fresh", r"\infty")))  # fmt: skip
    return [
        equal(alone, spread), equal(points, model - h**2), equal(sp.Limit(alone, g, sp.oo), rest),
        equal(sp.Symbol(r"\mathrm{E}_{\mathrm{replace}}[(\hat\mu_g-\mu_0)^2]"), error),
        equal(mean, wander), equal(model + mean, whole), equal(ends, settled),
        equal(follows, ruled(b)),
        *(equal(sp.Symbol(rf"b_{{\mathrm{{{name}}}}}"), b) for name, b in factors.items()),
    ]  # fmt: skip


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    claim = {"delta": 0, "delta^2": error, "v": spread}
    yield from under("Replace", induction(derive(kernels(Replace())), claim))
    yield Step("Replace: the mean's step is the model's variance over n",
               error.subs(g, g + 1) - error, spread / n)  # fmt: skip
    decayed = [x.subs((1 - 1 / n) ** g, 0) for x in (spread, spread / n)]
    yield Step("Replace: the variance at rest", decayed[0], rest)
    yield Step("Replace: the points' own", decayed[0] - h**2, (n - 1) * h**2)
    yield Step("Replace: and the step there", decayed[1], h**2)
    for mixing in drifts:
        yield from under(mixing.__name__, with_fresh_points(mixing))
    yield from every_direction()
    yield from rules()


def with_fresh_points(mixing: type[Any]) -> Iterator[Step]:
    mean, variance = fresh(mixing)
    recursion = derive(kernels(mixing(alpha)))
    yield from induction(recursion, {"delta": 0, "delta^2": mean, "v": variance})
    own = settled.subs(q, keeps[mixing, MaximumLikelihood])
    fixed = recursion.fixed_point()
    assert fixed is not None
    yield Step("where it ends", fixed["v"], own, sp.cancel)
    yield Step("the points' share is kept", own - h**2,
               keeps[mixing, MaximumLikelihood] * (alpha * own + (1 - alpha) * real), sp.cancel)
    yield Step("at infinite n", for_large_n(own), real + h**2 / (1 - alpha))
    excess = (h**2 - (1 - q) * real) / (1 - alpha * q)
    yield Step("above the real variance where h² > (1 - q)σ₀²", settled - real, excess)


def every_direction() -> Iterator[Step]:
    """In two dimensions a variance is that of one, and to a covariance nothing is added."""
    one = derive(kernels(FreshSplit(alpha)))
    two = derive(kernels(FreshSplit(alpha), Gaussian((0, 0), 1)))
    for name, own, extra in (("v_1_1", {"v_1_1": 1}, h**2), ("v_1_2", {"v_1_2": 1}, 0)):
        row, line = two.index(**own), one.index(v=1)
        yield Step(f"{name} of itself", two.matrix()[row, row], one.matrix()[line, line])
        entry = sp.Symbol(f"Sigma_{name[2]}{name[4]}", real=True)
        constant = (one.constant()[line] - h**2).subs(sigma_0, 1) * entry + extra
        yield Step(f"{name}: what is added", two.constant()[row], constant)


def rules() -> Iterator[Step]:
    """The rules of scipy under Replace, in one dimension and more."""
    m = sp.Symbol("m", positive=True)
    for name, of_n in factors.items():
        for size in (1, 2, 3):
            law = Gaussian() if size == 1 else Gaussian((0,) * size, 1)
            wanted = {"v" if size == 1 else "v_1_1": 1}
            C = derive(kernels(Replace(), law, name), monomials=[wanted]).matrix()
            own, whole_powers = growth.subs(b, of_n).subs(d, size), {n: m ** (size + 4)}
            yield Step(f"{name}, d = {size}: a generation", C[0, 0].subs(whole_powers),
                       own.subs(whole_powers))  # fmt: skip
    x = sp.Symbol("x", positive=True)  # d + 2; nb² = n^{x/(x+2)} · (4/x)^{2/(x+2)} for Silverman
    power = sp.expand_log(sp.log(n * factors["silverman"] ** 2), force=True)
    bar = sp.log(x / 4) * 2 / x  # the log n above which n b² > 1
    yield Step("Silverman: log n b²", power.subs(d, x - 2),
               x / (x + 2) * (sp.log(n) - bar))  # fmt: skip
    top = sp.solve(sp.diff(bar, x), x)
    yield Step("the bar is highest at one x", len(top), 1)
    yield Step("where it is below log 2: b² > 1/n from n = 2 on", bar.subs(x, top[0]) < sp.log(2),
               True)  # fmt: skip
    yield Step("Scott: log n b²", sp.expand_log(sp.log(n * factors["scott"] ** 2), force=True),
               (d + 2) / (d + 4) * sp.log(n))  # fmt: skip


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    most, half, line = FreshSplit(Fraction(2, 3)), FreshMixture(Fraction(1, 2)), Gaussian(1, 2)
    return [
        *_attacks(KernelDensity(line, 0.8), Replace(), 5, (1, 3, 8), (error, spread)),
        *_attacks(KernelDensity(cloud(2), 1.1), Replace(), 6, (1, 3, 8), (error, spread)),
        *_attacks(KernelDensity(line, 0.8), most, 6, (1, 2, 6), fresh(FreshSplit)),
        *_attacks(KernelDensity(line, 0.8), half, 4, (1, 2, 6), fresh(FreshMixture)),
        _of_a_rule(KernelDensity(line, "silverman"), 12, "scott"),
        _of_a_rule(KernelDensity(cloud(2), "scott"), 8),  # in a plane both rules are one
    ]


def _attacks(
    family: Any, mixing: Any, size: int, when: tuple[int, ...], laws: tuple[Any, Any]
) -> Iterator[Confrontation]:
    """The error of the mean and the model's variance."""
    loop = FeedbackLoop(family, mixing=mixing, n=size)
    for observable, law in zip((SquaredError(), total_variance(family)), laws, strict=True):
        wrong = {"no kernel": law.subs(h, 0), "n - 1 for n": law.subs(n, n - 1)}
        if observable != SquaredError():
            wrong["the points' variance"] = law - h**2
        yield _attack(loop, observable, when, law, wrong)


def _of_a_rule(family: Any, size: int, *others: str) -> Confrontation:
    loop, own = FeedbackLoop(family, mixing=Replace(), n=size), factors[family.bandwidth]
    wrong = {"S divides by n": real * ((1 - 1 / n) * (1 + own**2)) ** g, "no kernel": ruled(0),
             **{name: ruled(factors[name]) for name in others}}  # fmt: skip
    return _attack(loop, total_variance(family), (1, 2, 5), ruled(own), wrong)


def _attack(
    loop: FeedbackLoop, observable: Any, when: tuple[int, ...], law: Any, wrong: dict[str, Any]
) -> Confrontation:
    rivals = {name: numbers(other, loop, when) for name, other in wrong.items()}
    rivals["index off by one"] = numbers(law, loop, [t + 1 for t in when])
    right = numbers(law, loop, when)
    return Confrontation(loop, observable, when, right, rivals, replicates=30_000)


theorem = Theorem(
    name="kernel_over_dispersion",
    title="Kernel density estimates over-disperse",
    kind=Exact(),
    assumptions=(
        "a kernel of variance h² in every direction at each training point; the real law is any "
        "with covariance Σ₀ (in d dimensions each direction has its own σ₀²)",
        "s² is the variance of the training points, which divides by n; g ≥ 1",
        "n synthetic points, or with fresh real ones, exactly or on average the share 1-α < 1; "
        "v_g, ρ and q are the mixing's (drift_fresh_split, drift_fresh_mixture, biased_loop)",
        "a rule, under Replace: a kernel has b² times the points' covariance, which divides by n-1",
        "started at the truth",
    ),
    reference="loops of kernel density estimates: Kazdan et al. 2024; these moments: no earlier "
    "statement known",
    cites=("kazdan2024", "schaeffer2025"),
    statement=statement,
    proof=proof,
    applies=over_kernels,
    confrontations=confrontations,
)
