r"""With fresh data every exponential family settles in its conjugate prior.

Let k fresh real points enter each generation and n → ∞, with time in units of n generations.
Whatever the family, with natural parameter θ, mean parameter m = ∇A(θ) and covariance V = ∇²A,

    dm = -k (m - m*) dt + V(m)^{1/2} dW.

Since dm = V dθ and div_m V = ∇_θ log det V, the density exp{2k [m*·θ - A(θ)]} of θ carries no
flux: the loop is reversible and samples the prior of Diaconis and Ylvisaker that 2k real points
of mean m* would leave.  For the one-parameter families of Morris that is a textbook law of the
mean (for the Gaussian with a mean and a covariance, see `inverse_wishart`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.component import fields_of
from hallofillusions.derivations._diffusion import Diffusion, diffusion, quadratic
from hallofillusions.derivations._dimensions import line
from hallofillusions.derivations._shared import only
from hallofillusions.families.bernoulli import Bernoulli
from hallofillusions.families.binomial import Binomial
from hallofillusions.families.gamma import Gamma
from hallofillusions.families.gaussian_mean import GaussianMean
from hallofillusions.families.hyperbolic_secant import HyperbolicSecant
from hallofillusions.families.inverse_gaussian import InverseGaussian
from hallofillusions.families.negative_binomial import NegativeBinomial
from hallofillusions.families.poisson import Poisson
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.mean import Mean
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import alpha, k, lookup, n, sigma_0

half = sp.Rational(1, 2)
m_0, mu_0, p_0 = map(lookup, ("m_0", "mu_0", "p_0"))
shape, trials, failures = map(lookup, ("shape", "trials", "failures"))
x, w = sp.symbols("x w", positive=True)
delta = sp.Symbol("delta", real=True)

# -- one parameter: P(m < x) of each family ------------------------------------------------------


def beta(a: Any, b: Any, at: Any) -> Any:
    return sp.betainc_regularized(a, b, 0, at)


below: dict[Any, Any] = {
    GaussianMean: (1 + sp.erf(sp.sqrt(k) * (x - mu_0) / sigma_0)) / 2,
    Bernoulli: beta(2 * k * p_0, 2 * k * (1 - p_0), x),
    Binomial: beta(2 * k * trials * p_0, 2 * k * trials * (1 - p_0), x / trials),
    Poisson: 1 - sp.uppergamma(2 * k * m_0, 2 * k * x) / sp.gamma(2 * k * m_0),
    Gamma: sp.uppergamma(2 * k * shape + 1, 2 * k * shape * m_0 / x) / sp.gamma(2 * k * shape + 1),
    NegativeBinomial: beta(2 * k * m_0, 2 * k * failures + 1, x / (x + failures)),
    # of the mean 0 only: else Pearson's type IV, whose integral has no name
    HyperbolicSecant: beta(k * shape + half, k * shape + half,
                           (1 + x / sp.sqrt(x**2 + shape**2)) / 2),
}
pearson = sp.exp(2 * k * mu_0 * sp.atan(x / shape)) * (1 + x**2 / shape**2) ** (-k * shape - 1)
unnamed: dict[Any, Any] = {  # densities up to a constant
    HyperbolicSecant: pearson,
    InverseGaussian: x**-3 * sp.exp(2 * k * shape / x - k * shape * m_0 / x**2),
}

def statement() -> list[Any]:
    real, theta, A, p = (sp.Symbol(s) for s in ("m^*", r"\theta", r"A(\theta)", r"p(\theta)"))
    names = {f: rf"\mathrm{{P}}_{{\mathrm{{{f.__name__}}}}}(\hat m_\infty<x)" for f in below}
    return [
        equal(p, sp.Symbol("C") * sp.exp(2 * k * (real * theta - A))),
        *(equal(sp.Symbol(names[f]), law) for f, law in below.items()),
    ]


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from any_family(1)
    yield from any_family(2)
    for size in (2, 3, 4):
        V, change = symmetric("V", size), symmetric("W", size)
        slope = (V + w * change).det(method="berkowitz").diff(w).subs(w, 0)
        yield Step(f"Jacobi, {size} parameters: ∂ log det V = tr V⁻¹ ∂V", slope,
                   (V.adjugate() * change).trace())  # fmt: skip
    yield from loops_of_one_parameter()


def any_family(size: int) -> Iterator[Step]:
    """No flux for any A(θ), in mean coordinates: the trace formula is all that is needed."""
    theta, real = sp.symbols(f"theta_1:{size + 1}"), sp.symbols(f"M_1:{size + 1}")
    A = sp.Function("A")(*theta)
    m, V = [sp.diff(A, t) for t in theta], sp.hessian(A, theta)
    inverse, log_det = V.adjugate() / V.det(), sp.log(V.det())

    def along(f: Any, j: int) -> Any:
        """∂f/∂m_j of a function of θ."""
        return sum(inverse[j, i] * sp.diff(f, t) for i, t in enumerate(theta))

    prior = 2 * k * (sum(a * t for a, t in zip(real, theta, strict=True)) - A)
    log_p = prior - log_det  # |dθ/dm| = 1/det V
    for i, t in enumerate(theta):
        divergence = sum(along(V[i, j], j) for j in range(size))
        yield Step(f"{size} parameters: (div V)_{i + 1} = ∂ log det V/∂θ_{i + 1}",
                   divergence - sp.diff(log_det, t), 0, _plain)  # fmt: skip
        pushed = sum(V[i, j] * along(log_p, j) for j in range(size))
        flux = -k * (m[i] - real[i]) - (divergence + pushed) / 2
        yield Step(f"{size} parameters: no flux along m_{i + 1}", flux, 0, _plain)


def symmetric(name: str, size: int) -> Any:
    return sp.Matrix(size, size, lambda i, j: lookup(f"{name}_{min(i, j) + 1}{max(i, j) + 1}"))


def _plain(expression: Any) -> Any:
    """A rational function of derivatives, as one of plain symbols."""
    names = {f: sp.Dummy() for f in sorted(expression.atoms(sp.Derivative), key=str)}
    return sp.cancel(sp.together(expression.subs(names, simultaneous=True)))


def loops_of_one_parameter() -> Iterator[Step]:
    for family in (quadratic, *(f().symbolic() for f in {**below, **unnamed})):
        for mixing in (FreshSplit, FreshMixture):
            words = f"{mixing.__name__}, {type(family).__name__}"
            found = diffusion(FeedbackLoop(family, mixing=mixing(alpha=alpha), n=n),
                              {"delta": delta})  # fmt: skip
            V = sum(v * (family.middle() + delta) ** j for j, v in enumerate(family.curve()))
            yield Step(f"{words}: m relaxes", found.drift[0], -k * delta)
            yield Step(f"{words}: its noise is V(m)", found.covariance[0, 0], V)
            yield Step(f"{words}: no jumps are left", sum(found.jumps), 0)
        yield from closed_forms(family, found)


def closed_forms(family: Any, found: Diffusion) -> Iterator[Step]:
    """The density of δ = x - m* carries no flux."""
    kind, place = type(family), family.middle() + delta
    named, other = sp.diff(below.get(kind, 0), x), unnamed.get(kind, sp.Integer(0))
    for p, at in ((named, {mu_0: 0} if other != 0 else {}), (other, {})):
        if p != 0:
            log_p = sp.expand_log(sp.log(p), force=True).subs(x, place)
            flux = found.flux(log_p)[0].subs(at)
            yield Step(f"{kind.__name__}: the density carries no flux", flux, 0, sp.simplify)


# -- the attacks ---------------------------------------------------------------------------------


def distribution(loop: FeedbackLoop, law: Any, **more: Any) -> Any:
    """x -> P(observable < x) with the numbers of a loop."""
    flat = line(loop)
    fields = {f.name: flat.family.symbol_of(f.name) for f in fields_of(flat.family)}
    own = {z.name: float(getattr(flat.family, f)) for f, z in fields.items() if z.is_Symbol}
    return lambda at: evaluate(law, flat, np.zeros(np.shape(at)), **own | {"x": at} | more)


def bell(family: Any, count: float, at: Any) -> Any:
    """The normal law with the prior's own mean m* and variance V(m*)/(count - v₂)."""
    from scipy.special import ndtr

    variance = float(family.variance_of(family.as_model())) / (count - float(family.curve()[2]))
    return ndtr((at - float(family.middle())) / variance**0.5)


