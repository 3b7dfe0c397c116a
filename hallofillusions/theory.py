"""The symbolic reader: what theory claims follows from the sentence.

`derive` composes the claims of the assumptions into an exact recursion of moments; `predict`
evaluates every observable, by the recursion or by a theorem that applies to the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .algebra import Atoms, Law, Powers, Series, resolve_umbra
from .component import _fields
from .kinds import Exact, Kind
from .loop import Clock, FeedbackLoop
from .observables.base import ONE, Combination, Functional, Monomial
from .prediction import Entry, Prediction
from .proof import theorems
from .recursion import NotClosed, Polynomial, Recursion
from .starts import Memory
from .symbols import InputError, as_fraction, is_symbolic

# -- atoms: the quantities in which coefficients are polynomials --------------------------------


def _exact(value: Any) -> Any:
    """A loop's number as the sympy rational that the user typed."""
    import sympy

    return value if is_symbolic(value) else sympy.Rational(as_fraction(value))


def _field_atoms(loop: FeedbackLoop, convert: Callable[[Any, str], Any]) -> dict[str, Any]:
    parts = {"family": loop.family, "bias": loop.bias, "estimator": loop.estimator}
    return {
        f"{role}_{f.name}": convert(part, f.name)
        for role, part in parts.items()
        for f in _fields(part)
        if not isinstance(getattr(part, f.name), str | bool | tuple)
        and getattr(part, f.name) is not None
    }


def _values(loop: FeedbackLoop, clock: Clock, size: Any, convert: Callable[[Any, str], Any]) -> Any:
    fields = _field_atoms(loop, convert)
    return {**loop.mixing.atoms(clock), **loop.estimator.atoms(size), **fields}


def _number(part: Any, name: str) -> float:
    return float(getattr(part, name))


def numeric_atoms(loop: FeedbackLoop, generations: int) -> dict[str, Any]:
    """Atom -> array over g = 1 … ``generations`` (or a constant)."""
    loop.require_numbers()
    clock = loop.clock(generations)
    return _values(loop, clock, loop.mixing.training_size(clock), _number)


def first_numeric_atoms(loop: FeedbackLoop) -> dict[str, Any]:
    """Atoms of the start and of a special first fit."""
    loop.require_numbers()
    clock = loop.clock(1)
    held = float(loop.mixing.memory_size(loop.sizes(1)[0]))
    size = held if isinstance(loop.start, Memory) else loop.mixing.training_size(clock)
    first = {k: np.ravel(v)[0] for k, v in _values(loop, clock, size, _number).items()}
    if isinstance(loop.start, type(loop.family)):
        start = loop.family.coordinates(loop.start.parameters())
        first |= {f"start_{k}": float(v) for k, v in start.items()}
    return {**first, "hm": 1 / held if held else 0.0}


def _symbol_or_number(numbers: bool) -> Callable[[Any, str], Any]:
    def convert(part: Any, name: str) -> Any:
        return _exact(getattr(part, name)) if numbers else part.symbol_of(name)

    return convert


def symbolic_atoms(loop: FeedbackLoop, *, numbers: bool = False) -> dict[str, Any]:
    """Atom -> sympy expression in α, n, N, g, λ, … or (``numbers=True``) the loop's numbers."""
    clock = _exact_clock(loop, numbers)
    return _values(loop, clock, loop.mixing.training_size(clock), _symbol_or_number(numbers))


def _exact_clock(loop: FeedbackLoop, numbers: bool) -> Clock:
    clock = loop.symbolic_clock(numbers=numbers)
    alpha, n, total = map(_exact, (clock.alpha, clock.n, clock.N))
    return Clock(alpha, n, total, clock.g)


def first_symbolic_atoms(loop: FeedbackLoop, *, numbers: bool = False) -> dict[str, Any]:
    """The symbolic atoms of the start and of a special first fit."""
    clock = _exact_clock(loop, numbers)
    total = clock.n * (2 if loop.begins_with_pool else 1)
    clock = Clock(clock.alpha, clock.n, total, _exact(1))
    mixing = loop.mixing if numbers else loop.mixing.symbolic()
    held = _exact(mixing.memory_size(clock.n))
    size = held if isinstance(loop.start, Memory) else loop.mixing.training_size(clock)
    convert = _symbol_or_number(numbers)
    first = _values(loop, clock, size, convert)
    if isinstance(loop.start, type(loop.family)):
        import sympy

        for k, v in loop.family.coordinates(vars(loop.start)).items():
            first[f"start_{k}"] = _exact(v) if numbers else sympy.Symbol(f"{k}_0", real=True)
    return {**first, "hm": 1 / held if held != 0 else held}


