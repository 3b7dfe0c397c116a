r"""A fixed set of real points makes the loop sample their squared likelihood.

Train for ever on the same k real points A and on fresh synthetic ones, and let n → ∞.  The loop is
that of `conjugate_prior` with the anchor's own statistics in the real law's place, so given A

    p(θ | A) ∝ exp{2k [m_A·θ - A(θ)]} = L_A(θ)²:

the anchor's k points are counted twice, once as themselves and once as what their models say.  A
squared likelihood is half as wide as the likelihood, so to the anchor's own error 1 the loop adds
½: that is the 3/2 of `fixed_anchor_inflation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import conjugate_prior, fixed_anchor_inflation, stationary_law
from hallofillusions.derivations._diffusion import diffusion, quadratic
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.inverse_gaussian import InverseGaussian
from hallofillusions.families.poisson import Poisson
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, k, lookup, n, n_r, sigma_0

FAMILIES = (*conjugate_prior.below, InverseGaussian)
half = sp.Rational(1, 2)
delta, anchor = sp.symbols("delta a", real=True)  # of the model and of the anchor, from μ₀
v, s, x = sp.symbols("v s x", positive=True)  # variance of the model and of the anchor
shape = k + 3 * half

likelihood = -k * (sp.log(v) + (s + (delta - anchor) ** 2) / v) / 2  # log L_A of the Gaussian
ratio_below = sp.uppergamma(shape, k / x) / sp.gamma(shape)  # P(σ²/s² < x), s² the anchor's
shift_below = conjugate_prior.beta(shape, shape, (1 + x / sp.sqrt(1 + x**2)) / 2)
count_below = 1 - sp.uppergamma(2 * k * s, 2 * k * x) / sp.gamma(2 * k * s)  # Poisson, mean s


def statement() -> list[Any]:
    p, L = sp.Symbol(r"p(\theta|A)"), sp.Symbol(r"L_A(\theta)")
    ratio = sp.Symbol(r"\mathrm{P}(\hat\sigma_\infty^2/s_A^2<x)")
    shift = sp.Symbol(r"\mathrm{P}((\hat\mu_\infty-m_A)/s_A<x)")
    error = sp.Symbol(r"\mathrm{E}[(\hat\mu_\infty-\mu_0)^2]")
    return [
        equal(p, sp.Symbol("C") * L**2),
        equal(ratio, ratio_below),
        equal(shift, shift_below),
        equal(error, sigma_0**2 / k * 3 * k / (2 * k + 1)),
    ]


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from any_family()
    yield from gaussian()
    yield from errors()


def any_family() -> Iterator[Step]:
    """The engine's loop with an anchor is the loop with fresh points of the anchor's mean."""
    for family in (quadratic, *(f().symbolic() for f in FAMILIES)):
        loop = FeedbackLoop(family, mixing=FixedReal(alpha=alpha), n=n)
        found = diffusion(loop, {"delta": delta, "memory_1": anchor})
        words = type(family).__name__
        m = family.middle() + delta
        V = sum(c * m**j for j, c in enumerate(family.curve()))
        yield Step(f"{words}: m relaxes to the anchor's mean", found.drift[0],
                   -k * (delta - anchor))  # fmt: skip
        yield Step(f"{words}: its noise is V(m)", found.covariance[0, 0], V)
        yield Step(f"{words}: no jumps are left", sum(found.jumps), 0)
        # log L_A' = k (m_A - m) dθ/dm with dθ/dm = 1/V, and the density of m has 1/V besides
        slope = 2 * k * (anchor - delta) / V - sp.diff(V, delta) / V
        flux = found.drift[0] - (sp.diff(V, delta) + V * slope) / 2
        yield Step(f"{words}: L_A² carries no flux", flux, 0)


def gaussian() -> Iterator[Step]:
    first, second = sp.symbols("memory_1 memory_2", real=True)
    names = {"delta": delta, "v": v, "memory_1": first, "memory_2": second}
    found = diffusion(symbolic_loop(FixedReal(alpha=alpha)), names)
    here = {first: anchor, second: s + anchor**2}
    log_p = 2 * likelihood - 3 * sp.log(v)  # |dθ/d(δ, v)| ∝ v⁻³
    for name, flux in zip(("δ", "v"), found.flux(log_p), strict=True):
        yield Step(f"Gaussian: L_A² carries no flux along {name}", flux.subs(here), 0, sp.simplify)
    yield Step("Gaussian: no jumps are left", sum(found.jumps), 0)
    spread = sp.integrate(sp.exp(-k * delta**2 / v), (delta, -sp.oo, sp.oo))
    alone = -(k + 3) * sp.log(v) - k * s / v + sp.log(spread)
    law = sp.log(sp.diff(ratio_below.subs(x, v / s), v))
    slope = sp.diff(sp.expand_log(alone - law, force=True), v)
    yield Step("σ² given the anchor is inverse gamma", slope, 0, sp.simplify)
    w = sp.Symbol("w", positive=True)  # s²/σ²
    mixed = over_half_line(w ** (shape - 1) * sp.sqrt(w) * sp.exp(-k * w * (1 + x**2)), w)
    away = sp.diff(sp.expand_log(sp.log(sp.diff(shift_below, x) / mixed), force=True), x)
    yield Step("(μ - m_A)/s_A is Student t of 2k + 3 degrees of freedom", away, 0,
               sp.simplify)  # fmt: skip


def errors() -> Iterator[Step]:
    """The anchor's own error, and half of it again."""
    mean = sp.gammasimp(stationary_law.moment.subs(stationary_law.x, 1))  # E σ² given s² = σ₀²
    given = mean.subs({stationary_law.a: shape, sigma_0: sp.sqrt(s)}) / (2 * k)  # Var μ
    own, spread = sigma_0**2 / k, sigma_0**2 * (1 - 1 / k)  # E a² and E s² of k real points
    total = own + given.subs(s, spread)
    yield Step("error with k fixed points", total,
               own * fixed_anchor_inflation.worst.subs(n_r, k))  # fmt: skip
    h = sp.Symbol("h", positive=True)  # 1/n
    exact = sp.cancel(fixed_anchor_inflation.inflation.subs({n_r: k, alpha: 1 - k * h}))
    yield Step("the exact error at n tends to it", exact.subs(h, 0), total / own)
    away = sp.diff(exact, h).subs(h, 0) / (total / own)
    yield Step("with a relative error of order 1/n", away, -k * (k - 1) / (3 * (2 * k + 1)))
    yield Step("many fixed points: 1 + 1/2", sp.limit(total / own, k, sp.oo), 1 + half)
    # V(m) is quadratic: E V(m) = V(m_A) + v₂ Var m, and the flux gives 2k Var m = E V(m)
    v_2, V = lookup("v_2"), sp.Symbol("V", positive=True)
    spread = (V + v_2 * V / k) / (2 * k - v_2)  # E V(m_A) = V + v₂ V/k
    yield Step("any quadratic variance: 1 + 1/2", sp.limit((V / k + spread) * k / V, k, sp.oo),
               1 + half)  # fmt: skip