def confrontations() -> list[Confrontation]:
    """The law of a loop of n points differs from its limit by O(1/n) (`pseudo_observations`).

    That is a fixed share of what R runs would notice (a quarter for Bernoulli's at 5 %, by its
    exact law in the tests): a larger R would need a larger n.
    """
    found = []
    for mixing, family, start, size, fresh in (
        (FreshSplit, GaussianMean(1, 2), GaussianMean(2, 2), 200, 2),
        (FreshSplit, Bernoulli(0.4), Bernoulli(0.6), 200, 2),
        (FreshMixture, Binomial(3, 0.25), Binomial(3, 0.5), 200, 2),
        (FreshSplit, Poisson(1), Poisson(2), 200, 1),
        (FreshSplit, Gamma(1, 2), Gamma(2, 2), 200, 2),
        (FreshMixture, NegativeBinomial(1, 3), NegativeBinomial(2, 3), 200, 2),
        (FreshSplit, HyperbolicSecant(0, 1), HyperbolicSecant(1, 1), 40, 4),  # every point drawn
    ):
        share = 1 - Fraction(fresh, size)
        loop = FeedbackLoop(family, mixing=mixing(alpha=share), n=size, start=start)
        law = below[type(family)]
        rivals = {
            "as many real points as come in": distribution(loop, law, k=fresh / 2),
            "as many again": distribution(loop, law, k=2 * fresh),
        }
        if type(family) in (Poisson, Gamma, NegativeBinomial):  # the skew ones
            rivals["a Gaussian law"] = partial(bell, family, 2 * fresh)
        when = (11 * size // fresh,)  # eleven relaxation times
        found.append(Confrontation(loop, Mean(), when, distribution(loop, law), rivals, 5_000))
    return found


theorem = Theorem(
    name="conjugate_prior",
    title="With fresh data every exponential family settles in its conjugate prior",
    kind=Limit(),
    assumptions=(
        "a regular exponential family fitted by maximum likelihood; the prior is proper",
        "k fresh real points per generation, by count or by chance; unlimited synthetic ones",
        "n → ∞ with time in units of n generations, then the stationary law of the diffusion",
        "from any start; for the hyperbolic secant the closed form is that of the real mean 0",
    ),
    reference="the prior: Diaconis & Ylvisaker 1979; the families: Morris 1982; to be compared "
    "with Jangjoo, Marsili & Roudi 2026 (equations of motion with a ground-truth point)",
    cites=("diaconis1979", "morris1982", "jangjoo2026"),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), family=(*below, *unnamed), start=object, real=1),
    confrontations=confrontations,
)
