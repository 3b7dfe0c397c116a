"""Types lump: one type, or any set of them, is a chain of its own.

Given the past the counts of a training set are multinomial (under exact counts the sum of two
multinomials), and multinomial counts lump: a set of types with the real probability p and the
frequency q in the last model has a binomial count.  So a loop of K types is known type by type
from an (n+1) × (n+1) transition matrix.  The expected mass of any set, such as a tail, is the real
one for ever, and its variance is v_g p(1-p): what dies in the mean is not the mass of a tail but
its support.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import sympy as sp

from hallofillusions.derivations import drift_fresh_mixture, drift_fresh_split
from hallofillusions.derivations._survival import (
    FRESH,
    chained,
    expected,
    fresh,
    generating,
    i,
    j,
    mean,
    p,
    pmf,
    present,
    q,
    z,
)
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.probability import Probability
from hallofillusions.observables.types_surviving import TypesSurviving
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, induction
from hallofillusions.symbols import alpha, n
from hallofillusions.theory import derive

entry = pmf(n, mean.subs(q, i / n), j)
"""T_ij where each point is real with probability 1 - α; with exact counts a convolution:"""
k = sp.Symbol("k", integer=True, nonnegative=True)
convolved = sp.Sum(pmf((1 - alpha) * n, p, k) * pmf(alpha * n, i / n, j - k),
                   (k, sp.Max(0, j - alpha * n), sp.Min(j, (1 - alpha) * n)))  # fmt: skip
drifts = {FreshMixture: drift_fresh_mixture, FreshSplit: drift_fresh_split}


def second(v_g: Any) -> Any:
    """E q_g² of a set of types."""
    return p**2 + v_g * p * (1 - p)


def statement() -> list[Any]:
    T = {m: sp.Symbol(rf"T_{{ij}}^{{\mathrm{{{m.__name__}}}}}") for m in FRESH}
    f, power = sp.Symbol(r"\mathrm{E}[f(q_g)]"), sp.Symbol(r"\mathrm{P}(X_1=i)\,(T^{g-1})_{ij}")
    at = sp.Function("f")(j / n)
    mass, spread = sp.Symbol(r"\mathrm{E}[q_g]"), sp.Symbol(r"\mathrm{Var}\,q_g")
    v = sp.Symbol("v_{g}")
    return [
        equal(T[FreshMixture], entry),
        equal(T[FreshSplit], convolved),
        equal(f, sp.Sum(power * at, (i, 0, n), (j, 0, n))),
        equal(mass, p), equal(spread, second(v) - p**2),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from multinomials()
    for mixing in FRESH:
        yield from rows(mixing)
        yield from kernel(mixing)
        family = Categorical().symbolic()
        loop = FeedbackLoop(family, mixing=mixing(alpha), n=n)
        here, square = family.probabilities[0], second(drifts[mixing].v_g)
        claim = {"q_1": here, "q_1^2": square.subs(p, here)}
        yield from induction(derive(loop), claim)


def multinomials() -> Iterator[Step]:
    """The counts of a set of types, whatever happens inside it."""
    m = sp.symbols("m_1:4", positive=True)
    marks = sp.symbols("z_1:4", positive=True)
    inside = {marks[0]: z, marks[1]: z, marks[2]: 1}
    joint = 1 - sum(m) + sum(a * b for a, b in zip(m, marks, strict=True))
    yield Step("E Π z^X of a multinomial, with one mark for two types: binomial",
               joint.subs(inside), 1 - (m[0] + m[1]) * (1 - z))  # fmt: skip
    size = 4
    for count in range(size + 1):
        ways = sum(
            sp.multinomial_coefficients(3, size)[a, count - a, size - count]
            * m[0] ** a * m[1] ** (count - a) * (1 - m[0] - m[1]) ** (size - count)
            for a in range(count + 1)
        )  # fmt: skip
        yield Step(f"all ways to split {count} of {size} points between two types", ways,
                   pmf(size, m[0] + m[1], count))  # fmt: skip


def kernel(mixing: type[Any]) -> Iterator[Step]:
    """The engine's kernel of four types, seen through two of them, is the binomial one."""
    name, family = mixing.__name__, Categorical((sp.Rational(1, 4),) * 4).symbolic()
    products = [{"q_1": a, "q_2": order - a} for order in (1, 2, 3) for a in range(order + 1)]
    recursion = derive(FeedbackLoop(family, mixing=mixing(alpha), n=n), monomials=products)
    first, other = sp.symbols("q_1 q_2", positive=True)
    point = sp.Matrix([first ** powers[0] * other ** powers[1] for powers in recursion.basis])
    following = recursion.matrix() * point + recursion.constant()
    after = dict(zip(recursion.basis, following, strict=True))
    together = {q: first + other, p: sum(family.probabilities[:2])}
    for order in (1, 2, 3):
        found = sum(sp.binomial(order, a) * after[a, order - a, 0] for a in range(order + 1))
        moment = generating(mixing)
        for _ in range(order):  # (z d/dz)^k E z^X at z = 1 is E X^k
            moment = z * sp.diff(moment, z)
        moment = moment.subs(z, 1) / n**order
        yield Step(f"{name}: moment {order} of two of four types, given the past", found,
                   moment.subs(together, simultaneous=True))  # fmt: skip


