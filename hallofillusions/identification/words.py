"""An identification in words: one sentence on top, then the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..printing import table, wrapped
from .verdicts import REJECTED

if TYPE_CHECKING:
    from .verdicts import Candidate, Identification

ROWS = 12
"""Rejected candidates that are listed."""


def summary(found: Identification) -> str:
    """What was found, in one sentence."""
    parts = [_agreement(found)]
    stated = found.of_stated
    if stated is not None and stated.verdict == REJECTED:
        parts.append(f"the {_kind(stated)} that you state is rejected ({stated.finding})")
    elif stated is not None and stated is not found.best:
        parts.append(f"the {_kind(stated)} that you state is compatible, too")
    if found.departure is not None:
        parts.append(str(found.departure))
    if np.isfinite(found.detectable):
        parts.append(f"smallest detectable difference {found.detectable:.2g} of the variance"
                     if found.detectable >= 1 else
                     f"smallest detectable difference {100 * found.detectable:.2g} %")  # fmt: skip
    return "; ".join(parts) + "."


def _kind(candidate: Candidate) -> str:
    return candidate.name.split(",")[0]


def _agreement(found: Identification) -> str:
    good = found.compatible
    if not good:
        best = found.best
        return (f"Your runs agree with none of {len(found.candidates)} sentences; the nearest is "
                f"{best.name} ({best.finding})")  # fmt: skip
    text = f"Your runs agree with {_with_numbers(good[0])}"
    if len(good) > 1:
        known = [c.runs_needed for c in good[1:] if c.runs_needed is not None]
        rest = "another sentence" if len(good) == 2 else f"{len(good) - 1} other sentences"
        never = len(good) - 1 - len(known)
        runs = f"about {max(known)} runs would separate {'the rest' if never else 'all'}" \
            if known else ""
        none = f"no number of runs separates {never}" if never else ""
        text += f", not separable by these from {rest} ({'; '.join(filter(None, (none, runs)))})"
    return text


def _with_numbers(candidate: Candidate) -> str:
    numbers = ", ".join(map(str, candidate.estimates))
    return candidate.name + (f" with {numbers}" if numbers else "")


def report(found: Identification) -> str:
    """The sentence, the remarks and the table."""
    lines = [wrapped(found.sentence)]
    lines += [wrapped(f"note: {r}") for r in found.remarks]
    shown = [*found.compatible, *found.rejected[:ROWS]]
    rows = [
        (c.verdict, _with_numbers(c), str(c.finding), float(f"{c.p_holm:.2g}"),
         f"{c.density - found.best.density:.1f}",
         str(c.runs_needed) if c.verdict != REJECTED and c.runs_needed else "")
        for c in shown
    ]  # fmt: skip
    header = ("verdict", "sentence", "what speaks most against it", "p (Holm)", "log density",
              "runs to separate")  # fmt: skip
    lines += ["", table(header, rows)]
    if (more := len(found.rejected) - ROWS) > 0:
        lines.append(f"and {more} more that are rejected")
    for c in found.compatible:
        lines += ["", f"{c.name}: {c.equation} [{', '.join(c.references)}]"]
        twins = dict.fromkeys(s.name for s in c.same_as)
        lines += [f"  the same law: {twin}" for twin in twins if twin != c.name]
    return "\n".join(lines)
