"""Trajectories as netCDF-3 files that can be run again."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..component import Component, construct, find
from ..files import replacing
from ..loop import FeedbackLoop
from ..symbols import InputError
from ..trajectory import Options, Trajectory
from .seeds import Seed
from .streaming import Quantiles, Summary


def write(trajectory: Trajectory, path: Any) -> Path:
    """Write the file whole or not at all."""
    path = Path(path)
    data = trajectory.to_xarray().assign(_more(trajectory))
    data.attrs = {
        "title": "hallofillusions trajectory",
        "loop": trajectory.loop.to_toml(),
        "facts": json.dumps(_facts(trajectory)),
    }
    try:
        with replacing(path) as part:
            data.to_netcdf(part, engine="scipy", format="NETCDF3_64BIT")
    except OSError as error:
        raise InputError(f"path must be a file that can be written, got {path}: {error}") from None
    return path


def _more(trajectory: Trajectory) -> dict[str, Any]:
    """The arrays that a file holds beside those of `Trajectory.to_xarray`."""
    axes = {"": ("quantity", "generation"), "steps_": ("step", "generation")}
    summaries = {"": trajectory.summary}
    if trajectory.step_labels:
        summaries["steps_"] = trajectory.steps
    found: dict[str, Any] = {
        f"{prefix}{name}": (axes[prefix], getattr(summary, name))
        for prefix, summary in summaries.items() for name in ("m2", "m3")
    }  # fmt: skip
    if (real := trajectory.options.real) is not None:
        kind = np.int16 if real.dtype == np.uint8 else real.dtype  # netCDF-3 has no bytes above 127
        found["real"] = (("row", "component")[: real.ndim], real.astype(kind))
    return found


def _facts(trajectory: Trajectory) -> dict[str, Any]:
    """Everything of the trajectory that is not an array."""
    t, seed, options = trajectory, trajectory.seed, trajectory.options
    return {
        "replicates": t.replicates, "generations": t.generations, "first": t.first,
        "kept": t.kept, "medians": dict(t.medians), "versions": dict(t.versions),
        "remarks": dict(t.remarks),
        "literal": t.literal, "literal_reason": t.literal_reason,
        "probabilities": t.quantile_table.probabilities,
        "seed": seed and [seed.entropy, seed.spawn_key, seed.pool_size],
        "options": {
            "observables": [describe(o) for o in options.observables],
            "quantiles": options.quantiles, "quantiles_at": options.quantiles_at,
            "keep": options.keep, "literal": options.literal,
            "replacement": options.replacement, "at": options.at,
        },
    }  # fmt: skip


def read(path: Any, loop: FeedbackLoop | None = None) -> Trajectory:
    """The trajectory that `write` wrote."""
    import xarray

    try:
        data = xarray.load_dataset(path, engine="scipy")
        facts = json.loads(data.attrs["facts"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"path must be a file that Trajectory.save wrote, got {path} ({_reason(error)})"
        ) from None
    loop = loop or FeedbackLoop.from_toml(data.attrs["loop"])
    steps = tuple(map(str, data["step"].values)) if "step" in data.coords else ()
    seed = facts["seed"]
    return Trajectory(
        loop, facts["generations"], facts["replicates"],
        tuple(map(str, data["quantity"].values)), _summary(data, ""), _quantiles(data, facts),
        tuple(facts["kept"]), data["values"].values if "values" in data else None,
        {k: (of, p) for k, (of, p) in facts["medians"].items()},
        steps, _summary(data, "steps_") if steps else Summary.empty(0, 0), facts["first"],
        seed and Seed(seed[0], tuple(seed[1]), seed[2]), facts["literal"],
        facts["literal_reason"], _options(data, facts["options"]), facts["versions"],
        facts.get("remarks", {}),
    )  # fmt: skip


def _quantiles(data: Any, facts: Any) -> Quantiles:
    probabilities = tuple(facts["probabilities"])
    if "quantile" not in data:
        empty = np.empty((data.sizes["quantity"], len(probabilities), 0))
        return Quantiles(probabilities, (), empty, empty, empty)
    parts = (data[n].values for n in ("quantile", "quantile_lower", "quantile_upper"))
    places = tuple(map(int, data["quantile_generation"].values))
    return Quantiles(probabilities, places, *parts)


def _options(data: Any, options: Any) -> Options:
    return Options(
        tuple(options["observables"]), tuple(options["quantiles"]),
        tuple(options["quantiles_at"]), tuple(options["keep"]), (), options["literal"],
        data["real"].values if "real" in data else None, options.get("replacement", False),
        tuple(options.get("at", ())),
    )  # fmt: skip


def _summary(data: Any, prefix: str) -> Summary:
    names = ("count", "mean", "m2", "m3", "minimum", "maximum", "nonfinite")
    parts = {n: data[prefix + n].values for n in names}
    whole = {n: parts[n].astype(np.int64) for n in ("count", "nonfinite")}
    return Summary(**{**parts, **whole})


# -- observables in files ---------------------------------------------------------------------


def describe(part: Any) -> Any:
    """A shipped observable as plain data, from which `rebuilt` makes it; else only its label."""
    if isinstance(part, dict):  # read from a file itself
        return part
    try:
        data = _described(part)
        if rebuilt(data) == part:
            return data
    except (InputError, TypeError):
        pass
    return {"label": part.label}


def _described(value: Any) -> Any:
    if isinstance(value, Component):
        parts = {f.name: _described(getattr(value, f.name)) for f in fields(cast(Any, value))}
        return {"type": type(value).__name__, **parts}
    if isinstance(value, tuple):
        return list(map(_described, value))
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return float(value)


def rebuilt(data: Any) -> Any:
    """The shipped observable that `describe` wrote; only shipped classes can be named."""
    if isinstance(data, list):
        return tuple(map(rebuilt, data))
    if not isinstance(data, dict):
        return data
    if "type" not in data:
        raise InputError(f"observables must be given again: {data.get('label')!r} is not shipped")
    cls = find("observables", data["type"])
    return construct(cls, {k: rebuilt(v) for k, v in data.items() if k != "type"})


def _reason(error: Exception) -> str:
    """What the reader of the file said, without its advice on other file formats."""
    return "it does not exist" if isinstance(error, FileNotFoundError) else "it is not one"
