"""Every theorem is attacked by simulation, as the kind of its claim demands.

Power comes first: each rival must lie so far from the theorem that the run is bound to reject
it.  Then the theorem must stand (Holm over all comparisons of this file) and its rivals fall.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hallofillusions import simulate, theorems
from hallofillusions.confronting import mean_and_error, path_values
from hallofillusions.kinds import Asymptotic, Bound, Kind, Law, Limit
from hallofillusions.observables.log_variance import LogVariance
from hallofillusions.proof import Confrontation
from hallofillusions.theory import derive, predict
from tests.attacks import confrontations
from tests.statistics import (
    FALSE_ALARM,
    MARGIN,
    critical,
    critical_distance,
    critical_one_sided,
    p_two_sided,
    seed,
)

SLACK = 2.0
"""Factor by which skewness may raise the chance of a false alarm."""
RELAXATIONS = 10
"""Relaxation times after which a limit is tested."""


@dataclass(frozen=True)
class Attack:
    """One confrontation of one theorem."""

    name: str
    kind: Kind
    number: int
    confrontation: Confrontation

    @property
    def whole_law(self) -> bool:
        """Whether a distribution is claimed, not a number."""
        return callable(self.confrontation.predicted)

    @property
    def comparisons(self) -> int:
        """How many p-values the theorem has to survive here."""
        single = self.whole_law or isinstance(self.kind, Asymptotic)
        return 1 if single else np.size(self.confrontation.predicted)

    def __str__(self) -> str:
        return f"{self.name}-{self.number}"


def attacks() -> Iterator[Attack]:
    for name, theorem in theorems().items():
        for number, confrontation in enumerate(confrontations(name)):
            yield Attack(name, theorem.kind, number, confrontation)


ATTACKS = tuple(attacks())
COMPARISONS = sum(a.comparisons for a in ATTACKS)


def together(attack: Attack) -> Any:
    """One worker has all tests of a loop, so that it is run once."""
    group = zlib.crc32(str((attack.confrontation.loop, attack.confrontation.replicates)).encode())
    return pytest.param(attack, marks=pytest.mark.xdist_group(f"attack-{group}"), id=str(attack))


each = pytest.mark.parametrize("attack", tuple(map(together, ATTACKS)))


# -- the runs: one for all observables of a loop --------------------------------------------------


@dataclass
class Wanted:
    """What one run has to show: observables, the last generation, whose values are kept."""

    watched: set[Any]
    last: int
    keep: set[int]


@cache
def runs() -> dict[Any, Wanted]:
    """(loop, replicates) -> what is watched there and at which generations."""
    wanted: dict[Any, Wanted] = {}
    for a in ATTACKS:
        c = a.confrontation
        for loop, when in cells(c):
            w = wanted.setdefault((loop, c.replicates), Wanted(set(), 0, set()))
            w.watched |= {c.observable, *c.also}
            w.last = max(w.last, *when)
            if c.path is not None:
                w.keep |= set(range(max(when) + 1))
            elif a.whole_law:
                w.keep |= set(when)
    return wanted


def cells(c: Confrontation) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The loops of a confrontation, each with its generations."""
    if not c.scale:
        yield c.loop, c.generations
    for i in range(len(c.scale)):
        loop, when = c.entry(i)
        yield loop, (when,)


@cache
def trajectory(loop: Any, replicates: int) -> Any:
    w = runs()[loop, replicates]
    observables = sorted(w.watched, key=lambda o: o.label)
    return simulate(
        loop, w.last, replicates=replicates, rng=seed("confrontations", loop),
        observables=observables, keep=sorted(w.keep), progress=False,
    )  # fmt: skip


@cache
def path(number: int) -> Any:
    """The values, (rows, replicates), of the path functional of attack ``number``."""
    c = ATTACKS[number].confrontation
    return path_values(c, trajectory(c.loop, c.replicates), max(c.generations))


def along(c: Confrontation) -> Any:
    """As `path`, for a confrontation of this file."""
    return path(next(i for i, a in enumerate(ATTACKS) if a.confrontation is c))


