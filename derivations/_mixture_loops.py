"""The mixtures that are attacked, and the numbers of laws and rivals for their loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._survival import expected, kept, losses, present, share_of
from hallofillusions.derivations.wright_fisher import drift
from hallofillusions.estimators.em import EM
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.along import Along
from hallofillusions.observables.component_weight import ComponentWeight
from hallofillusions.observables.components_alive import ComponentsAlive
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, evaluate
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.theory import derive

NEAR = GaussianMixture((0.4, 0.6), (-1.2, 0.8), (0.6, 0.9))
"""Two components that overlap."""
APART = GaussianMixture((0.45, 0.55), (-1.5, 1.5), (0.3, 0.4))
"""Two that do not."""
UNEVEN = GaussianMixture((0.2, 0.8), (-3, 1), (0.5, 1))
"""Two of which few points often lose one."""
TRIANGLE = GaussianMixture((0.2, 0.3, 0.5), ((-2, 0), (0, 2), (2, -1)), (0.5, 0.7, 0.4))
SIX = GaussianMixture((0.05, 0.1, 0.15, 0.2, 0.2, 0.3), range(6), 0.3)

HALF, MOST = Fraction(1, 2), Fraction(3, 4)
MIXED = FreshMixture(HALF)


# -- total moments ---------------------------------------------------------------------------------


def moment_loops() -> Iterator[tuple[FeedbackLoop, Any, tuple[int, ...], Any, int]]:
    """A loop, what shows its total covariance, at which g, another mixing, and how many runs."""
    flat, full, once = Along((1, -1), Variance()), EM(1e-4), EM(max_iter=1)
    for family, estimator, mixing, size, start, when, seen, other, runs in (
        (NEAR, full, Replace(), 14, Truth(), (1, 3), Variance(), MIXED, 8_000),
        (UNEVEN, EM(1e-3), Replace(), 12, FirstFit(), (1, 2, 4), Variance(), MIXED, 24_000),
        (TRIANGLE, once, FreshSplit(MOST), 24, Truth(), (1, 2, 3), flat, Replace(), 24_000),
        (TRIANGLE, KnownLabels(), MIXED, 12, Truth(), (1, 2), Trace(), Replace(), 24_000),
        (APART, EM(), FixedReal(HALF), 12, Memory(), (1, 2), Variance(), FreshSplit(HALF), 24_000),
        (TRIANGLE, KnownLabels(), FixedPool(HALF, 8), 6, FirstFit(), (1, 2), Trace(),
         FreshSplit(HALF), 24_000),
        (NEAR, once, AccumulateSubsample(), 14, Truth(), (1, 2, 4), Variance(), Replace(), 24_000),
    ):  # fmt: skip
        loop = FeedbackLoop(family, mixing=mixing, n=size, estimator=estimator, start=start)
        yield loop, seen, when, other, runs


def attack_moments(
    loop: FeedbackLoop, observable: Any, closed: Any, when: tuple[int, ...], other: Any, runs: int
) -> Confrontation:
    """A form in v_g, times what Σ is in the observable's eyes; rivals are other v_g's."""
    family: Any = loop.family
    error = isinstance(observable, SquaredError)
    scale = (Trace() if error else observable).measure(family, family.as_model())
    labels = loop.labels
    rivals = {
        "index off by one": drift(loop, [t + 1 for t in when]),
        "each component drifts by its n/K points": drift(
            replace(labels, n=loop.n // family.K), when),
        "another mixing": drift(replace(labels, mixing=other, start=Truth()), when),
    }  # fmt: skip
    right, *wrong = (float(scale) * evaluate(closed, loop, when, **{"v_{g}": v_g})
                     for v_g in (drift(loop, when), *rivals.values()))  # fmt: skip
    found = dict(zip(rivals, wrong, strict=True))
    if isinstance(loop.estimator, EM) and not error and loop.mixing.remembers == "nothing":
        found["reg_covar = 0.05"] = regularised(loop, observable, when, 0.05)
    return Confrontation(loop, observable, when, right, found, runs)


def regularised(loop: FeedbackLoop, observable: Any, when: tuple[int, ...], eps: float) -> Any:
    """The variance along a direction if every fit added ε 1 to the total covariance."""
    line, _ = observable.reduced(loop)
    size = sum(x**2 for x in getattr(observable, "direction", (1.0,)))
    recursion = derive(line)
    (C,), (c,) = recursion.coefficients(1)
    x, place = [recursion.starting()[0]], recursion.index(v=1)
    for _ in range(max(when)):
        x.append(C @ x[-1] + c + eps * size * (np.arange(len(c)) == place))
    return np.array(x)[list(when), place]


# -- weights ---------------------------------------------------------------------------------------


def label_loops() -> Iterator[tuple[FeedbackLoop, tuple[int, ...], Any]]:
    """A loop with known labels, at which g it is watched, and another mixing.

    Biases and the form of the covariances are the components' own.
    """
    round_ = replace(TRIANGLE, covariance_type="spherical")
    for family, mixing, size, start, when, other, bias in (
        (SIX, Replace(), 16, FirstFit(), (1, 2, 6), FreshMixture(MOST), Unbiased()),
        (round_, FreshSplit(HALF), 8, Truth(), (1, 2, 3), Replace(), ScaleCovariance(0.5)),
        (SIX, FreshMixture(MOST), 8, Truth(), (1, 2, 5), Replace(), Truncation(1.5)),
        (TRIANGLE, FixedReal(HALF), 8, Memory(), (1, 2, 4), FreshSplit(HALF), Unbiased()),
        (SIX, Accumulate(), 8, Truth(), (1, 2, 4), Replace(), Unbiased()),
    ):
        loop = FeedbackLoop(family, bias=bias, mixing=mixing, n=size, estimator=KnownLabels(),
                            start=start)  # fmt: skip
        yield loop, when, other


def fewer(loop: FeedbackLoop) -> FeedbackLoop:
    """The loop of half as many labels."""
    return replace(loop, n=loop.n // 2)


def attack_weight(
    loop: FeedbackLoop, closed: Any, when: tuple[int, ...], other: Any, k: int
) -> Confrontation:
    """E (w_k - w_k⁰)² of a component, whose rivals are other v_g's."""
    labels = loop.labels
    weight = float(labels.family.law[k - 1])
    rivals = {
        "": drift(loop, when), "index off by one": drift(loop, [t + 1 for t in when]),
        "another mixing": drift(replace(labels, mixing=other, start=Truth()), when),
        "half as many points": drift(fewer(labels), when),
    }  # fmt: skip
    found = {name: evaluate(closed, loop, when, **{"v_{g}": v_g, "p": weight})
             for name, v_g in rivals.items()}  # fmt: skip
    return Confrontation(
        loop, ComponentWeight(k), when, found.pop(""), found, replicates=24_000,
        path=lambda values: (values[list(when)] - weight) ** 2,
    )  # fmt: skip


def attack_survivors(loop: FeedbackLoop, when: tuple[int, ...], other: Any) -> Confrontation:
    """How many components are left, by the chain of one; rivals are other chains and clocks."""
    labels, share = loop.labels, share_of(loop)
    rivals = {
        "index off by one": expected(labels, present, [t + 1 for t in when]),
        "another mixing": expected(replace(labels, mixing=other), present, when),
        "half as many points": expected(fewer(labels), present, when),
        "a clock that no real point winds": np.array(
            [kept(labels, float(loop.n) * losses(1.0, t)[-1], present) for t in when]),
    }  # fmt: skip
    if share == 1:
        rivals.pop("a clock that no real point winds")
    right = expected(labels, present, when)
    return Confrontation(loop, ComponentsAlive(), when, right, rivals, replicates=24_000)
