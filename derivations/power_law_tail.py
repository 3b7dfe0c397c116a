r"""One fresh point per generation gives the average model a power-law tail.

The real law and every single model are Gaussian.  But σ² is inverse gamma (`stationary_law`), so a
synthetic point over all runs is Student t, and the mass beyond t real standard deviations is,
averaged over runs, S(t) ~ C t^{-2a}: the power -(2k + 3) under maximum likelihood, -(2k + 1) under
Bessel.  A typical run knows nothing of it: about its own mean the mass beyond t is erfc(t/√2q) in
the median, with q the median of σ²/σ₀², which falls like exp(-t²/2q).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import stationary_law
from hallofillusions.derivations._replace import BOTH
from hallofillusions.derivations._shared import only
from hallofillusions.derivations.stationary_law import a, below, logs, shape, student, tail
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.tail_mass import TailMass
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import k, sigma_0, t

half = sp.Rational(1, 2)
q = sp.Symbol("q", positive=True)  # a quantile of σ²/σ₀²
exponent = -2 * a
amplitude = (2 * k + 1) ** a * sp.gamma(a + half) / (sp.sqrt(sp.pi) * a * sp.gamma(a))
typical = sp.erfc(t / sp.sqrt(2 * q))  # mass beyond t of a run whose σ² is q σ₀²
decay = -1 / (2 * q)
x = stationary_law.x
mass_below = below.subs(x, sigma_0**2 * t**2 / (2 * sp.erfcinv(x) ** 2))  # P(mass < x)


def statement() -> list[Any]:
    mean, median, median_q = (sp.Symbol(s) for s in ("S(t)", "M(t)", "q"))
    names = {MaximumLikelihood: r"2a_{\mathrm{MLE}}", Bessel: r"2a_{\mathrm{Bessel}}"}
    far = sp.Symbol(r"\lim_{t\to\infty}\frac{\log S(t)}{\log t}")
    height = sp.Symbol(r"\lim_{t\to\infty}t^{2a}S(t)")
    fall = sp.Symbol(r"\lim_{t\to\infty}\frac{\log M(t)}{t^2}")
    return [
        equal(mean, tail),
        equal(far, exponent),
        *(equal(sp.Symbol(names[e]), sp.expand(2 * own)) for e, own in shape.items()),
        equal(height, amplitude),
        equal(median, typical.subs(q, median_q)),
        equal(fall, decay),
    ]


def proof() -> Iterator[Step]:
    w = sp.Symbol("w", positive=True)  # 1/t
    density = -sp.diff(tail, t)
    point = 2 * sigma_0 * student.subs(x, t * sigma_0)
    yield Step("S is the tail of the Student t", sp.log(density / point), 0, logs)
    # l'Hôpital: log S/log t → t S'/S → 1 + t S''/S', of which the last is rational
    local = sp.simplify(1 + t * sp.diff(sp.expand_log(sp.log(density), force=True), t))
    yield Step("the exponent", sp.cancel(local.subs(t, 1 / w)).subs(w, 0), exponent)
    for estimator, power in ((MaximumLikelihood, 2 * k + 3), (Bessel, 2 * k + 1)):
        yield Step(f"{estimator.__name__}: the power", exponent.subs(a, shape[estimator]), -power)
    # l'Hôpital once more: S/t^-2a → S'/(-2a t^(-2a-1)); the base of the density's power is taken
    # apart, (1 + t²/(2k+1))^-(a+1/2) = t^(-2a-1) (w² + 1/(2k+1))^-(a+1/2)
    rest = point / (1 + t**2 / (2 * k + 1)) ** (-a - half)
    flat = rest * (w**2 + 1 / (2 * k + 1)) ** (-a - half)
    whole = flat.subs(w, 1 / t) * t ** (-2 * a - 1) / density
    yield Step("a power of t and the rest", sp.log(whole), 0, logs)
    yield Step("the amplitude", sp.log(flat.subs(w, 0) / (2 * a) / amplitude), 0, logs)
    # a run's own mass rises with its σ², so the median of the one is that of the other
    yield Step("the mass rises with σ²", sp.diff(typical, q).is_positive, True)
    yield Step("which gives its law", typical.subs(q, t**2 / (2 * sp.erfcinv(x) ** 2)), x,
               _inverted)  # fmt: skip
    yield Step("the law of σ² is where it is read", mass_below, below.subs(
        x, sigma_0**2 * q).subs(q, t**2 / (2 * sp.erfcinv(x) ** 2)))  # fmt: skip
    z = sp.Symbol("z", positive=True)  # t/√(2q)
    bound = sp.limit(sp.sqrt(sp.pi) * z * sp.exp(z**2) * sp.erfc(z), z, sp.oo)
    yield Step("erfc z ~ exp(-z²)/(z√π)", bound, 1)
    yield Step("so log M/t² tends to", (-(z**2)).subs(z, t / sp.sqrt(2 * q)) / t**2, decay)


def _inverted(expression: Any) -> Any:
    """erfc(erfcinv x) = x, where erfcinv x > 0: a run's mass is below 1."""
    y = sp.Symbol("y", positive=True)
    return sp.powdenest(expression.subs(sp.erfcinv(x), y), force=True).subs(y, sp.erfcinv(x))


