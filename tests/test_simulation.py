"""The fast way, the literal way and a reference that shares no code draw from one law."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    MaximumLikelihood,
    Memory,
    Replace,
    ScaleCovariance,
    Temperature,
    Truth,
    Unbiased,
    compare,
    predict,
    simulation,
)
from hallofillusions.families.base import once
from hallofillusions.numerics.draws import BinomialTable, Tape, distinct, rejection
from hallofillusions.numerics.seeds import Seed
from hallofillusions.numerics.streaming import Quantiles, Summary
from hallofillusions.observables.eigenvalue import Eigenvalue
from hallofillusions.observables.log_eigenvalue import LogEigenvalue
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.median import Median
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.observables.training_loss import TrainingLoss
from hallofillusions.observables.variance import Variance
from hallofillusions.simulation import rerun, simulate
from hallofillusions.steps import StepResiduals
from tests import reference
from tests.statistics import FALSE_ALARM, MARGIN, critical, holm, p_two_sided, seed

WORLD, ELSEWHERE = (1.0, 2.0), (4.0, 3.0)
GENERATIONS, WATCHED = 5, (1, 2, 5)
SLOW, QUICK = 3_000, 20_000
OBSERVABLES = (Mean(), Variance(), SquaredError(), SquaredVariance(), LogVariance())
PAIR = (Mean(), Variance())
LOOP_OF_TEN = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10)


@dataclass(frozen=True)
class Case:
    """One sentence, for the package and for the reference."""

    mixing: Any
    n: int
    name: str
    alpha: float = 1.0
    lam: float = 1.0
    ddof: int = 0
    start: Any = "truth"
    pool: int = 0

    @property
    def loop(self) -> FeedbackLoop:
        named = {"truth": Truth(), "first fit": FirstFit(), "memory": Memory()}
        start = named[self.start] if isinstance(self.start, str) else Gaussian(*self.start)
        return FeedbackLoop(
            Gaussian(*WORLD), mixing=self.mixing, n=self.n, start=start,
            bias=ScaleCovariance(self.lam) if self.lam != 1 else Unbiased(),
            estimator=Bessel() if self.ddof else MaximumLikelihood(),
        )  # fmt: skip

    def reference(self, **rival: Any) -> tuple[Any, Any]:
        options = {"alpha": self.alpha, "lam": self.lam, "ddof": self.ddof, "pool": self.pool}
        options |= {"start": self.start, "real": WORLD, **rival}
        words = ("reference", self, rival)
        name, n = options.pop("name", self.name), self.n
        return reference.runs(SLOW, name, n, GENERATIONS, seed=seed(*words), **options)

    def __str__(self) -> str:
        return f"{self.name} n={self.n} lam={self.lam} ddof={self.ddof} start={self.start}"


CASES = (
    Case(Replace(), 8, "replace"),
    Case(Replace(), 8, "replace", lam=0.8, ddof=1),
    Case(Replace(), 8, "replace", lam=1.2, start="first fit"),
    Case(FreshSplit(0.75), 8, "fresh split", 0.75),
    Case(FreshSplit(0.75), 8, "fresh split", 0.75, ddof=1, start=ELSEWHERE),
    Case(FreshMixture(0.75), 8, "fresh mixture", 0.75),
    Case(FreshMixture(0.3), 8, "fresh mixture", 0.3, lam=0.7, start="first fit"),
    Case(FixedReal(0.5), 8, "fixed real", 0.5),
    Case(FixedReal(0.5), 8, "fixed real", 0.5, lam=0.8, start="first fit"),
    Case(FixedReal(0.5), 8, "fixed real", 0.5, start="memory"),
    Case(FixedPool(0.5, 12), 8, "fixed pool", 0.5, pool=12),
    Case(FixedPool(0.5, 12), 8, "fixed pool", 0.5, lam=0.8, pool=12, start="first fit"),
    Case(FixedPool(0.5, 12), 8, "fixed pool", 0.5, pool=12, start="memory"),
    Case(Accumulate(), 8, "accumulate"),
    Case(Accumulate(), 8, "accumulate", lam=0.8, ddof=1, start=ELSEWHERE),
    Case(AccumulateSubsample(), 8, "accumulate subsample"),
    Case(AccumulateSubsample(), 8, "accumulate subsample", lam=0.8, start=ELSEWHERE),
)


@cache
def ours(case: Case, literal: bool) -> dict[str, Any]:
    """{observable: raw values (watched generation, replicate)} of the package."""
    run = simulate(
        case.loop, GENERATIONS, replicates=QUICK, rng=seed("ours", case, literal),
        literal=literal, observables=OBSERVABLES, keep=WATCHED,
    )  # fmt: skip
    return {o.label: np.array([run.raw(o, g) for g in WATCHED]) for o in OBSERVABLES}


def theirs(case: Case, **rival: Any) -> dict[str, Any]:
    """The same of the reference."""
    mean, variance = case.reference(**rival)
    model = {"mean": mean[:, WATCHED].T, "variance": variance[:, WATCHED].T}
    return {o.label: o.measure(case.loop.family, model) for o in OBSERVABLES}


def two_sample_z(a: Any, b: Any) -> Any:
    """z of the difference of two means, along the last axis."""
    spread = a.var(axis=-1, ddof=1) / a.shape[-1] + b.var(axis=-1, ddof=1) / b.shape[-1]
    return (a.mean(axis=-1) - b.mean(axis=-1)) / np.sqrt(spread)


def contests(case: Case) -> dict[str, dict[str, Any]]:
    ways = {"fast": ours(case, False), "literal": ours(case, True), "reference": theirs(case)}
    return {"fast": ways["literal"]} | ways if case.mixing.literal_only else ways


@cache
def all_p_values() -> dict[tuple[str, ...], float]:
    """Every comparison of means and of whole laws, of every pair of ways, in every case."""
    found = {}
    for case in CASES:
        for (one, a), (other, b) in combinations(contests(case).items(), 2):
            for label in a if a is not b else ():
                z = two_sample_z(a[label], b[label])
                for g, value in zip(WATCHED, z, strict=True):
                    found[str(case), one, other, label, str(g)] = float(p_two_sided(value))
                law = stats.ks_2samp(a[label][-1], b[label][-1]).pvalue
                found[str(case), one, other, label, "law"] = float(law)
    return found


together = pytest.mark.xdist_group("reference")  # all look at all p-values


@together
def test_fast_literal_and_reference_have_one_law() -> None:
    found = all_p_values()
    wrong = holm(list(found.values()))
    assert not wrong.any(), [k for k, bad in zip(found, wrong, strict=True) if bad]


RIVALS = (
    (CASES[0], {"ddof": 1}),
    (CASES[1], {"lam": 0.76}),
    (CASES[4], {"name": "fresh mixture"}),
    (CASES[3], {"alpha": 0.875}),
    (CASES[5], {"alpha": 0.6}),
    (CASES[7], {"name": "fresh split"}),
    (CASES[8], {"start": "truth"}),
    (CASES[10], {"pool": 6}),
    (CASES[13], {"name": "accumulate subsample"}),
    (CASES[15], {"name": "accumulate"}),
)


@together
@pytest.mark.parametrize(("case", "rival"), RIVALS, ids=str)
def test_a_wrong_reference_is_rejected(case: Case, rival: dict[str, Any]) -> None:
    """Power: each rival lies beyond the strictest critical value of the test above."""
    wrong, right = theirs(case, **rival), ours(case, case.mixing.literal_only)
    z = max(float(np.nanmax(np.abs(two_sample_z(right[k], wrong[k])))) for k in right)
    assert z > critical(len(all_p_values()))


def test_a_temperature_is_sampled_by_its_density() -> None:
    """`draw_statistics` of the temperature against points that only know the log-density."""
    p_values = []
    for tau in (0.8, 1.3):
        loop = FeedbackLoop(Gaussian(*WORLD), mixing=Replace(), n=6, bias=Temperature(tau))
        a, b, rival = (
            simulate(one, 3, replicates=QUICK, rng=seed("tau", tau, way), literal=way == "literal",
                     observables=OBSERVABLES, keep=(3,)).values[:, 0]
            for one, way in ((loop, "fast"), (loop, "literal"),
                             (FeedbackLoop(Gaussian(*WORLD), mixing=Replace(), n=6), "rival"))
        )  # fmt: skip
        p_values += list(p_two_sided(two_sample_z(a, b)))
        assert np.abs(two_sample_z(b, rival)).max() > critical(2 * len(OBSERVABLES)) + MARGIN
    assert not holm(p_values).any()


def test_schedules_are_followed() -> None:
    """n and α by generation: variance and mean error of each fit, fast against literal."""
    sizes, alphas = (4, 20, 10), (0.5, 0.1, 0.9)
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(alphas), n=sizes)
    fast, literal = (
        simulate(loop, 3, replicates=QUICK, rng=seed("schedule", way), literal=way,
                 observables=OBSERVABLES, keep=(1, 2, 3)).values for way in (False, True)
    )  # fmt: skip
    assert not holm(p_two_sided(two_sample_z(fast, literal)).ravel()).any()
    still = simulate(
        FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=4), 3, replicates=QUICK, rng=1,
        observables=OBSERVABLES, keep=(1, 2, 3),
    ).values  # fmt: skip
    assert np.abs(two_sample_z(fast, still))[:, 1:].max() > critical(15) + MARGIN


# -- pieces of the samplers -------------------------------------------------------------------


def test_binomial_tables_are_binomial() -> None:
    for n, p in ((1, 0.3), (7, 0.5), (1000, 0.9), (4000, 0.001)):
        draws = BinomialTable(n, p).draw(100_000, np.random.default_rng(seed("table", n)))
        assert draws.min() >= 0
        assert draws.max() <= n
        edges = np.unique(stats.binom.ppf(np.linspace(0, 1, 21)[1:-1], n, p))
        cells = np.diff(np.concatenate(([0.0], stats.binom.cdf(edges, n, p), [1.0])))
        seen = np.bincount(np.searchsorted(edges, draws), minlength=len(edges) + 1)
        keep = cells > 0
        assert not seen[~keep].any()
        test = stats.chisquare(seen[keep], cells[keep] / cells[keep].sum() * draws.size)
        assert test.pvalue > FALSE_ALARM / 4


def test_the_first_that_are_accepted_are_taken_in_order() -> None:
    """Proposals are numbered; multiples of 3 are wanted, and each row begins elsewhere."""
    asked: list[int] = []

    def propose(size: int) -> tuple[Any, Any]:
        begin = np.array([[0], [1], [2]]) + sum(asked)
        asked.append(size)
        numbers = begin + np.arange(size)
        return np.stack([numbers, -numbers], axis=-1), numbers % 3 == 0

    points = rejection(propose, (3, 40))
    assert len(asked) > 1
    wanted = [[n for n in _numbers(row, asked) if n % 3 == 0][:40] for row in range(3)]
    np.testing.assert_array_equal(points[..., 0], wanted)
    np.testing.assert_array_equal(points[..., 1], -points[..., 0])


def _numbers(row: int, asked: list[int]) -> list[int]:
    """What a row was offered, call after call."""
    begins = [sum(asked[:i]) for i in range(len(asked))]
    return [row + b + k for b, size in zip(begins, asked, strict=True) for k in range(size)]


@pytest.mark.parametrize(("size", "count"), [(5, 2), (20, 3), (9, 9), (1000, 2)])
def test_subsamples_are_different_and_uniform(size: int, count: int) -> None:
    drawn = distinct(np.random.default_rng(seed("distinct", size)), size, (40_000, count))
    ordered = np.sort(drawn, axis=1)
    assert (np.diff(ordered, axis=1) > 0).all()
    assert ordered.min() == 0
    assert ordered.max() == size - 1
    if count < size:
        seen = np.bincount(drawn.ravel(), minlength=size)
        spread = np.sqrt(seen.sum() / size * (1 - count / size))
        z = (seen - seen.mean()) / spread
        assert stats.chi2.sf((z**2).sum() * (size - 1) / size, size - 1) > FALSE_ALARM / 4
    if (size, count) == (5, 2):  # all ten pairs
        pairs = np.bincount(ordered[:, 0] * 5 + ordered[:, 1])
        assert stats.chisquare(pairs[pairs > 0]).pvalue > FALSE_ALARM / 4
        assert (pairs > 0).sum() == 10


def test_a_tape_hands_out_every_number_once() -> None:
    tape = Tape(np.random.default_rng(1), 3)
    rows = [tape.standard_normal(4) for _ in range(6)]
    expected = np.random.default_rng(1).standard_normal((6, 4))
    assert np.array_equal(rows, expected)
    assert tape.chisquare(3, 4).shape == (4,)
    assert tape.random(2).shape == (2,)


# -- the same bits ----------------------------------------------------------------------------


def same(a: Any, b: Any) -> bool:
    """Whether two trajectories hold the same bits."""
    left, right = a.to_xarray(), b.to_xarray()
    return set(left) == set(right) and all(
        np.array_equal(left[k].values, right[k].values, equal_nan=True) for k in left
    )


class Watch:
    """A monitor: δ and v before and after, and what the memory does."""

    labels = ("delta before", "delta after", "index")
    memory_labels: tuple[int, ...] = ()

    def measure(self, before: Any, after: Any, index: int) -> Any:
        return np.stack([before["delta"], after["delta"], np.full(after["delta"].shape, index)])


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@pytest.mark.parametrize("literal", [False, True])
def test_no_executor_changes_a_bit(
    literal: bool, processes: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "BLOCK", 64)
    loop = FeedbackLoop(Gaussian(), mixing=FreshMixture(0.8), n=10)
    options: dict[str, Any] = {
        "replicates": 1000, "rng": 5, "literal": literal, "quantiles_at": (2,),
        "keep": (0, 3), "monitors": (Watch(),),
    }  # fmt: skip
    here = simulate(loop, 3, **options)
    with ThreadPoolExecutor(2) as threads:
        assert same(here, simulate(loop, 3, executor=threads, **options))
    assert same(here, simulate(loop, 3, executor=processes, **options))
    assert not same(here, simulate(loop, 3, **{**options, "rng": 6}))


@pytest.mark.parametrize(
    "rng",
    [None, 7, np.random.SeedSequence(3), np.random.SeedSequence([1, 2]).spawn(3)[2],
     np.random.default_rng(4), np.random.Generator(np.random.MT19937(2))],
)  # fmt: skip
def test_every_seed_can_be_run_again(rng: Any) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=4)
    first = simulate(loop, 2, replicates=50, rng=rng)
    assert same(first, rerun(first))
    assert same(first, first.rerun())


def test_seeds_are_independent_and_a_generator_moves_on() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4)
    rng = np.random.default_rng(1)
    one, two = (simulate(loop, 1, replicates=9, rng=rng, keep=(1,)) for _ in range(2))
    assert not np.intersect1d(one.values, two.values).size
    assert Seed.of(1) == Seed.of(np.int64(1)) == Seed.of(np.random.SeedSequence(1))
    parent = np.random.SeedSequence(1)
    mine = np.random.default_rng(parent.spawn(1)[0]).standard_normal(4)
    theirs = np.random.default_rng(Seed.of(parent).child(0)).standard_normal(4)
    assert not np.intersect1d(mine, theirs).size


def test_progress_does_not_change_a_bit(capsys: pytest.CaptureFixture[str]) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4)
    loud = simulate(loop, 2, replicates=10, rng=1, progress=True)
    assert "replicates" in capsys.readouterr().err
    quiet = simulate(loop, 2, replicates=10, rng=1)
    assert capsys.readouterr().err == ""
    assert same(loud, quiet)


class Interrupted(Executor):
    """An executor whose second result is Ctrl-C."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, call: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if not self.futures:
            future.set_result(call(*arguments, **options))
        elif len(self.futures) == 1:
            future.set_exception(KeyboardInterrupt())
        self.futures.append(future)
        return future


