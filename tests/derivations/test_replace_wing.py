"""The wing of the one-dimensional Replace loop: its theorems against numbers made another way.

Nothing here is simulated: quadrature, scipy's laws, the renewal equation of the passage time, the
fixed point of the perpetuity and the exact contour integral stand in for what the theorems say in
closed form or in the limit, and the rates at which the limits are reached are measured.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import integrate, optimize, special, stats

from hallofillusions import FeedbackLoop, Gaussian, Replace
from hallofillusions.comparison import AGREES, DISAGREES
from hallofillusions.confronting import confront
from hallofillusions.derivations import _walk as walk
from hallofillusions.derivations import annealed_tail as annealed
from hallofillusions.derivations import first_passage as passing
from hallofillusions.derivations import first_passage_time as timing
from hallofillusions.derivations import median_log_variance as middle
from hallofillusions.derivations import replace_endpoint as ending
from hallofillusions.derivations import trajectory_law as whole
from hallofillusions.derivations import variance_large_deviations as rare
from hallofillusions.derivations._replace import lam, numbers
from hallofillusions.derivations._replace import s as power
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.kinds import Asymptotic, Bound, Exact, Law
from hallofillusions.mellin import gamma_product
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Theorem
from hallofillusions.symbols import n
from hallofillusions.theory import derive
from tests.planted import loses_its_proof

BOTH = (MaximumLikelihood, Bessel)


def loop(size: int, estimator: type[Any] = MaximumLikelihood) -> FeedbackLoop:
    return FeedbackLoop(Gaussian(1, 2), mixing=Replace(), n=size, estimator=estimator())


def divisor(size: int, estimator: type[Any]) -> int:
    return size - (estimator is Bessel)


def exact_law(size: int, estimator: type[Any], generation: int) -> Any:
    """log σ_g²/σ_0² by its Mellin transform, from the numbers alone."""
    shift = generation * np.log(2 / divisor(size, estimator))
    return gamma_product([(size - 1) / 2], [generation], shift)


# -- the law of a whole run ------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", BOTH)
def test_the_density_of_one_generation(estimator: type[Any]) -> None:
    """Scipy's χ² and normal laws, at numbers."""
    size, past, centre, factor = 7, 1.7, 0.4, 0.8
    values = {n: size, whole.D: divisor(size, estimator), lam: factor, whole.v: past,
              whole.shift: centre}  # fmt: skip
    spread = factor * past
    scale = spread / divisor(size, estimator)
    for point in (0.3, 1.1, 2.5):
        found = whole.chi_square.subs(values).subs(whole.w, point)
        assert float(found) == pytest.approx(stats.chi2(size - 1, scale=scale).pdf(point))
        found = whole.normal.subs(values).subs(whole.x, point)
        assert float(found) == pytest.approx(stats.norm(centre, (spread / size) ** 0.5).pdf(point))


def test_rosenblatt_turns_a_known_run_into_its_quantiles() -> None:
    levels = np.array([[0.1, 0.9], [0.5, 0.2], [0.7, 0.4]])  # (G, replicates)
    size, variances, means = 5, [np.full(2, 2.0)], [np.full(2, 1.0)]
    for u in levels:
        means.append(means[-1] + np.sqrt(variances[-1] / size) * stats.norm.ppf(u))
        variances.append(variances[-1] * stats.chi2(size - 1).ppf(u) / size)
    found = walk.uniforms(loop(size), np.array(variances), np.array(means))
    assert found == pytest.approx(np.stack([levels, levels]))
    scores = walk.neighbours(0, 1, loop(size), np.array(variances), np.array(means))
    assert scores == pytest.approx(stats.norm.ppf(levels[:2]).sum(axis=0) / 2**0.5)


def test_rival_laws_are_laws() -> None:
    u = np.linspace(0, 1, 101)
    for change in (walk.other_divisor, walk.one_more, walk.late_steps):
        law = walk.pooled_law(change, loop(4), 3)(u)
        assert law[[0, -1]] == pytest.approx([0, 1])
        assert (np.diff(law) > 0).all()
    one = walk.pooled_law(walk.one_more, loop(4), 3)(0.25)
    freedom = stats.chi2(4).cdf(stats.chi2(3).ppf(0.25))
    assert one == pytest.approx((freedom + 0.25) / 2, abs=1e-6)