def measured(c: Confrontation) -> tuple[Any, Any]:
    """Mean and standard error at the confrontation's generations (of the rows of its path)."""
    run, when = trajectory(c.loop, c.replicates), list(c.generations)
    if c.path is not None:
        values = along(c)
        return values.mean(axis=1), values.std(axis=1, ddof=1) / values.shape[1] ** 0.5
    return run.mean(c.observable)[when], run.standard_error(c.observable)[when]


def spread(c: Confrontation) -> Any:
    """The standard error to expect: predicted where theory knows it, else measured."""
    if c.path is not None:
        return measured(c)[1]
    entry = predict(c.loop, max(c.generations), [c.observable]).entry(c.observable.label)
    if entry.variance is None:
        return measured(c)[1]
    expected = np.sqrt(entry.variance[list(c.generations)] / c.replicates)
    return np.where(expected > 0, expected, measured(c)[1])


def z(values: Any, c: Confrontation) -> Any:
    """Deviations from ``values`` in standard errors."""
    mean, error = measured(c)
    gap = mean - np.asarray(values, dtype=float)
    return np.where(np.isclose(gap, 0, atol=1e-12), 0.0, gap / np.maximum(error, 1e-300))


def known_skewness(attack: Attack) -> Any:
    """Of the observable, at each generation, where the recursion holds its third moment.

    Of a path functional no recursion knows it: it is measured.
    """
    c = attack.confrontation
    numbers = not attack.whole_law and not isinstance(attack.kind, Asymptotic)
    if numbers and c.path is not None:
        return stats.skew(along(c), axis=1)
    loop, inner = c.observable.reduced(c.loop)
    claim = inner.claim(loop.family)
    functionals = [f for _, f in claim.terms if getattr(f, "powers", ())] if claim else []
    if not numbers or len(functionals) != 1:
        return None
    powers = dict(functionals[0].powers)
    weight = sum(loop.family.variables[k] * p for k, p in powers.items())
    held = 3 * weight <= loop.family.highest
    if not functionals[0].polynomial or not weight or weight > 2 or not held:
        return None
    multiples = [{k: int(p) * j for k, p in powers.items()} for j in (1, 2, 3)]
    recursion = derive(loop, monomials=multiples)
    x = recursion.iterate(max(c.generations))[list(c.generations)].T
    m1, m2, m3 = (x[recursion.index(**m)] for m in multiples)
    variance = m2 - m1**2
    third = m3 - 3 * m1 * m2 + 2 * m1**3
    return np.divide(third, variance**1.5, out=np.zeros_like(third), where=variance > 1e-12)


def sample(c: Confrontation) -> Any:
    if c.path is not None:
        return along(c)[0]
    return trajectory(c.loop, c.replicates).raw(c.observable, c.generations[-1])


def log_errors(values: Any, c: Confrontation) -> tuple[Any, Any, Any]:
    """log n, log |relative error| of ``values``, and the standard error of the latter."""
    found = [mean_and_error(c, trajectory(loop, c.replicates), when) for loop, (when,) in cells(c)]
    mean, error = np.array(found).T
    gap = np.abs(mean / np.asarray(values, dtype=float) - 1)
    return np.log(c.scale), np.log(gap), error / np.abs(mean - np.asarray(values, dtype=float))


def slope(values: Any, c: Confrontation) -> tuple[float, float]:
    """Slope of log error on log n with its standard error (weighted least squares)."""
    x, y, error = log_errors(values, c)
    weight = 1 / error**2
    centred = x - np.average(x, weights=weight)
    information = float(weight @ centred**2)
    return float(weight @ (centred * y)) / information, information**-0.5


def p_values(attack: Attack, values: Any) -> Any:
    """The p-values of one theory, the theorem's own or a rival's."""
    c, kind = attack.confrontation, attack.kind
    if attack.whole_law:
        return np.array([stats.kstest(sample(c), values).pvalue])
    if isinstance(kind, Asymptotic):
        found, error = slope(values, c)
        return np.array([p_two_sided((found + kind.order) / error)])
    if isinstance(kind, Bound):
        side = 1 if kind.side == "upper" else -1
        return stats.norm.sf(side * z(values, c))
    return p_two_sided(z(values, c))


