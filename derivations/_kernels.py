"""Loops of kernel density estimates: in symbols, and the numbers of closed forms for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hallofillusions.derivations._shared import only
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.kernel_density import KernelDensity
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.base import Observable
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import evaluate
from hallofillusions.symbols import h, n

_fresh = only((Replace, FreshSplit, FreshMixture), family=KernelDensity)


def over_kernels(loop: FeedbackLoop) -> str | None:
    """The condition on a loop: None where it is met, else the first part that is not."""
    if (reason := _fresh(loop)) is not None:
        return reason
    family: Any = loop.family
    if family.rule and not isinstance(loop.mixing, Replace):
        return f"mixing must be Replace for the bandwidth {family.bandwidth!r}, got {loop.mixing!r}"
    return None


def kernels(mixing: Any, of: Any = None, bandwidth: Any = h) -> FeedbackLoop:
    """The loop with symbols everywhere."""
    return FeedbackLoop(KernelDensity(of or Gaussian(), bandwidth), mixing=mixing, n=n)


def total_variance(family: Any) -> Observable:
    """What shows the variance, summed over all directions."""
    return Variance() if family.dimension == 1 else Trace()


def numbers(expression: Any, loop: FeedbackLoop, when: Any) -> Any:
    """A closed form in σ₀, h, n, … at the generations ``when``, summed over all directions."""
    family: Any = loop.family
    size, total = family.dimension, float(np.trace(family.covariance))
    width = 0.0 if family.rule else float(family.bandwidth)
    return evaluate(expression, loop, when, sigma_0=total**0.5, h=width * size**0.5, d=float(size))
