"""Sphinx' settings, and what Sphinx lacks: mathematics as MathML, at build time, by pandoc."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from hallofillusions import __version__
from hallofillusions.latex import prose_latex
from hallofillusions.paper.build import mathml
from hallofillusions.proof import theorems

project = "hallofillusions"
author = "The hallofillusions authors"
version = release = __version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"hallofillusions {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["house.css"]
templates_path: list[str] = []
default_role = "py:obj"
add_module_names = False
toc_object_entries = False  # thousands of them on every page
autodoc_inherit_docstrings = False  # what an override does is said where it is declared
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
maximum_signature_line_length = 80
nitpicky = False  # a field or an argument in backticks has no page
suppress_warnings = ["ref.python"]  # annotations name classes by their last names

CODE = (
    nodes.FixedTextElement, nodes.literal, nodes.math, nodes.raw, nodes.reference, pending_xref,
)  # fmt: skip
"""Where a letter with an underscore is a name."""
SCRIPT = r"[_^](?:\{[^{}]*\}|-?[A-Za-z0-9α-ω]+)"
RAISED = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ₀₁₂₃₄₅₆₇₈₉]"
ANY = rf"(?:{SCRIPT}|{RAISED})*"
SYMBOL = re.compile(rf"((?<![\w.`])(?!\w_\w+_)[A-Za-zΑ-Ωα-ω∇]{RAISED}*{SCRIPT}{ANY}(?!\w))")
"""A letter with what stands below or above it, such as v_g, and no name such as k_fresh_points."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Join Sphinx' events."""
    app.connect("autodoc-process-docstring", marked)
    app.connect("autodoc-skip-member", foreign)
    app.connect("doctree-read", typeset)
    app.connect("missing-reference", by_last_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def foreign(app: Any, what: str, name: str, found: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what another package put into a class of this one."""
    home = getattr(found, "__module__", None) or ""
    return None if home.startswith(project) or not callable(found) else True


def marked(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """The mathematics of a docstring as Sphinx wants it (see `rewritten`)."""
    lines[:] = rewritten("\n".join(lines)).split("\n")


def rewritten(text: str) -> str:
    r"""``$\alpha$`` and ``$$...$$`` as roles of mathematics, and no substitution in |x|."""
    pieces = re.split(r"(``.+?``|\$\$.+?\$\$|(?<!\w)\$[^$`]+?\$|^ *>>> .+?(?=\n *\n|\Z))", text,
                      flags=re.DOTALL | re.MULTILINE)  # fmt: skip
    pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
    return "".join(map(_formula, pieces))


def _formula(piece: str) -> str:
    if piece.startswith("$$"):
        return f"\n\n.. math:: {' '.join(piece.strip('$').split())}\n\n"
    return rf":math:`{piece.strip('$')}`\ " if piece.startswith("$") else piece


def typeset(app: Any, document: nodes.document) -> None:
    """Every formula of a page as MathML, in one call."""
    for text in [n for n in document.findall(nodes.Text) if in_prose(n)]:
        text.parent.replace(text, split(text))
    found = [n for n in document.findall() if isinstance(n, nodes.math | nodes.math_block)]
    for node, formula in zip(found, to_mathml(found), strict=True):
        node.replace_self(nodes.raw("", formula, format="html"))


def in_prose(text: nodes.Text) -> bool:
    """Whether a text is a sentence's, and no code's, heading's or signature's."""
    while (text := text.parent) is not None:
        if isinstance(text, (*CODE, nodes.title)) or text.tagname.startswith("desc_sig"):
            return False
    return True


def split(text: nodes.Text) -> list[nodes.Node]:
    """A sentence in which v_g and σ_0^2 are formulae, by the rules of the paper's prose."""
    pieces = SYMBOL.split(text.astext())
    return [_symbol(piece) if i % 2 else nodes.Text(piece)
            for i, piece in enumerate(pieces) if piece]  # fmt: skip


def _symbol(piece: str) -> nodes.Node:
    latex = prose_latex(piece)
    whole = re.fullmatch(r"\$([^$]+)\$", latex)
    return nodes.math("", whole[1]) if whole else nodes.Text(piece)


def to_mathml(formulae: list[Any]) -> list[str]:
    """MathML of inline and displayed formulae; a formula that pandoc cannot read is an error."""
    marks = [r"\[%s\]" if isinstance(f, nodes.math_block) else r"\(%s\)" for f in formulae]
    found = mathml([m % f.astext() for m, f in zip(marks, formulae, strict=True)])
    return [f'<div class="formula">{m}</div>' if 'display="block"' in m else m for m in found]


def by_last_name(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """A link for `Temperature` or `gaussian_variance`, which the docstrings name alone."""
    target = node.get("reftarget", "")
    if target in theorems():
        return _link(app, node, f"theorems/{target}", "", contnode)
    objects = env.get_domain("py").objects
    names = sorted((n for n in objects if n.endswith(f".{target}")), key=_depth)
    if not target or not names:
        return None
    return _link(app, node, objects[names[0]].docname, objects[names[0]].node_id, contnode)


def _depth(name: str) -> tuple[int, str]:
    return name.count("."), name


def _link(app: Any, node: Any, page: str, place: str, words: Any) -> nodes.reference:
    here = app.builder.get_relative_uri(node["refdoc"], page)
    return nodes.reference("", "", words, internal=True, refuri=f"{here}#{place}".rstrip("#"))
