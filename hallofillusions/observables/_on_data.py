"""What observables share that are measured on points."""

from __future__ import annotations

from typing import Any, ClassVar

from .base import CLOUD, Observable


class OnData(Observable):
    """A number that no model has by itself: it is measured on what the model says."""

    def measure(self, family: Any, model: Any) -> Any:
        raise NotImplementedError(f"{self!r} is measured on {self.sees}")


class AgainstReal(OnData):
    """A number of n points of the model's own, as the loop's bias draws them, beside real ones.

    No model is trained on either.  The real points are as many, fresh at every generation; where
    the family holds out rows of real data, they are those.
    """

    sees: ClassVar[str] = "output and real"
    wants: ClassVar[str] = CLOUD
