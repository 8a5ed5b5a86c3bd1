# SPDX-License-Identifier: GPL-2.0-only
"""WebSocket (RFC 6455): frames, the HTTP/1.1 upgrade, and permessage-deflate (RFC 7692).

Nothing here raises on what a peer wrote. CoAP over WebSocket is RFC 8323 clause 4.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from hashlib import sha1
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY = 0, 1, 2
CLOSE, PING, PONG = 8, 9, 10

OPCODES: Final = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}
"""RFC 6455 clause 11.8."""

CLOSE_CODES: Final = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1007: "invalid frame payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
}
"""Status codes that a Close frame may carry: RFC 6455 clause 7.4.1, and those IANA registered."""

LONGEST_CONTROL: Final = 125
"""Payload bytes of a control frame at most (RFC 6455 clause 5.5)."""
LONGEST_HEAD: Final = 14
"""Bytes before the payload of a frame at most (RFC 6455 clause 5.2)."""
LONGEST_UPGRADE: Final = 16 << 10
"""Bytes of an HTTP head; what is longer is none."""

SUBPROTOCOL: Final = "coap"
"""RFC 8323 clause 11.4."""
DEFLATE: Final = "permessage-deflate"

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TAIL: Final = b"\x00\x00\xff\xff"


class Frame(NamedTuple):
    """The head of a frame (RFC 6455 clause 5.2)."""

    fin: bool
    reserved: int
    """RSV1 (4), RSV2 (2), RSV3 (1)."""
    opcode: int
    key: bytes
    """Masks the payload; empty where it is clear."""
    head: int
    """Bytes before the payload."""
    length: int
    """Of the payload."""
    shortest: bool
    """The length is written in as few bytes as can be."""

    @property
    def control(self) -> bool:
        return self.opcode >= CLOSE


def frame(data: bytes | bytearray, at: int = 0) -> Frame | None:
    """The head of the frame at `at`; None where more bytes are needed."""
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    length = second & 127
    head = at + 2
    shortest = True
    if length > 125:
        size = 2 if length == 126 else 8
        length = int.from_bytes(data[head : head + size], "big")
        shortest = length > (125 if size == 2 else 65535)
        head += size
    masked = second & 128
    after = head + (4 if masked else 0)
    if after > len(data):
        return None
    key = bytes(data[head:after])
    return Frame(first > 127, first >> 4 & 7, first & 15, key, after - at, length, shortest)


def frame_fault(head: Frame, from_client: bool, reserved: int = 0) -> str:
    """Which rule of RFC 6455 a frame breaks, empty for none; `reserved` bits are those in use."""
    if head.opcode not in OPCODES:
        return f"opcode {head.opcode} is reserved (clause 5.2)"
    if head.reserved & ~reserved or (head.control and head.reserved):
        return "reserved bits are set, which no extension gives a meaning (clause 5.2)"
    if from_client and not head.key:
        return "the client did not mask a frame (clause 5.1)"
    if not from_client and head.key:
        return "the server masked a frame (clause 5.1)"
    if head.control and not head.fin:
        return f"a {OPCODES[head.opcode]} frame is fragmented (clause 5.5)"
    if head.control and head.length > LONGEST_CONTROL:
        return f"a {OPCODES[head.opcode]} frame has more than 125 bytes (clause 5.5)"
    if head.length >> 63:
        return "the highest bit of a length is set (clause 5.2)"
    if not head.shortest:
        return "a length is not written in the fewest bytes (clause 5.2)"
    return ""


def unmasked(payload: bytes, key: bytes) -> bytes:
    """The payload in clear (RFC 6455 clause 5.3); masking is its own inverse."""
    if not key or not payload:
        return payload
    size = len(payload)
    stream = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(size, "big")


def closing(payload: bytes) -> tuple[int, str]:
    """Status code and reason of a Close frame; 0 where it has none (RFC 6455 clause 5.5.1)."""
    if len(payload) < 2:
        return 0, ""
    return int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="replace")


class Inflating:
    """Inflates the messages of one direction (RFC 7692 clause 7.2.2)."""

    def __init__(self, takeover: bool) -> None:
        self._takeover = takeover
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def forget(self) -> None:
        """Messages were not seen: what refers to them cannot be inflated."""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def message(self, payload: bytes, most: int) -> bytes | None:
        """The message in clear; None where it is broken, longer than `most` bytes, or refers to
        messages that were not seen."""
        if not self._takeover:
            self.forget()
        try:
            data = self._inflate.decompress(payload + _TAIL, most + 1)
        except zlib.error:
            data = None
        if data is None or len(data) > most or self._inflate.unconsumed_tail:
            self.forget()
            return None
        return data


# The upgrade ----------------------------------------------------------------------------------


class Upgrade(NamedTuple):
    """One side of the opening handshake (RFC 6455 clause 4)."""

    method: str
    """Empty in a response."""
    target: str
    status: int
    """0 in a request."""
    upgrade: bool
    """`Upgrade: websocket` and `Connection: Upgrade` are there."""
    host: str
    key: str
    accept: str
    version: str
    protocols: tuple[str, ...]
    """Offered, or the one that was chosen."""
    extensions: tuple[str, ...]
    """Each with its parameters."""


def head_end(data: bytes | bytearray) -> int:
    """Where an HTTP head ends, -1 where it has not."""
    at = data.find(b"\r\n\r\n", 0, LONGEST_UPGRADE)
    return at + 4 if at >= 0 else -1


def upgrade(head: bytes) -> Upgrade | None:
    """A request or response up to its empty line; None where it is not HTTP/1."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    status = 0
    if words[0].startswith("HTTP/1."):
        if len(words) < 2 or not (words[1].isascii() and words[1].isdecimal()):
            return None
        status, words = int(words[1][:9]), ["", ""]
    elif len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        fields[name] = f"{fields[name]}, {value}" if fields.get(name) else value
    said = fields.get
    return Upgrade(
        method=words[0],
        target=words[1],
        status=status,
        upgrade="websocket" in _tokens(said("upgrade", "").lower())
        and "upgrade" in _tokens(said("connection", "").lower()),
        host=said("host", ""),
        key=said("sec-websocket-key", ""),
        accept=said("sec-websocket-accept", ""),
        version=said("sec-websocket-version", ""),
        protocols=_tokens(said("sec-websocket-protocol", "")),
        extensions=_tokens(said("sec-websocket-extensions", "")),
    )


def _tokens(value: str) -> tuple[str, ...]:
    return tuple(token for word in value.split(",") if (token := word.strip()))


def accept(key: str) -> str:
    """What the server answers to a key (RFC 6455 clause 4.2.2)."""
    digest = sha1(key.encode("latin-1", "replace") + _GUID, usedforsecurity=False).digest()
    return b64encode(digest).decode()


def inflating(extensions: tuple[str, ...], from_client: bool) -> Inflating | None:
    """What inflates one direction, by the extensions that the server agreed to (RFC 7692)."""
    for extension in extensions:
        name, *parameters = (part.strip() for part in extension.split(";"))
        if name == DEFLATE:
            side = "client" if from_client else "server"
            return Inflating(f"{side}_no_context_takeover" not in parameters)
    return None
