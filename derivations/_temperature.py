r"""Loops of types with a temperature, simulated: what a map of their laws at infinite n predicts.

The map is handed in as it is printed: p' as an expression in p and q of one type, α, and
Z = Σ q^{1/τ}, with q^{1/τ} as another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import sympy as sp

from hallofillusions.biases.temperature import Temperature
from hallofillusions.families.categorical import Categorical
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.probability import Probability
from hallofillusions.proof import Confrontation
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, tau

p, q, Z = sp.symbols("p q Z", positive=True)
MANY = (10**8, 3 * 10**8, 9 * 10**8)
"""Points at which even a departure of 0.003 is seen to a fraction of a per cent."""


@dataclass(frozen=True)
class Map:
    """p' of one type, and q^{1/τ}, of which Z is the sum."""

    following: Any
    power: Any

    def iterated(self, loop: FeedbackLoop, when: int, **other: float) -> Any:
        """p_g at infinite n; ``other``: α or τ in place of the loop's own."""
        real, model = (cast(Any, v).law for v in (loop.family, _start(loop)))
        at = {"alpha": float(loop.mixing.fraction(int(loop.n), 0)),
              "tau": float(cast(Any, loop.bias).tau)} | other  # fmt: skip
        following, power = (sp.lambdify((p, q, Z, alpha, tau), form, "numpy")
                            for form in (self.following, self.power))  # fmt: skip
        for _ in range(when):
            total = power(real, model, 1, at["alpha"], at["tau"]).sum()
            model = following(real, model, total, at["alpha"], at["tau"])
        return model


def _start(loop: FeedbackLoop) -> Any:
    return loop.family if isinstance(loop.start, Truth) else loop.start


def both_states(law: Map) -> list[Confrontation]:
    """Both states at one α between α_* and τ; two types on both sides of the pitchfork.

    From the uniform law H hardly scatters: many runs would see the next term, which a slope of -1
    leaves out.
    """
    ten, two = Categorical((Fraction(1, 10),) * 10), Categorical()
    ruled = Categorical((Fraction(11, 20), *(Fraction(1, 20),) * 9))
    tilted = Categorical((Fraction(3, 5), Fraction(2, 5)))
    found = []
    for family, start, mixing, cold, when, sizes, replicates in (
        (ten, ruled, FreshMixture(Fraction(3, 4)), 0.8, 4, (400, 1200, 3600), 20_000),
        (ten, Truth(), FreshSplit(Fraction(3, 4)), 0.8, 8, (2000, 6000, 18_000), 400),
        (two, tilted, FreshMixture(Fraction(4, 5)), 0.6, 6, (1000, 3000, 9000), 20_000),
        (two, tilted, FreshSplit(Fraction(1, 2)), 0.6, 4, (500, 1500, 4500), 4_000),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=sizes[0], start=start, bias=Temperature(cold))
        laws = {
            "a faithful sampler": law.iterated(loop, when, tau=1.0),
            "index off by one": law.iterated(loop, when + 1),
            "τ a tenth higher": law.iterated(loop, when, tau=1.1 * cold),
            "α a tenth lower": law.iterated(loop, when, alpha=0.9 * float(mixing.alpha)),
        }
        if isinstance(start, Truth):  # which none of them moves
            laws = {"one type rules": law.iterated(replace(loop, start=ruled), when)}
        values = {name: np.repeat(1 - (own**2).sum(), len(sizes)) for name, own in laws.items()}
        right = np.repeat(1 - (law.iterated(loop, when) ** 2).sum(), len(sizes))
        found.append(Confrontation(loop, Heterozygosity(), (when,), right, values, scale=sizes,
                                   replicates=replicates))  # fmt: skip
    return found


def departure(gain: Any) -> Confrontation:
    """Two types, of which one is 0.003 ahead: three generations later it is λ³ times that.

    The next term, a cube, is below a tenth of the standard error.
    """
    ahead, when, half = 0.003, 3, Fraction(1, 2)
    loop = FeedbackLoop(
        Categorical(), mixing=FreshMixture(Fraction(3, 4)), n=MANY[0],
        start=Categorical((0.5 + ahead, 0.5 - ahead)), bias=Temperature(Fraction(3, 5)),
    )  # fmt: skip
    rates = {"a faithful sampler": alpha, "no real points": 1 / tau, "at rest": sp.Integer(1),
             "": gain}  # fmt: skip
    numbers = {alpha: Fraction(3, 4), tau: Fraction(3, 5)}
    return _first_type(loop, when, {
        name: half + ahead * float(rate.subs(numbers)) ** when for name, rate in rates.items()
    })  # fmt: skip


def resting(law: Map, share: Any, place: Any, cold: Fraction) -> Confrontation:
    """Five types at the saddle-node: one has the probability ``place``, and keeps it."""
    first, when = float(place), 3
    loop = FeedbackLoop(
        Categorical((Fraction(1, 5),) * 5), mixing=FreshMixture(float(share)), n=MANY[0],
        start=Categorical((first, *[(1 - first) / 4] * 4)), bias=Temperature(cold),
    )  # fmt: skip
    return _first_type(loop, when, {
        "a faithful sampler": law.iterated(loop, when, tau=1.0)[0],
        "α a hundredth lower": law.iterated(loop, when, alpha=0.99 * float(share))[0],
        "the threshold of the uniform law": law.iterated(loop, when, alpha=float(cold))[0],
        "": first,
    })  # fmt: skip


def _first_type(loop: FeedbackLoop, when: int, values: Mapping[str, Any]) -> Confrontation:
    """The probability of the first type; the theorem's own number has no name."""
    rivals = {name: np.repeat(float(value), len(MANY)) for name, value in values.items()}
    right = rivals.pop("")
    return Confrontation(loop, Probability(1), (when,), right, rivals, scale=MANY, replicates=2_000)
