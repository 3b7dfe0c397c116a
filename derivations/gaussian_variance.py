"""The expected variance of a Gaussian that trains on its own output.

Maximum likelihood divides by n and loses the share 1/n of the variance at every fit; Bessel's
divisor n - 1 loses nothing *on average*, although each single run collapses all the same
(`gaussian_log_variance`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._replace import (
    BOTH,
    DIVISORS,
    D,
    biased,
    confront,
    lam,
    named,
    nu,
    symbolic,
    under,
)
from hallofillusions.derivations._shared import predicted
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, sigma_0
from hallofillusions.theory import derive

lost = (D - nu) / D  # the share that one fit loses on average
variance = sigma_0**2 * (lam * (1 - lost)) ** g


def statement() -> list[Any]:
    return [
        equal(named(r"\hat\sigma_g^2", e), variance.subs({D: DIVISORS[e], lam: 1})) for e in BOTH
    ]


def proof() -> Iterator[Step]:
    for estimator in BOTH:
        closed = variance.subs(D, DIVISORS[estimator])
        for first, start in enumerate((Truth(), FirstFit())):  # the first fit of FirstFit has no λ
            recursion = derive(symbolic(estimator, start=start), monomials=[{"v": 1}])
            steps = induction(recursion, {"v": closed / lam**first}, start=first)
            yield from under(f"{estimator.__name__}, {start!r}", steps)


def confrontations() -> list[Confrontation]:
    def loop(n: int, **parts: Any) -> FeedbackLoop:
        return FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=n, **parts)

    fit, unbiased, cold = MaximumLikelihood(), Bessel(), ScaleCovariance(0.9)
    warmer = loop(10, estimator=fit, bias=ScaleCovariance(0.92))
    return [
        confront(loop(3, estimator=fit), Variance(), (1, 2), variance, 2),
        confront(loop(25, estimator=fit), Variance(), (1, 5, 10), variance, 2),
        # the average of Bessel's variance lies beyond g = n/4: rare runs carry it
        confront(loop(21, estimator=unbiased), Variance(), (1, 3, 5), variance,
                 index_off_by_one=None),
        confront(loop(10, estimator=fit, bias=cold), Variance(), (1, 2, 4), variance, 2,
                 λ_off_by_2_per_cent=predicted(warmer, Variance(), (1, 2, 4))),
    ]  # fmt: skip


theorem = Theorem(
    name="gaussian_variance",
    title="Expected variance under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "started at the truth; a sampler that scales the covariance by λ brings λ^g more",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=biased,
    confrontations=confrontations,
)
