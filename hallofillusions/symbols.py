"""Every symbol once: name, LaTeX, domain and typical range.

``from hallofillusions.symbols import alpha, n, g`` gives sympy symbols with the right
assumptions; the table :data:`PARAMETERS` gives the words, the LaTeX and the domains that
validation and error messages use.  sympy is imported only when a symbol is asked for.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any


class InputError(ValueError):
    """Bad input, told in one sentence: the argument, what it got and what it wants."""


@dataclass(frozen=True)
class Parameter:
    """A named quantity: its LaTeX, its meaning and the interval in which it lives.

    ``closed`` says which ends of ``[lower, upper]`` belong to the interval.
    """

    name: str
    latex: str
    meaning: str
    lower: float = -math.inf
    upper: float = math.inf
    closed: tuple[bool, bool] = (True, True)
    integer: bool = False
    typical: tuple[float, float] = (0.0, 1.0)

    @cached_property
    def symbol(self) -> Any:
        """The sympy symbol, with the assumptions of the domain."""
        import sympy

        positive = self.lower > 0 or (self.lower == 0 and not self.closed[0])
        sign = {"positive": True} if positive else {"nonnegative": True} if self.lower == 0 else {}
        return sympy.Symbol(self.name, real=True, integer=self.integer or None, **sign)

    @property
    def domain(self) -> str:
        """The interval in words, for error messages."""
        kind = "a whole number" if self.integer else "a number"
        if self.upper == math.inf:
            if self.lower == -math.inf:
                return f"{kind}"
            return f"{kind} {'at least' if self.closed[0] else 'above'} {self.lower:g}"
        left, right = "[" if self.closed[0] else "(", "]" if self.closed[1] else ")"
        return f"{kind} in {left}{self.lower:g}, {self.upper:g}{right}"

    def check(self, value: Any, argument: str | None = None) -> Any:
        """Return ``value`` if it lies in the domain (symbols do), else raise `InputError`."""
        argument = argument or self.name
        if is_symbolic(value):
            return table_symbol(value)
        number = as_number(value, argument, self.domain)
        low = number > self.lower or (self.closed[0] and number == self.lower)
        high = number < self.upper or (self.closed[1] and number == self.upper)
        if not (low and high) or (self.integer and number != int(number)):
            raise InputError(f"{argument} must be {self.domain}, got {value!r}")
        return int(number) if self.integer else python_number(value)


def is_symbolic(value: Any) -> bool:
    """Whether ``value`` is a sympy expression with free symbols (sympy itself is not imported)."""
    return bool(getattr(value, "free_symbols", None))


def as_number(value: Any, argument: str, wants: str = "a number") -> float:
    """``float(value)``, or an `InputError` that names the argument (NaN, text, bool)."""
    truth_value = type(value).__name__ in ("bool", "bool_")  # Python's or numpy's
    many = getattr(value, "shape", ()) != ()
    if truth_value or many or isinstance(value, str | bytes) or value is None:
        raise InputError(f"{argument} must be {wants}, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{argument} must be {wants}, got {value!r}") from None
    if not math.isfinite(number):
        raise InputError(f"{argument} must be {wants} (finite), got {value!r}")
    return number


def python_number(value: Any) -> Any:
    """A numpy or sympy number as Python's own, a sympy Rational exactly; all else as it is."""
    if getattr(value, "is_Rational", False):
        exact = as_fraction(value)
        return exact.numerator if exact.denominator == 1 else exact
    if getattr(value, "is_number", False):  # a sympy Float, or an irrational constant
        return float(value)
    return value.item() if hasattr(value, "item") else value


def table_symbol(value: Any) -> Any:
    """The table's own symbol for a plain ``sympy.Symbol("mu_0")`` of its name; all else as it is.

    sympy tells symbols of one name apart by their assumptions, and a file holds the name only.
    """
    if getattr(value, "is_Symbol", False) and value.name in PARAMETERS:
        return lookup(value.name) if type(value)(value.name) == value else value
    return value


def whole(value: Any, argument: str, low: int, high: int | None = None) -> int:
    """A whole number in [low, high], or an `InputError`."""
    wants = f"a whole number at least {low}" + (f" and at most {high}" if high else "")
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        raise InputError(f"{argument} must be {wants}, got {value!r}")
    return number


