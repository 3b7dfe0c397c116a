"""Closed forms as JavaScript: sympy's own printer, and the names of a small runtime beside it."""

from __future__ import annotations

from functools import cache
from typing import Any

RUNTIME = {
    "gamma": "gamma", "loggamma": "loggamma", "polygamma": "polygamma", "erf": "erf",
    "erfc": "erfc", "erfinv": "erfinv", "betainc_regularized": "betainc_regularized",
    "harmonic": "harmonic", "geometric_sum": "geometric_sum",
    "gamma_product_tail": "gamma_product_tail",
    "gamma_product_quantile": "gamma_product_quantile",
}  # fmt: skip
"""Functions that the printer rejects -> their names in runtime.js."""


@cache
def _printer() -> Any:
    """sympy's printer, which raises for what it has no words for, with one word more."""
    from sympy.printing.jscode import JavascriptCodePrinter

    class Printer(JavascriptCodePrinter):
        def _print_NaN(self, expression: Any) -> str:
            return "Number.NaN"

    return Printer({"user_functions": RUNTIME, "precision": 17})


def code(expression: Any) -> str:
    """An expression as JavaScript, exact numbers as fractions."""
    import sympy

    printed: str = _printer().doprint(_logarithmic(sympy.sympify(expression)))
    return " ".join(printed.split())


def function(expressions: Any, more: str = "") -> str:
    """``(s, …) => …``: an expression, or a list of them, as a function of the state s."""
    import sympy

    many = isinstance(expressions, list | tuple)
    listed = [sympy.sympify(e) for e in (expressions if many else [expressions])]
    body = ", ".join(map(code, listed))
    names = {s.name.partition("[")[0] for e in listed for s in e.free_symbols} - _arguments(more)
    bound = f"const {{{', '.join(sorted(names))}}} = s; " if names else ""
    return f"(s{more}) => {{ {bound}return {f'[{body}]' if many else body}; }}"


def _arguments(more: str) -> set[str]:
    return {name.strip() for name in more.split(",")} - {""}


def _logarithmic(expression: Any) -> Any:
    """Products of gamma functions by their logarithms, so that none of them overflows."""
    import sympy

    def is_gamma(factor: Any) -> bool:
        return isinstance(factor.as_base_exp()[0], sympy.gamma)

    def gentle(product: Any) -> Any:
        factors = [f.as_base_exp() for f in product.args if is_gamma(f)]
        total = sum(power * sympy.loggamma(base.args[0]) for base, power in factors)
        rest = sympy.Mul(*(f for f in product.args if not is_gamma(f)))
        return rest * sympy.exp(total)

    return expression.replace(lambda e: e.is_Mul and any(map(is_gamma, e.args)), gentle)
