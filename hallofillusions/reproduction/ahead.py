"""Compile ahead of use: ``python -m hallofillusions.reproduction.ahead``.

What numba compiles it compiles where it is first used, and keeps.  Here every run on text and on
mixtures is made as small as it can be, so that the main job finds its loops compiled: `make
install` does this as it compiles the rest to bytecode.
"""

from __future__ import annotations

import numpy as np

from .runs import Run, Scale

SMALL = Scale(1, 1, 1, 1, 1)


def text() -> None:
    """The loops that write and count text, and those that expect counts."""
    from ..corpus import Corpus
    from ..count_loops import log_moments
    from .claims import written
    from .texts import Cut, text_runs

    corpus = Corpus()
    for run in (*text_runs(SMALL, corpus), *written(SMALL, Cut.of(corpus))):
        make(run)
    log_moments(*np.full((3, 1), 0.5), 1.0)


def mixtures() -> None:
    """The loops of mixtures and of EM."""
    from .claims import claim_runs
    from .mixtures import mixture_runs

    for run in (*mixture_runs(SMALL), *claim_runs(SMALL)):
        make(run)


def make(run: Run) -> None:
    """One replicate of two generations."""
    from ..simulation import simulate

    simulate(run.loop, 2, observables=run.observables, replicates=1, rng=0, real=run.real,
             progress=False)  # fmt: skip


def main() -> None:
    """Both at once."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for begun in [pool.submit(text), pool.submit(mixtures)]:
            begun.result()


if __name__ == "__main__":
    main()
