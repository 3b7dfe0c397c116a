"use strict";
/* Special functions that the laws need and JavaScript lacks.
 *
 * They are general mathematics and know nothing of loops.  Each is good to about 1e-13, relative;
 * the tests hold them against scipy and mpmath.  Complex numbers are pairs [re, im].
 */

// -- gamma functions -----------------------------------------------------------------------------

const HALF_LOG_2PI = 0.9189385332046727;
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156,
                  -3617 / 122400];
const FAR = 12; // from here on Stirling's series is good to the last digit

/* log Γ(a + ib), up to a multiple of 2πi. */
function loggamma_complex(a, b) {
  let p = 1, q = 0, lost = 0;
  while (a < FAR) {
    [p, q] = [p * a - q * b, p * b + q * a];
    const size = Math.abs(p) + Math.abs(q);
    if (size > 1e100 || size < 1e-100) {
      lost += Math.log(size);
      p /= size;
      q /= size;
    }
    a += 1;
  }
  const log_r = Math.log(Math.hypot(a, b)), angle = Math.atan2(b, a);
  const norm = a * a + b * b, u = a / norm, v = -b / norm; // 1/z
  const [c, d] = [u * u - v * v, 2 * u * v]; // 1/z²
  let x = 0, y = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) [x, y] = [x * c - y * d + STIRLING[k], x * d + y * c];
  const re = (a - 0.5) * log_r - b * angle - a + HALF_LOG_2PI + x * u - y * v;
  const im = (a - 0.5) * angle + b * log_r - b + x * v + y * u;
  return [re - 0.5 * Math.log(p * p + q * q) - lost, im - Math.atan2(q, p)];
}

function loggamma(x) {
  return x > 0 ? loggamma_complex(x, 0)[0] : NaN;
}

function gamma(x) {
  return x > 0 ? Math.exp(loggamma(x)) : Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
}

/* ψ(x), the derivative of log Γ, for order 0. */
function polygamma(order, x) {
  if (order !== 0 || !(x > 0)) return NaN;
  let total = 0;
  for (; x < FAR; x++) total -= 1 / x;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series / (x * x) - (2 * k + 1) * STIRLING[k];
  return total + Math.log(x) - 0.5 / x + series / (x * x);
}

/* Σ_{j ≤ g} j^-power. */
function harmonic(g, power) {
  let total = 0;
  for (let j = g; j >= 1; j--) total += Math.pow(j, -power);
  return total;
}

/* (r^g - 1)/(r - 1), which is g where r = 1. */
function geometric_sum(r, g) {
  if (r === 1) return g;
  if (!(r > 0.5 && r < 2)) return (Math.pow(r, g) - 1) / (r - 1);
  return Math.expm1(g * Math.log1p(r - 1)) / (r - 1);
}

// -- error functions -----------------------------------------------------------------------------

