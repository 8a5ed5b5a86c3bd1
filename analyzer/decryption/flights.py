# SPDX-License-Identifier: GPL-2.0-only
"""Handshake messages of one DTLS direction, put together from fragments and brought in order.

RFC 6347 clause 4.2.2 to 4.2.4: fragments come late, twice, overlapping, or never.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dissectors.tls.handshake import Fragment
from dissectors.tls.numbers import CLIENT_HELLO, HELLO_VERIFY_REQUEST, SERVER_HELLO

MOST_AHEAD: Final = 16
"""Messages kept before their turn; one further ahead is not taken."""

MOST_BYTES: Final = 64 << 10
"""Of one message, and of all that wait for a missing piece; a longer one is not read."""

MOST_PIECES: Final = 256
"""Pieces kept of one message; beyond it the message waits for no more."""

_PIECE_COST: Final = 100  # bytes of objects that a piece takes

_FIRST: Final = frozenset({CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST})
"""Messages a numbering may be joined at."""


class Whole(NamedTuple):
    """One whole message; `header` is that of one sent in one piece (RFC 6347 clause 4.2.6)."""

    kind: int
    header: bytes
    body: bytes


class _Partial:
    """What came of one message: pieces by offset, the longest of each."""

    __slots__ = ("kind", "length", "pieces")

    def __init__(self, fragment: Fragment) -> None:
        self.kind = fragment.kind
        self.length = fragment.length
        self.pieces: dict[int, bytes] = {}

    def body(self) -> bytes | None:
        """The message, when it has no hole."""
        made = bytearray()
        for offset in sorted(self.pieces):
            if offset > len(made):
                return None
            made += self.pieces[offset][len(made) - offset :]
        return bytes(made) if len(made) == self.length else None


class Flights:
    """One direction of one handshake."""

    __slots__ = ("_hellos", "_next", "_size", "_waiting", "holes", "repeated")

    def __init__(self) -> None:
        self._next = -1
        self._waiting: dict[int, _Partial] = {}
        self._size = 0
        self._hellos: dict[int, bytes] = {}
        self.repeated = 0
        """Messages that came again."""
        self.holes = False
        """A message was given up."""

    def add(self, fragment: Fragment, data: bytes) -> list[Whole]:
        """The messages that are whole with it, in order."""
        number = fragment.message_seq
        if number < self._next:
            if not self.anew(fragment, data):
                self.repeated += fragment.offset == 0
                return []
            self._next = number  # a server that begins again
            self._drop()
        elif self._next < 0 and fragment.whole and fragment.kind in _FIRST:
            self._next = number
        if fragment.whole and number == self._next:
            done = [self._finish(number, fragment.kind, data[fragment.body : fragment.end])]
            return done + self._in_turn() if self._waiting else done
        self._keep(fragment, data)
        return self._in_turn()

    @property
    def held(self) -> int:
        """Bytes of memory that what is kept here takes."""
        pieces = sum(len(partial.pieces) for partial in self._waiting.values())
        return self._size + pieces * _PIECE_COST + sum(map(len, self._hellos.values()))

    def anew(self, fragment: Fragment, data: bytes) -> bool:
        """Whether a hello has the number of an earlier one and is not it."""
        known = self._hellos.get(fragment.message_seq)
        if known is None or fragment.kind not in _FIRST:
            return False
        piece = data[fragment.body : fragment.end]
        return known[fragment.offset : fragment.offset + len(piece)] != piece

    def past(self, number: int) -> bool:
        return number < self._next

    def give_up(self) -> list[Whole]:
        """The whole messages behind those that never came."""
        done = []
        while self._waiting:
            self.holes = True
            self._next = min(self._waiting)
            done += self._in_turn()
            if self._next in self._waiting:
                self._forget(self._next)
                self._next += 1
        return done

    def _keep(self, fragment: Fragment, data: bytes) -> None:
        number = fragment.message_seq
        if number - max(self._next, 0) >= MOST_AHEAD and self._next >= 0:
            return
        partial = self._waiting.get(number)
        if partial is not None and (partial.kind, partial.length) != fragment[:2]:
            self._forget(number)  # of an older handshake
            partial = None
        if partial is None:
            if fragment.length > MOST_BYTES or len(self._waiting) >= MOST_AHEAD:
                self.holes = True
                return
            partial = self._waiting[number] = _Partial(fragment)
        piece = data[fragment.body : fragment.end]
        more = len(piece) - len(partial.pieces.get(fragment.offset, b""))
        fits = self._size + more <= MOST_BYTES and len(partial.pieces) < MOST_PIECES
        if fits and (more > 0 or fragment.offset not in partial.pieces):
            partial.pieces[fragment.offset] = piece
            self._size += more

    def _in_turn(self) -> list[Whole]:
        """The whole messages from the next number on."""
        done = []
        if self._next < 0:
            first = min(self._waiting, default=-1)
            if first >= 0 and self._waiting[first].kind in _FIRST:
                if self._waiting[first].body() is None:
                    return []
                self._next = first
        while (partial := self._waiting.get(self._next)) is not None:
            body = partial.body()
            if body is None:
                break
            number = self._next
            self._forget(number)
            done.append(self._finish(number, partial.kind, body))
        return done

    def _finish(self, number: int, kind: int, body: bytes) -> Whole:
        self._next = number + 1
        if self._waiting:
            self._forget(number)
        if (kind in _FIRST and len(self._hellos) < 4) or number in self._hellos:
            self._hellos[number] = body
        length = len(body).to_bytes(3, "big")
        header = b"".join((bytes((kind,)), length, number.to_bytes(2, "big"), bytes(3), length))
        return Whole(kind, header, body)

    def _forget(self, number: int) -> None:
        partial = self._waiting.pop(number, None)
        if partial is not None:
            self._size -= sum(map(len, partial.pieces.values()))

    def _drop(self) -> None:
        self._waiting.clear()
        self._size = 0
