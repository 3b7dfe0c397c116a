"""What a loop becomes when n → ∞ with k real points in a generation: a diffusion.

With time in units of n generations a generation lasts h = 1/n, and α = 1 - kh.  The engine's
kernel gives the moments of one step given the past; what of them is of order h is the drift b,
the covariance A and the fourth moments (which must vanish, or jumps would be left).  A density p
of the coordinates carries no flux, and is stationary and reversible, where 2 b p = div(A p).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations_with_replacement, product
from math import prod
from typing import Any, ClassVar

import sympy as sp
from sympy.polys.rings import sring

from hallofillusions.atoms import symbolic_atoms
from hallofillusions.engine import Engine
from hallofillusions.families._natural import NaturalFamily
from hallofillusions.loop import FeedbackLoop
from hallofillusions.symbols import alpha, k, lookup, n

h = sp.Symbol("h", positive=True)  # 1/n, the time that a generation takes


@dataclass(frozen=True)
class Diffusion:
    """Drift, covariance and fourth moments of each coordinate, per n generations, as n → ∞."""

    coordinates: tuple[Any, ...]
    drift: tuple[Any, ...]
    covariance: Any
    jumps: tuple[Any, ...]

    def flux(self, log_density: Any) -> list[Any]:
        """(b p - div(A p)/2)/p along each coordinate, of the density p = exp(``log_density``)."""
        x, A = self.coordinates, self.covariance
        slopes = [sp.diff(log_density, z) for z in x]
        return [b - sum(sp.diff(A[i, j], z) + A[i, j] * slopes[j] for j, z in enumerate(x)) / 2
                for i, b in enumerate(self.drift)]  # fmt: skip


def begun(atom: Any) -> Any:
    """An atom up to terms in h²."""
    return atom.subs(h, 0) + h * sp.diff(atom, h).subs(h, 0)


def diffusion(loop: FeedbackLoop, symbols: Mapping[str, Any], *, jumps: bool = True) -> Diffusion:
    """The limit of a loop of symbolic α and n.

    ``symbols`` names the model's coordinates, and the memory's where the loop has one.  Fourth
    moments are asked for with ``jumps``: they want the engine at twice the order.
    """
    variables = loop.family.variables
    engine = Engine(loop, (4 if jumps else 2) * max(variables.values()), {})
    kernel = engine.kernel()
    here = {alpha: 1 - k * h, n: 1 / h}
    atoms = {a: begun(sp.cancel(sp.sympify(e).subs(here))) for a, e in symbolic_atoms(loop).items()}
    values = [{**atoms, **symbols}.get(name, sp.Symbol(name)) for name in engine.position]
    size, own = len(engine.labels), [symbols[c] for c in variables]
    place = engine.position["h"]

    ring, (time, *elements) = sring([h, *own, *values], domain=sp.QQ)
    before, known = elements[: len(own)], elements[len(own) :]

    def early(polynomial: Any) -> Any:
        """Without terms in h²."""
        return polynomial.coeff_wrt(time, 0) + time * polynomial.coeff_wrt(time, 1)

    @cache
    def power(which: int, p: int) -> Any:
        """A power of what the kernel names at place ``which``."""
        return early(power(which, p - 1) * known[which]) if p else ring.one

    @cache
    def after(powers: tuple[int, ...]) -> Any:
        """E of a monomial of the next model given the past, up to terms in h²."""
        found = ring.zero
        for exponents, c in kernel(((0,) * size) + powers).items():
            if exponents[place] < 2:
                factors = (power(i, p) for i, p in enumerate(exponents) if p)
                found += reduce(lambda x, y: early(x * y), factors, ring(sp.QQ.convert(c)))
        return found

    def per_time(*places: int) -> Any:
        """n E Π (z' - z) given the past, over the coordinates at ``places``, as n → ∞."""
        moment = ring.zero
        for old in product((0, 1), repeat=len(places)):  # -z of which factors, z' of the others
            powers = [sum(i == j and not o for i, o in zip(places, old, strict=True))
                      for j in range(len(own))]  # fmt: skip
            sign = prod((-before[i] for i, o in zip(places, old, strict=True) if o), start=ring.one)
            moment += sign * after(tuple(powers))
        now, later = (sp.expand(moment.coeff_wrt(time, p).as_expr()) for p in (0, 1))
        return later if now == 0 else sp.oo

    covariance = sp.zeros(len(own), len(own))
    for i, j in combinations_with_replacement(range(len(own)), 2):
        covariance[i, j] = covariance[j, i] = per_time(i, j)
    every = range(len(own))
    return Diffusion(
        tuple(own), tuple(per_time(i) for i in every), covariance,
        tuple(per_time(i, i, i, i) for i in every) if jumps else (),
    )  # fmt: skip


@dataclass(frozen=True)
class QuadraticVariance(NaturalFamily):
    """Any family with V(m) = v₀ + v₁ m + v₂ m², as symbols: a claim without a definition."""

    mean: Any
    v_0: Any
    v_1: Any
    v_2: Any

    symbols: ClassVar[dict[str, str]] = {"mean": "mu_0"}

    def curve(self) -> Sequence[Any]:
        return self.at.v_0, self.at.v_1, self.at.v_2

    def draw(self, *_: Any) -> Any:
        raise NotImplementedError("symbols cannot be drawn")

    def log_density(self, *_: Any) -> Any:
        raise NotImplementedError("symbols have no density")


quadratic = QuadraticVariance(*map(lookup, ("mu_0", "v_0", "v_1", "v_2")))
