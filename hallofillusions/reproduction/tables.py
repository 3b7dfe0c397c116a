"""What the results folder holds in words and in LaTeX: the table of theorems, numbers, equations.

Every number that the paper prints becomes a ``\\newcommand`` here and every equation comes from a
theorem's own statement, so that the paper's source holds neither.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..comparison import AGREES, DISAGREES

if TYPE_CHECKING:
    from ..proof import Theorem

DIGITS = dict(zip("0123456789", (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"), strict=True,
))  # fmt: skip
COLUMNS = ("theorem", "title", "kind", "reference", "proof", "simulation", "largest |z|",
           "replicates", "rivals rejected")  # fmt: skip


# -- the table of theorems ---------------------------------------------------------------------


def theorem_rows(records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row for each theorem, in plain words."""
    return [dict(zip(COLUMNS, _cells(name, r), strict=True)) for name, r in records.items()]


def _cells(name: str, record: Mapping[str, Any]) -> Iterator[str]:
    proof, simulation = record["proof"], record["simulation"]
    yield name
    yield record["title"]
    yield record["kind"]
    yield record["reference"]
    yield f"{proof['lines']} lines checked" if proof["ok"] else f"FAILS: {proof['error']}"
    yield simulation["verdict"]
    yield "" if simulation["largest_z"] is None else f"{simulation['largest_z']:.2f}"
    yield str(simulation["replicates"] or "")
    fallen, total = simulation["rivals"]
    yield f"{fallen} of {total}" if total else ""


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys as CSV text."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def as_markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """The table of theorems as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(list(row.values()) for row in rows)]
    cells = ([str(c).replace("|", r"\|").replace("\n", " ") for c in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


# -- names and numbers ---------------------------------------------------------------------------


def command(*words: str) -> str:
    """A name that TeX takes: ``command("sweep", "0.9")`` is ``SweepZeroPointNine``."""
    text = " ".join(words).replace(".", " point ").replace("-", " ").replace("σ", "sigma")
    text = re.sub(r"\d", lambda d: f" {DIGITS[d[0]]} ", text)
    parts = re.findall(r"[A-Za-z]+", text)
    return "".join(p[0].upper() + p[1:] for p in parts)


def number(value: Any, digits: int = 3) -> str:
    """A number for the text of the paper, with so many significant digits."""
    if isinstance(value, bool) or value is None:
        return "?"
    if isinstance(value, int):
        return f"{value:,}".replace(",", r"\,")
    if not math.isfinite(value):
        return r"$\infty$" if value > 0 else r"$-\infty$" if value < 0 else "?"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"${mantissa}\\times 10^{{{int(exponent)}}}$"
    rounded = f"{float(f'{value:.{digits}g}'):.10f}".rstrip("0").rstrip(".")
    return rounded if value >= 0 else f"${rounded}$"


def new_command(name: str, body: str) -> str:
    return f"\\newcommand{{\\{name}}}{{{body}}}"


def number_commands(values: Mapping[str, Any]) -> list[str]:
    """One ``\\newcommand`` for each value: text is escaped, numbers are rounded."""
    from ..latex import prose_latex

    return [
        new_command(name, prose_latex(v) if isinstance(v, str) else number(v))
        for name, v in values.items()
    ]


def last_values(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Settings of every run, and its quantities at the start and at the last generation."""
    found: dict[str, Any] = {}
    for record in records:
        name = command(record["study"], record["run"])
        found[f"{name}Replicates"] = record["replicates"]
        found[f"{name}Generations"] = record["generations"]
        if not isinstance(size := record["settings"]["n"], list):  # a schedule is no number
            found[f"{name}Points"] = size
        alpha = record["settings"]["mixing"].get("alpha")
        if alpha is not None and not isinstance(alpha, list):
            found[f"{name}Alpha"] = float(Fraction(alpha))
        for row in reversed(record["rows"]):
            found[f"{name}{command(row['quantity'])}Start"] = row["simulated"]
        last: dict[str, Any] = {row["quantity"]: row for row in record["rows"]}
        for quantity, row in last.items():
            label = name + command(quantity)
            found[f"{label}Simulated"] = row["simulated"]
            found[f"{label}Error"] = (row["upper"] - row["lower"]) / 2
            if row["theory"] is not None:
                found[f"{label}Theory"] = row["theory"]
    return found


def signs(record: Mapping[str, Any]) -> tuple[str, str]:
    """The commands that print a tick, a cross or a circle: for the proof, for the simulation."""
    verdict = record["simulation"]["verdict"]
    return (r"\passed" if record["proof"]["ok"] else r"\failed",
            {AGREES: r"\passed", DISAGREES: r"\failed"}.get(verdict, r"\untold"))  # fmt: skip


# -- equations ---------------------------------------------------------------------------------


def mark(record: Mapping[str, Any]) -> str:
    """The mark beside an equation: tick or cross for its proof and for its simulation, with z."""
    proof, sign = signs(record)
    z = record["simulation"]["largest_z"]
    shown = f"{sign}{{{'' if z is None else f' {z:.1f}'}}}"
    return f"{proof}{{}} {shown}"


MARKS = "\\lawmarks"
"""Stands in a printed law for marks that are not known yet."""


def printed(theorem: Theorem) -> dict[str, str]:
    """A theorem's equations in short, for the text, and at length, for the supplement."""
    from ..latex import gathered_latex, statement_latex

    name, equations = theorem.name, theorem.statement()
    return {"short": gathered_latex(name, equations, MARKS),
            "long": "%\n".join(statement_latex(name, equations, MARKS))}  # fmt: skip


def theorem_commands(name: str, record: Mapping[str, Any]) -> list[str]:
    """The theorem twice: in short for the text, at length (what it needs, who stated it) for the
    supplement.  Either has its equations, marked, and its evidence in a line."""
    from ..latex import prose_latex

    title = f"\\lawtitle{{{prose_latex(record['title'])}}}"
    assumed = "; ".join(map(prose_latex, record["assumptions"]))
    source = prose_latex(record["reference"])
    marks = f"\\proofmark{{{mark(record)}}}"
    short, long = (record["printed"][k].replace(MARKS, marks) for k in ("short", "long"))
    end = f"%\n\\evidence{{{_evidence(name, record)}}}%\n"
    label = command(name)
    return [
        new_command(f"Law{label}", f"%\n{title}\n{short}{end}"),
        new_command(f"Statement{label}",
                    f"%\n{title} Assumed: {assumed}. Stated before: {source}.\n{long}{end}"),
    ]  # fmt: skip


def _evidence(name: str, record: Mapping[str, Any]) -> str:
    """Kind, proof, simulation with z and runs, rivals, and where the derivation is."""
    from ..latex import prose_latex

    proof, simulation = record["proof"], record["simulation"]
    failed = "\\failed{} the proof fails"
    shown = f"{number(proof['lines'])} lines proved" if proof["ok"] else failed
    parts = [prose_latex(record["kind"]), shown]
    if simulation["cells"]:
        z, (fallen, total) = simulation["largest_z"], simulation["rivals"]
        largest = "" if z is None else f", $|z|\\le {z:.1f}$"
        parts += [f"simulation {prose_latex(simulation['verdict'])}{largest} in "
                  f"{number(simulation['cells'])} cells of up to "
                  f"{number(simulation['replicates'])} runs",
                  f"{fallen} of {total} rivals rejected"]  # fmt: skip
    else:
        parts.append(f"simulation: {prose_latex(simulation['verdict'])}")
    return "; ".join([*parts, _link(name)])


def _link(name: str) -> str:
    """To the file in which a theorem is derived."""
    shown = name.replace("_", r"\_\allowbreak{}")
    return f"\\derivation{{{name}}}{{{shown}}}"


def reading_commands() -> list[str]:
    """What each mixing claims of the training means, written by the claim itself."""
    import importlib

    from ..component import shipped
    from ..latex import equation_latex, mixing_equation

    found = []
    for name in shipped("mixing"):
        cls = getattr(importlib.import_module("hallofillusions.mixing"), name)
        equation = mixing_equation(cls)
        if equation is not None:
            label = f"eq:reading:{name}"
            body = (f"%\n\\begin{{equation}}\\label{{{label}}}\n"
                    f"{equation_latex(equation)}\n\\end{{equation}}%\n")  # fmt: skip
            found.append(new_command(f"Reading{command(name)}", body))
    return found


def recursion_command() -> str:
    """The moments of order two under exact counts of fresh points, as the engine composed them."""
    from ..families.gaussian import Gaussian
    from ..latex import recursion_latex
    from ..loop import FeedbackLoop
    from ..mixing.fresh_split import FreshSplit
    from ..symbols import lookup
    from ..theory import derive

    alpha, n, mu, sigma = map(lookup, ("alpha", "n", "mu_0", "sigma_0"))
    loop = FeedbackLoop(Gaussian(mu, sigma**2), mixing=FreshSplit(alpha=alpha), n=n)
    body = recursion_latex(derive(loop, monomials=[{"delta": 2}, {"v": 1}]))
    body = f"%\n\\begin{{equation}}\\label{{eq:recursion}}\n{body}\n\\end{{equation}}%\n"
    return new_command("RecursionFreshSplit", body)


def equation_commands(records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """All equations of the paper, and the table of theorems."""
    found = [loop_command(), recursion_command(), *reading_commands()]
    for name, record in records.items():
        found += theorem_commands(name, record)
    return [*found, table_command(records)]


def loop_command() -> str:
    """The sentence at infinite n."""
    from ..latex import equation_latex, loop_equation

    body = equation_latex(loop_equation())
    body = f"%\n\\begin{{equation}}\\label{{eq:loop}}\n{body}\n\\end{{equation}}%\n"
    return new_command("TheLoop", body)


def table_command(records: Mapping[str, Mapping[str, Any]]) -> str:
    """All theorems as the rows of the paper's table."""
    rows = [" & ".join(_table_cells(name, r)) + r" \\" for name, r in records.items()]
    return new_command("TheoremRows", "%\n" + "\n".join(rows) + "%\n")


def _table_cells(name: str, record: Mapping[str, Any]) -> Iterator[str]:
    """Title, equation, assumptions and who stated it; kind; proof; simulation; runs; rivals."""
    from ..latex import prose_latex

    simulation, proof = record["simulation"], record["proof"]
    proved, agreed = signs(record)
    fallen, total = simulation["rivals"]
    title, source = (prose_latex(record[key]) for key in ("title", "reference"))
    assumed = "; ".join(map(prose_latex, record["assumptions"]))
    yield (f"\\textbf{{{title}}} \\Ref{command(name)}{{}} {assumed} "
           f"\\emph{{Stated before:}} {source} {_link(name)}")  # fmt: skip
    yield prose_latex(record["kind"])
    z = simulation["largest_z"]
    yield f"{proved}{{}} {number(proof['lines'])}"
    yield f"{agreed}{{}}" + ("" if z is None else f" {z:.1f}")
    yield number(simulation["replicates"]) if simulation["replicates"] else ""
    yield f"{fallen}/{total}" if total else ""


# -- verdicts ------------------------------------------------------------------------------------

SHORT = {"holds": "yes", "fails": "no", "undecided": "?", "not applicable": "--"}


def claim_commands(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The claims about collapse: a table for each experiment, a row for each reading."""
    names = dict.fromkeys(row["experiment"] for row in rows)
    return [_grid(f"ClaimRows{command(name)}",
                  [r for r in rows if r["experiment"] == name],
                  lambda r: SHORT[r["verdict"]]) for name in names]  # fmt: skip


def definition_command(rows: Sequence[Mapping[str, Any]]) -> str:
    """The meanings of collapse, a row for each reading."""
    return _grid("DefinitionRows", rows, lambda r: "yes" if r["holds"] else "no")


def _grid(
    name: str, rows: Sequence[Mapping[str, Any]], word: Callable[[Mapping[str, Any]], str]
) -> str:
    """Readings against columns; a cell is a word and a number."""
    found: dict[str, list[str]] = {}
    for row in rows:
        size = "" if row["size"] is None else f" ({number(_rounded(row['size']), 2)})"
        found.setdefault(row["reading"], []).append(word(row) + size)
    lines = [" & ".join([reading, *cells]) + r" \\" for reading, cells in found.items()]
    return new_command(name, "%\n" + "\n".join(lines) + "%\n")


def _rounded(size: float) -> float:
    """A share below a thousandth is none to a reader of the table."""
    return 0.0 if abs(size) < 5e-4 else size


def claim_values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the claims by the names of their commands."""
    return {command("claim", r["experiment"], r["reading"], r["claim"]): r["size"]
            for r in rows if r["size"] is not None}  # fmt: skip


def definition_values(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the definitions by the names of their commands."""
    return {command("definition", r["reading"], r["definition"]): r["size"] for r in rows}
