"""Biased samplers of types in numbers: what is drawn, and one generation of counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, cast

import numpy as np

from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.families.categorical import Categorical
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import TYPES, Observable
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation


def tempered(types: Any, temperature: float) -> Any:
    """q^{1/τ}/Z."""
    powers = np.asarray(types, dtype=float) ** (1 / temperature)
    return powers / powers.sum()


def cut(types: Any, count: int) -> Any:
    """The first ``count`` types, in proportion."""
    types = np.asarray(types, dtype=float)
    return np.where(np.arange(len(types)) < count, types, 0) / types[:count].sum()


def nucleus(types: Any, level: float) -> int:
    """How many of the first types hold at least the mass ``level``."""
    return int(np.searchsorted(np.cumsum(types), level)) + 1


def drawn(bias: Any, types: Any) -> Any:
    """What the sampler draws from; ``types`` are in falling order."""
    if isinstance(bias, Temperature):
        return tempered(types, float(bias.tau))
    if isinstance(bias, TopK):
        return cut(types, int(bias.k))
    assert isinstance(bias, TopP)
    return cut(types, nucleus(types, float(bias.p)))


def spread_alike(w: Any, types: Any) -> Any:
    """A wrong cut, which gives each kept type the same share of the mass outside."""
    held = np.asarray(w) > 0
    types = np.asarray(types, dtype=float)
    return np.where(held, types + types[~held].sum() / held.sum(), 0)


def strata(loop: FeedbackLoop) -> tuple[int, int, int]:
    """Bootstrapped and synthetic points of a training set, and the size of the pool."""
    size = int(loop.n)
    synthetic = round(loop.mixing.fraction(size, 0) * size)
    return size - synthetic, synthetic, loop.mixing.memory_size(size)


def one_step(loop: FeedbackLoop, w: Any) -> Any:
    """E Σ q_i² at g = 1 from the truth, when synthetic points are drawn from w.

    (n_r A + n_s B)/n with A the mean of n_r points of a pool of n_0, B that of n_s synthetic ones.
    """
    real = cast(Any, loop.family).law
    n_r, n_s, n_0 = strata(loop)
    share = n_r / (n_r + n_s)
    mean = share * real + (1 - share) * w
    noise = (1 - share) ** 2 * w * (1 - w) / n_s
    if n_r:
        noise = noise + share**2 * real * (1 - real) * (1 / n_r + (1 - 1 / n_r) / n_0)
    return float((mean**2 + noise).sum())


# -- the attacks -----------------------------------------------------------------------------------

SIX = Categorical((0.4, 0.25, 0.15, 0.1, 0.06, 0.04))
Law = Callable[[Any], Any]
"""What a theorem says that a sampler draws from."""


@dataclass(frozen=True)
class TotalVariation(Observable):
    """½ Σ |q_i - p_i| of the model and the real law."""

    label = "total variation"
    wants: ClassVar[str] = TYPES

    def measure(self, family: Any, model: Any) -> Any:
        return 0.5 * abs(model["probability"] - family.law).sum(axis=-1)


def sampled(law: Law, absent: Callable[[Any, int], Any]) -> list[Confrontation]:
    """One generation: which types are seen, and how they spread.

    A bootstrapped pool takes single points: there every point is drawn and rejected in truth.
    """
    found = []
    for bias, others in (
        (Temperature(0.7), {f"τ = {t}": Temperature(t) for t in (0.686, 0.714, 1.0)}),
        (Temperature(1.5), {f"τ = {t}": Temperature(t) for t in (1.44, 1.56, 1.0)}),
        (TopK(3), {f"k = {k}": TopK(k) for k in (2, 4, 6)}),
        (TopP(0.75), {f"p = {level}": TopP(level) for level in (0.6, 0.85, 0.99)}),
    ):
        laws = {"": law(bias)} | {name: drawn(other, SIX.law) for name, other in others.items()}
        if not isinstance(bias, Temperature):
            laws["the rest of the mass spread alike"] = spread_alike(laws[""], SIX.law)
        mixed = FeedbackLoop(SIX, mixing=FixedPool(Fraction(9, 10), 4), n=60, bias=bias)
        alone = FeedbackLoop(SIX, mixing=Replace(), n=8, bias=bias)
        each = {name: 1 - one_step(mixed, w) for name, w in laws.items()}
        types = {name: (1 - absent(w, 8)).sum() for name, w in laws.items()}
        found += [_numbers(mixed, Heterozygosity(), each, 40_000),
                  _numbers(alone, TypesSurviving(), types, 200_000)]  # fmt: skip
    return found


def entropies(law: Law, slope: Callable[[float], float]) -> Confrontation:
    """H of 10⁷ points, from that of the model on by its slope; a bias of 5/2n is not to be seen."""
    from scipy.integrate import quad

    bias = Temperature(0.7)
    loop = FeedbackLoop(SIX, mixing=Replace(), n=10**7, bias=bias)
    start = _entropy(SIX.law)
    return _numbers(loop, Entropy(), {
        "": start + quad(slope, 1, bias.tau)[0],
        "Var(log q)/τ²": start + quad(lambda t: t * slope(t), 1, bias.tau)[0],
        "the slope where it begins": start + slope(1.0) * (bias.tau - 1),
        "a faithful sampler": start,
    }, 2_000)  # fmt: skip


def cuts(law: Law, divergence: Law, distance: Law) -> list[Confrontation]:
    """KL by the cross entropy, KL(w ‖ q) + H(w), of single points; TV of many.

    With so many points no kept type falls below its real share, so that |q - p| has one sign.
    """
    few, nucleus_ = TopK(3), TopP(0.75)
    lone = FeedbackLoop(SIX, mixing=Replace(), n=1, bias=few)
    many = FeedbackLoop(SIX, mixing=FixedPool(Fraction(9, 10), 400), n=2_000, bias=nucleus_)
    mass, own = SIX.law[:3].sum(), _entropy(law(few))
    return [
        _numbers(lone, ReverseKL(), {
            "": divergence(mass) + own, "the lost mass": 1 - mass + own, "H(w) alone": own,
            "H(q) in place of H(w)": divergence(mass) + _entropy(SIX.law),
        }, 100_000),
        _numbers(many, TotalVariation(), {
            "": 0.9 * distance(mass), "twice that": 1.8 * distance(mass),
            "KL": 0.9 * divergence(mass), "synthetic points alone": distance(mass),
        }, 1_000),
    ]  # fmt: skip


def _entropy(types: Any) -> float:
    from scipy.stats import entropy

    return float(entropy(types))


def _numbers(
    loop: FeedbackLoop, observable: Observable, values: Mapping[str, float], replicates: int
) -> Confrontation:
    """At g = 1; the theorem's own number has no name."""
    rivals = {name: np.array([value]) for name, value in values.items() if name}
    return Confrontation(loop, observable, (1,), np.array([values[""]]), rivals, replicates)
