"""Character n-gram models, learnt from a corpus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..corpus import Corpus, as_corpus
from ..numerics.ngrams import (
    MLE,
    Chain,
    Smoothing,
    Table,
    add_k,
    check_alphabet,
    encoded,
    located,
    mean_loss,
    witten_bell,
)
from ..samplers import FixedContext, FreeRunning, Prompted, Sampler, named
from ..symbols import InputError, whole
from .base import Family, Model, diversity, once, pearson, rarest

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 2**21
"""Probabilities of dense rows that are held at once."""


@dataclass(frozen=True)
class Tables:
    """The n-gram counts of each replicate's blocks; ``+`` is the union."""

    tables: tuple[Table, ...]

    def __add__(self, other: Tables) -> Tables:
        return Tables(tuple(a + b for a, b in zip(self.tables, other.tables, strict=True)))

    def weighted(self, factor: float) -> Tables:
        """The same blocks, each of which counts ``factor`` times."""
        return Tables(tuple(t.weighted(factor) for t in self.tables))


@dataclass(frozen=True)
class NGram(Family):
    """Chains of characters with a memory of order - 1 of them: P(w | h), h the context.

    ======= ==================================================================================
    order   characters of an n-gram, its context included, as in nltk: 1 is the unigram
    corpus  the real text: a `Corpus`, a file's name or several
    sampler how a chain becomes blocks of text: ``FreeRunning(1000)``, ``Prompted(50)`` or
            ``FixedContext()``, or the same as text
    ======= ==================================================================================

    A point is a block of characters, coded 0 … K - 1, and n counts blocks; n-grams are counted
    inside blocks, so that none crosses a seam.  The real law is the maximum-likelihood chain of
    the corpus' training text, whose truth is known; the literal corpus takes its place in
    ``simulate(loop, ..., real=loop.family.blocks)``.  Losses are those of the held-out text.
    Rows are compared with the real rows c by their shares π_c among the real n-grams; those that
    an unsmoothed model never saw have no row and are left out (`MissingMass` of their length says
    how much that is), where a loss on real text is infinite.
    """

    order: int = 3
    corpus: Any = field(default_factory=Corpus, metadata={"kind": "corpus"})
    sampler: Any = field(default_factory=FreeRunning, metadata={"kind": "samplers"})

    structure: ClassVar[tuple[str, ...]] = ("order", "corpus", "sampler")
    types: ClassVar[bool] = True
    sequential: ClassVar[bool] = True
    bulky: ClassVar[bool] = True
    closes: ClassVar[bool] = False
    variables: ClassVar[Mapping[str, int]] = {}
    features: ClassVar[Mapping[str, int]] = {}

    def __post_init__(self) -> None:
        corpus, sampler = as_corpus(self.corpus), self.sampler
        if isinstance(sampler, str):
            sampler = named(sampler)
        if not isinstance(sampler, Sampler):
            raise InputError(f"sampler must be a Sampler or its name, got {sampler!r}")
        order = whole(self.order, "order", 1)
        sampler.check(order)
        check_alphabet(order, corpus.size)
        self._set(order=order, corpus=corpus, sampler=sampler)
        for side, pieces in (("training", corpus.training), ("held-out", corpus.held_out_blocks)):
            if (longest := max(map(len, pieces))) < order:
                raise InputError(
                    f"order must be at most the longest piece of the {side} text, {longest} "
                    f"characters, got {order}"
                )

    def __str__(self) -> str:
        return f"NGram(order={self.order}, corpus={self.corpus!s}, sampler={self.sampler!r})"

    # -- the text -----------------------------------------------------------------------------

    @property
    def K(self) -> int:
        """Characters of the alphabet, the unknown one included."""
        return self.corpus.size

    @property
    def dimension(self) -> int:
        return self.sampler.block(self.order)

    @property
    def tokens(self) -> int:
        """Full n-grams of one block."""
        return self.dimension - self.order + 1

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, float(self.K - 1)

    @property
    def blocks(self) -> Any:
        """The training text as disjoint blocks: the literal corpus, for ``real=``."""
        return self.corpus.blocks(self.dimension)

    @property
    def real(self) -> Table:
        """The n-grams of the training text."""
        return _table(self.corpus, self.order, held=False)

    @property
    def held_out(self) -> Table:
        """The n-grams of the held-out text."""
        return _table(self.corpus, self.order, held=True)

    @property
    def chain(self) -> Chain:
        """The real law."""
        return _chain(self.corpus, self.order)

    @property
    def contexts(self) -> Any:
        """The context of every n-gram of the training text, in its order: (n-grams, order - 1)."""
        return _contexts(self.corpus, self.order)

    def spaced(self, count: int) -> Any:
        """``count`` of the `contexts`, at evenly spaced positions."""
        return _spaced(self.corpus, self.order, count)

    # -- rows -----------------------------------------------------------------------------------

    @cached_property
    def row_places(self) -> Any:
        """Which real context each of `contexts` is."""
        codes = encoded(self.contexts, self.real.bits)
        return np.searchsorted(self.chain.contexts, codes)

    @cached_property
    def row_shares(self) -> Any:
        """π_c: the share of each real context among the real n-grams."""
        counts = self.chain.context_counts
        return counts / counts.sum()

    def row_sizes(self, count: int) -> Any:
        """n_c: the characters after each real context in ``count`` blocks.

        Their number with `FixedContext`, else their expectation under the real law.
        """
        if not isinstance(self.sampler, FixedContext):
            return count * self.tokens * self.row_shares
        places = _evenly(len(self.contexts), count)
        return np.bincount(self.row_places[places], minlength=len(self.row_shares))

    def pairs(self, *, held_out: bool) -> tuple[Any, Any, Any]:
        """Of each distinct n-gram of one side of the text: its row (-1 where the context is not
        real), its real probability given the context, and its share of that side."""
        table = self.held_out if held_out else self.real
        row = located(table.codes[-1] >> np.uint64(table.bits), self.chain.contexts)
        counts = table.counts[-1]
        return row, self.chain.probabilities(table), counts / counts.sum()

    def over_rows(self, value: Callable[[Any], Any]) -> Any:
        """A function of real rows (contexts, K), for each real context."""
        return _by_row(self.chain, self.chain.contexts, value)

    def checked(self, values: Any, argument: str) -> Any:
        rows = np.asarray(values)
        if rows.ndim != 2 or rows.shape[1] != self.dimension or not len(rows):
            raise InputError(
                f"{argument} must be blocks of {self.dimension} characters, as in "
                f"family.blocks, got the shape {rows.shape}"
            )
        if rows.dtype.kind not in "iuf" or not ((rows >= 0) & (rows < self.K)).all():
            raise InputError(f"{argument} must be characters coded 0 … {self.K - 1}")
        if isinstance(self.sampler, FixedContext):
            raise InputError(
                f"{argument} must be left out with FixedContext, whose real characters are drawn "
                f"from the chain of the corpus"
            )
        return rows.astype(np.uint8)

    def check_start(self, start: Any) -> None:
        if (start.order, start.corpus.alphabet) != (self.order, self.corpus.alphabet):
            raise InputError(f"start must have the same order and alphabet, got {start}")

    # -- the definition -----------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        return {"chain": self.chain}

    def as_model(self) -> Model:
        return {"chain": _objects([self.chain])[0:1].reshape(())}

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return self.drawn_by(model, shape, rng, None)

    def drawn_by(
        self, model: Model, shape: tuple[int, ...], rng: np.random.Generator, reweighed: Any
    ) -> Any:
        replicates, count = shape
        blocks = np.empty((replicates, count, self.dimension), dtype=np.uint8)
        for row, chain in zip(blocks, np.broadcast_to(model["chain"], replicates), strict=True):
            if count:
                row[:] = self._text(chain, count, rng, reweighed)
        return blocks

    def _text(self, chain: Chain, count: int, rng: Any, bias: Any) -> Any:
        """``count`` blocks of one chain."""
        if isinstance(self.sampler, FixedContext):
            return chain.drawn(self.spaced(count), rng, bias=bias)
        if isinstance(self.sampler, Prompted):
            prompts = self.contexts[rng.integers(len(self.contexts), size=count)]
            return chain.continued(prompts, self.sampler.length, rng, bias=bias)
        return chain.text(count * self.dimension, rng, bias=bias).reshape(count, -1)

    def redrawn(self, model: Model, points: Any, where: Any, rng: np.random.Generator) -> Any:
        if not isinstance(self.sampler, FixedContext):
            return super().redrawn(model, points, where, rng)
        return _one(model).drawn(points[where][:, :-1], rng)

    def summarise(self, points: Any, weights: Any = None) -> Tables:
        return Tables(tuple(Table.of(rows, self.order, self.K, weights) for rows in points))

    def _fitted(self, statistics: Tables, smoothing: Smoothing) -> dict[str, Any]:
        return {"chain": _objects([Chain(table, smoothing) for table in statistics.tables])}

    def match(self, statistics: Any) -> dict[str, Any]:
        return self._fitted(statistics, MLE)

    def smoothed(self, statistics: Any, k: float) -> dict[str, Any]:
        return self._fitted(statistics, add_k(k))

    def interpolated(self, statistics: Any, uniform: bool) -> dict[str, Any]:
        return self._fitted(statistics, witten_bell(uniform))

    def coordinates(self, model: Model) -> dict[str, Any]:
        return {}

    # -- what observables measure ---------------------------------------------------------------

    def mean_of(self, model: Model) -> Any:
        raise InputError("observables: a text has no mean, got an NGram family")

    def variance_of(self, model: Model) -> Any:
        return self.heterozygosity(model)

    def log_density(self, model: Model, points: Any) -> Any:
        raise InputError("observables: the density of a block of text is not offered")

    def loss(self, model: Model, statistics: Any) -> Any:
        chains = np.broadcast_to(model["chain"], len(statistics.tables))
        pairs = zip(chains, statistics.tables, strict=True)
        return np.array([chain.loss(table) for chain, table in pairs])

    @once
    def _heard(self, model: Model) -> Any:
        """What each model gives the held-out n-grams (last axis)."""
        return self._each(model, lambda chain: chain.probabilities(self.held_out))

    def held_out_loss(self, model: Model) -> Any:
        return mean_loss(self._heard(model), self.held_out.counts[-1])

    def unheard(self, model: Model) -> str:
        lost = np.flatnonzero(_one(model).probabilities(self.held_out) == 0)
        if not len(lost):
            return ""
        first = lost[np.argmax(self.held_out.counts[-1][lost])]
        gram = self.corpus.decode(self.held_out.grams(self.order)[first])
        return (
            f"the model gives {gram[-1]!r} after {gram[:-1]!r} the probability 0, as it does "
            f"{len(lost) - 1} other n-grams of the held-out text; a smoothed model would not"
        )

    def divergence(self, model: Model) -> Any:
        """Σ_c π_c KL(real row ‖ model's row): the loss on the real n-grams above the least."""
        least = self.entropy()
        return self._each(model, lambda chain: chain.loss(self.real) - least)

    def entropy(self) -> float:
        """Σ_c π_c times the entropy of the real row c, in nats."""
        return float(self.chain.loss(self.real))

    def entropy_of(self, model: Model) -> Any:
        """The rows' entropies, by the shares of their contexts in the model's own training set."""
        from scipy.special import entr

        def mean(chain: Chain) -> float:
            each = _by_row(chain, chain.contexts, lambda q: entr(q).sum(axis=-1))
            return _weighted(each, chain.context_counts)

        return self._each(model, mean)

    def heterozygosity(self, model: Model) -> Any:
        """Σ_c π_c (1 - Σ_w q(w|c)²)."""

        def each(chain: Chain, contexts: Any) -> Any:
            if chain.smoothing.counted:
                return 1 - chain.repeats(contexts)
            return _by_row(chain, contexts, diversity)

        return self._over_real(model, each)

    def chi_square(self, model: Model) -> Any:
        """Σ_c π_c Σ_w (q - p)²/p: infinite where the model has an n-gram that the text has not."""
        return self._over_real(model, partial(_by_row, value=pearson, real=self.chain))

    def reverse_divergence(self, model: Model) -> Any:
        """Σ_c π_c KL(model's row ‖ real row)."""
        from scipy.special import rel_entr

        def divergence(q: Any, p: Any) -> Any:
            return rel_entr(q, p).sum(axis=-1)

        return self._over_real(model, partial(_by_row, value=divergence, real=self.chain))

    def distinct(self, model: Model, order: int = 1) -> Any:
        """The number of different k-grams in the model's training set."""
        self._check_order(order)
        return self._each(model, lambda chain: chain.table.distinct(order))

    def missing(self, model: Model, order: int = 1) -> Any:
        """The share of the real k-grams that the model's training set lacks."""
        self._check_order(order)
        codes, counts = self.real.codes[order - 1], self.real.counts[order - 1]

        def lost(chain: Chain) -> float:
            gone = located(codes, chain.table.codes[order - 1]) < 0
            return float(counts[gone].sum() / counts.sum())

        return self._each(model, lost)

    def rare_loss(self, model: Model, share: float, among: str) -> Any:
        """The held-out loss over the n-grams that are rare, or whose contexts are, in real text."""
        return mean_loss(self._heard(model), _rarest(self.corpus, self.order, share, among))

    def _check_order(self, order: int) -> None:
        if order > self.order:
            raise InputError(
                f"observables: order must be at most that of the family, {self.order}, got {order}"
            )

    def _each(self, model: Model, value: Callable[[Chain], Any]) -> Any:
        """A number, or an array, of each model."""
        chains = np.asarray(model["chain"], dtype=object)
        found = np.array([value(c) for c in chains.ravel()])
        return found.reshape((*chains.shape, *found.shape[1:]))

    def _over_real(self, model: Model, each: Callable[[Chain, Any], Any]) -> Any:
        """Σ_c π_c each(chain, c) over the real contexts that the model has rows for.

        Not a number where it has none: a text that is caught in a cycle may forget them all.
        """
        contexts, counts = self.chain.contexts, self.chain.context_counts

        def mean(chain: Chain) -> float:
            known = np.full(len(contexts), True)
            if chain.smoothing == MLE:  # which has no law after a context that it never saw
                known = located(contexts, chain.contexts) >= 0
            return _weighted(each(chain, contexts[known]), counts[known])

        return self._each(model, mean)

    # -- the claim: no polynomial holds a text --------------------------------------------------

    def label(self, powers: Sequence[int]) -> Any:
        return None

    def weight(self, label: Any) -> int:
        return 1

    def labels(self, order: int) -> list[Any]:
        return []

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        raise InputError("family must be Categorical for polynomial moments, got an NGram")

    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def truth(self) -> dict[str, Any]:
        return {}


