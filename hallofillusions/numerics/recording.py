"""What a block of replicates writes down as it runs: observables of models, monitors of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..families.base import Snapshot
from ..starts import Memory
from .sources import Source
from .streaming import Summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..simulation import Plan

CHUNK = 2**15
"""Models that are measured at once."""


class Recorder:
    """Keeps the models of a chunk of generations and measures them together.

    What an observable measures on data, the model's own training set or output, it is shown at
    once.
    """

    def __init__(self, plan: Plan, source: Source) -> None:
        self.plan, self.family = plan, plan.loop.family
        self.replicates = source.replicates
        rows, quantities = len(plan.ticks) + 1, len(plan.measured)
        held = len(plan.at)
        size = self.replicates * self.family.dimension
        self.most = min(held, max(1, CHUNK // size))
        self.rows = 1 if self.family.bulky else self.most
        self.scratch = np.empty((self.most, self.replicates))
        self.summary = Summary.empty(quantities, rows)
        self.raw = np.empty((quantities, len(plan.raw), self.replicates))
        self.models: dict[str, NDArray[Any]] = {}
        self.start: Any = None
        self.held: list[int] = []
        self.measured: list[int] = []
        self.values: list[list[Any]] = [[] for _ in plan.measured]  # of an observable each
        self.source = source
        self.remarks: dict[str, str] = {}
        self.on_data = {o: np.empty((rows, source.replicates)) for o in plan.measured
                        if getattr(o, "sees", "")}  # fmt: skip

    def add(self, g: int, model: Any, training: Any) -> None:
        if g in self.plan.at:
            shown = {"training": training, **self._shown(g)}
            for observable, values in self.on_data.items():
                values[g] = observable.measure_on(self.family, model, shown[observable.sees])
        if g == 0:  # it may be one law for all replicates: the first fit tells the shapes
            self.start = model
            return
        if g == 1:
            self.models = {k: np.empty((self.rows, *v.shape), v.dtype) for k, v in model.items()}
            self._put(0, self.start)
        self._put(g, model)

    def _shown(self, g: int) -> dict[str, Any]:
        """What the model says: the same points for all that look at it."""
        kinds = {o.sees for o in self.on_data} - {"training"}
        return self.source.shown(self.plan.ticks[max(g - 1, 0)].n, kinds) if kinds else {}

    def _put(self, g: int, model: Any) -> None:
        if g not in self.plan.at:
            return
        if len(self.held) == self.rows:
            self._measure()
        if len(self.measured) == self.most:
            self.flush()
        for name, row in self.models.items():
            row[len(self.held)] = model[name]
        self.held.append(g)

    def flush(self) -> None:
        """Summarise all that was put."""
        self._measure()
        if not (held := self.measured):
            return
        places = [(k, held.index(g)) for k, g in enumerate(self.plan.raw) if g in held]
        for row, parts in enumerate(self.values):
            values = parts[0] if len(parts) == 1 else np.concatenate(parts)
            self.summary.assign((row, held), Summary.of(values, self.scratch[: len(held)]))
            for k, place in places:
                self.raw[row, k] = values[place]
        self.measured, self.values = [], [[] for _ in self.values]

    def _measure(self) -> None:
        """Measure the models that were put and forget them."""
        if not (held := self.held):
            return
        used = len(held)
        models = Snapshot({k: v[:used] for k, v in self.models.items()})
        for observable, parts in zip(self.plan.measured, self.values, strict=True):
            if observable in self.on_data:
                values = self.on_data[observable][held]
            else:
                values = np.asarray(observable.measure(self.family, models), dtype=float)
                values = np.broadcast_to(values, (used, self.replicates))
            self._remark(observable, models, values)
            # what is not summarised at once must not change with the next models
            parts.append(values.copy() if self.rows < self.most else values)
        self.measured += held
        self.held = []

    def _remark(self, observable: Any, models: Any, values: Any) -> None:
        """Why the first value that is not finite is not, where the observable can tell."""
        remark = getattr(observable, "remark", None)
        if remark is None or observable.label in self.remarks or np.isfinite(values).all():
            return
        row, replicate = np.argwhere(~np.isfinite(values))[0]
        own = {k: v[row, replicate] for k, v in models.items()}
        if why := remark(self.family, own):
            self.remarks[observable.label] = f"is infinite at g = {self.held[row]}: {why}"


class Watcher:
    """Shows the monitors each step: (memory, model) before and after."""

    def __init__(self, plan: Plan, source: Source) -> None:
        self.plan, self.source, self.family = plan, source, plan.loop.family
        self.blind = plan.loop.faithful_start or isinstance(plan.loop.start, Memory)
        self.summary = Summary.empty(sum(len(m.labels) for m in plan.monitors), len(plan.ticks) + 1)
        self.labels = _memory_labels(plan) if plan.monitors else []
        self.before: dict[str, Any] = {}
        self._memory: tuple[Any, dict[str, Any]] = (None, {})

    def add(self, g: int, memory: Any, model: Any) -> None:
        if g not in self.plan.at and g + 1 not in self.plan.at:
            return
        after = self._state(memory, model)
        if g in self.plan.at and (g > 1 or (g == 1 and not self.blind)):
            parts = [np.asarray(m.measure(self.before, after, g - 1)) for m in self.plan.monitors]
            self.summary.assign((slice(None), g), Summary.of(np.concatenate(parts)))
        self.before = after

    def _state(self, memory: Any, model: Any) -> dict[str, Any]:
        """Coordinates of (memory, model), each an array with one entry per replicate."""
        state = {**self._remembered(memory), **self.family.coordinates(model)}
        shape = (self.source.replicates,)
        return {k: np.broadcast_to(v, shape) if np.ndim(v) == 0 else v for k, v in state.items()}

    def _remembered(self, memory: Any) -> dict[str, Any]:
        if memory is None:
            return {}
        if memory is not self._memory[0]:  # a fixed memory is measured once
            means = self.source.means(memory, self.labels)
            named = {f"memory_{self.family.name(k)}": v for k, v in means.items()}
            self._memory = memory, named
        return self._memory[1]


def _memory_labels(plan: Plan) -> list[Any]:
    """The functions of x whose means over the memory the monitors ask for."""
    asked = {label for m in plan.monitors for label in getattr(m, "memory_labels", ())}
    family = plan.loop.family
    return sorted(asked) if asked else family.labels(max(family.features.values()))
