# SPDX-License-Identifier: GPL-2.0-only
"""One TCP connection that carries CoAP: its segments -> whole messages (RFC 8323).

    connection = Connection(lambda: TlsStream(secrets, sessions), secure)
    for every segment of these addresses and ports, in file order:
        if connection.starts_anew(segment, forward):
            found += connection.close(time, frame)
            connection = Connection(...)
        found += connection.take(segment, forward)
    found += connection.close(time, frame)

What is in it, CoAP, WebSocket, or TLS with one of them inside, is told by its first bytes; where
the capture joined in the middle, by the first bytes that look like one.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final, NamedTuple, Protocol

from analyzer.streams.framing import CoapFraming, Found, begins
from analyzer.streams.model import (
    ACK,
    FIN,
    RST,
    SYN,
    UNKNOWN,
    Chunk,
    Fault,
    FaultKind,
    Segment,
)
from analyzer.streams.tcp import Direction
from analyzer.streams.web import Handshake, WebSocketFraming, frames_begin
from dissectors.coap.numbers import COAP_PORT, COAPS_PORT
from dissectors.coap.signalling import CSM
from dissectors.coap.stream import MORE, code_place

MOST_UNDECIDED: Final = 1 << 20
"""Bytes after which a connection that looks like nothing is not looked at any more."""
FIRST_BYTES: Final = 512
"""Bytes of a side that are kept until they tell what it speaks."""

_LONGEST_RECORD: Final = (1 << 14) + 2048
"""Of TLS 1.2 (RFC 5246 clause 6.2.3); that of TLS 1.3 is shorter."""


class Deciphering(Protocol):
    """TLS of one connection, as analyzer.decryption has it."""

    @property
    def muted(self) -> bool:
        """Nothing more of it can ever be read."""

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole."""

    def feed(self, chunk: Chunk, forward: bool) -> list[Chunk]:
        """Bytes of records -> the bytes in them."""


class Closing(NamedTuple):
    """The first that was seen of a connection's end."""

    forward: bool
    reset: bool
    """By RST, else by FIN."""
    time: int
    frame: int


def client_first(
    source_port: int,
    destination_port: int,
    flags: int,
    servers: Container[int] = (COAP_PORT, COAPS_PORT),
) -> bool | None:
    """Is a segment the client's? None where neither SYN nor the ports (`servers`) tell."""
    if flags & SYN:
        return not flags & ACK
    to_server, from_server = destination_port in servers, source_port in servers
    return None if to_server is from_server else to_server


