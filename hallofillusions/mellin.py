r"""Both tails of a positive random variable, from its Mellin transform.

With $K(s)=\log E[Y^s]$, analytic in a strip around 0,
$$P(Y>y)=\frac1{2\pi i}\int_{c-i\infty}^{c+i\infty}e^{K(s)-s\log y}\,\frac{ds}s,\quad 0<c<s_{max};$$
crossing the real axis at $c<0$ instead loses the residue 1 at the pole and gives $-P(Y\le y)$.
The smaller tail is integrated and the other is its complement, so both keep full *relative*
accuracy.  The contour crosses at the saddle point and bends with the path of steepest descent
into a hyperbola: there the integrand is analytic and neither oscillates nor cancels, so the
trapezoidal rule converges exponentially.

Everything takes and returns $\log y$, because $y$ itself leaves the range of doubles.

Sources: Springer & Thompson 1970 (products and the inversion); Trefethen & Weideman 2014 (the
rule); Weideman & Trefethen 2007 (bent contours); THEORY.md, section 4.1 (tail mass).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, log1p, loggamma, logit, ndtri

__all__ = ["MellinLaw", "gamma_product"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complexfloating]

TOLERANCE = 1e-12  # relative change at which halving the step stops
NEGLIGIBLE = -42.0  # log of the integrand, relative to its peak, where the contour ends
HALVINGS = 10  # of the first step, a sixteenth of the contour
BISECTIONS = 40  # of 640 units of log|c|: far below the width of the peak, over c
STEPS = 6  # of Newton, after which every other one is a bisection
OFF = 1e-4  # widths of the peak by which its contour may miss the saddle
SLANT = 0.75  # Re/Im of the hyperbola far out; from 1 on, a Gaussian integrand would not decay
NOISE = 1e-5  # rounding of the exponent above which Laplace's approximation is the better one
LARGEST = 600.0  # log of the largest crossing; a saddle beyond it means a tail of exactly 0
ROWS = 64  # values of log y that are worked on at once: bounds the memory


@dataclass(frozen=True)
class MellinLaw:
    r"""A positive random variable $Y$ known by $K(s)=\log E[Y^s]$.

    ============= ============================================================================
    log_transform K, vectorised over complex s.  $e^K$ has to continue to all s off the real
                  axis and to decay exponentially along vertical lines, as for products of
                  gamma variables
    strip         (s_min, s_max), the open interval of real s where $E[Y^s]$ is finite; it
                  contains 0
    ============= ============================================================================

    ``log_y`` of a method is log y, of any shape; results have the same shape.

    The relative error is near 1e-12 plus the rounding of K and of s log y.  The smaller tail is
    the one that log y and the mean of log Y point to: for log-concave laws of log Y, gamma
    products included, it is below 1 - 1/e (Grünbaum), so its complement is accurate too.

    Raises ValueError where log_y is NaN, or the integral does not converge.

    >>> law = gamma_product(shapes=[0.5, 4.5], multiplicities=[1, 5])  # Z^2 prod chi^2_9, / 2^6
    >>> round(float(law.survival(np.log(2**2 * 9**5 / 2**6))), 7)
    0.0556459
    """

    log_transform: Callable[[ComplexArray], ComplexArray]
    strip: tuple[float, float]

    def __post_init__(self) -> None:
        if not self.strip[0] < 0 < self.strip[1]:
            raise ValueError(f"The strip has to contain 0, and {self.strip} does not.")

    def survival(self, log_y: ArrayLike) -> FloatArray:
        """P(Y > y)."""
        return np.exp(self.log_survival(log_y))

    def cdf(self, log_y: ArrayLike) -> FloatArray:
        """P(Y <= y)."""
        return np.exp(self.log_cdf(log_y))

    def log_survival(self, log_y: ArrayLike) -> FloatArray:
        """log P(Y > y), also far below the log of the smallest double."""
        return self.log_tails(log_y)[1]

    def log_cdf(self, log_y: ArrayLike) -> FloatArray:
        """log P(Y <= y), also far below the log of the smallest double."""
        return self.log_tails(log_y)[0]

    def log_tails(self, log_y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """(log P(Y <= y), log P(Y > y)), for the price of one."""
        y = np.asarray(log_y, dtype=float)
        if np.isnan(y).any():
            raise ValueError("log_y has to be a number, and NaN is none.")
        above = y >= self.log_moments()[0]
        small = _log_small_tail(self, y.ravel(), np.where(above, 1.0, -1.0).ravel())
        small = small.reshape(y.shape)
        large = np.log1p(-np.exp(small))
        return np.where(above, large, small)[()], np.where(above, small, large)[()]

    def quantile(self, probability: ArrayLike) -> FloatArray:
        """The log y with P(Y <= y) = probability; ValueError unless 0 < probability < 1."""
        p = np.asarray(probability, dtype=float)
        if not np.all((p > 0) & (p < 1)):
            raise ValueError("A probability has to lie strictly between 0 and 1.")
        mean, deviation = self.log_moments()
        return (np.full_like(p, mean) if deviation == 0 else _root(self, p, mean, deviation))[()]

    def log_moments(self) -> tuple[float, float]:
        r"""$E\log Y=K'(0)$, and about $\mathrm{sd}\log Y=K''(0)^{1/2}$ (a difference of K')."""
        return self._moments

    @cached_property
    def _moments(self) -> tuple[float, float]:
        reach = min(-self.strip[0], self.strip[1])
        step = reach / 32 if np.isfinite(reach) else 1.0
        low, mean, high = _slope(self, np.array([-step, 0.0, step]), step)
        return float(mean), float(np.sqrt(max(high - low, 0.0) / (2 * step)))


def gamma_product(
    shapes: ArrayLike,
    multiplicities: ArrayLike = 1.0,
    log_scale: float = 0.0,
    powers: ArrayLike = 1.0,
) -> MellinLaw:
    r"""The law of a product of powers of independent gamma variables.

    $$Y=e^\ell\prod_i\prod_{j=1}^{m_i}G_{ij}^{p_i},\quad G_{ij}\sim\Gamma(k_i,1),\qquad
    K(s)=\ell s+\sum_im_i\log\frac{\Gamma(k_i+p_is)}{\Gamma(k_i)}$$

    k -> shapes, m -> multiplicities, p -> powers: (factors,), broadcast.  \ell -> log_scale.

    A chi-square of nu degrees of freedom is 2 G with k = nu/2, an inverse gamma has p = -1.
    Without any factor (all m p = 0) Y is the constant e^log_scale and its law a step.

    Raises ValueError for no shapes, a shape that is not positive, a negative multiplicity, and
    whatever is not finite.

    >>> exponential = gamma_product([1.0])
    >>> round(float(exponential.log_survival(np.log(2000.0))), 6)
    -2000.0
    """
    k, m, p = np.broadcast_arrays(*np.atleast_1d(shapes, multiplicities, powers))
    _check_factors(k, m, p, log_scale)
    factors = [(float(a), float(b), float(c)) for a, b, c in zip(k, m, p, strict=True) if b * c]

    def log_transform(s: ComplexArray) -> ComplexArray:
        terms = (times * _log_gamma_ratio(shape, power * s) for shape, times, power in factors)
        return sum(terms, start=log_scale * s)

    poles = [-shape / power for shape, _, power in factors]
    left = max((pole for pole in poles if pole < 0), default=-np.inf)
    right = min((pole for pole in poles if pole > 0), default=np.inf)
    return MellinLaw(log_transform, (left, right))


def _check_factors(k: FloatArray, m: FloatArray, p: FloatArray, log_scale: float) -> None:
    if k.size == 0:
        raise ValueError("A product needs at least one shape.")
    if not np.all((k > 0) & np.isfinite(k)):
        raise ValueError("The shapes of gamma variables have to be positive and finite.")
    if not np.all((m >= 0) & np.isfinite(m)):
        raise ValueError("Multiplicities have to be finite and not negative.")
    if not (np.all(np.isfinite(p)) and np.isfinite(log_scale)):
        raise ValueError("Powers and log_scale have to be finite.")


def _log_gamma_ratio(shape: float, z: ComplexArray) -> ComplexArray:
    r"""$\log\Gamma(k+z)-\log\Gamma(k)$, by Stirling's series where the difference would cancel.

    (The plain difference loses eight digits to a thousand factors of shape 5000.)
    """
    large = np.real(shape + z) > 24
    if shape < 24 or not large.any():
        return loggamma(shape + z) - gammaln(shape)
    far = z if large.all() else np.where(large, z, 0.0 * z)
    leading = (shape + far - 0.5) * log1p(far / shape) + far * (np.log(shape) - 1.0)
    stirling = leading + _stirling_rest(1 / (shape + far)) - _stirling_rest(1 / shape)
    return stirling if far is z else np.where(large, stirling, loggamma(shape + z) - gammaln(shape))


def _stirling_rest(w: Any) -> Any:
    """What Stirling's formula for log Gamma leaves out at 1/w, to 1e-15 where |w| < 1/24."""
    w2 = w * w
    return w * (1 / 12 - w2 * (1 / 360 - w2 * (1 / 1260 - w2 / 1680)))


