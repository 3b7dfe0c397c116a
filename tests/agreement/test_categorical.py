"""Theory meets simulation on types: power, one false-alarm rate for the file, rivals.

Moments come from the engine's recursion; survival, entropy and divergences from the transition
matrix of one type.  Neither shares a line with the simulation.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    FreshWeighted,
    Memory,
    Replace,
    Truth,
    compare,
    predict,
    simulate,
)
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.estimators.add_k import AddK
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.categorical import Categorical
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.probability import Probability
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.rivals import rival_loops, shifted
from hallofillusions.steps import StepResiduals
from tests.statistics import FALSE_ALARM, MARGIN, critical, p_two_sided, seed

pytestmark = pytest.mark.xdist_group("categorical")  # some tests look at the runs of all others

REPLICATES = 20_000
GENERATIONS = 4
OBSERVABLES = (Probability(1), Heterozygosity(), ChiSquare(), Entropy(), TypesSurviving(),
               MissingMass(), ReverseKL(), KLDivergence())  # fmt: skip

COIN = Categorical((0.7, 0.3))
THREE = Categorical((0.5, 0.3, 0.2))
FIVE = Categorical.zipf(5, 1)
FAR = Categorical((0.1, 0.1, 0.8))


def loop(
    family: Any, mixing: Any, n: Any, k: float = 0, start: Any = None, bias: Any = None
) -> Any:
    estimator: Any = AddK(k) if k else MaximumLikelihood()
    return FeedbackLoop(family, mixing=mixing, n=n, estimator=estimator, start=start or Truth(),
                        bias=bias or Unbiased())  # fmt: skip


LOOPS = (
    loop(COIN, Replace(), 5),
    loop(COIN, FreshMixture(0.5), 6, 0.5, Categorical((0.1, 0.9))),
    loop(COIN, Replace(), 60, 25, Categorical((0.01, 0.99))),  # where 1 % of k is seen
    loop(THREE, Replace(), 8),
    loop(THREE, Replace(), 6, 1),
    loop(THREE, FreshSplit(0.5), 6),
    loop(THREE, FreshSplit(0.75), 8, 0.5, FAR),
    loop(THREE, FreshSplit((0.5, 0.75, 0.25, 0.5)), 8, 0.2),
    loop(THREE, FreshMixture(0.8), 8),
    loop(THREE, FreshMixture(0.5), (6, 12, 4, 8), 2, FirstFit()),
    loop(THREE, FixedReal(0.5), 6),
    loop(THREE, FixedReal(0.5), 8, 0.5, Memory()),
    loop(THREE, FixedPool(0.5, 7), 6, 0, FirstFit()),
    loop(THREE, FixedPool(0.5, 6), 8, 0.3, Memory()),
    loop(THREE, Accumulate(), 5),
    loop(THREE, Accumulate(), (6, 4, 8, 5), 0.5, FAR),
    loop(THREE, AccumulateSubsample(), 6, 0.5),
    loop(THREE, FreshWeighted(0.5, 0.7), 8, 0, FAR),
    loop(FIVE, Replace(), 8, 0.1),
    loop(FIVE, FreshMixture(0.9), 10),
    loop(COIN, FreshMixture(0.5), 8, 0, None, Temperature(0.7)),
    loop(COIN, Replace(), 8, 0.5, None, Temperature(1.5)),
    loop(COIN, FreshSplit(0.5), 8, 0.5, FirstFit(), TopK(1)),
    loop(COIN, Accumulate(), 6, 0.2, FAR := Categorical((0.45, 0.55)), TopP(0.6)),
)
SAMPLERS = (Temperature(0.7), Temperature(1.5), TopK(2), TopP(0.8))
TESTS = len(LOOPS) + 2 * len(SAMPLERS) + 1
LEVEL = FALSE_ALARM / TESTS
"""One test's share of the false alarms of this file."""


