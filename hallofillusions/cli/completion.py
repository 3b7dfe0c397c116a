"""Completion in the user's shell: a script that is printed once and asks nobody later."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from collections.abc import Iterator
from typing import Any

from ..component import near
from ..symbols import InputError
from .declarations import declared
from .flags import KINDS


def script(shell: str) -> str:
    """What the shell is to read: every command with its flags, their files and their names."""
    import shtab

    if shell not in shtab.SUPPORTED_SHELLS:
        known = f"; it is one of {', '.join(shtab.SUPPORTED_SHELLS)}"
        raise InputError(f"there is no completion for the shell {shell!r}"
                         f"{near(shell, shtab.SUPPORTED_SHELLS, known)}")  # fmt: skip
    from . import COMMANDS, parser_of

    parser = parser_of(COMMANDS)
    for action in _actions(parser):
        _explain(action, shtab.FILE, shtab.DIRECTORY)
    text: str = shtab.complete(parser, shell)
    return text


def _actions(parser: ArgumentParser) -> Iterator[Action]:
    """The flags and arguments of every command."""
    verbs = next(a for a in parser._actions if a.dest == "command")
    for verb in dict(verbs.choices or {}).values():
        yield from verb._actions


def _explain(action: Any, file: Any, folder: Any) -> None:
    """Say what may stand behind a flag, as its help says to a reader."""
    metavar = str(action.metavar)
    if metavar.startswith("FILE"):
        action.complete = file
    elif metavar == "FOLDER":
        action.complete = folder
    elif choices := _names(action.dest):
        action.choices = choices


def _names(dest: str) -> list[str]:
    """The names that an argument may have; none where it may be anything."""
    if dest == "name":
        return theorem_names()
    if dest == "shell":
        import shtab

        return list(shtab.SUPPORTED_SHELLS)
    return [c.name for kind in KINDS.get(dest, ()) for c in declared(kind)]


def theorem_names() -> list[str]:
    """The names of all theorems, read off their folders without sympy."""
    from ..proof import modules

    found = (module.rpartition(".")[2] for module in modules())
    return sorted(name for name in found if not name.startswith("_"))
