"""The loop seen along a direction u: the kernel of the plane against that of the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.proof import Step, in_greek
from hallofillusions.recursion import Recursion
from hallofillusions.symbols import lookup, n
from hallofillusions.theory import derive

u = sp.symbols("u_1 u_2", real=True)


def real_law(size: int) -> Gaussian:
    """The Gaussian with symbols everywhere."""
    order = range(1, size + 1)
    return Gaussian([lookup(f"mu_{k}") for k in order],
                    [[entry(min(k, m), max(k, m)) for m in order] for k in order])  # fmt: skip


def entry(k: int, m: int) -> Any:
    return lookup(f"Sigma_{k}{m}")


def quadratic(entries: Any) -> Any:
    """uᵀMu of a symmetric 2 × 2 matrix."""
    return u[0] ** 2 * entries(1, 1) + 2 * u[0] * u[1] * entries(1, 2) + u[1] ** 2 * entries(2, 2)


def projected(name: str) -> Any:
    """A coordinate of the loop along u, in the coordinates of the loop in two dimensions."""
    if name == "delta":
        return u[0] * sp.Symbol("delta_1") + u[1] * sp.Symbol("delta_2")
    if name == "v":
        return quadratic(lambda k, m: sp.Symbol(f"v_{k}_{m}"))
    k = int(name.removeprefix("memory_"))  # the mean of (u·y)^k over the memory
    return sum(sp.binomial(k, j) * u[0] ** (k - j) * u[1] ** j * sp.Symbol(f"memory_{k - j}_{j}")
               for j in range(k + 1))  # fmt: skip


def monomials(recursion: Recursion, coordinates: Mapping[str, Any]) -> list[Any]:
    """The tracked monomials in terms of other quantities."""
    values = [coordinates[name] for name in recursion.coordinates]
    return [sp.Mul(*(x**p for x, p in zip(values, powers, strict=True)))
            for powers in recursion.basis]  # fmt: skip


def images(recursion: Recursion, values: list[Any]) -> list[Any]:
    """E[monomial' | past] for every tracked monomial, which are now worth ``values``."""
    atoms, worth = recursion.atoms(), [*values, sp.Integer(1)]
    return [sum(c.symbolic(atoms) * worth[j] for j, c in row.items()) for row in recursion.rows]


def begin(recursion: Recursion) -> Any:
    return recursion.initial() if recursion.first is None else recursion.after_first()


def commutes(
    loop: FeedbackLoop, order: int, flat: FeedbackLoop | None = None, words: str = ""
) -> Iterator[Step]:
    """The kernel of the plane, on polynomials of what is seen along u, is that of the line.

    ``flat`` is the loop on the line, where that is not the same one of a Gaussian.
    """
    words = words or f"{loop.mixing!r}, {loop.estimator!r}, {loop.bias!r}"
    flat = flat or replace(loop, family=Gaussian(0, quadratic(entry)))
    narrow = derive(flat, monomials=[{"v": order // 2}, {"delta": order}])
    wide = derive(loop, order)
    symbols = {c: sp.Symbol(c) for c in wide.coordinates}
    own = monomials(wide, symbols)
    after = dict(zip(own, zip(images(wide, own), begin(wide), strict=True), strict=True))
    seen = monomials(narrow, {c: projected(c) for c in narrow.coordinates})
    lines = zip(narrow.names, seen, images(narrow, seen), begin(narrow), strict=True)
    for name, f, next_along, first_along in lines:
        there = first = sp.Integer(0)
        for powers, c in sp.Poly(f, *symbols.values()).terms():
            image, start = after[sp.Mul(*map(pow, symbols.values(), powers))]
            there, first = there + c * image, first + c * start
        yield Step(f"{words}: {in_greek(name)} along u, one generation", there, next_along)
        yield Step(f"{words}: {in_greek(name)} along u, where it begins", first, first_along)


def plane(mixing: Any, **parts: Any) -> FeedbackLoop:
    return FeedbackLoop(family=real_law(2), mixing=mixing, n=n, **parts)
