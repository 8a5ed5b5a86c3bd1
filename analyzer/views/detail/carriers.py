# SPDX-License-Identifier: GPL-2.0-only
"""What lies between UDP or TCP and a message that was carried: segments put together, records of
TLS and DTLS, frames of a WebSocket, OSCORE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from analyzer.carriage import flow_of
from analyzer.views.detail import lower_layers
from analyzer.views.detail.coap import coap_node
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.records import Clear, records_node
from analyzer.views.inks import line
from analyzer.views.wording import plural
from dissectors import websocket
from dissectors.coap.wire import DATAGRAM
from dissectors.packet import message_layer

if TYPE_CHECKING:
    from analyzer.views.detail.standing import Standing
    from analyzer.views.session_view import SessionView

_MOST_SHOWN: Final = 64
"""Packets, records or frames told one by one."""

_OUTER: Final = "Constrained Application Protocol, as sent"
_OPCODES: Final = {0: "Continuation", 1: "Text", 2: "Binary", 8: "Close", 9: "Ping", 10: "Pong"}


def layers_below(view: SessionView, row: int, place: Standing) -> tuple[list[Node], Any]:
    """Nodes of all that precedes a message, and Scapy's last layer where the message stands behind
    it, else None."""
    if not place.parts:
        return lower_layers.below(place.frame, place.at, place.link_type, place.wire)
    nodes, under = lower_layers.below(place.frame, place.payload[0], place.link_type, place.wire)
    nodes += _between(view, row, place)
    return nodes, under if place.source == 0 else None


def _between(view: SessionView, row: int, place: Standing) -> Iterator[Node]:
    how = place.how
    if len(place.parts) > 1:
        yield _segments(place)
    flow = flow_of(view.opened, how.connection) if how.secured else None
    if how.secured:
        data = place.frame[slice(*place.payload)]
        clear = Clear.DTLS if how.dtls else Clear.NOTHING
        yield records_node(data, place.payload[0], clear, how.by_client, flow)
    if how.websocket:
        yield from _websocket(place)
    if how.unwrapped:
        yield from _outer(place)
    if place.source:
        name, data = place.sources[place.source]
        words = f"[{name} ({plural(len(data), 'byte')})]"
        yield Node(line(words, "dim"), (0, len(data)), key="made", source=place.source)


def _segments(place: Standing) -> Node:
    """`[2 Reassembled TCP Segments (340 bytes): #30, #32]`."""
    frames = [part.frame for part in place.parts]
    named_frames = ", ".join(f"#{frame}" for frame in frames[:_MOST_SHOWN])
    more = ", ..." if len(frames) > _MOST_SHOWN else ""
    size = plural(len(place.message), "byte")
    words = f"[{len(frames)} Reassembled TCP Segments ({size}): {named_frames}{more}]"
    children = tuple(
        Node(line(f"[Frame: {part.frame}, {plural(part.length, 'byte')}]"), key=f"part {index}")
        for index, part in enumerate(place.parts[:_MOST_SHOWN])
    )
    return Node(line(words), None, children, key="segments")


# WebSocket, OSCORE ------------------------------------------------------------------------------


def _websocket(place: Standing) -> Iterator[Node]:
    """The frames of a segment that begins with one."""
    if place.how.secured:
        yield Node(line("[WebSocket, in what was decrypted]", "dim"), key="websocket")
        return
    first, after = place.payload
    children: list[Node] = []
    at = first
    while at < after and len(children) < _MOST_SHOWN:
        head = websocket.frame(place.frame[at:after])
        if head is None:
            break
        end = min(after, at + head.head + head.length)
        masked = f", masked by {head.key.hex()}" if head.key else ""
        opcode = _OPCODES.get(head.opcode, f"opcode {head.opcode}")
        words = f"{opcode} frame{'' if head.fin else ', more follow'}, {head.length} bytes{masked}"
        children.append(Node(line(words), (at, end), key=f"frame {len(children)}"))
        at = end
    span = place.payload
    yield Node(line("WebSocket"), span, tuple(children), key="websocket", field="websocket")


def _outer(place: Standing) -> Iterator[Node]:
    """The message as it was sent, where it stands in the packet; its inner one follows."""
    first, after = place.payload
    if place.how.secured or place.how.framing != DATAGRAM:
        words = "[OSCORE: the message as it was sent is in what was put together or decrypted]"
        yield Node(line(words, "dim"), key="oscore", field="oscore")
        return
    outer = message_layer(DATAGRAM)(place.frame[first:after])
    yield coap_node(outer, first, (), _OUTER)
