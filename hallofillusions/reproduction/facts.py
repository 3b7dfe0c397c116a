"""What the main job found, as plain data and in words."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from typing import Any

from ..comparison import AGREES, DISAGREES, PARTLY, WEAK
from .work import ENDS, LEVEL, SHAPE, Data


def gathered(
    found: Mapping[tuple[str, str], Any], data: Data, full: bool, seed: int
) -> dict[str, Any]:
    """All results as plain data, in a fixed order."""
    from .claims import definitions, judged

    known = {name: {**fact, "simulation": found["simulation", name]}
             for (kind, name), fact in found.items() if kind == "law"}  # fmt: skip
    runs = [record for (kind, _), record in found.items() if kind == "run"]
    claims = {"claims": judged(runs, LEVEL), "definitions": definitions(runs, found[ENDS])}
    return {
        **claims,
        "seed": seed, "full": full, "level": LEVEL, "versions": versions(), "theorems": known,
        "runs": runs, "real": real_facts(found[SHAPE], data.described, runs),
        "text": {**data.corpus.describe(), "samples": found["text", "samples"]},
        "mixtures": {"pictures": found["mixtures", "pictures"], "described": data.cloud_described,
                     "summary": str(data.cloud), "cloud": cloud_facts(data.cloud),
                     **data.cloud.to_dict()},
    }  # fmt: skip


def versions() -> dict[str, str]:
    """Of Python and of the libraries that make the numbers, and the kind of machine."""
    names = ("hallofillusions", "numpy", "scipy", "statsmodels", "sympy")
    kind = platform.machine().replace("_", "-")
    found = {"python": platform.python_version(), "machine": f"{platform.system()} {kind}".strip()}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def real_facts(
    fit: Mapping[str, float], described: str, runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Where and by how much the Gaussian assumption fails: ``fit`` is from `describe_fit`."""
    last = {
        (run["run"], row["quantity"]): row for run in runs if run["study"] == "real"
        for row in run["rows"]
    }  # fmt: skip
    facts: dict[str, Any] = {"described": described, **fit}
    for shape in ("file", "Gaussian"):
        mean, square = (last[shape, q]["theory"] for q in ("variance", "squared variance"))
        spread = math.sqrt(max(square - mean**2, 0.0))
        key = "own_moments" if shape == "file" else "gaussian_moments"
        facts[key] = {"mean_variance": mean, "sd_variance": spread}
    for q in ("mean_variance", "sd_variance"):
        facts[f"{q}_ratio"] = facts["own_moments"][q] / facts["gaussian_moments"][q]
    return facts


def text_sentence(facts: Mapping[str, Any]) -> str:
    """What text the loops of text were trained on."""
    return (
        f"text: {facts['source']}, {facts['characters']:,} characters, {facts['alphabet_size']} "
        f"symbols, {facts['unknown_share']:.2%} unknown, {facts['held_out_share']:.0%} held out"
    )


def cloud_facts(cloud: Any) -> dict[str, Any]:
    """The rows and the mixture that was fitted to them, as plain numbers."""
    own = cloud.family.parameters()
    parts = {k: own[k].tolist() for k in ("weight", "mean", "covariance")}
    return {"rows": cloud.rows.tolist(), "held_out": list(map(list, cloud.family.held_out)),
            **parts}  # fmt: skip


def cloud_sentence(facts: Mapping[str, Any]) -> str:
    """What points the mixture of the real world was fitted to."""
    return f"points: {facts['described']}: {facts['summary']}"


def real_sentences(facts: Mapping[str, Any]) -> list[str]:
    """The same in words."""
    return [
        f"real data: {facts['described']}, {facts['rows']:.0f} rows used as a fixed pool (a "
        f"finite file is never fresh); skewness {facts['skewness']:.3g}, excess kurtosis "
        f"{facts['excess_kurtosis']:.3g} (Gaussian: 0, 0), Jarque-Bera p "
        f"{facts['jarque_bera_p']:.2g}; beyond 2 sd {facts['tail_beyond_2']:.2%} of the rows "
        f"(Gaussian {facts['gaussian_tail_beyond_2']:.2%}), beyond 3 sd "
        f"{facts['tail_beyond_3']:.2%} (Gaussian {facts['gaussian_tail_beyond_3']:.2%})",
        f"real data: with the file's own moments the loop's E σ² is "
        f"{facts['mean_variance_ratio']:.3f} and its sd of σ² {facts['sd_variance_ratio']:.3f} "
        f"times what rows of a Gaussian shape would give",
    ]


def numbers(records: Mapping[str, Any]) -> dict[str, Any]:
    """Every number of the paper by its command's name."""
    from .tables import claim_values, command, definition_values, last_values

    known, runs = records["theorems"], records["runs"]
    counted = tally(known, runs)
    values: dict[str, Any] = {
        "JobSeed": str(records["seed"]), "JobLevel": records["level"],
        "JobSetting": "careful" if records["full"] else "quick",
        **{command("job theorems", k): v for k, v in counted["theorems"].items()},
        **{command("job runs", k): v for k, v in counted["runs"].items()},
        **{command("version", k): v for k, v in records["versions"].items()},
    }  # fmt: skip
    values |= last_values(runs)
    for name, record in known.items():
        values[f"{command(name)}Lines"] = record["proof"]["lines"]
        values[f"{command(name)}Runs"] = record["simulation"]["replicates"]
    for key, value in records["real"].items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        values |= {command("real", key, part): v for part, v in parts}
    values |= {command("text", key): v for key, v in records["text"].items()
               if isinstance(v, int | float) or key == "source"}  # fmt: skip
    values["RealRows"] = int(records["real"]["rows"])
    values |= {command("cloud", key): records["mixtures"][key]
               for key in ("components", "rows", "held_out", "described")}  # fmt: skip
    values |= claim_values(records["claims"]) | definition_values(records["definitions"])
    values["PicturePoints"] = records["mixtures"]["pictures"]["replace"]["n"]
    return values


def tally(known: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    verdicts = [r["simulation"]["verdict"] for r in known.values()]
    fallen = [r["simulation"]["rivals"] for r in known.values()]
    own = [r["verdict"] for r in runs if any(q["cells"] for q in r["quantities"].values())]
    return {
        "theorems": {
            "count": len(known), "proved": sum(r["proof"]["ok"] for r in known.values()),
            "lines": sum(r["proof"]["lines"] for r in known.values()),
            "agreeing": verdicts.count(AGREES), "disagreeing": verdicts.count(DISAGREES),
            "weak": len(verdicts) - verdicts.count(AGREES) - verdicts.count(DISAGREES),
            "rivals": sum(t for _, t in fallen), "rivals_rejected": sum(f for f, _ in fallen),
            "cells": sum(r["simulation"]["cells"] for r in known.values()),
        },
        "runs": {
            "count": len(own), "measured_only": len(runs) - len(own),
            "agreeing": own.count(AGREES) + own.count(PARTLY),
            "disagreeing": own.count(DISAGREES), "weak": own.count(WEAK),
        },
    }  # fmt: skip


def finite(value: Any) -> Any:
    """The same data with text where JSON has no number: inf and nan."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
