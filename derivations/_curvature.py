"""Near the truth every divergence is half the squared distance in Fisher's information.

KL(real ‖ model) and KL(model ‖ real) have the same second derivatives at the truth: Fisher's
matrix I.  An error of covariance v I⁻¹ therefore costs tr(I · v I⁻¹)/2 = d v/2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._integrals import normal_mean
from hallofillusions.derivations._replace import for_large_n
from hallofillusions.derivations._shared import symbolic_loop
from hallofillusions.mixing.replace import Replace
from hallofillusions.proof import Step
from hallofillusions.rational import factored
from hallofillusions.symbols import n, sigma_0
from hallofillusions.theory import derive


def information(log_p: Any, mean: Any, names: Any) -> Any:
    """Fisher's matrix, E of the products of the scores."""
    scores = [log_p.diff(z) for z in names]
    return sp.Matrix(len(names), len(names), lambda i, j: mean(scores[i] * scores[j]))


def gaussian_curvature(once: Any) -> Iterator[Step]:
    """d = 2: mean and variance, KL in both directions, and the noise of one fit."""
    x, m = sp.symbols("x m", real=True)
    s = sp.Symbol("s", positive=True)  # the model's variance
    log_p = -((x - m) ** 2) / (2 * s) - sp.log(2 * sp.pi * s) / 2
    here = {m: 0, s: sigma_0**2}

    def mean(f: Any) -> Any:
        return normal_mean(f.subs(here).subs(x, sigma_0 * x), x)

    own = information(log_p, mean, (m, s))
    ratio = s / sigma_0**2
    forward = (sp.log(ratio) + (1 + m**2 / sigma_0**2) / ratio - 1) / 2
    back = (-sp.log(ratio) + ratio + m**2 / sigma_0**2 - 1) / 2
    recursion = derive(symbolic_loop(Replace()), order=4)
    first = dict(zip(recursion.names, recursion.after_first(), strict=True))
    noise = sp.Matrix([[first["delta^2"], first["delta v"]],
                       [first["delta v"], first["v^2"] - first["v"] ** 2]])  # fmt: skip
    noise = (n * noise).applyfunc(for_large_n)
    for words, kl in (("real ‖ model", forward), ("model ‖ real", back)):
        curve = sp.hessian(kl, (m, s)).subs(here)
        for i, j in ((0, 0), (0, 1), (1, 1)):
            yield Step(f"Gaussian: curvature of KL({words}) is Fisher's, {i}{j}", curve[i, j],
                       own[i, j])  # fmt: skip
        paid = (curve * noise).trace() / 2 / n
        yield Step(f"Gaussian: E KL({words}) is d/2n after one fit", paid, once)


def types_curvature(count: int, v: Any, loss: Any) -> Iterator[Step]:
    """d = K - 1: one probability is what is left of 1."""
    p = sp.symbols(f"p_1:{count}", positive=True)
    q = sp.symbols(f"q_1:{count}", positive=True)
    law, model = (*p, 1 - sum(p)), (*q, 1 - sum(q))
    pairs = list(zip(law, model, strict=True))
    truth = dict(zip(q, p, strict=True))
    own = sp.Matrix(count - 1, count - 1, lambda i, j: sum(
        (a / b**2 * b.diff(q[i]) * b.diff(q[j])).subs(truth) for a, b in pairs))  # fmt: skip
    spread = sp.Matrix(count - 1, count - 1, lambda i, j: p[i] * (int(i == j) - p[j]))
    for words, kl in (("model ‖ real", sum(b * sp.log(b / a) for a, b in pairs)),
                      ("real ‖ model", sum(a * sp.log(a / b) for a, b in pairs))):  # fmt: skip
        curve = sp.hessian(kl, q).subs(truth, simultaneous=True)
        apart = sum(factored(x - y) ** 2 for x, y in zip(curve, own, strict=True))
        yield Step(f"{count} types: curvature of KL({words}) is Fisher's", apart, 0)
    yield Step(f"{count} types: E KL for the covariance v_g (diag p - ppᵀ)",
               (own * spread).trace() * v / 2, loss)  # fmt: skip
