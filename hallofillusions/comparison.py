"""The meeting of the two readers: z per generation and quantity, power stated, Holm-adjusted."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from .kinds import Bound, Exact, Kind, Law
from .symbols import InputError, as_number

if TYPE_CHECKING:
    from .prediction import Entry, Prediction
    from .trajectory import Trajectory

ROUNDING = 1e-12
"""Relative to the size of a quantity, differences below this are rounding errors."""
AGREES, DISAGREES, WEAK = "agrees", "disagrees", "too weak to tell"
PARTLY = "agrees in part"


@dataclass(frozen=True)
class Cell:
    """One quantity at one generation: prediction, measurement and the test of their difference.

    ``detectable`` is the smallest absolute discrepancy that this cell would have caught at the
    stated power, and ``scale`` the size to which it is relative.  ``note`` says why a cell is not
    tested, where it is not.
    """

    quantity: str
    generation: int
    predicted: float
    measured: float
    standard_error: float
    z: float
    p: float
    detectable: float
    note: str = ""
    scale: float = 1.0

    @property
    def tested(self) -> bool:
        return not self.note


@dataclass(frozen=True)
class Comparison:
    """Theory against simulation, cell by cell.

    ============ ====================================================================
    level        chance of a false alarm in the whole comparison (Holm)
    power        chance that a discrepancy as large as ``detectable`` is caught
    wanted       relative discrepancy below which a quantity counts as well tested
    ============ ====================================================================
    """

    prediction: Prediction
    trajectory: Trajectory
    cells: tuple[Cell, ...]
    level: float
    power: float
    wanted: float

    @cached_property
    def adjusted(self) -> dict[tuple[str, int], float]:
        """Holm-adjusted p of every tested cell."""
        tested = [c for c in self.cells if c.tested]
        if not tested:
            return {}
        values = holm([c.p for c in tested])
        return {(c.quantity, c.generation): float(p) for c, p in zip(tested, values, strict=True)}

    @cached_property
    def rejected(self) -> tuple[Cell, ...]:
        """The cells where theory and simulation disagree, worst first."""
        bad = [c for c in self.cells
               if c.tested and self.adjusted[c.quantity, c.generation] < self.level]  # fmt: skip
        return tuple(sorted(bad, key=lambda c: -abs(c.z)))

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that both readers speak of."""
        return tuple(dict.fromkeys(c.quantity for c in self.cells))

    def detectable(self, quantity: str) -> float:
        """Relative discrepancy that half of the generations or more would have caught.

        Each generation counts against its own predicted size, and one that cannot be tested
        (or is infinite) as catching nothing.
        """
        ratios = [
            c.detectable / c.scale if c.tested and c.scale > 0 else np.inf
            for c in self.cells
            if c.quantity == quantity and c.generation > 0 and not np.isnan(c.predicted)
        ]
        return float(np.median(ratios)) if ratios else float("inf")

    def verdict_of(self, quantity: str) -> str:
        """The verdict on one quantity."""
        if any(c.quantity == quantity for c in self.rejected):
            return DISAGREES
        return AGREES if self.detectable(quantity) <= self.wanted else WEAK

    @property
    def verdict(self) -> str:
        """"disagrees" if any cell is rejected; "agrees" if every quantity is well tested.

        Between the two, "agrees in part" if some are, and "too weak to tell" if none is.
        """
        verdicts = {self.verdict_of(q) for q in self.quantities}
        if DISAGREES in verdicts:
            return DISAGREES
        if verdicts == {AGREES}:
            return AGREES
        return PARTLY if AGREES in verdicts else WEAK

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why some cells were left out of the test, one sentence each."""
        notes: dict[tuple[str, str], list[int]] = {}
        for c in self.cells:
            if c.note:
                notes.setdefault((c.quantity, c.note), []).append(c.generation)
        return tuple(
            f"{quantity}, g = {_ranges(when)}: {note}" for (quantity, note), when in notes.items()
        )

    def replicates_needed(self, quantity: str, wanted: float | None = None) -> int:
        """Replicates at which a relative discrepancy ``wanted`` would be caught, as far as the
        standard errors of these can tell."""
        ratios = [c.detectable / c.scale for c in self.cells
                  if c.quantity == quantity and c.standard_error > 0 and c.scale > 0]  # fmt: skip
        ratio = float(np.median(ratios or [np.nan])) / (self.wanted if wanted is None else wanted)
        if not np.isfinite(ratio):
            raise InputError(f"{quantity} has no cell that could be tested here")
        return ceil(self.trajectory.replicates * ratio**2)

    def table(self) -> Any:
        """One row per cell, as a pandas DataFrame."""
        import pandas as pd

        rows = [{**vars(c), "p_holm": self.adjusted.get((c.quantity, c.generation), np.nan)}
                for c in self.cells]  # fmt: skip
        return pd.DataFrame(rows).set_index(["quantity", "generation"])

    def plot(
        self, path: Any = None, *, rivals: Mapping[str, Prediction] | None = None,
        quantities: Sequence[Any] = (),
    ) -> Any:  # fmt: skip
        """Theory as lines and simulation as points, one panel per quantity.

        ``rivals`` are named wrong theories, drawn thin and grey; ``quantities`` are labels or
        observables, all if there are none.
        """
        from .plotting import plot_comparison

        return plot_comparison(self, path, rivals, quantities)

    def to_dict(self) -> dict[str, Any]:
        """Verdicts and numbers as plain data."""
        return {
            "loop": self.prediction.loop.to_dict(),
            "verdict": self.verdict,
            "level": self.level,
            "power": self.power,
            "replicates": self.trajectory.replicates,
            "quantities": {q: self._summary(q) for q in self.quantities},
            "unknown": self.prediction.unknown,
            "warnings": list(self.warnings),
            "remarks": dict(self.trajectory.remarks),
        }

    def _summary(self, quantity: str) -> dict[str, Any]:
        tested = [c for c in self.cells if c.quantity == quantity and c.tested]
        worst = max(tested, key=lambda c: abs(c.z), default=None)
        detectable = self.detectable(quantity)
        return {
            "verdict": self.verdict_of(quantity),
            "cells": len(tested),
            "largest_z": None if worst is None else worst.z,
            "at": None if worst is None else worst.generation,
            "smallest_detectable": detectable if np.isfinite(detectable) else None,
        }

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self.prediction.loop}"]
        if self.trajectory.loop != self.prediction.loop:
            lines.append(f"  simulated was another loop: {self.trajectory.loop}")
        for q in self.quantities:
            facts = self._summary(q)
            if facts["largest_z"] is None or facts["smallest_detectable"] is None:
                lines.append(f"  {q}: {facts['verdict']} (no cell can be tested)")
                continue
            lines.append(
                f"  {q}: {facts['verdict']} (largest |z| {abs(facts['largest_z']):.2f} at "
                f"g = {facts['at']} of {facts['cells']} cells; smallest detectable "
                f"discrepancy {facts['smallest_detectable']:.2%})"
            )
        if unknown := self.prediction.unknown:
            lines.append(f"  no law known, simulation only: {', '.join(unknown)}")
        lines += [f"  {q} {remark}" for q, remark in self.trajectory.remarks.items()]
        return "\n".join([*lines, *(f"  warning: {w}" for w in self.warnings)])


def compare(
    prediction: Prediction,
    trajectory: Trajectory,
    *,
    level: float = 0.001,
    power: float = 0.9,
    wanted: float = 0.05,
) -> Comparison:
    """Test a prediction against a trajectory of the same loop.

    ========== ======================================================================
    level      chance of any false alarm in the comparison, in (0, 1)
    power      chance of catching the discrepancy that is reported as detectable
    wanted     relative discrepancy that must be detectable for the word "agrees"
    ========== ======================================================================

    Exact laws are tested two-sided, bounds one-sided, by Student's t without its skewness (Hall
    1992).  Cells where one replicate carries the variance (a heavy tail, so the standard error
    lies), where the replicates are too few for so skewed a law, or whose values are not finite,
    are not tested and are named in ``warnings``.  Raises `InputError` if the two speak of nothing
    in common.
    """
    _check(prediction, trajectory)
    for name, value in (("level", level), ("power", power), ("wanted", wanted)):
        if not 0 < as_number(value, name, "a number in (0, 1)") < 1:
            raise InputError(f"{name} must be a number in (0, 1), got {value!r}")
    shared = [q for q in prediction.known if q in trajectory.quantities or q in trajectory.medians]
    if not shared and not trajectory.step_labels:
        silent = "; ".join(f"{q}: {why}" for q, why in list(prediction.unknown.items())[:2])
        raise InputError(
            "prediction and trajectory have no quantity in common"
            + (f", for theory is silent ({silent})" if silent else "")
        )
    tests = len(shared) * len(trajectory.measured) + len(trajectory.step_labels) * len(trajectory.g)
    critical = _margin(tests, level, 0.5)
    raw = [c for q in shared for c in _cells(q, prediction, trajectory, critical)]
    raw += list(_steps(trajectory, critical))
    margin = _margin(sum(c.tested for c in raw), level, power)
    cells = tuple(replace(c, detectable=margin * c.standard_error) for c in raw)
    return Comparison(prediction, trajectory, cells, level, power, wanted)


def _check(prediction: Any, trajectory: Any) -> None:
    from .prediction import Prediction
    from .trajectory import Trajectory

    for name, value, wants in (
        ("prediction", prediction, Prediction), ("trajectory", trajectory, Trajectory)
    ):  # fmt: skip
        if not isinstance(value, wants):
            raise InputError(f"{name} must be a {wants.__name__}, got {value!r}")


def holm(p_values: Sequence[float]) -> Any:
    """Holm-adjusted p values.

    statsmodels collects garbage at every call, which takes far longer than the adjustment once
    sympy is loaded; what is frozen is not gone through.
    """
    from statsmodels.stats.multitest import multipletests

    gc.freeze()
    try:
        return multipletests(p_values, method="holm")[1]
    finally:
        gc.unfreeze()


def _margin(tests: int, level: float, power: float) -> float:
    """Standard errors between a discrepancy and zero: critical value plus power's quantile."""
    from scipy.stats import norm

    return float(norm.isf(level / (2 * max(tests, 1))) + norm.ppf(power))


