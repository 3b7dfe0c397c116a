"""What is printed: recursions, predictions and trajectories as plain data and as plain text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..printing import cell, table, wrapped
from ..symbols import InputError

if TYPE_CHECKING:
    from ..loop import FeedbackLoop
    from ..prediction import Prediction
    from ..recursion import Recursion
    from ..trajectory import Trajectory

CLOCK = "g counts the fits made: g = 0 is the start (what papers call generation 0 is often g = 1)"


def plain(value: Any) -> Any:
    """Data as JSON can hold it: what is not a number is null, infinities are words."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    return value if value is None or isinstance(value, str | int | float) else str(value)


# -- recursions ----------------------------------------------------------------------------------


def recursion_facts(recursion: Recursion, symbolic: bool) -> dict[str, Any]:
    """Everything about a recursion, as text and numbers."""
    loop = recursion.loop
    numeric = not symbolic and not loop.free_symbols
    value = _reader(numeric and recursion.autonomous)
    C, c = recursion.matrix(symbolic), recursion.constant(symbolic)
    facts: dict[str, Any] = {
        "loop": str(loop), "monomials": list(recursion.names),
        "matrix": [[value(v) for v in C.row(i)] for i in range(C.rows)],
        "constant": [value(v) for v in c],
        "start": [value(v) for v in recursion.initial(symbolic)],
    }  # fmt: skip
    if recursion.first is not None:
        facts["first fit"] = [value(v) for v in recursion.after_first(symbolic)]
    if recursion.autonomous:
        point = recursion.fixed_point(symbolic)
        facts["fixed point"] = point and {k: value(v) for k, v in point.items()}
        facts["rates"] = [value(r) for r in recursion.rates(symbolic)]
        if numeric and any(c == "v" for c in recursion.names):
            facts["half-life of v"] = recursion.half_life()
    if numeric:
        facts["diagnosis"] = _diagnosis(loop)
    return facts


def _reader(numeric: bool) -> Callable[[Any], Any]:
    if not numeric:
        from ..latex import expression_text

        return expression_text
    return lambda v: float(v) if v.is_real else str(v.evalf(6))


def _diagnosis(loop: FeedbackLoop) -> str:
    from ..diagnosis import diagnose

    try:
        return str(diagnose(loop))
    except InputError as error:
        return f"no diagnosis: {error}"


def recursion_text(recursion: Recursion, facts: Mapping[str, Any]) -> str:
    lines = [wrapped(facts["loop"]), "", f"recursion ({_coordinates(recursion)}):"]
    for name, row, constant in zip(facts["monomials"], facts["matrix"], facts["constant"],
                                   strict=True):  # fmt: skip
        terms = [_product(v, f"E[{m}](g-1)") for v, m in zip(row, facts["monomials"], strict=True)]
        terms += [_product(constant, "")]
        lines.append(f"  E[{name}](g) = {total(terms)}")
    for key in ("start", "first fit"):
        if key in facts:
            pairs = zip(facts["monomials"], facts[key], strict=True)
            lines.append(f"{key}: {', '.join(f'E[{m}] = {cell(v)}' for m, v in pairs)}")
    if not recursion.autonomous:
        lines.append("the coefficients change with g: no fixed point, no rates")
    else:
        point = facts["fixed point"]
        lines.append("fixed point: " + ("none that is finite" if point is None else ", ".join(
            f"E[{m}] = {cell(v)}" for m, v in point.items())))  # fmt: skip
        lines.append(f"rates: {', '.join(map(cell, facts['rates']))}")
    if "half-life of v" in facts:
        lines.append(f"half-life of E[v]: {facts['half-life of v']:.4g} generations")
    if "diagnosis" in facts:
        lines.append(f"diagnosis: {facts['diagnosis']}")
    return "\n".join([*lines, CLOCK])


def _coordinates(recursion: Recursion) -> str:
    one_parameter = set(recursion.loop.family.variables) == {"delta"}
    return "delta = μ - μ₀" if one_parameter else "delta = μ - μ₀, v = σ²"


