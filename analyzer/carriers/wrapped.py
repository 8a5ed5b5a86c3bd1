# SPDX-License-Identifier: GPL-2.0-only
"""OSCORE: the message inside a protected one, in whatever carried that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from analyzer.carriers import selecting
from analyzer.carriers.carrier import Packet, Taken
from dissectors import carried
from dissectors.coap import wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.decryption.oscore import Unprotector
    from analyzer.secrets.oscore_context import Context

_CONNECTION: Final = slice(carried.CONNECTION_AT, carried.NUMBER_AT)
_SOURCE: Final = slice(carried.ENDS_AT, carried.ENDS_AT + 16)
_DESTINATION: Final = slice(carried.ENDS_AT + 16, carried.HEADER)
_SOURCE_PORT: Final = slice(carried.SOURCE_PORT_AT, carried.DESTINATION_PORT_AT)
_DESTINATION_PORT: Final = slice(carried.DESTINATION_PORT_AT, carried.LENGTH_AT)


class Wrapped:
    """Opens what the contexts given can open."""

    def __init__(self, contexts: Iterable[Context]) -> None:
        from analyzer.decryption.oscore import Contexts, Unprotector

        self._unprotector: Unprotector = Unprotector(Contexts(contexts))
        self.opaque: Counter[str] = Counter()
        """Messages that stayed opaque, by decryption.oscore.Reason."""

    def datagram(self, packet: Packet) -> Taken | None:
        """The message in a protected datagram, None where it cannot be opened."""
        cells = packet.cells
        header = carried.header(
            packet.ends,
            wire.DATAGRAM,
            0,
            ttl=cells[selecting.TTL],
            ip_id=cells[selecting.IP_ID],
            link_hash=cells[selecting.LINK_HASH],
        )
        outer = packet.taken(header, packet.payload)
        inner = self.carried(outer)
        return None if inner is outer else inner

    def carried(self, one: Taken) -> Taken:
        """What is in a message that was taken out of something; itself where it is not protected
        or cannot be opened."""
        header = one.header
        connection = header[_CONNECTION]
        source = connection + header[_SOURCE] + header[_SOURCE_PORT]
        destination = connection + header[_DESTINATION] + header[_DESTINATION_PORT]
        reliable = header[carried.FRAMING_AT] != wire.DATAGRAM
        found = self._unprotector.take(
            one.message, source, destination, one.time, one.frame, reliable
        )
        if found is None:
            return one
        if not found.message:
            self.opaque[str(found.reason)] += 1
            return one
        marks = header[carried.MARKS_AT] | carried.UNWRAPPED
        marked = header[: carried.MARKS_AT] + bytes((marks,)) + header[carried.MARKS_AT + 1 :]
        return one._replace(header=marked, message=found.message)
