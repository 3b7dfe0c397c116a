"""The only LaTeX: theorems, recursions, mixings and loops as the paper prints them.

Whatever is printed comes from the object itself: a theorem's equations from its statement, a
recursion's from its matrices, a mixing's from its own claim, which is handed generating
functions that write down what is done to them.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .component import fields_of
from .proof import equal
from .symbols import PARAMETERS, lookup

if TYPE_CHECKING:
    from .loop import FeedbackLoop
    from .mixing.base import Mixing
    from .proof import Step, Theorem
    from .recursion import Recursion

WIDTH = 62
"""Characters of a displayed line, about: longer equations are broken."""
CLIP = 600
"""Characters of a side of a proof's line that are printed before the rest is left out."""
COLUMNS = 100

LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma
tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
"""
GREEK = frozenset([*LETTERS.split(), "varepsilon", "varphi", "vartheta"])
FUNCTIONS = frozenset({"log", "exp", "ln", "det", "lim", "max", "min", "sup", "inf", "Pr"})
UNICODE = {
    "√": r"\surd", "∞": r"\infty", "≤": r"\le", "≥": r"\ge", "→": r"\to", "≈": r"\approx",
    "·": r"\cdot", "×": r"\times", "∏": r"\prod", "Σ": r"\Sigma", "∑": r"\sum", "‖": r"\|",
    "…": r"\dots", "∫": r"\int", "≠": r"\ne", "±": r"\pm", "½": r"\tfrac12", "⅔": r"\tfrac23",
    "⅓": r"\tfrac13", "≫": r"\gg",
    "∈": r"\in", "−": "-", "⇒": r"\Rightarrow", "∼": r"\sim", "∝": r"\propto", "ε": r"\varepsilon",
}  # fmt: skip


# -- names -------------------------------------------------------------------------------------


def name_latex(name: str) -> str:
    """A name in plain text, such as ``E[sigma_g^2]``, as LaTeX; LaTeX stays as it is."""
    if name in PARAMETERS:
        return PARAMETERS[name].latex
    return name if "\\" in name or "{" in name else "".join(_tokens(name))


def _tokens(name: str) -> Iterator[str]:
    place = 0
    while place < len(name):
        if name[place] in "_^" and place + 1 < len(name):
            script, end = _script(name, place + 1)
            yield f"{name[place]}{{{name_latex(script)}}}"
        elif word := re.match(r"[^\W\d_]+", name[place:]):
            end = place + word.end()
            yield _word(word.group())
        else:
            end = place + 1
            end += name[place : place + 2] == "||"
            yield {"*": r"\,", " ": r"\,", "||": r"\,\|\,"}.get(name[place:end], name[place:end])
        place = end


def _script(name: str, start: int) -> tuple[str, int]:
    """What a sub- or superscript holds, and where it ends: a group in brackets or one word."""
    if name[start] in "({":
        depth, closing = 0, {"(": ")", "{": "}"}[name[start]]
        for place in range(start, len(name)):
            depth += (name[place] == name[start]) - (name[place] == closing)
            if depth == 0:
                return name[start + 1 : place], place + 1
    found = re.match(r"[^\W_]+", name[start:])
    return (found.group(), start + found.end()) if found else (name[start], start + 1)


def _word(word: str) -> str:
    """A word of a name: Greek, a function, one letter (as it is), or upright text."""
    if word in PARAMETERS:
        return PARAMETERS[word].latex
    if word in GREEK:
        return f"\\{word} "
    if word in FUNCTIONS:
        return f"\\{word} "
    if not word.isascii():
        return "".join(_character(c) or c for c in word)
    if word in ("E", "P") or len(word) > 1:
        return f"\\mathrm{{{word}}}"
    return word


def name_text(name: str) -> str:
    r"""A name in LaTeX, such as ``\mathrm{E}[\hat\sigma_g^2]``, as plain text."""
    text = re.sub(r"\\(mathrm|mathbb|operatorname|text|hat|widehat|bar|overline|tilde)\b\*?", "",
                  name)  # fmt: skip
    text = re.sub(r"(?<=[A-Za-z0-9])\\(?=[A-Za-z])", r" \\", text)  # t\sigma is t sigma
    text = re.sub(r"\\([A-Za-z]+) ?", r"\1", re.sub(r"\\[,;:! ]", " ", text))
    text = re.sub(r"\{([^{}]+)\}", lambda m: m[1] if m[1].isalnum() else f"({m[1]})", text)
    return re.sub(r"[{}\\]", "", text)


# -- expressions ---------------------------------------------------------------------------------


def expression_latex(expression: Any) -> str:
    """A sympy expression as LaTeX, each symbol by its own LaTeX."""
    import sympy

    expression = _tidy(sympy.sympify(expression))
    names = {s: name_latex(s.name) for s in expression.atoms(sympy.Symbol)}
    printed: str = _printer()({"symbol_names": names}).doprint(expression)
    return printed


@cache
def _printer() -> Any:
    """sympy's LaTeX with ψ for polygamma functions and sums that do not begin with a minus."""
    from sympy.printing.latex import LatexPrinter

    class Printer(LatexPrinter):
        def _as_ordered_terms(self, expr: Any, order: Any = None) -> list[Any]:
            terms = super()._as_ordered_terms(expr, order=order)
            return sorted(terms, key=lambda t: t.could_extract_minus_sign())

        def _print_polygamma(self, expr: Any, exp: Any = None) -> str:
            order, x = expr.args
            name = r"\psi" if order == 0 else rf"\psi_{{{self._print(order)}}}"
            power = f"^{{{exp}}}" if exp else ""
            return rf"{name}{power}\left({self._print(x)}\right)"

    return Printer


