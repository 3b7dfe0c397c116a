"""Recursions compiled for the page: unique monomials of the atoms and a sparse scatter of them.

The atoms (α, 1/n, w = n/N, …) are printed as functions of the state; a coefficient is a sum of
whole multiples of their monomials.  Loops whose recursions are the same polynomials share them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..loop import FeedbackLoop
from ..recursion import Polynomial, Recursion
from ..theory import derive
from .javascript import function
from .sentences import starts

MONOMIALS = ({"v": 1}, {"delta": 2}, {"v": 2})
"""What the page watches besides theorems: E σ², E δ², and E σ⁴ for the band of single runs."""


def composed(loop: FeedbackLoop) -> Recursion:
    """The recursion of all that the page watches of a loop."""
    return derive(loop, monomials=MONOMIALS)


def structure(recursion: Recursion) -> dict[str, Any]:
    """The coefficients in atoms 0, 1, …, without anything that tells one loop's apart.

    A monomial lists its atoms, each as often as its power says; an entry is row, column (-1 is
    the constant), monomial and the whole number before it.
    """
    used, entries = used_atoms(recursion), []
    known: dict[tuple[int, ...], int] = {}
    for i, row in enumerate(recursion.rows):
        for j, polynomial in row.items():
            for powers, c in polynomial.terms.items():
                product = tuple(k for k, a in enumerate(used) for _ in range(powers[a]))
                entries.append((i, j, known.setdefault(product, len(known)), _whole(c)))
    return {"size": len(recursion.basis), "monomials": list(known), "entries": entries}


def _whole(c: Any) -> int:
    if c.denominator != 1:
        raise ValueError(f"a coefficient must be a whole number, got {c}")
    return int(c.numerator)


def used_atoms(recursion: Recursion) -> list[int]:
    """The places of the atoms that some coefficient has."""
    used = [p for row in recursion.rows for f in row.values() for p in f.terms]
    return [i for i in range(len(used[0])) if any(p[i] for p in used)]


def atoms(recursion: Recursion) -> str:
    """The atoms as a function of the state: α, n, g, λ, …"""
    names = next(f.atoms for row in recursion.rows for f in row.values())
    values = recursion.atoms()
    return function([standard(values[names[i]]) for i in used_atoms(recursion)])


def beginnings(loop: FeedbackLoop) -> dict[str, dict[str, str]]:
    """Start -> x(0), and x(1) where the first fit is special, as functions of the state."""
    return {name: _beginning(composed(begun)) for name, begun in starts(loop).items()}


def _beginning(recursion: Recursion) -> dict[str, str]:
    key = tuple(map(_named, recursion.origin)), tuple(map(_named, recursion.first or ()))
    values = _printed(_Keyed(key, recursion))
    return dict(zip(("origin", "first"), values, strict=True))


def _named(polynomial: Polynomial) -> frozenset[Any]:
    """The terms by the names of their atoms: most loops of one mixing begin alike."""
    pairs = ((zip(polynomial.atoms, powers, strict=True), c)
             for powers, c in polynomial.terms.items())  # fmt: skip
    return frozenset((tuple((a, p) for a, p in term if p), c) for term, c in pairs)


class _Keyed:
    """A recursion that is told from others by its beginning and mixing alone."""

    def __init__(self, key: Any, recursion: Recursion) -> None:
        self.key = (key, recursion.loop.mixing, recursion.loop.estimator, recursion.loop.start)
        self.recursion = recursion

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key


@cache
def _printed(keyed: _Keyed) -> tuple[str, str]:
    recursion = keyed.recursion
    first = "null" if recursion.first is None else function(
        [standard(e) for e in recursion.after_first()])  # fmt: skip
    return function([standard(e) for e in recursion.initial()]), first


def standard(expression: Any) -> Any:
    """An expression for the standard Gaussian, the real law of the page."""
    import sympy

    from ..symbols import mu_0, sigma_0

    return sympy.sympify(expression).subs({mu_0: 0, sigma_0: 1})
