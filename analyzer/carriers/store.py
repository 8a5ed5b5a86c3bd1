# SPDX-License-Identifier: GPL-2.0-only
"""Messages taken out of carriers, kept where they can be read again as packets of a capture can.

They lie in files without a name, readable by nobody else, which the system takes back when the
program ends: what was decrypted is in no folder. In front of each message stand the packets that
carried it. Of a live capture no more is kept than of its packets: the oldest go first.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO, Final

from analyzer.capture import CaptureError
from analyzer.capture.spool import last_room, size_text
from analyzer.streams.model import Piece
from analyzer.streams.pieces import PIECE_SIZE, packed, unpacked

_COUNT: Final = struct.Struct("<I")
_ONE: Final = _COUNT.pack(1)
MOST_PIECES: Final = 1 << 12
"""Packets kept of one message."""

PART: Final = 64 << 20
"""Bytes of one file."""


class Store:
    """Appends entries, and reads them; any thread may read what was appended.

    `folder`: where the files lie; None for that of temporary files. `most`: bytes kept, 0 for all.
    """

    def __init__(self, folder: Path | None = None, most: int = 0, part: int = PART) -> None:
        self._folder, self._most, self._part = folder, most, part
        self._files: deque[BinaryIO] = deque()
        self._first = 0  # number of the first file that is there
        self._lock = threading.Lock()
        self.size = 0

    def append(self, content: bytes | bytearray) -> None:
        """Keep entries. Raises CaptureError."""
        view = memoryview(content)
        try:
            while view:
                number, at = divmod(self.size, self._part)
                file = self._file(number)
                written = os.pwrite(file.fileno(), view[: self._part - at], at)
                self.size += written
                view = view[written:]
        except OSError as failure:
            raise CaptureError(
                f"What streams and secured datagrams carry cannot be kept ({failure.strerror}); "
                "make room, or set XDG_CACHE_HOME and TMPDIR to a larger disk."
            ) from failure

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of an entry, from its message's header on; none where they are gone. Raises
        OSError."""
        parts = []
        with self._lock:
            while length > 0:
                number, at = divmod(offset, self._part)
                if not self._first <= number < self._first + len(self._files):
                    return b""
                descriptor = self._files[number - self._first].fileno()
                data = os.pread(descriptor, min(length, self._part - at), at)
                if not data:
                    break
                parts.append(data)
                offset, length = offset + len(data), length - len(data)
        return b"".join(parts)

    def pieces(self, offset: int) -> tuple[Piece, ...]:
        """The packets that carried the message whose header stands at `offset`; none where they are
        gone. Raises OSError."""
        counted = self.read(offset - _COUNT.size, _COUNT.size)
        size = _COUNT.unpack(counted)[0] * PIECE_SIZE if counted else 0
        return unpacked(self.read(offset - _COUNT.size - size, size))

    def close(self) -> None:
        """Give the space back."""
        with self._lock:
            while self._files:
                self._files.popleft().close()
                self._first += 1

    def _file(self, number: int) -> BinaryIO:
        """The file that is written to; what it makes too much is given back."""
        with self._lock:
            if number == self._first + len(self._files):
                made = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                self._files.append(made)
                self._look_at_disk()
            while self._most and len(self._files) > 2 and self._kept() > self._most:
                self._files.popleft().close()
                self._first += 1
            return self._files[-1]

    def _kept(self) -> int:
        return len(self._files) * self._part

    def _look_at_disk(self) -> None:
        left = last_room(self._files[-1].fileno())
        if left is not None and self.size:
            raise CaptureError(
                "What streams and secured datagrams carry has filled the disk up to the last "
                f"{size_text(left)}; make room, or set XDG_CACHE_HOME and TMPDIR to a larger disk."
            )


def packed_pieces(pieces: tuple[Piece, ...]) -> bytes:
    """What stands in front of the header of a message."""
    if len(pieces) == 1:
        return packed(pieces[0]) + _ONE
    kept = pieces[:MOST_PIECES]
    return b"".join((*map(packed, kept), _COUNT.pack(len(kept))))
