"""Does each step hold?  Martingale residuals of a trajectory against the engine's kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from .algebra import powers_up_to
from .engine import memory_name
from .proof import in_greek
from .theory import derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loop import FeedbackLoop
    from .recursion import Recursion

WORDS = {"delta": "the mean", "delta^2": "the squared error", "v": "the variance"}
"""What the steps of the one-dimensional coordinates are called."""


@dataclass(frozen=True, eq=False)
class StepResiduals:
    """(f(next) - E[f | past]) / sd[f | past]: unit variance, mean zero.

    f are the monomials of weight 1 and 2 of the model's coordinates: δ, δ² and σ² in one
    dimension, in d dimensions those of the first two components; of a mixture those of weight 1.
    The kernel gives E[f | past] and, at twice the order, its conditional variance.  Whatever
    heavy tail the marginal law of f has, these are martingale differences of unit variance, so
    their averages test every step at full power.  A monitor for `simulate`; plain arrays only, so
    that it travels to any worker.
    """

    labels: tuple[str, ...]
    count: int
    coordinates: tuple[str, ...]
    memory_labels: tuple[Any, ...]
    basis: NDArray[np.int64]
    wanted: NDArray[np.int64]
    matrices: NDArray[np.float64]
    constants: NDArray[np.float64]

    @classmethod
    def of(
        cls, loop: FeedbackLoop, generations: int, *, data: Any = None, real: Any = None
    ) -> StepResiduals:
        """The residuals of the steps of ``loop``; ``data`` and ``real`` as in `derive`."""
        small, names, places = loop.marginal(_first_components(loop.family))
        rows = [v if v is None else loop.family.projected(v, places) for v in (data, real)]
        wanted = _monomials(small.family)
        squares = [{k: 2 * p for k, p in m.items()} for m in wanted]
        recursion = derive(small, monomials=[*wanted, *squares], data=rows[0], real=rows[1])
        place = [recursion.index(**m) for m in (*wanted, *squares)]
        matrices, constants = recursion.coefficients(max(generations, 1))
        words = [recursion.name(recursion.basis[i]) for i in place[: len(wanted)]]
        memory = _memory(recursion, loop.family)
        own = {new: old for old, new in names.items()}
        return cls(
            tuple(f"step of {WORDS.get(w, in_greek(w))}" for w in words),
            len(wanted),
            tuple(memory[c][0] if c in memory else own[c] for c in recursion.coordinates),
            tuple(label for _, label in memory.values()),
            np.array(recursion.basis),
            np.array([recursion.basis[i] for i in place[: len(wanted)]]),
            matrices[:, place],
            constants[:, place],
        )

    def _products(self, state: Mapping[str, Any], powers: NDArray[np.int64]) -> Any:
        """Monomials of the coordinates, an array (monomial, replicate)."""
        columns = np.broadcast_arrays(*(np.asarray(state[c], dtype=float)
                                        for c in self.coordinates))  # fmt: skip
        # products, one after another: numpy takes a power above 2 for a real one, by logarithms
        raised = [tuple(accumulate(repeat(c, top), np.multiply))
                  for c, top in zip(columns, powers.max(axis=0).tolist(), strict=True)]  # fmt: skip
        table = np.ones((len(powers), max(c.size for c in columns)))
        for row, exponents in zip(table, powers.tolist(), strict=True):
            for column, p in zip(raised, exponents, strict=True):
                if p:
                    row *= column[p - 1]
        return table

    def measure(self, before: Mapping[str, Any], after: Mapping[str, Any], index: int) -> Any:
        """The residuals of the step number ``index`` (to g = ``index`` + 1): (label, replicate)."""
        k = index if len(self.matrices) > 1 else 0
        expected = self.matrices[k] @ self._products(before, self.basis)
        expected += self.constants[k][:, None]
        means, squares = expected[: self.count], expected[self.count :]
        values = self._products(after, self.wanted)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(np.maximum(squares - means**2, 0.0))
            return np.where(spread > 0, (values - means) / spread, 0.0)


def _first_components(family: Any) -> list[str]:
    """The coordinates of the first two components; all of them in one dimension."""
    return [name for name in family.variables if all(int(k) <= 2 for k in name.split("_")[1:])]


def _monomials(family: Any) -> list[dict[str, int]]:
    """All monomials of weight 1 and 2 whose squares close too, those of the mean first."""
    variables, order = family.variables, int(min(2, family.highest // 2))
    powers = [p for p in powers_up_to(tuple(variables.values()), order) if any(p)]
    powers.sort(key=lambda p: p[::-1])
    return [{k: q for k, q in zip(variables, p, strict=True) if q} for p in powers]


def _memory(recursion: Recursion, family: Any) -> dict[str, tuple[str, Any]]:
    """Memory coordinate of the recursion -> its name and its label in the whole family."""
    small = recursion.loop.family
    found = {}
    for label in small.labels(max(recursion.weights, default=0)):
        if (name := memory_name(small, label)) in recursion.coordinates:
            whole = label
            if family.dimension > 1:
                powers = label if isinstance(label, tuple) else (label,)
                whole = (*powers, *(0,) * (family.dimension - len(powers)))
            found[name] = memory_name(family, whole), whole
    return found
