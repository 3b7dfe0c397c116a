"""How an assumption behaves as a Python object: frozen, comparable, printable, serialisable."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

from ..component import KINDS, Component, find, from_dict
from ..symbols import InputError


class CheckError(AssertionError):
    """A check that failed, with a report."""


class MannersError(CheckError):
    """Not frozen, not comparable, not printable or not serialisable as an assumption must be."""


def check_manners(component: Any) -> None:
    """Frozen, ``==``, hash, a repr that gives the object back, and serialisation.

    What is shipped must come back from its dictionary; what is your own must give one of plain
    text and numbers.  Raises `MannersError`.
    """
    for check in (_frozen, _equal, _printable, _serialisable):
        if complaint := check(component):
            raise MannersError(f"{component!r} {complaint}")


def _frozen(component: Any) -> str:
    if not isinstance(component, Component) or not is_dataclass(component):
        return "must be a dataclass that inherits from the base of its kind"
    name = fields(component)[0].name if fields(component) else "anything"
    try:
        setattr(component, name, getattr(component, name, None))
    except FrozenInstanceError:
        return ""
    return f"must be frozen (@dataclass(frozen=True)), but {name} could be set"


def _equal(component: Any) -> str:
    twin = replace(component)
    if twin != component:
        return "must equal a copy of itself"
    try:
        return "" if hash(twin) == hash(component) else "must have the hash of its copy"
    except TypeError as error:
        return f"must be hashable, but {error}"


def _printable(component: Any) -> str:
    # a class inside a function is printed as function.<locals>.Name, which is no Python
    text, classes = re.sub(r"[\w.]+\.<locals>\.", "", repr(component)), _classes(component)
    try:
        twin = _from_repr(ast.parse(text, mode="eval").body, classes)
    except (SyntaxError, ValueError, KeyError, TypeError) as error:
        return f"must have a repr that evaluates back ({type(error).__name__}: {error})"
    return "" if twin == component else f"must have a repr that gives it back, but gives {twin!r}"


def _classes(component: Any) -> dict[str, Callable[..., Any]]:
    """The classes that a repr may name."""
    values = (getattr(component, f.name) for f in fields(component))
    inner = [pair for v in values if isinstance(v, Component) for pair in _classes(v).items()]
    return {"Fraction": Fraction, type(component).__name__: type(component), **dict(inner)}


def _from_repr(node: ast.expr, classes: Mapping[str, Callable[..., Any]]) -> Any:
    """The object that a repr describes: calls of known classes, and literals."""
    if isinstance(node, ast.Tuple):
        return tuple(_from_repr(e, classes) for e in node.elts)
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    arguments = [_from_repr(a, classes) for a in node.args]
    keywords = {str(k.arg): _from_repr(k.value, classes) for k in node.keywords}
    return classes[ast.unparse(node.func)](*arguments, **keywords)


def _serialisable(component: Any) -> str:
    try:
        data = component.to_dict()
        json.dumps(data)
    except (TypeError, ValueError) as error:
        return f"must give plain data by to_dict ({type(error).__name__}: {error})"
    for kind in _kinds(component):
        twin = from_dict(kind, data)
        if twin != component:
            return f"must come back from its dictionary, but gives {twin!r}"
    return ""


def _kinds(component: Any) -> Iterator[str]:
    """The kind of a shipped assumption; nothing for one of your own."""
    for kind in KINDS:
        try:
            if find(kind, type(component).__name__) is type(component):
                yield kind
        except InputError:
            continue
