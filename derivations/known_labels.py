r"""Known labels make the weights of a mixture drift as types do.

The labels of a training set are points of K types.  Whatever a mixing claims of labelled points,
seen through 1_k and what 1_k multiplies (x, xxᵀ), is its claim of the labels alone once the other
dual variables are 0: neither the components, nor a bias inside them, nor the form of their
covariances is left.  And the fit w_k = n_k/n sees the labels only.  So the weights are a model of
Wright and Fisher with the mixing's v_g, and a component is lost as a type is, by the mode-loss
clock: about exp(-n w_k s_{g-1}) under Replace, s_{j+1} = 1 - e^{-s_j}.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from hallofillusions.biases.base import SamplingBias
from hallofillusions.derivations import survival
from hallofillusions.derivations._mixture_loops import attack_survivors, attack_weight, label_loops
from hallofillusions.derivations._mixtures import CHANCES, Symbolic, T, at_labels, claims, whole
from hallofillusions.derivations._replace import under
from hallofillusions.derivations._shared import only
from hallofillusions.derivations._survival import FRESH, generating, i, p, q, s, z
from hallofillusions.derivations._types import SYMBOLIC, covariance, moments, types_loop
from hallofillusions.derivations.survival import S, c
from hallofillusions.derivations.wright_fisher import law_of
from hallofillusions.estimators.known_labels import KnownLabels
from hallofillusions.families.gaussian_mixture import GaussianMixture
from hallofillusions.kinds import Exact
from hallofillusions.loop import FeedbackLoop
from hallofillusions.proof import Confrontation, Step, Theorem, equal, induction
from hallofillusions.starts import FirstFit, Memory, Truth
from hallofillusions.symbols import g, n
from hallofillusions.theory import derive

v = sp.Symbol("v_{g}")
counts = sp.symbols("n_1:3", positive=True)  # n_k; the last is what is left of n
shares = tuple(count / n for count in counts)
"""The fitted weights."""
shared = v
"""Of the covariance of the indicators: what the weights have of it."""
clock = sp.exp(-n * p * survival.exponent)
"""About the chance that a component of weight p is lost, and never less."""


def statement() -> list[Any]:
    w_k, w_l, same, T_g = sp.symbols(r"w_k w_l \delta_{kl} (T^{g-1})_{i0}")
    mean, cov, lost, first = (sp.Symbol(name) for name in (
        r"\mathrm{E}[w_{g,k}]", r"\mathrm{Cov}(w_{g,k},w_{g,l})",
        r"\mathrm{P}(w_{g,k}=0)", r"\mathrm{P}(X_1=i)"))  # fmt: skip
    j, terms = sp.Symbol("j", integer=True), sp.IndexedBase("s")
    ticks = clock.subs({S: sp.Sum(terms[j], (j, 0, g - 2)), s: terms[g - 1], p: w_k})
    return [
        equal(mean, w_k), equal(cov, shared * w_k * (same - w_l)),
        equal(lost, sp.Sum(first * T_g, (i, 0, n))),
        sp.Le(lost, ticks, evaluate=False),
        equal(terms[j + 1], survival.follows.subs(s, terms[j])),
    ]  # fmt: skip


def proof() -> Iterator[Step]:
    yield from _fit()
    yield from _labels()
    yield from _losses()
    yield from _weights()


def _fit() -> Iterator[Step]:
    """Complete data: Σ n_k log w_k and a part of the components' own, without w."""
    w = sp.symbols("w_1:3", positive=True)
    likelihood = (n - sum(counts)) * sp.log(1 - sum(w)) + sp.Symbol("components")
    for m, x in zip(counts, w, strict=True):
        likelihood += m * sp.log(x)
    bends = sp.diff(counts[0] * sp.log(w[0]), w[0], 2)
    yield Step("a sum of concave functions: n_k log w_k", bends.is_negative, True)
    here = dict(zip(w, shares, strict=True))
    for k, x in enumerate(w):
        yield Step(f"the likelihood has no slope in w_{k + 1} at n_k/n",
                   likelihood.diff(x).subs(here), 0)  # fmt: skip


