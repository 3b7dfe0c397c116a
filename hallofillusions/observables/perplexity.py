"""Perplexity on held-out real data."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import TYPES, Observable


@dataclass(frozen=True)
class Perplexity(Observable):
    """exp of the held-out real log-loss: infinite once a type of the real law is lost."""

    label = "held-out perplexity"
    wants: ClassVar[str] = TYPES

    def remark(self, family: Any, model: Any) -> str:
        return str(family.unheard(model))

    def measure(self, family: Any, model: Any) -> Any:
        with np.errstate(over="ignore"):
            return np.exp(family.held_out_loss(model))
