"""Log-loss on the model's own output."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..biases.unbiased import Unbiased
from ._on_data import OnData
from .base import Combination
from .entropy import Entropy


@dataclass(frozen=True)
class OwnLoss(OnData):
    """-mean log p_model(x) over n fresh points x of the model itself, in nats.

    The points are what the loop's sampling bias makes of the model, and no training set sees
    them.  Of independent points and without a bias it is the entropy of the model on average (of
    text that runs free, each row counts as often as the model's own text comes by it): beside the
    held-out loss it is the one half of the illusion, a model that finds itself ever easier.
    """

    label = "loss on its own output"
    sees: ClassVar[str] = "output"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return family.loss(model, data)

    def suits(self, family: Any) -> bool:
        return bool(family.scores)

    def claim_in(self, loop: Any) -> Combination | None:
        return Entropy().claim(loop.family) if isinstance(loop.bias, Unbiased) else None
