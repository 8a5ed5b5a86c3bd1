# SPDX-License-Identifier: GPL-2.0-only
"""TCP connections: the CoAP messages in their streams, in clear, in TLS or in a WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.carriers.carrier import Notice, Packet, Taken
from analyzer.carriers.secured import LONGEST_TIMER, SecuredFlow, Shakes
from analyzer.endpoints import Endpoint, endpoint
from analyzer.stream_events import StreamFault
from analyzer.streams.connection import Connection, client_first
from analyzer.streams.model import SYN, Fault, Framed, Piece, Segment
from dissectors import carried
from dissectors.carried import Ends
from dissectors.coap import wire
from dissectors.coap.numbers import COAPS_PORT

if TYPE_CHECKING:
    from analyzer.decryption.sessions import SessionCache
    from analyzer.decryption.tls import TlsStream
    from analyzer.secrets.model import Secrets

_SEQUENCE: Final = 4  # where things stand in a TCP header
_ACKNOWLEDGED: Final = 8
_FLAGS: Final = 13
_MOST_BEFORE: Final = 8
"""Segments kept before TLS shows itself: those of the handshake of TCP, and the first hello."""


class TcpCarrier:
    """One connection; see `carrier.Carrier`."""

    def __init__(
        self, number: int, secrets: Secrets, sessions: SessionCache, packet: Packet
    ) -> None:
        self.number = number
        segment = _segment(packet)
        source, destination = packet.ports
        forward = client_first(source, destination, segment.flags)
        self._sender = packet.sender
        self._forward = source > destination if forward is None else forward
        ends = packet.ends
        back = ends.turned
        self._ends = (ends, back) if self._forward else (back, ends)
        secure = self._ends[0].destination_port == COAPS_PORT
        self._tls: TlsStream | None = None
        self._connection = Connection(lambda: self._begin_tls(secrets, sessions), secure)
        self._flow = packet.flow
        self._secure_port = secure
        self._last = packet.time, packet.frame
        self._sent = [0, 0]
        self._both = False  # packets of both ends were seen
        self._shakes: Shakes | None = None
        self.secured: SecuredFlow | None = None
        self._before: list[Piece] = []

    def _begin_tls(self, secrets: Secrets, sessions: SessionCache) -> TlsStream:
        from analyzer.decryption.tls import TlsStream

        self._tls = tls = TlsStream(secrets, sessions)
        self.secured = SecuredFlow(self.number, self._flow, self._ends[0], tls.security)
        self._shakes = Shakes(self.secured)
        return tls

    @property
    def ends(self) -> Ends:
        """The client as source, the server as destination."""
        return self._ends[0]

    @property
    def muted(self) -> bool:
        """Nothing more of it can be read."""
        return self._connection.muted

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole."""
        return self._connection.held

    def names(self) -> Iterator[tuple[int, bytes]]:
        """None."""
        return iter(())

    def named(self, packet: Packet) -> bool:
        """None is needed."""
        return True

    def begins_anew(self, packet: Packet) -> bool:
        """A SYN that does not repeat the one this connection began with."""
        at = packet.cells[selecting.TCP_AT]
        if not packet.data[at + _FLAGS] & SYN:
            return False
        return self._connection.starts_anew(_segment(packet), self._is_forward(packet))

    def take(self, packet: Packet) -> list[Taken | Notice]:
        """What a segment completes."""
        self._last = packet.time, packet.frame
        segment = _segment(packet)
        brought = self._connection.take(segment, self._is_forward(packet))
        found = self._handed(packet.record, brought)
        if not brought and (segment.length or segment.flags & SYN):
            self._keep(segment.piece)
        self._both = self._both or packet.sender != self._sender
        if self._shakes is not None:
            self._shakes.tell(packet, found)
        return found

    def _keep(self, piece: Piece) -> None:
        """A segment without a message; what comes before TLS shows itself opens its stream."""
        if self.secured is None:
            if len(self._before) < _MOST_BEFORE and self._secure_port:
                self._before.append(piece)
        elif not self.muted:
            for one in (*self._before, piece):
                self.secured.keep(one)
            self._before.clear()

    def close(self, record: int, now: int) -> list[Taken | Notice]:
        """What waits behind a hole, and how the stream ends."""
        time, frame = self._last
        found = self._handed(record, self._connection.close(time, frame))
        if self._shakes is not None and self._tls is not None:
            over = now + LONGEST_TIMER if self._connection.closing is not None else now
            found += self._shakes.close(record, time, over, self._tls.progress, self._both)
        return found

    @property
    def _endpoints(self) -> tuple[Endpoint, Endpoint]:
        ends = self.ends
        client = endpoint(ends.source, ends.source_port)
        return client, endpoint(ends.destination, ends.destination_port)

    def _is_forward(self, packet: Packet) -> bool:
        return self._forward == (packet.sender == self._sender)

    def _handed(self, record: int, found: list[Framed | Fault]) -> list[Taken | Notice]:
        handed: list[Taken | Notice] = []
        for one in found:
            if isinstance(one, Fault):
                told = StreamFault(*self._endpoints, one)
                handed.append(Notice(record, one.frame, one.time, told))
            else:
                header = self._header(one)
                handed.append(Taken(record, one.frame, one.time, header, one.data, one.pieces))
        return handed

    def _header(self, framed: Framed) -> bytes:
        way = 0 if framed.forward else 1
        self._sent[way] += 1
        connection = self._connection
        marks = carried.BY_CLIENT if framed.forward else 0
        if self._tls is not None:
            marks |= carried.SECURED
        elif self._secure_port:
            marks |= carried.OFF_PORT
        if connection.opened:
            marks |= carried.BEGUN
        framing = wire.WEBSOCKET if framed.websocket else wire.STREAM
        sender = carried.Sender(self._ends[way], framing, marks, self.number)
        return sender.header(self._sent[way])


def _segment(packet: Packet) -> Segment:
    at = packet.cells[selecting.TCP_AT]
    return Segment(
        packet.piece,
        packet.time,
        _number(packet, at + _SEQUENCE),
        _number(packet, at + _ACKNOWLEDGED),
        packet.data[at + _FLAGS] * 1,
        packet.payload,
        packet.cells[selecting.LENGTH],
    )


def _number(packet: Packet, at: int) -> int:
    return int.from_bytes(packet.data[at : at + 4], "big")
