"""Theorems: a named closed form, the machine-checked lines of its proof, and how to attack it.

A theorem lives in a file of its own name and is found through the entry-point group
``hallofillusions.theorems``, so that a package of somebody else's joins the same way.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from .kinds import Kind
from .symbols import InputError

if TYPE_CHECKING:
    from .loop import FeedbackLoop
    from .observables.base import Functional, Observable
    from .recursion import Recursion

GROUP = "hallofillusions.theorems"


def equal(left: Any, right: Any) -> Any:
    """An equation as it stands: `sympy.Eq` would first try, at length, whether it is true."""
    import sympy

    return sympy.Eq(left, right, evaluate=False)


class ProofError(AssertionError):
    """A line of a proof that does not hold."""


@dataclass(frozen=True)
class Step:
    """One line of a proof: ``left`` equals ``right``, which is checked, never assumed.

    ``because`` says in words what the line does.  With ``simplifier`` the difference is put
    through that function before it is compared with zero.
    """

    because: str
    left: Any
    right: Any
    simplifier: Callable[[Any], Any] | None = None

    def check(self) -> Step:
        """Return the step, or raise `ProofError` with what is left of the difference."""
        rest = difference(self.left, self.right, self.simplifier)
        if rest != 0:
            raise ProofError(f"{self.because}: {self.left} is not {self.right}; {rest} remains")
        return self


def difference(left: Any, right: Any, simplifier: Callable[[Any], Any] | None = None) -> Any:
    """left - right, simplified; 0 exactly where sympy can prove the equality."""
    import sympy

    from .rational import factored, is_rational

    # a Symbol is a Boolean to sympy, but its truth is not what a line claims
    boolean = isinstance(left, sympy.logic.boolalg.Boolean | bool)
    if boolean and not isinstance(left, sympy.Expr):
        return 0 if bool(left) == bool(right) else sympy.Integer(1)
    rest = frozen_powers(sympy.sympify(left) - sympy.sympify(right))
    if vanishes(rest):
        return sympy.Integer(0)
    if is_rational(rest):
        return factored(rest)  # not 0, whatever is done to it
    for simplify in (simplifier, sympy.expand, sympy.factor, sympy.gammasimp, sympy.simplify):
        if simplify is not None and rest != 0:
            rest = simplify(rest)
    return rest


def vanishes(expression: Any) -> bool:
    """Whether a numerator multiplied out is 0 over a denominator that is not: soon told, if true.

    Powers and exponentials are expanded where the algebra of rational functions does not suffice;
    quotients of gamma functions are made rational first.  False says nothing: what else can be
    simplified may vanish, too.
    """
    import sympy

    from .rational import identically_zero

    if expression == 0 or identically_zero(expression):
        return True
    if expression.has(sympy.gamma):
        expression = sympy.gammasimp(expression)
    if sympy.expand(expression) == 0:
        return True
    top, bottom = sympy.fraction(sympy.together(expression))
    return sympy.expand(top) == 0 and all(sympy.expand(f) != 0 for f in sympy.Mul.make_args(bottom))


def frozen_powers(expression: Any) -> Any:
    """b^(cg + d) → b^d · (one unknown for b^(cg)), so that the rest is rational algebra in g."""
    import sympy

    from .rational import factored
    from .symbols import lookup

    g = lookup("g")
    unknowns: dict[Any, Any] = {}

    def freeze(base: Any, exponent: Any) -> Any:
        slope, rest = exponent.expand().coeff(g, 1), exponent.expand().coeff(g, 0)
        if slope == 0 or not (slope.is_number and base.has(g) is False):
            return base**exponent
        key = (factored(base), abs(slope))
        power = unknowns.setdefault(key, sympy.Dummy("power", nonzero=True))
        return base**rest * power ** sympy.sign(slope)

    return expression.replace(
        lambda e: e.is_Pow and e.exp.has(g), lambda e: freeze(e.base, e.exp)
    )


def induction(recursion: Recursion, claim: Mapping[str, Any], start: int = 0) -> Iterator[Step]:
    """The two halves of a proof by induction on g, for every monomial that the claim names.

    ``claim`` gives each tracked monomial (by its name in ``recursion.names``) as an expression
    in g.  The base case is g = ``start`` (1 where the first fit is special); the step applies
    the recursion that the engine composed.
    """
    import sympy

    g = recursion.loop.symbolic_clock().g
    missing = set(recursion.names) - set(claim)
    if missing:
        raise ProofError(f"the claim says nothing about {sorted(missing)}")
    column = sympy.Matrix([sympy.sympify(claim[name]) for name in recursion.names])
    base = recursion.initial() if start == 0 else recursion.after_first()
    stepped = recursion.matrix().subs(g, g + 1) * column + recursion.constant().subs(g, g + 1)
    for i, name in enumerate(map(in_greek, recursion.names)):
        yield Step(f"base case, {name} at g = {start}", column[i].subs(g, start), base[i])
        yield Step(f"step from g to g + 1, {name}", column[i].subs(g, g + 1), stepped[i])


def in_greek(monomial: str) -> str:
    """``delta^2 v`` -> ``δ² v``, for the words of a proof."""
    raised = monomial.replace("delta", "δ")
    for digit, superscript in zip("23456789", "²³⁴⁵⁶⁷⁸⁹", strict=True):
        raised = raised.replace(f"^{digit}", superscript)
    return raised


@dataclass(frozen=True)
class Confrontation:
    """An attack on a theorem by simulation: what is watched, what is predicted, who must fall.

    =========== ========================================================================
    loop        the sentence that is simulated
    observable  what is measured
    generations at which g
    predicted   the theorem's numbers there (or, for a `Law` or a `Limit`, a CDF)
    rivals      name -> the numbers (or CDF) of a wrong theory that must be rejected
    scale       for `Asymptotic`: the n of each entry, at which the error is measured
    path        a functional of whole runs, measured in place of the observable itself
    also        further observables that ``path`` sees
    =========== ========================================================================

    ``path(values, *others)`` is given the observable at g = 0 … last (the last of
    ``generations``), an array of shape (last + 1, replicates), and one such array for each of
    ``also``.  It returns one row of values for each number of ``predicted`` (one row may be
    flat); for a law they are one sample, of any length, whose CDF is ``predicted``.
    """

    loop: FeedbackLoop
    observable: Observable
    generations: tuple[int, ...]
    predicted: Any
    rivals: Mapping[str, Any] = field(default_factory=dict)
    replicates: int = 20_000
    scale: tuple[int, ...] = ()
    path: Callable[..., Any] | None = None
    also: tuple[Observable, ...] = ()

    def entry(self, i: int) -> tuple[FeedbackLoop, int]:
        """The loop and the generation at which entry i of ``scale`` is measured."""
        several = len(self.generations) == len(self.scale)
        return replace(self.loop, n=self.scale[i]), self.generations[i if several else 0]


def _none(*_: Any) -> None:
    return None


@dataclass(frozen=True)
class Theorem:
    """A named closed form with its proof.

    ============== ===================================================================
    name           the name of its file, and of its label in the paper
    title          one line in words
    kind           how it is tested: `kinds.Exact`, `Asymptotic`, `Bound`, `Limit`, `Law`
    assumptions    what it needs, in words
    reference      where it was stated before, or None: no earlier statement known
    statement      () -> sympy equations, as the paper prints them
    proof          () -> the lines of its proof
    applies        loop -> None if the theorem holds for it, else the reason why not
    provides       (loop, functional) -> (array of g -> values) or None
    formula        (loop with symbols, what) -> the closed form of a functional, an observable or
                   a word in these symbols and g, for whoever prints it as code, or None
    confrontations () -> the experiments that attack it
    ============== ===================================================================
    """

    name: str
    title: str
    kind: Kind
    assumptions: tuple[str, ...]
    statement: Callable[[], Sequence[Any]]
    proof: Callable[[], Iterator[Step]]
    reference: str | None = None
    cites: tuple[str, ...] = ()
    applies: Callable[[FeedbackLoop], str | None] = _none
    provides: Callable[[FeedbackLoop, Functional], Callable[[Any], Any] | None] = _none
    formula: Callable[[FeedbackLoop, Any], Any] = _none
    confrontations: Callable[[], Sequence[Confrontation]] = tuple

    @property
    def origin(self) -> str:
        """The reference, or the words that say there is none."""
        return self.reference or "no earlier statement known"

    def prove(self) -> list[Step]:
        """All lines of the proof, each checked; raises `ProofError` at the first that fails."""
        steps = [step.check() for step in self.proof()]
        if not steps:
            raise ProofError(f"{self.name} has an empty proof")
        return steps

    def checked(self) -> tuple[list[Step], str]:
        """The lines that hold, up to the first that fails, and why that does ("" if none).

        A line that cannot even be computed fails too: whose theorem it is, is not known here.
        """
        steps: list[Step] = []
        try:
            for step in self.proof():
                steps.append(step.check())
        except Exception as error:
            name = "" if isinstance(error, ProofError) else f"{type(error).__name__}: "
            return steps, name + " ".join(str(error).split())
        return steps, "" if steps else "the proof is empty"


def packages() -> Iterator[Any]:
    """The packages whose modules are theorems: this one's and those that joined it."""
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            yield point.load()
        except ModuleNotFoundError as error:
            if error.name != point.module:
                raise


