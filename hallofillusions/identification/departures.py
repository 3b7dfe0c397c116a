"""What it looks like where no sentence fits: diagnoses beyond the grid.

Each is a repair of one sentence, the stated one or the nearest: another number (n, λ, α, the rows
of a pool), another divisor, one generation that is left out, innovations of the variance with the
scatter that they have, or without what all runs share.  A diagnosis is named when the sentence so
repaired is no longer rejected; of several, the one that leaves the largest density.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ..biases.scale_covariance import ScaleCovariance
from ..biases.unbiased import Unbiased
from ..component import fields_of
from ..mixing.fixed_pool import FixedPool
from ..mixing.fixed_real import FixedReal
from ..symbols import InputError
from .evidence import CELLS, FEW, Evidence, evidence
from .fitting import Estimate, fit, part_of
from .innovations import MEAN, VARIANCE, Innovations, innovations, over_runs
from .sentences import Sentence, free

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .channels import Channel
    from .verdicts import Candidate, Identification

    Floats = NDArray[np.float64]

LONELY = 4.0
"""z of the one generation that departs, where the others' largest is 3 or less."""
SIDE = 4.0
"""Standard errors beyond which the mean z of all generations is on one side."""
SELDOM = 1e-4
"""Chance below which the same counts are not taken for chance."""
ALIKE = 0.9
"""Correlation of a run's innovations with its next ones that no seed makes but the same one."""


@dataclass(frozen=True)
class Departure:
    """What departs, and what it looks like.

    ========== =====================================================================
    kind       "size", "ddof", "sampler", "fraction", "pool", "one generation",
               "kurtosis", "dependence", "repeated seed" or "unknown"
    words      the same, in words
    sentence   what it looks like, where that is a sentence
    quantity   in which the first departure from it lies
    generation at which it does
    estimates  the numbers that repair it, with intervals
    p          of all tests after the repair, and ``density`` that of the steps
    base       the sentence that was repaired, as it was
    ========== =====================================================================
    """

    kind: str
    words: str
    sentence: Sentence | None = None
    quantity: str = ""
    generation: int | None = None
    estimates: tuple[Estimate, ...] = ()
    p: float = 1.0
    density: float = -np.inf
    base: Sentence | None = None

    def __str__(self) -> str:
        if not self.quantity:
            return self.words
        where = "" if self.generation is None else f" at generation {self.generation}"
        return f"the first departure is in the {self.quantity}{where}: {self.words}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "words": self.words, "quantity": self.quantity,
            "generation": self.generation, "p": self.p,
            "sentence": self.sentence and str(self.sentence),
            "estimates": {e.name: [e.value, e.lower, e.upper] for e in self.estimates},
        }  # fmt: skip


def departure(found: Identification) -> Departure | None:
    """What speaks beyond the sentences, or None where the runs agree with one as they are."""
    if (twins := _twins(found)) is not None:
        return twins
    if found.compatible:
        return None
    known = [c for c in found.candidates if c.evidence.cells]
    stated = [c for c in known if c is found.of_stated]
    for bases in (stated, _nearest(known)):
        if (repair := _best(bases, found)) is not None:
            word, generation = _first(_base(repair, bases).evidence, found.level)
            return replace(repair, quantity=word, generation=generation)
    if not known:
        return None
    base = (stated or known)[0]
    word, generation = _first(base.evidence, found.level)
    return Departure("unknown", "no single cause that is known here explains it",
                     base.sentence, word, generation)  # fmt: skip


def _nearest(known: Sequence[Candidate]) -> list[Candidate]:
    """The nearest sentence of every mixing."""
    found: dict[type, Candidate] = {}
    for c in known:
        found.setdefault(type(c.loop.mixing), c)
    return list(found.values())


def _best(bases: Sequence[Candidate], found: Identification) -> Departure | None:
    """The repair with the largest density that leaves nothing to reject.

    Where there are many runs the numbers are sought in a part of them, and judged by all.
    """
    channels, level = found.channels, found.level
    few = part_of(channels)
    with_numbers = [r for c in bases for r in _of_numbers(c, few)]
    ways = (_one_generation, _kurtosis, _dependence)
    others = [r for c in bases for way in ways for r in way(c, channels) if r.p >= level]
    top = max((r.density for r in others), default=-np.inf)
    for repair in sorted(with_numbers, key=lambda r: -r.density):
        if repair.p < level:
            continue
        whole = _refitted(repair, _base(repair, bases), channels)
        if whole.p >= level:
            return whole if whole.density >= top else max(others, key=lambda r: r.density)
    return max(others, key=lambda r: r.density, default=None)


