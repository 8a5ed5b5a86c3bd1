# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE: the message inside a protected one, in whatever carried that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.carriers import selecting
from analyzer.carriers.carrier import Notice, Packet, Taken
from analyzer.carriers.unopened import Unopened, UnopenedTally
from analyzer.decryption.oscore_message import options_at
from analyzer.endpoints import Endpoint, endpoint
from analyzer.stream_events import OscoreOpaque, Unwrapping
from dissectors import carried
from dissectors.coap import wire
from dissectors.coap.stream import code_place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.decryption.oscore import Reason, Unprotected, Unprotector
    from analyzer.secrets.oscore_context import Context

_CONNECTION: Final = slice(carried.CONNECTION_AT, carried.NUMBER_AT)
_SOURCE: Final = slice(carried.ENDS_AT, carried.ENDS_AT + 16)
_DESTINATION: Final = slice(carried.ENDS_AT + 16, carried.HEADER)
_SOURCE_PORT: Final = slice(carried.SOURCE_PORT_AT, carried.DESTINATION_PORT_AT)
_DESTINATION_PORT: Final = slice(carried.DESTINATION_PORT_AT, carried.LENGTH_AT)

_KID_AWAITED: Final = 8
"""Messages between two ends of which some request may still tell its kid."""

MOST_WAYS: Final = 1 << 14
"""Ways from one end to another that are kept ready."""


class _Way(NamedTuple):
    """From one end to another; `source` and `destination` as `_named` has them."""

    sender: carried.Sender
    source: bytes
    destination: bytes


class Wrapped:
    """Opens what the contexts given can open, and counts the rest in `tally`."""

    def __init__(self, contexts: Iterable[Context]) -> None:
        self._contexts = tuple(contexts)
        self.tally = UnopenedTally()
        self._ways: dict[tuple[int, int], _Way] = {}
        self._unprotector: Unprotector | None = None
        self._closing: Reason | None = None
        """With this one, nothing that the ends send can be opened."""

    def datagram(self, packet: Packet) -> tuple[list[Taken | Notice], Unopened | None]:
        """The message in a protected datagram, as carrier of which the packet is marked, and what
        there is to tell of it; and, where nobody can open what these ends send, that."""
        payload, way = packet.payload, self._way(packet)
        unprotector = self._unprotector or self._made()
        cut = packet.cells[selecting.LENGTH] > len(payload)
        found = unprotector.take(
            payload, way.source, way.destination, packet.time, packet.frame, False, cut
        )
        if found is None:
            return [], None
        if found.message:
            packet.selected.mark(packet.record)
            inner = packet.taken(way.sender, found.message)
            return _with_told(inner, found, payload), None
        told, entry = self._count(packet.taken(way.sender, payload), found)
        if entry is None or found.reason is not self._closing:
            return told, None
        return told, entry if entry.kid or entry.messages >= _KID_AWAITED else None

    def protects(self, one: Taken) -> bool:
        """Whether OSCORE protects a message that was taken out of something, as it does few."""
        return options_at(one.message, one.header[carried.FRAMING_AT] != wire.DATAGRAM) >= 0

    def carried(self, one: Taken) -> list[Taken | Notice]:
        """What is in a message that was taken out of something and is protected; itself where it
        cannot be opened; and what there is to tell of it."""
        header = one.header
        reliable = header[carried.FRAMING_AT] != wire.DATAGRAM
        unprotector = self._unprotector or self._made()
        found = unprotector.take(one.message, *_named(header), one.time, one.frame, reliable)
        if found is None:
            return [one]
        if found.message:
            marks = bytes((header[carried.MARKS_AT] | carried.UNWRAPPED,))
            marked = header[: carried.MARKS_AT] + marks + header[carried.MARKS_AT + 1 :]
            inner = one._replace(header=marked, message=found.message)
            return _with_told(inner, found, one.message)
        return [one, *self._count(one, found)[0]]

    def _made(self) -> Unprotector:
        from analyzer.decryption.oscore import Contexts, Reason, Unprotector

        self._unprotector = Unprotector(Contexts(self._contexts))
        self._closing = Reason.NO_CONTEXTS
        return self._unprotector

    def _way(self, packet: Packet) -> _Way:
        """What all datagrams from one end to another have in common."""
        key = packet.flow, packet.sender
        way = self._ways.get(key)
        if way is None:
            if len(self._ways) >= MOST_WAYS:
                self._ways.clear()  # they are made again
            sender = carried.Sender(packet.ends, wire.DATAGRAM, carried.UNWRAPPED)
            way = self._ways[key] = _Way(sender, *_named(sender.header()))
        return way

    def _count(
        self, one: Taken, found: Unprotected
    ) -> tuple[list[Taken | Notice], Unopened | None]:
        client, server = _ends(one)
        counted = self.tally.add(client, server, found, one.frame, bool(self._contexts))
        if counted is None:
            return [], None
        entry, new = counted
        told = Notice(one.record, one.frame, one.time, OscoreOpaque(entry, one.frame, entry.text))
        return [told] if new else [], entry


def _with_told(inner: Taken, found: Unprotected, outer: bytes) -> list[Taken | Notice]:
    """A message that was inside, and behind it what there is to tell of it."""
    if not found.remarkable:
        return [inner]
    told = Unwrapping(found, outer, inner.header[carried.FRAMING_AT])
    return [inner, Notice(inner.record, inner.frame, inner.time, told)]


def _named(header: bytes) -> tuple[bytes, bytes]:
    """Source and destination, as requests are known by."""
    connection = header[_CONNECTION]
    source = connection + header[_SOURCE] + header[_SOURCE_PORT]
    return source, connection + header[_DESTINATION] + header[_DESTINATION_PORT]


def _ends(one: Taken) -> tuple[Endpoint, Endpoint]:
    """Who asks, and who answers."""
    header, data = one.header, one.message
    length = header[carried.LENGTH_AT]
    source = endpoint(header[_SOURCE][:length], int.from_bytes(header[_SOURCE_PORT], "big"))
    destination = endpoint(
        header[_DESTINATION][:length], int.from_bytes(header[_DESTINATION_PORT], "big")
    )
    code = data[1 if header[carried.FRAMING_AT] == wire.DATAGRAM else code_place(data, 0)]
    return (source, destination) if code < 32 else (destination, source)