def test_an_interrupt_cancels_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "BLOCK", 1)
    executor = Interrupted()
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4)
    with pytest.raises(KeyboardInterrupt):
        simulate(loop, 1, replicates=10, executor=executor)
    assert len(executor.futures) > 2
    assert all(f.cancelled() for f in executor.futures[2:])


# -- streaming --------------------------------------------------------------------------------


def test_streaming_is_what_numpy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "BLOCK", 30)
    loop = FeedbackLoop(Gaussian(5, 2), mixing=FreshSplit(0.5), n=4)
    run = simulate(loop, 4, replicates=100, rng=1, observables=PAIR, keep=range(5))
    assert run.values.shape == (2, 5, 100)
    np.testing.assert_allclose(run.summary.mean, run.values.mean(axis=2), rtol=1e-13)
    np.testing.assert_allclose(run.summary.variance, run.values.var(axis=2, ddof=1), rtol=1e-12)
    assert np.array_equal(run.summary.minimum, run.values.min(axis=2))
    assert np.array_equal(run.summary.maximum, run.values.max(axis=2))
    assert (run.summary.count == 100).all()
    assert run.mean("mean")[0] == 5
    assert run.standard_error("mean")[0] == 0
    assert run.variance("variance")[0] == 0


@dataclass(frozen=True)
class Spoiled:
    """An observable with infinities and gaps."""

    label: str
    bad: float

    def measure(self, family: Any, model: Any) -> Any:
        return np.where(model["mean"] > 0, self.bad, model["mean"])


