# SPDX-License-Identifier: GPL-2.0-only
"""Capture filters: what the default one lets through, by libpcap's own interpreter."""

from __future__ import annotations

import ctypes
import struct

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6ND_NS, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Packet, Raw

from analyzer import live_options
from analyzer.recording.filters import TUNNELS, check_filter, default_filter
from analyzer.recording.wish import RecordingError
from dissectors.link import LINK_TYPES

winpcapy = pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)

ETHERNET, RAW, COOKED = 1, 101, 276
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
COAP = UDP(sport=40000, dport=5683) / Raw(bytes.fromhex("40010001"))
V4 = IP(src="192.0.2.1", dst="192.0.2.2")
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2")


def passes(text: str, packet: Packet, link_type: int = ETHERNET) -> bool:
    """Whether a packet passes a filter, in the virtual machine of pcap_offline_filter(3PCAP)."""
    dlt = {RAW: 12}.get(link_type, link_type)
    handle = winpcapy.pcap_open_dead(dlt, 65535)
    program = winpcapy.bpf_program()
    compiled = winpcapy.pcap_compile(handle, ctypes.byref(program), text.encode(), 1, 0xFFFFFFFF)
    assert compiled == 0, winpcapy.pcap_geterr(handle)
    data = bytes(packet)
    head = winpcapy.pcap_pkthdr(caplen=len(data), len=len(data))
    content = (ctypes.c_ubyte * len(data)).from_buffer_copy(data)
    passed = winpcapy._lib.pcap_offline_filter(ctypes.byref(program), ctypes.byref(head), content)
    winpcapy.pcap_freecode(ctypes.byref(program))
    winpcapy.pcap_close(handle)
    return bool(passed)


WANTED = {
    "CoAP": V4 / COAP,
    "its answer": V4 / UDP(sport=5683, dport=40000),
    "CoAP by IPv6": V6 / COAP,
    "DTLS": V4 / UDP(dport=5684),
    "a port that 6LoWPAN compresses": V6 / UDP(dport=61616),
    "a later fragment": V4.copy() / Raw(b"x" * 8),
    "a fragment of IPv6": V6 / IPv6ExtHdrFragment(offset=10, nh=17) / Raw(b"x" * 8),
    "port unreachable": V4 / ICMP(type=3, code=3) / V4 / COAP,
    "time exceeded": V4 / ICMP(type=11) / V4 / COAP,
    "port unreachable by IPv6": V6 / ICMPv6DestUnreach(code=4) / V6 / COAP,
}
WANTED["a later fragment"].frag = 100
UNWANTED = {
    "DNS": V4 / UDP(sport=40000, dport=53),
    "a ping": V4 / ICMP(type=8),
    "a neighbour asked for": V6 / ICMPv6ND_NS(tgt="2001:db8::2"),
    "the next port": V6 / UDP(sport=40000, dport=61632),
}


@pytest.mark.parametrize("packet", WANTED.values(), ids=WANTED)
def test_what_belongs_to_coap_passes(packet: Packet) -> None:
    text = default_filter([ETHERNET])
    assert passes(text, Ether(**MACS) / packet)
    assert passes(text, Ether(**MACS) / Dot1Q(vlan=5) / packet)
    assert passes(text, Ether(**MACS, type=0x88A8) / Dot1Q(vlan=7) / Dot1Q(vlan=5) / packet)
    assert passes(default_filter([RAW]), packet, RAW)
    kind = 0x0800 if isinstance(packet, IP) else 0x86DD
    cooked = struct.pack(">HHIHBB8s", kind, 0, 1, 1, 0, 6, b"") + bytes(packet)
    assert passes(default_filter([COOKED]), Raw(cooked), COOKED)


@pytest.mark.parametrize("packet", UNWANTED.values(), ids=UNWANTED)
def test_what_does_not_stays_out(packet: Packet) -> None:
    text = default_filter([ETHERNET])
    assert not passes(text, Ether(**MACS) / packet)
    assert not passes(text, Ether(**MACS) / Dot1Q(vlan=5) / packet)
    assert not passes(default_filter([RAW]), packet, RAW)


def test_ports_that_the_user_names() -> None:
    packet = Ether(**MACS) / V4 / UDP(sport=40000, dport=9999)
    assert not passes(default_filter([ETHERNET]), packet)
    assert passes(default_filter([ETHERNET], ports=[9999]), packet)


@pytest.mark.parametrize(
    ("name", "packet"),
    [
        ("gtp-u", V4 / UDP(dport=2152)),
        ("vxlan", V4 / UDP(dport=4789)),
        ("geneve", V6 / UDP(dport=6081)),
        ("gre", V4 / GRE() / V4 / COAP),
        ("ip", V4 / V6 / COAP),
        ("mpls-in-ip", V4.copy() / Raw(b"\x00\x00\x11\x40")),
    ],
)
def test_tunnels_pass_where_they_are_named(name: str, packet: Packet) -> None:
    if name == "mpls-in-ip":
        packet.proto = 137
    assert not passes(default_filter([ETHERNET]), Ether(**MACS) / packet)
    assert passes(default_filter([ETHERNET], tunnels=[name]), Ether(**MACS) / packet)


def test_the_command_line_has_the_same_tunnels() -> None:
    assert tuple(TUNNELS) == live_options.TUNNELS


@pytest.mark.parametrize("link_type", LINK_TYPES)
def test_there_is_one_for_every_link_type_that_is_read(link_type: int) -> None:
    """Everything, where libpcap filters no IP."""
    text = default_filter([link_type], [9999], TUNNELS)
    if text:
        check_filter(text, link_type)
    if link_type in (0, 1, 9, 12, 101, 105, 113, 127, 276):
        assert "udp port 9999" in text


def test_of_several_link_types() -> None:
    text = default_filter([ETHERNET, COOKED, None])
    check_filter(text, COOKED)
    assert "vlan" not in text


def test_libpcap_says_what_is_wrong() -> None:
    with pytest.raises(RecordingError, match=r"no capture filter: .*syntax error"):
        check_filter("udp porrt 5683")
    with pytest.raises(RecordingError, match="unknown host"):
        check_filter("host no such.invalid")
    with pytest.raises(RecordingError, match="no VLAN support for Linux cooked v2"):
        check_filter("vlan and udp", COOKED)
    check_filter("udp port 5683")


def test_a_filter_in_no_encoding_is_refused() -> None:
    with pytest.raises(RecordingError, match="no capture filter"):
        check_filter("\udcff")
