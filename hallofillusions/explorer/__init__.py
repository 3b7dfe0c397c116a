"""The explorer: theory under sliders, in one file that any browser opens.

Every number of the page comes from the expressions that `predict` uses: recursions are compiled
to sparse coefficients, theorems are printed by sympy's JavaScript printer, and both are evaluated
in the browser.  The points beside the curves come from a literal loop that knows none of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ..files import replacing
from ..symbols import InputError

SCRIPTS = ("runtime.js", "theory.js", "experiment.js", "drawing.js", "app.js")
"""The hand-written scripts; the laws stand between the first and the second."""
DEFAULT = "explorer.html"


def explore(out: Any = None, open: bool = True) -> Path:
    """Write the explorer as one HTML file, and open it in the browser.

    ==== =======================================================================
    out  the file to write; default: ``explorer.html`` in the working folder
    open whether a browser is asked to show it
    ==== =======================================================================

    Returns the path.  The page needs no network and no server; its address holds its state.
    """
    path = Path(out if out is not None else DEFAULT)
    if path.is_dir():
        raise InputError(f"out must be a file to write, got the folder {path}")
    if not path.parent.is_dir():
        raise InputError(f"out cannot be written: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"out cannot be written: {path} is read-only")
    text = page()
    try:
        with replacing(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"out cannot be written: {path}: {error.strerror or error}") from None
    if open:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())
    return path


def page() -> str:
    """The whole page."""
    scripts = [_read(SCRIPTS[0]), generated(), *map(_read, SCRIPTS[1:])]
    parts = {"<!-- style -->": f"<style>\n{_read('style.css')}</style>",
             "<!-- script -->": "<script>\n" + "\n".join(scripts) + "</script>"}  # fmt: skip
    text = _read("page.html")
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def generated() -> str:
    """The generated script: recursions, closed forms, and what the page says of both."""
    from . import formulas
    from .sentences import BIASES, ESTIMATORS, MIXINGS, described, keys, numbers_of

    table = _Table()
    loops = {"/".join(key): table.loop(key) for key in keys()}
    moved = {s for kind, names in (("mixing", MIXINGS), ("biases", BIASES))
             for name in names for s in numbers_of(kind, name).values()}  # fmt: skip
    data = {
        "RECURSIONS": table.recursions, "LOOPS": loops, "THEOREMS": table.facts(),
        "PARAMETERS": {s: formulas.parameter_facts(s) for s in sorted({*moved, "n", "t", "g"})},
        "MIXINGS": {name: described("mixing", name) for name in MIXINGS},
        "BIASES": {name: described("biases", name) for name in BIASES},
        "ESTIMATORS": {name: described("estimators", name) for name in ESTIMATORS},
    }  # fmt: skip
    lines = [f"const {name} = {_json(value)};" for name, value in data.items()]
    functions = ",\n".join(table.functions)
    return "\n".join(["// made by hallofillusions.explorer", *lines,
                      f"const FUNCTIONS = [\n{functions}\n];"])  # fmt: skip


def _json(value: Any) -> str:
    """JSON that may stand in a script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")


class _Table:
    """What the loops share: functions, recursions, formulas and theorems, each kept once."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.recursions: list[dict[str, Any]] = []
        self.names: set[str] = set()

    def function(self, code: str) -> int:
        """The place of a function in the table."""
        return _place(self.functions, code)

    def loop(self, key: Sequence[str]) -> dict[str, Any]:
        """All that the page knows of one loop."""
        from . import laws, recursions
        from .formulas import recursion_formula
        from .sentences import sentence

        mixing, bias, estimator = key
        loop = sentence(mixing, bias, estimator)
        recursion = recursions.composed(loop)
        about = {panel: laws.theorems_about(panel, loop) for panel in laws.ABOUT}
        self.names |= {name for names in about.values() for name in names}
        ages = laws.ages(loop)
        return {
            "recursion": _place(self.recursions, recursions.structure(recursion)),
            "atoms": self.function(recursions.atoms(recursion)),
            "starts": {name: {k: None if code == "null" else self.function(code)
                              for k, code in begun.items()}
                       for name, begun in recursions.beginnings(loop).items()},
            "grows": not recursion.autonomous,
            "moments": list(recursion.names),
            "words": {word: self.law(laws.law_of(word, loop)) for word in laws.WORDS},
            "near": {word: [self.law(law) for law in laws.near_laws(word, loop)]
                     for word in laws.WORDS},
            "effective": self.law(laws.effective_size(loop)),
            "ages": {"unknown": ages} if isinstance(ages, str) else
            {what: self.law(law) for what, law in ages.items()},
            "about": about, "formula": recursion_formula(loop), "whole": loop.mixing.whole,
            "anchored": loop.mixing.anchored,
        }  # fmt: skip

    def law(self, law: Any) -> dict[str, Any]:
        """A law, or the words that say there is none."""
        if isinstance(law, str):
            return {"unknown": law}
        self.names |= set(law.sources) - {"recursion"}
        return {"law": self.function(law.code), "sources": list(law.sources), "kind": law.kind}

    def facts(self) -> dict[str, Any]:
        """The theorems that some loop names."""
        from ..proof import theorems
        from .formulas import theorem_facts

        return {name: theorem_facts(theorems()[name]) for name in sorted(self.names)}


def _place(known: list[Any], item: Any) -> int:
    if item not in known:
        known.append(item)
    return known.index(item)