# -- how rare a loss is ----------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("share", [0.1, 0.4, 1.0, 2.0])
def test_the_rate_is_the_supremum(share: float, estimator: type[Any]) -> None:
    k, size = 3.0, 7

    def exponent(x: float) -> float:
        cumulant = special.gammaln(k + x) - special.gammaln(k) + x * np.log(
            2 / divisor(size, estimator))  # fmt: skip
        return float(share * x + cumulant)

    least = optimize.minimize_scalar(exponent, bounds=(-k + 1e-9, 40), method="bounded",
                                     options={"xatol": 1e-10})  # fmt: skip
    assert rare.rate(loop(size, estimator), share) == pytest.approx(-least.fun, abs=1e-9)


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("size", [2, 3, 10])
def test_the_bound_and_its_prefactor(size: int, estimator: type[Any]) -> None:
    """The exact probability lies below the bound; the prefactor's error falls like 1/g."""
    here = loop(size, estimator)
    centre, deviation = (float(numbers(e, here, 0)) for e in (rare.typical, rare.spread**0.5))
    share = centre + deviation
    when = np.array([10, 40, 160, 640])
    exact = [exact_law(size, estimator, k).log_cdf(-share * k) for k in when]
    assert (np.array(exact) < -rare.rate(here, share) * when).all()
    found = [np.log(rare.asymptote(here, share, int(k))) for k in when]
    error = np.abs(np.expm1(np.array(found) - exact))
    slope = np.diff(np.log(error)) / np.log(4)
    assert (np.diff(np.abs(slope + 1)) < 0).all(), slope  # ever nearer to -1
    assert abs(slope[-1] + 1) < 0.06, slope


def test_the_error_of_the_prefactor_is_the_next_term() -> None:
    here, share, generation = loop(3), 1.5, 2000
    x = rare.saddle(here, share)
    k2, k3, k4 = (float(special.polygamma(j, 1 + x)) for j in (1, 2, 3))
    exact = exact_law(3, MaximumLikelihood, generation).log_cdf(-share * generation)
    factor = numbers(rare.prefactor, here, generation, s=x)
    rest = exact + generation * rare.rate(here, share) - np.log(factor)
    assert generation * rest == pytest.approx(rare._next(x, k2, k3, k4), rel=0.02)


@pytest.mark.parametrize("threshold", [1.0, 3.0])
@pytest.mark.parametrize(("size", "estimator"), [
    (3, MaximumLikelihood), (10, MaximumLikelihood), (3, Bessel),
])  # fmt: skip
def test_the_average_tail(size: int, estimator: type[Any], threshold: float) -> None:
    """The exact tail lies below the bound, and the prefactor's error falls like 1/g."""
    here, when = loop(size, estimator), np.array([10, 100, 1000, 4000])
    shapes, shift = [0.5, (size - 1) / 2], np.log(2 / divisor(size, estimator))
    exact = np.array([
        gamma_product(shapes, [1, k], k * shift).log_survival(np.log(threshold**2 / 2))
        for k in when
    ])  # fmt: skip
    x = annealed.best(here)
    top, factor = (numbers(sp.expand_log(sp.log(e), force=True), here, when, s=x, t=threshold)
                   for e in (annealed.height, annealed.peak))  # fmt: skip
    assert (exact < top).all()
    error = np.abs(np.expm1(exact - top - factor))
    slope = np.diff(np.log(error)) / np.diff(np.log(when))
    assert (np.diff(np.abs(slope + 1)) < 0).all(), slope
    assert abs(slope[-1] + 1) < 0.06, slope
    assert annealed.asymptote(here, threshold, when[0]) == pytest.approx(np.exp(top + factor)[0])


# -- where a run ends ------------------------------------------------------------------------------


@pytest.mark.parametrize(("estimator", "freedom", "scale"), [
    (MaximumLikelihood, 4, 0.5**0.5), (Bessel, 2, 1.0),
])  # fmt: skip
def test_the_end_is_student(estimator: type[Any], freedom: int, scale: float) -> None:
    law = stats.t(freedom, loc=1, scale=scale * 2**0.5)
    x = np.linspace(-8, 10, 50)
    assert ending.distribution(estimator)(x) == pytest.approx(law.cdf(x))
    tail = float(ending.beyond[estimator].subs(ending.t, 3))
    assert tail == pytest.approx(2 * stats.t(freedom, scale=scale).sf(3))