def _by_row(
    chain: Chain, contexts: Any, value: Callable[..., Any], real: Chain | None = None
) -> Any:
    """A function of the chain's row, and of the real one if asked, after each context; in batches.

    Rows are dense, (contexts, K), so that no more than `BATCH` probabilities are held at once.
    """
    step = max(1, BATCH // chain.size)
    chains = (chain,) if real is None else (chain, real)
    parts = [value(*(c.rows(contexts[i : i + step]) for c in chains))
             for i in range(0, len(contexts), step)]  # fmt: skip
    return np.concatenate(parts) if parts else np.zeros(0)


def _weighted(values: Any, weights: Any) -> float:
    """The weighted mean; not a number of nothing."""
    return float(weights @ values) / float(weights.sum()) if len(weights) else float("nan")


def _one(model: Model) -> Chain:
    """The chain of a single model."""
    chain: Any = np.asarray(model["chain"], dtype=object)[()]
    assert isinstance(chain, Chain)
    return chain


def _objects(chains: list[Chain]) -> NDArray[Any]:
    found = np.empty(len(chains), dtype=object)
    found[:] = chains
    return found


@lru_cache(maxsize=16)
def _table(corpus: Corpus, order: int, held: bool) -> Table:
    pieces = corpus.held_out_blocks if held else corpus.training
    tables = [Table.of(p[None], order, corpus.size) for p in pieces if len(p) >= order]
    if not tables:
        raise InputError(f"order must be at most the pieces of the text, got {order}")
    total = tables[0]
    for table in tables[1:]:
        total = total + table
    return total


def _evenly(total: int, count: int) -> Any:
    """``count`` of the places 0 … ``total`` - 1, evenly spaced."""
    return (np.arange(count) * total + total // 2) // max(count, 1)


@lru_cache(maxsize=16)
def _contexts(corpus: Corpus, order: int) -> Any:
    view = np.lib.stride_tricks.sliding_window_view
    pieces = [p for p in corpus.training if len(p) >= order]
    rows = [view(p, order)[:, : order - 1] for p in pieces]
    return np.concatenate(rows)


@lru_cache(maxsize=16)
def _spaced(corpus: Corpus, order: int, count: int) -> Any:
    """Every model of a run is asked for text after the same ones."""
    contexts = _contexts(corpus, order)
    return contexts[_evenly(len(contexts), count)]


@lru_cache(maxsize=16)
def _chain(corpus: Corpus, order: int) -> Chain:
    return Chain(_table(corpus, order, held=False), MLE)


@lru_cache(maxsize=16)
def _rarest(corpus: Corpus, order: int, share: float, among: str) -> Any:
    """How much each distinct held-out n-gram counts among the rarest, by its training frequency."""
    held, real = (_table(corpus, order, held=side) for side in (True, False))
    codes, k = held.codes[-1], order
    if among == "contexts" and order > 1:
        codes, k = codes >> np.uint64(real.bits), order - 1
    place = located(codes, real.codes[k - 1])
    frequency = np.where(place >= 0, real.counts[k - 1][place], 0)
    return rarest(frequency, held.counts[-1], share)