def test_values_that_are_not_finite_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "BLOCK", 7)
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4)
    odd = tuple(Spoiled(str(bad), bad) for bad in (np.inf, -np.inf, np.nan))
    run = simulate(loop, 2, replicates=50, rng=1, observables=odd, keep=(1,), quantiles_at=(1,))
    with np.errstate(all="ignore"):
        plain = run.values[:, 0].mean(axis=1)
    assert np.array_equal(run.summary.mean[:, 1], plain, equal_nan=True)
    assert np.array_equal(run.summary.nonfinite[:, 1], (~np.isfinite(run.values[:, 0])).sum(axis=1))
    assert np.isnan(run.summary.standard_error[:, 1]).all()
    assert run.quantile("inf")[0].shape == (1,)
    assert np.isnan(run.quantile("nan")[0][0])
    assert run.quantile("-inf")[0][0] == np.sort(run.raw("-inf", 1))[24:26].mean()
    assert run.nonfinite("inf")[0] == 0


def test_merging_blocks_is_taking_their_union() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((3, 100)) * 1e-3 + 1e6
    whole = Summary.of(values)
    parts = Summary.of(values[:, :7]).merge(Summary.of(values[:, 7:]))
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-15)
    np.testing.assert_allclose(parts.m2, ((values - values.mean(1, keepdims=True)) ** 2).sum(1),
                               rtol=1e-6)  # fmt: skip
    nothing = Summary.empty(3).merge(Summary.empty(3))
    assert np.isnan(nothing.mean).all()