def test_five_times() -> None:
    """Corollary 4's "five times" is near its limit."""
    tail = float(ending.beyond[MaximumLikelihood].subs(ending.t, 3))
    assert tail / (2 * stats.norm.sf(3)) == pytest.approx(4.90, abs=0.005)


@pytest.mark.parametrize("size", [3, 6])
def test_the_fourth_moment_of_the_end(size: int) -> None:
    recursion = derive(loop(size), monomials=[{"delta": 4}, {"delta": 2}])
    end = recursion.iterate(60 * size**2)[-1]
    assert end[recursion.index(delta=4)] / 4 == pytest.approx(6 * size - 3)
    assert end[recursion.index(delta=2)] / 2 == pytest.approx(1)


@cache
def departure(size: int, estimator: type[Any]) -> float:
    """Kolmogorov's distance of the end point at finite n from Student's law.

    R = Σ σ_g²/σ_0² obeys R = 1 + χ²/D R' (an independent copy): iterated on a logarithmic grid.
    """
    k, D = (size - 1) / 2, divisor(size, estimator)
    shape = 2 if estimator is MaximumLikelihood else 1
    y = np.arange(0, np.log(size) + 14, 0.02)  # log R
    limit = law = special.gammaincc(shape, size / np.exp(y))
    width = 6 / k**0.5
    u = np.arange(-width, width, 0.01)  # log χ²/D
    weight = np.exp(k * (u + np.log(D / 2)) - np.exp(u + np.log(D / 2)))
    weight /= weight.sum()
    with np.errstate(divide="ignore"):
        place = np.log(np.expm1(y))[:, None] - u
    beyond = place > y[-1]
    tail = np.exp(-shape * (place[beyond] - y[-1]))
    for _ in range(12 * size):
        before, values = law, np.interp(place, y, law, left=0.0)
        values[beyond] = 1 - (1 - law[-1]) * tail
        law = values @ weight
        if np.abs(law - before).max() < 1e-7:
            break
    middle_of = np.exp(np.append(y[0], (y[1:] + y[:-1]) / 2)) / size
    gap = np.diff(np.append(0, law - limit))
    x = np.linspace(-6, 0, 121)[:, None]
    return float(np.abs(special.ndtr(x / np.sqrt(middle_of)) @ gap).max())


@pytest.mark.parametrize("estimator", BOTH)
def test_how_far_from_the_end_a_finite_n_is(estimator: type[Any]) -> None:
    """At most the 0.07/n that the confrontation budgets, and of that order."""
    few, many = departure(12, estimator), departure(24, estimator)
    assert max(12 * few, 24 * many) < 0.07
    assert 1.6 < few / many < 2.5


# -- when a run passes -----------------------------------------------------------------------------


@cache
def survivors(size: int, level: float, last: int) -> Any:
    """P(T > g) at g = 0 … last (MLE), from the renewal equation by Gauss-Legendre."""
    k = (size - 1) / 2
    edges = np.linspace(-10, np.log(1 / level), 50)  # e^-20 of the runs rise above e^10
    node, weight = np.polynomial.legendre.leggauss(12)
    half = np.diff(edges)[:, None] / 2
    x = ((edges[:-1] + edges[1:])[:, None] / 2 + half * node).ravel()
    w = (half * weight).ravel()

    def density(step: Any) -> Any:
        up = np.log(size / 2) - step
        return np.exp(k * up - np.exp(up) - special.gammaln(k))

    kernel, p, left = density(x[:, None] - x) * w, density(x), [1.0]
    for _ in range(last):
        left.append(float(w @ p))
        p = kernel @ p
    return np.array(left)


def mean_time(size: int, level: float) -> float:
    return float(numbers(timing.mean.subs(passing.epsilon, level), loop(size), 0))


def test_the_passage_of_a_hundred_points() -> None:
    """THEORY.md: 232.3 predicted; 232.4 ± 1.2 simulated.  Exactly 232.68."""
    left = survivors(100, 0.01, 2000)
    assert mean_time(100, 0.01) == pytest.approx(232.3, abs=0.05)
    assert left.sum() == pytest.approx(232.68, abs=0.01)
    assert abs(left.sum() - 232.4) < 1.2
    g = np.arange(1, 2001)
    assert np.abs(1 - left[1:] - timing.distribution(loop(100), 0.01, g)).max() < 0.00115
    assert (-np.diff(left)).max() < 0.0053
    assert left[1000] < 1 / 9000