def _tidy(expression: Any) -> Any:
    """-(α - 1), which sympy prefers, as 1 - α."""
    alpha = lookup("alpha")

    def flipped(product: Any) -> Any:
        rest = [f for f in product.args if f != alpha - 1]
        return -product.func(*rest) * (1 - alpha)

    return expression.replace(
        lambda e: e.is_Mul and alpha - 1 in e.args and e.could_extract_minus_sign(), flipped
    )


def expression_text(expression: Any) -> str:
    """A sympy expression as plain text; an equation as ``left = right``."""
    import sympy

    expression = sympy.sympify(expression)
    if isinstance(expression, sympy.core.relational.Relational):
        sides = expression_text(expression.lhs), expression_text(expression.rhs)
        return f" {_relation(expression, plain=True)} ".join(sides)
    plain = {s: sympy.Symbol(name_text(s.name)) for s in expression.atoms(sympy.Symbol)}
    changed = {s: t for s, t in plain.items() if s.name != t.name}
    return sympy.sstr(expression.xreplace(changed) if changed else expression)


def _relation(equation: Any, plain: bool = False) -> str:
    sign: str = equation.rel_op
    table = {"==": ("=", "="), "<=": ("<=", r"\le"), ">=": (">=", r"\ge"), "!=": ("!=", r"\ne")}
    return table.get(sign, (sign, sign))[not plain]


def equation_latex(equation: Any, width: int = WIDTH) -> str:
    """An equation (or any expression) for a display, broken at sums where it is long."""
    import sympy

    if not isinstance(equation, sympy.core.relational.Relational):
        return expression_latex(equation)
    left, sign = expression_latex(equation.lhs), _relation(equation)
    right = expression_latex(equation.rhs)
    if visible(left) + visible(right) + 1 <= width:
        return f"{left} {sign} {right}"
    lines = _broken(equation.rhs, width)
    head = f"{left} &{sign} {lines[0]}"
    rest = "".join(f" \\\\\n&\\quad {line}" for line in lines[1:])
    if visible(left) > width // 3:
        head = f"& {left} \\\\\n&\\quad {sign} {lines[0]}"
    return f"\\begin{{split}}\n{head}{rest}\n\\end{{split}}"


