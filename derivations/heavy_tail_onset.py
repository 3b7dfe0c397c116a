"""How many fresh points it takes to tame the fluctuations of the variance.

Fluctuations feed on each other (σ² multiplies its own noise) and fresh data damps them.  With k
fresh points per generation on average, Var σ² stays finite iff the weight-4 block C of the
recursion has spectral radius below 1, that is (C is not negative) iff the leading principal
minors of 1 - C are positive.  The last one to fail is the determinant: half a point is enough
under maximum likelihood, one and a half under Bessel.

The onset itself is proved, not simulated: no run shows an expectation that is infinite only in
the limit.  The confrontations test the moments of order four (E σ⁴) after a few generations, on
both sides of the onset; they come from the same matrix C whose spectral radius defines it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import BOTH, for_large_n, other_ddof
from hallofillusions.derivations._shared import only, predicted, symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.rational import factored
from hallofillusions.symbols import alpha, k, n
from hallofillusions.theory import derive

half, three = sp.Rational(1, 2), sp.Rational(3, 2)
onset = {  # the critical mean number of fresh points, to first order in 1/n
    (FreshMixture, MaximumLikelihood): half - sp.Rational(13, 24) / n,
    (FreshMixture, Bessel): three + sp.Rational(9, 56) / n,
    (FreshSplit, MaximumLikelihood): half - sp.Rational(7, 24) / n,
    (FreshSplit, Bessel): three - sp.Rational(9, 56) / n,
}
exact = {MaximumLikelihood: "0.494532", Bessel: "1.501557"}  # at n = 100, by chance
EVEN = ((4, 0), (2, 1), (0, 2))  # δ⁴, δ²σ², σ⁴: the monomials that feed σ⁴


@lru_cache(maxsize=8)
def block(mixing: type[Any], estimator: type[Any]) -> Any:
    """1 - C of weight 4, over 1/n, at α = 1 - k/n."""
    loop = symbolic_loop(mixing(alpha=alpha), estimator=estimator())
    recursion = derive(loop, monomials=[{"v": 2}])
    rows = [recursion.basis.index(p) for p in EVEN]
    C = recursion.matrix().extract(rows, rows).subs(alpha, 1 - k / n)
    return ((sp.eye(3) - C) * n).applyfunc(factored)


def minors(matrix: Any) -> list[Any]:
    return [factored(determinant(matrix[:i, :i])) for i in (1, 2, 3)]


def determinant(matrix: Any) -> Any:
    """The determinant, a quotient of polynomials."""
    exact = matrix.to_DM().to_field()
    return exact.domain.to_sympy(exact.det())


def statement() -> list[Any]:
    words = {FreshMixture: "chance", FreshSplit: "count", MaximumLikelihood: "MLE",
             Bessel: "Bessel"}  # fmt: skip
    order = sp.Order(n**-2, (n, sp.oo))
    return [
        equal(sp.Symbol(rf"k_*^{{\mathrm{{{words[mixing]}, {words[estimator]}}}}}"),
              sp.Add(value, order, evaluate=False))
        for (mixing, estimator), value in onset.items()
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    x = sp.Symbol("x", real=True)
    for (mixing, estimator), value in onset.items():
        words = f"{mixing.__name__}, {estimator.__name__}"
        matrix, edge = block(mixing, estimator), for_large_n(value)
        large = matrix.applyfunc(for_large_n)
        fed = all(bool((-e).is_nonnegative) for i, e in enumerate(large) if i % 4)
        yield Step(f"{words}: C is not negative off its diagonal", fed, True)
        tame = sp.Interval.open(0, sp.oo)
        for minor in minors(large.subs(k, x)):
            tame &= sp.solve_univariate_inequality(minor > 0, x, relational=False)
        yield Step(f"{words}: all minors of 1 - C are positive exactly above {edge}",
                   tame == sp.Interval.open(edge, sp.oo), True)  # fmt: skip
        rest = for_large_n(n * determinant(matrix.subs(k, value)))
        yield Step(f"{words}: the next order in 1/n", rest, 0)
    for estimator, digits in exact.items():
        hundred = determinant(block(FreshMixture, estimator).subs(n, 100))
        low, high = sp.Rational(digits), sp.Rational(digits) + sp.Rational(1, 10**6)
        change = hundred.subs(k, low) < 0, hundred.subs(k, high) > 0
        yield Step(f"{estimator.__name__}, n = 100: a root follows {digits}", all(change), True)


def confrontations() -> list[Confrontation]:
    """E σ⁴ on both sides of the onset, from the matrix whose spectrum is meant."""
    found = []
    for size, fresh, estimator, other, when in (
        (20, 1, Bessel(), 3, (1, 2, 4)),  # below the onset
        (20, 3, Bessel(), 1, (1, 2, 4)),  # above
        (5, 2, MaximumLikelihood(), 0, (1, 2)),  # above
    ):
        loop, rival = (
            FeedbackLoop(family=Gaussian(1, 2), mixing=FreshMixture(alpha=1 - sp.Rational(f, size)),
                         n=size, estimator=estimator) for f in (fresh, other)
        )  # fmt: skip
        watched = SquaredVariance()
        rivals = {
            "the other ddof": predicted(other_ddof(loop), watched, when),
            f"{other} fresh points on average, not {fresh}": predicted(rival, watched, when),
        }
        values = predicted(loop, watched, when)
        found.append(Confrontation(loop, watched, when, values, rivals, 200_000))
    return found


theorem = Theorem(
    name="heavy_tail_onset",
    title="Fresh points needed for a finite variance of the variance",
    kind=Exact(),
    assumptions=(
        "k fresh real points per generation on average, by chance (binomial) or by count",
        "n large at fixed k = (1-α)n; below the onset Var σ² grows without bound",
        "MLE divides the sum of squares by n, Bessel by n-1",
        "simulated: the order-four moments of the matrix whose spectral radius defines the onset; "
        "the onset itself is proved, not simulated",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only((FreshMixture, FreshSplit), estimator=BOTH),
    confrontations=confrontations,
)
