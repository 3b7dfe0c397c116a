"""Errors planted in the source, one at a time, and the layers that must see them.

A law has three corners: the closed form of a derivation, the claim of an assumption and its
definition.  One layer holds each two of them together, and the mark in the paper shows two layers:

======== ==================== ============================================================
proof    form and claim       the recursion that the claims compose to (`Theorem.prove`)
attack   form and definition  simulation against the closed form (`confront`)
faces    claim and definition simulation against the recursion (`check_component`)
mark     the first two        what `paper.build` calls a problem, for which it exits 1
======== ==================== ============================================================

So an error in one corner turns its two layers red and leaves the third green.  What stands
outside (statistics, compiled loops, print) has tests of its own: the layer ``test``.

An error is planted in a process of its own, where a module is loaded from the wrong source from
the first import on.  Nothing of the package is imported here.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PACKAGE = "hallofillusions"
PRELOADED = ["sympy", "scipy.stats", "statsmodels.stats.multitest", "pytest"]
REPLICATES = 100_000
"""Runs of a confrontation at most: enough for errors of a few per cent."""
CHECKED = {"replicates": 60_000, "wanted": 0.1}
"""Options of a check of two faces."""


@dataclass(frozen=True)
class Planted:
    """``old`` becomes ``new`` in one module; the layers that must turn red and stay green.

    A layer is its name and its subject, such as ``attack drift_replace``.
    """

    module: str
    old: str
    new: str
    red: tuple[str, ...]
    green: tuple[str, ...] = ()

    @property
    def room(self) -> str:
        """The folder, or the file, that the error is in."""
        return self.module.split(".")[0]

    @property
    def source(self) -> str:
        """The module with the error in it."""
        return self.put_into(Path(home(self.module)).read_text(encoding="utf-8"))

    def put_into(self, text: str) -> str:
        """The text with the error in it, which has one place only."""
        found = text.count(self.old)
        assert found == 1, f"{self.module} holds {self.old!r} {found} times, so plant another error"
        return text.replace(self.old, self.new)

    def __str__(self) -> str:
        words = " ".join(self.new.split())
        return f"{self.module}: {words}"


def planted(errors: Iterable[Planted]) -> dict[str, str]:
    """Module -> source, with all of these errors in them."""
    found: dict[str, str] = {}
    for error in errors:
        text = found.get(error.module)
        found[error.module] = error.source if text is None else error.put_into(text)
    return found


def home(module: str) -> str:
    """The file of a module of the package."""
    spec = find_spec(f"{PACKAGE}.{module}")
    assert spec is not None, f"there is no module {module}"
    assert spec.origin is not None
    return spec.origin


# -- which layers stand on which corner -----------------------------------------------------------


def form(
    module: str, old: str, new: str, *, faces: str = "", also: Iterable[str] = ()
) -> Planted:
    """An error in the closed form of the theorem of that name."""
    red = (f"proof {module}", f"attack {module}", f"mark {module}", *also)
    return Planted(f"derivations.{module}", old, new, red, _named("faces", faces))


def claim(
    module: str, old: str, new: str, *, faces: str = "", theorem: str = "",
    also: Iterable[str] = (),
) -> Planted:  # fmt: skip
    """An error in a claim on which the proof of a theorem stands."""
    red = (*_named("faces", faces), *_named("proof", theorem), *_named("mark", theorem), *also)
    return Planted(module, old, new, red, _named("attack", theorem))


def definition(
    module: str, old: str, new: str, *, faces: str = "", theorem: str = "",
    also: Iterable[str] = (), green: Iterable[str] = (),
) -> Planted:  # fmt: skip
    """An error in a definition, of whose simulation a theorem speaks."""
    red = (*_named("faces", faces), *_named("attack", theorem), *also)
    return Planted(module, old, new, red, tuple(green))


def tool(module: str, old: str, new: str, *nodes: str) -> Planted:
    """An error in what serves the layers, which tests of its own must see."""
    return Planted(module, old, new, tuple(f"test {node}" for node in nodes))


def _named(layer: str, subject: str) -> tuple[str, ...]:
    return (f"{layer} {subject}",) if subject else ()


# -- the layers: what each complains of ("" where it is green) -----------------------------------


@cache
def proof(name: str) -> str:
    from hallofillusions.reproduction.work import prove

    return str(prove(name)["error"])


@cache
def simulated(name: str) -> dict[str, Any]:
    """What the results folder holds of the attacks on a theorem."""
    from hallofillusions.reproduction.work import LEVEL, attack

    return attack(name, 0, LEVEL, REPLICATES)


def attack(name: str) -> str:
    found = simulated(name)
    assert not found["error"], found["error"]
    return f"largest |z| {found['largest_z']}" if found["verdict"] == "disagrees" else ""


def mark(name: str) -> str:
    """What the build says of the mark beside the equation; the mark itself says so, too."""
    from hallofillusions.paper.build import problems
    from hallofillusions.reproduction.tables import mark as printed

    error = proof(name)
    record = {"proof": {"ok": not error, "error": error}, "simulation": simulated(name)}
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        results.write_text(json.dumps({"theorems": {name: record}}, default=float), "utf-8")
        told = problems(Path(folder))
    red = [bool(error), record["simulation"]["verdict"] == "disagrees"]
    assert len(told) == sum(red) == printed(record).count(r"\failed"), (told, printed(record))
    return "; ".join(told)


def faces(call: str) -> str:
    """Of an assumption, as it is written."""
    import hallofillusions
    from hallofillusions.testing import FacesError, check_component

    names = {name: getattr(hallofillusions, name) for name in dir(hallofillusions)}
    try:
        check_component(eval(call, names), **CHECKED)
    except FacesError as error:
        return str(error).partition("\n")[0]
    return ""


def test(node: str) -> str:
    """Of the tests themselves, by the name of one in its file of this folder."""
    told, options = io.StringIO(), ["-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    os.environ.pop("PYTEST_ADDOPTS", None)
    with redirect_stdout(told):
        code = pytest.main([*options, str(Path(__file__).parent / node)])
    assert code in (0, 1), told.getvalue()
    return told.getvalue() if code else ""


LAYERS: Mapping[str, Callable[[str], str]] = {
    "proof": proof, "attack": attack, "mark": mark, "faces": faces, "test": test,
}  # fmt: skip


# -- in this process: a closed form alone ---------------------------------------------------------


def loses_its_proof(home: Any, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The theorem of the module ``home`` cannot be proved with ``wrong`` of its own ``form``."""
    from hallofillusions.proof import ProofError

    monkeypatch.setattr(home, form, wrong(getattr(home, form)))
    with pytest.raises(ProofError):
        home.theorem.prove()


