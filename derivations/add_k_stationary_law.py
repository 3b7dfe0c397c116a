r"""Under smoothing a loop of types settles in a Dirichlet law, whose corners are its home.

Let k₀ be added to each of K counts, let k fresh real points enter each generation (none under
Replace) and n → ∞, with time in units of n generations.  The loop becomes the diffusion

    dq = [k (p - q) + k₀ K (u - q)] dt + (diag q - q qᵀ)^{1/2} dW,

Wright's, with mutation and immigration, which is reversible: the density Π q_i^{a_i - 1} carries
no flux for a_i = 2k p_i + 2k₀ K u_i.  For small k₀ and without fresh data that is a collapsed law:
of K = 10 types, exp of the mean entropy is 3.36 types at k₀ = 0.1 and 1.29 at 0.01.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._diffusion import diffusion
from hallofillusions.derivations._shared import real_points
from hallofillusions.derivations._types import K, P, U, k_0, types_loop, types_only
from hallofillusions.estimators.add_k import AddK
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Limit
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.probability import Probability
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import alpha, k

a, A, x, s = sp.symbols("a A x s", positive=True)
share = 2 * k * P[0] + 2 * k_0 * K * U[0]  # a_i
total = 2 * k + 2 * k_0 * K  # A = Σ a_i
below = sp.betainc_regularized(a, A - a, 0, x)  # P(q_i < x)
density = x ** (a - 1) * (1 - x) ** (A - a - 1) / sp.beta(a, A - a)
moment = sp.gamma(a + s) * sp.gamma(A) / (sp.gamma(a) * sp.gamma(A + s))  # E q_i^s
surprise = a / A * (sp.digamma(A + 1) - sp.digamma(a + 1))  # E[-q_i log q_i]
entropy = sp.digamma(2 * k_0 * K + 1) - sp.digamma(2 * k_0 + 1)  # of K types, without fresh data


def statement() -> list[Any]:
    law = sp.Symbol(r"\mathrm{P}(q_{\infty,i}<x)")
    each = sp.Symbol(r"\mathrm{E}[-q_{\infty,i}\log q_{\infty,i}]")
    whole = sp.Symbol(r"\mathrm{E}_{k=0}[-\sum_i q_{\infty,i}\log q_{\infty,i}]")
    plain = {P[0]: sp.Symbol("p_i"), U[0]: 1 / K}
    return [
        equal(law, below), equal(a, share.subs(plain)), equal(A, total),
        equal(each, surprise), equal(whole, entropy),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _one_type()
    for count in (2, 3):
        for mixing in (Replace(), FreshSplit(alpha=alpha), FreshMixture(alpha=alpha)):
            yield from _flux(mixing, count)


def _flux(mixing: Any, count: int) -> Iterator[Step]:
    """Two types have a Beta law, three a Dirichlet law; any number lumps to them."""
    words = f"{type(mixing).__name__}, {count} types"
    fresh = 0 if isinstance(mixing, Replace) else k
    q = sp.symbols(f"q_1:{count}", positive=True)
    loop = types_loop(mixing, count, estimator=AddK(k_0))
    found = diffusion(loop, {z.name: z for z in q}, jumps=count == 2)
    for i, z in enumerate(q):
        pull = fresh * (P[i] - z) + k_0 * K * (U[i] - z)
        yield Step(f"{words}: q_{i + 1} is pulled to p and to u", found.drift[i], pull)
        for j, other in enumerate(q):
            yield Step(f"{words}: noise of q_{i + 1} and q_{j + 1}", found.covariance[i, j],
                       z * (int(i == j) - other))  # fmt: skip
    yield Step(f"{words}: no jumps are left", sum(found.jumps), 0)
    own = [share.subs({k: fresh, P[0]: p, U[0]: u}) for p, u in zip(P, U, strict=True)][: count - 1]
    own.append(total.subs(k, fresh) - sum(own))
    everything = (*q, 1 - sum(q))
    log_p = sum((b - 1) * sp.log(z) for b, z in zip(own, everything, strict=True))
    for z, flux in zip(q, found.flux(log_p), strict=True):
        yield Step(f"{words}: no flux along {z}", flux, 0, sp.cancel)


def _one_type() -> Iterator[Step]:
    yield Step("distribution function of one type", below.diff(x), density.rewrite(sp.gamma),
               lambda e: sp.gammasimp(e.rewrite(sp.gamma)))  # fmt: skip
    tilted = density.subs({a: a + s, A: A + s}, simultaneous=True)  # integrates to 1, too
    yield Step("its moments: x^s tilts the law", x**s * density / tilted, moment,
               lambda e: sp.gammasimp(sp.powsimp(e.rewrite(sp.gamma))))  # fmt: skip
    yield Step("and its mean", moment.subs(s, 1), a / A, sp.gammasimp)
    slope = -moment.diff(s).subs(s, 1).rewrite(sp.polygamma)
    yield Step("E[-q log q] is minus the slope of E q^s at s = 1", slope,
               surprise.rewrite(sp.polygamma), sp.gammasimp)  # fmt: skip
    alone = {a: share, A: total}
    equal = surprise.subs(alone).subs({k: 0, U[0]: 1 / K})
    yield Step("K types, without fresh data", K * equal, entropy)
    yield Step("a type without a name has the law of its lump", share.subs(P[0], P[0] + P[1])
               .subs(U[0], U[0] + U[1]), share + share.subs({P[0]: P[1], U[0]: U[1]}))  # fmt: skip


# -- the attacks ---------------------------------------------------------------------------------


def pseudo_counts(loop: FeedbackLoop, times: float = 1.0, real: float = 1.0) -> Any:
    """The a_i of a loop; ``times`` (of smoothing) and ``real`` make them those of a rival."""
    family: Any = loop.family
    estimator: Any = loop.estimator
    numbers = {k: real * float(real_points(loop)), k_0: times * float(estimator.k), K: family.total}
    each = sp.lambdify((P[0], U[0]), share.subs(numbers))
    return each(family.law, family.uniform)


def distribution(loop: FeedbackLoop, counts: Any) -> Any:
    """x -> P(q_1 < x) under the Dirichlet law of ``counts``."""
    return lambda at: evaluate(below, loop, np.zeros(np.shape(at)), x=np.asarray(at),
                               a=counts[0], A=sum(counts))  # fmt: skip


def mean_entropy(loop: FeedbackLoop, counts: Any) -> Any:
    grid = np.zeros(len(counts))
    return evaluate(surprise, loop, grid, a=np.asarray(counts), A=sum(counts)).sum()


def confrontations() -> list[Confrontation]:
    """At these n the exact law (of the transition matrix, in the tests) is so near its limit
    that 2 500 runs do not see the difference: it is a quarter of their critical distance.
    """
    found = []
    four, three = Categorical((0.4, 0.3, 0.2, 0.1)), Categorical((0.5, 0.3, 0.2))
    for family, mixing, size, k_added, when in (
        (four, Replace(), 400, 2, 550),
        (four, FreshSplit(0.995), 200, 0.5, 740),
        (three, FreshMixture(0.99), 200, 0.25, 810),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=size, estimator=AddK(k_added))
        own = pseudo_counts(loop)
        others = {
            "k for 2k": own / 2,
            "the uniform law of models": np.ones(family.K),
        }
        if real_points(loop):
            others["smoothing alone"] = pseudo_counts(loop, real=0.0)
        else:
            others["half the smoothing"] = pseudo_counts(loop, times=0.5)
        laws = {name: distribution(loop, wrong) for name, wrong in others.items()}
        law = distribution(loop, own)
        found.append(Confrontation(loop, Probability(1), (when,), law, laws, 2_500))
        means = {name: (mean_entropy(loop, wrong),) for name, wrong in others.items()}
        means["the uniform model"] = (np.log(family.K),)
        value = (mean_entropy(loop, own),)
        found.append(Confrontation(loop, Entropy(), (when,), value, means, 2_500))
    return found


theorem = Theorem(
    name="add_k_stationary_law",
    title="The stationary law under smoothing is Dirichlet",
    kind=Limit(),
    assumptions=(
        "k₀ is added to each of K counts",
        "k fresh real points per generation, by count or by chance; k = 0 under Replace",
        "n → ∞ with time in units of n generations, then the stationary law of the diffusion",
        "the law of all types together is Dirichlet(a_1, …, a_K)",
    ),
    reference="the diffusion and its law: Wright 1931; for the loop no earlier statement known",
    cites=("wright1931",),
    statement=statement,
    proof=proof,
    applies=types_only((Replace, FreshSplit, FreshMixture), estimator=AddK, start=object),
    confrontations=confrontations,
)
