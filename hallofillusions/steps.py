"""Does each step hold?  Martingale residuals of a trajectory against the engine's kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .theory import derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loop import FeedbackLoop


@dataclass(frozen=True, eq=False)
class StepResiduals:
    """(f(next) - E[f | past]) / sd[f | past] for f = δ, δ², σ²: unit variance, mean zero.

    The kernel gives E[f | past] and, at twice the order, its conditional variance.  Whatever
    heavy tail the marginal law of f has, these are martingale differences of unit variance, so
    their averages test every step at full power.  A monitor for `simulate`; plain arrays only,
    so that it travels to any worker.
    """

    labels: tuple[str, ...]
    tested: tuple[tuple[int, int], ...]
    coordinates: tuple[str, ...]
    memory_labels: tuple[Any, ...]
    basis: NDArray[np.int64]
    matrices: NDArray[np.float64]
    constants: NDArray[np.float64]

    @classmethod
    def of(cls, loop: FeedbackLoop, generations: int, *, data: Any = None) -> StepResiduals:
        """The residuals of the steps of ``loop``; ``data`` as in `derive`."""
        wanted = [{"delta": 1}, {"delta": 2}, {"v": 1}]
        squares = [{k: 2 * p for k, p in m.items()} for m in wanted]
        recursion = derive(loop, monomials=[*wanted, *squares], data=data)
        place = [recursion.index(**m) for m in (*wanted, *squares)]
        matrices, constants = recursion.coefficients(max(generations, 1))
        remembered = tuple(
            int(c.removeprefix("memory_")) for c in recursion.coordinates if "memory_" in c
        )
        return cls(
            ("step of the mean", "step of the squared error", "step of the variance"),
            tuple((place[i], place[i + 3]) for i in range(3)),
            recursion.coordinates,
            remembered,
            np.array(recursion.basis),
            matrices[:, place],
            constants[:, place],
        )

    def _monomials(self, state: Mapping[str, Any], powers: NDArray[np.int64]) -> Any:
        columns = np.broadcast_arrays(*(np.asarray(state[c], dtype=float)
                                        for c in self.coordinates))  # fmt: skip
        size = max(c.size for c in columns)
        table = np.ones((len(powers), size))
        for row, exponents in zip(table, powers, strict=True):
            for column, p in zip(columns, exponents, strict=True):
                if p:
                    row *= column if p == 1 else column**p
        return table

    def measure(self, before: Mapping[str, Any], after: Mapping[str, Any], index: int) -> Any:
        """The residuals of the step number ``index`` (to g = ``index`` + 1): (label, replicate)."""
        k = index if len(self.matrices) > 1 else 0
        expected = self.matrices[k] @ self._monomials(before, self.basis)
        expected += self.constants[k][:, None]
        means, squares = expected[:3], expected[3:]
        width = len(self.coordinates) - 2
        wanted = np.array([self.basis[i][width:] for i, _ in self.tested])
        delta, v = (np.asarray(after[c], dtype=float) for c in self.coordinates[width:])
        values = np.array([delta**p * v**q for p, q in wanted])
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(np.maximum(squares - means**2, 0.0))
            return np.where(spread > 0, (values - means) / spread, 0.0)
