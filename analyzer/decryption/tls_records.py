# SPDX-License-Identifier: GPL-2.0-only
"""Records of one direction of TLS: cut out of chunks, and found again behind a hole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from analyzer.streams.model import UNKNOWN
from dissectors.tls.numbers import ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE
from dissectors.tls.records import MOST_TLS, TLS_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.streams.model import Chunk, Piece

MOST_SKIPPED: Final = 64
"""Records that may be missing in one hole; behind more nothing is found again."""

_SMALLEST: Final = 24  # bytes of a protected record: header, tag and type of 1.3
_MOST_SEARCHED: Final = 2 * (MOST_TLS + TLS_HEADER)
_MOST_PIECES: Final = 64  # packets that are named of what is searched
_KINDS: Final = range(CHANGE_CIPHER_SPEC, APPLICATION_DATA + 1)
_KNOWN: Final = frozenset({CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA})


TlsRecord: TypeAlias = "tuple[int, int, bytes, tuple[Piece, ...]]"
"""One whole record: content type, version, what stands behind its header, and the packets."""


class Records:
    """Cuts one direction into records.

    `opens` tells whether a record that was found behind a hole is one: it authenticates, or no
    key is there to ask. Of what came, at most one record and a bit more is kept.
    """

    __slots__ = ("_opens", "_pieces", "_searching", "_skip", "_tail", "ended", "skipped")

    def __init__(self, opens: Callable[[int, int, bytes], bool]) -> None:
        self._opens = opens
        self._tail = b""
        self._pieces: tuple[Piece, ...] = ()  # that the tail came in
        self._skip = 0  # bytes of a record that a hole has cut
        self._searching = False
        self.ended = False
        """These are no records, or no more: nothing is read."""
        self.skipped = 0
        """Records that may be missing before the next one, at most."""

    @property
    def held(self) -> int:
        """Bytes kept of a record that is not whole."""
        return len(self._tail)

    def take(self, chunk: Chunk) -> Iterator[TlsRecord]:
        """The records that are whole with this chunk."""
        if chunk.lost:
            self._lose(chunk.lost)
        data, pieces = chunk.data, chunk.pieces
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        first = pieces
        if self._tail:
            data = self._tail + data
            first = self._pieces + pieces
            self._tail = b""
        at = 0
        size = len(data)
        if self._searching:
            at = self._found(data)
            self._pieces = first[-_MOST_PIECES:]
        begin = at
        while size - at >= TLS_HEADER and not self.ended:
            kind = data[at]
            end = at + TLS_HEADER + (data[at + 3] << 8 | data[at + 4])
            if kind not in _KINDS or data[at + 1] != 3 or end - at > MOST_TLS + TLS_HEADER:
                self.ended = True
                return
            if end > size:
                break
            fragment = data[at + TLS_HEADER : end]
            yield kind, 0x300 | data[at + 2], fragment, first if at == begin else pieces
            at = end
        if at < size and not self.ended:
            self._tail = data[at:]
            self._pieces = first if at == begin else pieces

    def _lose(self, lost: int) -> None:
        """A hole: it ends in a record whose length is known, or nobody knows where."""
        tail, self._tail, self._pieces = self._tail, b"", ()
        rest = self._skip
        if len(tail) >= TLS_HEADER:
            rest = TLS_HEADER + (tail[3] << 8 | tail[4]) - len(tail)
            self.skipped = min(self.skipped + 1, MOST_SKIPPED)
        self._skip = 0
        if 0 < lost <= rest and not self._searching:
            self._skip = rest - lost
            return
        self._searching = True
        more = MOST_SKIPPED if lost == UNKNOWN else (lost - rest) // _SMALLEST + 1
        self.skipped = min(self.skipped + more, MOST_SKIPPED)

    def _found(self, data: bytes) -> int:
        """Where a record begins again; the end while none does."""
        last = len(data) - TLS_HEADER
        at = 0
        first = -1  # that is not whole yet
        while 0 < (at := data.find(b"\x03", at + 1)) <= last + 1:
            begin = at - 1
            kind, minor = data[begin], data[at + 1]
            length = data[at + 2] << 8 | data[at + 3]
            if kind not in _KNOWN or not 1 <= minor <= 3 or not 0 < length <= MOST_TLS:
                continue
            fragment = data[begin + TLS_HEADER : begin + TLS_HEADER + length]
            if len(fragment) < length:
                first = begin if first < 0 else first
            elif self._opens(kind, 0x300 | minor, fragment):
                self._searching = False
                return begin
        self._wait(data, first)
        return len(data)

    def _wait(self, data: bytes, first: int) -> None:
        """Keep what may be the begin of a record for the next chunk."""
        begin = first if first >= 0 else max(0, len(data) - TLS_HEADER + 1)
        self._tail = data[begin:][-_MOST_SEARCHED:]
