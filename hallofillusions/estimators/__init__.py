"""Estimators: how a training set becomes a model, one small file per assumption."""

from typing import Any

from ..component import lazily, shipped


def __getattr__(name: str) -> Any:
    return lazily("estimators", name)


def __dir__() -> list[str]:
    return shipped("estimators")
