"""What the theorems on d dimensions share: a real law to be attacked with, and its numbers.

A loop's numbers (n, D, λ, …) are those of the one-dimensional loop of its first component.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from hallofillusions.families.gaussian import Gaussian
from hallofillusions.families.multivariate_gaussian import MultivariateGaussian
from hallofillusions.loop import FeedbackLoop

FAMILIES = (Gaussian, MultivariateGaussian)
d = sp.Symbol("d", integer=True, positive=True)
i = sp.Symbol("i", integer=True, positive=True)


def cloud(size: int) -> Gaussian:
    """A law in ``size`` dimensions whose components differ in scale and are correlated."""
    if size == 1:
        return Gaussian(1, 2)
    scale = np.linspace(1, 2, size)
    places = np.arange(size)
    spread = np.outer(scale, scale) * 0.5 ** abs(places[:, None] - places)
    return Gaussian(places.tolist(), spread.tolist())


def ball(size: int) -> Gaussian:
    """The standard normal law."""
    return Gaussian([0] * size, 1) if size > 1 else Gaussian()


def matrix(law: Any) -> Any:
    """The covariance of a Gaussian as an array (d, d)."""
    return np.array(law.variance, dtype=float).reshape(law.dimension, law.dimension)


def line(loop: FeedbackLoop) -> FeedbackLoop:
    """The one-dimensional loop of the first component."""
    return loop if loop.family.dimension == 1 else loop.marginal(["v_1_1"])[0]


def here(expression: Any, loop: FeedbackLoop) -> Any:
    """The expression with the loop's own d, its sums and products written out."""
    return sp.sympify(expression).subs(d, loop.family.dimension).doit()
