r"""How long a loop takes, on its own output, to forget all types but one.

With time in units of n generations the shares are a diffusion, whose mean time t to a single type
solves the backward equation ½ Σ (q_i δ_ij - q_i q_j) ∂_i ∂_j t = -1 with t = 0 at the corners, for
any number of types.  It is a sum over types, t = -2 Σ (1-p_i) ln(1-p_i), for the part of each is
its own time to fixation.  The next order of the step's moments adds -⅓ Σ p_i ln(1-p_i); and the
last few points of all other types are a critical branching process, 1/s_j ≈ j/2 + ⅙ ln j + c,
which takes ⅓ ln n generations less than the diffusion says, and leaves a constant C.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._diffusion import diffusion
from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._types import numbers_of, types_loop, types_only
from hallofillusions.families.categorical import Categorical
from hallofillusions.kinds import Asymptotic
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import n
from hallofillusions.theory import derive

q, c = sp.Symbol("q", positive=True), sp.Symbol("c", real=True)
part = -2 * (1 - q) * sp.log(1 - q)  # of type i, in units of n generations
correction = -q * sp.log(1 - q) / 3  # in generations
slowing = -sp.log(n) / 3
C = sp.Rational(3, 2) - 2 * c - (sp.EulerGamma + sp.log(2)) / 3  # = -0.7217
fixes = q  # the chance that it is type i


def statement() -> list[Any]:
    T, p, i = sp.Symbol(r"\mathrm{E}[T_1]"), sp.IndexedBase("p"), sp.Symbol("i", integer=True)
    s, j = sp.Function("s"), sp.Symbol("j", integer=True, positive=True)
    each = (n * part + correction).subs(q, p[i])
    return [
        equal(T, sp.Sum(sp.factor(each), (i, 1, sp.Symbol("K"))) + slowing + sp.Symbol("C")
              + sp.Symbol("o(1)")),
        equal(sp.Symbol("C"), C),
        equal(c, sp.Limit(1 / s(j) - j / 2 - sp.log(j) / 6, j, sp.oo)),
        equal(s(j + 1), 1 - sp.exp(-s(j))),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _branching()
    yield from _next_order()
    yield from _backward()


def _backward() -> Iterator[Step]:
    """The diffusion of the engine's own loop, of two and of three types."""
    for count in (2, 3):
        z = sp.symbols(f"q_1:{count}", positive=True)
        found = diffusion(types_loop(Replace(), count), {x.name: x for x in z}, jumps=count == 2)
        everything = (*z, 1 - sum(z))
        time = sum(part.subs(q, x) for x in everything)
        pushed = sum(found.covariance[i, j] * time.diff(z[i], z[j]) for i in range(count - 1)
                     for j in range(count - 1)) / 2  # fmt: skip
        yield Step(f"{count} types: nothing pulls", sum(abs(b) for b in found.drift), 0)
        yield Step(f"{count} types: the backward equation", pushed, -1, sp.simplify)
        for k in range(count):
            corner = {x: int(i == k) for i, x in enumerate(z)}
            ends = sum(sp.limit(part, q, x.subs(corner), "-" if x.subs(corner) == 1 else "+")
                       for x in everything)  # fmt: skip
            yield Step(f"{count} types: no time is left at corner {k + 1}", ends, 0)
    yield Step("a type that is absent adds nothing: faces hold the law of fewer types",
               part.subs(q, 0), 0)  # fmt: skip
    own = q * (1 - q) / 2 * part.diff(q, 2)
    yield Step("any number of types: each counts its own time with its chance", own, -fixes)


def central(order: int) -> Any:
    """E (q' - q)^order of one generation, given q, from the engine's recursion."""
    wanted = [{"q_1": i} for i in range(1, order + 1)]
    recursion = derive(types_loop(Replace(), 2), monomials=wanted)
    powers = [q ** sum(powers) for powers in recursion.basis]
    after = dict(zip(recursion.basis, recursion.step(sp.Matrix(powers)), strict=True))
    raw = {sum(k): v for k, v in after.items()} | {0: sp.Integer(1)}
    return sp.factor(sum(sp.binomial(order, k) * raw[k] * (-q) ** (order - k)
                         for k in range(order + 1)))  # fmt: skip


