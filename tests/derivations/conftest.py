"""One wrong form of every theorem is tried at each change; all of them in the careful tier."""

from __future__ import annotations

from typing import Any

import pytest

WRONG = ("test_wrong_forms_have_no_proof", "test_wrong_entries_have_no_proof",
         "test_a_wrong_form_loses_its_proof")  # fmt: skip


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items: list[Any]) -> None:
    tried: set[str] = set()
    for item in items:
        if getattr(item, "originalname", "") in WRONG:
            name = str(next(v for v in item.callspec.params.values() if isinstance(v, str)))
            if name in tried:
                item.add_marker(pytest.mark.slow)
            tried.add(name)
