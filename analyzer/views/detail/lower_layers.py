# SPDX-License-Identifier: GPL-2.0-only
"""What lies below CoAP: link, IP and UDP by Scapy's own layers, all else as it was walked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from analyzer.views.detail import walked_layers
from analyzer.views.detail.nodes import Node
from analyzer.views.escape import escape
from analyzer.views.inks import line
from analyzer.views.places import Span
from dissectors import link, packet

_LAYERS: Final = {
    "Ethernet": "Ethernet II",
    "cooked linux": "Linux cooked capture",
    "cooked linux v2": "Linux cooked capture v2",
    "IP": "Internet Protocol Version 4",
    "IPv6": "Internet Protocol Version 6",
    "TCP": "Transmission Control Protocol",
    "UDP": "User Datagram Protocol",
    "802.1Q": "802.1Q Virtual LAN",
}

_PROTOCOLS: Final = {"IP": "ip", "IPv6": "ipv6", "TCP": "tcp", "UDP": "udp"}
_FIELDS: Final = {
    "ack": "Acknowledgment number",
    "dataofs": "Header length",
    "seq": "Sequence number",
    "urgptr": "Urgent pointer",
    "chksum": "Checksum",
    "dport": "Destination port",
    "dst": "Destination",
    "fl": "Flow label",
    "frag": "Fragment offset",
    "hlim": "Hop limit",
    "id": "Identification",
    "ihl": "Header length",
    "lladdrlen": "Address length",
    "lladdrtype": "Address type",
    "len": "Length",
    "nh": "Next header",
    "pkttype": "Packet type",
    "plen": "Payload length",
    "proto": "Protocol",
    "sport": "Source port",
    "src": "Source",
    "tc": "Traffic class",
    "tos": "Type of service",
    "ttl": "Time to live",
}

_NAMES: Final = {
    ("IP", "src"): "ip.src",
    ("IP", "dst"): "ip.dst",
    ("IPv6", "src"): "ipv6.src",
    ("IPv6", "dst"): "ipv6.dst",
    ("TCP", "sport"): "tcp.srcport",
    ("TCP", "dport"): "tcp.dstport",
    ("UDP", "sport"): "udp.srcport",
    ("UDP", "dport"): "udp.dstport",
}
"""Names in dissectors.fields of what Scapy's layers have."""


def load() -> None:
    """Import Scapy's layers; nothing it says may be written over the screen."""
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    packet.load()


def below(data: bytes, at: int, link_type: int, wire: int) -> tuple[list[Node], Any]:
    """Nodes of all that precedes the message at `at` of a packet, and Scapy's last layer or None.

    `data` is what was captured of `wire` bytes.
    """
    row = walked_layers.walked(data, link_type, wire)
    if row[link.PAYLOAD_AT] != at or walked_layers.is_ordinary(row, link_type):
        nodes, first, found = [], 0, layers(data[:at], link_type)
    else:
        first = row[link.IP_AT]
        nodes = walked_layers.around(data, link_type, row)
        found = [] if row[link.ADDRESS_IN] else layers(data[first:at], link.RAW_IP)
    for layer in found:
        nodes.append(layer_node(layer, first))
        first += header_length(layer)
    return nodes, found[-1] if found else None


def layers(data: bytes, link_type: int) -> list[Any]:
    """The layers of what precedes the CoAP message."""
    load()
    from scapy.packet import NoPayload, Padding, Raw

    kind = packet.link_layer(data, link_type)
    if kind is None:
        return []
    found: list[Any] = []
    layer: Any = kind(data)
    while not isinstance(layer, NoPayload | Padding | Raw):
        found.append(layer)
        layer = layer.payload
    return found


def layer_node(layer: Any, at: int) -> Node:
    """One layer and its fields; `at` is its first byte in the packet."""
    title = _LAYERS.get(layer.name, layer.name)
    heading = ", ".join([title, *_ends(layer)])
    span = (at, at + header_length(layer))
    children = tuple(_field_nodes(layer, at))
    field = _PROTOCOLS.get(layer.name, "")
    return Node(line(escape(heading)), span, children, key=layer.name, field=field)


def header_length(layer: Any) -> int:
    """Bytes of a dissected layer without its payload."""
    return len(layer.raw_packet_cache or layer.self_build())


def _ends(layer: Any) -> Iterator[str]:
    """`Src: 127.0.0.1`, `Dst: ...`, as far as the layer has such."""
    for source, destination, port in (("src", "dst", ""), ("sport", "dport", " port")):
        if source in layer.fieldtype and destination in layer.fieldtype:
            yield f"Src{port}: {layer.getfieldval(source)}"
            yield f"Dst{port}: {layer.getfieldval(destination)}"


def _field_nodes(layer: Any, at: int) -> Iterator[Node]:
    """Fields with the bytes each adds when the layer is built again."""
    built: Any = b""
    for field in layer.fields_desc:
        value = layer.getfieldval(field.name)
        before = _bits(built)
        built = field.addfield(layer, built, value)
        after = _bits(built)
        if after > before:
            span: Span = (at + before // 8, at + -(-after // 8))
            title = _FIELDS.get(field.name) or field.name.replace("_", " ").capitalize()
            shown = escape(str(field.i2repr(layer, value)))
            named = _NAMES.get((layer.name, field.name), "")
            yield Node(((f"{title}: ", "dim"), (shown, "")), span, key=field.name, field=named)


def _bits(built: Any) -> int:
    """Length so far; Scapy keeps an unfinished byte as (bytes, bits, value)."""
    if isinstance(built, tuple):
        return len(built[0]) * 8 + int(built[1])
    return len(built) * 8
