# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from frames import COAP, ENDS, ENDS6, ip, ip6, udp
from hypothesis import given
from hypothesis import strategies as st
from lowpan_frames import LOWPAN, SHORT, made, short
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrRouting
from scapy.packet import Packet, Raw

from dissectors import checksum, link


def judged(data: bytes, link_type: int = 101, end: int | None = None) -> int:
    row = link.new_row()
    end = len(data) if end is None else end
    link.walk(memoryview(data), 0, end, link_type, row, len(data) - end)
    checksum.verify(memoryview(data), row)
    assert row[link.KIND] == link.UDP
    return row[link.CHECKSUM]


def changed(packet: Packet, at: int, value: bytes) -> bytes:
    data = bytearray(bytes(packet))
    data[at : at + len(value)] = value
    return bytes(data)


def folded(total: int) -> int:
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo(packet: bytes, first: int, size: int) -> bytes:
    """The sum of the pseudo-header, as a kernel writes it for the network card to finish."""
    words = packet[first : first + size]
    total = 17 + 8 + len(COAP)
    total += sum(words[i] * 256 + words[i + 1] for i in range(0, size, 2))
    return folded(total).to_bytes(2, "big")


IP4, IP6 = ip(), ip6()


@pytest.mark.parametrize("packet", [IP4, IP6])
def test_a_right_checksum(packet: Packet) -> None:
    assert judged(bytes(packet)) == checksum.RIGHT


@pytest.mark.parametrize(("packet", "at"), [(IP4, 26), (IP6, 46), (IP4, 30), (IP6, 50), (IP4, 13)])
def test_a_wrong_checksum(packet: Packet, at: int) -> None:
    assert judged(changed(packet, at, b"\xab\xcd")) == checksum.WRONG


def test_a_checksum_left_to_the_network_card() -> None:
    four, six = bytes(IP4), bytes(IP6)
    assert judged(changed(IP4, 26, pseudo(four, 12, 8))) == checksum.OFFLOADED
    assert judged(changed(IP6, 46, pseudo(six, 8, 32))) == checksum.OFFLOADED


def test_no_checksum() -> None:
    assert judged(changed(IP4, 26, b"\0\0")) == checksum.UNCHECKED
    assert judged(changed(IP6, 46, b"\0\0")) == checksum.ABSENT_V6


def test_what_cannot_be_checked() -> None:
    wrong = changed(IP4, 26, b"\xab\xcd")
    assert judged(wrong, end=len(wrong) - 1) == checksum.UNCHECKED
    fragment = changed(IP4, 6, b"\x20\0")
    assert judged(fragment) == checksum.UNCHECKED
    assert judged(LOWPAN["6LoWPAN, no checksum"].data, 230) == checksum.UNCHECKED
    routed = IPv6(**ENDS6) / IPv6ExtHdrRouting(addresses=["2001:db8::3"], segleft=1) / udp()
    assert judged(changed(routed, 70, b"\xab\xcd")) == checksum.UNCHECKED
    context = LOWPAN["6LoWPAN, context of the source"]
    assert judged(context.data, context.link_type) == checksum.UNCHECKED


def test_6lowpan_is_checked_over_the_built_addresses() -> None:
    frame = LOWPAN["6LoWPAN, short addresses"]
    assert judged(frame.data, 230) == checksum.RIGHT
    other = made(short(bytes.fromhex("7e33 f0 9c40 1633 abcd") + COAP), SHORT)
    assert judged(other.data, 230) == checksum.WRONG


@given(st.binary(max_size=90), st.booleans())
def test_any_payload_with_the_checksum_of_scapy(payload: bytes, six: bool) -> None:
    outside: Packet = IPv6(**ENDS6) if six else IP(**ENDS)
    assert judged(bytes(outside / UDP(sport=1, dport=2) / Raw(payload))) == checksum.RIGHT
