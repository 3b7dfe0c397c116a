"""The verb identify: a user's runs, the numbers of all sentences, and the one that is stated."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..component import near
from ..symbols import PARAMETERS, InputError, is_symbolic, lookup

if TYPE_CHECKING:
    from ..identification import Candidate, Identification
    from ..loop import FeedbackLoop
    from ..runs import Runs

NUMBERS = {"n": "n", "alpha": "mixing.alpha", "lam": "bias.lam", "size": "mixing.size"}
"""Number of the sentences -> the role and the field whose flag says it."""
SYMBOL = {"size": "n_0"}
"""Number -> its symbol, where that has another name."""
SCHEDULES = ("n", "alpha")
"""Numbers of which every generation may have its own."""
PARTS = ("mixing", "bias", "estimator", "start", "any")
"""What only a stated sentence has, besides the numbers."""


def add_identify_flags(parser: ArgumentParser) -> None:
    from .flags import add_loop_flags, scalar

    parser.add_argument("runs", metavar="RUNS", help="your runs: a .csv, .npz or .nc file with "
                        "means, variances, counts, … of every generation")  # fmt: skip
    parser.add_argument("--columns", action="append", metavar="NAME=WORD[,…]", help="what columns "
                        "hold, where their names do not say it: theirs=variance,other=ignore")
    parser.add_argument("--quantity", metavar="NAME", help="the one quantity that is read")
    parser.add_argument("--first", type=scalar, metavar="G",
                        help="the first column is g = 0 or g = 1 (default: either)")  # fmt: skip
    parser.add_argument("--free", metavar="NAME[,NAME…]", help="numbers to be estimated: n, alpha, "
                        "lam, size (default: n and alpha where they are not given)")  # fmt: skip
    parser.add_argument("--level", type=scalar, default=0.05, metavar="P",
                        help="chance that a true sentence is rejected (default 0.05)")  # fmt: skip
    parser.add_argument("--power", type=scalar, default=0.9, metavar="P", help="chance that a "
                        "detectable difference is seen (default 0.9)")  # fmt: skip
    parser.add_argument("--figure", metavar="FILE", help="write a figure: .png, .pdf or .svg")
    parser.add_argument("--csv", metavar="FILE", help="write all candidates to a CSV file")
    add_loop_flags(parser)


def identified(arguments: Namespace) -> Identification:
    """Which sentence the file's runs speak, of all that have the numbers of the flags."""
    from ..identification import identify
    from ..runs import Runs

    _refuse_runs_as_output(arguments)
    columns, free = _columns(arguments.columns), _free(arguments.free)
    others = {name: _number(name, value) for name, value in _numbers(arguments)}
    states = arguments.mixing is not None or arguments.loop is not None
    if not states:
        _refuse_parts(arguments)
    runs = Runs.of(arguments.runs, columns=columns, quantity=arguments.quantity)
    law, remarks = _law(arguments, runs)
    stated = None
    if states:
        stated, others = _stated(arguments, law, others)
        remarks += [_of_others(name, value, stated) for name, value in others.items()]
    found = identify(
        runs, family=law, stated=stated, first=arguments.first, level=arguments.level,
        power=arguments.power, **_shared(others, stated, free),
    )  # fmt: skip
    return replace(found, remarks=(*found.remarks, *remarks))


# -- what is said --------------------------------------------------------------------------------


def _refuse_runs_as_output(arguments: Namespace) -> None:
    for name in ("csv", "figure"):
        path = getattr(arguments, name)
        if path is not None and Path(path).resolve() == Path(arguments.runs).resolve():
            raise InputError(f"{name} must be another file than the runs, got {path}")


def _columns(texts: Sequence[str] | None) -> dict[str, str] | None:
    """``theirs=variance,other=mean`` as a mapping; None where nothing is said."""
    found: dict[str, str] = {}
    for pair in (p for text in texts or () for p in text.split(",")):
        name, _, word = (part.strip() for part in pair.rpartition("="))
        if not name or not word:
            raise InputError(f"columns must be like theirs=variance,other=mean, got {pair!r}")
        if name in found:
            raise InputError(f"columns must name a column once, got {name!r} twice")
        found[name] = word
    return found or None


def _free(text: str | None) -> set[str]:
    names = {name.strip() for name in text.split(",")} if text is not None else set()
    if unknown := sorted(names - set(NUMBERS)):
        listed = ", ".join(NUMBERS)
        raise InputError(
            f"free must be numbers of {listed}, got {unknown[0]!r}{near(unknown[0], NUMBERS)}"
        )
    return names


def _numbers(arguments: Namespace) -> Iterator[tuple[str, Any]]:
    for name, place in NUMBERS.items():
        if (value := getattr(arguments, place)) is not None:
            yield name, value


