"""The Replace chain of Gaussians: what its theorems share.

By Fisher's theorem the mean and the variance of n normal points are independent, so that

    σ²_g = λ σ²_{g-1} χ²_{n-1} / D,        μ_g = μ_{g-1} + √(λ σ²_{g-1} / n) Z,

with D = n - 1 (Bessel) or n (maximum likelihood) and λ = 1 for a faithful sampler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Confrontation, Step, evaluate
from hallofillusions.rational import at_infinity
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import is_symbolic, n

if TYPE_CHECKING:
    from hallofillusions.mellin import MellinLaw

nu = n - 1
D = sp.Symbol("D", positive=True)
s = sp.Symbol("s", real=True)
lam = ScaleCovariance().symbol_of("lam")

DIVISORS = {MaximumLikelihood: n, Bessel: n - 1}
BOTH = tuple(DIVISORS)
BIASES = (Unbiased, ScaleCovariance, Temperature)

# A closed form at constant n, started at the truth; `biased` allows a λ on the covariance.
faithful = only(Replace, estimator=BOTH)
biased = only(Replace, estimator=BOTH, bias=BIASES)
_chain = only(Replace, estimator=BOTH, bias=BIASES, start=(Truth, FirstFit, Gaussian))


def chain(loop: FeedbackLoop) -> str | None:
    """The condition of a product over generations: n may be a schedule, the start any Gaussian."""
    sizes = loop.n if isinstance(loop.n, tuple) else (loop.n,)
    if isinstance(loop.mixing, Replace):
        loop = replace(loop, n=sizes[0])
    if (reason := _chain(loop)) is None and any(not is_symbolic(v) and v < 2 for v in sizes):
        return "n must be at least 2 in every generation, or no variance is left"
    return reason


def symbolic(estimator: type[Any], **parts: Any) -> FeedbackLoop:
    """The symbolic Replace loop, with λ on the covariance of its sampler."""
    return symbolic_loop(Replace(), estimator=estimator(), bias=ScaleCovariance(lam), **parts)


def under(words: Any, steps: Iterator[Step]) -> Iterator[Step]:
    """The steps, each with the case that it belongs to in front."""
    words = getattr(words, "__name__", words)
    return (replace(step, because=f"{words}: {step.because}") for step in steps)


# -- numbers of a loop ---------------------------------------------------------------------------


def start_of(loop: FeedbackLoop) -> tuple[float, float]:
    """(μ - μ₀, σ²) of model 0."""
    first: Any = loop.start if isinstance(loop.start, Gaussian) else loop.family
    family: Any = loop.family
    return float(first.mean) - float(family.mean), float(first.variance)


def factor_of(loop: FeedbackLoop) -> float:
    """The λ of the loop's bias."""
    bias: Any = loop.bias
    return float(getattr(bias, "lam", getattr(bias, "tau", 1)))


def in_symbols(expression: Any, loop: FeedbackLoop) -> Any:
    """A closed form with the loop's own divisor, and its own symbol or number for λ.

    Its n is any positive number: of a whole one sympy writes Γ(n/2) by factorials, too large.
    """
    bias: Any = loop.bias
    size = sp.Symbol(n.name, positive=True)
    own = getattr(bias, "lam", getattr(bias, "tau", 1))
    divided = expression.subs(D, DIVISORS[type(loop.estimator)])
    return divided.subs({lam: own, n: size}, simultaneous=True)


def _divisor(loop: FeedbackLoop, size: Any) -> Any:
    return size - 1 if isinstance(loop.estimator, Bessel) else size


def numbers(expression: Any, loop: FeedbackLoop, when: Any, **more: Any) -> Any:
    """A closed form in g, at constant n, at the generations ``when``."""
    return evaluate(expression, loop, when, D=_divisor(loop, float(loop.n)),
                    lam=factor_of(loop), **more)  # fmt: skip


def confront(
    loop: FeedbackLoop, observable: Any, when: tuple[int, ...], closed: Any,
    infinite: float | None = None, replicates: int = 100_000, **others: Any,
) -> Confrontation:  # fmt: skip
    """An attack on a closed form, whose rivals are its own with one thing changed.

    ``infinite`` is the value without noise (no rival where it equals the theorem's);
    ``others`` are further rivals, ``index_off_by_one=None`` leaves one out.
    """
    values = {
        "other_ddof": numbers(closed, other_ddof(loop), when),
        "index_off_by_one": numbers(closed, loop, [t + 1 for t in when]),
        "infinite_n": None if infinite is None else np.full(len(when), float(infinite)),
        **others,
    }
    rivals = {name.replace("_", " "): v for name, v in values.items() if v is not None}
    predicted = numbers(closed, loop, when)
    return Confrontation(loop, observable, when, predicted, rivals, replicates)


