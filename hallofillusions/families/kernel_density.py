"""Kernel density estimates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..component import find, near, parsed
from ..numerics.kernels import Estimate, Estimates, TrainingSets
from ..numerics.mixtures import standard_nodes
from ..starts import Memory
from ..symbols import PARAMETERS, InputError, is_symbolic, whole
from ._second_moments import OnNodes
from .base import Family, Model
from .gaussian import Gaussian
from .gaussian_mixture import GaussianMixture
from .multivariate_gaussian import root

RULES = ("scott", "silverman")


@dataclass(frozen=True, repr=False)
class KernelDensity(OnNodes):
    """Kernel density estimates Σ_i N(x_i, H)/n of a law, with a kernel at every training point x_i.

    ========== ==================================================================================
    of         the real law: a `Gaussian` in any dimension or a `GaussianMixture`
    bandwidth  h, a number above 0 or a symbol, for H = h²·1; or the rule "scott" or "silverman"
    dimensions how many has the cloud to whose points a rule is applied (None: this one)
    ========== ==================================================================================

    A rule is that of ``scipy.stats.gaussian_kde``: H = b²S, where S is the covariance of the
    training points, which divides by n - 1, and b = n^(-1/(d+4)) (Scott) or (n(d+2)/4)^(-1/(d+4))
    (Silverman).  `MaximumLikelihood` stands for the fit, in which nothing is estimated.  A draw is
    a training point at random and its kernel's noise.

    The model's covariance is that of the points and H, so the engine closes at second order
    whatever the real law is.  Losses on the real law are those on its nodes, Gauss and Hermite's
    or, in more than three dimensions, Sobol's, which are too few for kernels much narrower than a
    tenth of the law.  Raises `InputError` for what is no bandwidth.
    """

    of: Any = field(default_factory=Gaussian, metadata={"kind": "families"})
    bandwidth: float | str = 0.5
    dimensions: Any = None

    structure: ClassVar[tuple[str, ...]] = ("of", "dimensions")
    symbols: ClassVar[dict[str, str]] = {"bandwidth": "h"}
    bulky: ClassVar[bool] = True
    shaped: ClassVar[bool] = True

    def __post_init__(self) -> None:
        of = find("families", self.of)() if isinstance(self.of, str) else self.of
        if not isinstance(of, Gaussian | GaussianMixture):
            raise InputError(f"of must be a Gaussian or a GaussianMixture, got {of!r}")
        if any(map(is_symbolic, _entries(of))):
            raise InputError(f"of must hold numbers, got {of!r}")
        self._set(of=of, bandwidth=_bandwidth(self.bandwidth))
        if self.dimensions is not None:
            whole(self.dimensions, "dimensions", self.dimension)

    def __str__(self) -> str:
        return f"KernelDensity(of={self.of}, bandwidth={self.bandwidth!r})"

    # -- shape ------------------------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        return int(self.of.dimension)

    @property
    def rule(self) -> bool:
        """Whether the kernels follow the training points."""
        return isinstance(self.bandwidth, str)

    def symbol_of(self, name: str) -> Any:
        return self.of.symbolic() if name == "of" else super().symbol_of(name)

    @cached_property
    def center(self) -> Any:
        return np.reshape(self.of.mean_of(self.of.as_model()), self.dimension)

    @cached_property
    def covariance(self) -> Any:
        d = self.dimension
        return np.reshape(self.of.variance_of(self.of.as_model()), (d, d))

    @property
    def held_out_rows(self) -> Any:
        return self.of.held_out_rows

    @property
    def bare(self) -> Family:
        if self.dimension > 1:
            return Gaussian(self.center, self.covariance)
        return Gaussian(float(self.center[0]), float(self.covariance[0, 0]))

    def check(self, loop: Any) -> None:
        super().check(loop)
        if not self.rule:
            return
        if getattr(loop.mixing, "weight", None) is not None:
            raise InputError(
                f"mixing must count every point once for the bandwidth {self.bandwidth!r}, got "
                f"{loop.mixing!r}"
            )
        sizes = loop.n if isinstance(loop.n, tuple) else (loop.n,)
        held = (loop.mixing.memory_size(sizes[0]),) if isinstance(loop.start, Memory) else ()
        for size in (*sizes, *held):
            if not is_symbolic(size) and size <= self.dimension:
                raise InputError(
                    f"n must be above {self.dimension}, the number of dimensions, for the "
                    f"bandwidth {self.bandwidth!r}, got {size}"
                )

    def check_start(self, start: Any) -> None:
        super().check_start(start)
        if start.bandwidth != self.bandwidth:
            raise InputError(f"start must have the bandwidth {self.bandwidth!r}, got {start}")

    # -- the definition ---------------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        return dict(self.as_model())

    def as_model(self) -> Model:
        """The real law, which is no estimate yet."""
        found = np.empty((), dtype=object)
        found[()] = self.of
        return {"estimate": found}

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        if (law := _law(model)) is not None:
            return law.shown(law.draw(law.as_model(), shape, rng))
        points = _batch(model).draw(shape[1], rng)
        return points[..., 0] if self.dimension == 1 else points

    def summarise(self, points: Any, weights: Any = None) -> TrainingSets:
        counts = np.ones(self._cloud(points).shape[1]) if weights is None else np.asarray(weights)
        return TrainingSets(self._cloud(points), counts)

    def match(self, statistics: Any) -> dict[str, Any]:
        """A kernel at every training point."""
        points, shares = statistics.points, statistics.shares
        found = Estimates(points, shares, np.eye(self.dimension))
        if self.rule:
            size = float(1 / (shares @ shares))
            scale = self._factor(size) ** 0.5 * root(found.scatter())
        else:
            scale = float(self.bandwidth) * found.root
        return {"estimate": Estimates(points, shares, scale).objects()}

    def _factor(self, size: Any) -> Any:
        """H over the covariance of n = ``size`` training points, which divides by n."""
        d = self.dimensions or self.dimension
        power, many = Fraction(-2, d + 4), self.bandwidth == "silverman"
        root_of = size * Fraction(d + 2, 4) if is_symbolic(size) else size * (d + 2) / 4
        b_squared = (root_of if many else size) ** (power if is_symbolic(size) else float(power))
        return b_squared * size / (size - 1)

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        y = self._cloud(sample) - self.center
        powers = {a: np.atleast_1d(np.asarray(a)) for a in labels}
        return {a: np.prod(y**p, axis=-1).mean(axis=-1) for a, p in powers.items()}

    def _cloud(self, points: Any) -> Any:
        """Points as (…, size, d)."""
        points = np.asarray(points, dtype=float)
        return points[..., None] if self.dimension == 1 else points

    # -- what observables measure -----------------------------------------------------------------

    def mean_of(self, model: Model) -> Any:
        law = _law(model)
        mean = _batch(model).mean() if law is None else _mean(law)
        return mean[..., 0] if self.dimension == 1 else mean

    def variance_of(self, model: Model) -> Any:
        if (law := _law(model)) is not None:
            return law.variance_of(law.as_model())
        found = _batch(model)
        total = found.scatter() + found.kernel()
        return total[..., 0, 0] if self.dimension == 1 else total

    def coordinates(self, model: Model) -> dict[str, Any]:
        given = model if "estimate" in model else {"estimate": np.array(model["of"], dtype=object)}
        return super().coordinates(given)

    def log_density(self, model: Model, points: Any) -> Any:
        if (law := _law(model)) is not None:
            return law.log_density(law.as_model(), np.asarray(points, dtype=float))
        return _batch(model).log_density(self._cloud(points))

    def loss(self, model: Model, statistics: Any) -> Any:
        points = statistics.points
        points = points[..., 0] if self.dimension == 1 else points
        return -self.log_density(model, points) @ statistics.shares

    @cached_property
    def nodes(self) -> tuple[Any, Any]:
        """Points and weights whose sums are expectations under the real law."""
        if isinstance(self.of, GaussianMixture):
            return self.of.nodes
        z, weights = standard_nodes(self.dimension)
        return self.center + z @ root(self.covariance).T, weights

    def entropy(self) -> float:
        """Of the real law; where rows are held out, its loss on them."""
        return float(self.of.entropy())

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        from scipy.special import ndtr

        if (law := _law(model)) is not None:
            return law.outside(law.as_model(), low, high)
        own = _batch(model)
        x, h = own.points[..., 0], own.root[..., 0]
        low, high = (np.asarray(v)[..., None] for v in (low, high))
        with np.errstate(divide="ignore", invalid="ignore"):
            return (ndtr((low - x) / h) + ndtr((x - high) / h)) @ own.shares

    # -- the claim --------------------------------------------------------------------------------

    def atoms(self) -> dict[str, Any]:
        d = self.dimension
        gaussian = isinstance(self.of, Gaussian)  # whose entries may be exact, or symbols
        values = np.array(self.of.variance if gaussian else self.covariance, dtype=object)
        values = values.reshape(d, d)
        return {f"Sigma_{i + 1}_{j + 1}": values[i, j] for i, j in self._pairs}

    def fit_atoms(self, size: Any) -> dict[str, Any]:
        return {"kernel": self._factor(size)} if self.rule else {}

    def claim_fit(self, means: Mapping[str, Any], at: Any) -> dict[str, Any]:
        """The points' covariance and H: v_ij + h² for i = j, or v_ij (1 + b² n/(n - 1))."""
        found = self.claim_match(means)
        for name, (i, j) in zip(self._seconds, self._pairs, strict=True):
            if self.rule:
                found[name] = found[name] * (1 + at.kernel)
            elif i == j:
                found[name] = found[name] + self.at.bandwidth**2
        return found

    # -- parts of the law -------------------------------------------------------------------------

    def _part(self, of: Any, scale: float = 1) -> KernelDensity:
        """Estimates of a part of the cloud, whose kernels are that part of the kernels."""
        if self.rule:
            return KernelDensity(of, self.bandwidth, self.dimensions or self.dimension)
        return KernelDensity(of, self.bandwidth if scale == 1 else scale * float(self.bandwidth))

    def marginal(self, names: Collection[str]) -> tuple[Family, dict[str, str], Any]:
        part, new, places = self.of.marginal(names)
        if places is None:
            return super().marginal(names)
        return self._part(part), new, places

    def along(self, direction: Sequence[float]) -> KernelDensity:
        """The law of u·x for the direction u."""
        length = float(np.linalg.norm(np.asarray(direction, dtype=float)))
        return self._part(self.of.along(direction), length)

    def seen_along(self, model: Model, direction: Any) -> dict[str, Any]:
        """Each model's law of u·x."""
        shape = np.shape(model["estimate"])
        if (law := _law(model)) is None:
            flat = {"estimate": np.ravel(model["estimate"])}
            return {"estimate": _batch(flat).along(direction).objects().reshape(shape)}
        found = np.empty(shape, dtype=object)
        found[...] = law.along(direction)
        return {"estimate": found}


def _law(model: Model) -> Any:
    """The law that stands for all models at the start; None where they are estimates."""
    first = np.asarray(model["estimate"], dtype=object).flat[0]
    return None if isinstance(first, Estimate) else first


def _batch(model: Model) -> Estimates:
    return Estimates.of(np.asarray(model["estimate"], dtype=object))


def _mean(law: Any) -> Any:
    return np.reshape(law.mean_of(law.as_model()), law.dimension)


# -- the fields ------------------------------------------------------------------------------------


def _entries(of: Any) -> list[Any]:
    """All that a Gaussian holds."""
    if not isinstance(of, Gaussian):
        return []
    return list(np.array([*np.ravel(of.mean), *np.ravel(of.variance)], dtype=object))


def _bandwidth(value: Any) -> Any:
    """A number above 0, a symbol or the name of a rule; a file writes fractions and symbols out."""
    if isinstance(value, str) and value not in RULES:
        if value not in PARAMETERS and "/" not in value:
            hint = near(value, RULES)
            raise InputError(
                f"bandwidth must be a number above 0, 'scott' or 'silverman', got {value!r}{hint}"
            )
        value = parsed(value, "bandwidth")
    return value if isinstance(value, str) else PARAMETERS["h"].check(value, "bandwidth")