# -- seeds -----------------------------------------------------------------------------------------


def _twins(found: Identification) -> Departure | None:
    """Runs that hold the same numbers, or the same noise at every generation."""
    whole = np.concatenate([v for c in found.channels for v in c.state.values()])
    places: dict[bytes, list[str]] = {}
    for name, run in zip(found.runs.replicates, whole.T, strict=True):
        if np.isfinite(run).any():
            places.setdefault(run.tobytes(), []).append(name)
    same = [names for names in places.values() if len(names) > 1]
    if same and not _by_chance(found):
        listed = " and ".join(same[0][:4]) + (" and others" if len(same[0]) > 4 else "")
        more = "" if len(same) == 1 else f" ({len(same)} such groups)"
        return Departure("repeated seed", f"runs {listed} are the same numbers{more}: a repeated "
                         "seed")  # fmt: skip
    return _seeded_anew(found)


def _by_chance(found: Identification) -> bool:
    """Whether two runs may hold the same counts by chance: the most probable count of each step
    has about the chance $(2\\pi nq(1-q))^{-1/2}$."""
    channel, best = found.channels[0], found.best
    if not channel.family.types:
        return False
    q = next(iter(channel.state.values()))
    n = np.asarray(best.sentence.at(best.values, 1).clock.n if channel.sizes is None else
                   channel.sizes, dtype=float)  # fmt: skip
    chance = 1 / np.sqrt(np.maximum(2 * np.pi * n * q * (1 - q), 1))
    steps = np.log(np.where(np.isfinite(chance), chance, 1.0)).sum(axis=0)
    return bool(2 * np.log(q.shape[1]) + steps.max() > np.log(SELDOM))


def _seeded_anew(found: Identification) -> Departure | None:
    """Whether a run's innovations of the mean are the same at every generation, whatever sentence
    they are taken from: those of a wrong one may be alike for other reasons."""
    known = [c for c in found.candidates if c.evidence.cells and not c.estimates]
    for candidate in known:
        one = innovations(candidate.sentence, found.channels[0], candidate.values)
        e = one.residuals.get(MEAN, np.zeros((0, 0)))
        pairs = np.isfinite(e[1:]) & np.isfinite(e[:-1])
        if pairs.sum() < FEW or np.corrcoef(e[1:][pairs], e[:-1][pairs])[0, 1] < ALIKE:
            return None
    return Departure("repeated seed", "every generation has the same noise as the one before: the "
                     "generator is seeded anew") if known else None  # fmt: skip


# -- repairs ---------------------------------------------------------------------------------------


def _base(repair: Departure, bases: Sequence[Candidate]) -> Candidate:
    return next((c for c in bases if c.sentence == repair.base), bases[0])


def _first(against: Evidence, level: float) -> tuple[str, int | None]:
    """The first cell that departs on its own; else what speaks most against the sentence."""
    from scipy.special import ndtri

    cells = [f for f in against.findings if f.group == CELLS]
    limit = -ndtri(level / (2 * max(len(cells), 1)))
    beyond = [f for f in cells if abs(f.z) > limit]
    found = min(beyond, key=lambda f: (f.generation or 0, -abs(f.z)), default=against.worst)
    return found.quantity, found.generation


def _made(base: Candidate, channels: Sequence[Channel]) -> list[Innovations]:
    return [innovations(base.sentence, c, base.values) for c in channels]


def _one_generation(base: Candidate, channels: Sequence[Channel]) -> Iterator[Departure]:
    """One generation departs, and without it nothing does."""
    if (g := _lonely(base.evidence)) is None:
        return
    made = _made(base, channels)
    p = evidence(channels, [_without(one, g) for one in made], base.sentence.first).p
    gain = sum(np.nan_to_num(z[g]) ** 2 / 2 for z in base.evidence.cells.values())
    yield Departure("one generation", _words_of(base, made[0], g), p=p,
                    density=base.density + float(gain), base=base.sentence)  # fmt: skip


