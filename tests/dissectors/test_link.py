# SPDX-License-Identifier: GPL-2.0-only
"""The link walk: against Scapy's own dissection, every truncation, any bytes."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP, IPOption_RR, fragment
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.l2 import ARP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, Loopback
from scapy.packet import Packet, Padding, Raw

from dissectors import link

STEADY = settings(derandomize=True, deadline=None, max_examples=200)
COAP = bytes.fromhex("44011234 61626364 b161")
ENDS = {"src": "192.0.2.1", "dst": "198.51.100.2"}
ENDS6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}

Row = dict[str, int]
SLOTS = {name: getattr(link, name) for name in dir(link) if name.isupper()}
NAMES = [
    *("KIND", "IP_AT", "IP_VERSION", "SOURCE_AT", "DESTINATION_AT", "ADDRESS_LENGTH"),
    *("SOURCE_PORT", "DESTINATION_PORT", "PAYLOAD_AT", "PAYLOAD_END", "PAYLOAD_LENGTH"),
    *("IP_ID", "TTL", "FRAGMENT", "ICMP_TYPE", "ICMP_CODE", "ADDRESS_IN"),
]


def walk(frame: bytes, link_type: int, end: int | None = None) -> Row:
    row = link.new_row()
    link.walk(memoryview(frame), 0, len(frame) if end is None else end, link_type, row)
    return {name: row[SLOTS[name]] for name in NAMES}


def udp(**fields: Any) -> Packet:
    return UDP(**{"sport": 40000, "dport": 5683} | fields) / Raw(COAP)


def ip(**fields: Any) -> Packet:
    return IP(**ENDS | {"id": 0x1234, "ttl": 63} | fields) / udp()


def ip6(*between: Packet) -> Packet:
    packet = IPv6(**ENDS6, hlim=63)
    for header in between:
        packet /= header
    return packet / udp()


IP4, IP6 = ip(), ip6()
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}

# Link type and a packet that carries the UDP datagram.
PACKETS: dict[str, tuple[int, Packet]] = {
    "Ethernet, IPv4": (1, Ether(**MACS) / IP4),
    "Ethernet, IPv6": (1, Ether(**MACS) / IP6),
    "802.1Q": (1, Ether(**MACS) / Dot1Q(vlan=7) / IP4),
    "QinQ": (1, Ether(**MACS) / Dot1AD(vlan=7) / Dot1Q(vlan=8) / IP6),
    "two 802.1Q": (1, Ether(**MACS) / Dot1Q(vlan=7) / Dot1Q(vlan=8) / IP4),
    "padded Ethernet": (1, Ether(**MACS) / IP4 / Padding(bytes(20))),
    "cooked v1": (113, CookedLinux(proto=0x800) / IP4),
    "cooked v1, IPv6": (113, CookedLinux(proto=0x86DD) / IP6),
    "cooked v1, VLAN": (113, CookedLinux(proto=0x8100) / Dot1Q(vlan=7) / IP4),
    "cooked v2": (276, CookedLinuxV2(proto=0x800) / IP4),
    "cooked v2, IPv6": (276, CookedLinuxV2(proto=0x86DD) / IP6),
    "cooked v2, VLAN": (276, CookedLinuxV2(proto=0x8100) / Dot1Q(vlan=7) / IP4),
    "loopback": (0, Loopback(type=2) / IP4),
    "loopback, IPv6 of macOS": (0, Raw(b"\x1e\0\0\0") / IP6),
    "loopback, IPv6 of FreeBSD": (0, Raw(b"\x1c\0\0\0") / IP6),
    "OpenBSD loopback": (108, Raw(b"\0\0\0\x18") / IP6),
    "loopback of the other byte order": (0, Raw(b"\0\0\0\2") / IP4),
    "raw": (101, IP4),
    "raw, IPv6": (101, IP6),
    "raw of BSD": (12, IP4),
    "raw of OpenBSD": (14, IP6),
    "raw IPv4": (228, IP4),
    "raw IPv6": (229, IP6),
    "IPv4 options": (101, ip(options=[IPOption_RR(routers=["192.0.2.9"] * 3), IPOption_NOP()])),
    "IPv4 identification 0": (101, ip(id=0, flags="DF")),
    "hop-by-hop": (101, ip6(IPv6ExtHdrHopByHop())),
    "routing": (101, ip6(IPv6ExtHdrRouting(addresses=["2001:db8::3"]))),
    "several extension headers": (
        101,
        ip6(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrDestOpt(autopad=1)),
    ),
    "atomic fragment": (101, ip6(IPv6ExtHdrFragment(offset=0, m=0, id=7))),
}


@pytest.mark.parametrize("name", PACKETS)
def test_the_walk_sees_what_scapy_sees(name: str) -> None:
    link_type, packet = PACKETS[name]
    frame = bytes(packet)
    seen = packet if isinstance(packet, Raw) else type(packet)(frame)
    layer = seen[IPv6] if IPv6 in seen else seen[IP]
    found = walk(frame, link_type)
    source, size = found["SOURCE_AT"], found["ADDRESS_LENGTH"]
    assert found["KIND"] == link.UDP
    assert found["IP_VERSION"] == layer.version
    assert frame[source : source + 2 * size] == (
        bytes(IP(**ENDS))[12:20] if layer.version == 4 else bytes(IPv6(**ENDS6))[8:40]
    )
    assert found["DESTINATION_AT"] == source + size
    assert (found["SOURCE_PORT"], found["DESTINATION_PORT"]) == (seen[UDP].sport, seen[UDP].dport)
    assert frame[found["PAYLOAD_AT"] : found["PAYLOAD_END"]] == COAP
    assert found["PAYLOAD_LENGTH"] == len(COAP)
    assert found["TTL"] == (layer.hlim if layer.version == 6 else layer.ttl)
    assert found["IP_ID"] == (0 if layer.version == 6 else layer.id)
    assert found["FRAGMENT"] == 0
    assert frame[found["IP_AT"]] >> 4 == layer.version


NOT_OURS: dict[str, tuple[int, bytes, int]] = {
    "ARP": (1, bytes(Ether(**MACS) / ARP()), link.OTHER),
    "802.3 length": (1, bytes(12) + b"\x00\x26" + bytes(38), link.OTHER),
    "TCP": (101, bytes(IP(**ENDS, proto=6)) + bytes(20), link.OTHER),
    "echo": (101, bytes(IP(**ENDS) / ICMP()), link.OTHER),
    "echo, IPv6": (101, bytes(IPv6(**ENDS6) / ICMPv6EchoRequest()), link.OTHER),
    "error about TCP": (101, bytes(IP(**ENDS) / ICMP(type=3) / IP(**ENDS, proto=6)), link.OTHER),
    "unknown link type": (9999, bytes(64), link.UNKNOWN_LINK),
    "unknown address family": (0, struct.pack("<I", 7) + bytes(40), link.OTHER),
    "cooked v2 of something else": (276, bytes(CookedLinuxV2(proto=0x806)), link.OTHER),
    "IP version 5": (101, b"\x55" + bytes(40), link.MALFORMED),
    "IPv4 header too short": (101, b"\x44" + bytes(40), link.MALFORMED),
    "IPv4 length below its header": (101, b"\x45\0\0\x13" + bytes(40), link.MALFORMED),
    "UDP length below 8": (101, bytes(IP(**ENDS) / udp(len=7)), link.MALFORMED),
    "UDP longer than IP": (101, bytes(IP(**ENDS) / udp(len=100)), link.MALFORMED),
    "no room for UDP": (101, bytes(IP(**ENDS, proto=17) / Raw(b"1234567")), link.MALFORMED),
    "nothing at all": (1, b"", link.TRUNCATED),
}


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_no_udp_datagram_is_named(name: str) -> None:
    link_type, frame, kind = NOT_OURS[name]
    assert walk(frame, link_type)["KIND"] == kind


# Fragments ------------------------------------------------------------------------------------

LARGE = UDP(sport=40000, dport=5683) / Raw(COAP * 200)
FRAGMENTS = {
    4: fragment(IP(**ENDS, id=7) / LARGE, fragsize=800),
    6: fragment6(IPv6(**ENDS6) / IPv6ExtHdrFragment(id=7) / LARGE, 800),
}


@pytest.mark.parametrize("version", FRAGMENTS)
def test_the_first_fragment_is_the_datagram_cut_the_others_are_none(version: int) -> None:
    first, *others = [walk(bytes(packet), 101) for packet in FRAGMENTS[version]]
    assert (first["KIND"], first["FRAGMENT"]) == (link.UDP, 1)
    assert first["PAYLOAD_LENGTH"] == len(COAP) * 200
    assert first["PAYLOAD_END"] == len(bytes(FRAGMENTS[version][0]))
    assert others
    assert {row["KIND"] for row in others} == {link.LATER_FRAGMENT}


@pytest.mark.parametrize(
    "packet",
    [
        IP(**ENDS, frag=1, proto=17) / Raw(bytes(40)),
        IPv6(**ENDS6) / IPv6ExtHdrFragment(offset=1, nh=17) / Raw(bytes(40)),
    ],
)
def test_the_smallest_offset_makes_a_later_fragment(packet: Packet) -> None:
    assert walk(bytes(packet), 101)["KIND"] == link.LATER_FRAGMENT


# Offload and jumbograms -----------------------------------------------------------------------


def test_a_length_of_zero_means_all_that_was_captured() -> None:
    offloaded = bytearray(bytes(ip()))
    offloaded[2:4] = b"\0\0"
    jumbo = bytearray(bytes(ip6()))
    jumbo[4:6] = jumbo[44:46] = b"\0\0"
    for frame in (offloaded, jumbo):
        found = walk(bytes(frame), 101)
        assert (found["KIND"], found["PAYLOAD_LENGTH"]) == (link.UDP, len(COAP))


# ICMP -----------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Packet, int, int]] = {
    "port unreachable": (ICMP(type=3, code=3), 3, 3),
    "time exceeded": (ICMP(type=11, code=0), 11, 0),
    "ICMPv6 port unreachable": (ICMPv6DestUnreach(code=4), 1, 4),
    "ICMPv6 too big": (ICMPv6PacketTooBig(), 2, 0),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("quoted", [28, 32, 1000])
def test_an_icmp_error_has_the_ends_of_what_it_quotes(name: str, quoted: int) -> None:
    error, kind, code = ERRORS[name]
    four = isinstance(error, ICMP)
    quote = bytes(ip() if four else ip6())[: quoted if four else quoted + 20]
    back = (
        IP(src="198.51.100.2", dst="192.0.2.1")
        if four
        else IPv6(src="2001:db8::2", dst="2001:db8::1")
    )
    frame = bytes(back / error / Raw(quote))
    found = walk(frame, 101)
    assert (found["KIND"], found["ICMP_TYPE"], found["ICMP_CODE"]) == (link.ICMP_ERROR, kind, code)
    assert (found["SOURCE_PORT"], found["DESTINATION_PORT"]) == (40000, 5683)
    source = found["SOURCE_AT"]
    assert frame[source : source + 2] == (b"\xc0\0" if four else b"\x20\x01")
    rest = quote[28 if four else 48 :]
    assert frame[found["PAYLOAD_AT"] : found["PAYLOAD_END"]] == rest


@pytest.mark.parametrize("quoted", [0, 4, 19, 20, 27])
def test_a_quote_without_its_ports_is_nobodys(quoted: int) -> None:
    frame = bytes(IP(**ENDS) / ICMP(type=3, code=3) / Raw(bytes(ip())[:quoted]))
    assert walk(frame, 101)["KIND"] != link.ICMP_ERROR


# Any bytes ------------------------------------------------------------------------------------

ALL_FRAMES = {
    **{name: (kind, bytes(packet)) for name, (kind, packet) in PACKETS.items()},
    **{name: (101, bytes(IP(**ENDS) / e / ip())) for name, (e, _, _) in ERRORS.items()},
}


def check(found: Row, end: int) -> None:
    """What a reader of the row relies on."""
    if found["KIND"] not in (link.UDP, link.ICMP_ERROR):
        return
    size = found["ADDRESS_LENGTH"]
    assert size in (4, 16)
    if found["ADDRESS_IN"]:
        return
    assert 0 <= found["IP_AT"] <= found["SOURCE_AT"] <= end - 2 * size
    assert found["DESTINATION_AT"] == found["SOURCE_AT"] + size
    assert found["DESTINATION_AT"] + size <= found["PAYLOAD_AT"] <= found["PAYLOAD_END"] <= end
    assert found["PAYLOAD_LENGTH"] >= found["PAYLOAD_END"] - found["PAYLOAD_AT"]
    assert 0 <= found["SOURCE_PORT"] <= 0xFFFF
    assert 0 <= found["DESTINATION_PORT"] <= 0xFFFF


@pytest.mark.parametrize("name", ALL_FRAMES)
def test_every_truncation_is_truncated_or_cut(name: str) -> None:
    link_type, frame = ALL_FRAMES[name]
    whole = walk(frame, link_type)
    for end in range(len(frame)):
        found = walk(frame, link_type, end)
        check(found, end)
        if whole["KIND"] == link.UDP and found["KIND"] != link.UDP:
            assert found["KIND"] == link.TRUNCATED, end
            assert end < whole["PAYLOAD_AT"] or end < whole["PAYLOAD_END"]
        elif found["KIND"] == link.UDP and end < whole["PAYLOAD_END"]:
            assert found["PAYLOAD_LENGTH"] == len(COAP), "the wire had all of it"


@STEADY
@given(st.binary(max_size=120), st.sampled_from([*link.LINK_TYPES, 9999]))
@example(b"\x60" + bytes(5) + b"\x00\x40" + bytes(100), 101)
def test_any_bytes_stay_in_bounds(frame: bytes, link_type: int) -> None:
    check(walk(frame, link_type), len(frame))


@STEADY
@given(
    st.sampled_from(sorted(ALL_FRAMES)),
    st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=6),
)
def test_mutated_frames_stay_in_bounds(name: str, changes: list[tuple[int, int]]) -> None:
    link_type, frame = ALL_FRAMES[name]
    mutated = bytearray(frame)
    for at, byte in changes:
        mutated[at % len(mutated)] = byte
    check(walk(bytes(mutated), link_type), len(mutated))
