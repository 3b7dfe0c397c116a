"""The claims about collapse, put to both experiments under every reading of the sentence.

The paper that the loop is from claims that training is stable without synthetic data, degrades
under moderate and fails sharply under heavy use, that tails go first, and that real-data metrics
fall while the training mixture is fitted happily.  A claim becomes a contrast of measured losses,
in units of what the loop without any real data loses, and a contrast gets a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..corpus import Corpus
from ..diagnosis import Diagnosis, diagnose, enlarged
from ..estimators.witten_bell import WittenBell
from ..loop import FeedbackLoop
from ..mixing.accumulate import Accumulate
from ..mixing.accumulate_subsample import AccumulateSubsample
from ..mixing.fixed_pool import FixedPool
from ..mixing.fixed_real import FixedReal
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables.components_alive import ComponentsAlive
from ..observables.held_out_loss import HeldOutLoss
from ..observables.median import Median
from ..observables.rare_loss import RareLoss
from ..observables.tail_mass import TailMass
from ..observables.trace import Trace
from ..observables.training_loss import TrainingLoss
from ..starts import FirstFit
from .mixtures import PLANE
from .runs import Run, Scale
from .texts import GENERATIONS, Cut

if TYPE_CHECKING:
    from ..mixing.base import Mixing

STUDIES = {"claimsmixture": "mixture", "claimstext": "text"}
SHARED: dict[str, Any] = {
    "FreshSplit": FreshSplit, "FreshMixture": FreshMixture, "FixedReal": FixedReal,
    "FixedPool": FixedPool,
}  # fmt: skip
"""Readings with a free share of synthetic points; the others have none to choose."""
BARE: dict[str, Any] = {
    "Replace": Replace, "Accumulate": Accumulate, "AccumulateSubsample": AccumulateSubsample,
}  # fmt: skip
READINGS = (*SHARED, *BARE)
ALPHAS = (Fraction(0), Fraction(1, 2), Fraction(3, 4), Fraction(9, 10))
NONE, MODERATE, HEAVY = (f"{float(ALPHAS[i]):g}" for i in (0, 1, 3))
POINTS = 200
HELD, OWN, RARE = HeldOutLoss().label, TrainingLoss().label, RareLoss().label
TAIL = TailMass(3.0, "real")
ALIVE, SPREAD = ComponentsAlive().label, Trace().label
MARGIN = 0.1
"""A loss of less than this share of what Replace loses counts as stable."""
STEEPER = 2
"""Sharp: beyond α of one half a step costs more than so many times what it cost below."""
HAPPY = 0.25
"""Happily: the training loss rises by less than this share of what held-out data lose."""
CLAIMS = {
    "stable": "stable without synthetic data", "moderate": "degrades under moderate use",
    "sharp": "fails sharply under heavy use", "tails": "tails go first",
    "illusion": "real metrics fall, the training mixture is fitted happily",
}  # fmt: skip
YES, NO, OPEN, MUTE = "holds", "fails", "undecided", "not applicable"


# -- the experiments ------------------------------------------------------------------------------


def claim_runs(scale: Scale, corpus: Corpus | None = None) -> Iterator[Run]:
    """(u) Both experiments under seven readings, over α and generations."""
    watched = (HeldOutLoss(), TrainingLoss(), Trace(), ComponentsAlive())
    for name, mixing in readings(POINTS):
        loop = FeedbackLoop(PLANE, mixing=mixing, n=POINTS)
        yield Run("claimsmixture", name, loop, 2 * GENERATIONS, scale.mixtures, watched)
    if corpus is not None:
        yield from written(scale, Cut.of(corpus))


def written(scale: Scale, cut: Cut) -> Iterator[Run]:
    """The second of them: Witten and Bell's smoothing, two characters of context."""
    family = cut.family(3)
    watched = (HeldOutLoss(), TrainingLoss(), RareLoss())
    for name, mixing in readings(len(family.blocks)):
        loop = FeedbackLoop(family, mixing=mixing, n=cut.n, estimator=WittenBell(),
                            start=FirstFit())  # fmt: skip
        yield Run("claimstext", name, loop, GENERATIONS, 5 * scale.texts, watched,
                  real=family.blocks, shape="text")  # fmt: skip


def readings(rows: int) -> Iterator[tuple[str, Mixing]]:
    """Every reading at every α that it takes; the fixed pool has so many ``rows``."""
    for name, mixing in SHARED.items():
        for alpha in ALPHAS:
            size = (rows,) if mixing is FixedPool else ()
            yield f"{name}-{float(alpha):g}", mixing(alpha, *size)
    for name, mixing in BARE.items():
        yield name, mixing()


