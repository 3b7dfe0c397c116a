"""Mixtures in symbols: an M-step as sums over points, a mixture's totals, labelled points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import sympy as sp
from sympy.core.function import AppliedUndef

from hallofillusions.algebra import Atoms
from hallofillusions.derivations._projection import entry
from hallofillusions.derivations._types import P
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.mixing.base import Mixing
from hallofillusions.symbols import alpha, n

K = 3
"""Components written out: the last may stand for any number of them."""


@dataclass(frozen=True, repr=False)
class Symbolic(GaussianMixture):
    """Three components in ``size`` dimensions whose weights and total covariance are symbols.

    It has a claim alone: what is proved of it holds for all mixtures, and indeed for all real
    laws with that covariance.
    """

    size: int = 2
    structure: ClassVar[tuple[str, ...]] = (*GaussianMixture.structure, "size")

    def __post_init__(self) -> None:
        self._set(weights=(*P[: K - 1], 1 - sum(P[: K - 1])))

    @property
    def dimension(self) -> int:
        return self.size

    @property
    def covariance(self) -> Any:
        order = range(1, self.size + 1)
        return [[entry(min(i, j), max(i, j)) for j in order] for i in order]


# -- one component's sums over the points, r_i its shares of them ----------------------------------

A = sp.Symbol("A", positive=True)  # Σ r_i
X = sp.symbols("x_1 x_2", real=True)  # a point
B = sp.symbols("B_1 B_2", real=True)  # Σ r_i x_i
C = dict(zip(((0, 0), (0, 1), (1, 1)), sp.symbols("C_11 C_12 C_22"), strict=True))  # Σ r_i x_i x_iᵀ
PAIRS = tuple(C)


def summed(function: Any, size: Any = A) -> Any:
    """Σ r_i f(x_i) of a quadratic f, which is linear in f."""
    known: dict[tuple[int, ...], Any] = {(0, 0): size, (1, 0): B[0], (0, 1): B[1], (2, 0): C[0, 0],
                                         (1, 1): C[0, 1], (0, 2): C[1, 1]}  # fmt: skip
    return sum(c * known[powers] for powers, c in sp.Poly(sp.expand(function), *X).terms())


def about(centre: Any, i: int, j: int) -> Any:
    """An entry of (x - centre)(x - centre)ᵀ."""
    return (X[i] - centre[i]) * (X[j] - centre[j])


# -- the mixture of K components -------------------------------------------------------------------

W = sp.symbols("w_1:3", positive=True)
WEIGHTS = (*W, 1 - sum(W))
MEANS = tuple(sp.symbols(f"m_{k}1 m_{k}2", real=True) for k in range(1, K + 1))
COVARIANCES: tuple[Mapping[tuple[int, int], Any], ...] = tuple(
    {(i, j): sp.Symbol(f"S_{k}{i + 1}{j + 1}", real=True) for i, j in PAIRS}
    for k in range(1, K + 1)
)


def mixed(each: Any) -> Any:
    """Σ w_k f(k)."""
    return sum(w * each(k) for k, w in enumerate(WEIGHTS))


TOTAL_MEAN = tuple(mixed(lambda k, i=i: MEANS[k][i]) for i in (0, 1))


def total(i: int, j: int, inside: Any = COVARIANCES) -> Any:
    """The total covariance Σ w_k (Σ_k + (μ_k - m)(μ_k - m)ᵀ)."""

    def part(k: int) -> Any:
        gap = [MEANS[k][a] - TOTAL_MEAN[a] for a in (i, j)]
        return inside[k][i, j] + gap[0] * gap[1]

    return mixed(part)


def products(i: int, j: int) -> Any:
    """Second moments of a point, Σ w_k (Σ_k + μ_k μ_kᵀ)."""
    return mixed(lambda k: COVARIANCES[k][i, j] + MEANS[k][i] * MEANS[k][j])


def reshaped(function: Any) -> Any:
    """Other covariances in place of Σ_k: ``function`` of Σ_k and the entry."""
    return [{place: function(own, *place) for place in PAIRS} for own in COVARIANCES]


# -- labelled points: their generating functions, exactly ------------------------------------------

T = sp.symbols("t_1:4", real=True)  # dual to the indicators 1_k
INSIDE = sp.symbols("s_1:4", real=True)  # dual to what else 1_k multiplies
CHANCES = {who: sp.symbols(f"{who}_1:3", positive=True) for who in ("p", "q", "a")}
"""Weights of the real law, of the sampler and in the memory; the last is what is left of 1."""


@dataclass(frozen=True)
class Transform:
    """A function of the dual variables, with the operators in which mixings write their claims."""

    value: Any

    def __add__(self, other: Transform) -> Transform:
        return Transform(self.value + other.value)

    def __mul__(self, factor: Any) -> Transform:
        return Transform(self.value * factor)

    __rmul__ = __mul__

    def log(self) -> Transform:
        return Transform(sp.log(self.value))

    def scaled(self, factor: Any) -> Transform:
        """t → factor · t."""
        return Transform(self.value.xreplace({t: factor * t for t in (*T, *INSIDE)}))

    def averaged(self, h: Any) -> Transform:
        """K(t) → K(ht)/h."""
        return self.scaled(h) * (1 / h)


@dataclass(frozen=True)
class LabelledLaw:
    """Points with labels, Σ_k m_k e^{t_k} G_k(s_k): whatever G_k; or their labels alone."""

    who: str
    inside: bool
    order: ClassVar[int] = 3  # of the umbra in AccumulateSubsample's claim

    @property
    def chances(self) -> tuple[Any, ...]:
        first = CHANCES[self.who]
        return (*first, 1 - sum(first))

    @property
    def M(self) -> Transform:
        within = [sp.Function(f"G_{self.who}{k}")(x) if self.inside else 1
                  for k, x in enumerate(INSIDE, start=1)]  # fmt: skip
        terms = zip(self.chances, T, within, strict=True)
        return Transform(sum(m * sp.exp(t) * G for m, t, G in terms))

    @property
    def K(self) -> Transform:
        return self.M.log()

    @property
    def linear(self) -> Transform:
        terms = zip(self.chances, T, sp.symbols(f"B_{self.who}1:4"), INSIDE, strict=True)
        return Transform(sum(m * t + B * s * int(self.inside) for m, t, B, s in terms))


def claims(mixing: Any, inside: bool) -> dict[str, Any]:
    """What a mixing claims of labelled points, or of labels: log E e^{t·means}, exactly."""
    laws = [LabelledLaw(who, inside) for who in CHANCES]
    named = {k: sp.Symbol(k, positive=True) for k in ("w", "H", "N", "p")}
    at = Atoms({**named, "alpha": alpha, "h": 1 / n})
    real, _, memory = laws
    found = {"the training set": mixing.claim(*laws, at)}
    if type(mixing).claim_first is not Mixing.claim_first:  # else the same with real points
        found["the first fit"] = mixing.claim_first(real, memory, at)
    if (pool := mixing.claim_memory(*laws, at)) is not None:
        found["the pool"] = pool
    return {what: claim.value for what, claim in found.items()}


def at_labels(value: Any) -> Any:
    """The dual variables of all but the indicators at 0."""
    return value.xreplace(dict.fromkeys(INSIDE, sp.Integer(0)))


def whole(value: Any) -> Any:
    """G_k(0) = 1: a component's points are points."""
    return value.replace(lambda e: isinstance(e, AppliedUndef), lambda e: sp.Integer(1))
