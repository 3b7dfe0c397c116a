"""The command line: the verbs of the package, and nothing that the package does not do.

Exit codes: 0 all right; 1 theory and simulation disagree, a proof fails, or runs speak another
sentence than the stated one; 2 bad input, told in one sentence; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..component import near
from ..files import replacing
from ..printing import table, wrapped
from ..symbols import InputError, whole
from .reports import (
    CLOCK,
    plain,
    prediction_facts,
    prediction_text,
    recursion_facts,
    recursion_text,
    trajectory_facts,
    trajectory_rows,
    trajectory_text,
)  # fmt: skip

if TYPE_CHECKING:
    from ..loop import FeedbackLoop
    from ..prediction import Prediction
    from ..proof import Theorem
    from ..trajectory import Trajectory
    from .worlds import World

MANY = 100_000
"""Replicates above which medians are taken at the last generation only, to save memory."""
OK, DISAGREES, BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141


@dataclass(frozen=True)
class Command:
    """One verb: what it says of itself, its flags, and what it does."""

    summary: str
    example: str
    flags: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


class Parser(ArgumentParser):
    """A parser whose complaint is an `InputError`, like everybody else's."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code and never lets a traceback out."""
    _replace_unprintable()
    try:
        status = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return status
    except ValueError as error:
        if not isinstance(error, InputError) and type(error).__name__ != "NotClosed":
            raise
        print(f"hallofillusions: error: {_sentence(error)}", file=sys.stderr)
        return BAD_INPUT
    except MemoryError as error:
        print(f"hallofillusions: error: memory ran out: {_sentence(error)}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("hallofillusions: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has gone; the interpreter must not complain again when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(arguments: list[str]) -> int:
    from .flags import joined

    arguments = joined(arguments)
    parser = _parser(arguments)
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise InputError(f"unknown argument {unknown[0]}{_meant(unknown[0], _options(parser))}")
    if parsed.command is None:
        parser.print_help()
        return OK
    command = COMMANDS[parsed.command]
    return command.run(parsed)


def _parser(arguments: Iterable[str]) -> ArgumentParser:
    """The parser; only the flags of the command that is called are built."""
    called = next((a for a in arguments if not a.startswith("-")), None)
    if called is not None and called not in COMMANDS:
        known = f"; it is one of {', '.join(COMMANDS)}"
        raise InputError(f"there is no command {called!r}{near(called, COMMANDS, known)}")
    if called is None and "--version" in arguments:
        from .. import __version__

        print(f"hallofillusions {__version__}")
        raise SystemExit(OK)
    return parser_of([called])


def parser_of(called: Collection[str | None]) -> ArgumentParser:
    """All commands, those that are called with their flags."""
    parser = Parser(
        prog="hallofillusions", allow_abbrev=False, formatter_class=RawDescriptionHelpFormatter,
        description="Model collapse: every law derived by algebra and attacked by simulation.",
        epilog=f"example:\n  {COMMANDS['compare'].example}\n\n{__doc__.partition(chr(10) * 2)[2]}",
    )  # fmt: skip
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.set_defaults(version=False)
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, command in COMMANDS.items():
        verb = verbs.add_parser(
            name, help=command.summary, description=f"{command.summary[0].upper()}"
            f"{command.summary[1:]}.", epilog=f"example:\n  {command.example}",
            formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        if name in called:
            command.flags(verb)
            verb.add_argument("--json", action="store_true", help="print JSON and nothing else")
            parser.set_defaults(verb=verb)
    return parser


def _options(parser: ArgumentParser) -> list[str]:
    verb = parser.get_default("verb")
    return [s for a in (verb or parser)._actions for s in a.option_strings]


def _meant(unknown: str, options: list[str]) -> str:
    """What an unknown argument was to be: the longer flags that end in it, or near ones."""
    tail = unknown.removeprefix("-")  # --order: -order, in which --family-order ends
    longer = [o for o in options if tail.startswith("-") and o.endswith(tail)]
    return f"; did you mean {' or '.join(longer)}?" if longer else near(unknown, options)


def _replace_unprintable() -> None:
    """σ on a terminal that has no σ is a question mark, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())


# -- what is printed -----------------------------------------------------------------------------


def show(
    arguments: Namespace, data: Callable[[], Any], text: Callable[[], str],
    world: World | None = None,
) -> None:  # fmt: skip
    """Print JSON where ``--json`` is asked for, else text; first how the ``world`` was chosen."""
    chosen = world.to_dict() if world else {}
    if arguments.json:
        found = {**chosen, **data()} if chosen else data()
        print(json.dumps(plain(found), indent=2, ensure_ascii=False))
        return
    print(f"{wrapped(world)}\n\n{text()}" if chosen else text())


def writable(path: str | None) -> str | None:
    """Refuse, before any work is done, a file that cannot be written."""
    if path is None:
        return None
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{path} must be a file to write, got a folder")
    if not target.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {target.parent}")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: the folder {target.parent} is read-only")
    return path


def write_csv(path: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file, whole or not at all."""
    try:
        with replacing(Path(path)) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None


def shown(arguments: Namespace, last: int) -> list[int]:
    """The generations of a printed table: ``--at``, else the first, the middle and the last."""
    from .flags import scalars

    if arguments.at is None:
        return sorted(g for g in {0, 1, 2, last // 2, last} if g <= last)
    listed = scalars(arguments.at)
    listed = listed if isinstance(listed, list) else [listed]
    for g in listed:
        if not isinstance(g, int) or not 0 <= g <= last:
            raise InputError(f"at must be generations from 0 to {last}, got {g!r}")
    return sorted(set(listed))


# -- derive --------------------------------------------------------------------------------------


def _derive_flags(parser: ArgumentParser) -> None:
    from .flags import add_loop_flags

    parser.add_argument("name", nargs="?", help="a theorem (see --list), instead of a loop")
    parser.add_argument("--list", action="store_true", help="all theorems")
    parser.add_argument("--prove", action="store_true", help="with --list: prove every one")
    parser.add_argument("--confront", action="store_true",
                        help="with --list: attack every one by simulation")  # fmt: skip
    parser.add_argument("--results", metavar="FOLDER", help="with --list: of 'reproduce', for its "
                        "verdicts (default: results, if it is there)")  # fmt: skip
    parser.add_argument("--latex", action="store_true", help="print LaTeX")
    parser.add_argument("--order", type=_scalar, default=2, metavar="K",
                        help="moments up to this weight; 4 holds Var σ² (default 2)")  # fmt: skip
    parser.add_argument("--symbolic", action="store_true",
                        help="a symbol in place of every number of the loop")  # fmt: skip
    add_loop_flags(parser)


def _derive(arguments: Namespace) -> int:
    from .flags import given

    asked = [arguments.list, arguments.name is not None, given(arguments)]
    if sum(asked) != 1:
        got = "nothing" if not any(asked) else "more than one of them"
        raise InputError(f"derive wants a theorem's name, --list, or a loop's flags, got {got}")
    if arguments.list:
        return _list_theorems(arguments)
    return _one_theorem(arguments) if arguments.name else _one_recursion(arguments)


def _list_theorems(arguments: Namespace) -> int:
    """Every theorem with its kind and origin, and the verdicts that are known or asked for."""
    from tqdm import tqdm

    from ..proof import theorems

    known = _last_verdicts(arguments.results)
    rows = []
    quick = not (arguments.prove or arguments.confront)
    for name, theorem in tqdm(theorems().items(), unit=" theorems", disable=quick or None):
        rows.append(_theorem_facts(theorem) | known.get(name, {}) | _verdicts(name, arguments))

    def text() -> str:
        cells = [(r["name"], r["kind"], _proof(r), _simulation(r)) for r in rows]
        lines = [table(("theorem", "kind", "proof", "simulation"), cells), ""]
        lines += [wrapped(f"{r['name']}: {r['title']} [{r['origin']}]") for r in rows]
        if not all("proof" in r and "simulation" in r for r in rows):
            lines += ["", "not run: 'reproduce' leaves verdicts in its folder (--results); "
                      "--prove and --confront ask for them now"]  # fmt: skip
        return "\n".join(lines)

    show(arguments, lambda: rows, text)
    bad = any(_proof(r).startswith("FAILS") or _simulation(r) == "disagrees" for r in rows)
    return DISAGREES if bad else OK


def _last_verdicts(folder: str | None) -> dict[str, Any]:
    """What the last main job found about each theorem, where its folder is there."""
    from ..reproduction.folder import RESULTS
    from ..reproduction.results import Results

    if folder is None and not (Path("results") / RESULTS).is_file():
        return {}
    records = Results.at(folder or "results").records["theorems"]
    return {name: {k: r[k] for k in ("proof", "simulation")} for name, r in records.items()}


def _verdicts(name: str, arguments: Namespace) -> dict[str, Any]:
    """What is proved and confronted now, where it is asked for."""
    from ..proof import theorems
    from ..reproduction.work import CONFRONTING, FITS, LEVEL, SEED, attack, prove

    found = {"proof": prove(name)} if arguments.prove else {}
    if arguments.confront:
        found["simulation"] = attack(name, SEED, LEVEL / len(theorems()), CONFRONTING, FITS)
    return found


def _proof(row: Mapping[str, Any]) -> str:
    if "proof" not in row:
        return "not run"
    proof = row["proof"]
    return f"{proof['lines']} lines" if proof["ok"] else f"FAILS: {proof['error']}"


def _simulation(row: Mapping[str, Any]) -> str:
    return str(row["simulation"]["verdict"]) if "simulation" in row else "not run"


def _theorem_facts(theorem: Theorem) -> dict[str, Any]:
    return {
        "name": theorem.name, "title": theorem.title, "kind": str(theorem.kind),
        "origin": theorem.origin, "assumptions": theorem.assumptions, "cites": theorem.cites,
    }  # fmt: skip


def _one_theorem(arguments: Namespace) -> int:
    from ..latex import expression_text, theorem_latex, theorem_text
    from ..proof import find_theorem

    theorem = find_theorem(arguments.name)
    steps, error = theorem.checked()

    def data() -> dict[str, Any]:
        return {
            **_theorem_facts(theorem),
            "statement": [expression_text(e) for e in theorem.statement()],
            "latex": theorem_latex(theorem, steps, error),
            "proof": [{"because": s.because, "left": s.left, "right": s.right} for s in steps],
            "proved": not error, "error": error,
        }  # fmt: skip

    printer = theorem_latex if arguments.latex else theorem_text
    show(arguments, data, lambda: printer(theorem, steps, error))
    return DISAGREES if error else OK


def _one_recursion(arguments: Namespace) -> int:
    from ..theory import derive
    from .flags import loop_from

    loop = loop_from(arguments)
    recursion = derive(loop, arguments.order)
    facts = recursion_facts(recursion, arguments.symbolic)

    def data() -> dict[str, Any]:
        from ..latex import recursion_latex

        return {**facts, "latex": recursion_latex(recursion)}

    def text() -> str:
        if arguments.latex:
            from ..latex import recursion_latex

            return recursion_latex(recursion)
        return recursion_text(recursion, facts)

    show(arguments, data, text)
    return OK


# -- predict -------------------------------------------------------------------------------------


def _run_flags(parser: ArgumentParser, generations: int | None = 10) -> None:
    from .flags import add_loop_flags

    parser.add_argument("--generations", type=_scalar, default=generations, metavar="G",
                        help="number of fits (default 10)")  # fmt: skip
    parser.add_argument("--csv", metavar="FILE", help="write all generations to a CSV file")
    add_loop_flags(parser)


def _at_flag(parser: ArgumentParser) -> None:
    parser.add_argument("--at", metavar="G[,G…]", help="generations of the printed table")


def _world_flags(parser: ArgumentParser) -> None:
    from .worlds import add_world_flags

    add_world_flags(parser)


def _replacement_flag(parser: ArgumentParser) -> None:
    parser.add_argument("--replacement", action="store_true",
                        help="a row of --real may be drawn again: the law of the rows")  # fmt: skip


def _scalar(text: str) -> Any:
    from .flags import scalar

    return scalar(text)


def _numerical_flag(parser: ArgumentParser) -> None:
    parser.add_argument("--numerical", action="store_true", help="iterate the loop's one-step "
                        "kernel where no theorem is known (seconds; states its error)")  # fmt: skip


def _predict_flags(parser: ArgumentParser) -> None:
    _run_flags(parser)
    _at_flag(parser)
    _numerical_flag(parser)
    _world_flags(parser)


def _predict(arguments: Namespace) -> int:
    from .worlds import told, world_from

    writable(arguments.csv)
    world = world_from(arguments)
    known = told(world.loop, world.rows)
    prediction = _prediction(arguments, world.loop, arguments.generations, known)
    if arguments.csv:
        values = [prediction[label] for label in prediction.known]
        rows = ([g, *(float(v[g]) for v in values)] for g in range(prediction.generations + 1))
        write_csv(arguments.csv, ["generation", *prediction.known], rows)
    at = shown(arguments, prediction.generations)
    show(arguments, lambda: prediction_facts(prediction), lambda: prediction_text(prediction, at),
         world)  # fmt: skip
    return OK


def _prediction(
    arguments: Namespace, loop: FeedbackLoop, generations: Any, rows: Mapping[str, Any]
) -> Prediction:
    from ..theory import predict

    return predict(loop, generations, numerical=arguments.numerical, **rows)


# -- simulate ------------------------------------------------------------------------------------


def _simulate_flags(parser: ArgumentParser) -> None:
    _run_flags(parser, None)
    _at_flag(parser)
    _simulation_flags(parser)
    parser.add_argument("--save", metavar="FILE.nc", help="write the trajectory (netCDF-3)")
    parser.add_argument("--rerun", metavar="FILE.nc", help="run a saved file again, bit for bit")


def _simulation_flags(parser: ArgumentParser) -> None:
    _world_flags(parser)
    _replacement_flag(parser)
    parser.add_argument("--replicates", type=_scalar, metavar="R", help="default 10000")
    parser.add_argument("--seed", type=_scalar, metavar="S", help="a whole number; default: random")
    parser.add_argument("--literal", action="store_true",
                        help="draw every point instead of sufficient statistics")  # fmt: skip
    parser.add_argument("--workers", type=_scalar, metavar="W",
                        help="processes; they cannot change the answer (default 1)")  # fmt: skip


def _simulate(arguments: Namespace) -> int:
    from .worlds import world_from

    writable(arguments.save)
    writable(arguments.csv)
    world = world_from(arguments) if arguments.rerun is None else None
    trajectory = _trajectory(arguments, world) if world else _again(arguments)
    if arguments.save:
        trajectory.save(arguments.save)
    if arguments.csv:
        header = ("quantity", "generation", "mean", "standard_error", "variance", "nonfinite")
        write_csv(arguments.csv, header, trajectory_rows(trajectory))
    at = shown(arguments, trajectory.generations)
    show(arguments, lambda: trajectory_facts(trajectory), lambda: trajectory_text(trajectory, at),
         world)  # fmt: skip
    return OK


def _again(arguments: Namespace) -> Trajectory:
    from ..simulation import rerun
    from .flags import given

    asked = [arguments.replicates, arguments.seed, arguments.generations, arguments.real,
             arguments.components]  # fmt: skip
    flags = arguments.literal or arguments.replacement
    if given(arguments) or any(v is not None for v in asked) or flags:
        raise InputError("rerun takes everything from its file: give no loop, seed or size with it")
    with _executor(arguments.workers) as executor:
        return rerun(arguments.rerun, executor)


def _trajectory(
    arguments: Namespace, world: World, monitors: Sequence[Any] = ()
) -> Trajectory:
    from ..simulation import simulate

    seed = arguments.seed
    if seed is not None:
        whole(seed, "seed", 0)
    last = 10 if arguments.generations is None else arguments.generations
    replicates = 10_000 if arguments.replicates is None else arguments.replicates
    with _executor(arguments.workers) as executor:
        return simulate(
            world.loop, last, rng=seed, executor=executor, literal=arguments.literal,
            replicates=replicates, quantiles_at=_medians_at(last, replicates), monitors=monitors,
            real=world.rows, replacement=arguments.replacement,
        )  # fmt: skip


def _medians_at(last: Any, replicates: Any) -> list[int]:
    """Generations with medians: four, or the last alone where their raw values are many."""
    if not isinstance(last, int) or not isinstance(replicates, int):
        return []  # which `simulate` will refuse
    quarters = range(1, 5) if replicates <= MANY else range(4, 5)
    return sorted({round(last * k / 4) for k in quarters} - {0}) if last > 0 else []


@contextlib.contextmanager
def _executor(workers: Any) -> Iterator[Any]:
    """A pool of processes that leave Ctrl-C to this one; None for a single worker."""
    workers = 1 if workers is None else whole(workers, "workers", 1)
    if workers == 1:
        yield None
        return
    import signal
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)
    )
    with pool:
        yield pool


# -- compare -------------------------------------------------------------------------------------


def _compare_flags(parser: ArgumentParser) -> None:
    _run_flags(parser, None)
    _simulation_flags(parser)
    _numerical_flag(parser)
    parser.add_argument("--trajectory", metavar="FILE.nc", help="a saved run instead of a new one")
    parser.add_argument("--runs", metavar="FILE.csv", help="your own runs: columns replicate, "
                        "generation, mean, variance, …; or one column per generation")  # fmt: skip
    parser.add_argument("--quantity", metavar="NAME", help="the quantity (column) of --runs")
    parser.add_argument("--steps", action="store_true", help="test every single step as well")
    parser.add_argument("--level", type=_scalar, default=0.001, metavar="P",
                        help="chance of a false alarm (default 0.001)")  # fmt: skip


def _compare(arguments: Namespace) -> int:
    from ..comparison import DISAGREES as DISAGREE
    from ..comparison import compare

    writable(arguments.csv)
    trajectory, rows, world = _to_compare(arguments)
    prediction = _prediction(arguments, trajectory.loop, trajectory.generations, rows)
    comparison = compare(prediction, trajectory, level=arguments.level)
    if arguments.csv:
        names = ("quantity", "generation", "predicted", "measured", "standard_error", "z", "p",
                 "detectable", "note")  # fmt: skip
        write_csv(arguments.csv, names, ([getattr(c, n) for n in names] for c in comparison.cells))

    def data() -> dict[str, Any]:
        seed = trajectory.seed and trajectory.seed.entropy
        return {**comparison.to_dict(), "generations": trajectory.generations, "seed": seed,
                "cells": [vars(c) for c in comparison.cells], "clock": CLOCK}  # fmt: skip

    show(arguments, data, lambda: f"{comparison}\n{CLOCK}", world)
    return DISAGREES if comparison.verdict == DISAGREE else OK


def _to_compare(
    arguments: Namespace,
) -> tuple[Trajectory, dict[str, Any], World | None]:
    """What is compared, the rows that theory is told of, and the world of a new simulation.

    It is a saved run, the user's own runs, or a new simulation.
    """
    from ..trajectory import Trajectory
    from .worlds import told, world_from

    if arguments.trajectory and arguments.runs:
        raise InputError("compare takes --trajectory or --runs, got both")
    if arguments.trajectory or arguments.runs:
        own = ("seed", "replicates", "generations", "workers", "literal", "steps", "real",
               "replacement", "components")  # fmt: skip
        values = {name: getattr(arguments, name) for name in own}
        if said := [k for k, v in values.items() if v is not None and v is not False]:
            raise InputError(f"{said[0]} asks for a new simulation, but runs are given")
    if arguments.trajectory:
        trajectory = Trajectory.load(arguments.trajectory, loop=_loop_or_none(arguments))
        options = trajectory.options
        return trajectory, told(trajectory.loop, options.real, options.replacement), None
    if arguments.runs:
        return _own_runs(arguments), {}, None
    world = world_from(arguments)
    rows = told(world.loop, world.rows, arguments.replacement)
    monitors = []
    if arguments.steps:
        from ..steps import StepResiduals
        from ..theory import check_generations

        last = 10 if arguments.generations is None else check_generations(arguments.generations)
        monitors = [StepResiduals.of(world.loop, last, **rows)]
    return _trajectory(arguments, world, monitors), rows, world


def _loop_or_none(arguments: Namespace) -> FeedbackLoop | None:
    from .flags import given, loop_from

    return loop_from(arguments) if given(arguments) else None


def _own_runs(arguments: Namespace) -> Trajectory:
    from ..observables import defaults
    from ..runs import complete_arrays
    from ..trajectory import Trajectory
    from .flags import loop_from

    loop = loop_from(arguments)
    known = [o.label for o in defaults(loop.family)]
    arrays, first = complete_arrays(arguments.runs, arguments.quantity, known)
    return Trajectory.from_arrays(loop, first=first, **arrays)


# -- identify ------------------------------------------------------------------------------------


def _identify_flags(parser: ArgumentParser) -> None:
    from .identifying import add_identify_flags

    add_identify_flags(parser)


def _identify(arguments: Namespace) -> int:
    from .identifying import candidate_table, identified

    writable(arguments.csv)
    if writable(arguments.figure):
        from ..plotting import kind_of

        kind_of(arguments.figure)
    found = identified(arguments)
    if arguments.figure:
        found.plot(arguments.figure)
    if arguments.csv:
        write_csv(arguments.csv, *candidate_table(found))
    show(arguments, found.to_dict, lambda: str(found))
    return OK if found.ok else DISAGREES


# -- explore -------------------------------------------------------------------------------------


def _explore_flags(parser: ArgumentParser) -> None:
    from .exploring import add_explore_flags

    add_explore_flags(parser)


def _explore(arguments: Namespace) -> int:
    from .exploring import explored, explored_facts, explored_text

    writable(arguments.out)
    path = explored(arguments)
    show(arguments, lambda: explored_facts(path), lambda: explored_text(path))
    return OK


# -- reproduce, cite -----------------------------------------------------------------------------


def _reproduce_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--out", default="results", metavar="FOLDER", help="default: results")
    parser.add_argument("--full", action="store_true", help="the careful setting")
    parser.add_argument("--real", metavar="FILE.csv", help="real data for the Gaussian loops")
    parser.add_argument("--column", metavar="NAME", help="the column of --real")
    parser.add_argument("--points", metavar="FILE.csv", help="points to which the mixture of the "
                        "real world is fitted (default: a set that comes with statsmodels)")
    parser.add_argument("--corpus", metavar="FILE", nargs="+", help="text files (UTF-8) for the "
                        "loops of text; default: English text that Python carries")  # fmt: skip
    parser.add_argument("--seed", type=_scalar, metavar="S")
    parser.add_argument("--workers", type=_scalar, metavar="W")


def _reproduce(arguments: Namespace) -> int:
    from ..reproduction import reproduce

    if arguments.column is not None and arguments.real is None:
        raise InputError("column names a column of --real, which is not given")
    asked = {"full": arguments.full, "real": arguments.real, "column": arguments.column,
             "corpus": arguments.corpus, "points": arguments.points, "seed": arguments.seed,
             "workers": arguments.workers}  # fmt: skip
    result = reproduce(arguments.out, **{k: v for k, v in asked.items() if v is not None})
    show(arguments, result.to_dict, lambda: str(result))
    return OK if result.ok else DISAGREES


def _cite_flags(parser: ArgumentParser) -> None:
    from .flags import add_loop_flags

    add_loop_flags(parser)


PROGRAM = "yu2025"
"""The paper whose loop all of this is."""


def _cite(arguments: Namespace) -> int:
    from ..proof import theorems
    from .flags import loop_from

    loop = loop_from(arguments)
    applying = [t for t in theorems().values() if t.applies(loop) is None]
    keys = list(dict.fromkeys([PROGRAM, *(key for t in applying for key in t.cites)]))
    entries = bibtex(keys)
    show(
        arguments,
        lambda: {"loop": loop.to_dict(), "theorems": [t.name for t in applying], "bibtex": entries},
        lambda: "\n\n".join(entries.values()),
    )
    return OK


def bibtex(keys: Iterable[str]) -> dict[str, str]:
    """Key -> entry, from the bibliography of the paper, in which every key must stand."""
    from importlib import resources

    text = resources.files("hallofillusions.paper").joinpath("references.bib").read_text("utf-8")
    entries = {e.split("{", 1)[1].split(",", 1)[0].strip(): "@" + e.strip()
               for e in ("\n" + text).split("\n@")[1:]}  # fmt: skip
    return {key: entries[key] for key in keys}


# -- completion ----------------------------------------------------------------------------------


def _completion_flags(parser: ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", help="bash, zsh, fish, tcsh or powershell")


def _completion(arguments: Namespace) -> int:
    from .completion import script

    text = script(arguments.shell)
    show(arguments, lambda: {"shell": arguments.shell, "script": text}, lambda: text)
    return OK


LOOP = "--mixing FreshSplit --alpha 0.9 --n 100"
COMMANDS = {
    "derive": Command(
        "a theorem with its proof, or the exact recursion of a loop",
        f"hallofillusions derive {LOOP} --symbolic", _derive_flags, _derive,
    ),
    "predict": Command(
        "what theory says about every observable of a loop",
        f"hallofillusions predict {LOOP} --generations 50 --csv theory.csv",
        _predict_flags, _predict,
    ),
    "simulate": Command(
        "run a loop: sample, mix, refit",
        f"hallofillusions simulate {LOOP} --replicates 20000 --seed 1 --save run.nc",
        _simulate_flags, _simulate,
    ),
    "compare": Command(
        "theory against simulation; exit code 1 where they disagree",
        f"hallofillusions compare {LOOP} --steps", _compare_flags, _compare,
    ),
    "identify": Command(
        "which sentence your own runs speak; exit code 1 where the stated one is rejected",
        f"hallofillusions identify runs.csv {LOOP}", _identify_flags, _identify,
    ),
    "explore": Command(
        "theory under sliders: one HTML file that any browser opens",
        "hallofillusions explore --out explorer.html", _explore_flags, _explore,
    ),
    "reproduce": Command(
        "the main results: figures, tables, numbers and the paper, into a folder",
        "hallofillusions reproduce --out results", _reproduce_flags, _reproduce,
    ),
    "cite": Command(
        "the BibTeX of what a loop uses", f"hallofillusions cite {LOOP}", _cite_flags, _cite,
    ),
    "completion": Command(
        "the script that completes commands, flags and names in your shell",
        "hallofillusions completion bash > ~/.local/share/bash-completion/completions/"
        "hallofillusions", _completion_flags, _completion,
    ),
}  # fmt: skip