def test_intervals_of_quantiles_cover() -> None:
    """The order statistics of 2,000 uniform samples hold the quantile at least as often as said."""
    rng = np.random.default_rng(seed("quantiles"))
    values = rng.random((2000, 1, 61))
    for p in (0.1, 0.5, 0.9):
        table = Quantiles.of(values, (p,), (0,))
        held = int(((table.lower <= p) & (p <= table.upper)).sum())
        assert stats.binomtest(held, 2000, 0.95, alternative="less").pvalue > FALSE_ALARM / 3
        assert held < 2000
    few = Quantiles.of(values[:, :, :3], (0.5,), (0,))
    assert np.isneginf(few.lower).all()
    assert np.isposinf(few.upper).all()


def test_medians_are_quantiles_of_what_they_are_of() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4)
    run = simulate(
        loop, 3, replicates=101, rng=1, observables=(Mean(), Median(Variance())),
        quantiles=(0.25,), quantiles_at=(0, 3), keep=(3,),
    )  # fmt: skip
    assert run.quantities == ("mean", "variance")
    estimate, lower, upper = run.quantile("median variance")
    assert estimate[1] == np.median(run.raw("variance", 3))
    assert lower[1] < estimate[1] < upper[1]
    assert estimate[0] == 1
    assert run.quantile(Median(Variance()))[0][1] == estimate[1]
    assert run.quantile("mean", 0.25)[0][1] == np.sort(run.raw("mean", 3))[25]
    with pytest.raises(InputError, match="it is a quantile"):
        run.mean("median variance")
    with pytest.raises(InputError, match="probability must be one of"):
        run.quantile("mean", 0.3)