def named(what: str, estimator: type[Any] | None = None) -> Any:
    r"""The symbol of an expectation, such as \mathrm{E}_{\mathrm{MLE}}[\hat\sigma_g^2]."""
    words = {MaximumLikelihood: "MLE", Bessel: "Bessel"}
    under = rf"_{{\mathrm{{{words[estimator]}}}}}" if estimator else ""
    return sp.Symbol(rf"\mathrm{{E}}{under}[{what}]")


def along(expression: Any, loop: FeedbackLoop, generations: int, **more: Any) -> Any:
    """What one generation contributes, at each g = 1 … ``generations`` of a chain."""
    size = np.array(loop.sizes(generations), dtype=float)
    factor = np.full(generations, factor_of(loop))
    factor[: 1 if loop.faithful_start else 0] = 1.0
    constant = replace(loop, n=loop.n[0]) if isinstance(loop.n, tuple) else loop
    return evaluate(expression, constant, np.arange(1, generations + 1), n=size,
                    D=_divisor(loop, size), lam=factor, **more)  # fmt: skip


def summed(expression: Any, loop: FeedbackLoop, generations: int, **more: Any) -> Any:
    """The contributions of the generations 1 … g added up, at g = 0 … ``generations``."""
    return np.append(0.0, np.cumsum(along(expression, loop, generations, **more)))


def gammasimp(expression: Any) -> Any:
    """`sympy.gammasimp`, which finds neighbouring gamma functions of ν/2 but not of n/2 - 1/2."""
    half = sp.Dummy("half", positive=True)
    return sp.gammasimp(expression.subs(n, 2 * half + 1)).subs(half, nu / 2)


def for_large_n(rational: Any) -> Any:
    """The limit n → ∞ of a rational function of n: the ratio of the leading coefficients."""
    return at_infinity(rational, n)


def other_ddof(loop: FeedbackLoop) -> FeedbackLoop:
    """The rival that divides by the other number."""
    swapped = MaximumLikelihood() if isinstance(loop.estimator, Bessel) else Bessel()
    return replace(loop, estimator=swapped)


def log_of(product: Any) -> Any:
    """The logarithm of a product of powers and gamma functions, in loggamma: it cannot overflow."""
    gentle = product.replace(sp.gamma, lambda x: sp.exp(sp.loggamma(x)))
    return sp.expand_log(sp.log(gentle), force=True)


# -- laws ----------------------------------------------------------------------------------------


def mellin_law(loop: FeedbackLoop, transform: Any, generations: int, once: Any = 1) -> MellinLaw:
    """The law of σ²_g (times a variable of transform ``once``), from its Mellin transform.

    ``transform`` is what one generation contributes: a product of Γ(k + s) and powers to the s,
    which are read off the expression, so that no number of the law is typed a second time.
    """
    from hallofillusions.mellin import gamma_product

    shapes, scale = [], np.log(start_of(loop)[1])
    for part, count in ((transform, generations), (sp.sympify(once), 1)):
        found, slope = _read(part)
        for shape in found:
            shapes.extend(along(shape, loop, count))
        scale += summed(slope, loop, count)[-1]
    values, counts = np.unique(shapes or [1.0], return_counts=True)
    return gamma_product(values, counts if shapes else 0, scale)


def _read(transform: Any) -> tuple[list[Any], Any]:
    """The k of every Γ(k + s), and ℓ of the factor exp(ℓ s) that is left."""
    gammas = [f for f in sp.Mul.make_args(transform) if isinstance(f, sp.gamma) and f.has(s)]
    shapes = [f.args[0] - s for f in gammas]
    slope = sp.expand_log(sp.log(transform / sp.Mul(*gammas)), force=True).diff(s)
    if any(k.has(s) for k in [*shapes, slope]):
        raise ValueError(f"{transform} is not a product of Γ(k + s) and powers to the s")
    return shapes, slope


def at(table: Any, when: Any) -> Any:
    """Entries of a table over g = 0, 1, …"""
    return table[np.asarray(when, dtype=int)]


def last(when: Any) -> int:
    return int(np.max(when, initial=0))
