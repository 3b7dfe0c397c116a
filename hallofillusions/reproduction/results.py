"""Reading a results folder: what the figures and the paper are made of."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..trajectory import Trajectory

COLUMNS = ("generation", "theory", "simulated", "lower", "upper", "z")


@dataclass(frozen=True)
class Series:
    """One quantity of one run over generations; ``theory`` is NaN where no law is known."""

    generation: NDArray[np.float64]
    theory: NDArray[np.float64]
    simulated: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    z: NDArray[np.float64]
    source: str

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.theory).any())

    def bars(self, places: Any) -> Any:
        """Lengths of the error bars at some places: (below, above)."""
        below = self.simulated[places] - self.lower[places]
        return np.maximum([below, self.upper[places] - self.simulated[places]], 0.0)


@dataclass(frozen=True)
class Results:
    """A results folder that `reproduce` wrote."""

    folder: Path

    @classmethod
    def at(cls, folder: Any) -> Results:
        """The results in a folder, or an `InputError` that says that there are none."""
        path = Path(folder)
        if not (path / "results.json").is_file():
            raise InputError(f"{path} holds no results.json; 'hallofillusions reproduce' makes one")
        return cls(path)

    @cached_property
    def records(self) -> dict[str, Any]:
        """Everything in ``results.json``."""
        return _records(*_state(self.folder / "results.json"))

    @cached_property
    def _series(self) -> dict[tuple[str, str, str], list[dict[str, str]]]:
        return _rows(*_state(self.folder / "series.csv"))

    def runs(self, study: str) -> list[str]:
        """The names of a study's runs, in their order."""
        found = [r["run"] for r in self.records["runs"] if r["study"] == study]
        if not found:
            raise InputError(f"the results hold no run of the study {study!r}")
        return list(dict.fromkeys(found))

    def run(self, study: str, name: str) -> dict[str, Any]:
        """One run's record."""
        for record in self.records["runs"]:
            if (record["study"], record["run"]) == (study, name):
                return dict(record)
        raise InputError(f"the results hold no run {name!r} of the study {study!r}")

    def series(self, study: str, name: str, quantity: str) -> Series:
        """One quantity of one run, as arrays over generations."""
        rows = self._series.get((study, name, quantity))
        if rows is None:
            raise InputError(f"the results hold no {quantity!r} of {study} {name}")
        columns = [np.array([float(r[c] or "nan") for r in rows]) for c in COLUMNS]
        return Series(**dict(zip(COLUMNS, columns, strict=True)), source=rows[-1]["source"])

    def trajectory(self, study: str, name: str) -> Trajectory:
        """The saved trajectory of one run."""
        from ..trajectory import Trajectory

        return Trajectory.load(self.folder / "trajectories" / self.run(study, name)["file"])

    def figure(self, name: str) -> list[Path]:
        """Where a figure goes: a vector file and a picture."""
        folder = self.folder / "figures"
        folder.mkdir(exist_ok=True)
        return [folder / f"{name}.{kind}" for kind in ("pdf", "png")]


def _state(path: Path) -> tuple[Path, int, int]:
    """A file and what tells it from an earlier one of its name: one process draws many figures."""
    found = path.stat()
    return path.absolute(), found.st_mtime_ns, found.st_size


@lru_cache(maxsize=1)
def _records(path: Path, *_: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def _rows(path: Path, *_: int) -> dict[tuple[str, str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault((row["study"], row["run"], row["quantity"]), []).append(row)
    return found


def main(draw: Callable[[Any], Any]) -> int:
    """Run a figure script alone: ``python paper/figures/NAME.py [RESULTS]``."""
    folder = sys.argv[1] if len(sys.argv) > 1 else "results"
    try:
        for path in draw(folder):
            print(path)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