def _kurtosis(base: Candidate, channels: Sequence[Channel]) -> Iterator[Departure]:
    """The variance scatters more, or less, than that of normal points; nothing else departs."""
    made = _made(base, channels)
    known = [one for one in made if VARIANCE in one.residuals and one.settled]
    if len(known) < len(made) or not made:
        return
    e = np.concatenate([one.residuals[VARIANCE][np.isfinite(one.residuals[VARIANCE])]
                        for one in known])  # fmt: skip
    wide = float(np.mean(e**2))
    p = evidence(channels, [_rescaled(one) for one in made], base.sentence.first).p
    yield Departure(
        "kurtosis", "it looks like a world that is not Gaussian: the variance scatters "
        f"{wide:.2g} times as much as a Gaussian's{_excess(base, channels[0])}", p=p,
        base=base.sentence,
        density=base.density + e.size * _gain(wide),
    )  # fmt: skip


def _dependence(base: Candidate, channels: Sequence[Channel]) -> Iterator[Departure]:
    """What all runs share at a generation is too much for independent ones."""
    made = _made(base, channels)
    if not made or (shared := _shared(made)) is None:
        return
    if any(_one_sided(z[np.isfinite(z)]) for z in base.evidence.cells.values()):
        return
    squares = np.concatenate([z[np.isfinite(z)] ** 2 for z in base.evidence.cells.values()])
    p = evidence(channels, [_centred(one) for one in made], base.sentence.first).p
    yield Departure("dependence", "it looks like runs that depend on each other (correlation "
                    f"{shared:.2g} of what they do at one generation)", p=p, base=base.sentence,
                    density=base.density + squares.size * _gain(squares.mean()))  # fmt: skip


def _one_sided(z: Floats) -> bool:
    """Whether the generations depart to one side, which a dependence of runs does not make."""
    if len(z) < 3:
        return False
    return bool(abs(z.mean()) > SIDE * max(z.std(ddof=1), 1.0) / len(z) ** 0.5)


def _gain(variance: float) -> float:
    """Log density that a normal variable of that variance gains when it is not taken for 1."""
    return float(variance - 1 - np.log(variance)) / 2 if variance > 0 else 0.0


def _lonely(against: Evidence) -> int | None:
    """The row of the one generation that departs far more than all others."""
    if not against.cells:
        return None
    table = np.array([np.abs(np.nan_to_num(z)) for z in against.cells.values()])
    size = table.max(axis=0)
    order = np.argsort(-size)
    if len(order) < 3 or size[order[0]] < LONELY * max(1.0, size[order[1]] / 3):
        return None
    return int(order[0])


def _without(one: Innovations, g: int) -> Innovations:
    """The innovations without those of one generation."""
    residuals = {}
    for word, e in one.residuals.items():
        kept = e.copy()
        kept[g] = np.nan
        residuals[word] = kept
    return replace(one, residuals=residuals)


def _words_of(base: Candidate, one: Innovations, g: int) -> str:
    """What that generation alone looks like."""
    when = g + max(base.sentence.first, 1)
    e = one.residuals.get(VARIANCE)
    text = f"generation {when} alone departs"
    if e is None or not np.isfinite(e[g]).any():
        return text
    ratio = 1 + float(over_runs(e[g] * one.relative[g]))
    error = float(over_runs(one.relative[g])) / np.isfinite(e[g]).sum() ** 0.5
    n = float(np.ravel(base.sentence.at(base.values, when).clock.n)[-1])
    text += f", its variance is {ratio:.4g} times what it should be"
    for value, words in ((n / (n - 1), "ddof 1 in place of 0"),
                         ((n - 1) / n, "ddof 0 in place of 1")):  # fmt: skip
        if abs(ratio - value) < 3 * error and abs(ratio - 1) > 3 * error:
            return f"{text}: it looks like {words} at that generation only"
    return text


def _excess(base: Candidate, channel: Channel) -> str:
    """The real law's, from the scatter of the first fit: Var v/v² = 2/(n-1) + κ/n."""
    v = channel.state["v"][max(1 - base.sentence.first, 0)]
    v = v[np.isfinite(v)]
    n = float(np.ravel(base.sentence.at(base.values, 1).clock.n)[0])
    if len(v) < FEW or n < 2:
        return ""
    excess = max(-2.0, n * (v.var() / v.mean() ** 2 - 2 / (n - 1)))
    return f", an excess kurtosis of about {excess:.2g}"


def _rescaled(one: Innovations) -> Innovations:
    """The innovations with the scatter that each generation has."""
    residuals = dict(one.residuals)
    e = residuals[VARIANCE]
    residuals[VARIANCE] = e / np.sqrt(over_runs(e**2))[:, None]
    return replace(one, residuals=residuals, exact=False)