@np.errstate(over="ignore", invalid="ignore")  # a contour may leave the doubles, and is dropped
def _log_small_tail(law: MellinLaw, log_y: FloatArray, side: FloatArray) -> FloatArray:
    """log P(Y > y) where side is +1, log P(Y <= y) where it is -1; all of shape (rows,)."""
    tail = np.full(log_y.shape, -np.inf)
    finite = np.flatnonzero(np.isfinite(log_y))
    for start in range(0, finite.size, ROWS):
        rows = finite[start : start + ROWS]
        crossing = _saddle(law, log_y[rows], side[rows])
        inside = np.abs(crossing) < 0.99 * np.exp(LARGEST)
        rows, crossing = rows[inside], crossing[inside]
        if rows.size:
            tail[rows] = _log_integral(_contour(law, log_y[rows], crossing))
    return tail


def _slope(law: MellinLaw, c: FloatArray, room: FloatArray | float) -> FloatArray:
    """K'(c) by a complex step, small in the room around c: without a difference, no cancelling.

    The step is a power of two, which makes the slope of a constant Y exact and its law a step.
    NaN where K overflows.
    """
    step = np.exp2(np.floor(np.log2(room)) - 30)
    transform = law.log_transform(c + 1j * step)
    return np.where(np.isfinite(transform), transform.imag / step, np.nan)


