"""identify: innovations, verdicts, what is named beyond the grid, and bad input."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    AddK,
    Bessel,
    Categorical,
    Corpus,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    FreshWeighted,
    Gaussian,
    GaussianMixture,
    InputError,
    MaximumLikelihood,
    Mean,
    Memory,
    NGram,
    Poisson,
    Replace,
    Runs,
    ScaleCovariance,
    Sentence,
    Temperature,
    Truncation,
    Truth,
    Unbiased,
    Variance,
    identify,
    simulate,
)
from hallofillusions.identification import sentences
from hallofillusions.identification.channels import channels_of
from hallofillusions.identification.evidence import two_sided
from hallofillusions.identification.innovations import innovations
from hallofillusions.rivals import rival_loops
from hallofillusions.simulation import paths
from hallofillusions.symbols import lookup
from tests import reference
from tests.statistics import critical, seed

SPLIT = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=20)


def recorded(loop: FeedbackLoop, generations: int, replicates: int, *, first: int = 1) -> Any:
    """Simulated runs of a loop, from g = ``first`` on."""
    found = paths(loop, generations, replicates, rng=seed("identify", str(loop), generations))
    names = {"probability": "probabilities"}
    return {names.get(k, k): v[:, first:] for k, v in found.items()}


# -- innovations -----------------------------------------------------------------------------------

MIXINGS = (
    Replace(), FreshSplit(0.5), FreshMixture(0.5), FreshWeighted(0.5, 0.2), FixedReal(0.5),
    FixedPool(0.5, 12), Accumulate(), AccumulateSubsample(),
)  # fmt: skip
LOOPS = [
    FeedbackLoop(Gaussian(1, 2), mixing=mixing, n=20, estimator=estimator, bias=bias, start=start)
    for k, mixing in enumerate(MIXINGS)
    for estimator, bias, start in (
        (MaximumLikelihood(), Unbiased(), FirstFit()),
        (Bessel(), ScaleCovariance(0.8), Memory() if mixing.anchored else Truth()),
    )
] + [FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=10, start=Gaussian(2, 3)),
     FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10, bias=Truncation(2))]  # fmt: skip


@pytest.mark.parametrize("only", ["both", "variance"])
@pytest.mark.parametrize("loop", LOOPS, ids=str)
def test_innovations_have_mean_0_and_variance_1(loop: FeedbackLoop, only: str) -> None:
    """Whatever part of the state is hidden; under another sentence they have not."""
    replicates = 1000 if loop.mixing.literal_only else 4000
    runs = recorded(loop, 5, replicates)
    runs = {k: v for k, v in runs.items() if only in ("both", k)}
    (channel,), _ = channels_of(loop.family, Runs.of(runs))
    own = innovations(Sentence(loop), channel).residuals
    limit = critical(len(own) * 5 * len(LOOPS) * 2)
    for e in own.values():
        assert np.abs(e.mean(axis=1)).max() * math.sqrt(replicates) < limit
        scatter = (e**2).std() / math.sqrt(e.size)
        assert abs((e**2).mean() - 1) < limit * scatter
    other = FeedbackLoop(
        loop.family, mixing=loop.mixing, n=loop.n, start=loop.start, bias=loop.bias,
        estimator=MaximumLikelihood() if isinstance(loop.estimator, Bessel) else Bessel(),
    )  # fmt: skip
    wrong = innovations(Sentence(other), channel).residuals["variance"]
    sizes = np.abs([wrong.mean() * math.sqrt(5), *wrong.mean(axis=1)]) * math.sqrt(replicates)
    assert sizes.max() > limit


def test_the_tail_of_a_sum_is_a_gamma_s() -> None:
    """Exactly so for squares of normals, of which a few are far from normal."""
    from scipy import stats

    for count in (1, 3, 30):
        z = np.array([-0.6, 0.5, 2.0, 4.0])
        x = count + z * math.sqrt(2 * count)
        tails = np.minimum(stats.chi2.sf(x, count), stats.chi2.cdf(x, count))
        assert two_sided(z, math.sqrt(8 / count)) == pytest.approx(np.minimum(2 * tails, 1))
    assert two_sided(1.96, 0.0) == pytest.approx(2 * stats.norm.sf(1.96))


def rate(loop: FeedbackLoop, generations: int, replicates: int, *names: str, times: int) -> int:
    """How often the true sentence is rejected at the level of 5 %."""
    count = 0
    for k in range(times):
        found = paths(loop, generations, replicates, rng=seed("level", str(loop), k))
        runs = {name: found[name][:, 1:] for name in names or ("mean", "variance")}
        count += identify(runs, [loop], first=1, family=loop.family).best.p < 0.05
    return count


LEVELS: dict[str, tuple[FeedbackLoop, int, int, tuple[str, ...]]] = {
    "collapsed": (FeedbackLoop(Gaussian(), mixing=Replace(), n=5, estimator=Bessel()), 120, 10, ()),
    "two points": (FeedbackLoop(Gaussian(), mixing=FreshMixture(0.9), n=2), 8, 10, ()),
    "one run": (FeedbackLoop(Gaussian(), mixing=FreshMixture(0.9), n=20), 100, 1, ()),
    "four points": (
        FeedbackLoop(Gaussian(), mixing=Replace(), n=4, estimator=Bessel()), 8, 30, (),
    ),
    "a variance alone": (
        FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=10), 10, 40, ("variance",),
    ),
    "a small pool": (
        FeedbackLoop(Gaussian(), mixing=FixedPool(0.9, 20), n=10, estimator=Bessel()), 15, 40, (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LEVELS))
def test_the_level_holds_at_the_rim(name: str) -> None:
    """Where sums are skewed, models collapse or counts are few: 15 times, binomial."""
    from scipy.stats import binom

    loop, generations, replicates, names = LEVELS[name]
    rejected = rate(loop, generations, replicates, *names, times=15)
    assert binom.sf(rejected - 1, 15, 0.05) > 1e-3 / len(LEVELS)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LEVELS))
def test_the_level_holds_at_the_rim_carefully(name: str) -> None:
    """The same, 400 times."""
    from scipy.stats import binom

    loop, generations, replicates, names = LEVELS[name]
    rejected = rate(loop, generations, replicates, *names, times=400)
    assert binom.sf(rejected - 1, 400, 0.05) > 1e-3 / len(LEVELS)


def test_gaps_do_no_harm() -> None:
    """What is missing takes its steps away, and no more; unequal lengths are gaps at the end."""
    runs = recorded(SPLIT, 6, 200)
    whole = identify(runs, [SPLIT], first=1)
    for name in ("mean", "variance"):
        values = runs[name].copy()
        values[:40, 3:] = np.nan
        values[50, 1] = np.nan
        runs[name] = values
    assert identify(runs, [SPLIT], first=1).ok
    assert whole.ok
    hidden = FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=20)
    found = identify(runs, [SPLIT, hidden], first=1)
    assert found.best.loop == SPLIT


# -- verdicts --------------------------------------------------------------------------------------


def test_the_sentence_on_top() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FixedReal(0.9), n=100, start=FirstFit())
    stated = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=100)
    found = identify(recorded(loop, 20, 150), n=100, alpha=0.9, stated=stated)
    assert "Your runs agree with FixedReal, MaximumLikelihood" in found.sentence
    assert "the FreshSplit that you state is rejected" in found.sentence
    assert "σ at generation" in found.sentence
    assert "smallest detectable difference" in found.sentence
    assert found.stated_rejected
    assert not found.ok
    assert found.best.equation.startswith("E[v](g) = ")
    assert "yu2025" in found.best.references
    assert any(s.loop.start == FirstFit() for s in found.best.same_as)
    table = found.table()
    assert list(table["verdict"][:1]) == ["compatible"]
    assert {"quantity", "generation", "z", "p_holm", "runs_needed", "equation", "references"} <= {
        *table.columns
    }
    assert json.loads(json.dumps(found.to_dict()))["ok"] is False
    assert str(found).count("rejected") > 10


RUNS = 20_000
RIVALS = [
    FeedbackLoop(Gaussian(), mixing=FreshSplit(0.75), n=8),
    FeedbackLoop(Gaussian(), mixing=Replace(), n=10, estimator=Bessel(), bias=ScaleCovariance(0.9)),
    FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=8, start=Memory()),
    FeedbackLoop(Gaussian(), mixing=Accumulate(), n=6),
    FeedbackLoop(Categorical((0.5, 0.3, 0.2)), mixing=FreshMixture(0.75), n=20),
]


@pytest.mark.parametrize("loop", RIVALS, ids=str)
def test_the_negative_controls_are_candidates_and_fall(loop: FeedbackLoop) -> None:
    """The rivals of the agreement tests, by the machinery that a user's runs meet."""
    rivals = rival_loops(loop)
    among = {s.loop for s in sentences(loop.family, loop.n, 0.5, stated=loop)}
    assert set(rivals.values()) < among
    known = [r for r in rivals.values() if r.closes]
    found = identify(recorded(loop, 8, RUNS), [loop, *known], family=loop.family, first=1,
                     level=1e-3)  # fmt: skip
    assert found.best.loop == loop
    assert found.best.verdict == "compatible"
    twins = {s.loop for c in found.candidates for s in c.same_as}
    for name, rival in rivals.items():
        (candidate,) = [c for c in found.candidates if c.loop == rival] or [None]
        if candidate is not None and candidate.verdict == "compatible":
            assert candidate.runs_needed > RUNS / 4, name  # too near, as is said in advance
        assert candidate is not None or rival in twins or not rival.closes
    fallen = [c for c in found.candidates if c.verdict == "rejected"]
    assert len(fallen) >= len(known) - 3


