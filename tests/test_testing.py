"""The public checks: all that is shipped passes, a stranger's own passes, what is wrong fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest

from hallofillusions import (
    EM,
    FeedbackLoop,
    FreshSplit,
    Gaussian,
    GaussianMixture,
    Replace,
    ScaleCovariance,
    Variance,
)
from hallofillusions.biases.base import SamplingBias
from hallofillusions.component import find, shipped
from hallofillusions.mixing.base import Mixing, Tick
from hallofillusions.observables.base import MIXTURE
from hallofillusions.symbols import InputError
from hallofillusions.testing import (
    FacesError,
    MannersError,
    NotPolynomialError,
    RivalError,
    WeakError,
    check_component,
    check_loop,
    check_manners,
)

EXAMPLES: dict[str, Any] = {
    "alpha": 0.5, "size": 7, "weight": 0.7, "lam": 0.9, "tau": 0.8, "of": Variance(),
    "direction": (1, 2), "observable": Variance(),
}  # fmt: skip
"""A value for each field that has no default which says something."""


def examples() -> Iterator[Any]:
    """One instance of every shipped assumption, found by the folders' listing."""
    for kind in ("families", "biases", "mixing", "estimators", "observables"):
        for cls in (find(kind, name) for name in shipped(kind)):
            said = EXAMPLES if kind != "families" else {}  # whose defaults say something
            yield cls(**{f.name: said[f.name] for f in fields(cls) if f.name in said})


@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("component", list(examples()), ids=repr)
def test_every_shipped_assumption_passes(component: Any, times: int) -> None:
    """The check asserts its own power, so that few runs fail and do not pass by weakness."""
    dear = isinstance(component, GaussianMixture | EM) or getattr(component, "wants", "") == MIXTURE
    count, wanted = (15_000, 0.1) if dear else (30_000, 0.05)
    report = check_component(component, replicates=times * count, wanted=wanted)
    assert str(report).count("✓") == len(report.passed) >= 2
    law_known = not all("no law known" in line for line in report.passed[1:])
    assert report.rejected or not law_known


# -- assumptions that live here only -----------------------------------------------------------


@dataclass(frozen=True)
class EverySecondReal(Mixing):
    """Every second point of a training set is a fresh real one, whatever n."""

    def assemble(self, source: Any, memory: Any, tick: Tick) -> tuple[Any, Any]:
        half = tick.n // 2
        return source.real(half) + source.synthetic(tick.n - half), memory

    def atoms(self, clock: Any) -> dict[str, Any]:
        return {"share": (clock.n // 2) / clock.n, "h": 1 / clock.n}

    def claim(self, real: Any, synthetic: Any, memory: Any, at: Any) -> Any:
        return (at.share * real.K + (1 - at.share) * synthetic.K).averaged(at.h)


@dataclass(frozen=True)
class Shift(SamplingBias):
    """Every synthetic point is moved by ``by``; the factors make either face wrong."""

    by: float = 0.5
    claimed: float = 1.0
    drawn: float = 1.0

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        return self.drawn * self.by + family.draw(model, shape, rng)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, {**state, "delta": state["delta"] + self.by * self.claimed})


@pytest.mark.parametrize("component", [EverySecondReal(), Shift(0.5)], ids=repr)
def test_an_assumption_of_ones_own_passes(component: Any) -> None:
    report = check_component(component)
    assert "other ddof" in report.rejected
    assert any("point by point: agrees" in line for line in report.passed)


def test_odd_sizes_and_schedules_pass_too() -> None:
    world = Gaussian(-1, 3)
    assert check_loop(FeedbackLoop(world, mixing=EverySecondReal(), n=7)).rejected
    assert check_loop(FeedbackLoop(world, mixing=EverySecondReal(), n=(5, 9, 4, 7))).rejected


@pytest.mark.parametrize("wrong", [Shift(claimed=1.02), Shift(drawn=1.02)], ids=repr)
def test_a_face_that_is_two_per_cent_off_is_caught(wrong: Shift) -> None:
    with pytest.raises(FacesError, match=r"mean at g = \d is .* but the claim says"):
        check_component(wrong)


@dataclass(frozen=True)
class WrongStatistics(ScaleCovariance):
    """The shortcut draws another law than the points."""

    def draw_statistics(self, family: Any, model: Any, replicates: int, size: Any, rng: Any) -> Any:
        wider = {**model, "variance": 1.02 * float(self.lam) * model["variance"]}
        return family.draw_statistics(wider, replicates, size, rng)


def test_a_shortcut_of_another_law_is_caught() -> None:
    with pytest.raises(FacesError, match="by sufficient statistics, variance"):
        check_component(WrongStatistics(0.9))


@dataclass(frozen=True)
class CubicClaim(SamplingBias):
    """A claim whose moments of order k need those of order k + 1."""

    def draw(self, family: Any, model: Any, shape: tuple[int, ...], rng: Any) -> Any:
        return family.draw(model, shape, rng)

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, {**state, "v": state["v"] * state["v"]})


