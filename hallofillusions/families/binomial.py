"""The binomial family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..symbols import PARAMETERS
from ._natural import CountFamily, Sums, on_lattice
from .base import Model
from .gaussian import column


class Trials(CountFamily):
    """A number of successes in `tries` trials: binomial, or Bernoulli with one trial."""

    probability: Any

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, float(self.tries)

    @property
    def tries(self) -> Any:
        """The trials of one point, in the terms of `at`."""
        return 1

    def middle(self) -> Any:
        return self.tries * self.at.probability

    def placed(self, mean: Any) -> dict[str, Any]:
        return {"probability": mean / float(self.tries)}

    def parameters(self) -> dict[str, float]:
        return {"probability": float(self.probability)}

    def mean_of(self, model: Model) -> Any:
        return self.tries * model["probability"]

    def variance_of(self, model: Model) -> Any:
        return self.tries * model["probability"] * (1 - model["probability"])

    def draw(self, model: Model, shape: tuple[int, ...], rng: Any) -> Any:
        return rng.binomial(self.tries, column(model["probability"]), shape).astype(float)

    def draw_statistics(self, model: Model, replicates: Any, size: Any, rng: Any) -> Sums:
        """The sum of ``size`` points is binomial of ``size`` times as many trials."""
        total = rng.binomial(self.tries * size, model["probability"], replicates)
        return Sums(size, total.astype(float))

    def log_density(self, model: Model, points: Any) -> Any:
        from scipy.special import gammaln, xlog1py, xlogy

        p, last = column(model["probability"]), float(self.tries)
        x = np.clip(points, 0, last)
        ways = gammaln(last + 1) - gammaln(x + 1) - gammaln(last - x + 1)
        return on_lattice(points, ways + xlogy(x, p) + xlog1py(last - x, -p), last)

    def divergence(self, model: Model) -> Any:
        """The relative entropy of a success and of a failure, for each trial."""
        from scipy.special import rel_entr

        real, p = float(self.probability), model["probability"]
        return float(self.tries) * (rel_entr(real, p) + rel_entr(1 - real, 1 - p))

    def reach(self, mean: Any, k: Any) -> tuple[Any, Any]:
        from scipy.special import betainc

        last = float(self.tries)
        p, rest = mean / last, np.maximum(last - k + 1, 1.0)
        possible = k <= last
        return (np.where(possible, betainc(k, rest, p), 0.0),
                np.where(possible, betainc(rest, k, 1 - p), 1.0))  # fmt: skip


@dataclass(frozen=True)
class Binomial(Trials):
    """The binomial law with V(m) = m - m²/T, the real law of the loop and the form of its models.

    =========== ============ =========================================================
    trials      T            trials of one point, known: a whole number above 0 or a symbol
    probability p₀           of a success, in [0, 1], or a symbol; the mean is T p₀
    =========== ============ =========================================================
    """

    trials: Any = 10
    probability: Any = 0.5

    symbols: ClassVar[dict[str, str]] = {"trials": "trials", "probability": "p_0"}

    def __post_init__(self) -> None:
        self._set(
            trials=PARAMETERS["trials"].check(self.trials),
            probability=PARAMETERS["p_0"].check(self.probability, "probability"),
        )

    @property
    def tries(self) -> Any:
        return self.at.trials

    def atoms(self) -> dict[str, Any]:
        return {"inverse_trials": 1 / self.trials}

    def curve(self) -> Sequence[Any]:
        return 0, 1, -self.at.inverse_trials
