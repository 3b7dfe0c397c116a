"""How fast one generation of the n-gram loop is: train, generate, score held-out text.

English (the topics of Python's help, case-folded): 200,000 characters to fit, 200,000 held out,
order 4, maximum likelihood with scores of what was seen only (nltk takes no logarithm of 0).  The
rivals are nltk.lm, and dictionaries with `Counter` as one writes them.  All sides are measured in
turn in one run, each by the best of several, after everything is compiled.

nltk is too slow to be run whole: it fits and scores all 200,000 characters, and generates 1,000,
scaled up (its `generate` takes the same time for each character after another, but copies the
text so far for each: on 200,000 it is slower still, so that the scaling is to its advantage).
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from pydoc_data.topics import topics
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from hallofillusions.numerics.ngrams import MLE, Chain, Smoothing, Table, add_k, witten_bell

pytestmark = pytest.mark.benchmark

COUNT, ORDER, SHARE = 200_000, 4, 1_000


@cache
def english() -> tuple[str, str, Any, int]:
    """(text to fit, text held out, both as symbols, the size of the alphabet)."""
    text = "".join(topics.values()).casefold()[: 2 * COUNT]
    symbols, coded = np.unique([*text], return_inverse=True)
    return text[:COUNT], text[COUNT:], coded.astype(np.uint8).reshape(2, 1, -1), len(symbols)


def seconds(work: Callable[[], Any]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def ours(blocks: Any, held: Table, smoothing: Smoothing = MLE) -> Any:
    """One generation."""
    chain = Chain(Table.of(blocks, held.order, held.size), smoothing)
    text = chain.text(blocks.size, np.random.default_rng(1))
    law, counts = chain.probabilities(held), held.counts[-1]
    seen = law > 0
    return text, -(counts[seen] * np.log(law[seen])).sum() / counts[seen].sum()


class Dictionaries:
    """An n-gram model as one writes it, with cumulative weights kept for each context."""

    def __init__(self, text: str) -> None:
        self.followers = [defaultdict[str, Counter[str]](Counter) for _ in range(ORDER)]
        for k, table in enumerate(self.followers):
            for gram, count in Counter(map("".join, _windows(text, k + 1))).items():
                table[gram[:-1]][gram[-1]] = count
        self.cumulative: dict[str, tuple[list[str], list[int]]] = {}

    def generate(self, count: int, rng: random.Random) -> str:
        context, found = "", []
        for _ in range(count):
            symbol = self.draw(context, rng)
            found.append(symbol)
            context = (context + symbol)[1 - ORDER :]
        return "".join(found)

    def draw(self, context: str, rng: random.Random) -> str:
        if context not in self.cumulative:
            known = context
            while not self.followers[len(known)].get(known):
                known = known[1:]
            row = self.followers[len(known)][known]
            self.cumulative[context] = [*row], [*accumulate(row.values())]
        symbols, sums = self.cumulative[context]
        return symbols[bisect(sums, rng.random() * sums[-1])]

    def loss(self, text: str) -> float:
        table, totals = self.followers[-1], dict[str, int]()
        total = seen = 0.0
        for gram, count in Counter(map("".join, _windows(text, ORDER))).items():
            row = table.get(gram[:-1])
            if row and gram[-1] in row:
                if gram[:-1] not in totals:
                    totals[gram[:-1]] = sum(row.values())
                total -= count * math.log(row[gram[-1]] / totals[gram[:-1]])
                seen += count
        return total / seen


def _windows(text: str, k: int) -> Any:
    return zip(*(text[i:] for i in range(k)), strict=False)


def by_dictionaries() -> Any:
    fit, held, _, _ = english()
    model = Dictionaries(fit)
    return model.generate(COUNT, random.Random(1)), model.loss(held)


def nltk_seconds() -> float:
    """Of nltk for one generation."""
    from nltk import lm
    from nltk.util import everygrams, ngrams

    fit, held, _, _ = english()
    model = lm.MLE(ORDER)
    fitted = seconds(lambda: model.fit([everygrams([*fit], max_len=ORDER)], [*fit]))
    generated = seconds(lambda: model.generate(SHARE, random_seed=1))

    def score() -> None:
        for gram in ngrams(held, ORDER):
            model.score(gram[-1], gram[:-1])

    return fitted + generated * COUNT / SHARE + seconds(score)


def test_one_generation(benchmark: Any) -> None:
    """At least 500 times nltk.lm and 8 times dictionaries."""
    _, _, (blocks, held_text), size = english()
    held = Table.of(held_text, ORDER, size)
    benchmark.pedantic(lambda: ours(blocks, held), rounds=20, warmup_rounds=2)
    times = [(seconds(by_dictionaries), *(seconds(lambda: ours(blocks, held)) for _ in range(9)))
             for _ in range(4)]  # fmt: skip
    mine = min(min(t[1:]) for t in times)
    ratios = {"nltk": nltk_seconds() / mine, "dictionaries": min(t[0] for t in times) / mine}
    benchmark.extra_info.update(ratios)
    print(f"\none generation {mine * 1e3:.1f} ms: {ratios['nltk']:.0f} times nltk (at least 500), "
          f"{ratios['dictionaries']:.0f} times dictionaries (at least 8)")  # fmt: skip
    assert ratios["nltk"] >= 500
    assert ratios["dictionaries"] >= 8


def test_the_same_result_by_dictionaries() -> None:
    """The rival does the work that it is timed for."""
    fit, held, (blocks, held_text), size = english()
    model, table = Dictionaries(fit), Table.of(blocks, ORDER, size)
    for k in range(ORDER):
        assert sum(map(len, model.followers[k].values())) == table.distinct(k + 1)
    assert model.loss(fit) == pytest.approx(Chain(table).loss(table), rel=1e-9)
    assert model.loss(held) == pytest.approx(ours(blocks, Table.of(held_text, ORDER, size))[1])
    assert len(by_dictionaries()[0]) == COUNT


def raw_rate(count: int) -> float:
    """Uniform numbers a second, drawn one by one in a compiled loop."""
    import numba

    @numba.njit
    def total(rng: Any, count: int) -> float:
        found = 0.0
        for _ in range(count):
            found += rng.random()
        return found

    rng = np.random.default_rng(1)
    total(rng, 1)
    return count / min(seconds(lambda: total(rng, count)) for _ in range(20))


@pytest.mark.parametrize(
    ("smoothing", "least"), [(MLE, 2e7), (witten_bell(), 0), (add_k(0.1), 0)],
    ids=["mle", "witten-bell", "add-k"],
)  # fmt: skip
def test_generation(smoothing: Smoothing, least: float, benchmark: Any) -> None:
    """20 million characters a second by maximum likelihood; one chain, one core."""
    _, _, (blocks, _), size = english()
    chain, rng = Chain(Table.of(blocks, ORDER, size), smoothing), np.random.default_rng(1)
    chain.text(COUNT, rng)
    benchmark.pedantic(lambda: chain.text(COUNT, rng), rounds=20)
    rate = COUNT / min(seconds(lambda: chain.text(COUNT, rng)) for _ in range(30))
    share = rate / raw_rate(COUNT)
    benchmark.extra_info.update({"characters a second": rate, "share of the raw rate": share})
    print(f"\n{smoothing.kind}: {rate / 1e6:.0f} million characters a second (at least "
          f"{least / 1e6:.0f}), {share:.0%} of the rate of uniform numbers")  # fmt: skip
    assert rate >= least


def test_cost_is_nearly_linear(benchmark: Any) -> None:
    """A generation of 10 million characters: at most 5 times the cost a character of 200,000."""
    _, _, (blocks, held_text), size = english()
    held = Table.of(held_text, ORDER, size)
    long = Chain(held + Table.of(blocks, ORDER, size), witten_bell()).text(
        50 * COUNT, np.random.default_rng(2)
    )[None]
    held_long = Table.of(long[:, : 25 * COUNT], ORDER, size)
    ours(blocks, held)
    few = min(seconds(lambda: ours(blocks, held)) for _ in range(20))
    many = min(seconds(lambda: ours(long, held_long)) for _ in range(3))
    benchmark.pedantic(lambda: ours(long, held_long), rounds=1)
    ratio = many / 50 / few
    benchmark.extra_info["cost a character"] = ratio
    print(f"\n10 million characters: {many:.2f} s, {ratio:.2f} times the cost of each (at most 5)")
    assert ratio <= 5