# -- the engine --------------------------------------------------------------------------------


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
        fields = _field_atoms(loop, lambda part, name: None)
        started = isinstance(loop.start, type(family))
        start = [f"start_{k}" for k in family.variables] if started else []
        self.atoms = (*names, *loop.estimator.atoms(100.0), *fields, *start, "hm", *data)
        self.labels = self._memory_labels()
        memory = {f"memory_{k}": family.weight(k) for k in self.labels}
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
        return part.replaced(named)

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
                value = self.gens[f"memory_{label}"]
            elif who == "real":
                truth = {k: self.ring(v) for k, v in self.family.truth().items()}
                value = self.family.moment(label, truth)
            else:
                value = self.bias.claim(self.family, label, state)
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
        from .algebra import powers_up_to

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
        moments = self._memory_moments()
        for powers, rest in self._split(polynomial, self.coordinates).items():
            value = moments(powers[:cut])
            for name, p in zip(self.family.variables, powers[cut:], strict=True):
                value = value * model[name] ** p if p else value
            total += rest * value
        return total

    def _memory_moments(self) -> Callable[[Powers], Any]:
        """Moments of the memory before the first fit: means over iid real points, or given data."""
        if self.data:
            names = [f"pool_{k}" for k in self.labels]
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


def derive(
    loop: FeedbackLoop,
    order: int = 2,
    *,
    monomials: Iterable[Mapping[str, float]] | None = None,
    data: Any = None,
) -> Recursion:
    """The exact affine recursion of the loop's moments.

    ========= =====================================================================
    loop      the sentence; numbers or symbols
    order     all monomials of the model's coordinates up to this weight (4 holds Var σ²)
    monomials instead of ``order``: the monomials wanted, such as ``[{"v": 1}]``
    data      the rows of a real file that is the memory of an anchored mixing
    ========= =====================================================================

    Raises `NotClosed` (naming the monomial) when no finite recursion exists.

    >>> from hallofillusions import FeedbackLoop, FreshSplit, Gaussian, derive
    >>> from hallofillusions.symbols import alpha, n
    >>> loop = FeedbackLoop(family=Gaussian(), mixing=FreshSplit(alpha=alpha), n=n)
    >>> derive(loop).fixed_point()["v"]
    alpha...
    """
    variables = loop.family.variables
    if monomials is None:
        if isinstance(order, bool) or not isinstance(order, int) or order < 1:
            raise InputError(f"order must be a whole number at least 1, got {order!r}")
        from .algebra import powers_up_to

        wanted = sorted(
            (p for p in powers_up_to(tuple(variables.values()), order) if any(p)),
            key=lambda p: (sum(w * q for w, q in zip(variables.values(), p, strict=True)), p[::-1]),
        )
    else:
        wanted = [_powers(variables, m) for m in monomials]
        order = max(
            (sum(w * q for w, q in zip(variables.values(), p, strict=True)) for p in wanted),
            default=1,
        )
    means = None if data is None else _data_means(loop, data, max(order, 2))
    return _derive(loop, max(order, 2), tuple(wanted), means)


def _powers(variables: Mapping[str, int], wanted: Mapping[str, float]) -> Powers:
    if unknown := set(wanted) - set(variables):
        raise InputError(f"monomials has no coordinate {unknown.pop()!r}; it has {list(variables)}")
    for name, p in wanted.items():
        if p < 0 or p != int(p):
            raise NotClosed(f"{name}^{p:g}", "only whole powers form polynomials")
    return tuple(int(wanted.get(v, 0)) for v in variables)


def _data_means(loop: FeedbackLoop, data: Any, order: int) -> tuple[tuple[str, float], ...]:
    if not loop.mixing.anchored:
        raise InputError(
            f"data must go with FixedReal or FixedPool, whose memory it is, got {loop.mixing!r}"
        )
    rows = np.asarray(data, dtype=float)
    if rows.ndim != 1 or not len(rows) or not np.isfinite(rows).all():
        raise InputError("data must be a one-dimensional array of finite numbers")
    held = loop.mixing.memory_size(loop.sizes(1)[0])
    if len(rows) != held:
        raise InputError(f"data must have {held} rows, the size of the fixed set, got {len(rows)}")
    deviations = rows - loop.family.parameters()["mean"]
    return tuple((f"pool_{k}", float(np.mean(deviations**k))) for k in range(1, order + 1))


@lru_cache(maxsize=256)
def _derive(
    loop: FeedbackLoop, order: int, wanted: tuple[Powers, ...],
    data: tuple[tuple[str, float], ...] | None,
) -> Recursion:  # fmt: skip
    engine = Engine(loop, order, dict(data or ()))
    cut = len(engine.labels)
    return engine.close([(0,) * cut + p for p in wanted])


# -- prediction --------------------------------------------------------------------------------


