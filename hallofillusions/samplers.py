"""Samplers: how a chain of characters becomes one generation's blocks of text.

An order-n chain gives each character a law given the n-1 before it, its *context*.  A *point* of
a loop of text is a block of fixed length, and n-grams are counted inside blocks only.  The
samplers differ in where the contexts come from, and with that in how much of the theory of one
row, the Wright-Fisher law with n_c draws in context c, is exact.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from .component import Component, find, near, shipped
from .symbols import InputError, whole


class Sampler(Component, ABC):
    """Where the contexts of a generation's characters come from."""

    structure: ClassVar[tuple[str, ...]] = ("length",)

    @abstractmethod
    def block(self, order: int) -> int:
        """Characters in one block of a chain of that order, its given context included."""

    def check(self, order: int) -> None:
        """Refuse an order whose n-grams do not fit into a block."""
        whole(order, "order", 1)


@dataclass(frozen=True)
class FreeRunning(Sampler):
    """One chain of text per generation, cut into blocks of ``length`` characters.

    The contexts are the model's own, so how often each comes, and whether it comes at all,
    drifts with the rows.  At order 1 the characters are independent and the theory is exact.  At
    higher orders n_c is random: the law with its mean in place of it is an approximation for
    n_c ≫ 1, and a few per cent low.
    """

    length: int = 1000

    def __post_init__(self) -> None:
        self._set(length=whole(self.length, "length", 1))

    def block(self, order: int) -> int:
        return self.length

    def check(self, order: int) -> None:
        super().check(order)
        if self.length < order:
            raise InputError(
                f"length must be at least the order, {order}, or a block holds no n-gram of it, "
                f"got {self.length}"
            )


@dataclass(frozen=True)
class Prompted(Sampler):
    """Each block is a context drawn from the real text, and ``length`` characters after it.

    Each of the ``length`` n-grams of a block ends in a generated character.  With ``length=1``
    every context is real: given how often each was drawn, the rows are independent and the theory
    of a row is exact for as long as its context is drawn at all (one that is not has no row in
    the next model).  Longer blocks run free after their first character and come the nearer to
    `FreeRunning` the longer they are, but every context of the real text keeps coming.
    """

    length: int = 50

    def __post_init__(self) -> None:
        self._set(length=whole(self.length, "length", 1))

    def block(self, order: int) -> int:
        return whole(order, "order", 1) - 1 + self.length


@dataclass(frozen=True)
class FixedContext(Sampler):
    """Each block is one character after a real context; the list of contexts never changes.

    The contexts stand at evenly spaced positions of the real training text.  While the sizes of
    the loop stay the same, context c gets the same n_c characters at every generation, so the
    rows of the maximum-likelihood chain are independent multinomial loops of sizes n_c: here the
    theory is exact at every order.
    """

    def block(self, order: int) -> int:
        return whole(order, "order", 1)


def named(text: str) -> Sampler:
    """The sampler that a text such as ``Prompted(50)`` or ``FixedContext`` names."""
    read = re.fullmatch(r"\s*([A-Za-z]+)\s*(?:\(\s*(\d*)\s*\))?\s*", text)
    known = shipped("samplers")
    if read is None or read[1] not in known:
        listed = f"; it is one of {', '.join(known)}, such as Prompted(50)"
        raise InputError(f"sampler has no {text!r}{near(text.split('(')[0], known, listed)}")
    cls = find("samplers", read[1])
    if read[2] and not cls.__dataclass_fields__:
        raise InputError(f"sampler {read[1]} takes no length, got {text!r}")
    sampler: Sampler = cls(int(read[2])) if read[2] else cls()
    return sampler
