"""What is no mixture, no training set and no fit of one: one sentence for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hallofillusions as h
from hallofillusions import EM, FeedbackLoop, FreshSplit, GaussianMixture, InputError, KnownLabels

NAN = float("nan")


def matrices(*rows: Any) -> Any:
    """The same covariance for both components."""
    return [list(rows)] * 2


def loop(**parts: Any) -> FeedbackLoop:
    parts = {"family": GaussianMixture(), "mixing": FreshSplit(0.5), "n": 20, **parts}
    return FeedbackLoop(**parts)


def gaussian(estimator: Any) -> FeedbackLoop:
    return loop(family=h.Gaussian((0, 0)), estimator=estimator)


def run(real: Any, **parts: Any) -> Any:
    return h.simulate(loop(**parts), 1, real=real, replicates=2, rng=0)


ROWS = np.random.default_rng(0).normal(size=(30, 2))
HOLE = ROWS.copy()
HOLE[6, 1] = NAN
FIELDS: dict[str, list[tuple[Any, tuple[str, ...]]]] = {
    "weights": [
        ((0.5, 0.6), ("sum to 1", "1.1")), ((0.5, -0.5), ("above 0", "-0.5")),
        ((0.0, 1.0), ("above 0", "got 0")), ((), ("K numbers", "()")),
        (0.5, ("K numbers", "0.5")), ([[0.5, 0.5]], ("K numbers",)),
        ((0.5, NAN), ("finite", "nan")), ("ab", ("numbers", "'ab'")),
        (("0.5", "0.5"), ("numbers", "'0.5'")),
        (None, ("numbers", "None")), ((True, False), ("numbers", "True")),
    ],
    "means": [
        ([[0, 0]], ("2 rows of d numbers", "(1, 2)")), ([0, 0, 0], ("2 rows", "(3,)")),
        ([[0, 0], [1]], ("rows of one length", "[1]")), ([[0, 0], [NAN, 1]], ("nan in row 2",)),
        ([], ("2 rows", "(0,)")), (0, ("2 rows", "()")), ("x", ("numbers", "'x'")),
    ],
    "covariances": [
        (0, ("positive definite", "component 1", "smallest eigenvalue 0")),
        ((1, -1), ("positive definite", "component 2", "smallest eigenvalue -1")),
        (matrices((1, 2), (2, 1)), ("positive definite", "component 1", "eigenvalue -1")),
        (matrices((1, 1), (1, 1)), ("positive definite", "smallest eigenvalue 0")),
        (matrices((1, 0.5), (0.4, 1)), ("symmetric", "component 1 is not symmetric")),
        ([1, 2, 3], ("one number, or for each of 2 components", "(3,)")),
        (((1, 0.5), (0.5, 1)), ("2 diagonals or one matrix for all", "give 2 matrices")),
        (np.eye(3), ("2 x 2 matrix", "(3, 3)")), ([1, NAN], ("finite", "nan")),
        ("full", ("numbers", "'full'")),
    ],
    "covariance_type": [
        ("round", ("full, diag, spherical", "'round'")), ("tied", ("'tied'",)), (None, ("None",)),
    ],
    "held_out": [
        ([[1, 2, 3]], ("rows of 2 numbers", "(1, 3)")), ([], ("rows of 2 numbers", "(0,)")),
        (0.2, ("rows of 2 numbers", "()")), ([[0, 1], [1, NAN]], ("nan in row 2",)),
        ("x", ("numbers", "'x'")),
    ],
}  # fmt: skip
CASES: list[tuple[Callable[[], Any], tuple[str, ...]]] = [
    *((lambda f=field, v=value: GaussianMixture(**{f: v}), (field, *words))
      for field, cases in FIELDS.items() for value, words in cases),
    (lambda: GaussianMixture(covariances=matrices((1, 0.5), (0.5, 1)), covariance_type="diag"),
     ("covariances must be diag", "component 1")),
    (lambda: GaussianMixture(covariances=((1, 1), (2, 3)), covariance_type="spherical"),
     ("covariances must be spherical", "component 2")),
    # the sentence
    (lambda: loop(n=10), ("n must be at least 11", "2 components in 2 dimensions", "10")),
    (lambda: loop(n=(20, 10)), ("n must be at least 11", "10")),
    (lambda: loop(family=GaussianMixture([0.1] * 10, np.zeros((10, 2))), n=8),
     ("n must be at least 59", "10 components", "got 8")),
    (lambda: loop(estimator=h.MaximumLikelihood()), ("EM() or KnownLabels()", "MaximumLik")),
    (lambda: loop(estimator=h.Bessel()), ("must be a Gaussian", "GaussianMixture")),
    (lambda: loop(estimator=h.AddK(1)), ("types", "GaussianMixture")),
    (lambda: gaussian(EM()), ("estimator", "fits no mixture", "EM(")),
    (lambda: gaussian(KnownLabels()), ("estimator", "fits no mixture", "KnownLabels()")),
    (lambda: EM(tol=-1), ("tol", "at least 0", "-1")),
    (lambda: EM(tol=NAN), ("tol", "nan")),
    (lambda: EM(max_iter=0), ("max_iter", "at least 1", "0")),
    (lambda: EM(max_iter=1.5), ("max_iter", "whole number", "1.5")),
    (lambda: EM(init="x"), ("init", "'last' or 'k-means++'", "'x'")),
    (lambda: EM(reg_covar=-1), ("reg_covar", "at least 0", "-1")),
    (lambda: loop(start=GaussianMixture([1], [[0, 0]])), ("start must have 2 full components",)),
    (lambda: loop(start=GaussianMixture(means=(0, 1))), ("start must have 2 dimensions",)),
    (lambda: loop(start=GaussianMixture(covariance_type="diag")), ("start", "2 full components")),
    # the rows
    (lambda: run(HOLE), ("real must be finite", "nan in row 7, column 2")),
    (lambda: run(ROWS[:, :1]), ("real must be rows of 2 numbers, or of 3", "(30, 1)")),
    (lambda: run([[1, 2], [3]]), ("real must be rows of 2 numbers", "[3]")),
    (lambda: run("x.csv"), ("real must be rows of 2 numbers", "'x.csv'")),
    (lambda: run(np.column_stack((ROWS, np.arange(30)))),
     ("components 0 … 1 in its last column", "got 2 in row 3")),
    (lambda: run(np.column_stack((ROWS, np.full(30, 0.5)))), ("last column", "0.5 in row 1")),
    (lambda: run(ROWS, estimator=KnownLabels()), ("last column", "KnownLabels")),
    (lambda: h.predict(loop(estimator=KnownLabels()), 2, real=ROWS), ("last column", "Known")),
    (lambda: h.predict(loop(), 2, real=HOLE), ("real must be finite", "row 7")),
    (lambda: h.predict(FeedbackLoop(h.Gaussian((0, 0)), mixing=FreshSplit(0.5), n=20), 2,
                       real=HOLE), ("real must be finite", "nan in row 7")),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), CASES, ids=range(len(CASES)))
def test_one_sentence_names_the_argument_what_it_got_and_what_it_wants(
    call: Callable[[], Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(InputError) as caught:
        call()
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
    assert len(sentence) < 400


def test_units_do_not_make_a_covariance_singular() -> None:
    """Correlations decide: a salary and a rate may differ by any factor."""
    wide = [[1e10, 0.5], [0.5, 1e-10]]
    assert GaussianMixture(covariances=[wide, wide]).covariances[1][0][0] == 1e10
    assert h.Gaussian((0, 0), wide).variance[1][1] == 1e-10


def test_rows_have_means_of_any_degree_and_statistics_of_two() -> None:
    family = GaussianMixture()
    points = np.column_stack((ROWS, np.zeros(30)))[None]
    y = ROWS - family.center
    found = family.sample_means(points, [(1, 1), (2, 1), (0, 4)])
    assert found[2, 1] == pytest.approx([(y[:, 0] ** 2 * y[:, 1]).mean()])
    assert found[0, 4] == pytest.approx([(y[:, 1] ** 4).mean()])
    assert found[1, 1] == pytest.approx([(y[:, 0] * y[:, 1]).mean()])
    with pytest.raises(InputError, match="degree 1 or 2"):
        family.sample_means(family.summarise(points).by_component(2), [(2, 1)])
