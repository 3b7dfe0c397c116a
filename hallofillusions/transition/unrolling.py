"""A Gaussian loop unrolled into the steps of its kernel, and the grid that its models need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..biases.scale_covariance import ScaleCovariance
from ..biases.temperature import Temperature
from ..biases.unbiased import Unbiased
from ..estimators.bessel import Bessel
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.gaussian import Gaussian
from ..mixing.accumulate import Accumulate
from ..mixing.fixed_real import FixedReal
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..starts import FirstFit, Memory
from .kernel import Grid, Mixture, Rules, Step, rows
from .quadrature import compressed, log_chi_square, normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop

    Floats = NDArray[np.float64]

LEAVING = 1e-11
"""Chance of a model outside the grid, on each side, over all generations."""
LARGEST = 30_000
"""Nodes of the largest grid."""
LONGEST = 2 * 10**7
"""Transitions of the largest T: nodes times the nodes of its sums."""


@dataclass(frozen=True)
class Level:
    """How fine a computation is: nodes of the sums, spacing of the grid and its margin."""

    rules: Rules
    spacing: float
    margin: float
    terms: int


def unsupported(loop: FeedbackLoop) -> str:
    """Why the loop's model is no Markov chain in (δ, v) with this kernel ("" if it is)."""
    mixing, name = type(loop.mixing), type(loop.mixing).__name__
    if type(loop.family) is not Gaussian:
        return f"the kernel is that of the one-dimensional Gaussian, not of {loop.family!r}"
    if type(loop.bias) not in (Unbiased, ScaleCovariance, Temperature):
        return f"{loop.bias!r} samples no Gaussian"
    if type(loop.estimator) not in (MaximumLikelihood, Bessel):
        return f"{loop.estimator!r} is none of the estimators that the kernel knows"
    if mixing not in (Replace, FreshSplit, FreshMixture, FixedReal, Accumulate):
        return (
            f"under {name} the next model depends on the single points of the pool and not on a "
            f"few numbers; simulate it"
        )
    return ""


def lam(loop: FeedbackLoop) -> float:
    """λ: the sampler's variance over the model's."""
    bias: Any = loop.bias
    return float(getattr(bias, "lam", getattr(bias, "tau", 1.0)))


@dataclass(frozen=True)
class Plan:
    """The steps of g = 1 … G, where they begin, and how the state becomes the model.

    The frames are the fixed sets of a quadrature over them: the model is δ = shift + root·U,
    v = root²·W·scale.  ``starts`` are the states (δ, v) before the first step, one per frame
    or one for all; ``after`` is the state after it, where it is known.
    """

    mixtures: tuple[Mixture, ...]
    starts: tuple[tuple[float, float], ...]
    origin: tuple[float, float]
    scales: Floats
    shift: Floats
    root: Floats
    weight: Floats
    after: tuple[float, float] | None = None
    freedom: float = 0.0

    @property
    def autonomous(self) -> bool:
        """Whether v alone is a chain: δ enters v only through a real mean that is not δ."""
        return all(not s.other or s.follows for m in self.mixtures for _, s in m)

    @property
    def centred(self) -> bool:
        """Whether δ → -δ changes nothing."""
        return all(delta == 0 for delta, _ in self.starts)


