"""What the innovations of a sentence say against it: one p-value, and where it comes from.

Four groups of tests share the level of a sentence evenly, each by Bonferroni's rule: the mean of
every quantity over all steps; the directions in which other sentences differ (innovations against
the past, their scatter, runs that depend on each other); every quantity at every generation; and
the density of the best sentence against this one's (see `ratios`).

Sums of innovations of known skewness are taken for gamma variables of that skewness (Pearson's
type III), which is exact for a variance under `Replace` and for squares of normals; what has no
known variance is divided by its own root mean square.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..comparison import skewed, unskewed
from .innovations import MEAN, SQUARE, VARIANCE, Innovations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .channels import Channel

    Floats = NDArray[np.float64]

FEW = 30
"""Values below which no sum is taken for normal whose law is not known."""
RELIABLE = 3.5
"""Standard errors out to which a skewed sum must be reliable."""
MANY = 200
"""Values below which the scatter of innovations is not tested."""
GROUPS = 4
POOLED, AGAINST, CELLS, DENSITIES = range(GROUPS)


@dataclass(frozen=True)
class Finding:
    """One test: its quantity, where it departs most (g, or None), z, p, and what it is about."""

    quantity: str
    generation: int | None
    z: float
    p: float
    group: int = POOLED

    def __str__(self) -> str:
        where = "" if self.generation is None else f" at generation {self.generation}"
        size = f"{abs(self.z):.1f}σ" if np.isfinite(self.z) else "impossible"
        return f"{self.quantity}, {size}{where}"


@dataclass(frozen=True, eq=False)
class Evidence:
    """All findings of one sentence, and their p together (Bonferroni, four groups)."""

    findings: tuple[Finding, ...]
    p: float
    worst: Finding
    cells: Any
    """Quantity (with its channel) -> z at every generation."""

    def limit(self, level: float, candidates: int) -> float:
        """|z| of a single cell that rejects the sentence, among so many, if z is normal."""
        from scipy.special import ndtri

        cells = max(1, sum(f.group == CELLS for f in self.findings))
        return float(-ndtri(level / (2 * GROUPS * cells * candidates)))

    def joined(self, finding: Finding, of: int) -> Evidence:
        """With the finding of one more group, the one of ``of`` that were looked for."""
        p = min(1.0, finding.p * of * GROUPS)
        worst = finding if p < self.p else self.worst
        return Evidence((*self.findings, finding), min(p, self.p), worst, self.cells)


def evidence(channels: Sequence[Channel], found: Sequence[Innovations], first: int) -> Evidence:
    """The tests of one sentence from the innovations of all channels."""
    findings: list[Finding] = []
    cells: dict[str, Floats] = {}
    for channel, one in zip(channels, found, strict=True):
        if one.impossible is not None:
            word, generation, _ = one.impossible
            never = Finding(named(word, channel), generation, float("inf"), 0.0)
            return Evidence((never,), 0.0, never, {})
        tables = list(_cells(one))
        cells |= {named(word, channel): z for word, z, _, _ in tables}
        findings += list(_findings(channel, one, tables, max(first, 1)))
    if not findings:
        nothing = Finding("no quantity", None, 0.0, 1.0)
        return Evidence((nothing,), 1.0, nothing, cells)
    sizes = np.bincount([f.group for f in findings], minlength=GROUPS)
    adjusted = np.array([f.p * sizes[f.group] for f in findings]) * GROUPS
    sizes_of_z = np.array([-abs(f.z) for f in findings])
    worst = findings[int(np.lexsort([sizes_of_z, adjusted])[0])]
    return Evidence(tuple(findings), float(min(1.0, adjusted.min())), worst, cells)


def named(word: str, channel: Channel) -> str:
    """The quantity with the channel it belongs to."""
    return f"{word} {channel.label}".strip()


def _cells(one: Innovations) -> Iterator[tuple[str, Floats, Floats, Floats]]:
    """(quantity, z, p, count) at every generation, z normalised by what is known."""
    for word, e in one.residuals.items():
        seen = np.isfinite(e)
        count = seen.sum(axis=1)
        values = np.where(seen, e, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = values.sum(axis=1) / np.sqrt(count)
            if not one.settled:
                z = z / np.maximum(1.0 if one.exact else 0.0, _scatter(values, count))
            skew = one.skewness[word] / np.sqrt(count)
        p = _tails(one, z, skew)
        enough = count >= (1 if one.settled else FEW)
        yield word, z, np.where(enough & np.isfinite(z), p, np.nan), count


def _scatter(values: Floats, count: Any) -> Floats:
    scatter: Floats = np.sqrt((values**2).sum(axis=1) / np.maximum(count, 1))
    return scatter


def _tails(one: Innovations, z: Any, skewness: Any) -> Any:
    """p of a sum: by its gamma law and, where that is not its own law, by no smaller tail than a
    normal one's."""
    p = two_sided(z, skewness)
    return p if one.settled else np.maximum(p, two_sided(z, 0.0))


