"""Does a loop collapse, and which mechanism does it: noise, bias or fixed data?

At infinite n a faithful loop never collapses, so collapse needs a cause.  Each cause is
isolated by a counterfactual loop in which it acts alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .biases.unbiased import Unbiased
from .estimators.maximum_likelihood import MaximumLikelihood
from .families._natural import NaturalFamily
from .families.base import Family
from .families.gaussian import Gaussian
from .loop import FeedbackLoop, check_loop
from .mixing.fresh_split import FreshSplit
from .mixing.replace import Replace
from .observables.log_variance import LogVariance
from .recursion import Recursion
from .starts import Truth
from .symbols import InputError
from .theory import derive, predict

HUGE = 10**9


@dataclass(frozen=True)
class Diagnosis:
    """What becomes of a loop.

    ============ ===================================================================
    verdict      "collapses", "settles", "diverges" or "drifts" (growing pools)
    variance     limit of E σ²/σ₀² (nan if there is none)
    error        limit of E (μ-μ₀)²/σ₀² (infinite if it grows without bound)
    causes       mechanism -> limit of E σ²/σ₀² when it acts alone
    log_rate     E log σ² per generation, where a theorem knows it
    half_life    generations after which the transient of E σ² has halved
    rates        each moment of order 2 is a sum of rate^g
    edge         whether almost every run ends where V(m) = 0, though the mean of V may not
    ============ ===================================================================

    For types σ² is the heterozygosity H = 1 - Σ q_i² and (μ-μ₀)² is Σ (q_i - p_i)².
    """

    loop: FeedbackLoop
    verdict: str
    variance: float
    error: float
    causes: dict[str, float]
    log_rate: float | None
    half_life: float | None
    rates: tuple[float, ...]
    edge: bool = False

    def __str__(self) -> str:
        types = self.loop.family.types
        spread, error = ("H", "Σ (q-p)²") if types else ("σ²", "(μ-μ₀)²")
        unit = "H₀" if types else "σ₀²"
        active = [f"{name} alone leaves E {spread} = {limit:.4g} {unit}"
                  for name, limit in self.causes.items() if abs(limit - 1) > 1e-9]  # fmt: skip
        if self.log_rate is not None and self.log_rate < 0:
            active.append(f"noise makes log σ² fall by {-self.log_rate:.4g} a generation: "
                          "almost every run loses its variance")  # fmt: skip
        if self.edge and types:
            active.append("noise loses one type after the other, until almost every run has one")
        elif self.edge:
            active.append("noise moves the mean until it is where V(m) = 0, at an edge of its "
                          "range, in almost every run")  # fmt: skip
        why = "".join(f"\n  {line}" for line in active or [f"no mechanism acts on E {spread}"])
        many = self.loop.family.dimension > 1 and not types
        where = " along the first axis" if many else ""
        return (
            f"the loop {self.verdict}{where}: E {spread} tends to {self.variance:.4g} {unit} and "
            f"E {error} to {self.error:.4g} {unit}{why}"
        )


def diagnose(loop: FeedbackLoop) -> Diagnosis:
    """Whether and why the loop collapses, from its recursion of order 2 and counterfactuals.

    The loop must hold numbers and, unless its pool grows, no schedule.  In d dimensions it is
    looked at along the first axis: started at the truth, every direction has the same fate.
    """
    check_loop(loop).require_numbers()
    if isinstance(loop.n, tuple) or isinstance(getattr(loop.mixing, "alpha", None), tuple):
        raise InputError("diagnose wants constant alpha and n, got a schedule")
    if loop.family.types:
        return _of_types(loop)
    given, loop = loop, standardised(_along_an_axis(loop.canonical))
    recursion = derive(loop, 2)
    variance, error = limits(recursion)
    log_rate, edge = _log_rate(loop), _ends_at_an_edge(loop)
    slowest = {"v": 1} if "v" in recursion.coordinates else {"delta": 2}
    return Diagnosis(
        given,
        "collapses" if edge else _verdict(loop, variance, error, log_rate),
        variance,
        error,
        {name: limits(derive(alone, 2))[0] for name, alone in alone_in(loop)},
        log_rate,
        recursion.half_life(**slowest) if recursion.autonomous else None,
        _rates(recursion),
        edge,
    )


def _of_types(loop: FeedbackLoop) -> Diagnosis:
    """The diagnosis of a loop of types, which lump: every type is a loop of two."""
    if loop.family.law is None:
        raise InputError(f"diagnose wants types that lump (Categorical), got {loop.family}")
    variance, error, mean = _diversity(loop.canonical)
    plain = replace(loop.canonical, estimator=MaximumLikelihood())
    causes = {name: _diversity(alone)[0] for name, alone in alone_in(plain)}
    if loop.estimator != MaximumLikelihood():
        causes["smoothing of the mean law"] = mean
    recursion = derive(loop.canonical.marginal(["q_1"])[0], 2)
    collapsed = variance < 1e-9
    return Diagnosis(
        loop,
        "collapses" if collapsed else "drifts" if loop.mixing.grows else "settles",
        variance,
        error,
        causes,
        None,
        recursion.half_life(q_1=2) if recursion.autonomous else None,
        _rates(recursion),
        collapsed,
    )


def _diversity(loop: FeedbackLoop) -> tuple[float, float, float]:
    """Limits of E H, of E Σ (q_i - p_i)² and of the H of the mean law, in units of the real H."""
    real: Any = loop.family.law
    pair = derive(loop.marginal(["q_1"])[0], 2)
    found = {}
    for i in range(1, len(real) + 1):
        alone = loop.marginal([f"q_{i}"])[0]
        if alone not in found:  # one recursion, whose coefficients are polynomials in p and start
            own = replace(pair, loop=alone)
            found[alone] = _ends(own, (own.index(q_1=1), own.index(q_1=2)), 20_000)
    ends = np.array([found[loop.marginal([f"q_{i}"])[0]] for i in range(1, len(real) + 1)])
    mean, square = ends.T
    unit = float(1 - (real**2).sum())
    if not unit > 0:
        raise InputError(f"diagnose wants a real law of more than one type, got {loop.family}")
    lost = float(1 - square.sum()) / unit
    error = float((square - 2 * real * mean + real**2).sum()) / unit
    return lost if lost > 1e-9 else 0.0, error, float(1 - (mean**2).sum()) / unit


def _along_an_axis(loop: FeedbackLoop) -> FeedbackLoop:
    d = loop.family.dimension
    return loop if d == 1 else loop.along([float(i == 0) for i in range(d)])


def standardised(loop: FeedbackLoop) -> FeedbackLoop:
    """The same loop in units of the real law's standard deviation, about its mean."""
    family: Any = loop.family
    if not isinstance(family, Gaussian):
        return loop
    start: Any = loop.start
    mean, variance = float(family.mean), float(family.variance)
    if isinstance(start, Gaussian):
        shift = (float(start.mean) - mean) / variance**0.5
        start = Gaussian(shift, float(start.variance) / variance)
    return replace(loop, family=Gaussian(), start=start)


