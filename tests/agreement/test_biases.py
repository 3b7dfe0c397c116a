"""Samplers that cut the tails and weighted fits: definition against claim, one false-alarm rate."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FixedReal,
    FreshMixture,
    FreshSplit,
    FreshWeighted,
    Gaussian,
    InputError,
    Replace,
    ScaleCovariance,
    StepResiduals,
    TopP,
    Truncation,
    Unbiased,
    compare,
    derive,
    predict,
    simulate,
)
from hallofillusions.comparison import DISAGREES
from hallofillusions.observables.along import Along
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.observables.variance import Variance
from hallofillusions.symbols import alpha, kappa, lookup, n, p, w
from tests.statistics import FALSE_ALARM, MARGIN, critical, seed

pytestmark = pytest.mark.xdist_group("biases")  # some tests look at the runs of all others

GENERATIONS = 3
CUTS = {1: (Truncation(1.2), TopP(0.8)), 2: (Truncation(1.4), TopP(0.7)),
        5: (Truncation(2.2), TopP(0.6))}  # fmt: skip
MIXINGS = (
    Replace(), FreshSplit(0.75), FreshMixture(0.75), FixedReal(0.75), Accumulate(),
    AccumulateSubsample(), FreshWeighted(0.75, 0.4),
)  # fmt: skip
REPLICATES = {1: 20_000, 2: 16_000, 5: 8_000}


def law(d: int) -> Gaussian:
    """Correlated components of different scale."""
    if d == 1:
        return Gaussian(1, 2)
    scale = np.linspace(1, 2, d)
    return Gaussian(list(range(d)), (np.outer(scale, scale) * (0.5 + 0.5 * np.eye(d))).tolist())


def loops() -> tuple[FeedbackLoop, ...]:
    """Every mixing in every dimension, cut by Truncation and by TopP in turn; in one by both."""
    found = []
    for d, cuts in CUTS.items():
        for i, mixing in enumerate(MIXINGS):
            chosen = cuts if d == 1 else (cuts[(i + d) % 2],)
            found += [FeedbackLoop(law(d), mixing=mixing, n=8, bias=bias) for bias in chosen]
    weighted = FreshWeighted(0.5, 0.8)
    extra = [
        FeedbackLoop(law(1), mixing=weighted, n=6),
        FeedbackLoop(law(1), mixing=weighted, n=6, bias=ScaleCovariance(0.8), estimator=Bessel()),
        FeedbackLoop(law(2), mixing=weighted, n=6),
    ]
    return (*found, *extra)


LOOPS = loops()


def watched(d: int) -> tuple[Any, ...]:
    """Second and fourth moments; in more dimensions across the first two axes."""
    inner = (Variance(), SquaredError(), SquaredVariance())
    if d == 1:
        return inner
    direction = (1.0, -0.5) + (0.0,) * (d - 2)
    return tuple(Along(direction, o) for o in inner)


LEVEL = FALSE_ALARM / len(LOOPS)
SURE = critical(100 * len(LOOPS)) + 1.5 * MARGIN
"""Standard errors at which a rival is bound to fall (heavy tails have their share in them)."""


@cache
def run(loop: FeedbackLoop, literal: bool = False) -> Any:
    d = loop.family.dimension
    return simulate(
        loop, GENERATIONS, replicates=REPLICATES[d], rng=seed("cut", loop, literal),
        observables=watched(d), monitors=[StepResiduals.of(loop, GENERATIONS)], literal=literal,
        progress=False,
    )  # fmt: skip


each = pytest.mark.parametrize("loop", LOOPS, ids=str)


def theory(loop: FeedbackLoop) -> Any:
    return predict(loop, GENERATIONS, watched(loop.family.dimension))


@each
def test_both_faces_agree(loop: FeedbackLoop) -> None:
    """Moments of order 2 and 4 and every step; power first: 15 % of a variance would be seen."""
    comparison = compare(theory(loop), run(loop), level=LEVEL)
    variance = watched(loop.family.dimension)[0].label
    first = next(c for c in comparison.cells if (c.quantity, c.generation) == (variance, 1))
    assert first.tested
    assert first.detectable < 0.15 * first.scale
    assert not comparison.rejected, str(comparison)


def rivals(loop: FeedbackLoop) -> dict[str, FeedbackLoop]:
    """Wrong theories: another sampler, another mixing, another number."""
    found: dict[str, FeedbackLoop] = {}
    if isinstance(loop.mixing, FreshWeighted):
        split = FreshSplit(loop.mixing.alpha)
        found["weights that follow the counts"] = replace(loop, mixing=split)
    if isinstance(loop.bias, Truncation | TopP):
        name = "k" if isinstance(loop.bias, Truncation) else "p"
        moved = replace(loop.bias, **{name: 1.05 * getattr(loop.bias, name)})
        found |= {
            "faithful": replace(loop, bias=Unbiased()),
            "cut five per cent farther out": replace(loop, bias=moved),
            "scaled": replace(loop, bias=ScaleCovariance(factor(loop))),
        }
    return found


def factor(loop: FeedbackLoop) -> float:
    """The λ of second moments."""
    d = loop.family.dimension
    bias: Any = loop.bias
    edge = bias.k**2 if isinstance(bias, Truncation) else stats.chi2.ppf(bias.p, d)
    return float(stats.chi2.cdf(edge, d + 2) / stats.chi2.cdf(edge, d))


def must_fall(loop: FeedbackLoop) -> dict[str, Any]:
    """The rivals that theory alone says are too far away to be missed."""
    own, trajectory, found = theory(loop), run(loop), {}
    for name, rival in rivals(loop).items():
        other = theory(rival)
        far = [
            np.abs(own[o.label] - other[o.label])[1:] / trajectory.standard_error(o)[1:]
            for o in watched(loop.family.dimension)
        ]
        if np.max(far) > SURE:
            found[name] = other
    return found


@each
def test_rivals_fall(loop: FeedbackLoop) -> None:
    for name, other in must_fall(loop).items():
        assert compare(other, run(loop), level=LEVEL).verdict == DISAGREES, name


def test_every_rival_is_put_to_the_test() -> None:
    """Fourth moments tell a cut from a scaled covariance, in one, two and five dimensions."""
    counts = Counter((name, loop.family.dimension) for loop in LOOPS for name in must_fall(loop))
    for d in CUTS:
        assert counts["faithful", d] >= len(MIXINGS)
        assert counts["cut five per cent farther out", d] >= 1, counts
    for d in (1, 2):
        assert counts["scaled", d] >= 1, counts
    assert counts["weights that follow the counts", 1] >= 2


def test_a_scaled_covariance_is_right_at_order_two_and_wrong_at_order_four() -> None:
    """The rival λ_k: no test of second moments can reject it, those of order 4 do."""
    loop = FeedbackLoop(law(1), mixing=Replace(), n=5, bias=Truncation(1.2))
    scaled = replace(loop, bias=ScaleCovariance(factor(loop)))
    own, other = theory(loop), theory(scaled)
    for o in (Variance(), SquaredError()):
        np.testing.assert_allclose(own[o.label], other[o.label], rtol=1e-12)
    assert (own["squared variance"][1:] < 0.95 * other["squared variance"][1:]).all()


# -- one point ------------------------------------------------------------------------------------

MODEL = {"mean": np.array([1.5]), "variance": np.array([2.0])}
POINTS = 200_000


def drawn(bias: Any, d: int) -> Any:
    """Points of one model, about its mean in units of its ellipsoid: (points, d)."""
    family = law(d)
    model = MODEL if d == 1 else {k: v[None] for k, v in family.parameters().items()}
    points = bias.draw(family, model, (1, POINTS), np.random.default_rng(seed("points", bias, d)))
    if d == 1:
        return (points[0, :, None] - 1.5) / 2**0.5
    root = np.linalg.cholesky(model["variance"][0])
    return np.linalg.solve(root, (points[0] - model["mean"][0]).T).T


@pytest.mark.parametrize("d", list(CUTS))
@pytest.mark.parametrize("which", [0, 1])
def test_points_follow_the_cut_law(d: int, which: int) -> None:
    """Against scipy's truncated normal, and in any dimension against the cut χ² of the radius."""
    bias = CUTS[d][which]
    edge = bias.k if which == 0 else stats.chi2.ppf(bias.p, d) ** 0.5
    z = drawn(bias, d)
    radius = np.linalg.norm(z, axis=1)
    assert radius.max() <= edge * (1 + 1e-9)

    def share(r: Any, cut: float = edge) -> Any:
        return np.minimum(stats.chi2.cdf(r**2, d) / stats.chi2.cdf(cut**2, d), 1.0)

    assert stats.kstest(radius, share).pvalue > FALSE_ALARM
    assert stats.kstest(radius, lambda r: share(r, 1.05 * edge)).pvalue < FALSE_ALARM
    if d == 1:
        law_of = stats.truncnorm(-edge, edge)
        assert stats.kstest(z[:, 0], law_of.cdf).pvalue > FALSE_ALARM
    angle = z[:, 0] / radius if d > 1 else np.sign(z[:, 0])
    assert abs(angle.mean()) < critical(1) / np.sqrt(d * POINTS)