@pytest.mark.parametrize("literal", [False, True])
def test_what_is_measured_does_not_change_the_runs(literal: bool) -> None:
    """At some generations the same to the last bit, elsewhere nothing, in a file too."""
    def run(**options: Any) -> Any:
        return simulate(LOOP_OF_TEN, 9, replicates=300, rng=4, literal=literal,
                        observables=(Variance(), TrainingLoss()), **options)  # fmt: skip

    every, some = run(), run(at=(3, 9), keep=(5,), monitors=[StepResiduals.of(LOOP_OF_TEN, 9)])
    there = [3, 5, 9]
    for label in every.quantities:
        for column in ("mean", "standard_error"):
            a, b = (getattr(r, column)(label) for r in (every, some))
            np.testing.assert_array_equal(a[there], b[there])
            assert np.flatnonzero(~np.isnan(b)).tolist() == there
    assert some.options.at == (3, 9)
    np.testing.assert_array_equal(some.rerun().mean("variance"), some.mean("variance"))
    told = compare(predict(LOOP_OF_TEN, 9, [Variance()]), some)
    assert [c.generation for c in told.cells if c.quantity == "variance"] == there
    steps = {c.generation for c in told.cells if c.quantity in some.step_labels}
    assert steps == set(there)
    whole = simulate(LOOP_OF_TEN, 9, replicates=300, rng=4, literal=literal,
                     monitors=some.options.monitors)  # fmt: skip
    for label in some.step_labels:
        np.testing.assert_array_equal(whole.mean(label)[there], some.mean(label)[there])