def _cells(
    quantity: str, prediction: Prediction, trajectory: Trajectory, critical: float
) -> Iterator[Cell]:
    entry = prediction.entry(quantity)
    with np.errstate(invalid="ignore"):
        scales = np.broadcast_to(np.abs(entry.scale(entry.values)), entry.values.shape)
    if quantity in trajectory.medians:
        found = _median_cells(quantity, prediction, trajectory)
    else:
        found = _mean_cells(quantity, prediction, trajectory, critical)
    for cell in found:
        yield replace(cell, scale=float(scales[cell.generation]))


def _mean_cells(
    quantity: str, prediction: Prediction, trajectory: Trajectory, critical: float
) -> Iterator[Cell]:
    entry, row = prediction.entry(quantity), trajectory.quantities.index(quantity)
    mean, error = trajectory.mean(quantity), trajectory.standard_error(quantity)
    counts, skewness = trajectory.summary.count[row], trajectory.summary.skewness[row]
    notes = _notes(row, entry, trajectory, critical)
    finite = np.abs(entry.values[np.isfinite(entry.values)])
    size = float(finite.max(initial=0.0)) or float(np.nanmax(np.abs(mean), initial=0.0))
    for i, g in enumerate(trajectory.g):
        if g <= prediction.generations and counts[i]:
            yield _cell(quantity, int(g), float(entry.values[g]), float(mean[i]),
                        float(error[i]), entry.kind, notes[i], size, int(counts[i]),
                        float(skewness[i]), _stated(entry, int(g)))  # fmt: skip


