# SPDX-License-Identifier: GPL-2.0-only
"""What passes between the stages of a stream: segments, bytes in order, whole messages, faults.

    Segment -> tcp.Direction -> Chunk -> (tls.TlsStream) -> framing -> Framed
                      what is wrong on the way -> Fault

Times are ns of the capture. Frames count as in the capture. `forward` is the client's direction.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

FIN: Final = 1
SYN: Final = 2
RST: Final = 4
ACK: Final = 16
"""Flags of a TCP header (RFC 9293 clause 3.1) that mean something here."""

UNKNOWN: Final = -1
"""`Chunk.lost` where nobody can tell how much is missing."""


class Piece(NamedTuple):
    """A packet of the capture that carried bytes of a stream."""

    frame: int
    interface: int
    offset: int
    """Of the packet's record in its file."""
    length: int
    """Captured bytes of the packet."""
    time: int = 0
    """ns since 1970."""
    wire: int = 0
    """Bytes of the packet on the wire."""


class Segment(NamedTuple):
    """One TCP segment of one direction."""

    piece: Piece
    time: int
    sequence: int
    acknowledged: int
    """Means nothing without ACK."""
    flags: int
    data: bytes
    """The payload as captured."""
    length: int
    """Bytes of payload on the wire: more than `data` where the snap length cut it."""


class Chunk(NamedTuple):
    """Bytes of one direction, in order and without a hole."""

    data: bytes
    pieces: tuple[Piece, ...]
    """The packets they came in, in the order of their bytes."""
    lost: int
    """Bytes missing before these: 0 for none, UNKNOWN where the capture joined in the middle."""
    time: int
    frame: int
    """Of the record that made them readable: bytes behind a hole wait for it."""


class Framed(NamedTuple):
    """One whole CoAP message in the form of RFC 8323."""

    data: bytes
    pieces: tuple[Piece, ...]
    time: int
    frame: int
    """Of the record that completed it."""
    forward: bool
    websocket: bool
    """Its length is the frame's, Len is 0 (RFC 8323 clause 4.2)."""


class FaultKind(StrEnum):
    """What can be wrong with a stream."""

    LOST = "lost"
    """Bytes that the capture has not got: messages may be missing."""
    OVERLAP = "overlap"
    """Bytes sent again that differ from those sent first; the first count."""
    FRAME = "frame"
    """No message can begin like this (RFC 8323 clause 3.2)."""
    FRAME_CUT = "frame cut"
    """The stream ends inside a message."""
    TOO_LONG = "too long"
    """A message longer than is kept; passed over."""
    NOT_COAP = "not CoAP"
    """Neither TLS, WebSocket nor messages: nothing of this direction is read."""
    WS_LENGTH = "websocket length"
    """Len is not 0 in a WebSocket message (RFC 8323 clause 4.2)."""
    WS_TEXT = "websocket text"
    """A message in a text frame (RFC 8323 clause 4.2)."""
    WS_SUBPROTOCOL = "websocket subprotocol"
    """Not `coap`, or none, was agreed (RFC 8323 clause 4.1)."""
    WS_UPGRADE = "websocket upgrade"
    """The handshake breaks RFC 6455 clause 4, or the server refused it."""
    WS_FRAME = "websocket frame"
    """A frame breaks RFC 6455 clause 5."""


class Fault(NamedTuple):
    """What is wrong with a stream, told once, where it happens."""

    kind: FaultKind
    forward: bool
    """Who sent it: the client?"""
    time: int
    frame: int
    """Where it was noticed."""
    frames: tuple[int, ...]
    """The packets that show it."""
    detail: str
    """In words, with numbers; names are as the peer wrote them."""
