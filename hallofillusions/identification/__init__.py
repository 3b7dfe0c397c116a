"""Which sentence does a trajectory speak?  A user's own runs against every sentence.

`identify` holds runs against the kernels of all candidates: the mixing, the estimator, the start,
the bias and the meaning of the first column that could have made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..biases.unbiased import Unbiased
from ..families.base import Family
from ..loop import FeedbackLoop, check_loop
from ..mixing.base import whole_split
from ..mixing.fresh_mixture import FreshMixture
from ..mixing.fresh_split import FreshSplit
from ..mixing.replace import Replace
from ..runs import Runs
from ..symbols import InputError, as_number, whole, without_bar
from ..trajectory import Trajectory
from .channels import Channel, channels_of, family_of, size_of
from .departures import departure
from .evidence import evidence
from .fitting import fit
from .innovations import Innovations, innovations, unlike
from .kernels import kernel_of
from .sentences import Sentence, sentences
from .verdicts import Candidate, Identification, ranked

__all__ = ["Candidate", "Identification", "Sentence", "identify", "sentences"]


def identify(
    runs: Any,
    among: Iterable[Any] | None = None,
    *,
    family: Family | None = None,
    n: Any = None,
    alpha: Any = None,
    lam: Any = 1,
    size: Any = None,
    stated: FeedbackLoop | None = None,
    first: int | None = None,
    columns: Mapping[str, str] | None = None,
    quantity: str | None = None,
    level: float = 0.05,
    power: float = 0.9,
    progress: bool | None = None,
) -> Identification:
    """Which sentences agree with these runs, and what speaks against the others.

    ======== =========================================================================
    runs     arrays, a table or a file of per-generation means, variances (or
             covariances), counts, probabilities or fitted parameters (see `Runs.of`)
    among    `FeedbackLoop` s or `Sentence` s, with a symbol where a number is free;
             None: every shipped sentence (see `sentences`)
    family   the real law; None: that of a `Trajectory`'s own loop, or what a column g = 0
             says, or the standard normal law
    n        the number n of the sentences, or its symbol where it is free, as it is where
             neither it nor a stated loop is given
    alpha    α, likewise
    lam      λ, or its symbol or None where it is free
    size     the rows n₀ of a pool, or their symbol
    stated   the loop that you believe you ran
    first    the g of the first column: 0 is the start, 1 the first fit; None: either, or
             what the runs' own labels say where they begin later
    level    chance that the true sentence is rejected, if it is among them
    power    chance of a difference as large as the one that is called detectable
    progress a bar on standard error; None: if that is a terminal
    ======== =========================================================================

    Each step is tested by the exact kernel, $(f(next)-E[f|past])/sd[f|past]$ for the mean, the
    variance and the squared error of the mean, linearly predicted where a part of the state is
    hidden; free numbers are estimated first, by the density of the steps.  All p-values are
    adjusted over the candidates (Holm 1979).  Raises `InputError` for runs that cannot be read,
    and where no candidate is a loop.

    >>> import numpy as np
    >>> from hallofillusions import identify
    >>> rng = np.random.default_rng(1)
    >>> model, rows = (0.0, 1.0), []
    >>> for _ in range(30):
    ...     points = rng.normal(model[0], model[1] ** 0.5, 50)
    ...     model = points.mean(), points.var(ddof=1)
    ...     rows.append(model)
    >>> mean, variance = np.array(rows).T
    >>> print(identify({"mean": mean, "variance": variance}, n=50, alpha=0.9).best.name)
    Replace, Bessel, started at the truth
    """
    read = Runs.of(runs, columns=columns, quantity=quantity)
    if isinstance(runs, Trajectory) and family is None and stated is None:
        family = runs.loop.family
    for name, value in (("level", level), ("power", power)):
        if not 0 < as_number(value, name, "a number in (0, 1)") < 1:
            raise InputError(f"{name} must be a number in (0, 1), got {value!r}")
    if stated is not None:
        check_loop(stated)
    law, remarks = family_of(read, stated.family if family is None and stated else family)
    channels, more = channels_of(law, read)
    if n is None and (n := size_of(read)) is not None:
        more.append(f"n = {n} is the total of the counts")
    if stated is not None:  # whose numbers are those of all others, unless these are said
        n = stated.n if n is None else n
        alpha = getattr(stated.mixing, "alpha", None) if alpha is None else alpha
    given = {"n": n, "alpha": alpha, "lam": lam, "size": size}
    asked = _candidates(among, law, given, stated, _firsts(first, read))
    asked = [s for s in asked if _known(s, channels, among is not None or s.loop == stated)]
    if not asked:
        raise InputError("among must hold at least one sentence that is a loop, got none")
    notes = (*read.guesses, *remarks, *more, *_left_out(alpha, n, among))
    with np.errstate(all="ignore"):  # infinite and missing values are what they are
        judged = _all_judged(asked, channels, progress)
        found = ranked(judged, read, channels, stated, level, power, notes)
        return found.explained(departure(found))


def _firsts(first: int | None, runs: Runs) -> tuple[int, ...]:
    """What the g of the first column may be: what papers call generation 0 is often g = 1."""
    if first is not None:
        return (whole(first, "first", 0),)
    begin = runs.generations[0] if runs.labelled else 0
    return (1, 0) if begin < 2 else (begin, begin + 1)


def _candidates(
    among: Iterable[Any] | None, family: Family, numbers: Mapping[str, Any],
    stated: FeedbackLoop | None, firsts: Sequence[int],
) -> list[Sentence]:  # fmt: skip
    if among is None:
        return list(sentences(family, stated=stated, firsts=firsts, **numbers))
    given = [*([] if stated is None else [stated]), *among]
    return list(dict.fromkeys(s for one in given for s in _as_sentences(one, firsts)))


def _known(sentence: Sentence, channels: Sequence[Channel], asked: bool) -> bool:
    """Whether the kernel of a sentence is known for these runs; where it was asked for, it must
    be."""
    loop = sentence.loop
    part = channels[0].of(loop)
    if not part.closes:
        why = "what its bias or its estimator makes of a model is no polynomial"
    elif any(c.sizes is not None for c in channels) and not _row_by_row(loop):
        why = "rows of n-grams are known without a memory and a bias only"
    else:
        return True
    if asked:
        raise InputError(f"among must hold sentences whose kernel is known, but of {loop} {why}")
    return False


def _row_by_row(loop: FeedbackLoop) -> bool:
    plain = isinstance(loop.mixing, Replace | FreshMixture | FreshSplit)
    return plain and isinstance(loop.bias, Unbiased)


def _left_out(alpha: Any, n: Any, among: Any) -> list[str]:
    """Why sentences with exact counts are missing, where they are."""
    if among is not None or not isinstance(n, int) or not isinstance(alpha, float | int | Fraction):
        return []
    try:
        whole_split(alpha, n)
    except InputError as error:
        return [f"FreshSplit, FixedReal and FixedPool are left out: {error}"]
    return []


def _as_sentences(one: Any, firsts: Sequence[int]) -> list[Sentence]:
    if isinstance(one, Sentence):
        return [one]
    if isinstance(one, FeedbackLoop):
        return [Sentence(one, first) for first in firsts]
    raise InputError(f"among must hold FeedbackLoops or Sentences, got {one!r}")


def _all_judged(
    asked: Sequence[Sentence], channels: Sequence[Channel], progress: bool | None
) -> list[Candidate]:
    """Every candidate; those of one law are judged once."""
    from tqdm import tqdm

    known: dict[Any, Candidate] = {}
    found = []
    for sentence in tqdm(asked, unit=" sentences", leave=False, disable=without_bar(progress)):
        law = _law_of(sentence, channels)
        if law not in known:
            known[law] = _judged(sentence, channels)
        found.append(replace(known[law], sentence=sentence))
    return found


def _law_of(sentence: Sentence, channels: Sequence[Channel]) -> Any:
    """What is the same for two sentences of one law: all parts but the start, and what that makes
    of the first fit's moments."""
    if sentence.free:
        return sentence
    loop, channel = sentence.loop, channels[0]
    running = kernel_of(channel.of(loop)).at(channel.setting(sentence, {}, 1 + sentence.first))
    first = tuple(f"{v:.9g}" for v in running.beginning[1])
    return sentence.first, loop.mixing, loop.estimator, loop.bias, loop.n, first


def _judged(sentence: Sentence, channels: Sequence[Channel]) -> Candidate:
    """One candidate with its numbers, its innovations and what they say."""
    if (found := unlike(sentence.first, channels)) is not None:
        return Candidate.of(sentence, {}, (), [found], evidence(channels[:1], [found], 0))
    values, estimates = fit(sentence, channels) if sentence.free else ({}, ())
    made: list[Innovations] = []
    for channel in channels:
        made.append(innovations(sentence, channel, values))
        if made[-1].impossible:
            break
    against = evidence(channels[: len(made)], made, sentence.first)
    return Candidate.of(sentence, values, estimates, made, against)
