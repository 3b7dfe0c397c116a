r"""What cutting the tails does to one model, and why it is not a smaller covariance.

A point of the model farther than k standard deviations from its mean is rejected (`Truncation`);
`TopP` is the same cut where k² is the p-quantile of χ²_d.  Each even moment of degree 2j of the
deviations keeps the share c_j.  MAD's λ and the temperature τ would keep λ^j; a cut keeps
c_2 < c_1²: its law has lighter tails than any Gaussian, and four moments see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_p import TopP
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._biases import CUTS, d, inside, kept, numbers, plain, shares
from hallofillusions.derivations._dimensions import FAMILIES, cloud, matrix
from hallofillusions.derivations._shared import only, predicted
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.along import Along
from hallofillusions.observables.squared_variance import SquaredVariance
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal
from hallofillusions.special import ball_radius
from hallofillusions.symbols import g, kappa, n, sigma_0, tau
from hallofillusions.theory import derive

first, second, j = sp.symbols("c_1 c_2 j", positive=True)
lam_k = 1 - 2 * kappa * sp.exp(-(kappa**2) / 2) / sp.sqrt(2 * sp.pi) / sp.erf(kappa / sp.sqrt(2))
"""λ_k in one dimension: 2Φ(k) - 1 = erf(k/√2)."""
squared = (n - 1) * (3 * (n - 1) * second + (n**2 - 2 * n + 3) * first**2) / n**3
"""E σ'⁴/σ⁴ of one fit to n points of a sampler that keeps c_1 and c_2."""


def statement() -> list[Any]:
    c, lam, mass, fourth = (sp.Symbol(name) for name in (
        "c_{j}", r"\lambda_{\kappa}", "p", r"\mathrm{E}[\hat\sigma_g^4]",
    ))  # fmt: skip
    return [
        equal(c, kept(j)), equal(lam, lam_k), sp.Lt(second, first**2), equal(mass, inside(d)),
        equal(fourth, sigma_0**4 * squared**g),
    ]  # fmt: skip


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    yield from _radial_law()
    yield from _directly()
    yield Step("λ_k in one dimension", plain(kept(1, sp.Integer(1))), lam_k)
    yield from _lighter_than_gaussian()
    yield from _top_p()
    yield from _temperature()
    yield from _fitted()


def _radial_law() -> Iterator[Step]:
    """r^{2j} tilts χ²_d into χ²_{d+2j}; the direction of the point does not see the cut."""
    y = sp.Symbol("y", positive=True)

    def density(size: Any) -> Any:
        return y ** (size / 2 - 1) * sp.exp(-y / 2) / (2 ** (size / 2) * sp.gamma(size / 2))

    whole = 2**j * sp.gamma(d / 2 + j) / sp.gamma(d / 2)  # E r^{2j} without a cut
    tilted = sp.powsimp(y**j * density(d) / density(d + 2 * j))
    yield Step("r^2j times the density of χ²_d is E r^2j times that of χ²_{d+2j}", tilted, whole)
    slope = sp.diff(inside(d), kappa)
    surface = 2 * kappa * density(d).subs(y, kappa**2)
    yield Step("and P(χ²_d < k²) is its integral: the slope", slope, surface, sp.powsimp)
    yield Step("and the beginning", sp.limit(inside(sp.Integer(1)), kappa, 0), 0)


def _directly() -> Iterator[Step]:
    """Integrals over the ball in 1, 2 and 3 dimensions, shell by shell, against the engine."""
    u = sp.Symbol("u", real=True)
    angle = {  # E cos^m of the angle to one axis
        1: lambda m: sp.Integer(1),
        2: lambda m: sp.integrate(sp.cos(u) ** m, (u, 0, 2 * sp.pi)) / (2 * sp.pi),
        3: lambda m: sp.integrate(u**m, (u, 0, 1)),
    }
    for size, mean in angle.items():
        shell = kappa ** (size - 1) * sp.exp(-(kappa**2) / 2)
        shell /= sp.sqrt(2) ** (size - 2) * sp.gamma(sp.Rational(size, 2))
        for m in (2, 4, 6)[: 4 - size]:
            words = f"E x^{m} of the cut point in {size} dimensions"
            within = sp.factorial2(m - 1) * plain(inside(sp.Integer(size + m)))
            grown = sp.diff(within, kappa)
            yield Step(f"{words}: one more shell", grown, mean(m) * kappa**m * shell)
            yield Step(f"{words}: no shell", within.subs(kappa, 0), 0)
            law = within / plain(inside(sp.Integer(size)))
            yield Step(f"{words}: by the engine", point(Truncation(kappa, size), m), law)