def _saddle(law: MellinLaw, log_y: FloatArray, side: FloatArray) -> FloatArray:
    """Where K(c) - c log y - log|c|, which is convex, is least on one side of 0.

    Newton's steps with a straight line for K' (so the first is right for a normal log Y), and a
    bisection where they leave what is known.  The integral does not depend on where its contour
    crosses, so a saddle that is off by much less than the width of the peak will do.
    """
    edge = np.where(side > 0, law.strip[1], law.strip[0])
    low, high = np.full(log_y.shape, -40.0), np.where(np.isinf(edge), LARGEST, 34.0)
    mean, deviation = law.log_moments()
    goal = _crossing_of(mean - log_y, np.full(log_y.shape, deviation**2), side)
    found, done = np.empty(log_y.shape), np.zeros(log_y.shape, bool)
    for halved in range(2 * BISECTIONS):
        u = _coordinate(goal, side, edge)
        newton = (u > low) & (u < high) & (halved < STEPS or halved % 2 > 0)
        u = np.where(newton, u, (low + high) / 2)
        c = _place(u, side, edge)
        step = 0.03 * _room(c, edge)
        slope, next_slope = _slope(law, np.stack((c, c + step)), step)
        rise, curve = slope - log_y - 1 / c, (next_slope - slope) / step
        falling = side * rise <= 0  # false for NaN
        low, high = np.where(falling, u, low), np.where(falling, high, u)
        found = np.where(done, found, c)
        done = done | (np.abs(rise) <= OFF * np.sqrt(curve + 1 / c**2))
        if done.all():
            break
        goal = _crossing_of(slope - curve * c - log_y, curve, side)
    return found


