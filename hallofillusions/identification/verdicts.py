"""What `identify` returns: candidates with their verdicts, ranked, and one sentence on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from ..comparison import holm
from .evidence import DENSITIES, FEW, GROUPS, Evidence, Finding
from .sentences import Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..loop import FeedbackLoop
    from ..runs import Runs
    from .channels import Channel
    from .departures import Departure
    from .fitting import Estimate
    from .innovations import Innovations

    Floats = NDArray[np.float64]

SEED = 20251121
"""Of the runs that are simulated to judge densities: the same every time."""
COMPATIBLE, REJECTED = "compatible", "rejected"
SAME = 1e-9
"""Relative to their size, densities that differ by less everywhere are the same."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One sentence against the runs.

    =========== ======================================================================
    sentence    the `Sentence`
    estimates   its free numbers, with intervals
    verdict     "compatible" or "rejected"
    finding     what speaks most against it: quantity, generation, z
    p, p_holm   of all its tests together, and adjusted over all candidates
    density     logarithm of the density of all steps, less one for each free number
    runs_needed runs that would separate it from the best candidate; None: no number
    same_as     sentences with the same law, which no runs separate from it
    =========== ======================================================================
    """

    sentence: Sentence
    values: Mapping[str, float]
    estimates: tuple[Estimate, ...]
    evidence: Evidence
    steps: Floats
    density: float
    relative: float
    verdict: str = COMPATIBLE
    p_holm: float = 1.0
    runs_needed: int | None = None
    same_as: tuple[Sentence, ...] = ()

    @classmethod
    def of(
        cls, sentence: Sentence, values: Mapping[str, float], estimates: tuple[Estimate, ...],
        found: Sequence[Innovations], against: Evidence,
    ) -> Candidate:  # fmt: skip
        parts = [np.where(np.isnan(i.log_density), 0.0, i.log_density) for i in found]
        steps: Floats = np.sum(parts, axis=0)
        never = any(i.impossible for i in found) or any(e.open for e in estimates)
        density = -np.inf if never else float(steps.sum()) - len(estimates)
        return cls(sentence, values, estimates, against, steps, density, _relative(found))

    def against(self, finding: Finding, candidates: int) -> Candidate:
        """The same with one more finding, of which there are as many as candidates."""
        return replace(self, evidence=self.evidence.joined(finding, candidates))

    @property
    def name(self) -> str:
        """The sentence without its numbers."""
        return self.sentence.name

    @property
    def finding(self) -> Finding:
        return self.evidence.worst

    @property
    def p(self) -> float:
        return self.evidence.p

    @property
    def loop(self) -> FeedbackLoop:
        return self.sentence.loop

    @property
    def equation(self) -> str:
        """The exact recursion of its variance, or of its first moment."""
        from .equations import equation

        return equation(self.loop)

    @property
    def references(self) -> tuple[str, ...]:
        """The keys of what is to be cited for it, in the bibliography of the paper."""
        from .equations import references

        return references(self.loop)

    def to_dict(self) -> dict[str, Any]:
        """Its row of the table, as plain data."""
        f = self.finding
        return {
            "sentence": self.name, "loop": self.loop.to_dict(), "first": self.sentence.first,
            "verdict": self.verdict, "quantity": f.quantity, "generation": f.generation,
            "z": f.z, "p": self.p, "p_holm": self.p_holm, "log_density": self.density,
            "estimates": {e.name: [e.value, e.lower, e.upper] for e in self.estimates},
            "runs_needed": self.runs_needed, "same_as": [s.name for s in self.same_as],
            "equation": self.equation, "references": list(self.references),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Identification:
    """Whose convention it is: the candidates, ranked, with what was found.

    ========== ========================================================================
    candidates `Candidate` s: the compatible ones first, then by the density of the steps;
               those with the same law are one
    runs       the `Runs` as they were read
    remarks    how columns were read and what was taken for granted, one sentence each
    detectable smallest relative difference of the variance (of a probability: of the
               mean's standard deviation) that the best sentence's steps would have shown
    departure  what it looks like where no sentence fits, or not the stated one
    ========== ========================================================================
    """

    candidates: tuple[Candidate, ...]
    runs: Runs
    channels: tuple[Channel, ...]
    stated: FeedbackLoop | None
    level: float
    power: float
    remarks: tuple[str, ...]
    detectable: float
    departure: Departure | None = None

    @property
    def compatible(self) -> tuple[Candidate, ...]:
        """Those that are not rejected, the best first."""
        return tuple(c for c in self.candidates if c.verdict == COMPATIBLE)

    @property
    def rejected(self) -> tuple[Candidate, ...]:
        return tuple(c for c in self.candidates if c.verdict == REJECTED)

    @property
    def best(self) -> Candidate:
        """The first of the table."""
        return self.candidates[0]

    @cached_property
    def of_stated(self) -> Candidate | None:
        """The candidate that says what was stated (the indexing that fits better)."""
        said = [c for c in self.candidates if self._says(c)]
        return said[0] if said else None

    def _says(self, candidate: Candidate) -> bool:
        said = (candidate.loop, *(s.loop for s in candidate.same_as))
        return self.stated is not None and self.stated in said

    @property
    def stated_rejected(self) -> bool:
        """Whether the stated sentence is rejected."""
        return self.of_stated is not None and self.of_stated.verdict == REJECTED

    @property
    def ok(self) -> bool:
        """Whether the stated sentence stands, or without one any sentence does."""
        return bool(self.compatible) and not self.stated_rejected

    def explained(self, departure: Departure | None) -> Identification:
        """The same with a diagnosis."""
        return replace(self, departure=departure)

    def table(self) -> Any:
        """One row per candidate, as a `pandas.DataFrame`."""
        import pandas as pd

        return pd.DataFrame([c.to_dict() for c in self.candidates])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "sentence": self.sentence, "ok": self.ok, "level": self.level, "power": self.power,
            "replicates": len(self.runs.replicates), "generations": len(self.runs.generations),
            "smallest_detectable": self.detectable,
            "stated": self.stated and self.stated.to_dict(),
            "departure": self.departure and self.departure.to_dict(),
            "remarks": list(self.remarks), "candidates": [c.to_dict() for c in self.candidates],
        }  # fmt: skip

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        from .words import summary

        return summary(self)

    def __str__(self) -> str:
        from .words import report

        return report(self)

    def plot(self, path: Any = None) -> Any:
        """The innovations of the best sentence, and what the others' were."""
        from ..plotting import plot_identification

        return plot_identification(self, path)


def ranked(
    judged: Sequence[Candidate], runs: Runs, channels: Sequence[Channel],
    stated: FeedbackLoop | None, level: float, power: float, remarks: tuple[str, ...],
) -> Identification:  # fmt: skip
    """The candidates with Holm's p, what is one law made one, in their order."""
    distinct = _over_shared_rows(_distinct(judged))
    found = _in_order(_adjusted(distinct, level))
    found = _in_order(_adjusted(_doubted(found, channels, level), level))
    margin = _margin(level / len(found), power)
    found = [replace(c, runs_needed=_needed(found[0], c, margin)) for c in found]
    return Identification(
        tuple(found), runs, tuple(channels), stated, level, power, remarks,
        _detectable(found[0], margin),
    )  # fmt: skip


def _over_shared_rows(candidates: Sequence[Candidate]) -> list[Candidate]:
    """With the density of the last rows, which all have: a start is no step."""
    rows = min(len(c.steps) for c in candidates)
    found = []
    for c in candidates:
        steps = c.steps[len(c.steps) - rows :]
        density = float(steps.sum()) - len(c.estimates) if np.isfinite(c.density) else c.density
        found.append(replace(c, steps=steps, density=density))
    return found


def _adjusted(distinct: Sequence[Candidate], level: float) -> list[Candidate]:
    """With Holm's p over all candidates, and the verdict that follows."""
    adjusted = holm([c.p for c in distinct])
    return [replace(c, p_holm=float(p), verdict=REJECTED if p < level else COMPATIBLE)
            for c, p in zip(distinct, adjusted, strict=True)]  # fmt: skip


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The compatible ones first, each kind by the density of the steps."""
    return sorted(candidates, key=lambda c: (c.verdict == REJECTED, -_finite(c.density)))


def _doubted(
    order: Sequence[Candidate], channels: Sequence[Channel], level: float
) -> list[Candidate]:
    """With what the densities say against those that lie behind the best of the compatible."""
    from .ratios import doubted

    good = [c for c in order if c.verdict == COMPATIBLE]
    found = []
    for i, c in enumerate(order):
        against = None
        if c in good[1:]:
            hope = level / (GROUPS * len(order) * len(good))
            against = doubted(good[0], c, channels, hope, np.random.SeedSequence([SEED, i]))
        found.append(c if against is None else c.against(against, len(order)))
    return found


def _finite(value: float) -> float:
    return value if np.isfinite(value) else -np.inf


def _margin(level: float, power: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(level / 2) + norm.ppf(power))


def _distinct(judged: Sequence[Candidate]) -> list[Candidate]:
    """Those with different steps, each with the sentences that have the same."""
    groups: list[list[Candidate]] = []
    for c in judged:
        for group in groups:
            if _same(group[0], c):
                group.append(c)
                break
        else:
            groups.append([c])
    return [replace(g[0], same_as=tuple(c.sentence for c in g[1:])) for g in groups]


def _same(a: Candidate, b: Candidate) -> bool:
    """Whether two sentences give every step the same density."""
    if a.steps.shape != b.steps.shape:
        return False
    if a.estimates or b.estimates:
        near = abs(a.density - b.density) < 1e-4 and len(a.estimates) == len(b.estimates)
        return near and bool(np.allclose(a.steps, b.steps, atol=1e-3))
    if not np.isfinite(a.density) or not np.isfinite(b.density):
        return False
    return abs(a.density - b.density) < SAME * a.steps.size * 10 and bool(
        np.allclose(a.steps, b.steps, rtol=SAME, atol=SAME)
    )


def _needed(best: Candidate, other: Candidate, margin: float) -> int | None:
    """Runs for a test of the two densities: E Σ d² over a run is twice their divergence."""
    if other is best or other.steps.shape != best.steps.shape:
        return None
    runs = best.steps.shape[1]
    judged = [f.z for f in other.evidence.findings if f.group == DENSITIES]
    if judged and judged[0] > 1:  # what the simulated runs say of one run counts
        return max(runs + 1, ceil(runs * (margin / judged[0]) ** 2))
    gap = np.where(np.isfinite(other.steps - best.steps), other.steps - best.steps, 0.0)
    information = float((gap**2).sum()) / runs
    if runs >= FEW:  # steps of one run may answer for each other
        information = min(information, float(gap.sum(axis=0).var()))
    if information <= 0:
        return None
    return max(runs + 1 if other.verdict == COMPATIBLE else 1,
               ceil(min(margin**2 / information, 1e12)))  # fmt: skip


def _relative(found: Sequence[Innovations]) -> float:
    """The standard error of a relative difference of the variance, from all steps of a channel."""
    sizes = [float("nan")]
    for one in found:
        relative = one.relative[np.isfinite(one.relative)]
        if relative.size:
            sizes.append(float(np.sqrt(np.mean(relative**2) / relative.size)))
    return float(np.nanmin(sizes)) if len(sizes) > 1 else float("nan")


def _detectable(best: Candidate, margin: float) -> float:
    """The relative difference of the variance in every step that would have been caught."""
    return margin * best.relative
