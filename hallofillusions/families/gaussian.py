"""The Gaussian family; what is said here holds in one dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb, factorial
from typing import Any, ClassVar

import numpy as np

from ..symbols import (
    PARAMETERS,
    InputError,
    as_number,
    is_symbolic,
    lookup,
    python_number,
    table_symbol,
)
from .base import Family, Model, power_means


@dataclass(frozen=True)
class GaussianStatistics:
    """Count, mean and sum of squared deviations of each replicate's points; ``+`` is the union."""

    count: Any
    mean: Any
    scatter: Any

    def __add__(self, other: GaussianStatistics) -> GaussianStatistics:
        count = self.count + other.count
        share = other.count / at_least(count, 1)
        mean = other.mean - self.mean
        scatter = mean * mean
        scatter *= self.count * share
        scatter += self.scatter
        scatter += other.scatter
        mean *= share
        mean += self.mean
        return GaussianStatistics(count, mean, scatter)

    def weighted(self, factor: float) -> GaussianStatistics:
        """The same points, each of which counts ``factor`` times."""
        return replace(self, count=self.count * factor, scatter=self.scatter * factor)

    def rows(self) -> list[GaussianStatistics]:
        """The samples along axis 0, all of one count."""
        pairs = zip(self.mean, self.scatter, strict=True)
        return [type(self)(self.count, *pair) for pair in pairs]


