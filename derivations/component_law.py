r"""With known labels each component of a mixture is a Gaussian loop whose size is drawn anew.

Given the labels, component k is fitted to r real and s synthetic points of its own and to nothing
else.  So (μ_k, Σ_k) move as in the Gaussian loop of exact counts with n_k = r + s points, of which
the share α_k = s/n_k is synthetic, and the counts are those of a type.  Where each point is real
with probability 1-α, n_k is binomial and each of its points is synthetic with one chance: a
Gaussian loop of the lottery.  The moments, summed by the value of n_k, obey an exact recursion of
3(n+1) numbers.

While a component lives, what its variance loses its mean gains: given every count, E[σ̂²_k + δ²_k]
stays σ²_k.  Under Replace the variance falls by 1/(n w_k) in a generation, so that a component of
weight w_k loses it 1/w_k times faster than the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations import drift_replace, lumping
from hallofillusions.derivations._component import (
    LINE,
    MIXINGS,
    PLANE,
    M,
    S,
    block,
    fitted,
    labelled,
    outcomes,
    own,
    refused,
    rival,
    values,
    weight_of,
)
from hallofillusions.derivations._projection import commutes, plane
from hallofillusions.derivations._survival import mean, p, pmf, q
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, OfComponent
from hallofillusions.observables.component_error import ComponentError
from hallofillusions.observables.component_variance import ComponentVariance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import alpha, g, lam, n

size = n * p
early = 1 - g / size + g * (p * (g + 1) - 2) / (2 * size**2)
"""E σ̂²_{k,g}/σ_k² under Replace, up to an error of order n^-3, of a component of weight p."""


def statement() -> list[Any]:
    counts = r"\mathrm{P}(n_{k,g+1}=j\mid n_{k,g}=i)"
    weight, own_size, r, s = (sp.Symbol(name) for name in ("w_{k}", "n_{k}", "r", "s"))
    error, variance = (sp.Symbol(name) for name in (r"\delta_{k,g}^2", r"\hat\sigma_{k,g}^2"))
    after = [sp.Symbol(rf"\mathrm{{E}}[{x}_{{k,g+1}}^2\mid r,s]")
             for x in (r"\delta", r"\hat\sigma")]  # fmt: skip
    A, b = block(FreshSplit)
    rows = A.row_join(b).subs({alpha - 1: -r / own_size}).subs({alpha: s / own_size, n: own_size})
    order = sp.Function("O")
    kept = sp.Symbol(r"\mathrm{E}[\hat\sigma_{k,g}^2+\delta_{k,g}^2;\,n_{k,g}=j]")
    v = sp.Symbol(r"\mathrm{E}_{\mathrm{replace}}[\hat\sigma_{k,g}^2]")
    return [
        equal(sp.Symbol(counts), lumping.entry.subs(p, weight)),
        *(equal(name, sum(rows[i, :] * sp.Matrix([error, variance, 1])))
          for i, name in enumerate(after)),
        equal(own_size, r + s),
        equal(kept, sp.Symbol(r"\mathrm{P}(n_{k,g}=j)")),
        equal(v, early.subs(p, weight) + order(n**-3)),
        equal(sp.Limit(n * (1 - v), n, sp.oo), g / weight),
    ]  # fmt: skip


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    for mixing, count in product(MIXINGS, (2, 3)):
        yield from labelling(mixing, count)
    yield from commutes(plane(FreshSplit(alpha=alpha), bias=ScaleCovariance(lam)), 2)
    for mixing in (FreshSplit, FreshMixture):
        A, b = (part.subs(lam, 1) for part in block(mixing))
        both = sum(A * sp.Matrix([M, S]) + b)
        yield Step(f"{mixing.__name__}: M + S mixes with what is real", both,
                   alpha * (M + S) + 1 - alpha)  # fmt: skip
        yield Step(f"{mixing.__name__}: so at 1 it stays", both.subs(S, 1 - M), 1)
    yield from first_order()


def labelling(mixing: type[Any], count: int) -> Iterator[Step]:
    """Every way to label ``count`` points, with the fit of each, against the recursion."""
    direct = {j: [sp.Integer(0)] * 3 for j in range(count + 1)}
    for chance, real, synthetic in outcomes(mixing, count):
        j = real + synthetic
        values = (sp.Integer(1), *(fitted(real, synthetic) if j else ()))
        direct[j] = [old + chance * v for old, v in zip(direct[j], values, strict=False)]
    words = ("P(n_k = {})", "E[δ²; n_k = {}]", "E[σ̂²; n_k = {}]")
    for j in range(1, count + 1):
        for word, found, claim in zip(words, direct[j], stepped(mixing, count, j), strict=True):
            yield Step(f"{mixing.__name__}, n = {count}: {word.format(j)}", found, claim, sp.cancel)


def stepped(mixing: type[Any], count: int, j: int) -> list[Any]:
    """The recursion from one weight q to the count j: chances and the engine's blocks."""
    if mixing is not FreshSplit:
        a = sp.Integer(1) if mixing is Replace else alpha
        chance, share = pmf(count, mean.subs(alpha, a), j), own.subs(alpha, a)
        return [chance * part for part in moved(FreshMixture, share, j)]
    ways = [(pmf(1, p, j - s) * pmf(count - 1, q, s), sp.Rational(s, j))
            for s in range(max(0, j - 1), min(j, count - 1) + 1)]  # fmt: skip
    parts = [[chance * part for part in moved(FreshSplit, share, j)] for chance, share in ways]
    return [sum(column) for column in zip(*parts, strict=True)]


