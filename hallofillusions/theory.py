"""The symbolic reader: what theory claims follows from the sentence.

`derive` composes the claims of the assumptions into an exact recursion of moments; `predict`
evaluates every observable, by the recursion or by a theorem that applies to the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from .algebra import Powers, powers_up_to
from .engine import Engine
from .kinds import Exact, Kind
from .loop import FeedbackLoop, check_loop
from .observables.base import ONE, Combination, Functional, Monomial
from .prediction import Entry, Prediction
from .proof import theorems
from .recursion import NotClosed, Recursion
from .symbols import InputError, whole


def derive(
    loop: FeedbackLoop,
    order: int = 2,
    *,
    monomials: Iterable[Mapping[str, float]] | None = None,
    data: Any = None,
) -> Recursion:
    """The exact affine recursion of the loop's moments.

    ========= =====================================================================
    loop      the sentence; numbers or symbols
    order     all monomials of the model's coordinates up to this weight (4 holds Var σ²)
    monomials instead of ``order``: the monomials wanted, such as ``[{"v": 1}]``
    data      the rows of a real file that is the memory of an anchored mixing
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
    means = None if data is None else _data_means(loop, data, max(order, 2))
    return _derive(loop, max(order, 2), tuple(wanted), means)


def _powers(variables: Mapping[str, int], wanted: Mapping[str, float]) -> Powers:
    if unknown := set(wanted) - set(variables):
        raise InputError(f"monomials has no coordinate {unknown.pop()!r}; it has {list(variables)}")
    for name, p in wanted.items():
        if p < 0 or p != int(p):
            raise NotClosed(f"{name}^{p:g}", "only whole powers form polynomials")
    return tuple(int(wanted.get(v, 0)) for v in variables)


def _data_means(loop: FeedbackLoop, data: Any, order: int) -> tuple[tuple[str, float], ...]:
    if not loop.mixing.anchored:
        raise InputError(
            f"data must go with FixedReal or FixedPool, whose memory it is, got {loop.mixing!r}"
        )
    rows = np.asarray(data, dtype=float)
    if rows.ndim != 1 or not len(rows) or not np.isfinite(rows).all():
        raise InputError("data must be a one-dimensional array of finite numbers")
    held = loop.mixing.memory_size(loop.sizes(1)[0])
    if len(rows) != held:
        raise InputError(f"data must have {held} rows, the size of the fixed set, got {len(rows)}")
    deviations = rows - loop.family.parameters()["mean"]
    return tuple((f"pool_{k}", float(np.mean(deviations**k))) for k in range(1, order + 1))


@lru_cache(maxsize=256)
def _derive(
    loop: FeedbackLoop, order: int, wanted: tuple[Powers, ...],
    data: tuple[tuple[str, float], ...] | None,
) -> Recursion:  # fmt: skip
    engine = Engine(loop, order, dict(data or ()))
    cut = len(engine.labels)
    return engine.close([(0,) * cut + p for p in wanted])


# -- prediction --------------------------------------------------------------------------------


def predict(
    loop: FeedbackLoop,
    generations: int,
    observables: Sequence[Any] | None = None,
    *,
    data: Any = None,
) -> Prediction:
    """The expectation of every observable at g = 0 … ``generations``.

    =========== =====================================================================
    loop        a sentence with numbers
    generations number of fits, at least 0
    observables `Observable` s; default: `hallofillusions.observables.defaults`
    data        the rows of a real file that is the memory of an anchored mixing
    =========== =====================================================================

    Monomials come from the recursion (order 2 or 4, exact); everything else from a theorem
    that applies to the loop.  Where none is known the entry says so.
    """
    from .observables import defaults

    check_loop(loop).require_numbers()
    check_generations(generations)
    watched = tuple(observables) if observables is not None else defaults()
    claims = {o.label: o.claim(loop.family) for o in watched}
    moments = _Moments(loop, generations, data, claims.values())
    sizes = {o.label: partial(o.scale, loop.family) for o in watched}
    entries = {
        label: replace(_entry(label, claim, moments), scale=sizes[label])
        for label, claim in claims.items()
    }
    return Prediction(loop, generations, entries)


