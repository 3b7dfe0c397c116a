"""Columns put together: components of means, covariances, counts, and the totals of mixtures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..symbols import InputError
from .blocks import Block
from .checks import (
    check_counts,
    check_covariance,
    check_finite,
    check_probabilities,
    check_rows_vary,
    check_sign,
    check_varies,
)
from .names import AXES, LETTERS, MANY, PARAMETERS, Reading, listed, read_name
from .rows import ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

OF_POINTS = {2: "(R, G)", 3: "(R, G, d)", 4: "(R, G, d, d)"}
OF_TYPES = {3: "(R, G, K)", 4: "(R, G, C, K)"}
"""The shapes of arrays by their number of axes."""
KINDS = ("mean", "variance", "counts", "probabilities", "weight")


# -- which columns are read ------------------------------------------------------------------------


def chosen(
    names: Mapping[str, int], said: Mapping[str, Reading | None], word: str
) -> tuple[dict[str, Reading], tuple[str, ...]]:
    """(what each column holds that is read, the columns that are left out)."""
    readings = {name: reading for name, depth in names.items()
                if (reading := _reading(name, depth, said, names))}  # fmt: skip
    for kind in KINDS:
        alike = {n: r for n, r in readings.items() if r.kind == kind}
        kept = _without_strays(alike, kind)
        readings = {n: r for n, r in readings.items() if n in kept or n not in alike}
        _check_different(kept, kind, word)
    left = [n for n in names if n not in readings and said.get(n, True) is not None]
    return readings, tuple(left)


def _reading(
    name: str, depth: int, said: Mapping[str, Reading | None], names: Mapping[str, int]
) -> Reading | None:
    """What one column holds, as said or from its name."""
    reading = said[name] if name in said else read_name(name)
    if reading is None or reading.role in AXES:
        return None
    if reading.stem in ("sigma2", "s2") and reading.index is None and not reading.said:
        first = [n for n in names if (r := read_name(n)) and (r.stem, r.index) == ("sigma", "1")]
        if first:
            return replace(reading, role="standard deviation", index="2", stem="sigma")
    if reading.role in MANY and reading.index is None and not depth:
        return replace(reading, index=name) if reading.said else None
    if reading.stem in LETTERS and reading.index is None and not depth and not reading.said:
        return None
    return reading


def _without_strays(alike: Mapping[str, Reading], kind: str) -> dict[str, Reading]:
    """What is said alone, where anything is; and no single component but the first."""
    told = {n: r for n, r in alike.items() if r.said}
    if told:
        return told
    stems: dict[str, list[str]] = {}
    for name, reading in alike.items():
        if reading.index is not None:
            stems.setdefault(reading.stem, []).append(name)
    single = {members[0] for members in stems.values() if len(members) == 1}
    stray = {n for n in single if _is_stray(n, alike, kind)}
    return {n: r for n, r in alike.items() if n not in stray}


def _is_stray(name: str, alike: Mapping[str, Reading], kind: str) -> bool:
    index = alike[name].index or ""
    if kind in MANY or name in PARAMETERS:
        return True
    return len(alike) == 1 and index.isdigit() and index not in ("0", "1", "00", "11")


def _check_different(alike: Mapping[str, Reading], kind: str, word: str) -> None:
    """Refuse two columns that could be the same."""
    seen: dict[Any, str] = {}
    many = len({r.stem for r in alike.values() if r.index is not None}) > 1 and kind in MANY
    whole = [n for n, r in alike.items() if r.index is None]
    for name, reading in alike.items():
        key = () if whole or (many and not reading.said) else reading.index
        if key in seen and (whole or not many or alike[seen[key]].stem != reading.stem):
            raise InputError(
                f"the {word}s {seen[key]!r} and {name!r} could both be the {kind}: say which is, "
                f"with columns={{{name!r}: {kind!r}}}"
            )
        seen.setdefault(key, name)


# -- the quantities --------------------------------------------------------------------------------


@dataclass(eq=False)
class Assembly:
    """The quantities of one block, put together from columns as their names say."""

    block: Block
    readings: Mapping[str, Reading]
    word: str
    quantities: dict[str, Floats] = field(default_factory=dict)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    types: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()

    def run(self) -> Assembly:
        """Everything that the block holds."""
        for name, reading in self.readings.items():
            check_finite(self.block, name)
            if not self._of("weight") and not _may_be_constant(reading):
                check_varies(self.block, name)
        if self._of("weight"):
            self._totals()
        else:
            self._means()
            self._variances()
        for kind in ("counts", "probabilities"):
            self._many(kind)
        self._check_dimensions()
        return self

    def _of(self, kind: str) -> dict[str, Reading]:
        return {n: r for n, r in self.readings.items() if r.kind == kind}

    def _keep(self, quantity: str, values: Floats, names: Sequence[str]) -> None:
        self.quantities[quantity], self.columns[quantity] = values, tuple(names)

    def _guess(self, names: Sequence[str], what: str) -> None:
        """One sentence for what is not said, and not plain from the name."""
        if all(self.readings[n].said for n in names):
            return
        if list(names) != [what]:
            several = len(names) > 1
            self.guesses.append(f"{self.word}{'s' * several} {listed(names)} "
                                f"{'are' if several else 'is'} the {what}")  # fmt: skip

    # -- means and covariances --

    def _means(self) -> None:
        found = self._of("mean")
        if not found:
            return
        names, _ = self._components(found)
        if len(names) == 1:
            values = self.block.arrays[names[0]]
            self._trailing(names[0], values, (2, 3))
            values = values[..., 0] if values.shape[2:] == (1,) else values
            self._guess(names, "mean")
        else:
            values = self._stack(names)
            self._guess(names, "components of the mean")
        self._keep("mean", values, names)

    def _components(self, found: Mapping[str, Reading]) -> tuple[list[str], list[str]]:
        """The columns of components and their labels, numbers in order."""
        by_label = {r.index or "": n for n, r in found.items()}
        labels = ordered(by_label)
        return [by_label[label] for label in labels], labels

    def _stack(self, names: Sequence[str]) -> Floats:
        for name in names:
            self._trailing(name, self.block.arrays[name], (2,))
        return np.stack([self.block.arrays[n] for n in names], axis=-1)

    def _trailing(
        self, name: str, values: Floats, wanted: Sequence[int],
        shapes: Mapping[int, str] = OF_POINTS,
    ) -> None:  # fmt: skip
        """Refuse an array that has other axes than those ``wanted``."""
        crooked = values.ndim == 4 and shapes is OF_POINTS and values.shape[2] != values.shape[3]
        if values.ndim not in wanted or crooked:
            raise InputError(
                f"{name!r} must have a shape like {' or '.join(shapes[w] for w in wanted)} for R "
                f"runs and G generations, got {values.shape}"
            )

    def _variances(self) -> None:
        found = self._of("variance")
        if not found:
            return
        if all(r.index is None for r in found.values()):
            [(name, reading)] = found.items()
            values = self._whole_variance(name, reading)
            names = [name]
        else:
            names, values = list(found), self._entries(found)
        if values.ndim > 3:
            check_covariance(self.block, values, names)
        self._keep("variance", values, names)

    def _whole_variance(self, name: str, reading: Reading) -> Floats:
        values = self.block.arrays[name]
        named_sigma = values.ndim == 4 and not reading.said  # of which Sigma is the matrix
        root = reading.role == "standard deviation" and not named_sigma
        self._trailing(name, values, (2, 3) if root else (2, 3, 4))
        if values.ndim < 4:
            check_sign(self.block, name)
            self._guess_root([name], root)
        else:
            self._guess([name], "covariance")
        values = _square(values) if root else values
        if values.ndim == 3 and values.shape[2] > 1:
            self.guesses.append(f"the covariances between components of {name!r} are not given")
            return _diagonal(values)
        return values.reshape(values.shape[:2]) if values.shape[2:] in ((1,), (1, 1)) else values

    def _guess_root(self, names: Sequence[str], root: bool) -> None:
        one = "its square is" if len(names) == 1 else "their squares are"
        what = f"standard deviation, and {one} the variance" if root else "variance"
        self._guess(names, what)

    def _entries(self, found: Mapping[str, Reading]) -> Floats:
        """The covariance from a column for each of its entries, symmetric, NaN where none is."""
        labels = self._labels_of_components(found)
        entries = {n: _pair(r, labels) for n, r in found.items()}
        if unknown := next((n for n, pair in entries.items() if pair is None), None):
            raise InputError(
                f"the {self.word} {unknown!r} must be the variance of one of the components "
                f"{', '.join(labels) or '(none is named)'}, or the covariance of two"
            )
        at = {label: i for i, label in enumerate(labels)}
        d = len(labels)
        shape = self.block.arrays[next(iter(found))].shape[:2]
        values = np.full((*shape, d, d), np.nan)
        roots = [n for n, r in found.items() if _is_root(r, entries[n])]
        for name, pair in entries.items():
            assert pair is not None
            self._trailing(name, self.block.arrays[name], (2,))
            if pair[0] == pair[1]:
                check_sign(self.block, name)
            column = self.block.arrays[name]
            values[:, :, at[pair[0]], at[pair[1]]] = _square(column) if name in roots else column
        twin = np.swapaxes(values, -1, -2)
        values = np.where(np.isnan(values), twin, values)
        self._tell_entries(found, roots, values)
        return values[..., 0, 0] if d == 1 else values

    def _tell_entries(
        self, found: Mapping[str, Reading], roots: Sequence[str], values: Floats
    ) -> None:
        if plain := [n for n in found if n not in roots]:
            one = len(plain) == 1 and values.shape[-1] == 1
            self._guess(plain, "variance" if one else "entries of the covariance")
        if roots:
            self._guess_root(roots, True)
        unknown = np.isnan(values).all(axis=(0, 1))
        if unknown.any() and not np.diagonal(unknown).any():
            self.guesses.append("the covariances between some components are not given")

    def _labels_of_components(self, found: Mapping[str, Reading]) -> list[str]:
        means = [r.index for r in self._of("mean").values() if r.index is not None]
        if means:
            return ordered(means)
        indices = [r.index for r in found.values() if r.index is not None]
        twice = [i for i in indices if _halves(i) and len(set(_halves(i) or ())) == 1]
        if twice and all(_halves(i) for i in indices):
            return ordered((_halves(i) or ("", ""))[0] for i in twice)
        return ordered(i for i in indices if len(_parts(i)) == 1)

    def _check_dimensions(self) -> None:
        """Refuse a mean and a variance of different dimensions."""
        mean, variance = self.quantities.get("mean"), self.quantities.get("variance")
        if mean is None or variance is None:
            return
        d = mean.shape[2] if mean.ndim > 2 else 1
        if variance.shape[2:] != ((d, d) if d > 1 else ()):
            one, other = self.columns["mean"], self.columns["variance"]
            raise InputError(
                f"the shapes of {listed(one)} and {listed(other)} must fit together, got "
                f"{mean.shape} and {variance.shape}"
            )

    # -- counts and probabilities --

    def _many(self, kind: str) -> None:
        found = self._of(kind)
        if not found:
            return
        names, labels = self._components(found)
        if found[names[0]].index is None:
            values = self.block.arrays[names[0]]
            self._trailing(names[0], values, (3, 4), OF_TYPES)
            labels = self._names_of("type", values.shape[-1])
            self._guess(names, kind)
        else:
            values = self._stack(names)
            self._guess(names, f"{kind} of the types {', '.join(labels)}")
        check_rows_vary(self.block, values, names)
        (check_counts if kind == "counts" else check_probabilities)(self.block, values, names)
        if self.types and self.types != tuple(labels):
            raise InputError(
                f"counts and probabilities must be of the same types, got {', '.join(self.types)} "
                f"and {', '.join(labels)}"
            )
        self.types = tuple(labels)
        if values.ndim == 4:
            self.contexts = tuple(self._names_of("context", values.shape[2]))
        self._keep(kind, values, names)

    def _names_of(self, axis: str, count: int) -> list[str]:
        labels = self.block.labels.get(axis)
        if labels is None:
            return [str(k + 1) for k in range(count)]
        if len(labels) != count:
            raise InputError(
                f"the labels of axis {axis!r} must be {count}, as in the arrays, got {len(labels)}"
            )
        return list(labels)

    # -- mixtures --

    def _totals(self) -> None:
        """Total mean Σ wₖμₖ and covariance Σ wₖ(Σₖ + (μₖ-μ)(μₖ-μ)ᵀ) of fitted mixtures."""
        weight, names = self._by_component("weight")
        K = weight.shape[2]
        check_probabilities(self.block, weight, names)
        means, of_means = self._by_component("mean")
        spread, of_spread = self._by_component("variance")
        points = means[..., None] if means.ndim == 3 else means
        d = points.shape[-1]
        matrices = _matrices(spread, d)
        if weight.ndim != 3 or points.shape != (*weight.shape, d) or matrices is None:
            raise InputError(
                f"weights, means and covariances of {K} components must fit together, got "
                f"{listed(names)} of shape {weight.shape}, {listed(of_means)} of {means.shape} and "
                f"{listed(of_spread)} of {spread.shape}"
            )
        if d > 1:
            check_covariance(self.block, matrices, of_spread)
        mean, covariance = _total(weight, points, matrices)
        every = [*names, *of_means, *of_spread]
        self.guesses.append(
            f"{self.word}s {listed(every)} are the parameters of a mixture of {K} components, of "
            "which the total mean and covariance are taken"
        )
        self._keep("mean", mean if d > 1 else mean[..., 0], [*names, *of_means])
        self._keep("variance", covariance if d > 1 else covariance[..., 0, 0], every)

    def _by_component(self, kind: str) -> tuple[Floats, list[str]]:
        """One parameter of all components, behind one another on the third axis."""
        found = self._of(kind)
        if not found:
            raise InputError(
                f"the parameters of a mixture must have weights, means and covariances, got no "
                f"{kind} of components: say which {self.word}s hold them with columns"
            )
        names, _ = self._components(found)
        roots = [found[n].role == "standard deviation" for n in names]
        if found[names[0]].index is None:
            values = self.block.arrays[names[0]]
            roots = [roots[0] and values.ndim < 5]
        else:
            values = self._stack(names)
        for name in names if kind == "variance" and values.ndim < 5 else ():
            check_sign(self.block, name)
        if not any(roots):
            return values, names
        self._guess_root([n for n, root in zip(names, roots, strict=True) if root], True)
        return np.where(roots, _square(values), values), names


def _total(weight: Floats, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The first two moments of mixtures; a component without weight has none to give."""
    alive = weight > 0
    mean = np.where((alive | np.isnan(weight))[..., None], mean, 0.0)
    covariance = np.where((alive | np.isnan(weight))[..., None, None], covariance, 0.0)
    total = np.einsum("rgk,rgki->rgi", weight, mean)
    gap = mean - total[:, :, None]
    between = np.einsum("rgk,rgki,rgkj->rgij", weight, gap, gap)
    return total, np.einsum("rgk,rgkij->rgij", weight, covariance) + between


