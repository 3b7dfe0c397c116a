r"""Which moments close: graded closure, and the degree at which it ends.

Under Replace the fitted mean m' of n points has the cumulants $\kappa_r(m)/n^{r-1}$, and in an
exponential family $\kappa_{r+1}=V\,d\kappa_r/dm$.  If the polynomial V has degree d, κ_r has the
degree $D(r)=1+(r-1)(d-1)$.  So for $d\le2$ the moments of order k need those up to k only, while
for $d\ge3$ the k-th needs the D(k)-th: the degree grows without end, and no finite set of
polynomials with one of degree two or more is closed.  With several coordinates of weights w the
spans of all monomials of weight at most k close if and only if each $V_{ij}$ has weight at most
$w_i+w_j$.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.derivations._morris import (
    MORRIS,
    SKEW,
    CubicVariance,
    NormalNoise,
    QuadraticVariance,
    QuarticVariance,
    curve_of,
    heaviest,
    moments,
    quadratic,
    refused,
    v,
    weight,
)
from hallofillusions.derivations._shared import symbolic_loop
from hallofillusions.families.inverse_gaussian import InverseGaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.mean import Mean
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import alpha, m_0, n, shape
from hallofillusions.theory import derive

m, c, lead = sp.symbols("m c v_d", positive=True)
d, r, k, b, a = sp.symbols("d r k b a", positive=True)
mean = sp.symbols("m_1 m_2")
ORDER = 5
"""Up to which the general statement is also run through, for every V of degree 2 to 4."""

degree = 1 + (r - 1) * (d - 1)
"""D(r): the degree of κ_r, and for d ≥ 3 that of E m'^r."""
leading = (lead * (d - 1)) ** (r - 1) * sp.gamma(r - 1 + 1 / (d - 1)) / sp.gamma(1 / (d - 1))
"""The leading coefficient of κ_r for d ≥ 2, a product of factors above 0."""


def statement() -> list[Any]:
    def top(case: str) -> Any:
        return sp.Symbol(rf"\deg_{{{case}}}\mathrm{{E}}[\hat m_{{g+1}}^k|m]")

    w = sp.symbols("w_i w_j")
    return [
        equal(sp.Symbol(r"\deg\kappa_r"), degree),
        sp.Le(top(r"d\le2"), k),
        equal(top(r"d\ge3"), degree.subs(r, k)),
        equal(top(r"d\ge3") - k, (k - 1) * (d - 2)),
        sp.Le(sp.Symbol(r"\mathrm{weight}\,V_{ij}"), sum(w)),
    ]


def cumulants(V: Any, order: int) -> list[Any]:
    """κ_1 … κ_order of one point, from the variance function."""
    found = [m]
    while len(found) < order:
        found.append(sp.expand(V * sp.diff(found[-1], m)))
    return found


def proof() -> Iterator[Step]:
    yield from _degrees()
    yield from _run_through()
    yield from _by_the_engine()
    yield from _several_coordinates()


def _degrees() -> Iterator[Step]:
    """The general step: what V d/dm does to the leading term, and to all partitions."""
    here, after = c * m**a, a * c * lead * m ** (a + d - 1)
    yield Step("V d/dm raises the degree by d - 1", sp.powsimp(lead * m**d * sp.diff(here, m)),
               after)  # fmt: skip
    yield Step("κ_1 = m has degree one", degree.subs(r, 1), 1)
    yield Step("the degree of the next cumulant", degree.subs(r, r + 1), degree + d - 1)
    yield Step("the leading coefficient of κ_1", leading.subs(r, 1), 1)
    yield Step("the next one is D(r) v_d times as large: not 0",
               sp.gammasimp(leading.subs(r, r + 1) / leading), degree * lead)  # fmt: skip
    joined = degree.subs(r, k + b) - degree.subs(r, k) - degree.subs(r, b)
    yield Step("to join the factors κ_k and κ_b of a product adds d - 2", joined, d - 2)
    yield Step("so for d = 2 all products of k points have degree k", degree.subs({r: k, d: 2}), k)
    yield Step("and for d = 1 each factor has degree 1", degree.subs(d, 1), 1)
    yield Step("the degree grows by (k-1)(d-2)", degree.subs(r, k) - k, (k - 1) * (d - 2))
    x, y = sp.symbols("x y", nonnegative=True)
    grows = sp.expand(((k - 1) * (d - 2)).subs({k: 2 + x, d: 3 + y}))
    yield Step("which is above 0 for k ≥ 2 and d ≥ 3", bool(grows > 0), True)


def _run_through() -> Iterator[Step]:
    """The same, computed for every symbolic V of degree 0 … 4."""
    for order in range(5):
        V = sum(v[i] * m**i for i in range(order + 1))
        kappa = cumulants(V, ORDER)
        for power, moment in enumerate(moments(kappa)[1:], start=1):
            found = int(sp.degree(moment, m))
            if order <= 2:
                yield Step(f"V of degree {order}: E m'^{power} has no higher degree",
                           max(found, power), power)  # fmt: skip
                continue
            top = degree.subs({r: power, d: order})
            yield Step(f"V of degree {order}: the degree of E m'^{power}", found, top)
            if power > 1:
                own = leading.subs({r: power, d: order, lead: v[order]}) / n ** (power - 1)
                yield Step(f"V of degree {order}: its leading coefficient",
                           sp.LC(moment, m), sp.gammasimp(own))  # fmt: skip
        square = moments(kappa)[2]
        yield Step(f"V of degree {order}: read off E m'² - m²", square - m**2, V / n)