def _median_cells(quantity: str, prediction: Prediction, trajectory: Trajectory) -> Iterator[Cell]:
    """A median against its distribution-free interval, read as ± 1.96 standard errors."""
    from scipy.stats import norm

    from .trajectory import CONFIDENCE

    estimate, lower, upper = trajectory.quantile(quantity)
    width = 2 * norm.ppf((1 + CONFIDENCE) / 2)
    for i, g in enumerate(trajectory.quantile_table.places):
        if g <= prediction.generations:
            error = float(upper[i] - lower[i]) / width
            note = "" if np.isfinite(error) else "its interval is not bounded by any replicate"
            if not note and trajectory.replicates < FEW:
                note = f"fewer than {FEW} replicates give no reliable interval of a median"
            entry = prediction.entry(quantity)
            yield _cell(quantity, int(g), float(entry.values[g]), float(estimate[i]), error,
                        Exact(), note, stated=_stated(entry, int(g)))  # fmt: skip


def _stated(entry: Entry, g: int) -> float:
    """The stated error of a numerical prediction, which no simulation can hold against it."""
    return 0.0 if entry.error is None else float(entry.error[g])


def _cell(
    quantity: str, g: int, predicted: float, measured: float, error: float, kind: Kind, note: str,
    scale: float = 1.0, count: float = np.inf, skewness: float = 0.0, stated: float = 0.0,
) -> Cell:  # fmt: skip
    """One cell; what differs by less than the rounding errors of its ``scale``, or by less than
    the ``stated`` error of a numerical prediction, is the same."""
    from scipy.special import stdtr  # what scipy.stats.t.sf calls, without its checks

    z, p = float("nan"), float("nan")
    if not isinstance(kind, Exact | Bound | Law):
        note = note or f"its law is {kind}, which a single n cannot test"
    elif not note and not np.isfinite(predicted):
        note = "the predicted expectation is infinite"
    elif not note and error <= ROUNDING * scale:
        same = abs(measured - predicted) <= ROUNDING * scale
        z, p = (0.0, 1.0) if same else (float(np.sign(measured - predicted)) * np.inf, 0.0)
    elif not note:
        gap = measured - predicted
        z = float(np.sign(gap)) * max(abs(gap) - stated, 0.0) / error
        if skewness:
            z = unskewed(z, skewness, int(count))
        p = 2 * stdtr(count - 1, -abs(z))
        if isinstance(kind, Bound):
            p = stdtr(count - 1, -z if kind.side == "upper" else z)
    return Cell(quantity, g, predicted, measured, error, z, float(p), float("nan"), note)