function erf(x) {
  if (x < 0) return -erf(-x);
  if (x > 2) return 1 - erfc(x);
  let term = x, total = x;
  for (let k = 1; Math.abs(term) > 1e-17 * total; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

function erfc(x) {
  if (x < 2) return 1 - erf(x);
  if (!(x < 27.3)) return Number.isNaN(x) ? NaN : 0;
  let fraction = x;
  for (let k = Math.ceil(20 + 400 / (x * x)); k >= 1; k--) fraction = x + k / 2 / fraction;
  const head = Math.round(x * 16) / 16; // exp(-x²) without losing digits of x²
  const square = Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
  return square / (Math.sqrt(Math.PI) * fraction);
}

/* The x with erf(x) = p, 0 ≤ p < 1. */
function erfinv(p) {
  const w = Math.log((1 - p) * (1 + p)), h = 4.33 + w / 2; // Winitzki's guess
  let x = Math.sqrt(Math.max(Math.sqrt(h * h - w / 0.147) - h, 0));
  for (let k = 0; k < 60; k++) {
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    const step = (p > 0.5 ? 1 - p - erfc(x) : erf(x) - p) / slope;
    const change = step / (1 + x * step);
    x -= change;
    if (!(Math.abs(change) > 1e-16 * x)) break;
  }
  return x;
}

/* The incomplete beta function from 0 to x over the whole one, by its continued fraction. */
function betainc_regularized(a, b, from, x) {
  if (from !== 0) return betainc_regularized(a, b, 0, x) - betainc_regularized(a, b, 0, from);
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betainc_regularized(b, a, 0, 1 - x);
  let c = 1, d = 1 / (1 - ((a + b) * x) / (a + 1)), total = d;
  for (let m = 1; m < 10000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    total *= c * d;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    total *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  const beta = loggamma(a) + loggamma(b) - loggamma(a + b);
  return (Math.exp(a * Math.log(x) + b * Math.log1p(-x) - beta) / a) * total;
}

// -- products of gamma variables: Mellin inversion along the path of steepest descent ---------------

const NEGLIGIBLE = -42, SLANT = 0.75, NOISE = 1e-5, TOLERANCE = 1e-12, EPSILON = 2 ** -52;

/* log(1 + a + ib). */
function log1p_complex(a, b) {
  return [0.5 * Math.log1p(a * (2 + a) + b * b), Math.atan2(b, 1 + a)];
}

/* What Stirling's formula for log Γ leaves out at 1/w. */
function stirling_rest(a, b) {
  const [c, d] = [a * a - b * b, 2 * a * b];
  let x = 0, y = 0;
  for (let k = 3; k >= 0; k--) [x, y] = [x * c - y * d + STIRLING[k], x * d + y * c];
  return [x * a - y * b, x * b + y * a];
}

/* log Γ(k + z) - log Γ(k), by Stirling's series where the difference would cancel. */
function log_gamma_ratio(k, a, b) {
  if (k < 24 || k + a <= 24) {
    const [re, im] = loggamma_complex(k + a, b);
    return [re - loggamma(k), im];
  }
  const [p, q] = log1p_complex(a / k, b / k), m = k + a - 0.5, log_k = Math.log(k) - 1;
  const norm = (k + a) * (k + a) + b * b;
  const [x, y] = stirling_rest((k + a) / norm, -b / norm);
  const own = stirling_rest(1 / k, 0)[0];
  return [m * p - b * q + a * log_k + x - own, m * q + b * p + b * log_k + y];
}

/* A product of independent gamma variables: factors [[shape, how many], …]. */
class GammaProduct {
  constructor(factors) {
    this.factors = factors.filter(([, times]) => times > 0);
    this.left = Math.max(...this.factors.map(([shape]) => -shape));
  }

  /* log E Y^s at s = a + ib. */
  transform(a, b) {
    let re = 0, im = 0;
    for (const [shape, times] of this.factors) {
      const [x, y] = log_gamma_ratio(shape, a, b);
      re += times * x;
      im += times * y;
    }
    return [re, im];
  }

  /* The derivative at a real place by a complex step, small in the room around it. */
  slope(c, room) {
    const step = 2 ** (Math.floor(Math.log2(room)) - 30);
    const [re, im] = this.transform(c, step);
    return Number.isFinite(re) ? im / step : NaN;
  }

  /* E log Y and, about, the standard deviation of log Y. */
  moments() {
    const step = -this.left / 32;
    const [low, mean, high] = [-step, 0, step].map((c) => this.slope(c, step));
    return [mean, Math.sqrt(Math.max(high - low, 0) / (2 * step))];
  }

  /* [log P(Y ≤ y), log P(Y > y)]: the smaller is integrated, the other its complement. */
  log_tails(log_y) {
    const above = log_y >= this.moments()[0];
    const small = this.log_small_tail(log_y, above ? 1 : -1), large = Math.log1p(-Math.exp(small));
    return above ? [large, small] : [small, large];
  }

  place(u, side) {
    return side > 0 ? Math.exp(u) : this.left / (1 + Math.exp(-u));
  }

  room(c) {
    return c > 0 ? c : Math.min(-c, c - this.left);
  }

  /* Where K(c) - c log y - log|c|, which is convex, is least on one side of 0. */
  saddle(log_y, side) {
    let low = -40, high = side > 0 ? 600 : 34;
    for (let k = 0; k < 40; k++) {
      const middle = (low + high) / 2, c = this.place(middle, side);
      const falling = side * (this.slope(c, this.room(c)) - log_y - 1 / c) <= 0;
      if (falling) low = middle;
      else high = middle;
    }
    return this.place((low + high) / 2, side);
  }

  log_small_tail(log_y, side) {
    const c = this.saddle(log_y, side);
    if (!(Math.abs(c) < 0.99 * Math.exp(600))) return -Infinity;
    const room = this.room(c), d = 0.03 * room;
    const [low, mid, high] = [c - d, c, c + d].map((x) => this.slope(x, room));
    const w = ((high - low) / (2 * d) + 1 / (c * c)) ** -0.5;
    const bend = ((high - 2 * mid + low) * (w / d) ** 2 * w) / 6;
    const growth = this.transform(c, 0)[0];
    const rounding = EPSILON * (Math.abs(growth) + (Math.abs(c) + w) * Math.abs(log_y));
    let area = Math.sqrt(Math.PI / 2); // Laplace's approximation, where rounding drowns the rest
    if (rounding <= NOISE) {
      area = this.trapezoid({ log_y, c, w, bend, growth }, rounding);
      if (Number.isNaN(area)) area = this.trapezoid({ log_y, c, w, bend: 0, growth }, rounding);
    }
    return growth - c * log_y - Math.log(Math.abs(c)) + Math.log((area * w) / Math.PI);
  }

  /* The integrand at x over its value at the crossing: [its real part, its size]. */
  integrand({ log_y, c, w, bend, growth }, x) {
    const root = Math.sqrt(1 + ((2 * bend * x) / SLANT) ** 2);
    const a = (w * 2 * bend * x * x) / (1 + root), b = w * x;
    const [re, im] = this.transform(c + a, b);
    const size = Math.exp(re - growth - a * log_y), angle = im - b * log_y;
    const [p, q] = [size * Math.cos(angle), size * Math.sin(angle)];
    const [e, f] = [1 + a / c, b / c], norm = e * e + f * f;
    const [u, v] = [(p * e + q * f) / norm, (q * e - p * f) / norm];
    const h = (-2 * bend * x) / root;
    return [u - v * h, Math.hypot(u - v * h, v + u * h)];
  }

  trapezoid(contour, rounding) {
    let end = 4;
    for (let k = 0; ; k++) {
      if (this.integrand(contour, end)[1] * end <= Math.exp(NEGLIGIBLE)) break;
      if (k === 60) return NaN;
      end *= 1.5;
    }
    let nodes = 16, area = -0.5 / nodes;
    for (let k = 0; k < nodes; k++) area += this.integrand(contour, (end * k) / nodes)[0] / nodes;
    for (let halving = 0; halving < 10; halving++) {
      let middle = 0;
      for (let k = 0; k < nodes; k++) {
        middle += this.integrand(contour, (end * (k + 0.5)) / nodes)[0] / nodes;
      }
      const before = area;
      area = (area + middle) / 2;
      if (Math.abs(area - before) <= (TOLERANCE + rounding) * area) return end * area;
      nodes *= 2;
    }
    return NaN;
  }

  /* The log y with P(Y ≤ y) = p, by false position on the log scale of the smaller tail. */
  log_quantile(p) {
    const excess = (x) => {
      const [below, above] = this.log_tails(x);
      const f = p < 0.5 ? below - Math.log(p) : Math.log1p(-p) - above;
      return Math.sign(f) * Math.log1p(Math.min(Math.abs(f), 1e300));
    };
    const [mean, deviation] = this.moments();
    const guess = mean + deviation * Math.SQRT2 * Math.sign(p - 0.5) * erfinv(Math.abs(2 * p - 1));
    let [low, f_low] = beyond(excess, guess, -deviation / 16);
    let [high, f_high] = beyond(excess, guess, deviation / 16);
    let was_below = null;
    for (let k = 0; k < 200; k++) {
      const x = f_high > f_low ? low - ((high - low) * f_low) / (f_high - f_low) : low;
      const f = excess(x), below = f < 0;
      if (Math.abs(f) <= TOLERANCE || high - low <= 1e-15 * Math.abs(x)) return x;
      const stale = below === was_below ? 0.5 : 1; // an end that stays twice counts half
      if (below) [low, f_low, f_high] = [x, f, stale * f_high];
      else [high, f_high, f_low] = [x, f, stale * f_low];
      was_below = below;
    }
    return NaN;
  }
}

/* From start, in steps that grow, to where the function has the sign of the step. */
function beyond(f, start, step) {
  let x = start + step, value = f(x);
  while (value * step < 0) {
    x = start + 2 * (x - start);
    value = f(x);
  }
  return [x, value];
}

/* P(product of m gamma variables of shape k and `times` of another shape > y). */
function gamma_product_tail(log_y, k, m, shape, times) {
  return Math.exp(new GammaProduct([[k, m], [shape, times]]).log_tails(log_y)[1]);
}

/* log of the p-quantile of a product of m gamma variables of shape k. */
function gamma_product_quantile(p, k, m) {
  return m === 0 ? 0 : new GammaProduct([[k, m]]).log_quantile(p);
}
