"""One component of a mixture with known labels: the law of its count, and of its moments given it.

The points of component k are those of a Gaussian loop of its own whose size n_k is random.  What
is averaged, by the count j that n_k has, is a row of three numbers,

    P(n_k = j),    E[δ_k²/σ_k²; n_k = j],    E[σ̂_k²/σ_k²; n_k = j],

where X; A is X on A and 0 elsewhere.  They obey a linear recursion on j = 0 … n: a binomial law
for the counts, and for the two moments the engine's own matrices of the Gaussian loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._biases import BIASES, second_moments, shares
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.derivations._survival import binomial, mean, p, q
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, is_symbolic, lam, n, sigma_0

M, S = sp.symbols("M S", nonnegative=True)  # δ² and σ̂² of the last model, σ_k² being 1
own = alpha * q / mean
"""The chance that a point of the component is synthetic, where each is real by lottery."""
MIXINGS = (Replace, FreshSplit, FreshMixture)
LARGEST = 1000
"""Points n beyond which no numbers are given: the tables have 9 n² entries."""

labelled = only(MIXINGS, family=GaussianMixture, estimator=KnownLabels, bias=BIASES,
                start=(Truth, FirstFit))  # fmt: skip
"""The loops that theorems on one component are about."""


def refused(loop: FeedbackLoop) -> bool:
    """Whether there are no numbers of this loop."""
    return labelled(loop) is not None or is_symbolic(loop.n) or loop.n > LARGEST


@lru_cache(maxsize=4)
def block(mixing: Any) -> tuple[Any, Any]:
    """A and b of (M, S)' = A (M, S) + b, in units of σ₀²: the Gaussian loop of this mixing."""
    A, b, _ = second_moments(symbolic_loop(mixing(alpha), bias=ScaleCovariance(lam)))
    return A.subs(sigma_0, 1), b.subs(sigma_0, 1)


@lru_cache(maxsize=4)
def _compiled(mixing: Any) -> Any:
    A, b = block(mixing)
    return sp.lambdify((alpha, n, lam), [*A.row_join(b)], "numpy")


@lru_cache(maxsize=1)
def _chances() -> Any:
    return sp.lambdify((alpha, p, q), [mean, own], "numpy")


# -- every way to label a few points ---------------------------------------------------------------


def outcomes(mixing: Any, count: int) -> Iterator[tuple[Any, int, int]]:
    """(chance, real ones, synthetic ones) of the component; a split has one real point."""
    real, synthetic = [(p, 1, 0), (1 - p, 0, 0)], [(q, 0, 1), (1 - q, 0, 0)]
    lottery = [((1 - alpha) * p, 1, 0), (alpha * q, 0, 1), (1 - mean, 0, 0)]
    points: Any = {
        Replace: [synthetic] * count, FreshMixture: [lottery] * count,
        FreshSplit: [real, *[synthetic] * (count - 1)],
    }[mixing]  # fmt: skip
    for labels in product(*points):
        chances, reals, synthetics = zip(*labels, strict=True)
        yield sp.Mul(*chances), sum(reals), sum(synthetics)


def fitted(real: int, synthetic: int) -> tuple[Any, Any]:
    """E δ² and E σ̂² of a fit to points of N(0, 1) and N(δ, λσ̂²), pair by pair."""
    kinds = [0] * real + [1] * synthetic
    squares = sum(M + lam * S if k else sp.Integer(1) for k in kinds)
    pairs = sum(2 * M * kinds[i] * kinds[k] for i in range(len(kinds)) for k in range(i))
    error = (squares + pairs) / sp.Integer(len(kinds)) ** 2
    return error, squares / len(kinds) - error


# -- numbers ---------------------------------------------------------------------------------------

LINE = GaussianMixture((0.6, 0.3, 0.1), (-3, 0, 2), (1, 2, 0.5))
PLANE = GaussianMixture(
    (0.6, 0.3, 0.1), ((-3, 0), (0, 1), (2, 0)),
    (((1, 0.3), (0.3, 2)), ((1, 0), (0, 1)), ((2, -0.5), (-0.5, 1))),
)  # fmt: skip
COLUMNS = {"error": 1, "variance": 2}


def values(loop: FeedbackLoop, weight: float, what: str, when: Any) -> Any:
    """E of the variance or the error of a component of that weight at the generations ``when``."""
    when = np.asarray(when, dtype=int)
    return moments(loop, weight, int(when.max(initial=0)))[when, COLUMNS[what]]


def weight_of(loop: FeedbackLoop, component: int) -> float:
    """The real weight of the component that counts from 1."""
    family: Any = loop.family
    return float(family.parameters()["weight"][component - 1])


