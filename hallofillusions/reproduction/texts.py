"""The experiments on text: character n-gram loops on a real corpus, and on chains fitted to it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..corpus import Corpus
from ..estimators.add_k import AddK
from ..estimators.witten_bell import WittenBell
from ..families.categorical import Categorical
from ..families.gaussian import Gaussian
from ..families.n_gram import NGram
from ..loop import FeedbackLoop
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables.bits_per_character import BitsPerCharacter
from ..observables.held_out_loss import HeldOutLoss
from ..observables.heterozygosity import Heterozygosity
from ..observables.missing_mass import MissingMass
from ..observables.own_loss import OwnLoss
from ..observables.perplexity import Perplexity
from ..observables.rare_loss import RareLoss
from ..observables.training_loss import TrainingLoss
from ..observables.types_surviving import TypesSurviving
from ..samplers import FreeRunning
from ..simulation import sample
from ..starts import FirstFit
from ..symbols import InputError
from .runs import Run, Scale

GENERATIONS = 10
LENGTHS = (500, 200, 100, 50)
"""Characters of a block, the first at which the corpus has enough blocks."""
FEWEST, MOST = 40, 1000
"""Blocks of a training set."""
SMOOTHING = AddK(Fraction(1, 10))
SAMPLED = (0, 1, 5, 20, 50)
FEW_ROWS = {1: 80, 2: 20}
"""Order -> times as many runs, where there are few rows to average over."""


@dataclass(frozen=True)
class Cut:
    """How a corpus is cut for loops that never see a block twice: n blocks of one length."""

    corpus: Corpus
    length: int
    n: int

    @classmethod
    def of(cls, corpus: Corpus) -> Cut:
        """Blocks for as many generations of fresh text, or an `InputError` that says how many."""
        total = sum(map(len, corpus.training))
        for length in LENGTHS:
            blocks = sum(len(piece) // length for piece in corpus.training)
            if (count := blocks // GENERATIONS // 20 * 20) >= FEWEST:
                return cls(corpus, length, min(count, MOST))
        raise InputError(
            f"corpus must have about {LENGTHS[-1] * FEWEST * GENERATIONS:,} characters to train "
            f"on, for {GENERATIONS} generations of fresh text, got {total:,}"
        )

    def family(self, order: int) -> NGram:
        return NGram(order, self.corpus, FreeRunning(self.length))


def text_runs(scale: Scale, corpus: Corpus) -> Iterator[Run]:
    """All runs on text."""
    cut = Cut.of(corpus)
    yield from perplexity(scale, cut)
    yield from illusion(scale, cut)
    yield from surviving(scale, corpus)
    yield from rows(scale, corpus)


def perplexity(scale: Scale, cut: Cut) -> Iterator[Run]:
    """(l) Held-out perplexity on the literal corpus, by order, α and generation."""
    for order in (2, 3):
        family = cut.family(order)
        watched = (HeldOutLoss(), Perplexity(), BitsPerCharacter(), TypesSurviving(),
                   TypesSurviving(order), MissingMass(order))  # fmt: skip
        for alpha in ("0", "1/2", "9/10", "1"):
            loop = FeedbackLoop(family, mixing=FreshSplit(Fraction(alpha)), n=cut.n,
                                estimator=SMOOTHING, start=FirstFit())  # fmt: skip
            name = f"{order}-{float(Fraction(alpha)):g}"
            yield Run("perplexity", name, loop.canonical, GENERATIONS, scale.texts, watched,
                      real=family.blocks, shape="text")  # fmt: skip


def illusion(scale: Scale, cut: Cut) -> Iterator[Run]:
    """(m) Ever better at itself, ever worse at the world: text, and a Gaussian for comparison."""
    three = (HeldOutLoss(), TrainingLoss(), OwnLoss())
    family = cut.family(4)
    watched = (*three, RareLoss(), RareLoss(among="contexts"), TypesSurviving(),
               TypesSurviving(4), MissingMass(4))  # fmt: skip
    for alpha in ("1/2", "9/10", "1"):
        loop = FeedbackLoop(family, mixing=FreshSplit(Fraction(alpha)), n=cut.n,
                            estimator=WittenBell(), start=FirstFit())  # fmt: skip
        yield Run("illusion", f"text-{float(Fraction(alpha)):g}", loop.canonical, GENERATIONS,
                  scale.texts, watched, real=family.blocks, shape="text")  # fmt: skip
    loop = FeedbackLoop(Gaussian(0, 1), mixing=Replace(), n=100)
    yield Run("illusion", "Gaussian", loop, 50, scale.replicates, three)


def surviving(scale: Scale, corpus: Corpus) -> Iterator[Run]:
    """(o) The corpus' characters as types: how many survive, and what real text they make up."""
    family = Categorical(tuple(NGram(1, corpus).chain.row(()).tolist()))
    for alpha in ("0", "1/2", "9/10", "1"):
        loop = FeedbackLoop(family, mixing=FreshMixture(Fraction(alpha)), n=300).canonical
        yield Run("surviving", f"{float(Fraction(alpha)):g}", loop, 40, scale.literal,
                  (TypesSurviving(), MissingMass(), Heterozygosity()), numerical=True)  # fmt: skip


def rows(scale: Scale, corpus: Corpus) -> Iterator[Run]:
    """(n) Where the row law holds: what free-running text loses, by order and size of the text."""
    for order in range(1, 7):
        family = NGram(order, corpus, FreeRunning(100))
        for n in (10, 100, 1000):
            loop = FeedbackLoop(family, mixing=Replace(), n=n)
            count = scale.texts * FEW_ROWS.get(order, 10 if n == 10 and order < 5 else 1)
            count = count // 4 if n == 1000 and order in FEW_ROWS else count
            yield Run("rows", f"{order}-{n}", loop, 3, count, (Heterozygosity(),))


def samples(corpus: Corpus, seed: int) -> dict[str, Any]:
    """What the models of one loop write: the first characters of their text, by generation."""
    cut = Cut.of(corpus)
    found = {}
    family, size = cut.family(4), 40
    for name, alpha in (("replace", Fraction(1)), ("fresh", Fraction(9, 10))):
        loop = FeedbackLoop(family, mixing=FreshSplit(alpha), n=size, start=FirstFit()).canonical
        key = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
        blocks = sample(loop, SAMPLED[-1], 1, at=SAMPLED, rng=key, real=family.blocks)
        found[name] = {
            "loop": str(loop), "alpha": float(alpha), "characters": size * cut.length,
            "order": family.order, "text": {str(g): corpus.decode(b[0]) for g, b in blocks.items()},
        }  # fmt: skip
    return found
