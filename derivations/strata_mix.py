"""Exact counts mix cumulants, a lottery mixes moments: all that separates the two readings.

With K = log E e^{tx} a generation of n points has K_split = n[(1-α)K_real + αK_syn] or
K_mixture = n log[(1-α)e^{K_real} + αe^{K_syn}] for its sum, whatever the two laws are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.algebra import Atoms, Law, Series
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.families.binomial import Binomial
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.base import Combination, Observable, monomial
from hallofillusions.observables.mean import Mean
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, n
from hallofillusions.theory import derive

ORDER, MIXINGS, FAMILIES = 4, (FreshSplit, FreshMixture), (Gaussian, Binomial)
a_1, a_2, a_3, a_4 = real = sp.symbols("kappa_1:5", real=True)  # cumulants of the real law
D_1, D_2, D_3, D_4 = beyond = sp.symbols("Delta_1:5", real=True)  # synthetic minus real

split = tuple(a + alpha * D for a, D in zip(real, beyond, strict=True))
"""Cumulants of one point's worth of a generation: the sum of n points has n times as much."""
lottery = alpha * (1 - alpha)
surplus = (
    sp.Integer(0),
    lottery * D_1**2,
    lottery * D_1 * (3 * D_2 + (1 - 2 * alpha) * D_1**2),
    lottery * (
        4 * D_1 * D_3 + 3 * D_2**2 + 6 * (1 - 2 * alpha) * D_1**2 * D_2
        + (1 - 6 * lottery) * D_1**4
    ),
)  # fmt: skip
"""How much more it has where each point is real with probability 1 - α."""


def statement() -> list[Any]:
    t = sp.Symbol("t")
    K_real, K_syn = (sp.Function(rf"K_{{\mathrm{{{who}}}}}")(t) for who in ("real", "syn"))
    K_split, K_mixture = (sp.Symbol(rf"K_{{\mathrm{{{who}}}}}") for who in ("split", "mixture"))
    orders = [
        sp.Symbol(rf"\kappa_{{{k}}}[\mathrm{{mixture}}] - \kappa_{{{k}}}[\mathrm{{split}}]")
        for k in range(2, ORDER + 1)
    ]
    return [
        equal(K_split, n * ((1 - alpha) * K_real + alpha * K_syn)),
        equal(K_mixture, n * sp.log((1 - alpha) * sp.exp(K_real) + alpha * sp.exp(K_syn))),
        *(equal(K, n * s) for K, s in zip(orders, surplus[1:], strict=True)),
    ]


def moments(cumulants: Any) -> list[Any]:
    """E x^k, k = 0 … 4: the complete Bell polynomials of the cumulants."""
    found = [sp.Integer(1)]
    for k in range(1, ORDER + 1):
        parts = (sp.binomial(k - 1, j - 1) * cumulants[j - 1] * found[k - j]
                 for j in range(1, k + 1))  # fmt: skip
        found.append(sp.expand(sum(parts)))
    return found


def claimed(mixing: Any, size: Any) -> Series:
    """What the mixing's claim makes of two laws with these cumulants."""
    real_law = _law_of(moments(real))
    synthetic = _law_of(moments([a + D for a, D in zip(real, beyond, strict=True)]))
    at = Atoms({"alpha": mixing.alpha, "h": 1 / sp.sympify(size)})
    series: Series = mixing.claim(real_law, synthetic, None, at)
    return series


def _law_of(known: list[Any]) -> Law:
    return Law((1,), ORDER, lambda powers: known[powers[0]])


def proof() -> Iterator[Step]:
    for mixing, extra in ((FreshSplit, (0, 0, 0, 0)), (FreshMixture, surplus)):
        series = claimed(mixing(alpha=alpha), n)
        for k, (law, more) in enumerate(zip(split, extra, strict=True), 1):
            mean = (law + more) / n ** (k - 1)  # κ_k of a sum of n, over n^k
            yield Step(f"cumulant {k} of the mean, {mixing.__name__}", series.moment((k,)), mean)
    yield from _spelt_out()
    share = [_share_of_error(mixing(alpha=alpha)) for mixing in (FreshSplit, FreshMixture)]
    noise = (surplus[1] / n).coeff(D_1**2)
    yield Step("ρ of the mixture minus ρ of the split", share[1] - share[0], noise)


def _share_of_error(mixing: Any) -> Any:
    """What E (μ_{g+1} - μ₀)² has of E (μ_g - μ₀)², at a fixed total: ρ."""
    recursion = derive(symbolic_loop(mixing))
    error, v = recursion.index(delta=2), recursion.index(v=1)
    C = recursion.matrix()
    return C[error, error] - C[error, v]


