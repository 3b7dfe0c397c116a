"""A user's own runs: what each of several replicates had at each generation, from anything."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .component import near
from .reading.blocks import Where
from .symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Runs:
    """What each of several replicates had at each generation, NaN where it is not known.

    =============== ==============================================================================
    quantities      ``mean`` (R, G) or (R, G, d); ``variance`` (R, G) or (R, G, d, d); ``counts``
                    and ``probabilities`` (R, G, K), of n-grams (R, G, C, K)
    replicates      names of the R runs: 1, 2, … where the source has none
    generations     consecutive labels of the G columns: 0, 1, … where the source has none
    labelled        whether the source itself labels its generations
    types, contexts names of the K types and of the C contexts
    guesses         one sentence for each guess
    where           what a message needs to name the line and the column of an entry
    =============== ==============================================================================

    >>> runs = Runs.of({"mu": [[0.1, 0.2], [0.3, 0.1]], "sigma": [[1.0, 0.5], [1.0, 2.0]]})
    >>> runs.quantities["variance"].tolist()
    [[1.0, 0.25], [1.0, 4.0]]
    >>> print(*runs.guesses, sep="\\n")
    array 'mu' is the mean
    array 'sigma' is the standard deviation, and its square is the variance
    """

    quantities: Mapping[str, Floats]
    replicates: tuple[str, ...]
    generations: tuple[int, ...]
    labelled: bool
    types: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    where: Where = field(default_factory=Where, repr=False)

    @classmethod
    def of(
        cls, source: Any, *, columns: Mapping[str, str] | None = None, quantity: str | None = None
    ) -> Runs:
        """The runs that ``source`` holds.

        ============ ============================================================================
        source       a path to a .csv (a row per run and generation, or a row per run and a column
                     per generation), .npz or .nc file; names and their arrays; one array, of
                     ``quantity``; a pandas DataFrame, an xarray Dataset or DataArray; a
                     `Trajectory` that kept its values
        columns      what columns hold, where their names do not say it: ``{"s": "variance"}``;
                     a quantity, a component (``mean_x``), an axis (``replicate``), ``ignore``
        quantity     the one quantity that is read, or what a table of one quantity holds
        ============ ============================================================================

        Runs and generations may come in any order and of any length: what is missing is NaN.
        Raises `InputError`, naming line and column, for whatever no run can have.
        """
        if isinstance(source, Runs):
            return source
        from .reading.quantities import Assembly, chosen
        from .reading.rows import unfit
        from .reading.sources import opened

        found, said = opened(source, columns, quantity)
        readings, left = chosen(found.names, said, found.word)
        if not readings:
            raise InputError(unfit(left, "", found.word))
        block = found.read(list(readings))
        if len(block.generations) < 2:
            raise InputError(f"runs must have at least 2 generations, got {len(block.generations)}")
        made = Assembly(block, readings, found.word).run()
        guesses = (*found.guesses, *made.guesses, *_left_out(left, found.word))
        return cls(
            made.quantities, block.replicates, block.generations, block.labelled, made.types,
            made.contexts, guesses, replace(block.where, columns=made.columns, word=found.word),
        )  # fmt: skip

    @property
    def dimension(self) -> int:
        """Components of one point, of which there are means and variances."""
        known = [self.quantities[k] for k in ("mean", "variance") if k in self.quantities]
        return int(known[0].shape[2]) if known and known[0].ndim > 2 else 1

    def row(self, quantity: str, run: int, generation: int) -> str:
        """Where an entry of a quantity comes from, by the positions of run and generation.

        >>> Runs.of({"var": [[1.0, 0.5], [1.0, 2.0]]}).row("variance", 1, 0)
        "run 2, generation 0, array 'var'"
        """
        return self.where.row(quantity, run, generation)


def _left_out(left: tuple[str, ...], word: str) -> list[str]:
    from .reading.names import listed

    if not left:
        return []
    several = f"{word}s {listed(left)} fit no quantity and are"
    one = f"{word} {listed(left)} fits no quantity and is"
    return [f"{one if len(left) == 1 else several} left out"]


def complete_arrays(
    source: Any, quantity: str | None, known: Collection[str]
) -> tuple[dict[str, Floats], int]:
    """(name -> array without gaps, label of the first generation), for a comparison.

    They are the quantities that `Runs.of` finds, and every column that is named as one of the
    ``known`` observables is.  Where generations have no labels, the first is the first fit.
    """
    from .reading.checks import check_finite
    from .reading.quantities import Assembly, chosen
    from .reading.sources import opened

    found, said = opened(source, None, quantity)
    exact = [n for n in found.names if n in known and n not in ("mean", "variance")]
    others = {n: depth for n, depth in found.names.items() if n not in exact}
    readings, left = chosen(others, said, found.word)
    if not exact and not readings:
        hint = near(left[0], known, f"; theory knows {', '.join(known)}")
        raise InputError(f"runs must hold a known quantity, got {', '.join(left)}{hint}")
    block = found.read([*readings, *exact])
    for name in exact:
        check_finite(block, name)
    arrays = {name: block.arrays[name] for name in exact}
    arrays |= Assembly(block, readings, found.word).run().quantities
    for name, array in arrays.items():
        if (gaps := np.argwhere(np.isnan(array))).size:
            raise InputError(f"{block.where.spot(*gaps[0][:2])}: {name!r} must be a number, since "
                             "runs with gaps cannot be compared, got none")  # fmt: skip
    return arrays, block.generations[0] if block.labelled else 1
