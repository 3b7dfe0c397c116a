"""The candidates: every shipped sentence that could have produced a user's runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..atoms import atoms_at, first_atoms_at
from ..biases.scale_covariance import ScaleCovariance
from ..biases.unbiased import Unbiased
from ..component import fields_of, find
from ..estimators.add_k import AddK
from ..estimators.bessel import Bessel
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.base import Family
from ..loop import Clock, FeedbackLoop
from ..mixing.accumulate import Accumulate
from ..mixing.accumulate_subsample import AccumulateSubsample
from ..mixing.fixed_pool import FixedPool
from ..mixing.fixed_real import FixedReal
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..rivals import rival_loops
from ..starts import FirstFit, Memory, Truth
from ..symbols import PARAMETERS, InputError, is_symbolic, lookup

START = {"Truth": "the truth", "FirstFit": "the first fit", "Memory": "the fit of the fixed set"}
"""What a sentence calls its start."""


@dataclass(frozen=True)
class Sentence:
    """One candidate.

    ======= =========================================================================
    loop    the `FeedbackLoop`; a symbol stands where a number is free
    first   the g of the first column of the runs: 0 is the start, 1 the first fit, more where
            the runs were recorded from later on
    ======= =========================================================================
    """

    loop: FeedbackLoop
    first: int = 1

    @property
    def free(self) -> tuple[str, ...]:
        """The names of the numbers that are free."""
        return tuple(sorted(map(str, self.loop.free_symbols)))

    @property
    def name(self) -> str:
        """The sentence without its numbers, as the summary calls it."""
        loop = self.loop
        kind = type(loop.start).__name__
        parts = [type(loop.mixing).__name__, type(loop.estimator).__name__]
        if not isinstance(loop.bias, Unbiased):
            parts.append(repr(loop.bias))
        parts.append(f"started at {START.get(kind, 'a given model')}")
        if self.first != 1:
            parts.append(f"its first column g = {self.first}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.loop}; the first column is g = {self.first}"

    def at(self, values: Mapping[str, float], generations: int) -> Setting:
        """The sentence with ``values`` in place of its symbols, which need make no whole counts."""
        loop = self.loop
        if not loop.free_symbols:
            held = float(loop.mixing.memory_size(loop.sizes(1)[0]))
            return Setting(loop, loop.clock(generations), held)
        parts = {role: _numbered(part, values) for role, part in loop.parts.items()}
        n = np.broadcast_to(np.asarray(_number(loop.n, values), dtype=float), generations)
        twin = object.__new__(FeedbackLoop)
        for name, value in {**parts, "n": n}.items():
            object.__setattr__(twin, name, value)
        g = np.arange(1.0, generations + 1)
        clock = Clock(_fraction(twin.mixing, n), n, np.cumsum(n), g)
        return Setting(twin, clock, _held(twin.mixing, clock))


@dataclass(frozen=True, eq=False)
class Setting:
    """A sentence's numbers: the loop's parts with them, the clock, and the memory's first size."""

    loop: Any
    clock: Clock
    held: float

    @property
    def atoms(self) -> dict[str, Any]:
        """Atom -> array over g = 1, 2, …"""
        return atoms_at(self.loop, self.clock)

    def held_sizes(self, length: int) -> Any:
        """Points behind each of ``length`` rows, a column."""
        sizes = np.asarray(self.loop.mixing.training_size(self.clock), dtype=float)
        lead = np.full(max(length - len(sizes), 0), sizes[0])
        return np.concatenate([lead, sizes])[-length:, None]

    @property
    def first_atoms(self) -> dict[str, Any]:
        """The atoms of the start and of the first fit."""
        first = Clock(*(np.asarray(getattr(self.clock, k))[:1] for k in ("alpha", "n", "N", "g")))
        return first_atoms_at(self.loop, first, self.held)


def _numbered(part: Any, values: Mapping[str, float]) -> Any:
    found = {f.name: _number(getattr(part, f.name), values) for f in fields_of(part)}
    return part.replaced(found) if found else part


def _number(value: Any, values: Mapping[str, float]) -> Any:
    if not is_symbolic(value):
        return value
    return values[str(value)] if value.is_Symbol else float(value.evalf(subs=dict(values)))


def _fraction(mixing: Any, n: Any) -> Any:
    """α at every generation."""
    if (real := getattr(mixing, "real", None)) is not None:
        return 1 - real / n
    alpha = getattr(mixing, "alpha", 1)
    return np.broadcast_to(np.ravel(np.asarray(alpha, dtype=float))[: len(n)], len(n))


