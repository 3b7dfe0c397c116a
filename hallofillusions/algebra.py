"""Claims are Markov kernels on polynomials: the one generating function of the engine.

A claim is written with the operators of `Series`: a power series in dual variables t, one for
each feature, truncated by weight, whose coefficients are polynomials in the model's state and
in the atoms of the clock (α, 1/n, ...).  A union of independent strata adds the logarithms of
the generating functions of their sums, so the four operators that mixings need are ``+``,
``log``, ``exp`` and `Series.averaged`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import factorial, prod
from typing import Any

Powers = tuple[int, ...]


def powers_up_to(weights: Sequence[int], order: int) -> Iterator[Powers]:
    """All exponent tuples of weight 0 … ``order``."""
    if not weights:
        yield ()
        return
    for power in range(order // weights[0] + 1):
        for rest in powers_up_to(weights[1:], order - power * weights[0]):
            yield (power, *rest)


class Series:
    """A power series Σ c_a t^a in dual variables of known weight, truncated at weight ``order``."""

    def __init__(self, weights: tuple[int, ...], order: int, terms: Mapping[Powers, Any]) -> None:
        self.weights, self.order = weights, order
        self.terms = {a: c for a, c in terms.items() if c}

    @classmethod
    def from_moments(
        cls, weights: tuple[int, ...], order: int, moment: Callable[[Powers], Any]
    ) -> Series:
        """E e^{t·φ} = Σ_a E[φ^a] t^a / a! from its moments E[φ^a]."""
        terms = {}
        for a in powers_up_to(weights, order):
            value = moment(a)
            divisor = prod(map(factorial, a))
            terms[a] = value if divisor == 1 else value / divisor
        return cls(weights, order, terms)

    def moment(self, a: Powers) -> Any:
        """a! c_a: the moment that a generating function holds."""
        return self.terms[a] * prod(map(factorial, a)) if a in self.terms else 0

    def weight(self, a: Powers) -> int:
        return sum(w * p for w, p in zip(self.weights, a, strict=True))

    def _new(self, terms: Mapping[Powers, Any]) -> Series:
        return Series(self.weights, self.order, terms)

    def __add__(self, other: Series) -> Series:
        terms = dict(self.terms)
        for a, c in other.terms.items():
            terms[a] = terms[a] + c if a in terms else c
        return self._new(terms)

    def __mul__(self, factor: Any) -> Series:
        return self._new({a: c * factor for a, c in self.terms.items()})

    __rmul__ = __mul__

    def scaled(self, factor: Any) -> Series:
        """t → factor · t."""
        power = [factor**0, factor]
        for _ in range(2, self.order + 1):
            power.append(power[-1] * factor)
        return self._new({a: c * power[sum(a)] for a, c in self.terms.items()})

    def averaged(self, h: Any) -> Series:
        """K(t) of one point → n K(t/n) of the mean of n = 1/h independent ones."""
        power = [h**0]
        for _ in range(1, self.order):
            power.append(power[-1] * h)
        return self._new({a: c * power[sum(a) - 1] for a, c in self.terms.items() if any(a)})

    def _layers(self) -> list[dict[Powers, Any]]:
        layers: list[dict[Powers, Any]] = [{} for _ in range(self.order + 1)]
        for a, c in self.terms.items():
            layers[self.weight(a)][a] = c
        return layers

    def exp(self) -> Series:
        """M = e^K degree by degree: w M_w = Σ_j j K_j M_{w-j}."""
        K, one = self._layers(), (0,) * len(self.weights)
        M: list[dict[Powers, Any]] = [{one: 1}]
        for w in range(1, self.order + 1):
            total: dict[Powers, Any] = {}
            for j in range(1, w + 1):
                _add_product(total, K[j], M[w - j], j)
            M.append({a: c / w for a, c in total.items()})
        return self._new({a: c for layer in M for a, c in layer.items()})

    def log(self) -> Series:
        """K = log M degree by degree: w K_w = w M_w - Σ_{j<w} j K_j M_{w-j}."""
        M = self._layers()
        K: list[dict[Powers, Any]] = [{}]
        for w in range(1, self.order + 1):
            total = {a: w * c for a, c in M[w].items()}
            for j in range(1, w):
                _add_product(total, K[j], M[w - j], -j)
            K.append({a: c / w for a, c in total.items()})
        return self._new({a: c for layer in K for a, c in layer.items()})


def _add_product(
    total: dict[Powers, Any], left: Mapping[Powers, Any], right: Mapping[Powers, Any], factor: int
) -> None:
    """total += factor · left · right."""
    for a, c in left.items():
        scaled = c * factor
        for b, d in right.items():
            key = tuple(map(sum, zip(a, b, strict=True)))
            total[key] = total[key] + scaled * d if key in total else scaled * d


class Law:
    """What a claim is handed for the real law, the sampler or the memory.

    ``M`` is E e^{t·φ}, ``K`` its logarithm, ``linear`` the first-order series t·E[φ] (for a
    memory: the means themselves, which are known).
    """

    def __init__(self, weights: tuple[int, ...], order: int, moment: Callable[[Powers], Any]):
        self.weights, self.order, self._moment = weights, order, moment
        self._M: Series | None = None
        self._K: Series | None = None

    @property
    def M(self) -> Series:
        if self._M is None:
            self._M = Series.from_moments(self.weights, self.order, self._moment)
        return self._M

    @property
    def K(self) -> Series:
        if self._K is None:
            self._K = self.M.log()
        return self._K

    @property
    def linear(self) -> Series:
        size = len(self.weights)
        units = [tuple(int(i == j) for j in range(size)) for i in range(size)]
        return Series(self.weights, self.order, {u: self._moment(u) for u in units})


class Atoms:
    """The atoms of the clock as attributes: ring generators in a claim."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


def resolve_umbra(poly: Any, position: int, targets: Iterable[int]) -> Any:
    """Replace p^k by the generator number ``targets[k-1]`` (p^0 by 1)."""
    index = list(targets)
    result = poly.ring.zero
    for exponents, coefficient in poly.items():
        if k := exponents[position]:
            moved = list(exponents)
            moved[position] = 0
            moved[index[k - 1]] += 1
            exponents = tuple(moved)
        result[exponents] = result.get(exponents, 0) + coefficient
    return result