class Connection:
    """Both directions of a connection; see the module for its use."""

    __slots__ = (
        "_begins_tls",
        "_first",
        "_framings",
        "_handshake",
        "_joined",
        "_kept",
        "_other",
        "_secure",
        "_sides",
        "_undecided",
        "closing",
        "tls",
    )

    def __init__(self, begins_tls: Callable[[], Deciphering], secure: bool) -> None:
        self._begins_tls = begins_tls
        self._secure = secure  # it is on a port of CoAP over TLS
        self._sides = (Direction(False), Direction(True))
        self._framings: tuple[CoapFraming | WebSocketFraming, ...] | None = None
        self._kept: list[tuple[Chunk, bool]] = []  # until it is known what the bytes are
        self._first = [b"", b""]
        self._joined = [False, False]  # the bytes of a side are not its first
        self._undecided = 0
        self._other = False  # it is something else
        self._handshake: Handshake | None = None
        self.closing: Closing | None = None
        self.tls: Deciphering | None = None

    def take(self, segment: Segment, forward: bool) -> Found:
        """Take the next segment of the capture; what it brings to light, in order."""
        found: Found = []
        piece, time, _, acknowledged, flags, _, _ = segment
        frame = piece[0]
        sides = self._sides
        side, other = sides[forward], sides[not forward]
        if flags & ACK:
            if flags & SYN:
                other.open(acknowledged)
            chunks = other.acknowledged(acknowledged, time, frame)
            if chunks or other.faults:
                self._read(other, chunks, not forward, found)
        chunks = side.add(segment)
        if chunks or side.faults:
            self._read(side, chunks, forward, found)
        if flags & (FIN | RST) and self.closing is None and (flags & FIN or side.reset):
            self.closing = Closing(forward, bool(flags & RST), time, frame)
        if side.finished or other.finished:
            self._end(forward, time, frame, found)
            self._end(not forward, time, frame, found)
        return found

    def close(self, time: int, frame: int) -> Found:
        """No segment comes any more: the capture ended, or another connection took its place."""
        found: Found = []
        for forward in (True, False):
            side = self._sides[forward]
            self._read(side, side.close(time, frame), forward, found)
            self._end(forward, time, frame, found)
        return found

    def starts_anew(self, segment: Segment, forward: bool) -> bool:
        """Does a segment with SYN begin another connection with the same ports?"""
        if not segment.flags & SYN:
            return False
        start, other = self._sides[forward].start, self._sides[not forward]
        if start < 0:
            return other.start >= 0 and not other.opened
        return start != segment.sequence + 1 & 0xFFFFFFFF

    # What is known of it ------------------------------------------------------------------------

    @property
    def opened(self) -> bool:
        """A SYN was seen: what comes first here is what was sent first."""
        return self._sides[True].opened or self._sides[False].opened

    @property
    def closed(self) -> bool:
        """Both sides sent FIN, or one RST; copies of segments may still come."""
        client, server = self._sides[True], self._sides[False]
        return client.reset or server.reset or (client.finished and server.finished)

    @property
    def protocol(self) -> str:
        """The scheme of what it carries (RFC 8323 clause 8), empty as long as it is not known."""
        if self._framings is None:
            return ""
        scheme = "coaps" if self.tls is not None else "coap"
        return scheme + ("+tcp" if self._handshake is None else "+ws")

    @property
    def subprotocol(self) -> str:
        """That of a WebSocket; empty for none."""
        return self._handshake.subprotocol if self._handshake is not None else ""

    @property
    def muted(self) -> bool:
        """Nothing more of it can ever be read."""
        refused = self._handshake is not None and self._handshake.refused
        return self._other or refused or (self.tls is not None and self.tls.muted)

    @property
    def held(self) -> int:
        """Bytes kept of what is not whole."""
        client, server = self._sides
        kept = client.held + server.held
        if self._framings is not None:
            kept += self._framings[0].held + self._framings[1].held
        elif self._kept:
            kept += sum(len(chunk.data) for chunk, _ in self._kept)
        return kept if self.tls is None else kept + self.tls.held

    # Reading ------------------------------------------------------------------------------------

    def _read(self, side: Direction, chunks: list[Chunk], forward: bool, found: Found) -> None:
        if side.faults:
            found += side.faults
            side.faults.clear()
        tls, framings = self.tls, self._framings
        for chunk in chunks:
            if tls is None and framings is not None:
                found += framings[forward].feed(chunk)
            elif tls is None:
                self._take(chunk, forward, found)
                tls, framings = self.tls, self._framings
            else:
                for plain in tls.feed(chunk, forward):
                    self._take(plain, forward, found)

    def _take(self, chunk: Chunk, forward: bool, found: Found) -> None:
        """Bytes that are not, or no longer, those of TLS."""
        if self._framings is not None:
            found += self._framings[forward].feed(chunk)
        elif not self._other:
            self._decide(chunk, forward, found)

    def _end(self, forward: bool, time: int, frame: int, found: Found) -> None:
        """A side has sent all. Where the capture has not got its last bytes, nobody can say how it
        ended."""
        side = self._sides[forward]
        if side.finished and not side.lost and not side.reset and self._framings is not None:
            found += self._framings[forward].end(time, frame)

    # What it is ---------------------------------------------------------------------------------

    def _decide(self, chunk: Chunk, forward: bool, found: Found) -> None:
        """Find out what the bytes are, and read those that were kept till then."""
        self._undecided += len(chunk.data)
        if chunk.lost:
            self._forget(forward)
            self._joined[forward] = True
        joined, first = self._joined[forward], self._first[forward]
        if joined and not first:
            chunk = chunk._replace(lost=chunk.lost or UNKNOWN)
        begin = first + chunk.data
        self._kept.append((chunk, forward))
        self._first[forward] = begin[:FIRST_BYTES]
        if self._secure and self.tls is None and (joined or _tls(begin) > 0):
            spoken = "tls"
        else:
            spoken = self._spoken(begin, forward, joined)
        if spoken == "tls":
            self._begin_tls(found)
        elif spoken == "coap":
            self._begin((CoapFraming(False), CoapFraming(True)), found)
        elif spoken == "websocket":
            self._handshake = hands = Handshake()
            self._begin((WebSocketFraming(False, hands), WebSocketFraming(True, hands)), found)
        elif spoken == "other" and joined and self._undecided < MOST_UNDECIDED:
            self._forget(forward)  # the next chunk may tell
        elif spoken == "other":
            self._give_up(chunk, forward, found)

    def _forget(self, forward: bool) -> None:
        self._kept = [kept for kept in self._kept if kept[1] is not forward]
        self._first[forward] = b""

    def _spoken(self, data: bytes, forward: bool, joined: bool) -> str:
        """`coap`, `websocket`, `tls`, `other`; empty where more bytes are needed."""
        http = b"GET " if forward else b"HTTP/1."
        if data[: len(http)] == http[: len(data)]:
            return "websocket" if len(data) >= len(http) else ""
        told = begins(data)
        if joined and told > 0:
            return "coap"
        tls = _tls(data) if self.tls is None else 0
        if tls:
            return "tls" if tls > 0 else ""
        if not joined:
            return "coap" if told or _opens(data) else "other"
        if frames_begin(data, forward):
            return "websocket"
        return "" if told == MORE and len(data) < FIRST_BYTES else "other" if not told else "coap"

    def _begin(self, framings: tuple[CoapFraming | WebSocketFraming, ...], found: Found) -> None:
        self._framings = framings
        for chunk, forward in self._decided():
            found += framings[forward].feed(chunk)

    def _begin_tls(self, found: Found) -> None:
        self.tls = tls = self._begins_tls()
        for chunk, forward in self._decided():
            for plain in tls.feed(chunk, forward):
                self._take(plain, forward, found)

    def _decided(self) -> list[tuple[Chunk, bool]]:
        """What was kept, all else as in the beginning."""
        kept, self._kept = self._kept, []
        self._first = [b"", b""]
        self._joined = [False, False]
        self._undecided = 0
        return kept

    def _give_up(self, chunk: Chunk, forward: bool, found: Found) -> None:
        self._other = True
        self._decided()
        frames = tuple(piece.frame for piece in chunk.pieces[:1])
        words = "neither TLS, nor WebSocket, nor messages of CoAP"
        found.append(Fault(FaultKind.NOT_COAP, forward, chunk.time, chunk.frame, frames, words))


def _tls(data: bytes) -> int:
    """Does a record of TLS begin here (RFC 8446 clause 5.1)? 1, 0, or MORE."""
    if not 20 <= data[0] <= 24 or data[1:2] > b"\x03" or data[1:2] == b"\x00":
        return 0
    if len(data) < 5:
        return MORE if data[1:2] in (b"", b"\x03") else 0
    return int(data[1] == 3 and data[2] <= 4 and 0 < data[3] * 256 + data[4] <= _LONGEST_RECORD)


def _opens(data: bytes) -> bool:
    """A CSM begins here, whatever is in it, as a connection has to (RFC 8323 clause 5.3); perhaps
    behind Empty messages."""
    at = 0
    while data[at : at + 2] == b"\0\0":
        at += 2
    place = code_place(data, at) if at < len(data) else at
    return place >= len(data) or data[place] == CSM
