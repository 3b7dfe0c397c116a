r"""The drift coefficient rules every second moment in any dimension.

Whatever the mixing, the expected covariance and the error of the mean share one number,

    E Σ̂_g = (1 - v_g) Σ,    E (μ̂_g - μ)(μ̂_g - μ)ᵀ = v_g Σ,

the v_g of one dimension.  The loop seen along a direction u *is* the one-dimensional loop with
the variance uᵀΣu: sampling, mixing and moment matching commute with the projection.  Its second
moments are therefore (1 - v_g) uᵀΣu and v_g uᵀΣu for every u, and a symmetric matrix is known
from its quadratic forms (polarisation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations import (
    drift_accumulate,
    drift_accumulate_subsample,
    drift_fixed_pool,
    drift_fixed_real,
    drift_fresh_mixture,
    drift_fresh_split,
    drift_replace,
)
from hallofillusions.derivations._dimensions import FAMILIES, cloud, line, matrix
from hallofillusions.derivations._projection import (
    commutes,
    entry,
    images,
    monomials,
    plane,
    quadratic,
    real_law,
    u,
)
from hallofillusions.derivations._shared import only, predicted
from hallofillusions.engine import Engine
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.accumulate import Accumulate
from hallofillusions.mixing.accumulate_subsample import AccumulateSubsample
from hallofillusions.mixing.fixed_pool import FixedPool
from hallofillusions.mixing.fixed_real import FixedReal
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.along import Along
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate, in_greek, induction
from hallofillusions.recursion import Recursion
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import alpha, g, lookup, n_0
from hallofillusions.theory import derive

laws = {
    Replace(): drift_replace.v_g,
    FreshSplit(alpha=alpha): drift_fresh_split.v_g,
    FreshMixture(alpha=alpha): drift_fresh_mixture.v_g,
    FixedReal(alpha=alpha): drift_fixed_real.v_g,
    FixedPool(alpha=alpha, size=n_0): drift_fixed_pool.v_g,
    Accumulate(): drift_accumulate.v_g,
    AccumulateSubsample(): drift_accumulate_subsample.v_g,
}


def statement() -> list[Any]:
    covariance, error, real, v = (sp.Symbol(name) for name in (
        r"\mathrm{E}[\hat\Sigma_g]", r"\mathrm{E}[(\hat\mu_g-\mu)(\hat\mu_g-\mu)^\top]",
        r"\Sigma", "v_{g}",
    ))  # fmt: skip
    return [equal(covariance, (1 - v) * real), equal(error, v * real)]


def proof() -> Iterator[Step]:
    for mixing in laws:
        starts = (FirstFit(), Memory()) if mixing.anchored else (FirstFit(),)
        for start in (Truth(), *starts):
            yield from commutes(plane(mixing, start=start), 2)
        if isinstance(mixing, Replace):  # and fourth moments; with real points it takes seconds
            yield from commutes(plane(mixing), 4)
    scaled = {"estimator": Bessel(), "bias": ScaleCovariance(lookup("lam"))}
    yield from commutes(plane(FreshSplit(alpha=alpha), **scaled), 2)
    a, b, c, v = sp.symbols("a b c v")
    form = quadratic(lambda k, m: {(1, 1): a, (1, 2): b, (2, 2): c}[k, m])
    plus, minus = (form.subs({u[0]: 1, u[1]: sign}) for sign in (1, -1))
    yield Step("polarisation: an entry from two directions", (plus - minus) / 4, b)
    same = sp.solve(sp.Poly(form - (1 - v) * quadratic(entry), *u).coeffs(), [a, b, c], dict=True)
    for x, name in zip((a, b, c), ((1, 1), (1, 2), (2, 2)), strict=True):
        yield Step(f"so E uᵀΣ̂u = (1-v) uᵀΣu for all u gives the entry {name}", same[0][x],
                   (1 - v) * entry(*name))  # fmt: skip
    yield from _off_the_diagonal()


def _off_the_diagonal() -> Iterator[Step]:
    """Σ_12 stands where σ₀² stood, from no other component and of any real law."""
    wanted = [{"v_1_2": 1}, {"delta_1": 1, "delta_2": 1}]
    for mixing, v_g in laws.items():
        recursion = derive(plane(mixing), monomials=wanted)
        own = monomials(recursion, {c: sp.Symbol(c) for c in recursion.coordinates})
        two, here = images(recursion, own), f"{mixing!r}, entry (1, 2)"
        if mixing.remembers == "nothing":
            claim = {"v_1_2": (1 - v_g) * entry(1, 2), "delta_1 delta_2": v_g * entry(1, 2)}
            yield from induction(recursion, claim)
        other = _any_law(mixing, recursion)
        values = monomials(other, {c: sp.Symbol(c) for c in other.coordinates})
        # what a mean of the real law other than 0 would bring in comes last, times that 0
        for name, one, law in zip(recursion.names, two, images(other, values), strict=False):
            yield Step(f"{here}: any real law with the covariance Σ, {in_greek(name)}", law, one)
        third = derive(replace(plane(mixing), family=real_law(3)), monomials=wanted)
        names = {c: sp.Symbol(c.removesuffix("_0") if c.count("_") > 2 else c)
                 for c in third.coordinates}  # fmt: skip
        values = monomials(third, names)
        for name, one, more in zip(recursion.names, two, images(third, values), strict=True):
            yield Step(f"{here}: a third component does not enter, {in_greek(name)}", more, one)


def _any_law(mixing: Any, gaussian: Recursion) -> Recursion:
    """The same recursion, where the real moments are those of any law with mean 0 and Σ."""
    loop = plane(mixing)
    covariance = {(2, 0): entry(1, 1), (1, 1): entry(1, 2), (0, 2): entry(2, 2)}
    names = {f"real_{loop.family.name(k)}": covariance.get(k, sp.Integer(0))
             for k in loop.family.labels(2)}  # fmt: skip
    return Engine(loop, 2, names).close(gaussian.basis)


# -- the attacks ---------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    found = []
    for size, mixing, law, n_points, start, when, other in (
        (1, Replace(), Replace(), 5, Truth(), (1, 2, 4), Accumulate()),
        (2, Replace(), Replace(), 10, FirstFit(), (1, 3, 6), FreshSplit(alpha=0.8)),
        (2, FreshSplit(alpha=0.75), FreshSplit(alpha=alpha), 4, Truth(), (1, 2, 3), Replace()),
        (5, FreshMixture(alpha=0.6), FreshMixture(alpha=alpha), 5, Truth(), (1, 2, 5), Replace()),
        (5, FixedReal(alpha=0.5), FixedReal(alpha=alpha), 6, Memory(), (1, 2, 3),
         FreshSplit(alpha=0.5)),
        (2, FixedPool(alpha=0.5, size=3), FixedPool(alpha=alpha, size=n_0), 4, FirstFit(),
         (1, 2), FreshSplit(alpha=0.5)),
        (20, Accumulate(), Accumulate(), 6, Truth(), (1, 2, 5), Replace()),
        (5, AccumulateSubsample(), AccumulateSubsample(), 3, Truth(), (1, 2, 4), Accumulate()),
        (20, FreshSplit(alpha=Fraction(2, 3)), FreshSplit(alpha=alpha), 6, Truth(), (1, 2, 4),
         Replace()),
    ):  # fmt: skip
        loop = FeedbackLoop(family=cloud(size), mixing=mixing, n=n_points, start=start)
        rivals = {
            "ddof = 1": replace(loop, estimator=Bessel()),
            "another mixing": replace(
                loop, mixing=other, start=start if other.anchored or start != Memory() else Truth()
            ),
        }
        found += attack(loop, when, laws[law], rivals)
    return found


def attack(
    loop: FeedbackLoop, when: tuple[int, ...], v_g: Any, rivals: Mapping[str, FeedbackLoop]
) -> list[Confrontation]:
    """uᵀMu of both matrices, for a u that sees the entries off the diagonal, or their traces."""
    law, size = matrix(loop.family), loop.family.dimension
    v, late = (evaluate(e, line(loop), when) for e in (v_g, v_g.subs(g, g + 1)))
    direction = (1.0, -1.0, *(0.0,) * (size - 2))
    several = 1 < size < 20
    seen = direction @ law @ direction if several else law.trace()
    covariance, error = (Variance(), SquaredError()) if several else (Trace(), SquaredError())
    found = []
    for inner, share, shifted in ((covariance, 1 - v, 1 - late), (error, v, late)):
        observable: Any = Along(direction, inner) if several else inner
        wrong = {name: predicted(rival, observable, when) for name, rival in rivals.items()
                 if inner is covariance or name != "ddof = 1"}  # felt one fit later by the mean
        wrong["index off by one"] = seen * shifted
        if several:  # uᵀMu = M_11 - 2 M_12 + M_22
            wrong["the entries off the diagonal stay 0"] = share * (law[0, 0] + law[1, 1])
        runs = {1: 100_000, 2: 120_000, 5: 45_000}.get(size, 3_000)
        found.append(Confrontation(loop, observable, when, seen * share, wrong, runs))
    return found


theorem = Theorem(
    name="drift_any_dimension",
    title="One drift coefficient for every second moment in any dimension",
    kind=Exact(),
    assumptions=(
        "the real law has the mean μ and the covariance Σ, whatever else it is",
        "the sampler is unbiased and has the fitted mean and covariance",
        "maximum likelihood (moment matching), in any number of dimensions",
        "v_g is that of the mixing in one dimension; α and n are constant",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(tuple(map(type, laws)), start=(Truth, FirstFit, Memory), family=FAMILIES),
    confrontations=confrontations,
)