# -- planting ------------------------------------------------------------------------------------


class Wrong(MetaPathFinder):
    """Finds the modules of the package that have another source."""

    def __init__(self, sources: Mapping[str, str], folder: str) -> None:
        self.files: dict[str, Path] = {}
        for module, text in sources.items():
            name = f"{PACKAGE}.{module}"
            self.files[name] = Path(folder) / f"{name}.py"
            self.files[name].write_text(text, encoding="utf-8")

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in self.files:
            return None
        right: Any = PathFinder.find_spec(fullname, path)
        loader = Elsewhere(fullname, str(self.files[fullname]))
        loader.right = right.origin
        return spec_from_file_location(
            fullname, self.files[fullname], loader=loader,
            submodule_search_locations=right.submodule_search_locations,
        )  # fmt: skip


class Elsewhere(SourceFileLoader):
    """Loads a module that takes itself to be in its right place, among the files it needs."""

    right = ""

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self.right
        super().exec_module(module)


def complaints(sources: Mapping[str, str], layers: Sequence[str]) -> dict[str, str]:
    """What each layer says of the package with those sources: here and now, in a new process."""
    for name in [m for m in sys.modules if m.partition(".")[0] == PACKAGE]:
        del sys.modules[name]  # which a server that others share may have loaded
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        sys.meta_path.insert(0, Wrong(sources, folder))
        found = {}
        for layer in layers:
            name, _, subject = layer.partition(" ")
            found[layer] = LAYERS[name](subject)
    return found


def examined(sources: Mapping[str, str], layers: Iterable[str]) -> dict[str, str]:
    """`complaints` of a process of its own."""
    server = "forkserver" in get_all_start_methods()
    context: Any = get_context("forkserver" if server else "spawn")
    if server:
        context.set_forkserver_preload(PRELOADED)
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(complaints, sources, tuple(dict.fromkeys(layers))).result()
