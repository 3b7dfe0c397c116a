"""The n-gram family: what it draws, counts, fits and measures, against a dictionary's account."""

from __future__ import annotations

from collections import Counter
from math import inf, log
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    AddK,
    Corpus,
    FeedbackLoop,
    FirstFit,
    FixedContext,
    FixedPool,
    FixedReal,
    FreeRunning,
    FreshMixture,
    FreshSplit,
    FreshWeighted,
    Gaussian,
    InputError,
    MaximumLikelihood,
    Memory,
    NGram,
    Prompted,
    Replace,
    ScaleCovariance,
    Temperature,
    TopK,
    TopP,
    WittenBell,
    predict,
    sample,
    simulate,
)
from hallofillusions.numerics.ngrams import Chain
from hallofillusions.observables import (
    BitsPerCharacter,
    HeldOutLoss,
    Heterozygosity,
    KLDivergence,
    MissingMass,
    OwnLoss,
    Perplexity,
    RareLoss,
    TrainingLoss,
    TypesSurviving,
    defaults,
)
from hallofillusions.samplers import named
from tests.statistics import critical_one_sided, seed

SMALL = Corpus(rarest=20_000, block=1000)
"""The default corpus in nine symbols."""


def grams(pieces: Any, k: int) -> Counter[tuple[int, ...]]:
    """k-grams inside pieces, by a dictionary."""
    return Counter(
        tuple(map(int, piece[i : i + k])) for piece in pieces for i in range(len(piece) - k + 1)
    )


def rows_of(counts: Counter[tuple[int, ...]]) -> dict[tuple[int, ...], Counter[int]]:
    found: dict[tuple[int, ...], Counter[int]] = {}
    for gram, count in counts.items():
        found.setdefault(gram[:-1], Counter())[gram[-1]] += count
    return found


def model_of(family: NGram, blocks: Any, estimator: Any = None) -> Any:
    estimator = estimator or MaximumLikelihood()
    return estimator.fit(family, family.summarise(blocks[None]))


# -- what it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_real_law_is_the_chain_of_the_training_text(order: int) -> None:
    family = NGram(order, SMALL)
    counts = grams(SMALL.training, order)
    total = sum(counts.values())
    rows = rows_of(counts)
    entropy = -sum(c / total * log(c / rows[g[:-1]].total()) for g, c in counts.items())
    assert family.entropy() == pytest.approx(entropy, rel=1e-12)
    assert family.divergence(family.as_model()) == pytest.approx(0, abs=1e-12)
    shares = {g: r.total() / total for g, r in rows.items()}
    assert family.row_shares.sum() == pytest.approx(1)
    assert sorted(family.row_shares) == pytest.approx(sorted(shares.values()), rel=1e-12)
    diversity = sum(shares[g] * (1 - sum((c / r.total()) ** 2 for c in r.values()))
                    for g, r in rows.items())  # fmt: skip
    assert family.heterozygosity(family.as_model()) == pytest.approx(diversity, rel=1e-12)


@pytest.mark.parametrize("estimator", [MaximumLikelihood(), AddK(0.5), WittenBell()], ids=repr)
def test_what_is_measured_on_a_model_is_what_a_dictionary_says(estimator: Any) -> None:
    family = NGram(2, SMALL, FreeRunning(100))
    blocks = family.blocks[:6]
    model = model_of(family, blocks, estimator)
    own, real = grams(blocks, 2), grams(SMALL.training, 2)
    assert family.distinct(model, 2) == len(own)
    assert family.distinct(model, 1) == len(grams(blocks, 1))
    lost = sum(c for g, c in real.items() if g not in own) / sum(real.values())
    assert family.missing(model, 2) == pytest.approx(lost, rel=1e-12)
    chain, rows = model["chain"][0], rows_of(real)
    total = sum(real.values())
    squares = sum(r.total() / total * float((chain.row(np.array(g)) ** 2).sum())
                  for g, r in rows.items())  # fmt: skip
    assert family.heterozygosity(model) == pytest.approx(1 - squares, rel=1e-12)
    held = grams(SMALL.held_out_blocks, 2)
    with np.errstate(divide="ignore"):
        loss = sum(-c * np.log(chain.row(np.array(g[:-1]))[g[-1]]) for g, c in held.items())
    known = {g[:-1] for g in own}
    if isinstance(estimator, MaximumLikelihood) and not {g[:-1] for g in held} <= known:
        loss = inf  # a context never seen; the sampler would back off, the score does not
    assert family.held_out_loss(model) == pytest.approx(loss / sum(held.values()), rel=1e-12)


