"""The integrals that proofs bring to one done once, against quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from hallofillusions.derivations._integrals import normal_mean, over_half_line, over_line

z, b = sp.symbols("z b", real=True)
w, tau = sp.symbols("w tau", positive=True)
here = {b: sp.Rational(2, 7), tau: sp.Rational(3, 5)}


def agrees(found: Any, integrand: Any, variable: Any, low: float) -> None:
    value, error = quad(sp.lambdify(variable, integrand.subs(here)), low, np.inf)
    assert abs(float(found.subs(here)) - value) < error + 1e-14 * abs(value)


@pytest.mark.parametrize("factor", [sp.Integer(1), z**3 - b * z + 2])
def test_a_bell_that_is_moved(factor: Any) -> None:
    exponent = -tau * z**2 - 2 * b * z + b**2 - z**2 / 3
    agrees(over_line(exponent, z, factor), factor * sp.exp(exponent), z, -np.inf)


def test_moments_of_a_normal_law() -> None:
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    agrees(normal_mean((b + tau * z) ** 4, z), (b + tau * z) ** 4 * density, z, -np.inf)


@pytest.mark.parametrize("power", [tau + 1, sp.Rational(1, 2)])
def test_a_gamma_density(power: Any) -> None:
    integrand = 3 * (2 * w / tau) ** power * sp.sqrt(w) * sp.exp(-tau * w - w * b**2 - 1)
    agrees(over_half_line(integrand, w), integrand, w, 0)


@pytest.mark.parametrize("integrand", [sp.exp(-(w**2)), sp.exp(-w) / (1 + w), sp.exp(-w - 1 / w)])
def test_another_form_is_refused(integrand: Any) -> None:
    with pytest.raises(ValueError, match="another form"):
        over_half_line(integrand, w)


def test_a_bell_is_quadratic() -> None:
    with pytest.raises(ValueError, match="another form"):
        over_line(-(z**4) - z**2, z)
