# SPDX-License-Identifier: GPL-2.0-only
"""Link types and tunnels: what is inside, what is outside, and what is neither."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from frames import ALL, COAP, ENDS, EXPORTED, GTP, MACS, OUT, OUTSIDE, TUNNELS, VX, Frame, ip, udp
from lowpan_frames import LOWPAN
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Packet, Raw

from dissectors import link
from dissectors.kernel import Rows

FRAMES = ALL | LOWPAN


def walk(data: bytes, link_type: int, end: int | None = None) -> Rows:
    row = link.new_row()
    end = len(data) if end is None else end
    link.walk(memoryview(data), 0, end, link_type, row, len(data) - end)
    return row


def address(data: bytes, row: Rows, where: int, at: int, length: int) -> str:
    """The address at slot `at`, as text."""
    first, size = row[at], row[length]
    packed = bytes(row[first : first + size].tolist()) if row[where] else data[first : first + size]
    return str(ipaddress.ip_address(packed))


@pytest.mark.parametrize("name", FRAMES)
def test_the_datagram_inside(name: str) -> None:
    frame = FRAMES[name]
    data, row = frame.data, walk(frame.data, frame.link_type)
    assert row[link.KIND] == link.UDP
    found = [
        address(data, row, link.ADDRESS_IN, at, link.ADDRESS_LENGTH)
        for at in (link.SOURCE_AT, link.DESTINATION_AT)
    ]
    assert found == [frame.source, frame.destination]
    assert (row[link.SOURCE_PORT], row[link.DESTINATION_PORT]) == frame.ports
    assert data[row[link.PAYLOAD_AT] : row[link.PAYLOAD_END]] == frame.payload
    assert row[link.PAYLOAD_LENGTH] == len(frame.payload)
    assert row[link.FRAGMENT] == 0


@pytest.mark.parametrize("name", FRAMES)
def test_the_tunnel_around_it(name: str) -> None:
    frame = FRAMES[name]
    data, row = frame.data, walk(frame.data, frame.link_type)
    assert row[link.TUNNEL] == frame.tunnel
    if frame.outer is None:
        return
    assert row[link.TUNNEL_ID] == frame.tunnel_id
    assert frame.outer == tuple(
        address(data, row, link.OUTER_ADDRESS_IN, at, link.OUTER_ADDRESS_LENGTH)
        for at in (link.OUTER_SOURCE_AT, link.OUTER_DESTINATION_AT)
    )
    outer_ports = row[link.OUTER_SOURCE_PORT], row[link.OUTER_DESTINATION_PORT]
    assert outer_ports == frame.outer_ports
    assert row[link.OUTER_IP_AT] < row[link.IP_AT]


@pytest.mark.parametrize("name", FRAMES)
def test_every_truncation_is_truncated_or_cut(name: str) -> None:
    frame = FRAMES[name]
    whole = walk(frame.data, frame.link_type)
    for end in range(len(frame.data)):
        row = walk(frame.data, frame.link_type, end)
        if row[link.KIND] == link.UDP:
            assert row[link.PAYLOAD_AT] <= row[link.PAYLOAD_END] <= end
            if row[link.TUNNELS] == whole[link.TUNNELS]:
                assert row[link.PAYLOAD_LENGTH] == whole[link.PAYLOAD_LENGTH]
        else:
            assert row[link.KIND] in (link.TRUNCATED, link.OTHER), end
            assert end < whole[link.PAYLOAD_END]


# What is no tunnel, or not to be read -----------------------------------------------------------

NOT_OURS: dict[str, tuple[int, bytes, int]] = {
    "GTP-U echo": (101, bytes(OUT / GTP / Raw(struct.pack(">BBHII", 0x32, 1, 4, 0, 0))), 0),
    "GTP-U end marker": (101, bytes(OUT / GTP / Raw(struct.pack(">BBHI", 0x30, 254, 0, 1))), 0),
    "CoAP on the port of GTP-U": (101, bytes(OUT / GTP / Raw(COAP)), link.OTHER),
    "GTP-U extension of no length": (
        101,
        bytes(OUT / GTP / Raw(struct.pack(">BBHIHBB", 0x34, 255, 8, 1, 0, 0, 0x85) + bytes(4))),
        link.MALFORMED,
    ),
    "GTP-U with TCP": (
        101,
        bytes(
            OUT
            / GTP
            / Raw(struct.pack(">BBHI", 0x30, 255, 40, 1))
            / IP(**ENDS, proto=6)
            / Raw(bytes(20))
        ),
        link.OTHER,
    ),
    "GRE with source routes": (101, bytes(OUT / GRE(routing_present=1)), link.OTHER),
    "GRE of version 2": (101, bytes(OUT / GRE(version=2)), link.OTHER),
    "GRE with something else": (101, bytes(OUT / GRE(proto=0x4321)) + bytes(40), link.OTHER),
    "LCP": (9, bytes.fromhex("ff03c021") + bytes(20), link.OTHER),
    "PPPoE discovery code": (51, bytes.fromhex("1109000100000000"), link.OTHER),
    "PPPoE of another version": (51, bytes.fromhex("2100000100000000"), link.MALFORMED),
    "802.11 beacon": (105, b"\x80" + bytes(60), link.OTHER),
    "802.11 null": (105, b"\x48\x01" + bytes(60), link.OTHER),
    "802.11 encrypted": (105, b"\x08\x41" + bytes(60), link.OTHER),
    "802.11 later fragment": (105, b"\x08\x01" + bytes(20) + b"\x01\0" + bytes(40), link.OTHER),
    "radiotap of another version": (127, b"\x01" + bytes(60), link.MALFORMED),
    "radiotap shorter than itself": (127, bytes.fromhex("0000070000000000") * 4, link.MALFORMED),
    "spanning tree": (100, bytes.fromhex("424203") + bytes(40), link.OTHER),
    "802.15.4 beacon": (230, b"\0\x80" + bytes(20), link.OTHER),
    "802.15.4 encrypted": (
        230,
        bytes.fromhex("69 88 01 cdab 0200 0100 0d 01000000") + bytes(30),
        link.OTHER,
    ),
    "802.15.4 reserved address mode": (230, bytes.fromhex("4194 01") + bytes(30), link.MALFORMED),
    "not a LoWPAN frame": (230, bytes.fromhex("4188 01 cdab 0200 0100 00") * 3, link.OTHER),
    "HC1": (230, bytes.fromhex("4188 01 cdab 0200 0100 42") + bytes(30), link.OTHER),
    "exported HTTP": (252, bytes.fromhex("000c0004 68747470 00000000") + bytes(9), link.OTHER),
    "exported, name too long": (
        252,
        bytes.fromhex("000c000c") + b"coapcoapcoap" + bytes(9),
        link.OTHER,
    ),
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_no_datagram_is_named(name: str) -> None:
    link_type, data, kind = NOT_OURS[name]
    assert walk(data, link_type)[link.KIND] == kind


@pytest.mark.parametrize("payload", [COAP, b"", b"\x08\0\0\0\0\0\x05\x01", b"\x40" + bytes(20)])
@pytest.mark.parametrize("port", [4789, 6081])
def test_a_datagram_that_only_has_the_port_of_a_tunnel(port: int, payload: bytes) -> None:
    packet = bytes(IP(**OUTSIDE) / UDP(sport=5683, dport=port) / Raw(payload))
    row = walk(packet, 101)
    assert (row[link.KIND], row[link.TUNNEL]) == (link.UDP, link.NO_TUNNEL)
    assert row[link.PAYLOAD_LENGTH] == len(payload)


def nested(depth: int) -> bytes:
    packet: Packet = ip()
    for _ in range(depth):
        packet = IP(**OUTSIDE) / packet
    return bytes(packet)


def test_tunnels_nest_so_deep_and_no_deeper() -> None:
    row = walk(nested(link.MOST_TUNNELS), 101)
    assert (row[link.KIND], row[link.TUNNELS]) == (link.UDP, 8)
    assert walk(nested(link.MOST_TUNNELS + 1), 101)[link.KIND] == link.MALFORMED


def test_an_icmp_error_inside_a_tunnel() -> None:
    error = IP(src=ENDS["dst"], dst=ENDS["src"]) / ICMP(type=3, code=3) / ip()
    row = walk(bytes(OUT / GTP / Raw(struct.pack(">BBHI", 0x30, 255, 66, 5)) / error), 101)
    assert (row[link.KIND], row[link.TUNNEL], row[link.TUNNEL_ID]) == (
        link.ICMP_ERROR,
        link.GTP_U,
        5,
    )


def test_a_tunnel_in_the_first_fragment_is_read_as_far_as_it_goes() -> None:
    whole = IP(**OUTSIDE, flags="MF", id=9) / GTP
    inner = ip() / Raw(bytes(1000))
    packet = bytes(whole / Raw(struct.pack(">BBHI", 0x30, 255, 1038, 5)) / inner)
    cut = bytearray(packet[:-400])
    cut[2:4] = struct.pack(">H", len(cut))
    row = walk(bytes(cut), 101)
    assert (row[link.KIND], row[link.FRAGMENT], row[link.FRAGMENT_IN]) == (link.UDP, 1, 4)
    assert row[link.PAYLOAD_LENGTH] == len(COAP) + 1000
    assert row[link.PAYLOAD_END] == len(cut)
    assert row[link.FRAGMENT_HEADER_AT] == 0
    assert row[link.PIECE_AT] == 20


def test_an_exported_message_that_was_cut() -> None:
    data = EXPORTED["exported CoAP"].data
    row = walk(data, 252, len(data) - 3)
    assert row[link.PAYLOAD_LENGTH] == len(COAP)
    assert row[link.PAYLOAD_END] == len(data) - 3


@pytest.mark.parametrize("name", TUNNELS)
def test_what_follows_a_packet_in_a_frame_is_not_read(name: str) -> None:
    frame: Frame = TUNNELS[name]
    data = bytes(Ether(**MACS, type=0x86DD if frame.data[0] >> 4 == 6 else 0x800)) + frame.data
    row = walk(data + b"padding!", 1)
    assert data[row[link.PAYLOAD_AT] : row[link.PAYLOAD_END]] == COAP
    assert (VX.sport, bytes(udp())[:2]) == (50000, struct.pack(">H", 40000))