def test_a_sentence_without_a_kernel_is_told() -> None:
    law = Categorical((0.5, 0.3, 0.2))
    hot = FeedbackLoop(law, mixing=Replace(), n=20, bias=Temperature(1.1))
    with pytest.raises(InputError, match="among must hold sentences whose kernel is known"):
        identify({"probabilities": [[[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]]]}, [hot], family=law)


def test_what_no_number_of_runs_separates_is_one() -> None:
    found = identify(recorded(SPLIT, 6, 50), n=20, alpha=0.5)
    twins = {s.name for c in found.candidates for s in c.same_as}
    assert "FreshSplit, MaximumLikelihood, started at the first fit" in twins
    mixture = next(c for c in found.compatible if isinstance(c.loop.mixing, FreshMixture))
    assert (mixture if mixture is not found.best else found.compatible[1]).runs_needed > 50


def test_sixty_sentences() -> None:
    assert len(sentences(Gaussian(), 100, 0.9)) >= 60


def test_a_later_first_column() -> None:
    """Runs that are labelled from generation 5 on begin there, or one later."""
    loop = FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=20)
    runs = recorded(loop, 12, 300)
    rows = [(r, g + 1, runs["mean"][r, g], runs["variance"][r, g])
            for r in range(300) for g in range(4, 12)]  # fmt: skip
    columns = dict(zip(("run", "generation", "mean", "variance"), zip(*rows, strict=True),
                       strict=True))  # fmt: skip
    import pandas as pd

    found = identify(pd.DataFrame(columns), n=20, alpha=0.5)
    assert {c.sentence.first for c in found.candidates} == {5, 6}
    assert any(c.loop == loop and c.sentence.first == 5 for c in found.compatible)


