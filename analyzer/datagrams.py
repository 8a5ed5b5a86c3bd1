# SPDX-License-Identifier: GPL-2.0-only
"""Datagrams that came in fragments: put together, they are read as if they had come whole.

Where the rest of a datagram does not come within FRAGMENT_PATIENCE, as where a capture filter for a
port lets the first fragment pass alone, the first fragment is read as a message that is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer import facts as fact
from analyzer import state
from analyzer.capture_events import FragmentsMissing, FragmentsOverlapped
from analyzer.fragments import Fragment, Key, Whole, fragment
from analyzer.messages import Role
from analyzer.reassembly import Reassembler
from analyzer.subjects import Message
from dissectors import link
from dissectors.kernel import Rows
from dissectors.link import RAW_IP

if TYPE_CHECKING:
    from analyzer.capture import Source
    from analyzer.session import Session

_MOST_WAITING: Final = 1024


class Part(NamedTuple):
    """Some bytes of a packet: as they are, or where they stand in a file."""

    data: bytes
    offset: int = 0
    length: int = 0


@dataclass(slots=True)
class Packet:
    """A packet put together, of which only the places of its parts are kept once it was read."""

    data: bytes
    link_type: int
    frame: int
    time: int
    offset: int
    wire: int
    interface: int
    parts: tuple[Part, ...] = ()

    def read(self, source: Source) -> bytes:
        """All bytes of the packet."""
        if self.data:
            return self.data
        found = (
            part.data or source.read(self.interface, part.offset, part.length)
            for part in self.parts
        )
        return b"".join(found)


class Datagrams:
    """The fragments of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._patience = session.settings.timers.fragment_patience
        self._pieces = Reassembler()
        self._first: dict[Key, Packet] = {}
        self._read: dict[Key, int] = {}
        self.lost = 0
        """Fragments of datagrams that did not become whole."""

    def take(self, data: memoryview, facts: Rows, f: int) -> None:
        """A fragment: a row of facts and the bytes it is about."""
        start, captured = facts[f + fact.START], facts[f + fact.CAPTURED]
        interface = facts[f + fact.INTERFACE]
        link_type = self._session.interfaces[interface].interface.link_type
        time, frame, offset = facts[f + fact.TIME], facts[f + fact.FRAME], facts[f + fact.PLACE]
        wire = facts[f + fact.WIRE]
        row = link.new_row()
        link.walk(data, start, start + captured, link_type, row, wire - captured)
        piece = fragment(row, data, start, frame, time, offset)
        if row[link.FRAGMENT] == 1 and piece.key not in self._read:
            packet = bytes(data[start : start + captured])
            first = Packet(packet, link_type, frame, time, offset, wire, interface)
            first.parts = (Part(b"", offset, captured),)
            self._first.setdefault(piece.key, first)
        whole = self._pieces.add(piece)
        if whole is not None:
            self._complete(piece, whole, interface)
        elif len(self._first) > _MOST_WAITING:
            self._read_first(next(iter(self._first)))
        self._set_due()

    def look(self) -> None:
        """Capture time has come to that of which `take` asked to be told."""
        now = self._session.memory[state.CLOCK]
        while self._first:
            key, first = next(iter(self._first.items()))
            if now - first.time <= self._patience:
                break
            self._read_first(key)
        self._tell_lost(now)
        self._set_due()

    def close(self) -> None:
        """The capture is over."""
        for key in list(self._first):
            self._read_first(key)
        self._tell_lost(None)

    def _set_due(self) -> None:
        waits = next(iter(self._first.values()), None)
        due = 0
        if waits is not None:
            due = waits.time + self._patience
        elif len(self._pieces):
            due = self._session.memory[state.CLOCK] + self._patience
        self._session.memory.s[state.FRAGMENTS_DUE] = due

    def _complete(self, last: Fragment, whole: Whole, interface: int) -> None:
        early = self._read.pop(whole.key, None)
        self._first.pop(whole.key, None)
        if whole.overlapped:
            self._session.judge(FragmentsOverlapped(whole))
        if self._session.carriers.carries(last.frame) or early is not None:
            return  # read by what it carries; or read as cut: what was said of it stands
        size = len(whole.packet)
        packet = Packet(whole.packet, RAW_IP, last.frame, last.time, last.offset, size, interface)
        packet.parts = _parts(whole)
        self._inject(packet)

    def _read_first(self, key: Key) -> None:
        """The first fragment alone, as a message that is cut."""
        row = self._inject(self._first.pop(key))
        if len(self._read) < _MOST_WAITING:
            self._read[key] = row

    def _inject(self, packet: Packet) -> int:
        row = self._session.inject(packet)
        packet.data = b""
        return row

    def _tell_lost(self, now: int | None) -> None:
        lost = self._pieces.close() if now is None else self._pieces.expired(now)
        for datagram in lost:
            self.lost += len(datagram.frames)
            row = self._read.pop(datagram.key, -1)
            if row < 0:
                continue
            message = Message(self._session, row)
            if message.role is not Role.UNCONFIRMED:
                self._session.judge(FragmentsMissing(datagram, message))


def _parts(whole: Whole) -> tuple[Part, ...]:
    """The header that was built, then what stands in the file."""
    parts = [Part(whole.packet[: whole.payload_at])]
    at = whole.payload_at
    for _, offset, length in whole.places(at, len(whole.packet)):
        known = Part(whole.packet[at : at + length]) if offset < 0 else Part(b"", offset, length)
        parts.append(known)
        at += length
    return tuple(parts)
