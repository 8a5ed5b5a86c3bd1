# SPDX-License-Identifier: GPL-2.0-only
"""Link layers, tunnels and compressed headers by the walk that found the message in them.

Scapy explains the IP and UDP headers that stand in the packet; what lies around them is told here
from the row of `dissectors.link.walk`, so that detail and table cannot disagree.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from analyzer.views.detail.nodes import Node
from analyzer.views.inks import line
from analyzer.views.places import Span
from dissectors import link
from dissectors.kernel import Rows

_TUNNELS: Final = {
    link.GRE: ("Generic Routing Encapsulation", "Key"),
    link.IP_IN_IP: ("IP in IP", ""),
    link.GTP_U: ("GTP-U", "TEID"),
    link.VXLAN: ("VXLAN", "VNI"),
    link.GENEVE: ("Geneve", "VNI"),
    link.MPLS_IN_IP: ("MPLS in IP", ""),
    link.ERSPAN: ("ERSPAN", "GRE key"),
}
_ORDINARY: Final = frozenset({0, 1, 12, 14, 101, 108, 113, 228, 229, 276})
_WPAN: Final = frozenset({195, 230, 283})


def walked(data: bytes, link_type: int, wire: int) -> Rows:
    """The row of a packet of which `data` was captured and `wire` bytes were sent."""
    row = link.new_row()
    link.walk(memoryview(data), 0, len(data), link_type, row, max(wire - len(data), 0))
    return row


def is_ordinary(row: Rows, link_type: int) -> bool:
    """Whether Scapy alone explains the packet: a plain link layer, IP, UDP."""
    plain = link_type in _ORDINARY and not row[link.TUNNEL] and not row[link.ADDRESS_IN]
    return row[link.KIND] != link.UDP or plain


def around(data: bytes, link_type: int, row: Rows) -> list[Node]:
    """What precedes the innermost IP header, and that header too where it was compressed."""
    nodes = [_link_node(link_type, row)]
    if row[link.TUNNEL]:
        nodes.append(_tunnel_node(data, row))
    if row[link.ADDRESS_IN] and row[link.IP_AT] < row[link.PAYLOAD_AT]:
        nodes.append(_compressed_node(data, row))
    return nodes


def _link_node(link_type: int, row: Rows) -> Node:
    end = row[link.OUTER_IP_AT] if row[link.TUNNEL] else row[link.IP_AT]
    span = (0, end)
    children: list[Node] = []
    if link_type in _WPAN:
        for title, at in (("Source", link.LINK_SOURCE), ("Destination", link.LINK_DESTINATION)):
            identifier = bytes(row[at : at + 8].tolist()).hex(":", 2)
            children.append(_field(title, f"{identifier} (interface identifier)", span))
    size = f", {end} bytes of headers" if end else ""
    title = link.LINK_TYPES.get(link_type, f"Link type {link_type}")
    return Node(line(f"{title}{size}"), span, tuple(children), key="link")


def _tunnel_node(data: bytes, row: Rows) -> Node:
    name, title = _TUNNELS[row[link.TUNNEL]]
    span = (row[link.OUTER_IP_AT], row[link.IP_AT])
    source, destination = (
        _address(data, row, link.OUTER_ADDRESS_IN, at, link.OUTER_ADDRESS_LENGTH)
        for at in (link.OUTER_SOURCE_AT, link.OUTER_DESTINATION_AT)
    )
    number = row[link.TUNNEL_ID]
    shown = f"0x{number:08x}" if row[link.TUNNEL] == link.GTP_U else str(number)
    identity = f", {title}: {shown}" if title and number >= 0 else ""
    depth = f", the innermost of {row[link.TUNNELS]} tunnels" if row[link.TUNNELS] > 1 else ""
    children = [
        _field("Outer source", source, _outer_span(row, row[link.OUTER_SOURCE_AT])),
        _field("Outer destination", destination, _outer_span(row, row[link.OUTER_DESTINATION_AT])),
    ]
    if row[link.OUTER_DESTINATION_PORT]:
        children.append(_field("Outer source port", row[link.OUTER_SOURCE_PORT], span))
        children.append(_field("Outer destination port", row[link.OUTER_DESTINATION_PORT], span))
    if identity:
        children.append(_field(title, shown, span))
    heading = f"{name}{identity}, Outer src: {source}, Outer dst: {destination}{depth}"
    return Node(line(heading), span, tuple(children), key="tunnel")


def _compressed_node(data: bytes, row: Rows) -> Node:
    span = (row[link.IP_AT], row[link.PAYLOAD_AT])
    source, destination = (
        _address(data, row, link.ADDRESS_IN, at, link.ADDRESS_LENGTH)
        for at in (link.SOURCE_AT, link.DESTINATION_AT)
    )
    unsure = row[link.UNSURE]
    checksum = row[link.UDP_CHECKSUM]
    fields: list[tuple[str, object]] = [
        ("Source", source + _context(unsure & link.UNSURE_SOURCE)),
        ("Destination", destination + _context(unsure & link.UNSURE_DESTINATION)),
        ("Hop limit", row[link.TTL]),
        ("Source port", row[link.SOURCE_PORT]),
        ("Destination port", row[link.DESTINATION_PORT]),
        ("Checksum", "left out" if checksum < 0 else f"0x{checksum:04x}"),
    ]
    children = tuple(_field(title, value, span) for title, value in fields)
    heading = f"6LoWPAN, IPv6 and UDP compressed, Src: {source}, Dst: {destination}"
    return Node(line(heading), span, children, key="6LoWPAN")


def _context(unknown: int) -> str:
    return " (its prefix is a context the frame does not tell)" if unknown else ""


def _field(title: str, value: object, span: Span) -> Node:
    return Node(((f"{title}: ", "dim"), (str(value), "")), span, key=title)


def _outer_span(row: Rows, at: int) -> Span:
    """The bytes of an outer address; all of the headers where it stands in none."""
    if row[link.OUTER_ADDRESS_IN]:
        return (row[link.OUTER_IP_AT], row[link.IP_AT])
    return (at, at + row[link.OUTER_ADDRESS_LENGTH])


def _address(data: bytes, row: Rows, where: int, slot: int, length: int) -> str:
    at, size = row[slot], row[length]
    packed = bytes(row[at : at + size].tolist()) if row[where] else data[at : at + size]
    return str(ipaddress.ip_address(packed))
