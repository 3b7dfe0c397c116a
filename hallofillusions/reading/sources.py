"""Files, arrays, pandas and xarray objects as one kind of source: names, and arrays behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..symbols import InputError
from ..tables import table
from .axes import Arrays, by_name, by_place
from .blocks import Block
from .names import AXES, Reading, said_of
from .rows import Table, layout, stems

WANTED = (
    "runs must be a mapping of names to arrays, one array with quantity, a path to a .csv, .npz or "
    ".nc file, a pandas DataFrame, an xarray Dataset or DataArray, or a Trajectory"
)
TYPE = "probability of type "
"""How the label of `observables.Probability` begins."""
SEPARATED = (".csv", ".tsv", ".txt")
"""Suffixes of tables."""
Said = Mapping[str, Reading | None]


class Source(Protocol):
    """What can be read: names with the number of further axes, and the arrays of some."""

    @property
    def names(self) -> Mapping[str, int]: ...
    @property
    def guesses(self) -> tuple[str, ...]: ...
    @property
    def word(self) -> str: ...
    def read(self, used: Sequence[str]) -> Block: ...


def opened(source: Any, columns: Any, quantity: str | None) -> tuple[Source, Said]:
    """The source, and what the user says of its columns."""
    if quantity is not None and not isinstance(quantity, str):
        raise InputError(f"quantity must be the name of a quantity, got {quantity!r}")
    library = type(source).__module__.partition(".")[0]
    if hasattr(source, "summary") and hasattr(source, "kept"):
        return _kept(source), said_of(columns, ())
    if isinstance(source, str | Path):
        return _file(Path(source), columns, quantity)
    if library == "pandas":
        return _frame(source, columns, quantity)
    if library == "xarray":
        return _labelled(source, columns, quantity)
    if isinstance(source, Mapping):
        said = said_of(columns, source)
        return by_place(source, said, quantity=quantity), said
    if isinstance(source, np.ndarray | list | tuple):
        return _single(source, columns, quantity)
    raise InputError(f"{WANTED}, got {type(source).__name__}")


def _single(source: Any, columns: Any, quantity: str | None) -> tuple[Source, Said]:
    """One array of the quantity that is named."""
    if quantity is None:
        raise InputError(
            "runs are one array, so quantity must say what it holds, such as "
            "quantity='variance', got none"
        )
    said = said_of(columns or {quantity: quantity}, [quantity])
    return by_place({quantity: source}, said), said


# -- files -----------------------------------------------------------------------------------------


def _file(path: Path, columns: Any, quantity: str | None) -> tuple[Source, Said]:
    suffix = path.suffix.lower()
    if suffix in SEPARATED:
        words = {word for axis in AXES.values() for word in axis}
        header, rows = table(path, words)
        width = max(len(header), *(len(cells) for _, cells in rows))
        cells = [[c[i] if i < len(c) else "" for _, c in rows] for i in range(width)]
        names = header or [f"column {i + 1}" for i in range(width)]
        said = said_of(columns, [*names, *stems(names)])
        return layout(Table(names, cells, [n for n, _ in rows], str(path)), said, quantity), said
    if suffix == ".npz":
        arrays = _archive(path)
        said = said_of(columns, arrays)
        return by_place(arrays, said, str(path), quantity), said
    if suffix == ".nc":
        return _labelled(_netcdf(path), columns, quantity, str(path))
    raise InputError(f"runs must be a file that ends in .csv, .npz or .nc, got {path}")


def _archive(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file; what is pickled is refused."""
    import zipfile

    _check_there(path)
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} cannot be read as an .npz file: it is none")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        why = "it holds objects, not numbers" if "allow_pickle" in str(error) else "it is damaged"
        raise InputError(f"{path} cannot be read as an .npz file: {why}") from None


def _netcdf(path: Path) -> Any:
    import xarray

    _check_there(path)
    try:
        return xarray.load_dataset(path, engine="scipy")
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        raise InputError(f"{path} cannot be read as a netCDF-3 file: it is none") from None


def _check_there(path: Path) -> None:
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if not path.is_file():
        raise InputError(f"{path} cannot be read: it is no file")


