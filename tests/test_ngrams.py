"""The compiled n-grams against dictionaries, against nltk, and the text that they write in law."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hallofillusions import InputError
from hallofillusions.numerics.ngrams import (
    MLE,
    Chain,
    Smoothing,
    Table,
    add_k,
    decoded,
    encoded,
    witten_bell,
)
from tests.ngram_reference import Reference, counted
from tests.statistics import MARGIN, critical_distance, holm, seed

SMOOTHINGS = (MLE, add_k(0.3), witten_bell(), witten_bell(uniform=False))
RULES = {"maximum likelihood": "mle", "add-k": "add", "Witten-Bell": "wb"}
NAMES = ("mle", "add-k", "witten-bell", "witten-bell-nltk")
EACH = pytest.mark.parametrize("smoothing", SMOOTHINGS, ids=NAMES)
ORDERS = range(1, 7)


@cache
def english() -> tuple[Any, int]:
    """The topics of Python's help, case-folded, as symbols, and how many symbols there are."""
    text = "".join(topics.values()).casefold()
    symbols, coded = np.unique([*text], return_inverse=True)
    return coded.astype(np.uint8), len(symbols)


@cache
def texts() -> dict[str, tuple[Any, Any, int]]:
    """Name -> (blocks to fit, blocks held out, size of the alphabet)."""
    rng = np.random.default_rng(seed("texts"))
    coded, size = english()
    # Symbols that training lacks, contexts that only end a block, an alphabet of four words.
    return {
        "english": (coded[:3000].reshape(-1, 60), coded[3000:4500].reshape(-1, 50), size),
        "two symbols": (rng.integers(2, size=(40, 9)), rng.integers(2, size=(9, 8)), 2),
        "one symbol": (np.zeros((3, 7), int), np.zeros((2, 9), int), 1),
        "as short as an n-gram": (rng.integers(5, size=(60, 6)), rng.integers(7, size=(9, 6)), 7),
        "wide": (rng.integers(255, size=(20, 30)), rng.integers(250, 255, size=(9, 12)), 255),
        "repeated": (np.tile(np.arange(9), (3, 5)), np.tile(np.arange(9), (2, 2)), 9),
    }


@cache
def model(name: str, order: int, smoothing: Smoothing) -> tuple[Chain, Reference]:
    blocks, _, size = texts()[name]
    kind, k, uniform = smoothing
    reference = Reference(counted(blocks, order), order, size, RULES[kind], k, uniform)
    return Chain(Table.of(blocks, order, size), smoothing), reference


def as_dictionary(table: Table) -> dict[tuple[int, ...], float]:
    return {
        tuple(gram): count
        for k in range(1, table.order + 1)
        for gram, count in zip(table.grams(k).tolist(), table.counts[k - 1], strict=True)
    }


def cases() -> list[tuple[str, int]]:
    return [(name, order) for name in texts() for order in ORDERS]


# -- counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "order"), cases())
def test_counts_are_those_of_a_dictionary(name: str, order: int) -> None:
    blocks, _, size = texts()[name]
    table, expected = Table.of(blocks, order, size), counted(blocks, order)
    assert as_dictionary(table) == expected
    for k in range(1, order + 1):
        assert (np.diff(table.codes[k - 1].astype(object)) > 0).all()
        assert table.total(k) == len(blocks) * (blocks.shape[1] - k + 1)
        assert table.distinct(k) == sum(len(gram) == k for gram in expected)
        assert (encoded(table.grams(k), table.bits) == table.codes[k - 1]).all()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_counts_of_any_text(data: st.DataObject) -> None:
    order, size = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 255))
    length = data.draw(st.integers(order, order + 9))
    rows = st.lists(st.integers(0, size - 1), min_size=length, max_size=length)
    one, other = (np.array(data.draw(st.lists(rows, min_size=1, max_size=6))) for _ in range(2))
    tables = [Table.of(b, order, size) for b in (one, other)]
    assert as_dictionary(tables[0]) == counted(one, order)
    assert as_dictionary(tables[0] + tables[1]) == counted(np.concatenate((one, other)), order)


