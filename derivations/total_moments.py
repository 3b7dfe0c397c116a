r"""The total moments of a mixture drift like a single Gaussian's.

An M-step shares every point out among the components, and what each takes it gives back:

    Σ_k w_k μ_k = x̄,    Σ_k w_k (Σ_k + (μ_k - x̄)(μ_k - x̄)ᵀ) = (1/n) Σ_i (x_i - x̄)(x_i - x̄)ᵀ,

whatever the responsibilities are, if only those of a point sum to 1: with any number of
components, before EM converges, and with known labels.  So the mixture's total mean m and total
covariance S are matched to the points', the sampler has them, and nothing else enters their
recursion.  It is the one of a Gaussian: the v_g of the mixing rules them both.

A component that is lost leaves the others with shares that sum to 1, so the next M-step does it
again.  Diagonal covariances keep only the diagonal of S and spherical ones its trace, of which the
drift law then holds, since no other entry enters theirs; ``reg_covar`` adds itself at every fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._mixture_loops import attack_moments, moment_loops
from hallofillusions.derivations._mixtures import (
    COVARIANCES,
    PAIRS,
    TOTAL_MEAN,
    WEIGHTS,
    A,
    B,
    C,
    K,
    Symbolic,
    about,
    mixed,
    products,
    reshaped,
    summed,
    total,
)
from hallofillusions.derivations._projection import commutes, entry, quadratic
from hallofillusions.derivations._replace import under
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._types import SYMBOLIC
from hallofillusions.derivations.wright_fisher import law_of
from hallofillusions.estimators.em import EM
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import n
from hallofillusions.theory import derive

v = sp.Symbol("v_{g}")
kept, wandered = 1 - v, v
"""Of the covariance Σ: what is left of it in S, and what the total mean has made of it."""
weight = A / n
middle = tuple(b / A for b in B)
"""w_k and μ_k of the M-step, by the sums A and B over the points of one component's shares."""
eps = sp.Symbol("epsilon", nonnegative=True)  # reg_covar


def named(i: int, j: int) -> str:
    return f"entry ({i + 1}, {j + 1})"


def statement() -> list[Any]:
    m, S, mean, covariance, after, error, real = (sp.Symbol(name) for name in (
        r"\sum_k w_k\mu_k", r"\sum_k w_k(\Sigma_k+(\mu_k-m)(\mu_k-m)^\top)",
        r"\mathrm{mean}(x)", r"\mathrm{Cov}(x)", r"\mathrm{E}[S_g]",
        r"\mathrm{E}[(m_g-m_0)(m_g-m_0)^\top]", r"\Sigma",
    ))  # fmt: skip
    return [equal(m, mean), equal(S, covariance), equal(after, kept * real),
            equal(error, wandered * real)]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _parts()
    yield from _shares()
    yield from _claims()
    yield from _other_forms()
    yield from _loops()


def _parts() -> Iterator[Step]:
    """What one component takes of the points, and gives back."""
    for i in (0, 1):
        yield Step(f"w_k μ_k is its shares of the points, entry {i + 1}", weight * middle[i],
                   B[i] / n)  # fmt: skip
    for i, j in PAIRS:
        own = summed(about(middle, i, j)) / A  # Σ_k: deviations from the new mean
        yield Step(f"w_k (Σ_k + μ_k μ_kᵀ) its shares of their products, {named(i, j)}",
                   weight * (own + middle[i] * middle[j]), C[i, j] / n)  # fmt: skip


def _shares() -> Iterator[Step]:
    """Sums over components are sums over points: a point's shares sum to 1.

    With known labels one of them is 1.
    """
    densities = sp.symbols(f"f_1:{K + 1}", positive=True)
    lost = sp.Symbol("w_lost", nonnegative=True)
    weighted = [w * f for w, f in zip((*WEIGHTS[:-1], lost), densities, strict=True)]
    yield Step("the E-step's shares of a point", sum(q / sum(weighted) for q in weighted), 1)
    alone = [q.subs(lost, 0) for q in weighted]
    yield Step("once a component is lost, the others'", sum(q / sum(alone) for q in alone), 1)
    for i, j in PAIRS:
        yield Step(f"within and between are second moments about m, {named(i, j)}",
                   total(i, j), products(i, j) - TOTAL_MEAN[i] * TOTAL_MEAN[j])  # fmt: skip


