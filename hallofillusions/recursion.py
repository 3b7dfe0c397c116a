"""The exact affine recursion of tracked moments: x(g+1) = C(g) x(g) + c(g).  Pure algebra.

The coefficients are polynomials in the atoms of the clock (α, h = 1/n, …).  They are evaluated
with arrays for numbers and with sympy expressions for symbols, from the same polynomials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .atoms import first_numeric_atoms, first_symbolic_atoms, numeric_atoms, symbolic_atoms
from .rational import factored
from .symbols import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .loop import FeedbackLoop

Powers = tuple[int, ...]


class NotClosed(ValueError):  # noqa: N818  (a statement about a monomial, not a fault)
    """No finite recursion holds this monomial."""

    def __init__(self, monomial: str, reason: str) -> None:
        super().__init__(f"no finite recursion holds {monomial}: {reason}")
        self.monomial = monomial


@dataclass(frozen=True)
class Polynomial:
    """A polynomial in the atoms: exponents -> rational coefficient."""

    atoms: tuple[str, ...]
    terms: Mapping[Powers, Any]

    def symbolic(self, values: Mapping[str, Any]) -> Any:
        """The sympy expression with ``values`` in place of the atoms."""
        import sympy

        terms = []
        for powers, c in self.terms.items():
            factors = [values[a] ** p for a, p in zip(self.atoms, powers, strict=True) if p]
            terms.append(sympy.Mul(sympy.Rational(int(c.numerator), int(c.denominator)), *factors))
        return sympy.Add(*terms)


@dataclass(frozen=True)
class Recursion:
    """The moments of a loop, exactly: ``x(g) = C x(g-1) + c`` for the monomials in ``basis``.

    ============ =====================================================================
    basis        tuple of exponent tuples over ``coordinates``
    coordinates  names: the memory's means first, then the model's coordinates
    rows         for each monomial, {column: coefficient}; column -1 is the constant
    origin       x(0): expectations at the start
    first        x(1) where the first fit is special (see `FeedbackLoop.start`), else None
    ============ =====================================================================
    """

    loop: FeedbackLoop
    coordinates: tuple[str, ...]
    weights: tuple[int, ...]
    basis: tuple[Powers, ...]
    rows: tuple[Mapping[int, Polynomial], ...]
    origin: tuple[Polynomial, ...]
    first: tuple[Polynomial, ...] | None
    data: Mapping[str, float] = field(default_factory=dict, repr=False)

    # -- names --------------------------------------------------------------------------------

    def name(self, powers: Powers) -> str:
        """A monomial in words, such as ``delta^2 v``."""
        parts = [f"{c}^{p}" if p > 1 else c for c, p in zip(self.coordinates, powers, strict=True)
                 if p]  # fmt: skip
        return " ".join(parts) or "1"

    @property
    def names(self) -> tuple[str, ...]:
        """The tracked monomials in words."""
        return tuple(map(self.name, self.basis))

    def index(self, **powers: int) -> int:
        """Position of a monomial, as in ``index(delta=2)``."""
        key = tuple(powers.pop(c, 0) for c in self.coordinates)
        if powers or key not in self.basis:
            raise InputError(f"the recursion tracks {', '.join(self.names)}, not {powers or key}")
        return self.basis.index(key)

    def _repr_latex_(self) -> str:
        """What a notebook shows."""
        from .latex import recursion_latex

        return f"$$\n{recursion_latex(self)}\n$$"

    # -- symbols ------------------------------------------------------------------------------

    def atoms(self, symbolic: bool = True) -> dict[str, Any]:
        """Atom -> sympy expression in α, n, … (``symbolic=False`` keeps the loop's numbers)."""
        return {**symbolic_atoms(self.loop, numbers=not symbolic), **self.data}

    def matrix(self, symbolic: bool = True) -> Any:
        """C as a sympy matrix; coefficients of growing pools and schedules depend on g."""
        return self._matrices(symbolic)[0]

    def constant(self, symbolic: bool = True) -> Any:
        """c as a sympy column."""
        return self._matrices(symbolic)[1]

    def initial(self, symbolic: bool = True) -> Any:
        """x(0) as a sympy column."""
        import sympy

        atoms = self.atoms(symbolic) | self._first_atoms(symbolic)
        return sympy.Matrix([factored(p.symbolic(atoms)) for p in self.origin])

    def after_first(self, symbolic: bool = True) -> Any:
        """x(1) as a sympy column, where the first fit is special; else C(1) x(0) + c(1)."""
        import sympy

        if self.first is None:
            g = self.loop.symbolic_clock().g
            C, c = self._matrices(symbolic)
            return (C * self.initial(symbolic) + c).subs(g, 1).applyfunc(factored)
        atoms = self.atoms(symbolic) | self._first_atoms(symbolic)
        return sympy.Matrix([factored(p.symbolic(atoms)) for p in self.first])

    def _first_atoms(self, symbolic: bool) -> dict[str, Any]:
        return {**first_symbolic_atoms(self.loop, numbers=not symbolic), **self.data}

    def _matrices(self, symbolic: bool) -> tuple[Any, Any]:
        C, c = self._in_symbols if symbolic else self._in_numbers
        return C.copy(), c.copy()

    @cached_property
    def _in_symbols(self) -> tuple[Any, Any]:
        return self._evaluated(symbolic=True)

    @cached_property
    def _in_numbers(self) -> tuple[Any, Any]:
        return self._evaluated(symbolic=False)

    def _evaluated(self, symbolic: bool) -> tuple[Any, Any]:
        import sympy

        atoms, size = self.atoms(symbolic), len(self.basis)
        C, c = sympy.zeros(size, size), sympy.zeros(size, 1)
        for i, row in enumerate(self.rows):
            for j, polynomial in row.items():
                value = factored(polynomial.symbolic(atoms))
                if j < 0:
                    c[i] = value
                else:
                    C[i, j] = value
        return C, c

    def step(self, x: Any, symbolic: bool = True) -> Any:
        """One symbolic generation of a column of moments."""
        C, c = self._matrices(symbolic)
        return C * x + c

    @property
    def autonomous(self) -> bool:
        """Whether the coefficients are the same at every generation."""
        scheduled = isinstance(self.loop.n, tuple) or isinstance(
            getattr(self.loop.mixing, "alpha", None), tuple
        )
        return not scheduled and not self.loop.mixing.grows

    def fixed_point(self, symbolic: bool = True) -> dict[str, Any] | None:
        """The stationary moments reached from this start, or None if there is no finite one.

        Conserved combinations (eigenvalue 1: a fixed real set, δ² + σ² under `Replace`) keep
        their starting value.  The result is a fixed point; `rates` say whether it attracts.
        """
        self._require_autonomous("fixed point")
        C, c = self._matrices(symbolic)
        values = self._resting(C, c) or self._resting_from_start(C, c, symbolic)
        if values is None:
            return None
        return {n: factored(v) for n, v in zip(self.names, values, strict=True)}

    def _resting(self, C: Any, c: Any) -> list[Any] | None:
        """x = C x + c, block after block of moments; None where a block has an eigenvalue 1."""
        from sympy.polys.matrices import DomainMatrix
        from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

        whole = DomainMatrix.from_Matrix(C.row_join(c)).to_field()
        rows, K, size = whole.to_sdm(), whole.domain, len(self.basis)
        x: dict[int, Any] = {}
        for block in self._chain():
            own = [[K.one * (i == j) - rows.get(i, {}).get(j, K.zero) for j in block]
                   for i in block]  # fmt: skip
            given = [sum((v * x.get(j, K.one * (j == size)) for j, v in rows.get(i, {}).items()
                          if j not in block), K.zero) for i in block]  # fmt: skip
            left = DomainMatrix(own, (len(block), len(block)), K)
            right = DomainMatrix([[v] for v in given], (len(block), 1), K)
            try:
                x |= zip(block, left.lu_solve(right).to_list_flat(), strict=True)
            except DMNonInvertibleMatrixError:
                return None
        return [K.to_sympy(x[i]) for i in range(size)]

    def _resting_from_start(self, C: Any, c: Any, symbolic: bool) -> list[Any] | None:
        """The same where something is conserved: that keeps its starting value."""
        import sympy

        A = sympy.eye(len(self.basis)) - C
        start = self.initial(symbolic) if self.first is None else self.after_first(symbolic)
        drift = c
        for w in self._null_space(A.T):
            if sympy.simplify((w * drift)[0]) != 0:
                return None
            A = A.col_join(w)
            c = c.col_join(w * start)
        unknowns = sympy.symbols(f"x:{len(self.basis)}")
        solved = sympy.linsolve((A, c), *unknowns)
        if not solved:
            return None
        values = next(iter(solved))
        free = set().union(*(sympy.sympify(v).free_symbols for v in values))
        return None if set(unknowns) & free else list(values)

    @staticmethod
    def _null_space(A: Any) -> list[Any]:
        """Rows w with A wᵀ = 0 identically, as many as can be independent."""
        from sympy.polys.matrices import DomainMatrix

        found = DomainMatrix.from_Matrix(A).to_field().nullspace().to_Matrix()
        return [found.row(i) for i in range(found.shape[0])]

    def _require_autonomous(self, what: str) -> None:
        if not self.autonomous:
            raise InputError(
                f"there is no {what}: the coefficients of {self.loop.mixing!r} with this n "
                f"change with the generation"
            )

    def rates(self, symbolic: bool = True) -> dict[Any, int]:
        """Eigenvalues of C with their multiplicity; each moment is a sum of rate^g."""
        self._require_autonomous("set of rates")
        found: dict[Any, int] = {}
        C = self.matrix(symbolic)
        for block in self._blocks():
            sub = C.extract(block, block)
            for rate, times in self._eigenvalues(sub).items():
                rate = factored(rate)
                found[rate] = found.get(rate, 0) + times
        return found

    @staticmethod
    def _eigenvalues(block: Any) -> dict[Any, int]:
        import sympy

        if block.shape == (1, 1):
            return {block[0]: 1}
        characteristic = block.charpoly()
        x, polynomial = characteristic.gen, sympy.together(characteristic.as_expr())
        found: dict[Any, int] = {}
        for factor, times in sympy.factor_list(sympy.numer(polynomial))[1]:
            if factor.has(x):
                for root, multiple in sympy.roots(factor, x).items():
                    found[root] = found.get(root, 0) + times * multiple
        return found

    def _blocks(self) -> list[list[int]]:
        """Strongly connected blocks of C, so that eigenvalues come from small matrices."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        entries = [(i, j) for i, row in enumerate(self.rows) for j in row if j >= 0]
        if not entries:
            return [[i] for i in range(len(self.basis))]
        i, j = np.array(entries).T
        size = len(self.basis)
        graph = csr_array((np.ones(len(i)), (i, j)), shape=(size, size))
        count, label = connected_components(graph, directed=True, connection="strong")
        return [np.flatnonzero(label == k).tolist() for k in range(count)]

    def _chain(self) -> Iterator[list[int]]:
        """The blocks, each after those that it depends on."""
        known = {-1}  # the constant
        waiting = self._blocks()
        while waiting:
            block = next(b for b in waiting
                         if {j for i in b for j in self.rows[i]} <= known.union(b))  # fmt: skip
            waiting.remove(block)
            known.update(block)
            yield block

    # -- numbers ------------------------------------------------------------------------------

    @cached_property
    def _compiled(self) -> _Compiled:
        return _Compiled.of(self.rows)

    def coefficients(self, generations: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """C and c as arrays: (1 or generations, m, m) and (1 or generations, m)."""
        return self.coefficients_at(numeric_atoms(self.loop, generations))

    def coefficients_at(self, atoms: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The same for given values of the atoms."""
        return self._compiled.evaluate({**atoms, **self.data}, len(self.basis))

    def starting(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """x(0) and, where the first fit is special, x(1)."""
        return self.starting_at(first_numeric_atoms(self.loop))

    def starting_at(self, atoms: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """The same for given values of the atoms."""
        atoms = {**atoms, **self.data}
        zeroth = np.array([_value(p, atoms) for p in self.origin])
        return zeroth, None if self.first is None else np.array(
            [_value(p, atoms) for p in self.first]
        )

    def iterate(self, generations: int) -> NDArray[np.float64]:
        """The moments at g = 0 … ``generations``: an array (generations + 1, len(basis))."""
        x = np.empty((generations + 1, len(self.basis)))
        x[0], first = self.starting()
        if generations == 0:
            return x
        C, c = self.coefficients(generations)
        begin = 1
        if first is not None:
            x[1], begin = first, 2
        constant = len(C) == 1
        with np.errstate(over="ignore", invalid="ignore"):
            for g in range(begin, generations + 1):
                k = 0 if constant else g - 1
                x[g] = C[k] @ x[g - 1] + c[k]
        x[np.isnan(x)] = np.inf  # all atoms are finite: only overflow, as 0 · inf, gives a NaN
        return x

    def half_life(self, **powers: int) -> float:
        """Generations after which the slowest transient of a moment (default: v) has halved.

        It is log ½ / log ρ with ρ the largest rate below 1 in modulus that this start excites;
        infinite if nothing decays.
        """
        self._require_autonomous("half-life")
        i = self.index(**(powers or {self.coordinates[-1]: 1}))
        C, c = (a[0] for a in self.coefficients(1))
        x0, x1 = self.starting()
        start = x0 if x1 is None else x1
        # the constant joins the state, so that fixed points are modes of rate 1 themselves
        full = np.block([[C, c[:, None]], [np.zeros((1, len(c))), np.ones((1, 1))]])
        rates, right = np.linalg.eig(full)
        weight = np.abs(right[i] * np.linalg.lstsq(right, np.append(start, 1.0), rcond=None)[0])
        heard = (weight > 1e-9 * max(weight.max(), 1e-300)) & (np.abs(rates) < 1 - 1e-12)
        slowest = np.abs(rates[heard]).max(initial=0.0)
        if not heard.any():
            return float("inf")
        return float(np.log(0.5) / np.log(slowest)) if slowest > 0 else 0.0


def _value(polynomial: Polynomial, atoms: Mapping[str, Any]) -> float:
    total = 0.0
    for powers, c in polynomial.terms.items():
        term = float(c)
        for atom, p in zip(polynomial.atoms, powers, strict=True):
            if p:
                term = term * atoms[atom] ** p
        total = total + term
    return float(total)


@dataclass(frozen=True)
class _Compiled:
    """Coefficients as unique atom monomials and a sparse scatter of them."""

    atoms: tuple[str, ...]
    monomials: tuple[Powers, ...]
    place: NDArray[np.intp]
    monomial: NDArray[np.intp]
    value: NDArray[np.float64]

    @classmethod
    def of(cls, rows: tuple[Mapping[int, Polynomial], ...]) -> _Compiled:
        width = len(rows) + 1
        known: dict[Powers, int] = {}
        entries: list[tuple[int, int, float]] = []
        atoms: tuple[str, ...] = ()
        for i, row in enumerate(rows):
            for j, polynomial in row.items():
                atoms = polynomial.atoms
                for powers, c in polynomial.terms.items():
                    u = known.setdefault(powers, len(known))
                    entries.append((i * width + j % width, u, float(c)))
        place, monomial, value = zip(*sorted(entries), strict=True) if entries else ((), (), ())
        return cls(
            atoms,
            tuple(known),
            np.array(place, dtype=np.intp),
            np.array(monomial, dtype=np.intp),
            np.array(value, dtype=float),
        )

    def evaluate(self, atoms: Mapping[str, Any], size: int) -> tuple[NDArray[Any], NDArray[Any]]:
        used = [any(powers[i] for powers in self.monomials) for i in range(len(self.atoms))]
        arrays = [np.atleast_1d(np.asarray(atoms[a] if u else 1.0, dtype=float))
                  for a, u in zip(self.atoms, used, strict=True)]  # fmt: skip
        if all((a == a[0]).all() for a in arrays):
            arrays = [a[:1] for a in arrays]
        length = max((len(a) for a in arrays), default=1)
        table = np.ones((length, max(len(self.monomials), 1)))
        for u, powers in enumerate(self.monomials):
            for a, p in zip(arrays, powers, strict=True):
                if p:
                    table[:, u] *= a if p == 1 else a**p
        full = np.zeros((length, size * (size + 1)))
        if len(self.place):
            places, starts = np.unique(self.place, return_index=True)
            scaled = table[:, self.monomial] * self.value
            full[:, places] = np.add.reduceat(scaled, starts, axis=1)
        cube = full.reshape(length, size, size + 1)
        return np.ascontiguousarray(cube[:, :, :size]), np.ascontiguousarray(cube[:, :, size])
