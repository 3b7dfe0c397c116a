"""The exact kernel of one generation, derived once for each structure of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..algebra import Powers, powers_up_to
from ..engine import Engine
from ..families.gaussian import Gaussian
from ..recursion import Recursion
from ..symbols import lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop
    from .sentences import Setting

    Floats = NDArray[np.float64]

ORDER = 4
"""The highest weight of the moments that are used: the variance of a variance."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """E[f(next) | past] for the monomials f of weight 4 and less of (memory, model)."""

    recursion: Recursion

    @cached_property
    def places(self) -> dict[Powers, int]:
        """Exponents of a monomial -> its row."""
        return {p: i for i, p in enumerate(self.recursion.basis)}

    @cached_property
    def model(self) -> tuple[str, ...]:
        """The model's coordinates, those of weight 1 first."""
        return tuple(self.recursion.loop.family.variables)

    def powers(self, monomial: Mapping[str, int]) -> Powers:
        """The exponents of a monomial of coordinates by name."""
        return tuple(monomial.get(c, 0) for c in self.recursion.coordinates)

    def rows(self, monomials: Iterable[Mapping[str, int]]) -> list[int]:
        return [self.places[self.powers(m)] for m in monomials]

    @cached_property
    def low(self) -> tuple[Any, Any]:
        """The rows of the monomials z of weight 1 and 2, and those of all products z zᵀ."""
        basis, weights = self.recursion.basis, np.array(self.recursion.weights)
        low = [p for p in basis if np.dot(weights, p) <= ORDER // 2]
        products = [[self.places[tuple(map(sum, zip(p, q, strict=True)))] for q in low]
                    for p in low]  # fmt: skip
        return np.array([self.places[p] for p in low]), np.array(products)

    def needs(self, rows: Iterable[int]) -> set[str]:
        """The coordinates of the past that the expectations of these rows depend on."""
        columns = {j for i in rows for j in self.recursion.rows[i] if j >= 0}
        return {c for j in columns
                for c, p in zip(self.recursion.coordinates, self.recursion.basis[j], strict=True)
                if p}  # fmt: skip

    def at(self, setting: Setting) -> Running:
        """The kernel with a sentence's numbers."""
        return Running(self, setting)


@dataclass(frozen=True, eq=False)
class Running:
    """A kernel with numbers."""

    kernel: Kernel
    setting: Setting

    @cached_property
    def steps(self) -> tuple[Floats, Floats]:
        """C and c at g = 1, 2, …: (1 or generations, m, m) and (1 or generations, m)."""
        return self.kernel.recursion.coefficients_at(self.setting.atoms)

    @cached_property
    def beginning(self) -> tuple[Floats, Floats]:
        """E of all monomials at g = 0 and at g = 1."""
        zeroth, first = self.kernel.recursion.starting_at(self.setting.first_atoms)
        if first is None:
            C, c = self.steps
            first = C[0] @ zeroth + c[0]
        return zeroth, first

    @cached_property
    def expected(self) -> Floats:
        """E of all monomials at g = 1, 2, …: (generation, monomial)."""
        C, c = self.steps
        x = np.empty((len(self.setting.clock.g), len(c[0])))
        x[0] = self.beginning[1]
        for g in range(1, len(x)):
            k = g if len(C) > 1 else 0
            x[g] = C[k] @ x[g - 1] + c[k]
        return x


@lru_cache(maxsize=4096)
def kernel_of(loop: FeedbackLoop) -> Kernel:
    """The kernel of a loop of one number or one type, whatever its numbers are."""
    family = Gaussian() if type(loop.family) is Gaussian else loop.family.pattern
    start = family if isinstance(loop.start, type(loop.family)) else loop.start
    return _kernel(
        replace(
            loop, family=family, start=start, bias=loop.bias.symbolic(), n=lookup("n"),
            mixing=loop.mixing.symbolic(), estimator=loop.estimator.symbolic(),
        )
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _kernel(pattern: FeedbackLoop) -> Kernel:
    engine = Engine(pattern, ORDER, {})
    weights = [w if w <= ORDER // 2 else ORDER + 1 for w in engine.weights]
    targets = [p for p in powers_up_to(weights, ORDER) if any(p)]
    return Kernel(engine.close(targets))


class Monomials:
    """The monomials of a recursion's basis in arrays of its coordinates, each made once."""

    def __init__(self, states: Mapping[str, Any], recursion: Recursion) -> None:
        self.states, self.recursion = states, recursion
        self.known: dict[Powers, Any] = {}

    def __getitem__(self, place: int) -> Any:
        return self._power(self.recursion.basis[place])

    def _power(self, powers: Powers) -> Any:
        """A product of the last coordinate that occurs and of the monomial without it."""
        if powers not in self.known:
            place = max(i for i, p in enumerate(powers) if p)
            rest = (*powers[:place], powers[place] - 1, *powers[place + 1 :])
            one = self.states[self.recursion.coordinates[place]]
            self.known[powers] = one * self._power(rest) if any(rest) else one
        return self.known[powers]


