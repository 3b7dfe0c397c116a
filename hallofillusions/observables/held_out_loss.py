"""Log-loss on held-out real data."""

from dataclasses import dataclass
from typing import Any

from .base import ONE, Combination, Observable
from .kl_divergence import KLDivergence, entropy


@dataclass(frozen=True)
class HeldOutLoss(Observable):
    """-E log p_model(x) over real x: the entropy of the real law plus KL(real ‖ model), in nats."""

    label = "held-out real log-loss"

    def measure(self, family: Any, model: Any) -> Any:
        return KLDivergence().measure(family, model) + entropy(family)

    def scale(self, family: Any, values: Any) -> Any:
        return abs(values - entropy(family))  # what is lost, not the noise of the world

    def claim(self, family: Any) -> Combination:
        return Combination((*KLDivergence().claim(family).terms, (entropy(family), ONE)))
