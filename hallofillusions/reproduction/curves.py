"""Curves of figures that are no series over generations, from the theorems' own statements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..diagnosis import enlarged
from ..estimators.known_labels import KnownLabels
from ..observables.held_out_loss import HeldOutLoss
from ..observables.variance import Variance
from ..observables.weights_chi_square import WeightsChiSquare
from ..theory import predict

if TYPE_CHECKING:
    from ..loop import FeedbackLoop


def stationary_curves(run: Any) -> dict[str, list[float]] | None:
    """Density of σ² and mean tail mass in the stationary law, from its theorem's own statement.

    None where the theorem is not installed.
    """
    import sympy

    from ..proof import evaluate, theorems

    loop, theorem = run.loop, theorems().get("stationary_law")
    if theorem is None:
        return None
    sides = {str(equation.lhs): equation.rhs for equation in theorem.statement()}
    below, tail, shape = (next(v for k, v in sides.items() if word in k)
                          for word in ("sigma_", "X_", "MLE"))  # fmt: skip
    own = float(evaluate(shape, loop))
    x, t = np.geomspace(0.05, 20, 120), np.geomspace(1, 20, 60)
    density = sympy.diff(below, sympy.Symbol("x", positive=True))
    curves = {
        "variance": x, "density": evaluate(density, loop, 0 * x, a=own, x=x),
        "threshold": t, "tail": evaluate(tail, loop, 0 * t, a=own, t=t),
    }  # fmt: skip
    return {name: [float(v) for v in values] for name, values in curves.items()}


def mechanism_curves(run: Any) -> dict[str, Any] | None:
    """The map over both axes, or variance and tail at infinite n, from the theorems' statements."""
    from ..proof import theorems

    loop, known = run.loop, theorems()
    if not {"two_mechanisms", "count_not_ratio", "biased_population"} <= set(known):
        return None
    own: Any = loop.n
    return _phase_map(loop, known) if own != 500 else _samplers_at_infinity(loop, known)


def _phase_map(loop: FeedbackLoop, known: Any) -> dict[str, Any]:
    """E σ²_∞/σ₀² over (αλ, n_r), and the border where noise and bias cost the same."""
    import sympy

    from ..proof import evaluate

    inverse, ratio = known["two_mechanisms"].statement()[:2]
    size = known["count_not_ratio"].statement()[0].rhs
    law = inverse.rhs.subs(sympy.Symbol(r"N_{\mathrm{eff}}"), size)
    alpha = float(loop.mixing.fraction(int(loop.n), 0))
    n_r, x = np.geomspace(1, 1000, 61), np.linspace(0.6, 0.98, 77)
    share = np.array([1 / evaluate(law, loop, 0 * x, lam=x / alpha, n_r=v) for v in n_r])
    # the ratio of the costs is linear in λ and 0 at λ = 1
    steep = evaluate(ratio.rhs, loop, 0 * n_r, lam=0.0, n=n_r / (1 - alpha))
    share = np.minimum(np.where(share > 0, share, np.inf), 1e3)
    return {"alpha": alpha, "n_r": n_r.tolist(), "alpha_lam": x.tolist(), "share": share.tolist(),
            "border": (alpha * (1 - 1 / steep)).tolist()}  # fmt: skip


def _samplers_at_infinity(loop: FeedbackLoop, known: Any) -> dict[str, Any]:
    """σ² by the recursion at n → ∞, and the theorem's erfc of it."""
    from ..proof import evaluate

    g = np.arange(26)
    kept, tail = known["biased_population"].statement()[:2]
    own = predict(enlarged(loop), 25, [Variance()])["variance"]
    law = evaluate(tail.rhs, loop, g, t=2.0, **{str(kept.lhs): own})
    return {"generation": g.tolist(), "variance": own.tolist(), "tail": law.tolist()}


def needle_curves(run: Any) -> dict[str, Any] | None:
    """The straight lines that E log λ_1 and E log λ_2 of a cloud in the plane tend to."""
    from ..proof import evaluate, theorems

    if (theorem := theorems().get("lyapunov_spectrum")) is None:
        return None
    sides = {str(e.lhs): e.rhs for e in theorem.statement()}
    rate, offset = (next(v for k, v in sides.items() if k.startswith(w)) for w in (r"\gamma", "C_"))
    line = run.loop.along((1, 0))
    when = np.arange(run.generations + 1)
    found: dict[str, Any] = {"generation": when.tolist()}
    before = 0.0
    for rank in (1, 2):
        constant = float(_in(offset, k=rank, d=2).doit())
        slope = evaluate(_in(rate, i=rank), line, 0.0, D=line.n - 1)
        found[f"line {rank}"] = (slope * when + constant - before).tolist()
        before = constant
    return found


def powerlaw_curves(run: Any) -> dict[str, Any] | None:
    """Mean and median tail mass in the stationary law, its exponent and its amplitude."""
    from scipy.optimize import brentq

    from ..proof import evaluate, theorems

    known = theorems()
    if not {"power_law_tail", "stationary_law"} <= set(known):
        return None
    loop, sides = run.loop, [(str(e.lhs), e.rhs) for e in known["power_law_tail"].statement()]
    tail, power, height, median = (
        next(v for s, v in sides if word in s) for word in ("S(t)", "MLE", "t^{2a}", "M(t)")
    )
    below = known["stationary_law"].statement()[0].rhs
    a = float(evaluate(power, loop)) / 2
    middle = brentq(lambda x: float(evaluate(below, loop, 0.0, a=a, x=x)) - 0.5, 1e-3, 10)
    t = np.geomspace(1.5, 14, 80)
    return {
        "threshold": t.tolist(), "tail": evaluate(tail, loop, 0 * t, a=a, t=t).tolist(),
        "median": evaluate(median, loop, 0 * t, q=middle, t=t).tolist(), "power": 2 * a,
        "amplitude": float(evaluate(height, loop, 0.0, a=a)),
    }  # fmt: skip


