"""What an observable must say, and the functionals in which its expectation is written.

An observable's *definition* measures one model.  Its *claim* writes the expectation over models
as a combination of functionals: monomials of the model's coordinates, which a recursion may
hold, or named primitives (``E log σ²``, a tail, a quantile), for which a theorem is looked up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..component import Component
from ..symbols import InputError


@dataclass(frozen=True)
class Functional:
    """One expectation over the models of a generation."""


@dataclass(frozen=True)
class Monomial(Functional):
    """E Π x^p over the named coordinates; any real powers.  No powers: the constant 1."""

    powers: tuple[tuple[str, float], ...] = ()

    @property
    def polynomial(self) -> bool:
        """Whether all powers are whole and not negative."""
        return all(p >= 0 and p == int(p) for _, p in self.powers)

    def __mul__(self, other: Monomial) -> Monomial:
        total = dict(self.powers)
        for name, p in other.powers:
            total[name] = total.get(name, 0) + p
        return Monomial(tuple(sorted(total.items())))

    def __str__(self) -> str:
        parts = [_written(n) + (f"^{p:g}" if p != 1 else "") for n, p in self.powers]
        return f"E[{' '.join(parts) or '1'}]"


def _written(name: str) -> str:
    """A coordinate in Greek: ``delta`` is μ-μ₀, ``v`` is σ², ``v_1_2`` is Σ_12."""
    head, *places = name.split("_")
    if places and head in ("delta", "v"):
        digits = "".join(places) if max(map(len, places)) == 1 else ",".join(places)
        return f"(μ-μ₀)_{digits}" if head == "delta" else f"Σ_{digits}"
    return {"delta": "(μ-μ₀)", "v": "σ²"}.get(name, name)


@dataclass(frozen=True)
class LogVarianceRatio(Functional):
    """E log(σ²/σ₀²); in d dimensions E log(det Σ/det Σ₀)."""

    def __str__(self) -> str:
        return "E log(σ²/σ₀²)"


@dataclass(frozen=True)
class InverseTrace(Functional):
    """E tr Σ₀Σ⁻¹."""

    def __str__(self) -> str:
        return "E tr Σ₀Σ⁻¹"


@dataclass(frozen=True)
class InverseError(Functional):
    """E (μ-μ₀)ᵀ Σ⁻¹ (μ-μ₀)."""

    def __str__(self) -> str:
        return "E (μ-μ₀)ᵀΣ⁻¹(μ-μ₀)"


@dataclass(frozen=True)
class InverseMoment(Functional):
    """E m^-p of the model's mean m."""

    power: int = 1

    def __str__(self) -> str:
        return "E 1/m" + (f"^{self.power}" if self.power > 1 else "")


@dataclass(frozen=True)
class Tail(Functional):
    """E P(|X - c| > t σ₀) for a point X of the model, c = the model's mean or the real mean."""

    t: float
    about: str

    def __str__(self) -> str:
        return f"P(|X - {'μ' if self.about == 'model' else 'μ₀'}| > {self.t:g} σ₀)"


@dataclass(frozen=True)
class VarianceQuantile(Functional):
    """The quantile of σ² over replicates."""

    probability: float

    def __str__(self) -> str:
        return f"the {self.probability:g}-quantile of σ²"


@dataclass(frozen=True)
class OneType(Functional):
    """E f(q) for the probability q of one type, which counts from 1 as in q_1 … q_K.

    ``function`` is "absent" (1 where q = 0, else 0), "x log x" (0 at 0), "log x" or, where there
    are too many types for a `Monomial` of each, "x".
    """

    type: int
    function: str

    def __str__(self) -> str:
        q = f"q_{self.type}"
        words = {"absent": f"P({q} = 0)", "x log x": f"E {q} log {q}", "x": f"E {q}"}
        return words.get(self.function, f"E {self.function.replace('x', q)}")


