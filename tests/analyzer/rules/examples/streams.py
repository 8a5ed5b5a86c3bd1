# SPDX-License-Identifier: GPL-2.0-only
"""Streams: their framing in TCP and WebSocket, and what the capture has of them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final

from ..connection import ACK, PSH, Connection, framed
from . import Example
from .signalling import TOKEN, get, ready, talk

TEMPERATURE: Final = {"token": TOKEN, "path": "/temp"}
_KEY: Final = base64.b64encode(bytes(range(16)))
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_MASK: Final = b"\x01\x02\x03\x04"


def upgraded(subprotocol: bytes = b"coap") -> Connection:
    """A WebSocket (RFC 6455 clause 1.3)."""
    asked = (
        b"GET /.well-known/coap HTTP/1.1\r\nHost: 10.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: %b\r\nSec-WebSocket-Protocol: %b\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n" % (_KEY, subprotocol)
    )
    accept = base64.b64encode(hashlib.sha1(_KEY + _GUID).digest())
    answered = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\nSec-WebSocket-Protocol: %b\r\n\r\n" % (accept, subprotocol)
    )
    return talk().opens().segment(asked).segment(answered, by="server")


def frame(data: bytes, masked: bool, opcode: int = 2) -> bytes:
    """One WebSocket frame (RFC 6455 clause 5.2)."""
    if not masked:
        return bytes([0x80 | opcode, len(data)]) + data
    hidden = bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(data))
    return bytes([0x80 | opcode, 0x80 | len(data)]) + _MASK + hidden


def over_websocket(
    begun: Connection, *, masked: bool = True, opcode: int = 2, length: bool = False
) -> Connection:
    """A CSM of each end, a request and its response."""
    asked = framed("GET", websocket=not length, **TEMPERATURE)
    answer = framed("2.05", websocket=True, token=TOKEN, content_format=0, payload=b"21.5")
    csm = framed("7.01", websocket=True)
    begun.segment(frame(csm, masked)).segment(frame(csm, False), by="server")
    return begun.segment(frame(asked, masked, opcode)).segment(frame(answer, False), by="server")


def in_two(second: bytes, **of_second: Any) -> Connection:
    """A request in two segments."""
    data = framed("GET", **TEMPERATURE)
    begun = ready().segment(data[:6])
    at = begun._next["client"]
    return begun.segment(data[6:]).segment(second, sequence=at, flags=PSH | ACK, **of_second)


EXAMPLES: Final[dict[str, Example]] = {
    "COAP-CAP-STREAM-LOST": Example(
        bad=get(ready().segment(framed("GET", **TEMPERATURE), lost=True)), good=get(ready())
    ),
    "COAP-CAP-STREAM-OVERLAP": Example(
        bad=in_two(b"\x00" + framed("GET", **TEMPERATURE)[7:]),
        good=in_two(framed("GET", **TEMPERATURE)[6:]),
    ),
    "COAP-8323-3.2-FRAME": Example(
        bad=ready().segment(framed("GET", **TEMPERATURE)[:-2]).ends(), good=get(ready()).ends()
    ),
    "COAP-8323-4.2-WS-TEXT": Example(
        bad=over_websocket(upgraded(b"mqtt")), good=over_websocket(upgraded())
    ),
    "COAP-CAP-WEBSOCKET": Example(
        bad=over_websocket(upgraded(), masked=False), good=over_websocket(upgraded())
    ),
    "COAP-CAP-STREAM-NONCOAP": Example(
        bad=talk()
        .opens()
        .segment(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", by="server")
        .segment(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
        good=get(ready()),
    ),
    "COAP-8323-4.2-WS-LEN": Example(
        bad=over_websocket(upgraded(), length=True), good=over_websocket(upgraded())
    ),
}
