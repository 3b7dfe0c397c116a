"""Log-loss on the mixture that the model was trained on."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..estimators.maximum_likelihood import MaximumLikelihood
from ..starts import Truth
from ._on_data import OnData
from .base import Combination
from .entropy import Entropy


@dataclass(frozen=True)
class TrainingLoss(OnData):
    """-mean log p_model(x) over the n points x that the model was fitted to, in nats.

    At g = 0, before any fit, it is the loss on real data.  A fit by maximum likelihood to an
    exponential family's points has the entropy of the model for its loss, whatever the points:
    the training mixture is fitted happily while the loss on the real law grows.
    """

    label = "loss on its own training mixture"
    sees: ClassVar[str] = "training"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return family.real_loss(model) if data is None else family.loss(model, data)

    def suits(self, family: Any) -> bool:
        return bool(family.scores)

    def claim_in(self, loop: Any) -> Combination | None:
        plain = isinstance(loop.estimator, MaximumLikelihood) and isinstance(loop.start, Truth)
        return Entropy().claim(loop.family) if plain else None