@pytest.mark.parametrize("length", [6_000, 9_000, 12_000, 20_000, 24_000])
def test_a_table_of_many_strings_grows(length: int) -> None:
    """Blocks longer and shorter than the pieces that are counted at once, which grow on the way."""
    rng = np.random.default_rng(seed("many", length))
    text = rng.integers(200, size=(120_000 // length // 3, length), dtype=np.uint8)
    codes = [np.sort(encoded(_windows(text, k), 8)) for k in (1, 2, 3)]
    table = Table.of(text, 3, 200)
    for k in range(3):
        found, counts = np.unique(codes[k], return_counts=True)
        assert (table.codes[k] == found).all()
        assert (table.counts[k] == counts).all()


def _windows(text: Any, k: int) -> Any:
    return np.lib.stride_tricks.sliding_window_view(text, k, axis=1).reshape(-1, k)


def test_many_short_blocks() -> None:
    rng = np.random.default_rng(seed("short"))
    blocks = rng.integers(200, size=(9_000, 5), dtype=np.uint8)
    assert as_dictionary(Table.of(blocks, 5, 200)) == counted(blocks, 5)


def test_union_and_weights() -> None:
    blocks, other, size = texts()["english"]
    one, two = Table.of(blocks, 3, size), Table.of(other, 3, size)
    weights = np.arange(len(blocks)) % 3
    repeated = Table.of(np.repeat(blocks, weights, axis=0), 3, size)
    assert as_dictionary(Table.of(blocks, 3, size, weights)) == as_dictionary(repeated)
    halves = Table.of(blocks, 3, size, weights / 2)
    assert as_dictionary(halves) == as_dictionary(repeated.weighted(0.5))
    both = as_dictionary(one.weighted(0.5) + two)
    first, second = counted(blocks, 3), counted(other, 3)
    assert both == {g: first[g] / 2 + second[g] for g in first | second}
    nothing = Table.of(blocks[:0], 3, size)
    assert as_dictionary(one + nothing) == as_dictionary(one)


# -- probabilities ----------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(("name", "order"), cases())
def test_scores_are_those_of_a_dictionary(name: str, order: int, smoothing: Smoothing) -> None:
    chain, reference = model(name, order, smoothing)
    _, held, size = texts()[name]
    table, counts = Table.of(held, order, size), counted(held, order)
    expected = [reference.score(g[-1], tuple(g[:-1])) for g in table.grams(order).tolist()]
    np.testing.assert_allclose(chain.probabilities(table), expected, rtol=1e-12, atol=0)
    own = chain.table.grams(order).tolist()
    expected = [reference.score(g[-1], tuple(g[:-1])) for g in own]
    np.testing.assert_allclose(chain.probabilities(chain.table), expected, rtol=1e-12, atol=0)
    loss = reference.loss(counts)
    assert chain.loss(table) == (pytest.approx(loss, rel=1e-12) if loss < math.inf else loss)


@EACH
@pytest.mark.parametrize("name", texts())
def test_rows_are_those_of_a_dictionary(name: str, smoothing: Smoothing) -> None:
    for order in (1, 2, 3, 6):
        chain, reference = model(name, order, smoothing)
        _, held, _ = texts()[name]
        contexts = [tuple(b[:m].tolist()) for b in held[:4] for m in range(order)]
        contexts += [tuple(b[-m:].tolist()) for b in texts()[name][0][:4] for m in range(1, order)]
        for context in contexts:
            expected = reference.row(context)
            np.testing.assert_allclose(chain.row(context), expected, rtol=1e-12, atol=1e-15)
        full = [c for c in contexts if len(c) == order - 1]
        expected = [reference.row(c) for c in full]
        rows = chain.rows(encoded(np.array(full).reshape(len(full), -1), chain.table.bits))
        np.testing.assert_allclose(rows, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("smoothing", [MLE, add_k(0.3)], ids=["likelihood", "add-k"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_repeats_are_sums_over_rows(order: int, smoothing: Smoothing) -> None:
    chain, _ = model("english", order, smoothing)
    known = chain.contexts
    asked = known
    if smoothing != MLE and order > 1:  # after what is unknown all symbols are alike
        asked = np.unique(np.append(known, known[::3] ^ np.uint64(1)))
    np.testing.assert_allclose(chain.repeats(asked), (chain.rows(asked) ** 2).sum(axis=1), 1e-12)
    missing = np.setdiff1d(np.arange(4**order, dtype=np.uint64), known)
    assert smoothing != MLE or np.isnan(chain.repeats(missing)).all()


def test_contexts_are_those_with_followers() -> None:
    for order in (1, 3):
        chain, reference = model("english", order, MLE)
        found = map(tuple, decoded(chain.contexts, order - 1, chain.table.bits).tolist())
        full = [h for h in reference.followers if len(h) == order - 1]
        expected = {h: sum(reference.followers[h].values()) for h in full}
        assert dict(zip(found, chain.context_counts.tolist(), strict=True)) == expected


def nltk_model(smoothing: Smoothing, order: int, blocks: Any, size: int) -> Any:
    """The model of `nltk.lm`; the last symbol of the alphabet is its unknown word."""
    from nltk import lm
    from nltk.util import everygrams

    words = [[chr(w) for w in block] for block in blocks.tolist()]
    vocabulary = lm.Vocabulary([chr(w) for w in range(size - 1)])
    kinds = {"maximum likelihood": lm.MLE, "Witten-Bell": lm.WittenBellInterpolated}
    if smoothing.kind == "add-k":
        fitted = lm.Lidstone(smoothing.k, order, vocabulary)
    else:
        fitted = kinds[smoothing.kind](order, vocabulary=vocabulary)
    assert len(fitted.vocab) == size
    fitted.fit(list(everygrams(block, max_len=order)) for block in words)
    return fitted


@pytest.mark.parametrize("order", [1, 3, 6])
@pytest.mark.parametrize(
    "smoothing", [MLE, add_k(0.3), witten_bell(uniform=False)], ids=["mle", "add-k", "wb"]
)
def test_perplexity_is_that_of_nltk(smoothing: Smoothing, order: int) -> None:
    from nltk.util import ngrams

    coded, size = english()
    blocks, size = coded[:2000].reshape(-1, 100), size + 1
    chain = Chain(Table.of(blocks, order, size), smoothing)
    theirs = nltk_model(smoothing, order, blocks, size)
    seen = set(blocks.ravel().tolist())
    held = np.array([w for w in coded[2000:2800].tolist() if w in seen], np.uint8)[None]
    infinite = 0
    for text in (held, blocks[:3]):
        grams = [g for b in text.tolist() for g in ngrams(map(chr, b), order)]
        expected = theirs.perplexity(grams)
        infinite += math.isinf(expected)
        ours = math.exp(chain.loss(Table.of(text, order, size)))
        assert ours == (pytest.approx(expected, rel=1e-10) if expected < math.inf else expected)
    assert infinite == (smoothing is MLE and order > 1)


# -- text -------------------------------------------------------------------------------------


def integral_transforms(
    reference: Reference, written: Any, skip: int, rng: Any, bias: Any = None
) -> Any:
    """The randomised probability integral transform of every symbol: uniform, if the law holds."""
    found, rows = [], {}
    for text in written.tolist():
        for t in range(skip, len(text)):
            h = tuple(text[max(0, t + 1 - reference.order) : t])
            if h not in rows:
                law = np.array(reference.row(h))
                law = law if bias is None else bias(law[None])[0]
                ranked = np.argsort(-law, kind="stable")  # a law too flat or too steep shows best
                sums = np.concatenate(([0], np.cumsum(law[ranked] / law.sum())))
                rows[h] = dict(zip(ranked.tolist(), pairwise(sums.tolist()), strict=True))
            low, high = rows[h][text[t]]
            assert high > low, (h, text[t])
            found.append(low + (high - low) * rng.random())
    return np.array(found)


def temperature(rows: Any) -> Any:
    """p^(1/τ), τ = 0.7."""
    return rows ** (1 / 0.7)


def nucleus(rows: Any) -> Any:
    """The likeliest symbols that make up four fifths."""
    order = np.argsort(-rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order, axis=1)
    ranked[np.cumsum(ranked, axis=1) - ranked >= 0.8] = 0
    found = np.empty_like(rows)
    np.put_along_axis(found, order, ranked, axis=1)
    return found


def mixed(rows: Any) -> Any:
    """Half of it uniform over the columns: it gives weight to what has none."""
    return 0.5 * rows + 0.5 / rows.shape[1]


BIASES = {"unbiased": None, "temperature": temperature, "nucleus": nucleus, "mixed": mixed}
COUNT = {"english": 1_000, "wide": 100, "two symbols": 1_000, "as short as an n-gram": 1_000}
SAMPLED = [(n, o, s, "unbiased") for n in COUNT for o in (1, 2, 3, 6) for s in SMOOTHINGS]
SAMPLED += [("english", 3, s, b) for s in SMOOTHINGS for b in BIASES if b != "unbiased"]
COMPARISONS = 3 * len(SAMPLED)
PROMPTS = 100


@pytest.mark.parametrize(
    ("name", "order", "smoothing", "biased"),
    SAMPLED,
    ids=lambda part: part.kind if isinstance(part, Smoothing) else str(part),
)
def test_text_has_the_law_of_its_rows(
    name: str, order: int, smoothing: Smoothing, biased: str
) -> None:
    chain, reference = model(name, order, smoothing)
    held, bias, count = texts()[name][1], BIASES[biased], COUNT[name]
    rng = np.random.default_rng(seed("text", name, order, smoothing, biased))
    prompts = rng.choice(held[:, : order - 1], PROMPTS)
    many = np.repeat(prompts, count // PROMPTS, axis=0)
    runs = {
        "free": (chain.text(count, rng, bias=bias)[None], 0),
        "prompted": (chain.continued(prompts, count // PROMPTS, rng, bias=bias), order - 1),
        "drawn": (chain.drawn(many, rng, bias=bias), order - 1),
    }
    assert (runs["prompted"][0][:, : order - 1] == prompts).all()
    assert (runs["drawn"][0][:, :-1] == many).all()
    for label, (found, skip) in runs.items():
        assert found.dtype == np.uint8
        uniforms = integral_transforms(reference, found, skip, rng, bias)
        assert len(uniforms) == count
        distance = stats.kstest(uniforms, "uniform").statistic
        assert distance < critical_distance(COMPARISONS, count), label


RIVALS = [
    (2, add_k(0.3), add_k(0.03)),
    (4, add_k(0.3), witten_bell()),
    (4, witten_bell(), add_k(0.3)),
    (4, witten_bell(), add_k(0.03)),
]


@pytest.mark.parametrize(("order", "smoothing", "rival"), RIVALS)
def test_that_comparison_rejects_a_wrong_smoothing(
    order: int, smoothing: Smoothing, rival: Smoothing
) -> None:
    """By more than the distance itself can err (its standard error is at most 1 / (2 √count))."""
    chain, _ = model("english", order, smoothing)
    _, wrong = model("english", order, rival)
    rng = np.random.default_rng(seed("rival", smoothing, rival))
    count = 3 * COUNT["english"]
    uniforms = integral_transforms(wrong, chain.text(count, rng)[None], 0, rng)
    least = critical_distance(COMPARISONS, count) + MARGIN / (2 * math.sqrt(count))
    assert stats.kstest(uniforms, "uniform").statistic > least


def test_that_comparison_rejects_a_wrong_temperature() -> None:
    chain, reference = model("english", 2, MLE)
    rng = np.random.default_rng(seed("wrong temperature"))
    count = 6 * COUNT["english"]
    text = chain.text(count, rng, bias=temperature)[None]
    uniforms = integral_transforms(reference, text, 0, rng)
    least = critical_distance(COMPARISONS, count) + MARGIN / (2 * math.sqrt(count))
    assert stats.kstest(uniforms, "uniform").statistic > least


def test_single_rows_by_chi_square() -> None:
    """One context at a time, known and unknown, 20,000 symbols each; Holm over all."""
    rng = np.random.default_rng(seed("rows"))
    p_values, p_rivals = [], []
    for smoothing in SMOOTHINGS:
        chain, reference = model("english", 3, smoothing)
        _, rival = model("english", 3, RIVAL_OF[smoothing])
        for context in ((chain.contexts[7], True), (chain.size**2 - 1, False)):
            h = decoded(context[:1], 2, chain.table.bits) if context[1] else np.array([[75, 75]])
            drawn = chain.drawn(np.repeat(h, 20_000, axis=0), rng)[:, -1]
            observed = np.bincount(drawn, minlength=chain.size)
            key = tuple(h[0].tolist())
            p_values.append(chi_square(observed, reference.row(key)))
            if context[1]:
                p_rivals.append(chi_square(observed, rival.row(key)))
    assert not holm(p_values).any()
    assert holm(p_rivals).all()


RIVAL_OF = dict(zip(SMOOTHINGS, (*SMOOTHINGS[1:], SMOOTHINGS[0]), strict=True))
RIVAL_OF[SMOOTHINGS[2]] = MLE  # the two kinds of Witten-Bell agree but for symbols never seen


def chi_square(observed: Any, law: Any) -> float:
    """p of the counts of a sample, classes pooled whose expectation is below 5."""
    expected = observed.sum() * np.array(law)
    if observed[expected == 0].any():
        return 0.0
    large = expected >= 5
    parts = [[*x[large], x[~large].sum()] for x in (observed, expected)]
    kept = np.array(parts)[:, np.array(parts[1]) > 0]
    return float(stats.chisquare(*kept).pvalue) if kept.shape[1] > 1 else 1.0


@EACH
def test_one_seed_gives_one_text(smoothing: Smoothing) -> None:
    chain, _ = model("english", 4, smoothing)
    one, other = (chain.text(500, np.random.default_rng(3)) for _ in range(2))
    assert (one == other).all()
    rng = np.random.default_rng(3)
    assert (chain.text(500, rng) != chain.text(500, rng)).any()
    assert chain.text(0, rng).shape == (0,)
    assert chain.text(2, rng).shape == (2,)
    assert chain.continued(np.zeros((0, 3), int), 5, rng).shape == (0, 8)


def test_a_chain_of_a_union_and_of_weights() -> None:
    """Fractional counts: scores and rows follow the same formulas."""
    blocks, held, size = texts()["english"]
    table = Table.of(blocks, 3, size).weighted(0.25) + Table.of(held, 3, size)
    counts = {g: c / 4 for g, c in counted(blocks, 3).items()}
    for gram, count in counted(held, 3).items():
        counts[gram] = counts.get(gram, 0) + count
    for smoothing in SMOOTHINGS:
        kind, k, uniform = smoothing
        reference = Reference(counts, 3, size, RULES[kind], k, uniform)
        loss = Chain(table, smoothing).loss(Table.of(held, 3, size))
        assert loss == pytest.approx(reference.loss(counted(held, 3)), rel=1e-12)


# -- bad input --------------------------------------------------------------------------------

BLOCKS = np.arange(12).reshape(3, 4)
WRONG: dict[str, Any] = {
    "order must be a whole number of at least 1, got 0": lambda: Table.of(BLOCKS, 0, 12),
    "order must be a whole number of at least 1, got 1.5": lambda: Table.of(BLOCKS, 1.5, 12),
    "order must be a whole number of at least 1, got True": lambda: Table.of(BLOCKS, True, 12),
    "size must be at most 255 symbols, got 256": lambda: Table.of(BLOCKS, 2, 256),
    "size must be a whole number of at least 1, got 0": lambda: Table.of(BLOCKS, 2, 0),
    "order must be at most 8 with 255 symbols": lambda: Table.of(np.zeros((2, 9), int), 9, 255),
    "blocks must have at least order = 5 symbols each, got 4": lambda: Table.of(BLOCKS, 5, 12),
    "blocks must hold symbols from 0 to 10, got 11": lambda: Table.of(BLOCKS, 2, 11),
    "blocks must hold symbols from 0 to 11, got -1": lambda: Table.of(BLOCKS - 1, 2, 12),
    "blocks must be whole numbers of the shape": lambda: Table.of(BLOCKS / 2, 2, 12),
    "blocks must be whole numbers": lambda: Table.of(BLOCKS[0], 2, 12),
    "weights must be 3 finite numbers": lambda: Table.of(BLOCKS, 2, 12, [1.0, 2.0]),
    "weights must be 3": lambda: Table.of(BLOCKS, 2, 12, [1.0, -1.0, 1.0]),
    "factor must be a positive finite number": lambda: Table.of(BLOCKS, 2, 12).weighted(0),
    "tables must agree": lambda: Table.of(BLOCKS, 2, 12) + Table.of(BLOCKS, 3, 12),
    "table must hold an n-gram": lambda: Chain(Table.of(BLOCKS[:0], 2, 12)),
    "k must be a positive finite number": lambda: add_k(0.0),
    "context must have at most 1 symbols": lambda: Chain(Table.of(BLOCKS, 2, 12)).row([1, 2]),
    "bias must map rows": lambda: Chain(Table.of(BLOCKS, 2, 12)).text(
        5, np.random.default_rng(1), bias=lambda rows: -rows
    ),
    "prompts must be symbols from 0 to 11": lambda: Chain(Table.of(BLOCKS, 2, 12)).drawn(
        [[12]], np.random.default_rng(1)
    ),
    "prompts must be symbols from 0 to 11 of the shape": lambda: Chain(
        Table.of(BLOCKS, 2, 12)
    ).drawn([[1, 2]], np.random.default_rng(1)),
}


@pytest.mark.parametrize("message", WRONG)
def test_bad_input_is_told_in_one_sentence(message: str) -> None:
    with pytest.raises(InputError) as caught:
        WRONG[message]()
    assert str(caught.value).startswith(message)


def test_the_widest_codes() -> None:
    """64 bits of code, all of them one: nothing marks an empty place but its count."""
    blocks = np.full((2, 20), 254, np.uint8)
    blocks[0, :9] = np.arange(9)
    assert as_dictionary(Table.of(blocks, 8, 255)) == counted(blocks, 8)
    binary = np.ones((1, 130), np.uint8)
    binary[0, 3] = 0
    table = Table.of(binary, 64, 2)
    assert as_dictionary(table) == counted(binary, 64)
    for smoothing in SMOOTHINGS:
        text = Chain(table, smoothing).text(300, np.random.default_rng(1))
        assert text.max() <= 1


# -- numba ------------------------------------------------------------------------------------


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_numba_is_imported_where_it_runs() -> None:
    program = (
        "import sys, hallofillusions, hallofillusions.simulation\n"
        "import hallofillusions.numerics.ngrams as ngrams\n"
        "print('numba' in sys.modules)\n"
    )
    assert run(program).split() == ["False"]


def test_loops_compile_where_no_cache_can_be_written() -> None:
    """numba finds no place for it, and says so when a function is decorated."""
    program = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "import numpy as np\n"
        "from hallofillusions.numerics import ngram_loops\n"
        "print(type(ngram_loops.top_bits._cache).__name__)\n"
        "print(int(ngram_loops.top_bits(np.zeros((8, 2), np.uint64))))\n"
    )
    assert run(program).split() == ["NullCache", "61"]
