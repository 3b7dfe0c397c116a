"""The sentences that the page speaks: one Gaussian, every mixing, bias and estimator for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..component import fields_of, find
from ..estimators.bessel import Bessel
from ..estimators.maximum_likelihood import MaximumLikelihood
from ..families.gaussian import Gaussian
from ..loop import FeedbackLoop
from ..starts import Memory
from ..symbols import lookup

MIXINGS = ("Replace", "FreshSplit", "FreshMixture", "FixedReal", "FixedPool", "Accumulate",
           "AccumulateSubsample")  # fmt: skip
BIASES = ("Unbiased", "ScaleCovariance", "Temperature", "Truncation", "TopP")
ESTIMATORS = {"MaximumLikelihood": MaximumLikelihood, "Bessel": Bessel}
WANTED = {"mixing": {"alpha", "size"}, "biases": {"lam", "tau", "k", "p"}}
"""The fields of which a reader moves the numbers; the others keep their defaults."""


def numbers_of(kind: str, name: str) -> dict[str, str]:
    """Field -> symbol, for the numbers of an assumption that a reader moves."""
    part: Any = find(kind, name)
    names = [f.name for f in fields_of(part) if f.name in WANTED.get(kind, ())]
    return {name: part.symbols.get(name, name) for name in names}


def part(kind: str, name: str) -> Any:
    """An assumption with symbols for the numbers that a reader moves."""
    return find(kind, name)(**{f: lookup(s) for f, s in numbers_of(kind, name).items()})


def sentence(mixing: str, bias: str, estimator: str) -> FeedbackLoop:
    """A loop of the standard Gaussian, with symbols, that starts at the truth."""
    return FeedbackLoop(Gaussian(), mixing=part("mixing", mixing), bias=part("biases", bias),
                        estimator=ESTIMATORS[estimator](), n=lookup("n"))  # fmt: skip


def keys() -> Iterator[tuple[str, str, str]]:
    """(mixing, bias, estimator) of every loop of the page."""
    for mixing in MIXINGS:
        for bias in BIASES:
            yield from ((mixing, bias, estimator) for estimator in ESTIMATORS)


def described(kind: str, name: str) -> dict[str, Any]:
    """An assumption in words, and the numbers of it that a reader moves."""
    return {"words": _first_line(find(kind, name)), "numbers": numbers_of(kind, name)}


def _first_line(part: Any) -> str:
    """The first sentence of a class's docstring."""
    text = " ".join((part.__doc__ or "").split("\n\n")[0].split()).replace("``", "")
    return re.split(r"\. (?=[A-Z])|[.:]$| \((?=[A-Z])", text)[0]


def starts(loop: FeedbackLoop) -> dict[str, FeedbackLoop]:
    """Name -> the loop from this start, of those at which the page can begin."""
    held = {"Memory": replace(loop, start=Memory())} if loop.mixing.anchored else {}
    return {"Truth": loop, **held}
