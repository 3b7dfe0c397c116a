"""Give the mapped folders their one name, so that no derivation is imported twice."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

LONGEST = ("test_the_folder_is_whole", "test_same_seed_same_numbers")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Alias `derivations.x` to `hallofillusions.derivations.x` before pytest imports it again."""
    path = getattr(collector, "path", None)
    root = Path(__file__).parent
    if path and path.suffix == ".py" and path.parent == root / "derivations":
        stem = "" if path.stem == "__init__" else "." + path.stem
        sys.modules["derivations" + stem] = importlib.import_module(
            "hallofillusions.derivations" + stem
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: getattr(item, "originalname", "") not in LONGEST)