def test_the_overshoot_makes_the_error_fall_like_one_over_n() -> None:
    sizes, level = np.array([8, 16, 32]), 0.3
    exact = np.array([survivors(int(k), level, 16 * int(k)).sum() for k in sizes])
    own = np.array([mean_time(int(k), level) for k in sizes])
    plain = [float(numbers(passing.soonest.subs(passing.epsilon, level), loop(int(k)), 0))
             for k in sizes]  # fmt: skip
    slope = np.diff(np.log(exact / own - 1)) / np.log(2)
    without = np.diff(np.log(exact / plain - 1)) / np.log(2)
    assert np.abs(slope + 1).max() < 0.03
    assert (without > -0.75).all()
    assert (exact > plain).all()  # Wald's inequality
    assert all(survivors(int(k), level, 16 * int(k))[8 * int(k)] < 1 / 60_000 for k in sizes)


def test_the_tail_of_the_passage_is_bounded() -> None:
    left = survivors(16, 0.3, 256)
    bound = numbers(passing.latest.subs(passing.epsilon, 0.3), loop(16), np.arange(257))
    assert (left <= bound).all()


def test_the_overshoot_is_siegmunds() -> None:
    assert float(timing.overshoot) == pytest.approx(0.5825971579390107)  # Siegmund 1985


def test_wald_at_the_second_generation() -> None:
    """E (σ_N/σ_0)^{2s} m^{-N} by quadrature over two steps: stopped early or not, it is 1."""
    size, level, x = 5, 0.6, -0.7
    step = stats.chi2(size - 1, scale=1 / size)
    c = passing.cumulant(loop(size), x)
    early = integrate.quad(lambda v: v**x * np.exp(-c) * step.pdf(v), 0, level)[0]
    moment = integrate.quad(lambda v: v**x * step.pdf(v), 0, np.inf)[0]
    late = integrate.quad(lambda v: v**x * np.exp(-2 * c) * step.pdf(v), level, np.inf)[0] * moment
    assert early + late == pytest.approx(1)
    logs = np.log(np.array([[1, 1, 1], [0.5, 0.9, 0.9], [9, 0.3, 0.8]]))
    when, last = walk.passage(level, logs)
    assert when.tolist() == [1, 2, 2]
    assert np.exp(last) == pytest.approx([0.5, 0.3, 0.8])


# -- the median ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(("size", "limit"), [(2, 0.1), (3, 0.04), (10, 0.04)])
def test_the_median(size: int, limit: float, estimator: type[Any]) -> None:
    """The exact median departs by O(1/g)."""
    when = np.array([12, 24, 48])
    exact = np.array([float(exact_law(size, estimator, int(k)).quantile(0.5)) for k in when])
    gap = np.abs(numbers(middle.median, loop(size, estimator), when) - exact)
    assert (when * gap < limit).all()
    assert np.diff(np.log(gap)) / np.log(2) == pytest.approx([-1, -1], abs=0.05)


# -- wrong forms -----------------------------------------------------------------------------------

