# SPDX-License-Identifier: GPL-2.0-only
"""Messages in one direction of a WebSocket connection (RFC 8323 clause 4): used as CoapFraming is.

    handshake = Handshake()
    client, server = (WebSocketFraming(forward, handshake) for forward in (True, False))

One WebSocket message is one CoAP message, whose Len is 0. After a hole, frames are looked for at
the beginning of chunks, as in `framing`.
"""

from __future__ import annotations

from typing import Final

from analyzer.streams.framing import LONGEST, Found, Gathering
from analyzer.streams.model import Chunk, Fault, FaultKind, Framed, Piece
from dissectors import websocket
from dissectors.coap import wire
from dissectors.coap.stream import message_length
from dissectors.websocket import BINARY, CLOSE, CONTINUATION, TEXT, Frame, Inflating, Upgrade

COMPRESSED: Final = 4
"""RSV1 of a message's first frame (RFC 7692 clause 6)."""
MOST_FRAGMENTS: Final = 4096
"""Frames of one message."""


class Handshake:
    """What both sides said before the first frame."""

    __slots__ = ("refused", "request", "response")

    def __init__(self) -> None:
        self.request: Upgrade | None = None
        self.response: Upgrade | None = None
        self.refused = False
        """There is no WebSocket, or none that carries CoAP."""

    @property
    def subprotocol(self) -> str:
        """The one agreed upon, empty for none."""
        response = self.response
        return response.protocols[0] if response is not None and response.protocols else ""

    def take(self, forward: bool, head: bytes) -> list[tuple[FaultKind, str]]:
        """One side's head; what is wrong with it."""
        said = websocket.upgrade(head)
        if said is None or (said.status == 0) is not forward:
            self.refused = True
            return [(FaultKind.WS_UPGRADE, "neither a request nor a response of HTTP/1.1")]
        if forward:
            self.request = said
            return list(self._asked(said))
        self.response = said
        return list(self._answered(said))

    def _asked(self, said: Upgrade) -> list[tuple[FaultKind, str]]:
        if not said.upgrade:
            self.refused = True
            words = f"a {said.method} request that asks for no WebSocket"
            return [(FaultKind.NOT_COAP, words)]
        wrong = []
        if said.method != "GET" or said.version != "13" or not said.key:
            words = "the upgrade lacks GET, Sec-WebSocket-Version: 13, or a Sec-WebSocket-Key"
            wrong.append((FaultKind.WS_UPGRADE, f"{words} (RFC 6455 clause 4.1)"))
        if websocket.SUBPROTOCOL not in said.protocols:
            words = f"the client offers {_named(said.protocols)} instead of 'coap'"
            wrong.append((FaultKind.WS_SUBPROTOCOL, words))
        return wrong

    def _answered(self, said: Upgrade) -> list[tuple[FaultKind, str]]:
        if said.status != 101:
            self.refused = True
            return [(FaultKind.WS_UPGRADE, f"the server refuses the upgrade: status {said.status}")]
        wrong = []
        request = self.request
        if request is not None and said.accept != websocket.accept(request.key):
            words = "Sec-WebSocket-Accept does not follow from the key (RFC 6455 clause 4.2.2)"
            wrong.append((FaultKind.WS_UPGRADE, words))
        if said.protocols != (websocket.SUBPROTOCOL,):
            self.refused = bool(said.protocols)
            words = f"the server chose {_named(said.protocols)} instead of 'coap'"
            if request is None or websocket.SUBPROTOCOL in request.protocols or said.protocols:
                wrong.append((FaultKind.WS_SUBPROTOCOL, words))
        return wrong

    def inflating(self, forward: bool) -> Inflating | None:
        """What inflates a direction; where the handshake was not seen, a guess."""
        if self.response is None:
            return Inflating(takeover=True)
        return websocket.inflating(self.response.extensions, forward)


def _named(protocols: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in protocols[:4]) or "no subprotocol"


