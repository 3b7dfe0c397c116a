r"""How many pseudo-observations a loop of n points has, and how fast it nears its limit.

The stationary law of `conjugate_prior` is a prior that 2k real points would leave.  At finite n
read 2k as N, the count that makes its mean and variance exact,

    Var m = V(m*)/(N - v₂),

with V(m) = v₀ + v₁m + v₂m² (so N = N_eff + v₂ with N_eff = V(m*)/Var m: for the Gaussian, as for
the categorical model, v₂ = -1 and N = N_eff - 1).  All other moments then miss by O(1/n), as the
exact fixed points of the engine show.  The prior's own moments follow from its zero flux,
N E[δ f(δ)] = E[V f'(δ)].
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from hallofillusions.derivations import (
    conjugate_prior,
    drift_fresh_mixture,
    drift_fresh_split,
    stationary_law,
)  # fmt: skip
from hallofillusions.derivations._diffusion import quadratic
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._replace import for_large_n
from hallofillusions.derivations._shared import only, symbolic_loop
from hallofillusions.families._natural import NaturalFamily
from hallofillusions.families.gamma import Gamma
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.negative_binomial import NegativeBinomial
from hallofillusions.families.poisson import Poisson
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, in_greek
from hallofillusions.rational import factored
from hallofillusions.starts import Truth
from hallofillusions.symbols import alpha, k, lookup, mu_0, n, sigma_0
from hallofillusions.theory import derive

FAMILIES = (*conjugate_prior.below, Gaussian)
half = sp.Rational(1, 2)
h = sp.Symbol("h", positive=True)  # 1/n
N = sp.Symbol("N", positive=True)
v_0, v_1, v_2 = map(lookup, ("v_0", "v_1", "v_2"))
V = v_0 + v_1 * mu_0 + v_2 * mu_0**2

count = {
    FreshSplit: n * (1 - alpha**2) + (1 - alpha) * v_2,
    FreshMixture: n * (1 - alpha**2) + (1 - alpha) * (v_2 - alpha),
}
effective_size = {
    FreshSplit: drift_fresh_split.effective_size,
    FreshMixture: drift_fresh_mixture.effective_size,
}
square = V / (N - v_2)  # E δ² of the prior
cube = 2 * (v_1 + 2 * v_2 * mu_0) * square / (N - 2 * v_2)  # E δ³
moments = {  # of the Gaussian's prior, by the name of the recursion's monomial
    "v": sigma_0**2 * N / (N + 1),
    "delta^2": sigma_0**2 / (N + 1),
    "v^2": sigma_0**4 * N**2 / (N**2 - 1),
    "delta^2 v": sigma_0**4 * N / (N**2 - 1),
    "delta^4": 3 * sigma_0**4 / (N**2 - 1),
}
K = 3 * k * (2 * k - 1)
departures = {  # n times the relative error of a moment, as n → ∞
    FreshSplit: {
        "delta^3": -k * (5 * k - 3 * v_2) / (6 * (k - v_2)),  # of any quadratic variance
        "v^2": (4 * k**2 - 16 * k + 3) / (4 * k * K),
        "delta^2 v": -(10 * k**2 - 7 * k + 3) / K,
        "delta^4": -(16 * k**2 - 10 * k + 3) / K,
    },
    FreshMixture: {
        "delta^3": -k * (5 * k - 3 * v_2 - 3) / (6 * (k - v_2)),
        "v^2": (4 * k**2 - 22 * k + 3) / (4 * k * K),
        "delta^2 v": -(10 * k**2 - 4 * k + 3) / K,
        "delta^4": -(10 * k**2 - 4 * k + 3) / K,
    },
}


def statement() -> list[Any]:
    names = {FreshSplit: r"N_{\mathrm{split}}", FreshMixture: r"N_{\mathrm{mixture}}"}
    error, size = sp.Symbol(r"\mathrm{Var}(\hat m_\infty)"), sp.Symbol(r"N_{\mathrm{eff}}")
    gaussian = sp.Symbol(r"N_{v_2=-1}")
    variance, fourth = (sp.Symbol(rf"\mathrm{{E}}[\hat\sigma_\infty^{p}]") for p in (2, 4))
    order = 1 + departures[FreshSplit]["v^2"] / n + sp.Order(n**-2, (n, sp.oo))
    return [
        *(equal(sp.Symbol(names[m]), value) for m, value in count.items()),
        equal(error, sp.Symbol("V(m^*)") / (N - v_2)),
        equal(gaussian, size - 1),
        equal(variance, moments["v"]),
        equal(fourth, sp.Mul(moments["v^2"], order, evaluate=False)),
    ]


def proof() -> Iterator[Step]:
    for mixing, own in count.items():
        words = mixing.__name__
        near = sp.expand(own.subs({alpha: 1 - k * h, n: 1 / h}))
        yield Step(f"{words}: 2k pseudo-observations as n → ∞", near.subs(h, 0), 2 * k)
        yield Step(f"{words}: N_eff - 1 where v₂ = -1", own.subs(v_2, -1),
                   effective_size[mixing] - 1)  # fmt: skip
        rest = derive(FeedbackLoop(quadratic, mixing=mixing(alpha=alpha), n=n), 3).fixed_point()
        assert rest is not None
        yield Step(f"{words}: Var m, at every n", rest["delta^2"], square.subs(N, own))
        miss = departures[mixing]
        yield Step(f"{words}, any quadratic variance: the relative error of E δ³, times n",
                   departure(rest["delta^3"], cube, near), miss["delta^3"])  # fmt: skip
        rest = derive(symbolic_loop(mixing(alpha=alpha)), 4).fixed_point()
        assert rest is not None
        ours = own.subs(v_2, -1)
        for name in ("v", "delta^2"):
            yield Step(f"{words}, Gaussian: E {in_greek(name)}, at every n", rest[name],
                       moments[name].subs(N, ours))  # fmt: skip
        for name in ("v^2", "delta^2 v", "delta^4"):
            found = departure(rest[name], moments[name], near.subs(v_2, -1))
            yield Step(f"{words}, Gaussian: the relative error of E {in_greek(name)}, times n",
                       found, miss[name])  # fmt: skip
    yield from priors()


def departure(exact: Any, law: Any, near: Any) -> Any:
    """n (exact/law - 1) as n → ∞, with N in the law as a polynomial in h."""
    missed = n * (exact.subs(alpha, 1 - k / n) / law.subs(N, near.subs(h, 1 / n)) - 1)
    return factored(for_large_n(missed))


def priors() -> Iterator[Step]:
    """The moments that are compared are those of the laws in `conjugate_prior`."""
    own = {stationary_law.a: k + 3 * half}
    for power, name in ((1, "v"), (2, "v^2")):
        found = sp.gammasimp(stationary_law.moment.subs(stationary_law.x, power)).subs(own)
        yield Step(f"inverse gamma: E {in_greek(name)}", found.subs(k, N / 2), moments[name])
    yield Step("δ given σ² is normal: E δ²", moments["v"] / N, moments["delta^2"])
    yield Step("E δ²σ²", moments["v^2"] / N, moments["delta^2 v"])
    yield Step("E δ⁴", 3 * moments["v^2"] / N**2, moments["delta^4"])
    w, s = sp.symbols("w s", positive=True)
    # Poisson: the prior is a gamma law of shape N m* and rate N
    m, x = conjugate_prior.m_0, conjugate_prior.x
    p = sp.diff(conjugate_prior.below[Poisson], x).subs({k: N / 2, x: w})
    raw = over_half_line(w**s * p, w)  # E w^s
    for power, law in ((2, square), (3, cube)):
        found = sum(c * raw.subs(s, j) for (j,), c in sp.Poly((w - m) ** power, w).terms())
        yield Step(f"Poisson: E δ^{power} of the prior", sp.gammasimp(found),
                   law.subs({v_0: 0, v_1: 1, v_2: 0, mu_0: m}), sp.simplify)  # fmt: skip


# -- the attacks ---------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    """Few points, so that 2k, N_eff and N are far apart; averaged over generations for power."""
    real, size, last, found = 3, 6, 220, []
    attacks: tuple[Any, ...] = (
        (FreshSplit, Gamma(1, 1), Gamma(2, 1)),
        (FreshMixture, Poisson(2), Poisson(3)),
        (FreshSplit, NegativeBinomial(2, 2), NegativeBinomial(3, 2)),
        (FreshMixture, Gaussian(1, 2), Truth()),
        (FreshSplit, Gaussian(1, 2), Truth()),
    )
    for mixing, family, start in attacks:
        loop = FeedbackLoop(family, mixing=mixing(alpha=1 - Fraction(real, size)), n=size,
                            start=start)  # fmt: skip
        one = isinstance(family, NaturalFamily)
        curve = [float(c) for c in family.curve()] if one else [0, 0, -1]
        spread = float(family.variance_of(family.as_model()))
        other = next(m for m in count if m is not mixing)
        counts = {
            "right": count[mixing], "two for each real point": 2 * k, "the other mixing":
            count[other], "one for each point": n,
        }  # fmt: skip
        if curve[2] != -1:
            counts["N_eff - 1 for all families"] = count[mixing].subs(v_2, -1)
        law = 1 / (N - v_2) if one else moments["v"] / sigma_0**2
        values = {name: spread * evaluate(law.subs(N, c), loop, (last,), v_2=curve[2])
                  for name, c in counts.items()}  # fmt: skip
        observable = Mean() if one else Variance()
        path = partial(late, float(family.middle()) if one else None)
        right = values.pop("right")
        found.append(Confrontation(loop, observable, (last,), right, values, 10_000, path=path))
    return found


def late(middle: float | None, values: Any) -> Any:
    """The average, of squares about ``middle``, over all but the first twenty generations."""
    kept = values[20:]
    return (kept if middle is None else (kept - middle) ** 2).mean(axis=0)


theorem = Theorem(
    name="pseudo_observations",
    title="At finite n the prior has N_eff + v₂ pseudo-observations, up to O(1/n)",
    kind=Limit(),
    assumptions=(
        "one parameter with V(m) = v₀ + v₁m + v₂m², or the Gaussian, where v₂ = -1",
        "maximum likelihood, fresh real points by count or by chance; α < 1, g → ∞",
        "the relative errors are those of moments that the prior has, at k = (1-α)n fixed",
    ),
    reference=None,
    cites=("diaconis1979", "morris1982"),
    statement=statement,
    proof=proof,
    applies=only((FreshSplit, FreshMixture), family=FAMILIES, start=object, real=1),
    confrontations=confrontations,
)
