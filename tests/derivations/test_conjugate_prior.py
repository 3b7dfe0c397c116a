"""The stationary laws against scipy's densities, an exact chain, and a fixed set given by rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from hallofillusions import FeedbackLoop, FixedReal, FreshSplit, Gaussian, simulate
from hallofillusions.derivations import (
    conjugate_prior,
    inverse_wishart,
    power_law_tail,
    pseudo_observations,
    squared_likelihood,
    stationary_law,
)
from hallofillusions.derivations.conjugate_prior import below, distribution
from hallofillusions.families.bernoulli import Bernoulli
from hallofillusions.families.binomial import Binomial
from hallofillusions.families.gamma import Gamma
from hallofillusions.families.gaussian_mean import GaussianMean
from hallofillusions.families.hyperbolic_secant import HyperbolicSecant
from hallofillusions.families.inverse_gaussian import InverseGaussian
from hallofillusions.families.negative_binomial import NegativeBinomial
from hallofillusions.families.poisson import Poisson
from hallofillusions.observables.log_determinant import LogDeterminant
from hallofillusions.observables.mean import Mean
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import ProofError, evaluate
from hallofillusions.starts import Memory
from hallofillusions.symbols import k, n, sigma_0, t
from tests.statistics import FALSE_ALARM, seed

FRESH, SIZE = 3, 100
TEXTBOOK = [  # two pseudo-observations for each of three fresh points
    (GaussianMean(1, 2), stats.norm(1, (2 / 6) ** 0.5)),
    (Bernoulli(0.3), stats.beta(1.8, 4.2)),
    (Binomial(4, 0.3), stats.beta(7.2, 16.8, scale=4)),
    (Poisson(2), stats.gamma(12, scale=1 / 6)),
    (Gamma(2, 3), stats.invgamma(19, scale=36)),
    (NegativeBinomial(2, 3), stats.betaprime(12, 19, scale=3)),
    (HyperbolicSecant(0, 2), stats.t(13, scale=2 / 13**0.5)),
]


def fresh(family: Any, size: int = SIZE, real: int = FRESH) -> FeedbackLoop:
    return FeedbackLoop(family, mixing=FreshSplit(1 - sp.Rational(real, size)), n=size)


@pytest.mark.parametrize(("family", "law"), TEXTBOOK, ids=lambda v: type(v).__name__)
def test_one_parameter(family: Any, law: Any) -> None:
    places = law.ppf(np.linspace(0.01, 0.99, 23))
    own = distribution(fresh(family), below[type(family)])
    assert own(places) == pytest.approx(law.cdf(places), rel=1e-9)


def test_pearson() -> None:
    """Off the mean 0 the density is known up to a constant: its shape solves for the mean."""
    from scipy.integrate import quad

    family = HyperbolicSecant(1, 2)
    own = distribution(fresh(family), conjugate_prior.pearson)
    mass, first = (quad(lambda x, p=p: x**p * float(own(x)), -np.inf, np.inf)[0] for p in (0, 1))
    assert first / mass == pytest.approx(1, rel=1e-6)  # the prior's mean is m*


def test_inverse_gaussian_keeps_its_mean() -> None:
    from scipy.integrate import quad

    own = distribution(fresh(InverseGaussian(1, 4)), conjugate_prior.unnamed[InverseGaussian])
    mass, first = (quad(lambda w, p=p: w ** -(p + 2) * float(own(1 / w)), 0, 8)[0] for p in (0, 1))
    assert first / mass == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_inverse_wishart(size: int) -> None:
    """Differences of the log-density against scipy's inverse Wishart and normal laws."""
    rng = np.random.default_rng(seed("wishart", size))
    real = np.cov(rng.standard_normal((size, 4 * size))).reshape(size, size)
    freedom = int(inverse_wishart.freedom.subs({k: FRESH, inverse_wishart.d: size}))
    law = stats.invwishart(freedom, 2 * FRESH * real)
    gaps = []
    for S in np.reshape(law.rvs(6, random_state=rng), (6, size, size)):
        shift = rng.standard_normal(size)
        theirs = law.logpdf(S) + stats.multivariate_normal(
            np.zeros(size), S / (2 * FRESH)).logpdf(shift)  # fmt: skip
        ours = inverse_wishart.normal_inverse_wishart(
            size, np.linalg.slogdet(S)[1], np.trace(real @ np.linalg.inv(S)),
            shift @ np.linalg.solve(S, shift)).subs(k, FRESH)  # fmt: skip
        gaps.append(float(ours) - theirs)
    assert gaps == pytest.approx([gaps[0]] * 6, abs=1e-8)


