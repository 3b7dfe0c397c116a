"""What the results folder holds in words and in LaTeX: the table of theorems, numbers, equations.

Every number that the paper prints becomes a ``\\newcommand`` here and every equation comes from a
theorem's own statement, so that the paper's source holds neither.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


# -- equations ---------------------------------------------------------------------------------


def mark(record: Mapping[str, Any]) -> str:
    """The mark beside an equation: tick or cross for its proof and for its simulation, with z."""
    proof = r"\passed" if record["proof"]["ok"] else r"\failed"
    simulation = record["simulation"]
    verdict, z = simulation["verdict"], simulation["largest_z"]
    sign = {AGREES: r"\passed", DISAGREES: r"\failed"}.get(verdict, r"\untold")
    shown = f"{sign}{{{'' if z is None else f' {z:.1f}'}}}"
    return f"{proof}{{}} {shown}"


def statement_command(theorem: Theorem, record: Mapping[str, Any]) -> str:
    """The theorem as one command: what it needs, its equations, and its mark beside the last."""
    from ..latex import prose_latex, statement_latex

    assumed = "; ".join(map(prose_latex, theorem.assumptions))
    head = f"\\paragraph*{{{prose_latex(theorem.title)}.}} Assumed: {assumed}. {_evidence(record)}"
    body = "%\n".join(statement_latex(theorem, f"\\proofmark{{{mark(record)}}}"))
    return new_command(f"Statement{command(theorem.name)}", f"%\n{head}\n{body}%\n")


def _evidence(record: Mapping[str, Any]) -> str:
    """Proof and simulation in a sentence."""
    from ..latex import prose_latex

    proof, simulation = record["proof"], record["simulation"]
    words = f"proof of {number(proof['lines'])} lines" if proof["ok"] else "the proof fails"
    found = prose_latex(simulation["verdict"])
    if simulation["cells"]:
        fallen, total = simulation["rivals"]
        found = (
            f"simulation {found}, {number(simulation['cells'])} cells of at most "
            f"{number(simulation['replicates'])} runs, {fallen} of {total} rivals rejected"
        )
    return f"\\emph{{({prose_latex(record['kind'])}; {words}; {found})}}"


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


def loop_command() -> str:
    """The sentence at infinite n."""
    from ..latex import equation_latex, loop_equation

    body = equation_latex(loop_equation())
    body = f"%\n\\begin{{equation}}\\label{{eq:loop}}\n{body}\n\\end{{equation}}%\n"
    return new_command("TheLoop", body)


def table_command(records: Mapping[str, Mapping[str, Any]]) -> str:
    """All theorems as the rows of the paper's table."""
    from ..latex import prose_latex

    rows = []
    for name, record in records.items():
        simulation, proof = record["simulation"], record["proof"]
        sign = {AGREES: r"\passed{}", DISAGREES: r"\failed{}"}.get(
            simulation["verdict"], r"\untold{}"
        )
        fallen, total = simulation["rivals"]
        cells = [
            prose_latex(record["title"]) + f" \\eqref{{eq:{name}}}",
            prose_latex(record["kind"]), prose_latex(record["reference"]),
            r"\passed{}" if proof["ok"] else r"\failed{}", sign,
            "" if simulation["largest_z"] is None else f"{simulation['largest_z']:.1f}",
            number(simulation["replicates"]) if simulation["replicates"] else "",
            f"{fallen}/{total}" if total else "",
        ]  # fmt: skip
        rows.append(" & ".join(cells) + r" \\")
    return new_command("TheoremRows", "%\n" + "\n".join(rows) + "%\n")
