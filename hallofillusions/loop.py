"""The sentence: a family is sampled with a bias, mixed with real data, re-estimated from n points.

`FeedbackLoop` is the whole specification and the only thing that theory and simulation share.
It says what is done, never what follows from it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .biases.base import SamplingBias
from .biases.unbiased import Unbiased
from .component import (
    Component,
    construct,
    fields_of,
    find,
    from_dict,
    near,
    parsed,
    plain,
    shipped,
)
from .estimators.base import Estimator
from .families.base import Family
from .mixing.base import Mixing
from .mixing.replace import Replace
from .starts import FirstFit, Memory, Truth
from .symbols import PARAMETERS, InputError, is_symbolic

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROLES = {
    "family": ("families", Family),
    "bias": ("biases", SamplingBias),
    "mixing": ("mixing", Mixing),
    "estimator": ("estimators", Estimator),
}


def check_loop(loop: Any) -> FeedbackLoop:
    """``loop`` if it is a `FeedbackLoop`, else an `InputError`."""
    if not isinstance(loop, FeedbackLoop):
        raise InputError(f"loop must be a FeedbackLoop, got {loop!r}")
    return loop


@dataclass(frozen=True)
class Clock:
    """What time enters with: α, n, the pool's size N after the step, and g.

    The fields are arrays over g = 1 … G for numbers, or sympy expressions: every formula in
    an assumption's ``atoms`` is written once and works on both.
    """

    alpha: Any
    n: Any
    N: Any
    g: Any


@dataclass(frozen=True)
class FeedbackLoop:
    """One loop, ``D_{g+1} = (1-α) D_real + α D_syn^g`` made precise (Lei Yu 2025).

    =========== =======================================================================
    family      the real law, a member of the model's family: ``Gaussian(mean, variance)``
    bias        what sampling does to a model: ``Unbiased()``
    mixing      what one generation trains on, with the synthetic fraction α
    estimator   how a training set becomes a model: ``MaximumLikelihood()``; of a mixture ``EM()``
    n           points in one generation's training set: a whole number, a symbol or a tuple
                with one entry per generation
    start       model 0: ``Truth()``, ``FirstFit()``, ``Memory()`` or a member of the family
    =========== =======================================================================

    Raises `InputError` (a ``ValueError``) for anything that is not a loop.

    >>> from hallofillusions import FeedbackLoop, FreshSplit, Gaussian
    >>> loop = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=0.9), n=100)
    >>> print(loop)
    Gaussian(mean=0, variance=1) is sampled by Unbiased(), mixed by FreshSplit(alpha=0.9), \
