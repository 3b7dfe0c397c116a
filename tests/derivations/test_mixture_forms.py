"""The laws of mixtures: wrong forms lose their proofs, and no Gaussian's law answers for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    GaussianMixture,
    Memory,
    Replace,
    Truth,
    predict,
    simulate,
    theorems,
)
from hallofillusions.derivations import known_labels, total_moments
from hallofillusions.derivations._mixture_loops import NEAR, TRIANGLE
from hallofillusions.derivations._survival import expected, exposure, present, share_of
from hallofillusions.derivations.wright_fisher import drift
from hallofillusions.estimators.em import EM
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.observables import (
    Along,
    ComponentsAlive,
    ComponentWeight,
    Eigenvalue,
    KLDivergence,
    LogDeterminant,
    Median,
    SquaredError,
    SquaredVariance,
    TailMass,
    Trace,
    Variance,
)
from hallofillusions.observables.base import (
    InverseError,
    InverseTrace,
    LogVarianceRatio,
    Tail,
    VarianceQuantile,
    monomial,
)
from hallofillusions.symbols import alpha, n
from tests.planted import loses_its_proof
from tests.statistics import critical, seed

MUTANTS: tuple[tuple[Any, str, Any], ...] = (
    (total_moments, "kept", lambda f: f * (1 + 1 / n)),
    (total_moments, "wandered", lambda f: f + 1 / n),
    (total_moments, "weight", lambda f: f.subs(n, n - 1)),
    (total_moments, "middle", lambda f: f[::-1]),
    (total_moments, "middle", lambda f: tuple(2 * x for x in f)),
    (known_labels, "shared", lambda f: f + 1 / n),
    (known_labels, "shares", lambda f: tuple(x.subs(n, n - 1) for x in f)),
    (known_labels, "clock", lambda f: f.subs(n, 2 * n)),
    (known_labels, "clock", lambda f: f.subs(alpha, 1)),
)
MIXINGS = (
    Replace(), FreshSplit(0.5), FreshMixture(0.75), FixedReal(0.5), FixedPool(0.5, 9),
    Accumulate(), AccumulateSubsample(),
)  # fmt: skip
FITS = (EM(), KnownLabels())
LOOPS = tuple(
    FeedbackLoop(family, mixing=Replace(), n=20, estimator=fit)
    for family in (NEAR, TRIANGLE) for fit in FITS
)  # fmt: skip


@pytest.mark.parametrize(("home", "form", "wrong"), MUTANTS)
def test_a_wrong_form_loses_its_proof(
    home: Any, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses_its_proof(home, form, wrong, monkeypatch)


# -- which law answers -------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", MIXINGS, ids=repr)
@pytest.mark.parametrize("start", [Truth(), FirstFit(), Memory()], ids=repr)
def test_total_moments_are_predicted_by_the_recursion(mixing: Any, start: Any) -> None:
    """Which is that of the drift coefficient."""
    if isinstance(start, Memory) and not mixing.anchored:
        return
    loop = FeedbackLoop(TRIANGLE, mixing=mixing, n=20, start=start)
    u, when = np.array([1, -1]), np.arange(1, 8)
    watched = (Along(u, Variance()), Along(u, SquaredError()), Trace(), SquaredError())
    prediction, v = predict(loop, 7, watched), drift(loop, when)
    size = (u @ TRIANGLE.covariance @ u, np.trace(TRIANGLE.covariance))
    for observable, law in zip(watched, (size[0] * (1 - v), size[0] * v, size[1] * (1 - v),
                                         size[1] * v), strict=True):  # fmt: skip
        assert prediction.entry(observable.label).source == "recursion"
        assert np.allclose(prediction[observable.label][when], law, rtol=1e-10)


@pytest.mark.parametrize("loop", LOOPS, ids=lambda p: f"{p.family.dimension}-{p.estimator}")
def test_no_law_of_a_gaussian_answers(loop: FeedbackLoop) -> None:
    d = loop.family.dimension
    functionals = (LogVarianceRatio(), InverseTrace(), InverseError(), Tail(2.0, "model"),
                   Tail(2.0, "real"), VarianceQuantile(0.5), monomial(v=0.5), monomial(v=2),
                   monomial(delta=2, v=-1))  # fmt: skip
    for theorem in theorems().values():
        assert not any(theorem.provides(loop, f) for f in functionals), theorem.name
    one = (TailMass(2), TailMass(2, "real"), SquaredVariance(), Median(Variance()))
    several = (Along((1, 1), TailMass(2)), Along((1, 1), SquaredVariance()), Eigenvalue(1))
    watched = (LogDeterminant(), Median(Trace()), *(one if d == 1 else several))
    for observable in watched:
        entry = predict(loop, 2, [observable], numerical=True).entry(observable.label)
        assert entry.compute is None, (observable, entry.source)
        assert entry.source.startswith("no theorem known")
    source = predict(loop, 2, [KLDivergence()]).entry(KLDivergence.label).source
    assert not source.startswith("gaussian")


@pytest.mark.parametrize("mixing", MIXINGS, ids=repr)
def test_theorems_on_other_families_refuse_mixtures(mixing: Any) -> None:
    for family, fit in zip((NEAR, TRIANGLE), FITS, strict=True):
        loop = FeedbackLoop(family, mixing=mixing, n=20, estimator=fit)
        speak = {name for name, theorem in theorems().items() if theorem.applies(loop) is None}
        assert "total_moments" in speak
        assert ("known_labels" in speak) == isinstance(fit, KnownLabels)
        assert not {name for name in speak if name.startswith(("gaussian", "drift", "wishart"))}


def test_what_the_theorem_on_total_moments_refuses() -> None:
    loop = FeedbackLoop(TRIANGLE, mixing=Replace(), n=20)
    applies = total_moments.theorem.applies
    reason = "covariances must be full and reg_covar 0, or S is not that of the points"
    assert applies(loop) is None
    assert applies(replace(loop, estimator=EM(max_iter=1))) is None
    assert applies(replace(loop, estimator=EM(reg_covar=0.1))) == reason
    assert applies(replace(loop, family=replace(TRIANGLE, covariance_type="diag"))) == reason
    assert applies(replace(loop, n=(20, 30))) == "α and n must be constant"
    assert "EM" in str(known_labels.theorem.applies(loop))


# -- what other forms keep -----------------------------------------------------------------------


def fitted(form: str, **options: Any) -> tuple[Any, Any]:
    """The covariance of some points, and the total one of what EM makes of them."""
    family = replace(TRIANGLE, covariance_type=form)
    points = family.draw(family.as_model(), (1, 40), np.random.default_rng(1))
    statistics = family.summarise(points)
    model = EM(**options).refit(family, statistics, family.as_model(), None)
    return np.cov(statistics.values[0].T, ddof=0), family.variance_of(model)[0]


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_what_an_m_step_keeps(steps: int) -> None:
    """All of S, its diagonal or its trace, to rounding; reg_covar is added."""
    points, total = fitted("full", max_iter=steps, tol=0)
    assert np.allclose(total, points, rtol=1e-12)
    points, total = fitted("full", max_iter=steps, tol=0, reg_covar=0.25)
    assert np.allclose(total, points + 0.25 * np.eye(2), rtol=1e-12)
    points, total = fitted("diag", max_iter=steps, tol=0)
    assert np.allclose(np.diag(total), np.diag(points), rtol=1e-12)
    assert abs(total - points)[0, 1] > 1e-3
    points, total = fitted("spherical", max_iter=steps, tol=0)
    assert np.isclose(np.trace(total), np.trace(points), rtol=1e-12)
    assert abs(np.diag(total - points)).min() > 1e-3


@pytest.mark.parametrize("form", ["diag", "spherical"])
def test_what_is_kept_drifts_by_the_same_law(form: str) -> None:
    """No other entry of S enters the recursion of its diagonal, nor that of its trace."""
    loop = FeedbackLoop(replace(TRIANGLE, covariance_type=form), mixing=FreshSplit(0.5), n=20,
                        estimator=EM(max_iter=2))  # fmt: skip
    when = [1, 2, 4]
    run = simulate(loop, 4, replicates=8_000, rng=seed("kept", form), progress=False,
                   observables=[Trace(), SquaredError()])  # fmt: skip
    v, size = drift(loop, when), np.trace(TRIANGLE.covariance)
    bar = critical(2 * 2 * len(when))
    for observable, law in ((Trace(), size * (1 - v)), (SquaredError(), size * v)):
        mean, error = (f(observable)[when] for f in (run.mean, run.standard_error))
        assert (abs(mean - law) < bar * error).all()
        assert (abs(mean - size * (observable == Trace())) > 2 * bar * error).all()  # infinite n


# -- known labels --------------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", MIXINGS[:3], ids=repr)
def test_weights_and_survivors_are_those_of_the_labels(mixing: Any) -> None:
    loop, when = FeedbackLoop(TRIANGLE, mixing=mixing, n=8, estimator=KnownLabels()), [1, 3, 6]
    found = predict(loop, 6, [ComponentsAlive(), ComponentWeight(2)], numerical=True)
    assert found.entry(ComponentWeight(2).label).source == "recursion"
    assert np.allclose(found[ComponentWeight(2).label], 0.3, rtol=1e-12)
    entry = found.entry(ComponentWeight(2).label)
    assert np.allclose(entry.variance[when], drift(loop, when) * 0.3 * 0.7, rtol=1e-9)
    alive = found[ComponentsAlive.label][when]
    assert np.allclose(alive, expected(loop.labels, present, when), rtol=1e-9)
    with_em = predict(replace(loop, estimator=EM(), n=20), 6, [ComponentsAlive()], numerical=True)
    assert with_em.entry(ComponentsAlive.label).compute is None


@pytest.mark.parametrize("mixing", MIXINGS[:3], ids=repr)
def test_the_clock_is_an_upper_bound_and_right_to_one_over_n(mixing: Any) -> None:
    """A component of weight 2/n among two, lost by g = 3: the relative error falls like 1/n."""
    gaps = []
    for size in (40, 160):
        family = GaussianMixture((2 / size, 1 - 2 / size), (0, 5), 1)
        loop = FeedbackLoop(family, mixing=mixing, n=size, estimator=KnownLabels())
        lost = 2 - expected(loop.labels, present, [3])[0]  # the other is never lost, nearly
        gaps.append(np.exp(-2 * exposure(share_of(loop), 3)) / lost - 1)
    assert min(gaps) > 0
    assert np.log(gaps[0] / gaps[1]) / np.log(4) > 0.85
