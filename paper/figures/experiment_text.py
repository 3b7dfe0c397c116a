"""The second experiment: character n-gram models of real text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hallofillusions.paper.figures._experiments import draw_readings
from hallofillusions.reproduction.results import Results, main


def draw(folder: Any) -> list[Path]:
    """Held-out perplexity: exp of the mean held-out loss."""
    results = Results.at(folder)
    return draw_readings(
        results, "claimstext", "experiment_text", lambda loss, truth: np.exp(loss),
        "held-out perplexity",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(draw))