# -- the tests ------------------------------------------------------------------------------------


@each
def test_power(attack: Attack) -> None:
    """Every rival is so far away that this run is bound to reject it."""
    c = attack.confrontation
    assert c.rivals
    for name, rival in c.rivals.items():
        if attack.whole_law:
            points = np.sort(sample(c))
            gap = np.abs(rival(points) - c.predicted(points)).max()
            # the empirical law is within MARGIN/2 / √R of the true one at any point
            limit = critical_distance(COMPARISONS, len(points))
            assert gap > limit + MARGIN / 2 / len(points) ** 0.5, name
        elif isinstance(attack.kind, Asymptotic):
            found, error = slope(rival, c)
            assert abs(found + attack.kind.order) / error > critical(COMPARISONS), name
        else:
            gap = np.asarray(c.predicted, dtype=float) - rival
            if isinstance(attack.kind, Bound):
                gap = gap if attack.kind.side == "upper" else -gap
                bar = critical_one_sided(COMPARISONS)
            else:
                gap, bar = np.abs(gap), critical(COMPARISONS)
            error = spread(c)
            certain = (error == 0) & (gap > 0)
            far = np.divide(gap, error, out=np.where(certain, np.inf, 0.0), where=error > 0)
            assert far.max() > bar + MARGIN, f"{name}: {far.max():.1f} standard errors"


@each
def test_normal_law_applies(attack: Attack) -> None:
    """A z is normal enough: where the skewness is known, `FALSE_ALARM` is right within `SLACK`.

    The tail of a studentised mean of R values of skewness γ is exp(-γz³/3√R) times the normal
    one on one side, and one over that on the other.
    """
    skewness = known_skewness(attack)
    if skewness is not None:
        bent = np.abs(skewness) * critical(COMPARISONS) ** 3
        assert (np.cosh(bent / (3 * attack.confrontation.replicates**0.5)) <= SLACK).all()


@each
def test_rivals_fall(attack: Attack) -> None:
    for name, rival in attack.confrontation.rivals.items():
        assert p_values(attack, rival).min() < FALSE_ALARM / COMPARISONS, name


@each
def test_stands(attack: Attack) -> None:
    """No comparison of this file is so bad that Holm's rule, over all of them, begins to reject.

    It rejects something if and only if its first step does, so this is the test of all together.
    """
    p = p_values(attack, attack.confrontation.predicted)
    assert p.min() >= FALSE_ALARM / COMPARISONS, f"p = {p}"


@pytest.mark.parametrize("attack", [a for a in ATTACKS if isinstance(a.kind, Limit)], ids=str)
def test_limits_are_reached(attack: Attack) -> None:
    """The transient of the second moment is over: ten relaxation times have passed."""
    c = attack.confrontation
    assert min(c.generations) >= RELAXATIONS * relaxation(c.loop)


def relaxation(loop: Any) -> float:
    """Generations in which the second moment, or else a typical variance, falls by 1/e.

    Under Bessel's Replace the second moment never settles, since rare runs carry it, but
    log σ² falls steadily in every run.
    """
    d = loop.family.dimension
    recursion = derive(loop if d == 1 else loop.along([i == 0 for i in range(d)]))
    slowest = {} if "v" in recursion.coordinates else {recursion.coordinates[-1]: 2}
    if np.isfinite(half_life := recursion.half_life(**slowest)):
        return float(half_life / np.log(2))
    return float(-1 / predict(loop, 1, [LogVariance()])["log-variance"][1])


def test_every_kind_has_its_test() -> None:
    """A law is claimed by a CDF, an asymptote by numbers at three sizes (or by a CDF at one)."""
    for attack in ATTACKS:
        if isinstance(attack.kind, Law):
            assert attack.whole_law, attack
        if isinstance(attack.kind, Asymptotic):
            assert attack.whole_law or len(attack.confrontation.scale) >= 3, attack