@lru_cache(maxsize=16)
def unrolled(loop: FeedbackLoop, generations: int, terms: int, kind: str = "model") -> Plan:
    r"""The plan; ``terms`` nodes for each sum over fixed sets or over counts.

    Under Replace a point of model g is, given all σ², normal about the start's mean with variance
    $\sigma_g^2+\sum_{k<g}\lambda\sigma_k^2/n$.  Read backwards in time this is σ₀² times a chain
    of its own, $r'=\lambda(\frac1n+\frac{\chi^2}dr)$ from 1: ``kind`` = "reach".
    """
    root = float(loop.family.variance) ** 0.5  # type: ignore[attr-defined]
    origin = (0.0, 1.0)
    if isinstance(loop.start, Gaussian):
        origin = (
            (float(loop.start.mean) - float(loop.family.mean)) / root,  # type: ignore[attr-defined]
            float(loop.start.variance) / root**2,
        )
    if kind == "reach":
        origin = (0.0, 1.0)
    mixing, sizes = loop.mixing, loop.sizes(generations)
    ticks = [mixing.tick(n, i) for i, n in enumerate(sizes)]
    one = np.ones(1)
    plan = Plan((), (origin,), origin, np.ones(generations + 1), np.zeros(1), one, one)
    if isinstance(mixing, Accumulate):
        return _growing(loop, plan, sizes, kind)
    take_off = int(isinstance(loop.estimator, Bessel))
    mixtures: list[Mixture] = []
    for index, tick in enumerate(ticks):
        faithful = index == 0 and isinstance(loop.start, FirstFit)
        scale = 1.0 if faithful else lam(loop)
        base = Step(tick.n, tick.n - take_off, scale)
        if kind == "reach":
            mixtures.append(((1.0, replace(base, held=scale * base.divisor / tick.n)),))
            continue
        if isinstance(mixing, FreshMixture):
            mixtures.append(_binomial(base, 1.0 if faithful else tick.alpha, terms))
            continue
        step = replace(base, synthetic=tick.synthetic, other=tick.real)
        if isinstance(mixing, FixedReal):
            step = replace(step, held=tick.real)
        else:
            step = replace(step, noisy=True)
        mixtures.append(((1.0, step),))
    plan = replace(plan, mixtures=tuple(mixtures))
    if isinstance(mixing, FixedReal):
        plan = _framed(loop, plan, mixing.memory_size(sizes[0]), take_off, terms)
    return plan


def _binomial(base: Step, alpha: float, terms: int) -> Mixture:
    """The split by its probability; where many matter, a Gauss rule of the binomial law."""
    from scipy.stats import binom

    n = int(base.synthetic)
    counts = np.arange(n + 1)
    odds = binom.pmf(counts, n, alpha)
    kept = odds > 1e-12
    counts, odds = counts[kept].astype(float), odds[kept] / odds[kept].sum()
    plain = (counts > 3) & (counts < n - 3)  # beyond, a stratum has no scatter, or no mean
    if plain.sum() > terms:
        x, w = compressed(counts[None, plain], odds[plain] / odds[plain].sum(), terms)
        counts = np.append(counts[~plain], x[0])
        odds = np.append(odds[~plain], odds[plain].sum() * w[0])
    return tuple(
        (float(p), replace(base, synthetic=float(k), other=float(n - k), noisy=True))
        for k, p in zip(counts, odds, strict=True)
    )


def _growing(loop: FeedbackLoop, plan: Plan, sizes: list[int], kind: str) -> Plan:
    """Accumulate: the state is the pool's mean and its variance, divided by N.

    The variance is the first pool's times independent factors, the later steps': ``kind`` =
    "later" follows these alone, from 1.
    """
    scale, bessel = lam(loop), isinstance(loop.estimator, Bessel)
    first = sizes[0]
    if loop.begins_with_pool:
        steps = [Step(first, 2 * first, scale, other=first, noisy=True)]
    else:
        steps = [Step(first, first)]
        plan = replace(plan, starts=((0.0, 1.0),))
    scales = [1.0]
    for n in [*sizes[1:], 0]:
        pool = steps[-1].divisor
        scales.append(pool / (pool - 1) if bessel else 1.0)
        if n:
            steps.append(
                Step(n, pool + n, scale * scales[-1], other=pool, kept=pool, follows=True)
            )
    after = (0.0, 1.0) if kind == "later" else None
    mixtures: tuple[Mixture, ...] = tuple(((1.0, s),) for s in steps)
    return replace(plan, mixtures=mixtures, scales=np.array(scales), after=after)