def modules() -> Iterator[str]:
    """The full names of these modules, read off the folders; nothing of them is loaded."""
    for package in packages():
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            yield f"{package.__name__}.{module}"


@lru_cache(maxsize=1)
def theorems() -> Mapping[str, Theorem]:
    """Name -> theorem, for every module of every package that joined; empty if none is there."""
    found: dict[str, Theorem] = {}
    for module in modules():
        theorem = getattr(importlib.import_module(module), "theorem", None)
        if isinstance(theorem, Theorem):
            found[theorem.name] = theorem
    return found


def find_theorem(name: str) -> Theorem:
    """The theorem of that name, or an `InputError` that lists near names."""
    import difflib

    known = theorems()
    if name not in known:
        near = difflib.get_close_matches(name, known, 3, 0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else "; see 'derive --list'"
        raise InputError(f"there is no theorem {name!r}{hint}")
    return known[name]


def loop_values(loop: FeedbackLoop) -> dict[str, Any]:
    """The numbers of a constant loop under their symbols' names."""
    loop.require_numbers()
    if isinstance(loop.n, tuple) or isinstance(getattr(loop.mixing, "alpha", 0), tuple):
        raise InputError("a closed form in α and n needs constants, not schedules")
    alpha = loop.mixing.fraction(int(loop.n), 0)
    real = float((1 - alpha) * int(loop.n))
    values = {"alpha": float(alpha), "n": float(loop.n), "k": real, "n_r": real}
    if loop.mixing.anchored:
        values["n_0"] = float(loop.mixing.memory_size(int(loop.n)))
    for part, names in ((loop.family, {"mean": "mu_0"}), (loop.bias, {"lam": "lam", "tau": "tau"})):
        values |= {s: float(getattr(part, f)) for f, s in names.items() if hasattr(part, f)}
    if hasattr(loop.family, "variance"):
        values["sigma_0"] = float(loop.family.variance) ** 0.5
    return values


def evaluate(expression: Any, loop: FeedbackLoop, g: Any = 0, **more: Any) -> Any:
    """A closed form in α, n, σ₀, g, … at the numbers of a loop, vectorised over ``g``."""
    import numpy as np

    values = {**loop_values(loop), "g": np.asarray(g, dtype=float), **more}
    function, names = _compiled(expression)
    if missing := [s for s in names if s not in values]:
        raise InputError(f"the loop gives no number for {', '.join(missing)}")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        result = function(*(values[s] for s in names))
    return np.broadcast_to(np.asarray(result, dtype=float), np.shape(values["g"])) + 0.0


@lru_cache(maxsize=512)
def _compiled(expression: Any) -> tuple[Callable[..., Any], list[str]]:
    import sympy

    symbols = sorted(sympy.sympify(expression).free_symbols, key=str)
    # without its docstring, which would print the expression a second time
    function = sympy.lambdify(symbols, expression, ["scipy", "numpy"], docstring_limit=0)
    return function, [str(s) for s in symbols]
