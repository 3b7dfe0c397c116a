"""Types: what is measured on them, what the samplers make of them, and what is refused."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import product
from math import inf, log
from typing import Any

import numpy as np
import pytest

from hallofillusions import (
    Accumulate,
    AccumulateSubsample,
    Bessel,
    FeedbackLoop,
    FirstFit,
    FixedPool,
    FixedReal,
    FreshMixture,
    FreshSplit,
    Gaussian,
    InputError,
    NotClosed,
    Replace,
    ScaleCovariance,
    Truncation,
    Variance,
    derive,
    diagnose,
    predict,
    simulate,
)
from hallofillusions.biases._types import nucleus, ranks
from hallofillusions.biases.temperature import Temperature
from hallofillusions.biases.top_k import TopK
from hallofillusions.biases.top_p import TopP
from hallofillusions.biases.unbiased import Unbiased
from hallofillusions.cli import main
from hallofillusions.diagnosis import _diversity
from hallofillusions.estimators.add_k import AddK
from hallofillusions.families.categorical import Categorical
from hallofillusions.observables import defaults
from hallofillusions.observables.bits_per_character import BitsPerCharacter
from hallofillusions.observables.chi_square import ChiSquare
from hallofillusions.observables.entropy import Entropy
from hallofillusions.observables.held_out_loss import HeldOutLoss
from hallofillusions.observables.heterozygosity import Heterozygosity
from hallofillusions.observables.kl_divergence import KLDivergence
from hallofillusions.observables.missing_mass import MissingMass
from hallofillusions.observables.perplexity import Perplexity
from hallofillusions.observables.probability import Probability
from hallofillusions.observables.reverse_kl import ReverseKL
from hallofillusions.observables.types_surviving import TypesSurviving

THREE = Categorical((0.5, 0.3, 0.2))
BIASES = (Temperature(0.7), Temperature(1.4), TopK(2), TopP(0.75))
MODEL = {"probability": np.array([[0.5, 0.3, 0.2], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])}

# -- what is measured ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("observable", "expected"), [
    (Heterozygosity(), [0.62, 0.5, 0.0]),
    (Entropy(), [-sum(p * log(p) for p in (0.5, 0.3, 0.2)), log(2), 0.0]),
    (TypesSurviving(), [3, 2, 1]),
    (TypesSurviving(2), [9, 4, 1]),
    (MissingMass(), [0, 0.2, 0.5]),
    (MissingMass(2), [0, 1 - 0.8**2, 1 - 0.5**2]),
    (ChiSquare(), [0, 0.04 / 0.3 + 0.04 / 0.2, 0.25 / 0.5 + 0.5]),
    (ReverseKL(), [0, 0.5 * log(0.5 / 0.3), log(2)]),
    (KLDivergence(), [0, inf, inf]),
    (HeldOutLoss(), [-sum(p * log(p) for p in (0.5, 0.3, 0.2)), inf, inf]),
    (Perplexity(), [np.prod([p**-p for p in (0.5, 0.3, 0.2)]), inf, inf]),
    (BitsPerCharacter(), [-sum(p * np.log2(p) for p in (0.5, 0.3, 0.2)), inf, inf]),
    (Probability(2), [0.3, 0.5, 0.0]),
], ids=repr)  # fmt: skip
def test_what_is_measured_by_hand(observable: Any, expected: Any) -> None:
    observable.check(THREE)
    np.testing.assert_allclose(observable.measure(THREE, MODEL), expected, rtol=1e-12, atol=1e-15)
    deep = {"probability": np.stack([MODEL["probability"]] * 2)}  # (generations, replicates, K)
    np.testing.assert_allclose(observable.measure(THREE, deep)[1], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.filterwarnings("error")
def test_types_that_are_not_real() -> None:
    """p_3 = 0: a model without it has lost nothing, one with it is infinitely surprising."""
    family = Categorical((0.5, 0.5, 0))
    assert (ChiSquare().measure(family, MODEL) == [inf, 0, 1]).all()
    assert ReverseKL().measure(family, MODEL).tolist() == [inf, 0, log(2)]
    assert MissingMass().measure(family, MODEL).tolist() == [0, 0, 0.5]
    assert ChiSquare().claim(family) is None
    assert ReverseKL().claim(family) is None
    kl = KLDivergence().measure(family, MODEL)
    assert np.isfinite(kl).tolist() == [True, True, False]


def test_the_defaults_are_those_of_types() -> None:
    labels = [o.label for o in defaults(THREE)]
    assert labels[:4] == ["heterozygosity", "entropy", "types surviving", "missing mass"]
    assert all(o.suits(THREE) for o in defaults(THREE))
    assert "variance" not in labels
    assert not any(isinstance(o, Heterozygosity) for o in defaults(Gaussian()))


@pytest.mark.parametrize(("observable", "family", "words"), [
    (Variance(), THREE, "Variance.* wants a one-dimensional family, got Categorical"),
    (Heterozygosity(), Gaussian(), r"wants a categorical \(or n-gram\) family, got Gaussian"),
    (Probability(4), THREE, "number must be at most 3, got 4"),
], ids=repr)  # fmt: skip
def test_observables_refuse_what_they_do_not_suit(observable: Any, family: Any, words: str) -> None:
    loop = FeedbackLoop(family, mixing=Replace(), n=5)
    for read in (predict, simulate):
        with pytest.raises(InputError, match=words):
            read(loop, 1, observables=[observable])


# -- what the samplers make of types, in closed form -----------------------------------------------

ROWS = np.array([[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0, 1, 0], [1e-300, 0.5, 0.5], [0.1, 0.2, 0.7]])


def by_hand(bias: Any, row: list[float]) -> list[float]:
    """A sampler on one row, as its definition reads."""
    order = sorted(range(len(row)), key=lambda i: (-row[i], i))
    if isinstance(bias, Temperature):
        powers = [float(Fraction(p)) ** (1 / bias.tau) for p in row]
        return [w / sum(powers) for w in powers]
    if isinstance(bias, TopK):
        kept = order[: bias.k]
    else:
        sizes = (m for m in range(1, len(row) + 1) if sum(row[i] for i in order[:m]) >= bias.p)
        kept = order[: next(sizes)]
    return [row[i] / sum(row[j] for j in kept) if i in kept else 0.0 for i in range(len(row))]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bias", [*BIASES, TopK(1), TopP(0.4), TopP(0.999)], ids=repr)
def test_reweighed_rows_by_hand(bias: Any) -> None:
    expected = [by_hand(bias, row) for row in ROWS.tolist()]
    np.testing.assert_allclose(bias.reweighed(ROWS), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(bias.reweighed(ROWS[None])[0], expected, rtol=1e-12, atol=1e-14)
    assert (Unbiased().reweighed(ROWS) == ROWS).all()


@pytest.mark.filterwarnings("error")
def test_a_cold_sampler_does_not_underflow() -> None:
    rows = np.array([[1e-200, 2e-200, 1.0], [0.25, 0.25, 0.5], [1, 0, 0]])
    cold = Temperature(1e-4).reweighed(rows)
    assert cold.tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0]]
    hot = Temperature(1e6).reweighed(rows)
    np.testing.assert_allclose(hot, [[1 / 3] * 3, [1 / 3] * 3, [1, 0, 0]], rtol=1e-3)


def test_ties_and_edges() -> None:
    assert ranks([[0.2, 0.4, 0.4]]).tolist() == [[2, 0, 1]]
    assert nucleus(np.array([0.5, 0.3, 0.2]), 0.8).tolist() == [True, True, False]
    assert nucleus(np.array([0.7, 0.1, 0.1, 0.1]), 0.9).tolist() == [True, True, True, False]
    assert nucleus(np.array([0.7, 0.1, 0.1, 0.1]), 0.91).all()


@pytest.mark.parametrize("bias", BIASES, ids=repr)
def test_their_law_is_no_polynomial(bias: Any) -> None:
    loop = FeedbackLoop(THREE, bias=bias, mixing=FreshMixture(0.5), n=5)
    with pytest.raises(NotClosed, match=r"no finite recursion holds q_1: .* no polynomial"):
        derive(loop)
    assert not bias.closes(THREE)
    found = predict(loop, 2)
    assert not found.known
    for reason in found.unknown.values():
        assert reason.startswith("no theorem known")
    with pytest.raises(NotClosed):
        diagnose(loop)


def test_a_temperature_of_one_is_no_bias() -> None:
    for tau in (1, 1.0):
        loop = FeedbackLoop(THREE, bias=Temperature(tau), mixing=FreshMixture(0.5), n=5)
        plain = FeedbackLoop(THREE, mixing=FreshMixture(0.5), n=5)
        assert (derive(loop).iterate(3) == derive(plain).iterate(3)).all()
    assert Temperature(0.5).closes(Gaussian())
    assert TopP(0.5).closes(Gaussian())
    assert not TopP(0.5).literal_on(THREE)
    assert TopP(0.5).literal_on(Gaussian())


# -- the claim -------------------------------------------------------------------------------------


def test_many_types_are_predicted_fast() -> None:
    loop = FeedbackLoop(Categorical.zipf(1000, 1), mixing=FreshMixture(0.5), n=1000)
    predict(FeedbackLoop(THREE, mixing=Replace(), n=5), 2)["heterozygosity"]  # imports
    begun = time.process_time()
    found = predict(loop, 50)
    assert found["heterozygosity"][0] > found["heterozygosity"][50] > 0.9
    assert time.process_time() - begun < 2


def test_a_sum_over_types_is_that_over_their_pairs() -> None:
    """1 - Σ E q_i² from K loops of two types, against E 2 Σ_{i<j} q_i q_j from loops of three."""
    family = Categorical((0.4, 0.3, 0.2, 0.1))
    loop = FeedbackLoop(family, mixing=FreshSplit(0.5), n=6, estimator=AddK(0.5))
    whole = derive(loop, 2)
    x = whole.iterate(4)
    q = [x[:, whole.index(**{f"q_{i}": 1})] for i in (1, 2, 3)]
    pairs = sum(x[:, whole.index(**{f"q_{i}": 1, f"q_{j}": 1})] for i in (1, 2, 3)
                for j in range(i + 1, 4))  # fmt: skip
    squares = sum(x[:, whole.index(**{f"q_{i}": 2})] for i in (1, 2, 3))
    last = sum(q) - squares - 2 * pairs  # E (q_1 + q_2 + q_3) q_4
    np.testing.assert_allclose(predict(loop, 4)["heterozygosity"], 2 * (pairs + last), rtol=1e-12)


# -- the diagnosis ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("mixing", "estimator", "verdict"), [
    (Replace(), None, "collapses"), (Replace(), AddK(0.5), "settles"),
    (FreshSplit(0.5), None, "settles"), (FixedReal(0.5), AddK(1), "settles"),
    (FixedPool(0.5, 7), None, "settles"), (Accumulate(), None, "drifts"),
    (AccumulateSubsample(), AddK(1), "drifts"),
], ids=repr)  # fmt: skip
def test_diagnosis(mixing: Any, estimator: Any, verdict: str) -> None:
    own = {"estimator": estimator} if estimator else {}
    found = diagnose(FeedbackLoop(THREE, mixing=mixing, n=10, **own))
    assert found.verdict == verdict
    assert "σ" not in str(found)
    assert ("smoothing of the mean law" in found.causes) == bool(estimator)
    if estimator is None:  # the mean stays, so what H loses the squared error gains
        np.testing.assert_allclose(found.variance + found.error, 1)
    if isinstance(mixing, FreshSplit):
        np.testing.assert_allclose(found.error, 1 / (10 * 0.75 + 0.5))


def test_the_limits_are_those_of_the_long_run() -> None:
    starts = (Categorical((0.1, 0.1, 0.8)), FirstFit())
    for mixing, start in product((FreshMixture(0.8), FixedReal(0.5)), starts):
        loop = FeedbackLoop(THREE, mixing=mixing, n=10, estimator=AddK(0.3), start=start)
        late = predict(loop, 300, [Heterozygosity()])["heterozygosity"][300]
        np.testing.assert_allclose(_diversity(loop)[0] * 0.62, late, rtol=1e-9)


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("build", "words"), [
    (lambda: Categorical((0.5, 0.4)), "probabilities must sum to 1, got 0.9"),
    (lambda: Categorical((1.5, -0.5)), r"probabilities must be a number in \[0, 1\], got 1.5"),
    (lambda: Categorical((1.1, -0.1)), "probabilities must be"),
    (lambda: Categorical((1,)), "at least 2 types, got 1"),
    (lambda: Categorical(0.5), "probabilities must be a row of numbers, got 0.5"),
    (lambda: Categorical("ab"), "probabilities must be a row of numbers, got 'ab'"),
    (lambda: Categorical((float("nan"), 1)), "probabilities must be"),
    (lambda: Categorical((True, False)), "probabilities must be"),
    (lambda: Categorical((0.5, 0.5), (1, 2, 3)), "sizes must be 2 whole numbers, got 3"),
    (lambda: Categorical((0.5, 0.5), (0, 2)), "sizes must be a whole number at least 1, got 0"),
    (lambda: Categorical.zipf(1, 1), "types must be a whole number at least 2, got 1"),
    (lambda: Categorical.zipf(5, 0), "exponent must be a number above 0, got 0"),
    (lambda: Categorical.zipf(5, 1, -1), "shift must be a number above -1, got -1"),
    (lambda: AddK(0), "k must be a number above 0, got 0"),
    (lambda: AddK(-1), "k must be"),
    (lambda: AddK("x"), "k must be"),
    (lambda: TopK(0), "k must be a whole number at least 1, got 0"),
    (lambda: TopK(1.5), "k must be a whole number at least 1, got 1.5"),
    (lambda: TopP(1), r"p must be a number in \(0, 1\), got 1"),
    (lambda: Temperature(0), "tau must be a number above 0, got 0"),
    (lambda: Temperature(-1), "tau must be"),
    (lambda: TypesSurviving(0), "order must be a whole number at least 1, got 0"),
    (lambda: MissingMass(1.5), "order must be a whole number"),
    (lambda: Probability(0), "number must be a whole number at least 1, got 0"),
])  # fmt: skip
def test_bad_numbers_are_told_in_one_sentence(build: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("parts", "words"), [
    ({"family": Gaussian(), "estimator": AddK(1)}, "family must be one of types"),
    ({"family": Gaussian(), "bias": TopK(2)}, "family must be one of types"),
    ({"estimator": Bessel()}, "family must be a Gaussian"),
    ({"bias": Truncation(2)}, "family must be a Gaussian"),
    ({"bias": ScaleCovariance(0.9)}, "family must be a Gaussian"),
    ({"bias": TopP(0.9, dimension=3)}, "dimension must be left out on types, got 3"),
    ({"start": Categorical((0.5, 0.5))}, "start must have 3 types"),
    ({"start": Gaussian()}, "start must be"),
], ids=repr)  # fmt: skip
def test_what_does_not_go_together_is_refused(parts: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        FeedbackLoop(**{"family": THREE, "mixing": Replace(), "n": 5, **parts})
    assert "\n" not in str(caught.value)


def test_rows_that_are_no_types_are_refused() -> None:
    loop = FeedbackLoop(THREE, mixing=FreshMixture(0.5), n=5)
    for rows in ([0, 1, 3], [-1, 0], [0.5, 1]):
        with pytest.raises(InputError, match="real must be"):
            simulate(loop, 1, replicates=2, real=rows, replacement=True, progress=False)


# -- the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [
    [], ["--bias", "TopK", "--bias-k", "2"], ["--bias", "TopP", "--p", "0.7"],
    ["--bias", "Temperature", "--tau", "1.3"], ["--estimator", "AddK", "--estimator-k", "0.5"],
], ids=" ".join)  # fmt: skip
def test_the_command_line_knows_types(flags: list[str], capsys: Any) -> None:
    sentence = ["--family", "Categorical", "--probabilities", "1/2,3/10,1/5", "--mixing",
                "FreshMixture", "--alpha", "1/2", "--n", "10", *flags]  # fmt: skip
    few = ["--generations", "2", "--replicates", "300", "--seed", "1"]
    assert main(["simulate", *sentence, *few]) == 0
    assert main(["predict", *sentence, "--generations", "2"]) == 0
    text = capsys.readouterr().out
    assert "heterozygosity" in text
    assert "types surviving" in text
