"""The symbolic reader: what theory claims follows from the sentence.

`derive` composes the claims of the assumptions into an exact recursion of moments; `predict`
evaluates every observable, by the recursion or by a theorem that applies to the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from .algebra import Powers, powers_up_to
from .engine import Engine
from .kinds import Exact, Kind, Numerical
from .loop import FeedbackLoop, check_loop
from .observables.base import ONE, Combination, Functional, Monomial
from .prediction import Entry, Prediction
from .proof import theorems
from .recursion import NotClosed, Recursion
from .symbols import InputError, generations_in, whole


def derive(
    loop: FeedbackLoop,
    order: int = 2,
    *,
    monomials: Iterable[Mapping[str, float]] | None = None,
    data: Any = None,
    real: Any = None,
) -> Recursion:
    """The exact affine recursion of the loop's moments.

    ========= =====================================================================
    loop      the sentence; numbers or symbols
    order     all monomials of the model's coordinates up to this weight (4 holds Var σ²)
    monomials instead of ``order``: the monomials wanted, such as ``[{"v": 1}]``
    data      the rows of a real file that is the memory of an anchored mixing
    real      rows whose law is the real one, in place of the family's: its moments enter
    ========= =====================================================================

    Raises `NotClosed` (naming the monomial) when no finite recursion exists.

    >>> from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, derive
    >>> from hallofillusions.symbols import alpha, n
    >>> loop = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=alpha), n=n)
    >>> derive(loop).fixed_point()["delta^2"]
    -sigma_0**2/(alpha**2*n - alpha - n)
    """
    variables = check_loop(loop).family.variables
    if monomials is None:
        order = whole(order, "order", 1)
        wanted = sorted(
            (p for p in powers_up_to(tuple(variables.values()), order) if any(p)),
            key=lambda p: (sum(w * q for w, q in zip(variables.values(), p, strict=True)), p[::-1]),
        )
    else:
        wanted = [_powers(variables, m) for m in monomials]
        order = max(
            (sum(w * q for w, q in zip(variables.values(), p, strict=True)) for p in wanted),
            default=1,
        )
    order = max(order, 2)
    if wanted and (part := _open_part(loop)) is not None:
        raise NotClosed(
            _written(variables, wanted[0]),
            f"what {part!r} makes of the model's coordinates is no polynomial of them",
        )
    known = () if data is None else _data_means(loop, data, order)
    known += () if real is None else _row_means(loop, real, "real", order)
    found = _derive(_pattern(loop), order, tuple(wanted), known)
    return found if found.loop is loop else replace(found, loop=loop)


def _open_part(loop: FeedbackLoop) -> Any:
    """The bias or the estimator whose law is no polynomial, if one is."""
    if not loop.family.closes_under(loop.bias):
        return loop.bias
    return None if loop.estimator.closes_on(loop.family) else loop.estimator


def _pattern(loop: FeedbackLoop) -> FeedbackLoop:
    """A loop whose coefficients are the same polynomials: that of types is one for all p."""
    family = loop.family.pattern
    if family is loop.family:
        return loop
    start = family if isinstance(loop.start, type(family)) else loop.start
    return replace(loop, family=family, start=start)


def _powers(variables: Mapping[str, int], wanted: Mapping[str, float]) -> Powers:
    if unknown := set(wanted) - set(variables):
        raise InputError(f"monomials has no coordinate {unknown.pop()!r}; it has {list(variables)}")
    for name, p in wanted.items():
        if p < 0 or p != int(p):
            raise NotClosed(f"{name}^{p:g}", "only whole powers form polynomials")
    return tuple(int(wanted.get(v, 0)) for v in variables)


def _written(variables: Mapping[str, int], powers: Powers) -> str:
    """A monomial in words, such as ``delta^2 v``."""
    pairs = zip(variables, powers, strict=True)
    return " ".join(f"{c}^{p}" if p > 1 else c for c, p in pairs if p)


def _data_means(loop: FeedbackLoop, data: Any, order: int) -> tuple[tuple[str, float], ...]:
    if not loop.mixing.anchored:
        raise InputError(
            f"data must go with FixedReal or FixedPool, whose memory it is, got {loop.mixing!r}"
        )
    rows = loop.family.checked(data, "data")
    held = loop.mixing.memory_size(loop.sizes(1)[0])
    if len(rows) != held:
        raise InputError(f"data must have {held} rows, the size of the fixed set, got {len(rows)}")
    return _row_means(loop, rows, "pool", order)


def _row_means(
    loop: FeedbackLoop, values: Any, name: str, order: int
) -> tuple[tuple[str, float], ...]:
    """The means over the rows of all functions of x up to a weight, as atoms."""
    family = loop.family
    rows = family.checked(values, name)
    means = family.sample_means(rows[None], family.labels(order))
    return tuple((f"{name}_{family.name(k)}", float(v[0])) for k, v in means.items())


@lru_cache(maxsize=256)
def _derive(
    loop: FeedbackLoop, order: int, wanted: tuple[Powers, ...],
    data: tuple[tuple[str, float], ...],
) -> Recursion:  # fmt: skip
    engine = Engine(loop, order, dict(data))
    cut = len(engine.labels)
    return engine.close([(0,) * cut + p for p in wanted])


# -- prediction --------------------------------------------------------------------------------


def predict(
    loop: FeedbackLoop,
    generations: int,
    observables: Sequence[Any] | None = None,
    *,
    at: Sequence[int] = (),
    data: Any = None,
    real: Any = None,
    numerical: bool = False,
) -> Prediction:
    """The expectation of every observable at g = 0 … ``generations``.

    =========== =====================================================================
    loop        a sentence with numbers
    generations number of fits, at least 0
    observables `Observable` s; default: ``observables.defaults(loop.family)``
    at          generations at which closed forms are evaluated, every one if it is empty: for
                medians and tails, which take longer than a recursion (NaN elsewhere)
    data        the rows of a real file that is the memory of an anchored mixing
    real        rows whose law is the real one, in place of the family's: their moments
                enter exactly (``simulate(..., real=rows, replacement=True)`` samples it)
    numerical   whether tails, logarithms, roots and quantiles for which no theorem is known
                are computed by iterating the loop's one-step kernel (seconds, not
                milliseconds), with a stated error
    =========== =====================================================================

    Monomials come from the recursion (order 2 or 4, exact); everything else from a theorem
    that applies to the loop.  Where none is known the entry says so.
    """
    from .observables import defaults

    check_loop(loop).require_numbers()
    check_generations(generations)
    watched = tuple(observables) if observables is not None else defaults(loop.family)
    for o in watched:
        if not (hasattr(o, "label") and hasattr(o, "claim")):
            raise InputError(f"observables must have .label and .claim, got {o!r}")
    family = loop.family
    given = {name: None if rows is None else family.checked(rows, name)
             for name, rows in (("data", data), ("real", real))}  # fmt: skip
    options = {**given, "numerical": bool(numerical), "at": generations_in(at, "at", generations)}
    known: dict[Any, _Moments] = {}
    asked = {o.label: (o, *_reduced(o, loop, generations, options, known)) for o in watched}
    for moments in known.values():  # all at once: one recursion, iterated once
        claims = [claim for _, claim, own in asked.values() if own is moments and claim]
        moments.fill(f for claim in claims for _, f in claim.terms if isinstance(f, Monomial))
    entries = {
        label: replace(_entry(label, claim, own), scale=partial(o.scale, loop.family))
        for label, (o, claim, own) in asked.items()
    }
    return Prediction(loop, generations, entries)


def check_generations(generations: Any) -> int:
    """A whole number of generations, at least 0."""
    return whole(generations, "generations", 0)


def _reduced(
    observable: Any, loop: FeedbackLoop, generations: int, options: Mapping[str, Any],
    known: dict[Any, _Moments],
) -> tuple[Combination | None, _Moments]:  # fmt: skip
    """An observable's claim, and the moments of the loop that it is about, which others share."""
    observable.check(loop.family)
    simpler, inner = observable.reduced(loop)
    given = [options["data"], options["real"]]
    part = simpler is not loop and any(v is not None for v in given)
    key = simpler, observable.label if part else ""
    if key not in known:
        rows = [observable.seen(v) if part and v is not None else v for v in given]
        known[key] = _Moments(
            simpler, generations, rows[0], rows[1], options["numerical"], options["at"]
        )
    return inner.claim_in(simpler), known[key]


