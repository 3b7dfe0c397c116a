"""The checks that the project's own assumptions pass, for anybody's mixing, bias or estimator.

>>> from hallofillusions import FreshSplit
>>> from hallofillusions.testing import check_component
>>> report = check_component(FreshSplit(alpha=0.5), replicates=20_000, wanted=0.05)
>>> print(report)
FreshSplit(alpha=0.5)
  ✓ frozen, ==, hash, repr and to_dict
  ...

In a test suite one line is enough: each failure is an `AssertionError` with a readable report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..biases.base import SamplingBias
from ..biases.scale_covariance import ScaleCovariance
from ..comparison import AGREES, DISAGREES, PARTLY, Comparison, compare
from ..component import Component
from ..estimators.add_k import AddK
from ..estimators.base import Estimator
from ..estimators.bessel import Bessel
from ..estimators.known_labels import KnownLabels
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.base import Family
from ..families.categorical import Categorical
from ..families.gaussian import Gaussian
from ..families.gaussian_mixture import GaussianMixture
from ..families.inverse_gaussian import InverseGaussian
from ..loop import FeedbackLoop
from ..mixing.base import Mixing
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables.along import Along
from ..observables.base import Observable
from ..observables.chi_square import ChiSquare
from ..observables.heterozygosity import Heterozygosity
from ..observables.inverse_mean import InverseMean
from ..observables.mean import Mean
from ..observables.probability import Probability
from ..observables.squared_error import SquaredError
from ..observables.squared_variance import SquaredVariance
from ..observables.trace import Trace
from ..observables.variance import Variance
from ..prediction import Prediction
from ..recursion import NotClosed, Recursion
from ..rivals import rival_loops
from ..simulation import simulate
from ..starts import FirstFit
from ..steps import StepResiduals
from ..symbols import InputError
from ..theory import derive, predict
from ..trajectory import Trajectory
from .manners import CheckError, MannersError, check_manners

__all__ = (
    "check_component", "check_loop", "check_claim", "check_manners", "suggested_loops", "Report",
    "CheckError", "FacesError", "MannersError", "NotPolynomialError", "RivalError", "WeakError",
)  # fmt: skip

WORLDS: tuple[tuple[Family, Family], ...] = (
    (Gaussian(1, 2), Gaussian(2.5, 1.5)),
    (Gaussian((1, 0), ((2, 0.5), (0.5, 1))), Gaussian((2.5, 0), 1.5)),
    (InverseGaussian(2, 5), InverseGaussian(3, 5)),
    (Categorical((0.5, 0.3, 0.2)), Categorical((0.2, 0.2, 0.6))),
    (GaussianMixture(), GaussianMixture((0.3, 0.7), ((-2, 1), (2, 0)), 1.5)),
)
"""Real laws, each with another as a start; an observable is checked on the first that suits it."""
NUMBERS = (Mean(), Variance(), SquaredError(), SquaredVariance())
SHARES = (Probability(1), Heterozygosity(), ChiSquare())
COIN = Categorical((0.6, 0.4))
"""Two types, whose every law is known by the transition matrix of one of them."""
PAIR = GaussianMixture((0.6, 0.4), (-1.5, 1.5), 1)
"""Two components, whose total moments are known whatever fits them."""
POWER = 0.999
"""Chance of catching a discrepancy that counts as detectable."""


class FacesError(CheckError):
    """What is simulated from the definition is not what the claim says."""


class WeakError(CheckError):
    """The check could not have seen what it should see."""


class RivalError(CheckError):
    """A wrong theory passed although the power says that it must fail."""


class NotPolynomialError(CheckError):
    """The engine cannot compose the claim into a finite recursion of moments."""


@dataclass(frozen=True)
class Report:
    """What was checked and held, one line for each check, and the rivals that fell."""

    subject: str
    passed: tuple[str, ...]
    rejected: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.subject, *(f"  ✓ {line}" for line in self.passed)])


def check_component(
    component: Component, *, loops: Sequence[FeedbackLoop] | None = None, **options: Any
) -> Report:
    """Check one assumption: its manners, and its two faces in loops that use it.

    ========= =========================================================================
    component a family, bias, mixing, estimator or observable with numbers in its fields
    loops     sentences that use it; None: two that the kind of assumption suggests
    options   those of `check_loop`: generations, replicates, rng, level, wanted, rivals
    ========= =========================================================================

    Raises `MannersError`, `NotPolynomialError`, `WeakError`, `FacesError` or `RivalError`, all of
    them `AssertionError` s, and `InputError` for what is not an assumption.

    >>> from hallofillusions import Bessel
    >>> check_component(Bessel(), replicates=20_000, wanted=0.05).subject
    'Bessel()'
    """
    check_manners(component)
    passed = ["frozen, ==, hash, repr and to_dict"]
    rejected: list[str] = []
    if isinstance(component, Observable):
        options = {"observables": (component,), "wanted": 0.05, **options}
    for loop in loops or suggested_loops(component):
        if _without_a_law(component, loop):
            passed.append(f"no law known, so nothing to test in: {loop}")
            continue
        report = _check(loop, **options)
        passed += report.passed
        rejected += report.rejected
    return _told_apart(Report(repr(component), tuple(passed), tuple(rejected)))


def _without_a_law(component: Component, loop: FeedbackLoop) -> bool:
    """Whether there is no finite law that simulation can be held against."""
    if loop.family.sequential or not loop.estimator.closes_on(loop.family):
        return True
    if not isinstance(component, Observable):
        return False
    prediction = predict(loop, 1, (component,), numerical=loop.family.types)
    return not any(np.isfinite(prediction[label]).all() for label in prediction.known)


def _told_apart(report: Report) -> Report:
    """Refuse a check that no rival failed: it shows nothing."""
    if not report.rejected and any("agrees" in line for line in report.passed):
        raise WeakError(f"no rival could be told apart; take more replicates\n{report}")
    return report


def check_loop(loop: FeedbackLoop, **options: Any) -> Report:
    """Check that what a sentence defines is what its parts claim.

    =========== =======================================================================
    generations fits in each run
    replicates  runs, drawn point by point and (where offered) from sufficient statistics
    rng         seed; fixed by default, so that the check gives one answer
    level       chance of a false alarm of each comparison (Holm over all its cells)
    wanted      relative discrepancy that must be detectable; asserted before agreement
    rivals      name -> wrong loop that must be rejected; None: `rivals.rival_loops`, of
                which those that the power cannot tell apart are left out
    observables what is compared; each must have a known law (None: moments up to order 4)
    =========== =======================================================================

    Both the marginal law at every g and every single step are tested.
    """
    return _told_apart(_check(loop, **options))


def _check(
    loop: FeedbackLoop,
    *,
    generations: int = 4,
    replicates: int = 200_000,
    rng: Any = 0,
    level: float = 1e-4,
    wanted: float = 0.03,
    rivals: Mapping[str, FeedbackLoop] | None = None,
    observables: Sequence[Any] | None = None,
) -> Report:
    observables = moments_of(loop.family) if observables is None else observables
    for part in loop.parts.values():
        check_manners(part)
    passed = [f"{loop}: {_claimed(loop)}"]
    # what no recursion holds of types, the transition matrix of one of them does
    prediction = predict(loop, generations, observables, numerical=loop.family.types)
    best: Comparison | None = None
    for literal in (True, False) if offers_statistics(loop) else (True,):
        trajectory = _simulated(prediction, observables, replicates, rng, literal)
        comparison = compare(prediction, trajectory, level=level, power=POWER, wanted=wanted)
        how = "point by point" if literal else "by sufficient statistics"
        passed.append(_verdict(comparison, how))
        best = best or comparison
    assert best is not None
    fallen, close = _attack(best, observables, rivals)
    passed += [f"rivals rejected: {', '.join(fallen)}"] if fallen else []
    passed += [f"rivals too close to tell apart: {', '.join(close)}"] if close else []
    return Report(str(loop), tuple(passed), tuple(fallen))


def _claimed(loop: FeedbackLoop) -> str:
    """What the claim was found to be."""
    if loop.family.closes_under(loop.bias):
        recursion = check_claim(loop) if loop.family.closes else check_open(loop)
        return f"the claim is a recursion of {len(recursion.basis)} moments"
    loop.require_numbers()
    try:
        derive(loop, 1)
    except NotClosed:
        return f"the claim is no recursion, as {loop.bias!r} says"
    raise NotPolynomialError(f"{loop}: the bias says that it does not close, but order 1 closes")


def moments_of(family: Any) -> tuple[Any, ...]:
    """Observables that are moments of the model up to order 4; in d dimensions along one axis."""
    if family.types:
        return SHARES if family.law is not None else ()
    numbers = NUMBERS if family.highest >= 4 else NUMBERS[:3]
    if family.dimension == 1:
        return numbers if family.closes else (*numbers, InverseMean())
    axis = tuple(int(i == 0) for i in range(family.dimension))
    return (SquaredError(), Trace(), *(Along(axis, o) for o in numbers))


def suggested_loops(component: Component) -> list[FeedbackLoop]:
    """Sentences in which an assumption is easily told from its rivals: n small and biased."""
    world, narrow = Gaussian(1, 2), ScaleCovariance(0.9)
    if isinstance(component, Mixing):
        return [
            _smallest(mixing=component, family=world),
            _smallest(mixing=component, family=world, bias=narrow, estimator=Bessel()),
        ]
    if isinstance(component, SamplingBias):
        fit: Any = _suited(world, component)
        return [
            FeedbackLoop(fit, bias=component, mixing=Replace(), n=6),
            FeedbackLoop(fit, bias=component, mixing=FreshSplit(0.75), n=8, start=FirstFit()),
        ]
    if isinstance(component, Estimator):
        kinds: list[Any] = [Replace(), FreshMixture(0.5)]
        fit = _suited(world, component)
        return [_smallest(mixing=m, family=fit, estimator=component) for m in kinds]
    if isinstance(component, Family) and component.sequential:
        return [FeedbackLoop(component, mixing=Replace(), n=8)]
    if isinstance(component, Family):
        chain: Mixing = FreshMixture(0.5) if component.closes else Replace()
        return [_smallest(family=component, mixing=chain, least=8)]
    if isinstance(component, Observable):
        suits = getattr(component, "of", component).suits
        real, far = next((pair for pair in WORLDS if suits(pair[0])), WORLDS[0])
        plain: Any = KnownLabels() if real.latent else MaximumLikelihood()
        smooth: Any = AddK(0.5) if real.types else plain
        return [
            FeedbackLoop(real, mixing=Replace(), estimator=plain, n=20),
            FeedbackLoop(real, mixing=FreshMixture(0.5), estimator=smooth, n=20, start=far),
        ]
    raise InputError(
        f"component must be a family, bias, mixing, estimator or observable, got {component!r}"
    )


def _suited(world: Family, component: Any) -> Family:
    """The world, or two types or two components where the assumption acts on such alone."""
    role = "bias" if isinstance(component, SamplingBias) else "estimator"
    for family in (world, COIN, PAIR):
        with suppress(InputError):
            FeedbackLoop(family, mixing=Replace(), n=100, **{role: component})
            return family
    return world  # whose refusal is told


def _smallest(*, least: int = 6, **parts: Any) -> FeedbackLoop:
    """The loop with the smallest n of at least ``least`` that its parts allow."""
    for n in range(least, 101):
        try:
            return FeedbackLoop(n=n, **parts)
        except InputError as error:
            refused = error
    raise InputError(f"no n from {least} to 100 fits these parts, so give loops: {refused}")


# -- the claim ------------------------------------------------------------------------------------


def check_claim(loop: FeedbackLoop) -> Recursion:
    """The recursion of order 2 that the claims compose to; its symbols and numbers agree.

    Raises `NotPolynomialError`, in words, where there is none.
    """
    loop.require_numbers()
    try:
        recursion = derive(loop, 2)
        if loop.family.highest >= 4:
            derive(loop, 4)
    except NotClosed as error:
        raise NotPolynomialError(f"{loop}: {error}") from error
    except InputError:
        raise
    except Exception as error:
        raise NotPolynomialError(
            f"{loop}: a claim is not a polynomial in what it was handed "
            f"({type(error).__name__}: {error})"
        ) from error
    _check_symbols(recursion)
    return recursion


def check_open(loop: FeedbackLoop) -> Recursion:
    """The recursion of the mean alone, of a family that says that no second moment closes."""
    loop.require_numbers()
    try:
        derive(loop, 2)
    except NotClosed:
        recursion = derive(loop, 1)
        _check_symbols(recursion)
        return recursion
    raise NotPolynomialError(f"{loop}: the family says closes = False, but order 2 closes")


def _check_symbols(recursion: Recursion) -> None:
    """The coefficients in symbols, with the numbers put in, are the coefficients in numbers."""
    loop = recursion.loop
    if isinstance(loop.n, tuple) or isinstance(getattr(loop.mixing, "alpha", None), tuple):
        return
    g = loop.symbolic_clock().g
    try:
        symbolic = recursion.matrix(symbolic=False).subs(g, 2)
        found = np.array(symbolic.tolist(), dtype=float)
        recursion.matrix(symbolic=True)
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise NotPolynomialError(
            f"{loop}: its atoms must take symbols as they take numbers "
            f"({type(error).__name__}: {error})"
        ) from error
    expected = recursion.coefficients(2)[0][-1]
    if not np.allclose(found, expected, rtol=1e-9, atol=1e-12):
        raise NotPolynomialError(
            f"{loop}: its coefficients in symbols are not those in numbers: {found} and {expected}"
        )


# -- both faces -----------------------------------------------------------------------------------


def offers_statistics(loop: FeedbackLoop) -> bool:
    """Whether the loop can be simulated from sufficient statistics."""
    parts = (loop.mixing.literal_only, loop.estimator.literal, loop.family.literal_under(loop.bias))
    return hasattr(loop.family, "draw_statistics") and not any(parts)


def _simulated(
    prediction: Prediction, observables: Sequence[Any], replicates: int, rng: Any, literal: bool
) -> Trajectory:
    """A run that watches the observables and every step."""
    loop, last = prediction.loop, prediction.generations
    return simulate(
        loop, last, replicates=replicates, rng=rng, literal=literal, observables=observables,
        quantiles_at=range(1, last + 1), progress=False,
        monitors=[StepResiduals.of(loop, last)] if loop.closes else [],
    )  # fmt: skip


def _verdict(comparison: Comparison, how: str) -> str:
    """One line if the faces agree; power is asserted before agreement."""
    known = [q for q in comparison.quantities if q in comparison.prediction.known]
    seen = {q: comparison.detectable(q) for q in known}
    sharpest = min(seen, key=lambda q: seen[q])
    if comparison.rejected:
        worst = comparison.rejected[0]
        raise FacesError(
            f"simulated {how}, {worst.quantity} at g = {worst.generation} is {worst.measured:.6g} "
            f"± {worst.standard_error:.2g}, but the claim says {worst.predicted:.6g} "
            f"(z = {worst.z:.1f})\n{comparison}"
        )
    if comparison.verdict not in (AGREES, PARTLY):
        raise WeakError(
            f"a discrepancy of {comparison.wanted:.1%} must be detectable, but the sharpest "
            f"quantity, {sharpest}, shows {seen[sharpest]:.1%} at best; take more replicates\n"
            f"{comparison}"
        )
    z = max(abs(c.z) for c in comparison.cells if c.tested)
    return (
        f"simulated {how}: agrees in {sum(c.tested for c in comparison.cells)} cells, largest "
        f"|z| {z:.1f}; {seen[sharpest]:.1%} in the {sharpest} would have been seen"
    )


def _attack(
    comparison: Comparison, observables: Sequence[Any], rivals: Mapping[str, FeedbackLoop] | None
) -> tuple[list[str], list[str]]:
    """(rejected, too close): every rival that the power can tell apart must be rejected."""
    fallen: list[str] = []
    close: list[str] = []
    loops = rival_loops(comparison.prediction.loop) if rivals is None else rivals
    for name, rival in loops.items():
        last, numerical = comparison.prediction.generations, rival.family.types
        wrong = predict(rival, last, observables, numerical=numerical)
        if not set(wrong.known) & set(comparison.prediction.known):
            continue  # no theory of it
        if _distance(comparison, wrong) < 1:
            close.append(name)
            continue
        attack = compare(wrong, comparison.trajectory, level=comparison.level)
        if attack.verdict != DISAGREES:
            raise RivalError(f"the rival {name!r} must be rejected, but it {attack}")
        fallen.append(name)
    if rivals is not None and close:
        raise WeakError(
            f"the rivals {', '.join(close)} cannot be told apart with "
            f"{comparison.trajectory.replicates} replicates of {comparison.prediction.loop}"
        )
    return fallen, close


def _distance(comparison: Comparison, wrong: Prediction) -> float:
    """The largest difference between two theories in units of what is detectable."""
    gaps = [
        abs(wrong[c.quantity][c.generation] - c.predicted) / c.detectable
        for c in comparison.cells
        if c.tested and c.detectable > 0 and c.quantity in wrong.known
    ]
    return max((g for g in gaps if np.isfinite(g)), default=0.0)
