# SPDX-License-Identifier: GPL-2.0-only
"""The messages table: one CoAP message of a capture, where it was seen, its part in an exchange."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from analyzer.tables import Cells, Layout, Table
from dissectors.msgin5g.elements import MessageType


class Role(IntEnum):
    """What a message is in its exchange."""

    UNCONFIRMED = 0  # of a flow not (yet) known to be CoAP: hidden from every view
    REQUEST = 1
    RESPONSE = 2
    NOTIFICATION = 3
    ACK = 4
    RESET = 5
    PING = 6
    RETRANSMISSION = 7
    DUPLICATE_ACK = 8
    CAPTURE_DUPLICATE = 9
    ORPHAN = 10
    UNREADABLE = 11
    SIGNAL = 12  # of a connection, not of its exchanges (RFC 8323 clause 5)

    @property
    def label(self) -> str:
        """As views write it."""
        return self.name.lower().replace("_", " ")


MESSAGES: Final = Layout(
    {
        "time": "i8",
        "offset": "i8",
        "token": "i8",
        "response_time": "i8",
        "frame": "u4",
        "captured": "u4",
        "wire": "u4",
        "coap_at": "u4",
        "coap_length": "u4",
        "payload_length": "u4",
        "source": "u4",
        "destination": "u4",
        "uri": "u4",
        "exchange": "u4",
        "peer": "u4",
        "first": "u4",
        "ue": "u4",
        "older_block": "u4",
        "message_id": "u2",
        "interface": "u2",
        "type": "u1",
        "code": "u1",
        "token_length": "u1",
        "message_type": "u1",
        "role": "u1",
        "severity": "u1",
        "flags": "u1",
    }
)
"""Columns. Times in ns, `response_time` NO_RESPONSE_TIME for none. `offset` is the packet's in its
file, `coap_at` that of the message in the packet. Ids: `exchange` counts from 1 (0: none),
`peer` is the frame of the response of a request or the request of a response, `first` that of the
first transmission of which the message is a copy (0: none); `source` and `destination` are
endpoints, `uri` and `ue` names of the session's. `older_block` is the row + 1 of the block that
came before it in its body (exchanges.blockwise), 0 for none. A token of up to 8 bytes stands in the
row as a number; of a longer one, the name of its bytes, and `token_length` is LONG_TOKEN.
`severity` is that of the worst finding."""

# Cells of a row, as kernels write them; several small columns share one.
CELLS: Final = MESSAGES.cells
TIME: Final = MESSAGES.cell("time")
OFFSET: Final = MESSAGES.cell("offset")
TOKEN: Final = MESSAGES.cell("token")
RESPONSE_TIME: Final = MESSAGES.cell("response_time")
FRAME: Final = MESSAGES.cell("frame")
CAPTURED: Final = MESSAGES.cell("captured")
WIRE: Final = MESSAGES.cell("wire")
COAP_AT: Final = MESSAGES.cell("coap_at")
COAP_LENGTH: Final = MESSAGES.cell("coap_length")
PAYLOAD_LENGTH: Final = MESSAGES.cell("payload_length")
SOURCE: Final = MESSAGES.cell("source")
DESTINATION: Final = MESSAGES.cell("destination")
URI: Final = MESSAGES.cell("uri")
EXCHANGE: Final = MESSAGES.cell("exchange")
PEER: Final = MESSAGES.cell("peer")
FIRST: Final = MESSAGES.cell("first")
UE: Final = MESSAGES.cell("ue")
OLDER_BLOCK: Final = MESSAGES.cell("older_block")
NUMBERS: Final = MESSAGES.cell("message_id")  # and interface above it
KINDS: Final = MESSAGES.cell("type")  # and code, token_length, message_type above it
STANDING: Final = MESSAGES.cell("role")  # and severity, flags above it

NO_RESPONSE_TIME: Final = -1
LONG_TOKEN: Final = 9
"""`token_length` of a token of more than 8 bytes."""

MOST_INTERFACES: Final = 1 << 16

# Bits of the column `flags`.
CUT: Final = 1
NAT_LEG: Final = 2
FRAGMENTED: Final = 4
WHOLE_BODY: Final = 8  # with it, a body that came in blocks was whole
CARRIED: Final = 16  # taken out of a stream or decrypted: `offset` is its place in the store
SECURED: Final = 32  # TLS, DTLS or OSCORE protected it
UNWRAPPED: Final = 64  # OSCORE did
BEGUN: Final = 128  # of a connection whose beginning was captured

MESSAGE_TYPE_IDS: Final = ("", *MessageType)
"""Message Types by their number in the `message_type` column."""


def message_id(messages: Cells, row: int) -> int:
    """Message ID of a row."""
    return messages[row * CELLS + NUMBERS] & 0xFFFF


def token_length(messages: Cells, row: int) -> int:
    """Length of the token of a row, LONG_TOKEN for more than 8 bytes."""
    return messages[row * CELLS + KINDS] >> 16 & 0xFF


def rows_with(roles: bytes, role: int) -> Iterator[int]:
    """Rows of a role, in file order, from the column as octets."""
    row = roles.find(role)
    while row >= 0:
        yield row
        row = roles.find(role, row + 1)


def frames_of(messages: Table, roles: Iterable[Role]) -> dict[int, list[int]]:
    """Frames of the messages of these roles, in file order, by the id of their exchange."""
    octets, found = messages.octets("role"), defaultdict[int, list[int]](list)
    rows = sorted(row for role in roles for row in rows_with(octets, role))
    exchanges, frames = (messages.take(name, rows) for name in ("exchange", "frame"))
    for exchange, frame in zip(exchanges, frames, strict=True):
        found[exchange].append(frame)
    return found


def set_role(messages: Cells, row: int, role: int) -> None:
    """What the message is in its exchange."""
    at = row * CELLS + STANDING
    messages[at] = messages[at] & 0xFFFFFF00 | role


def role_of(messages: Cells, row: int) -> int:
    """What the message is in its exchange."""
    return messages[row * CELLS + STANDING] & 0xFF
