"""The whole law of the variance under Replace, and what a typical run shows.

σ_g² is σ₀² times g independent χ²_{n-1}/D, so its distribution function is a Mellin-Barnes
integral.  Its median falls like e^{g E log(χ²/D)} while its mean stays or falls slowly: the
*mean* tail mass can exceed the real one while the *median* tail mass is practically zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._replace import (
    D,
    biased,
    chain,
    in_symbols,
    lam,
    log_of,
    mellin_law,
    nu,
    numbers,
    other_ddof,
    s,
)
from hallofillusions.derivations.gaussian_log_variance import drift, spread
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.derivations.gaussian_tail_mass import one, point
from hallofillusions.derivations.power_law_tail import q
from hallofillusions.derivations.power_law_tail import typical as typical_tail
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Law
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, VarianceQuantile
from hallofillusions.observables.median import Median
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, sigma_0, t

x = sp.Symbol("x", positive=True)
threshold = x / sigma_0**2 * (D / (2 * lam)) ** g


def statement() -> list[Any]:
    c, y = sp.symbols("c y", positive=True)
    line = (s, c - sp.I * sp.oo, c + sp.I * sp.oo)
    inversion = sp.Integral(y**-s / s * one**g, line) / (2 * sp.pi * sp.I)
    above = sp.Symbol(r"\mathrm{P}(\hat\sigma_g^2>x)")
    return [
        equal(above, inversion),
        equal(y, threshold.subs(lam, 1)),
    ]


def proof() -> Iterator[Step]:
    y, w, kappa = sp.symbols("y w kappa", positive=True)
    chi = sp.uppergamma(kappa, y) / sp.gamma(kappa)
    density = y ** (kappa - 1) * sp.exp(-y) / sp.gamma(kappa)
    yield Step("g = 1: the survival function of χ²/2", chi.diff(y), -density)
    shifted = over_half_line(y**w * density, y) / w
    yield Step("by parts, its Mellin transform is E (χ²/2)^s over s",
               shifted.subs({kappa: nu / 2, w: s}), one / s)  # fmt: skip
    scale = sp.expand_log(sp.log(threshold * sigma_0**2 / x), force=True)
    moved = sp.expand(log_of(m).diff(s) - log_of(one).diff(s))
    yield Step("each fit scales by 2λ/D", -g * moved, scale, sp.expand)
    first, second = (log_of(one).diff(s, k).subs(s, 0) for k in (1, 2))
    yield Step("mean of log σ² by the same transform", first + moved, drift.rewrite(sp.polygamma),
               lambda e: sp.expand_log(e, force=True))  # fmt: skip
    yield Step("and its variance", second, spread)
    mean, median, real = typical()
    yield Step("n = g = 100, MLE: the mean tail beyond 3 is above the real one", mean > real, True)
    yield Step("while half of all runs have less than 1e-15 of it", median < 1e-15, True)


def typical() -> tuple[float, float, float]:
    """Mean and median tail mass beyond 3 about the own mean at n = g = 100, MLE; the real one."""
    loop, tail = FeedbackLoop(family=Gaussian(), mixing=Replace(), n=100), TailMass(3.0, "model")
    mean = mellin_law(loop, m, 100, point).survival(2 * np.log(3.0) - np.log(2.0))
    variance = np.exp(mellin_law(loop, m, 100).quantile(0.5))
    median, real = (tail.given_variance(loop.family, v) for v in (variance, 1.0))
    return float(mean), float(median), float(real)


def provides(loop: FeedbackLoop, functional: Functional) -> Any:
    """Quantiles of σ² by one contour integral for each g."""
    if not isinstance(functional, VarianceQuantile) or chain(loop):
        return None

    def law(when: Any) -> Any:
        laws = (mellin_law(loop, m, int(k)) for k in np.ravel(when))
        return np.exp([float(law.quantile(functional.probability)) for law in laws])

    return law


product_quantile = sp.Function("gamma_product_quantile")
"""(p, κ, m) -> log of the p-quantile of a product of m independent gamma variables of shape κ."""


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """Quantiles of σ² from the truth, and the median of a tail mass about the own mean."""
    if isinstance(what, Median) and isinstance(what.of, TailMass) and what.of.about == "model":
        share = formula(loop, VarianceQuantile(what.probability))
        return None if share is None else typical_tail.subs({t: what.of.t, q: share / sigma_0**2})
    if not isinstance(what, VarianceQuantile) or biased(loop):
        return None
    scale = -sp.expand_log(sp.log(threshold.subs(x, 1)), force=True)
    log_y = product_quantile(sp.Rational(what.probability), nu / 2, g)
    return in_symbols(sp.exp(scale + log_y), loop)


@lru_cache(maxsize=32)
def _table(loop: FeedbackLoop, generation: int) -> Callable[[Any], Any]:
    """The distribution function of log σ²_g, by a spline that is good to 1e-6."""
    from scipy.interpolate import CubicSpline

    law = mellin_law(loop, m, generation)
    mean, deviation = law.log_moments()
    grid = mean + deviation * np.linspace(-12, 6, 241)
    spline = CubicSpline(grid, law.cdf(grid))
    return lambda logs: np.clip(spline(np.clip(logs, grid[0], grid[-1])), 0.0, 1.0)


def distribution(loop: FeedbackLoop, generation: int) -> Callable[[Any], Any]:
    """The distribution function of σ²_g."""
    return lambda values: _table(loop, generation)(np.log(values))


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, generation in (
        (3, MaximumLikelihood(), 2),
        (5, Bessel(), 3),
        (10, MaximumLikelihood(), 4),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        rivals = {
            "the other ddof": distribution(other_ddof(loop), generation),
            "index off by one": distribution(loop, generation + 1),
        }
        if size == 3:
            rivals["a normal logarithm"] = _lognormal(loop, generation)
        found.append(
            Confrontation(loop, Variance(), (generation,), distribution(loop, generation), rivals)
        )
    return found


def _lognormal(loop: FeedbackLoop, generation: int) -> Callable[[Any], Any]:
    from scipy.special import ndtr

    family: Any = loop.family
    mean = np.log(float(family.variance)) + numbers(g * drift, loop, generation)
    deviation = np.sqrt(numbers(g * spread, loop, generation))
    return lambda values: ndtr((np.log(values) - mean) / deviation)


theorem = Theorem(
    name="gaussian_variance_law",
    title="The law of the variance under Replace",
    kind=Law(),
    assumptions=(
        "each generation trains on n ≥ 2 points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood); 0 < c",
        "a bias that scales the covariance by λ divides y by λ^g",
        "any Gaussian start; for a schedule of n, a product over generations",
    ),
    reference="products of gamma variables: Springer & Thompson 1970; for the loop none known",
    cites=("springer1970",),
    statement=statement,
    proof=proof,
    applies=chain,
    provides=provides,
    formula=formula,
    confrontations=confrontations,
)