def _by_the_engine() -> Iterator[Step]:
    """What the engine composes from the claims of family and mixing closes, or does not."""
    mixings: tuple[Any, ...] = (Replace(), FreshSplit(alpha), FreshMixture(alpha),
                                FixedReal(alpha), Accumulate())  # fmt: skip
    for family in (QuadraticVariance(), *MORRIS):
        for mixing in mixings if isinstance(family, QuadraticVariance) else mixings[:3]:
            recursion = derive(FeedbackLoop(family, mixing=mixing, n=n), 4)
            words = f"{type(family).__name__}, {type(mixing).__name__}"
            yield Step(f"{words}: the largest weight in the recursion of order 4",
                       heaviest(recursion), 4)  # fmt: skip
    for open_family in (CubicVariance(), QuarticVariance(), InverseGaussian(m_0, shape)):
        for mixing in mixings[:3]:
            loop = FeedbackLoop(open_family, mixing=mixing, n=n)
            words = f"{type(open_family).__name__}, {type(mixing).__name__}"
            yield Step(f"{words}: no finite recursion holds δ²", refused(loop) == "delta^2", True)
            yield Step(f"{words}: that of δ is closed", heaviest(derive(loop, 1)), 1)


def _several_coordinates() -> Iterator[Step]:
    """The Gaussian with φ = (x, x²): V_ij has weight i + j, and Σ_l V_il ∂_l adds i to a weight."""
    family = symbolic_loop(Replace()).family
    state = {"delta": mean[0], "v": mean[1] - mean[0] ** 2}

    def power(i: int) -> Any:
        return sp.expand(family.moment(i, state))

    V = {(i, j): power(i + j) - power(i) * power(j) for i in (1, 2) for j in (1, 2)}
    for i, j in V:
        yield Step(f"Gaussian: weight of V_{i}{j}", weight(V[i, j], mean, (1, 2)), i + j)
        third = (power(2 * i + j) - 2 * power(i) * power(i + j) - power(j) * power(2 * i)
                 + 2 * power(i) ** 2 * power(j))  # fmt: skip
        moved = sum(V[i, one] * sp.diff(V[i, j], mean[one - 1]) for one in (1, 2))
        yield Step(f"Gaussian: the cumulant of φ_{i}, φ_{i}, φ_{j}", third, moved)
        within = weight(moved, mean, (1, 2)) <= 2 * i + j
        yield Step(f"and its weight is at most {2 * i + j}", within, True)
    yield Step("weights (1, 1) do not do: that of V_12 is 3, above 2",
               weight(V[1, 2], mean, (1, 1)), 3)  # fmt: skip
    for order in (2, 4, 6):
        recursion = derive(symbolic_loop(FreshSplit(alpha)), order)
        yield Step(f"Gaussian, FreshSplit: the largest weight in the recursion of order {order}",
                   heaviest(recursion), order)  # fmt: skip


def confrontations() -> list[Confrontation]:
    """E δ³, which the third cumulant makes: a loop of normal noise with the same V has another."""
    found, when = [], [1, 3]
    for family in SKEW:
        for mixing in (FreshSplit(0.5), FreshMixture(0.5)):
            loop, middle = FeedbackLoop(family, mixing=mixing, n=4), float(family.middle())
            plain = NormalNoise(family.middle(), *curve_of(family))
            rivals = {"the noise is normal": replace(loop, family=plain),
                      "half as many points": replace(loop, n=2)}  # fmt: skip
            law, *wrong = (_cubes(one)[when] for one in (loop, *rivals.values()))
            others = dict(zip(rivals, wrong, strict=True)) | {"infinite n": 0 * law}
            found.append(Confrontation(
                loop, Mean(), tuple(when), law, others, replicates=200_000,
                path=lambda values, middle=middle: (values[when] - middle) ** 3,
            ))  # fmt: skip
    return found


def _cubes(loop: FeedbackLoop) -> Any:
    """E δ³ at g = 0 … 3."""
    recursion = derive(loop, monomials=[{"delta": 3}])
    return recursion.iterate(3)[:, recursion.index(delta=3)]


theorem = Theorem(
    name="graded_closure",
    title="Moments close if and only if the variance is quadratic",
    kind=Exact(),
    assumptions=(
        "the sampler is the natural exponential family of φ, V = Cov φ a polynomial in its mean m",
        "maximum likelihood: the fitted mean is that of n points, with the cumulants κ_r/n^(r-1)",
        "one coordinate, V of degree d ≥ 1: lines one to four, k ≥ 2; d ≤ 2 closes every span of "
        "degrees up to k, and for d ≥ 3 the orbit of m² has strictly growing degree",
        "several coordinates of positive weights: the last line, for the spans of the monomials "
        "of weight up to k",
        "a statement about these spans only: a finite support closes anyway, and the inverse "
        "Gaussian (d = 3) closes in negative powers",
    ),
    reference="quadratic variance and its cumulants: Morris 1982, Casalis 1996; the equivalence "
    "for loops: no earlier statement known",
    cites=("morris1982", "casalis1996"),
    statement=statement,
    proof=proof,
    applies=quadratic(Replace, FreshSplit, FreshMixture, FixedReal, Accumulate),
    confrontations=confrontations,
)