def _number(name: str, value: Any) -> Any:
    """A number of the sentences, checked before any sentence has it."""
    from ..component import parsed

    number, symbol = parsed(value, name), SYMBOL.get(name, name)
    many = isinstance(number, tuple) and name in SCHEDULES
    for one in number if many else (number,):
        if is_symbolic(one) and str(one) != symbol:
            raise InputError(f"{name} must be a number, or {symbol} where it is free, got {one}")
        PARAMETERS[symbol].check(one, name)
    return number


def _refuse_parts(arguments: Namespace) -> None:
    """Parts of a stated sentence make none without a mixing."""
    for place, value in vars(arguments).items():
        role, _, name = place.partition(".")
        if role in PARTS and value is not None and place not in NUMBERS.values():
            raise InputError(
                f"{name or role} is said of the sentence that you state: name its mixing with "
                "--mixing, or a file with --loop"
            )


# -- the real law and the stated sentence --------------------------------------------------------


def _law(arguments: Namespace, runs: Runs) -> tuple[Any, list[str]]:
    """The real law of the flags, or what the runs say of it, and what is taken for granted."""
    from ..component import fields_of, from_dict
    from ..identification.channels import family_of
    from .flags import described

    said = {k: v for k, v in vars(arguments).items() if k.split(".")[0] in ("family", "loop")}
    if all(value is None for value in said.values()):
        return family_of(runs, None)
    family = described(Namespace(**said))["family"]
    table = {"type": family} if isinstance(family, str) else family
    law = from_dict("families", table, "family")
    for field in fields_of(law):
        if is_symbolic(value := getattr(law, field.name)):
            raise InputError(f"{field.name} of the real law must be a number, got {value}")
    return law, []


def _stated(
    arguments: Namespace, law: Any, numbers: dict[str, Any]
) -> tuple[FeedbackLoop, dict[str, Any]]:
    """The stated sentence, and those of the numbers of which it has no use."""
    from .flags import built, described, has_field

    whole = described(Namespace(**{**vars(arguments), **dict.fromkeys(NUMBERS.values())}))
    others = {}
    for name, value in numbers.items():
        role, _, field = NUMBERS[name].partition(".")
        part = whole.get(role)
        if not field:
            whole[role] = getattr(arguments, role)
        elif isinstance(part, dict) and has_field(role, part.get("type"), field):
            whole[role] = {**part, field: getattr(arguments, NUMBERS[name])}
        else:
            others[name] = value
    return _known(built({**whole, "family": law.to_dict()})), others


def _known(stated: FeedbackLoop) -> FeedbackLoop:
    """The stated sentence, whose symbols are those of numbers that can be estimated."""
    known = {SYMBOL.get(name, name) for name in NUMBERS}
    if unknown := sorted({str(s) for s in stated.free_symbols} - known):
        listed = ", ".join(sorted(known))
        raise InputError(
            f"the sentence that you state may leave {listed} free, got the symbol {unknown[0]}"
        )
    return stated


def _of_others(name: str, value: Any, stated: FeedbackLoop) -> str:
    return (f"{name} = {value} is a number of the other sentences only: the one that you state, "
            f"with {stated.mixing} and {stated.bias}, has none of that name")  # fmt: skip


def _shared(
    others: dict[str, Any], stated: FeedbackLoop | None, free: set[str]
) -> dict[str, Any]:
    """The numbers of all sentences: those of the flags and of the stated one that are not free."""
    found = {"lam": 1, **({} if stated is None else _numbers_of(stated)), **others}
    if both := sorted(free & set(others)):
        raise InputError(f"free must not name {both[0]}, which is said to be {others[both[0]]}")
    unknown = {name: None if name == "lam" else lookup(SYMBOL.get(name, name)) for name in free}
    return {**found, **unknown}


def _numbers_of(loop: FeedbackLoop) -> dict[str, Any]:
    mixing, found = loop.mixing, {"n": loop.n}
    if hasattr(mixing, "alpha"):
        counted = mixing.alpha is None and isinstance(loop.n, int)
        found["alpha"] = mixing.fraction(loop.n, 0) if counted else mixing.alpha
    values = {"size": getattr(mixing, "size", None), "lam": getattr(loop.bias, "lam", None)}
    return found | {name: value for name, value in values.items() if value is not None}


# -- the table -----------------------------------------------------------------------------------


def candidate_table(found: Identification) -> tuple[list[str], list[list[Any]]]:
    """The header and the rows of the candidates, the estimates in columns of their own."""
    numbers = sorted({e.name for c in found.candidates for e in c.estimates})
    rows = [_row(c, numbers) for c in found.candidates]
    return list(rows[0]), [list(row.values()) for row in rows]


def _row(candidate: Candidate, numbers: Sequence[str]) -> dict[str, Any]:
    row = {**candidate.to_dict(), "loop": str(candidate.loop)}
    known = row.pop("estimates")
    for key in ("same_as", "references"):
        row[key] = "; ".join(row[key])
    for name in numbers:
        values = known.get(name, [None] * 3)
        row |= dict(zip((name, f"{name}_lower", f"{name}_upper"), values, strict=True))
    return row
