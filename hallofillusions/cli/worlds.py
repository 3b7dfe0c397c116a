"""The world of a loop on the command line: its family alone, or rows of a file with it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..symbols import InputError

if TYPE_CHECKING:
    from ..fitting import MixtureFit
    from ..loop import FeedbackLoop

LAW = ("weights", "means", "covariances")
"""The fields of a mixture that are fitted, where none of them is given."""


@dataclass(frozen=True)
class World:
    """A loop, the real rows that are sampled in its family's place, and the fit that gave it."""

    loop: FeedbackLoop
    rows: Any = None
    source: str = ""
    fit: MixtureFit | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.fit}" if self.fit else ""

    def to_dict(self) -> dict[str, Any]:
        """What is said of a world that was chosen, beside its loop."""
        return {"world": {"source": self.source, **self.fit.to_dict()}} if self.fit else {}


def add_world_flags(parser: ArgumentParser) -> None:
    from .flags import scalar

    parser.add_argument("--real", metavar="FILE.csv",
                        help="real data that take the place of the family")  # fmt: skip
    parser.add_argument("--column", "--columns", metavar="NAME[,NAME…]", action="append",
                        help="the column of --real, or those of a point's numbers")  # fmt: skip
    parser.add_argument("--components", metavar="K", type=scalar, help="of a GaussianMixture that "
                        "is fitted to --real (default: by BIC); --held_out is then the share of "
                        "rows that is held out (default 0.2)")  # fmt: skip
    parser.add_argument("--blocks", action="store_true", help="of an NGram loop: sample the blocks "
                        "of the corpus itself, not the chain fitted to it")  # fmt: skip


def world_from(arguments: Namespace) -> World:
    """The loop and the real data; the world is fitted to the data where nothing else is said."""
    from .flags import built, described, loop_from

    if arguments.real is None:
        for name, what in (("column", "names a column of"), ("components", "are fitted to")):
            if getattr(arguments, name) is not None:
                raise InputError(f"{name} {what} --real, which is not given")
        loop = loop_from(arguments)
        return World(loop, _blocks(loop) if arguments.blocks else None)
    if arguments.blocks:
        raise InputError("blocks are those of a corpus, and --real gives other data")
    data = described(arguments)
    law, rows, source, fit = _fitted(arguments, _law(data))
    data["family"] = {**data["family"], "of": law} if _has_kernels(data) else law
    return World(built(_pooled(data, rows)), rows, source, fit)


def _blocks(loop: FeedbackLoop) -> Any:
    """The corpus itself, as the loop's blocks."""
    if not loop.family.sequential:
        raise InputError(f"blocks want --family NGram, got {type(loop.family).__name__}")
    return loop.family.blocks  # type: ignore[attr-defined]


def _has_kernels(data: Mapping[str, Any]) -> bool:
    """Whether the models are kernel estimates of a law that is a part of the family."""
    family = data["family"]
    return isinstance(family, Mapping) and family.get("type") == "KernelDensity"


def _law(data: Mapping[str, Any]) -> Any:
    """The table of the real law."""
    law = data["family"].get("of", "Gaussian") if _has_kernels(data) else data["family"]
    return {"type": law} if isinstance(law, str) else law


Fitted = tuple[Any, Any, str, "MixtureFit | None"]
"""The table of a law, the rows that are sampled, what they are and how the law was chosen."""


def _fitted(arguments: Namespace, law: Any) -> Fitted:
    """The law with what is not said of it from the rows."""
    name = law.get("type") if isinstance(law, Mapping) else None
    if name == "GaussianMixture":
        return _mixture(arguments, law)
    if arguments.components is not None:
        raise InputError(f"components are those of a GaussianMixture, got {name}")
    return _moments(arguments, law, name)


def _moments(arguments: Namespace, law: Any, name: Any) -> Fitted:
    """The mean and variance of one column or, of a Gaussian, those of several."""
    from ..realdata import read_column, read_points
    from .flags import has_field

    if arguments.column is None:
        rows = read_column(arguments.real)
    else:
        rows, _ = read_points(arguments.real, arguments.column)
        rows = rows[:, 0] if rows.shape[1] == 1 else rows
    if rows.ndim > 1:
        _require_gaussian(name, rows.shape[1])
    gap = rows - rows.mean(axis=0)
    variance = gap.T @ gap / len(rows) if rows.ndim > 1 else rows.var()
    found = {"mean": rows.mean(axis=0).tolist(), "variance": variance.tolist()}
    fields = {k: v for k, v in found.items() if has_field("family", name, k)}
    return {**fields, **law} if fields else law, rows, "", None


def _require_gaussian(family: Any, columns: int) -> None:
    """Refuse several columns for a family of plain numbers."""
    from ..component import find

    if find("families", str(family)).__name__ != "Gaussian":
        raise InputError(
            f"column must be one column for a {family}, got {columns}; Gaussian and "
            "GaussianMixture have points of several numbers"
        )


def _mixture(arguments: Namespace, law: Mapping[str, Any]) -> Fitted:
    """The mixture that is fitted to the rows, or, where one is given, that and the rows."""
    from ..fitting import fit_mixture
    from ..realdata import read_points

    rows, names = read_points(arguments.real, arguments.column)
    if said := [name for name in LAW if name in law]:
        if arguments.components is not None:
            raise InputError(f"components are fitted to --real, but {said[0]} are given")
        return law, rows, "", None
    asked = {name: law[name] for name in ("covariance_type", "held_out") if name in law}
    fit = fit_mixture(rows, arguments.components, **asked)
    source = f"{Path(arguments.real).name} ({', '.join(names)})"
    return fit.family.to_dict(), fit.rows, source, fit


def _pooled(data: dict[str, Any], rows: Any) -> dict[str, Any]:
    """A fixed pool is all of the rows, where its size is not given."""
    mixing = data.get("mixing")
    if isinstance(mixing, Mapping) and mixing.get("type") == "FixedPool":
        data["mixing"] = {"size": len(rows), **mixing}
    return data


def told(loop: FeedbackLoop, rows: Any, replacement: bool = False) -> dict[str, Any]:
    """What theory is told of real rows: the loop's memory itself, or the law that they follow."""
    if rows is None or loop.family.sequential:  # whose laws are those of the corpus' chain
        return {}
    bootstrapped = loop.mixing.anchored and loop.mixing.remembers == "everything"
    memory = not replacement and (bootstrapped or loop.remembers_all(rows))
    return {"data" if memory else "real": rows}