def _framed(loop: FeedbackLoop, plan: Plan, real: int, take_off: int, nodes: int) -> Plan:
    """FixedReal: a quadrature over the mean and the variance of the fixed points."""
    if real == 1:  # `degenerate` says no
        return plan
    follows = isinstance(loop.start, Memory)
    nodes = 3 * nodes if follows else nodes  # one chain serves all fixed sets
    log_scatter, odds = log_chi_square(real - 1.0)
    x, w = compressed(log_scatter[None], odds, nodes)
    z, u = normal(nodes)
    if plan.origin[0] == 0 and not follows:  # fixed sets with a and -a give the same
        z, u = z[z > 0], 2 * u[z > 0]
    root = np.repeat(np.exp((x[0] - np.log(real)) / 2), len(z))
    shift = np.tile(z / np.sqrt(real), len(w[0]))
    weight = np.outer(w[0], u).ravel()
    plan = replace(plan, shift=shift, root=root, weight=weight, freedom=real - 1.0)
    if follows:
        return replace(plan, starts=((0.0, 1.0),), after=(0.0, real / (real - take_off)))
    delta, v = plan.origin
    starts = zip((delta - shift) / root, v / root**2, strict=True)
    return replace(plan, starts=tuple((float(d), float(s)) for d, s in starts))


def degenerate(plan: Plan) -> str:
    """Why no density of v exists, or none that the rules can hold."""
    steps = [s for m in plan.mixtures for _, s in m]
    if any(s.freedom < 1 for s in steps) or any(s.divisor <= 0 for s in steps):
        return "a training set without two free points of one law leaves no density of σ²"
    if any(s.held and s.other == 1 for s in steps):
        return "one fixed point has no variance, which is the unit here; simulate it"
    return ""


# -- the grid ------------------------------------------------------------------------------------


def _spread(loop: FeedbackLoop, generations: int) -> float:
    """About the largest variance of δ that comes about, over 1 + v."""
    scale = max(lam(loop), 1.0)
    if isinstance(loop.mixing, Accumulate):
        return 2 * scale / min(loop.sizes(generations))
    worst = 0.0
    for index, n in enumerate(loop.sizes(generations)):
        alpha = float(loop.mixing.fraction(n, index))
        lost = 1 - alpha**2
        if isinstance(loop.mixing, FreshMixture):
            lost -= alpha * (1 - alpha) / n
        worst = max(worst, scale / n / max(lost, 1 / generations))
    return worst


def _pilot(plan: Plan, spread: float, generations: int) -> tuple[float, float, float]:
    """Where log v will be: the ends of a coarse chain of v, and its thousandth quantile."""
    steps = [s for m in plan.mixtures for _, s in m]
    if plan.mixtures[-1][0][1].follows:
        return _pool_range(plan)
    freedom = np.array([max(s.freedom, 1.0) for s in steps])
    noise = np.sqrt(2 / freedom)
    lowest = min(np.log(v) for _, v in plan.starts)
    highest = max(np.log(v) for _, v in plan.starts)
    jump = float(noise.max())
    down = generations * float(np.max(noise**2 - np.log([min(s.scale, 1) for s in steps])))
    up = generations * float(np.log(max(1.0, *(s.scale for s in steps))))
    walk = 9 * np.sqrt(generations) * jump + 40 * min(jump, 1.0) ** 2
    cap = 2000.0 if plan.autonomous and not any(s.held for s in steps) else 60.0
    low, high = lowest - min(down + walk, cap), highest + min(up + walk, cap)
    count = int((high - low) / min(0.3, float(noise.min()) / 1.5)) + 8
    grid = Grid(low, high, min(count, 6000), points=2)
    rules = Rules(16, 8, 1)
    extra = 0.0 if plan.autonomous else spread
    begin = sum(
        w * rows(plan.mixtures[0], grid, rules, v, 0.0, extra)
        for (_, v), w in _weighed(plan)
    )
    p = begin.toarray()[0]
    total, last, matrix = p.copy(), None, None
    for mixture in plan.mixtures[1:]:
        if mixture != last:
            last = mixture
            matrix = rows(mixture, grid, rules, np.exp(grid.log_v), 0.0, extra).T.tocsr()
        p = matrix @ p
        total += p
    below, above = np.cumsum(total), np.cumsum(total[::-1])[::-1]
    inside = np.flatnonzero((below > LEAVING) & (above > LEAVING))
    common = grid.log_v[np.searchsorted(below / below[-1], 1e-3)]
    first, final = max(inside[0] - 1, 0), min(inside[-1] + 1, len(total) - 1)
    return float(grid.log_v[first]), float(grid.log_v[final]), float(common)


