# SPDX-License-Identifier: GPL-2.0-only
"""A modem logger's pcapng: user plane, radio messages and a tap of N3 in one file.

Each interface has its own link type; what is foreign is counted and skipped.
"""

from __future__ import annotations

import struct
from pathlib import Path

from capture.writing import Pcapng
from rules.conversation import ETHERNET, Conversation, Frame
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from analyzer.session import Session

GSMTAP_UM, RAW_IPV4, ETHERNET_TYPE, PPP = 217, 228, 1, 9
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
GSMTAP = bytes.fromhex("0204 0d00 0000 0000 00000000 00000000") + bytes(24)


def gtp(packet: bytes) -> bytes:
    """A packet of the user plane as N3 carries it, with a PDU session container."""
    header = struct.pack(">BBHIHBB", 0x34, 255, len(packet) + 8, 0x1234, 0, 0, 0x85)
    tunnel = UDP(sport=2152, dport=2152) / Raw(header + bytes.fromhex("01 00 09 00") + packet)
    return bytes(Ether() / IP(src="10.0.0.1", dst="10.0.0.2") / tunnel)


def logged(asked: Frame, answered: Frame) -> bytes:
    """The request on the modem's user plane, then on N3; the answer on PPP."""
    log = Pcapng()
    gsmtap = bytes(Ether(**MACS) / IP() / UDP(sport=13337, dport=4729) / Raw(GSMTAP))
    return b"".join(
        [
            log.section(),
            log.interface(link_type=GSMTAP_UM),
            log.interface(link_type=RAW_IPV4),
            log.interface(link_type=ETHERNET_TYPE),
            log.interface(link_type=PPP),
            log.enhanced(1_000_000, GSMTAP, interface=0),
            log.enhanced(1_001_000, asked.packet(), interface=1),
            log.enhanced(1_002_000, GSMTAP, interface=0),
            log.enhanced(1_003_000, gtp(asked.packet()), interface=2),
            log.enhanced(1_004_000, gsmtap, interface=2),
            log.enhanced(1_005_000, b"\xff\x03\0\x21" + answered.packet(), interface=3),
            log.enhanced(1_006_000, ETHERNET + b"\x88\xcc" + bytes(40), interface=2),
        ]
    )


def test_every_interface_is_read_by_its_own_link_type(tmp_path: Path) -> None:
    talk = (
        Conversation()
        .con("GET", token=b"ab", path="/t")
        .ack("2.05", payload=b"1", content_format=0)
    )
    path = tmp_path / "modem.pcapng"
    path.write_bytes(logged(*talk.frames))
    session = Session()
    session.open([path])
    session.read_all()
    counts = session.counts
    assert counts.records == 7
    assert counts.unknown_links == {GSMTAP_UM: 2}
    assert counts.udp == 4
    assert counts.other == 1
    seen = list(
        zip(session.messages["frame"].tolist(), session.messages["interface"].tolist(), strict=True)
    )
    assert (2, 1) in seen
    assert (6, 3) in seen
    assert session.coap(0) == talk.frames[0].data
    assert {finding.rule.id for finding in session.findings} == {"COAP-CAP-DUP"}