def test_the_rarest_decile_is_that_of_the_training_text() -> None:
    family = NGram(2, SMALL)
    real, held = grams(SMALL.training, 2), grams(SMALL.held_out_blocks, 2)
    model = model_of(family, family.blocks[:50], AddK(1))
    chain = model["chain"][0]
    contexts = Counter({g: r.total() for g, r in rows_of(real).items()})
    for among, rank in (("n-grams", lambda g: real[g]), ("contexts", lambda g: contexts[g[:-1]])):
        left, loss = 0.1 * sum(held.values()), 0.0
        for level in sorted(set(map(rank, held))):  # n-grams of one rank are alike: all in part
            alike = [g for g in held if rank(g) == level]
            together = sum(held[g] for g in alike)
            part = min(1.0, left / together)
            loss -= sum(part * held[g] * float(np.log(chain.row(np.array(g[:-1]))[g[-1]]))
                        for g in alike)  # fmt: skip
            left -= part * together
            if left <= 0:
                break
        loss /= 0.1 * sum(held.values())
        assert family.rare_loss(model, 0.1, among) == pytest.approx(loss, rel=1e-9), among
    whole = family.rare_loss(model, 1.0, "n-grams")
    assert whole == pytest.approx(family.held_out_loss(model), rel=1e-12)


# -- samplers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", [FreeRunning(60), Prompted(20), FixedContext()], ids=repr)
def test_blocks_have_the_length_that_the_sampler_says(sampler: Any) -> None:
    family = NGram(3, SMALL, sampler)
    rng = np.random.default_rng(1)
    blocks = family.draw(family.as_model(), (2, 7), rng)
    assert blocks.shape == (2, 7, sampler.block(3))
    assert blocks.dtype == np.uint8
    assert blocks.max() < SMALL.size
    real = set(grams(SMALL.training, 3))
    assert set(grams(blocks.reshape(-1, sampler.block(3)), 3)) <= real  # its chain is fitted to it


def test_prompts_are_contexts_of_the_real_text() -> None:
    family = NGram(4, SMALL, Prompted(5))
    blocks = family.draw(family.as_model(), (1, 200), np.random.default_rng(2))[0]
    real = set(grams(SMALL.training, 3))
    assert set(map(tuple, blocks[:, :3].tolist())) <= real


def test_fixed_contexts_never_change() -> None:
    """The same contexts at every generation, by count, and whatever the models have become."""
    family = NGram(3, SMALL, FixedContext())
    loop = FeedbackLoop(family, mixing=Replace(), n=300)
    drawn = sample(loop, 6, 300, rng=3)
    for blocks in drawn.values():
        assert (blocks[:, :2] == drawn[0][:, :2]).all()
    assert not (drawn[6] == drawn[0]).all()
    counts = family.row_sizes(300)
    own = rows_of(grams(drawn[5], 3))
    assert sorted(counts[counts > 0]) == sorted(r.total() for r in own.values())


def test_a_mixture_with_fixed_contexts_keeps_every_context() -> None:
    family = NGram(2, SMALL, FixedContext())
    blocks = family.draw(family.as_model(), (1, 200), np.random.default_rng(1))
    where = np.arange(200)[None] % 2 == 0
    again = family.redrawn(family.as_model(), blocks, where, np.random.default_rng(2))
    assert (again[:, 0] == blocks[where][:, 0]).all()