def theory_of(chosen: Any) -> Any:
    return predict(chosen, GENERATIONS, OBSERVABLES, numerical=True)


@cache
def run(index: int) -> Any:
    """One simulation per loop, point by point every other time; steps where a recursion holds."""
    chosen = LOOPS[index]
    closes = chosen.bias.closes(chosen.family)
    return simulate(
        chosen, GENERATIONS, replicates=REPLICATES, rng=seed("types", index),
        observables=OBSERVABLES, literal=index % 2 == 1, progress=False,
        monitors=[StepResiduals.of(chosen, GENERATIONS)] if closes else [],
    )  # fmt: skip


def test_the_loops_are_many_and_different() -> None:
    assert len(set(LOOPS)) == len(LOOPS) >= 20
    assert len({type(one.mixing) for one in LOOPS}) == 8
    assert {one.family.K for one in LOOPS} == {2, 3, 5}
    assert len({type(one.bias) for one in LOOPS}) == 4


@cache
def outcome(index: int) -> tuple[Any, dict[str, Any]]:
    """The comparison, and the rivals that theory alone says must fall."""
    chosen = LOOPS[index]
    theory = theory_of(chosen)
    comparison = compare(theory, run(index), level=LEVEL)
    rivals = {name: theory_of(one) for name, one in rival_loops(chosen).items()}
    steady = not any(isinstance(v, tuple) for v in
                     (chosen.n, getattr(chosen.mixing, "alpha", None)))  # fmt: skip
    if steady and chosen.bias.closes(chosen.family):
        rivals["index off by one"] = shifted(predict(chosen, GENERATIONS))
    return comparison, {n: r for n, r in rivals.items() if gap(comparison, r, "theory") > sure()}


def sure() -> float:
    """Standard errors between theories beyond which a rival falls with a chance of 1 - MISS."""
    return critical(TESTS * GENERATIONS * len(OBSERVABLES)) + MARGIN


def gap(comparison: Any, rival: Any, to: str) -> float:
    """The largest distance of a rival from the theory, or from what was measured, in its errors."""
    gaps = [
        abs(rival[c.quantity][c.generation] - (c.predicted if to == "theory" else c.measured))
        / c.standard_error
        for c in comparison.cells
        if c.tested and c.standard_error > 0 and c.quantity in rival.known
    ]
    return max((g for g in gaps if np.isfinite(g)), default=0.0)


@pytest.mark.parametrize("index", range(len(LOOPS)), ids=[str(one) for one in LOOPS])
def test_theory_agrees_and_rivals_fall(index: int) -> None:
    comparison, rivals = outcome(index)
    # power first: 4 % of the probability and of the heterozygosity would have been seen
    for watched in ("probability of type 1", "heterozygosity"):
        assert comparison.detectable(watched) < 0.04, watched
    assert not comparison.rejected, str(comparison)
    assert len(rivals) >= 2, rivals
    for name, rival in rivals.items():
        z = gap(comparison, rival, "measured")
        assert p_two_sided(z) * len(comparison.cells) < LEVEL, name


def test_what_was_tested_is_not_only_moments() -> None:
    tested = Counter(c.quantity for index in range(len(LOOPS)) for c in outcome(index)[0].cells
                     if c.tested and c.generation > 0)  # fmt: skip
    for label in (o.label for o in OBSERVABLES):
        assert tested[label] >= 3 * GENERATIONS, (label, tested)
    assert sum(n for label, n in tested.items() if label.startswith("step of")) > 100


def test_every_named_rival_is_put_to_the_test() -> None:
    counts = Counter(name for index in range(len(LOOPS)) for name in outcome(index)[1])
    for name, least in {
        "smoothed": 5, "not smoothed": 5, "k off by 1 %": 1, "other mixing": 5, "n = infinity": 5,
        "index off by one": 5, "start FirstFit": 2, "start Truth": 2, "fixed, not fresh": 2,
        "mixing forgets": 1, "one more is kept": 1,
    }.items():  # fmt: skip
        assert counts[name] >= least, (name, counts)


