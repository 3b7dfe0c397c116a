"""Observables: what is watched, one small file per assumption."""

from typing import Any

from ..component import lazily, shipped


def __getattr__(name: str) -> Any:
    return lazily("observables", name)


def __dir__() -> list[str]:
    return shipped("observables")


def defaults(family: Any) -> tuple[Any, ...]:
    """What is watched when nothing is asked for: all of these that suit the family."""
    if family.types:
        return _of_types(family)
    if family.latent:
        return _of_mixtures(family)
    from . import median, tail_mass
    from .condition_number import ConditionNumber
    from .eigenvalue import Eigenvalue
    from .held_out_loss import HeldOutLoss
    from .inverse_mean import InverseMean
    from .kl_divergence import KLDivergence
    from .log_determinant import LogDeterminant
    from .log_variance import LogVariance
    from .mean import Mean
    from .outside_ellipsoid import OutsideEllipsoid
    from .squared_error import SquaredError
    from .squared_variance import SquaredVariance
    from .trace import Trace
    from .variance import Variance
    from .wasserstein2 import Wasserstein2

    tails = tuple(tail_mass.TailMass(3.0, about) for about in ("model", "real"))
    one = (
        Mean(), Variance(), SquaredError(), SquaredVariance(), LogVariance(), InverseMean(),
        *tails, *map(median.Median, tails), Wasserstein2(), KLDivergence(), HeldOutLoss(),
    )  # fmt: skip
    many = (
        SquaredError(), Trace(), LogDeterminant(), Eigenvalue(1), Eigenvalue(family.dimension),
        ConditionNumber(), OutsideEllipsoid(0.99), Wasserstein2(), KLDivergence(), HeldOutLoss(),
    )  # fmt: skip
    return tuple(o for o in (one if family.dimension == 1 else many) if _suits(o, family))


def _of_types(family: Any) -> tuple[Any, ...]:
    from .bits_per_character import BitsPerCharacter
    from .chi_square import ChiSquare
    from .entropy import Entropy
    from .held_out_loss import HeldOutLoss
    from .heterozygosity import Heterozygosity
    from .kl_divergence import KLDivergence
    from .missing_mass import MissingMass
    from .own_loss import OwnLoss
    from .perplexity import Perplexity
    from .rare_loss import RareLoss
    from .reverse_kl import ReverseKL
    from .training_loss import TrainingLoss
    from .types_surviving import TypesSurviving

    every = (Heterozygosity(), Entropy(), TypesSurviving(), MissingMass(), ChiSquare(),
             ReverseKL(), KLDivergence(), HeldOutLoss())  # fmt: skip
    if not family.sequential:
        return every
    k = family.order
    grams = (TypesSurviving(k), MissingMass(k)) if k > 1 else ()
    return (*every, *grams, Perplexity(), BitsPerCharacter(), RareLoss(),
            RareLoss(among="contexts"), OwnLoss(), TrainingLoss())  # fmt: skip


def _of_mixtures(family: Any) -> tuple[Any, ...]:
    from .component_weight import ComponentWeight
    from .components_alive import ComponentsAlive
    from .converged import Converged
    from .em_steps import EMSteps
    from .held_out_loss import HeldOutLoss
    from .kl_divergence import KLDivergence
    from .squared_error import SquaredError
    from .trace import Trace

    weights = map(ComponentWeight, range(1, min(family.K, FEW) + 1))
    return (Trace(), SquaredError(), ComponentsAlive(), *weights, KLDivergence(), HeldOutLoss(),
            EMSteps(), Converged())  # fmt: skip


FEW = 5
"""Components whose weights are watched one by one when nothing is asked for."""


def _suits(observable: Any, family: Any) -> bool:
    return bool(getattr(observable, "of", observable).suits(family))
