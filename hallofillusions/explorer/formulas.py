"""The formulas of the page: theorems and recursions as MathML, from the paper's own LaTeX."""

from __future__ import annotations

import re
from typing import Any

from ..latex import equation_latex, recursion_latex
from ..loop import FeedbackLoop
from ..proof import Theorem
from ..symbols import PARAMETERS
from ..theory import derive


def mathml(latex: str, display: bool = True) -> str:
    """LaTeX as MathML, which browsers draw by themselves."""
    from latex2mathml.converter import convert

    found: str = convert(_plain(latex), display="block" if display else "inline")
    return found.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


def _plain(latex: str) -> str:
    """In the words that the converter has."""
    upright = re.sub(r"\\mathrm\{(\w)\}", r"\\text{\1}", latex)
    return re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{split}", upright)


def theorem_facts(theorem: Theorem) -> dict[str, Any]:
    """What the page says of a theorem."""
    return {
        "title": theorem.title, "kind": str(theorem.kind), "origin": theorem.origin,
        "assumptions": list(theorem.assumptions),
        "equations": [mathml(equation_latex(e, 46)) for e in theorem.statement()],
    }  # fmt: skip


def recursion_formula(loop: FeedbackLoop) -> str:
    """The recursion of E σ² and E δ², or nothing where the bias makes it too long to be read."""
    if loop.bias.atoms(loop.family):
        return ""
    return mathml(recursion_latex(derive(loop, monomials=[{"v": 1}, {"delta": 2}])))


def parameter_facts(name: str) -> dict[str, Any]:
    """Name, sign and meaning of a number that a reader moves."""
    parameter = PARAMETERS[name]
    return {"sign": mathml(parameter.latex, display=False), "meaning": parameter.meaning}
