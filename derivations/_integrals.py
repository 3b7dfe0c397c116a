"""Integrals with a bell or a gamma density, brought to one that is done once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp


@lru_cache(maxsize=32)
def normal_moment(power: int) -> Any:
    """E z^power of a standard normal z."""
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(z**power * density, (z, -sp.oo, sp.oo))


def normal_mean(polynomial: Any, z: Any) -> Any:
    """E of a polynomial in a standard normal ``z``, term by term."""
    return sum(c * normal_moment(power) for (power,), c in sp.Poly(polynomial, z).terms())


@lru_cache(maxsize=1)
def _bell() -> tuple[Any, Any]:
    """∫ e^{-Az²/2} dz over all z, and its A."""
    A, z = sp.Symbol("A", positive=True), sp.Symbol("z", real=True)
    return sp.integrate(sp.exp(-A * z**2 / 2), (z, -sp.oo, sp.oo)), A


def over_line(exponent: Any, z: Any, factor: Any = 1) -> Any:
    """∫ ``factor`` e^{-Az²/2 + Bz + C} dz over all z, moved to the peak at B/A.

    ``factor`` is a polynomial in z; A is positive where the integral exists.
    """
    A, peak = -exponent.diff(z, 2), exponent.diff(z).subs(z, 0) / -exponent.diff(z, 2)
    height = sp.cancel(sp.expand(exponent.subs(z, z + peak) + A * z**2 / 2))
    _without(z, A, height)
    around = normal_mean(sp.expand(sp.sympify(factor).subs(z, peak + z / sp.sqrt(A))), z)
    bell, width = _bell()
    return around * sp.exp(height) * bell.subs(width, sp.cancel(A))


@lru_cache(maxsize=1)
def _gamma() -> tuple[Any, Any, Any]:
    """∫ w^{a-1} e^{-cw} dw over w > 0, and its a and c."""
    a, c, w = sp.symbols("a c w", positive=True)
    return sp.integrate(w ** (a - 1) * sp.exp(-c * w), (w, 0, sp.oo), conds="none"), a, c


def over_half_line(integrand: Any, w: Any) -> Any:
    """∫ K w^{a-1} e^{-cw} dw over w > 0: the integrand's logarithm tells a and c.

    Both are positive where the integral exists.
    """
    grows = sp.expand(w * sp.expand_log(sp.log(integrand), force=True).diff(w))  # a - 1 - cw
    a, c = grows.subs(w, 0) + 1, -grows.diff(w)
    _without(w, a, c)
    whole, power, rate = _gamma()
    return integrand.subs(w, 1) * sp.exp(c) * whole.subs({power: a, rate: c}, simultaneous=True)


def _without(variable: Any, *expressions: Any) -> None:
    for expression in expressions:
        if expression.has(variable):
            raise ValueError(f"{expression} holds {variable}: the integrand has another form")
