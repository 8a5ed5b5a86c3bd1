# SPDX-License-Identifier: GPL-2.0-only
"""What lies between UDP or TCP and a message that was carried: segments put together, records of
TLS and DTLS, frames of a WebSocket, OSCORE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from analyzer.carriage import flow_of
from analyzer.views.detail import lower_layers
from analyzer.views.detail.coap import coap_node, named
from analyzer.views.detail.nodes import Node
from analyzer.views.detail.secured import security_node
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.wording import plural
from dissectors import websocket
from dissectors.coap.wire import DATAGRAM
from dissectors.packet import message_layer
from dissectors.tls import numbers
from dissectors.tls.details import alert_fields, fragment_fields, record_fields
from dissectors.tls.handshake import dtls_fragments, read_message
from dissectors.tls.records import Record, dtls_records, tls_record

if TYPE_CHECKING:
    from analyzer.carriers.secured import SecuredFlow
    from analyzer.views.detail.standing import Standing
    from analyzer.views.session_view import SessionView
    from dissectors.tls.fields import Field

_MOST_SHOWN: Final = 64
"""Packets, records or frames told one by one."""

_TITLES: Final = {True: "Datagram Transport Layer Security", False: "Transport Layer Security"}
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
        yield _records(place, flow)
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


# TLS and DTLS -----------------------------------------------------------------------------------


def _records(place: Standing, flow: SecuredFlow | None) -> Node:
    dtls = place.how.dtls
    first, after = place.payload
    data = place.frame[first:after]
    found = _dtls(data, place.how.by_client, flow) if dtls else list(_tls(data))
    shown = [_record(record, data, first, dtls) for record in found[:_MOST_SHOWN]]
    if not shown and data:
        shown.append(Node(line("[The packet goes on with a record of one before]"), key="goes on"))
    if flow is not None:
        shown.append(security_node(flow))
    field = "dtls" if dtls else "tls"
    return Node(line(_TITLES[dtls]), place.payload, tuple(shown), key=field, field=field)


def _dtls(data: bytes, by_client: bool, flow: SecuredFlow | None) -> list[Record]:
    """A record has the Connection ID that its receiver chose (RFC 9146 clause 3)."""
    cid = None
    if flow is not None:
        cid = flow.security.server_cid if by_client else flow.security.client_cid
    return dtls_records(data, len(cid or b""))


def _tls(data: bytes) -> Iterator[Record]:
    """The whole records of a segment that begins with one."""
    at = 0
    while at < len(data):
        record = tls_record(data, at)
        if record is None or record.error:
            return
        yield record
        at = record.end


def _record(record: Record, data: bytes, base: int, dtls: bool) -> Node:
    kind = numbers.CONTENT_TYPES.get(record.content_type, f"content type {record.content_type}")
    version = numbers.VERSIONS.get(record.version, "")
    words = f"{version or ('DTLS 1.3' if dtls else 'TLS')} Record Layer: "
    words += "Encrypted record" if record.unified else f"{kind} Protocol"
    children = [*_fields(record_fields(record, data, at=base, dtls=dtls))]
    if record.error:
        children.append(Node(line(f"[{record.error}]", "warning"), key="error"))
    elif record.content_type == numbers.HANDSHAKE and dtls and not record.epoch:
        children += _handshakes(record, data, base)
    elif record.content_type == numbers.ALERT and not record.epoch:
        children += _fields(alert_fields(data, record.body, record.end, at=base, dtls=dtls))
    elif record.end > record.body:
        size = plural(record.end - record.body, "byte")
        span = (base + record.body, base + record.end)
        children.append(Node(named("Encrypted", size), span, key="encrypted"))
    span = (base + record.start, base + record.end)
    return Node(line(words), span, tuple(children), key=f"record {record.start}")


def _handshakes(record: Record, data: bytes, base: int) -> Iterator[Node]:
    """Messages of a handshake in clear, and pieces of such."""
    for fragment in dtls_fragments(data, record.body, record.end):
        name = numbers.HANDSHAKE_TYPES.get(fragment.kind, f"type {fragment.kind}")
        fields = list(fragment_fields(fragment, data, at=base))
        if fragment.whole and not fragment.error:
            body = data[fragment.body : fragment.end]
            fields += read_message(fragment.kind, body, at=base + fragment.body, dtls=True).fields
        words = f"Handshake Protocol: {name}{'' if fragment.whole else ' (fragment)'}"
        span = (base + fragment.start, base + fragment.end)
        yield Node(line(words), span, tuple(_fields(fields)), key=f"handshake {fragment.start}")


def _fields(fields: Iterable[Field]) -> Iterator[Node]:
    for number, field in enumerate(fields):
        title = field.name.rpartition(".")[2].replace("_", " ").capitalize()
        shown = named("  " * field.level + title, escape(field.text, 200))
        yield Node(shown, (field.first, field.after), key=f"{number} {field.name}")


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
