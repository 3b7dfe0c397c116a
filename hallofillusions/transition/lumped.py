r"""The exact law of one type at finite n, by the transition matrix of its count.

A training set of independent points holds type i j times, and all other types are one: given the
model, j is binomial,

.. math:: P(j \mid q) = \binom nj \bar q^j (1-\bar q)^{n-j}, \qquad \bar q = (1-\alpha)p + \alpha q,

for `FreshMixture`; exact counts convolve two binomials, a fixed set or pool is averaged over last,
a growing pool adds its new points to the count that it had.  So K types are K laws on at most
n + 1 points each, whatever K is.  A biased sampler looks at all types at once, so then K = 2.

What is computed is exact but for rounding, which is stated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..biases.unbiased import Unbiased
from ..estimators.add_k import AddK
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.base import Family
from ..mixing.accumulate import Accumulate
from ..mixing.base import Tick
from ..mixing.fixed_pool import FixedPool
from ..mixing.fixed_real import FixedReal
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables.base import Functional, Homozygosity, Monomial, OneType
from ..starts import Memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop

    Floats = NDArray[np.float64]

MIXINGS = (Replace, FreshMixture, FreshSplit, FixedReal, FixedPool, Accumulate)
LARGEST = 5_000_000
"""Entries of the largest transition matrix."""
LONGEST = 10**10
"""Entries of all matrices, each as often as it is used; one that is made counts for `MAKING`."""
MAKING = 30
FLOOR = 1e-90
"""Chance below which nothing that can happen falls by rounding: an infinite E log q stays so."""


# -- the law -------------------------------------------------------------------------------------


def law(loop: FeedbackLoop, type: int, generations: int) -> Any:
    """(values of q, their probabilities) at g = 0 … G for one type (from 1), or the reason why not.

    >>> from hallofillusions import Categorical, FeedbackLoop, FreshMixture
    >>> loop = FeedbackLoop(Categorical((0.5, 0.3, 0.2)), mixing=FreshMixture(0.5), n=2)
    >>> values, odds = law(loop, 3, 4)[1]
    >>> values.tolist(), odds.round(2).tolist()
    ([0.0, 0.5, 1.0], [0.64, 0.32, 0.04])
    """
    if reason := unsupported(loop, generations):
        return reason
    one = OneOfTwo.of(loop, type)
    return tuple(_law(one, generations))


@lru_cache(maxsize=8)
def unsupported(loop: FeedbackLoop, generations: int) -> str:
    """Why there is no law of one type ("" if there is one)."""
    family: Any = loop.family
    if family.law is None:
        return f"the transition matrix is that of a type, and {family} has none that lump"
    if not isinstance(loop.mixing, MIXINGS) or not isinstance(
        loop.estimator, MaximumLikelihood | AddK
    ):
        return f"no transition matrix of one type for {loop.mixing!r} with {loop.estimator!r}"
    if not isinstance(loop.bias, Unbiased) and (family.K > 2 or loop.bias.literal_on(family)):
        return f"under {loop.bias!r} types do not lump to a few; simulate it"
    if (largest := max(_matrices(loop, generations), default=0)) > LARGEST:
        return f"the transition matrix of one type has {largest} entries, too many; simulate it"
    return ""


def _matrices(loop: FeedbackLoop, generations: int) -> Iterator[int]:
    """Entries of every generation's matrix; fixed sets are stacked."""
    frames, before = int(loop.mixing.memory_size(loop.sizes(1)[0])) + 1, 1
    if loop.mixing.grows:
        frames = 1
        before = loop.sizes(1)[0] if loop.begins_with_pool else 0
    for index, n in enumerate(loop.sizes(generations)):
        new = n if isinstance(loop.mixing, FreshMixture) else loop.mixing.tick(n, index).synthetic
        yield frames * (before + 1) * (new + 1)
        before = before + n if loop.mixing.grows else new + (frames == 1) * (n - new)


