"""Atoms: the quantities of the clock in which every coefficient of a recursion is a polynomial.

Each is written once, in an assumption's ``atoms``, and evaluated here with arrays for numbers
and with sympy expressions for symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .component import fields_of
from .loop import Clock, FeedbackLoop
from .starts import Memory
from .symbols import as_fraction, is_symbolic


def _exact(value: Any) -> Any:
    """A loop's number as the sympy rational that the user typed."""
    import sympy

    return value if is_symbolic(value) else sympy.Rational(as_fraction(value))


def field_atoms(loop: FeedbackLoop, convert: Callable[[Any, str], Any]) -> dict[str, Any]:
    parts = {"family": loop.family, "bias": loop.bias, "estimator": loop.estimator}
    return {
        f"{role}_{f.name}": convert(part, f.name)
        for role, part in parts.items()
        for f in fields_of(part)
        if not isinstance(getattr(part, f.name), str | bool | tuple)
        and getattr(part, f.name) is not None
    }


def _values(loop: FeedbackLoop, clock: Clock, size: Any, convert: Callable[[Any, str], Any]) -> Any:
    fields = field_atoms(loop, convert)
    return {**loop.mixing.atoms(clock), **loop.estimator.atoms(size), **fields}


def _number(part: Any, name: str) -> float:
    return float(getattr(part, name))


def numeric_atoms(loop: FeedbackLoop, generations: int) -> dict[str, Any]:
    """Atom -> array over g = 1 … ``generations`` (or a constant)."""
    loop.require_numbers()
    clock = loop.clock(generations)
    return _values(loop, clock, loop.mixing.training_size(clock), _number)


def first_numeric_atoms(loop: FeedbackLoop) -> dict[str, Any]:
    """Atoms of the start and of a special first fit."""
    loop.require_numbers()
    clock = loop.clock(1)
    held = float(loop.mixing.memory_size(loop.sizes(1)[0]))
    size = held if isinstance(loop.start, Memory) else loop.mixing.training_size(clock)
    first = {k: np.ravel(v)[0] for k, v in _values(loop, clock, size, _number).items()}
    if isinstance(loop.start, type(loop.family)):
        start = loop.family.coordinates(loop.start.parameters())
        first |= {f"start_{k}": float(v) for k, v in start.items()}
    return {**first, "hm": 1 / held if held else 0.0}


def _symbol_or_number(numbers: bool) -> Callable[[Any, str], Any]:
    def convert(part: Any, name: str) -> Any:
        return _exact(getattr(part, name)) if numbers else part.symbol_of(name)

    return convert


def symbolic_atoms(loop: FeedbackLoop, *, numbers: bool = False) -> dict[str, Any]:
    """Atom -> sympy expression in α, n, N, g, λ, … or (``numbers=True``) the loop's numbers."""
    clock = _exact_clock(loop, numbers)
    return _values(loop, clock, loop.mixing.training_size(clock), _symbol_or_number(numbers))


def _exact_clock(loop: FeedbackLoop, numbers: bool) -> Clock:
    clock = loop.symbolic_clock(numbers=numbers)
    alpha, n, total = map(_exact, (clock.alpha, clock.n, clock.N))
    return Clock(alpha, n, total, clock.g)


def first_symbolic_atoms(loop: FeedbackLoop, *, numbers: bool = False) -> dict[str, Any]:
    """The symbolic atoms of the start and of a special first fit."""
    clock = _exact_clock(loop, numbers)
    total = clock.n * (2 if loop.begins_with_pool else 1)
    clock = Clock(clock.alpha, clock.n, total, _exact(1))
    mixing = loop.mixing if numbers else loop.mixing.symbolic()
    held = _exact(mixing.memory_size(clock.n))
    size = held if isinstance(loop.start, Memory) else loop.mixing.training_size(clock)
    convert = _symbol_or_number(numbers)
    first = _values(loop, clock, size, convert)
    if isinstance(loop.start, type(loop.family)):
        import sympy

        for k, v in loop.family.coordinates(vars(loop.start)).items():
            named = sympy.Symbol(f"{k}_0", real=True)
            first[f"start_{k}"] = _exact(v) if numbers or is_symbolic(v) else named
    return {**first, "hm": 1 / held if held != 0 else held}
