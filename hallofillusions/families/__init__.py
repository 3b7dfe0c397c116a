"""Families: what a model is, one small file per assumption."""

from typing import Any

from ..component import lazily, shipped


def __getattr__(name: str) -> Any:
    return lazily("families", name)


def __dir__() -> list[str]:
    return shipped("families")
