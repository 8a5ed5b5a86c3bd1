# SPDX-License-Identifier: GPL-2.0-only
"""Segments made by hand: a stream in pieces, and a connection with both its directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from analyzer.streams.connection import Connection
from analyzer.streams.framing import Found
from analyzer.streams.model import ACK, FIN, SYN, Chunk, Fault, FaultKind, Framed, Piece, Segment

MASK = 0xFFFFFFFF


def message(code: int, token: bytes = b"", body: bytes = b"") -> bytes:
    """A message in the form of RFC 8323 clause 3.2; `body` is options, marker and payload."""
    size = len(body)
    nibble, extended = size, b""
    if size >= 65805:
        nibble, extended = 15, (size - 65805).to_bytes(4, "big")
    elif size >= 269:
        nibble, extended = 14, (size - 269).to_bytes(2, "big")
    elif size >= 13:
        nibble, extended = 13, bytes([size - 13])
    tkl, longer = len(token), b""
    if tkl >= 269:
        tkl, longer = 14, (len(token) - 269).to_bytes(2, "big")
    elif tkl >= 13:
        tkl, longer = 13, bytes([len(token) - 13])
    return bytes([nibble << 4 | tkl]) + extended + bytes([code]) + longer + token + body


CSM = message(0xE1, b"", bytes.fromhex("2104"))


def get(number: int) -> bytes:
    """GET /n with a token of its own."""
    return message(0x01, number.to_bytes(2, "big"), b"\xb4" + b"%04d" % (number % 10000))


def segment(
    sequence: int,
    data: bytes = b"",
    flags: int = ACK,
    frame: int = 1,
    acknowledged: int = 0,
    length: int | None = None,
) -> Segment:
    piece = Piece(frame, 0, frame * 100, 54 + len(data))
    size = len(data) if length is None else length
    return Segment(piece, frame * 1000, sequence & MASK, acknowledged & MASK, flags, data, size)


def cut(stream: bytes, places: Iterable[int], start: int) -> list[Segment]:
    """A stream, from a sequence number on, cut at places."""
    bounds = [0, *sorted({place for place in places if 0 < place < len(stream)}), len(stream)]
    return [
        segment(start + first, stream[first:last])
        for first, last in pairwise(bounds)
        if last > first
    ]


def numbered(segments: Iterable[Segment]) -> list[Segment]:
    """The segments with the frame numbers and times of their order."""
    return [
        one._replace(piece=one.piece._replace(frame=frame), time=frame * 1000)
        for frame, one in enumerate(segments, 1)
    ]


def data_of(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def messages_of(found: Iterable[Framed | Fault], forward: bool = True) -> list[bytes]:
    return [one.data for one in found if isinstance(one, Framed) and one.forward is forward]


def faults_of(found: Iterable[Framed | Fault]) -> list[FaultKind]:
    return [one.kind for one in found if isinstance(one, Fault)]


class Peers:
    """A client and a server whose segments a connection takes."""

    def __init__(self, connection: Connection, client: int = 1000, server: int = 5000) -> None:
        self.connection = connection
        self.found: Found = []
        self.frame = 0
        self.next = [server, client]  # by forward

    def send(self, forward: bool, data: bytes = b"", flags: int = ACK, lost: bool = False) -> None:
        """A segment; `lost` where the capture has not got it."""
        self.frame += 1
        one = segment(self.next[forward], data, flags, self.frame, self.next[not forward])
        if not flags & ACK:
            one = one._replace(acknowledged=0)
        if not lost:
            self.found += self.connection.take(one, forward)
        self.next[forward] += len(data) + bool(flags & (SYN | FIN))

    def open(self) -> Peers:
        self.send(True, flags=SYN)
        self.send(False, flags=SYN | ACK)
        self.send(True)
        return self

    def close(self) -> None:
        self.found += self.connection.close(self.frame * 1000, self.frame)


def no_tls() -> None:
    raise AssertionError("no TLS is expected here")


def peers(secure: bool = False, begins_tls: Callable[[], object] = no_tls) -> Peers:
    return Peers(Connection(begins_tls, secure))  # type: ignore[arg-type]