MUTANTS = [
    ("trajectory_law", "normal", lambda e: e.subs(n, n + 1)),
    ("trajectory_law", "chi_square", lambda e: e * (1 + 1 / n)),
    ("variance_large_deviations", "loss", lambda e: e + 1 / n),
    ("variance_large_deviations", "in_saddle", lambda e: e * (1 + 1 / n)),
    ("variance_large_deviations", "width", lambda e: e * (1 + 1 / n)),
    ("variance_large_deviations", "prefactor", lambda e: 2 * e),
    ("replace_endpoint", "student", lambda e: e * (1 + 1 / n)),
    ("replace_endpoint", "travelled", lambda e: e.subs(ending.kappa, ending.kappa + 1)),
    ("replace_endpoint", "kurtosis", lambda e: e + 1),
    ("replace_endpoint", "beyond", lambda e: dict(zip(e, reversed(e.values()), strict=True))),
    ("replace_endpoint", "shape", lambda e: dict(zip(e, reversed(e.values()), strict=True))),
    ("first_passage", "martingale", lambda e: e.subs(power, 2 * power)),
    *((name, "K", lambda e: e * (1 + 1 / n)) for name in (
        "first_passage", "first_passage_time", "variance_large_deviations", "annealed_tail",
        "median_log_variance",
    )),
    ("first_passage", "latest", lambda e: e / 2),
    ("first_passage", "soonest", lambda e: 2 * e),
    ("first_passage_time", "overshoot", lambda e: e * sp.Rational(1001, 1000)),
    ("first_passage_time", "passed", lambda e: e.subs(timing.b, 2 * timing.b)),
    ("first_passage_time", "density", lambda e: e * (1 + 1 / n)),
    ("annealed_tail", "height", lambda e: 2 * e),
    ("annealed_tail", "saddle", lambda e: e + 1 / n),
    ("annealed_tail", "width", lambda e: e * (1 + 1 / n)),
    ("annealed_tail", "peak", lambda e: 2 * e),
    ("annealed_tail", "falls", lambda e: {k: 2 * v for k, v in e.items()}),
    ("median_log_variance", "offset", lambda e: e * (1 + 1 / n)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "form", "wrong"), MUTANTS, ids=lambda v: v if isinstance(v, str)
                         else "")  # fmt: skip
def test_wrong_forms_have_no_proof(
    name: str, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = importlib.import_module(f"hallofillusions.derivations.{name}")
    loses_its_proof(home, form, wrong, monkeypatch)


# -- functionals of a run as confrontations --------------------------------------------------------


def theorem(kind: Any, *experiments: Confrontation) -> Theorem:
    return Theorem(
        "made_up", "Made up", kind, (), list, lambda: iter(()), confrontations=lambda: experiments
    )


def last_two(values: Any) -> Any:
    return values[-2:]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, AGREES), (1.05, DISAGREES)])
def test_a_path_is_compared_row_by_row(factor: float, verdict: str) -> None:
    right = 2 * 0.9 ** np.array([2, 3])
    experiment = Confrontation(loop(10), Variance(), (3,), factor * right, {"half": right / 2},
                               path=last_two)  # fmt: skip
    attack = confront(theorem(Exact(), experiment))[0]
    assert attack.verdict == verdict
    assert attack.cells == 2
    assert attack.rivals == {"half": True}


@pytest.mark.parametrize(("scale", "verdict"), [(1.0, AGREES), (1.05, DISAGREES)])
def test_a_path_of_two_observables_has_a_law(scale: float, verdict: str) -> None:
    experiment = Confrontation(
        loop(4), Mean(), (2,), stats.norm(0, scale).cdf, {"wide": stats.norm(0, 2).cdf},
        path=lambda mean, variance: (np.diff(mean, axis=0) / (variance[:-1] / 4) ** 0.5).ravel(),
        also=(Variance(),),
    )  # fmt: skip
    attack = confront(theorem(Law(), experiment))[0]
    assert attack.verdict == verdict
    assert attack.rivals == {"wide": True}


@pytest.mark.parametrize(("order", "verdict"), [(1, AGREES), (2, DISAGREES)])
def test_a_path_at_several_sizes(order: float, verdict: str) -> None:
    """E σ_1² = (1 - 1/n) σ_0²: "σ_0²" is wrong by exactly 1/n."""
    experiment = Confrontation(
        loop(4), LogVariance(), (1,), [1.0, 1.0], {"off": [1.3, 1.3]}, 100_000, scale=(4, 16),
        path=lambda logs: np.exp(logs[-1]),
    )  # fmt: skip
    attack = confront(theorem(Asymptotic(order), experiment))[0]
    assert attack.verdict == verdict
    assert attack.rivals == {"off": True}


def test_a_rival_of_a_bound_falls_only_where_it_is_broken() -> None:
    right = 2 * 0.9 ** np.array([1, 3])
    rivals = {"too low": right * 0.9, "far, but kept": right * 3}
    experiment = Confrontation(loop(10), Variance(), (1, 3), right * 1.1, rivals)
    attack = confront(theorem(Bound("upper"), experiment))[0]
    assert attack.verdict == AGREES
    assert attack.rivals == {"too low": True, "far, but kept": False}