def two_sided(z: Any, skewness: Any) -> Any:
    """p of a standardised gamma variable of that skewness; of a normal one where it is tiny."""
    from scipy.special import gammainc, gammaincc, ndtr

    z, skewness = np.broadcast_arrays(np.asarray(z, float), np.asarray(skewness, float))
    plain = np.abs(skewness) < 1e-3
    shape = 4 / np.where(plain, 1.0, skewness) ** 2
    x = np.maximum(shape + np.where(skewness < 0, -z, z) * np.sqrt(shape), 0.0)
    tail = np.minimum(gammainc(shape, x), gammaincc(shape, x))
    return np.minimum(2 * np.where(plain, ndtr(-np.abs(z)), tail), 1.0)


def _findings(
    channel: Channel, one: Innovations, tables: Any, first: int
) -> Iterator[Finding]:
    for word, z, p, count in tables:
        label = named(word, channel)
        yield from _pooled(one, word, label, z, count, first)
        for g in np.flatnonzero(np.isfinite(p)):
            yield Finding(label, int(g) + first, float(z[g]), float(p[g]), CELLS)
        yield from _between_runs(word, label, z, count)
    yield from _directions(channel, one, first)


def _pooled(
    one: Innovations, word: str, label: str, z: Floats, count: Any, first: int
) -> Iterator[Finding]:
    """The mean over all steps, and the generation that departs most the same way."""
    e = one.residuals[word]
    seen = np.isfinite(e)
    total = int(seen.sum())
    if total < (1 if one.settled else FEW):
        return
    size = float(np.where(seen, e, 0.0).sum() / np.sqrt(total))
    if not one.settled:
        scatter = float(np.sqrt(np.where(seen, e**2, 0.0).sum() / total))
        size /= max(scatter, 1.0 if one.exact else 1e-300)
    skew = float((one.skewness[word] * count).sum() / total) / total**0.5
    yield Finding(label, _where(z, size, first), size, float(_tails(one, size, skew)), POOLED)


def _where(z: Floats, size: float, first: int) -> int | None:
    """The generation with the largest z of that sign."""
    signed = np.where(np.isfinite(z), np.sign(size) * z, -np.inf)
    return int(np.argmax(signed)) + first if np.isfinite(signed).any() else None


def _between_runs(word: str, label: str, z: Floats, count: Any) -> Iterator[Finding]:
    """Whether the means over runs scatter more than independent runs make them: Σ z² is χ²."""
    from scipy.special import chdtrc, ndtri

    if word == SQUARE:
        return
    used = np.isfinite(z) & (count >= FEW)
    if used.sum() < 2:
        return
    p = float(chdtrc(used.sum(), (z[used] ** 2).sum()))
    yield Finding(f"dependence between the runs, {label}", None, -float(ndtri(p)), p, AGAINST)


def _directions(channel: Channel, one: Innovations, first: int) -> Iterator[Finding]:
    """Innovations against the past, their scatter, and mean against variance."""
    e1, e2 = one.residuals.get(MEAN), one.residuals.get(VARIANCE)
    for word, name, h in channel.past(one):
        label = f"{named(word, channel)} against {name}"
        yield from _self_normalised(label, one.residuals[word] * h, one, FEW, first)
    if e2 is not None and one.settled:
        label = f"scatter of the {named(VARIANCE, channel)}"
        yield from _self_normalised(label, e2**2 - 1, one, MANY, first)
    if e1 is not None and e2 is not None and not one.hidden:
        label = f"{named(MEAN, channel)} with the variance"
        yield from _self_normalised(label, e1 * e2, one, MANY, first)


def _self_normalised(
    label: str, terms: Floats, one: Innovations, few: int, first: int
) -> Iterator[Finding]:
    """Student's t of the terms without its skewness (Hall 1992): of the steps where the whole state
    is seen, of the runs' sums where not.  Terms that are too skewed for their number are left out.
    """
    from scipy.special import ndtr

    seen = np.isfinite(terms)
    values = np.where(seen, terms, 0.0)
    parts = values.sum(axis=0)[seen.any(axis=0)] if one.hidden else values[seen]
    count = len(parts)
    if count < few or not (scale := float(parts.std())):
        return
    gap = parts - parts.mean()
    lean = float(np.mean(gap * gap * gap)) / scale**3
    if skewed(lean, count, RELIABLE):
        return
    z = unskewed(float(parts.mean()) / scale * count**0.5, lean, count)
    where = _where(values.sum(axis=1), z, first)
    yield Finding(label, where, z, float(2 * ndtr(-abs(z))), AGAINST)
