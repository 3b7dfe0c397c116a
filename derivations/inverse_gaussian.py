r"""The counter-example: the inverse Gaussian closes in negative powers.

Its variance m³/a is cubic, so that under Replace no moment of m but the first obeys a finite
recursion (`graded_closure`).  Yet the mean of n points is inverse Gaussian again, of shape na,
and $E\,x^{-r}$ is a polynomial of degree r in 1/m: with u = 1/m and h = 1/(na),
$$E[u'^r|u]=\sum_{s=0}^r\frac{(r+s)!}{s!\,(r-s)!}\Big(\frac h2\Big)^su^{r-s}.$$
So 1/m grows by h a generation, exactly: the models shrink to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._integrals import over_half_line
from hallofillusions.derivations._morris import refused
from hallofillusions.derivations._shared import only
from hallofillusions.families.inverse_gaussian import InverseGaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Functional, InverseMoment
from hallofillusions.observables.inverse_mean import InverseMean
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import g, m_0, n, shape

m, u, h = sp.symbols("m u h", positive=True)
x, w, t = sp.symbols("x w t", positive=True)
step = 1 / (n * shape)
"""h: what 1/m grows by in one generation."""
inverse = 1 / m_0 + g * step
"""E 1/m_g."""
spread = g * step / m_0 + g * (g + 3) * step**2 / 2
"""Var 1/m_g."""
POWERS = 4
"""Negative powers for which the recursion is proved."""


def moved(r: int) -> Any:
    """E u'^r given u, a polynomial of degree r in u."""
    return sum(
        sp.Rational(sp.factorial(r + s), sp.factorial(s) * sp.factorial(r - s)) * (h / 2) ** s
        * u ** (r - s) for s in range(r + 1)
    )  # fmt: skip


def statement() -> list[Any]:
    one, two = (sp.Symbol(rf"\mathrm{{{word}}}[1/\hat m_g]") for word in ("E", "Var"))
    s, r = sp.symbols("s r", integer=True, nonnegative=True)
    power = sp.Symbol(r"\mathrm{E}[\hat m_{g+1}^{-r}|\hat m_g=1/u]")
    term = sp.factorial(r + s) / (sp.factorial(s) * sp.factorial(r - s)) * (h / 2) ** s
    return [
        equal(one, inverse),
        equal(two, spread),
        equal(power, sp.Sum(term * u ** (r - s), (s, 0, r))),
        equal(h, step),
    ]


def cumulant_function(mean: Any, own: Any, argument: Any) -> Any:
    """K(t) = log E e^{tx} of one point."""
    return own / mean * (1 - sp.sqrt(1 - 2 * mean**2 * argument / own))


def proof() -> Iterator[Step]:
    K = cumulant_function(m, shape, t)
    yield Step("K′(0) is the mean", sp.diff(K, t).subs(t, 0), m)
    yield Step("K″(0) is the variance that the family claims", sp.diff(K, t, 2).subs(t, 0),
               InverseGaussian(m, shape).curve()[3] * m**3)  # fmt: skip
    yield Step("the mean of n points is inverse Gaussian of shape na", n * K.subs(t, t / n),
               cumulant_function(m, n * shape, t))  # fmt: skip
    yield from _negative_powers()
    yield from _induction()
    for symbolic in (Truth(), FirstFit()):
        loop = FeedbackLoop(InverseGaussian(m_0, shape), mixing=Replace(), n=n, start=symbolic)
        yield Step(f"{symbolic}: no finite recursion holds δ²", refused(loop) == "delta^2", True)


def _negative_powers() -> Iterator[Step]:
    """E x^{-r} = ∫ t^{r-1} e^{K(-t)} dt / Γ(r), with w = √(1 + 2m²t/a): K(-t) = (1-w)/(mh)."""
    own = 1 / h  # the shape of the mean of n points
    time = own * (w**2 - 1) / (2 * m**2)
    exponent = cumulant_function(m, own, -time)
    yield Step("K(-t) in the new variable", sp.simplify(exponent), (1 - w) * own / m)
    for r in range(1, POWERS + 1):
        # with w = 1 + x: a polynomial in x times e^{-x/(mh)}, integrated term by term
        density = sp.expand((time ** (r - 1) * sp.diff(time, w)).subs(w, 1 + x))
        terms = sp.Poly(density, x).terms()
        integral = sum(c * sp.factorial(p) * (m * h) ** (p + 1) for (p,), c in terms)
        yield Step(f"E x^-{r}", sp.expand(integral / sp.factorial(r - 1)),
                   sp.expand(moved(r).subs(u, 1 / m)))  # fmt: skip
    rule = over_half_line(x**2 * sp.exp(-x / (m * h)), x)
    yield Step("the rule for one term", rule, sp.factorial(2) * (m * h) ** 3)