def moved(mixing: type[Any], share: Any, j: int) -> tuple[Any, Any, Any]:
    """1, M' and S' of the Gaussian loop at α = ``share`` and n = j."""
    A, b = block(mixing)
    return sp.Integer(1), *(A * sp.Matrix([M, S]) + b).subs({alpha: share, n: j})


def first_order() -> Iterator[Step]:
    """Replace: given the counts S_g = Π (1 - 1/n_t), which is averaged to the order 1/n²."""
    A, b = (part.subs({alpha: 1, lam: 1}) for part in block(FreshSplit))
    yield Step("Replace: S' = (1 - 1/n_k) S", (A * sp.Matrix([M, S]) + b)[1], (1 - 1 / n) * S)
    h, t, x = sp.symbols("h t x", positive=True)
    spread = drift_replace.v_g.subs({n: 1 / h, g: t}) * (1 - p) / p  # Var n_t over its mean²
    slope = sp.limit(spread / h, h, 0)
    yield Step("Var n_t/(np)², up to 1/n²", slope, t * (1 - p) / p)
    series = sp.series(1 / (1 + x), x, 0, 3).removeO()
    averaged = sum(c * {0: 1, 1: 0, 2: slope / n}[d] for (d,), c in sp.Poly(series, x).terms())
    single = averaged / size
    yield Step("E 1/n_t", single, (1 + t * (1 - p) / size) / size)
    sums = sp.summation(single, (t, 1, g)), sp.binomial(g, 2).expand(func=True) / size**2
    yield Step("E Π (1 - 1/n_t): singles and pairs", 1 - sums[0] + sums[1], early)
    yield Step("n(1 - E S_g)", sp.limit(n * (1 - early), n, sp.oo), g / p)


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if not isinstance(functional, OfComponent) or refused(loop):
        return None
    return partial(values, loop, weight_of(loop, functional.component), functional.what)


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    most, few, mixed = FreshSplit(Fraction(3, 4)), FreshSplit(Fraction(2, 3)), FreshMixture(0.75)
    cut, cold, hot = Truncation(2), ScaleCovariance(0.9), Temperature(1.1)
    return [
        *_attacks(LINE, Replace(), 20, 3, 80_000, "index", "one", "sure", "alive"),
        *_attacks(PLANE, Replace(), 30, 2, 20_000, "index", "one", "sure", "bias", bias=cold),
        *_attacks(LINE, most, 20, 2, 60_000, "index", "one", "sure", "bias", "real", bias=hot),
        *_attacks(PLANE, most, 12, 2, 20_000, "index", "one", "sure", "real"),
        *_attacks(LINE, mixed, 12, 3, 60_000, "one", "sure", "alive", "real"),
        *_attacks(LINE, mixed, 12, 1, 12_000, "index", "one", "bias", "real", bias=cut),
        *[next(_attacks(LINE, few, 3, 1, 120_000, "one", "sure", "real", "other"))],
    ]


def _attacks(
    family: Any, mixing: Any, count: int, component: int, runs: int, *wrong: str,
    bias: Any = None,
) -> Iterator[Confrontation]:  # fmt: skip
    loop = FeedbackLoop(family, mixing=mixing, n=count, estimator=KnownLabels(),
                        bias=bias or Unbiased())  # fmt: skip
    when = (1, 2, 4)
    for observable, what in ((ComponentVariance(component), "variance"),
                             (ComponentError(component), "error")):
        right = values(loop, weight_of(loop, component), what, when)
        rivals = dict(rival(loop, component, what, when, name) for name in wrong)
        yield Confrontation(loop, observable, when, right, rivals, replicates=runs)


theorem = Theorem(
    name="component_law",
    title="With known labels each component is a Gaussian loop whose size is drawn anew",
    kind=Exact(),
    assumptions=(
        "the label of every training point is known; weights, means and covariances are fitted by "
        "maximum likelihood, the latter full, diagonal or spherical",
        "in units of the component's own covariance: any dimension, averaged over its directions",
        "a component without points counts 0, and comes back only with real points of it",
        "a bias that keeps a component's mean and multiplies its covariance by λ; the conserved "
        "sum and the expansion are those of a faithful sampler",
        "p(n_k) is printed for points that are real with probability 1-α; with exact counts r and "
        "s are independent binomials of n_r and w_k, n_s and n_k/n",
        "started at the truth, or at a fit of n real points",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=labelled,
    provides=provides,
    confrontations=confrontations,
)
