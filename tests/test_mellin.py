"""Mellin inversion against closed forms, mpmath and itself.

Nothing is random here, so every tolerance is an error bound of the method: the trapezoidal rule
stops at a relative change of 1e-12, and the exponents K(s) and s log y carry rounding errors of
eps times their size.
"""

import subprocess
import sys

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from hallofillusions.mellin import MellinLaw, gamma_product

ACCURACY = 1e-10  # the rule's 1e-12, and rounding of exponents up to 1e5
PROMISED = 1e-9  # what callers may rely on, also where exponents reach 1e6
DEPTHS = np.array([1e-300, 1e-100, 1e-12, 1e-3, 0.2, 0.5, 0.9, 0.999])


def bessel_tail(n, g, t, shift=0.0):
    """P(|X - mu_g| > t) of THEORY.md, section 4.1; `shift` is a wrong number of points."""
    nu = n - 1 + shift
    log_y = 2 * np.log(t) + g * np.log(n - 1) - (g + 1) * np.log(2)
    return gamma_product([0.5, nu / 2], [1, g]).survival(log_y)


LAWS = {
    "one": gamma_product([1.0]),
    "small": gamma_product([0.01]),
    "inverse": gamma_product([2.5], powers=-1.0),
    "Bessel n=10 g=5": gamma_product([0.5, 4.5], [1, 5]),
    "Bessel n=100 g=1000": gamma_product([0.5, 49.5], [1, 1000]),
    "n=2 g=1000": gamma_product([0.5], [1001]),
    "Fisher": gamma_product([0.5, 3.0], powers=[1.0, -1.0]),
    "poles on both sides": gamma_product([0.12, 58.0, 0.15], [5, 30, 37], powers=[1, -1, -1]),
    "powers": gamma_product([0.1, 700.0], [12, 24], log_scale=-40.0, powers=[0.5, 2.0]),
    "lognormal": MellinLaw(lambda s: 0.5 * s * s, (-np.inf, np.inf)),
}
each_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.5, 1.0, 4.5, 50.0, 5000.0])
@pytest.mark.parametrize("power", [1.0, -1.0, 0.3, 2.0])
def test_one_gamma_variable(shape, power):
    # Only quantiles that a double holds: gammaincinv(0.01, 1e-12) underflows.
    with np.errstate(under="ignore"):
        x = np.append(special.gammaincinv(shape, DEPTHS), special.gammainccinv(shape, DEPTHS))
    x = x[x > 1e-290]
    law = gamma_product([shape], powers=power)
    below, above = special.gammainc(shape, x), special.gammaincc(shape, x)
    if power < 0:
        below, above = above, below
    # log x is rounded, and a tail answers x^k exp(-x) / Gamma(k) per unit of it: condition x + k
    # (times eps), which scipy's own algorithm has too.
    bound = ACCURACY + 1e-15 * (x + shape)
    assert np.all(np.abs(law.cdf(power * np.log(x)) / below - 1) < bound)
    assert np.all(np.abs(law.survival(power * np.log(x)) / above - 1) < bound)


@pytest.mark.parametrize("nu", [1, 2, 9, 400])
def test_chi_square(nu):
    x = stats.chi2.isf(DEPTHS, nu)
    law = gamma_product([nu / 2], log_scale=np.log(2.0))
    np.testing.assert_allclose(law.survival(np.log(x)), stats.chi2.sf(x, nu), rtol=ACCURACY)


@pytest.mark.parametrize("y", [1e-6, 0.1, 3.0, 50.0, 1000.0])
def test_two_exponentials_make_a_bessel_function(y):
    # P(Y > y) = 2 sqrt(y) K_1(2 sqrt(y))
    root = 2 * np.sqrt(y)
    np.testing.assert_allclose(
        gamma_product([1.0], [2]).survival(np.log(y)), root * special.kv(1, root), rtol=ACCURACY
    )


