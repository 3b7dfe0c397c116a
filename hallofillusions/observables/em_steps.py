"""How long a fit took."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import MIXTURE, Observable


@dataclass(frozen=True)
class EMSteps(Observable):
    """The number of M-steps of the fit; a fit that needs none, such as with known labels, has 1.

    At g = 0, before any fit, it is 0.
    """

    label = "M-steps of the fit"
    wants: ClassVar[str] = MIXTURE

    def measure(self, family: Any, model: Any) -> Any:
        return model["steps"]