# -- other worlds ----------------------------------------------------------------------------------


def test_two_dimensions() -> None:
    family = Gaussian((1, 2), ((2, 1), (1, 3)))
    loop = FeedbackLoop(family, mixing=FreshSplit(0.75), n=20, estimator=Bessel())
    runs = recorded(loop, 6, 400)
    found = identify(runs, n=20, alpha=0.75, family=family)
    left = {(type(c.loop.mixing).__name__, type(c.loop.estimator).__name__)
            for c in found.compatible}  # fmt: skip
    assert left == {("FreshSplit", "Bessel"), ("FreshMixture", "Bessel")}
    alone = {"mean": runs["mean"], "variance": np.einsum("rgii->rgi", runs["variance"])}
    part = identify(alone, n=20, alpha=0.75, family=family)
    assert any("no covariances" in remark for remark in part.remarks)
    assert any(c.loop == loop for c in part.compatible)


@pytest.mark.parametrize("k", [0, 1])
def test_counts(k: int) -> None:
    """Counts are those of the points; a smoothed model is known from them."""
    rng = np.random.default_rng(seed("counts", k))
    p, n = np.array([0.5, 0.3, 0.2]), 40
    counts = np.empty((1500, 8, 3))
    q = np.tile(p, (1500, 1))
    for g in range(8):
        counts[:, g] = rng.multinomial(n // 2, p, 1500) + rng.multinomial(n // 2, q)
        q = (counts[:, g] + k) / (n + 3 * k)
    found = identify({"counts": counts}, alpha=0.5, family=Categorical(tuple(p)))
    assert f"n = {n} is the total of the counts" in found.remarks
    left = {(type(c.loop.mixing).__name__, type(c.loop.estimator).__name__)
            for c in found.compatible}  # fmt: skip
    fit = "AddK" if k else "MaximumLikelihood"
    assert left == {("FreshSplit", fit), ("FreshMixture", fit)}


def test_a_lost_type_does_not_come_back() -> None:
    shares = np.array([[[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5], [0.4, 0.6]]])
    loop = FeedbackLoop(Categorical((0.5, 0.5)), mixing=Replace(), n=10)
    found = identify({"probabilities": shares}, [loop], family=loop.family, first=1)
    assert found.best.p == 0
    assert "impossible at generation 3" in str(found.best.finding)


def test_rows_of_n_grams() -> None:
    """A chain of two letters, walked by hand."""
    rng = np.random.default_rng(seed("rows"))
    family = NGram(2, Corpus(text="abbabaabab" * 60 + "aabbbaab" * 60, rarest=1))
    counts, n, runs = np.zeros((80, 6, 2, 2)), 200, 80
    letters = "".join(family.corpus.alphabet)
    real = np.zeros((2, 2))
    for gram, count in zip(family.real.grams(2), family.real.counts[-1], strict=True):
        real["ab".index(letters[gram[0]]), "ab".index(letters[gram[1]])] = count
    for r in range(runs):
        table = real
        for g in range(6):
            after_b = table[:, 1] / table.sum(axis=1)
            x, new = 0, np.zeros((2, 2))
            for u in rng.random(n):
                y = int(u < after_b[x])
                new[x, y] += 1
                x = y
            counts[r, g] = table = new
    found = identify(
        Runs({"counts": counts}, tuple(map(str, range(runs))), tuple(range(6)), False,
             types=("a", "b"), contexts=("a", "b")),
        n=n, alpha=0.5, family=family,
    )  # fmt: skip
    assert found.best.name == "Replace, MaximumLikelihood, started at the truth"
    assert {type(c.loop.mixing) for c in found.compatible} == {Replace}
    assert any("n-grams" in remark for remark in found.remarks)


def test_totals_of_a_mixture() -> None:
    family = GaussianMixture((0.5, 0.5), ((-2,), (2,)), 1)
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=40)
    found = paths(loop, 5, 200, rng=seed("mixture"))
    w, m, v = (found[k][:, 1:] for k in ("weight", "mean", "covariance"))
    mean = (w[..., None] * m).sum(axis=2)
    runs = {"mean": mean[..., 0],
            "variance": (w * (v[..., 0, 0] + (m - mean[:, :, None])[..., 0] ** 2)).sum(axis=2)}
    told = identify(runs, n=40, alpha=0.5, family=family)
    assert any(c.loop == loop for c in told.compatible)
    assert {type(c.loop.mixing) for c in told.compatible} <= {FreshSplit, FreshMixture, FixedPool}
    assert any("total mean and covariance" in remark for remark in told.remarks)


