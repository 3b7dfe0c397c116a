"""What theory knows of each word in each loop: closed forms of theorems over the recursion.

A word is an observable.  Its claim is a combination of functionals: monomials, which the
recursion holds, and primitives, whose closed form a theorem states.  Where it has none for the
loop, the word is unknown there, and the page says so in the words of `predict`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..loop import FeedbackLoop
from ..observables.base import ONE, Functional, Monomial, Tail
from ..observables.held_out_loss import HeldOutLoss
from ..observables.kl_divergence import KLDivergence
from ..observables.median import Median
from ..observables.squared_error import SquaredError
from ..observables.squared_variance import SquaredVariance
from ..observables.tail_mass import TailMass
from ..observables.variance import Variance
from ..observables.wasserstein2 import Wasserstein2
from ..proof import Theorem, theorems
from ..recursion import Recursion
from ..symbols import lookup
from .javascript import function
from .recursions import composed, standard

TAIL = 3.0
"""A threshold that stands for the t which a reader moves."""
WORDS: dict[str, Any] = {
    "variance": Variance(), "error": SquaredError(), "square": SquaredVariance(),
    "tail": TailMass(TAIL, "model"), "median": Median(TailMass(TAIL, "model")),
    "realTail": TailMass(TAIL, "real"), "realMedian": Median(TailMass(TAIL, "real")),
    "distance": Wasserstein2(), "loss": HeldOutLoss(),
}  # fmt: skip
UNKNOWN = "no theorem known for {}; simulate it"
"""What `predict` says of a word for which theory has no law."""
EXACT = ("Exact", "Law")
"""The kinds of theorems that hold at every n and g."""
AGES = {"ages": ", k", "mean age": "", "lifetime": ""}
"""What is known of the ages of training items -> further arguments of its law."""


@dataclass(frozen=True)
class Law:
    """A closed form as JavaScript, the theorems that state it, and how they are tested."""

    code: str
    sources: tuple[str, ...]
    kind: str = "Exact"


def law_of(word: str, loop: FeedbackLoop) -> Law | str:
    """The law of a word over the state and x, the recursion's moments; or why there is none."""
    observable, recursion = WORDS[word], composed(loop)
    whole = _stated(_with_threshold(observable), loop)
    if whole is not None:
        return Law(function(standard(whole[0]), ", x"), (whole[1].name,))
    claim = observable.claim_in(loop)
    if claim is None:
        return UNKNOWN.format("it")
    if claim.transform:
        return UNKNOWN.format(f"{claim.terms[0][1]} of this loop")
    total, sources = 0, set()
    for c, functional in claim.terms:
        found = _value(functional, loop, recursion)
        if found is None:
            return UNKNOWN.format(f"{functional} of this loop")
        total += _exact(c) * found[0]
        sources |= found[1]
    return Law(function(standard(total), ", x"), tuple(sorted(sources)))


def _with_threshold(observable: Any) -> Any:
    """The observable at the threshold t that a reader moves."""
    if isinstance(observable, Median):
        return replace(observable, of=_with_threshold(observable.of))
    return replace(observable, t=lookup("t")) if isinstance(observable, TailMass) else observable


def _value(functional: Functional, loop: FeedbackLoop, recursion: Recursion) -> Any:
    """(expression, sources) of one functional, or None."""
    import sympy

    if functional == ONE:
        return sympy.Integer(1), set()
    if isinstance(functional, Monomial) and functional.polynomial:
        place = recursion.index(**{name: int(p) for name, p in functional.powers})
        return sympy.Symbol(f"x[{place}]", real=True), {"recursion"}
    if isinstance(functional, Tail):
        functional = replace(functional, t=lookup("t"))
    found = _stated(functional, loop)
    return None if found is None else (found[0], {found[1].name})


def _stated(what: Any, loop: FeedbackLoop) -> tuple[Any, Theorem] | None:
    """The closed form of an exact theorem."""
    exact = (found for found in _formulas(what, loop) if type(found[1].kind).__name__ in EXACT)
    return next(exact, None)


def _formulas(what: Any, loop: FeedbackLoop) -> Iterator[tuple[Any, Theorem]]:
    for theorem in theorems().values():
        if (found := theorem.formula(loop, what)) is not None:
            yield found, theorem


def _exact(c: float) -> Any:
    import sympy

    return sympy.Integer(int(c)) if c == int(c) else sympy.nsimplify(c, rational=True) \
        if (2 * c).is_integer() else sympy.Float(c, 17)  # fmt: skip


# -- what is not exact, or not of one word ---------------------------------------------------------


def near_laws(word: str, loop: FeedbackLoop) -> list[Law]:
    """Limits and first orders in 1/n of a word: guides for the eye, each with its kind."""
    asked, more = {"loss": (KLDivergence(), loop.family.entropy())}.get(word, (WORDS[word], 0))
    found = []
    for value, theorem in _formulas(_with_threshold(asked), loop):
        if type(theorem.kind).__name__ not in EXACT:
            code = function(standard(value + _exact(more)), ", x")
            found.append(Law(code, (theorem.name,), type(theorem.kind).__name__))
    return found


def ages(loop: FeedbackLoop) -> dict[str, Law] | str:
    """The law, mean and lifetime of the number of models that a training item has passed."""
    found = {}
    for what, more in AGES.items():
        for value, theorem in _formulas(what, loop):
            found[what] = Law(function(value, more), (theorem.name,))
    return found or UNKNOWN.format("the ages of the items of this loop")


def effective_size(loop: FeedbackLoop) -> Law | str:
    """N_eff, of the theorem on the drift coefficient that applies."""
    import sympy

    from ..latex import name_text

    for name in ABOUT["effective"]:
        theorem = theorems().get(name)
        if theorem is not None and theorem.applies(loop) is None:
            given = {e.lhs: e.rhs for e in _equations(theorem)}
            value = next(v for s, v in given.items() if name_text(str(s)) == "N_eff")
            return Law(function(sympy.sympify(value).subs(given)), (name,))
    return "N_eff is known for the maximum likelihood fit of faithful points"


@lru_cache(maxsize=64)
def _equations(theorem: Theorem) -> tuple[Any, ...]:
    return tuple(e for e in theorem.statement() if hasattr(e, "lhs"))


# -- theorems to be shown beside a word ------------------------------------------------------------

DRIFTS = ("drift_replace", "drift_fresh_split", "drift_fresh_mixture", "drift_fixed_real",
          "drift_fixed_pool", "drift_accumulate", "drift_accumulate_subsample")  # fmt: skip
ABOUT = {
    "variance": (*DRIFTS, "gaussian_variance", "accumulate_subsample_unbiased", "biased_loop"),
    "error": (*DRIFTS, "gaussian_mean_error"),
    "tail": ("gaussian_tail_mass", "gaussian_variance_law", "biased_population", "power_law_tail"),
    "distance": ("gaussian_wasserstein", "gaussian_moments", "stationary_law"),
    "loss": ("gaussian_kl", "gaussian_log_variance", "first_order_loss", "stationary_law"),
    "effective": (*DRIFTS, "count_not_ratio"),
    "ages": ("mirror_cavity",),
}  # fmt: skip
"""Panel -> the theorems about it."""


def theorems_about(panel: str, loop: FeedbackLoop) -> list[str]:
    """Those theorems about a panel that apply to a loop."""
    known = theorems()
    return [n for n in ABOUT[panel] if n in known and known[n].applies(loop) is None]
