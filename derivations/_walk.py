"""The logarithm of the variance under Replace as a random walk, and functionals of whole runs.

What the theorems about paths share: the cumulants of one step, and what their confrontations make
of the kept values of a run, arrays of shape (G + 1, replicates).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.derivations._replace import D, along, lam, log_of, other_ddof
from hallofillusions.derivations._shared import symbolic_loop
from hallofillusions.derivations.gaussian_moments import m
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.symbols import n
from hallofillusions.theory import derive

h = sp.Symbol("h", positive=True)  # 1/n
delta, v = sp.Symbol("delta", real=True), sp.Symbol("v", positive=True)  # μ - μ₀ and σ²
K = log_of(m).subs(lam, 1)  # cumulant generating function of a step, log χ²/D


# -- algebra ---------------------------------------------------------------------------------------


def as_logs(expression: Any) -> Any:
    """log Γ and loggamma are one."""
    same = expression.replace(sp.loggamma, lambda x: sp.log(sp.gamma(x)))
    return sp.simplify(sp.expand_log(same, force=True))


def digammas(expression: Any) -> Any:
    """Logarithms taken apart, digamma written as a polygamma."""
    return sp.expand(sp.expand_log(expression.rewrite(sp.polygamma), force=True))


def for_large(value: Any, large: Any) -> Any:
    """Polygammas of (n-1)/2 = ``large`` by their asymptotic series."""
    return value.subs(n, 1 + 2 * large).replace(
        sp.polygamma, lambda k, z: sp.series(sp.polygamma(k, z), large, sp.oo, 5).removeO()
    )


# -- when a run is where ---------------------------------------------------------------------------


# -- the limit n → ∞, with time in units of n generations ------------------------------------------


@lru_cache(maxsize=2)
def diffusion(estimator: type[Any]) -> tuple[list[Any], Any, list[Any]]:
    """Drift, covariance and fourth moments of (δ, v) per n generations, by the engine's kernel."""
    after = kernel(estimator, [(1, 1), *((i, 0) for i in range(1, 5)),
                               *((0, j) for j in range(1, 5))])  # fmt: skip

    def per_time(i: int, j: int) -> Any:
        """n E (δ' - δ)^i (v' - v)^j given the past, as n → ∞."""
        a, c = sp.symbols("a c")
        change = sp.Poly((a - delta) ** i * (c - v) ** j, a, c)
        moment = sp.together(sum(k * after[powers] for powers, k in change.terms()).subs(n, 1 / h))
        stays = sp.simplify(moment.subs(h, 0)) == 0
        return sp.expand(sp.cancel(moment / h).subs(h, 0)) if stays else sp.oo

    covariance = sp.Matrix(2, 2, [per_time(*p) for p in ((2, 0), (1, 1), (1, 1), (0, 2))])
    return [per_time(1, 0), per_time(0, 1)], covariance, [per_time(4, 0), per_time(0, 4)]


def kernel(estimator: type[Any], wanted: list[tuple[int, int]]) -> dict[tuple[int, ...], Any]:
    """E[δ_g^i σ_g^{2j} | δ, v of g - 1], for the powers (i, j) and those that they lead to."""
    loop = symbolic_loop(Replace(), estimator=estimator())
    recursion = derive(loop, monomials=[{"delta": i, "v": j} for i, j in wanted])
    now = sp.Matrix([delta ** p[0] * v ** p[1] for p in recursion.basis])
    after = recursion.matrix() * now + recursion.constant()
    return {(0, 0): sp.Integer(1)} | dict(zip(recursion.basis, after, strict=True))


# -- functionals of runs ---------------------------------------------------------------------------


def passage(level: float, logs: Any) -> tuple[Any, Any]:
    """N = min(T, G) of every run and log σ²_N/σ₀²; ``logs`` is of shape (G + 1, replicates)."""
    below = logs < np.log(level)
    when = np.where(below.any(axis=0), below.argmax(axis=0), len(logs) - 1)
    return when, np.take_along_axis(logs, when[None], axis=0)[0]


def beyond(side: int, when: tuple[int, ...], shares: tuple[float, ...], logs: Any) -> Any:
    """Whether log σ_g²/σ_0² ≤ -cg (``side`` -1) or ≥ -cg (1), one row for each g of ``when``."""
    pairs = zip(when, shares, strict=True)
    return np.stack([side * (logs[k] + share * k) >= 0 for k, share in pairs]).astype(float)