def rows(mixing: type[Any]) -> Iterator[Step]:
    """The rows of T are laws of mean m, and their generating function is the binomial one."""
    name, size, share = mixing.__name__, 4, sp.Rational(1, 2)
    numbers = {n: size, alpha: share}
    form = entry if mixing is FreshMixture else convolved
    for state in range(size + 1):
        T = [form.subs(numbers).subs({i: state, j: c}).doit() for c in range(size + 1)]
        own = generating(mixing).subs(q, sp.Rational(state, size)).subs(numbers)
        found = sum(value * z**c for c, value in enumerate(T))
        yield Step(f"{name}: row {state} of {size} is generated by it", found, own)
        yield Step(f"{name}: and sums to 1", found.subs(z, 1), 1)


# -- the attacks -----------------------------------------------------------------------------------


def printed(loop: FeedbackLoop) -> Any:
    """(p, i, j) -> T_ij of a loop with numbers, as it is printed; i need not be whole."""
    form = convolved if isinstance(loop.mixing, FreshSplit) else entry
    share = sp.Rational(loop.mixing.fraction(int(loop.n), 0))
    return sp.lambdify((p, i, j), form.subs({n: int(loop.n), alpha: share}), "scipy")


def composed(loop: FeedbackLoop, function: Any, when: Any) -> Any:
    """Σ E f(q_g) over all types: the first row is that of i = np."""
    T, size = printed(loop), int(loop.n)
    total, states = np.zeros(len(when)), range(size + 1)
    for chance in cast(Any, loop.family).law:
        first, *steps = ([T(chance, a, b) for b in states] for a in (chance * size, *states))
        total += chained(first, steps, function(np.array(states) / size, chance), when)
    return total


def entropies(frequency: Any, chance: float) -> Any:
    """-q log q."""
    from scipy.special import entr

    return entr(frequency)


def confrontations() -> list[Confrontation]:
    found = []
    for family, size, mixing, other, when in (
        (Categorical((0.6, 0.3, 0.1)), 5, FreshMixture(0.6), FreshSplit(0.6), (1, 3, 8)),
        (Categorical.zipf(6, 1), 10, FreshSplit(0.8), FreshMixture(0.8), (2, 6, 20)),
        (Categorical((0.5, 0.3, 0.1, 0.1)), 8, Replace(), FreshMixture(0.95), (2, 6, 12)),
    ):
        loop = FeedbackLoop(family, mixing=mixing, n=size)
        more = 3 * size // 2 if isinstance(mixing, FreshSplit) else size + 1  # αn must be whole
        wrong: Mapping[str, tuple[Any, Any]] = {
            "the other mixing": (replace(loop, mixing=other), when),
            f"n = {more}": (replace(loop, n=more), when),
            "index off by one": (loop, [k + 1 for k in when]),
        }
        for observable, function in ((TypesSurviving(), present), (Entropy(), entropies)):
            rivals = {name: expected(of, function, at) for name, (of, at) in wrong.items()}
            right = composed(loop, function, when)
            found.append(Confrontation(loop, observable, when, right, rivals, replicates=100_000))
    return [*found, *_moments(found[0])]


def _moments(like: Confrontation) -> list[Confrontation]:
    """The mass of the second type, which stays, and the variances of all."""
    loop, when = like.loop, like.generations
    law = cast(Any, loop.family).law
    own, other = (evaluate(1 - sum(second(drifts[m].v_g).subs(p, a) for a in law), loop, when)
                  for m in drifts)  # fmt: skip
    return [
        replace(like, observable=Probability(2), predicted=np.full(len(when), law[1]),
                rivals={"falls as the heterozygosity does": law[1] * own / (1 - law @ law)}),
        replace(like, observable=Heterozygosity(), predicted=own,
                rivals={"the other mixing": other, "no noise": np.full(len(when), 1 - law @ law)}),
    ]  # fmt: skip


theorem = Theorem(
    name="lumping",
    title="Types lump: any set of them is a chain of its own",
    kind=Exact(),
    assumptions=(
        "types with probabilities, fitted by maximum likelihood; the sampler is unbiased",
        "fresh real points, exactly or on average the share 1-α, or none (Replace)",
        "p is the real probability of a type, or of a set of types; started at the truth",
        "v_g as in drift_fresh_mixture, drift_fresh_split, drift_replace",
    ),
    reference="Wright-Fisher model: Seddik et al. 2024; with fresh data the variance of the "
    "binomial mixture: Bakshi & Chakraborty 2026; exact counts: no earlier statement known",
    cites=("seddik2024", "bakshi2026"),
    statement=statement,
    proof=proof,
    applies=fresh,
    confrontations=confrontations,
)