def test_log_determinant_and_directions() -> None:
    """What the inverse Wishart law implies, by scipy's own draws."""
    real = np.array([[1, 0.5], [0.5, 2]])
    draws = stats.invwishart(2 * FRESH + 4, 2 * FRESH * real).rvs(
        4_000, random_state=np.random.default_rng(seed("directions")))  # fmt: skip
    loop = fresh(Gaussian((0, 0), real.tolist()))
    values = LogDeterminant().measure(loop.family, {"variance": draws})
    law = distribution(loop, inverse_wishart.log_det_below)
    assert stats.kstest(values, law).pvalue > FALSE_ALARM
    u = np.array([1, -2])
    along = np.einsum("i,rij,j->r", u, draws, u)
    gamma = stats.invgamma(FRESH + 1.5, scale=FRESH * (u @ real @ u))
    assert stats.kstest(along, gamma.cdf).pvalue > FALSE_ALARM


# -- finite n: the exact stationary law of a Bernoulli loop ---------------------------------------


def exact(size: int, real: int, p: float) -> Any:
    """The stationary probabilities of 0 … n successes, from the chain's own matrix."""
    models = np.arange(size + 1) / size
    synthetic = stats.binom.pmf(np.arange(size - real + 1), size - real, models[:, None])
    truth = stats.binom.pmf(np.arange(real + 1), real, p)
    step = np.array([np.convolve(row, truth) for row in synthetic])
    system = np.vstack([(step.T - np.eye(size + 1))[:-1], np.ones(size + 1)])
    return np.linalg.solve(system, np.append(np.zeros(size), 1.0))


def distance(size: int, real: int, p: float, own: float) -> float:
    """Kolmogorov's distance of the exact law from the prior with ``own`` pseudo-observations."""
    below = np.cumsum(exact(size, real, p))
    prior = stats.beta.cdf(np.arange(size + 1) / size, own * p, own * (1 - p))
    return float(max(np.abs(below - prior).max(), np.abs(below[:-1] - prior[1:]).max()))


SIZES = (50, 100, 200, 400)


def test_order_in_n() -> None:
    """The whole law nears its limit like 1/n: no simulation, no noise.

    2kp > 1 at both ends, so that the limit's density is bounded; the correction to the slope is
    of relative order 1/n.
    """
    gaps = [distance(size, 2, 0.4, 4) for size in SIZES]
    slopes = np.diff(np.log(gaps)) / np.diff(np.log(SIZES))
    assert np.abs(slopes + 1).max() < 1 / SIZES[0]
    wrong = [distance(size, 2, 0.4, 2) for size in SIZES]  # k, not 2k: it does not fall at all
    assert np.diff(np.log(wrong)).min() > -0.1


def test_pseudo_observations_are_nearer() -> None:
    """N = N_eff - 1 is nearer than 2k, and its variance is exact."""
    for size in SIZES[:2]:
        loop = fresh(Bernoulli(0.4), size, 2)
        own = float(evaluate(pseudo_observations.count[FreshSplit], loop, v_2=-1.0))
        assert distance(size, 2, 0.4, own) < distance(size, 2, 0.4, 4)
        places = np.arange(size + 1) / size
        variance = exact(size, 2, 0.4) @ (places - 0.4) ** 2
        assert variance == pytest.approx(0.24 / (own + 1), rel=1e-9)


# -- a fixed set that is given --------------------------------------------------------------------