def limits(recursion: Recursion, generations: int = 20_000) -> tuple[float, float]:
    """Limits of E σ² and E δ² in units of σ₀², of a one-parameter family of V(m₀)."""
    family: Any = recursion.loop.family
    if not isinstance(family, NaturalFamily):
        unit = float(family.variance_of(family.as_model()))
        places = recursion.index(v=1), recursion.index(delta=2)
        variance, error = _ends(recursion, places, generations)
        return variance / unit, error / unit
    mean, square = _ends(recursion, (recursion.index(delta=1), recursion.index(delta=2)),
                         generations)  # fmt: skip
    at, slope, bend = (*map(float, family.about()), 0.0, 0.0)[:3]
    if not at > 0:
        raise InputError(f"diagnose wants a real law with a variance, got {family!r}")
    terms = [c * x for c, x in ((slope, mean), (bend, square)) if c]
    variance = 1 + sum(terms) / at
    return variance if variance > 1e-12 else 0.0, square / at


def _ends(recursion: Recursion, places: tuple[int, int], generations: int) -> tuple[float, float]:
    """Limits of two moments: by squaring the affine map, or far out for a growing pool."""
    if not recursion.autonomous:
        x = recursion.iterate(generations)
        return float(x[-1, places[0]]), float(x[-1, places[1]])
    C, c = (a[0] for a in recursion.coefficients(1))
    x0, x1 = recursion.starting()
    size = len(c)
    full = np.block([[C, c[:, None]], [np.zeros((1, size)), np.ones((1, 1))]])
    state = np.append(x0 if x1 is None else x1, 1.0)
    doublings = 60
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(doublings):
            before, full = full, full @ full
            if np.allclose(full, before, rtol=1e-12, atol=1e-15) or not np.isfinite(full).all():
                break
        end = full @ state
        growing = ~np.isfinite(end) | (np.abs(end) > 1e12)
        end[growing] = np.inf
        end[np.abs(end) < 1e-12 * np.abs(state).max()] = 0.0
    return float(end[places[0]]), float(end[places[1]])