def _shared(made: list[Innovations]) -> float | None:
    """The correlation of two runs at one generation, where the means over runs scatter too much."""
    ratios = []
    for one in made:
        for word in (MEAN, VARIANCE):
            if word not in one.residuals:
                continue
            e = one.residuals[word]
            count = np.isfinite(e).sum(axis=1)
            used = count >= 3
            if used.sum() >= 3:
                squares = over_runs(e)[used] ** 2 * count[used]
                ratios.append((squares.mean() - 1) / (count[used].mean() - 1))
    return float(max(ratios)) if ratios and max(ratios) > 0 else None


def _centred(one: Innovations) -> Innovations:
    """The innovations without what all runs share at a generation, of variance 1 again."""
    residuals = {}
    for word, e in one.residuals.items():
        rest = e - over_runs(e)[:, None]
        residuals[word] = rest / np.sqrt(over_runs(rest.reshape(1, -1) ** 2))
    return replace(one, residuals=residuals, exact=False)


# -- other numbers ---------------------------------------------------------------------------------


def _of_numbers(base: Candidate, channels: Sequence[Channel]) -> Iterator[Departure]:
    """Repairs by another number, which is estimated."""
    for kind, words, make in _WAYS:
        with suppress(InputError):
            if (changed := make(base.sentence)) is not None:
                yield _fitted(kind, words, changed, base, channels)


def _refitted(repair: Departure, base: Candidate, channels: Sequence[Channel]) -> Departure:
    """The same repair with the numbers that all runs give."""
    words = next(words for kind, words, _ in _WAYS if kind == repair.kind)
    assert repair.sentence is not None
    return _fitted(repair.kind, words, repair.sentence, base, channels)


def _fitted(
    kind: str, words: str, changed: Sentence, base: Candidate, channels: Sequence[Channel]
) -> Departure:
    values, estimates = fit(changed, channels)
    made = [innovations(changed, c, values) for c in channels]
    own = tuple(e for e in estimates if e.name not in base.values)
    return Departure(
        kind, f"it looks like {words} ({', '.join(map(str, own))}){_reading(base, own)}", changed,
        estimates=own, p=evidence(channels, made, changed.first).p, base=base.sentence,
        density=sum(float(np.nansum(one.log_density)) for one in made),
    )  # fmt: skip


def _reading(base: Candidate, own: Sequence[Estimate]) -> str:
    """Another meaning of the number that was given for α, where that is what was found."""
    given = getattr(base.loop.mixing, "alpha", None)
    estimate = next((e for e in own if e.name == "alpha"), None)
    if estimate is None or not isinstance(given, int | float | Fraction):
        return ""
    a = float(given)
    readings = {1 - a: "the real share", a / (1 + a): "the ratio of synthetic to real points"}
    reach = 1.5 * (estimate.upper - estimate.lower) / 2  # three standard errors
    named = [words for value, words in readings.items() if abs(value - estimate.value) < reach]
    return f", as if the {a:g} were {named[0]}" if named else ""


def _changed(sentence: Sentence, **parts: Any) -> Sentence:
    return replace(sentence, loop=replace(sentence.loop, **parts))


def _size(sentence: Sentence) -> Sentence | None:
    if isinstance(sentence.loop.n, tuple):
        return None
    return _changed(sentence, n=free("n"))


def _sampler(sentence: Sentence) -> Sentence | None:
    if not isinstance(sentence.loop.bias, Unbiased | ScaleCovariance):
        return None
    return _changed(sentence, bias=ScaleCovariance(free("lam")))


def _fraction(sentence: Sentence) -> Sentence | None:
    mixing = sentence.loop.mixing
    if not fields_of(mixing) or isinstance(getattr(mixing, "alpha", None), tuple | type(None)):
        return None
    return _changed(sentence, mixing=mixing.replaced({"alpha": free("alpha")}))


def _pool(sentence: Sentence) -> Sentence | None:
    alpha = getattr(sentence.loop.mixing, "alpha", None)
    if isinstance(sentence.loop.mixing, FixedReal) or isinstance(alpha, tuple | type(None)):
        return None
    return _changed(sentence, mixing=FixedPool(alpha, free("n_0")))


_WAYS: tuple[tuple[str, str, Any], ...] = (
    ("sampler", "a biased sampler", _sampler),
    ("size", "another size of the training set", _size),
    ("fraction", "another synthetic fraction", _fraction),
    ("pool", "a fixed pool in place of fresh real points", _pool),
)
