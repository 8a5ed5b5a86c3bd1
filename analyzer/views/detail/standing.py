# SPDX-License-Identifier: GPL-2.0-only
"""Where the bytes of a message stand: in the packet as it was captured, or in what was put together
or decrypted, which then is a second source of bytes beside the packet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from analyzer.carriage import NOT_CARRIED, Carriage, carriage, pieces
from analyzer.views.detail.walked_layers import walked
from analyzer.views.places import Span
from dissectors import link
from dissectors.coap.wire import DATAGRAM

if TYPE_CHECKING:
    from analyzer.session import Session
    from analyzer.streams.model import Piece

_MOST_NEIGHBOURS: Final = 4096
"""Messages looked at that came in the same packet."""


class Standing(NamedTuple):
    """A message and its packet. `sources` are names and bytes, the packet first; the message begins
    at `at` of one of them. `payload` is what UDP or TCP carries in the packet, `parts` are all
    packets that carried the message; `wire` is the length of the packet."""

    message: bytes
    how: Carriage
    sources: tuple[tuple[str, bytes], ...]
    source: int
    at: int
    payload: Span
    link_type: int
    wire: int
    parts: tuple[Piece, ...] = ()

    @property
    def frame(self) -> bytes:
        """The packet as it was captured."""
        return self.sources[0][1]

    @property
    def clear(self) -> bool:
        """A stream that anybody can read."""
        return self.how.framing != DATAGRAM and not self.how.secured


def standing(session: Session, row: int) -> Standing | None:
    """Where a message stands; None where its bytes are gone."""
    cells, message = session.messages.row(row), session.coap(row)
    how = carriage(session, row)
    parts = pieces(session, row)
    if not parts:
        data = session.packet(row)
        at = cells["coap_at"]
        after = (at, at + cells["coap_length"])
        found = (("Frame", data),)
        link_type = session.link_type(row)
        return (
            Standing(message, NOT_CARRIED, found, 0, at, after, link_type, cells["wire"])
            if data
            else None
        )
    last = parts[-1]
    frame = session.opened.read(last.interface, last.offset, last.length)
    if not frame or not message:
        return None
    link_type = session.interfaces[last.interface].interface.link_type
    walk = walked(frame, link_type, last.length)
    carries = walk[link.KIND] in (link.UDP, link.TCP)
    payload = (walk[link.PAYLOAD_AT], walk[link.PAYLOAD_END]) if carries else (len(frame),) * 2
    at = _found(session, row, frame, payload, len(parts))
    if at >= 0:
        return Standing(
            message, how, (("Frame", frame),), 0, at, payload, link_type, last.length, parts
        )
    sources = (("Frame", frame), (_name(how), message))
    return Standing(message, how, sources, 1, 0, payload, link_type, last.length, parts)


def _name(how: Carriage) -> str:
    """Of what was made of a packet, as Wireshark names its tabs."""
    if how.unwrapped:
        return "Unprotected OSCORE"
    if how.secured:
        return "Decrypted DTLS" if how.dtls else "Decrypted TLS"
    return "Unmasked data" if how.websocket else "Reassembled TCP"


def _found(session: Session, row: int, frame: bytes, payload: Span, parts: int) -> int:
    """Where a message stands in the packet as it is, behind those that came in it before; -1 where
    it does not."""
    how = carriage(session, row)
    if parts > 1 or how.secured or how.unwrapped:
        return -1
    at = payload[0]
    for before in _neighbours(session, row):
        if before > row:
            break
        message = session.coap(before)
        found = frame.find(message, at, payload[1])
        if before == row:
            return found
        at = found + len(message) if found >= 0 else at
    return -1


def _neighbours(session: Session, row: int) -> Iterator[int]:
    """Rows of the messages of the same packet and sender, in their order, `row` among them."""
    messages = session.messages
    wanted = [messages.cell(name, row) for name in ("frame", "source")]
    first = row
    least = max(0, row - _MOST_NEIGHBOURS)
    while first > least and messages.cell("frame", first - 1) == wanted[0]:
        first -= 1
    for other in range(first, min(len(messages), row + _MOST_NEIGHBOURS)):
        if messages.cell("frame", other) != wanted[0]:
            break
        if messages.cell("source", other) == wanted[1]:
            yield other


def foreign_secrets(session: Session, row: int, place: Standing) -> list[Span]:
    """Bytes of a segment that hold credentials of other messages, or may: of one that is not whole
    in it nobody can tell."""
    from dissectors.msgin5g.credentials import secrets_of

    found: list[Span] = []
    at, end = place.payload
    for other in _neighbours(session, row):
        message = session.coap(other)
        first = place.frame.find(message, at, end) if message else -1
        if first < 0:
            continue
        found += _odd(place.frame, at, first)
        coap = session.dissected(other)
        start = first + max(0, coap.payload_offset)
        if other != row and session.blocks.is_block(other):
            found.append((start, first + len(message)))
        elif other != row:
            found += [
                (start + a, start + b) for a, b in secrets_of(coap.payload, session.vocabulary)
            ]
        at = first + len(message)
    return found + _odd(place.frame, at, end)


def _odd(frame: bytes, first: int, after: int) -> list[Span]:
    """Bytes of messages that are not whole here, where they may be JSON."""
    return [(first, after)] if b'"' in frame[first:after] else []