def test_a_family_of_one_mean() -> None:
    loop = FeedbackLoop(Poisson(3), mixing=FreshSplit(0.75), n=8)
    found = identify(recorded(loop, 8, 2000), n=8, alpha=0.75, family=loop.family)
    assert {type(c.loop.mixing) for c in found.compatible} <= {FreshSplit, FreshMixture}
    assert found.compatible


# -- free numbers ----------------------------------------------------------------------------------


def test_free_numbers_are_estimated() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FixedPool(0.5, 30), n=20)
    free = FeedbackLoop(Gaussian(), mixing=FixedPool(lookup("alpha"), lookup("n_0")), n=lookup("n"))
    found = identify(recorded(loop, 10, 300), [free], first=1)
    values = {e.name: e for e in found.best.estimates}
    for name, truth in (("alpha", 0.5), ("n", 20), ("n_0", 30)):
        e = values[name]
        middle, reach = math.log(e.value / truth), math.log(e.upper / e.lower) / 2
        assert abs(middle) < critical(3) / 1.96 * reach  # an interval of 95 %, widened
        assert reach < 0.5
    assert found.ok


# -- beyond the grid -------------------------------------------------------------------------------


def made(
    replicates: int, *, lam: float = 1.0, pool: int = 0, odd: int = 0, shared: float = 0.0,
    world: Any = None, generations: int = 8, n: int = 100, name: str,
) -> dict[str, Any]:  # fmt: skip
    """Half fresh and half synthetic points, with one thing that no sentence says."""
    rng = np.random.default_rng(seed("planted", name))
    draw = world or (lambda count: rng.standard_normal((replicates, count)))
    held = draw(pool) if pool else None
    half, rows = n // 2, []
    mean, variance = np.zeros(replicates), np.ones(replicates)
    for g in range(1, generations + 1):
        z = rng.standard_normal((replicates, half)) * math.sqrt(1 - shared)
        z = z + math.sqrt(shared) * rng.standard_normal(half)
        if held is None:
            real = draw(half)
        else:
            real = np.take_along_axis(held, rng.integers(pool, size=(replicates, half)), axis=1)
        x = np.concatenate([real, mean[:, None] + np.sqrt(lam * variance)[:, None] * z], axis=1)
        mean, variance = x.mean(axis=1), x.var(axis=1, ddof=int(g == odd))
        rows.append((mean, variance))
    found = np.array(rows)
    return {"mean": found[:, 0].T, "variance": found[:, 1].T}


