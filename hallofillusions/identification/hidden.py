"""Innovations where a part of the state is hidden: a Kalman filter on monomials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .innovations import (
    MEAN,
    OF_SQUARE,
    SQUARE,
    VARIANCE,
    Innovations,
    Seen,
    log_gamma_density,
    lost,
    over_runs,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Process:
    """The monomials z of weight 1 and 2: their exact means and covariances at every row's g."""

    def __init__(self, running: Any, first: int) -> None:
        place, products = running.kernel.low
        begin = max(first, 1) - 1
        C, c = running.steps
        if len(C) > 1:
            C, c = C[begin:], c[begin:]
        self.C, self.c = C[:, place][:, :, place], c[:, place]
        moments = running.expected[begin:]
        self.mean = moments[:, place]
        self.cov = moments[:, products] - self.mean[:, :, None] * self.mean[:, None, :]

    def step(self, g: int) -> tuple[Floats, Floats, Floats]:
        """(C, c, covariance of what is new) of the step from row g - 1 to row g."""
        k = g if len(self.C) > 1 else 0
        C = self.C[k]
        return C, self.c[k], self.cov[g] - C @ self.cov[g - 1] @ C.T


def filtered(seen: Seen) -> Innovations:
    """The innovations of the recorded coordinates, given all that was recorded before."""
    names = [k for k in seen.kernel.model if seen.has(k)]
    length, runs = seen.state[names[0]].shape
    process = Process(seen.running, seen.first)
    words, values, places = _recorded(seen, names, seen.state)
    found = {w: np.full((length, runs), np.nan) for w in words}
    density, quasi = np.zeros((length, runs)), np.zeros((length, runs))
    relative = np.full((length, runs), np.nan)
    impossible = None
    gaps, members = _patterns(np.isnan(values))
    for k in range(gaps.shape[2]):
        chosen = np.flatnonzero(members == k)
        certain = _filter(process, words, values[:, :, chosen], gaps[:, :, k], places, chosen,
                          found, density, quasi, relative)  # fmt: skip
        if certain is not None:
            impossible = certain[0], certain[1] + max(seen.first, 1), int(chosen[0])
    skew = {w: over_runs(2 * relative) if w == VARIANCE else np.zeros(length) for w in words}
    if SQUARE in words:
        skew[SQUARE] = np.full(length, OF_SQUARE)
    return Innovations(found, skew, density, quasi, relative, impossible, hidden=True,
                       exact=seen.channel.exact)  # fmt: skip


def _recorded(seen: Seen, names: Any, state: Any) -> tuple[list[str], Any, Any]:
    """What is recorded of z: its words, values (word, generation, run) and places in z."""
    words, values, places = [], [], []
    order = seen.kernel.low[0].tolist()
    for name in names:
        words.append(MEAN if name == seen.location else VARIANCE)
        values.append(state[name])
        places.append(order.index(seen.kernel.rows([{name: 1}])[0]))
    if seen.has(seen.location):
        words.append(SQUARE)
        values.append(state[seen.location] ** 2)
        places.append(order.index(seen.kernel.rows([{seen.location: 2}])[0]))
    return words, np.array(values), places


def _patterns(missing: Any) -> tuple[Any, Any]:
    """The different patterns of gaps (word, generation, pattern), and which of them a run has."""
    if not missing.any():
        return missing[:, :, :1], np.zeros(missing.shape[2], dtype=int)
    flat = missing.reshape(-1, missing.shape[2])
    patterns, members = np.unique(flat, axis=1, return_inverse=True)
    return patterns.reshape(*missing.shape[:2], -1), members.ravel()


def _filter(
    process: Process, words: list[str], values: Floats, gaps: Any, places: list[int], chosen: Any,
    found: dict[str, Floats], density: Floats, quasi: Floats, relative: Floats,
) -> tuple[str, int] | None:  # fmt: skip
    """Fill in the innovations of the runs ``chosen``, which have the same gaps.

    Returns the quantity and the row where something is that was certain not to be.
    """
    never = None
    z: Floats = np.repeat(process.mean[0][:, None], len(chosen), axis=1)
    P = process.cov[0]
    for g in range(values.shape[1]):
        if g:
            C, c, Q = process.step(g)
            z, P = C @ z + c[:, None], C @ P @ C.T + Q
        here = [k for k in range(len(words)) if not gaps[k, g]]
        size = _size(process, z, places[words.index(VARIANCE)], g) if VARIANCE in words else 1.0
        for k in here:  # one after the other: the Cholesky factor of their covariance
            H = places[k]
            S = P[H, H]
            gap = values[k, g] - z[H]
            if 1e-12 * max(process.cov[g][H, H], 1e-300) >= S:
                if (np.abs(gap) > 1e-6 * (np.abs(values[k, g]) + abs(process.mean[g][H]))).any():
                    never = never or (words[k], g)
                continue
            found[words[k]][g, chosen] = gap / np.sqrt(S)
            if lost(values[k, g], found[words[k]][g, chosen]).any():
                never = never or (words[k], g)
            if words[k] != SQUARE:
                quasi[g, chosen] -= 0.5 * (np.log(2 * np.pi * S) + gap**2 / S)
            if words[k] == VARIANCE:
                with np.errstate(all="ignore"):
                    density[g, chosen] += log_gamma_density(values[k, g], z[H], np.sqrt(S) * size)
                    relative[g, chosen] = np.sqrt(S) / process.mean[g][H]
            elif words[k] == MEAN:
                wide = S * size
                density[g, chosen] -= 0.5 * (np.log(2 * np.pi * wide) + gap**2 / wide)
            gain = P[:, H] / S
            z += gain[:, None] * gap
            P = P - gain[:, None] * P[H]
    return never


def _size(process: Process, z: Floats, place: int, g: int) -> Any:
    """How large the noise of these runs is for what is usual: it grows with their variance.

    For the density alone; its square is 1 on the average.
    """
    return np.maximum(z[place] / process.mean[g][place], 1e-3)