def point(bias: Any, m: int) -> Any:
    """E y^m of one biased point about the mean of a model of variance 1: the mean of one point."""
    loop = FeedbackLoop(Gaussian(0, 1), mixing=Replace(), n=1, bias=bias)
    recursion = derive(loop, monomials=[{"delta": m}])
    row = recursion.rows[recursion.index(delta=m)]
    return row[recursion.index(v=m // 2)].symbolic(recursion.atoms()).subs(n, 1)


def _lighter_than_gaussian() -> Iterator[Step]:
    """c_2 < c_1²: with F_d = P(χ²_d < 2x), F_{d+2} = F_d - t and t = x^a e^-x/Γ(a+1), a = d/2."""
    a, x, F = sp.symbols("a x F", positive=True)
    t = x**a * sp.exp(-x) / sp.gamma(a + 1)
    P = sp.Lambda((a, x), sp.lowergamma(a, x) / sp.gamma(a))
    yield Step("F_{d+2} = F_d - t: the slopes in x agree, and both begin at 0",
               sp.diff(P(a, x) - P(a + 1, x), x) / t, sp.diff(t, x) / t, sp.powsimp)  # fmt: skip
    q = x / (a + 1)
    c_1, c_2 = (F - t) / F, (F - t - t * q) / F
    h = F * (1 - q) - t
    yield Step("c_1² - c_2 is -h t/F²", c_1**2 - c_2, -h * t / F**2)
    # h begins at 0, and h' = F' (1-q) - F/(a+1) - t' is below 0 all the way
    slope = sp.diff(P(a, x), x) * (1 - q) - F / (a + 1) - sp.diff(t, x)
    yield Step("h falls: h' = -F_{d+2}/(a+1)", slope, -(F - t) / (a + 1), _gamma)
    yield Step("and h begins at 0", h.subs(F, P(a, x)).subs(x, 0), 0)


def _gamma(expression: Any) -> Any:
    return sp.simplify(sp.gammasimp(sp.powsimp(sp.expand(expression))))


def _top_p() -> Iterator[Step]:
    """The smallest region of mass p is the ball in which the density is above its edge's."""
    r = sp.Symbol("r", positive=True)
    ahead = sp.log(sp.exp(-(r**2) / 2)) - sp.log(sp.exp(-(kappa**2) / 2))
    gap = (kappa - r) * (kappa + r) / 2
    yield Step("the density is above its value at k just where r < k", sp.expand_log(ahead), gap)
    for size in (1, 2):
        mass = plain(inside(sp.Integer(size)))
        yield Step(f"{size} dimensions: the radius of that ball", ball_radius(size, mass), kappa)
        for m in (2, 4):
            cut = point(Truncation(kappa, size), m)
            yield Step(f"{size} dimensions: E x^{m} of top-p", point(TopP(mass, size), m), cut)


def _temperature() -> Iterator[Step]:
    """p^(1/τ) is the Gaussian of τσ²: all orders scale alike, unlike a cut."""
    x = sp.Symbol("x", real=True)
    tempered, scaled = -(x**2) / (2 * sigma_0**2) / tau, -(x**2) / (2 * tau * sigma_0**2)
    constant = sp.diff(tempered - scaled, x)
    yield Step("log p/τ and the log-density of N(0, τσ²) differ by a constant", constant, 0)
    for m in (2, 4, 6):
        law = sp.factorial2(m - 1) * tau ** (m // 2)
        yield Step(f"E x^{m} at the temperature τ", point(Temperature(tau), m), law)


def _fitted() -> Iterator[Step]:
    """E σ⁴ under Replace: the model's mean does not enter, so one factor a generation."""
    for size in (1, 2):
        bias = Truncation(kappa, size)
        loop = FeedbackLoop(Gaussian(0, sigma_0**2), mixing=Replace(), n=n, bias=bias)
        recursion = derive(loop, monomials=[{"v": 2}])
        yield Step(f"{size} dimensions: σ⁴ feeds on σ⁴ alone", len(recursion.names), 1)
        shares = [plain(kept(sp.Integer(i), sp.Integer(size))) for i in (1, 2)]
        factor = squared.subs(dict(zip((first, second), shares, strict=True)))
        yield Step(f"{size} dimensions: its factor", recursion.matrix()[0], factor)
        yield Step(f"{size} dimensions: it begins at", recursion.initial()[0], sigma_0**4)


# -- the attack ----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    samplers = ((1, Truncation(1.2)), (2, Truncation(1.5)), (3, TopP(0.7)))
    return [c for size, bias in samplers for c in _attack(
        FeedbackLoop(cloud(size), mixing=Replace(), n=4, bias=bias))]  # fmt: skip


def _attack(loop: FeedbackLoop) -> Iterator[Confrontation]:
    """E σ² and E σ⁴ along the first axis, against the scaled covariance that has the same E σ²."""
    when, size, bias = (1, 2), loop.family.dimension, cast(Any, loop.bias)
    c_1, c_2 = shares(loop, 2)
    if size == 1:
        c_1 = float(lam_k.subs(kappa, bias.k))
    scaled = replace(loop, bias=ScaleCovariance(c_1))
    nearly = replace(loop, bias=ScaleCovariance(0.95 * c_1))
    faithful = replace(loop, bias=Unbiased())
    axis = (1,) + (0,) * (size - 1)
    start = float(matrix(loop.family)[0, 0])
    flat = replace(loop, family=Gaussian(0, start), bias=ScaleCovariance(c_1))
    for inner, law, rivals in (
        (Variance(), start * (c_1 * (1 - 1 / n)) ** g,
         {"λ five per cent low": nearly, "bias ignored": faithful}),
        (SquaredVariance(), start**2 * squared**g,
         {"a scaled covariance of the same λ": scaled, "bias ignored": faithful}),
    ):  # fmt: skip
        watched = inner if size == 1 else Along(axis, inner)
        right = numbers(law, flat, when, c_1=c_1, c_2=c_2)
        wrong = {name: predicted(rival, watched, when) for name, rival in rivals.items()}
        yield Confrontation(loop, watched, when, right, wrong, replicates=60_000)


theorem = Theorem(
    name="truncation_moments",
    title="Cutting the tails scales second moments, and it is no scaled covariance",
    kind=Exact(),
    assumptions=(
        "a Gaussian model in d dimensions, cut at the Mahalanobis distance κ (top-p: the smallest "
        "region of mass p)",
        "c_j multiplies the moments of degree 2j of the deviations from the model's mean",
        "the last equation: Replace, maximum likelihood, started at the truth; each component",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=only(Replace, bias=CUTS, family=FAMILIES),
    confrontations=confrontations,
)