@pytest.mark.parametrize("y", [1e-6, 0.1, 3.0, 50.0, 1000.0])
@pytest.mark.parametrize("shapes", [(0.5, 4.5), (0.5, 0.5), (3.0, 3.3), (0.5, 2.0, 2.0)])
def test_meijer_g(shapes, y):
    with mpmath.workdps(40):
        scale = mpmath.fprod(mpmath.gamma(k) for k in shapes)
        survival = mpmath.meijerg([[], [1]], [[0, *shapes], []], mpmath.mpf(y)) / scale
        expected = float(mpmath.log(survival)), float(mpmath.log(1 - survival))
    law = gamma_product(shapes)
    got = law.log_survival(np.log(y)), law.log_cdf(np.log(y))
    # An error of the logarithm is a relative error of the probability, even if that is 1e-27.
    np.testing.assert_allclose(got, expected, rtol=1e-15, atol=ACCURACY)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (0.5, 3.0), (20.0, 2.0), (0.02, 0.02)])
@pytest.mark.parametrize("log_y", [-30.0, -2.0, 0.0, 5.0, 30.0])
def test_ratio_of_gammas_is_an_incomplete_beta(a, b, log_y):
    law = gamma_product([a, b], powers=[1.0, -1.0])
    beta = special.betainc(a, b, special.expit(log_y)), special.betainc(b, a, special.expit(-log_y))
    # Where the argument of one rounds to 1, betainc itself loses the small tail: its conditioning.
    got = law.cdf(log_y), law.survival(log_y)
    smaller = int(np.argmin(beta))
    np.testing.assert_allclose(got[smaller], beta[smaller], rtol=ACCURACY)


@pytest.mark.parametrize("sd", [0.01, 1.0, 5.0])
def test_a_law_that_is_no_gamma_product(sd):
    z = np.linspace(-30.0, 30.0, 21)
    law = MellinLaw(lambda s: 0.5 * (sd * s) ** 2, (-np.inf, np.inf))
    expected = stats.norm.logcdf(z)
    np.testing.assert_allclose(law.log_cdf(sd * z), expected, rtol=1e-14, atol=ACCURACY)
    np.testing.assert_allclose(law.log_survival(-sd * z), expected, rtol=1e-14, atol=ACCURACY)


def log_tail_by_mpmath(factors, log_y, crossing):
    """The defining integral on a vertical line in 40 digits, by a rule of fixed small step."""
    with mpmath.workdps(40):
        y, c = mpmath.mpf(log_y), mpmath.mpf(crossing)

        def exponent(s):
            logs = (m * (mpmath.loggamma(k + s) - mpmath.loggamma(k)) for k, m in factors)
            return mpmath.fsum(logs) - s * y

        peak, width = exponent(c), 1 / mpmath.sqrt(mpmath.diff(exponent, c, 2) + 1 / c**2)
        total = 1 / (2 * c)
        for j in range(1, 8 * 40):
            s = c + 1j * width * j / 8
            term = mpmath.re(mpmath.exp(exponent(s) - peak) / s)
            total += term
            if abs(term) < mpmath.mpf(10) ** -25 and j > 8 * 10:
                break
        return float(peak + mpmath.log(abs(total) * width / (8 * mpmath.pi)))


# The crossings are near the saddles; any point of the strip on that side would do.
@pytest.mark.parametrize(
    ("n", "g", "log_y", "crossing"),
    [
        (100, 1000, 3845.0, -0.3),
        (100, 1000, 3903.4767, 0.6),
        (100, 1000, 3930.0, 1.6),
        (100, 1000, 4041.0, 8.0),
        (10_000, 1000, 8516.8, 0.8),
        (10_000, 1000, 8520.0, 15.0),
    ],
)
def test_many_generations_against_forty_digits(n, g, log_y, crossing):
    factors = [(mpmath.mpf(1) / 2, 1), (mpmath.mpf(n - 1) / 2, g)]
    law = gamma_product([0.5, (n - 1) / 2], [1, g])
    got = law.log_survival(log_y) if crossing > 0 else law.log_cdf(log_y)
    expected = log_tail_by_mpmath(factors, log_y, crossing)
    np.testing.assert_allclose(got, expected, rtol=0, atol=PROMISED)