# -- two ways to draw, and the law of one point ----------------------------------------------------

POINTS = 200_000
ROW = (0.4, 0.25, 0.2, 0.1, 0.05)


def wrong(bias: Any) -> Any:
    """The same sampler a little off: 5 % in τ, one type more or fewer on top."""
    if isinstance(bias, Temperature):
        return Temperature(0.95 * bias.tau)
    return TopK(bias.k + 1) if isinstance(bias, TopK) else TopP(0.75 * bias.p)


def fits(counts: Any, law: Any) -> float:
    """p of Pearson's test; 0 where there is what there cannot be."""
    held = law > 0
    if counts[~held].any():
        return 0.0
    return float(stats.chisquare(counts[held], counts.sum() * law[held]).pvalue)


@pytest.mark.parametrize("bias", SAMPLERS, ids=repr)
def test_points_are_drawn_from_the_reweighed_law(bias: Any) -> None:
    """Pearson's χ² of the types that rejection leaves, after its power against a wrong law."""
    family, model = Categorical(ROW), {"probability": np.array(ROW)}
    law, other = bias.reweighed(np.array(ROW)), wrong(bias).reweighed(np.array(ROW))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = POINTS * np.nansum((law - other) ** 2 / other)
    power = stats.ncx2.sf(stats.chi2.isf(LEVEL, 4), 4, min(shift, 1e4))
    assert power > 0.999
    drawn = bias.draw(family, model, (1, POINTS), np.random.default_rng(seed("draw", bias)))
    counts = np.bincount(drawn[0].astype(int), minlength=5)
    assert fits(counts, law) > LEVEL
    assert fits(counts, other) < LEVEL


@pytest.mark.parametrize("bias", SAMPLERS, ids=repr)
def test_draws_and_statistics_have_one_law(bias: Any) -> None:
    """The tables of 3 points each, from models of their own, as one cell a table."""
    family, rng = THREE, np.random.default_rng(seed("tables", bias))
    rows = rng.dirichlet((2, 2, 2), 40)
    model = {"probability": np.repeat(rows, 500, axis=0)}
    points = family.summarise(bias.draw(family, model, (20_000, 3), rng))
    counts = bias.draw_statistics(family, model, 20_000, 3, rng)
    plain = family.draw_statistics(model, 20_000, 3, rng)
    assert points.count == counts.count == 3
    assert homogeneous(points.table, counts.table) > LEVEL
    assert homogeneous(points.table, plain.table) < LEVEL


def homogeneous(one: Any, other: Any) -> float:
    """p of the χ² test that two samples of tables have one law."""
    cells = [np.bincount((t @ (16, 4, 1)).astype(int), minlength=64) for t in (one, other)]
    table = np.array(cells)[:, np.sum(cells, axis=0) > 10]
    return float(stats.chi2_contingency(table).pvalue)


# -- a vocabulary ----------------------------------------------------------------------------------


def test_a_vocabulary_shrinks_as_its_types_one_by_one() -> None:
    chosen = loop(Categorical.zipf(200, 1), FreshMixture(0.5), 100)
    watched = (Heterozygosity(), TypesSurviving(), MissingMass())
    law = predict(chosen, 2, watched, numerical=True)
    found = simulate(chosen, 2, replicates=1000, rng=seed("vocabulary"), observables=watched,
                     progress=False)  # fmt: skip
    comparison = compare(law, found, level=LEVEL)
    rival = predict(loop(chosen.family, FreshMixture(0.6), 100), 2, watched, numerical=True)
    assert comparison.detectable("types surviving") < 0.02
    assert gap(comparison, rival, "theory") > sure()
    assert not comparison.rejected, str(comparison)
    assert gap(comparison, rival, "measured") > critical(TESTS * len(comparison.cells))
