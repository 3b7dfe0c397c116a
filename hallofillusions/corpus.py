"""A corpus: real text as symbols 0 … K-1, part of it held out."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from .component import Component, fields_of
from .files import read_text
from .symbols import InputError, as_number, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Symbols = NDArray[np.uint8]

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""What stands for every character outside the alphabet."""
BLOCK = 2000
"""Characters of a block of the split, where a text is long enough for fifty of them."""
MOST = 254
"""Characters besides the unknown one that leave a byte for each symbol, and one byte to spare."""


@dataclass(frozen=True)
class Corpus(Component):
    """Real text, coded by a stated alphabet and cut into blocks, part of them held out.

    ======== ===================================================================================
    files    UTF-8 files, joined by an empty line; none (and no ``text``): the default corpus, the
             English text of the standard library's ``pydoc_data.topics``
    text     the text itself, instead of files
    fold     case folding (``str.casefold``): upper and lower case are one character
    spaces   every run of white space, line ends too, is one space
    rarest   characters that occur less often than this are the unknown symbol, as are all but
             the 254 commonest; 1 keeps every character that can be kept
    held_out share of the blocks that are held out
    block    characters of one block of this split: 2000, or a fiftieth of a shorter text
    sha256   of the raw text's UTF-8 bytes: filled in, or checked where it is given, so that a
             corpus that was written to a file is refused once its text has changed
    ======== ===================================================================================

    The alphabet is that of the *whole* text, so a symbol of the held-out part may be one that
    training never saw: the maximum-likelihood chain's perplexity is then infinite, which is the
    true answer.  The unknown symbol always belongs to it (as ``<UNK>`` does to nltk's), so that
    any text can be coded; what becomes unknown is counted (`unknown_share`), never dropped.

    The split keeps neighbours together: the text is cut into blocks of that many characters (the
    last takes what is left over), the held-out ones lie evenly between the others, and each side
    is the list of its unbroken pieces.  No character belongs to both sides and every n-gram to
    one, but for those that cross a seam, which belong to none.
    """

    files: tuple[str, ...] = ()
    text: str | None = None
    fold: bool = True
    spaces: bool = True
    rarest: int = 2
    held_out: float = 0.2
    block: int | None = None
    sha256: str | None = None

    structure: ClassVar[tuple[str, ...]] = (
        "files", "text", "fold", "spaces", "rarest", "held_out", "block", "sha256",
    )  # fmt: skip

    def __post_init__(self) -> None:
        self._set(
            files=_checked_files(self.files),
            text=_checked_text(self.text),
            fold=_truth_value(self.fold, "fold"),
            spaces=_truth_value(self.spaces, "spaces"),
            rarest=whole(self.rarest, "rarest", 1),
            held_out=_share(self.held_out),
            block=self.block if self.block is None else whole(self.block, "block", 1),
        )
        if self.files and self.text is not None:
            raise InputError("files and text must not both be given, got both")
        raw = _raw_text(self.files, self.text)
        self._set(sha256=self._checked_hash(raw))
        vars(self)["raw"] = raw  # what the property would read again
        self._check_variety()
        self._check_split()

    # -- the text -----------------------------------------------------------------------------

    @cached_property
    def raw(self) -> str:
        """The text as it was read, of which `sha256` is the hash."""
        raw = _raw_text(self.files, self.text)
        self._checked_hash(raw)
        return raw

    @property
    def prepared(self) -> str:
        """The text that is coded: `raw` after ``fold`` and ``spaces``."""
        return self._prepare(self.raw)

    @property
    def alphabet(self) -> tuple[str, ...]:
        """The characters, sorted, and last the unknown symbol: symbol i is ``alphabet[i]``."""
        return self._coding.alphabet

    @property
    def size(self) -> int:
        """K, the number of symbols, the unknown one included."""
        return len(self.alphabet)

    @property
    def coded(self) -> Symbols:
        """The whole text, coded."""
        return self._coding.symbols

    @property
    def unknown_share(self) -> float:
        """The share of the text's characters that became the unknown symbol."""
        return float(np.mean(self.coded == self.size - 1))

    @property
    def source(self) -> str:
        """Where the text comes from, in words."""
        if self.text is not None:
            return "text given directly"
        if self.files:
            return ", ".join(self.files)
        return (
            "English text of the standard library's pydoc_data.topics, "
            f"Python {platform.python_version()}"
        )

    @cached_property
    def _coding(self) -> Coding:
        return _code(self.raw, self.fold, self.spaces, self.rarest)

    def _prepare(self, text: str) -> str:
        return _prepare(text, self.fold, self.spaces)

    # -- symbols ------------------------------------------------------------------------------

    def encode(self, text: str) -> Symbols:
        """The symbols of any text, folded and spaced as the corpus is."""
        if not isinstance(text, str):
            raise InputError(f"text must be text, got {text!r}")
        return _encode(self._prepare(text), self.alphabet)

    def decode(self, symbols: Any) -> str:
        """The text of a row of symbols."""
        row = np.asarray(symbols)
        if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
            raise InputError(
                f"symbols must be one row of whole numbers, got {row.dtype} of shape {row.shape}"
            )
        if row.size and (row.min() < 0 or row.max() >= self.size):
            bad = row[(row < 0) | (row >= self.size)][0]
            raise InputError(f"symbols must be from 0 to {self.size - 1}, got {bad}")
        points: NDArray[np.uint32] = _code_points("".join(self.alphabet))
        return points[row.astype(np.intp)].tobytes().decode("utf-32-le")

    # -- the split ----------------------------------------------------------------------------

    @cached_property
    def training(self) -> tuple[Symbols, ...]:
        """The unbroken pieces of the text that are trained on."""
        return self._pieces(held=False)

    @cached_property
    def held_out_blocks(self) -> tuple[Symbols, ...]:
        """The unbroken pieces of the text that are held out."""
        return self._pieces(held=True)

    def blocks(self, length: int) -> Symbols:
        """The training pieces as disjoint blocks: an array (count, ``length``).

        What remains at the end of a piece is too short and is left out: `left_over` counts it.
        """
        return _cut(self.training, length, "training")

    def held(self, length: int) -> Symbols:
        """The held-out pieces as disjoint blocks, as `blocks`."""
        return _cut(self.held_out_blocks, length, "held-out")

    def left_over(self, length: int) -> dict[str, int]:
        """How many characters of either side `blocks` and `held` leave out at that length."""
        length = whole(length, "length", 1)
        return {
            "training": sum(len(piece) % length for piece in self.training),
            "held-out": sum(len(piece) % length for piece in self.held_out_blocks),
        }

    def describe(self) -> dict[str, Any]:
        """What the corpus is: its source and hash, its alphabet and the sizes of both sides."""
        training, held = (sum(map(len, side)) for side in (self.training, self.held_out_blocks))
        return {
            "source": self.source,
            "sha256": self.sha256,
            "characters": len(self.coded),
            "alphabet": "".join(self.alphabet),
            "alphabet_size": self.size,
            "unknown_share": self.unknown_share,
            "training_characters": training,
            "training_pieces": len(self.training),
            "held_out_characters": held,
            "held_out_pieces": len(self.held_out_blocks),
            "held_out_share": held / (training + held),
        }

    @property
    def _block(self) -> int:
        """Characters of one block of the split."""
        return self.block or min(BLOCK, max(1, len(self.coded) // 50))

    @property
    def _count(self) -> int:
        """Blocks of the split."""
        return len(self.coded) // self._block

    @property
    def _held_count(self) -> int:
        """Held-out blocks among them."""
        return round(self.held_out * self._count)

    def _pieces(self, *, held: bool) -> tuple[Symbols, ...]:
        """Neighbouring blocks of one side, merged."""
        sides = enumerate(evenly(self._held_count, self._count))
        runs = [(side, [i for i, _ in run]) for side, run in groupby(sides, lambda pair: pair[1])]
        ends = [*((run[-1] + 1) * self._block for _, run in runs[:-1]), len(self.coded)]
        return tuple(
            self.coded[run[0] * self._block : end]
            for (side, run), end in zip(runs, ends, strict=True)
            if side is held
        )

    # -- checks -------------------------------------------------------------------------------

    def _checked_hash(self, raw: str) -> str:
        """The hash of the text, which must be the one that was given, if one was."""
        found = hashlib.sha256(raw.encode()).hexdigest()
        if self.sha256 is not None and self.sha256 != found:
            raise InputError(
                f"sha256 must be that of the text ({self.source}), {found}, got {self.sha256!r}: "
                f"it is not the text that it was"
            )
        return found

    def _check_variety(self) -> None:
        """Refuse a text without anything to learn: one character, or nothing but unknown ones."""
        if len(np.unique(self.coded)) > 1:
            return
        if self.size > 1:
            raise InputError(
                f"the text ({self.source}) must have at least 2 different characters, got "
                f"{self.alphabet[0]!r} alone"
            )
        raise InputError(
            f"rarest must leave some character of the text ({self.source}) known, got "
            f"{self.rarest}: all of its {len(self.coded)} characters are rarer"
        )

    def _check_split(self) -> None:
        """Refuse a text with too few blocks for a training and a held-out part."""
        size, count, held = len(self.coded), self._count, self._held_count
        if count == 0:
            raise InputError(
                f"block must be at most the text's {size} characters, got {self._block}"
            )
        if not 0 < held < count:
            raise InputError(
                f"the text ({self.source}) must have blocks to train on and blocks to hold out, "
                f"got {size} characters, which is {count} of block={self._block}, of which "
                f"held_out={self.held_out:g} is {held}"
            )

    # -- text and files -----------------------------------------------------------------------

    def __repr__(self) -> str:
        """The fields that are not the default, without the hash, which they give."""
        return self._written(self.text)

    def __str__(self) -> str:
        """The same with a long text cut short."""
        long = self.text is not None and len(self.text) > 40
        return self._written(f"{self.text[:40]}…" if long else self.text)  # type: ignore[index]

    def _written(self, text: str | None) -> str:
        values = {f.name: getattr(self, f.name) for f in fields_of(self)
                  if f.name != "sha256" and getattr(self, f.name) != f.default}  # fmt: skip
        if "text" in values:
            values["text"] = text
        return f"Corpus({', '.join(f'{k}={v!r}' for k, v in values.items())})"

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what was decoded stays where it was."""
        return {f.name: getattr(self, f.name) for f in fields_of(self)}


def as_corpus(value: Any) -> Corpus:
    """A `Corpus` as it is, or that of a file, of several or (None) the default one."""
    if value is None:
        return Corpus()
    if isinstance(value, Corpus):
        return value
    if isinstance(value, str | os.PathLike):
        return Corpus(files=(str(value),))
    if isinstance(value, list | tuple):
        return Corpus(files=tuple(value))
    raise InputError(f"corpus must be a Corpus or files, got {value!r}")


class Coding(NamedTuple):
    """An alphabet, and a whole text in it."""

    alphabet: tuple[str, ...]
    symbols: Symbols


# -- coding ------------------------------------------------------------------------------------


def _prepare(text: str, fold: bool, spaces: bool) -> str:
    text = text.casefold() if fold else text
    return re.sub(r"\s+", " ", text) if spaces else text


@lru_cache(maxsize=8)
def _code(raw: str, fold: bool, spaces: bool, rarest: int) -> Coding:
    """The alphabet of a text and the text in it."""
    text = _prepare(raw, fold, spaces)
    alphabet = _alphabet(text, rarest)
    symbols = _encode(text, alphabet)
    symbols.flags.writeable = False  # all corpora of this text share it
    return Coding(alphabet, symbols)


def _alphabet(text: str, rarest: int) -> tuple[str, ...]:
    """The characters that occur ``rarest`` times, the commonest 254 of them, and the unknown."""
    counts = np.bincount(_code_points(text))
    counts[ord(UNKNOWN) : ord(UNKNOWN) + 1] = 0
    order = np.argsort(-counts, kind="stable")[:MOST]
    return (*(chr(c) for c in sorted(order[counts[order] >= rarest])), UNKNOWN)


def _encode(text: str, alphabet: tuple[str, ...]) -> Symbols:
    """Symbols by a table of code points, whose last entry serves all beyond it."""
    *known, unknown = range(len(alphabet))
    points = _code_points("".join(alphabet[:-1]))
    table = np.full(int(points.max(initial=0)) + 2, unknown, dtype=np.uint8)
    table[points] = known
    return table[np.minimum(_code_points(text), len(table) - 1)]


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def evenly(chosen: int, count: int) -> list[bool]:
    """``chosen`` of ``count`` places, each in the middle of its share of them."""
    passed = [(2 * i * chosen + count) // (2 * count) for i in range(count + 1)]
    return [after > before for before, after in pairwise(passed)]


def _cut(pieces: tuple[Symbols, ...], length: int, side: str) -> Symbols:
    length = whole(length, "length", 1)
    rows = [piece[: len(piece) // length * length].reshape(-1, length) for piece in pieces]
    blocks: Symbols = np.concatenate(rows)
    if not len(blocks):
        raise InputError(
            f"length must be at most the longest {side} piece of the corpus, "
            f"{max(map(len, pieces))} characters, got {length}"
        )
    return blocks


# -- reading -----------------------------------------------------------------------------------


def _raw_text(files: tuple[str, ...], text: str | None) -> str:
    if text is not None:
        return text
    return "\n\n".join(map(_file_text, files)) if files else _default_text()


def _default_text() -> str:
    """Public English text that every Python has, and that differs from version to version."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise InputError(
            "files or text must be given: this Python lacks pydoc_data.topics, the default corpus"
        ) from None
    return "\n\n".join(topics[name] for name in sorted(topics))


def _file_text(name: str) -> str:
    text = read_text(name, offset=True)
    if not text.strip():
        raise InputError(f"{name} must hold text, got an empty file")
    return text


def _checked_files(files: Any) -> tuple[str, ...]:
    wants = "files must be a list of file names"
    if not isinstance(files, list | tuple):
        raise InputError(f"{wants}, got {files!r}")
    for name in files:
        if not isinstance(name, str | os.PathLike) or not str(name):
            raise InputError(f"{wants}, got {name!r} in it")
    return tuple(map(str, files))


def _checked_text(text: Any) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise InputError(f"text must be text, got {type(text).__name__}")
    if not text.strip():
        raise InputError("text must hold some text, got an empty one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"text must be Unicode, got half a surrogate pair at character {error.start}"
        ) from None
    return text


def _truth_value(value: Any, argument: str) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{argument} must be true or false, got {value!r}")
    return bool(value)


def _share(value: Any) -> float:
    share = as_number(value, "held_out", "a number in (0, 1)")
    if not 0 < share < 1:
        raise InputError(f"held_out must be a number in (0, 1), got {value!r}")
    return share