@pytest.mark.parametrize(
    ("n", "g", "t", "value", "digit"),
    [(10, 5, 2.0, 0.0556459, 1e-7), (100, 1000, 3.0, 0.00252014, 1e-8)],
)
def test_tail_mass_of_the_theory_and_a_wrong_shape(n, g, t, value, digit):
    half = digit / 2  # of the last digit printed in THEORY.md
    # Power first: a hundredth of a degree of freedom must not pass.
    assert abs(bessel_tail(n, g, t, shift=0.01) - value) > 10 * half
    assert abs(bessel_tail(n, g, t) - value) <= half


@pytest.mark.parametrize("shape", [0.01, 1.0, 49.5])
def test_accuracy_would_notice_a_wrong_shape(shape):
    x = special.gammainccinv(shape, 0.3)
    wrong = gamma_product([shape + 0.01]).survival(np.log(x))
    assert abs(wrong / 0.3 - 1) > 1e3 * PROMISED


@pytest.mark.parametrize("power", [1.0, 0.5, 2.0])
def test_tails_far_below_the_smallest_double(power):
    log_x = np.array([5.0, 20.0, 100.0, 590.0])
    law = gamma_product([1.0], powers=power)  # P(Y > x^p) = exp(-x)
    np.testing.assert_allclose(law.log_survival(power * log_x), -np.exp(log_x), rtol=ACCURACY)
    assert law.survival(power * log_x[-1]) == 0
    small = -np.array([800.0, 1e5, 1e8])  # P(Y <= x^p) = x (1 - x/2 ...)
    np.testing.assert_allclose(law.log_cdf(power * small), small, rtol=1e-15, atol=ACCURACY)


@each_law
def test_ends(law):
    assert list(law.cdf([-np.inf, np.inf])) == [0, 1]
    assert list(law.survival([-np.inf, np.inf])) == [1, 0]


def around_the_mean(law):
    mean, deviation = law.log_moments()
    return mean + deviation * np.linspace(-9.0, 9.0, 61)


@each_law
def test_tails_sum_to_one_on_both_sides_of_0(law):
    # The two tails of one answer are complements by definition; here each comes from its own
    # contour, with c > 0 and with c < 0, through the law of 1/Y where they swap.
    mirror = MellinLaw(lambda s: law.log_transform(-s), (-law.strip[1], -law.strip[0]))
    log_y = around_the_mean(law)
    np.testing.assert_allclose(law.cdf(log_y) + law.survival(log_y), 1, rtol=0, atol=1e-15)
    # Where a tail is exp(-e^500) even its log feels the rounding of log y: 500 eps.
    np.testing.assert_allclose(
        law.log_cdf(log_y), mirror.log_survival(-log_y), rtol=1e-12, atol=ACCURACY
    )


@each_law
def test_the_two_contours_meet_at_the_mean(law):
    # Left of the mean of log Y the lower tail is integrated, right of it the upper one.
    mean, deviation = law.log_moments()
    left, right = law.cdf(mean + deviation * np.array([-1e-12, 1e-12]))
    assert abs(left - right) < ACCURACY


@each_law
def test_monotone(law):
    log_cdf, log_survival = (np.maximum(f, -1e300) for f in law.log_tails(around_the_mean(law)))
    # Steps where the probability rounds to 1 may be 0; none may go back by more than rounding.
    assert np.all(np.diff(log_cdf) >= -1e-15)
    assert np.all(np.diff(log_survival) <= 1e-15)
    assert log_cdf[0] < -5 < -1e-4 > log_survival[-1]


