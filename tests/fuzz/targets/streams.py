# SPDX-License-Identifier: GPL-2.0-only
"""Streams: the bytes are segments of one TCP connection, and then the bytes of one direction.

A segment has a byte of flags (by whom, lost, SYN, FIN, RST, sent again), one of length, and that
many bytes. The first byte of all says whether it is on the port of coaps.
"""

from __future__ import annotations

from itertools import takewhile

from analyzer.decryption.sessions import SessionCache
from analyzer.decryption.tls import TlsStream
from analyzer.secrets.keylog import KeyLog
from analyzer.secrets.model import Secrets
from analyzer.streams.connection import Connection
from analyzer.streams.framing import CoapFraming, Found
from analyzer.streams.model import ACK, FIN, RST, SYN, Chunk, Framed, Piece, Segment
from dissectors.coap import wire
from dissectors.coap.message import dissect
from dissectors.coap.stream import message_length


def run(data: bytes) -> None:
    _connection(data)
    _framing(data)


def _connection(data: bytes) -> None:
    secrets = Secrets(keylog=KeyLog())
    connection = Connection(
        lambda: TlsStream(secrets, SessionCache()), bool(data[:1] and data[0] & 1)
    )
    numbers, found, frame, at, fed = [7_000, 0xFFFFFF00], Found(), 0, 1, 0
    while at + 2 <= len(data):
        flags, length = data[at], data[at + 1]
        payload = data[at + 2 : at + 2 + length]
        at += 2 + length
        frame += 1
        forward = bool(flags & 1)
        sequence = numbers[forward] - (length // 2 if flags & 0x20 else 0) & 0xFFFFFFFF
        says = (SYN if flags & 4 else 0) | (FIN if flags & 8 else 0) | (RST if flags & 16 else 0)
        says |= 0 if says == SYN and forward else ACK
        piece = Piece(frame, 0, frame * 100, len(payload))
        size = len(payload) + (flags >> 6)
        other = numbers[not forward] & 0xFFFFFFFF
        one = Segment(piece, frame * 1000, sequence, other, says, payload, size)
        if not flags & 2:
            found += connection.take(one, forward)
            fed += len(payload)
            assert connection.held <= 3 * fed + 512 * frame
        if not flags & 0x20:
            numbers[forward] += size + bool(says & (SYN | FIN))
    found += connection.close(frame * 1000, frame)
    for one in found:
        if isinstance(one, Framed):
            assert one.data
            assert one.pieces
            assert 1 <= one.frame <= frame
            framing = wire.WEBSOCKET if one.websocket else wire.STREAM
            assert dissect(one.data, framing=framing).data == one.data
            assert one.websocket or message_length(one.data, 0, len(one.data)) == len(one.data)
        else:
            assert one.kind
            assert 1 <= one.frame <= max(frame, 1)


def _framing(data: bytes) -> None:
    """Messages are the same, however the bytes were cut into chunks; but behind what is none."""
    whole = _messages([data])
    assert _messages([data[at : at + 1] for at in range(len(data))]) == whole
    assert _messages([data[: len(data) // 2], data[len(data) // 2 :]]) == whole
    assert sum(map(len, whole)) <= len(data)


def _messages(parts: list[bytes]) -> list[bytes]:
    framing, found = CoapFraming(True), Found()
    for number, part in enumerate(parts, 1):
        if part:
            piece = Piece(number, 0, number, len(part))
            found += framing.feed(Chunk(part, (piece,), 0, number, number))
    known = takewhile(lambda one: isinstance(one, Framed), found)
    return [one.data for one in known]