def _weighed(plan: Plan) -> Iterator[tuple[tuple[float, float], float]]:
    """The starts, each with its weight; one for each v is enough."""
    if len(plan.starts) == 1:
        yield plan.starts[0], 1.0
        return
    found: dict[float, tuple[tuple[float, float], float]] = {}
    for start, weight in zip(plan.starts, plan.weight, strict=True):
        known = found.get(start[1], (start, 0.0))[1]
        found[start[1]] = (start, known + float(weight))
    yield from found.values()


def _pool_range(plan: Plan) -> tuple[float, float, float]:
    """A pool's variance: its first fit times independent factors near 1."""
    begin = plan.mixtures[0][0][1]
    x, _ = begin.scatter(np.array([plan.starts[0][1]]), 24)
    drift, square = np.zeros(1), 0.0
    for (_, s), *_ in plan.mixtures[1:]:
        drift = np.append(drift, drift[-1] + np.log((s.other + s.scale * s.synthetic) / s.divisor))
        square += 2 * s.synthetic * (s.scale / s.divisor) ** 2
    x = x[0] - np.log(begin.divisor)
    reach = 7 * np.sqrt(square)
    low, high = x.min() + drift.min() - reach, x.max() + drift.max() + reach
    return float(low), float(high), float(low)


def grid_for(loop: FeedbackLoop, plan: Plan, level: Level, sharp: bool, kind: str) -> Grid | str:
    """The nodes: fine enough for smooth functions, or for the density of v itself (``sharp``)."""
    generations = len(plan.mixtures)
    spread = _spread(loop, generations)
    low, high, common = _pilot(plan, spread, generations)
    margin = level.margin * (high - low) + 0.1
    low, high = low - margin, high + margin
    spacing = min(0.14, (high - low) / 20)
    if sharp:
        spacing = min(spacing, 0.5 * _narrowest(plan))
    count = int(np.ceil((high - low) / (spacing * level.spacing))) + 1
    grid = Grid(low, high, count)
    if kind == "model":
        far = max(abs(delta) for delta, _ in plan.starts)
        reach = max(7 * np.sqrt(spread * (1 + np.exp(high))), 1.3 * far)
        spacing = min(0.35 * np.sqrt(2 * spread), 0.2 * np.exp(common / 2)) * level.spacing
        fold = 0.15 * level.spacing
        width = spacing / fold
        deltas = max(8, int(np.ceil(np.arcsinh(reach / width) / fold)) + 1)
        grid = replace(
            grid, width=width, reach=float(reach), deltas=deltas, mirrored=plan.centred
        )
    transitions = grid.size * max(
        sum(np.prod(level.rules.suited(s).inner) for _, s in mixture)
        for mixture in set(plan.mixtures)
    )
    if grid.size > LARGEST or transitions > LONGEST:
        return f"its law is spread over {grid.size} nodes, too many; simulate it"
    return grid


def _narrowest(plan: Plan) -> float:
    """A lower bound for the width of the law of log v."""
    if plan.mixtures[-1][0][1].follows:
        return float(np.sqrt(2 / plan.mixtures[0][0][1].divisor))
    return min(
        float(np.sqrt(2 * max(s.freedom, 1.0)) / s.divisor) if s.held
        else float(np.sqrt(2 / s.divisor))
        for m in plan.mixtures for _, s in m
    )  # fmt: skip