# -- contrasts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contrast:
    """A measured difference and its standard error, with so many degrees of freedom."""

    value: float
    error: float
    freedom: int

    def __add__(self, other: Contrast) -> Contrast:
        freedom = min(self.freedom, other.freedom)
        return Contrast(self.value + other.value, math.hypot(self.error, other.error), freedom)

    def __mul__(self, factor: float) -> Contrast:
        return Contrast(factor * self.value, abs(factor) * self.error, self.freedom)

    __rmul__ = __mul__

    def __sub__(self, other: Contrast) -> Contrast:
        return self + -1 * other

    def positive(self, level: float) -> str:
        """Whether it is above 0, at this two-sided level."""
        from scipy.special import stdtrit

        if self.error == 0:
            return YES if self.value > 0 else NO
        half = self.error * float(stdtrit(self.freedom, 1 - level / 2))
        return YES if self.value > half else NO if self.value < -half else OPEN


class Measured:
    """What the runs of one experiment measured, by run, quantity and generation."""

    def __init__(self, records: Sequence[Mapping[str, Any]], study: str) -> None:
        self.runs = {r["run"]: r for r in records if r["study"] == study}
        self.study = study

    def change(self, run: str, quantity: str, share: bool = False) -> Contrast:
        """From the first fit to the last, or with ``share`` from the real value, in its units.

        The errors of two generations of one run are added as if they were independent; where
        they are not, they are positively correlated, and the sum is too large.
        """
        record = self.runs[run]
        rows = {r["generation"]: r for r in record["rows"] if r["quantity"] == quantity}
        last = self._at(record, rows[max(rows)])
        if not share:
            return last - self._at(record, rows[1])
        return last * (1 / rows[0]["simulated"]) - Contrast(1, 0, last.freedom)

    def _at(self, record: Mapping[str, Any], row: Mapping[str, Any]) -> Contrast:
        from scipy.special import stdtrit

        freedom = record["replicates"] - 1
        half = (row["upper"] - row["lower"]) / 2
        return Contrast(row["simulated"], half / float(stdtrit(freedom, 0.975)), freedom)


# -- verdicts -------------------------------------------------------------------------------------


def judged(records: Sequence[Mapping[str, Any]], level: float) -> list[dict[str, Any]]:
    """One row for each experiment, reading and claim: its contrast, in words, and its verdict.

    ======== =============================================================================
    stable   |Δ(0)| below a tenth of Δ(Replace), Δ the change of the held-out loss
    moderate Δ(1/2) > 0
    sharp    from α of 1/2 to 9/10 a step costs more than twice what it cost below
    tails    at 9/10 the rare is lost before the rest: more modes than variance; more nats on
             the rarest tenth of the text than on all of it
    illusion at 9/10 the training loss rises by less than a quarter of what held-out data lose
    ======== =============================================================================
    """
    cells = [
        (measured, reading, claim) for study in STUDIES
        if (measured := Measured(records, study)).runs for reading in READINGS for claim in CLAIMS
    ]  # fmt: skip
    own = level / max(len(cells), 1)
    return [_verdict(*cell, own) for cell in cells]


def _verdict(measured: Measured, reading: str, claim: str, level: float) -> dict[str, Any]:
    row = {"experiment": STUDIES[measured.study], "reading": reading, "claim": claim}
    free = reading in SHARED
    if not free and claim in ("stable", "moderate", "sharp"):
        return {**row, "verdict": MUTE, "size": None}
    runs = {a: f"{reading}-{a}" if free else reading for a in (NONE, MODERATE, HEAVY)}
    all_of_it = measured.change("Replace", HELD).value
    verdict, size = CONTRASTS[claim](measured, runs, all_of_it, level)
    return {**row, "verdict": verdict, "size": size}


def _stable(measured: Measured, runs: Any, unit: float, level: float) -> tuple[str, float]:
    """Two one-sided tests: inside the margin on both sides."""
    change = measured.change(runs[NONE], HELD)
    edge = Contrast(MARGIN * unit, 0, change.freedom)
    sides = {(edge - change).positive(level), (edge + change).positive(level)}
    return YES if sides == {YES} else NO if NO in sides else OPEN, change.value / unit


def _moderate(measured: Measured, runs: Any, unit: float, level: float) -> tuple[str, float]:
    change = measured.change(runs[MODERATE], HELD)
    return change.positive(level), change.value / unit


def _sharp(measured: Measured, runs: Any, unit: float, level: float) -> tuple[str, float]:
    none, moderate, heavy = (measured.change(runs[a], HELD) for a in (NONE, MODERATE, HEAVY))
    below, beyond = 1 / float(MODERATE), 1 / (float(HEAVY) - float(MODERATE))
    steep = beyond * (heavy - moderate) - STEEPER * below * (moderate - none)
    return steep.positive(level), heavy.value / unit