@dataclass(frozen=True)
class OneOfTwo:
    """A loop of two types, of which the one at ``place`` (0 or 1) is watched."""

    loop: FeedbackLoop
    place: int

    @classmethod
    def of(cls, loop: FeedbackLoop, type: int) -> OneOfTwo:
        """The type alone and all others; types of one probability are the same."""
        if not isinstance(loop.bias, Unbiased):
            return cls(loop, type - 1)
        return cls(loop.marginal([f"q_{type}"])[0], 0)

    @property
    def family(self) -> Any:
        return self.loop.family

    @property
    def p(self) -> float:
        return float(self.family.law[self.place])

    @property
    def start(self) -> float:
        """q of model 0."""
        start: Any = self.loop.start
        return float(start.law[self.place]) if isinstance(start, Family) else self.p

    def fitted(self, size: int) -> Floats:
        """q of the fits to 0 … size points of this type among ``size``."""
        k = float(getattr(self.loop.estimator, "k", 0))
        added = k * self.family.total
        own = added * self.family.uniform[self.place]
        values: Floats = (np.arange(size + 1) + own) / (size + added)
        return values

    def sampled(self, q: Floats) -> Floats:
        """The chance of the type when models with the probabilities q are sampled."""
        if isinstance(self.loop.bias, Unbiased):
            return q
        rows = np.stack([q, 1 - q] if self.place == 0 else [1 - q, q], axis=-1)
        chances: Floats = self.loop.bias.reweighed(rows)[:, self.place]
        return chances


def _law(one: OneOfTwo, generations: int) -> Iterator[tuple[Floats, Floats]]:
    """(values, probabilities) at g = 0, 1, …, averaged over what is held for ever."""
    yield np.array([one.start]), np.ones(1)
    frames = list(_frames(one))
    runs = [_run(one, held, generations) for _, held in frames]
    values: Any = ()
    for at_once in zip(*runs, strict=True):
        size = at_once[0][0]
        values = values if len(values) == size + 1 else one.fitted(size)
        yield values, np.sum([w * odds for (w, _), (_, odds) in
                                        zip(frames, at_once, strict=True)], axis=0)  # fmt: skip


def _frames(one: OneOfTwo) -> Iterator[tuple[float, int]]:
    """The counts of the type in a fixed set or pool, each with its chance; else one frame."""
    mixing = one.loop.mixing
    if not mixing.anchored:
        yield 1.0, 0
        return
    held = int(mixing.memory_size(one.loop.sizes(1)[0]))
    for count, weight in enumerate(_binomial(held, one.p)):
        if weight > 0:
            yield float(weight), count


def _run(one: OneOfTwo, held: int, generations: int) -> Iterator[tuple[int, Floats]]:
    """(size of the training set, chances of each count in it) at g = 1, 2, … of one frame."""
    loop, mixing = one.loop, one.loop.mixing
    sizes = loop.sizes(generations)
    memory = int(mixing.memory_size(sizes[0])) if sizes else 0
    values, odds, pool = np.array([one.start]), np.ones(1), 0
    if loop.begins_with_pool:
        pool, odds = sizes[0], _binomial(sizes[0], one.p)
        values = np.full(pool + 1, one.start)
    for index, n in enumerate(sizes):
        tick, size = mixing.tick(n, index), n
        if index == 0 and isinstance(loop.start, Memory):
            size, odds = memory, np.eye(memory + 1)[held]
        elif index == 0 and loop.faithful_start:
            odds = _first(one, held, memory, tick)
        else:
            chances = one.sampled(values)
            if mixing.grows:
                odds = _added(odds, _binomials(n, chances.tobytes()))
            else:
                odds = _trained(one, held, memory, tick, chances, odds)
        if mixing.grows:
            size = pool = pool + n
        values = one.fitted(size)
        yield size, odds


def _first(one: OneOfTwo, held: int, memory: int, tick: Tick) -> Floats:
    """Counts of the type among n faithful real points."""
    mixing = one.loop.mixing
    if isinstance(mixing, FixedPool):
        return _binomial(tick.n, held / memory)
    if isinstance(mixing, FixedReal):
        return np.concatenate([np.zeros(held), _binomial(tick.synthetic, one.p),
                               np.zeros(memory - held)])  # fmt: skip
    return _binomial(tick.n, one.p)


def _trained(
    one: OneOfTwo, held: int, memory: int, tick: Tick, chances: Floats, odds: Floats
) -> Floats:
    """Counts of the type in a training set, given the chances that models have and their odds."""
    mixing = one.loop.mixing
    if isinstance(mixing, FreshMixture):
        mixed = (1 - tick.alpha) * one.p + tick.alpha * chances
        found: Floats = odds @ _binomials(tick.n, mixed.tobytes())
        return found
    synthetic = odds @ _binomials(tick.synthetic, chances.tobytes())
    if isinstance(mixing, FixedReal):
        return np.concatenate([np.zeros(held), synthetic, np.zeros(memory - held)])
    if isinstance(mixing, FixedPool):
        return np.convolve(_binomial(tick.real, held / memory), synthetic)
    return np.convolve(_binomial(tick.n - tick.synthetic, one.p), synthetic)