def test_what_observables_share_is_computed_once() -> None:
    asked = []

    @dataclass(frozen=True)
    class Watched(Gaussian):
        @once
        def spectrum(self, model: Any) -> Any:
            asked.append(len(model["mean"]))
            return super().spectrum(model)

    loop = FeedbackLoop(Watched(), mixing=Replace(), n=4)
    simulate(loop, 3, replicates=5, rng=1, observables=(Eigenvalue(1), LogEigenvalue(1)))
    assert len(asked) == 1
    Watched().spectrum(Watched().as_model() | {"mean": np.zeros(3)})
    Watched().spectrum(Watched().as_model() | {"mean": np.zeros(3)})
    assert asked[1:] == [3, 3]


def test_memory_does_not_grow_with_replicates() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=100)

    def peak(replicates: int) -> int:
        tracemalloc.start()
        simulate(loop, 100, replicates=replicates, rng=1)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    small = peak(8192)
    assert small < 32 * 2**20
    assert peak(65_536) < 1.2 * small


@pytest.mark.slow
def test_a_million_replicates_of_a_thousand_generations_stay_under_a_gibibyte() -> None:
    """All default observables; the peak is what the operating system saw of the whole process."""
    code = (
        "import resource\n"
        "from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, simulate\n"
        "loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=100)\n"
        "run = simulate(loop, 1000, replicates=1_000_000, rng=1)\n"
        "assert run.summary.count.min() == 1_000_000\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 2**20  # kibibytes


# -- monitors ---------------------------------------------------------------------------------


def test_monitors_see_every_step() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=4, start=Gaussian(3, 1))
    run = simulate(loop, 3, replicates=20, rng=1, observables=PAIR, monitors=(Watch(),))
    assert run.step_labels == Watch.labels
    assert run.mean("delta before")[1:].tolist() == run.mean("mean")[:-1].tolist()
    assert run.mean("delta after")[1:].tolist() == run.mean("mean")[1:].tolist()
    assert run.mean("index")[1:].tolist() == [0, 1, 2]
    assert np.isnan(run.mean("index")[0])


def test_steps_have_variance_1() -> None:
    """A step of the mean under Replace is normal given the past, one of the variance χ²_{n-1}."""
    size, replicates = 8, 40_000
    loop = FeedbackLoop(Gaussian(), mixing=Replace(), n=size)
    run = simulate(loop, 3, replicates=replicates, rng=seed("steps"), progress=False,
                   monitors=[StepResiduals.of(loop, 3)])  # fmt: skip
    excess = {"step of the mean": 0.0, "step of the variance": 12 / (size - 1)}
    for word, kurtosis in excess.items():
        found = run.steps.variance[run.step_labels.index(word), 1:]
        error = ((2 + kurtosis) / replicates) ** 0.5
        assert (np.abs(found - 1) < critical(6) * error).all()
        assert (critical(6) + MARGIN) * error < 0.1  # power: five per cent of sd[f | past]


@pytest.mark.parametrize(
    ("mixing", "start"),
    [(Replace(), FirstFit()), (Accumulate(), Truth()), (FixedReal(0.5), Memory())],
)
def test_a_first_step_that_is_no_step_is_not_shown(mixing: Any, start: Any) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=mixing, n=4, start=start)
    run = simulate(loop, 3, replicates=20, rng=1, monitors=(Watch(),))
    assert np.isnan(run.mean("index")[:2]).all()
    assert run.mean("index")[2:].tolist() == [1, 2]


class Remembering(Watch):
    """A monitor that records what it is told of the memory."""

    labels = ("before", "after", "delta")

    def __init__(self, power: int = 1) -> None:
        self.memory_labels = (1, power)
        self.power = power
        self.seen: list[Any] = []

    def measure(self, before: Any, after: Any, index: int) -> Any:
        name = f"memory_{self.power}"
        self.seen.append((before[name], after[name]))
        return np.stack([before[name], after[name], after["delta"]])


