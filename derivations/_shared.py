"""What the derivations share: symbolic loops, conditions, and rivals' numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.starts import Truth
from hallofillusions.symbols import mu_0, n, sigma_0
from hallofillusions.theory import predict


def symbolic_loop(mixing: Any, **parts: Any) -> FeedbackLoop:
    """The Gaussian loop with symbols everywhere."""
    return FeedbackLoop(family=Gaussian(mu_0, sigma_0**2), mixing=mixing, n=n, **parts)


def only(
    mixing: Any,
    *,
    estimator: Any = MaximumLikelihood,
    bias: Any = Unbiased,
    start: Any = Truth,
    family: Any = Gaussian,
) -> Callable[[FeedbackLoop], str | None]:
    """A condition on a loop: None where it is met, else the first part that is not."""
    wants = {"family": family, "mixing": mixing, "estimator": estimator, "bias": bias,
             "start": start}  # fmt: skip

    def applies(loop: FeedbackLoop) -> str | None:
        for role, types in wants.items():
            if not isinstance(part := getattr(loop, role), types):
                names = types if isinstance(types, tuple) else (types,)
                return f"{role} must be {' or '.join(t.__name__ for t in names)}, got {part!r}"
        if isinstance(loop.n, tuple) or isinstance(getattr(loop.mixing, "alpha", None), tuple):
            return "α and n must be constant"
        return None

    return applies


def predicted(loop: FeedbackLoop, observable: Any, generations: Iterable[int]) -> Any:
    """What theory says about one observable of a loop at some generations."""
    when = np.asarray(list(generations))
    return predict(loop, int(when.max()), [observable])[observable.label][when]
