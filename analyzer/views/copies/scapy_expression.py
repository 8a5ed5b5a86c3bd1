# SPDX-License-Identifier: GPL-2.0-only
"""A Scapy expression that builds the packet again, byte for byte.

    >>> from scapy.all import *
    >>> from dissectors import *

What the layers cannot build again is given as bytes: a part of it is still an expression.
"""

from __future__ import annotations

from typing import Any

from analyzer.views.copies.model import Copied, Octets, Subject, octets
from dissectors import packet
from dissectors.coap.wire import DATAGRAM


def copied(subject: Subject) -> Copied:
    found = octets(subject)
    session = subject.view.opened
    text = expression(found, session.link_type(subject.row), session.framing(subject.row))
    return Copied(text, found.remarks)


def expression(found: Octets, link_type: int, framing: int = DATAGRAM) -> str:
    """Headers by their fields, the message by its own; each as bytes where that builds others."""
    packet.load()
    data, at = found.data, found.coap_at
    after = data[at + found.coap_length :]
    parts = [*_headers(data[:at], link_type), _message(found.message, framing)]
    if after:
        parts.append(f"Padding({after!r})")
    return "/".join(parts)


def _headers(data: bytes, link_type: int) -> list[str]:
    """Layers of what precedes the message; one expression of bytes where they build others."""
    kind = packet.link_layer(data, link_type) if data else None
    try:
        layers = _layers(kind(data)) if kind is not None else []
        if layers and b"".join(map(_built, layers)) == data:
            return [str(layer.command()) for layer in layers]
    except Exception:  # of any kind: Scapy's outermost layer does not guard itself
        pass
    return [f"Raw({data!r})"] if data else []


def _message(data: bytes, framing: int) -> str:
    """A payload is given as bytes: JSON that means the same has other blanks."""
    coap = packet.message_layer(framing)(data)
    payload = bytes(coap.payload)
    coap.remove_payload()
    marker = b"\xff" if payload and not coap.payload_marker else b""
    if _built(coap) + marker + payload != data:
        return f"{type(coap).__name__}({data!r})"
    return str(coap.command()) + (f"/Raw({payload!r})" if payload else "")


def _layers(layer: Any) -> list[Any]:
    """Each alone, without what it carries."""
    from scapy.packet import NoPayload

    found = []
    while not isinstance(layer, NoPayload):
        inner = layer.payload
        layer.remove_payload()
        found.append(layer)
        layer = inner
    return found


def _built(layer: Any) -> bytes:
    """What a layer of the same fields builds to: the bytes it was dissected from are forgotten."""
    again = layer.copy()
    again.clear_cache()
    return bytes(again)