def sequence(value: Any, argument: str) -> tuple[Any, ...]:
    """Several values as a tuple, or an `InputError`."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise InputError(f"{argument} must be a sequence, got {value!r}")
    return tuple(value)


def generations_in(value: Any, argument: str, last: int) -> tuple[int, ...]:
    """Several generations from 0 to the last one, or an `InputError`."""
    return tuple(whole(g, argument, 0, last) for g in sequence(value, argument))


def without_bar(progress: bool | None) -> bool | None:
    """The same for tqdm: whether there is no bar (None: as a terminal is there or not)."""
    return None if progress is None else not progress


def checked_rows(
    values: Any, argument: str, dimension: int = 1,
    support: tuple[float, float] = (-math.inf, math.inf),
) -> Any:  # fmt: skip
    """Finite numbers, one point a row: shape (rows,) or, in d dimensions, (rows, d)."""
    import numpy as np

    wants = "numbers in one row" if dimension == 1 else f"rows of {dimension} numbers"
    try:
        data = np.array(values, dtype=float)
    except (TypeError, ValueError):
        got = getattr(values, "dtype", type(values).__name__)
        raise InputError(f"{argument} must be {wants}, got {got}") from None
    shape = () if dimension == 1 else (dimension,)
    if data.ndim < 1 or data.shape[1:] != shape or not len(data):
        raise InputError(f"{argument} must be {wants}, got the shape {data.shape}")
    if not np.isfinite(data).all():
        row = np.argwhere(~np.isfinite(data))[0]
        raise InputError(f"{argument} must be finite, got {data[tuple(row)]} in row {row[0] + 1}")
    for beyond, word, limit in ((data < support[0], "least", support[0]),
                                (data > support[1], "most", support[1])):  # fmt: skip
        if beyond.any():
            raise InputError(
                f"{argument} must be at {word} {limit:g} for this family, got "
                f"{data[beyond][0]:g} among its rows"
            )
    return data


def as_fraction(value: Any) -> Fraction:
    """The exact fraction that a user typed: 0.9 means 9/10, not its nearest binary number."""
    if isinstance(value, Fraction | int):
        return Fraction(value)
    if hasattr(value, "p") and hasattr(value, "q"):  # a sympy Rational
        return Fraction(int(value.p), int(value.q))
    return Fraction(repr(float(value)))


PARAMETERS: dict[str, Parameter] = {
    p.name: p
    for p in (
        Parameter("alpha", r"\alpha", "synthetic fraction", 0, 1, typical=(0, 1)),
        Parameter("n", "n", "points in one generation's training set", 1, integer=True,
                  typical=(10, 1000)),
        Parameter("g", "g", "generation: number of fits made", 0, integer=True, typical=(0, 100)),
        Parameter("N", "N", "points in a growing pool", 1, integer=True, typical=(10, 10_000)),
        Parameter("n_0", "n_0", "points in the fixed pool", 1, integer=True, typical=(10, 10_000)),
        Parameter("n_r", "n_r", "real points in a training set", 0, integer=True,
                  typical=(1, 1000)),
        Parameter("k", "k", "fresh real points per generation", 0, closed=(False, True),
                  typical=(1, 10)),
        Parameter("w", "w", "weight of the real points in a fit", 0, 1),
        Parameter("kappa", r"\kappa", "standard deviations beyond which points are rejected", 0,
                  closed=(False, True), typical=(1, 4)),
        Parameter("p", "p", "probability of the region that is sampled", 0, 1,
                  closed=(False, False), typical=(0.5, 0.99)),
        Parameter("h", "h", "bandwidth: standard deviation of a kernel", 0, closed=(False, True),
                  typical=(0.1, 1)),
        Parameter("lam", r"\lambda", "factor on the covariance of the sampler (MAD's lambda)", 0,
                  closed=(False, True), typical=(0.5, 1.5)),
        Parameter("tau", r"\tau", "sampling temperature", 0, closed=(False, True),
                  typical=(0.5, 1.5)),
        Parameter("mu_0", r"\mu_0", "mean of the real law", typical=(-1, 1)),
        Parameter("sigma_0", r"\sigma_0", "standard deviation of the real law", 0,
                  closed=(False, True), typical=(0.5, 2)),
        Parameter("m_0", "m_0", "mean of the real law, where it cannot be negative", 0,
                  typical=(0.5, 5)),
        Parameter("p_0", "p_0", "probability of a success in the real law", 0, 1,
                  typical=(0.1, 0.9)),
        Parameter("trials", "T", "known trials of one binomial point", 1, integer=True,
                  typical=(1, 20)),
        Parameter("shape", "a", "known shape of the law", 0, closed=(False, True),
                  typical=(0.5, 5)),
        Parameter("failures", "r", "known failures of a negative binomial point", 0,
                  closed=(False, True), typical=(0.5, 10)),
        Parameter("beta", r"\beta", "exponent of Zipf's law", 0, closed=(False, True),
                  typical=(1, 2)),
        Parameter("shift", "b", "shift of the ranks in Zipf-Mandelbrot's law", -1,
                  closed=(False, True), typical=(0, 5)),
        Parameter("kappa_0", r"\kappa_0", "pseudo-count that smoothing adds to each type", 0,
                  closed=(False, True), typical=(0.01, 1)),
        Parameter("k_0", "k_0", "types that are kept, the most probable ones", 1, integer=True,
                  typical=(1, 100)),
        Parameter("t", "t", "threshold of a tail, in real standard deviations", 0,
                  closed=(False, True), typical=(1, 5)),
    )
}  # fmt: skip


def lookup(name: str) -> Any:
    """The sympy symbol of that name: the table's own, or a plain real one for any other word."""
    import sympy

    return PARAMETERS[name].symbol if name in PARAMETERS else sympy.Symbol(name, real=True)


def __getattr__(name: str) -> Any:
    if name in PARAMETERS:
        return PARAMETERS[name].symbol
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
