"""Bits that the model spends on a character of held-out real text."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import TYPES, Combination, Observable
from .held_out_loss import HeldOutLoss


@dataclass(frozen=True)
class BitsPerCharacter(Observable):
    """The held-out real log-loss over log 2."""

    label = "bits per character"
    wants: ClassVar[str] = TYPES

    def remark(self, family: Any, model: Any) -> str:
        return str(family.unheard(model))

    def measure(self, family: Any, model: Any) -> Any:
        return family.held_out_loss(model) / np.log(2)

    def scale(self, family: Any, values: Any) -> Any:
        return HeldOutLoss().scale(family, values * np.log(2)) / np.log(2)

    def claim_in(self, loop: Any) -> Combination | None:
        loss = HeldOutLoss().claim_in(loop)
        if loss is None:
            return None
        return Combination(tuple((c / float(np.log(2)), f) for c, f in loss.terms))
