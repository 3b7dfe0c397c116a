r"""Second moments of the covariance under Replace: two numbers close on each other.

E tr Σ_g² and E (tr Σ_g)² obey a recursion of their own in any dimension.  Under Bessel one
combination grows by 1 + 2/ν a generation and the other shrinks by 1 - 1/ν: what grows are the
rare needles, what shrinks is the chance of a round cloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._dimensions import FAMILIES, ball, line
from hallofillusions.derivations._replace import (
    BIASES,
    BOTH,
    DIVISORS,
    D,
    lam,
    named,
    nu,
    numbers,
    other_ddof,
)
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._wishart import next_moments
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.eigenvalue import Eigenvalue
from hallofillusions.observables.trace import Trace
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.symbols import g

fast, slow = lam**2 * nu * (nu + 2) / D**2, lam**2 * nu * (nu - 1) / D**2
square, trace = sp.symbols("q p", positive=True)  # tr Σ_0² and (tr Σ_0)²
large, small = (2 * square + trace) * fast**g, (trace - square) * slow**g
E_square, E_trace = (large - small) / 3, (large + 2 * small) / 3


def statement() -> list[Any]:
    q, p = (named(w) for w in (r"\mathrm{tr}\,\Sigma_g^2", r"(\mathrm{tr}\,\Sigma_g)^2"))
    q0, p0 = sp.Symbol(r"\mathrm{tr}\,\Sigma_0^2"), sp.Symbol(r"(\mathrm{tr}\,\Sigma_0)^2")
    return [
        equal(2 * q + p, (2 * q0 + p0) * fast.subs(lam, 1) ** g),
        equal(p - q, (p0 - q0) * slow.subs(lam, 1) ** g),
        equal(sp.Symbol(r"\nu"), nu),
    ]


def proof() -> Iterator[Step]:
    """Σ_ij v_ij² and Σ_ij v_ii v_jj, pair by pair: no pair sees a third component."""
    wanted = [{"v_1_1": 2}, {"v_1_1": 1, "v_2_2": 1}, {"v_1_2": 2}]
    q, p = sp.symbols("Q P")
    for estimator in BOTH:
        words, at_D = estimator.__name__, {D: DIVISORS[estimator]}
        (own, product, mixed), later = next_moments(estimator, wanted)
        for name, found, (squares, products) in (
            ("v_12²", later[2], (mixed, product)), ("v_11²", later[0], (own, own)),
        ):  # fmt: skip
            yield Step(f"{words}: {name} of the next model", found,
                       next_square(squares, products).subs(at_D))  # fmt: skip
        for name, found, (squares, products) in (
            ("v_11 v_22", later[1], (mixed, product)), ("v_11²", later[0], (own, own)),
        ):  # fmt: skip
            yield Step(f"{words}: {name} as a product of two diagonal entries", found,
                       next_product(squares, products).subs(at_D))  # fmt: skip
    Q, P = next_square(q, p), next_product(q, p)  # the sums over all pairs
    yield Step("2 tr Σ² + (tr Σ)²", 2 * Q + P, fast * (2 * q + p))
    yield Step("(tr Σ)² - tr Σ²", P - Q, slow * (p - q))
    yield Step("tr Σ² and (tr Σ)² make up the one", 2 * E_square + E_trace, large)
    yield Step("and the other", E_trace - E_square, small)
    yield Step("tr Σ_0² to begin with", E_square.subs(g, 0), square)
    bessel = {lam: 1, D: nu}
    yield Step("Bessel: rate 1 + 2/ν", fast.subs(bessel), 1 + 2 / nu)
    yield Step("Bessel: rate 1 - 1/ν", slow.subs(bessel), 1 - 1 / nu)


def next_square(squares: Any, products: Any) -> Any:
    """E of the next v_ij², from v_ij² and v_ii v_jj."""
    return lam**2 / D**2 * (nu * (nu + 1) * squares + nu * products)


def next_product(squares: Any, products: Any) -> Any:
    """E of the next v_ii v_jj."""
    return lam**2 / D**2 * (nu**2 * products + 2 * nu * squares)


# -- the attacks -----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    found = []
    for size, points, estimator, when, runs in (
        (1, 30, Bessel(), (1, 2, 3), 60_000),
        (2, 12, MaximumLikelihood(), (1, 2), 60_000),
        (5, 12, Bessel(), (1, 2), 20_000),
        (20, 30, MaximumLikelihood(), (1, 2), 2_000),
    ):
        loop = FeedbackLoop(family=ball(size), mixing=Replace(), n=points, estimator=estimator)
        if size < 20:  # the trace of a larger one hardly varies
            found.append(_confront(loop, E_trace, when, runs))
        if size > 1:
            found.append(_confront(loop, E_square, when, runs))
    return found


def _confront(
    loop: FeedbackLoop, closed: Any, when: tuple[int, ...], runs: int
) -> Confrontation:
    """A ball has tr Σ_0² = d and (tr Σ_0)² = d²; eigenvalues give both of the model's."""
    size, flat, squares = loop.family.dimension, line(loop), closed is E_square
    own = closed.subs({square: size, trace: size**2})
    first = size if squares else size**2
    rivals = {
        "the other ddof": numbers(own, other_ddof(flat), when),
        "infinite n": np.full(len(when), float(first)),
        "the square of the mean": numbers(first * (lam * nu / D) ** (2 * g), flat, when),
    }
    values = tuple(Eigenvalue(rank) for rank in range(1, size + 1))
    watched = values if squares else (values[0], Trace())

    def path(*seen: Any) -> Any:
        return sum(v[list(when)] ** 2 for v in (seen if squares else seen[1:]))

    return Confrontation(loop, watched[0], when, numbers(own, flat, when), rivals, runs,
                         path=path, also=watched[1:])  # fmt: skip


theorem = Theorem(
    name="wishart_second_moments",
    title="Second moments of the covariance in any dimension under Replace",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last Gaussian alone",
        "D = n-1 (Bessel) or n (maximum likelihood), ν = n-1",
        "started at the truth; a sampler that scales the covariance by λ brings λ^2g more",
    ),
    reference="the moments of one Wishart matrix are classical; for the loop none known",
    statement=statement,
    proof=proof,
    applies=only(Replace, estimator=BOTH, bias=BIASES, family=FAMILIES),
    confrontations=confrontations,
)
