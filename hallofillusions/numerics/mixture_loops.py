"""The inner loops of `mixtures`, compiled: densities of mixtures, and EM over all replicates.

All of them live in one file, since numba's cache of a function does not see that a function of
another file, which it calls, has changed.  Only `mixtures` imports this module, where it runs.

Points of one replicate are kept coordinate by coordinate, (d, n), so that every loop over points
is one that the compiler vectorises.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .compiling import compiled

SUMS = {"reassoc", "nsz", "contract"}
"""What the compiler may do with sums: any order, but infinities and NaN stay what they are."""
FULL, DIAGONAL, SPHERICAL = 0, 1, 2
EPSILON = 2.0**-52
AT_ONCE = 16
"""Numbers from 1 to K whose product is a float, whatever number K of components fits a machine."""
MAGIC = 1.5 * 2.0**52
"""A float of this size has the unit for its last bit: adding it rounds to whole numbers."""


summed = partial(compiled, fastmath=SUMS)
"""``compiled``, with sums in any order."""
fused = partial(compiled, fastmath={"contract"})
"""``compiled``, with sums in their order, and a product and a sum at once."""


@fused
def exponentials(x: Any, top: Any, total: Any, scratch: Any, bits: Any) -> None:
    """x becomes e^(x - top) for x ≤ top, to the last bit or two, and is added to ``total``.

    ``bits`` is ``scratch`` seen as integers.  x = k log 2 + r, and e^r by its Taylor series: numba
    has no vector exponential without Intel's library, and a call for each number is half of EM's
    time.
    """
    for i in range(len(x)):
        least = max(x[i] - top[i], -708.0)
        rounded = least * 1.4426950408889634 + MAGIC
        scratch[i] = rounded
        k = rounded - MAGIC
        r = least - k * 6.93147180369123816490e-01
        r = r - k * 1.90821492927058770002e-10
        p = 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        p = p * r + 1.0
        x[i] = p * r + 1.0
    for i in range(len(x)):
        bits[i] = (bits[i] + np.int64(1023)) << np.int64(52)
    for i in range(len(x)):
        x[i] *= scratch[i]
        total[i] += x[i]


# -- densities ----------------------------------------------------------------------------------


@summed
def whitener(covariance: Any, form: int, floor: float, out: Any) -> float:
    """The inverse of Cholesky's factor, into ``out``; returns log det of it, or NaN where the
    covariance is flat: some pivot is at most ``floor``."""
    d, log_det = len(covariance), 0.0
    out[:] = 0.0
    if form != FULL:
        for a in range(d):
            if not covariance[a, a] > floor:
                return np.nan
            out[a, a] = 1.0 / np.sqrt(covariance[a, a])
            log_det += np.log(out[a, a])
        return log_det
    L = np.zeros((d, d))
    for a in range(d):
        for b in range(a + 1):
            rest = covariance[a, b]
            for j in range(b):
                rest -= L[a, j] * L[b, j]
            if b < a:
                L[a, b] = rest / L[b, b]
                continue
            if not rest > max(floor, 4.0 * EPSILON * covariance[a, a]):
                return np.nan
            L[a, a] = np.sqrt(rest)
            log_det -= np.log(L[a, a])
    for a in range(d):
        out[a, a] = 1.0 / L[a, a]
        for b in range(a):
            rest = 0.0
            for j in range(b, a):
                rest -= L[a, j] * out[j, b]
            out[a, b] = rest / L[a, a]
    return log_det


@summed
def log_weighted(x: Any, constant: float, mean: Any, white: Any, form: int, out: Any) -> None:
    """constant - ½ |white (x - mean)|² of every point."""
    d, n = x.shape
    out[:] = constant
    for a in range(d):
        if form != FULL or d == 1:
            scale, shift = white[a, a], mean[a]
            for i in range(n):
                z = (x[a, i] - shift) * scale
                out[i] -= 0.5 * z * z
        elif a == 0:
            first, begin = white[0, 0], mean[0]
            for i in range(n):
                z = (x[0, i] - begin) * first
                out[i] -= 0.5 * z * z
        elif a == 1:
            low, high, left, right = white[1, 0], white[1, 1], mean[0], mean[1]
            for i in range(n):
                z = (x[0, i] - left) * low + (x[1, i] - right) * high
                out[i] -= 0.5 * z * z
        else:
            for i in range(n):
                z = 0.0
                for b in range(a + 1):
                    z += (x[b, i] - mean[b]) * white[a, b]
                out[i] -= 0.5 * z * z


@summed
def weighted_densities(
    x: Any, w: Any, mean: Any, white: Any, log_det: Any, form: int, q: Any
) -> None:
    """log w_k N(x; mean_k, covariance_k) of every component and point; -inf where w_k = 0."""
    d = len(x)
    for k in range(len(w)):
        if w[k] > 0.0 and not np.isnan(log_det[k]):
            constant = np.log(w[k]) + log_det[k] - 0.5 * d * np.log(2.0 * np.pi)
            log_weighted(x, constant, mean[k], white[k], form, q[k])
        else:
            q[k] = -np.inf


@summed
def relative_densities(q: Any, top: Any, total: Any, scratch: Any) -> None:
    """Log-densities q become densities relative to the largest at each point, whose log is ``top``
    and whose sum is ``total``.

    Every point must have a component whose density there is not 0.
    """
    K, n = q.shape
    top[:] = q[0]
    for k in range(1, K):
        for i in range(n):
            top[i] = max(top[i], q[k, i])
    total[:] = 0.0
    for k in range(K):
        exponentials(q[k], top, total, scratch, scratch.view(np.int64))


@summed
def log_density(points: Any, w: Any, mean: Any, covariance: Any, form: int, out: Any) -> None:
    """log Σ_k w_k N(x; mean_k, covariance_k) of each replicate's points, into ``out``.

    A component without weight or whose covariance is singular has no density: -inf where all have
    none.
    """
    n, d = points.shape[1:]
    K = w.shape[1]
    q, total, scratch = np.empty((K, n)), np.empty(n), np.empty(n)
    white, log_det, x = np.empty((K, d, d)), np.empty(K), np.empty((d, n))
    for r in range(len(out)):
        own = r if len(w) > 1 else 0
        cloud = points[r if len(points) > 1 else 0]
        alive = 0
        for k in range(K):
            log_det[k] = whitener(covariance[own, k], form, 0.0, white[k])
            alive += w[own, k] > 0.0 and not np.isnan(log_det[k])
        if alive == 0:
            out[r] = -np.inf
            continue
        for i in range(n):
            for a in range(d):
                x[a, i] = cloud[i, a]
        weighted_densities(x, w[own], mean[own], white, log_det, form, q)
        relative_densities(q, out[r], total, scratch)
        for i in range(n):
            out[r, i] += np.log(total[i])


# -- EM -----------------------------------------------------------------------------------------


@summed
def log_likelihood(counts: Any, top: Any, total: Any) -> float:
    """Σ counts (top + log total): one logarithm for `AT_ONCE` points of one count."""
    n, found = len(counts), 0.0
    for i in range(n):
        found += counts[i] * top[i]
    for first in range(0, n, AT_ONCE):
        last = min(first + AT_ONCE, n)
        product, alike = 1.0, True
        for i in range(first, last):
            product *= total[i]
            alike &= counts[i] == counts[first]
        if alike:
            found += counts[first] * np.log(product)
            continue
        for i in range(first, last):
            found += counts[i] * np.log(total[i])
    return found


@summed
def maximise(
    x: Any, factor: Any, number: float, q: Any, form: int, reg: float, w: Any, mean: Any,
    covariance: Any, scratch: Any,
) -> None:  # fmt: skip
    """The M-step of one replicate, in place: of each point a component has q times ``factor``.

    ``number`` is how many points there are.  Deviations are taken from the new means, so that
    nothing cancels.  A component of no weight keeps its place, and its weight 0.
    """
    d, n = x.shape
    for k in range(len(w)):
        size = 0.0
        for i in range(n):
            q[k, i] *= factor[i]
            size += q[k, i]
        w[k] = size / number
        if not size > EPSILON * number:
            w[k] = 0.0
            continue
        for a in range(d):
            first = 0.0
            for i in range(n):
                first += q[k, i] * x[a, i]
            mean[k, a] = first / size
        for a in range(d):
            middle = mean[k, a]
            for i in range(n):
                scratch[i] = q[k, i] * (x[a, i] - middle)
            for b in range(a + 1):
                if form != FULL and b < a:
                    covariance[k, a, b] = covariance[k, b, a] = 0.0
                    continue
                other, second = mean[k, b], 0.0
                for i in range(n):
                    second += scratch[i] * (x[b, i] - other)
                covariance[k, a, b] = covariance[k, b, a] = second / size
        if form == SPHERICAL:
            pooled = 0.0
            for a in range(d):
                pooled += covariance[k, a, a] / d
            for a in range(d):
                covariance[k, a, a] = pooled
        for a in range(d):
            covariance[k, a, a] += reg


@summed
def settle(
    w: Any, covariance: Any, form: int, floor: float, white: Any, log_det: Any
) -> int:  # fmt: skip
    """Drop the components that are flat or have no weight; returns how many are newly lost.

    The rest share the weight of what was lost in proportion.  The heaviest is never dropped.
    """
    K, heaviest, lost = len(w), int(np.argmax(w)), 0
    for k in range(K):
        log_det[k] = np.nan
        if w[k] > 0.0:
            log_det[k] = whitener(covariance[k], form, floor, white[k])
    if np.isnan(log_det[heaviest]):  # the heaviest that has a density stays, if one has
        best = -1.0
        for k in range(K):
            if not np.isnan(log_det[k]) and w[k] > best:
                best, heaviest = w[k], k
    for k in range(K):
        if w[k] > 0.0 and np.isnan(log_det[k]) and k != heaviest:
            w[k] = 0.0
            lost += 1
    if lost:
        total = w.sum()
        for k in range(K):
            w[k] /= total
    return lost


@summed
def em(
    points: Any, counts: Any, w: Any, mean: Any, covariance: Any, form: int, tol: float,
    most: int, reg: float, steps: Any, converged: Any,
) -> None:  # fmt: skip
    """Expectation-maximisation from the given mixtures, in place, replicate by replicate.

    It ends when the mean log-likelihood of a point moves by less than ``tol`` in one step, or
    after ``most`` M-steps.  After a loss the mixture of what is left goes on, with at least one
    more M-step.
    """
    R, n, d = points.shape
    K, number = w.shape[1], counts.sum()
    q, top, total, scratch = np.empty((K, n)), np.empty(n), np.empty(n), np.empty(n)
    white, log_det, x = np.empty((K, d, d)), np.empty(K), np.empty((d, n))
    for r in range(R):
        largest = 0.0
        for i in range(n):
            for a in range(d):
                x[a, i] = points[r, i, a]
                largest = max(largest, abs(x[a, i]))
        floor = (32.0 * EPSILON * largest) ** 2
        before = -np.inf
        had_weight = (w[r] > 0.0).sum()
        settle(w[r], covariance[r], form, floor, white, log_det)
        steps[r], converged[r] = 0, False
        while True:
            alive = (w[r] > 0.0).sum()
            if alive == 1:  # one component: its fit is the points' own mean and covariance
                for k in range(K):
                    q[k] = 1.0 if w[r, k] > 0.0 else 0.0
                maximise(x, counts, number, q, form, reg, w[r], mean[r], covariance[r], scratch)
                steps[r] += 1
                converged[r] = True
                break
            weighted_densities(x, w[r], mean[r], white, log_det, form, q)
            relative_densities(q, top, total, scratch)
            score = log_likelihood(counts, top, total) / number
            for i in range(n):
                total[i] = counts[i] / total[i]
            had_weight = alive
            maximise(x, total, number, q, form, reg, w[r], mean[r], covariance[r], scratch)
            steps[r] += 1
            lost = settle(w[r], covariance[r], form, floor, white, log_det)
            alive = (w[r] > 0.0).sum()
            if lost > 0:
                before = -np.inf
                continue
            converged[r] = abs(score - before) < tol
            if converged[r] or steps[r] >= most:
                break
            before = score if alive == had_weight else -np.inf


@summed
def scatter_by_label(
    points: Any, labels: Any, counts: Any, size: Any, mean: Any, scatter: Any
) -> None:
    """Weights, means and scatters of the points of each label, replicate by replicate."""
    R, n, d = points.shape
    for r in range(R):
        for i in range(n):
            k = labels[r, i]
            size[r, k] += counts[i]
            for a in range(d):
                mean[r, k, a] += counts[i] * points[r, i, a]
        for k in range(size.shape[1]):
            if size[r, k] > 0:
                for a in range(d):
                    mean[r, k, a] /= size[r, k]
        for i in range(n):
            k = labels[r, i]
            for a in range(d):
                y = counts[i] * (points[r, i, a] - mean[r, k, a])
                for b in range(a + 1):
                    scatter[r, k, a, b] += y * (points[r, i, b] - mean[r, k, b])
        for k in range(size.shape[1]):
            for a in range(d):
                for b in range(a):
                    scatter[r, k, b, a] = scatter[r, k, a, b]
