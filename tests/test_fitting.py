"""A mixture fitted to rows: whose BIC, which rows, how many components, and what does not count."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from hallofillusions import FeedbackLoop, FreshSplit, GaussianMixture, InputError, fit_mixture
from hallofillusions.corpus import Corpus
from hallofillusions.fitting import MixtureFit
from hallofillusions.numerics.mixtures import FORMS, free_parameters
from hallofillusions.realdata import default_points, split_rows

ORACLE = pytest.mark.xdist_group("scikit-learn")  # seconds to import: one worker does
CENTRES = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])


def clusters(seed: int, rows: int = 300) -> Any:
    """Three clusters of unit covariance."""
    rng = np.random.default_rng(seed)
    return CENTRES[rng.integers(3, size=rows)] + rng.normal(size=(rows, 2))


@cache
def default_fit() -> MixtureFit:
    return fit_mixture(default_points()[0], most=6)


def theirs(weight: Any, mean: Any, covariance: Any, form: str) -> Any:
    """scikit-learn's mixture of these parameters."""
    from sklearn.mixture import GaussianMixture as Theirs

    model = Theirs(len(weight), covariance_type=form)
    diagonal = np.einsum("kii->ki", covariance)
    own = {"full": covariance, "diag": diagonal, "spherical": diagonal[:, 0]}[form]
    root = {"full": lambda: np.linalg.inv(np.linalg.cholesky(covariance)).transpose(0, 2, 1)}
    model.weights_, model.means_, model.covariances_ = weight, mean, own
    model.precisions_cholesky_ = root.get(form, lambda: 1 / np.sqrt(own))()
    return model


# -- the criterion -----------------------------------------------------------------------------


@ORACLE
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_its_bic_is_that_of_scikit_learn(d: int, form: str) -> None:
    rng = np.random.default_rng([d, len(form)])
    rows = rng.normal(size=(120, d)) + 5 * rng.integers(3, size=(120, 1))
    fit = fit_mixture(rows, covariance_type=form, most=4, held_out=0)
    assert len(fit.candidates) > 2
    for K, found in fit.candidates.items():
        own = theirs(found.weight, found.mean, found.covariance, form)
        assert found.bic == pytest.approx(own.bic(rows), rel=1e-8)
        assert own._n_parameters() == free_parameters(K, d, form)


@ORACLE
def test_scikit_learn_chooses_as_many_components_of_the_default_cloud() -> None:
    from sklearn.mixture import GaussianMixture as Theirs

    fit = default_fit()
    found = {K: Theirs(K, n_init=3, init_params="k-means++", random_state=0).fit(fit.rows)
                .bic(fit.rows) for K in fit.tried}  # fmt: skip
    assert min(found, key=lambda K: found[K]) == fit.family.K == 4


def test_the_number_that_was_planted_is_found() -> None:
    fit = fit_mixture(clusters(1))
    assert fit.family.K == 3
    nearest = [np.abs(CENTRES - m).sum(axis=1).min() for m in np.array(fit.family.means)]
    assert max(nearest) < 2 * 5 / np.sqrt(len(fit.rows) / 3)  # five standard errors each way
    assert str(fit).startswith("3 components by BIC (1: ")
    assert str(fit_mixture(clusters(1), most=3)).startswith("3 components by BIC, the most that")


def test_one_component_is_the_rows_own_gaussian_in_any_units() -> None:
    rows, units = clusters(2), np.array([1e7, 1e-9])
    fit, scaled = fit_mixture(rows, 1), fit_mixture(rows * units, 1)
    assert str(fit) == "1 component as given; 240 rows trained on, 60 held out"
    found = np.array(scaled.family.covariances[0]) / np.outer(units, units)
    np.testing.assert_allclose(found, np.cov(fit.rows.T, ddof=0), rtol=1e-12)
    shift = 2 * len(fit.rows) * np.log(units).sum()
    assert scaled.bic[1] == pytest.approx(fit.bic[1] + shift, rel=1e-12)


# -- the fit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_family_is_the_likeliest_candidate(form: str) -> None:
    fit = fit_mixture(clusters(3), 3, covariance_type=form)
    family, chosen = fit.family, fit.chosen
    assert family.covariance_type == form
    assert list(family.weights) == sorted(family.weights, reverse=True)
    np.testing.assert_allclose(family.weights, chosen.weight, rtol=1e-12)
    total = family.log_density(family.as_model(), fit.rows).sum()
    assert total == pytest.approx(chosen.log_likelihood, rel=1e-12)
    # an M-step keeps the mean of the points and, of each coordinate, the variance
    np.testing.assert_allclose(family.center, fit.rows.mean(axis=0), atol=1e-12)
    if form == "full":
        np.testing.assert_allclose(family.covariance, np.cov(fit.rows.T, ddof=0), rtol=1e-12)


def test_the_same_seed_gives_the_same_fit_and_a_file_holds_it() -> None:
    first, again = (fit_mixture(clusters(4), most=4, rng=7) for _ in range(2))
    assert first.family == again.family
    assert first.bic == again.bic
    loop = FeedbackLoop(first.family, mixing=FreshSplit(0.5), n=50, start=GaussianMixture(
        first.family.weights, np.zeros((3, 2)), 2.0))  # fmt: skip
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop


