"""Character n-grams once more, with dictionaries and from the definitions: slow, and no code of
the package.  Strings are tuples of symbols; agreement with it is evidence."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any


def counted(blocks: Any, order: int) -> Counter[tuple[int, ...]]:
    """How often each k-gram, k = 1 … order, occurs inside the blocks."""
    found: Counter[tuple[int, ...]] = Counter()
    for block in (tuple(map(int, b)) for b in blocks):
        for k in range(1, order + 1):
            found.update(block[i : i + k] for i in range(len(block) - k + 1))
    return found


class Reference:
    """P(w|h) of a model, read off its formula; ``rule`` is "mle", "add" or "wb"."""

    def __init__(self, counts: Any, order: int, size: int, rule: str, k: float, uniform: bool):
        self.order, self.size, self.rule, self.k, self.uniform = order, size, rule, k, uniform
        self.followers: dict[tuple[int, ...], dict[int, float]] = {}
        for gram, count in counts.items():
            self.followers.setdefault(gram[:-1], {})[gram[-1]] = count
        self.score = cache(self.score)  # type: ignore[method-assign]

    def score(self, w: int, h: tuple[int, ...]) -> float:
        seen = self.followers.get(h, {})
        c, N, t = seen.get(w, 0), sum(seen.values()), len(seen)
        if self.rule == "mle":
            return c / N if N else 0.0
        if self.rule == "add":
            return (c + self.k) / (N + self.k * self.size)
        if not h:
            return (c + t / self.size) / (N + t) if self.uniform else c / N
        below = self.score(w, h[1:])
        return (c + t * below) / (N + t) if N else below

    def row(self, h: tuple[int, ...]) -> list[float]:
        """As text goes on: by maximum likelihood, after the longest suffix of h that is known."""
        while self.rule == "mle" and h not in self.followers:
            h = h[1:]
        return [self.score(w, h) for w in range(self.size)]

    def loss(self, counts: Any) -> float:
        grams = {g: c for g, c in counts.items() if len(g) == self.order}
        scores = {g: self.score(g[-1], g[:-1]) for g in grams}
        if not all(scores.values()):
            return math.inf
        return -sum(c * math.log(scores[g]) for g, c in grams.items()) / sum(grams.values())
