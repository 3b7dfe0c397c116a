"""Rational algebra against sympy's own, and what it must never call zero."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sympy as sp

from hallofillusions.proof import ProofError, Step
from hallofillusions.rational import NotRational, at_infinity, factored, identically_zero

x, y, n = sp.symbols("x y n", positive=True)
z = sp.Symbol("z", real=True)

ZERO = (
    x / (x + y) + y / (x + y) - 1,
    1 / (x - y) - (x + y) / (x**2 - y**2),
    (sp.sqrt(n) + 1) ** 2 - n - 2 * sp.sqrt(n) - 1,
    (sp.sqrt(x + y) - 1) * (sp.sqrt(x + y) + 1) - x - y + 1,
    (1 - x) ** (n + 1) - (1 - x) * (1 - x) ** n,
    sp.exp(x + y / 2) * sp.exp(-y) - sp.exp(x) / sp.exp(y / 2),
    sp.log(x) * (x**2 - 1) / (x - 1) - sp.log(x) * (x + 1),
    sp.sqrt(1 + z**2 / x) ** 3 * x - sp.sqrt(1 + z**2 / x) * (x + z**2),
    (sp.sqrt(2) + 1) * (sp.sqrt(2) - 1) * x - x,
)
NOT_ZERO = (
    sp.sqrt(z**2) - z,
    sp.sqrt((z - 1) ** 2) - z + 1,
    (1 - z) ** sp.Rational(1, 2) * (1 + z) ** sp.Rational(1, 2) - 1,
    x ** (n + 1) - x**n,
    sp.exp(x) * sp.exp(y) - sp.exp(x * y),
    x / (x + y) - sp.Rational(1, 2),
    sp.nan,
    sp.zoo * x,
    sp.Order(x) + x,
)


@pytest.mark.parametrize("expression", ZERO, ids=str)
def test_what_is_zero(expression: Any) -> None:
    assert identically_zero(expression)
    assert not identically_zero(expression + x * y)


@pytest.mark.parametrize("expression", NOT_ZERO, ids=str)
def test_what_is_never_called_zero(expression: Any) -> None:
    assert not identically_zero(expression)


def test_a_quotient_by_zero_is_not_zero() -> None:
    nothing = (x + 1) ** 2 - x**2 - 2 * x - 1
    for hidden in (nothing, (sp.sqrt(x + 1) + 1) * (sp.sqrt(x + 1) - 1) - x):
        assert not identically_zero(nothing / hidden)


def quotients(count: int) -> list[Any]:
    """Sums of random quotients of polynomials with factors in common."""
    draw = random.Random(0)

    def polynomial() -> Any:
        terms = (draw.randint(-3, 3) * x**i * y**j * n**k
                 for i in (0, 1) for j in (0, 1) for k in (0, 1))  # fmt: skip
        return sum(terms) or x

    made = [[polynomial() for _ in range(4)] for _ in range(count)]
    return [a * b / (c * x) - b / (d * c**2) + sp.Rational(1, 3) for a, b, c, d in made]


@pytest.mark.parametrize("expression", quotients(8))
def test_factors_are_those_of_sympy(expression: Any) -> None:
    assert factored(expression) == sp.factor(expression)


@pytest.mark.parametrize("expression", quotients(4))
def test_the_limit_is_the_ratio_of_the_leading_coefficients(expression: Any) -> None:
    numbers = {x: 2, y: 3}
    for value in (expression, expression / n, expression + n * y):
        top, bottom = (sp.Poly(p, n) for p in sp.fraction(sp.cancel(value.subs(numbers))))
        lead = top.nth(bottom.degree()) / bottom.LC()
        found = sp.zoo if top.degree() > bottom.degree() else lead
        assert at_infinity(value, n).subs(numbers) == found


def test_the_limit_is_of_quotients_only() -> None:
    with pytest.raises(NotRational, match="no quotient"):
        at_infinity(sp.sqrt(n) + 1, n)


def test_a_wrong_line_says_what_remains() -> None:
    with pytest.raises(ProofError, match=r"-y/\(x \+ y\) remains"):
        Step("a share", x / (x + y), 1).check()
