"""One-parameter families known by their variance function alone, for proofs.

They have a claim but no definition: nothing can be drawn from them, and nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import sympy as sp

from hallofillusions.derivations._shared import only
from hallofillusions.families._natural import NaturalFamily
from hallofillusions.families.bernoulli import Bernoulli
from hallofillusions.families.binomial import Binomial
from hallofillusions.families.gamma import Gamma
from hallofillusions.families.gaussian_mean import GaussianMean
from hallofillusions.families.hyperbolic_secant import HyperbolicSecant
from hallofillusions.families.negative_binomial import NegativeBinomial
from hallofillusions.families.poisson import Poisson
from hallofillusions.loop import FeedbackLoop
from hallofillusions.recursion import NotClosed, Recursion
from hallofillusions.symbols import failures, m_0, mu_0, n, p_0, shape, sigma_0, trials
from hallofillusions.theory import derive

v = sp.symbols("v_0:5", real=True)
MORRIS = (
    Binomial(trials, p_0), Bernoulli(p_0), Poisson(m_0), GaussianMean(mu_0, sigma_0**2),
    Gamma(m_0, shape), NegativeBinomial(m_0, failures), HyperbolicSecant(mu_0, shape),
)  # fmt: skip
"""All six families (and Bernoulli's), in symbols."""
SKEW = (Binomial(4, 0.2), Poisson(2), Gamma(2, 20), NegativeBinomial(8, 40), HyperbolicSecant(4, 8))
"""The five whose third cumulant is not 0, in numbers that leave E δ³ of a loop measurable."""


class _Claimed(NaturalFamily):
    """A variance function without a law."""

    def draw(self, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        raise NotImplementedError("a variance function alone cannot be sampled")

    def log_density(self, model: Any, points: Any) -> Any:
        raise NotImplementedError("a variance function alone has no density")


@dataclass(frozen=True, repr=False)
class QuadraticVariance(_Claimed):
    """V(m) = v₀ + v₁ m + v₂ m²."""

    mean: Any = m_0
    v_0: Any = v[0]
    v_1: Any = v[1]
    v_2: Any = v[2]

    def curve(self) -> Sequence[Any]:
        return self.at.v_0, self.at.v_1, self.at.v_2


@dataclass(frozen=True, repr=False)
class CubicVariance(QuadraticVariance):
    """V(m) = v₀ + … + v₃ m³."""

    v_3: Any = v[3]

    def curve(self) -> Sequence[Any]:
        return *super().curve(), self.at.v_3


@dataclass(frozen=True, repr=False)
class QuarticVariance(CubicVariance):
    """V(m) = v₀ + … + v₄ m⁴."""

    v_4: Any = v[4]

    def curve(self) -> Sequence[Any]:
        return *super().curve(), self.at.v_4


@dataclass(frozen=True, repr=False)
class NormalNoise(QuadraticVariance):
    """The rival that keeps V and forgets all higher cumulants."""

    def cumulants(self, order: int) -> list[list[Any]]:
        found = super().cumulants(order)
        return [c if r < 2 else [0] for r, c in enumerate(found)]


def curve_of(family: Any) -> tuple[Any, Any, Any]:
    """(v₀, v₁, v₂) of a family whose V is quadratic, in its own symbols or numbers."""
    zeroth, first, second = map(sp.sympify, family.curve())
    return zeroth, first, second


def variance_at(family: Any, mean: Any) -> Any:
    """V(m) of a family, in its own symbols or numbers."""
    return sp.expand(sum(sp.sympify(c) * mean**i for i, c in enumerate(family.curve())))


def moments(kappa: list[Any]) -> list[Any]:
    """E m'^k given m, k = 0 … order, with the cumulants κ_r/n^{r-1} of a mean of n points."""
    found: list[Any] = [sp.Integer(1)]
    for order in range(1, len(kappa) + 1):
        found.append(sp.expand(sum(
            comb(order - 1, j) * kappa[j] / n**j * found[order - 1 - j] for j in range(order)
        )))  # fmt: skip
    return found


def refused(loop: FeedbackLoop) -> str:
    """The monomial at which the engine gives up at order 2; nothing where it does not."""
    try:
        derive(loop, 2)
    except NotClosed as error:
        return error.monomial
    return ""


def heaviest(recursion: Recursion) -> int:
    """The largest weight of a monomial that a recursion tracks."""
    return max(sum(w * p for w, p in zip(recursion.weights, powers, strict=True))
               for powers in recursion.basis)  # fmt: skip


def weight(polynomial: Any, names: Sequence[Any], weights: Sequence[int]) -> int:
    """The weight of a polynomial in coordinates of these weights."""
    powers = sp.Poly(polynomial, *names).monoms()
    return max(sum(w * p for w, p in zip(weights, one, strict=True)) for one in powers)


def quadratic(*mixings: type[Any]) -> Callable[[FeedbackLoop], str | None]:
    """The condition: one of the mixings, from the truth, with any family of quadratic variance."""
    condition = only(mixings, family=object)

    def applies(loop: FeedbackLoop) -> str | None:
        family = loop.family
        if not (isinstance(family, NaturalFamily) and family.closes):
            return f"family must have one parameter and a quadratic variance, got {family!r}"
        return condition(loop)

    return applies
