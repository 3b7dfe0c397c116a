"""The engine: claims composed into the kernel of one generation on polynomials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .algebra import Atoms, Law, Powers, Series, powers_up_to, resolve_umbra
from .atoms import field_names
from .loop import Clock, FeedbackLoop
from .recursion import NotClosed, Polynomial, Recursion
from .starts import Memory


def memory_name(family: Any, label: Any) -> str:
    """The coordinate that is the mean of the function ``label`` over the memory."""
    return f"memory_{family.name(label)}"


class Engine:
    """Claims composed: the kernel of one generation on polynomials of (memory, model)."""

    def __init__(self, loop: FeedbackLoop, order: int, data: Mapping[str, float]) -> None:
        from sympy.polys.domains import QQ
        from sympy.polys.rings import PolyRing

        self.loop, self.order, self.data = loop, order, data
        family, mixing = loop.family, loop.mixing
        # the names of the atoms do not depend on the values, so any numbers bring them out
        dummy = Clock(0.5, 100.0, 1000.0, 10.0)
        umbra = mixing.umbra
        names = [
            a for a in mixing.atoms(dummy)
            if umbra is None or not a[len(umbra):].isdigit() or int(a[len(umbra):]) <= order
        ]  # fmt: skip
        fields = field_names(loop)
        started = isinstance(loop.start, type(family))
        start = [f"start_{k}" for k in family.variables] if started else []
        self.atoms = (*names, *loop.estimator.atoms(100.0, family), *fields, *start, "hm", *data)
        self.labels = self._memory_labels()
        memory = {memory_name(family, k): family.weight(k) for k in self.labels}
        self.coordinates = (*memory, *family.variables)
        self.weights = (*memory.values(), *family.variables.values())
        self.training = tuple(family.features)
        every = (*self.atoms, *self.coordinates, *self.training, *([umbra] if umbra else []))
        self.ring = PolyRing(list(every), QQ)
        self.gens = dict(zip(every, self.ring.gens, strict=True))
        self.position = {name: i for i, name in enumerate(every)}
        self.at = Atoms(self.gens)
        roles = (("family", family), ("bias", loop.bias), ("estimator", loop.estimator))
        self.family, self.bias, self.estimator = (self._twin(r, p, fields) for r, p in roles)
        self._moments: dict[Any, Any] = {}
        self._kernels: dict[Powers, Any] = {}

    def _twin(self, role: str, part: Any, fields: Iterable[str]) -> Any:
        """The part with ring generators in place of its numbers, so that its claim can use them."""
        named = {f.split("_", 1)[1]: self.gens[f] for f in fields if f.startswith(f"{role}_")}
        twin = part.replaced(named)
        object.__setattr__(twin, "at", Atoms(named))
        return twin

    def _memory_labels(self) -> list[Any]:
        family, kind = self.loop.family, self.loop.mixing.remembers
        if kind == "everything":
            return family.labels(self.order)
        if kind == "features":
            size = len(family.features)
            return [family.label([int(i == j) for j in range(size)]) for i in range(size)]
        return []

    # -- laws: real, synthetic, memory ----------------------------------------------------------

    def _moment(self, who: str, label: Any) -> Any:
        """E[label(x)] of the real law, the sampler or the memory, as a polynomial."""
        key = (who, label)
        if key not in self._moments:
            state = {k: self.gens[k] for k in self.family.variables}
            if who == "memory":
                value = self.gens[memory_name(self.family, label)]
            elif who == "real" and (name := f"real_{self.family.name(label)}") in self.gens:
                value = self.gens[name]
            elif who == "real":
                truth = {k: self.ring(v) for k, v in self.family.truth().items()}
                value = self.family.moment(label, truth)
            else:
                value = self.bias.claim(self.family, label, state)
            if value is None:
                raise NotClosed(
                    f"the mean of y^{self.family.name(label).replace('_', ' ')}",
                    "of this family only the first two moments are known",
                )
            self._moments[key] = self.ring(value)
        return self._moments[key]

    def _law(self, who: str, features: Mapping[str, int]) -> Law:
        """A law seen through the features φ."""

        def moment(a: Powers) -> Any:
            if not any(a):
                return self.ring.one
            label = self.family.label(a)
            return self.ring.zero if label is None else self._moment(who, label)

        return Law(tuple(features.values()), self.order, moment)

    def _memory_law(self, who: str) -> Law:
        """A law seen through the means that the memory keeps."""
        width = len(self.family.features)
        powers = {k: self._powers_of(k) for k in self.labels}

        def moment(a: Powers) -> Any:
            if not any(a):
                return self.ring.one
            joint = [
                sum(count * powers[k][i] for k, count in zip(self.labels, a, strict=True))
                for i in range(width)
            ]
            label = self.family.label(joint)
            return self.ring.zero if label is None else self._moment(who, label)

        return Law(tuple(map(self.family.weight, self.labels)), self.order, moment)

    def _powers_of(self, label: Any) -> Powers:
        """Feature powers whose product is ``label``."""
        weights = tuple(self.family.features.values())
        for a in powers_up_to(weights, self.family.weight(label)):
            if any(a) and self.family.label(a) == label:
                return a
        raise AssertionError(f"the family has no product of features with label {label!r}")

    # -- kernels ------------------------------------------------------------------------------

    def _generating(self, first: bool) -> Series:
        """E e^{t·(training means)} given (next memory, model)."""
        mixing, features = self.loop.mixing, self.family.features
        real, memory = self._law("real", features), self._law("memory", features)
        if first and isinstance(self.loop.start, Memory):
            claim = memory.linear
        elif first:
            claim = mixing.claim_first(real, memory, self.at)
        else:
            claim = mixing.claim(real, self._law("synthetic", features), memory, self.at)
        return self._settled(claim.exp())

    def _generating_memory(self, first: bool) -> Series | None:
        """E e^{t·(next memory)} given (memory, model); None where the memory stays."""
        real = self._memory_law("real")
        synthetic = real if first else self._memory_law("synthetic")
        memory = self._memory_law("memory")
        claim = self.loop.mixing.claim_memory(real, synthetic, memory, self.at)
        return None if claim is None else self._settled(claim.exp())

    def _settled(self, series: Series) -> Series:
        """The series with its umbra resolved."""
        if (umbra := self.loop.mixing.umbra) is None:
            return series
        index = [self.position[f"{umbra}{k}"] for k in range(1, self.order + 1)]
        place = self.position[umbra]
        terms = {a: resolve_umbra(self.ring(c), place, index) for a, c in series.terms.items()}
        return Series(series.weights, series.order, terms)

    def kernel(self, first: bool = False) -> Callable[[Powers], Any]:
        """f ↦ E[f(next memory, next model) | memory, model] for monomials f."""
        training, memory = self._generating(first), None
        if self.loop.mixing.grows:
            memory = self._generating_memory(first)
        means = {k: self.gens[k] for k in self.training}
        fitted = self.estimator.claim(self.family, means, self.at)
        known: dict[Powers, Any] = {}

        def model_part(powers: Powers) -> Any:
            if powers not in known:
                product = self.ring.one
                for name, p in zip(self.family.variables, powers, strict=True):
                    if p:
                        product = product * self.ring(fitted[name]) ** p
                known[powers] = self._expect(product, self.training, training)
            return known[powers]

        def apply(powers: Powers) -> Any:
            cut = len(self.labels)
            result = self._monomial(self.coordinates[:cut], powers[:cut]) * model_part(powers[cut:])
            return result if memory is None else self._expect(
                result, self.coordinates[:cut], memory
            )

        return apply

    def _monomial(self, names: Sequence[str], powers: Powers) -> Any:
        exponents = [0] * self.ring.ngens
        for name, p in zip(names, powers, strict=True):
            exponents[self.position[name]] = p
        return self.ring.from_dict({tuple(exponents): self.ring.domain.one})

    def _split(self, polynomial: Any, names: Sequence[str]) -> dict[Powers, Any]:
        """Σ (monomial in ``names``) · (the rest), as {powers: rest}."""
        places = [self.position[n] for n in names]
        groups: dict[Powers, dict[Powers, Any]] = {}
        for exponents, c in polynomial.items():
            rest = list(exponents)
            for i in places:
                rest[i] = 0
            groups.setdefault(tuple(exponents[i] for i in places), {})[tuple(rest)] = c
        return {a: self.ring.from_dict(g) for a, g in groups.items()}

    def _expect(self, polynomial: Any, names: Sequence[str], generating: Series) -> Any:
        """The polynomial with every monomial in ``names`` replaced by its moment."""
        total = self.ring.zero
        for a, rest in self._split(polynomial, names).items():
            total += rest * (generating.moment(a) if any(a) else self.ring.one)
        return total

    # -- the start ----------------------------------------------------------------------------

    def at_start(self, polynomial: Any) -> Any:
        """E of a polynomial in (memory, model 0) at the start: a polynomial in the atoms."""
        given = isinstance(self.loop.start, type(self.loop.family))
        truth = self.family.truth()
        model = {
            k: self.gens[f"start_{k}"] if given else self.ring(truth[k])
            for k in self.family.variables
        }
        cut = len(self.labels)
        total = self.ring.zero
        for powers, rest in self._split(polynomial, self.coordinates).items():
            value = self._memory_moments(powers[:cut])
            for name, p in zip(self.family.variables, powers[cut:], strict=True):
                value = value * model[name] ** p if p else value
            total += rest * value
        return total

    @cached_property
    def _memory_moments(self) -> Callable[[Powers], Any]:
        """Moments of the memory before the first fit: means over iid real points, or given data."""
        names = [f"pool_{self.family.name(k)}" for k in self.labels]
        if self.labels and names[0] in self.data:
            return lambda powers: self._monomial(names, powers)
        if not self.loop.mixing.anchored and not self.loop.begins_with_pool:
            return lambda powers: self.ring.zero if any(powers) else self.ring.one
        series = self._memory_law("real").K.averaged(self.gens["hm"]).exp()
        return lambda powers: self.ring(series.moment(powers)) if any(powers) else self.ring.one

    # -- closure ------------------------------------------------------------------------------

    def close(self, targets: Iterable[Powers]) -> Recursion:
        """The smallest recursion that holds the targets."""
        kernel, basis = self.kernel(), list(dict.fromkeys(targets))
        rows = []
        for powers in basis:  # grows while it is read
            row = self._split(kernel(powers), self.coordinates)
            for new in row:
                if any(new) and new not in basis:
                    self._check_weight(powers, new)
                    basis.append(new)
            rows.append(row)
        place = {p: i for i, p in enumerate(basis)}
        special = self.loop.faithful_start or isinstance(self.loop.start, Memory)
        first = self.kernel(first=True) if special else None
        own = [self._monomial(self.coordinates, p) for p in basis]
        return Recursion(
            self.loop,
            self.coordinates,
            self.weights,
            tuple(basis),
            tuple({place.get(p, -1): self._atomic(c) for p, c in row.items()} for row in rows),
            tuple(self._atomic(self.at_start(m)) for m in own),
            None if first is None
            else tuple(self._atomic(self.at_start(first(p))) for p in basis),
            dict(self.data),
        )  # fmt: skip

    def _weight(self, powers: Powers) -> int:
        return sum(w * p for w, p in zip(self.weights, powers, strict=True))

    def _check_weight(self, parent: Powers, new: Powers) -> None:
        if self._weight(new) > self._weight(parent):
            names = ["^".join((c, str(p))) for c, p in zip(self.coordinates, parent, strict=True)
                     if p]  # fmt: skip
            child = ["^".join((c, str(p))) for c, p in zip(self.coordinates, new, strict=True) if p]
            raise NotClosed(
                " ".join(names),
                f"its expectation needs {' '.join(child)}, of weight {self._weight(new)} above its "
                f"own {self._weight(parent)}, and so on without end",
            )

    def _atomic(self, polynomial: Any) -> Polynomial:
        """A polynomial without coordinates, as exponents of the atoms alone."""
        cut = len(self.atoms)
        terms = {e[:cut]: c for e, c in self.ring(polynomial).items()}
        return Polynomial(self.atoms, terms)
