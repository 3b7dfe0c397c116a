r"""The first-order law: every regular model pays d/2n nats for what it forgot, times one clock.

A well-specified maximum-likelihood fit of d parameters moves by θ' - θ* = α(θ - θ*) + ε with
Cov ε = I⁻¹/n, so Cov θ_g = w_g I⁻¹/n with w' = α² w + 1, and near the truth every divergence is
½ (θ-θ*)ᵀ I (θ-θ*).  Hence E KL ≈ d w_g/2n whatever the model is: w_g = (1-α^{2g})/(1-α²) with
fresh real data, g without any, Σ j⁻² when all data are kept, the π²/6 of the field.

For types KL(real ‖ model) is infinite exactly, for a type is lost with positive probability: the
law is that of KL(model ‖ real), which is finite, and holds with the exact v_g in place of w_g/n.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.derivations import (
    drift_accumulate,
    drift_fixed_real,
    drift_fresh_mixture,
    drift_fresh_split,
    drift_replace,
    gaussian_kl,
)
from hallofillusions.derivations._curvature import gaussian_curvature, types_curvature
from hallofillusions.derivations._replace import DIVISORS, D, lam
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._types import K, types_loop
from hallofillusions.derivations._walk import for_large
from hallofillusions.derivations.gaussian_log_variance import drift
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.categorical import Categorical
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.multivariate_gaussian import MultivariateGaussian
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.rational import factored
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, g, n, n_r
from hallofillusions.theory import derive

d, w, v = sp.symbols("d w_{g} v_{g}", positive=True)
loss = d * w / (2 * n)
fresh = (1 - alpha ** (2 * g)) / (1 - alpha**2)
clock = {
    Replace: g,
    FreshSplit: fresh,
    FreshMixture: fresh,
    FixedReal: (1 + 2 * alpha) * fresh - 2 * (alpha**g - alpha ** (2 * g)) / (1 - alpha),
    Accumulate: sp.harmonic(g, 2),
}
exact = {
    Replace: drift_replace.v_g,
    FreshSplit: drift_fresh_split.v_g,
    FreshMixture: drift_fresh_mixture.v_g,
    FixedReal: drift_fixed_real.from_truth.subs(n_r, (1 - alpha) * n),
    Accumulate: drift_accumulate.v_g,
}
types = (K - 1) * v / 2


def statement() -> list[Any]:
    either, reverse = (
        sp.Symbol(rf"\mathrm{{E}}[\mathrm{{KL}}(\mathrm{{{a}}}\,\|\,\mathrm{{{b}}})]")
        for a, b in (("real", "model"), ("model", "real"))
    )
    words = {Replace: "Replace", FreshSplit: "fresh", FixedReal: "fixed", Accumulate: "accumulate"}
    rest = 1 + sp.Symbol("O(1/n)")
    return [
        equal(either, loss * rest),
        *(equal(sp.Symbol(rf"w_{{g}}^{{\mathrm{{{words[m]}}}}}"), clock[m]) for m in words),
        equal(reverse, types * rest),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _clocks()
    yield from gaussian_curvature(loss.subs({d: 2, w: 1}))
    for count in (2, 3, 4):
        yield from types_curvature(count, v, types.subs(K, count))
    yield from _gaussian()
    yield from _remainder()


def _clocks() -> Iterator[Step]:
    yield Step("with fresh data: nothing at the start", fresh.subs(g, 0), 0)
    yield Step("and w' = α² w + 1", fresh.subs(g, g + 1), alpha**2 * fresh + 1)
    yield Step("without: the limit α → 1", sp.limit(fresh, alpha, 1), g)
    h = sp.Symbol("h", positive=True)  # 1/n
    for mixing in (Replace, FreshSplit, FreshMixture, FixedReal):
        for when in (1, 2, 3, 7):
            found = factored((n * exact[mixing]).subs(g, when).subs(n, 1 / h)).subs(h, 0)
            yield Step(f"{mixing.__name__}: n v_g of the drift theorem tends to it, g = {when}",
                       found, clock[mixing].subs(g, when))  # fmt: skip
    kept = 1 - exact[Accumulate]
    lost = sp.gammasimp(1 - kept / kept.subs(g, g - 1))
    yield Step("Accumulate: one more fit costs n times", sp.limit(n * lost, n, sp.oo), g**-2)
    yield Step("from nothing", exact[Accumulate].subs(g, 0), clock[Accumulate].subs(g, 0))
    yield Step("so the clock is the sum of inverse squares", clock[Accumulate].subs(g, 5)
               - clock[Accumulate].subs(g, 4), sp.Rational(1, 25))  # fmt: skip
    yield Step("which ends", sp.limit(clock[Accumulate], g, sp.oo), sp.pi**2 / 6)


def _gaussian() -> Iterator[Step]:
    """The exact law of one family has the limit that the general one claims."""
    fitted = {lam: 1, D: DIVISORS[MaximumLikelihood]}
    large = sp.Symbol("large", positive=True)  # (n-1)/2
    log_part = sp.limit(for_large(n * drift.subs(fitted), large), large, sp.oo)
    a = gaussian_kl.a.subs(D, n)
    up = sp.limit(n * (a - 1), n, sp.oo)  # n (a^g - 1) → g times it, and (a^g - 1)/(a - 1) → g
    yield Step("the exact law of gaussian_kl has this limit", (g * log_part + g * up + g) / 2,
               n * loss.subs({d: 2, w: clock[Replace]}))  # fmt: skip


def _remainder() -> Iterator[Step]:
    """Types: the third and fourth central moments, so what is left, are of order n⁻²."""
    for mixing in (Replace(), FreshMixture(alpha=alpha)):
        recursion = derive(types_loop(mixing, 2), order=4)
        p, column, h = sp.Symbol("p_1", real=True), recursion.initial(), sp.Symbol("h")
        for when in (1, 2):
            column = recursion.step(column)
            raw = {sum(b): e for b, e in zip(recursion.basis, column, strict=True)} | {0: 1}
            for order in (3, 4):
                moment = sum(sp.binomial(order, k) * raw[k] * (-p) ** (order - k)
                             for k in range(order + 1))  # fmt: skip
                small = factored(moment.subs(n, 1 / h) / h)
                yield Step(f"{type(mixing).__name__}, g = {when}: n E (q-p)^{order} vanishes",
                           small.subs(h, 0), 0)  # fmt: skip
                yield Step(f"{type(mixing).__name__}, g = {when}: n² E (q-p)^{order} does not grow",
                           sp.denom(factored(small / h)).subs(h, 0) == 0, False)  # fmt: skip


def parameters(loop: FeedbackLoop) -> int:
    """The number d of free parameters."""
    family: Any = loop.family
    if isinstance(family, Categorical):
        return int(family.K - 1)
    return int(family.dimension * (family.dimension + 3) // 2)


def first_order(loop: FeedbackLoop, when: int, size: int, **wrong: Any) -> float:
    """The law at g = ``when`` and n = ``size``: for types with the exact v_g."""
    own: dict[str, Any] = {"mixing": type(loop.mixing), "d": parameters(loop)} | wrong
    here = FeedbackLoop(Gaussian(), mixing=loop.mixing, n=size)  # α and n are all that is asked
    closed = types.subs({v: exact[own["mixing"]], K: d + 1})
    if not isinstance(loop.family, Categorical):
        closed = loss.subs(w, clock[own["mixing"]])
    return float(evaluate(closed.subs(g, when), here, (when,), d=float(own["d"]))[0])


def confrontations() -> list[Confrontation]:
    found, skew, half = [], Categorical((0.5, 0.3, 0.2)), Fraction(1, 2)
    for family, mixing, when, sizes, observable in (
        (skew, Replace(), 3, (24, 48, 96), ReverseKL()),
        (skew, FreshMixture(half), 4, (8, 16, 32), ReverseKL()),
        (skew, Accumulate(), 4, (8, 16, 32), ReverseKL()),
        (Gaussian(1, 2), Replace(), 2, (64, 128, 256), KLDivergence()),
        (Gaussian(1, 2), FreshSplit(half), 4, (32, 64, 128), KLDivergence()),
        (MultivariateGaussian((0, 0), ((1, 0), (0, 1))), Accumulate(), 3, (64, 128, 256),
         KLDivergence()),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=sizes[0])
        found.append(_attack(loop, when, sizes, observable))
    return found


def _attack(loop: FeedbackLoop, when: int, sizes: Any, observable: Any) -> Confrontation:
    # rivals whose error is of one sign at all these n, so that its logarithm has a slope
    wrong: dict[str, dict[str, Any]] = {
        "one parameter more": {"d": parameters(loop) + 1},
        "half the loss": {"d": parameters(loop) / 2},
    }
    if not isinstance(loop.mixing, Replace):
        wrong["the clock of Replace"] = {"mixing": Replace}
    rivals = {name: [first_order(loop, when, size, **change) for size in sizes]
              for name, change in wrong.items()}  # fmt: skip
    if isinstance(loop.mixing, Replace):
        rivals["one fit more"] = [first_order(loop, when + 1, size) for size in sizes]
    right = [first_order(loop, when, size) for size in sizes]
    return Confrontation(loop, observable, (when,), right, rivals, 20_000, scale=sizes)


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """E KL(real ‖ model) of a Gaussian to first order in 1/n."""
    known = isinstance(what, KLDivergence) and not (loop.family.types or theorem.applies(loop))
    return loss.subs({w: clock[type(loop.mixing)], d: parameters(loop)}) if known else None


theorem = Theorem(
    name="first_order_loss",
    title="The first-order loss of every regular model",
    kind=Asymptotic(1),
    assumptions=(
        "a well-specified regular model with d free parameters, fitted by maximum likelihood",
        "n → ∞ at fixed g; started at the truth; n points in a generation (new ones, where the "
        "pool grows)",
        "either direction of KL, where it is finite: of types KL(model ‖ real) only, d = K - 1, "
        "with the exact v_g of the mixing",
        "fixed: n_r = (1-α)n real points that stay, α < 1",
    ),
    reference="accumulate: Gerstgrasser et al. 2024, Dey & Donoho 2024; the others: no earlier "
    "statement known",
    cites=("gerstgrasser2024", "dey2024"),
    statement=statement,
    proof=proof,
    applies=only(tuple(clock), family=(Categorical, Gaussian, MultivariateGaussian), start=Truth),
    formula=formula,
    confrontations=confrontations,
)