def test_no_more_than_one_generation_of_models_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of generations: a model is as large as its text."""
    from weakref import WeakSet

    alive: Any = WeakSet()
    make = Chain.__init__

    def counted(self: Chain, *arguments: Any) -> None:
        make(self, *arguments)
        alive.add(self)

    seen = []

    class Watched(HeldOutLoss):
        def measure(self, family: Any, model: Any) -> Any:
            seen.append(len(alive))
            return super().measure(family, model)

    monkeypatch.setattr(Chain, "__init__", counted)
    family = NGram(2, SMALL, Prompted(20))
    loop = FeedbackLoop(family, mixing=Replace(), n=20, estimator=AddK(1))
    simulate(loop, 12, replicates=3, rng=1, observables=[Watched()])
    assert len(seen) == 13
    assert max(seen) <= 2 * 3 + 2  # two generations, and the real chain


@pytest.mark.parametrize("bias", [Temperature(0.3), TopK(1), TopP(0.2)], ids=repr)
@pytest.mark.parametrize("estimator", [MaximumLikelihood(), WittenBell()], ids=repr)
def test_a_bias_narrows_every_row(bias: Any, estimator: Any) -> None:
    family = NGram(2, SMALL, FreeRunning(200))
    watched = [TypesSurviving(2), OwnLoss()]
    plain, narrow = (
        simulate(FeedbackLoop(family, bias=b, mixing=Replace(), n=20, estimator=estimator), 3,
                 replicates=4, rng=1, observables=watched)
        for b in (FeedbackLoop(family, mixing=Replace(), n=1).bias, bias)
    )  # fmt: skip
    assert narrow.mean(TypesSurviving(2))[3] < 0.8 * plain.mean(TypesSurviving(2))[3]


def test_top_1_writes_the_commonest_character_after_each_context() -> None:
    family = NGram(2, SMALL, Prompted(1))
    blocks = TopK(1).draw(family, family.as_model(), (1, 500), np.random.default_rng(1))[0]
    rows = rows_of(grams(SMALL.training, 2))
    best = {g: max(r.values()) for g, r in rows.items()}
    assert all(rows[(int(a),)][int(b)] == best[(int(a),)] for a, b in blocks)


# -- loops ------------------------------------------------------------------------------------


MIXINGS = (Replace(), FreshSplit(0.5), FreshMixture(0.5), FreshWeighted(0.5, 0.7), FixedReal(0.5),
           FixedPool(0.5, 20), Accumulate(), AccumulateSubsample())  # fmt: skip


@pytest.mark.parametrize("mixing", MIXINGS, ids=repr)
@pytest.mark.parametrize("literal", [False, True], ids=["chain", "corpus"])
def test_every_mixing_runs_in_both_worlds(mixing: Any, literal: bool) -> None:
    family = NGram(3, SMALL, FreeRunning(200))
    loop = FeedbackLoop(family, mixing=mixing, n=20, estimator=WittenBell(), start=FirstFit())
    rows = family.blocks if literal else None
    if literal and isinstance(mixing, FixedPool):
        rows = family.blocks[:20]
    run = simulate(loop, 4, replicates=2, rng=1, real=rows, observables=defaults(family))
    assert run.nonfinite(HeldOutLoss())[1:].sum() == 0
    loss = run.mean(HeldOutLoss())
    assert family.entropy() < loss[1] < log(SMALL.size)
    again = simulate(loop, 4, replicates=2, rng=1, real=rows, observables=defaults(family))
    assert again.mean(HeldOutLoss())[4] == loss[4]


def test_a_run_on_the_literal_corpus_survives_its_file(tmp_path: Any) -> None:
    from hallofillusions import Trajectory
    from hallofillusions.simulation import rerun

    family = NGram(2, SMALL, Prompted(30))
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=10, estimator=AddK(1))
    run = simulate(loop, 3, replicates=2, rng=5, real=family.blocks,
                   observables=[HeldOutLoss(), RareLoss(among="contexts")])  # fmt: skip
    run.save(tmp_path / "run.nc")
    back = Trajectory.load(tmp_path / "run.nc")
    assert back.loop == loop
    assert (rerun(back).mean(HeldOutLoss()) == run.mean(HeldOutLoss())).all()


def test_blocks_that_run_out_say_how_many_generations_there_are() -> None:
    family = NGram(2, SMALL, FreeRunning(1000))
    count = len(family.blocks)
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=100)
    with pytest.raises(InputError, match=f"{count} rows, which is enough for {count // 50} gen"):
        simulate(loop, 50, replicates=1, real=family.blocks)


def test_an_infinite_perplexity_names_the_n_gram() -> None:
    blocks = ["abcabcabc " * 10] * 10
    blocks[2] = "xyx " * 25  # held out: two of ten, each in the middle of its half
    family = NGram(2, Corpus(text="".join(blocks), rarest=1, block=100), FreeRunning(40))
    loop = FeedbackLoop(family, mixing=Replace(), n=4)
    watched = [HeldOutLoss(), Perplexity(), BitsPerCharacter()]
    run = simulate(loop, 2, replicates=2, rng=1, observables=watched)
    assert (run.mean(HeldOutLoss()) == inf).all()
    for observable in watched:
        assert "the probability 0" in run.remarks[observable.label]
    assert "after" in run.remarks["held-out perplexity"]
    smooth = FeedbackLoop(family, mixing=Replace(), n=4, estimator=WittenBell())
    calm = simulate(smooth, 2, replicates=2, rng=1, observables=watched)
    assert np.isfinite(calm.mean(Perplexity())[1:]).all()


def test_the_illusion_gap_of_text_grows() -> None:
    """Ever worse at the world, and not at itself: both gaps grow far beyond their errors."""
    family = NGram(4, Corpus(), FreeRunning(500))
    loop = FeedbackLoop(family, mixing=Replace(), n=60, estimator=WittenBell(), start=FirstFit())
    watched = [HeldOutLoss(), OwnLoss(), TrainingLoss()]
    run = simulate(loop, 8, replicates=4, rng=seed("illusion"), observables=watched)
    mean, error = ([f(o)[[1, 8]] for o in watched] for f in (run.mean, run.standard_error))
    for own in (1, 2):
        gap = mean[0] - mean[own]
        z = (gap[1] - gap[0]) / np.sqrt(np.sum(np.square(error[0]) + np.square(error[own])))
        assert gap[0] > 0
        assert z > critical_one_sided(2), watched[own]


# -- theory -----------------------------------------------------------------------------------


def test_theory_speaks_of_rows_and_says_where_it_is_silent() -> None:
    family = NGram(2, SMALL, FixedContext())
    loop = FeedbackLoop(family, mixing=Replace(), n=200)
    prediction = predict(loop, 4, [Heterozygosity(), HeldOutLoss(), KLDivergence()])
    assert prediction.entry(Heterozygosity.label).source == "fixed_context_rows"
    assert set(prediction.unknown) == {"held-out real log-loss", "KL(real || model)"}
    smooth = FeedbackLoop(family, mixing=Replace(), n=200, estimator=AddK(1))
    known = predict(smooth, 4, [HeldOutLoss(), KLDivergence()])
    assert {known.entry(q).source for q in known.known} == {"add_k_loss"}
    few = FeedbackLoop(family, mixing=Replace(), n=3)
    assert set(predict(few, 2, [Heterozygosity()]).unknown) == {"heterozygosity"}


# -- bad input --------------------------------------------------------------------------------


def test_bad_input_is_told_in_one_sentence() -> None:
    family = NGram(2, SMALL, FreeRunning(50))
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=10)
    given = FeedbackLoop(NGram(2, SMALL, FixedContext()), mixing=FreshSplit(0.5), n=10)
    cases: tuple[tuple[Any, str], ...] = (
        (lambda: NGram(0, SMALL), "order must be a whole number at least 1, got 0"),
        (lambda: NGram(2.5, SMALL), "order must be a whole number at least 1, got 2.5"),
        (lambda: NGram(2000, SMALL), "length must be at least the order, 2000"),
        (lambda: NGram(40, SMALL, FixedContext()), "order must be at most"),
        (lambda: NGram(2, 7), "corpus must be a Corpus or files, got 7"),
        (lambda: NGram(2, "no/such/file.txt"), "there is no file no/such/file.txt"),
        (lambda: NGram(2, SMALL, "Prompt(3)"), "sampler has no 'Prompt.3.'.*did you mean Prompted"),
        (lambda: NGram(2, SMALL, 5), "sampler must be a Sampler or its name, got 5"),
        (lambda: named("FixedContext(3)"), "FixedContext takes no length"),
        (lambda: MissingMass(3).measure(family, family.as_model()), "order must be at most that"),
        (lambda: RareLoss(among="words"), "among must be 'n-grams' or 'contexts', got 'words'"),
        (lambda: RareLoss(0), "share must be a number in .0, 1., got 0"),
        (lambda: simulate(loop, 2, real=np.zeros((50, 7))), "real must be blocks of 50 characters"),
        (lambda: simulate(loop, 2, real=np.full((50, 50), 99)), "real must be characters coded 0"),
        (lambda: FeedbackLoop(family, bias=ScaleCovariance(1), mixing=Replace(), n=5),
         "family must be a Gaussian"),
        (lambda: FeedbackLoop(Gaussian(), estimator=WittenBell(), mixing=Replace(), n=5),
         "family must be one of types"),
        (lambda: FeedbackLoop(family, mixing=Replace(), n=5, start=NGram(3, SMALL)),
         "start must have the same order"),
        (lambda: WittenBell(uniform=3), "uniform must be True or False"),
        (lambda: simulate(given, 2, real=np.zeros((50, 2))),
         "real must be left out with FixedContext"),
    )  # fmt: skip
    for action, message in cases:
        with pytest.raises(InputError, match=message) as caught:
            action()
        assert "\n" not in str(caught.value)


def test_a_start_may_be_another_text() -> None:
    family = NGram(2, SMALL, FreeRunning(100))
    other = NGram(2, SMALL, FreeRunning(50))
    loop = FeedbackLoop(family, mixing=FixedReal(0.5), n=10, start=other)
    assert simulate(loop, 2, replicates=2, rng=1).generations == 2
    anchored = FeedbackLoop(family, mixing=FixedReal(0.5), n=10, start=Memory())
    assert simulate(anchored, 2, replicates=2, rng=1).generations == 2