# -- the attacks ---------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    """Means of the mass far out, and its law over runs, whose middle is the median.

    A loop of n points differs from the limit by O(1/n).  At k = 1 and n = 100 the mean beyond 3 is
    off by less than 1 %, where its standard error is 3 %; the distribution function of σ² is off
    by 1.7/n, at n = 200 a third of the distance that R = 2500 runs would notice at 5 %.
    """
    found = []
    far, size = 3.0, 100
    for mixing, fresh, estimator in (
        (FreshSplit, 1, MaximumLikelihood), (FreshMixture, 4, Bessel)
    ):  # fmt: skip
        loop = FeedbackLoop(Gaussian(1, 2), mixing=mixing(alpha=1 - Fraction(fresh, size)), n=size,
                            estimator=estimator())  # fmt: skip
        when = (10 * size + size // 2,)  # more than ten relaxation times of the slowest mode
        own = {"a": fresh + float(shape[estimator] - k), "t": far}
        halved = {"a": fresh / 2 + float(shape[estimator] - k), "k": fresh / 2, "t": far}
        wrong = {"a normal tail": evaluate(sp.erfc(t / sp.sqrt(2)), loop, when, t=far)}
        right = evaluate(tail, loop, when, **own)
        found.append(Confrontation(loop, TailMass(far, "real"), when, right, wrong, 20_000))
        rivals = {
            "as many points as come in": mass(loop, halved),
            "the other ddof": mass(loop, own | {
                "a": fresh + float(shape[BOTH[estimator is BOTH[0]]] - k)}),
        }  # fmt: skip
        finer = replace(loop, n=200, mixing=mixing(alpha=1 - Fraction(fresh, 200)))
        found.append(Confrontation(finer, TailMass(far), (2_100,), mass(finer, own), rivals, 2_500))
    return found


def mass(loop: FeedbackLoop, own: dict[str, float]) -> Any:
    """x -> P(a run's mass < x)."""
    return lambda at: evaluate(mass_below, loop, np.zeros(np.shape(at)), x=at, **own)


theorem = Theorem(
    name="power_law_tail",
    title="With k fresh Gaussian points the mean tail mass is a power law, the median is not",
    kind=Limit(),
    assumptions=(
        "those of stationary_law",
        "S(t) is the mass of the model beyond t real standard deviations from the real mean, "
        "averaged over runs",
        "M(t) is the median over runs of the mass beyond t about the model's own mean",
    ),
    reference=None,
    cites=("diaconis1979",),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), estimator=BOTH, real=1),
    confrontations=confrontations,
)