def predict(
    loop: FeedbackLoop,
    generations: int,
    observables: Sequence[Any] | None = None,
    *,
    data: Any = None,
) -> Prediction:
    """The expectation of every observable at g = 0 … ``generations``.

    =========== =====================================================================
    loop        a sentence with numbers
    generations number of fits, at least 0
    observables `Observable` s; default: `hallofillusions.observables.defaults`
    data        the rows of a real file that is the memory of an anchored mixing
    =========== =====================================================================

    Monomials come from the recursion (order 2 or 4, exact); everything else from a theorem
    that applies to the loop.  Where none is known the entry says so.
    """
    from .observables import defaults

    loop.require_numbers()
    check_generations(generations)
    watched = tuple(observables) if observables is not None else defaults()
    claims = {o.label: o.claim(loop.family) for o in watched}
    moments = _Moments(loop, generations, data, claims.values())
    entries = {label: _entry(label, claim, moments) for label, claim in claims.items()}
    return Prediction(loop, generations, entries)


def check_generations(generations: Any) -> int:
    """A whole number of generations, at least 0."""
    if isinstance(generations, bool) or not isinstance(generations, int | np.integer):
        raise InputError(f"generations must be a whole number at least 0, got {generations!r}")
    if generations < 0:
        raise InputError(f"generations must be a whole number at least 0, got {generations}")
    return int(generations)


class _Moments:
    """Functionals of one loop, each found once: monomials by recursion, the rest by theorem."""

    def __init__(
        self, loop: FeedbackLoop, generations: int, data: Any, claims: Iterable[Any]
    ) -> None:
        self.loop, self.generations, self.data = loop, generations, data
        asked = {
            f: None for claim in claims if claim is not None for _, f in claim.terms
            if isinstance(f, Monomial) and f.powers and f.polynomial
        }  # fmt: skip
        squares = {Monomial(tuple((n, 2 * p) for n, p in f.powers)): None for f in asked}
        weights = loop.family.variables
        light = [f for f in squares if sum(weights[n] * p for n, p in f.powers) <= 4]
        self.table = self._run(dict.fromkeys([*asked, *light]))

    def _run(self, wanted: Iterable[Monomial]) -> dict[Monomial, Any]:
        wanted = list(wanted)
        if not wanted:
            return {}
        monomials = [{n: int(p) for n, p in f.powers} for f in wanted]
        recursion = derive(self.loop, monomials=monomials, data=self.data)
        x = recursion.iterate(self.generations)
        return {f: x[:, recursion.index(**m)] for f, m in zip(wanted, monomials, strict=True)}

    def find(self, functional: Functional) -> tuple[Callable[[], Any] | None, str, Kind]:
        """(values, source, kind) of one functional; values is None where no law is known."""
        grid = np.arange(self.generations + 1)
        if isinstance(functional, Monomial):
            if not functional.powers:
                return (lambda: np.ones(len(grid))), "", Exact()
            if functional in self.table:
                return (lambda: self.table[functional]), "recursion", Exact()
        for theorem in theorems().values():
            # a given file as memory is conditioned on; theorems average over it
            law = theorem.provides(self.loop, functional) if self.data is None else None
            if law is not None:
                return (lambda law=law: law(grid)), theorem.name, theorem.kind
        return None, f"no theorem known for {functional} of this loop; simulate it", Exact()


def _entry(label: str, claim: Combination | None, moments: _Moments) -> Entry:
    if claim is None:
        return Entry(label, "no theorem known for it; simulate it")
    parts = [(c, *moments.find(f)) for c, f in claim.terms]
    for _, law, source, _ in parts:
        if law is None:
            return Entry(label, source)
    sources = sorted({source for _, _, source, _ in parts if source})
    kind = next((k for *_, k in parts if not isinstance(k, Exact)), Exact())

    laws = [(c, law) for c, law, _, _ in parts if law is not None]

    def compute() -> Any:
        total = sum(c * law() for c, law in laws)
        return claim.transform(total) if claim.transform else total

    return Entry(label, " and ".join(sources) or "definition", kind, compute,
                 _spread(claim, moments))  # fmt: skip


def _spread(claim: Combination, moments: _Moments) -> Any:
    """Variance over replicates of an observable that is one monomial (plus a constant)."""
    terms = [(c, f) for c, f in claim.terms if isinstance(f, Monomial) and f.powers]
    if len(terms) != 1 or claim.transform or len(terms) < sum(f != ONE for _, f in claim.terms):
        return None
    c, f = terms[0]
    square = Monomial(tuple((n, 2 * p) for n, p in f.powers))
    if f not in moments.table or square not in moments.table:
        return None
    return c**2 * np.maximum(moments.table[square] - moments.table[f] ** 2, 0.0)