STATED = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=100)


def named(**planted: Any) -> Any:
    found = identify(made(**planted), n=100, alpha=0.5, stated=STATED)
    assert not found.ok
    assert found.departure is not None
    return found.departure


def test_a_sampler_two_per_cent_off_is_named() -> None:
    what = named(replicates=2000, lam=0.98, name="lam")
    assert what.kind == "sampler"
    (estimate,) = what.estimates
    assert estimate.lower < 0.98 < estimate.upper < 1
    assert what.quantity == "variance"
    assert what.generation in (1, 2)
    assert "biased sampler (lam = 0.9" in str(what)


def test_a_pool_sold_as_fresh_is_named() -> None:
    what = named(replicates=300, pool=50, name="pool")
    assert what.kind == "pool"
    (estimate,) = what.estimates
    assert estimate.lower < 50 < estimate.upper


def test_ddof_on_one_generation_is_named() -> None:
    what = named(replicates=4000, odd=4, name="ddof")
    assert (what.kind, what.generation) == ("one generation", 4)
    assert "ddof 1 in place of 0 at that generation only" in str(what)


def test_runs_that_depend_on_each_other_are_named() -> None:
    what = named(replicates=300, shared=0.3, name="shared")
    assert what.kind == "dependence"


def test_a_world_that_is_not_gaussian_is_named() -> None:
    rng = np.random.default_rng(seed("world"))
    what = named(replicates=300, name="world",
                 world=lambda count: rng.laplace(0, 1 / math.sqrt(2), (300, count)))
    assert what.kind == "kurtosis"
    assert "excess kurtosis of about" in str(what)


def test_another_size_is_named() -> None:
    what = named(replicates=300, n=90, name="size")
    assert what.kind == "size"
    (estimate,) = what.estimates
    assert estimate.lower < 90 < estimate.upper


def test_another_meaning_of_alpha_is_named() -> None:
    """The 0.2 of a paper that counts the real share."""
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.8), n=20)
    found = identify(recorded(loop, 10, 300), n=20, alpha=0.2)
    assert found.departure is not None
    assert found.departure.kind == "fraction"
    assert "as if the 0.2 were the real share" in found.sentence


def test_a_trajectory_brings_its_world() -> None:
    loop = FeedbackLoop(Gaussian(5, 2), mixing=Accumulate(), n=10)
    run = simulate(loop, 6, replicates=200, rng=1, observables=[Mean(), Variance()], keep=range(7))
    found = identify(run, n=10, alpha=0.5)
    assert found.best.loop == loop
    assert found.best.sentence.first == 0


def test_a_repeated_seed_is_named_where_all_else_is_right() -> None:
    runs = made(40, name="seed")
    for values in runs.values():
        values[7] = values[3]
    found = identify(runs, n=100, alpha=0.5, stated=STATED)
    assert found.departure is not None
    assert found.departure.kind == "repeated seed"
    assert "runs 4 and 8 are the same numbers" in found.sentence


def test_the_same_noise_at_every_generation_is_named() -> None:
    rows = []
    for r in range(40):
        model = (0.0, 1.0)
        for _ in range(8):
            points = np.random.default_rng([r, 5]).normal(model[0], math.sqrt(model[1]), 50)
            model = (points.mean(), points.var())
            rows.append(model)
    mean, variance = np.array(rows).reshape(40, 8, 2).transpose(2, 0, 1)
    stated = FeedbackLoop(Gaussian(), mixing=Replace(), n=50)
    found = identify({"mean": mean, "variance": variance}, [stated], stated=stated, first=1)
    assert found.departure is not None
    assert "seeded anew" in str(found.departure)


