r"""Smoothing is mutation: the mean law drifts to the uniform one, single models do not.

Adding k to each of K counts gives the uniform law u the weight ε = kK/(n + kK) in every fit.
The mean law m_g and the covariance C_g of the models obey, with the mixing's own ρ,

    m' = (1-ε)[(1-α) p + α m] + ε u,        C' = (1-ε)² [S(m)/n + ρ C],

S/n being the noise of n points.  Without real data m tends to u, yet the stationary models are
far from uniform: their heterozygosity falls short by the factor 1 - v, v ≈ 1/(1 + 2kK).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_fresh_mixture, drift_fresh_split
from hallofillusions.derivations._types import SYMBOLIC, K, P, U, k_0, noise, types_loop, types_only
from hallofillusions.estimators.add_k import AddK
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, Homozygosity
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.probability import Probability
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import alpha, g, n
from hallofillusions.theory import derive

epsilon = sp.Symbol("epsilon", positive=True)
weight = k_0 * K / (n + k_0 * K)  # ε
r, slow = sp.symbols("r lambda", positive=True)  # by which the mean and the covariance relax
x, y = sp.symbols("x y")  # r^g and λ^g

speed = alpha * (1 - epsilon)  # r
ends = sp.symbols("M_1:4")  # where the mean law comes to rest:
rest = {m: ((1 - epsilon) * (1 - alpha) * p + epsilon * u) / (1 - speed)
        for m, p, u in zip(ends, P, U, strict=True)}  # fmt: skip
mean = [m + x * (p - m) for m, p in zip(ends, P, strict=True)]
rho: dict[type[Any], Any] = {
    Replace: drift_fresh_mixture.rho.subs(alpha, 1),
    FreshMixture: drift_fresh_mixture.rho,
    FreshSplit: drift_fresh_split.rho,
}
shortfall = (1 - epsilon) ** 2 / (n - (n - 1) * (1 - epsilon) ** 2)  # v, without real data
smooth = (1 - 1 / K) * (1 - shortfall)  # E H_∞


def spread(mixing: type[Any], i: int, j: int) -> Any:
    """C_g, in x = r^g and y = λ^g: each power of x in S(m_g) is answered by its own resonance."""
    terms = sp.Poly(noise(mixing, mean, i, j), x).all_coeffs()[::-1]
    return (1 - epsilon) ** 2 / n * sum(
        S * (x**d - y) / (r**d - slow) for d, S in enumerate(terms)
    )  # fmt: skip


def statement() -> list[Any]:
    m, C, S, after, grown, p, u = sp.symbols(r"m_{g} C_{g} S m_{g+1} C_{g+1} p u")
    return [
        equal(epsilon, weight),
        equal(after, (1 - epsilon) * ((1 - alpha) * p + alpha * m) + epsilon * u),
        equal(grown, (1 - epsilon) ** 2 * (S / n + sp.Symbol("rho") * C)),
        equal(sp.Symbol(r"\rho_{\mathrm{mixture}}"), rho[FreshMixture]),
        equal(sp.Symbol(r"\rho_{\mathrm{split}}"), rho[FreshSplit]),
        equal(sp.Symbol(r"m_\infty"), rest[ends[0]].subs({P[0]: p, U[0]: u})),
        equal(sp.Symbol(r"C_\infty"), (1 - epsilon) ** 2 * S / n
              / (1 - (1 - epsilon) ** 2 * sp.Symbol("rho"))),
        equal(sp.Symbol(r"\mathrm{E}[H_\infty]"), smooth),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield Step("ε of AddK", AddK(k_0).atoms(n, types_loop(Replace(), estimator=AddK()).family)
               ["epsilon"], weight)  # fmt: skip
    yield from _collapsed()
    for mixing, own in rho.items():
        yield from _of(mixing, own)


def _of(mixing: type[Any], own: Any) -> Iterator[Step]:
    word, here = mixing.__name__, {alpha: 1} if mixing is Replace else {}
    added = n * epsilon / ((1 - epsilon) * K)  # k, given ε
    recursion = derive(types_loop(SYMBOLIC[mixing], estimator=AddK(added)))
    m, C = sp.symbols("m_1:4"), sp.Matrix(2, 2, lambda i, j: sp.Symbol(f"C_{min(i, j)}{max(i, j)}"))
    pairs = {"q_1^2": (0, 0), "q_1 q_2": (0, 1), "q_2^2": (1, 1)}
    before = [m[int(name[-1]) - 1] if name not in pairs
              else m[pairs[name][0]] * m[pairs[name][1]] + C[pairs[name]]
              for name in recursion.names]  # fmt: skip
    after = dict(zip(recursion.names, recursion.step(sp.Matrix(before)), strict=True))
    moved = [(1 - epsilon) * ((1 - alpha) * p + alpha * a) + epsilon * u
             for p, u, a in zip(P, U, m, strict=True)]  # fmt: skip
    for i in (0, 1):
        yield Step(f"{word}: the mean law, type {i + 1}", after[f"q_{i + 1}"], moved[i].subs(here))
        closed = moved[i].subs(m[i], mean[i]) - mean[i].subs(x, speed * x)
        yield Step(f"{word}: its closed form, type {i + 1}", closed.subs(rest), 0, sp.cancel)
    for name, (i, j) in pairs.items():
        grown = (1 - epsilon) ** 2 * (noise(mixing, m, i, j) / n + own * C[i, j])
        yield Step(f"{word}: covariance, {name}", after[name],
                   (moved[i] * moved[j] + grown).subs(here), sp.cancel)  # fmt: skip
        found = spread(mixing, i, j)
        step = (1 - epsilon) ** 2 / n * noise(mixing, mean, i, j) + slow * found
        yield Step(f"{word}: closed form, {name}",
                   found.subs({x: r * x, y: slow * y}, simultaneous=True), step, sp.cancel)
        yield Step(f"{word}: nothing at the start, {name}", found.subs({x: 1, y: 1}), 0)
        stays, lam = found.subs({x: 0, y: 0}), (1 - epsilon) ** 2 * own  # 0 ≤ r, λ < 1
        value = (1 - epsilon) ** 2 * noise(mixing, ends, i, j) / n / (1 - lam)
        yield Step(f"{word}: its limit, {name}", stays.subs(slow, lam), value, sp.cancel)


def _collapsed() -> Iterator[Step]:
    """Without real data: every type has the share u in the mean, and rarely in a model."""
    yield Step("the mean law is uniform", rest[ends[0]].subs(alpha, 1), U[0])
    stays = spread(Replace, 0, 0).subs({x: 0, y: 0, slow: (1 - epsilon) ** 2 * rho[Replace]})
    stays = stays.subs({alpha: 1, ends[0]: U[0]})
    yield Step("every type keeps the share v of its variance", stays, shortfall * U[0] * (1 - U[0]),
               sp.cancel)  # fmt: skip
    square = (U[0] ** 2 + stays).subs(U[0], 1 / K)
    yield Step("heterozygosity, K types of the share 1/K", 1 - K * square, smooth, sp.cancel)
    rare = sp.Symbol("rare", positive=True)  # 1/n
    many = sp.cancel(shortfall.subs(epsilon, weight).subs(n, 1 / rare)).subs(rare, 0)
    yield Step("v for large n: that of a Dirichlet law of 2kK", many, 1 / (1 + 2 * k_0 * K))


applies = types_only(tuple(rho), estimator=AddK, start=(Truth, FirstFit))


@lru_cache(maxsize=64)
def at_generation(closed: Any, mixing: type[Any]) -> Any:
    """A closed form in x, y, r, λ and the mean law's end, as one in ε, p, u, α, n and g."""
    rates = {r: speed, slow: (1 - epsilon) ** 2 * rho[mixing]}
    return closed.subs({x: r**g, y: slow**g}).subs(rates).subs(rest)