def _claims() -> Iterator[Step]:
    """So what the engine is told of the fit and of the sampler is true."""
    family, mean = Symbolic(), [b / n for b in B]
    means = {f"y_{i + 1}": mean[i] for i in (0, 1)}
    means |= {f"yy_{i + 1}_{j + 1}": C[i, j] / n for i, j in PAIRS}
    state = {f"delta_{i + 1}": TOTAL_MEAN[i] for i in (0, 1)}
    state |= {f"v_{i + 1}_{j + 1}": total(i, j) for i, j in PAIRS}
    for i, j in PAIRS:
        points = summed(about(mean, i, j), n) / n
        for estimator in (EM(), KnownLabels()):
            fitted = estimator.claim(family, means, None)[f"v_{i + 1}_{j + 1}"]
            yield Step(f"{type(estimator).__name__}: S is the points' covariance, {named(i, j)}",
                       fitted, points)  # fmt: skip
        degrees = tuple(int(i == k) + int(j == k) for k in (0, 1))
        yield Step(f"a point of the mixture has its total moments, {named(i, j)}",
                   family.moment(degrees, state), products(i, j))  # fmt: skip


def _other_forms() -> Iterator[Step]:
    """What becomes of S when components are not what the M-step makes of them."""
    raised = reshaped(lambda own, i, j: own[i, j] + eps * int(i == j))
    plain = reshaped(lambda own, i, j: own[i, j] * int(i == j))
    round_ = reshaped(lambda own, i, j: (own[0, 0] + own[1, 1]) / 2 * int(i == j))
    for i, j in PAIRS:
        yield Step(f"reg_covar ε adds ε 1 to S, {named(i, j)}", total(i, j, raised),
                   total(i, j) + eps * int(i == j))  # fmt: skip
    for i in (0, 1):
        yield Step("diagonal covariances keep the diagonal", total(i, i, plain), total(i, i))
    within = mixed(lambda k: COVARIANCES[k][0, 1])
    yield Step("and miss the rest of what is within", total(0, 1) - total(0, 1, plain), within)
    trace = (total(0, 0, inside) + total(1, 1, inside) for inside in (round_, COVARIANCES))
    yield Step("spherical ones keep the trace", *trace)


def _loops() -> Iterator[Step]:
    """The mixture's loop seen along u is the Gaussian's of the variance uᵀΣu."""
    line = Gaussian(0, quadratic(entry))
    for kind, mixing in SYMBOLIC.items():
        starts = (FirstFit(), Memory()) if mixing.anchored else (FirstFit(),)
        for start in (Truth(), *starts):
            loop = FeedbackLoop(Symbolic(), mixing=mixing, n=n, start=start)
            flat = FeedbackLoop(line, mixing=mixing, n=n, start=start)
            yield from commutes(loop, 2, flat, f"{kind.__name__} from {start!r}")
        if mixing.remembers == "nothing":  # the others' v_g are proved in their own theorems
            law = law_of(kind, Truth)[0]
            claim = {"v_1_2": kept * entry(1, 2), "delta_1 delta_2": wandered * entry(1, 2)}
            claim = {name: form.subs(v, law) for name, form in claim.items()}
            loop = FeedbackLoop(Symbolic(3), mixing=mixing, n=n)
            recursion = derive(loop, monomials=[{"v_1_2": 1}, {"delta_1": 1, "delta_2": 1}])
            yield from under(f"{kind.__name__}, entry (1, 2)", induction(recursion, claim))


# -- the attacks -----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    found = []
    for loop, seen, when, other, runs in moment_loops():
        found.append(attack_moments(loop, seen, kept, when, other, runs))
        if runs > 8_000:  # squared errors are skew
            found.append(attack_moments(loop, SquaredError(), wandered, when, other, runs))
    return found


_sentence = only(tuple(SYMBOLIC), estimator=(EM, KnownLabels), start=(Truth, FirstFit, Memory),
                 family=GaussianMixture)  # fmt: skip


def applies(loop: FeedbackLoop) -> str | None:
    if (reason := _sentence(loop)) is not None or loop.estimator.closes_on(loop.family):
        return reason
    return "covariances must be full and reg_covar 0, or S is not that of the points"


theorem = Theorem(
    name="total_moments",
    title="The total moments of a mixture drift like those of one Gaussian",
    kind=Exact(),
    assumptions=(
        "components with full covariances, any number of them, in any number of dimensions",
        "EM without reg_covar, stopped after any number of M-steps, or known labels; the first two "
        "lines hold after every M-step, whatever the responsibilities",
        "mean(x) and Cov(x) are those of the n points, divided by n; m is the total mean, the left "
        "side of the first line, and S the total covariance, that of the second",
        "for the last two the sampler is unbiased, α and n are constant, and v_g is that of the "
        "mixing and the start",
        "the real law has the mean m_0 and the covariance Σ, whatever else it is",
    ),
    reference="the M-step: Dempster, Laird & Rubin 1977; the drift: no earlier statement known",
    cites=("dempster1977",),
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
