"""One loop over a grid of any of its fields, theory and simulation on the same labelled axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from .loop import FeedbackLoop, check_loop
from .symbols import InputError
from .theory import predict

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .comparison import Comparison
    from .prediction import Prediction
    from .trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Sweep:
    """Predictions and trajectories of one loop over a grid.

    ============ =====================================================================
    axes         field -> its values, in the order of the grid's axes
    loops        grid point (a tuple of positions) -> loop
    predictions  likewise; trajectories too (empty if nothing was simulated)
    ============ =====================================================================
    """

    axes: Mapping[str, tuple[Any, ...]]
    loops: Mapping[tuple[int, ...], FeedbackLoop]
    predictions: Mapping[tuple[int, ...], Prediction]
    trajectories: Mapping[tuple[int, ...], Trajectory]

    def compare(self, **options: Any) -> dict[tuple[int, ...], Comparison]:
        """Theory against simulation at every grid point, at one false-alarm rate for all."""
        from .comparison import compare

        level = options.pop("level", 0.001) / max(len(self.trajectories), 1)
        return {
            at: compare(self.predictions[at], t, level=level, **options)
            for at, t in self.trajectories.items()
        }

    def to_xarray(self) -> Any:
        """``predicted``, ``mean`` and ``standard_error`` over (fields …, quantity, generation).

        What theory does not know, or what was not simulated, is NaN.
        """
        import xarray as xr

        first = next(iter(self.predictions.values()))
        labels, length = list(first.labels), first.generations + 1
        shape = (*map(len, self.axes.values()), len(labels), length)
        data = {name: np.full(shape, np.nan) for name in ("predicted", "mean", "standard_error")}
        for at, prediction in self.predictions.items():
            for i, label in enumerate(labels):
                if prediction.entry(label).known:
                    data["predicted"][(*at, i)] = prediction[label]
                if at in self.trajectories and label in self.trajectories[at].quantities:
                    data["mean"][(*at, i)] = self.trajectories[at].mean(label)
                    data["standard_error"][(*at, i)] = self.trajectories[at].standard_error(label)
        dims = (*self.axes, "quantity", "generation")
        coords = {name: [_tick(v) for v in values] for name, values in self.axes.items()}
        return xr.Dataset(
            {name: (dims, values) for name, values in data.items()},
            coords={**coords, "quantity": labels, "generation": np.arange(length)},
        )

    def to_dataframe(self) -> Any:
        """One row per grid point, quantity and generation."""
        return self.to_xarray().to_dataframe()


def sweep(
    loop: FeedbackLoop,
    generations: int = 20,
    *,
    simulated: bool = True,
    observables: Sequence[Any] | None = None,
    rng: Any = None,
    replicates: int = 10_000,
    executor: Executor | None = None,
    literal: bool = False,
    quantiles_at: Sequence[int] = (),
    **axes: Sequence[Any],
) -> Sweep:
    """Theory and simulation over a grid of any fields of the loop.

    =========== =====================================================================
    loop        the loop whose fields are varied
    axes        field -> values: ``n``, ``mixing``, ``bias``, … or a field of one of them
                (``alpha``, ``lam``, ``variance``)
    simulated   whether to simulate as well as to predict
    rng         seed of the whole sweep; every grid point has its own child
    the others  ``replicates``, ``executor``, ``literal`` and ``quantiles_at`` are those of
                `simulate`
    =========== =====================================================================

    ``sweep(loop, alpha=[0.5, 0.9], n=[10, 100])`` is a grid of four loops.

    Raises `InputError` for a field that no part of the loop has.
    """
    check_loop(loop)
    if not axes:
        raise InputError("sweep wants at least one field with values, such as alpha=[0.5, 0.9]")
    grid = {name: _values(name, values) for name, values in axes.items()}
    loops = dict(_points(loop, grid))
    predictions = {at: predict(one, generations, observables) for at, one in loops.items()}
    trajectories = {}
    if simulated:
        from .simulation import simulate
        from .trajectory import Seed

        seeds = Seed.of(rng).sequence().spawn(len(loops))
        for (at, one), seed in zip(loops.items(), seeds, strict=True):
            trajectories[at] = simulate(
                one, generations, replicates=replicates, rng=seed, executor=executor,
                literal=literal, observables=observables, quantiles_at=quantiles_at,
            )  # fmt: skip
    return Sweep(grid, loops, predictions, trajectories)


def _values(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise InputError(f"{name} must be a list of values, got {values!r}")
    values = tuple(v.item() if isinstance(v, np.generic) else v for v in values)
    if not values:
        raise InputError(f"{name} must have at least one value, got none")
    return values


def _points(
    loop: FeedbackLoop, grid: Mapping[str, tuple[Any, ...]]
) -> Iterator[tuple[tuple[int, ...], FeedbackLoop]]:
    for at in product(*(range(len(v)) for v in grid.values())):
        chosen = {name: values[i] for (name, values), i in zip(grid.items(), at, strict=True)}
        yield at, with_fields(loop, chosen)


def with_fields(loop: FeedbackLoop, chosen: Mapping[str, Any]) -> FeedbackLoop:
    """The loop with some of its fields, or of its parts' fields, changed together."""
    own = {f.name for f in fields(loop)}
    changed = {name: value for name, value in chosen.items() if name in own}
    for name in set(chosen) - own:
        homes = [role for role, part in {**loop.parts, **changed}.items()
                 if is_dataclass(part) and name in {f.name for f in fields(part)}]  # fmt: skip
        if len(homes) != 1:
            reason = "no part has it" if not homes else f"{' and '.join(homes)} have it"
            raise InputError(f"{name} must be a field of exactly one part of the loop; {reason}")
        part = changed.get(homes[0], getattr(loop, homes[0]))
        changed[homes[0]] = replace(part, **{name: chosen[name]})
    return replace(loop, **changed)


def _tick(value: Any) -> Any:
    """A grid value as a coordinate: numbers as they are, parts by their repr."""
    return value if isinstance(value, int | float) else str(value)