def visible(latex: str) -> int:
    """About how many characters wide LaTeX is printed; a fraction as its wider half."""
    fraction = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
    text = re.sub(r"\\(left|right|mathrm|operatorname|text|hat|,|;|quad)\b|[&]", "", latex)
    for _ in range(20):
        flat = fraction.sub(lambda m: max(m[1], m[2], key=len), text)
        flat = re.sub(r"(?<!frac)(?<!\})\{([^{}]*)\}", r"\1", flat)
        if flat == text:
            break
        text = flat
    text = re.sub(r"\\([A-Za-z]+) ?", lambda m: m[1] if m[1] in FUNCTIONS else "x", text)
    return len(re.sub(r"[{}^_\\\s]", "", text))


def _broken(expression: Any, width: int) -> list[str]:
    """A long sum as lines of whole terms."""
    import sympy

    if not isinstance(expression, sympy.Add):
        return [expression_latex(expression)]
    lines: list[str] = []
    terms = sorted(expression.as_ordered_terms(), key=lambda t: t.could_extract_minus_sign())
    for term in terms:
        printed = expression_latex(term)
        signed = printed if printed.startswith("-") else f"+ {printed}"
        if lines and visible(lines[-1]) + visible(signed) <= width:
            lines[-1] += f" {signed}"
        else:
            lines.append(signed if lines else printed)
    return lines


# -- prose ---------------------------------------------------------------------------------------


_LETTER = r"(?<!['’A-Za-z0-9])[DNgknrst](?![A-Za-z'’])"
_SCRIPT = r"[_^](?:\([^()]*\)|\{[^{}]*\}|-?[A-Za-z0-9α-ω∞]+)"
_ATOM = rf"(?:(?<![A-Za-z])[A-Za-z]?(?:{_SCRIPT})+|{_LETTER}|[^\x00-\x7fà-öÀ-Ö–—’“”])"
_SUM = rf"(?:\d+\s?[-+]\s?)?{_ATOM}+(?:\s?[-+/]\s?(?:{_ATOM}+|\d+))*"
_TERM = rf"(?:-?\((?:{_SUM})\){_ATOM}*|-?(?:{_SUM}))"
_RUN = re.compile(rf"({_TERM}(?:\s?[-+/=<>]\s?(?:{_TERM}|\d+)|\s?{_TERM})*)")


def prose_latex(text: str) -> str:
    """A sentence with α, σ₀², v_g and single letters such as n in it, as LaTeX text."""
    pieces = _RUN.split(text)
    return "".join(_math(p) if i % 2 else _escaped(p) for i, p in enumerate(pieces))


def _escaped(text: str) -> str:
    """Plain text with TeX's special characters escaped and quotes made typographic."""
    text = re.sub(r'"([^"]*)"', r"``\1''", text)
    text = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", " "))
    text = text.replace("^", r"\textasciicircum{}")
    for mark, tex in {"–": "--", "—": "---", "’": "'", "“": "``", "”": "''"}.items():
        text = text.replace(mark, tex)
    return text.replace("~", r"\textasciitilde{}").replace("<", "$<$").replace(">", "$>$")


def _math(piece: str) -> str:
    """Characters of mathematics in prose as one formula."""
    printed = ""
    for i, part in enumerate(re.split(f"({_SCRIPT})", piece)):
        if i % 2:
            inside = part[2:-1] if part[1] in "({" else part[1:]
            inside = "".join(_character(c) or c for c in inside)
            word = inside.isalpha() and len(inside) > 1
            printed += part[0] + "{" + (f"\\mathrm{{{inside}}}" if word else inside) + "}"
        else:
            printed += "".join(_character(c) or c for c in part)
    printed = re.sub(r"([_^])\{([^{}]*)\}(?:\1\{([^{}]*)\})+", _joined, printed)
    return f"${{}}{printed}$" if printed[:1] in "_^" else f"${printed}$"


def _joined(match: re.Match[str]) -> str:
    """x^{-}^{1} is an error in TeX: x^{-1}."""
    return f"{match[1]}{{{''.join(re.findall(r'{([^{}]*)}', match[0]))}}}"


