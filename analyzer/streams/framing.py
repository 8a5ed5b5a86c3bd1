# SPDX-License-Identifier: GPL-2.0-only
"""Messages in one direction of a CoAP stream (RFC 8323 clause 3.2).

    framing = CoapFraming(forward)
    for every chunk of the direction: found += framing.feed(chunk)     # Framed, Fault
    found += framing.end(time, frame)                                  # its FIN was read

Where bytes are missing, and where the capture joined in the middle, it is not known where a message
begins: the next is looked for at the beginning of the chunks that follow, as most senders begin a
segment with one. A chunk counts when messages fill it from its first byte to its last.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from analyzer.streams.model import Chunk, Fault, FaultKind, Framed, Piece
from dissectors.coap import wire
from dissectors.coap.beginning import plausible
from dissectors.coap.stream import MORE, NEVER, message_length
from dissectors.kernel import Rows, rows

LONGEST: Final = 16 << 20
"""Bytes of a message that is kept; a longer one is passed over."""
LONGEST_SOUGHT: Final = 64 << 10
"""Bytes of the first message after a hole; where a chunk begins with a longer one, none does."""
MOST_PIECES: Final = 4096
"""Packets remembered of one message."""

_OPTIONS: Final = 64
_DEFECTS: Final = 4

Found = list[Framed | Fault]


class Gathering:
    """Bytes of something whose length is known, or not yet, that comes in several chunks."""

    __slots__ = ("data", "need", "pieces", "skip")

    def __init__(self) -> None:
        self.data = bytearray()
        self.pieces: list[Piece] = []
        self.need = MORE
        """Bytes of the whole; MORE where that is not known."""
        self.skip = 0
        """Bytes to pass over before anything begins."""

    def begin(self, data: bytes, need: int, pieces: tuple[Piece, ...]) -> None:
        self.data = bytearray(data)
        self.pieces = list(pieces)
        self.need = need

    def add(self, data: bytes, pieces: tuple[Piece, ...]) -> None:
        self.data += data
        if len(self.pieces) < MOST_PIECES:
            known = self.pieces[-1:]
            self.pieces += [piece for piece in pieces if piece not in known]

    def clear(self) -> None:
        self.data = bytearray()
        self.pieces = []
        self.need = MORE

    def pass_over(self, lost: int) -> bool:
        """Bytes are missing: pass over what they were part of; False where its end is not known."""
        left = self.skip or (self.need - len(self.data) if self.data else 0)
        self.clear()
        self.skip = max(left - lost, 0)
        return 0 < lost <= left


class CoapFraming:
    """See the module."""

    __slots__ = ("_forward", "_gathered", "_seeking")

    def __init__(self, forward: bool) -> None:
        self._forward = forward
        self._gathered = Gathering()
        self._seeking = False

    def feed(self, chunk: Chunk) -> Found:
        """Take the next bytes; the messages that they complete, and what is wrong with them."""
        data, pieces = chunk.data, chunk.pieces
        gathered = self._gathered
        if chunk.lost and (self._seeking or not gathered.pass_over(chunk.lost)):
            gathered.clear()
            gathered.skip = 0
            self._seeking = True
        if self._seeking:
            sought = self._sought(data, pieces)
            if not sought:
                return []
            data, pieces = sought, tuple(gathered.pieces)
            gathered.clear()
            self._seeking = False
        if not gathered.data and not gathered.skip:
            return self._messages(data, 0, pieces, chunk)
        return self._continued(data, pieces, chunk)

    def end(self, time: int, frame: int) -> Found:
        """The sender sends no more."""
        gathered = self._gathered
        if (not gathered.data and not gathered.skip) or self._seeking:
            return []
        have, need = len(gathered.data), gathered.need
        whole = f" of {need}" if need > 0 else ""
        words = f"the stream ends inside a message: {have}{whole} bytes of it came"
        if gathered.skip:
            words = f"the stream ends inside a message: {gathered.skip} bytes are missing"
        frames = tuple(piece.frame for piece in gathered.pieces[:1]) or (frame,)
        gathered.clear()
        gathered.skip = 0
        return [Fault(FaultKind.FRAME_CUT, self._forward, time, frame, frames, words)]

    @property
    def held(self) -> int:
        """Bytes that are kept of a message that is not whole."""
        return len(self._gathered.data)

    def _messages(self, data: bytes, at: int, pieces: tuple[Piece, ...], chunk: Chunk) -> Found:
        """Whole messages from `at` on; what is left over is kept."""
        found: Found = []
        end = len(data)
        while at < end:
            length = message_length(data, at, end)
            if length < 0 or at + length > end:
                self._begin(data[at:], length, pieces, chunk, found)
                break
            message = data[at : at + length]
            found.append(Framed(message, pieces, chunk.time, chunk.frame, self._forward, False))
            at += length
        return found

    def _begin(
        self, data: bytes, length: int, pieces: tuple[Piece, ...], chunk: Chunk, found: Found
    ) -> None:
        """A message begins that is not whole, or cannot be one."""
        if length == NEVER:
            self._seeking = True
            words = "a message cannot begin with a token length of 15: the rest cannot be read"
            found.append(self._fault(FaultKind.FRAME, chunk, words))
        elif length > LONGEST:
            self._gathered.skip = length - len(data)
            words = f"a message of {length} bytes is passed over; {LONGEST} are kept at most"
            found.append(self._fault(FaultKind.TOO_LONG, chunk, words))
        else:
            self._gathered.begin(data, length, pieces)

    def _continued(self, data: bytes, pieces: tuple[Piece, ...], chunk: Chunk) -> Found:
        """Bytes of the message begun before, and those behind it."""
        gathered = self._gathered
        if gathered.skip:
            passed = min(gathered.skip, len(data))
            gathered.skip -= passed
            return self._messages(data, passed, pieces, chunk)
        have = len(gathered.data)
        if gathered.need == MORE:
            head = bytes(gathered.data) + data[:8]
            gathered.need = message_length(head, 0, len(head))
            if gathered.need == NEVER or gathered.need > LONGEST:
                whole = bytes(gathered.data) + data
                pieces = (*gathered.pieces, *pieces)
                gathered.clear()
                return self._messages(whole, 0, pieces, chunk)
        if gathered.need == MORE or have + len(data) < gathered.need:
            gathered.add(data, pieces)
            return []
        passed = gathered.need - have
        gathered.add(data[:passed], pieces)
        message, of = bytes(gathered.data), tuple(gathered.pieces)
        gathered.clear()
        framed = Framed(message, of, chunk.time, chunk.frame, self._forward, False)
        return [framed, *self._messages(data, passed, pieces, chunk)]

    def _sought(self, data: bytes, pieces: tuple[Piece, ...]) -> bytes:
        """Bytes that begin with a message, nothing for none; what may be one is kept meanwhile."""
        gathered = self._gathered
        if gathered.data:
            gathered.add(data, pieces)
            if len(gathered.data) < gathered.need:
                return b""
            whole = bytes(gathered.data)
            told = begins(whole)
            if told > 0:
                return whole
            if told == MORE:
                gathered.need = max(message_length(whole, 0, len(whole)), len(whole) + 1)
                return b""
            gathered.clear()
        told = begins(data)
        if told > 0:
            gathered.pieces = list(pieces)
            return data
        if told == MORE:
            need = max(message_length(data, 0, len(data)), len(data) + 1)
            gathered.begin(data, need, pieces)
        return b""

    def _fault(self, kind: FaultKind, chunk: Chunk, words: str) -> Fault:
        frames = tuple(piece.frame for piece in chunk.pieces[:1])
        return Fault(kind, self._forward, chunk.time, chunk.frame, frames, words)


@cache
def _room() -> tuple[Rows, Rows, Rows]:
    head, options = rows(wire.HEAD_SLOTS), rows(_OPTIONS * wire.OPTION_SLOTS)
    return head, options, rows(_DEFECTS * wire.DEFECT_SLOTS)


def begins(data: bytes) -> int:
    """Does `data` consist of messages, the last perhaps not whole? 1, 0, or MORE where the first is
    not whole yet."""
    head, options, defects = _room()
    codes, index = wire.code_table(), wire.option_table().index
    at, end = 0, len(data)
    while at < end:
        told = plausible(data, at, end, head, options, defects, codes, index)
        if told == 0:
            return 0
        length = message_length(data, at, end)
        if told == MORE:
            if at:
                return 1
            return MORE if length <= LONGEST_SOUGHT else 0
        at += length
    return 1
