"""Special functions of a claim's atoms: numbers go to scipy, sympy's expressions to sympy."""

from __future__ import annotations

from typing import Any


def is_exact(value: Any) -> bool:
    """Whether ``value`` is an expression of sympy, a number of its own included."""
    return hasattr(value, "free_symbols")


def ball_share(d: int, k: Any) -> Any:
    """P(χ²_d < k²): the mass of a Gaussian within k standard deviations."""
    if is_exact(k):
        import sympy

        half = sympy.Rational(d, 2)
        return sympy.expand_func(sympy.lowergamma(half, k**2 / 2)) / sympy.gamma(half)
    from scipy.special import gammainc

    return float(gammainc(d / 2, float(k) ** 2 / 2))


def ball_radius(d: int, p: Any) -> Any:
    """The k with P(χ²_d < k²) = p; closed in one and in two dimensions."""
    if is_exact(p):
        import sympy

        if d == 1:
            return sympy.sqrt(2) * sympy.erfinv(p)
        half = sympy.Rational(d, 2)
        inverse = -sympy.log(1 - p) if d == 2 else sympy.Function("gammaincinv")(half, p)
        return sympy.sqrt(2 * inverse)
    from scipy.special import gammaincinv

    return float(2 * gammaincinv(d / 2, float(p))) ** 0.5


def surface(d: int, k: Any) -> Any:
    """(k/√2)^d e^{-k²/2} / Γ(d/2 + 1)."""
    if is_exact(k):
        import sympy

        half = sympy.Rational(d, 2)
        return (k / sympy.sqrt(2)) ** d * sympy.exp(-(k**2) / 2) / sympy.gamma(half + 1)
    from math import exp, lgamma, log

    return exp(d * log(k / 2**0.5) - k**2 / 2 - lgamma(d / 2 + 1))