re-estimated by MaximumLikelihood() from n = 100 points, and starts at Truth()
    """

    family: Family
    bias: SamplingBias = field(default_factory=Unbiased, kw_only=True)
    mixing: Mixing
    estimator: Estimator = field(default=None, kw_only=True)  # type: ignore[assignment]
    n: Any
    start: Any = field(default_factory=Truth, kw_only=True)

    def __post_init__(self) -> None:
        if self.estimator is None and isinstance(self.family, Family):
            object.__setattr__(self, "estimator", find("estimators", self.family.refitted_by)())
        for role, (_, base) in ROLES.items():
            if not isinstance(part := getattr(self, role), base):
                raise InputError(f"{role} must be a {base.__name__}, got {part!r}")
        self._check_start()
        many = isinstance(self.n, list | tuple) or np.ndim(self.n)
        n = tuple(self.n) if many else self.n
        if isinstance(n, tuple) and not n:
            raise InputError("n must have at least one entry, got an empty schedule")
        checked = [PARAMETERS["n"].check(v, "n") for v in (n if isinstance(n, tuple) else [n])]
        object.__setattr__(self, "n", tuple(checked) if isinstance(n, tuple) else checked[0])
        self.family.check(self)
        self.mixing.check(self)
        self.estimator.check(self)

    def _check_start(self) -> None:
        if isinstance(self.start, type(self.family)):
            self.family.check_start(self.start)
            return
        if not isinstance(self.start, Truth | FirstFit | Memory):
            raise InputError(
                f"start must be Truth(), FirstFit(), Memory() or a {type(self.family).__name__}, "
                f"got {self.start!r}"
            )
        if isinstance(self.start, Memory) and not self.mixing.anchored:
            raise InputError(
                f"start=Memory() needs a mixing with a fixed set (FixedReal, FixedPool), "
                f"got {self.mixing!r}"
            )

    # -- time ---------------------------------------------------------------------------------

    @property
    def faithful_start(self) -> bool:
        """Whether the first fit sees real points only, whatever the bias."""
        grown = self.mixing.grows and isinstance(self.start, Truth)
        return grown or isinstance(self.start, FirstFit)

    @property
    def begins_with_pool(self) -> bool:
        """Whether a growing pool already holds n real points beside a given model 0."""
        return self.mixing.grows and isinstance(self.start, type(self.family))

    def schedule(self, value: Any, argument: str, generations: int) -> list[Any]:
        """``value`` at g = 1 … ``generations``; a tuple that is too short is refused."""
        if not isinstance(value, tuple):
            return [value] * generations
        if len(value) < generations:
            raise InputError(
                f"{argument} is a schedule of {len(value)} entries, "
                f"but {generations} generations were asked for"
            )
        return list(value[:generations])

    def sizes(self, generations: int) -> list[int]:
        """n at g = 1 … ``generations`` as whole numbers."""
        self.require_numbers()
        return [int(v) for v in self.schedule(self.n, "n", generations)]

    def clock(self, generations: int) -> Clock:
        """The numeric clock: arrays over g = 1 … ``generations``."""
        n = self.sizes(generations)
        steady = not isinstance(self.n, tuple) and self.mixing.steady
        if steady:
            alpha = [self.mixing.fraction(n[0], 0)] * generations if n else []
        else:
            alpha = [self.mixing.fraction(v, g) for g, v in enumerate(n)]
        first = self.sizes(1)[0] if self.begins_with_pool else 0
        size: NDArray[np.float64] = np.array(n, dtype=float)
        return Clock(
            np.array([float(a) for a in alpha]),
            size,
            first + np.cumsum(size),
            np.arange(1.0, generations + 1),
        )

    def symbolic_clock(self, *, numbers: bool = False) -> Clock:
        """The clock in symbols (``numbers=True`` keeps constant numbers of the loop)."""
        from .component import lookup

        g = lookup("g")
        varies = isinstance(self.n, tuple)
        keep = is_symbolic(self.n) or (numbers and not varies)
        n = self.n if keep else lookup("n")
        total = lookup("N") if varies else n * (g + (1 if self.begins_with_pool else 0))
        return Clock(self.mixing.symbolic_fraction(n, numbers=numbers), n, total, g)

    def remembers_all(self, rows: Any) -> bool:
        """Whether the rows of a real file are the fixed set itself, to the last one."""
        return self.mixing.anchored and self.mixing.memory_size(self.sizes(1)[0]) == len(rows)

    @property
    def canonical(self) -> FeedbackLoop:
        """The same loop under its plainest name: fresh data at α = 1 are no data, `Replace`."""
        alone = getattr(self.mixing, "alpha", None) == 1 and not self.mixing.anchored
        return replace(self, mixing=Replace()) if alone else self

    @property
    def closes(self) -> bool:
        """Whether every moment obeys a finite recursion, by what family, bias and estimator say."""
        fits = self.estimator.closes_on(self.family)
        return fits and self.family.closes and self.family.closes_under(self.bias)

    # -- components ---------------------------------------------------------------------------

    def marginal(self, names: Collection[str]) -> tuple[FeedbackLoop, dict[str, str], Any]:
        """The loop of those components alone that the coordinates ``names`` speak of.

        Sampling, mixing and moment matching commute with taking components, so its law is that
        of the components of this loop.  With it come the names of the coordinates there, and
        the places of the components (None: all).
        """
        family, new, places = self.family.marginal(names)
        if family is self.family:
            return self, new, None
        start = self.start.marginal(names)[0] if isinstance(self.start, Family) else self.start
        bias = self.bias.marginal(self.family.dimension)
        return replace(self, family=family, start=start, bias=bias), new, places

    def along(self, direction: Any) -> FeedbackLoop:
        """The one-dimensional loop of u·x, whose law is that of this loop along u."""
        family: Any = self.family
        start: Any = self.start
        start = start.along(direction) if isinstance(start, type(family)) else start
        bias = self.bias.marginal(family.dimension)
        return replace(self, family=family.along(direction), start=start, bias=bias)

    @property
    def labels(self) -> FeedbackLoop:
        """The loop of a mixture's labels alone, which known labels make one of types."""
        family: Any = self.family
        start: Any = self.start
        start = start.of_labels if isinstance(start, type(family)) else start
        return FeedbackLoop(family.of_labels, mixing=self.mixing, n=self.n, start=start)

    # -- symbols ------------------------------------------------------------------------------

    @property
    def free_symbols(self) -> frozenset[Any]:
        """The sympy symbols that stand where numbers go."""
        values = [self.n] + [
            getattr(part, f.name) for part in self.parts.values() for f in fields_of(part)
        ]
        flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
        return frozenset(s for v in flat if is_symbolic(v) for s in v.free_symbols)

    def require_numbers(self) -> None:
        """Refuse a loop that still holds symbols."""
        if symbols := self.free_symbols:
            names = ", ".join(sorted(map(str, symbols)))
            raise InputError(f"the loop must hold numbers here, got the symbols {names}")

    @property
    def parts(self) -> dict[str, Component]:
        """The five parts that are objects, by role."""
        return {role: getattr(self, role) for role in (*ROLES, "start")}

    # -- text ---------------------------------------------------------------------------------

    def __str__(self) -> str:
        size = "a schedule of n" if isinstance(self.n, tuple) else f"n = {self.n}"
        return (
            f"{self.family} is sampled by {self.bias}, mixed by {self.mixing}, "
            f"re-estimated by {self.estimator} from {size} points, and starts at {self.start}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain text and numbers; `from_dict` reads it back to an equal loop."""
        return {role: part.to_dict() for role, part in self.parts.items()} | {
            "n": plain(self.n, "n")
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeedbackLoop:
        """The loop that `to_dict` described; only shipped assumptions can be named by a file."""
        if not isinstance(data, Mapping):
            raise InputError(f"a loop must be a table, got {data!r}")
        known = [*ROLES, "n", "start"]
        if unknown := [k for k in data if k not in known]:
            hint = near(str(unknown[0]), known, f"; it has {', '.join(known)}")
            raise InputError(f"a loop has no part {unknown[0]!r}{hint}")
        parts = {r: from_dict(kind, data[r], r) for r, (kind, _) in ROLES.items() if r in data}
        if "start" in data:
            name = data["start"].get("type") if isinstance(data["start"], Mapping) else None
            kind = "families" if name in shipped("families") else "starts"
            parts["start"] = from_dict(kind, data["start"], "start")
        if "n" in data:
            parts["n"] = parsed(data["n"], "n")
        loop: FeedbackLoop = construct(cls, parts)
        return loop

    def to_toml(self) -> str:
        """The loop as TOML text."""
        import tomli_w

        data = self.to_dict()
        return tomli_w.dumps({"n": data.pop("n"), **data})

    @classmethod
    def from_toml(cls, text: str) -> FeedbackLoop:
        """The loop that TOML text describes (`to_toml` writes it)."""
        import tomllib

        try:
            return cls.from_dict(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"the loop must be TOML text: {error}") from None