def test_a_spike_of_equal_points_is_no_component() -> None:
    """Its covariance is singular and its likelihood without bound, so no fit with it counts."""
    rng = np.random.default_rng(5)
    rows = np.concatenate((rng.normal(size=(60, 2)), np.full((40, 2), 9.0)))
    rows = rows[rng.permutation(100)]
    fit = fit_mixture(rows, most=4)
    assert 2 not in fit.candidates
    assert "no regular fit with 2" in str(fit)
    for candidate in fit.candidates.values():
        assert (np.linalg.det(candidate.covariance) > 0).all()
        assert (candidate.weight * len(fit.rows) >= 5).all()


def test_a_fit_counts_only_with_points_enough_for_each_component() -> None:
    """Three points far away have a Gaussian, but its likelihood says nothing of their law."""
    cloud, far = np.random.default_rng(6).normal(size=(57, 2)), [[90, 0], [95, 9], [99, 1]]
    rows = np.concatenate((cloud, far))
    assert fit_mixture(rows, 1, held_out=0).family.K == 1
    fit = fit_mixture(rows, held_out=0, most=3)
    assert all((c.weight * len(rows) >= 5).all() for c in fit.candidates.values())


def test_two_needles_are_no_components() -> None:
    """Each has a density but for rounding; together they spread in both directions."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=60)
    rows = np.column_stack((x, x + 7e-8 * rng.normal(size=60) + 9 * (np.arange(60) % 2)))
    assert fit_mixture(rows, 1).family.K == 1
    with pytest.raises(InputError, match="EM never kept 2 that are not flat"):
        fit_mixture(rows, 2)


# -- the split ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 49, 99, 100, 730, 1001])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_every_row_is_trained_on_or_held_out_in_blocks(count: int, share: float) -> None:
    training, held = split_rows(np.arange(count), share)
    assert sorted([*training, *held]) == list(range(count))
    block = max(1, count // 50)
    assert abs(len(held) - share * count) <= block * 1.5
    assert len(np.flatnonzero(np.diff(held) > 1)) + 1 <= max(1, round(share * count / block))
    assert (np.diff(training) > 0).all()
    assert (np.diff(held) > 0).all()


def test_rows_are_split_as_a_corpus_is() -> None:
    corpus = Corpus(text="ab" * 365, rarest=1)
    training, held = split_rows(corpus.coded)
    assert np.array_equal(training, np.concatenate(corpus.training))
    assert np.array_equal(held, np.concatenate(corpus.held_out_blocks))


def test_the_held_out_rows_are_those_of_the_family() -> None:
    rows = clusters(7, 100)
    fit = fit_mixture(rows, 2, held_out=0.3)
    training, held = split_rows(rows, 0.3)
    assert np.array_equal(fit.rows, training)
    assert np.array_equal(np.array(fit.family.held_out), held)
    assert fit_mixture(rows, 2, held_out=0).family.held_out is None


# -- bad input ---------------------------------------------------------------------------------

ROWS = clusters(8, 30)
HOLE = ROWS.copy()
HOLE[6, 1] = np.nan
BAD: list[tuple[Any, dict[str, Any], tuple[str, ...]]] = [
    (HOLE, {}, ("finite", "nan in row 7, column 2")),
    (ROWS, {"components": 31}, ("components", "at most the 30 rows", "31")),
    (ROWS, {"components": 0}, ("components", "at least 1", "0")),
    (ROWS, {"components": 1.5}, ("components", "whole number", "1.5")),
    (ROWS, {"components": 5}, ("at least 29", "5 components in 2 dimensions", "24", "6 more")),
    (ROWS[:4], {}, ("at least 5", "1 component in 2 dimensions", "got 3", "1 more held out")),
    (ROWS[:1], {}, ("held_out", "1 rows")),
    (ROWS * 0 + 1, {}, ("rows must differ", "30 that are all equal")),
    (np.repeat(ROWS[:2], 20, axis=0), {}, ("all 2 directions", "2 of them different")),
    (np.repeat(ROWS[:3], 20, axis=0), {"components": 2},
     ("as the rows bear", "never kept 2", "3 of them different")),
    (np.column_stack((ROWS, ROWS[:, 0])), {}, ("all 3 directions", "24 of them different")),
    ("x", {}, ("rows of numbers", "'x'")),
    ([[1, 2], [3]], {}, ("one length", "[3]")),
    ([], {}, ("rows of numbers", "(0,)")),
    (np.ones((2, 2, 2)), {}, ("rows of numbers", "(2, 2, 2)")),
    (ROWS, {"covariance_type": "tied"}, ("covariance_type", "full, diag, spherical", "'tied'")),
    (ROWS, {"held_out": 1}, ("held_out", "[0, 1)", "1")),
    (ROWS, {"held_out": "x"}, ("held_out", "'x'")),
    (ROWS, {"held_out": 0.001}, ("held_out", "0 of 30 blocks")),
    (ROWS, {"most": 0}, ("most", "at least 1")),
    (ROWS, {"starts": 0}, ("starts", "at least 1")),
    (ROWS, {"rng": "x"}, ("rng", "'x'")),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "options", "words"), BAD, ids=range(len(BAD)))
def test_rows_that_make_no_world(
    rows: Any, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        fit_mixture(rows, **options)
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
