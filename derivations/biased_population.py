r"""A biased sampler at infinite n: a variance that lasts, and its tails.

Without noise σ² obeys σ²' = αλσ² + (1-α)σ₀².  It settles at (1-α)/(1-αλ) of the real variance, at
the rate αλ, and the model's tail is that of one Gaussian.  At finite n all this is off by O(1/n):
the moments of the limit are those of a number, not of a random variable.
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
from hallofillusions.derivations._biases import BIASES, factor, numbers
from hallofillusions.derivations._replace import for_large_n
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.derivations.biased_loop import keeps, q
from hallofillusions.derivations.biased_loop import rest as at_finite_n
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, in_greek
from hallofillusions.symbols import alpha, g, lam, sigma_0, t
from hallofillusions.theory import derive

FRESH = (FreshSplit, FreshMixture)
BOTH = (MaximumLikelihood, Bessel)
rest = (1 - alpha) / (1 - alpha * lam)
share = rest + (1 - rest) * (alpha * lam) ** g
"""σ²_g/σ₀²; under Replace, α = 1, it is λ^g."""
kept = sp.Symbol("s_{g}", positive=True)
tail = sp.erfc(t / sp.sqrt(2 * kept))
"""P(|X - μ_g| > tσ₀) of the model, with s_g = σ²_g/σ₀²."""


def statement() -> list[Any]:
    mass = sp.Symbol(r"{P(|X-\mu_g|>t\sigma_0)}")
    return [
        equal(kept, share), equal(mass, tail),
        equal(sp.Limit(kept, g, sp.oo), rest),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    for mixing in FRESH:
        for estimator in BOTH:
            loop = symbolic_loop(mixing(alpha), estimator=estimator(), bias=ScaleCovariance(lam))
            yield from _sure(loop)
            finite = at_finite_n.subs(q, keeps[mixing, estimator])
            name = f"{mixing.__name__}, {estimator.__name__}"
            yield Step(f"{name}: S_∞ of every n tends to the limit", for_large_n(finite), rest)
    x, s = sp.symbols("x s", positive=True)
    bell = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)  # of x/√s
    outside = 2 * sp.integrate(bell, (x, t, sp.oo)).subs(t, t / sp.sqrt(s))
    yield Step("the mass of N(0, s) beyond t", outside, tail.subs(kept, s).rewrite(sp.erf))
    yield Step("a cold sampler takes more of the tails at every step", sp.factor(
        sp.diff(tail, kept) / sp.exp(-(t**2) / (2 * kept))).is_positive, True)  # fmt: skip


def _sure(loop: FeedbackLoop) -> Iterator[Step]:
    """n → ∞: E σ⁴ = (E σ²)² and E δ² = 0 obey the limit of the recursion of order 4."""
    recursion = derive(loop, 4)
    C, c = recursion.matrix().applyfunc(for_large_n), recursion.constant().applyfunc(for_large_n)
    moments = [_sure_value(recursion, powers) for powers in recursion.basis]
    column = sp.Matrix([m.subs(g, g - 1) for m in moments])
    stepped = C * column + c
    start = recursion.initial()
    name = f"{loop.mixing!r}, {loop.estimator!r}"
    for i, monomial in enumerate(map(in_greek, recursion.names)):
        yield Step(f"{name}: {monomial} at infinite n", stepped[i], moments[i])
        yield Step(f"{name}: {monomial} at the truth", start[i], moments[i].subs(g, 0))


def _sure_value(recursion: Any, powers: tuple[int, ...]) -> Any:
    """The monomial where δ = 0 and σ² = σ²_g for sure."""
    exponents = dict(zip(recursion.coordinates, powers, strict=True))
    return (sigma_0**2 * share) ** exponents["v"] * (0 if exponents["delta"] else 1)


def confrontations() -> list[Confrontation]:
    split, mixed = FreshSplit(Fraction(4, 5)), FreshMixture(Fraction(4, 5))
    return [
        *_attack(FeedbackLoop(Gaussian(1, 2), mixing=split, n=40, bias=ScaleCovariance(0.7))),
        *_attack(FeedbackLoop(Gaussian(1, 2), mixing=mixed, n=40, bias=Temperature(1.2))),
        *_attack(FeedbackLoop(Gaussian(1, 2), mixing=split, n=40, bias=Truncation(1.5)),
                 (40, 80, 160), 20_000),
    ]  # fmt: skip


def _attack(
    loop: FeedbackLoop, sizes: tuple[int, ...] = (40, 160, 640), replicates: int = 100_000
) -> Iterator[Confrontation]:
    """The error at these n falls like 1/n."""
    late = 4

    def value(observable: Any, of: FeedbackLoop, when: int) -> Any:
        found = numbers(share, of, (when,))
        if isinstance(observable, TailMass):
            values = {str(t): observable.t, str(kept): found}
            return np.repeat(numbers(tail, of, (when,), **values), len(sizes))
        return np.repeat(2 * found, len(sizes))

    others = {"bias ignored": replace(loop, bias=ScaleCovariance(1)),
              "a temperature of 0.9": replace(loop, bias=Temperature(0.9))}  # fmt: skip
    for observable in (Variance(), TailMass(1.0)):
        rivals = {name: value(observable, other, late) for name, other in others.items()}
        rivals["index off by one"] = value(observable, loop, late + 1)
        yield Confrontation(loop, observable, (late,), value(observable, loop, late), rivals,
                            replicates=replicates, scale=sizes)  # fmt: skip


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """The tail about the model's mean where n is infinite."""
    if not isinstance(what, TailMass) or what.about != "model" or theorem.applies(loop):
        return None
    return tail.subs({kept: share, t: what.t}).subs(lam, factor(loop.bias))


theorem = Theorem(
    name="biased_population",
    title="A biased sampler at infinite n: the variance that lasts, and its tail",
    kind=Asymptotic(order=1),
    assumptions=(
        "n → ∞, error O(1/n) at every fixed g; a bias that keeps the model's mean and multiplies "
        "its variance by λ, such as a cut with its λ",
        "fresh real points, exactly or on average the share 1-α; either divisor",
        "started at the truth; the limit g → ∞ where αλ < 1, else the variance grows without end",
    ),
    reference="Alemohammad et al. 2023 (λ^g under Replace); with fresh data: no earlier statement "
    "known",
    cites=("alemohammad2023",),
    statement=statement,
    proof=proof,
    applies=only(FRESH, estimator=BOTH, bias=BIASES),
    formula=formula,
    confrontations=confrontations,
)
