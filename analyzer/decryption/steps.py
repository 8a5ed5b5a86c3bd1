# SPDX-License-Identifier: GPL-2.0-only
"""The handshakes of a protected flow step by step: what its packets were, in the order of the
capture.

A step is kept in a few bytes. Of a flow the first MOST_FIRST and the last MOST_LAST are, of all
flows together MOST_BYTES; what is left out is counted.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.decryption.step_facts import facts_of
from analyzer.streams.pieces import PIECE_SIZE, packed, unpacked
from dissectors.tls import numbers
from dissectors.tls.handshake import ServerHello

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.decryption.security import Security
    from analyzer.streams.model import Piece
    from dissectors.tls.handshake import Fragment, Message

MOST_FIRST: Final = 64
MOST_LAST: Final = 64
MOST_BYTES: Final = 64 << 20
"""Bytes that the steps of all flows of a capture take, what Python adds included."""

MOST_PIECES: Final = 16
"""Packets kept of one step: fragments of IP, or segments of TCP."""

MOST_FACTS: Final = 400
"""Bytes of words about a step."""

_STEP: Final = struct.Struct("<qIqIHBBhhB")
_OVERHEAD: Final = 41  # of an object, and of its place in a list
_FORWARD, _SEALED, _PARTIAL, _RETRY = 1, 2, 4, 8
_HELLOS: Final = (numbers.CLIENT_HELLO, numbers.HELLO_VERIFY_REQUEST)
"""Messages that may come with the number of another one (RFC 6347 clause 4.2.1)."""


NO_PACKET: Final[tuple[int, int, tuple[Piece, ...]]] = (0, 0, ())
"""Frame, time and packets of none."""


class Step(NamedTuple):
    """A message of a handshake or a piece of one, a ChangeCipherSpec, an alert. `time` in ns, as
    captured. What peers sent is not escaped."""

    frame: int
    time: int
    forward: bool
    """From the client."""
    epoch: int
    """Of its record; in TLS 1 where it is protected."""
    kind: int
    """The content type of its record."""
    message: int
    """The type of a handshake message, the description of an alert; -1 where nobody can read it."""
    level: int
    """Of an alert, -1 where nobody can read it."""
    sealed: bool
    """It is encrypted, and no key opens it."""
    partial: bool
    """It is a piece of a message."""
    retry: bool
    """It is a ServerHello that asks for another ClientHello (RFC 8446 clause 4.1.4)."""
    again: int
    """The frame in which it was sent first, 0 for none."""
    facts: str
    pieces: tuple[Piece, ...]
    """The packets that carried it, the one that completed it last."""

    @property
    def name(self) -> str:
        """`ClientHello`, `Alert (Fatal: Handshake Failure)`."""
        if self.kind == numbers.ALERT:
            return "encrypted alert" if self.sealed else f"Alert ({self.alert})"
        if self.kind == numbers.HANDSHAKE:
            if self.sealed:
                return "encrypted handshake message"
            name = "HelloRetryRequest" if self.retry else numbers.message_name(self.message)
            return f"{name} (fragment)" if self.partial else name
        return numbers.CONTENT_TYPES.get(self.kind, f"record {self.kind}").replace(" ", "")

    @property
    def alert(self) -> str:
        """`Fatal: Handshake Failure`."""
        return numbers.alert_words(self.level, self.message)


class Room:
    """What the steps of all flows of a capture may still take."""

    __slots__ = ("left",)

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.left = most


class Steps:
    """Those of one flow. `arrived` is the packet that is read now, `handshake` the number of the
    handshake: both are its user's to set."""

    __slots__ = ("_first", "_last", "_room", "arrived", "handshake", "seen")

    def __init__(self, room: Room) -> None:
        self._room = room
        self._first: list[bytes] = []
        self._last: deque[bytes] | None = None
        self.arrived = NO_PACKET
        """Its frame, its time, and all packets it came in."""
        self.handshake = 0
        self.seen = 0
        """How many there were, those left out too."""

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._first) + len(self._last or ())

    def __iter__(self) -> Iterator[Step]:
        """Those that are kept, in the order of the capture."""
        first, last = self.kept()
        yield from first
        yield from last

    def kept(self) -> tuple[list[Step], list[Step]]:
        """The first ones and, where some between are left out, the last ones."""
        last = tuple(self._last or ())
        return [_unpacked(kept) for kept in self._first], [_unpacked(kept) for kept in last]

    @property
    def left_out(self) -> int:
        """How many are counted alone: those behind the first ones."""
        return self.seen - len(self)

    def leave(self) -> None:
        """A packet is read: there are many flows, none is to keep it."""
        self.arrived = NO_PACKET

    # What comes ---------------------------------------------------------------------------------

    def fragment(
        self,
        fragment: Fragment,
        data: bytes,
        forward: bool,
        epoch: int,
        security: Security,
        whole: Message | None = None,
    ) -> None:
        """A message of DTLS, or a piece of one; `whole` is the message that it completes."""
        kind, number, offset = fragment.kind, fragment.message_seq, fragment.offset
        told = data[fragment.body : fragment.end] if kind in _HELLOS else b""
        identity = hash((self.handshake, forward, kind, number, offset, told)) | 1
        flags = 0 if fragment.whole else _PARTIAL
        self._message(kind, flags | forward, epoch, identity, security, whole)

    def message(
        self, kind: int, forward: bool, epoch: int, security: Security, whole: Message | None = None
    ) -> None:
        """A message of TLS: those do not come again."""
        self._message(kind, int(forward), epoch, 0, security, whole)

    def _message(
        self,
        kind: int,
        flags: int,
        epoch: int,
        identity: int,
        security: Security,
        whole: Message | None,
    ) -> None:
        words = ""
        if whole is not None:
            words = facts_of(whole, security)
            if isinstance(whole.value, ServerHello) and whole.value.retry:
                flags |= _RETRY
        self._add(numbers.HANDSHAKE, kind, -1, flags, epoch, identity, words)

    def sealed(self, forward: bool, epoch: int, length: int, last: bool = False) -> None:
        """A message that is encrypted and not read; `last`: it can only be a Finished, so that
        another one is the same again (RFC 6347 clause 4.2.4)."""
        identity = hash((self.handshake, forward, "sealed", epoch, length)) | 1 if last else 0
        self._add(numbers.HANDSHAKE, -1, -1, _SEALED | forward, epoch, identity)

    def record(self, kind: int, forward: bool, epoch: int) -> None:
        """A record of another content type; a ChangeCipherSpec comes once in each epoch."""
        change = kind == numbers.CHANGE_CIPHER_SPEC
        identity = hash((self.handshake, forward, "change", epoch)) | 1 if change else 0
        self._add(kind, -1, -1, int(forward), epoch, identity)

    def alert(self, level: int, description: int, forward: bool, epoch: int) -> None:
        """An alert; -1 and -1 while it is encrypted."""
        flags = forward | (_SEALED if level < 0 else 0)
        self._add(numbers.ALERT, description, level, flags, epoch, 0)

    def _add(
        self,
        kind: int,
        message: int,
        level: int,
        flags: int,
        epoch: int,
        identity: int,
        words: str = "",
    ) -> None:
        self.seen += 1
        frame, time, pieces = self.arrived
        again = self._sent_before(identity, frame) if identity else 0
        some = pieces[-MOST_PIECES:]
        head = _STEP.pack(
            identity, frame, time, again, epoch & 0xFFFF, flags, kind, message, level, len(some)
        )
        told = words.encode("utf-8", "backslashreplace")[:MOST_FACTS] if not again else b""
        self._keep(b"".join((head, *map(packed, some), told)))

    def _sent_before(self, identity: int, frame: int) -> int:
        """The frame in which a message was sent first, 0 for none."""
        sought = struct.pack("<q", identity)
        for kept in (*self._first, *(self._last or ())):
            if kept.startswith(sought):
                first = int.from_bytes(kept[8:12], "little")
                return first if first != frame else 0
        return 0

    def _keep(self, step: bytes) -> None:
        room, size = self._room, len(step) + _OVERHEAD
        into: list[bytes] | deque[bytes] = self._first
        if len(self._first) >= MOST_FIRST:
            into = self._last = self._last or deque()
            if len(into) == MOST_LAST:
                room.left += len(into.popleft()) + _OVERHEAD
        elif len(self._first) < self.seen - 1:  # behind one that had no room
            return
        if size <= room.left:
            into.append(step)
            room.left -= size


def _unpacked(kept: bytes) -> Step:
    _, frame, time, again, epoch, flags, kind, message, level, pieces = _STEP.unpack_from(kept)
    end = _STEP.size + pieces * PIECE_SIZE
    return Step(
        frame,
        time,
        bool(flags & _FORWARD),
        epoch,
        kind,
        message,
        level,
        bool(flags & _SEALED),
        bool(flags & _PARTIAL),
        bool(flags & _RETRY),
        again,
        kept[end:].decode("utf-8", "ignore"),
        unpacked(kept[_STEP.size : end]),
    )
