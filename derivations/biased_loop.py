r"""A biased sampler in a loop with fresh real points, at every n and every generation.

A bias whose synthetic points have the model's mean and λ times its covariance (`ScaleCovariance`,
`Temperature`, `Truncation`, `TopP`) enters the second moments through λ alone.  Two numbers close
them: the error M of the mean and the variance S obey x' = Ax + b, and S_∞ is what a fit keeps of

    T = αλS + (1-α)σ₀²,        S_∞ = qT,

the mean variance of the training points about the two laws' own means.  The share q depends on
the mixing and the divisor, not on λ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from hallofillusions.biases.scale_covariance import ScaleCovariance
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_p import TopP
from hallofillusions.biases.truncation import Truncation
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.derivations._biases import BIASES, numbers, only_lambda, second_moments, shares
from hallofillusions.derivations._dimensions import FAMILIES, ball
from hallofillusions.derivations._shared import only, predicted, symbolic_loop
from hallofillusions.estimators.bessel import Bessel
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.fresh_mixture import FreshMixture
from hallofillusions.mixing.fresh_split import FreshSplit
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.trace import Trace
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.symbols import alpha, g, lam, n, sigma_0
from hallofillusions.theory import derive

FRESH = (FreshSplit, FreshMixture)
BOTH = (MaximumLikelihood, Bessel)
keeps = {  # q
    (FreshSplit, MaximumLikelihood): 1 - 1 / (n * (1 + alpha)),
    (FreshMixture, MaximumLikelihood): 1 - 1 / (n * (1 + alpha) - alpha),
    (FreshSplit, Bessel): 1 + alpha / ((n - 1) * (1 + alpha)),
    (FreshMixture, Bessel): 1 + alpha / (n * (1 + alpha) - alpha),
}
q, r_1, r_2 = sp.symbols("q r_1 r_2", positive=True)
rest = q * (1 - alpha) / (1 - alpha * q * lam)
"""S_∞/σ₀²; it exists, and is reached from any start, just where αqλ < 1."""
spreads = {FreshSplit: n * (1 - alpha**2), FreshMixture: (1 - alpha) * (n * (1 + alpha) - alpha)}
"""T/M_∞, whatever the divisor."""
S_0, S_1, S_inf = sp.symbols(r"S_0 S_1 S_{\infty}", positive=True)
wave = (r_1**g - r_2**g) / (r_1 - r_2)
path = S_inf + wave * (S_1 - S_inf) - r_1 * r_2 * wave.subs(g, g - 1) * (S_0 - S_inf)
"""S_g: the rates r_1, r_2 are the eigenvalues of A."""
alone = (lam * (1 - 1 / n)) ** g  # E σ²_g/σ₀² under Replace
wandering = (1 - alone) * lam / (n * (1 - lam * (1 - 1 / n)))  # and E (μ_g - μ₀)²/σ₀²


def statement() -> list[Any]:
    S, own = (sp.Symbol(rf"\mathrm{{E}}{name}[\hat\sigma_g^2]")
              for name in ("", r"_{\mathrm{replace}}"))  # fmt: skip
    return [
        equal(S_inf, sigma_0**2 * rest),
        *(equal(sp.Symbol(rf"q_{{\mathrm{{{m.__name__[5:].lower()},\,{short}}}}}"), keeps[m, e])
          for m in FRESH for e, short in ((MaximumLikelihood, "MLE"), (Bessel, "Bessel"))),
        equal(S, path),
        equal(r_1 + r_2, trace(FreshSplit, MaximumLikelihood)),
        equal(r_1 * r_2, determinant(FreshSplit, MaximumLikelihood)),
        equal(own, sigma_0**2 * alone),
    ]  # fmt: skip


def divisor(estimator: type[Any]) -> Any:
    """n over what the sum of squares is divided by."""
    return n / (n - 1) if estimator is Bessel else sp.Integer(1)


def trace(mixing: type[Any], estimator: type[Any]) -> Any:
    """r_1 + r_2."""
    between = alpha * (1 - alpha) / n if mixing is FreshMixture else 0
    return alpha**2 + between + alpha * lam * (1 - 1 / n) * divisor(estimator)


def determinant(mixing: type[Any], estimator: type[Any]) -> Any:
    """r_1 r_2."""
    own = alpha - 1 / n if mixing is FreshSplit else alpha * (1 - 1 / n)
    return alpha**2 * lam * own * divisor(estimator)


# -- the proof -----------------------------------------------------------------------------------


def proof() -> Iterator[Step]:
    for key, share in keeps.items():
        yield from _closed(*key, share)
    yield from _any_path()
    yield from _replace_alone()
    yield from only_lambda(FRESH)


def _closed(mixing: type[Any], estimator: type[Any], share: Any) -> Iterator[Step]:
    name = f"{mixing.__name__}, {estimator.__name__}"
    loop = symbolic_loop(mixing(alpha), estimator=estimator(), bias=ScaleCovariance(lam))
    A, _, x = second_moments(loop)
    p, D = trace(mixing, estimator), determinant(mixing, estimator)
    yield Step(f"{name}: the rates add up to the trace", A.trace(), p)
    yield Step(f"{name}: and multiply to the determinant", A.det(), D)
    S = sigma_0**2 * rest.subs(q, share)
    T = alpha * lam * S + (1 - alpha) * sigma_0**2
    stays = derive(loop).fixed_point()
    assert stays is not None
    yield Step(f"{name}: M_∞", stays["delta^2"], T / spreads[mixing], sp.cancel)
    yield Step(f"{name}: S_∞", stays["v"], S, sp.cancel)
    yield Step(f"{name}: a fit keeps the share q of T", S, share * T, sp.cancel)
    # A ≥ 0: its larger rate is below 1 just where (1-r_1)(1-r_2) > 0, the smaller one being ≤ A_11
    stable = (1 - A[0, 0]) * (1 - alpha * share * lam)
    yield Step(f"{name}: (1-r_1)(1-r_2) has the sign of 1 - αqλ", 1 - p + D, stable)
    below = (A[0, 0] - A[0, 0]) * (A[0, 0] - A[1, 1]) - A[0, 1] * A[1, 0]
    at_corner = A[0, 0] ** 2 - p * A[0, 0] + D
    yield Step(f"{name}: and (A_11-r_1)(A_11-r_2) ≤ 0, so r_2 ≤ A_11 < 1", at_corner, below)
    # Cayley and Hamilton: S_{g+2} - S_∞ = p (S_{g+1} - S_∞) - D (S_g - S_∞)
    square = A * A - p * A + D * sp.eye(2)
    for i in (0, 1):
        yield Step(f"{name}: A² - (r_1 + r_2)A + r_1r_2 = 0, row 2, entry {i + 1}", square[1, i], 0)
    yield Step(f"{name}: it begins at the truth", x[1], sigma_0**2)


def _any_path() -> Iterator[Step]:
    """The form S_g solves that recurrence from any S_0 and S_1, for every pair of rates."""
    gap = path - S_inf
    stepped = (r_1 + r_2) * gap.subs(g, g + 1) - r_1 * r_2 * gap
    yield Step("S_g obeys the recurrence of two generations", gap.subs(g, g + 2), stepped)
    yield Step("S_g begins with S_0", path.subs(g, 0), S_0)
    yield Step("and S_1", path.subs(g, 1), S_1)


def _replace_alone() -> Iterator[Step]:
    loop = symbolic_loop(Replace(), bias=ScaleCovariance(lam))
    claim = {"delta": 0, "delta^2": sigma_0**2 * wandering, "v": sigma_0**2 * alone}
    yield from induction(derive(loop), claim)


# -- the attack ----------------------------------------------------------------------------------


def variance(loop: FeedbackLoop, when: tuple[int, ...]) -> Any:
    """E σ²_g/σ₀² of a loop with numbers."""
    if isinstance(loop.mixing, Replace):
        return numbers(alone, loop, when)
    kind = type(loop.mixing), type(loop.estimator)
    p, D = (float(numbers(f(*kind), loop, 0)) for f in (trace, determinant))
    root = (p**2 / 4 - D) ** 0.5
    S_1 = (1 - 1 / n) * (alpha * lam + 1 - alpha) * divisor(kind[1])
    settled = rest.subs(q, keeps[kind])
    values = {"S_0": 1, "S_1": float(numbers(S_1, loop, 0)),
              str(S_inf): float(numbers(settled, loop, 0)),
              "r_1": p / 2 + root, "r_2": p / 2 - root}  # fmt: skip
    return numbers(path, loop, when, **values)


def confrontations() -> list[Confrontation]:
    split, mixed = FreshSplit(Fraction(3, 5)), FreshMixture(Fraction(4, 5))
    loops = (
        FeedbackLoop(Gaussian(1, 2), mixing=split, n=10, bias=ScaleCovariance(0.8)),
        FeedbackLoop(Gaussian(1, 2), mixing=mixed, n=6, bias=Temperature(1.3), estimator=Bessel()),
        FeedbackLoop(Gaussian(1, 2), mixing=split, n=5, bias=Truncation(1.5), estimator=Bessel()),
        FeedbackLoop(ball(2), mixing=mixed, n=6, bias=TopP(0.9)),
        FeedbackLoop(Gaussian(1, 2), mixing=Replace(), n=8, bias=Truncation(2)),
    )
    return [_attack(loop) for loop in loops]


def _attack(loop: FeedbackLoop) -> Confrontation:
    when, lam_ = (1, 2, 5), shares(loop)[0]
    size = loop.family.dimension
    scale = 2.0 if size == 1 else float(size)
    watched = Variance() if size == 1 else Trace()
    others = {
        "bias ignored": replace(loop, bias=Unbiased()),
        "λ five per cent low": replace(loop, bias=ScaleCovariance(0.95 * lam_)),
        "other ddof": replace(loop, estimator=(
            MaximumLikelihood() if isinstance(loop.estimator, Bessel) else Bessel()
        )),
    }  # fmt: skip
    rivals = {name: predicted(rival, watched, when) for name, rival in others.items()}
    return Confrontation(loop, watched, when, scale * variance(loop, when), rivals,
                         replicates=100_000)  # fmt: skip


theorem = Theorem(
    name="biased_loop",
    title="A biased sampler with fresh real points, at every n and g",
    kind=Exact(),
    assumptions=(
        "a Gaussian model in any dimension (each component); a bias that keeps the model's mean "
        "and multiplies its covariance by λ",
        "αn synthetic and (1-α)n fresh real points, exactly (split) or on average (mixture)",
        "S_g: started at the truth, S_0 = σ₀², and S_1 = E σ² of the first fit; the rates printed "
        "are those of the split with the MLE",
        "S_∞: g → ∞, αqλ < 1; from there on, E σ² grows without bound",
    ),
    reference="Alemohammad et al. 2023 (λ under Replace); the rest: no earlier statement known",
    cites=("alemohammad2023",),
    statement=statement,
    proof=proof,
    applies=only((*FRESH, Replace), estimator=BOTH, bias=BIASES, family=FAMILIES),
    confrontations=confrontations,
)
