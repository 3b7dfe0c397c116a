"""The categorical family: K types and the probabilities with which they are drawn."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import fsum
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS, InputError, as_fraction, is_symbolic, whole
from .base import Family, Model, diversity, pearson, rarest

ROUNDING = 1e-9
"""How far the given probabilities may sum from 1 by rounding."""
WIDE = 32
"""Types beyond which points are drawn replicate by replicate."""


@dataclass(frozen=True)
class Counts:
    """How many points of each type every replicate has; ``+`` is the union."""

    count: Any
    table: Any

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.count + other.count, self.table + other.table)

    def weighted(self, factor: float) -> Counts:
        """The same points, each of which counts ``factor`` times."""
        return Counts(self.count * factor, self.table * factor)

    def rows(self) -> list[Counts]:
        """The samples along axis 0, all of one count."""
        return [Counts(self.count, table) for table in self.table]


@dataclass(frozen=True, repr=False)
class Categorical(Family):
    """K types with the probabilities p₁ … p_K: a unigram model.

    ============= =============================================================
    probabilities p      K numbers or symbols that sum to 1
    sizes         (K)    how many types each entry stands for, where a loop of
                         few types is a part of one with many (None: one each)
    ============= =============================================================

    A point is the number of its type, 0 … K - 1.  The coordinates of a model are its
    probabilities q_1, q_2, … (weight 1; the last is what is left of 1); the features of a point
    are the indicators of the types.  Any types make one: a loop watched through some of them is
    that of those types and "the rest", so K costs nothing.  Raises `InputError` for what is no
    distribution.

    >>> Categorical.zipf(5, 1).probabilities[:2]
    (Fraction(60, 137), Fraction(30, 137))
    """

    probabilities: Any = (Fraction(1, 2), Fraction(1, 2))
    sizes: Any = None

    structure: ClassVar[tuple[str, ...]] = ("sizes",)
    types: ClassVar[bool] = True

    def __post_init__(self) -> None:
        p = tuple(_checked(v) for v in _listed(self.probabilities, "probabilities"))
        if len(p) < 2:
            raise InputError(f"probabilities must be those of at least 2 types, got {len(p)}")
        if not any(map(is_symbolic, p)) and abs(total := fsum(map(float, p)) - 1) > ROUNDING:
            raise InputError(f"probabilities must sum to 1, got {1 + total:.12g}")
        self._set(probabilities=p)
        if self.sizes is not None:
            sizes = tuple(whole(v, "sizes", 1) for v in _listed(self.sizes, "sizes"))
            if len(sizes) != len(p):
                raise InputError(f"sizes must be {len(p)} whole numbers, got {len(sizes)}")
            self._set(sizes=sizes if sum(sizes) > len(p) else None)

    @classmethod
    def zipf(cls, types: int, exponent: Any, shift: Any = 0) -> Categorical:
        """p_i ∝ 1/(i + shift)^exponent, i = 1 … ``types``: Zipf, or with a shift Zipf-Mandelbrot.

        The probabilities are exact fractions where the exponent is a whole number.
        """
        count = whole(types, "types", 2)
        power = PARAMETERS["beta"].check(exponent, "exponent")
        start = PARAMETERS["shift"].check(shift, "shift")
        exact = power == int(power)
        base = as_fraction(start) if exact else float(start)
        weights = [1 / (base + i) ** (int(power) if exact else power) for i in range(1, count + 1)]
        total = sum(weights) if exact else float(np.sum(weights))
        return cls(tuple(w / total for w in weights))

    @cached_property
    def _hash(self) -> int:
        return hash((self.probabilities, self.sizes))

    def __hash__(self) -> int:
        """Kept: a loop of many types is looked up for each of them."""
        return self._hash

    def __str__(self) -> str:
        if len(self.probabilities) <= 5:
            return repr(self)
        first = ", ".join(f"{float(v):.3g}" for v in self.probabilities[:3])
        return f"Categorical({len(self.probabilities)} types: {first}, …)"

    # -- types ------------------------------------------------------------------------------------

    @property
    def K(self) -> int:
        """The entries of `probabilities`."""
        return len(self.probabilities)

    @cached_property
    def shares(self) -> tuple[Fraction, ...]:
        """Each entry's share of the uniform law."""
        sizes = self.sizes or (1,) * self.K
        return tuple(Fraction(s, sum(sizes)) for s in sizes)

    @property
    def total(self) -> int:
        """The number of types that the entries stand for."""
        return sum(self.sizes) if self.sizes else self.K

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, float(self.K - 1)

    def checked(self, values: Any, argument: str) -> Any:
        rows = super().checked(values, argument)
        if (odd := rows != np.floor(rows)).any():
            raise InputError(
                f"{argument} must be the numbers of types, 0 … {self.K - 1}, got {rows[odd][0]:g} "
                f"among its rows"
            )
        return rows

    def check_start(self, start: Any) -> None:
        if start.K != self.K or start.sizes != self.sizes:
            raise InputError(f"start must have {self.K} types, got {start}")

    def symbol_of(self, name: str) -> Any:
        if name != "probabilities":
            return super().symbol_of(name)
        from ..symbols import lookup

        firsts = [lookup(f"p_{i + 1}") for i in range(self.K - 1)]
        return (*firsts, 1 - sum(firsts))

    # -- the definition ---------------------------------------------------------------------------

    @cached_property
    def law(self) -> Any:
        """p as an array."""
        p = np.array(self.probabilities, dtype=float)
        return p / p.sum()

    @cached_property
    def uniform(self) -> Any:
        """Each entry's share of the uniform law, as an array."""
        return np.array(self.shares, dtype=float)

    def parameters(self) -> dict[str, Any]:
        return {"probability": self.law}

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        """The first type whose cumulated probability exceeds a uniform number."""
        edges = np.cumsum(np.atleast_2d(model["probability"]), axis=-1)
        edges /= edges[:, -1:]
        u = rng.random(shape)
        if len(edges) == 1:
            return np.searchsorted(edges[0], u, side="right").astype(float)
        if self.K <= WIDE:
            return (u[..., None] >= edges[:, None, :-1]).sum(axis=-1).astype(float)
        return np.stack([np.searchsorted(e, v, side="right") for e, v in zip(edges, u, strict=True)]
                        ).astype(float)  # fmt: skip

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Counts:
        """The counts of ``size`` points are multinomial."""
        shape = replicates if isinstance(replicates, tuple) else (replicates,)
        table = rng.multinomial(np.broadcast_to(size, shape), model["probability"])
        return Counts(size, table.astype(float))

    def summarise(self, points: Any, weights: Any = None) -> Counts:
        rows, places = len(points), points.astype(np.int64)
        places = places + self.K * np.arange(rows)[:, None]
        each = None if weights is None else np.broadcast_to(weights, points.shape).ravel()
        table = np.bincount(places.ravel(), each, rows * self.K).reshape(rows, self.K)
        count = points.shape[-1] if weights is None else float(weights.sum())
        return Counts(count, table.astype(float))

    def match(self, statistics: Any) -> dict[str, Any]:
        return {"probability": statistics.table / _column(statistics.count)}

    def smoothed(self, statistics: Any, k: float) -> dict[str, Any]:
        """Counts with k added to each type."""
        table = statistics.table + k * self.total * self.uniform
        return {"probability": table / _column(statistics.count + k * self.total)}

    def interpolated(self, statistics: Any, uniform: bool) -> dict[str, Any]:
        """Witten and Bell's unigram: every type that was seen lends the uniform law one count."""
        if not uniform:
            return self.match(statistics)
        seen = (statistics.table > 0).sum(axis=-1, keepdims=True)
        total = statistics.table.sum(axis=-1, keepdims=True) + seen
        return {"probability": (statistics.table + seen * self.uniform) / total}

    def coordinates(self, model: Model) -> dict[str, Any]:
        q = model["probability"]
        return {f"q_{i + 1}": q[..., i] for i in range(self.K)}

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label i -> share of type i among points (replicates, size) or counts."""
        if not isinstance(sample, Counts):
            return {i: (sample == i - 1).mean(axis=-1) for i in labels}
        return {i: sample.table[..., i - 1] / sample.count for i in labels}

    # -- what observables measure -----------------------------------------------------------------

    def mean_of(self, model: Model) -> Any:
        raise InputError("observables: a type is a name and has no mean, got a Categorical family")

    def variance_of(self, model: Model) -> Any:
        """The trace of the covariance of the indicators."""
        return self.heterozygosity(model)

    def log_density(self, model: Model, points: Any) -> Any:
        q = np.broadcast_to(model["probability"], (*np.shape(points)[:-1], self.K))
        with np.errstate(divide="ignore"):
            return np.log(np.take_along_axis(q, np.asarray(points).astype(np.int64), axis=-1))

    def loss(self, model: Model, statistics: Any) -> Any:
        """-mean log q over a sample."""
        from scipy.special import xlogy

        counts = statistics.table
        with np.errstate(divide="ignore"):
            return -xlogy(counts, model["probability"]).sum(axis=-1) / counts.sum(axis=-1)

    def heterozygosity(self, model: Model) -> Any:
        """1 - Σ q_i²."""
        return diversity(model["probability"])

    def entropy_of(self, model: Model) -> Any:
        from scipy.special import entr

        return entr(model["probability"]).sum(axis=-1)

    def distinct(self, model: Model, order: int = 1) -> Any:
        """The points are independent, so any types make a k-gram."""
        return (model["probability"] > 0).sum(axis=-1).astype(float) ** order

    def missing(self, model: Model, order: int = 1) -> Any:
        lost: Any = np.where(model["probability"] > 0, 0.0, self.law).sum(axis=-1)
        return -np.expm1(order * np.log1p(-np.minimum(lost, 1.0))) if order > 1 else lost

    def chi_square(self, model: Model) -> Any:
        return pearson(model["probability"], self.law)

    def reverse_divergence(self, model: Model) -> Any:
        from scipy.special import rel_entr

        return rel_entr(model["probability"], self.law).sum(axis=-1)

    def divergence(self, model: Model) -> Any:
        """Σ p_i log(p_i/q_i): infinite where a type of the real law is lost."""
        from scipy.special import rel_entr

        return rel_entr(self.law, model["probability"]).sum(axis=-1)

    def unheard(self, model: Model) -> str:
        lost = np.flatnonzero((self.law > 0) & (np.ravel(model["probability"]) == 0))
        return f"type {lost[0] + 1} of the real law has the probability 0" if len(lost) else ""

    def rare_loss(self, model: Model, share: float, among: str) -> Any:
        """-Σ p log q over the rarest types that hold that share of the real law."""
        from scipy.special import xlogy

        p = rarest(self.law, self.law, share)
        return -xlogy(p, model["probability"]).sum(axis=-1) / p.sum()

    def entropy(self) -> float:
        from scipy.special import entr

        return float(entr(self.law).sum())

    # -- the claim --------------------------------------------------------------------------------

    @property
    def variables(self) -> dict[str, int]:
        return {f"q_{i + 1}": 1 for i in range(self.K - 1)}

    @property
    def features(self) -> dict[str, int]:
        return {f"is_{i + 1}": 1 for i in range(self.K - 1)}

    def atoms(self) -> dict[str, Any]:
        p = {f"p_{i + 1}": v for i, v in enumerate(self.probabilities[:-1])}
        return p | {f"u_{i + 1}": v for i, v in enumerate(self.shares[:-1])}

    @property
    def pattern(self) -> Family:
        return Categorical((Fraction(1, self.K),) * self.K)

    def label(self, powers: Sequence[int]) -> Any:
        """A product of indicators is one of them, or zero where they are of two types."""
        used = [i + 1 for i, p in enumerate(powers) if p]
        return used[0] if len(used) == 1 else None

    def weight(self, label: Any) -> int:
        return 1

    def labels(self, order: int) -> list[Any]:
        return list(range(1, self.K))

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        return state[f"q_{label}"]

    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        return {f"q_{i}": means[f"is_{i}"] for i in range(1, self.K)}

    def claim_uniform(self) -> dict[str, Any]:
        """The coordinates of the uniform law."""
        return {f"q_{i}": getattr(self.at, f"u_{i}") for i in range(1, self.K)}

    def truth(self) -> dict[str, Any]:
        return {f"q_{i}": getattr(self.at, f"p_{i}") for i in range(1, self.K)}

    def marginal(self, names: Collection[str]) -> tuple[Family, dict[str, str], Any]:
        """Those types and one for all others: multinomial counts lump, whatever K is."""
        used = sorted({int(name.split("_")[1]) - 1 for name in names})
        if used == list(range(self.K - 1)):
            return self, {name: name for name in names}, None
        if len(used) == self.K:
            raise InputError(f"q_{self.K} is what is left of 1: no monomial holds all types")
        place = {i: k + 1 for k, i in enumerate(used)}
        new = {name: f"q_{place[int(name.split('_')[1]) - 1]}" for name in names}
        p, sizes = [self.probabilities[i] for i in used], self.sizes or (1,) * self.K
        kept = [sizes[i] for i in used]
        family = Categorical((*p, _rest(p)), (*kept, sum(sizes) - sum(kept)))
        return family, new, tuple(used)

    def projected(self, rows: Any, places: Any) -> Any:
        """The types at ``places`` renumbered, all others as the last."""
        if places is None:
            return rows
        table = np.full(self.K, float(len(places)))
        table[list(places)] = np.arange(len(places))
        return table[np.asarray(rows).astype(np.int64)]


def _listed(values: Any, argument: str) -> list[Any]:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise InputError(f"{argument} must be a row of numbers, got {values!r}")
    return list(values)


def _checked(value: Any) -> Any:
    return PARAMETERS["p_0"].check(value, "probabilities")


def _rest(p: Sequence[Any]) -> Any:
    """What is left of 1, which rounding does not make negative."""
    rest = 1 - sum(p)
    return rest if is_symbolic(rest) else max(rest, 0)


def _column(count: Any) -> Any:
    return np.asarray(count)[..., None]