class _Moments:
    """Functionals of one loop, each found once: monomials by recursion, the rest by theorem."""

    def __init__(
        self, loop: FeedbackLoop, generations: int, data: Any, real: Any, numerical: bool = False,
        at: tuple[int, ...] = (),
    ) -> None:
        self.loop, self.generations, self.data, self.real = loop, generations, data, real
        self.numerical, self.at = numerical, at
        self.errors: dict[Functional, Any] = {}
        self.canonical = loop.canonical
        self.table: dict[Monomial, Any] = {ONE: np.ones(generations + 1)}
        self.open: dict[Monomial, str] = {}

    def fill(self, wanted: Iterable[Monomial]) -> None:
        """Put monomials into the table, or the reason why none can be into ``open``."""
        groups: dict[Any, dict[Monomial, dict[str, int]]] = {}
        for f in dict.fromkeys(wanted):
            if f.polynomial and f not in self.table and f not in self.open:
                loop, new, places = self.loop.marginal([name for name, _ in f.powers])
                key = loop, None if places is None else tuple(places)
                groups.setdefault(key, {})[f] = {new[name]: int(p) for name, p in f.powers}
        for (loop, places), monomials in groups.items():
            self._run(loop, places, monomials)

    def _run(self, loop: FeedbackLoop, places: Any, wanted: dict[Monomial, dict[str, int]]) -> None:
        rows = [None if v is None else self.loop.family.projected(v, places)
                for v in (self.data, self.real)]
        try:
            recursion = derive(loop, monomials=wanted.values(), data=rows[0], real=rows[1])
        except NotClosed as error:
            if len(wanted) > 1:
                for f, powers in wanted.items():
                    self._run(loop, places, {f: powers})
            else:
                self.open[next(iter(wanted))] = str(error)
            return
        x = recursion.iterate(self.generations)
        self.table |= {f: x[:, recursion.index(**m)] for f, m in wanted.items()}

    def find(self, functional: Functional) -> tuple[Callable[[], Any] | None, str, Kind]:
        """(values, source, kind) of one functional; values is None where no law is known."""
        if isinstance(functional, Monomial) and functional in self.table:
            source = "recursion" if functional.powers else ""
            return (lambda: self.table[functional]), source, Exact()
        grid = np.arange(self.generations + 1)
        for theorem in theorems().values():
            # given rows are conditioned on, or another real law; theorems know neither
            known = self.data is None and self.real is None
            law = theorem.provides(self.canonical, functional) if known else None
            if law is not None:
                law = _Sparse(law, self.at) if self.at else law
                return partial(law, grid), theorem.name, theorem.kind
        reason = f"no theorem known for {functional} of this loop"
        if isinstance(functional, Monomial) and functional in self.open:
            reason += f": {self.open[functional]}"
            if not self.loop.family.types:
                return None, reason, Exact()
        if self.numerical and self.data is None and self.real is None:
            from .transition import law as iterated

            found = iterated(self.canonical, functional, self.generations)
            if isinstance(found, str):
                return None, f"{reason}, and no number: {found}", Exact()
            values, self.errors[functional] = found
            return (lambda: values), "the one-step kernel", Numerical()
        return None, f"{reason}; simulate it", Exact()