def _held(mixing: Any, clock: Clock) -> float:
    """Real points in the memory before the first fit."""
    if mixing.grows:
        return float(clock.n[0])
    if not mixing.anchored:
        return 0.0
    size = getattr(mixing, "size", None)
    return float(size if size is not None else (1 - clock.alpha[0]) * clock.n[0])


def free(name: str) -> Any:
    """The symbol that stands for a free number."""
    return lookup(name)


def sentences(
    family: Family,
    n: Any = None,
    alpha: Any = None,
    *,
    lam: Any = 1,
    size: Any = None,
    stated: FeedbackLoop | None = None,
    firsts: Sequence[int] = (1, 0),
) -> tuple[Sentence, ...]:
    """Every shipped mixing, estimator, start and bias, with both indexings, as `Sentence` s.

    ======= ==========================================================================
    n       points in a training set; None leaves it free
    alpha   α, the synthetic fraction; None leaves it free
    lam     λ of MAD's sampling bias; 1 is a faithful sampler, None leaves it free
    size    n₀, the rows of a fixed pool; None: as many as a training set has
    stated  a loop that is among them, with what it says of its parts and with its rivals
    firsts  what the g of the first column may be
    ======= ==========================================================================

    A sentence that is no loop (a split that is not whole, an n too small) is left out.  Raises
    `InputError` for a number that is none.
    """
    n, alpha = _checked("n", n, free("n")), _checked("alpha", alpha, free("alpha"))
    lam, size = _checked("lam", lam, None), _checked("size", size, None, "n_0")
    loops = dict.fromkeys(_loops(family, n, alpha, lam, size, stated))
    return tuple(Sentence(loop, first) for loop in loops for first in firsts)


def _checked(argument: str, value: Any, otherwise: Any, symbol: str = "") -> Any:
    """A number, a schedule of them or its own symbol."""
    if value is None:
        return otherwise
    parameter = PARAMETERS[symbol or argument]
    many = isinstance(value, list | tuple) or np.ndim(value)
    found = tuple(parameter.check(v, argument) for v in (value if many else (value,)))
    if any(is_symbolic(v) and str(v) != parameter.name for v in found):
        raise InputError(f"{argument} must be a number or None, which leaves it free, got {value}")
    return found if many else found[0]


def _loops(
    family: Family, n: Any, alpha: Any, lam: Any, size: Any, stated: FeedbackLoop | None
) -> Iterator[FeedbackLoop]:
    if stated is not None:
        yield from (stated, *rival_loops(stated).values())
    parts = (_mixings(n, alpha, size, stated), _estimators(family, stated),
             _biases(family, lam, stated), (Truth(), FirstFit(), Memory()))  # fmt: skip
    for mixing, estimator, bias, start in product(*parts):
        with suppress(InputError):
            yield FeedbackLoop(
                family, bias=bias, mixing=mixing, estimator=estimator, n=n, start=start
            )


def _mixings(n: Any, alpha: Any, size: Any, stated: FeedbackLoop | None) -> Iterator[Any]:
    made = (
        lambda: Replace(),
        lambda: FreshSplit(alpha),
        lambda: FreshMixture(alpha),
        lambda: FixedReal(alpha),
        lambda: FixedPool(alpha, n if size is None else size),
        lambda: Accumulate(),
        lambda: AccumulateSubsample(),
    )
    for make in made:
        with suppress(InputError):
            yield make()
    if stated is not None:
        yield stated.mixing


def _estimators(family: Family, stated: FeedbackLoop | None) -> list[Any]:
    own = [] if stated is None else [stated.estimator]
    if family.latent:
        return own or [find("estimators", family.refitted_by)()]
    if family.types:
        return list(dict.fromkeys([*own, MaximumLikelihood(), AddK(1)]))
    fits = [MaximumLikelihood(), Bessel()] if family.spread else [MaximumLikelihood()]
    return list(dict.fromkeys([*own, *fits]))


def _biases(family: Family, lam: Any, stated: FeedbackLoop | None) -> list[Any]:
    biases: list[Any] = [] if stated is None else [stated.bias]
    if family.shaped and not family.latent and (lam is None or lam != 1):
        biases.append(ScaleCovariance(free("lam") if lam is None else lam))
    return list(dict.fromkeys(biases if biases and lam is None else [*biases, Unbiased()]))
