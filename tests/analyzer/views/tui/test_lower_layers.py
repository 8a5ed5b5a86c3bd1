# SPDX-License-Identifier: GPL-2.0-only
"""What the detail pane says of link layers and tunnels, from the same walk as the table."""

from __future__ import annotations

import struct

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from analyzer.views.detail.lower_layers import below
from analyzer.views.detail.nodes import Node

COAP = bytes.fromhex("44011234 61626364 b161")
INNER = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=40000, dport=5683) / Raw(COAP)
GTP = struct.pack(">BBHI", 0x30, 255, len(INNER), 0xDEADBEEF)
OUTER = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=2152, dport=2152)
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def shown(packet: Packet | bytes, link_type: int) -> list[Node]:
    data = bytes(packet)
    nodes, _ = below(data, len(data) - len(COAP), link_type, len(data))
    for node in nodes:
        assert node.span is not None
        assert 0 <= node.span[0] <= node.span[1] <= len(data)
    return nodes


def texts(nodes: list[Node]) -> list[str]:
    return [node.text for node in nodes]


IP_AND_UDP = [
    "Internet Protocol Version 4, Src: 192.0.2.1, Dst: 192.0.2.2",
    "User Datagram Protocol, Src port: 40000, Dst port: 5683",
]


def test_a_plain_packet_is_explained_by_scapy() -> None:
    nodes = shown(Ether(**MACS) / INNER, 1)
    assert texts(nodes)[0].startswith("Ethernet II")
    assert texts(nodes)[1:] == IP_AND_UDP


def test_a_tunnel_shows_both_sides() -> None:
    nodes = shown(Ether(**MACS) / OUTER / Raw(GTP) / INNER, 1)
    assert texts(nodes) == [
        "Ethernet, 14 bytes of headers",
        "GTP-U, TEID: 0xdeadbeef, Outer src: 10.0.0.1, Outer dst: 10.0.0.2",
        *IP_AND_UDP,
    ]
    assert texts(list(nodes[1].children)) == [
        "Outer source: 10.0.0.1",
        "Outer destination: 10.0.0.2",
        "Outer source port: 2152",
        "Outer destination port: 2152",
        "TEID: 0xdeadbeef",
    ]
    assert [node.span for node in nodes] == [(0, 14), (14, 50), (50, 70), (70, 78)]
    assert nodes[1].children[1].span == (30, 34)


def test_tunnels_in_tunnels() -> None:
    nodes = shown(IP(src="10.1.0.1", dst="10.1.0.2") / OUTER / Raw(GTP) / INNER, 101)
    assert texts(nodes)[1].endswith("the innermost of 2 tunnels")


def test_ppp_and_radiotap_are_named() -> None:
    assert texts(shown(b"\xff\x03\0\x21" + bytes(INNER), 9)) == [
        "PPP, 4 bytes of headers",
        *IP_AND_UDP,
    ]
    frame = bytes.fromhex("0000080000000000 0801") + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\0"
    assert texts(shown(frame + bytes(INNER), 127)) == [
        "802.11 with radiotap, 40 bytes of headers",
        *IP_AND_UDP,
    ]


def test_compressed_headers_are_told_as_they_would_be() -> None:
    frame = bytes.fromhex("4188 01 cdab 0200 0100 7e73 f4 9c40 1633") + COAP
    nodes = shown(frame, 230)
    assert texts(nodes) == [
        "802.15.4 without check sequence, 9 bytes of headers",
        "6LoWPAN, IPv6 and UDP compressed, Src: ::ff:fe00:1, Dst: fe80::ff:fe00:2",
    ]
    assert texts(list(nodes[0].children)) == [
        "Source: 0000:00ff:fe00:0001 (interface identifier)",
        "Destination: 0000:00ff:fe00:0002 (interface identifier)",
    ]
    fields = texts(list(nodes[1].children))
    assert fields[0] == "Source: ::ff:fe00:1 (its prefix is a context the frame does not tell)"
    assert fields[-1] == "Checksum: left out"