@dataclass(frozen=True)
class _Sparse:
    """A law that is evaluated at some places of the grid only; what else it knows is the law's."""

    law: Any
    places: tuple[int, ...]

    def __call__(self, grid: Any) -> Any:
        found = np.full(len(grid), np.nan)
        found[list(self.places)] = self.law(grid[list(self.places)])
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.law, name)


def _entry(label: str, claim: Combination | None, moments: _Moments) -> Entry:
    if claim is None:
        return Entry(label, "no theorem known for it; simulate it")
    laws, sources, kinds = [], set(), []
    for c, f in claim.terms:
        law, source, kind = moments.find(f)
        if law is None:
            return Entry(label, source)
        laws.append((c, law))
        sources.add(source)
        kinds.append(kind)
    kind = next((k for k in kinds if k != Exact()), Exact())

    def compute() -> Any:
        total = sum(c * law() for c, law in laws)
        return claim.transform(total) if claim.transform else total

    source, error = " and ".join(sorted(sources - {""})) or "definition", _error(claim, moments)
    source += "".join(f" ({c})" for c in sorted({_caveat(law) for _, law in laws} - {""}))
    if error is not None:
        source += f" (error at most {np.max(error):.1g})"
    own = [(c, law) for (c, law), (_, f) in zip(laws, claim.terms, strict=True) if f != ONE]
    spread = _own_variance(*own[0]) if len(own) == 1 and not claim.transform else None
    spread = spread or partial(_variance, claim, moments)
    return Entry(label, source, kind, compute, spread, error)


