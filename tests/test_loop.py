"""The sentence: equality, text, files, time and symbols."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError, fields, replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import hallofillusions as h
from hallofillusions import FeedbackLoop, FirstFit, FreshSplit, Gaussian, InputError, Memory, Truth
from hallofillusions.component import find, from_dict, shipped
from hallofillusions.symbols import alpha, n

EXAMPLES = {"alpha": 0.5, "size": 7, "weight": 0.7, "lam": 0.9, "tau": 0.8}


def every(kind: str) -> list[Any]:
    """One instance of every shipped assumption of a kind."""
    classes = [find(kind, name) for name in shipped(kind)]
    return [c(**{f.name: EXAMPLES[f.name] for f in fields(c) if f.name in EXAMPLES})
            for c in classes]  # fmt: skip


WORLDS = (
    Gaussian(1, 2),
    h.Categorical((0.5, 0.25, 0.25)),
    h.GaussianMixture((0.5, 0.5), (-2, 2), 1),
    h.NGram(2, h.Corpus(text="to be or not to be " * 20, block=50), h.FreeRunning(30)),
)


def loops() -> list[FeedbackLoop]:
    """Every bias, mixing and estimator, in each of the worlds that it can act on."""
    found = []
    for family, b, m, e in product(WORLDS, every("biases"), every("mixing"), every("estimators")):
        for size in (6, (6, 6, 6)):
            with suppress(InputError):
                found.append(FeedbackLoop(family, bias=b, mixing=m, estimator=e, n=size))
    return found


def test_every_assumption_is_in_some_sentence() -> None:
    found = loops()
    for kind, role in (("biases", "bias"), ("mixing", "mixing"), ("estimators", "estimator")):
        assert {type(getattr(one, role)).__name__ for one in found} == set(shipped(kind))
    assert {type(one.family) for one in found} == set(map(type, WORLDS))


@pytest.mark.parametrize("loop", loops(), ids=str)
def test_every_sentence_survives_a_dictionary_a_file_and_its_own_repr(loop: FeedbackLoop) -> None:
    assert FeedbackLoop.from_dict(loop.to_dict()) == loop
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop
    kinds = ("families", "biases", "mixing", "estimators", "starts", "samplers", "corpus")
    names = {c: getattr(h, c) for k in kinds for c in shipped(k)}
    assert eval(repr(loop), {"FeedbackLoop": FeedbackLoop, **names}) == loop
    assert hash(replace(loop)) == hash(loop)


@pytest.mark.parametrize("start", [Truth(), FirstFit(), Memory(), Gaussian(3, 0.5)], ids=repr)
def test_every_start_survives_a_file(start: Any) -> None:
    loop = FeedbackLoop(Gaussian(), mixing=h.FixedReal(real=2), n=5, start=start)
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop
    assert type(start).__name__ in loop.to_toml()


numbers = st.one_of(st.floats(0, 1), st.fractions(0, 1), st.integers(0, 1))


@given(st.one_of(numbers, st.lists(numbers, min_size=1, max_size=4)))
def test_any_alpha_survives_a_file_exactly(value: Any) -> None:
    size = len(value) if isinstance(value, list) else 1
    loop = FeedbackLoop(Gaussian(), mixing=h.FreshMixture(value), n=[5] * size)
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop


def test_symbols_survive_a_file() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha), n=n)
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop
    assert loop.free_symbols == {alpha, n}


@pytest.mark.parametrize("build", [
    lambda: FeedbackLoop(Gaussian(sp.Rational(1, 3), sp.Rational(7, 2)), n=sp.Integer(6),
                         mixing=FreshSplit(sp.Rational(1, 3))),
    lambda: FeedbackLoop(Gaussian(), n=sp.Integer(6), mixing=h.FreshMixture([sp.Rational(1, 3)]),
                         bias=h.ScaleCovariance(sp.Rational(2, 3)), start=Gaussian(sp.pi, 1)),
    lambda: FeedbackLoop(Gaussian(sp.Float("0.1"), sp.Integer(2)), n=(sp.Integer(6), 7),
                         mixing=h.Replace(), bias=h.Temperature(sp.Rational(4, 3))),
    lambda: FeedbackLoop(Gaussian(sp.Symbol("mu_0"), sp.Symbol("k")), n=sp.Symbol("n"),
                         mixing=FreshSplit(sp.Symbol("alpha")),
                         bias=h.Temperature(sp.Symbol("tau"))),
])  # fmt: skip
def test_what_sympy_gave_survives_a_file(build: Any) -> None:
    loop = build()
    assert FeedbackLoop.from_dict(loop.to_dict()) == loop
    assert FeedbackLoop.from_toml(loop.to_toml()) == loop
    names = {c: getattr(h, c) for k in ("families", "biases", "mixing", "estimators", "starts")
             for c in shipped(k)}  # fmt: skip
    if not loop.free_symbols:
        named = {"FeedbackLoop": FeedbackLoop, "Fraction": Fraction, **names}
        assert eval(repr(loop), named) == loop


def test_a_sympy_number_becomes_a_plain_one_and_a_plain_symbol_the_tables() -> None:
    held = Gaussian(sp.Rational(4, 2), sp.Rational(1, 3))
    assert (type(held.mean), type(held.variance)) == (int, Fraction)
    assert FreshSplit(sp.Rational(9, 10)).alpha == Fraction(9, 10)
    assert FreshSplit(sp.Symbol("alpha")).alpha is alpha
    own = sp.Symbol("alpha", positive=True)  # with assumptions of its own it is another symbol
    assert FreshSplit(own).alpha is own


@pytest.mark.parametrize("observable", [
    h.TailMass(2.5, "real"), h.Median(h.TailMass(2.0)), h.Variance(),
], ids=repr)  # fmt: skip
def test_observables_survive_a_dictionary(observable: Any) -> None:
    assert from_dict("observables", observable.to_dict()) == observable


def test_a_sentence_is_frozen_and_reads_like_one() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.9), n=100)
    with pytest.raises(FrozenInstanceError):
        loop.n = 5  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        loop.mixing.alpha = 0.5  # type: ignore[attr-defined]
    assert "mixed by FreshSplit(alpha=0.9)" in str(loop)


@pytest.mark.parametrize("number", [
    np.float64(0.5), np.float32(0.5), np.array(0.5), Fraction(1, 2),
])  # fmt: skip
def test_numbers_of_any_type_make_equal_loops(number: Any) -> None:
    own = FeedbackLoop(Gaussian(number, number), mixing=FreshSplit(number), n=np.int64(6))
    plain = FeedbackLoop(Gaussian(0.5, 0.5), mixing=FreshSplit(0.5), n=6)
    assert own == plain
    assert hash(own) == hash(plain)
    assert "np." not in repr(own)


def test_what_the_user_typed_is_exact() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.1), n=10)
    assert loop.mixing.fraction(10, 0) == Fraction(1, 10)
    assert loop.mixing.tick(10, 0).synthetic == 1
    assert loop.mixing.tick(10, 0).real == 9


def test_time_is_given_by_schedules() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=h.FreshMixture([0.5, 0.6, 0.7]), n=[4, 5, 6])
    clock = loop.clock(3)
    assert clock.alpha.tolist() == [0.5, 0.6, 0.7]
    assert clock.n.tolist() == [4, 5, 6]
    assert clock.N.tolist() == [4, 9, 15]
    assert clock.g.tolist() == [1, 2, 3]


def test_a_given_model_stands_beside_a_full_pool() -> None:
    given = FeedbackLoop(Gaussian(), mixing=h.Accumulate(), n=4, start=Gaussian(1, 1))
    assert given.begins_with_pool
    assert given.clock(2).N.tolist() == [8, 12]
    assert FeedbackLoop(Gaussian(), mixing=h.Accumulate(), n=4).faithful_start


def test_a_loop_with_symbols_has_no_numbers() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(alpha), n=n)
    with pytest.raises(InputError, match="must hold numbers here, got the symbols alpha, n"):
        loop.require_numbers()
