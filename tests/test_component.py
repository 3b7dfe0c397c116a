"""What every assumption and every symbol shares."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sympy

import hallofillusions as h
from hallofillusions.component import find, from_dict, near, parsed, plain, shipped, snake_case
from hallofillusions.symbols import PARAMETERS, InputError, as_fraction, is_symbolic, lookup


@pytest.mark.parametrize(("name", "file"), [
    ("FreshSplit", "fresh_split"), ("KLDivergence", "kl_divergence"),
    ("Wasserstein2", "wasserstein2"), ("AccumulateSubsample", "accumulate_subsample"),
])  # fmt: skip
def test_the_file_of_a_class(name: str, file: str) -> None:
    assert snake_case(name) == file


def test_a_folder_holds_assumptions_and_nothing_else() -> None:
    assert "GaussianStatistics" not in shipped("families")
    assert shipped("starts") == ["FirstFit", "Memory", "Truth"]
    assert len(shipped("mixing")) >= 7


@pytest.mark.parametrize("name", [
    "os.system", "__import__('os')", "Component", "Mixing", "Tick", "fresh_split", "", "Base",
    "../replace", "GaussianStatistics",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["mixing", "families", "starts"])
def test_nothing_but_shipped_assumptions_can_be_named(kind: str, name: str) -> None:
    with pytest.raises(InputError, match=f"{kind} has no shipped assumption"):
        find(kind, name)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(InputError, match=r"'FreshSplt'; did you mean FreshSplit\?"):
        find("mixing", "FreshSplt")
    assert near("freshsplit", ["FreshSplit", "Replace"]) == "; did you mean FreshSplit?"
    assert near("zzz", ["FreshSplit"], "; nothing") == "; nothing"


@pytest.mark.parametrize("value", [3, 0.25, Fraction(9, 10), (1, 2), (0.5, Fraction(1, 3))])
def test_a_number_survives_text(value: Any) -> None:
    written = plain(value, "alpha")
    assert parsed(written, "alpha") == value


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')", "1+1", "alpha*2", "lambda: 0", "x.y", "1/0", "a b", "",
    "exit()", "0x10", "alpha\n",
])  # fmt: skip
def test_text_is_never_evaluated(text: str) -> None:
    with pytest.raises(InputError, match="must be a number, a fraction or a symbol's name"):
        parsed(text, "alpha")


def test_only_plain_symbols_are_written() -> None:
    a = lookup("alpha")
    assert plain(a, "alpha") == "alpha"
    with pytest.raises(InputError, match="cannot be written"):
        plain(2 * a, "alpha")


def test_a_symbol_has_the_assumptions_of_its_domain() -> None:
    assert lookup("lam").is_positive
    assert lookup("n").is_integer
    assert lookup("alpha").is_nonnegative
    assert lookup("mu_0").is_positive is None
    assert h.symbols.alpha is lookup("alpha")
    with pytest.raises(AttributeError):
        _ = h.symbols.omega


def test_parameters_stay_inside_their_typical_range() -> None:
    for parameter in PARAMETERS.values():
        for value in parameter.typical:
            if value != parameter.lower or parameter.closed[0]:
                parameter.check(value)


@pytest.mark.parametrize(("value", "exact"), [
    (0.9, Fraction(9, 10)), (1, Fraction(1)), (sympy.Rational(1, 3), Fraction(1, 3)),
    (Fraction(2, 7), Fraction(2, 7)), (1e-3, Fraction(1, 1000)),
])  # fmt: skip
def test_a_number_is_the_fraction_that_was_typed(value: Any, exact: Fraction) -> None:
    assert as_fraction(value) == exact


def test_what_is_symbolic() -> None:
    assert is_symbolic(lookup("n") + 1)
    assert not is_symbolic(sympy.Integer(3))
    assert not is_symbolic("n")


def test_symbolic_twins_have_a_symbol_for_every_number() -> None:
    assert h.FreshSplit(0.5).symbolic().alpha == lookup("alpha")
    assert h.FixedPool(0.5, 7).symbolic().size == lookup("n_0")
    assert h.Gaussian(1, 2).symbolic().variance == lookup("sigma_0") ** 2


@pytest.mark.parametrize(("data", "words"), [
    ({}, "mixing must be a table with a 'type', got {}"),
    ("Replace", "must be a table"), ({"type": 3}, "must be a table"),
    ({"type": "FreshSplit"}, "FreshSplit wants alpha, which is not given"),
    ({"type": "FixedPool"}, "FixedPool wants alpha and size"),
    ({"type": "FreshSplit", "alhpa": 0.5}, r"no field 'alhpa'; did you mean alpha\?"),
    ({"type": "Replace", "alpha": 0.5}, "no field 'alpha'; it has none"),
])  # fmt: skip
def test_a_table_that_is_no_assumption(data: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        from_dict("mixing", data)


def test_the_package_lists_and_finds_its_names() -> None:
    assert {"FreshSplit", "derive", "Variance"} <= set(dir(h))
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = h.Nonsense