def _caveat(law: Any) -> str:
    """What a theorem's law says of its own limits for this loop, in words."""
    return str(getattr(getattr(law, "func", None), "caveat", ""))


def _own_variance(coefficient: float, law: Any) -> Callable[[], Any] | None:
    """The variance over replicates that a theorem's law gives beside its expectation."""
    function: Any = getattr(law, "func", None)
    if not hasattr(function, "variance"):
        return None
    return lambda: coefficient**2 * function.variance(*law.args)


def _error(claim: Combination, moments: _Moments) -> Any:
    """The stated error of an observable of which a part is a number; None where all are laws."""
    parts = [(c, f) for c, f in claim.terms if f in moments.errors]
    if not parts:
        return None
    total = sum(abs(c) * moments.errors[f] for c, f in parts)
    if claim.transform is None:
        return total
    value = sum(c * law() for c, f in parts if (law := moments.find(f)[0]) is not None)
    return np.abs(claim.transform(value + total) - claim.transform(value - total)) / 2


PAIRS = 36
"""Products of two terms beyond which the variance of a sum of monomials is not worked out."""


def _variance(claim: Combination, moments: _Moments) -> Any:
    """Variance over replicates of a sum of monomials, where all products are light enough."""
    if claim.transform or not all(isinstance(f, Monomial) for _, f in claim.terms):
        return None
    terms = [(c, f) for c, f in claim.terms if isinstance(f, Monomial) and f.powers]
    pairs = {(f * k): 0.0 for _, f in terms for _, k in terms}
    weights = moments.loop.family.variables
    heavy = any(sum(weights.get(n, 1) * p for n, p in f.powers) > 4 for f in pairs if f.polynomial)
    if heavy or len(terms) ** 2 > 2 * PAIRS:
        return None
    moments.fill(pairs)
    table = moments.table
    if not all(f in table for f in (*pairs, *(f for _, f in terms))):
        return None
    for c, f in terms:
        for e, k in terms:
            pairs[f * k] += c * e
    mean = sum(c * table[f] for c, f in terms)
    with np.errstate(over="ignore", invalid="ignore"):
        square = sum(c * table[f] for f, c in pairs.items())
        variance = np.maximum(square - mean**2, 0.0)
    return np.where(np.isnan(variance), np.inf, variance)  # inf - inf, beyond the floats