def check_generations(generations: Any) -> int:
    """A whole number of generations, at least 0."""
    return whole(generations, "generations", 0)


class _Moments:
    """Functionals of one loop, each found once: monomials by recursion, the rest by theorem."""

    def __init__(
        self, loop: FeedbackLoop, generations: int, data: Any, claims: Iterable[Any]
    ) -> None:
        self.loop, self.generations, self.data = loop, generations, data
        self.canonical = loop.canonical
        asked = {
            f: None for claim in claims if claim is not None for _, f in claim.terms
            if isinstance(f, Monomial) and f.powers and f.polynomial
        }  # fmt: skip
        squares = {Monomial(tuple((n, 2 * p) for n, p in f.powers)): None for f in asked}
        weights = loop.family.variables
        light = [f for f in squares if sum(weights[n] * p for n, p in f.powers) <= 4]
        self.table = self._run(dict.fromkeys([*asked, *light]))

    def _run(self, wanted: Iterable[Monomial]) -> dict[Monomial, Any]:
        wanted = list(wanted)
        if not wanted:
            return {}
        monomials = [{n: int(p) for n, p in f.powers} for f in wanted]
        recursion = derive(self.loop, monomials=monomials, data=self.data)
        x = recursion.iterate(self.generations)
        return {f: x[:, recursion.index(**m)] for f, m in zip(wanted, monomials, strict=True)}

    def find(self, functional: Functional) -> tuple[Callable[[], Any] | None, str, Kind]:
        """(values, source, kind) of one functional; values is None where no law is known."""
        grid = np.arange(self.generations + 1)
        if isinstance(functional, Monomial):
            if not functional.powers:
                return (lambda: np.ones(len(grid))), "", Exact()
            if functional in self.table:
                return (lambda: self.table[functional]), "recursion", Exact()
        for theorem in theorems().values():
            # a given file as memory is conditioned on; theorems average over it
            law = theorem.provides(self.canonical, functional) if self.data is None else None
            if law is not None:
                return (lambda law=law: law(grid)), theorem.name, theorem.kind
        return None, f"no theorem known for {functional} of this loop; simulate it", Exact()


def _entry(label: str, claim: Combination | None, moments: _Moments) -> Entry:
    if claim is None:
        return Entry(label, "no theorem known for it; simulate it")
    parts = [(c, *moments.find(f)) for c, f in claim.terms]
    for _, law, source, _ in parts:
        if law is None:
            return Entry(label, source)
    sources = sorted({source for _, _, source, _ in parts if source})
    kind = next((k for *_, k in parts if not isinstance(k, Exact)), Exact())

    laws = [(c, law) for c, law, _, _ in parts if law is not None]

    def compute() -> Any:
        total = sum(c * law() for c, law in laws)
        return claim.transform(total) if claim.transform else total

    return Entry(label, " and ".join(sources) or "definition", kind, compute,
                 _spread(claim, moments))  # fmt: skip


def _spread(claim: Combination, moments: _Moments) -> Any:
    """Variance over replicates of an observable that is one monomial (plus a constant)."""
    terms = [(c, f) for c, f in claim.terms if isinstance(f, Monomial) and f.powers]
    if len(terms) != 1 or claim.transform or len(terms) < sum(f != ONE for _, f in claim.terms):
        return None
    c, f = terms[0]
    square = Monomial(tuple((n, 2 * p) for n, p in f.powers))
    if f not in moments.table or square not in moments.table:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        variance = c**2 * np.maximum(moments.table[square] - moments.table[f] ** 2, 0.0)
    return np.where(np.isnan(variance), np.inf, variance)  # inf - inf, beyond the floats
