"""Published settings of mixtures that eat their own output, against the exact laws (slow tier).

The grid of 25 modes over 2,000 generations of replacement, in the manner of Alemohammad et al. 2023
(its spread is the usual one of generative models: standard deviation 0.05 at a spacing of 2), and
two components over 2,000 generations with n = 1,000, in the manner of Shumailov et al. 2024.  Both
were refitted by scikit-learn there, whose covariances get 1e-6 on their diagonals.
"""

from __future__ import annotations

import numpy as np
import pytest

import hallofillusions as h

pytestmark = pytest.mark.slow

N, GENERATIONS, REG = 1000, 2000, 1e-6
GRID = h.GaussianMixture(
    (1 / 25,) * 25, tuple((x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)), 0.05**2
)
PAIR = h.GaussianMixture((0.5, 0.5), ((-2, 0), (2, 0)), 1)


def test_the_grid_loses_its_modes_by_the_law_of_types() -> None:
    """Modes so far apart tell their labels: EM's modes die as Wright and Fisher's types do."""
    loop = h.FeedbackLoop(GRID, mixing=h.Replace(), n=N, estimator=h.EM(reg_covar=REG))
    known = h.FeedbackLoop(GRID, mixing=h.Replace(), n=N, estimator=h.KnownLabels())
    watched = [h.ComponentsAlive(), h.ModesCovered()]
    run = h.simulate(loop, GENERATIONS, replicates=16, rng=1, observables=watched)
    law = h.predict(known, GENERATIONS, [h.ComponentsAlive()], numerical=True)
    alive = law[h.ComponentsAlive.label]
    assert alive[-1] < 5  # power: nearly all modes are gone, and half of the generations tell
    assert 10 < alive[100] < 20
    for g in (100, 300, 1000, GENERATIONS):
        mean, error = (f(h.ComponentsAlive())[g] for f in (run.mean, run.standard_error))
        assert abs(mean - alive[g]) < 4.5 * max(error, 0.15), g
    covered = run.mean(h.ModesCovered())
    assert covered[0] == pytest.approx(25, abs=0.5)
    assert abs(covered[-1] - alive[-1]) < 1


def test_two_components_collapse_by_the_law_of_their_total() -> None:
    """Whatever becomes of the two, their total moments obey the exact law at every generation."""
    loop = h.FeedbackLoop(PAIR, mixing=h.Replace(), n=N)
    watched = [h.Trace(), h.SquaredError(), h.HeldOutLoss()]
    run = h.simulate(loop, GENERATIONS, replicates=120, rng=2, observables=watched,
                     quantiles_at=(GENERATIONS,))  # fmt: skip
    comparison = h.compare(h.predict(loop, GENERATIONS, watched[:2]), run, level=1e-3)
    assert not comparison.rejected
    rival = h.predict(h.FeedbackLoop(PAIR, mixing=h.Replace(), n=2 * N), GENERATIONS, watched[:2])
    assert h.compare(rival, run, level=1e-3).rejected
    median, _, _ = run.quantile(h.Trace())
    assert median[0] < 0.1 * np.trace(PAIR.covariance)
    assert run.mean(h.HeldOutLoss())[-1] > 10 * PAIR.entropy()