@dataclass(frozen=True)
class RootClaim(CubicClaim):
    """A claim that is no polynomial."""

    def claim(self, family: Any, label: Any, state: Mapping[str, Any]) -> Any:
        return family.moment(label, {**state, "v": state["v"] ** 0.5})


@pytest.mark.parametrize(("bias", "words"), [
    (CubicClaim(), "no finite recursion holds delta"), (RootClaim(), "not a polynomial"),
])  # fmt: skip
def test_a_claim_that_does_not_close_is_told_in_words(bias: Any, words: str) -> None:
    with pytest.raises(NotPolynomialError, match=words):
        check_component(bias)


# -- power and rivals ------------------------------------------------------------------------------


def test_a_check_that_is_too_weak_does_not_pass() -> None:
    with pytest.raises(WeakError, match="take more replicates"):
        check_component(ScaleCovariance(0.9), replicates=500)


def test_a_rival_that_cannot_be_told_apart_does_not_count() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10)
    close = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10, bias=ScaleCovariance(1.0001))
    with pytest.raises(WeakError, match="the rivals mine cannot be told apart"):
        check_loop(loop, rivals={"mine": close})


def test_named_rivals_are_rejected() -> None:
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10)
    rivals = {"λ 3 % off": FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10,
                                        bias=ScaleCovariance(0.97)),
              "no real data": FeedbackLoop(Gaussian(), mixing=Replace(), n=10)}  # fmt: skip
    assert check_loop(loop, rivals=rivals).rejected == tuple(rivals)


def test_a_rival_that_passes_against_the_power_fails_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hallofillusions.testing._distance", lambda *_: 2.0)
    loop = FeedbackLoop(Gaussian(), mixing=FreshSplit(0.5), n=10)
    with pytest.raises(RivalError, match="must be rejected"):
        check_loop(loop, rivals={"the loop itself": loop})


# -- manners -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Odd(CubicClaim):
    """Prints what it is not."""

    by: float = 1.0

    def __repr__(self) -> str:
        return "Odd(by=2.0)"


@dataclass(frozen=True)
class Listed(CubicClaim):
    by: Any = ()


@dataclass(frozen=True)
class Unequal(CubicClaim):
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@pytest.mark.parametrize(("component", "words"), [
    (Unequal(), "equal a copy"), (Odd(), "repr that gives it back"),
    (Listed([1.0]), "hashable"), (Listed(print), "repr that evaluates back"),
    ("text", "dataclass"),
])  # fmt: skip
def test_bad_manners(component: Any, words: str) -> None:
    with pytest.raises(MannersError, match=words):
        check_manners(component)


def test_an_assumption_that_can_be_changed_has_bad_manners() -> None:
    # dataclass itself refuses an unfrozen child of a frozen parent, so this one thaws by hand
    class Thawed(Odd):
        __setattr__ = object.__setattr__  # type: ignore[assignment]

    with pytest.raises(MannersError, match="frozen"):
        check_manners(Thawed())


def test_what_is_no_assumption_is_bad_input() -> None:
    with pytest.raises(InputError, match="component must be a family, bias, mixing"):
        check_component(find("starts", "Truth")())
