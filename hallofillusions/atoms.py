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


def field_names(loop: FeedbackLoop) -> list[str]:
    """The names of the atoms that the parts' own numbers make: ``family_mean``, ``bias_tau``, …"""
    return list(_part_atoms(loop.family, loop.bias, loop.estimator, lambda value: value))


def _part_atoms(
    family: Any, bias: Any, estimator: Any, convert: Callable[[Any], Any]
) -> dict[str, Any]:
    """The fields that are numbers, and what family and bias compute from theirs."""
    found = {
        f"{role}_{f.name}": convert(getattr(part, f.name))
        for role, part in (("family", family), ("bias", bias), ("estimator", estimator))
        for f in fields_of(part)
        if not isinstance(getattr(part, f.name), str | bool | tuple)
        and getattr(part, f.name) is not None
        and f.name not in part.structure
    }
    own = {"family": family.atoms(), "bias": bias.atoms(family)}
    return found | {f"{r}_{k}": convert(v) for r, values in own.items() for k, v in values.items()}


def _numbers(loop: Any) -> dict[str, Any]:
    return _part_atoms(loop.family, loop.bias, loop.estimator, float)


def _exact_fields(part: Any) -> dict[str, Any]:
    def exact(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(exact, value))
        return value if value is None or isinstance(value, str | bool) else _exact(value)

    return {f.name: exact(getattr(part, f.name)) for f in fields_of(part)
            if f.name not in part.structure}  # fmt: skip


def _written(part: Any, numbers: bool) -> Any:
    """The part in exact numbers, or with a symbol in place of every number."""
    return part.replaced(_exact_fields(part)) if numbers else part.symbolic()


def numeric_atoms(loop: FeedbackLoop, generations: int) -> dict[str, Any]:
    """Atom -> array over g = 1 … ``generations`` (or a constant)."""
    loop.require_numbers()
    return atoms_at(loop, loop.clock(generations))


def atoms_at(loop: Any, clock: Clock) -> dict[str, Any]:
    """The same for a given clock, whose α and n need not make whole counts."""
    size = loop.mixing.training_size(clock)
    own = loop.estimator.atoms(size, loop.family)
    return {**loop.mixing.atoms(clock), **own, **_numbers(loop)}


def first_numeric_atoms(loop: FeedbackLoop) -> dict[str, Any]:
    """Atoms of the start and of a special first fit."""
    loop.require_numbers()
    return first_atoms_at(loop, loop.clock(1), float(loop.mixing.memory_size(loop.sizes(1)[0])))


def first_atoms_at(loop: Any, clock: Clock, held: float) -> dict[str, Any]:
    """The same for a given clock and number of points that the memory holds."""
    size = held if isinstance(loop.start, Memory) else loop.mixing.training_size(clock)
    fitted = loop.estimator.atoms(size, loop.family)
    values = {**loop.mixing.atoms(clock), **fitted, **_numbers(loop)}
    first = {k: np.ravel(v)[0] for k, v in values.items()}
    if isinstance(loop.start, type(loop.family)):
        start = loop.family.coordinates(loop.start.parameters())
        first |= {f"start_{k}": float(v) for k, v in start.items()}
    return {**first, "hm": 1 / held if held else 0.0}


def symbolic_atoms(loop: FeedbackLoop, *, numbers: bool = False) -> dict[str, Any]:
    """Atom -> sympy expression in α, n, N, g, λ, … or (``numbers=True``) the loop's numbers."""
    clock = _exact_clock(loop, numbers)
    return _symbolic_values(loop, clock, loop.mixing.training_size(clock), numbers)


def _symbolic_values(loop: FeedbackLoop, clock: Clock, size: Any, numbers: bool) -> dict[str, Any]:
    parts = (loop.family, loop.bias, loop.estimator)
    family, bias, estimator = (_written(part, numbers) for part in parts)
    mixing = _written(loop.mixing, numbers)
    own = _part_atoms(family, bias, estimator, _exact)
    return {**mixing.atoms(clock), **estimator.atoms(size, family), **own}


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
    first = _symbolic_values(loop, clock, size, numbers)
    if isinstance(loop.start, type(loop.family)):
        import sympy

        for k, v in loop.family.coordinates(vars(loop.start)).items():
            named = sympy.Symbol(f"{k}_0", real=True)
            first[f"start_{k}"] = _exact(v) if numbers or is_symbolic(v) else named
    return {**first, "hm": 1 / held if held != 0 else held}