@each_law
def test_vectorised_is_scalar(law):
    log_y = around_the_mean(law)[:60].reshape(3, 20)
    together = law.log_survival(log_y)
    alone = [[law.log_survival(y) for y in row] for row in log_y]
    assert together.shape == (3, 20)
    assert np.ndim(alone[0][0]) == 0
    # Rows that share an array are refined until the last of them has settled.
    np.testing.assert_allclose(together, alone, rtol=1e-14, atol=ACCURACY)


@each_law
def test_quantile_inverts_the_distribution_function(law):
    mean, deviation = law.log_moments()
    log_y = mean + deviation * np.array([-3.0, -1.0, -0.1, 0.0, 0.1, 0.5])
    probability = law.cdf(log_y)
    # The log of the smaller tail changes by more than 0.1 per deviation here; log y is rounded.
    bound = ACCURACY * deviation / 0.1 + 1e-14 * abs(mean)
    np.testing.assert_allclose(law.quantile(probability), log_y, rtol=0, atol=bound)


@each_law
def test_quantile_reaches_both_ends(law):
    low, high = 10.0 ** -np.array([300, 100, 12, 3]), 10.0 ** -np.array([12, 9, 3])
    np.testing.assert_allclose(law.log_cdf(law.quantile(low)), np.log(low), rtol=0, atol=PROMISED)
    rest = np.log1p(-(1 - high))  # what is left of `high` after 1 - high was rounded
    np.testing.assert_allclose(
        law.log_survival(law.quantile(1 - high)), rest, rtol=0, atol=PROMISED
    )


@pytest.mark.parametrize("shape", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("above", [1e-12, 1e-8, 1e-5])
def test_quantile_from_a_bracket_with_a_vanishing_tail(shape, above):
    # log Y spreads over 1/shape below 0 but hardly above it: the search meets exp(-e^500) and 0.
    p = 1 - above
    expected = np.log(special.gammainccinv(shape, 1 - p))
    # The root is known to ACCURACY in the log tail, whose slope there is no less than 1/20.
    np.testing.assert_allclose(
        gamma_product([shape]).quantile(p), expected, rtol=0, atol=20 * ACCURACY
    )


@pytest.mark.parametrize("value", [0.0, 0.7, -3.3, 0.1, 5039.123])
def test_a_constant_is_a_step(value):
    law = gamma_product([3.0], multiplicities=0, log_scale=value)
    assert list(law.cdf(value + np.array([-1e-4, 0.0, 1e-4]))) == [0, 1, 1]
    assert list(law.quantile([0.1, 0.9])) == [value, value]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: gamma_product([]), "at least one shape"),
        (lambda: gamma_product([1.0, 0.0]), "positive and finite"),
        (lambda: gamma_product([-1.0]), "positive and finite"),
        (lambda: gamma_product([np.nan]), "positive and finite"),
        (lambda: gamma_product([1.0], [-1]), "not negative"),
        (lambda: gamma_product([1.0], powers=np.inf), "Powers and log_scale"),
        (lambda: gamma_product([1.0], log_scale=np.nan), "Powers and log_scale"),
        (lambda: MellinLaw(lambda s: s, (0.0, 1.0)), "contain 0"),
        (lambda: gamma_product([1.0]).cdf([0.0, np.nan]), "NaN"),
        (lambda: gamma_product([1.0]).quantile(0.0), "strictly between 0 and 1"),
        (lambda: gamma_product([1.0]).quantile([0.5, 1.0]), "strictly between 0 and 1"),
        (lambda: gamma_product([1.0]).quantile(np.nan), "strictly between 0 and 1"),
        # Y = e or 1/e, each with probability 1/2: no density, hence no decay; cosh overflows too.
        (lambda: MellinLaw(lambda s: np.log(np.cosh(s)), (-np.inf, np.inf)).cdf(0.3), "converge"),
    ],
)
def test_errors(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


def test_imports_are_cheap():
    heavy = "sympy", "matplotlib", "scipy.stats", "scipy.optimize"
    code = f"import sys, hallofillusions.mellin; assert not set({heavy}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
