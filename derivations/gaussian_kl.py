"""The held-out loss of a Gaussian that trains on its own output grows exponentially.

KL(real ‖ model) averages 1/σ_g², and E σ_g^{-2} = σ_0^{-2} a^g with a = D/(n-3) > 1.  It is
infinite for n ≤ 3: the metric decides the verdict, since W₂² stays bounded at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._integrals import normal_mean
from hallofillusions.derivations._replace import D, confront, faithful, gammasimp, lam, named, s
from hallofillusions.derivations.gaussian_log_variance import drift
from hallofillusions.derivations.gaussian_moments import m, moment, walk
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g, is_symbolic, n, sigma_0

a = D / (n - 3)  # E 1/(χ²/D)
divergence = (g * drift.subs(lam, 1) - 1 + a**g + a / n * (a**g - 1) / (a - 1)) / 2


def statement() -> list[Any]:
    name = sp.Symbol("a")
    return [
        equal(named(r"\mathrm{KL}(\mathrm{real}\,\|\,\mathrm{model}_g)"), divergence.subs(a, name)),
        equal(name, a),
    ]


def proof() -> Iterator[Step]:
    delta, z = sp.symbols("delta z", real=True)
    v, w = sp.symbols("v w", positive=True)  # the model's variance and the real one
    log_real = -(z**2) / 2 - sp.log(w) / 2
    log_model = -((sp.sqrt(w) * z - delta) ** 2) / (2 * v) - sp.log(v) / 2
    integral = normal_mean(log_real - log_model, z)
    pieces = (sp.log(v) - sp.log(w) + w / v + delta**2 / v - 1) / 2
    yield Step("KL of two Gaussians, at x = μ₀ + √w z", integral, pieces)
    here = {s: -1, lam: 1}
    yield Step("E 1/(χ²/D)", m.subs(here), a, gammasimp)
    M = sp.Symbol("M", positive=True)  # the number a, so that D = M (n - 3)
    inverse, wandering = M**g / sigma_0**2, walk.subs(here).subs(D, M * (n - 3))
    yield Step("E σ^{-2}", inverse.subs(M, m.subs(here)), moment.subs(here))
    whole = (g * drift.subs(lam, 1) + sigma_0**2 * inverse + inverse * wandering - 1) / 2
    yield Step("the three expectations", whole, divergence.subs(a, M))


def confrontations() -> list[Confrontation]:
    found = []
    for size, estimator, when in (
        (15, MaximumLikelihood(), (1, 2, 3)),
        (21, Bessel(), (1, 2, 4)),
        (50, MaximumLikelihood(), (1, 5, 10)),
    ):
        loop = FeedbackLoop(family=Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator)
        found.append(confront(loop, KLDivergence(), when, divergence, infinite=0))
    return found


def applies(loop: FeedbackLoop) -> str | None:
    """n > 3 besides the usual conditions."""
    small = not isinstance(loop.n, tuple) and not is_symbolic(loop.n) and loop.n <= 3
    return "n must be above 3, or E KL is infinite" if small else faithful(loop)


theorem = Theorem(
    name="gaussian_kl",
    title="Expected KL divergence and held-out loss under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n > 3 points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood)",
        "started at the truth",
        "the held-out log-loss is this plus the entropy of the real law",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
