"""Log-loss where real data are rare."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import InputError, as_number
from .base import TYPES, Observable

WAYS = ("n-grams", "contexts")


@dataclass(frozen=True)
class RareLoss(Observable):
    """The held-out loss over the rarest n-grams, or over those with the rarest contexts, in nats.

    ``share`` is how much of the held-out text they make up, 0.1 for a decile; rare is what the
    real training text seldom has.  For `Categorical` the rarest types of the real law are meant.
    """

    share: Any = 0.1
    among: str = "n-grams"
    structure: ClassVar[tuple[str, ...]] = ("share", "among")
    wants: ClassVar[str] = TYPES

    def __post_init__(self) -> None:
        if not 0 < as_number(self.share, "share", "a number in (0, 1]") <= 1:
            raise InputError(f"share must be a number in (0, 1], got {self.share!r}")
        if self.among not in WAYS:
            raise InputError(f"among must be {' or '.join(map(repr, WAYS))}, got {self.among!r}")

    @property
    def label(self) -> str:
        return f"loss on the rarest {float(self.share):.0%} of {self.among}"

    def measure(self, family: Any, model: Any) -> Any:
        return family.rare_loss(model, float(self.share), self.among)