# -- the attacks ---------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    """Pivots: what the law says of a model against its own run's anchor, which is the first fit.

    The law differs from its limit by O(1/n); at n = 200 and R = 4000 that is a small share of the
    distance that would be noticed (`conjugate_prior.confrontations`).
    """
    real, size = 4, 200
    when = (11 * size // real,)  # eleven relaxation times
    mixing = FixedReal(alpha=1 - Fraction(real, size))
    loop = FeedbackLoop(Gaussian(1, 2), mixing=mixing, n=size, start=Memory())

    def cdf(law: Any, **more: Any) -> Any:
        return lambda at: evaluate(law, loop, np.zeros(np.shape(at)), x=at, **more)

    def rivals(law: Any) -> dict[str, Any]:
        return {"the likelihood itself": cdf(law, k=real / 2),
                "its fourth power": cdf(law, k=2 * real)}  # fmt: skip

    found = [
        Confrontation(loop, Variance(), when, cdf(ratio_below), rivals(ratio_below), 4_000,
                      path=ratio),
        Confrontation(loop, Mean(), when, cdf(shift_below), rivals(shift_below), 8_000,
                      path=shift, also=(Variance(),)),
    ]  # fmt: skip
    counts = FeedbackLoop(Poisson(5), mixing=mixing, n=size, start=Memory())
    pivot = partial(rank, real)
    wrong = {f"{name} of the likelihood": partial(ranked, 5, real, power)
             for name, power in (("the first power", 1), ("the fourth power", 4))}  # fmt: skip
    found.append(Confrontation(counts, Mean(), when, uniform, wrong, 4_000, path=pivot))
    return found


def ratio(variance: Any) -> Any:
    """σ²/s², the anchor's variance s² being that of the first fit."""
    return variance[-1] / variance[1]


def shift(mean: Any, variance: Any) -> Any:
    """(μ - m_A)/s_A."""
    return (mean[-1] - mean[1]) / np.sqrt(variance[1])


def rank(real: int, mean: Any) -> Any:
    """P(m < the run's own mean), given the run's own anchor."""
    from scipy.special import gammainc

    own = np.maximum(mean[1], 1 / (4 * real))  # an anchor of zeros only: the loop is stuck there
    return gammainc(2 * real * own, 2 * real * mean[-1])


def uniform(at: Any) -> Any:
    return np.clip(at, 0, 1)


def ranked(middle: float, real: int, power: float, at: Any) -> Any:
    """P(rank < x) if the loop sampled another power of the likelihood: over all anchors."""
    from scipy.special import gammainc, gammaincinv
    from scipy.stats import poisson

    total = np.arange(1, 4 * middle * real)
    weight = poisson.pmf(total, middle * real)
    place = gammaincinv(2.0 * total, np.asarray(at)[..., None]) / 2
    return (weight * gammainc(power * total, power * place)).sum(axis=-1)


theorem = Theorem(
    name="squared_likelihood",
    title="A loop with fixed real points samples their squared likelihood",
    kind=Limit(),
    assumptions=(
        "a regular exponential family fitted by maximum likelihood; k ≥ 2 fixed real points A",
        "n → ∞ with time in units of n generations, then the stationary law given A",
        "m_A and s_A² are the mean and the variance (over k) of the fixed points",
        "the Gaussian's error is averaged over the fixed points",
    ),
    reference=None,
    cites=("diaconis1979",),
    statement=statement,
    proof=proof,
    applies=only(FixedReal, family=(*FAMILIES, Gaussian), start=(Memory, Truth, FirstFit), real=2),
    confrontations=confrontations,
)