def _character(c: str) -> str | None:
    """One character beyond ASCII as LaTeX mathematics (None for the others)."""
    if c in UNICODE:
        return UNICODE[c] + " "
    name = unicodedata.name(c, "").split()
    if name[:1] == ["GREEK"] and len(name) == 4:
        word = {"LAMDA": "lambda"}.get(name[3], name[3].lower())
        word = word if name[1] == "SMALL" else word.capitalize()
        return f"\\{word} " if word in GREEK else c
    plain = unicodedata.normalize("NFKC", c).replace("−", "-")
    if name[:1] in (["SUBSCRIPT"], ["SUPERSCRIPT"]) or name[:2] == ["MODIFIER", "LETTER"]:
        return f"{'_' if name[0] == 'SUBSCRIPT' else '^'}{{{plain}}}"
    return f"_{{{plain}}}" if "SUBSCRIPT" in name else None


# -- theorems --------------------------------------------------------------------------------------


def theorem_text(theorem: Theorem, steps: Sequence[Step], error: str = "") -> str:
    """A theorem and its proof in plain text, a tick for every line that was checked."""
    lines = [f"{theorem.name}: {theorem.title}", f"kind: {theorem.kind}"]
    lines += [f"reference: {theorem.origin}", "assumptions:"]
    lines += [_wrapped(a, "  - ") for a in theorem.assumptions]
    lines += ["statement:", *(_wrapped(expression_text(e), "  ") for e in theorem.statement())]
    lines += [f"proof ({len(steps)} lines checked):", *(_line_text(s) for s in steps)]
    return "\n".join([*lines, *([_wrapped(f"✗ {error}", "  ")] if error else [])])


def _line_text(step: Step) -> str:
    sides = (_clipped(expression_text(side)) for side in (step.left, step.right))
    return _wrapped(f"✓ {step.because}: {' = '.join(sides)}", "  ")


