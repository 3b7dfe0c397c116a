"""Log-loss on held-out real data."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import ONE, Combination, Observable
from .kl_divergence import KLDivergence


@dataclass(frozen=True)
class HeldOutLoss(Observable):
    """-E log p_model(x) over real x: the entropy of the real law plus KL(real ‖ model), in nats."""

    label = "held-out real log-loss"
    by_row: ClassVar[bool] = True

    def remark(self, family: Any, model: Any) -> str:
        return str(family.unheard(model))

    def measure(self, family: Any, model: Any) -> Any:
        return family.held_out_loss(model)

    def scale(self, family: Any, values: Any) -> Any:
        return abs(values - family.entropy())  # what is lost, not the noise of the world

    def claim(self, family: Any) -> Combination | None:
        if family.held_out_rows is not None:  # of these rows the real law says no more than its own
            return None
        loss = KLDivergence().claim(family)
        return None if loss is None else Combination((*loss.terms, (family.entropy(), ONE)))