@pytest.mark.parametrize("d", list(CUTS))
def test_top_p_holds_its_mass(d: int) -> None:
    """The region of TopP holds the share p of faithful points; one of a share 0.02 off does not."""
    family, bias = law(d), CUTS[d][1]
    model = MODEL if d == 1 else {k: v[None] for k, v in family.parameters().items()}
    points = drawn_faithful(family, model)
    lowest = family.log_density_quantile(model, bias.p)[..., None]
    inside = int((family.log_density(model, points) >= lowest).sum())
    assert stats.binomtest(inside, POINTS, bias.p).pvalue > FALSE_ALARM
    assert stats.binomtest(inside, POINTS, bias.p + 0.02).pvalue < FALSE_ALARM


def drawn_faithful(family: Any, model: Any) -> Any:
    return family.draw(model, (1, POINTS), np.random.default_rng(seed("mass", family)))


# -- weighted fits --------------------------------------------------------------------------------


def test_weighted_statistics_are_those_of_weighted_points() -> None:
    """Literal and statistical runs have one law, which is not that of other weights."""
    loop = FeedbackLoop(law(1), mixing=FreshWeighted(0.5, 0.8), n=6)
    runs = [run(loop, literal) for literal in (False, True)]
    assert [r.literal for r in runs] == [False, True]
    error = np.hypot(*(np.array([r.standard_error(o)[1:] for o in watched(1)]) for r in runs))
    means = [np.array([r.mean(o)[1:] for o in watched(1)]) for r in runs]
    z = (means[0] - means[1]) / error
    assert np.abs(z).max() < critical(z.size)
    assert not compare(theory(loop), runs[1], level=LEVEL).rejected
    other = theory(replace(loop, mixing=FreshWeighted(0.5, 0.7)))
    assert compare(other, runs[1], level=LEVEL).verdict == DISAGREES


