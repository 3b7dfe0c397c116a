"""hallofillusions: model collapse, derived and simulated from one sentence."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .corpus import Corpus as Corpus
    from .diagnosis import diagnose as diagnose
    from .explorer import explore as explore
    from .fitting import MixtureFit as MixtureFit
    from .fitting import fit_mixture as fit_mixture
    from .identification import Identification as Identification
    from .identification import Sentence as Sentence
    from .identification import identify as identify
    from .loop import FeedbackLoop as FeedbackLoop
    from .prediction import Prediction as Prediction
    from .proof import Theorem as Theorem
    from .proof import theorems as theorems
    from .recursion import NotClosed as NotClosed
    from .recursion import Recursion as Recursion
    from .runs import Runs as Runs
    from .samplers import FixedContext as FixedContext
    from .samplers import FreeRunning as FreeRunning
    from .samplers import Prompted as Prompted
    from .simulation import models as models
    from .simulation import sample as sample
    from .simulation import simulate as simulate
    from .starts import FirstFit as FirstFit
    from .starts import Memory as Memory
    from .starts import Truth as Truth
    from .steps import StepResiduals as StepResiduals
    from .sweeping import sweep as sweep
    from .symbols import InputError as InputError
    from .theory import derive as derive
    from .theory import predict as predict
    from .trajectory import Trajectory as Trajectory

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
    "explore": "explorer",
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
