"""Starts: what model 0 is.  Any member of the family may stand in their place."""

from __future__ import annotations

from dataclasses import dataclass

from .component import Component


@dataclass(frozen=True)
class Truth(Component):
    """Model 0 is the real law itself, so a sampling bias acts at the first fit already.

    A growing pool has no synthetic points to begin with: its first n points are real and
    faithful, as under `FirstFit`.
    """


@dataclass(frozen=True)
class FirstFit(Component):
    """Model 1 is fitted on n real points, whatever the bias; the loop proper begins at g = 2.

    `FixedReal` takes its fixed points and fresh ones up to n; `FixedPool` takes n rows of its
    pool, drawn with replacement.
    """


@dataclass(frozen=True)
class Memory(Component):
    """Model 1 is the fit of the fixed set (`FixedReal`) or the whole pool (`FixedPool`) alone."""
