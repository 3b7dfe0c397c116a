"""Rational algebra: whether an expression of sums, products and powers is identically zero.

Whatever else stands in it (a logarithm, γ(n), a power with an unknown exponent) counts as one
more unknown; a root only obeys that its power is what stands below it.  So an answer of zero is
a proof, and no answer says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import lcm, prod
from typing import Any

Quotient = tuple[Any, dict[Any, int]]  # a polynomial over {monic factor: power}
Power = tuple[Any, Any]  # a base and what its exponent is a rational multiple of


class NotRational(ValueError):  # noqa: N818  (an answer, not a fault)
    """No quotient of polynomials over the rational numbers."""


def identically_zero(expression: Any) -> bool:
    """Whether the numerator over the common denominator multiplies out to 0."""
    import sympy

    infinite = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
    if not isinstance(expression, sympy.Expr) or not expression.is_commutative:
        return False
    if expression.has(*infinite, sympy.Float, sympy.Order, sympy.AccumBounds):
        return False
    try:
        return not quotient(expression, settled=True)[0]
    except NotRational:
        return False


@lru_cache(maxsize=4096)
def factored(expression: Any) -> Any:
    """What `sympy.factor` makes of the expression: the same, sooner, where all is rational."""
    import sympy

    try:
        if is_rational(expression):
            return _rebuilt(*quotient(expression))
    except NotRational:  # a quotient by 0
        pass
    return sympy.factor(expression)


def is_rational(expression: Any) -> bool:
    """Whether this is a quotient of polynomials in symbols, and in nothing else."""
    import sympy

    found = unknowns(expression) if isinstance(expression, sympy.Expr) else {}
    return bool(found) and all(
        base.is_Symbol and base.is_commutative and exponent == roots == 1
        for (base, exponent), roots in found.items()
    )


def _rebuilt(top: Any, bottom: Mapping[Any, int]) -> Any:
    """The product of the irreducible factors, as `sympy.factor` writes it."""
    import sympy
    from sympy.core.mul import _keep_coeff

    if not top:
        return sympy.Integer(0)
    coefficient, powers = top.ring.domain.one, dict[Any, int]()
    for polynomial, sign in ((top, 1), *((f, -p) for f, p in bottom.items())):
        content, parts = polynomial.factor_list()
        coefficient *= content**sign
        for part, times in parts:
            powers[part] = powers.get(part, 0) + sign * times
    product = sympy.Mul(*(f.as_expr() ** p for f, p in powers.items()))
    return _keep_coeff(top.ring.domain.to_sympy(coefficient), product)


def at_infinity(expression: Any, n: Any) -> Any:
    """The limit n → ∞ of a rational function of n: the ratio of the leading coefficients."""
    import sympy

    if not expression.has(n):
        return sympy.cancel(expression)
    if not is_rational(expression):
        raise NotRational(f"{expression} is no quotient of polynomials in symbols")
    top, bottom = quotient(expression)
    place = top.ring.gens[top.ring.symbols.index(n)]
    leads = [(_lead(f, place), p) for f, p in ((top, 1), *((f, -p) for f, p in bottom.items()))]
    degree = sum(d * p for (d, _), p in leads)
    if not top or degree < 0:
        return sympy.Integer(0)
    ratio = sympy.Mul(*(c.as_expr() ** p for (_, c), p in leads))
    return sympy.zoo if degree > 0 else sympy.cancel(ratio)


def _lead(polynomial: Any, variable: Any) -> tuple[int, Any]:
    """The degree in a variable, and the coefficient of its highest power."""
    degree = max(polynomial.degree(variable), 0)
    return degree, polynomial.coeff_wrt(variable, degree)


def quotient(expression: Any, *, settled: bool = False) -> Quotient:
    """The expression as a polynomial over a product of monic polynomials, none of them 0.

    With ``settled`` the polynomial is one times a power of what stands below a root.
    """
    from sympy.polys.domains import QQ
    from sympy.polys.polyutils import _sort_gens
    from sympy.polys.rings import PolyRing

    found = unknowns(expression)
    if not found:
        raise NotRational(f"{expression} has no unknown")
    names = [f"x{i}" for i in range(len(found))]
    if all(base.is_Symbol and exponent == 1 for base, exponent in found):
        names = _sort_gens([base for base, _ in found])
        found = {(base, 1): found[base, 1] for base in names}
    ring = PolyRing(names, QQ)
    reader = _Reader(ring, dict(zip(found, ring.gens, strict=True)), found)
    top, bottom = reader.read(expression)
    return (reader.reduced(top, settle=True), bottom) if settled else (top, bottom)


def unknowns(expression: Any) -> dict[Power, int]:
    """What counts as unknown, each with the root of it that the expression needs."""
    found: dict[Power, int] = {}
    _collect(expression, found)
    return found


def _collect(expression: Any, found: dict[Power, int]) -> None:
    if expression.is_Add or expression.is_Mul:
        for part in expression.args:
            _collect(part, found)
    elif expression.is_Pow or _is_exp(expression):
        for base, exponent, power in _powers(expression):
            if exponent != 1 or power.q > 1:
                key = base, exponent
                found[key] = lcm(found.get(key, 1), int(power.q))
            if exponent == 1:
                _collect(base, found)
    elif not expression.is_Rational:
        found.setdefault((expression, 1), 1)


def _is_exp(expression: Any) -> bool:
    import sympy

    return isinstance(expression, sympy.exp)


def _powers(expression: Any) -> tuple[tuple[Any, Any, Any], ...]:
    """b^(2x + 1) as the factors (b, x, 2) and (b, 1, 1)."""
    base, exponent = expression.as_base_exp()
    return ((base, 1, exponent),) if exponent.is_Integer else _split(base.expand(), exponent)


@lru_cache(maxsize=4096)
def _split(base: Any, exponent: Any) -> tuple[tuple[Any, Any, Any], ...]:
    terms = (term.as_coeff_Mul(rational=True) for term in exponent.expand().as_ordered_terms())
    return tuple((base, 1 if part == 1 else part, power) for power, part in terms)


class _Reader:
    """The quotients of parts of one expression; each part is read once."""

    def __init__(self, ring: Any, gens: Mapping[Power, Any], roots: Mapping[Power, int]) -> None:
        self.ring, self.gens, self.roots = ring, gens, roots
        self.known: dict[Any, Quotient] = {}
        self.rules: list[tuple[int, int, Any, Any]] = []  # a root's place, its power = top/bottom
        for (base, exponent), count in roots.items():
            if count > 1 and exponent == 1 and not base.is_Symbol:
                top, bottom = self.read(base)
                place = ring.gens.index(gens[base, exponent])
                self.rules.append((place, count, top, self._multiplied(bottom)))

    def read(self, expression: Any) -> Quotient:
        if expression not in self.known:
            self.known[expression] = self._composed(expression)
        return self.known[expression]

    def _composed(self, expression: Any) -> Quotient:
        if expression.is_Rational:
            return self.ring(self.ring.domain(expression.p, expression.q)), {}
        if expression.is_Add:
            return self._sum([self.read(part) for part in expression.args])
        if expression.is_Mul:
            return self._product([self.read(part) for part in expression.args])
        if expression.is_Pow or _is_exp(expression):
            return self._product([self._power(*factor) for factor in _powers(expression)])
        return self.gens[expression, 1] ** self.roots[expression, 1], {}

    def _power(self, base: Any, exponent: Any, power: Any) -> Quotient:
        if exponent == 1 and power.q == 1:
            return self._raised(self.read(base), int(power))
        key = base, exponent
        return self._raised((self.gens[key], {}), int(power * self.roots[key]))

    def _raised(self, given: Quotient, power: int) -> Quotient:
        top, bottom = given
        if power >= 0:
            return top**power, {f: p * power for f, p in bottom.items()}
        if not self.reduced(top, settle=True):
            raise NotRational("a quotient by 0")
        top = self.reduced(top)
        turned = self._multiplied(bottom).mul_ground(1 / top.LC)
        factor = top.monic()
        return turned**-power, {} if factor == 1 else {factor: -power}

    def _product(self, parts: list[Quotient]) -> Quotient:
        top, bottom = self.ring.one, dict[Any, int]()
        for numerator, denominator in parts:
            top *= numerator
            for f, p in denominator.items():
                bottom[f] = bottom.get(f, 0) + p
        return self.reduced(top), bottom

    def _sum(self, parts: list[Quotient]) -> Quotient:
        common: dict[Any, int] = {}
        groups: dict[frozenset[Any], Any] = {}
        for top, bottom in parts:
            key = frozenset(bottom.items())
            groups[key] = groups[key] + top if key in groups else top
            common |= {f: max(p, common.get(f, 0)) for f, p in bottom.items()}
        total = self.ring.zero
        for key, top in groups.items():
            own = dict(key)
            total += top * self._multiplied({f: p - own.get(f, 0) for f, p in common.items()})
        return self.reduced(total), common

    def _multiplied(self, factors: Mapping[Any, int]) -> Any:
        return prod((f**p for f, p in factors.items() if p), start=self.ring.one)

    def reduced(self, polynomial: Any, *, settle: bool = False) -> Any:
        """With r^(aQ + b) → base^a r^b for every root r of a base.

        To ``settle`` a base that is a quotient, the polynomial is multiplied by what it needs.
        """
        for place, count, top, bottom in self.rules:
            most = max((powers[place] // count for powers in polynomial), default=0)
            if most == 0 or (bottom != 1 and not settle):
                continue
            total = self.ring.zero
            for powers, c in polynomial.items():
                whole, rest = divmod(powers[place], count)
                lowered = (*powers[:place], rest, *powers[place + 1 :])
                total += self.ring.from_dict({lowered: c}) * top**whole * bottom ** (most - whole)
            polynomial = total
        return polynomial
