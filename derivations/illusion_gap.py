r"""The illusion: a loop finds itself ever easier to predict while it forgets the world.

Maximum likelihood in an exponential family matches the moments of the training set, so its loss
there is the entropy of the model, whatever the set; and so, on average, is its loss on its own
output.  Only real data tell the two worlds apart.  Under Replace the one falls in a straight line
and the other rises exponentially: the gap is what no training curve shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp

from hallofillusions.derivations._replace import D, faithful
from hallofillusions.derivations.gaussian_kl import divergence
from hallofillusions.derivations.gaussian_log_variance import drift, lam
from hallofillusions.estimators.maximum_likelihood import MaximumLikelihood
from hallofillusions.families.gaussian import Gaussian
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.mixing.replace import Replace
from hallofillusions.observables.held_out_loss import HeldOutLoss
from hallofillusions.observables.own_loss import OwnLoss
from hallofillusions.observables.training_loss import TrainingLoss
from hallofillusions.proof import Confrontation, Step, Theorem, equal, evaluate
from hallofillusions.symbols import g, is_symbolic, n, sigma_0

entropy = sp.log(2 * sp.pi * sp.E * sigma_0**2) / 2
own = entropy + g * drift.subs({lam: 1, D: n}) / 2
held_out = entropy + divergence.subs(D, n)


def statement() -> list[Any]:
    trained, said, real, h = (sp.Symbol(s) for s in (
        r"\mathrm{E}[L_{g}^{\mathrm{train}}]", r"\mathrm{E}[L_{g}^{\mathrm{own}}]",
        r"\mathrm{E}[L_{g}^{\mathrm{real}}]", "h"))  # fmt: skip
    excess = sp.Symbol(r"\mathrm{E}\,\mathrm{KL}(\mathrm{real}\,\|\,\mathrm{model}_{g})")
    return [
        equal(trained, said),
        equal(said, h + g * drift.subs({lam: 1, D: n}) / 2),
        equal(real, h + excess),
        equal(h, entropy),
    ]


def proof() -> Iterator[Step]:
    """The two losses of one model, and their averages under Replace."""
    x, mu = sp.symbols("x mu", real=True)
    v = sp.Symbol("v", positive=True)
    h_v = sp.log(2 * sp.pi * sp.E * v) / 2
    loss = (sp.log(2 * sp.pi * v) + (x - mu) ** 2 / v) / 2
    size = 3
    points = sp.symbols(f"x_1:{size + 1}", real=True)
    centre = sum(points) / sp.Integer(size)
    scatter = sum((p - centre) ** 2 for p in points) / size
    mean = sum(loss.subs({x: p, mu: centre}) for p in points) / size
    yield Step("three points and their own fit: the mean loss is the entropy of the fit",
               sp.simplify(sp.expand_log(mean.subs(v, scatter) - h_v.subs(v, scatter), force=True)),
               0)  # fmt: skip
    first, square = sp.symbols("m_1 m_2")  # any training set: its mean and mean square
    over = sp.expand(2 * loss - sp.log(2 * sp.pi * v)) * v
    matched = sum(c * {0: 1, 1: first, 2: square}[d] for (d,), c in sp.Poly(over, x).terms())
    yield Step("any number of points: the squares add up to one variance",
               sp.expand(matched.subs(mu, first) / v).subs(square, v + first**2), 1)  # fmt: skip
    yield Step("its own output: the expected loss is the entropy",
               _gaussian_mean(loss, x, mu, v), h_v)  # fmt: skip
    w = sp.Symbol("w", positive=True)
    real = _gaussian_mean(loss.subs(mu, mu + sp.Symbol("delta")), x, mu, w)
    kl = (sp.log(v / w) + (w + sp.Symbol("delta") ** 2) / v - 1) / 2
    rest = sp.expand_log(real - sp.log(2 * sp.pi * sp.E * w) / 2 - kl, force=True)
    yield Step("the real world: entropy and KL", sp.simplify(rest), 0)
    p, q = sp.symbols("p_1:4", positive=True), sp.symbols("q_1:4", positive=True)
    c = sp.symbols("c_1:4", positive=True)
    total = sum(c)
    entropy_q = sum(-b * sp.log(b) for b in q)
    counted = sp.log(total) - sum(a * sp.log(a) for a in c) / total  # of the likelihood Π q^c
    fitted = entropy_q.subs({b: a / total for a, b in zip(c, q, strict=True)}, simultaneous=True)
    yield Step("types: the loss on the counts that were fitted is the entropy",
               sp.simplify(sp.expand_log(counted - fitted, force=True)), 0)  # fmt: skip
    gap = sum((b - a) * sp.log(b) for a, b in zip(p, q, strict=True))
    cross = -sum(a * sp.log(b) for a, b in zip(p, q, strict=True))
    yield Step("types: the gap of one model", cross - entropy_q, gap)
    step = own.subs(g, g + 1) - own
    yield Step("under Replace the own loss falls by one rate", step,
               (sp.digamma((n - 1) / 2) - sp.log(n / 2)) / 2)  # fmt: skip
    yield Step("at g = 0 there is no gap", sp.simplify((held_out - own).subs(g, 0)), 0)


def _gaussian_mean(function: Any, x: Any, mu: Any, variance: Any) -> Any:
    """E of a polynomial of degree 2 in x ~ N(mu, variance)."""
    moments = {0: 1, 1: mu, 2: mu**2 + variance}
    found = sum(c * moments[d] for (d,), c in sp.Poly(sp.expand(function), x).terms())
    return sp.simplify(sp.expand_log(found, force=True))


def applies(loop: FeedbackLoop) -> str | None:
    small = not isinstance(loop.n, tuple) and not is_symbolic(loop.n) and loop.n <= 3
    if small:
        return "n must be above 3, or the held-out loss is infinite"
    if not isinstance(loop.estimator, MaximumLikelihood):
        return f"estimator must be MaximumLikelihood, got {loop.estimator!r}"
    return faithful(loop)


def confrontations() -> list[Confrontation]:
    found = []
    for size, when in ((15, (1, 2, 4)), (40, (1, 5, 10))):
        loop = FeedbackLoop(Gaussian(1, 2), mixing=Replace(), n=size)
        other = evaluate((own + held_out) / 2, loop, when)
        rivals = {
            "the loss of the world": evaluate(held_out, loop, when),
            "it stays as it was": evaluate(entropy, loop, when),
            "index off by one": evaluate(own, loop, [t + 1 for t in when]),
        }
        right = evaluate(own, loop, when)
        found += [Confrontation(loop, o, when, right, rivals, 40_000)
                  for o in (TrainingLoss(), OwnLoss())]  # fmt: skip
        rivals = {"the loss on itself": right, "half of the gap": other}
        values = evaluate(held_out, loop, when)
        found.append(Confrontation(loop, HeldOutLoss(), when, values, rivals, 150_000))
    return found


theorem = Theorem(
    name="illusion_gap",
    title="The illusion gap: ever better at itself, ever worse at the world",
    kind=Exact(),
    assumptions=(
        "maximum likelihood in an exponential family, an unbiased sampler: the first equation, for "
        "every mixing",
        "the others: a Gaussian trained on n > 3 points of the last one alone, from the truth",
        "own output is fresh: no training set sees it",
    ),
    reference=None,
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