def test_slow_means_are_no_repeated_seed() -> None:
    """Under Replace the mean is a walk: against a wrong sentence its innovations are alike."""
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=20)
    stated = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=20)
    found = identify(recorded(loop, 60, 10), stated=stated)
    assert "seed" not in found.sentence
    assert found.best.loop.mixing == Replace()


def test_equal_counts_are_no_repeated_seed() -> None:
    loop = FeedbackLoop(Categorical((0.9, 0.1)), mixing=Replace(), n=10)
    found = identify(recorded(loop, 6, 15), n=10, alpha=0.5, family=loop.family)
    assert found.departure is None


def test_a_variance_of_zero_is_impossible() -> None:
    runs = recorded(SPLIT, 6, 30)
    runs["variance"][4, 2] = 0
    found = identify(runs, [SPLIT], first=1)
    assert found.best.p == 0
    assert "variance, impossible at generation 3" in str(found.best.finding)


def test_what_nobody_knows_is_called_unknown() -> None:
    rng = np.random.default_rng(seed("nonsense"))
    runs = {"mean": rng.normal(0, 3, (40, 5)), "variance": rng.uniform(0.1, 9, (40, 5))}
    found = identify(runs, n=100, alpha=0.5)
    assert not found.ok
    assert "agree with none of" in found.sentence
    assert found.departure is not None


# -- bad input -------------------------------------------------------------------------------------

GOOD = {"mean": [[0.1, 0.2, 0.1], [0.0, 0.3, 0.2]], "variance": [[1.0, 0.9, 0.8], [1.1, 0.7, 0.9]]}


@pytest.mark.parametrize(
    ("runs", "options", "words"),
    [
        (GOOD, {"level": 0}, r"level must be a number in \(0, 1\), got 0"),
        (GOOD, {"power": "much"}, r"power must be a number in \(0, 1\), got 'much'"),
        (GOOD, {"first": -1}, "first must be a whole number at least 0, got -1"),
        (GOOD, {"among": ["Replace"]}, "among must hold FeedbackLoops or Sentences, got 'Replace'"),
        (GOOD, {"among": []}, "among must hold at least one sentence that is a loop, got none"),
        (GOOD, {"alpha": 1.5}, r"alpha must be a number in \[0, 1\], got 1.5"),
        (GOOD, {"n": 0}, "n must be a whole number at least 1, got 0"),
        (GOOD, {"lam": -1}, "lam must be a number above 0, got -1"),
        (GOOD, {"family": Categorical((0.5, 0.5))}, "family must"),
        (GOOD, {"family": Gaussian((0, 0))}, "family must have the 1 dimensions of the runs"),
        ({"variance": [[1.0, -0.1]]}, {}, "variance"),
        ({"variance": [[1.0], [0.9]]}, {}, "at least 2 generations, got 1"),
        ({"counts": [[[3, 1], [2, 2]]]}, {}, "family must be given for counts or probabilities"),
        ({"counts": [[[3, 1], [2, 2]]]}, {"family": Categorical((0.5, 0.3, 0.2))},
         "family must have the 2 types of the runs, got 3 types"),
        ({"counts": [[[3, 1], [2, 2]]]}, {"family": Gaussian()}, "family must be of types"),
    ],
)  # fmt: skip
def test_bad_input(runs: Any, options: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        identify(runs, **options)
    assert "\n" not in str(caught.value)


def test_one_run_is_allowed() -> None:
    """The reference loop, once."""
    mean, variance = reference.runs(1, "replace", 50, 60, ddof=1, seed=seed("one run"))
    found = identify({"mean": mean[0, 1:], "variance": variance[0, 1:]}, n=50, alpha=0.5)
    assert found.best.loop.mixing == Replace()
    assert found.best.verdict == "compatible"


def test_the_start_says_what_the_world_is() -> None:
    loop = FeedbackLoop(Gaussian(3, 4), mixing=FreshSplit(0.5), n=20)
    found = identify(recorded(loop, 6, 50, first=0), n=20, alpha=0.5)
    assert any("it is taken for g = 0" in remark for remark in found.remarks)
    assert found.best.sentence.first == 0
    assert found.best.loop.family == Gaussian(3.0, 4.0)


def test_addk_is_a_sentence_of_types() -> None:
    loops = sentences(Categorical((0.5, 0.5)), 10, 0.5)
    assert {type(s.loop.estimator) for s in loops} == {MaximumLikelihood, AddK}