@pytest.mark.parametrize("literal", [False, True])
def test_a_growing_memory_is_shown_as_it_grows(literal: bool) -> None:
    monitor = Remembering()
    loop = FeedbackLoop(Gaussian(5, 1), mixing=Accumulate(), n=4, start=Gaussian(3, 1))
    simulate(loop, 3, replicates=20, rng=1, monitors=(monitor,), literal=literal)
    (_, b), (c, d), _ = monitor.seen
    assert np.array_equal(b, c)
    assert not np.array_equal(c, d)
    run = simulate(loop, 3, replicates=20, rng=1, monitors=(monitor,), literal=literal)
    np.testing.assert_allclose(run.mean("after"), run.mean("delta"))  # the fit of the pool


@pytest.mark.parametrize("mixing", [FixedReal(0.5), FixedPool(0.5, 6), AccumulateSubsample()])
def test_powers_over_the_memory(mixing: Any) -> None:
    monitor = Remembering(2 if isinstance(mixing, FixedReal) else 4)
    loop = FeedbackLoop(Gaussian(5, 1), mixing=mixing, n=4)
    simulate(loop, 3, replicates=2000, rng=1, monitors=(monitor,))
    before, after = monitor.seen[-1]
    assert np.array_equal(before, after) == (not mixing.grows)
    truth, deviation = {2: (1, 2**0.5), 4: (3, 96**0.5)}[monitor.power]
    if not mixing.grows:
        size = mixing.memory_size(4)
        assert abs(before.mean() - truth) < critical(2) * deviation / (2000 * size) ** 0.5


def test_statistics_do_not_hold_high_powers() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=4)
    with pytest.raises(InputError, match=r"labels must be among \[1, 2\]"):
        simulate(loop, 2, replicates=5, monitors=(Remembering(3),))


# -- the user's own data ----------------------------------------------------------------------

ROWS = np.random.default_rng(8).gamma(2.0, size=12)


def test_a_pool_is_the_rows_themselves() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FixedPool(0.5, 12), n=4, start=Memory())
    run = simulate(loop, 2, replicates=30, rng=1, real=ROWS)
    assert run.literal
    assert run.literal_reason == "real data are given"
    assert run.summary.minimum[0, 1] == run.summary.maximum[0, 1]
    assert run.mean("mean")[1] == pytest.approx(ROWS.mean(), rel=1e-14)
    assert run.mean("variance")[1] == pytest.approx(ROWS.var(), rel=1e-14)
    assert run.variance("mean")[2] > 0
    assert same(run, rerun(run))


@pytest.mark.parametrize("mixing", [FreshSplit(0.0), FreshMixture(0.0)])
def test_a_walk_never_meets_a_row_twice(mixing: Any) -> None:
    """With α = 0 the fits of each replicate are means of disjoint rows that exhaust the file."""
    loop = FeedbackLoop(Gaussian(), mixing=mixing, n=4)
    run = simulate(loop, 3, replicates=30, rng=1, real=ROWS, observables=PAIR, keep=(1, 2, 3))
    np.testing.assert_allclose(run.values[0].mean(axis=0), ROWS.mean(), rtol=1e-13)
    assert (run.values[0].std(axis=1) > 0.01).all()


def test_rows_that_are_shared_out() -> None:
    """n_r fixed rows, then fresh ones for the first fit: together all rows of the file."""
    loop = FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=12, start=FirstFit())
    run = simulate(loop, 2, replicates=30, rng=1, real=ROWS, observables=PAIR, keep=(1, 2))
    np.testing.assert_allclose(run.raw("mean", 1), ROWS.mean(), rtol=1e-13)
    held = FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=24, start=Memory())
    run = simulate(held, 1, replicates=30, rng=1, real=ROWS, observables=PAIR)
    assert run.mean("variance")[1] == pytest.approx(ROWS.var(), rel=1e-13)
    pool = FeedbackLoop(Gaussian(), mixing=Accumulate(), n=12)
    run = simulate(pool, 1, replicates=30, rng=1, real=ROWS, observables=PAIR)
    assert run.mean("mean")[1] == pytest.approx(ROWS.mean(), rel=1e-13)


SPLIT = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=8)


