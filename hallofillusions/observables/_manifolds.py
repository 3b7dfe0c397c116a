"""What observables of nearest neighbours share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..symbols import whole
from ._on_data import AgainstReal


@dataclass(frozen=True)
class OfManifolds(AgainstReal):
    """A share of points inside the balls of the other sample; a ball reaches to the k-th nearest
    other point of its own sample."""

    k: int = 5
    structure: ClassVar[tuple[str, ...]] = ("k",)
    word: ClassVar[str] = ""

    def __post_init__(self) -> None:
        self._set(k=whole(self.k, "k", 1))

    @property
    def label(self) -> str:
        return f"{self.word} (k = {self.k})"

    def measure_on(self, family: Any, model: Any, data: Any) -> Any:
        return data.manifolds(self.k)[self.word]
