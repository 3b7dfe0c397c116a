"""hallofillusions: model collapse, derived and simulated from one sentence."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "FeedbackLoop": "loop",
    "Truth": "starts",
    "FirstFit": "starts",
    "Memory": "starts",
    "Corpus": "corpus",
    "FreeRunning": "samplers",
    "Prompted": "samplers",
    "FixedContext": "samplers",
    "derive": "theory",
    "predict": "theory",
    "diagnose": "diagnosis",
    "NotClosed": "recursion",
    "Recursion": "recursion",
    "simulate": "simulation",
    "sample": "simulation",
    "models": "simulation",
    "sweep": "sweeping",
    "fit_mixture": "fitting",
    "MixtureFit": "fitting",
    "StepResiduals": "steps",
    "Runs": "runs",
    "Trajectory": "trajectory",
    "Prediction": "prediction",
    "identify": "identification",
    "Identification": "identification",
    "Sentence": "identification",
    "compare": "comparison",
    "Comparison": "comparison",
    "Theorem": "proof",
    "theorems": "proof",
    "InputError": "symbols",
}
_KINDS = ("families", "mixing", "biases", "estimators", "observables")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name[:1].isupper():
        for kind in _KINDS:
            try:
                return getattr(importlib.import_module(f"{__name__}.{kind}"), name)
            except AttributeError:
                continue
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from .component import shipped

    return sorted({*_HOMES, *(name for kind in _KINDS for name in shipped(kind))})