@pytest.mark.parametrize(
    ("loop", "real", "message"),
    [
        (SPLIT, ROWS, "real has 12 rows, which is enough for 3 generations"),
        (FeedbackLoop(Gaussian(), mixing=FreshMixture(0.5), n=8), ROWS, "real has 12 rows, which "
         "lasted for"),
        (FeedbackLoop(Gaussian(), mixing=FixedPool(0.5, 9), n=8), ROWS, "rows as the pool, 9"),
        (FeedbackLoop(Gaussian(), mixing=Replace(), n=8), ROWS, "real is never sampled"),
        (FeedbackLoop(Gaussian(), mixing=FixedReal(0.5), n=40), ROWS, "enough for 0 generations"),
        (SPLIT, ROWS.reshape(3, 4), r"real must be numbers in one row, got the shape \(3, 4\)"),
        (SPLIT, [], "real must be numbers in one row, got the shape"),
        (SPLIT, [1.0, np.nan], "real must be finite, got nan"),
        (SPLIT, ["a"], "real must be numbers in one row, got list"),
    ],
)  # fmt: skip
def test_data_that_will_not_do(loop: Any, real: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(loop, 50, replicates=20, rng=1, real=real)


# -- what is recorded and what is refused -----------------------------------------------------


def test_what_forces_a_literal_run_is_said() -> None:
    pool = FeedbackLoop(Gaussian(), mixing=FixedPool(0.5, 4), n=4)
    assert simulate(pool, 1, replicates=2).literal_reason == "FixedPool uses single points again"
    assert simulate(SPLIT, 1, replicates=2, literal=True).literal_reason == "asked for"
    run = simulate(SPLIT, 1, replicates=1)
    assert not run.literal
    assert run.literal_reason == ""
    assert np.isnan(run.standard_error("mean")).all()


def test_the_default_observables_are_watched() -> None:
    run = simulate(SPLIT, 2, replicates=50, rng=1, quantiles_at=(2,))
    assert {"mean", "variance"} < set(run.quantities)
    assert run.medians
    for median in run.medians:
        assert np.isfinite(run.quantile(median)[0]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generations": 0}, "generations must be a whole number at least 1, got 0"),
        ({"generations": True}, "generations must be a whole number"),
        ({"generations": 2.5}, "generations must be a whole number at least 1, got 2.5"),
        ({"replicates": 0}, "replicates must be a whole number at least 1, got 0"),
        ({"rng": "x"}, "rng must be None, a whole number at least 0, a SeedSequence"),
        ({"rng": -1}, "rng must be None, a whole number at least 0"),
        ({"rng": True}, "rng must be None"),
        ({"executor": 2}, "executor must be None or have .submit, got 2"),
        ({"literal": "yes"}, "literal must be True or False, got 'yes'"),
        ({"observables": 3}, "observables must be a sequence, got 3"),
        ({"observables": ()}, "observables must hold at least one"),
        ({"observables": (3,)}, "observables must have .label and .measure, got 3"),
        ({"observables": (Mean(), Mean())}, "different labels, got 'mean' twice"),
        ({"quantiles": (1.0,)}, "quantiles must be probabilities between 0 and 1, got 1.0"),
        ({"quantiles": (None,)}, "quantiles must be probabilities"),
        ({"quantiles_at": (4,)}, "quantiles_at must be a whole number at least 0 and at most 3"),
        ({"keep": 2}, "keep must be a sequence, got 2"),
        ({"keep": (-1,)}, "keep must be a whole number at least 0 and at most 3, got -1"),
        ({"monitors": (2,)}, "monitors must have .labels and .measure, got 2"),
        ({"loop": 2}, "loop must be a FeedbackLoop, got 2"),
        ({"loop": FeedbackLoop(Gaussian(), mixing=Replace(), n=(5, 6))}, "n is a schedule of 2"),
        ({"loop": FeedbackLoop(Gaussian(), mixing=FreshMixture((0.5,)), n=5)}, "alpha is a sch"),
    ],
)  # fmt: skip
def test_arguments_that_will_not_do(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate(**{"loop": SPLIT, "generations": 3, "replicates": 5, **arguments})


def test_symbols_cannot_be_simulated() -> None:
    from hallofillusions.symbols import lookup

    loop = FeedbackLoop(Gaussian(), mixing=FreshMixture(lookup("alpha")), n=4)
    with pytest.raises(InputError, match="the loop must hold numbers here, got the symbols alpha"):
        simulate(loop, 2)