def _matrices(spread: Floats, d: int) -> Any:
    """Covariances (R, G, K, d, d) from full, diagonal or spherical ones; None: of another shape."""
    if spread.ndim == 3:
        return spread[..., None, None] * np.eye(d)
    if spread.ndim == 4 and spread.shape[-1] == d:
        return spread[..., None] * np.eye(d)
    return spread if spread.ndim == 5 and spread.shape[-2:] == (d, d) else None


def _square(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return values**2


def _diagonal(values: Floats) -> Floats:
    """Matrices (…, d, d) with these variances, and NaN for the covariances."""
    d = values.shape[-1]
    full = np.full((*values.shape, d), np.nan)
    full[..., range(d), range(d)] = values
    return full


def _parts(index: str) -> list[str]:
    """``1_2`` -> 1 and 2."""
    for mark in ("_", ",", "-", ".", " ", ":"):
        if mark in index:
            return [part.strip() for part in index.split(mark)]
    return [index]


def _halves(index: str) -> tuple[str, str] | None:
    """Two components in one index: ``1_2``, ``12``, ``xy``."""
    parts = _parts(index)
    if len(parts) == 1 and len(index) == 2:
        parts = list(index)
    return (parts[0], parts[1]) if len(parts) == 2 else None


def _pair(reading: Reading, labels: Sequence[str]) -> tuple[str, str] | None:
    """The row and the column of an entry; a single component is on the diagonal."""
    index = reading.index or ""
    if index in labels:
        return index, index
    halves = _halves(index)
    return halves if halves and set(halves) <= set(labels) else None


def _may_be_constant(reading: Reading) -> bool:
    """Whether a column is one of many, or the covariance of two components, which may be 0."""
    halves = _halves(reading.index or "")
    covariance = reading.kind == "variance" and halves is not None and halves[0] != halves[1]
    return covariance or reading.role in MANY


def _is_root(reading: Reading, pair: tuple[str, str] | None) -> bool:
    """Whether a column holds a standard deviation; an entry with two indices is a covariance."""
    single = pair is not None and pair[0] == reading.index
    return reading.role == "standard deviation" and single
