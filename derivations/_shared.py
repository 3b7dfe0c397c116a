"""What the derivations share: symbolic loops, conditions, and rivals' numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.loop import FeedbackLoop
from hallofillusions.observables.squared_error import SquaredError
from hallofillusions.observables.variance import Variance
from hallofillusions.proof import Confrontation, Step, equal, evaluate, in_greek
from hallofillusions.starts import Truth
from hallofillusions.symbols import as_fraction, is_symbolic, mu_0, n, sigma_0
from hallofillusions.theory import derive, predict


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
    real: int = 0,
    smallest: int = 1,
) -> Callable[[FeedbackLoop], str | None]:
    """A condition on a loop: None where it is met, else the first part that is not.

    ``real`` is the least number of real points (1-α)n in a generation, on average; ``smallest``
    is the least n.  A symbol meets both.  A family is wanted exactly: `Gaussian` is the one of
    one dimension, and ``object`` is any.
    """
    wants = {"family": family, "mixing": mixing, "estimator": estimator, "bias": bias,
             "start": start}  # fmt: skip

    def applies(loop: FeedbackLoop) -> str | None:
        for role, types in wants.items():
            names = types if isinstance(types, tuple) else (types,)
            part = getattr(loop, role)
            # a Gaussian in d dimensions is a Gaussian too, but not that of one dimension
            exact = role == "family" and object not in names
            if type(part) not in names if exact else not isinstance(part, names):
                return f"{role} must be {' or '.join(t.__name__ for t in names)}, got {part!r}"
        if isinstance(loop.n, tuple) or isinstance(getattr(loop.mixing, "alpha", None), tuple):
            return "α and n must be constant"
        if not is_symbolic(loop.n) and loop.n < smallest:
            return f"n must be at least {smallest}, got {loop.n}"
        if real and not is_symbolic(held := real_points(loop)) and held < real:
            return f"a generation must hold at least {real} real points on average, got {held}"
        return None

    return applies


def real_points(loop: FeedbackLoop) -> Any:
    """(1-α)n of a loop whose α and n are constant: an exact number, or an expression."""
    mixing, size = loop.mixing, loop.n
    if (held := getattr(mixing, "real", None)) is not None:
        return held
    alpha = getattr(mixing, "alpha", 1)
    if not is_symbolic(alpha):
        alpha = as_fraction(alpha) if is_symbolic(size) else mixing.fraction(size, 0)
    return (1 - alpha) * size


def predicted(loop: FeedbackLoop, observable: Any, generations: Iterable[int]) -> Any:
    """What theory says about one observable of a loop at some generations."""
    when = np.asarray(list(generations))
    return predict(loop, int(when.max()), [observable])[observable.label][when]


# -- drift coefficients ------------------------------------------------------------------------


def drift_statement(v_g: Any, effective_size: Any = None) -> list[Any]:
    """The three equations of a drift theorem, and N_eff where it has a closed form."""
    import sympy as sp

    variance, error, v, N = (
        sp.Symbol(name) for name in
        (r"\mathrm{E}[\hat\sigma_g^2]", r"\mathrm{E}[(\hat\mu_g-\mu_0)^2]", "v_{g}",
         r"N_{\mathrm{eff}}")
    )  # fmt: skip
    equations = [
        equal(variance, (1 - v) * sigma_0**2),
        equal(error, v * sigma_0**2),
        equal(v, v_g),
    ]
    return equations if effective_size is None else [*equations, equal(N, effective_size)]


def same_first_fit(loop: FeedbackLoop, start: Any) -> Iterator[Step]:
    """From another start the moments of the first fit are the same; so is all that follows."""
    recursion, other = derive(loop), derive(replace(loop, start=start))
    pairs = zip(recursion.names, other.after_first(), recursion.after_first(), strict=True)
    for name, theirs, ours in pairs:
        yield Step(f"the first fit from {start}, {in_greek(name)}", theirs, ours)


def drift_confrontations(
    loop: FeedbackLoop,
    when: tuple[int, ...],
    v_g: Any,
    rivals: Mapping[str, Any],
    *,
    replicates: int = 100_000,
) -> list[Confrontation]:
    """Attack E σ²_g = (1 - v_g) σ₀² and E (μ_g - μ₀)² = v_g σ₀² of one loop.

    A rival is a loop, whose recursion is asked, another v_g, or a table of wrong numbers to put
    into this one, such as ``{"alpha": 0.8}``.
    """
    scale = loop.family.parameters()["variance"]
    found = []
    for observable, value in (
        (Variance(), lambda v: scale * (1 - v)),
        (SquaredError(), lambda v: scale * v),
    ):
        wrong = {
            name: predicted(rival, observable, when) if isinstance(rival, FeedbackLoop)
            else value(evaluate(v_g, loop, when, **rival)) if isinstance(rival, dict)
            else value(evaluate(rival, loop, when))
            for name, rival in rivals.items()
        }  # fmt: skip
        truth = value(evaluate(v_g, loop, when))
        found.append(Confrontation(loop, observable, when, truth, wrong, replicates=replicates))
    return found


def at_rest(
    like: Confrontation, late: int, effective_size: Any, rivals: Mapping[str, Any]
) -> Confrontation:
    """Attack N_eff = σ₀²/E (μ_g - μ₀)² by the runs of ``like`` at the generation ``late``.

    By then less is left of the way there than a tenth of the standard error.  A rival is
    another N_eff.
    """
    loop, when = like.loop, (late,)
    scale = loop.family.parameters()["variance"]
    right, *wrong = (scale / evaluate(N, loop, when) for N in (effective_size, *rivals.values()))
    named = dict(zip(rivals, wrong, strict=True))
    return Confrontation(loop, SquaredError(), when, right, named, replicates=like.replicates)


ENDLESS = 100_000
"""Factors of an infinite product: those beyond differ from 1 by some 1/n of 10⁻⁵ in all."""


def products(cost: Any, loop: FeedbackLoop, when: Iterable[int], first: int = 1) -> tuple[Any, Any]:
    """Π (1 - cost) over first ≤ j ≤ g, and over all j > g, at the generations ``when``."""
    steps = np.log1p(-evaluate(cost, loop, np.arange(1, ENDLESS + 1)))
    steps[: first - 1] = 0
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    begun = sums[list(when)]
    return np.exp(begun), np.exp(sums[-1] - begun)


def both_ends(
    like: Confrontation, kept: Any, limit: Any, begun: Mapping[str, Any], left: Mapping[str, Any]
) -> list[Confrontation]:
    """Attack E σ²_g as a product from its first step on, and back from its limit.

    ``kept`` and ``limit`` are shares of σ₀², and so are their rivals ``begun`` and ``left``.  The
    runs are those of ``like``.
    """
    scale = like.loop.family.parameters()["variance"]
    return [
        replace(like, predicted=scale * right, rivals={k: scale * v for k, v in wrong.items()})
        for right, wrong in ((kept, begun), (limit, left))
    ]