def numbers(loop: FeedbackLoop, closed: Any, when: Any) -> Any:
    """A closed form in p_1 and u_1 for every type of a loop: an array (types, generations)."""
    family: Any = loop.family
    k = float(getattr(loop.estimator, "k", 0))
    share = evaluate(weight, loop, kappa_0=k, K=float(family.total))
    law = at_generation(closed, type(loop.mixing))
    grid = np.tile(np.asarray(when, dtype=float), (family.K, 1))
    return evaluate(law, loop, grid, epsilon=share, p_1=family.law[:, None],
                    u_1=family.uniform[:, None])  # fmt: skip


def diversity(loop: FeedbackLoop, when: Any) -> Any:
    """E H_g, from the mean and the variance of every type."""
    square = mean[0] ** 2 + spread(type(loop.mixing), 0, 0)
    return 1 - numbers(loop, square, when).sum(axis=0)


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if not isinstance(functional, Homozygosity) or applies(loop) is not None:
        return None
    return lambda when: 1 - diversity(loop, when)


def confrontations() -> list[Confrontation]:
    """The probability of one type and the heterozygosity; a late generation is the fixed point."""
    skew, four = Categorical((0.7, 0.2, 0.1)), Categorical((0.4, 0.3, 0.2, 0.1))
    found = []
    for family, mixing, size, k, when in (
        (skew, Replace(), 8, 0.25, (1, 4, 12, 80)),
        (four, FreshSplit(Fraction(1, 2)), 4, 0.25, (1, 2, 5, 20)),
        (four, FreshMixture(Fraction(4, 5)), 5, Fraction(1, 2), (1, 2, 5, 20)),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=size, estimator=AddK(k))
        found += list(_attacks(loop, when))
    return found