@dataclass(frozen=True)
class Homozygosity(Functional):
    """E Σ q_i²: the chance that two points of the model are of one type."""

    def __str__(self) -> str:
        return "E Σ q_i²"


@dataclass(frozen=True)
class OverRows(Functional):
    """E Σ_c π_c f(row c): the mean of an observable of types over the rows of a sequential family.

    ``of`` is the observable, whose value on the one row of a `Categorical` f is.
    """

    of: Any

    def __str__(self) -> str:
        return f"the mean over rows of the {self.of.label}"


@dataclass(frozen=True)
class OfComponent(Functional):
    """What is expected of one component of a mixture, which counts from 1, and 0 where it is lost.

    ``what`` is "variance", tr Σ_k⁰⁻¹Σ_k/d against the real component, or "error",
    (μ_k - μ_k⁰)ᵀ Σ_k⁰⁻¹ (μ_k - μ_k⁰)/d: both in units of its own variance in one direction.
    """

    component: int
    what: str

    def __str__(self) -> str:
        return f"the {self.what} of component {self.component}"


@dataclass(frozen=True)
class FirstOrderLoss(Functional):
    """E KL(real ‖ model) of a regular model that no exact law is known for."""

    def __str__(self) -> str:
        return "E KL(real ‖ model)"


@dataclass(frozen=True)
class Combination:
    """Σ coefficient · functional, then ``transform`` (for quantiles: a monotone function)."""

    terms: tuple[tuple[float, Functional], ...]
    transform: Callable[[Any], Any] | None = None


NUMBER, NORMAL, COVARIANCE = "one-dimensional", "one-dimensional Gaussian", "Gaussian"
CLOUD, MIXTURE = "Gaussian (or mixture)", "GaussianMixture"
TYPES = "categorical (or n-gram)"


class Observable(Component, ABC):
    """A number that is watched: measured on each model, averaged over replicates."""

    by_row: ClassVar[bool] = False
    """Whether on a sequential family it is the mean of itself over the real rows."""
    sees: ClassVar[str] = ""
    """The data that it is measured on: the model's "training" set or its own "output", both given
    by their statistics, its "output and real" points (`Clouds`), or none ("")."""
    wants: ClassVar[str] = ""
    """The families that it suits: `NUMBER`, `NORMAL`, `COVARIANCE`, `CLOUD`, `MIXTURE`, `TYPES` or
    any ("")."""
    instead: ClassVar[str] = ""
    """The observable to ask for on a mixture, where this one does not suit it."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The quantity's name in tables, files and figures."""

    @abstractmethod
    def measure(self, family: Any, model: Any) -> Any:
        """Definition: its value for each model of a batch; ``family`` is the real law."""

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        """Definition, where ``sees`` names data: its value on each model and its statistics."""
        raise NotImplementedError(f"{self!r} is measured on models alone")

    def remark(self, family: Any, model: Any) -> str:
        """Why its value on one model is infinite, in words; nothing where that is not known."""
        return ""

    def caution(self, means: Any) -> str:
        """What nobody may miss of its means over replicates, g = 0, 1, …, as the end of a sentence
        that its label begins; nothing for most."""
        return ""

    def claim(self, family: Any) -> Combination | None:
        """Claim: its expectation as a combination of functionals; None if none is known."""
        return None

    def claim_in(self, loop: Any) -> Combination | None:
        """The claim about one loop, where it is not the same for all loops of a family."""
        if self.by_row and loop.family.sequential:
            return Combination(((1.0, OverRows(self)),))
        return self.claim(loop.family)

    def scale(self, family: Any, values: Any) -> Any:
        """The size to which a discrepancy from the predicted ``values`` is relative."""
        return abs(values)

    def given_variance(self, family: Any, variance: Any) -> Any:
        """Its value as an increasing function of σ² alone, where it is one (else None)."""
        return None

    def suits(self, family: Any) -> bool:
        """Whether it can be measured on models of this family."""
        if family.types:  # a type is a name and no number
            return self.wants in (TYPES, "")
        one, spread = family.dimension == 1, bool(family.spread)
        suited = {NUMBER: one, NORMAL: one and spread, COVARIANCE: spread, CLOUD: family.shaped,
                  MIXTURE: family.latent, TYPES: False}  # fmt: skip
        return suited.get(self.wants, True)

    def check(self, family: Any) -> None:
        """Refuse a family on which it cannot be measured."""
        if not self.suits(family):
            wants = f"a {self.wants} family" if self.wants else "a family that offers it"
            raise InputError(
                f"observables: {self!r} wants {wants}, got {family}{self._hint(family)}"
            )

    def _hint(self, family: Any) -> str:
        """What to ask for in its place."""
        if family.latent and self.instead:
            return f"; see {self.instead}"
        shadow = self.wants == NUMBER or (self.wants == NORMAL and family.spread)
        flat = family.dimension > 1 and family.shaped
        return "; see Along for one direction" if shadow and flat else ""

    def reduced(self, loop: Any) -> tuple[Any, Observable]:
        """A loop and its observable with the same expectation, where there is a simpler pair."""
        return loop, self

    def seen(self, rows: Any) -> Any:
        """Rows of data as the loop of `reduced` sees them."""
        return rows