def test_literal_weights_are_numpys() -> None:
    """One set of points, by hand: the weighted mean and the weighted variance."""
    family, points = law(1), np.array([[0.0, 1.0, 4.0, 6.0]])
    weights = np.array([0.4, 0.4, 0.1, 0.1])
    fitted = family.match(family.summarise(points, 4 * weights))
    mean = np.average(points[0], weights=weights)
    np.testing.assert_allclose(fitted["mean"], mean)
    np.testing.assert_allclose(fitted["variance"], np.average((points[0] - mean) ** 2,
                                                              weights=weights))  # fmt: skip


@pytest.mark.parametrize("weight", [0, 1])
def test_no_weight_at_all(weight: int) -> None:
    """Weight 1 is a fresh fit every time, weight 0 is Replace, and both readers say so."""
    loop = FeedbackLoop(law(1), mixing=FreshWeighted(0.5, weight), n=8)
    twin = FeedbackLoop(law(1), mixing=FreshSplit(0) if weight else Replace(), n=4)
    for o in watched(1):
        np.testing.assert_allclose(theory(loop)[o.label], theory(twin)[o.label], rtol=1e-9)
    trajectory = simulate(loop, GENERATIONS, replicates=20_000, rng=seed("no weight", weight),
                          observables=watched(1), progress=False)  # fmt: skip
    assert not compare(theory(loop), trajectory, level=LEVEL).rejected


def test_weights_that_follow_the_counts_are_the_split() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshWeighted(alpha, 1 - alpha), n=n)
    split = replace(loop, mixing=FreshSplit(alpha))
    ours, theirs = (derive(one, 4).fixed_point() for one in (loop, split))
    assert ours is not None
    assert theirs is not None
    assert {k: v - theirs[k] for k, v in ours.items()} == dict.fromkeys(ours, 0)


# -- bad input ------------------------------------------------------------------------------------