def _crossing_of(b: FloatArray, a: FloatArray, side: FloatArray) -> FloatArray:
    """The root of a c + b = 1/c on one side of 0; not a number where there is none."""
    root = np.sqrt(b * b + 4 * a)
    with np.errstate(divide="ignore"):
        return np.where(side * b > 0, 2 / (b + side * root), (side * root - b) / (2 * a))


def _place(u: FloatArray, side: FloatArray, edge: FloatArray) -> FloatArray:
    """The point with coordinate u between 0 and the edge: logarithmic at both ends."""
    return np.where(np.isinf(edge), side * np.exp(u), edge * expit(u))


def _coordinate(c: FloatArray, side: FloatArray, edge: FloatArray) -> FloatArray:
    """The coordinate of a point (see `_place`); not a number of one that is outside."""
    with np.errstate(divide="ignore"):
        return np.where(np.isinf(edge), np.log(side * c), logit(c / edge))


def _room(c: FloatArray, edge: FloatArray) -> FloatArray:
    """Distance of c from the nearer of 0 and the edge."""
    return np.minimum(np.abs(c), np.abs(edge - c))


@dataclass(frozen=True)
class _Contour:
    r"""The upper half of $s(x)=c+w\,(ix+h(x))$, one row for each log y, with its integrand.

    $$h(x)=\frac{2bx^2}{1+r},\quad r=\sqrt{1+(2bx/a)^2},\quad h'(x)=\frac{2bx}r$$

    c -> crossing, w -> width, b -> bend: $w^{-2}=K''(c)+c^{-2}$, $b=K'''(c)w^3/6$ (which takes
    the oscillation out to third order), each of shape (rows,).  a -> SLANT.
    """

    law: MellinLaw
    log_y: FloatArray
    crossing: FloatArray
    width: FloatArray
    bend: FloatArray

    @cached_property
    def growth(self) -> ComplexArray:
        """K(c)."""
        return self.law.log_transform(self.crossing + 0j)

    def log_peak(self) -> FloatArray:
        """K(c) - c log y - log|c|."""
        return self.growth.real - self.crossing * self.log_y - np.log(np.abs(self.crossing))

    def rounding(self) -> FloatArray:
        """The size of rounding errors in the exponent, relative errors of the integrand."""
        size = np.abs(self.growth)
        return np.finfo(float).eps * (size + (abs(self.crossing) + self.width) * abs(self.log_y))

    def integrand(self, x: FloatArray) -> ComplexArray:
        """The integrand at x, (rows, nodes), over its value at c: its imaginary part is odd."""
        c, w, b, y = (v[:, None] for v in (self.crossing, self.width, self.bend, self.log_y))
        root = np.sqrt(1 + (2 * b * x / SLANT) ** 2)
        step = w * (1j * x + 2 * b * x**2 / (1 + root))
        growth = self.law.log_transform(c + step) - self.growth[:, None]
        return np.exp(growth - step * y) / (1 + step / c) * (1 - 2j * b * x / root)


def _contour(law: MellinLaw, log_y: FloatArray, c: FloatArray) -> _Contour:
    """The contour through c; K'' and K''' are differences of K', as its shape may be rough."""
    room = _room(c, np.where(c > 0, law.strip[1], law.strip[0]))
    d = 0.03 * room
    low, mid, high = (_slope(law, c + k * d, room) for k in (-1, 0, 1))
    width = ((high - low) / (2 * d) + (1 / c) ** 2) ** -0.5
    return _Contour(law, log_y, c, width, (high - 2 * mid + low) * (width / d) ** 2 * width / 6)


