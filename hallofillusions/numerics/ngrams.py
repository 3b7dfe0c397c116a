"""Character n-grams: counts of a text, the chain fitted to them, and text that it writes.

The models are those of `nltk.lm` (the same counts, the same scores), at the speed of compiled
loops: nothing here takes a step of Python per character, or per n-gram.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..symbols import InputError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    Codes = NDArray[np.uint64]
    Floats = NDArray[np.float64]
    Symbols = NDArray[np.uint8]
    Bias = Callable[[Floats], Floats]

LARGEST = 255
"""Symbols of an alphabet: a symbol and "none" fit one byte."""
BATCH = 2**20
"""Probabilities that a bias is handed at a time."""


@cache
def _loops() -> ModuleType:
    """The compiled loops: numba is imported where it runs."""
    from . import ngram_loops

    return ngram_loops


def _plain(values: Any, kind: Any) -> Any:
    """An array of the one layout that the loops are compiled for: each other would cost seconds."""
    return np.require(values, kind, ["C", "W"])


def bits_of(size: int) -> int:
    """Bits of one of ``size`` symbols."""
    return max(1, (size - 1).bit_length())


# -- counts -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Table:
    """Counts of all k-grams, k = 1 … order, inside blocks; ``+`` is the union of two texts.

    Item k - 1 of ``codes`` and ``counts`` is about k-grams.  A code is the symbols of a k-gram as
    the digits of one number, `bits` each, the first the most significant; codes are sorted.
    Counts are floats, which hold whole numbers exactly.
    """

    order: int
    size: int
    codes: tuple[Codes, ...]
    counts: tuple[Floats, ...]

    @classmethod
    def of(cls, blocks: Any, order: int, size: int, weights: Any = None) -> Table:
        """The counts of ``blocks`` (count, length), in which symbols are 0 … ``size`` - 1.

        Memory grows with the number of distinct n-grams only.  ``weights`` (count) are how often
        each block counts.
        """
        blocks = checked_blocks(blocks, order, size)
        weights = _checked_weights(weights, len(blocks))
        if not weights.all():
            blocks, weights = blocks[weights > 0], weights[weights > 0]
        loops, bits = _loops(), bits_of(size)
        levels = [_tallied(blocks, weights, False, order, bits)]
        for k in range(order - 1, 0, -1):
            # A k-gram begins a (k+1)-gram, or it ends a block.
            begun = loops.shortened(*levels[-1], bits)
            levels.append(loops.union(*begun, *_tallied(blocks, weights, True, k, bits)))
        codes, counts = zip(*reversed(levels), strict=True)
        return cls(order, size, codes, counts)

    @property
    def bits(self) -> int:
        return bits_of(self.size)

    def total(self, k: int) -> Any:
        """How many k-grams there are."""
        return self.counts[k - 1].sum()

    def distinct(self, k: int) -> int:
        """How many different k-grams there are."""
        return len(self.codes[k - 1])

    def grams(self, k: int) -> Symbols:
        """The different k-grams as symbols (count, k)."""
        return decoded(self.codes[k - 1], k, self.bits)

    def __add__(self, other: Table) -> Table:
        _check_alike(self, other)
        parts = zip(self.codes, self.counts, other.codes, other.counts, strict=True)
        codes, counts = zip(*(_loops().union(*p) for p in parts), strict=True)
        return Table(self.order, self.size, codes, counts)

    def weighted(self, factor: float) -> Table:
        """The same text, every n-gram of which counts ``factor`` times."""
        if not 0 < factor < np.inf:
            raise InputError(f"factor must be a positive finite number, got {factor!r}")
        counts = tuple(c * factor for c in self.counts)
        return Table(self.order, self.size, self.codes, counts)


def _tallied(blocks: Symbols, weights: Any, last: bool, width: int, bits: int) -> Any:
    """(codes, counts) of the strings of ``width`` symbols, sorted."""
    loops = _loops()
    cells, used = loops.tally(blocks, weights, last, width, bits)
    codes = np.sort(loops.occupied(cells, used))
    return codes, loops.looked_up(codes, cells)


def decoded(codes: Any, width: int, bits: int) -> Symbols:
    """The symbols (count, width) of codes."""
    shifts = np.arange(width - 1, -1, -1, dtype=np.uint64) * np.uint64(bits)
    digits = np.asarray(codes, np.uint64)[:, None] >> shifts
    return (digits & np.uint64(2**bits - 1)).astype(np.uint8)


def encoded(grams: Any, bits: int) -> Codes:
    """The codes of symbols (count, width)."""
    codes: Codes = np.zeros(len(grams), np.uint64)
    for column in np.asarray(grams, np.uint64).T:
        codes = (codes << np.uint64(bits)) | column
    return codes


def located(codes: Any, known: Any) -> Any:
    """The place of each code in ``known``, or -1; both are sorted, and read once."""
    return _loops().located(codes, known)


# -- models -----------------------------------------------------------------------------------


class Smoothing(NamedTuple):
    """How probabilities follow from counts: `MLE`, `add_k` or `witten_bell`, as plain data."""

    kind: str
    k: float = 0.0
    uniform: bool = True

    @property
    def counted(self) -> bool:
        """Whether P(w|h) = (c + k)/(N + kK): of the counts after h alone."""
        return self.kind != "Witten-Bell"


MLE = Smoothing("maximum likelihood")
r"""$P(w|h)=c(hw)/N(h)$, $N(h)=\sum_wc(hw)$; text goes on from the longest suffix that is known."""


def add_k(k: float) -> Smoothing:
    r"""$P(w|h)=\frac{c(hw)+k}{N(h)+kK}$: uniform after an unknown context (nltk's Lidstone)."""
    if not 0 < k < np.inf:
        raise InputError(f"k must be a positive finite number, got {k!r}")
    return Smoothing("add-k", float(k))


def witten_bell(uniform: bool = True) -> Smoothing:
    r"""$P(w|h)=\frac{c(hw)+t(h)P(w|h')}{N(h)+t(h)}$, t(h) the number of distinct followers of h.

    h' is h less its first symbol; after an unknown h, $P(w|h')$.  It ends at 1/K below the
    unigrams, or (``uniform=False``, as in nltk) at the unigrams by maximum likelihood.
    """
    return Smoothing("Witten-Bell", uniform=uniform)


class Trie(NamedTuple):
    """The items of a table, k = 0 … order, numbered by length and code, as `ngram_loops` has it."""

    symbols: Any
    """The last symbol of each item."""
    counts: Any
    totals: Any
    """How often each item, but the longest, was followed by a symbol."""
    nodes: Any
    """Links of these."""
    suffixes: Any
    states: Any
    top: int
    """The length of a full context: order - 1."""

    @property
    def moves(self) -> tuple[Any, Any, int]:
        """What finds the next state of a text."""
        return self.nodes, self.states, self.top

    @property
    def level(self) -> Any:
        """The length of each item but the longest."""
        return self.nodes[:-1, 2]

    @property
    def distinct(self) -> Any:
        """How many different symbols have followed each of these."""
        return np.diff(self.nodes[:, 0])


class Columns(NamedTuple):
    """Where a walk can go: Walker's tables of all states, one behind the other.

    A packed place is where the columns of a state begin, how many there are, and a symbol.
    """

    entries: Any
    """Per column: below which fraction it keeps itself, where it leads, and where it leads else."""
    owner: Any
    """The state whose column it is (asked when a column draws no symbol)."""
    places: Any
    """Per state, packed: its columns."""
    lost: Any = None
    """The columns of an unknown full context (add-k only), packed."""


def mean_loss(law: Any, weights: Any) -> Any:
    """-Σ w log q / Σ w over the last axis: infinite where q = 0 has any weight."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(weights > 0, weights * np.log(law), 0.0)
    return -logs.sum(axis=-1) / weights.sum()  # no BLAS: its threads compete


class Chain:
    """A Markov chain of order n - 1, fitted to a `Table` of n-grams; what it derives is kept."""

    def __init__(self, table: Table, smoothing: Smoothing = MLE) -> None:
        if not table.distinct(table.order):
            raise InputError("table must hold an n-gram, got an empty one")
        self.table = table
        self.smoothing = smoothing
        self._biased: tuple[Any, Any] = (None, None)

    # -- contexts and probabilities

    @property
    def order(self) -> int:
        return self.table.order

    @property
    def size(self) -> int:
        return self.table.size

    @property
    def contexts(self) -> Codes:
        """The codes of the full contexts (order - 1 symbols) that a symbol has followed."""
        return self._known[0]

    @property
    def context_counts(self) -> Any:
        """How often a symbol has followed each of `contexts`."""
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[Codes, Any]:
        table = self.table
        known: tuple[Codes, Any] = _loops().shortened(table.codes[-1], table.counts[-1], table.bits)
        return known

    def probabilities(self, table: Table) -> Floats:
        """P(w|h) of each distinct full n-gram hw of a table of the same order and alphabet."""
        _check_alike(self.table, table)
        codes = table.codes[-1]
        if not self.smoothing.counted:
            trie, own = self._trie, self.table.codes
            contexts = own[-2] if self.order > 1 else np.zeros(1, np.uint64)
            law: Floats = _loops().scored(
                codes, table.bits, own[-1], contexts, *trie.moves, trie.totals, self._law,
                self._base,
            )  # fmt: skip
            return law
        found = located(codes, self.table.codes[-1])
        seen = found >= 0
        context = located(codes >> np.uint64(table.bits), self.contexts)
        counts = np.where(seen, self.table.counts[-1][found], 0)
        totals = np.where(context >= 0, self.context_counts[context], 0)
        k = self.smoothing.k
        ratio: Floats = (counts + k) / np.where(totals + k > 0, totals + k * self.size, 1)
        return ratio

    def loss(self, table: Table) -> float:
        r"""$-\sum c(hw)\log P(w|h)/\sum c(hw)$ over the full n-grams of a table, in nats."""
        law, counts = self.probabilities(table), table.counts[-1]
        if not len(law):
            raise InputError("table must hold an n-gram, got an empty one")
        return float(mean_loss(law, counts))

    def repeats(self, codes: Any) -> Floats:
        r"""$\sum_wP(w|h)^2$ of many full contexts, by their sorted codes, where P is `counted`."""
        place, k = located(codes, self.contexts), self.smoothing.k
        counts = self.table.counts[-1]
        squares = _loops().shortened(self.table.codes[-1], counts * counts, self.table.bits)[1]
        total, square = (np.where(place >= 0, v[place], 0.0)
                         for v in (self.context_counts, squares))  # fmt: skip
        square += k * (2 * total + k * self.size)
        with np.errstate(invalid="ignore"):
            found: Floats = square / (total + k * self.size) ** 2
        return found

    def row(self, context: Any) -> Floats:
        """P(·|context) as text goes on, after at most order - 1 symbols.

        With maximum likelihood an unknown context is cut down to its longest known suffix.
        """
        symbols = np.asarray(context, np.uint8).reshape(1, -1)
        if symbols.shape[1] >= self.order:
            raise InputError(
                f"context must have at most {self.order - 1} symbols, got {symbols.shape[1]}"
            )
        nodes, unknown = self._reached(symbols)
        row: Floats = self._rows_of(nodes, unknown)[0]
        return row

    def rows(self, codes: Any) -> Floats:
        """P(·|h) of many full contexts, given by their codes: (len(codes), K)."""
        return self._rows_of(*self._reached(decoded(codes, self.order - 1, self.table.bits)))

    def _reached(self, contexts: Symbols) -> Any:
        """The longest known suffix of each context, and whether it is less than the context."""
        trie = self._trie
        contexts = _plain(contexts, np.uint8)
        nodes = _loops().reached(*trie.moves, self._seats, self.table.bits, contexts)
        return nodes, trie.level[nodes] < contexts.shape[1]

    def _rows_of(self, nodes: Any, unknown: Any) -> Floats:
        if self._flat:
            nodes = np.where(unknown, -1, nodes)
        escape = self.smoothing.k * self.size if self.smoothing.counted else -1.0
        trie = self._trie
        rows: Floats = _loops().dense_rows(
            trie.nodes, trie.symbols, trie.counts, trie.totals, nodes, self.size, escape,
            self._base,
        )  # fmt: skip
        return rows

    @property
    def _flat(self) -> bool:
        """Whether what is unknown is uniform (else it is the law of a suffix)."""
        return self.smoothing.kind == "add-k"

    @property
    def _base(self) -> float:
        """The probability of a symbol below the unigrams."""
        return 1 / self.size if self.smoothing.uniform else 0.0

    @cached_property
    def _trie(self) -> Trie:
        table = self.table
        base = np.cumsum([0, 1, *map(len, table.codes)])
        codes = np.concatenate((np.zeros(1, np.uint64), *table.codes))
        counts = np.concatenate((np.zeros(1), *table.counts))
        found = _loops().links(codes, counts, base, table.bits)
        symbols, totals, nodes, suffixes, states = found
        return Trie(symbols, counts, totals, nodes, suffixes, states, table.order - 1)

    @cached_property
    def _seats(self) -> Any:
        """Where the full contexts are among the items."""
        trie, known = self._trie, self._known[0]
        nodes = np.flatnonzero((trie.level == trie.top) & (trie.distinct > 0))
        return _loops().seats(known, nodes)

    @cached_property
    def _law(self) -> Floats:
        trie = self._trie
        law: Floats = _loops().interpolated(
            trie.nodes, trie.suffixes, trie.counts, trie.totals, self._base
        )
        return law

    # -- text

    def text(self, count: int, rng: np.random.Generator, *, bias: Bias | None = None) -> Symbols:
        """``count`` symbols of one chain; it begins with no context, which grows.

        ``bias`` maps rows of probabilities to rows of weights.  The rows may be narrower than K:
        it sees them without most of their zeros, unless it gives weight to a zero.
        """
        found, begun = np.empty((1, count), np.uint8), 0
        if self._flat:  # a text shorter than a context is one of its own
            begun = min(count, self.order - 1)
            found[0, :begun] = self._opening(begun, rng, bias)
        self._walk(found, np.zeros(1, np.int64), begun, rng, bias)
        return found[0]

    def _opening(self, count: int, rng: np.random.Generator, bias: Bias | None) -> list[int]:
        """The first symbols of a text, one by one."""
        symbols: list[int] = []
        for _ in range(count):
            sums = np.cumsum(_applied(bias, self.row(symbols)[None])[0])
            symbols.append(int(np.searchsorted(sums, rng.random() * sums[-1], side="right")))
        return symbols

    def continued(
        self, prompts: Any, length: int, rng: np.random.Generator, *, bias: Bias | None = None
    ) -> Symbols:
        """Each prompt (order - 1 symbols) and the ``length`` symbols that a chain puts after it."""
        skip, prompts = self.order - 1, _checked_prompts(prompts, self.order, self.size)
        texts = np.empty((len(prompts), skip + length), np.uint8)
        texts[:, :skip] = prompts
        nodes = np.zeros(0, np.int64)
        if not self._flat:
            nodes, _ = self._reached(texts[:, :skip])
        self._walk(texts, nodes, skip, rng, bias)
        return texts

    def _walk(self, texts: Symbols, nodes: Any, skip: int, rng: Any, bias: Any) -> None:
        """Fill each row of ``texts`` from column ``skip`` on, after its node or its symbols."""
        columns, trie, loops = self._columns(bias), self._trie, _loops()
        if self._flat:
            loops.flat_walk(
                columns.entries, columns.places, columns.lost, self._seats, self.table.bits,
                trie.top, texts, skip, rng,
            )  # fmt: skip
        else:
            entries, owner, places, _ = columns
            loops.walk(entries, owner, places, *trie.moves, nodes, texts, skip, self.size, rng)

    def drawn(
        self, contexts: Any, rng: np.random.Generator, *, bias: Bias | None = None
    ) -> Symbols:
        """Each context and one symbol after it: (len(contexts), order)."""
        return self.continued(contexts, 1, rng, bias=bias)

    def _columns(self, bias: Bias | None) -> Any:
        """Where a walk can go, under a bias (the last one is kept) or none."""
        if bias is None:
            return self._unbiased
        if self._biased[0] != bias:
            self._biased = bias, self._biased_columns(bias)
        return self._biased[1]

    @cached_property
    def _unbiased(self) -> Any:
        places, weights = self._weights()
        return self._sparse_columns(places, weights)

    def _sparse_columns(self, places: Any, weights: Floats) -> Columns:
        trie = self._trie
        entries, owner = _loops().sparse_columns(
            trie.nodes, trie.states, trie.symbols, places, weights, not self._flat
        )
        return self._with_lost(Columns(entries, owner, places), None)

    def _with_lost(self, columns: Columns, bias: Bias | None) -> Columns:
        """With the row of an unknown context, if it has one of its own."""
        if not self._flat:
            return columns
        row = _applied(bias, np.full((1, self.size), 1 / self.size))
        none = np.zeros(1, np.int64)
        more = _loops().dense_columns(*self._trie.moves, columns.places, none, row, False)
        lost = _packed(len(columns.entries), self.size)
        return columns._replace(entries=np.concatenate((columns.entries, more)), lost=lost)

    def _weights(self) -> Any:
        """(places, weights) of the columns of all states: their followers, and no symbol.

        A state draws no symbol of its own, but one of the law below, by the weight of that law.
        """
        trie = self._trie
        escape = np.full(len(trie.totals), self.smoothing.k * self.size)
        if not self.smoothing.counted:
            escape = trie.distinct.astype(np.float64)
            escape[0] *= self.smoothing.uniform
        return _loops().sparse_weights(trie.nodes, trie.counts, escape)

    def _biased_columns(self, bias: Bias) -> Any:
        if self.smoothing.kind == MLE.kind:
            places, weights = self._weights()
            if _biased_rows(bias, weights, places, self.size):
                return self._sparse_columns(places, weights)
        return self._dense_columns(bias)

    def _dense_columns(self, bias: Bias) -> Columns:
        """Whole rows of all states (with add-k, of all full contexts that are known)."""
        trie, size = self._trie, self.size
        used = (trie.distinct > 0) & ((trie.level == trie.top) | (not self._flat))
        nodes = np.flatnonzero(used)
        places = np.zeros(len(used), np.uint64)
        places[nodes] = _packed(np.arange(len(nodes), dtype=np.uint64) * np.uint64(size), size)
        entries = np.empty((len(nodes) * size, 3), np.uint64)
        for begin in range(0, len(nodes), step := max(1, BATCH // size)):
            part = nodes[begin : begin + step]
            rows = _applied(bias, self._rows_of(part, np.zeros(len(part), bool)))
            filled = slice(begin * size, (begin + len(part)) * size)
            entries[filled] = _loops().dense_columns(
                *trie.moves, places, part, rows, not self._flat
            )
        return self._with_lost(Columns(entries, np.zeros(0, np.int64), places), bias)


def _packed(begin: Any, width: int) -> Any:
    """A place, as the compiled loops read it."""
    return (np.uint64(begin) << np.uint64(20)) | np.uint64(width << 8)


def _biased_rows(bias: Bias, weights: Floats, places: Any, size: int) -> bool:
    """Put the bias on all rows of ``weights``, in batches of about one width; False: it cannot.

    A row gets at least one column of probability zero (if it is not whole), so that a bias shows
    if it gives weight to what has none.
    """
    begins = (places >> np.uint64(20)).astype(np.int64)
    widths = ((places >> np.uint64(8)) & np.uint64(4095)).astype(np.int64)
    room = np.minimum(1 << np.ceil(np.log2(widths + 1)).astype(np.int64), size)
    for width in np.unique(room[widths > 0]):
        chosen = np.flatnonzero((room == width) & (widths > 0))
        for part in np.array_split(chosen, len(chosen) * width // BATCH + 1):
            inside = np.arange(width) < widths[part, None]
            spots = (begins[part, None] + np.arange(width))[inside]
            rows = np.zeros(inside.shape)
            rows[inside] = weights[spots]
            rows = _applied(bias, rows / rows.sum(axis=1, keepdims=True))
            if rows[~inside].any():
                return False
            weights[spots] = rows[inside]
    return True


def _applied(bias: Bias | None, rows: Floats) -> Floats:
    """What the bias makes of rows of probabilities, checked."""
    if bias is None:
        return rows
    found = np.asarray(bias(rows), dtype=np.float64)
    good = found.shape == rows.shape and (found >= 0).all() and np.isfinite(found).all()
    if not (good and found.any(axis=1).all()):
        raise InputError(
            f"bias must map rows of probabilities {rows.shape} to as many weights >= 0, not all "
            f"zero in a row, got an array of the shape {found.shape}"
        )
    return found


# -- bad input --------------------------------------------------------------------------------


def check_alphabet(order: int, size: int) -> None:
    """Whether n-grams of this order and alphabet can be counted; else an `InputError`."""
    for name, value in (("order", order), ("size", size)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    if size > LARGEST:
        raise InputError(f"size must be at most {LARGEST} symbols, got {size}")
    if order * bits_of(size) > 64:
        raise InputError(
            f"order must be at most {64 // bits_of(size)} with {size} symbols "
            f"({bits_of(size)} bits each, 64 in all), got {order}"
        )


def checked_blocks(blocks: Any, order: int, size: int) -> Symbols:
    """``blocks`` as symbols (count, length), if n-grams of them can be counted."""
    check_alphabet(order, size)
    blocks = np.asarray(blocks)
    if blocks.ndim != 2 or blocks.dtype.kind not in "iu":
        raise InputError(
            "blocks must be whole numbers of the shape (count, length), got "
            f"{blocks.dtype} of the shape {blocks.shape}"
        )
    if blocks.shape[1] < order:
        raise InputError(
            f"blocks must have at least order = {order} symbols each, got {blocks.shape[1]}"
        )
    if blocks.size and (blocks.max() >= size or blocks.min() < 0):
        wrong = blocks.max() if blocks.max() >= size else blocks.min()
        raise InputError(f"blocks must hold symbols from 0 to {size - 1}, got {wrong}")
    return _plain(blocks, np.uint8)


def _checked_prompts(prompts: Any, order: int, size: int) -> Any:
    prompts = np.asarray(prompts)
    fits = prompts.ndim == 2 and prompts.shape[1] == order - 1
    inside = prompts.dtype.kind in "iu" and (prompts < size).all() and (prompts >= 0).all()
    if not fits or (prompts.size and not inside):
        raise InputError(
            f"prompts must be symbols from 0 to {size - 1} of the shape (count, {order - 1}), got "
            f"{prompts.dtype} of the shape {prompts.shape}"
        )
    return prompts


def _checked_weights(weights: Any, count: int) -> Any:
    if weights is None:
        return np.ones(count)
    weights = np.asarray(weights)
    if weights.shape != (count,) or not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError(
            f"weights must be {count} finite numbers >= 0, one a block, got {weights!r}"
        )
    return np.array(weights, np.float64)


def _check_alike(one: Table, other: Table) -> None:
    if (one.order, one.size) != (other.order, other.size):
        raise InputError(
            f"tables must agree: order {one.order} of {one.size} symbols meets order "
            f"{other.order} of {other.size}"
        )
