"""The experiments on mixtures: what is lost, what it costs, and where the theory of it ends."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from ..estimators.em import EM
from ..estimators.known_labels import KnownLabels
from ..families.gaussian_mixture import GaussianMixture
from ..loop import FeedbackLoop
from ..mixing.fixed_pool import FixedPool
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..observables.component_variance import ComponentVariance
from ..observables.component_weight import ComponentWeight
from ..observables.components_alive import ComponentsAlive
from ..observables.converged import Converged
from ..observables.coverage import Coverage
from ..observables.em_steps import EMSteps
from ..observables.held_out_loss import HeldOutLoss
from ..observables.kl_divergence import KLDivergence
from ..observables.modes_covered import ModesCovered
from ..observables.own_loss import OwnLoss
from ..observables.precision import Precision
from ..observables.recall import Recall
from ..observables.squared_error import SquaredError
from ..observables.trace import Trace
from ..observables.training_loss import TrainingLoss
from ..observables.weights_chi_square import WeightsChiSquare
from ..simulation import models, sample
from ..starts import FirstFit
from .runs import Run, Scale

PLANE = GaussianMixture(
    (0.4, 0.3, 0.25, 0.05), ((-3, -1), (3, -1), (0, 4), (7, 5)),
    (((1, 0.5), (0.5, 1)), ((1, -0.5), (-0.5, 1)), ((1.5, 0), (0, 0.5)), ((0.5, 0), (0, 0.5))),
)  # fmt: skip
"""Four modes in the plane, one of them rare: our choice, for the paper leaves it open."""
ALPHAS = ("0", "1/2", "3/4", "9/10", "1")
SHOWN = (1, 10, 50, 200)
PICTURED = (("fresh", "1/2"), ("scarce", "9/10"), ("replace", "1"))
POINTS = 300
"""Points of a picture, and of a training set in it."""
SEPARATIONS = (1, 2, 3, 4, 6)
SIZES = (30, 100, 300, 1000)
BORDER = 3
"""Generations of the map of the border."""


def mixture_runs(scale: Scale, cloud: Any = None) -> Iterator[Run]:
    """All runs on mixtures; ``cloud`` is what was fitted to real points."""
    yield from losses(scale)
    yield from manifold(scale)
    yield from modes(scale)
    yield from border(scale)
    yield from points(scale, cloud) if cloud is not None else ()


def losses(scale: Scale) -> Iterator[Run]:
    """(p) The held-out loss over α and generations, with both halves of the illusion."""
    watched = (HeldOutLoss(), TrainingLoss(), OwnLoss(), Trace(), ComponentsAlive(), Converged(),
               EMSteps())  # fmt: skip
    for alpha in ALPHAS:
        loop = FeedbackLoop(PLANE, mixing=FreshSplit(Fraction(alpha)), n=1000).canonical
        yield Run("mixture", f"{float(Fraction(alpha)):g}", loop, 40,
                  scale.mixtures // 2, watched)  # fmt: skip


def manifold(scale: Scale) -> Iterator[Run]:
    """(q) Precision, recall and coverage of samples, as generative models are judged."""
    watched = (Precision(), Recall(), Coverage(), ModesCovered())
    for alpha in ("1/2", "9/10", "1"):
        loop = FeedbackLoop(PLANE, mixing=FreshSplit(Fraction(alpha)), n=POINTS - 20).canonical
        yield Run("manifold", f"{float(Fraction(alpha)):g}", loop, 40, scale.texts, watched)


def modes(scale: Scale) -> Iterator[Run]:
    """(r) How many modes live: known labels, where it is Wright and Fisher's law, and EM."""
    for alpha in ("1/2", "9/10", "1"):
        for name, estimator, count in (
            ("known", KnownLabels(), scale.literal), ("em", EM(), scale.mixtures * 5 // 2)
        ):  # fmt: skip
            loop = FeedbackLoop(PLANE, mixing=FreshSplit(Fraction(alpha)), n=100,
                                estimator=estimator).canonical  # fmt: skip
            yield Run("modes", f"{name}-{float(Fraction(alpha)):g}", loop, 60, count,
                      (ComponentsAlive(), ComponentWeight(4)), numerical=True)  # fmt: skip


def border(scale: Scale) -> Iterator[Run]:
    """(s) Two components of unit covariance, ever nearer: where laws of known labels hold of EM."""
    watched = (KLDivergence(), WeightsChiSquare(), ComponentVariance(1))
    for alpha in (Fraction(1, 2), Fraction(1)):
        for apart in SEPARATIONS:
            for n in SIZES:
                loop = FeedbackLoop(pair(apart), mixing=FreshSplit(alpha), n=n,
                                    estimator=EM(tol=1e-7)).canonical  # fmt: skip
                count = max(30, 150 * scale.mixtures // n)
                yield Run("border", f"{float(alpha):g}-{apart}-{n}", loop, BORDER, min(count, 400),
                          watched)  # fmt: skip


def pair(apart: float) -> GaussianMixture:
    """Two equal components in the plane whose means are so many standard deviations apart."""
    return GaussianMixture((0.5, 0.5), ((-apart / 2, 0), (apart / 2, 0)), 1)


def points(scale: Scale, cloud: Any) -> Iterator[Run]:
    """(t) Real points as the fixed pool of a loop whose world is the mixture fitted to them."""
    rows = len(cloud.rows)
    watched = (HeldOutLoss(), Trace(), SquaredError(), ComponentsAlive())
    n = rows // 2 * 2
    for alpha in ("1/2", "9/10", "1"):
        share = Fraction(round(Fraction(alpha) * n), n)
        mixing = FixedPool(share, rows) if share < 1 else Replace()
        loop = FeedbackLoop(cloud.family, mixing=mixing, n=n, start=FirstFit())
        yield Run("points", f"{float(Fraction(alpha)):g}", loop, 20, scale.mixtures // 2,
                  watched, real=cloud.rows if share < 1 else None, shape="file")  # fmt: skip


def pictures(seed: int) -> dict[str, Any]:
    """One loop for each α: its models and points of them, by generation."""
    own = PLANE.parameters()
    found: dict[str, Any] = {"real": _plain(own)}
    for name, alpha in PICTURED:
        loop = FeedbackLoop(PLANE, mixing=FreshSplit(Fraction(alpha)), n=100).canonical
        key = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()),))
        known = models(loop, SHOWN[-1], at=SHOWN, rng=key)
        drawn = sample(loop, SHOWN[-1], POINTS, at=SHOWN, rng=key)
        found[name] = {
            "loop": str(loop), "alpha": float(Fraction(alpha)), "n": int(loop.n),
            "models": {str(g): _plain(known[g]) for g in SHOWN},
            "points": {str(g): np.round(drawn[g], 4).tolist() for g in SHOWN},
        }  # fmt: skip
    return found


def _plain(model: Any) -> dict[str, Any]:
    return {k: np.asarray(model[k]).tolist() for k in ("weight", "mean", "covariance")}
