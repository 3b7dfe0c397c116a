"""What the theorems on biased samplers share: the factor λ by which each scales a covariance.

A density falls with the distance r from its mean; `Truncation` and `TopP` keep the points within
r < k.  Everything that they do to moments is in the radial law r² ~ χ²_d, cut at k²:

    c_j = P(χ²_{d+2j} < k²) / P(χ²_d < k²),

by which the part of degree 2j of a central moment is multiplied; c_1 is the λ of second moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_p import TopP
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._dimensions import line
from hallofillusions.derivations._shared import symbolic_loop
from hallofillusions.loop import FeedbackLoop
from hallofillusions.proof import Step, evaluate
from hallofillusions.special import ball_radius
from hallofillusions.symbols import alpha, kappa, lam, tau
from hallofillusions.theory import derive

CUTS = (Truncation, TopP)
BIASES = (Unbiased, ScaleCovariance, Temperature, *CUTS)
d = sp.Symbol("d", integer=True, positive=True)


def inside(size: Any, k: Any = kappa) -> Any:
    """P(χ²_size < k²) as the incomplete gamma function."""
    return sp.lowergamma(size / 2, k**2 / 2) / sp.gamma(size / 2)


def kept(j: Any, size: Any = d, k: Any = kappa) -> Any:
    """c_j."""
    return inside(size + 2 * j, k) / inside(size, k)


def plain(expression: Any) -> Any:
    """The incomplete gamma functions of whole and half numbers in erf and exp."""
    return sp.expand_func(expression)


def factor(bias: Any, size: int = 1) -> Any:
    """λ of a bias with symbols, as a sympy expression: what it does to second moments."""
    if isinstance(bias, Truncation):
        return plain(kept(1, sp.Integer(bias.dimension or size), bias.k))
    if isinstance(bias, TopP):
        size = bias.dimension or size
        return plain(kept(1, sp.Integer(size), ball_radius(size, bias.p)))
    return sp.sympify(getattr(bias, "lam", getattr(bias, "tau", 1)))


SAMPLERS: Mapping[str, Any] = {
    "MAD's λ": ScaleCovariance(lam), "temperature": Temperature(tau),
    **{f"truncation in {s} dimensions": Truncation(kappa, dimension=s) for s in (1, 2, 3)},
    **{f"top-p in {s} dimensions": TopP(plain(inside(sp.Integer(s))), dimension=s) for s in (1, 2)},
}  # fmt: skip
"""The biases with symbols; p is given by the radius κ of its ball."""


def shares(loop: FeedbackLoop, orders: int = 1) -> list[float]:
    """(c_1, …, c_orders) of a loop with numbers: powers of λ unless its sampler cuts."""
    bias: Any = loop.bias
    if not isinstance(bias, CUTS):
        value = float(getattr(bias, "lam", getattr(bias, "tau", 1)))
        return [value**j for j in range(1, orders + 1)]
    size = sp.Integer(bias.dimension or loop.family.dimension)
    k = float(bias.k) if isinstance(bias, Truncation) else ball_radius(int(size), float(bias.p))
    return [float(kept(j, size, sp.Float(k, 30)).evalf(20)) for j in range(1, orders + 1)]


def second_moments(loop: FeedbackLoop) -> tuple[Any, Any, Any]:
    """A, b and x(0) of (M, S)."""
    recursion = derive(loop)
    at = [recursion.index(delta=2), recursion.index(v=1)]
    C, c, x = recursion.matrix(), recursion.constant(), recursion.initial()
    return C.extract(at, at), c.extract(at, [0]), x.extract(at, [0])


def only_lambda(mixings: Iterable[type[Any]]) -> Iterator[Step]:
    """Each bias, in each dimension: the second moments of MAD's λ with its own λ."""
    for mixing in mixings:
        A, b, _ = second_moments(symbolic_loop(mixing(alpha), bias=ScaleCovariance(lam)))
        for name, bias in SAMPLERS.items():
            own, constant, _ = second_moments(symbolic_loop(mixing(alpha), bias=bias))
            scaled, words = A.subs(lam, factor(bias)), f"{mixing.__name__}, {name}: λ"
            for i in (0, 1):
                yield Step(f"{words} in row {i + 1}", own[i, 1], scaled[i, 1], sp.expand_func)
            same = own[:, 0] == A[:, 0] and constant == b
            yield Step(f"{words} nowhere else", same, True)


def numbers(expression: Any, loop: FeedbackLoop, when: Any, **more: Any) -> Any:
    """A closed form in λ, α, n, σ₀, g at the generations ``when`` of a loop."""
    return evaluate(expression, line(loop), when, **{"lam": shares(loop)[0], **more})