def _notes(row: int, entry: Entry, trajectory: Trajectory, critical: float) -> list[str]:
    """Why a cell cannot be tested by its mean and standard error ('' where it can)."""
    s, real = trajectory.summary, _walked(trajectory)
    skewness = s.skewness[row]
    notes = []
    for i, g in enumerate(trajectory.g):
        count, mean, m2 = s.count[row, i], s.mean[row, i], s.m2[row, i]
        with np.errstate(all="ignore"):
            share = max(s.maximum[row, i] - mean, mean - s.minimum[row, i]) ** 2 / m2
        note = ""
        if count < 2:
            note = "fewer than two replicates give no standard error"
        elif s.nonfinite[row, i] or not np.isfinite(m2):
            note = f"{int(s.nonfinite[row, i])} replicates are infinite or not a number"
        elif m2 == 0 and s.maximum[row, i] > s.minimum[row, i]:
            note = "its spread is too small for floating-point numbers"
        elif m2 == 0 and entry.variance is None and mean != entry.values[min(g, entry.last)]:
            note = "heavy tail: all replicates are equal, the rare runs have not been seen"
        elif real and g > 0:
            note = real
        elif m2 > 0 and share > heavy_share(count):
            note = "heavy tail: one replicate carries the variance, so the standard error lies"
        elif _unseen(entry, g, count, m2, skewness[i]):
            note = "heavy tail: the rare runs that carry the variance have not been seen"
        elif m2 > 0 and skewed(skewness[i], count, critical):
            note = "too few replicates for so skewed a law: their mean is not near normal yet"
        notes.append(note)
    return notes