@dataclass(frozen=True)
class Gaussian(Family):
    """The normal law N(mean, variance), the real law of the loop and the form of its models.

    ========== ============ ==========================================================
    mean       μ₀           a real number or symbol; in d dimensions d numbers
    variance   σ₀²          a number above 0 or a symbol; in d dimensions the d × d
                            covariance Σ₀ (one number stands for that multiple of 1)
    ========== ============ ==========================================================

    The coordinates of a model are δ = μ - μ₀ (weight 1) and v = σ² (weight 2); the features of
    a point are y and y², y = x - μ₀.  Raises `InputError` for a variance that is not above 0.
    With a sequence for the mean or the variance it is a `MultivariateGaussian`.
    """

    mean: Any = 0
    variance: Any = 1

    variables: ClassVar[Mapping[str, int]] = {"delta": 1, "v": 2}
    features: ClassVar[Mapping[str, int]] = {"y": 1, "yy": 2}
    spread: ClassVar[tuple[str, ...]] = ("v",)

    def __new__(cls, mean: Any = 0, variance: Any = 1) -> Gaussian:
        if cls is Gaussian and any(map(is_many, (mean, variance))):
            from .multivariate_gaussian import MultivariateGaussian

            cls = MultivariateGaussian
        return object.__new__(cls)

    def __post_init__(self) -> None:
        if not is_symbolic(self.mean):
            as_number(self.mean, "mean")
        if not is_symbolic(self.variance) and not as_number(self.variance, "variance") > 0:
            raise InputError(f"variance must be a number above 0, got {self.variance!r}")
        mean, variance = map(table_symbol, (self.mean, self.variance))
        self._set(mean=python_number(mean), variance=python_number(variance))

    def symbol_of(self, name: str) -> Any:
        if is_symbolic(getattr(self, name)):
            return getattr(self, name)
        return lookup("mu_0") if name == "mean" else PARAMETERS["sigma_0"].symbol ** 2

    # -- the definition -----------------------------------------------------------------------

    def parameters(self) -> dict[str, float]:
        return {"mean": float(self.mean), "variance": float(self.variance)}

    def draw(self, model: Model, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        points = rng.standard_normal(shape)
        points *= np.sqrt(column(model["variance"]))
        points += column(model["mean"])
        return points

    def draw_statistics(
        self, model: Model, replicates: Any, size: Any, rng: np.random.Generator
    ) -> Any:
        """Count, mean and scatter of ``size`` points, exact in law.

        The mean is N(μ, σ²/size) and, independently, the scatter is σ² χ²(size - 1); both by
        Fisher's theorem.  ``size`` is a whole number or one per replicate (0 is allowed).
        """
        mean = rng.standard_normal(replicates)
        mean *= np.sqrt(model["variance"] * (1 / at_least(size, 1)))
        mean += model["mean"]
        if isinstance(size, int) and size > 1:
            scatter = rng.chisquare(size - 1, replicates)
        else:
            scatter = 2 * rng.standard_gamma(at_least(size - 1, 0) / 2, replicates)
        scatter *= model["variance"]
        return GaussianStatistics(size, mean, scatter)

    def log_density(self, model: Model, points: Any) -> Any:
        variance = column(model["variance"])
        squares = (points - column(model["mean"])) ** 2 / variance
        return -0.5 * (squares + np.log(2 * np.pi * variance))

    def summarise(self, points: Any, weights: Any = None) -> Any:
        mean = points.mean(axis=-1) if weights is None else points @ weights / weights.sum()
        deviations = points - mean[..., None]
        if weights is not None:
            scatter = np.einsum("...i,...i,i->...", deviations, deviations, weights)
            return GaussianStatistics(float(weights.sum()), mean, scatter)
        scatter = np.einsum("...i,...i->...", deviations, deviations)
        return GaussianStatistics(points.shape[-1], mean, scatter)

    def loss(self, model: Model, statistics: Any) -> Any:
        """½ [log 2πσ² + (scatter/count + (mean - μ)²)/σ²]."""
        variance, gap = model["variance"], statistics.mean - model["mean"]
        squares = statistics.scatter / statistics.count + gap * gap
        return 0.5 * (np.log(2 * np.pi * variance) + squares / variance)

    def entropy_of(self, model: Model) -> Any:
        """½ log 2πe σ²."""
        with np.errstate(divide="ignore"):
            return 0.5 * np.log(2 * np.pi * np.e * model["variance"])

    def variance_of(self, model: Model) -> Any:
        return model["variance"]

    def scaled(self, model: Model, factor: Any) -> dict[str, Any]:
        return {**model, "variance": factor * model["variance"]}

    def collapsed(self, model: Model) -> Any:
        return np.asarray(model["variance"]) == 0

    def divergence(self, model: Model) -> Any:
        """½ [log(σ²/σ₀²) + (σ₀² + (μ-μ₀)²)/σ² - 1]."""
        real, shift = float(self.variance), model["mean"] - float(self.mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (real + shift**2) / model["variance"]
            loss = 0.5 * (np.log(model["variance"] / real) + spread - 1)
            return np.where(model["variance"] > 0, loss, np.inf)

    def spectrum(self, model: Model) -> tuple[Any, Any]:
        """Of the model seen in the real law's own units: variances along the axes of its ellipsoid,
        the largest first, and squared distances of its mean along them (last axis)."""
        real, shift = float(self.variance), model["mean"] - float(self.mean)
        return np.asarray(model["variance"] / real)[..., None], (shift**2 / real)[..., None]

    def spectra(self, model: Model) -> tuple[Any, Any, Any]:
        values, shifts = self.spectrum(model)
        return np.ones((*values.shape[:-1], 1)), values[..., None, :], shifts[..., None, :]

    def components(self, model: Model) -> tuple[Any, Any, Any]:
        mean = np.asarray(model["mean"], dtype=float)[..., None, None]
        variance = np.asarray(model["variance"], dtype=float)[..., None, None, None]
        return np.ones(mean.shape[:-1]), mean, variance

    def entropy(self) -> float:
        """½ log(2πe σ₀²)."""
        return float(0.5 * (1 + np.log(2 * np.pi * float(self.variance))))

    def outside(self, model: Model, low: Any, high: Any) -> Any:
        from scipy.special import ndtr

        sigma = np.sqrt(model["variance"])
        with np.errstate(divide="ignore", invalid="ignore"):
            return ndtr((low - model["mean"]) / sigma) + ndtr((model["mean"] - high) / sigma)

    def log_density_quantile(self, model: Model, probability: float) -> Any:
        """The log-density that a point X of each model exceeds with that probability."""
        return density_quantile(1, np.log(2 * np.pi * model["variance"]), probability)

    def radius(self, model: Model, points: Any) -> Any:
        """|x - μ|/σ of points (replicates, size); 0 where a model is a point."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(points - column(model["mean"])) / np.sqrt(column(model["variance"]))
        return np.where(column(model["variance"]) > 0, ratio, 0.0)

    @property
    def standard(self) -> Gaussian:
        return Gaussian()

    def located(self, model: Model, z: Any) -> Any:
        """μ + σ z for standardised points z (replicates, size)."""
        return column(model["mean"]) + np.sqrt(column(model["variance"])) * z

    def match(self, statistics: Any) -> dict[str, Any]:
        return {"mean": statistics.mean, "variance": statistics.scatter * (1 / statistics.count)}

    def coordinates(self, model: Model) -> dict[str, Any]:
        mean = self.mean if is_symbolic(self.mean) else float(self.mean)
        return {"delta": model["mean"] - mean, "v": model["variance"]}

    def sample_means(self, sample: Any, labels: Sequence[Any]) -> dict[Any, Any]:
        """Label k -> mean of (x - μ₀)^k over points (replicates, size) or statistics (k ≤ 2)."""
        if isinstance(sample, GaussianStatistics):
            y = sample.mean - float(self.mean)
            known = {1: y, 2: y * y + sample.scatter / sample.count}
        else:
            known = power_means(sample, float(self.mean), max(labels, default=0))
        if missing := sorted(set(labels) - set(known)):
            raise InputError(
                f"labels must be among {sorted(known)} for this sample, got {missing[0]}"
            )
        return {k: known[k] for k in labels}

    # -- the claim ----------------------------------------------------------------------------

    def label(self, powers: Sequence[int]) -> Any:
        return powers[0] + 2 * powers[1]

    def weight(self, label: Any) -> int:
        return label

    def labels(self, order: int) -> list[Any]:
        return list(range(1, order + 1))

    def moment(self, label: Any, state: Mapping[str, Any]) -> Any:
        """E y^k by Stein's identity: E y^k = δ E y^{k-1} + (k-1) v E y^{k-2}."""
        previous, current = state["delta"], state["delta"] * state["delta"] + state["v"]
        if label == 1:
            return previous
        for k in range(3, label + 1):
            previous, current = current, state["delta"] * current + (k - 1) * state["v"] * previous
        return current

    def central(self, label: Any, state: Mapping[str, Any]) -> list[Any]:
        """E y^k = Σ_j C(k, 2j) (2j-1)!! δ^{k-2j} v^j, term by term."""
        delta, v = state["delta"], state["v"]
        double = [factorial(2 * j) // (2**j * factorial(j)) for j in range(label // 2 + 1)]
        return [comb(label, 2 * j) * f * delta ** (label - 2 * j) * v**j
                for j, f in enumerate(double)]  # fmt: skip

    def claim_match(self, means: Mapping[str, Any]) -> dict[str, Any]:
        return {"delta": means["y"], "v": means["yy"] - means["y"] * means["y"]}

    def truth(self) -> dict[str, Any]:
        return {"delta": 0, "v": self.variance}


def is_many(value: Any) -> bool:
    """Whether a field holds more than one number."""
    return isinstance(value, list | tuple) or getattr(value, "shape", ()) != ()


def density_quantile(dimension: int, log_det: Any, probability: float) -> Any:
    """-½ (log det 2πΣ + the quantile of χ²_d): a Gaussian point's density exceeds its exponential
    with that probability."""
    from scipy.special import gammaincinv

    return -0.5 * log_det - gammaincinv(dimension / 2, probability)


def at_least(size: Any, low: int) -> Any:
    """max(size, low), for one whole number or one per replicate."""
    return max(size, low) if isinstance(size, int) else np.maximum(size, low)


def column(value: Any) -> Any:
    """A parameter per replicate as a column against (replicates, size) points."""
    return value[..., None] if np.ndim(value) else value
