"""A loop from the command line: a file, or flags built from the fields of what is shipped.

Nothing is listed by hand: a new assumption in its folder has its flags at once.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..symbols import PARAMETERS, InputError
from .declarations import Declared, declared

if TYPE_CHECKING:
    from ..loop import FeedbackLoop

KINDS = {
    "family": ("families",),
    "mixing": ("mixing",),
    "bias": ("biases",),
    "estimator": ("estimators",),
    "start": ("starts", "families"),
}
FAMILY = "Gaussian"
"""The family of a loop that names none."""
ANY = "any"
"""Role of a flag whose field several roles have: the one that is named has it."""
RESERVED = frozenset({"real", "n", "loop", "order"})
"""Flags with another meaning: a field of such a name has its qualified flag only."""


def add_loop_flags(parser: ArgumentParser) -> None:
    """Flags for a file, for the five parts of the sentence and for every field of each."""
    group = parser.add_argument_group(
        "the loop", "from a file, from flags, or from a file that flags change"
    )
    group.add_argument("--loop", metavar="FILE.toml", help="a loop that FeedbackLoop.to_toml wrote")
    for role, kinds in KINDS.items():
        names = ", ".join(c.name for kind in kinds for c in declared(kind))
        group.add_argument(f"--{role}", metavar="NAME", help=names)
    group.add_argument("--n", type=scalars, metavar="N[,N…]",
                       help=f"{PARAMETERS['n'].meaning}; a comma list is a schedule")  # fmt: skip
    owners = _owners()
    shared = _shared(owners)
    for name, roles in shared.items():
        group.add_argument(f"--{name}", dest=f"{ANY}.{name}", type=scalars, metavar="X",
                           help=f"of whichever part has it: {', '.join(roles)}")  # fmt: skip
    for (role, name), classes in owners.items():
        own = role != "start" and name not in RESERVED and name not in shared
        short = [f"--{name}"] if own else []
        group.add_argument(
            *short, f"--{role}-{name}", dest=f"{role}.{name}", type=scalars, metavar="X",
            help=_meaning(name, classes),
        )  # fmt: skip


def _shared(owners: Mapping[tuple[str, str], Any]) -> dict[str, list[str]]:
    """Field -> the roles that have it, for fields of more than one role."""
    roles: dict[str, list[str]] = {}
    for role, name in owners:
        if role != "start" and name not in RESERVED:
            roles.setdefault(name, []).append(role)
    return {name: found for name, found in roles.items() if len(found) > 1}


def _owners() -> dict[tuple[str, str], list[Declared]]:
    """(role, field) -> the shipped classes that have it."""
    owners: dict[tuple[str, str], list[Declared]] = {}
    for role, kinds in KINDS.items():
        for kind in kinds:
            for cls in declared(kind):
                for name in cls.fields:
                    owners.setdefault((role, name), []).append(cls)
    return owners


def _meaning(name: str, classes: list[Declared]) -> str:
    symbol = classes[0].symbols.get(name, name)
    own = classes[0].words.get(name, name)
    words = PARAMETERS[symbol].meaning if symbol in PARAMETERS else own
    return f"{words} ({', '.join(c.name for c in classes)})"


def scalars(text: str) -> Any:
    """``0.9``, ``9/10``, ``alpha`` or a comma list of them; text stays text (see `parsed`)."""
    parts = [scalar(part.strip()) for part in text.split(",")]
    return parts if len(parts) > 1 else parts[0]


def scalar(text: str) -> Any:
    """A whole number, a number, or the text itself; nothing is evaluated."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        whole = isinstance(number, float) and number.is_integer() and "." not in text
        return int(number) if whole else number
    return text


def joined(arguments: list[str]) -> list[str]:
    """``--means -2,0`` as ``--means=-2,0``: argparse takes such a list for a flag."""
    found: list[str] = []
    for argument in arguments:
        if re.match(r"-\.?\d", argument) and found and re.match(r"--[^=]+$", found[-1]):
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


def given(arguments: Namespace) -> bool:
    """Whether the command line says anything about a loop."""
    return any(value is not None for _, value in _given(arguments))


def _given(arguments: Namespace) -> Iterator[tuple[str, Any]]:
    for name, value in vars(arguments).items():
        if name.split(".")[0] in {*KINDS, ANY, "loop", "n"}:
            yield name, value


def loop_from(arguments: Namespace) -> FeedbackLoop:
    """The loop that file and flags describe, or an `InputError`."""
    return built(described(arguments))


def built(data: Mapping[str, Any]) -> FeedbackLoop:
    """The loop of a table (see `described`), or an `InputError` that speaks of flags."""
    from ..loop import FeedbackLoop

    _require(data)
    return FeedbackLoop.from_dict(data)


def described(arguments: Namespace) -> dict[str, Any]:
    """What file and flags say of a loop, as its table (see `FeedbackLoop.from_dict`)."""
    data = read_toml(arguments.loop) if arguments.loop else {}
    fields: dict[str, dict[str, Any]] = {}
    for name, value in _given(arguments):
        role, _, field = name.partition(".")
        if value is None or role == "loop":
            continue
        if role == "n":
            data["n"] = value
        elif field:
            fields.setdefault(role, {})[field] = value
        elif not isinstance(old := data.get(role), Mapping) or old.get("type") != value:
            data[role] = {"type": value}
    data.setdefault("family", {"type": FAMILY})
    for field, value in fields.pop(ANY, {}).items():
        fields.setdefault(_role_of(data, field), {})[field] = value
    for role, values in fields.items():
        data[role] = {**_table(data, role), **values}
    return data


def _role_of(data: Mapping[str, Any], field: str) -> str:
    """The one role whose named part has the field."""
    types = {r: t.get("type") for r, t in data.items() if r in KINDS and isinstance(t, Mapping)}
    found = [r for r, name in types.items() if r != "start" and has_field(r, name, field)]
    if len(found) != 1:
        roles = found or _shared(_owners())[field]
        raise InputError(
            f"{field} is a field of {'no part that is named' if not found else ' and '.join(found)}"
            f": say {' or '.join(f'--{r}-{field}' for r in roles)}"
        )
    return found[0]


def has_field(role: str, name: Any, field: str) -> bool:
    """Whether the shipped class ``name`` of a role has that field (`from_dict` tells of others)."""
    return any(c.name == name and field in c.fields for k in KINDS[role] for c in declared(k))


def _table(data: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    table = data.get(role)
    if isinstance(table, Mapping):
        return table
    if table is not None:
        raise InputError(f"{role} must be a table with a 'type', got {table!r}")
    listed = ", ".join(c.name for kind in KINDS[role] for c in declared(kind))
    raise InputError(f"{role} is not given, but one of its fields is: name one of {listed}")


def _require(data: Mapping[str, Any]) -> None:
    """Say in flags what a loop lacks; what it has too much of is told by `from_dict`."""
    if not set(data) <= {*KINDS, "n"}:
        return
    if "mixing" not in data:
        listed = ", ".join(c.name for c in declared("mixing"))
        raise InputError(
            f"mixing is not given: name one of {listed} with --mixing, or a file with --loop"
        )
    if "n" not in data:
        raise InputError("n is not given: say --n POINTS, the points in one training set")


def read_toml(path: str) -> dict[str, Any]:
    """The table that a TOML file holds, or an `InputError`."""
    import tomllib

    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} must be TOML text: {error}") from None
