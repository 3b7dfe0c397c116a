"""A user's files: read with one sentence for whatever is wrong, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .symbols import InputError


def read_text(path: Any, *, offset: bool = False) -> str:
    """The text of a UTF-8 file without its byte order mark, or an `InputError` that says why not.

    A byte that is no UTF-8 is told with its line and, where ``offset`` is true, with its place.
    """
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (OSError, ValueError) as error:  # no path at all, such as one with a zero byte
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {why}") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        where = f"at offset {error.start}, in line {line}" if offset else f"in line {line}"
        raise InputError(
            f"{path} must be UTF-8 text, got the byte 0x{raw[error.start]:02x} {where}"
        ) from None
    if "\0" in text:
        raise InputError(f"{path} must be a text file, got zero bytes in it")
    return text.removeprefix("\ufeff")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside the path and of its kind, which takes its place where the block ends well.

    Whatever happens, nothing half-written is left.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
