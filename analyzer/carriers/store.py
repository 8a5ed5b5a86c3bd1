# SPDX-License-Identifier: GPL-2.0-only
"""Messages taken out of carriers, kept where they can be read again as packets of a capture can.

They lie in a file without a name, readable by nobody else, which the system takes back when the
program ends: what was decrypted is in no folder. In front of each message stand the packets that
carried it.
"""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path
from typing import Final

from analyzer.streams.model import Piece

_PIECE: Final = struct.Struct("<qIIHqI")  # offset in its file, frame, length, interface, time, wire
PIECE_SIZE: Final = _PIECE.size
_COUNT: Final = struct.Struct("<I")
MOST_PIECES: Final = 1 << 12
"""Packets kept of one message."""


class Store:
    """Appends entries, and reads them; any thread may read what was appended."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where the file lies; None for that of temporary files. Raises OSError."""
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  (`close` does)
        self.size = 0

    def append(self, content: bytes | bytearray) -> None:
        """Keep entries. Raises OSError."""
        view = memoryview(content)
        while view:
            written = os.pwrite(self._file.fileno(), view, self.size)
            self.size += written
            view = view[written:]

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of an entry, from its message's header on; none once it is closed. Raises
        OSError."""
        if self._file.closed:
            return b""
        return os.pread(self._file.fileno(), length, offset)

    def pieces(self, offset: int) -> tuple[Piece, ...]:
        """The packets that carried the message whose header stands at `offset`. Raises OSError."""
        if self._file.closed:
            return ()
        (count,) = _COUNT.unpack(self.read(offset - _COUNT.size, _COUNT.size))
        size = count * _PIECE.size
        return unpacked(self.read(offset - _COUNT.size - size, size))

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


def packed_pieces(pieces: tuple[Piece, ...]) -> bytes:
    """What stands in front of the header of a message."""
    kept = pieces[:MOST_PIECES]
    return b"".join((*map(packed, kept), _COUNT.pack(len(kept))))


def packed(piece: Piece) -> bytes:
    """A packet in PIECE_SIZE bytes."""
    place, frame, length = piece.offset, piece.frame, piece.length
    return _PIECE.pack(place, frame, length, piece.interface, piece.time, piece.wire)


def unpacked(pieces: bytes | bytearray) -> tuple[Piece, ...]:
    """Packets that `packed` packed."""
    return tuple(
        Piece(frame, interface, place, length, time, wire)
        for place, frame, length, interface, time, wire in _PIECE.iter_unpack(pieces)
    )