def _clipped(text: str) -> str:
    return text if len(text) <= CLIP else f"{text[:CLIP]} … ({len(text)} characters)"


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(
        text, COLUMNS, initial_indent=indent, subsequent_indent=" " * (len(indent) + 2),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def theorem_latex(theorem: Theorem, steps: Sequence[Step], error: str = "") -> str:
    """A theorem and its proof as LaTeX for amsmath, amsthm and amssymb."""
    assumed = "; ".join(map(prose_latex, theorem.assumptions))
    lines = [
        f"\\begin{{theorem}}[{prose_latex(theorem.title)}]\\label{{thm:{theorem.name}}}",
        f"Assume: {assumed}. ({prose_latex(str(theorem.kind)).capitalize()}; "
        f"{prose_latex(theorem.origin)}.)",
        *statement_latex(theorem.name, theorem.statement()),
        r"\end{theorem}", r"\begin{proof}", r"\begin{itemize}",
        *(_line_latex(step) for step in steps),
        *([f"\\item[$\\times$] {_escaped(error)}"] if error else []),
        r"\end{itemize}", r"\end{proof}",
    ]  # fmt: skip
    return "\n".join(lines)


def statement_latex(name: str, equations: Sequence[Any], marks: str = "") -> list[str]:
    """One ``equation`` for each equation of a statement, labelled ``eq:NAME``, ``eq:NAME:2``, …

    ``marks`` is put beside the last one.
    """
    found = []
    for i, equation in enumerate(equations):
        label = f"eq:{name}" + (f":{i + 1}" if i else "")
        mark = marks if i == len(equations) - 1 else ""
        body = equation_latex(equation, WIDTH - 10 if mark else WIDTH)
        found.append(f"\\begin{{equation}}\\label{{{label}}}\n{body}{mark}\n\\end{{equation}}")
    return found


def gathered_latex(name: str, equations: Sequence[Any], marks: str = "") -> str:
    """The whole statement as one ``equation`` labelled ``eq:NAME``, short equations side by side.

    ``marks`` is put beside the last one.
    """
    lines: list[str] = []
    room = 0
    for equation in equations:
        printed = equation_latex(equation, WIDTH - 10).replace("{split}", "{aligned}")
        size = max(map(visible, printed.split("\\\\")))
        if lines and "aligned" not in printed + lines[-1] and size + 3 <= room:
            lines[-1] += f",\\quad {printed}"
            room -= size + 3
        else:
            lines.append(printed)
            room = WIDTH - 10 - size
    body = " \\\\\n".join(lines)
    if len(lines) > 1:
        body = f"\\begin{{gathered}}\n{body}\n\\end{{gathered}}"
    return f"\\begin{{equation}}\\label{{eq:{name}}}\n{body}{marks}\n\\end{{equation}}"


def _line_latex(step: Step) -> str:
    sides = [expression_latex(side) for side in (step.left, step.right)]
    item = f"\\item[$\\checkmark$] {prose_latex(step.because)}"
    if max(map(len, sides)) > CLIP:
        return f"{item} (checked by machine; too long to print)."
    return f"{item}: $\\displaystyle {sides[0]} = {sides[1]}$."


# -- recursions, loops, mixings --------------------------------------------------------------------

COORDINATES = {"delta": (r"(\mu_{%s}-\mu_0)", 1), "v": (r"\sigma_{%s}", 2)}
"""Coordinate -> its LaTeX at a generation, and the power that it already is."""


def monomial_latex(recursion: Recursion, powers: Iterable[int], when: str) -> str:
    """The expectation of a tracked monomial at the generation ``when``."""
    factors = []
    for name, p in zip(recursion.coordinates, powers, strict=True):
        if p:
            base, own = _coordinate_latex(name)
            factors.append(base % when + (f"^{{{p * own}}}" if p * own > 1 else ""))
    inside = " ".join(factors)
    alone = re.fullmatch(r"\(([^()]*)\)", inside)
    return f"\\mathrm{{E}}[{alone[1] if alone else inside}]"


def _coordinate_latex(name: str) -> tuple[str, int]:
    r"""A coordinate, and the power that it already is: ``v_1_2`` is $\Sigma_{g,12}$."""
    head, *places = name.split("_")
    if places and head in COORDINATES:
        where = "".join(places) if max(map(len, places)) == 1 else r"\,".join(places)
        vector = rf"(\mu_{{%s,{where}}}-\mu_{{0,{where}}})"
        return (vector if head == "delta" else rf"\Sigma_{{%s,{where}}}"), 1
    return COORDINATES.get(name, (f"{_memory_latex(name)}_{{%s}}", 1))


def _memory_latex(name: str) -> str:
    """``memory_2`` is the mean of the squares that the memory holds, ``memory_1_2`` of y₁y₂²."""
    if match := re.fullmatch(r"memory((?:_\d+){2,})", name):
        powers = [int(p) for p in match[1].split("_")[1:]]
        parts = (f"y_{{{i}}}" + (f"^{{{p}}}" if p > 1 else "")
                 for i, p in enumerate(powers, 1) if p)  # fmt: skip
        return rf"\overline{{{' '.join(parts)}}}"
    if match := re.fullmatch(r"memory_(\d+)", name):
        return r"\overline{y}" if match[1] == "1" else rf"\overline{{y^{{{match[1]}}}}}"
    return name_latex(name)


def recursion_latex(recursion: Recursion) -> str:
    """The exact recursion of moments, one line for each tracked monomial."""
    C, c = recursion.matrix(), recursion.constant()
    now = [monomial_latex(recursion, p, "g") for p in recursion.basis]
    before = [monomial_latex(recursion, p, "g-1") for p in recursion.basis]
    lines = []
    for i, left in enumerate(now):
        terms = [_term(C[i, j], b) for j, b in enumerate(before) if C[i, j] != 0]
        terms += [expression_latex(c[i])] if c[i] != 0 else []
        right = " + ".join(terms) or "0"
        lines.append(f"{left} &= {right}".replace("+ -", "- "))
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _term(coefficient: Any, monomial: str) -> str:
    if coefficient == 1:
        return monomial
    printed = expression_latex(coefficient)
    bare = coefficient.is_Add
    return f"\\left({printed}\\right) {monomial}" if bare else f"{printed}\\, {monomial}"


def loop_latex(loop: FeedbackLoop) -> str:
    """The sentence as a table: one line for each part."""
    rows = [f"{role} & {_part_latex(part)} \\\\" for role, part in loop.parts.items()]
    size = expression_latex(loop.n) if not isinstance(loop.n, tuple) else r"\text{a schedule}"
    rows.append(f"points & $n = {size}$ \\\\")
    return "\n".join([r"\begin{tabular}{ll}", r"\toprule", *rows, r"\bottomrule", r"\end{tabular}"])


def _part_latex(part: Any) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(part).__name__).lower()
    found = []
    for f in fields_of(part):
        value = getattr(part, f.name)
        if value is not None and not isinstance(value, tuple):
            symbol = expression_latex(lookup(part.symbols.get(f.name, f.name)))
            if hasattr(part, "symbol_of") and hasattr(type(part), "draw"):
                symbol = expression_latex(type(part)().symbol_of(f.name))
            found.append(f"${symbol} = {expression_latex(value)}$")
    return ", ".join([name, *found])