ROWS = np.array([-1.1, 0.2, 0.5, 2.3])


def test_given_anchor() -> None:
    """Conditioned on its rows the loop samples their squared likelihood, not the real law's."""
    loop = FeedbackLoop(Gaussian(0, 1), mixing=FixedReal(0.98), n=200, start=Memory())
    last = 550
    run = simulate(loop, last, replicates=3_000, rng=seed("anchor"), keep=[last], real=ROWS,
                   observables=[Mean(), Variance()], progress=False)  # fmt: skip
    mean, variance = (run.raw(q, last) for q in ("mean", "variance"))
    right = stats.invgamma(5.5, scale=4 * ROWS.var())
    assert stats.kstest(variance, right.cdf).pvalue > FALSE_ALARM
    shift = (mean - ROWS.mean()) / np.sqrt(variance / 8)
    assert stats.kstest(shift, "norm").pvalue > FALSE_ALARM
    for wrong in (stats.invgamma(3.5, scale=2 * ROWS.var()), stats.invgamma(5.5, scale=4)):
        assert stats.kstest(variance, wrong.cdf).pvalue < FALSE_ALARM


# -- the power law --------------------------------------------------------------------------------


def test_tail_far_out() -> None:
    """The amplitude and the exponent against scipy's Student t."""
    far, loop = 1e4, fresh(Gaussian(), real=1)
    law = stats.t(5, scale=(3 / 5) ** 0.5)
    height = float(evaluate(power_law_tail.amplitude, loop, a=2.5))
    assert 2 * law.sf(far) * far**5 == pytest.approx(height, rel=1e-6)
    assert float(evaluate(stationary_law.tail, loop, a=2.5, t=3.0)) == pytest.approx(2 * law.sf(3))


# -- wrong forms ----------------------------------------------------------------------------------

MUTANTS = [
    (inverse_wishart, "freedom", lambda x: x + 1),
    (conjugate_prior, "pearson", lambda x: x.subs(k, 2 * k)),
    (squared_likelihood, "likelihood", lambda x: x / 2),
    (squared_likelihood, "ratio_below", lambda x: x.subs(k, 2 * k)),
    (squared_likelihood, "shift_below", lambda x: x.subs(k, 2 * k)),
    (power_law_tail, "exponent", lambda x: x + 1),
    (power_law_tail, "amplitude", lambda x: 2 * x),
    (power_law_tail, "decay", lambda x: 2 * x),
    (power_law_tail, "mass_below", lambda x: x.subs(t, 2 * t)),
    (pseudo_observations, "square", lambda x: x.subs(pseudo_observations.N, 2 * k)),
    (pseudo_observations, "cube", lambda x: 2 * x),
]
TABLES = [
    *((conjugate_prior, "below", f, lambda x: x.subs(k, 2 * k)) for f in below),
    (conjugate_prior, "unnamed", InverseGaussian, lambda x: x.subs(k, 2 * k)),
    (pseudo_observations, "count", FreshSplit, lambda x: x + 1 / n),
    (pseudo_observations, "moments", "v^2", lambda x: x.subs(sigma_0, 2 * sigma_0)),
    (pseudo_observations, "moments", "v", lambda x: 2 * x),
]


def label(value: Any) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", "").rpartition(".")[2]


@pytest.mark.parametrize(("home", "form", "wrong"), MUTANTS, ids=label)
def test_wrong_forms_have_no_proof(
    home: Any, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, form, wrong(getattr(home, form)))
    if form == "pearson":
        monkeypatch.setitem(home.unnamed, HyperbolicSecant, home.pearson)
    with pytest.raises(ProofError):
        home.theorem.prove()


@pytest.mark.parametrize(("home", "form", "key", "wrong"), TABLES, ids=label)
def test_wrong_entries_have_no_proof(
    home: Any, form: str, key: Any, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = getattr(home, form)
    monkeypatch.setitem(table, key, wrong(table[key]))
    with pytest.raises(ProofError):
        home.theorem.prove()