def _spelt_out() -> Iterator[Step]:
    """Three points without generating functions: E (x₁+x₂+x₃)^k, multiplied out."""
    ours, theirs = moments(real), moments([a + D for a, D in zip(real, beyond, strict=True)])
    mixed = [(1 - alpha) * r + alpha * s for r, s in zip(ours, theirs, strict=True)]
    cases: tuple[tuple[Any, Any], ...] = (
        (FreshSplit(alpha=sp.Rational(1, 3)), (ours, ours, theirs)),
        (FreshMixture(alpha=alpha), (mixed, mixed, mixed)),
    )
    for mixing, points in cases:
        series = claimed(mixing, 3).exp()
        for k in range(1, ORDER + 1):
            total = _moment_of_sum(k, points)
            yield Step(f"E of the mean to the {k}, {mixing}", series.moment((k,)), total / 3**k)


def _moment_of_sum(k: int, points: Any) -> Any:
    powers = ((i, j, k - i - j) for i in range(k + 1) for j in range(k + 1 - i))
    return sum(
        sp.factorial(k) / sp.prod([sp.factorial(p) for p in each])
        * sp.prod([m[p] for m, p in zip(points, each, strict=True)])
        for each in powers
    )  # fmt: skip


@dataclass(frozen=True)
class ErrorPower(Observable):
    """(μ - μ₀)^power: a moment of the training mean."""

    power: int

    @property
    def label(self) -> str:
        return f"error of the mean to the power {self.power}"

    def measure(self, family: Any, model: Any) -> Any:
        return (model["mean"] - float(family.mean)) ** self.power

    def claim(self, family: Any) -> Combination:
        return Combination(((1.0, monomial(delta=self.power)),))


def confrontations() -> list[Confrontation]:
    found = []
    for size, synthetic, shift, variance in ((3, 1, 3, 0.5), (5, 4, 4, 3.0), (8, 2, -5, 1.0)):
        for mixing in MIXINGS:
            loop = FeedbackLoop(Gaussian(1, 2), mixing=mixing(Fraction(synthetic, size)), n=size,
                                start=Gaussian(1 + shift, variance))  # fmt: skip
            laws: dict[str, Any] = {
                "FreshSplit": (0, 0, 0, 0),
                "FreshMixture": surplus,
                "the lottery counted twice": [2 * s for s in surplus],
            }
            given = {"Delta_1": shift, "Delta_2": variance - 2, "Delta_3": 0, "Delta_4": 0,
                     "kappa_1": 0, "kappa_2": 2, "kappa_3": 0, "kappa_4": 0}  # fmt: skip
            for power in (2, 3, 4):
                values = {name: evaluate(moments(_fitted(extra))[power], loop, (1,), **given)
                          for name, extra in laws.items()}  # fmt: skip
                right = values.pop(mixing.__name__)
                found.append(Confrontation(loop, ErrorPower(power), (1,), right, values, 200_000))
    return [*found, *map(_counts, MIXINGS)]


def _fitted(extra: Any) -> list[Any]:
    """The cumulants of μ_1 - μ₀."""
    return [(split[k] + extra[k]) / n**k for k in range(ORDER)]


def _counts(mixing: type[Any]) -> Confrontation:
    """Skewed laws with light tails: the moments of one fit about its own mean, here 5/8."""
    laws = Binomial(1, Fraction(3, 10)), Binomial(1, Fraction(19, 20))
    loop = FeedbackLoop(laws[0], mixing=mixing(Fraction(1, 2)), n=2, start=laws[1])
    given, normal = np.array([_cumulants(float(each.probability)) for each in laws]), (1, 1, 0, 0)
    own, other = (surplus, np.zeros(ORDER))[:: 1 if mixing is FreshMixture else -1]
    rivals = {"the other reading": _central(loop, other, given),
              "both laws are normal": _central(loop, own, given * normal)}  # fmt: skip
    return Confrontation(
        loop, Mean(), (1,), _central(loop, own, given), rivals, replicates=100_000,
        path=lambda values: [(values[1] - 0.625) ** k for k in (2, 3, 4)],
    )  # fmt: skip


def _cumulants(chance: float) -> tuple[float, ...]:
    """Of one trial."""
    v = chance * (1 - chance)
    return chance, v, v * (1 - 2 * chance), v * (1 - 6 * v)


def _central(loop: FeedbackLoop, extra: Any, laws: Any) -> Any:
    """E (μ_1 - E μ_1)^k, k = 2, 3, 4, of two laws with these cumulants."""
    given = dict(zip(map(str, (*real, *beyond)), (*laws[0], *(laws[1] - laws[0])), strict=True))
    centred = moments([sp.Integer(0), *_fitted(extra)[1:]])[2:]
    return np.array([evaluate(moment, loop, **given) for moment in centred])


theorem = Theorem(
    name="strata_mix",
    title="Exact counts mix cumulants, a lottery mixes moments",
    kind=Exact(),
    assumptions=(
        "given the past, the points of a generation are independent",
        "split: exactly (1-α)n real and αn synthetic points; mixture: each is real with "
        "probability 1 - α",
        "the two laws have moments of the orders stated, and are otherwise arbitrary",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(MIXINGS, start=(Truth, *FAMILIES), bias=object, family=FAMILIES),
    confrontations=confrontations,
)