def below(when: tuple[int, ...], levels: Any, logs: Any) -> Any:
    """Whether log σ_g²/σ_0² lies below a level: one row for each g of ``when``."""
    return np.stack([logs[k] < level for k, level in zip(when, levels, strict=True)]).astype(float)


# -- the ratios of a run, each turned into a uniform number (Rosenblatt) ---------------------------


def ratios(loop: FeedbackLoop, variances: Any, means: Any) -> tuple[Any, Any, Any]:
    """C_g and Z_g, each of shape (G, replicates), and n_g - 1, of shape (G, 1)."""
    count = len(variances) - 1
    size, divisor, factor = (along(e, loop, count)[:, None] for e in (n, D, lam))
    before = factor * variances[:-1]
    return divisor * variances[1:] / before, np.sqrt(size / before) * np.diff(means, axis=0), \
        size - 1  # fmt: skip


def uniforms(loop: FeedbackLoop, variances: Any, means: Any) -> Any:
    """Rosenblatt's transform of a run, of shape (2, G, replicates)."""
    from scipy.special import chdtr, ndtr

    chi, z, freedom = ratios(loop, variances, means)
    return np.stack([chdtr(freedom, chi), ndtr(z)])


def pooled(loop: FeedbackLoop, variances: Any, means: Any) -> Any:
    """All uniform numbers of all runs."""
    return uniforms(loop, variances, means).ravel()


def combined(loop: FeedbackLoop, variances: Any, means: Any) -> Any:
    """Fisher's -2 Σ log U over a run: one χ²_{4G} per run if its ratios are independent."""
    return -2 * np.log(uniforms(loop, variances, means)).sum(axis=(0, 1))


def neighbours(one: int, other: int, loop: FeedbackLoop, variances: Any, means: Any) -> Any:
    """Sums of two normal scores, ``one`` at g and ``other`` at g + 1 (0: C, 1: Z), over √2."""
    from scipy.special import ndtri

    scores = ndtri(uniforms(loop, variances, means))
    last = scores.shape[1] // 2 * 2
    return ((scores[one, 0:last:2] + scores[other, 1:last:2]) / 2**0.5).ravel()


# -- rivals: what the pooled uniform numbers would be distributed like -----------------------------


def other_divisor(loop: FeedbackLoop, u: Any, freedom: Any, divisor: Any, wrong: Any) -> Any:
    """D' σ²_g/(λσ²_{g-1}) is the χ², not D σ²_g/(λσ²_{g-1})."""
    from scipy.special import chdtr, chdtri

    return chdtr(freedom, chdtri(freedom, 1 - u) * wrong / divisor), u


def one_more(loop: FeedbackLoop, u: Any, freedom: Any, divisor: Any, wrong: Any) -> Any:
    """χ² has n degrees of freedom."""
    from scipy.special import chdtr, chdtri

    return chdtr(freedom + 1, chdtri(freedom, 1 - u)), u


def late_steps(loop: FeedbackLoop, u: Any, freedom: Any, divisor: Any, wrong: Any) -> Any:
    """The step of the mean has the variance σ²_g/n in place of σ²_{g-1}/n."""
    from scipy.special import chdtri, ndtr, ndtri

    levels = (np.arange(400) + 0.5) / 400
    scale = np.sqrt(divisor / chdtri(freedom, levels))
    return u, ndtr(ndtri(u)[:, None] * scale).mean(axis=1)


def pooled_law(change: Callable[..., Any], loop: FeedbackLoop, last: int) -> Callable[[Any], Any]:
    """The distribution function of the pooled uniform numbers under a wrong theory."""
    grid = np.linspace(0, 1, 2001)[1:-1]
    size, divisor = (along(e, loop, last) for e in (n, D))
    wrong = along(D, other_ddof(loop), last)
    laws = [law for k in range(last)
            for law in change(loop, grid, size[k] - 1, divisor[k], wrong[k])]  # fmt: skip
    return lambda u: np.interp(u, [0, *grid, 1], [0, *np.mean(laws, axis=0), 1])