def _next_order() -> Iterator[Step]:
    """E f(q') - f(q) = -q for the f = n·part + correction of one type, up to terms in 1/n²."""
    f = n * part + correction
    change = sum(f.diff(q, k) * central(k) / sp.factorial(k) for k in (1, 2, 3, 4))
    h = sp.Symbol("h", positive=True)  # 1/n
    change = sp.cancel(sp.expand(change.subs(n, 1 / h)))  # a polynomial in h: no logarithm is left
    yield Step("a generation takes one from the time", change.subs(h, 0), -fixes)
    yield Step("and the next order is answered by the correction", change.diff(h).subs(h, 0), 0)
    for k in (5, 6):
        later = sp.limit(n**2 * central(k), n, sp.oo)  # times n ∂^k part
        yield Step(f"moment {k} is of order n^-3, and comes later", later, 0)
    end = sp.limit(correction / -sp.log(1 - q), q, 1, "-")
    yield Step("near its corner the correction is a logarithm", end, sp.Rational(1, 3))


def _branching() -> Iterator[Step]:
    """The other types' last j = n(1-q) points: each leaves Poisson(1) in the next generation."""
    s, j, w = sp.symbols("s j w", positive=True)
    lost = sp.series(1 - sp.exp(-s), s, 0, 5).removeO()  # s' up to s⁵
    ahead = sp.series(1 / lost, s, 0, 3).removeO()
    yield Step("survival: 1/s' = 1/s + 1/2 + s/12", ahead, 1 / s + sp.Rational(1, 2) + s / 12)
    growth = sp.limit(j * (s / 12).subs(s, 2 / j), j, sp.oo)
    yield Step("so 1/s_j = j/2 + ⅙ ln j + c: its increments", growth,
               sp.limit(j * sp.log(j).diff(j) / 6, j, sp.oo))  # fmt: skip
    # P(T > t + 1) = 1 - exp(-j s_t): let T' = 2/s_t, so that t = T' - ⅓ ln T' - 2c
    power = over_half_line(w**s * sp.exp(-w), w)  # of which E ln w is the slope at 0
    mean_log = sp.log(2 * j) - sp.diff(power, s).subs(s, 0)
    yield Step("T' is 2j over an exponential variable: E ln T'", mean_log,
               sp.log(2 * j) + sp.EulerGamma)  # fmt: skip
    first, rounding = 1, sp.Rational(1, 2)  # the first fit, and a whole number of generations
    inner = first + rounding - mean_log / 3 - 2 * c
    outer = -sp.log(j / n) / 3 + slowing + C
    yield Step("both descriptions agree near the corner", sp.expand_log(inner - outer), 0)


# -- the attacks ---------------------------------------------------------------------------------


def constant(steps: int = 100_000) -> float:
    """C, from the limit c; its error is of order ln(steps)/steps."""
    s = 1.0
    for _ in range(steps):
        s = -np.expm1(-s)
    limit = 1 / s - steps / 2 - np.log(steps) / 6
    return float(C.subs(c, limit))


def generations(law: Any, size: Any) -> Any:
    """The mean time but for C, of a real law p."""
    time = sp.lambdify((q, n), n * part + correction)
    late = sp.lambdify(n, slowing)
    return sum(time(float(x), size) for x in law) + late(size)


def several(heterozygosity: Any) -> Any:
    """In how many generations, from g = 0 on, there were several types: T_1."""
    return (heterozygosity > 0).sum(axis=0)


def confrontations() -> list[Confrontation]:
    """Without C the relative error is of order 1/n; runs of 15 n generations miss e^{-15} of T."""
    sizes, found = (3, 6, 12), []
    for family in (Categorical((0.5, 0.5)), Categorical((0.5, 0.3, 0.2)), Categorical.zipf(8, 1)):
        loop = FeedbackLoop(family, mixing=Replace(), n=sizes[0])
        law, diverse = family.law, numbers_of(loop)["H"]
        right = [generations(law, size) for size in sizes]
        rivals = {
            "Moran's clock": [value / 2 for value in right],
            "genes in pairs": [2 * value for value in right],
            "the relaxation time of H": [size * diverse for size in sizes],
        }
        found.append(Confrontation(
            loop, Heterozygosity(), tuple(15 * size for size in sizes), right, rivals, 6_000,
            scale=sizes, path=several,
        ))  # fmt: skip
    return found


theorem = Theorem(
    name="fixation_time",
    title="The mean time until one type is left",
    kind=Asymptotic(1),
    assumptions=(
        "each generation trains on n points of the last model alone, without smoothing",
        "T_1: the number of fits until one type is left, started at the truth",
        "n → ∞ at fixed p; without C the relative error is of order 1/n",
        "the corner is joined to the diffusion by matching, which is not a rigorous bound",
    ),
    reference="the diffusion's time: Kimura & Ohta 1969, Littler 1975; the corrections -⅓ ln n, "
    "-⅓ Σ p_i ln(1-p_i) and C: no earlier statement known",
    cites=("kimura1969", "littler1975"),
    statement=statement,
    proof=proof,
    applies=types_only(Replace, start=(Truth, FirstFit), smallest=2),
    confrontations=confrontations,
)
