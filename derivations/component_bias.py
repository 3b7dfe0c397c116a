r"""A biased sampler acts inside the components: what is between them stays.

With known labels and many points the weights and the means of the components stay what they are,
and each covariance obeys the law of a biased Gaussian loop, at the rate αλ.  So the total
covariance shrinks by what is within the components alone,

    Σ_g → s_g Σ_k w_k Σ_k + Σ_k w_k (μ_k - μ)(μ_k - μ)ᵀ,

however strong the bias: a mixture whose modes are apart hides it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations import drift_fresh_mixture, drift_fresh_split
from hallofillusions.derivations._biases import BIASES, numbers
from hallofillusions.derivations._component import LINE, PLANE, block, own
from hallofillusions.derivations._replace import for_large_n
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import p, q
from hallofillusions.derivations.biased_population import kept, rest, share
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.component_variance import ComponentVariance
from hallofillusions.observables.trace import Trace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import alpha, g, n

drifts: Any = {FreshSplit: drift_fresh_split.v_g, FreshMixture: drift_fresh_mixture.v_g}
inner, outer = sp.symbols("W B", positive=True)
total = kept * inner + outer
"""tr Σ_g of the whole mixture, with W and B what is within and between the real components."""


def statement() -> list[Any]:
    k = sp.Symbol("k", integer=True)
    w, Sigma = sp.IndexedBase("w"), sp.IndexedBase(r"\Sigma")
    each, every = sp.Symbol(r"\Sigma_{k,g}"), sp.Symbol(r"\Sigma_{g}")
    gaps = sp.Symbol(r"{(\mu_k-\mu)(\mu_k-\mu)^\top}")
    K = sp.Symbol("K", integer=True, positive=True)
    sums = {inner: sp.Sum(w[k] * Sigma[k], (k, 1, K)), outer: sp.Sum(w[k] * gaps, (k, 1, K))}
    return [
        equal(each, kept * Sigma[k]), equal(kept, share),
        equal(every, total.subs(sums)),
        equal(sp.Limit(kept, g, sp.oo), rest),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield Step("the share of synthetic points in a component is α", own.subs(q, p), alpha)
    for mixing, v_g in drifts.items():
        name = mixing.__name__
        for when in (1, 2, 5):
            yield Step(f"{name}: the weights stay, g = {when}", for_large_n(v_g.subs(g, when)), 0)
        A, b = (part.applyfunc(for_large_n) for part in block(mixing))
        error, variance = A * sp.Matrix([0, share]) + b
        yield Step(f"{name}: the means stay", error, 0)
        yield Step(f"{name}: the variances obey the law", variance, share.subs(g, g + 1))
        A, b = block(mixing)
        first = (A * sp.Matrix([0, 1]) + b)[1]
        yield Step(f"{name}: n_k points are off by 1/n_k", first / share.subs(g, 1), 1 - 1 / n,
                   sp.cancel)  # fmt: skip
    yield Step("they begin at the truth", share.subs(g, 0), 1)
    yield from parts()


def parts() -> Iterator[Step]:
    """The variance of a mixture of three is what is within and what is between them."""
    w = [*sp.symbols("w_1 w_2", positive=True)]
    w.append(1 - sum(w))
    mu, variance = sp.symbols("mu_1:4", real=True), sp.symbols("sigma_1:4", positive=True)
    mean = sum(a * m for a, m in zip(w, mu, strict=True))
    square = sum(a * (kept * v + m**2) for a, m, v in zip(w, mu, variance, strict=True))
    sums = {inner: sum(a * v for a, v in zip(w, variance, strict=True)),
            outer: sum(a * (m - mean) ** 2 for a, m in zip(w, mu, strict=True))}  # fmt: skip
    yield Step("within and between", square - mean**2, total.subs(sums))


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    split, mixed = FreshSplit(Fraction(4, 5)), FreshMixture(Fraction(4, 5))
    cases: tuple[tuple[Any, ...], ...] = (
        (LINE, split, ScaleCovariance(0.7), 4, (60, 240, 960), 40_000),
        (PLANE, mixed, Temperature(1.3), 4, (80, 320, 1280), 12_000),
        (LINE, split, Truncation(1.5), 2, (40, 80, 160), 10_000),
    )
    return [attack for case in cases for attack in _attacks(*case)]


def _attacks(
    family: Any, mixing: Any, bias: Any, late: int, sizes: tuple[int, ...], runs: int
) -> Iterator[Confrontation]:
    """The error at these n falls like 1/n."""
    loop = FeedbackLoop(family, mixing=mixing, n=sizes[0], bias=bias, estimator=KnownLabels())
    real = family.parameters()
    inside = float(real["weight"] @ np.trace(real["covariance"], axis1=1, axis2=2))
    own_parts = {"W": inside, "B": float(np.trace(family.covariance)) - inside}
    wrong = {"bias ignored": (replace(loop, bias=Unbiased()), late),
             "a temperature of 0.9": (replace(loop, bias=Temperature(0.9)), late),
             "index off by one": (loop, late + 1)}  # fmt: skip

    def law(expression: Any, of: FeedbackLoop, when: int, **other: float) -> Any:
        values = {str(kept): numbers(share, of, (when,)), **own_parts, **other}
        return np.repeat(numbers(expression, of, (when,), **values), len(sizes))

    for observable, expression in ((ComponentVariance(1), kept), (Trace(), total)):
        rivals = {name: law(expression, *case) for name, case in wrong.items()}
        if expression is total:
            whole = sum(own_parts.values())
            rivals["what is between shrinks too"] = law(kept * whole, loop, late)
        right = law(expression, loop, late)
        yield Confrontation(loop, observable, (late,), right, rivals, replicates=runs, scale=sizes)


theorem = Theorem(
    name="component_bias",
    title="A biased sampler acts inside the components, and leaves what is between them",
    kind=Asymptotic(order=1),
    assumptions=(
        "known labels; n → ∞, with an error of relative order 1/(n w_k) at every fixed g",
        "a bias that keeps each component's mean and weight and multiplies its covariance by λ",
        "fresh real points, exactly or on average the share 1-α",
        "started at the truth; the limit g → ∞ where αλ < 1",
    ),
    reference="of one Gaussian: Alemohammad et al. 2023; of components: no earlier statement known",
    cites=("alemohammad2023",),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), family=GaussianMixture, estimator=KnownLabels,
                 bias=BIASES),
    confrontations=confrontations,
)  # fmt: skip