class WebSocketFraming:
    """See the module."""

    __slots__ = (
        "_compressed",
        "_forward",
        "_gathered",
        "_handshake",
        "_inflating",
        "_message",
        "_opcode",
        "_parts",
        "_pieces",
        "_said",
        "_seeking",
        "_size",
        "_told",
        "closing",
    )

    def __init__(self, forward: bool, handshake: Handshake) -> None:
        self._forward = forward
        self._handshake = handshake
        self._gathered = Gathering()
        self._said = False  # this side's head was read, or missed
        self._seeking = False
        self._inflating: Inflating | None = None
        self._told: set[str] = set()
        self.closing = 0
        """Status code of this side's Close frame; 1005 for one without, 0 for none yet."""
        self._clear()

    def _clear(self) -> None:
        self._opcode = CONTINUATION  # of the message that is not whole; CONTINUATION for none
        self._compressed = False
        self._parts: list[bytes] = []
        self._pieces: list[Piece] = []
        self._size = 0

    def feed(self, chunk: Chunk) -> Found:
        """Take the next bytes; the messages that they complete, and what is wrong with them."""
        data, pieces = chunk.data, chunk.pieces
        gathered, found = self._gathered, Found()
        if chunk.lost:
            self._lose(chunk)
        if gathered.skip:
            passed = min(gathered.skip, len(data))
            gathered.skip -= passed
            data = data[passed:]
        if self._seeking:
            self._seeking = not frames_begin(data, self._forward)
            if self._seeking:
                return found
        if gathered.data:
            gathered.add(data, pieces)
            if len(gathered.data) < gathered.need:
                return found
            data, pieces = bytes(gathered.data), tuple(gathered.pieces)
            gathered.clear()
        at = 0 if self._said else self._upgrade(data, pieces, chunk, found)
        if at >= 0 and not self._handshake.refused:
            self._frames(data, at, pieces, chunk, found)
        return found

    def end(self, time: int, frame: int) -> Found:
        """The sender sends no more."""
        gathered = self._gathered
        inside = gathered.data or gathered.skip or self._parts
        if not inside or self._seeking or self._handshake.refused:
            return []
        frames = tuple(piece.frame for piece in (self._pieces or gathered.pieces)[:1]) or (frame,)
        gathered.clear()
        gathered.skip = 0
        self._clear()
        words = "the stream ends inside a WebSocket message"
        return [Fault(FaultKind.FRAME_CUT, self._forward, time, frame, frames, words)]

    @property
    def held(self) -> int:
        """Bytes that are kept of what is not whole."""
        return len(self._gathered.data) + self._size

    def _lose(self, chunk: Chunk) -> None:
        joined = not self._said
        if joined and chunk.data[:5] in (b"GET /", b"HTTP/"):
            return  # the capture joined just before the handshake
        self._said = True
        self._clear()
        if self._inflating is not None:
            self._inflating.forget()
        if joined or self._seeking or not self._gathered.pass_over(chunk.lost):
            self._gathered.clear()
            self._gathered.skip = 0
            self._seeking = True

    def _upgrade(self, data: bytes, pieces: tuple[Piece, ...], chunk: Chunk, found: Found) -> int:
        """The HTTP head at the beginning; where frames begin, -1 where it is not whole."""
        end = websocket.head_end(data)
        if end < 0 and len(data) < websocket.LONGEST_UPGRADE:
            self._gathered.begin(data, len(data) + 1, pieces)
            return -1
        self._said = True
        for kind, words in self._handshake.take(self._forward, data[: max(end - 4, 0)]):
            found.append(self._fault(kind, pieces, chunk, words))
        return end

    def _frames(
        self, data: bytes, at: int, pieces: tuple[Piece, ...], chunk: Chunk, found: Found
    ) -> None:
        end = len(data)
        while at < end:
            head = websocket.frame(data, at)
            if head is None:
                self._gathered.begin(data[at:], end - at + 1, pieces)
                return
            after = at + head.head + head.length
            if head.length > LONGEST or self._size + head.length > LONGEST:
                self._too_long(head.length, pieces, chunk, found)
                self._gathered.skip = max(after - end, 0)
            elif after > end:
                self._gathered.begin(data[at:], after - at, pieces)
                return
            else:
                payload = websocket.unmasked(data[at + head.head : after], head.key)
                self._take(head, payload, pieces, chunk, found)
            at = after
            pieces = chunk.pieces  # what was kept before is over

    def _too_long(self, length: int, pieces: tuple[Piece, ...], chunk: Chunk, found: Found) -> None:
        words = f"a message of {self._size + length} bytes is passed over; {LONGEST} are kept"
        found.append(self._fault(FaultKind.TOO_LONG, pieces, chunk, f"{words} at most"))
        self._clear()

    def _take(
        self, head: Frame, payload: bytes, pieces: tuple[Piece, ...], chunk: Chunk, found: Found
    ) -> None:
        self._once(websocket.frame_fault(head, self._forward, COMPRESSED), pieces, chunk, found)
        if head.opcode == CLOSE:
            self.closing = websocket.closing(payload)[0] or 1005
        if head.opcode > BINARY:
            return
        if head.opcode != CONTINUATION:
            if self._opcode != CONTINUATION:
                words = "a message begins inside another (clause 5.4)"
                self._once(words, pieces, chunk, found)
            self._clear()
            self._opcode = head.opcode
            self._compressed = bool(head.reserved & COMPRESSED)
        elif self._opcode == CONTINUATION:
            self._once("a continuation of no message (clause 5.4)", pieces, chunk, found)
            return
        if len(self._parts) >= MOST_FRAGMENTS:
            self._once(f"a message of more than {MOST_FRAGMENTS} frames", pieces, chunk, found)
            self._clear()
            return
        self._parts.append(payload)
        self._pieces += [piece for piece in pieces if piece not in self._pieces[-1:]]
        self._size += len(payload)
        if head.fin:
            self._whole(chunk, found)

    def _whole(self, chunk: Chunk, found: Found) -> None:
        """A WebSocket message is whole: what CoAP says of it."""
        text, compressed = self._opcode == TEXT, self._compressed
        data, pieces = b"".join(self._parts), tuple(self._pieces)
        self._clear()
        if compressed:
            if self._inflating is None:
                self._inflating = self._handshake.inflating(self._forward)
            inflating = self._inflating
            inflated = None if inflating is None else inflating.message(data, LONGEST)
            if inflated is None:
                words = "a message cannot be inflated: it is broken, or refers to what is missing"
                self._once(words, pieces, chunk, found)
                return
            data = inflated
        if text:
            words = "a message came in a text frame, CoAP takes binary ones"
            found.append(self._fault(FaultKind.WS_TEXT, pieces, chunk, words))
            return
        if len(data) < 2:
            words = f"a WebSocket message of {len(data)} bytes: a CoAP message has 2 at least"
            found.append(self._fault(FaultKind.FRAME, pieces, chunk, words))
            return
        alone = True
        if data[0] > 15:
            words = f"Len is {data[0] >> 4} in a WebSocket message, which must be 0"
            found.append(self._fault(FaultKind.WS_LENGTH, pieces, chunk, words))
            alone = message_length(data, 0, len(data)) != len(data)  # else it is as over TCP
            if alone and data[0] >> 4 > 12:
                return
        found.append(Framed(data, pieces, chunk.time, chunk.frame, self._forward, alone))

    def _once(self, words: str, pieces: tuple[Piece, ...], chunk: Chunk, found: Found) -> None:
        """A breach of RFC 6455: told the first time that a side commits it."""
        if words and words not in self._told:
            self._told.add(words)
            found.append(self._fault(FaultKind.WS_FRAME, pieces, chunk, words))

    def _fault(self, kind: FaultKind, pieces: tuple[Piece, ...], chunk: Chunk, words: str) -> Fault:
        frames = tuple(piece.frame for piece in pieces[:1])
        return Fault(kind, self._forward, chunk.time, chunk.frame, frames, words)


def frames_begin(data: bytes, forward: bool) -> bool:
    """Does `data` consist of frames that may carry CoAP, the last perhaps not whole?"""
    codes = wire.code_table()
    at, end = 0, len(data)
    while at < end:
        head = websocket.frame(data, at)
        if head is None:
            return at > 0
        if websocket.frame_fault(head, forward, COMPRESSED) or head.length > LONGEST:
            return False
        begin, after = at + head.head, at + head.head + head.length
        if head.opcode in (TEXT, CONTINUATION) or (head.opcode == BINARY and not head.fin):
            return False
        if head.opcode == BINARY and not head.reserved and begin + 1 < end:
            payload = websocket.unmasked(data[begin : min(begin + 2, after)], head.key)
            if len(payload) < 2 or payload[0] > 15 or not codes[payload[1]]:
                return False
        if after > end:
            return at > 0
        at = after
    return at > 0