def monomial(**powers: float) -> Monomial:
    """``monomial(delta=2, v=-1)`` is E[(μ-μ₀)²/σ²]."""
    return Monomial(tuple(sorted(powers.items())))


ONE = Monomial()


# -- claims of families, read as combinations --------------------------------------------------


class Terms:
    """Σ coefficient · monomial, with the operators that a family's claim is written in."""

    def __init__(self, terms: Mapping[Monomial, float]) -> None:
        self.terms = {m: c for m, c in terms.items() if c != 0}

    def __add__(self, other: Any) -> Terms:
        more = other.terms if isinstance(other, Terms) else {ONE: other}
        return Terms({m: self.terms.get(m, 0) + more.get(m, 0) for m in {**self.terms, **more}})

    __radd__ = __add__

    def __mul__(self, other: Any) -> Terms:
        if not isinstance(other, Terms):
            return Terms({m: c * other for m, c in self.terms.items()})
        total = Terms({})
        for m, c in self.terms.items():
            total = total + Terms({m * k: c * d for k, d in other.terms.items()})
        return total

    __rmul__ = __mul__

    def __sub__(self, other: Any) -> Terms:
        return self + other * -1

    def __pow__(self, power: int) -> Terms:
        result = Terms({ONE: 1.0})
        for _ in range(power):
            result = result * self
        return result


def expanded(family: Any, polynomial: Callable[[Mapping[str, Any]], Any]) -> Combination:
    """E of a polynomial in the model's coordinates, given as a function of them."""
    found = polynomial({name: Terms({monomial(**{name: 1}): 1.0}) for name in family.variables})
    terms = sorted((Terms({}) + found).terms.items(), key=lambda pair: str(pair[0]))
    return Combination(tuple((float(c), m) for m, c in terms))


WIDE = 64
"""Types beyond which no claim is written as a sum of monomials, one for each."""


def squares(family: Any, weights: Sequence[float]) -> Combination:
    """Σ weight_i E q_i²; of two types the second is what the first leaves."""
    if family.K == 2:
        first, second = weights
        return expanded(
            family, lambda state: first * state["q_1"] ** 2 + second * (state["q_1"] * -1 + 1) ** 2
        )
    terms = ((float(w), monomial(**{f"q_{i}": 2})) for i, w in enumerate(weights, 1))
    return Combination(tuple(terms))


def over_types(function: str, weights: Iterable[float]) -> tuple[tuple[float, OneType], ...]:
    """Σ_i weight_i E f(q_i), over the types whose weight is not 0."""
    return tuple((float(w), OneType(i, function)) for i, w in enumerate(weights, 1) if w != 0)
