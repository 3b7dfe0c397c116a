"""Named wrong theories: the sentences that a loop is most easily confused with.

An agreement counts only beside rivals that would have been rejected.  `separation` says in
advance, from theory alone, whether a rival must fall at a given number of replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from .biases.scale_covariance import ScaleCovariance
from .biases.temperature import Temperature
from .biases.top_k import TopK
from .biases.unbiased import Unbiased
from .component import fields_of
from .diagnosis import enlarged
from .estimators.add_k import AddK
from .estimators.bessel import Bessel
from .estimators.maximum_likelihood import MaximumLikelihood
from .loop import FeedbackLoop
from .mixing.accumulate import Accumulate
from .mixing.accumulate_subsample import AccumulateSubsample
from .mixing.fixed_real import FixedReal
from .mixing.fresh_mixture import FreshMixture
from .mixing.fresh_split import FreshSplit
from .mixing.fresh_weighted import FreshWeighted
from .mixing.replace import Replace
from .prediction import Entry, Prediction
from .starts import FirstFit, Memory, Truth
from .symbols import InputError
from .theory import predict


def rival_loops(loop: FeedbackLoop) -> dict[str, FeedbackLoop]:
    """Name -> loop with one thing changed: mixing, estimator, start, size, sampling bias."""
    changes: dict[str, dict[str, Any]] = {
        **{name: {"estimator": other} for name, other in _other_estimators(loop).items()},
        **{name: {"bias": other} for name, other in _other_biases(loop).items()},
    }
    for name, mixing in _other_mixings(loop).items():
        start = Truth() if isinstance(loop.start, Memory) and not mixing.anchored else loop.start
        changes[name] = {"mixing": mixing, "start": start}
    for name, start in _other_starts(loop).items():
        changes[name] = {"start": start}
    if loop.family.latent and not isinstance(loop.n, tuple):  # at infinite n its laws are silent
        changes["twice the points"] = {"n": 2 * loop.n}
    rivals = {"n = infinity": enlarged(loop)}
    for name, change in changes.items():
        # a rival may be no loop at all: a split that is not whole, an n too small
        with suppress(InputError):
            rivals[name] = replace(loop, **change)
    return rivals


def _other_estimators(loop: FeedbackLoop) -> dict[str, Any]:
    estimator = loop.estimator
    if loop.family.latent:
        return {}
    if not loop.family.types:
        other = MaximumLikelihood() if isinstance(estimator, Bessel) else Bessel()
        return {"other ddof": other}
    if not isinstance(estimator, AddK):
        return {"smoothed": AddK(1)}
    return {"not smoothed": MaximumLikelihood(), "k off by 1 %": AddK(0.99 * float(estimator.k))}


def _other_biases(loop: FeedbackLoop) -> dict[str, Any]:
    """The bias with its number one per cent smaller; a faithful sampler one per cent off."""
    bias: Any = loop.bias
    if isinstance(bias, TopK):
        return {"one more is kept": TopK(bias.k + 1)}
    for f in fields_of(bias):
        if f.name not in bias.structure and isinstance(value := getattr(bias, f.name), float | int):
            return {"bias off by 1 %": replace(bias, **{f.name: 0.99 * value})}
    if not isinstance(bias, Unbiased):
        return {"bias off by 1 %": Unbiased()}
    types = loop.family.types
    return {"bias off by 1 %": Temperature(1.01) if types else ScaleCovariance(1.01)}


def _other_mixings(loop: FeedbackLoop) -> dict[str, Any]:
    mixing, n = loop.mixing, loop.n
    if isinstance(mixing, Accumulate | AccumulateSubsample):
        other = AccumulateSubsample() if isinstance(mixing, Accumulate) else Accumulate()
        return {"other mixing": other, "mixing forgets": Replace()}
    if isinstance(n, tuple) or isinstance(getattr(mixing, "alpha", None), tuple):
        return {}
    alpha = mixing.fraction(int(n), 0)
    if isinstance(mixing, FreshWeighted):
        lighter = replace(mixing, weight=0.9 * float(mixing.weight))
        return {"other mixing": FreshSplit(alpha=alpha), "weight ten per cent low": lighter}
    if isinstance(mixing, FreshSplit):
        return {"other mixing": FreshMixture(alpha=alpha), "fixed, not fresh": FixedReal(alpha)}
    if isinstance(mixing, Replace):
        return {"other mixing": Accumulate()}
    return {"other mixing": FreshSplit(alpha=alpha)}


def _other_starts(loop: FeedbackLoop) -> dict[str, Any]:
    starts: dict[str, Any] = {"FirstFit": FirstFit(), "Truth": Truth()}
    if loop.mixing.anchored:
        starts["Memory"] = Memory()
    own = type(loop.start).__name__
    return {f"start {name}": s for name, s in starts.items() if name != own}


def shifted(prediction: Prediction, by: int = 1) -> Prediction:
    """The same prediction with its index off: row g holds what belongs to g + ``by``."""
    longer = predict(prediction.loop, prediction.generations + by, _watched(prediction))

    def later(entry: Entry) -> Entry:
        return replace(entry, compute=lambda: entry.values[by:], spread=lambda: None)

    entries = {label: later(e) for label, e in longer.entries.items() if e.known}
    return Prediction(prediction.loop, prediction.generations, entries)


def _watched(prediction: Prediction) -> Sequence[Any]:
    from .observables import defaults

    return [o for o in defaults(prediction.loop.family) if o.label in prediction.known]


def separation(true: Prediction, rival: Prediction, replicates: int) -> dict[str, Any]:
    """How many predicted standard errors lie between two theories: quantity -> array over g.

    Only quantities whose variance over replicates the true theory knows have an entry.
    """
    found = {}
    for label in true.known:
        entry = true.entry(label)
        if entry.variance is None or label not in rival.known:
            continue
        error = np.sqrt(entry.variance / replicates)
        gap = np.abs(rival[label] - entry.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[label] = np.where(error > 0, gap / error, 0.0)
    return found
