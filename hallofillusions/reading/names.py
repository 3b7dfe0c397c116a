"""What the name of a column says: an axis, a quantity, or one component of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..component import near
from ..symbols import InputError

AXES = {
    "replicate": ("replicate", "run", "seed", "chain", "replicates", "runs", "rep"),
    "generation": ("generation", "g", "gen", "step", "iteration", "generations", "iter"),
    "context": ("context", "contexts"),
    "component": ("component", "dim", "feature", "dimension", "coordinate", "cluster"),
    "type": ("type", "token", "category", "symbol", "types", "word"),
}
"""The axes, in the order in which arrays have them, and words for each, the first ones first."""
ROLES = {
    "mean": ("mean", "mu", "m", "average", "avg", "loc", "location"),
    "variance": ("variance", "var", "sigma2", "s2", "v", "covariance", "cov", "sigma squared",
                 "variances", "covariances"),
    "standard deviation": ("standard deviation", "sd", "std", "sigma", "scale", "stdev", "std dev",
                           "stddev"),
    "counts": ("counts", "count", "n", "c"),
    "probabilities": ("probabilities", "probability", "prob", "p", "q", "freq", "probs",
                      "frequency", "frequencies"),
    "weight": ("weight", "weights", "w"),
}  # fmt: skip
"""What a column can hold, and words for each."""
LETTERS = {"n", "c", "p", "q", "w"}
"""Words that mean other things where no index or axis of types follows."""
MANY = ("counts", "probabilities", "weight")
"""What takes several columns, or an axis: one entry a type or a component."""
OTHERS = {"n_r", "n_s", "n_real", "n_synthetic", "n_samples", "n_points", "n_iter", "p_value"}
"""Names of other things that look like types."""
PARAMETERS = {"mu_0", "sigma_0", "m_0"}
"""Parameters of a loop whose names look like components, where they stand alone."""
IGNORE = "ignore"
SPELLED = str.maketrans({"μ": "mu", "µ": "mu", "σ": "sigma", "Σ": "sigma", "²": "2", "^": None})


@dataclass(frozen=True)
class Reading:
    """What one name says: a role or an axis, the index of a component, and who said so."""

    role: str
    index: str | None = None
    stem: str = ""
    said: bool = False

    @property
    def kind(self) -> str:
        """The role, with the variance for its square root."""
        return "variance" if self.role == "standard deviation" else self.role


def _stems() -> tuple[dict[str, str], Any]:
    """Word -> role, and a pattern for a word alone, with digits, or with an index."""
    roles = {word: role for role, words in ROLES.items() for word in words}
    words = sorted(roles, key=len, reverse=True)
    either = "|".join(word.replace(" ", "[_ .-]?") for word in words)
    return roles, re.compile(rf"({either})(?:(\d+)|[\[(](.+?)[\])]|[_ .:-](.+))?", re.IGNORECASE)


STEMS, PATTERN = _stems()


def read_name(name: str) -> Reading | None:
    """What a name says of the quantity in it, or None.

    >>> read_name("Sigma^2").role, read_name("mu_x").index, read_name("colour")
    ('variance', 'x', None)
    """
    found = PATTERN.fullmatch(name.strip().translate(SPELLED))
    if found is None or name.strip().lower() in OTHERS:
        return None
    stem = re.sub(r"[_ .-]+", " ", found[1].lower())
    role = STEMS.get(stem) or next(r for w, r in STEMS.items() if w.replace(" ", "") == stem)
    index = next((part.strip() for part in found.groups()[1:] if part), None)
    return Reading(role, index, stem)


def axis_of(name: Any) -> str | None:
    """The axis that a name means; ``component_2`` and ``component'`` are components too."""
    plain = re.sub(r"[\s_.'-]*\d*'*$", "", str(name).strip().lower()) or str(name).strip().lower()
    return next((axis for axis, words in AXES.items() if plain in words), None)


def axis_columns(names: Iterable[str], said: Mapping[str, Reading | None]) -> dict[str, str]:
    """Axis -> the column of its labels: as said, else the first of its words that is there."""
    free = {n.strip().lower(): n for n in reversed(list(names)) if n not in said}
    found = {}
    for axis, words in AXES.items():
        told = [n for n, r in said.items() if r is not None and r.role == axis]
        if len(told) > 1:
            raise InputError(f"columns must name one {axis}, got {told[0]!r} and {told[1]!r}")
        column = told[0] if told else next((free[w] for w in words if w in free), None)
        if column is not None:
            found[axis] = column
    return found


def said_of(columns: Any, names: Iterable[str]) -> dict[str, Reading | None]:
    """What the user says of columns, name -> reading; None is a column to be left out."""
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise InputError(
            f"columns must be a mapping of your names to quantities, got {type(columns).__name__}"
        )
    known = [str(name) for name in names]
    for name in map(str, columns):
        if name not in known:
            others = f"; there are {', '.join(known)}" if known else ""
            hint = near(name, known, others)
            raise InputError(f"columns names {name!r}, which is not there{hint}")
    return {str(name): _said(str(name), what) for name, what in columns.items()}


def _said(name: str, what: Any) -> Reading | None:
    if what is None or what == IGNORE:
        return None
    word = str(what).strip().lower()
    if word in AXES:
        return Reading(word, said=True)
    reading = read_name(str(what))
    if reading is None:
        known = [*ROLES, *AXES, IGNORE]
        raise InputError(
            f"columns must say what {name!r} is, one of {', '.join(known)}, got {what!r}"
            f"{near(word, known)}"
        )
    return Reading(reading.role, reading.index, reading.stem, said=True)


def listed(names: Iterable[str]) -> str:
    """``'a', 'b' and 'c'``; of more than six, the first and the last."""
    quoted = [repr(name) for name in names]
    if len(quoted) > 6:
        return f"{quoted[0]}, {quoted[1]}, … and {quoted[-1]}"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
