"""Every moment of the variance under Replace, by its Mellin transform.

σ²_g is σ²_0 times g independent χ²_{n-1}/D, and a moment of a product of independent factors is
the product of their moments:

    E σ_g^{2s} = σ_0^{2s} [(2/D)^s Γ((n-1)/2 + s) / Γ((n-1)/2)]^g,      s > -(n-1)/2,

infinite otherwise.  The wandering mean brings one more sum, which closes for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._integrals import normal_mean, over_half_line
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    along,
    at,
    biased,
    chain,
    gammasimp,
    in_symbols,
    lam,
    last,
    log_of,
    named,
    nu,
    numbers,
    other_ddof,
    s,
    start_of,
    summed,
    symbolic,
    under,
)
from hallofillusions.derivations._shared import predicted
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, Monomial
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.observables.standard_deviation import StandardDeviation
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, n, sigma_0
from hallofillusions.theory import derive

m = (2 * lam / D) ** s * sp.gamma(nu / 2 + s) / sp.gamma(nu / 2)  # one generation
r = lam * (nu + 2 * s) / D  # m(s + 1) / m(s)
moment = sigma_0 ** (2 * s) * m**g
walk = sigma_0**2 * lam / n * (r**g - 1) / (r - 1)  # E[(μ_g-μ₀)² σ_g^{2s}] / E σ_g^{2s}


def statement() -> list[Any]:
    power, joint = named(r"\hat\sigma_g^{2s}"), named(r"(\hat\mu_g-\mu_0)^2\hat\sigma_g^{2s}")
    ratio = sp.Symbol("r")
    return [
        equal(power, moment.subs(lam, 1)),
        equal(joint, power * walk.subs(lam, 1).subs(r.subs(lam, 1), ratio)),
        equal(ratio, r.subs(lam, 1)),
    ]


def proof() -> Iterator[Step]:
    x, z, v, delta = sp.symbols("x z v delta", positive=True)
    shape = sp.Symbol("nu", positive=True) / 2
    density = x ** (shape - 1) * sp.exp(-x / 2) / (2**shape * sp.gamma(shape))
    integral = over_half_line((lam * x / D) ** s * density, x)
    yield Step("Mellin transform of λ χ²/D", integral.subs(shape, nu / 2), m, gammasimp)
    yield Step("base case", moment.subs(g, 0), sigma_0 ** (2 * s))
    yield Step("one more independent factor", moment.subs(g, g + 1), moment * m)
    yield Step("ratio of neighbouring moments", m.subs(s, s + 1) / m, r, gammasimp)
    stride = normal_mean((delta + sp.sqrt(lam * v / n) * z) ** 2, z)
    yield Step("a stride of the mean is independent of χ²", stride, delta**2 + lam * v / n)
    M, R = sp.symbols("M R", positive=True)  # m and r as plain numbers
    sums = sigma_0**2 * lam / n * (R**g - 1) / (R - 1)
    power, above = M**g, sigma_0**2 * (M * R) ** g  # E σ^{2s} and E σ^{2s+2} over σ_0^{2s}
    yield Step("base case of the walk", sums.subs(g, 0), 0)
    yield Step("step of the walk", (power * sums).subs(g, g + 1),
               M * (power * sums + lam / n * sp.expand_power_base(above, force=True)))  # fmt: skip
    yield Step("r is what the walk sums", sums.subs(R, r), walk)
    first, second = (r.subs(s, k) for k in (0, 1))
    yield Step("s = 1", m.subs(s, 1), first, gammasimp)
    yield Step("s = 2", m.subs(s, 2), first * second, gammasimp)
    for estimator in BOTH:
        claim = {
            "v": sigma_0**2 * first**g,
            "v^2": sigma_0**4 * first**g * second**g,
            "delta^2 v": sigma_0**2 * first**g * walk.subs(s, 1),
        }
        recursion = derive(symbolic(estimator), monomials=[{"v": 1}, {"delta": 2, "v": 1}])
        here = {name: c.subs(D, DIVISORS[estimator]) for name, c in claim.items()}
        yield from under(estimator, induction(recursion, here))


def provides(loop: FeedbackLoop, functional: Functional) -> Any:
    """E[(μ-μ₀)^d σ^{2s}] for d = 0, 2 and any real s, at any schedule of n."""
    powers = dict(functional.powers) if isinstance(functional, Monomial) else {"x": 1.0}
    if not set(powers) <= {"delta", "v"} or powers.get("delta", 0) not in (0, 2) or chain(loop):
        return None
    exponent = powers.get("v", 0.0)

    def law(when: Any) -> Any:
        table = log_moment(loop, exponent, last(when))
        if "delta" in powers:
            table = table + log_walk(loop, exponent, last(when))
        return at(np.exp(np.where(_diverged(loop, exponent, last(when)), np.inf, table)), when)

    return law


geometric_sum = sp.Function("geometric_sum")
"""(r, g) -> (r^g - 1)/(r - 1), which is g where r = 1."""


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """E[(μ-μ₀)^d σ^{2s}] from the truth, by logarithms of the gamma functions."""
    powers = dict(what.powers) if isinstance(what, Monomial) else {"x": 1.0}
    if not set(powers) <= {"delta", "v"} or powers.get("delta", 0) not in (0, 2) or biased(loop):
        return None
    ratio = sp.Dummy()
    stride = walk.subs(r, ratio) * (ratio - 1) / (ratio**g - 1)  # what the sum multiplies
    wandered = stride * geometric_sum(r, g) if "delta" in powers else 1
    value = sp.exp(g * log_of(m)) * sigma_0 ** (2 * s) * wandered
    begin = moment.subs(g, 0) * (0 if "delta" in powers else 1)
    exponent = sp.Rational(powers.get("v", 0))
    parts = (in_symbols(e, loop).subs(s, exponent) for e in (begin, value, nu / 2 + s))
    begin, value, order = parts
    return sp.Piecewise((begin, sp.Eq(g, 0)), (value, order > 0), (sp.oo, True))


def log_moment(loop: FeedbackLoop, exponent: float, generations: int) -> Any:
    """log E σ_g^{2s} at g = 0 … ``generations``: what the generations contribute, added up."""
    own = exponent * np.log(start_of(loop)[1])
    return own + summed(log_of(m), loop, generations, s=exponent)


def log_walk(loop: FeedbackLoop, exponent: float, generations: int) -> Any:
    """log of E[(μ_g-μ₀)² σ_g^{2s}] / E σ_g^{2s}: for constant n the geometric sum ``walk``."""
    shift, variance = start_of(loop)
    ratios = summed(sp.log(r), loop, generations, s=exponent)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):  # no number where the moment is infinite
        strides = np.log(variance) + along(sp.log(lam / n), loop, generations) + ratios
        return np.logaddexp.accumulate(np.append(2 * np.log(abs(shift)), strides))


def _diverged(loop: FeedbackLoop, exponent: float, generations: int) -> Any:
    """Whether the moment is infinite at g = 0 … ``generations``: some s ≤ -(n-1)/2."""
    return np.append(0, np.cumsum(along(nu / 2 + s, loop, generations, s=exponent) <= 0)) > 0


def confrontations() -> list[Confrontation]:
    real, found = Gaussian(1, 2), []
    for estimator, size, when, observable, power in (
        (MaximumLikelihood(), 3, (1, 2, 5), StandardDeviation(), 0.5),
        (Bessel(), 10, (1, 3, 10), StandardDeviation(), 0.5),
        (Bessel(), 20, (1, 2, 3), SquaredVariance(), 2.0),
    ):
        loop = FeedbackLoop(family=real, mixing=Replace(), n=size, estimator=estimator)
        rivals = {
            "the other ddof": predicted(other_ddof(loop), observable, when),
            "index off by one": numbers(moment, loop, [t + 1 for t in when], s=power),
            "n = infinity": np.full(len(when), 2.0**power),
        }
        values = numbers(moment, loop, when, s=power)
        found.append(Confrontation(loop, observable, when, values, rivals))
    return [*found, _schedule()]


def _schedule() -> Confrontation:
    """Sizes that change, a biased sampler and a faithful first fit."""
    loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=(5, 3, 8),
                        bias=ScaleCovariance(0.9), start=FirstFit())  # fmt: skip
    when, observable = (1, 2, 3), StandardDeviation()
    wrong = {
        "the bias acts at once": replace(loop, start=Truth()),
        "the sizes in another order": replace(loop, n=(3, 5, 8)),
        "the other ddof": other_ddof(loop),
    }
    rivals = {name: predicted(rival, observable, when) for name, rival in wrong.items()}
    return Confrontation(loop, observable, when, predicted(loop, observable, when), rivals)


theorem = Theorem(
    name="gaussian_moments",
    title="All moments of the variance under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood)",
        "s > -(n-1)/2, else the moment is infinite; where r = 1 the sum (r^g-1)/(r-1) is g",
        "a bias that scales the covariance by λ multiplies the bracket and r by λ^s and λ",
        "any Gaussian start in place of σ₀; for a schedule of n, a product over generations",
    ),
    reference="E σ_g alone: Bertrand et al. 2024",
    cites=("bertrand2024",),
    statement=statement,
    proof=proof,
    applies=chain,
    provides=provides,
    formula=formula,
    confrontations=confrontations,
)
