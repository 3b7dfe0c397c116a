"""One eigenvalue of the model's covariance."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import InputError, whole
from .base import CLOUD, Observable


@dataclass(frozen=True)
class Eigenvalue(Observable):
    """The ``rank``-th largest eigenvalue of Σ₀^-½ Σ Σ₀^-½: all are 1 at the truth.

    ``rank`` is a whole number from 1 to d.
    """

    rank: int = 1
    wants: ClassVar[str] = CLOUD

    def __post_init__(self) -> None:
        whole(self.rank, "rank", 1)

    @property
    def label(self) -> str:
        return f"eigenvalue {self.rank}"

    def check(self, family: Any) -> None:
        super().check(family)
        if self.rank > family.dimension:
            raise InputError(
                f"rank must be at most {family.dimension}, the dimension, got {self.rank}"
            )

    def measure(self, family: Any, model: Any) -> Any:
        return family.spectrum(model)[0][..., self.rank - 1]
