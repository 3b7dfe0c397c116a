"""Wishart's law and Bartlett's triangles: what the theorems on Replace in d dimensions share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.derivations._dimensions import FAMILIES, d, matrix
from hallofillusions.derivations._integrals import normal_moment, over_half_line, over_line
from hallofillusions.derivations._projection import images, monomials, plane
from hallofillusions.derivations._replace import BIASES, BOTH, DIVISORS, lam, nu
from hallofillusions.derivations._shared import only
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Step
from hallofillusions.starts import FirstFit, Truth
from hallofillusions.symbols import is_symbolic
from hallofillusions.theory import derive

x, tau = sp.symbols("x tau", positive=True)
kappa = sp.Symbol("kappa", positive=True)
chi2 = x ** (kappa / 2 - 1) * sp.exp(-x / 2) / (2 ** (kappa / 2) * sp.gamma(kappa / 2))



_chain = only(Replace, estimator=BOTH, bias=BIASES, start=(Truth, FirstFit, Gaussian),
              family=FAMILIES)  # fmt: skip


def chain(loop: FeedbackLoop) -> str | None:
    """The condition of a product over generations: n may be a schedule, the start any Gaussian."""
    sizes, dimension = loop.n if isinstance(loop.n, tuple) else (loop.n,), loop.family.dimension
    if isinstance(loop.mixing, Replace):
        loop = replace(loop, n=sizes[0])
    if (reason := _chain(loop)) is None and any(not is_symbolic(v) and v <= dimension
                                                for v in sizes):  # fmt: skip
        return f"n must be above {dimension}, the dimension, or a direction has no variance left"
    return reason


def whitened(loop: FeedbackLoop) -> Any:
    """Σ_0⁻¹ Σ of model 0, where Σ_0 is the real covariance."""
    return np.linalg.solve(matrix(loop.family), matrix(_first(loop)))


def first_error(loop: FeedbackLoop) -> float:
    """(μ-μ_0)ᵀ Σ⁻¹ (μ-μ_0) of model 0."""
    family: Any = loop.family
    shift = np.subtract(_first(loop).mean, family.mean)
    return float(shift @ np.linalg.solve(matrix(_first(loop)), shift))


def _first(loop: FeedbackLoop) -> Any:
    return loop.start if isinstance(loop.start, Gaussian) else loop.family


def next_moments(estimator: Any, wanted: list[dict[str, int]]) -> tuple[list[Any], list[Any]]:
    """Monomials of the covariance in the plane, and their expectations one generation later."""
    recursion = derive(sampled(estimator), monomials=wanted)
    own = monomials(recursion, {c: sp.Symbol(c) for c in recursion.coordinates})
    return own, images(recursion, own)


def triangle(size: int) -> Any:
    return sp.Matrix(size, size, lambda k, m: sp.Symbol(f"A_{k}{m}") if m <= k else 0)


def bartlett() -> Iterator[Step]:
    """E e^{-tr TW} = det(1+2T)^{-ν/2} for the scatter W; for A Aᵀ the same, by induction on d.

    The last row of A is (aᵀ, c); T has the blocks T', t, τ.  Given the rest A' of A, the exponent
    is that of T' plus 2tᵀA'a + τ(aᵀa + c²).
    """
    z, b = sp.symbols("z b", real=True)
    one = over_line(-tau * z**2 - 2 * b * z - z**2 / 2, z) / sp.sqrt(2 * sp.pi)
    yield Step("a normal of the last row, at b = (A'ᵀt)_k", one,
               sp.exp(2 * b**2 / (1 + 2 * tau)) / sp.sqrt(1 + 2 * tau))  # fmt: skip
    half = sp.Symbol("half", positive=True)  # κ/2
    last_one = over_half_line(sp.exp(-tau * x) * chi2, x)
    yield Step("c² is χ² with κ degrees of freedom", last_one.subs(kappa, 2 * half),
               (1 + 2 * tau) ** -half, _powers)  # fmt: skip
    yield Step("d - 1 normals and κ = ν - d + 1: together the power -ν/2",
               -(d - 1) / 2 - (nu - d + 1) / 2, -nu / 2)  # fmt: skip
    T = sp.Matrix(3, 3, lambda k, m: sp.Symbol(f"T_{min(k, m)}{max(k, m)}"))
    t, pivot, unit = T[:2, 2], 1 + 2 * T[2, 2], sp.eye(3)
    rest = sp.eye(2) + 2 * T[:2, :2] - 4 * t * t.T / pivot
    yield Step("what is left is the same in d - 1 dimensions, at T' - 2ttᵀ/(1+2τ)",
               (unit + 2 * T).det(), pivot * rest.det())  # fmt: skip
    yield Step("in one dimension W is χ²_ν", last_one.subs(kappa, 2 * half).subs(half, nu / 2),
               (1 + 2 * tau) ** (-nu / 2), _powers)  # fmt: skip


def _powers(expression: Any) -> Any:
    return sp.simplify(sp.powsimp(expression, force=True))


def by_the_engine() -> Iterator[Step]:
    """The engine, which knows no Wishart law, agrees with it up to second moments."""
    T = sp.symbols("T_11 T_12 T_22")
    real = sp.Matrix(2, 2, lambda k, m: entry(k, m))
    # one independent element of T stands for both T_12 and T_21
    form = sp.Matrix([[T[0], T[1] / 2], [T[1] / 2, T[2]]])
    transform = (sp.eye(2) + 2 * form * real).det() ** (-nu / 2)
    wanted = [{"v_1_1": 2}, {"v_1_1": 1, "v_1_2": 1}, {"v_1_1": 1, "v_2_2": 1}, {"v_1_2": 2}]
    derivatives = [(0, 0), (0, 1), (0, 2), (1, 1)]
    for estimator in BOTH:
        own, later = next_moments(estimator, wanted)
        for monomial, value, (j, k) in zip(own, later, derivatives, strict=False):
            moment = transform.diff(T[j], T[k]).subs(dict.fromkeys(T, 0))
            yield Step(f"{estimator.__name__}: E of the next {monomial} is a derivative",
                       (lam / DIVISORS[estimator]) ** 2 * moment, value)  # fmt: skip


def entry(k: int, m: int) -> Any:
    return sp.Symbol(f"v_{min(k, m) + 1}_{max(k, m) + 1}")


def sampled(estimator: Any) -> FeedbackLoop:
    return plane(Replace(), estimator=estimator(), bias=ScaleCovariance(lam))


def inverse_blocks() -> Iterator[Step]:
    """(A Aᵀ)⁻¹ by blocks, where the last row of A is (aᵀ, c), and the moments that it asks for."""
    A = triangle(3)
    B, row, c = A[:2, :2].inv(), A[2, :2], A[2, 2]
    inverse, core = (A * A.T).inv(), B.T * B
    whole = sp.Matrix([[core + B.T * row.T * row * B / c**2, -B.T * row.T / c**2],
                       [-row * B / c**2, sp.Matrix([[1 / c**2]])]])  # fmt: skip
    for k in range(3):
        for m in range(k + 1):
            yield Step(f"(A Aᵀ)⁻¹ by blocks, entry ({k + 1}, {m + 1})", inverse[k, m], whole[k, m],
                       sp.factor)  # fmt: skip
    once = sp.gammasimp(over_half_line(chi2 / x, x))
    yield Step("E 1/χ²", once, 1 / (kappa - 2), sp.gammasimp)
    for power, value in ((1, 0), (2, 1)):
        yield Step(f"E z^{power} of a normal: E a = 0, E aaᵀ = 1", normal_moment(power), value)
