"""What every assumption shares: a frozen dataclass that validates, prints and serialises itself."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any, ClassVar

from .symbols import InputError, is_symbolic, lookup

KINDS = (
    "families", "biases", "mixing", "estimators", "observables", "starts", "samplers", "corpus",
)  # fmt: skip
FILES = ("starts", "samplers", "corpus")
"""Kinds that are one file, and no folder of them."""


class Component:
    """Base of every part of the sentence.

    A part is a frozen dataclass whose fields are numbers, sympy symbols or (for schedules)
    tuples of numbers.  Its class name in snake case is the name of its file, which is how a
    file's text finds it again: nothing has to be registered.
    """

    symbols: ClassVar[dict[str, str]] = {}
    """Field -> name of its symbol in :mod:`hallofillusions.symbols`, where the names differ."""

    structure: ClassVar[tuple[str, ...]] = ()
    """Fields that say what kind of part it is: no symbol ever stands for them."""

    def __repr__(self) -> str:
        """The call that makes the part, without what was left open."""
        values = {f.name: getattr(self, f.name) for f in fields_of(self)}
        inner = ", ".join(f"{k}={v!r}" for k, v in values.items() if v is not None)
        return f"{type(self).__name__}({inner})"

    def to_dict(self) -> dict[str, Any]:
        """The part as plain text and numbers, with its class name under ``type``."""
        items = {f.name: plain(getattr(self, f.name), f.name) for f in fields_of(self)}
        return {"type": type(self).__name__, **{k: v for k, v in items.items() if v is not None}}

    def symbolic(self) -> Any:
        """The same part with a symbol in place of every number."""
        return self.replaced({f.name: self.symbol_of(f.name) for f in fields_of(self)})

    def symbol_of(self, name: str) -> Any:
        """The symbol that stands for the field ``name`` (fields without a number stay)."""
        value = getattr(self, name)
        if isinstance(value, str | bool) or value is None or is_symbolic(value):
            return value
        if name in self.structure:
            return value
        return lookup(self.symbols.get(name, name))

    def replaced(self, values: dict[str, Any]) -> Any:
        """A copy whose fields are ``values`` whatever they are: polynomials, symbols, arrays."""
        twin = object.__new__(type(self))
        for f in fields_of(self):
            object.__setattr__(twin, f.name, values.get(f.name, getattr(self, f.name)))
        return twin

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


def fields_of(part: Any) -> tuple[Any, ...]:
    return fields(part) if is_dataclass(part) else ()


def plain(value: Any, argument: str) -> Any:
    """A field as TOML can hold it: a number, a list, or the name of a symbol."""
    if isinstance(value, tuple):
        return [plain(v, argument) for v in value]
    if isinstance(value, Component):
        return value.to_dict()
    if is_symbolic(value):
        if not value.is_Symbol:
            raise InputError(f"{argument}={value} cannot be written to a file; plain symbols can")
        return str(value)
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    if isinstance(value, int | str) or value is None:
        return value
    return int(value) if getattr(value, "is_Integer", False) else float(value)


def parsed(value: Any, argument: str) -> Any:
    """The inverse of `plain`; text is a symbol's name or a fraction, and is never evaluated."""
    if isinstance(value, list):
        return tuple(parsed(v, argument) for v in value)
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"-?\d+/[1-9]\d*", value):
        return Fraction(value)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value):
        return lookup(value)
    raise InputError(f"{argument} must be a number, a fraction or a symbol's name, got {value!r}")


def snake_case(name: str) -> str:
    """``FreshSplit`` -> ``fresh_split``; ``KLDivergence`` -> ``kl_divergence``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def near(name: str, known: Iterable[str], otherwise: str = "", cutoff: float = 0.7) -> str:
    """``; did you mean …?`` for a misspelt name or a beginning of one, else ``otherwise``.

    Beyond a ``cutoff`` of 0.7 only slips are found: what begins another name may be a name.
    """
    import difflib

    spelled = {k.lower(): k for k in known}
    whole = len(name) > 2 and cutoff <= 0.7
    begun = [k for k in spelled if whole and k.startswith(name.lower())]
    found = difflib.get_close_matches(name.lower(), spelled, 2, cutoff) or begun[:2]
    return f"; did you mean {' or '.join(spelled[k] for k in found)}?" if found else otherwise


def find(kind: str, name: str) -> type[Any]:
    """The shipped class ``name`` of one kind (``"mixing"``, ``"biases"``, …), from its file."""
    if re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
        package = f"{__package__}.{kind}"
        path = package if kind in FILES else f"{package}.{snake_case(name)}"
        try:
            module = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name != path:
                raise
            module = ModuleType(path)
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, Component) and found.__module__ == path:
            return found
    known = shipped(kind)
    hint = near(name, known, f"; it has {', '.join(known)}")
    raise InputError(f"{kind} has no shipped assumption {name!r}{hint}")


def shipped(kind: str) -> list[str]:
    """The names of all shipped classes of one kind, from the folder's listing."""
    import pkgutil

    package = importlib.import_module(f"{__package__}.{kind}")
    modules = (
        [importlib.import_module(f"{package.__name__}.{m.name}")
         for m in pkgutil.iter_modules(package.__path__)
         if m.name != "base" and not m.name.startswith("_")]
        if hasattr(package, "__path__") else [package]
    )  # fmt: skip
    return sorted(
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Component)
        and is_dataclass(value)
        and value.__module__ == module.__name__
    )


def from_dict(kind: str, data: Any, argument: str | None = None) -> Any:
    """Build the shipped assumption that ``data`` (``{"type": ..., field: value}``) describes.

    ``argument`` is what error messages call it.  Text is never evaluated (see `parsed`).
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("type"), str):
        raise InputError(f"{argument or kind} must be a table with a 'type', got {data!r}")
    cls = find(kind, data["type"])
    known = {f.name: f for f in fields_of(cls)}
    if unknown := [k for k in data if k != "type" and k not in known]:
        listed = f"; it has {', '.join(known)}" if known else "; it has none"
        raise InputError(
            f"{data['type']} has no field {unknown[0]!r}{near(unknown[0], known, listed)}"
        )
    return construct(cls, {k: _read(known[k], kind, v) for k, v in data.items() if k != "type"})


def _read(declared: Any, kind: str, value: Any) -> Any:
    """One field of a file: a number, a symbol's name, plain text or another shipped part."""
    if isinstance(value, Mapping):
        return from_dict(declared.metadata.get("kind", kind), value, declared.name)
    if "str" in str(declared.type) or "kind" in declared.metadata:  # plain text, or a part's name
        return tuple(value) if isinstance(value, list) else value
    return parsed(value, declared.name)


def construct(cls: type[Any], values: Mapping[str, Any]) -> Any:
    """``cls(**values)``, with a missing field told as an `InputError`."""
    missing = [
        f.name for f in fields_of(cls)
        if f.default is MISSING and f.default_factory is MISSING and f.name not in values
    ]  # fmt: skip
    if missing:
        raise InputError(f"{cls.__name__} wants {' and '.join(missing)}, which is not given")
    try:
        return cls(**values)
    except TypeError as error:
        raise InputError(f"{cls.__name__}: {error}") from None


def lazily(kind: str, name: str) -> Any:
    """For ``__getattr__`` of a package: the shipped class of that name, or `AttributeError`."""
    try:
        return find(kind, name)
    except InputError:
        raise AttributeError(f"module {__package__}.{kind} has no attribute {name!r}") from None
