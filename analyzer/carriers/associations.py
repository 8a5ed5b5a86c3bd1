# SPDX-License-Identifier: GPL-2.0-only
"""DTLS associations between two endpoints: the CoAP messages of their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.carriers.carrier import Notice, Packet, Taken
from analyzer.carriers.secured import SecuredFlow
from analyzer.stream_events import FlowOpaque
from dissectors import carried
from dissectors.carried import Ends
from dissectors.coap import wire
from dissectors.coap.numbers import COAPS_PORT

if TYPE_CHECKING:
    from analyzer.decryption.handshake import SessionCache
    from analyzer.secrets.model import Secrets

_HANDSHAKE, _CLIENT_HELLO, _SERVER_HELLOS = 22, 1, (2, 3)
_EPOCH: Final = slice(3, 5)
_TYPE_AT: Final = 13  # of a handshake message, in a record in clear


class DtlsCarrier:
    """One association; see `carrier.Carrier`."""

    def __init__(
        self, number: int, secrets: Secrets, sessions: SessionCache, packet: Packet
    ) -> None:
        from analyzer.decryption.dtls import Association

        self.number = number
        self._association = Association(secrets, sessions)
        self._sender, self._forward = packet.sender, _by_client(packet)
        ends = packet.ends
        back = ends.turned
        self._ends = (ends, back) if self._forward else (back, ends)
        security = self._association.security
        self._flow = SecuredFlow(number, packet.flow, self._ends[0], security)
        self.secured: SecuredFlow | None = self._flow
        self._told = False

    @property
    def ends(self) -> Ends:
        """The client as source, the server as destination."""
        return self._ends[0]

    @property
    def muted(self) -> bool:
        """Nothing more of it can be read."""
        return self._association.muted

    def begins_anew(self, packet: Packet) -> bool:
        """A ClientHello in clear, once the association stands: its client began again."""
        return self._association.security.established and _clear_hello(packet) == _CLIENT_HELLO

    def take(self, packet: Packet) -> list[Taken | Notice]:
        """What the records of a datagram hold."""
        forward = self._forward == (packet.sender == self._sender)
        association = self._association
        found: list[Taken | Notice] = []
        for opened in association.take(packet.payload, forward, packet.frame, packet.time):
            header = self._header(packet, forward)
            found.append(packet.taken(header, opened.plaintext))
        if not found and not association.muted and self.secured is not None:
            self.secured.keep(packet.piece)
        security = association.security
        if not self._told and security.reason is not None and security.opaque:
            self._told = True
            told = FlowOpaque(self._flow, packet.frame)
            found.append(Notice(packet.record, packet.frame, packet.time, told))
        return found

    def close(self, record: int) -> list[Taken | Notice]:
        """Nothing waits."""
        return []

    def _header(self, packet: Packet, forward: bool) -> bytes:
        cells = packet.cells
        return carried.header(
            self._ends[0 if forward else 1],
            wire.DATAGRAM,
            carried.SECURED | (carried.BY_CLIENT if forward else 0),
            self.number,
            ttl=cells[selecting.TTL],
            ip_id=cells[selecting.IP_ID],
            link_hash=cells[selecting.LINK_HASH],
        )


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