def _log_integral(contour: _Contour) -> FloatArray:
    r"""$\log|\frac1{2\pi i}\int e^{K(s)-s\log y}ds/s|$: the width and height of the peak."""
    area = _trapezoid(contour)
    if np.isnan(area).any():  # where poles on both sides make K grow along the bend
        straight = replace(contour, bend=np.zeros_like(contour.bend))
        area = np.where(np.isnan(area), _trapezoid(straight), area)
    if np.isnan(area).any():
        log_y = contour.log_y[np.isnan(area)][0]
        raise ValueError(f"The contour integral at log y = {log_y} does not converge.")
    return contour.log_peak() + np.log(area * contour.width / np.pi)


def _trapezoid(contour: _Contour) -> FloatArray:
    """The integral over x > 0, the step halved until nothing changes; NaN where that fails."""
    end, nodes, rounding = _end(contour), 16, contour.rounding()

    def mean(fractions: FloatArray) -> FloatArray:
        return contour.integrand(end[:, None] * fractions).real.mean(axis=1)

    area = mean(np.arange(nodes) / nodes) - 0.5 / nodes  # x = 0, where it is 1, counts half
    settled = drowned = rounding > NOISE
    for _ in range(HALVINGS):
        before, area = area, (area + mean((np.arange(nodes) + 0.5) / nodes)) / 2
        settled = settled | (np.abs(area - before) <= (TOLERANCE + rounding) * area)
        if np.all(settled | np.isnan(end)):
            break
        nodes *= 2
    return np.where(drowned, np.sqrt(np.pi / 2), np.where(settled, end * area, np.nan))


def _end(contour: _Contour) -> FloatArray:
    """An x (rows,) beyond which the integrand is negligible; NaN where it does not decay."""
    x = np.full(contour.log_y.shape, 4.0)
    for _ in range(60):
        small = np.abs(contour.integrand(x[:, None]))[:, 0] * x <= np.exp(NEGLIGIBLE)
        if small.all():
            break
        x = np.where(small, x, 1.5 * x)
    return np.where(small, x, np.nan)


def _root(law: MellinLaw, p: FloatArray, mean: float, deviation: float) -> FloatArray:
    """The quantiles, by false position (Illinois) on the log scale of the smaller tail.

    The logarithm tames ends far off, where a tail such as exp(-y) has a huge excess or is 0.
    """

    def excess(x: FloatArray) -> FloatArray:
        log_cdf, log_survival = law.log_tails(x)
        f = np.where(p < 0.5, log_cdf - np.log(p), np.log1p(-p) - log_survival)
        return np.copysign(np.log1p(np.minimum(np.abs(f), 1e300)), f)

    guess = mean + deviation * ndtri(p)  # log y of a long product is nearly normal
    (low, f_low), (high, f_high) = (_beyond(excess, guess, k * deviation / 4) for k in (-1, 1))
    was_below = np.zeros(p.shape, dtype=bool)
    for _ in range(200):
        gap = f_high - f_low  # 0 where an end is the root
        x = low + (high - low) * np.divide(-f_low, gap, out=np.zeros_like(gap), where=gap > 0)
        f = excess(x)
        if np.all((np.abs(f) <= TOLERANCE) | (high - low <= 1e-15 * np.abs(x))):
            return x
        below = f < 0
        stale = np.where(below == was_below, 0.5, 1.0)  # an end that stays twice counts half
        low, f_low = np.where(below, x, low), np.where(below, f, stale * f_low)
        high, f_high = np.where(below, high, x), np.where(below, stale * f_high, f)
        was_below = below
    raise ValueError("The quantile search does not converge.")


def _beyond(
    excess: Callable[[FloatArray], FloatArray], start: FloatArray, step: float
) -> tuple[FloatArray, FloatArray]:
    """From start, in steps that grow, to where the excess has the sign of the step."""
    x = start + step
    while np.any(short := (f := excess(x)) * step < 0):
        x = np.where(short, start + 2 * (x - start), x)
    return x, f
