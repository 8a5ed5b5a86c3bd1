# SPDX-License-Identifier: GPL-2.0-only
"""A CoAP message taken out of what carried it: a TCP stream, a TLS or DTLS record, OSCORE.

No capture holds it as it is. Behind a header of fixed length, which tells the two ends, what the
carrier was and how the message is framed, stand its bytes alone; `walk` reads that header as
`dissectors.link.walk` reads those of a frame (kernel).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    CHECKSUM,
    DESTINATION_AT,
    DESTINATION_PORT,
    FRAGMENT,
    IP_AT,
    IP_ID,
    IP_VERSION,
    KIND,
    MALFORMED,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    TTL,
    TUNNEL,
    UDP,
    UDP_CHECKSUM,
    UNSURE,
)
from dissectors.kernel import Bytes, Rows

LINK_TYPE: Final = 0x10000
"""Stands for the header where a link type is asked for; no file has it."""

# Where things stand in the header.
FRAMING_AT, MARKS_AT, SOURCE_PORT_AT, DESTINATION_PORT_AT = 0, 1, 2, 4
LENGTH_AT, TTL_AT, CONNECTION_AT, NUMBER_AT, IP_ID_AT = 6, 7, 8, 12, 14
LINK_HASH_AT, ENDS_AT = 16, 24
HEADER: Final = 56

# Bits of what stands at MARKS_AT.
BY_CLIENT: Final = 1  # sent by the end that opened the connection
SECURED: Final = 2  # TLS or DTLS protected it
UNWRAPPED: Final = 4  # OSCORE protected it
BEGUN: Final = 8  # the beginning of the connection was captured
OFF_PORT: Final = 16  # in clear on the port of coaps
NOTICE: Final = 32  # no message: something to tell about the carrier

_HEADER: Final = struct.Struct(">BBHHBBIHHq")


class Ends(NamedTuple):
    """The two ends of a message: packed addresses, both of 4 or of 16 bytes, and ports."""

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int

    @property
    def turned(self) -> Ends:
        """Those of what is sent back."""
        return Ends(self.destination, self.source, self.destination_port, self.source_port)


class Sender:
    """What stands before the messages that one end sends: all but what `header` takes stays the
    same. `framing` as in `coap.wire.walk`, `connection` its number in the capture, 0 for none."""

    __slots__ = ("_after", "_before", "_connection")

    def __init__(self, ends: Ends, framing: int, marks: int, connection: int = 0) -> None:
        ports = ends.source_port, ends.destination_port
        self._before = framing, marks, *ports, len(ends.source)
        self._connection = connection & 0xFFFFFFFF
        self._after = ends.source.ljust(16, b"\0") + ends.destination.ljust(16, b"\0")

    def header(self, number: int = 0, ttl: int = 0, ip_id: int = 0, link_hash: int = 0) -> bytes:
        """What stands before one message. `number` counts those of this end on the connection; the
        others are of the packet that carried it."""
        counted = self._connection, number & 0xFFFF, ip_id & 0xFFFF, link_hash
        return _HEADER.pack(*self._before, ttl, *counted) + self._after


def connection(data: bytes) -> int:
    """The number of the connection or association that carried a message, from its header."""
    return int.from_bytes(data[CONNECTION_AT:NUMBER_AT], "big")


def walk(data: Bytes, start: int, end: int, row: Rows) -> None:
    """Fill the row of a frame from the header at `start`; what follows it is the payload."""
    row[FRAGMENT] = row[TUNNEL] = row[ADDRESS_IN] = row[CHECKSUM] = row[UNSURE] = 0
    if end - start < HEADER:
        row[KIND] = MALFORMED
        return
    length = data[start + LENGTH_AT] * 1
    row[KIND] = UDP
    row[IP_AT] = start
    row[IP_VERSION] = 4 if length == 4 else 6
    row[SOURCE_AT] = start + ENDS_AT
    row[DESTINATION_AT] = start + ENDS_AT + 16
    row[ADDRESS_LENGTH] = length
    row[SOURCE_PORT] = data[start + SOURCE_PORT_AT] * 256 + data[start + SOURCE_PORT_AT + 1]
    row[DESTINATION_PORT] = (
        data[start + DESTINATION_PORT_AT] * 256 + data[start + DESTINATION_PORT_AT + 1]
    )
    row[PAYLOAD_AT] = start + HEADER
    row[PAYLOAD_END] = end
    row[PAYLOAD_LENGTH] = end - start - HEADER
    row[IP_ID] = data[start + IP_ID_AT] * 256 + data[start + IP_ID_AT + 1]
    row[TTL] = data[start + TTL_AT] * 1
    row[UDP_CHECKSUM] = -1


def wide(data: Bytes, at: int, octets: int) -> int:
    """A number of the header, big-endian, less than 2**63 (kernel)."""
    value = 0
    for place in range(at, at + octets):
        value = value * 256 + data[place]
    return value