def prior_curves(run: Any) -> dict[str, Any] | None:
    """The density of σ² of a Gaussian, or of the mean of another family, in its conjugate prior."""
    import sympy

    from ..proof import evaluate, theorems

    known = theorems()
    if not {"conjugate_prior", "stationary_law", "power_law_tail"} <= set(known):
        return None
    name = type(run.loop.family).__name__
    x = np.linspace(1e-3, 6, 300)
    if name == "Gaussian":
        below, power = known["stationary_law"].statement()[0].rhs, known["power_law_tail"]
        power = next(e.rhs for e in power.statement() if "MLE" in str(e.lhs))
        more = {"a": float(evaluate(power, run.loop)) / 2}
    else:
        below = next(e.rhs for e in known["conjugate_prior"].statement()
                     if f"{{{name}}}" in str(e.lhs))  # fmt: skip
        more = {"m_0": float(run.loop.family.mean)}
    place = next(s for s in below.free_symbols if s.name == "x")
    density = evaluate(sympy.diff(below, place), run.loop, 0 * x, x=x, **more)
    return {"x": x.tolist(), "density": density.tolist()}


def loss_curves(run: Any) -> dict[str, Any] | None:
    """The law of the held-out loss and its standard deviation over runs, from g = 1 on."""
    entry = predict(run.loop, run.generations, [HeldOutLoss()]).entry(HeldOutLoss.label)
    if not entry.known or entry.variance is None:
        return None
    return {
        "generation": list(range(1, run.generations + 1)), "loss": entry.values[1:].tolist(),
        "sd": np.sqrt(entry.variance[1:]).tolist(), "source": entry.source,
    }  # fmt: skip


def rows_curves(run: Any) -> dict[str, float]:
    """How many characters follow a context in the mean, n_c = n π_c, as a character sees it.

    ``median`` is that of n_c over the real n-grams, ``reached`` the share of them with n_c ≥ 1.
    """
    family = run.loop.family
    sizes, shares = family.row_sizes(run.loop.n), family.row_shares
    order = np.argsort(sizes)
    middle = np.searchsorted(np.cumsum(shares[order]), shares.sum() / 2)
    return {"median": float(sizes[order][middle]), "reached": float(shares[sizes >= 1].sum()),
            "characters": float(run.loop.n * family.dimension)}  # fmt: skip


def border_curves(run: Any) -> dict[str, float]:
    """What EM is held against at the last generation, and what the labels are worth.

    ``known`` is the law of the weights' χ² with known labels, ``worth`` by how much the variance of
    a weight exceeds that of known labels for n → ∞, since the labels must be guessed.
    """
    loop, last = replace(run.loop, estimator=KnownLabels()), run.generations
    entry = predict(loop, last, [WeightsChiSquare()]).entry(WeightsChiSquare.label)
    w = loop.family.weights[0]
    return {"known": float(entry.values[-1]), "n": float(loop.n),
            "worth": information_inverse(loop.family)[0, 0] / (w * (1 - w))}  # fmt: skip


def information_inverse(family: Any) -> Any:
    """The inverse of Fisher's information about (w_1, means, covariances) of two components.

    By quadrature over the real law, the scores by central differences.
    """
    own, (points, weights) = family.parameters(), family.nodes
    upper = np.triu_indices(family.dimension)
    cut = family.K * family.dimension

    def density(parameters: Any) -> Any:
        w, rest = parameters[0], parameters[1:]
        covariance = np.empty_like(own["covariance"])
        for matrix, entries in zip(covariance, rest[cut:].reshape(family.K, -1), strict=True):
            matrix[upper] = entries
            matrix.T[upper] = entries
        model = {"weight": np.array([w, 1 - w]), "mean": rest[:cut].reshape(own["mean"].shape),
                 "covariance": covariance}  # fmt: skip
        return family.log_density(model, points)

    at = np.concatenate([own["weight"][:1], own["mean"].ravel(),
                         np.concatenate([m[upper] for m in own["covariance"]])])  # fmt: skip
    shift = 1e-5 * np.eye(len(at))
    scores = np.array([density(at + e) - density(at - e) for e in shift]) / 2e-5
    return np.linalg.inv((scores * weights) @ scores.T)


def _in(expression: Any, **values: Any) -> Any:
    """The expression with numbers for the symbols of these names."""
    return expression.subs({s: values[s.name] for s in expression.free_symbols if s.name in values})


CURVES: dict[str, Any] = {
    "stationary": stationary_curves, "mechanisms": mechanism_curves, "needle": needle_curves,
    "powerlaw": powerlaw_curves, "priors": prior_curves, "perplexity": loss_curves,
    "rows": rows_curves, "mixture": loss_curves, "border": border_curves,
}  # fmt: skip
"""Study -> the curves of a run of it, as plain data; None where a theorem is not installed."""