def _product(coefficient: Any, name: str) -> str:
    """One term of a sum, or "" if its coefficient vanishes."""
    text = cell(coefficient)
    if text == "0":
        return ""
    if not name or text == "1":
        return name or text
    return f"({text}) {name}" if " " in text else f"{text} {name}"


def total(terms: Iterable[str]) -> str:
    """Terms as a sum."""
    return " + ".join(t for t in terms if t).replace("+ -", "- ") or "0"


# -- predictions ---------------------------------------------------------------------------------


def prediction_facts(prediction: Prediction) -> dict[str, Any]:
    return {
        "loop": prediction.loop.to_dict(), "generations": prediction.generations,
        "quantities": {
            label: {"kind": str(prediction.entry(label).kind), "source":
                    prediction.entry(label).source, "values": prediction[label]}
            for label in prediction.known
        },
        "unknown": prediction.unknown, "clock": CLOCK,
    }  # fmt: skip


def prediction_text(prediction: Prediction, at: Sequence[int]) -> str:
    rows = [
        [label, *(float(prediction[label][g]) for g in at), str(prediction.entry(label).kind),
         prediction.entry(label).source]
        for label in prediction.known
    ]  # fmt: skip
    unknown = [f"{label}: {reason}" for label, reason in prediction.unknown.items()]
    header = ["expectation of", *(f"g = {g}" for g in at), "kind", "source"]
    return "\n".join([wrapped(prediction.loop), "", table(header, rows), *unknown, "", CLOCK])


# -- trajectories --------------------------------------------------------------------------------


def trajectory_rows(trajectory: Trajectory) -> Iterator[list[Any]]:
    for q in trajectory.quantities:
        columns = [getattr(trajectory, name)(q)
                   for name in ("mean", "standard_error", "variance", "nonfinite")]  # fmt: skip
        for i, g in enumerate(trajectory.g):
            yield [q, int(g), *(column[i].item() for column in columns)]


def trajectory_facts(trajectory: Trajectory) -> dict[str, Any]:
    table = trajectory.quantile_table
    return {
        "loop": trajectory.loop.to_dict(), "replicates": trajectory.replicates,
        "generation": trajectory.g, "seed": trajectory.seed and trajectory.seed.entropy,
        "literal": trajectory.literal, "literal_reason": trajectory.literal_reason,
        "quantities": {
            q: {"mean": trajectory.mean(q), "standard_error": trajectory.standard_error(q)}
            for q in trajectory.quantities
        },
        "medians": {
            m: dict(zip(("estimate", "lower", "upper"), trajectory.quantile(m), strict=True))
            for m in trajectory.medians
        },
        "median_generation": table.places, "remarks": dict(trajectory.remarks), "clock": CLOCK,
    }  # fmt: skip


def trajectory_text(trajectory: Trajectory, at: Sequence[int]) -> str:
    at = [g for g in at if g >= trajectory.first]

    def cell(q: str, g: int) -> str:
        i = g - trajectory.first
        mean, error = trajectory.mean(q)[i], trajectory.standard_error(q)[i]
        return f"{mean:.5g} ± {error:.2g}"

    rows = [[q, *(cell(q, g) for g in at)] for q in trajectory.quantities]
    how = f"every point drawn ({trajectory.literal_reason})" if trajectory.literal else (
        "sufficient statistics"
    )  # fmt: skip
    seed = f", seed {trajectory.seed.entropy}" if trajectory.seed else ""
    lines = [wrapped(trajectory.loop), f"{trajectory.replicates} replicates, {how}{seed}", ""]
    lines.append(table(["mean ± standard error of", *(f"g = {g}" for g in at)], rows))
    if trajectory.medians and trajectory.quantile_table.places:
        last = trajectory.quantile_table.places[-1]
        for label in trajectory.medians:
            estimate, lower, upper = (v[-1] for v in trajectory.quantile(label))
            lines.append(f"{label}, g = {last}: {estimate:.5g} (95 %: {lower:.5g} to {upper:.5g})")
    lines += [wrapped(f"{label} {remark}") for label, remark in trajectory.remarks.items()]
    return "\n".join([*lines, "", CLOCK])