def _added(odds: Floats, rows: Floats) -> Floats:
    """The law of count + new, given the odds of the count and a row of laws of new for each."""
    places = np.add.outer(np.arange(rows.shape[0]), np.arange(rows.shape[1]))
    found: Floats = np.bincount(places.ravel(), (odds[:, None] * rows).ravel()).astype(float)
    return found


def _binomial(n: int, chance: float) -> Floats:
    return _binomials(n, np.array([chance]).tobytes())[0]


@lru_cache(maxsize=8)
def _binomials(n: int, chances: bytes) -> Floats:
    """P(j) of Binomial(n, chance): a row for each chance, given as the bytes of an array."""
    from scipy.special import gammaln, xlog1py, xlogy

    c, j = np.frombuffer(chances)[:, None], np.arange(n + 1.0)
    log = gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)
    with np.errstate(divide="ignore", under="ignore"):
        rows = np.exp(log + xlogy(j, c) + xlog1py(n - j, -c))
    rows = np.where((c > 0) & (c < 1), np.maximum(rows, FLOOR), rows)
    found: Floats = rows / rows.sum(axis=1, keepdims=True)
    return found


# -- functionals ---------------------------------------------------------------------------------


def _x_log_x(q: Floats) -> Floats:
    from scipy.special import xlogy

    found: Floats = xlogy(q, q)
    return found


FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "absent": lambda q: (q == 0).astype(float),
    "x log x": _x_log_x,
    "log x": np.log,
    "x": np.positive,
    "square": np.square,
}


def provided(
    loop: FeedbackLoop, functional: Functional, generations: int
) -> tuple[Floats, Floats] | str:
    """(values, stated errors) of a functional at g = 0 … G, or the reason why there are none."""
    if reason := unsupported(loop, generations):
        return reason
    types = one_by_one(loop)
    if _work(loop, generations) > LONGEST:
        return f"the transition matrices of {len(types)} types take too long; simulate it"
    if isinstance(functional, OneType):
        return _all(types[functional.type - 1], generations)[functional.function]
    if isinstance(functional, Homozygosity):
        parts = [_all(one, generations)["square"] for one in types]
        return np.sum([v for v, _ in parts], axis=0), np.sum([e for _, e in parts], axis=0)
    if isinstance(functional, Monomial) and len(functional.powers) == 1:
        ((name, power),) = functional.powers
        one = types[int(name.split("_")[1]) - 1]
        values, errors = _stated(_law(one, generations), [lambda q: q**power], loop, generations)
        return values[0], errors[0]
    return f"{functional} is no function of one type"


@lru_cache(maxsize=4)
def one_by_one(loop: FeedbackLoop) -> tuple[OneOfTwo, ...]:
    """Every type of a loop, alone."""
    family: Any = loop.family
    return tuple(OneOfTwo.of(loop, i) for i in range(1, family.K + 1))


@lru_cache(maxsize=4)
def _work(loop: FeedbackLoop, generations: int) -> int:
    """About how many numbers the laws of all different types take."""
    made = sum(_matrices(loop, min(generations, 2)))
    used = sum(_matrices(loop, generations))
    return len(set(one_by_one(loop))) * (MAKING * made + used)


@lru_cache(maxsize=4096)
def _all(one: OneOfTwo, generations: int) -> dict[str, tuple[Floats, Floats]]:
    """Every function of one type, from one law."""
    found = _stated(_law(one, generations), tuple(FUNCTIONS.values()), one.loop, generations)
    return dict(zip(FUNCTIONS, zip(*found, strict=True), strict=True))


def _stated(
    law: Iterable[tuple[Floats, Floats]], functions: Sequence[Callable[[Floats], Floats]],
    loop: FeedbackLoop, generations: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """E f(q) of each f at every g, and its rounding: each step's is that of its log-factorials."""
    from scipy.special import gammaln

    values = np.empty((len(functions), generations + 1))
    errors = np.zeros_like(values)
    largest = max(loop.sizes(generations), default=1)
    step = 4 * np.finfo(float).eps * (10 + gammaln(largest + 2))
    before: Any = None
    for g, (q, odds) in enumerate(law):
        if q is not before:
            before = q
            with np.errstate(divide="ignore"):
                exact = np.array([f(q) for f in functions])
            endless = np.isinf(exact)
            finite = np.where(endless, 0.0, exact)
        beyond = np.where(endless & (odds > 0), exact, 0.0).sum(axis=1)
        values[:, g] = finite @ odds + beyond
        errors[:, g] = np.where(beyond == 0, (g + 1) * step * (np.abs(finite) @ odds), 0.0)
    return values, errors