def _attacks(loop: FeedbackLoop, when: tuple[int, ...]) -> Iterator[Confrontation]:
    estimator: Any = loop.estimator
    alone, later = type(loop.mixing) is Replace, [t + 1 for t in when]
    others = {"twice the pseudo-count": replace(loop, estimator=AddK(2 * estimator.k))}
    if not alone:
        others["nothing real"] = replace(loop, mixing=Replace())
    noisier = {"half the points": replace(loop, n=loop.n // 2)} if alone else {}
    if isinstance(loop.mixing, FreshSplit):
        noisier["mixes moments"] = replace(loop, mixing=FreshMixture(loop.mixing.alpha))
    rivals = {name: diversity(other, when) for name, other in {**others, **noisier}.items()}
    if alone:
        rivals["index off by one"] = diversity(loop, later)
    rivals["the mean law's own"] = 1 - (numbers(loop, mean[0], when) ** 2).sum(axis=0)
    yield Confrontation(loop, Heterozygosity(), when, diversity(loop, when), rivals, 60_000)
    rivals = {name: numbers(other, mean[0], when)[0] for name, other in others.items()}
    rivals["index off by one"] = numbers(loop, mean[0], later)[0]
    rivals["no smoothing"] = np.full(len(when), numbers(loop, mean[0], (0,))[0, 0])
    yield Confrontation(loop, Probability(1), when, numbers(loop, mean[0], when)[0], rivals, 60_000)


theorem = Theorem(
    name="add_k_moments",
    title="Smoothing draws the mean law to the uniform one, not the models",
    kind=Exact(),
    assumptions=(
        "K types, k added to each count; u = 1/K is the share of one type (of a lump, its share)",
        "Replace (α = 1), or fresh real points by chance (mixture) or by count (split)",
        "S = diag b - b bᵀ with b = (1-α)p + αm (mixture), or the average of p's and m's (split)",
        "the last line: α = 1",
    ),
    reference="parent-independent mutation: Wright 1931; for the loop no earlier statement known",
    cites=("wright1931",),
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides,
    confrontations=confrontations,
)
