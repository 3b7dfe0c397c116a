"""The equation and the references of a candidate."""

from __future__ import annotations

from typing import Any

from ..loop import FeedbackLoop


def equation(loop: FeedbackLoop) -> str:
    """E[v](g), or E[δ](g) where there is no variance, as the recursion that the engine composed.

    Of types it is the recursion of one type's probability.
    """
    from ..latex import expression_text
    from .kernels import kernel_of

    kernel = kernel_of(part(loop))
    recursion, name = kernel.recursion, kernel.model[-1]
    row = kernel.rows([{name: 1}])[0]
    atoms = recursion.atoms()
    terms = []
    for j, coefficient in sorted(recursion.rows[row].items(), reverse=True):
        import sympy

        value = expression_text(sympy.factor(coefficient.symbolic(atoms)))
        monomial = f" E[{recursion.name(recursion.basis[j])}](g-1)" if j >= 0 else ""
        terms.append(monomial.strip() if value == "1" and monomial else f"({value}){monomial}")
    return f"E[{name}](g) = {' + '.join(terms) or '0'}"


def part(loop: FeedbackLoop) -> Any:
    """The loop of one dimension or type, where the kernel lives."""
    from .channels import one_dimensional

    return one_dimensional(loop)


def references(loop: FeedbackLoop) -> tuple[str, ...]:
    """The keys that the theorems about this loop cite, and the paper whose loop it is."""
    from ..proof import theorems

    if loop.free_symbols:
        return ("yu2025",)
    applying = (t for t in theorems().values() if t.applies(loop) is None)
    return tuple(dict.fromkeys(["yu2025", *(key for t in applying for key in t.cites)]))