def _tails(measured: Measured, runs: Any, unit: float, level: float) -> tuple[str, float]:
    run = runs[HEAVY]
    if measured.study == "claimstext":
        rare, rest = (measured.change(run, q) for q in (RARE, HELD))
    else:
        rare, rest = (-1 * measured.change(run, q, share=True) for q in (ALIVE, SPREAD))
    return (rare - rest).positive(level), rare.value


def _illusion(measured: Measured, runs: Any, unit: float, level: float) -> tuple[str, float]:
    held, own = (measured.change(runs[HEAVY], q) for q in (HELD, OWN))
    worse, happy = held.positive(level), (HAPPY * held - own).positive(level)
    both = {worse, happy}
    return YES if both == {YES} else NO if NO in both else OPEN, own.value / unit


CONTRASTS: dict[str, Any] = {
    "stable": _stable, "moderate": _moderate, "sharp": _sharp, "tails": _tails,
    "illusion": _illusion,
}  # fmt: skip


# -- what "collapse" means ------------------------------------------------------------------------


MEANINGS = ("catastrophic", "any", "diverging", "scaling", "variance", "modes", "tails",
            "hallucination")  # fmt: skip
"""In the order in which they were put beside each other."""


@dataclass(frozen=True)
class Definition:
    """One meaning of collapse: its number for a reading, and whether it holds."""

    reading: str
    definition: str
    size: float
    holds: bool


def definitions(
    records: Sequence[Mapping[str, Any]], ends: Mapping[str, tuple[Diagnosis, Diagnosis]]
) -> list[dict[str, Any]]:
    """Eight meanings of collapse under seven readings of one Gaussian loop.

    ``ends`` are what theory says of the readings (see `ends_of`).

    ============= ==========================================================================
    catastrophic  the limit of E (μ-μ₀)²/σ₀² is above one half
    any           that limit over the first fit's is above 1
    diverging     the held-out loss above the truth (measured) still grows at the end: half as much
                  again since half of the generations
    scaling       -d log E (μ-μ₀)² / d log n at the limit, from n to 10 n, is below one half
    variance      the limit of E σ²/σ₀² is below one half
    modes         the share of a mixture's modes that is lost (measured, α = 9/10): above 5 %
    tails         the median tail mass over the real one (measured) is below one tenth
    hallucination the mean tail mass over the real one (measured) is above 2
    ============= ==========================================================================
    """
    found = []
    for reading in READINGS:
        record = next((r for r in records if (r["study"], r["run"]) == ("mixings", reading)), None)
        if record is not None:
            found += _of_theory(reading, int(record["settings"]["n"]), ends[reading])
            found += _of_measurement(reading, record, records)
    order = {name: i for i, name in enumerate(MEANINGS)}
    places = {name: i for i, name in enumerate(READINGS)}
    found.sort(key=lambda d: (places[d.reading], order[d.definition]))
    return [asdict(d) for d in found]


def ends_of(loops: Mapping[str, FeedbackLoop]) -> dict[str, tuple[Diagnosis, Diagnosis]]:
    """Of each reading, the limits of its loop and of the same loop of ten times the size."""
    return {name: (diagnose(loop), diagnose(enlarged(loop, 10))) for name, loop in loops.items()}


def _of_theory(reading: str, n: int, ends: tuple[Diagnosis, Diagnosis]) -> list[Definition]:
    end, large = ends
    first = 1 / n
    slope = -math.log10(large.error / end.error)
    return [
        Definition(reading, "catastrophic", end.error, end.error > 0.5),
        Definition(reading, "any", end.error / first, end.error > first * (1 + 1e-9)),
        Definition(reading, "scaling", slope, slope < 0.5),
        Definition(reading, "variance", end.variance, end.variance < 0.5),
    ]


def _of_measurement(
    reading: str, record: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> list[Definition]:
    def over_time(quantity: str) -> tuple[float, float, float]:
        """At the start, half-way and at the end."""
        rows = [r["simulated"] for r in record["rows"] if r["quantity"] == quantity]
        return rows[0], rows[len(rows) // 2], rows[-1]

    truth, middle, last = over_time(HELD)
    (own, _, mean), (_, _, typical) = over_time(TAIL.label), over_time(Median(TAIL).label)
    growth = (last - truth) / (middle - truth)
    found = [
        Definition(reading, "diverging", growth, growth > 1.5),
        Definition(reading, "tails", typical / own, typical < 0.1 * own),
        Definition(reading, "hallucination", mean / own, mean > 2 * own),
    ]
    mixture = Measured(records, "claimsmixture")
    if mixture.runs:
        run = f"{reading}-{HEAVY}" if reading in SHARED else reading
        lost = -mixture.change(run, ALIVE, share=True).value
        found.append(Definition(reading, "modes", lost, lost > 0.05))
    return found