def _rates(recursion: Recursion) -> tuple[float, ...]:
    if not recursion.autonomous:
        return ()
    values = np.linalg.eigvals(recursion.coefficients(1)[0][0])
    return tuple(sorted(map(float, np.abs(values)), reverse=True))


def _log_rate(loop: FeedbackLoop) -> float | None:
    """E log σ² per generation, once the start no longer matters."""
    log = LogVariance()
    if not log.suits(loop.family):
        return None
    prediction = predict(loop, 3, [log])
    if log.label not in prediction.known:
        return None
    values = prediction[log.label]
    return float(values[3] - values[2])


def _ends_at_an_edge(loop: FeedbackLoop) -> bool:
    """Whether the mean is absorbed where V vanishes, if only in the limit.

    Without real data the mean is a martingale.  V has a zero only at an edge of the mean's
    range, so the martingale is bounded on one side and converges; while it has not reached the
    edge its steps keep the variance V(m)/n.
    """
    family: Any = loop.family
    if not (isinstance(family, NaturalFamily) and isinstance(loop.mixing, Replace)):
        return False
    _, slope, bend = map(float, family.curve())
    free, own = float(family.curve()[0]), float(family.variance_of(family.as_model()))
    return own > 0 and slope**2 - 4 * bend * free >= 0 and (slope, bend) != (0, 0)


def _verdict(loop: FeedbackLoop, variance: float, error: float, log_rate: float | None) -> str:
    if variance < 1e-9 or (log_rate is not None and log_rate < 0):
        return "collapses"
    if not np.isfinite(variance) or not np.isfinite(error):
        return "diverges"
    return "drifts" if loop.mixing.grows else "settles"


def alone_in(loop: FeedbackLoop) -> list[tuple[str, FeedbackLoop]]:
    """The loop with one mechanism at a time: (name, counterfactual loop)."""
    if (family := loop.family.bare) is not loop.family:
        start = loop.start.bare if isinstance(loop.start, Family) else loop.start
        without = replace(loop, family=family, start=start)
        return [*alone_in(without), ("finite-n noise with what a fit adds", loop)]
    found = []
    if loop.bias != Unbiased():
        found.append(("sampling bias", enlarged(loop)))
    faithful = replace(loop, bias=Unbiased(), start=Truth())
    if loop.mixing.anchored:
        # exact counts of the same size, whose noise is that of fresh points
        size = int(loop.n)
        fresh = FreshSplit(alpha=loop.mixing.fraction(size, 0))
        found.append(("finite-n noise with fresh data", replace(faithful, mixing=fresh)))
        found.append(("the fixed real data and its noise", replace(loop, bias=Unbiased())))
    else:
        found.append(("finite-n noise", replace(faithful, start=loop.start)))
    return found


def enlarged(loop: FeedbackLoop, times: int = HUGE) -> FeedbackLoop:
    """The loop with so many times as many points everywhere; 10⁹: noise and fixed data vanish."""
    held = {f: times * int(getattr(loop.mixing, f)) for f in ("real", "size")
            if getattr(loop.mixing, f, None) is not None}  # fmt: skip
    mixing: Any = loop.mixing
    if held:
        mixing = replace(mixing, **held)
    sizes = loop.n if isinstance(loop.n, tuple) else (loop.n,)
    n = tuple(times * int(v) for v in sizes)
    return replace(loop, mixing=mixing, n=n if isinstance(loop.n, tuple) else n[0])
