# SPDX-License-Identifier: GPL-2.0-only
"""DTLS associations between two endpoints: the CoAP messages of their records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from analyzer.carriers.carrier import Notice, Packet, Taken
from analyzer.carriers.secured import SecuredFlow, Shakes
from analyzer.endpoints import Endpoint, endpoint
from analyzer.stream_events import ClientMoved
from dissectors import carried
from dissectors.carried import Ends
from dissectors.coap import wire
from dissectors.coap.numbers import COAPS_PORT
from dissectors.tls.records import cid_at

if TYPE_CHECKING:
    from analyzer.decryption.sessions import SessionCache
    from analyzer.secrets.model import Secrets

MOST_ADDRESSES: Final = 16
"""Addresses of a client that moves; the change to a further one is not told."""

_HANDSHAKE, _CLIENT_HELLO, _SERVER_HELLOS = 22, 1, (2, 3)
_EPOCH: Final = slice(3, 5)
_TYPE_AT: Final = 13  # of a handshake message, in a record in clear


class DtlsCarrier:
    """One association; see `carrier.Carrier`."""

    __slots__ = (
        "_address",
        "_addresses",
        "_association",
        "_client",
        "_ends",
        "_flow",
        "_senders",
        "_server",
        "_shakes",
        "_time",
        "number",
        "secured",
    )

    def __init__(
        self, number: int, secrets: Secrets, sessions: SessionCache, packet: Packet
    ) -> None:
        from analyzer.decryption.dtls import Association

        self.number = number
        self._association = association = Association(secrets, sessions)
        forward = _by_client(packet)
        self._client, self._server = packet.sender, packet.receiver
        ends = packet.ends
        back = ends.turned
        self._ends = (ends, back)
        if not forward:
            self._client, self._server, self._ends = self._server, self._client, (back, ends)
        marks = carried.SECURED, carried.SECURED | carried.BY_CLIENT
        self._senders = (
            carried.Sender(self._ends[1], wire.DATAGRAM, marks[0], number),
            carried.Sender(self._ends[0], wire.DATAGRAM, marks[1], number),
        )
        """By whether it is the client."""
        self._flow = SecuredFlow(number, packet.flow, self._ends[0], association.security)
        self.secured: SecuredFlow | None = self._flow
        self._shakes = Shakes(self._flow)
        self._addresses = {self._client}
        self._address: Endpoint = self._flow.client
        self._time = packet.time

    @property
    def ends(self) -> Ends:
        """The client as source, the server as destination."""
        return self._ends[0]

    @property
    def muted(self) -> bool:
        """Nothing more of it can be read."""
        return self._association.muted

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole."""
        return self._association.held

    def names(self) -> Iterator[tuple[int, bytes]]:
        """The Connection IDs that its records have, each with who receives it."""
        security = self._association.security
        if security.server_cid:
            yield self._server, security.server_cid
        if security.client_cid:
            yield self._client, security.client_cid

    def named(self, packet: Packet) -> bool:
        """Whether a record has the Connection ID that was agreed on, or has none."""
        at = cid_at(packet.payload)
        if not at:
            return True
        security = self._association.security
        cid = security.server_cid if packet.receiver == self._server else security.client_cid
        return cid is not None and packet.payload.startswith(cid, at)

    def begins_anew(self, packet: Packet) -> bool:
        """A ClientHello in clear, once the association stands: its client began again."""
        if packet.payload[0] != _HANDSHAKE:  # as nearly all are
            return False
        return self._association.security.established and _clear_hello(packet) == _CLIENT_HELLO

    def take(self, packet: Packet) -> list[Taken | Notice]:
        """What the records of a datagram hold."""
        forward = packet.sender != self._server
        association = self._association
        self._time = packet.time
        found: list[Taken | Notice] = []
        for opened in association.take(
            packet.payload, forward, packet.frame, packet.time, packet.pieces
        ):
            found.append(packet.taken(self._senders[forward], opened.plaintext))
        if not found and not association.muted and self.secured is not None:
            self.secured.keep(packet.piece)
        if forward and packet.sender not in self._addresses:
            self._move(packet, bool(found), found)
        self._shakes.tell(packet, found)
        return found

    def close(self, record: int, now: int) -> list[Taken | Notice]:
        """Nothing waits but a handshake."""
        return self._shakes.close(record, self._time, now, self._association.progress)

    def _move(self, packet: Packet, opened: bool, found: list[Taken | Notice]) -> None:
        """A record came from another address: its sender is who the keys say it is (RFC 9146 clause
        6), or, where there are none, the Connection ID alone."""
        if not (opened or self.muted) or len(self._addresses) >= MOST_ADDRESSES:
            return
        self._addresses.add(packet.sender)
        ends = packet.ends
        before, self._address = self._address, endpoint(ends.source, ends.source_port)
        told = ClientMoved(self._flow, before, self._address, packet.frame)
        found.append(Notice(packet.record, packet.frame, packet.time, told))


def _clear_hello(packet: Packet) -> int:
    """The type of a handshake message in clear at the beginning of a datagram, -1 for none."""
    data = packet.payload
    if len(data) <= _TYPE_AT or data[0] != _HANDSHAKE or data[_EPOCH] != b"\0\0":
        return -1
    return data[_TYPE_AT]


def _by_client(packet: Packet) -> bool:
    """Who sent the first packet seen of an association: as its hello says, else its ports."""
    hello = _clear_hello(packet)
    if hello == _CLIENT_HELLO or hello in _SERVER_HELLOS:
        return hello == _CLIENT_HELLO
    source, destination = packet.ports
    return destination == COAPS_PORT or (source != COAPS_PORT and source > destination)