# -- pandas and xarray -----------------------------------------------------------------------------


def _frame(frame: Any, columns: Any, quantity: str | None) -> tuple[Source, Said]:
    """A data frame, with the named levels of its index as columns; a series is one column."""
    if not hasattr(frame, "columns"):
        frame = frame.to_frame(frame.name if frame.name is not None else quantity)
    levels = {str(name): frame.index.get_level_values(i).to_numpy()
              for i, name in enumerate(frame.index.names) if name is not None}  # fmt: skip
    headers = ["_".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns]
    names = [*levels, *headers]
    said = said_of(columns, [*names, *stems(names)])
    cells = [*levels.values(), *(frame.iloc[:, i].to_numpy() for i in range(len(headers)))]
    whole = Table(names, cells, range(1, len(frame) + 1), place="row")
    return layout(whole, said, quantity), said


def _labelled(data: Any, columns: Any, quantity: str | None, path: str = "") -> tuple[Source, Said]:
    """A Dataset or a DataArray."""
    if not hasattr(data, "data_vars"):
        arrays = _parts(data, data.name if data.name is not None else quantity)
    elif str(data.attrs.get("title", "")) == "hallofillusions trajectory":
        if "values" not in data:
            raise InputError(kept_nothing(path or "runs"))
        labels = tuple(map(str, data["quantity"].values))
        kept = tuple(map(int, data["kept_generation"].values))
        return _of_values(labels, kept, data["values"].values, path), said_of(columns, ())
    else:
        arrays = {str(k): v for k, v in data.data_vars.items()}
    if quantity is not None and quantity in arrays:
        arrays = {quantity: arrays[quantity]}
    elif quantity is not None and hasattr(data, "data_vars"):
        raise InputError(f"runs have no array {quantity!r}; they have {', '.join(arrays)}")
    dims = [str(d) for array in arrays.values() for d in array.dims]
    said = said_of(columns, dict.fromkeys([*arrays, *dims]))
    return by_name(arrays, said, path), said


def _parts(array: Any, name: Any) -> dict[str, Any]:
    """The arrays of the quantities along an axis of them, or the one array."""
    axis = next((d for d in ("quantity", "statistic", "variable") if d in array.coords
                 and d in array.dims), None)  # fmt: skip
    if axis is not None:
        return {str(label): array.sel({axis: label}, drop=True)
                for label in array.coords[axis].values}  # fmt: skip
    if name is None:
        raise InputError("runs are one array, so quantity must say what it holds, got none")
    return {str(name): array}


# -- trajectories ----------------------------------------------------------------------------------


def _kept(trajectory: Any) -> Source:
    """The values that a `Trajectory` kept of the replicates."""
    if trajectory.values is None:
        raise InputError(kept_nothing("the trajectory"))
    return _of_values(trajectory.quantities, trajectory.kept, trajectory.values, "")


def _of_values(labels: Sequence[str], kept: Sequence[int], values: Any, source: str) -> Source:
    """Means, variances and probabilities of all types among values (quantity, place, replicate)."""
    found = {k: values[labels.index(k)].T for k in ("mean", "variance") if k in labels}
    constant = [k for k, v in found.items() if (v == v.flat[0]).all()]  # as a known variance is
    found = {k: v for k, v in found.items() if k not in constant or len(constant) == len(found)}
    numbers = sorted(int(k.removeprefix(TYPE)) for k in labels if k.startswith(TYPE))
    if numbers and numbers == list(range(1, numbers[-1] + 1)):
        parts = np.stack([values[labels.index(f"{TYPE}{k}")].T for k in numbers], axis=-1)
        if np.allclose(np.nansum(parts, axis=-1), 1):
            found["probabilities"] = parts
    if not found:
        raise InputError(
            "the trajectory must have kept mean, variance or the probabilities of all types, got "
            f"{', '.join(labels)}"
        )
    return Arrays(found, {"generation": kept}, source)


def kept_nothing(what: str) -> str:
    return (
        f"{what} must have kept the values of its replicates, got none: simulate with "
        "keep=range(generations + 1)"
    )
