"""A closed form that is slightly wrong must lose its proof."""

from __future__ import annotations

from typing import Any

import pytest

from hallofillusions.proof import ProofError


def loses_its_proof(
    home: Any, form: str, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The theorem of the module ``home`` cannot be proved with ``wrong`` of its own ``form``."""
    monkeypatch.setattr(home, form, wrong(getattr(home, form)))
    with pytest.raises(ProofError):
        home.theorem.prove()