def _unseen(entry: Entry, g: int, count: int, m2: float, skewness: float) -> bool:
    """Whether the rare runs that carry the predicted variance have not been seen.

    The prediction is asked for last: it may take long to work out.
    """
    if count >= MANY and not abs(skewness) > WILD:
        return False
    if entry.variance is None or g >= len(entry.variance):
        return False
    return bool(m2 / (count - 1) < 0.5 * entry.variance[g])


def _walked(trajectory: Trajectory) -> str:
    """Why runs through a finite file without replacement obey no law here ('' if they do not)."""
    rows = trajectory.options.real
    if rows is None or trajectory.options.replacement or trajectory.loop.remembers_all(rows):
        return ""
    return ("the rows of a finite file are drawn without replacement, and no law here is that of "
            "such rows; draw with replacement, or use FixedPool with all of them")  # fmt: skip


MANY, WILD = 1000, 5.0
"""Among so many replicates a law whose rare runs carry the variance shows at least that skewness;
where it does not, the variance that was seen is the true one, whatever a theory says."""
FEW = 30
"""Replicates below which nothing is said of a median."""


def unskewed(z: float, skewness: float, count: int) -> float:
    """Hall's (1992) monotone transformation, which takes the skewness out of Student's t.

    The error of a skewed law goes up and down with its mean, so that z leans the other way:
    z + γz²/3√R + γ²z³/27R + γ/6√R is symmetric to the next order.
    """
    lean = skewness / np.sqrt(count)
    return float(z + lean * z**2 / 3 + lean**2 * z**3 / 27 + lean / 6)


def skewed(skewness: float, count: int, critical: float, corrected: bool = True) -> bool:
    """Whether skewness could distort a tail beyond the critical value by more than a factor 3.

    By Edgeworth's expansion the tail of a mean beyond z is off by exp(γz³/6√R); once that order
    is taken out by `unskewed`, by about exp(γ²z⁴/4R).  γ is taken one of its own standard
    errors, √(6/R), above what was seen.
    """
    worst = (abs(skewness) + np.sqrt(6 / count)) / np.sqrt(count)
    exponent = (worst * critical**2) ** 2 / 4 if corrected else worst * critical**3 / 6
    return bool(exponent > np.log(3))


def heavy_share(count: int) -> float:
    """Share of the sum of squares above which one replicate is too heavy.

    The largest of R squares of normal deviations (a squared error, a variance at n = 2)
    carries about 2 ln² R / R; twice that, or a twentieth, whichever is more.
    """
    return float(max(0.05, 4 * np.log(count) ** 2 / count))


def _steps(trajectory: Trajectory, critical: float) -> Iterator[Cell]:
    """Step residuals have mean zero and variance one by the kernel: their z needs no estimate."""
    s, skewness = trajectory.steps, trajectory.steps.skewness
    for row, label in enumerate(trajectory.step_labels):
        for i, g in enumerate(trajectory.g):
            count = s.count[row, i]
            if count > 1 and np.isfinite(s.mean[row, i]) and s.m2[row, i] > 0:
                few = skewed(skewness[row, i], count, critical, corrected=False)
                note = "too few replicates for so skewed a step" if few else ""
                yield _cell(label, int(g), 0.0, float(s.mean[row, i]), 1 / np.sqrt(count),
                            Exact(), note)  # fmt: skip


def _ranges(numbers: list[int]) -> str:
    """[1, 2, 3, 7] -> '1-3, 7'."""
    parts, start, last = [], numbers[0], numbers[0]
    for k in [*numbers[1:], None]:
        if k is None or k != last + 1:
            parts.append(str(start) if start == last else f"{start}-{last}")
            start = k if k is not None else last
        last = k if k is not None else last
    return ", ".join(parts)
