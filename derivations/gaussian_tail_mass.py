"""The tail that a generation leaves, exactly: a Meijer G-function.

A point X of model g lies σ_g Z from the model's own mean, and Z² σ_g² is a product of g + 1
independent gamma variables.  So P(|X - μ_g| > t σ₀) is the survival function of that product,
whose Mellin transform is a product of gamma functions; its inversion is the Mellin-Barnes
integral that defines the Meijer G-function.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    mellin_law,
    nu,
    other_ddof,
    s,
)
from hallofillusions.derivations._shared import predicted
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, Tail
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, n, t

y = sp.Symbol("y", positive=True)
one = sp.gamma(nu / 2 + s) / sp.gamma(nu / 2)  # E (χ²/2)^s
point = sp.gamma(s + sp.Rational(1, 2)) / sp.sqrt(sp.pi)  # E (Z²/2)^s
threshold = t**2 / 2 * (D / (2 * lam)) ** g


def meijer(*shapes: Any) -> Any:
    """P(product of independent gamma variables > y), in sympy's notation of the G-function."""
    scale = sp.Mul(*map(sp.gamma, shapes))
    return sp.meijerg([[], [1]], [[0, *shapes], []], y) / scale


def statement() -> list[Any]:
    c = sp.Symbol("c", positive=True)
    line = (s, c - sp.I * sp.oo, c + sp.I * sp.oo)
    inversion = sp.Integral(y**-s / s * point * one**g, line) / (2 * sp.pi * sp.I)
    tail = sp.Symbol(r"\mathrm{P}(|X_g-\hat\mu_g|>t\sigma_0)")
    return [
        equal(tail, sp.Function("S_g")(y)),
        equal(sp.Function("S_g")(y), inversion),
        equal(y, threshold.subs(lam, 1)),
        equal(sp.Function("S_1")(y), meijer(sp.Rational(1, 2), nu / 2)),
    ]


def proof() -> Iterator[Step]:
    x, z = sp.symbols("x z", positive=True)
    half, kappa = sp.Rational(1, 2), sp.Symbol("kappa", positive=True)
    w = sp.Symbol("w", positive=True)  # the real part of s, which lies right of 0
    normal = 2 * sp.integrate(sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi), (z, sp.sqrt(2 * y), sp.oo))
    yield Step("g = 0: a normal tail", normal, sp.erfc(sp.sqrt(y)), sp.expand_func)
    zeroth = sp.integrate(y ** (w - 1) * sp.erfc(sp.sqrt(y)), (y, 0, sp.oo), conds="none")
    yield Step("its Mellin transform", zeroth, point.subs(s, w) / w)
    density = x ** (kappa - 1) * sp.exp(-x) / sp.gamma(kappa)
    factor = over_half_line(x**w * density, x)
    yield Step("S_{g+1}(y) = E S_g(2y/χ²) multiplies the transform by E (χ²/2)^s",
               factor.subs({kappa: nu / 2, w: s}), one)  # fmt: skip
    scale = (t**2 / 2 / threshold) ** s  # Z² σ²/σ₀² over 2 is Π (χ²/2) (Z²/2) at this scale
    yield Step("the threshold y is t²/2 in these units",
               sp.expand_power_base((m / one) ** g, force=True),
               sp.expand_power_base(sp.powdenest(scale, force=True), force=True),
               sp.powsimp)  # fmt: skip
    found = sp.mellin_transform(meijer(half, kappa), y, w)[0]
    yield Step("g = 1: the G-function has this transform", found,
               (point * one).subs({nu: 2 * kappa, n: 2 * kappa + 1}).subs(s, w) / w)  # fmt: skip
    laplace = sp.integrate(density.subs(kappa, 1) * sp.erfc(sp.sqrt(y / x)), (x, 0, sp.oo))
    yield Step("n = 3, g = 1, averaged over χ²: a Laplace law", laplace.rewrite(sp.exp),
               sp.exp(-2 * sp.sqrt(y)))  # fmt: skip
    yield Step("and so says the G-function", sp.hyperexpand(meijer(half, sp.Integer(1))).rewrite(
        sp.exp), sp.exp(-2 * sp.sqrt(y)))  # fmt: skip
    integrand = y**-s / s * sp.gammasimp((point * one).subs(n, 3))
    for k in range(4):  # the contour closed to the left picks up the poles at s = -k/2
        pole = -sp.Rational(k, 2)
        series = (-2 * sp.sqrt(y)) ** k / sp.factorial(k)
        yield Step(f"residue at s = {pole}", sp.residue(integrand, s, pole), series)


def provides(loop: FeedbackLoop, functional: Functional) -> Any:
    """The expected tail about the model's own mean, by one contour integral for each g."""
    if not isinstance(functional, Tail) or functional.about != "model" or chain(loop):
        return None
    family: Any = loop.family
    log_square = np.log(functional.t**2 / 2 * float(family.variance))

    def law(when: Any) -> Any:
        return np.array([float(mellin_law(loop, m, int(k), point).survival(log_square))
                         for k in np.ravel(when)])  # fmt: skip

    return law


product_tail = sp.Function("gamma_product_tail")
"""(log y, κ, m, κ', m') -> P(m gamma variables of shape κ times m' of shape κ' > y)."""


def formula(loop: FeedbackLoop, what: Any) -> Any:
    """The expected tail about the model's own mean, from the truth."""
    if not isinstance(what, Tail) or what.about != "model" or biased(loop):
        return None
    log_y = sp.expand_log(sp.log(threshold.subs(t, what.t)), force=True)
    return in_symbols(product_tail(log_y, sp.Rational(1, 2), 1, nu / 2, g), loop)


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, x, when in (
        (3, MaximumLikelihood(), 1.0, (1, 2, 5)),
        (3, Bessel(), 2.0, (1, 2, 5)),
        (10, Bessel(), 2.0, (1, 5, 20)),
        (25, MaximumLikelihood(), 2.0, (1, 5, 25)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        observable = TailMass(x, "model")
        values = predicted(loop, observable, (0, *when, *(k + 1 for k in when)))
        rivals = {
            "the other ddof": predicted(other_ddof(loop), observable, when),
            "index off by one": values[1 + len(when) :],
            "n = infinity": np.full(len(when), values[0]),
        }
        now = values[1 : 1 + len(when)]
        found.append(Confrontation(loop, observable, when, now, rivals, 100_000))
    return found


theorem = Theorem(
    name="gaussian_tail_mass",
    title="Tail mass about the model's own mean under Replace: a Meijer G-function",
    kind=Exact(),
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