def _labels() -> Iterator[Step]:
    """The generating function of labelled points at (t, 0, 0) is that of the labels."""
    for kind, mixing in SYMBOLIC.items():
        alone = claims(mixing, inside=False)
        for what, joint in claims(mixing, inside=True).items():
            yield Step(f"{kind.__name__}: the labels in {what}", at_labels(joint), alone[what],
                       whole)  # fmt: skip
    for kind in FRESH:
        joint = claims(SYMBOLIC[kind], inside=True)["the training set"]
        marks = {T[0]: n * sp.log(z), **dict.fromkeys(T[1:], 0)}
        count = whole(at_labels(joint)).subs(marks).subs({CHANCES["p"][0]: p, CHANCES["q"][0]: q})
        own = sp.expand_log(sp.log(generating(kind)), force=True)
        yield Step(f"{kind.__name__}: E z^X of a component's count is that of a type", count, own)


def _losses() -> Iterator[Step]:
    """The clock is the exponential that `survival` carries from fit to fit."""
    for kind in FRESH:
        none = generating(kind).subs({z: 0, p: c / n, q: c / n})
        first = clock.subs({S: 0, s: 1, p: c / n})
        rare = sp.limit(sp.expand_log(sp.log(none), force=True), n, sp.oo)
        yield Step(f"{kind.__name__}: lost at the first fit, np = c fixed", rare, sp.log(first))
    exponent = -sp.expand_log(sp.log(clock), force=True).subs(p, c / n)
    later = exponent.subs({S: S + s, s: survival.follows}, simultaneous=True)
    yield Step("one fit more: e^{-level c - rate X} averaged over a Poisson X of mean c", later,
               survival.level * c + c * (1 - sp.exp(-survival.rate)))  # fmt: skip


def _weights() -> Iterator[Step]:
    """So the weights are those of the loop of types with this mixing, n and start."""
    for kind, mixing in SYMBOLIC.items():
        starts = (FirstFit(), Memory()) if mixing.anchored else (FirstFit(),)
        loop = FeedbackLoop(Symbolic(), mixing=mixing, n=n, estimator=KnownLabels())
        for start in (Truth(), *starts):
            labels = replace(loop, start=start).labels
            yield Step(f"{kind.__name__} from {start!r}: the labels' sentence",
                       labels == types_loop(mixing, start=start), True)  # fmt: skip
        if mixing.remembers == "nothing":  # the others' v_g, and first fits, are in wright_fisher
            wanted = ({"q_1": 1}, {"q_1": 2}, {"q_1": 1, "q_2": 1})
            recursion = derive(loop.labels, monomials=wanted)
            law = shared.subs(v, law_of(kind, Truth)[0])
            claim = moments(recursion.names, {("q", "q"): law})
            yield from under(kind, induction(recursion, claim))


# -- the attacks -----------------------------------------------------------------------------------


def confrontations() -> list[Confrontation]:
    found, variance = [], shared * covariance(0, 0, (p,))
    for loop, when, other in label_loops():
        found.append(attack_weight(loop, variance, when, other, loop.family.K))
        if not loop.mixing.anchored and not loop.mixing.grows:
            found.append(attack_survivors(loop, when, other))
    return found


applies = only(tuple(SYMBOLIC), estimator=KnownLabels, bias=SamplingBias,
               start=(Truth, FirstFit, Memory), family=GaussianMixture)  # fmt: skip


theorem = Theorem(
    name="known_labels",
    title="With known labels the weights of a mixture drift as types do",
    kind=Exact(),
    assumptions=(
        "maximum likelihood with known labels; components of any form, in any dimension",
        "a sampling bias, if there is one, acts on each component and leaves the weights",
        "α and n are constant, and v_g is that of the mixing and the start, as in wright_fisher",
        "the last three lines: fresh real points or none, from the truth or a first fit; X_1 is "
        "the count at the first fit, T the matrix of lumping, s_0 = 1, and α = 1 under Replace",
        "the bound is the law for n → ∞ at a fixed n w_k, with an error O(1/n), as in survival",
    ),
    reference="of types, Replace: Seddik et al. 2024, Suresh et al. 2024; for mixtures no earlier "
    "statement known",
    cites=("seddik2024", "suresh2024"),
    statement=statement,
    proof=proof,
    applies=applies,
    confrontations=confrontations,
)
