"""The first experiment: a mixture of Gaussians in the plane, refitted by EM."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hallofillusions.paper.figures._experiments import draw_readings
from hallofillusions.reproduction.results import Results, main


def draw(folder: Any) -> list[Path]:
    """Held-out loss above that of the truth, in nats a point."""
    return draw_readings(
        Results.at(folder), "claimsmixture", "experiment_mixture",
        lambda loss, truth: loss - truth, "nats above the truth",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(draw))
