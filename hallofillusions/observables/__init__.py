"""Observables: what is watched, one small file per assumption."""

from typing import Any

from ..component import lazily, shipped


def __getattr__(name: str) -> Any:
    return lazily("observables", name)


def __dir__() -> list[str]:
    return shipped("observables")


def defaults() -> tuple[Any, ...]:
    """What is watched when nothing is asked for."""
    from . import median, tail_mass
    from .held_out_loss import HeldOutLoss
    from .kl_divergence import KLDivergence
    from .log_variance import LogVariance
    from .mean import Mean
    from .squared_error import SquaredError
    from .squared_variance import SquaredVariance
    from .variance import Variance
    from .wasserstein2 import Wasserstein2

    tails = tuple(tail_mass.TailMass(3.0, about) for about in ("model", "real"))
    return (
        Mean(), Variance(), SquaredError(), SquaredVariance(), LogVariance(),
        *tails, *map(median.Median, tails), Wasserstein2(), KLDivergence(), HeldOutLoss(),
    )  # fmt: skip