WRONG: tuple[tuple[Any, str], ...] = (
    (lambda: FeedbackLoop(law(20), mixing=Replace(), n=30, bias=Truncation(1)),
     r"k must leave at least 0.001 of the points in 20 dimensions, got 1, which leaves 1.7e-10"),
    (lambda: Truncation(0), r"k must be a number above 0, got 0"),
    (lambda: Truncation("two"), r"k must be a number above 0, got 'two'"),
    (lambda: Truncation(2, dimension=0), r"dimension must be a whole number at least 1, got 0"),
    (lambda: TopP(0), r"p must be a number in \(0, 1\), got 0"),
    (lambda: TopP(1), r"p must be a number in \(0, 1\), got 1"),
    (lambda: TopP(-0.2), r"p must be a number in \(0, 1\), got -0.2"),
    (lambda: FeedbackLoop(law(1), mixing=Replace(), n=3, bias=TopP(1e-6)),
     r"p must be at least 0.001, or no points are found, got 1e-06"),
    (lambda: FeedbackLoop(law(2), mixing=Replace(), n=3, bias=Truncation(2, dimension=1)),
     r"dimension must be at least that of the family, 2, got 1"),
    (lambda: FeedbackLoop(law(2), mixing=Replace(), n=3, bias=TopP(0.5, dimension=1)),
     r"dimension must be at least that of the family, 2, got 1"),
    (lambda: FreshWeighted(0.5, -0.1), r"weight must be a number in \[0, 1\], got -0.1"),
    (lambda: FreshWeighted(0.5, 1.1), r"weight must be a number in \[0, 1\], got 1.1"),
    (lambda: FreshWeighted(0, 0.5), r"alpha must leave real and synthetic points .* got 0"),
    (lambda: FreshWeighted(1, 0.5), r"alpha must leave real and synthetic points .* got 1"),
    (lambda: FreshWeighted((0.5, 1), 0.5), r"alpha must leave real and synthetic points .* got 1"),
    (lambda: FeedbackLoop(law(1), mixing=FreshWeighted(0.3, 0.5), n=5),
     r"alpha\*n must be a whole number of synthetic points, got 0.3\*5"),
)  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), WRONG, ids=[s for _, s in WRONG])
def test_bad_input_is_told_in_one_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()


@pytest.mark.parametrize("bias", [Truncation(2, dimension=3), TopP(0.9, dimension=3)])
def test_a_part_of_a_larger_loop_is_derived_and_not_sampled(bias: Any) -> None:
    loop = FeedbackLoop(law(1), mixing=Replace(), n=5, bias=bias)
    whole = FeedbackLoop(Gaussian([0] * 3, 2), mixing=Replace(), n=5,
                         bias=replace(bias, dimension=None))  # fmt: skip
    part = predict(loop, 2, [SquaredVariance()])["squared variance"]
    along = Along((0, 1, 0), SquaredVariance())
    np.testing.assert_allclose(part, predict(whole, 2, [along])[along.label], rtol=1e-12)
    with pytest.raises(InputError, match="dimension must be left out to sample, got 3 for Gauss"):
        simulate(loop, 1, replicates=10, rng=1, observables=[Variance()])


@pytest.mark.parametrize("bias", [Truncation(1.5), TopP(0.6)])
def test_flat_models_obey_the_same_law(bias: Any) -> None:
    """Few points make a flat cloud; what is far is said in standard coordinates all the same."""
    loop = FeedbackLoop(law(5), mixing=Replace(), n=4, bias=bias)
    observables = watched(5)
    comparison = compare(
        predict(loop, 2, observables),
        simulate(loop, 2, replicates=20_000, rng=seed("flat", bias), observables=observables),
        level=FALSE_ALARM,
    )
    assert min(map(comparison.detectable, comparison.quantities)) < 0.05  # power first
    assert not comparison.rejected, str(comparison)


@pytest.mark.parametrize("bias", [Truncation(1.5), TopP(0.6)])
def test_a_collapsed_model_stays_where_it_is(bias: Any) -> None:
    model = {"mean": np.array([1.0, 2.0]), "variance": np.array([0.0, 1.0])}
    points = bias.draw(law(1), model, (2, 50), np.random.default_rng(1))
    assert (points[0] == 1).all()
    assert len(set(points[1])) == 50


def test_symbols_and_numbers_agree() -> None:
    """The engine's closed forms at a number are the engine's numbers there."""
    for bias, values in ((Truncation(kappa), {kappa: 1.3}), (TopP(p), {p: 0.7})):
        numeric = replace(bias, **{str(s)[0]: v for s, v in values.items()})
        symbolic = derive(FeedbackLoop(Gaussian(), mixing=FreshWeighted(alpha, w), n=n, bias=bias))
        at = {alpha: 0.5, w: 0.4, n: 8, lookup("sigma_0"): 1, **values}
        loop = FeedbackLoop(Gaussian(), mixing=FreshWeighted(0.5, 0.4), n=8, bias=numeric)
        ours = np.array(symbolic.matrix().subs(at).evalf(), dtype=float)
        np.testing.assert_allclose(ours, derive(loop).coefficients(1)[0][0], rtol=1e-12)