class _Written:
    """A generating function that writes down what a claim does to it."""

    def __init__(self, of: Callable[[Any], Any]) -> None:
        self.of = of

    def __add__(self, other: _Written) -> _Written:
        return _Written(lambda t: self.of(t) + other.of(t))

    def __mul__(self, factor: Any) -> _Written:
        return _Written(lambda t: factor * self.of(t))

    __rmul__ = __mul__

    def log(self) -> _Written:
        import sympy

        return _Written(lambda t: sympy.log(self.of(t), evaluate=False))

    def exp(self) -> _Written:
        import sympy

        return _Written(lambda t: sympy.exp(self.of(t), evaluate=False))

    def averaged(self, h: Any) -> _Written:
        return _Written(lambda t: self.of(h * t) / h)


def _law(who: str, memory: str) -> SimpleNamespace:
    import sympy

    K, M = (_Written(sympy.Function(f"{kind}_{{\\mathrm{{{who}}}}}")) for kind in "KM")
    return SimpleNamespace(K=K, M=M, linear=_Written(lambda t: t * sympy.Symbol(memory)))


def mixing_equation(mixing: type[Mixing]) -> Any:
    r"""log E exp(t·(training means)) given the past, written by the mixing's own claim.

    A memory's means are $\overline{\phi}$.  None for a claim that uses more than sums,
    logarithms, exponentials and averages.
    """
    import sympy

    from .families.gaussian import Gaussian
    from .loop import FeedbackLoop

    fields = {f.name: lookup(mixing.symbols.get(f.name, f.name)) for f in fields_of(mixing)}
    if len(fields) == 2 and "real" in fields:
        fields.pop("real")
    n, mu, sigma = (lookup(name) for name in ("n", "mu_0", "sigma_0"))
    loop = FeedbackLoop(Gaussian(mu, sigma**2), mixing=mixing(**fields), n=n)
    laws = (_law(who, r"\overline{\phi}") for who in ("real", "syn", "pool"))
    at = SimpleNamespace(**loop.mixing.atoms(loop.symbolic_clock()))
    try:
        real, synthetic, memory = laws
        claim: Any = loop.mixing.claim(real, synthetic, memory, at)
        written = claim.of(lookup("t"))
    except (AttributeError, TypeError):
        return None
    left = sympy.Symbol(rf"K_{{\mathrm{{{mixing.__name__}}}}}(t)")
    return equal(left, written)


def loop_equation() -> Any:
    """The sentence without sampling noise: what one generation is trained on."""
    import sympy

    alpha = lookup("alpha")
    following, real, last = sympy.symbols(r"D_{g+1} D_{\mathrm{real}} D_{\mathrm{syn}}^{g}")
    return equal(following, (1 - alpha) * real + alpha * last)
