"""What a mixing must say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ..component import Component
from ..symbols import PARAMETERS, InputError, as_fraction, is_symbolic, lookup

if TYPE_CHECKING:
    from ..loop import Clock, FeedbackLoop


@dataclass(frozen=True)
class Tick:
    """One generation's whole numbers, as the definition needs them."""

    alpha: float
    n: int
    synthetic: int

    @property
    def real(self) -> int:
        return self.n - self.synthetic


class Mixing(Component, ABC):
    """What one generation trains on: memory, and how the strata combine.

    Claim: the training means of the features given (memory, model), through the logarithm of
    their joint generating function; see :mod:`hallofillusions.algebra` for the operators.
    """

    remembers: ClassVar[Literal["nothing", "features", "everything"]] = "nothing"
    """Whether the memory is nothing, the means of the features, or the means of all powers."""
    grows: ClassVar[bool] = False
    """Whether the memory is a growing pool."""
    anchored: ClassVar[bool] = False
    """Whether the memory is a fixed real set."""
    literal_only: ClassVar[bool] = False
    """Whether single points are used again, so that no sufficient statistics exist."""
    whole: ClassVar[bool] = False
    """Whether αn must be a whole number."""
    umbra: ClassVar[str | None] = None
    """An atom p of the claim whose powers p^k stand for the atoms p1, p2, …"""

    # -- the specification --------------------------------------------------------------------

    @property
    def steady(self) -> bool:
        """Whether α is the same at every generation of one size: said by what is shipped."""
        shipped = type(self).__module__.startswith(__package__ or "")
        return shipped and not isinstance(getattr(self, "alpha", None), tuple)

    def fraction(self, n: int, index: int) -> Fraction:
        """α of the fit number ``index`` + 1, whose training set has n points."""
        alpha = getattr(self, "alpha", 1)
        if isinstance(alpha, tuple):
            if index >= len(alpha):
                raise InputError(
                    f"alpha is a schedule of {len(alpha)} entries, but generation {index + 1} "
                    f"was asked for"
                )
            alpha = alpha[index]
        exact = as_fraction(alpha)
        return Fraction(round(exact * n), n) if self.whole else exact

    def symbolic_fraction(self, n: Any, *, numbers: bool = False) -> Any:
        """α as a sympy expression."""
        alpha = getattr(self, "alpha", 1)
        if isinstance(alpha, tuple) or not (hasattr(self, "alpha") and "alpha" in vars(self)):
            return lookup("alpha") if isinstance(alpha, tuple) else alpha
        return alpha if is_symbolic(alpha) or numbers else lookup("alpha")

    def tick(self, n: int, index: int) -> Tick:
        """α and the two counts of the fit number ``index`` + 1."""
        alpha = self.fraction(n, index)
        return Tick(float(alpha), n, round(alpha * n))

    def check(self, loop: FeedbackLoop) -> None:
        """Refuse an n that α does not split into whole numbers."""
        alpha = getattr(self, "alpha", 1)
        alphas = alpha if isinstance(alpha, tuple) else (alpha,)
        sizes = loop.n if isinstance(loop.n, tuple) else (loop.n,)
        length = max(len(alphas), len(sizes))
        if not self.whole or {1, length} < {len(alphas), len(sizes)}:
            return
        for a, n in zip(alphas * (length // len(alphas)), sizes * (length // len(sizes)),
                        strict=False):  # fmt: skip
            if not is_symbolic(a) and not is_symbolic(n):
                whole_split(a, n)

    def memory_size(self, n: Any) -> Any:
        """Real points in the memory before the first fit; ``n`` is the first training size."""
        return n if self.grows else 0

    def training_size(self, clock: Clock) -> Any:
        """Points that one fit sees."""
        return clock.n

    # -- the definition: numbers --------------------------------------------------------------

    @abstractmethod
    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        """Definition: (training set, next memory) of one generation."""

    def first(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        """Definition of `FirstFit`: n faithful real points."""
        return self.assemble(source.faithful(), memory, tick)

    # -- the claim: polynomials ---------------------------------------------------------------

    def atoms(self, clock: Clock) -> dict[str, Any]:
        """The quantities in which the claim is a polynomial, such as α and h = 1/n."""
        return {"alpha": clock.alpha, "h": 1 / clock.n}

    def claim_memory(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        """log E exp(t·(next memory)) given (memory, model); None where the memory stays."""
        return None

    @abstractmethod
    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        """log E exp(t·(training means)) given (next memory, model)."""

    def claim_first(self, real: Any, memory: Any, at: Any) -> Any:
        """The claim of `first`."""
        return self.claim(real, real, memory, at)


def check_alpha(value: Any) -> Any:
    """α or a schedule of α: each a number in [0, 1] or a symbol."""
    if isinstance(value, list | tuple) or np.ndim(value):
        if not len(value):
            raise InputError("alpha must have at least one entry, got an empty schedule")
        return tuple(PARAMETERS["alpha"].check(v) for v in value)
    return PARAMETERS["alpha"].check(value)


def whole_split(alpha: Any, n: int) -> int:
    """The whole number αn, or an `InputError` that offers the neighbouring α."""
    count = as_fraction(alpha) * n
    if abs(count - round(count)) > Fraction(1, 10**9) * n:
        below = Fraction(count.numerator // count.denominator, n)
        above = below + Fraction(1, n)
        raise InputError(
            f"alpha*n must be a whole number of synthetic points, got {float(alpha):g}*{n} = "
            f"{float(count):g}; the nearest alpha are {below} and {above}"
        )
    return round(count)