def _induction() -> Iterator[Step]:
    """Base case and step for E u and E u²."""
    square = spread + inverse**2
    yield Step("base case, E 1/m", inverse.subs(g, 0), 1 / m_0)
    yield Step("base case, E 1/m²", square.subs(g, 0), 1 / m_0**2)
    first, second = (sp.Poly(moved(r).subs(h, step), u) for r in (1, 2))
    for name, law, claim in (("E 1/m", first, inverse), ("E 1/m²", second, square)):
        after = sum(c * (1, inverse, square)[p] for (p,), c in law.terms())
        yield Step(f"step from g to g + 1, {name}", after, claim.subs(g, g + 1))


applies = only(Replace, family=InverseGaussian, start=(Truth, FirstFit, InverseGaussian))


def _numbers(closed: Any, loop: FeedbackLoop, when: Any, **wrong: Any) -> Any:
    """A closed form at the numbers of a loop and of its start."""
    first: Any = loop.start if isinstance(loop.start, InverseGaussian) else loop.family
    own: Any = loop.family
    return evaluate(closed, loop, when, shape=float(own.shape), m_0=float(first.mean), **wrong)


def provides(loop: FeedbackLoop, functional: Functional) -> Callable[[Any], Any] | None:
    if functional != InverseMoment() or applies(loop) is not None:
        return None
    return lambda when: _numbers(inverse, loop, when)


def confrontations() -> list[Confrontation]:
    found = []
    for family, size, start in (
        (InverseGaussian(2, 3), 3, Truth()), (InverseGaussian(1, 5), 8, Truth()),
        (InverseGaussian(2, 4), 6, InverseGaussian(3, 4)), (InverseGaussian(2, 3), 5, FirstFit()),
    ):  # fmt: skip
        loop = FeedbackLoop(family, mixing=Replace(), n=size, start=start)
        when = (1, 3, 8)
        shrink = (1 + step * m_0) ** g / m_0  # a product of independent factors, as of the gamma
        rivals = {
            "n - 1": _numbers(inverse, loop, when, n=size - 1),
            "index off by one": _numbers(inverse.subs(g, g + 1), loop, when),
            "infinite n": _numbers(inverse + 0 * g, loop, when, n=1e12),
            "the gamma family's law": _numbers(shrink, loop, when),
        }
        law = _numbers(inverse, loop, when)
        found.append(Confrontation(loop, InverseMean(), when, law, rivals, replicates=200_000))
        found.append(_square(loop, when))
    return found


def _square(loop: FeedbackLoop, when: tuple[int, ...]) -> Confrontation:
    """E 1/m_g², by a functional of the path."""
    law = spread + inverse**2
    rivals = {"the first power squared": _numbers(inverse**2, loop, when),
              "index off by one": _numbers(law.subs(g, g + 1), loop, when),
              "n - 1": _numbers(law, loop, when, n=int(loop.n) - 1)}  # fmt: skip
    return Confrontation(loop, InverseMean(), when, _numbers(law, loop, when), rivals,
                         replicates=200_000,
                         path=lambda values: values[list(when)] ** 2)  # fmt: skip


theorem = Theorem(
    name="inverse_gaussian",
    title="The inverse Gaussian closes in negative powers",
    kind=Exact(),
    assumptions=(
        "each generation trains on n points of the last inverse Gaussian alone, of known shape a",
        "maximum likelihood: the fitted mean is the training mean",
        "m₀ is the mean of model 0; started at the first fit on real data, their mean",
    ),
    reference="moments of one sample: Tweedie 1957; the recursion of the loop: no earlier "
    "statement known",
    cites=("tweedie1957",),
    statement=statement,
    proof=proof,
    applies=applies,
    provides=provides,
    confrontations=confrontations,
)
