# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of the files of a recording: copied to where the user wants them, or removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import BinaryIO, Final, NamedTuple

from analyzer.capture.writing import new_file

_PIECE: Final = 1 << 20


class Part(NamedTuple):
    """The first `length` bytes of a file, whole blocks; None for all of it."""

    path: str
    length: int | None = None


def save(parts: Sequence[Part], path: str) -> None:
    """Write files of a recording one after the other to `path`: sections of one pcapng file
    (draft-ietf-opsawg-pcapng section 3.2). What a ring has removed is left out.

    Raises WritingError; nothing is left then.
    """
    with new_file(path, [part.path for part in parts]) as out:
        for part in parts:
            with suppress(FileNotFoundError), open(part.path, "rb") as file:
                if part.length is None:
                    shutil.copyfileobj(file, out, _PIECE)
                else:
                    _copy(file, out, part.length)


def _copy(file: BinaryIO, out: BinaryIO, length: int) -> None:
    while length > 0 and (data := file.read(min(_PIECE, length))):
        out.write(data)
        length -= len(data)


def discard(paths: Iterable[str]) -> None:
    """Remove files of a recording that are still there. Raises OSError."""
    for path in paths:
        with suppress(FileNotFoundError):
            os.unlink(path)