def moments(loop: FeedbackLoop, weight: float, generations: int) -> Any:
    """(P(alive), E[error; alive], E[variance; alive]) at g = 0 … ``generations``: rows of 3.

    ``weight`` is the component's real weight w_k.
    """
    first = loop
    if isinstance(loop.start, FirstFit):  # n real points, whatever the mixing and the bias
        first = replace(loop, mixing=FreshMixture(0), bias=ScaleCovariance(1))
    state = np.array([1.0, 0.0, 1.0])
    found = [state]
    if generations:
        state = state @ kernel(first, weight, np.array([weight]))
        found.append(alive(state))
    if generations > 1:
        later = kernel(loop, weight, np.arange(int(loop.n) + 1) / int(loop.n))
    for _ in range(generations - 1):
        state = state @ later
        found.append(alive(state))
    return np.array(found)


def rival(
    loop: FeedbackLoop, component: int, what: str, when: tuple[int, ...], name: str
) -> tuple[str, Any]:
    """A wrong theory of the component's variance or error: in words, and its numbers."""
    weight = weight_of(loop, component)
    right = partial(values, what=what, when=when)
    if name == "index":
        return "index off by one", values(loop, weight, what, [t + 1 for t in when])
    if name == "one":
        return "1/n in place of 1/(n w_k)", right(loop, 1.0)
    if name == "sure":
        sure = at_size(loop, weight * int(loop.n), when)
        return "n w_k points exactly", sure[:, COLUMNS[what] - 1]
    if name == "alive":
        lives = moments(loop, weight, max(when))[list(when), 0]
        return "given that it lives", right(loop, weight) / lives
    if name == "bias":
        return "bias ignored", right(replace(loop, bias=Unbiased()), weight)
    if name == "real":
        return "nothing real", right(replace(loop, mixing=Replace()), weight)
    mixing: Any = loop.mixing
    other = FreshMixture if isinstance(mixing, FreshSplit) else FreshSplit
    return "other mixing", right(replace(loop, mixing=other(mixing.alpha)), weight)


def at_size(loop: FeedbackLoop, count: float, when: Any) -> Any:
    """(M, S) at the generations ``when`` of the Gaussian loop whose size is ``count``."""
    mixing: Any = FreshMixture if isinstance(loop.mixing, FreshMixture) else FreshSplit
    share = float(loop.mixing.fraction(int(loop.n), 0))
    entries = np.array(_compiled(mixing)(share, count, shares(loop)[0])).reshape(2, 3)
    found = [np.array([0.0, 1.0])]
    for _ in range(max(when)):
        found.append(entries[:, :2] @ found[-1] + entries[:, 2])
    return np.array(found)[list(when)]


def alive(state: Any) -> Any:
    """The sums over j = 1 … n."""
    sums: Any = state.reshape(3, -1)[:, 1:].sum(axis=1)
    return sums


def kernel(loop: FeedbackLoop, weight: float, last: Any) -> Any:
    """One generation: from (3, weights ``last``) to (3, counts 0 … n), flattened to a matrix."""
    size = np.arange(int(loop.n) + 1)
    split = isinstance(loop.mixing, FreshSplit)
    seen, chance, share = (_split if split else _lottery)(loop, weight, last)
    entries = _compiled(FreshSplit if split else FreshMixture)(
        share, np.maximum(size, 1), shares(loop)[0]
    )
    found = np.zeros((3, len(last), 3, len(size)))
    found[0, :, 0] = seen(chance)
    places = ((1, 1), (2, 1), (0, 1), (1, 2), (2, 2), (0, 2))  # A row by row, each with its b
    for (before, after), entry in zip(places, entries, strict=True):
        found[before, :, after, 1:] = seen(chance * entry)[:, 1:]  # one without points is lost
    return found.reshape(3 * len(last), -1)


def _lottery(loop: FeedbackLoop, p: float, last: Any) -> tuple[Any, Any, Any]:
    """n_k ~ Bin(n, m), of which each point is synthetic with the chance αw/m."""
    with np.errstate(invalid="ignore"):
        m, share = _chances()(float(loop.mixing.fraction(int(loop.n), 0)), p, last)
    return np.asarray, binomial(int(loop.n), m), np.nan_to_num(share)[:, None]


def _split(loop: FeedbackLoop, p: float, last: Any) -> tuple[Any, Any, Any]:
    """j = r + s points, for each s and j: r ~ Bin(n_r, p) are real and s ~ Bin(n_s, w) are not."""
    tick = loop.mixing.tick(int(loop.n), 0)
    s, j = np.ogrid[: tick.synthetic + 1, : tick.n + 1]
    inside = (j >= s) & (j - s <= tick.real)
    real = np.where(inside, binomial(tick.real, p)[np.where(inside, j - s, 0)], 0.0)
    return binomial(tick.synthetic, last).__matmul__, real, s / np.maximum(j, 1)
