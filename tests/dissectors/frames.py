# SPDX-License-Identifier: GPL-2.0-only
"""Frames of every link type and tunnel, built from their specifications, and what is in them."""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, field
from typing import Any

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import GRE, LLC, SNAP, Dot1Q, Ether  # noqa: E402
from scapy.layers.ppp import HDLC, PPP, PPPoE  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Packet, Padding, Raw  # noqa: E402

from dissectors import link  # noqa: E402

COAP = bytes.fromhex("44011234 61626364 b161")
PORTS = 40000, 5683
ENDS = {"src": "192.0.2.1", "dst": "198.51.100.2"}
ENDS6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}
OUTSIDE = {"src": "10.0.0.1", "dst": "10.0.0.2"}
OUTSIDE6 = {"src": "fd00::1", "dst": "fd00::2"}
MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def ip(**fields: Any) -> Packet:
    """An IPv4 packet with the CoAP message."""
    return IP(**ENDS | {"id": 0x1234, "ttl": 63} | fields) / udp()


def ip6() -> Packet:
    return IPv6(**ENDS6, hlim=63) / udp()


def udp() -> Packet:
    return UDP(sport=PORTS[0], dport=PORTS[1]) / Raw(COAP)


@dataclass(frozen=True)
class Frame:
    """A frame and what the walk should find: addresses and ports of the datagram inside."""

    link_type: int
    data: bytes
    source: str = ENDS["src"]
    destination: str = ENDS["dst"]
    ports: tuple[int, int] = PORTS
    tunnel: int = link.NO_TUNNEL
    tunnel_id: int = -1
    outer: tuple[str, str] | None = None
    outer_ports: tuple[int, int] = (0, 0)
    payload: bytes = field(default=COAP)


def over4(link_type: int, packet: Packet | bytes) -> Frame:
    return Frame(link_type, bytes(packet))


def over6(link_type: int, packet: Packet | bytes) -> Frame:
    return Frame(link_type, bytes(packet), ENDS6["src"], ENDS6["dst"])


def tunnel(kind: int, number: int, packet: Packet, ports: tuple[int, int] = (0, 0)) -> Frame:
    outer = OUTSIDE6 if isinstance(packet, IPv6) else OUTSIDE
    six = bytes(ip6())[8:40] in bytes(packet)
    return Frame(
        101,
        bytes(packet),
        *((ENDS6 if six else ENDS).values()),
        tunnel=kind,
        tunnel_id=number,
        outer=(outer["src"], outer["dst"]),
        outer_ports=ports,
    )


OUT, OUT6 = IP(**OUTSIDE), IPv6(**OUTSIDE6)
SNAP_IP = LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP()
MAC3 = {"addr1": MACS["dst"], "addr2": MACS["src"], "addr3": MACS["src"]}
DATA = {"type": 2, "subtype": 0, **MAC3}

LINKS: dict[str, Frame] = {
    "PPP, framed": over4(9, b"\xff\x03" + bytes(PPP() / ip())),
    "PPP, not framed": over4(9, PPP() / ip()),
    "PPP, one byte of protocol": over6(9, b"\x57" + bytes(ip6())),
    "PPP, MPLS": over4(9, b"\x02\x81" + bytes(MPLS(label=16, s=1) / ip())),
    "PPP of HDLC": over4(50, HDLC() / PPP() / ip()),
    "PPP of HDLC, Cisco": over6(50, b"\x0f\0\x86\xdd" + bytes(ip6())),
    "PPPoE": over4(51, PPPoE(sessionid=7) / PPP() / ip()),
    "PPPoE in Ethernet": over6(1, Ether(**MACS) / PPPoE(sessionid=7) / PPP() / ip6()),
    "PPPoE behind a VLAN": over4(1, Ether(**MACS) / Dot1Q(vlan=7) / PPPoE() / PPP() / ip()),
    "PPP with direction": over4(204, b"\x01\xff\x03" + bytes(PPP() / ip())),
    "Cisco HDLC": over4(104, b"\x8f\0\x08\0" + bytes(ip())),
    "LLC": over4(100, SNAP_IP / ip()),
    "802.3 with SNAP": over4(
        1, bytes(Ether(**MACS))[:12] + struct.pack(">H", 46) + bytes(SNAP_IP / ip())
    ),
    "MPLS link": over6(219, MPLS(label=16, s=0) / MPLS(label=17, s=1) / ip6()),
    "MPLS in Ethernet": over4(1, Ether(**MACS) / MPLS(label=16, s=0) / MPLS(label=17) / ip()),
    "pseudowire": over4(
        1, Ether(**MACS) / MPLS(label=16, s=1) / Raw(bytes(4)) / Ether(**MACS) / ip()
    ),
    "pseudowire without control word": over6(
        1, Ether(**MACS) / MPLS(label=16, s=1) / Ether(dst="62:00:00:00:00:01") / ip6()
    ),
    "802.11": over4(105, Dot11(**DATA, FCfield=1) / SNAP_IP / ip()),
    "802.11 QoS": over6(
        105,
        Dot11(**DATA | {"subtype": 8}, FCfield=2) / Dot11QoS(TID=3) / SNAP_IP / ip6(),
    ),
    "802.11 with four addresses": over4(
        105, Dot11(**DATA, FCfield=3, addr4=MACS["dst"]) / SNAP_IP / ip()
    ),
    "radiotap": over4(127, RadioTap() / Dot11(**DATA, FCfield=1) / SNAP_IP / ip()),
    "radiotap with check sequence": over4(
        127,
        bytes.fromhex("00 00 19 00 6f 08 00 00 1122334455667788 10 02 6c09 8004 d6 00 00 00 00")[
            :25
        ]
        + bytes(Dot11(**DATA, FCfield=1) / SNAP_IP / ip())
        + b"FCS!",
    ),
    "radiotap, padded MAC header": over4(
        127,
        bytes.fromhex("00 00 0a 00 02 00 00 00 20 00")
        + bytes(Dot11(**DATA | {"subtype": 8}, FCfield=2) / Dot11QoS())
        + bytes(2)
        + bytes(SNAP_IP / ip()),
    ),
    "radiotap, two presence words": over4(
        127,
        bytes.fromhex("00 00 11 00 02 00 00 80 00 00 00 20 00 00 00 00 20")[:17]
        + bytes(Dot11(**DATA, FCfield=1) / SNAP_IP / ip()),
    ),
    "Prism": over4(
        119,
        struct.pack("<II", 0x44, 144)
        + bytes(136)
        + bytes(Dot11(**DATA, FCfield=1) / SNAP_IP / ip()),
    ),
    "AVS": over4(
        163,
        struct.pack(">II", 0x80211001, 64)
        + bytes(56)
        + bytes(Dot11(**DATA, FCfield=1) / SNAP_IP / ip()),
    ),
}

G_PDU = {"teid": 0xDEADBEEF, "gtp_type": 255}
GTP = UDP(sport=2152, dport=2152)
VX = UDP(sport=50000, dport=4789)
PDU_TYPES = {"GTP-U": (2152, 2152), "VXLAN": (50000, 4789)}

TUNNELS: dict[str, Frame] = {
    "GRE": tunnel(link.GRE, -1, OUT / GRE() / ip()),
    "GRE with all fields": tunnel(
        link.GRE, 77, OUT / GRE(chksum_present=1, key_present=1, key=77, seqnum_present=1) / ip6()
    ),
    "GRE in IPv6": tunnel(link.GRE, 5, OUT6 / GRE(key_present=1, key=5) / ip()),
    "GRE with Ethernet": tunnel(link.GRE, -1, OUT / GRE(proto=0x6558) / Ether(**MACS) / ip6()),
    "GRE with MPLS": tunnel(link.GRE, -1, OUT / GRE(proto=0x8847) / MPLS(label=16, s=1) / ip()),
    "GRE of PPTP": tunnel(
        link.GRE,
        7,
        IP(**OUTSIDE, proto=47)
        / Raw(struct.pack(">BBHHHII", 0x30, 0x81, 0x880B, 42, 7, 1, 2) + b"\xff\x03\0\x21")
        / ip(),
    ),
    "ERSPAN": tunnel(
        link.ERSPAN,
        -1,
        OUT
        / GRE(proto=0x88BE, seqnum_present=1)
        / Raw(bytes.fromhex("1000000900000000"))
        / Ether(**MACS)
        / ip(),
    ),
    "IPv4 in IPv4": tunnel(link.IP_IN_IP, -1, OUT / ip()),
    "IPv6 in IPv4": tunnel(link.IP_IN_IP, -1, OUT / ip6()),
    "IPv4 in IPv6": tunnel(link.IP_IN_IP, -1, OUT6 / ip()),
    "IPv6 in IPv6": tunnel(link.IP_IN_IP, -1, OUT6 / ip6()),
    "MPLS in IP": tunnel(
        link.MPLS_IN_IP, -1, IP(**OUTSIDE, proto=137) / Raw(bytes(MPLS(label=16, s=1) / ip()))
    ),
    "GTP-U": tunnel(
        link.GTP_U, 0xDEADBEEF, OUT / GTP / GTP_U_Header(**G_PDU) / ip(), PDU_TYPES["GTP-U"]
    ),
    "GTP-U with PDU session container": tunnel(
        link.GTP_U,
        0xDEADBEEF,
        OUT
        / GTP
        / GTP_U_Header(**G_PDU, E=1, next_ex=0x85)
        / GTPPDUSessionContainer(type=0, QFI=9, NextExtHdr=0)
        / ip(),
        PDU_TYPES["GTP-U"],
    ),
    "GTP-U with two extension headers": tunnel(
        link.GTP_U,
        1,
        OUT6
        / GTP
        / Raw(struct.pack(">BBHIHBB", 0x36, 255, 4 + 4 + 8 + 58, 1, 5, 0, 0x40))
        / Raw(bytes.fromhex("01 1234 85 02 000900000000 00"))
        / ip6(),
        PDU_TYPES["GTP-U"],
    ),
    "GTP-U with PDCP number": tunnel(
        link.GTP_U,
        1,
        OUT / GTP / Raw(struct.pack(">BBHIHBB", 0x31, 255, 4 + 38, 1, 0, 9, 0)) / ip(),
        PDU_TYPES["GTP-U"],
    ),
    "GTP-U with Ethernet": tunnel(
        link.GTP_U,
        2,
        OUT
        / GTP
        / Raw(struct.pack(">BBHI", 0x30, 255, 14 + 38, 2))
        / Ether(src=MACS["src"], dst="62:00:00:00:00:02")
        / ip(),
        PDU_TYPES["GTP-U"],
    ),
    "GTP-U with PPP": tunnel(
        link.GTP_U,
        3,
        OUT / GTP / Raw(struct.pack(">BBHI", 0x30, 255, 4 + 38, 3) + b"\xff\x03\0\x21") / ip(),
        PDU_TYPES["GTP-U"],
    ),
    "VXLAN": tunnel(
        link.VXLAN,
        0x123456,
        OUT / VX / VXLAN(flags="Instance", vni=0x123456) / Ether(**MACS) / ip(),
        PDU_TYPES["VXLAN"],
    ),
    "VXLAN with VLAN": tunnel(
        link.VXLAN,
        5,
        OUT6 / VX / VXLAN(flags="Instance", vni=5) / Ether(**MACS) / Dot1Q(vlan=3) / ip6(),
        PDU_TYPES["VXLAN"],
    ),
    "Geneve": tunnel(
        link.GENEVE,
        9,
        OUT
        / UDP(sport=50000, dport=6081)
        / GENEVE(vni=9, proto=0x6558, options=b"")
        / Ether(**MACS)
        / ip(),
        (50000, 6081),
    ),
    "Geneve with options": tunnel(
        link.GENEVE,
        9,
        OUT
        / UDP(sport=50000, dport=6081)
        / Raw(bytes.fromhex("02 00 0800 000009 00 0102 03 01 aabbccdd"))
        / ip(),
        (50000, 6081),
    ),
    "GTP-U in GRE": tunnel(
        link.GTP_U,
        0xDEADBEEF,
        IP(src="172.16.0.1", dst="172.16.0.2") / GRE() / OUT / GTP / GTP_U_Header(**G_PDU) / ip6(),
        PDU_TYPES["GTP-U"],
    ),
}


def exported(*tags: tuple[int, bytes], payload: bytes = COAP) -> bytes:
    """An exported PDU."""
    listed = b"".join(
        struct.pack(">HH", kind, len(value) + -len(value) % 4) + value + bytes(-len(value) % 4)
        for kind, value in (*tags, (0, b""))
    )
    return listed + payload


_TAGS4 = (
    (20, bytes([192, 0, 2, 1])),
    (21, bytes([198, 51, 100, 2])),
    (24, struct.pack(">I", 3)),
    (25, struct.pack(">I", 40000)),
    (26, struct.pack(">I", 5683)),
)
_TAGS6 = ((22, bytes(ip6())[8:24]), (23, bytes(ip6())[24:40]), *_TAGS4[2:])

EXPORTED: dict[str, Frame] = {
    "exported CoAP": over4(252, exported((12, b"coap"), *_TAGS4)),
    "exported CoAP, IPv6": over6(252, exported((12, b"coap"), *_TAGS6)),
    "exported UDP": over4(252, exported((12, b"udp"), *_TAGS4, payload=bytes(udp()))),
    "exported IP": over4(252, exported((12, b"ip"), payload=bytes(ip()))),
    "exported Ethernet": over6(
        252, exported((12, b"eth_withoutfcs"), payload=bytes(Ether(**MACS) / ip6()))
    ),
    "exported without addresses": Frame(252, exported((12, b"coap")), "0.0.0.0", "0.0.0.0", (0, 0)),
}

ALL: dict[str, Frame] = {**LINKS, **TUNNELS, **EXPORTED}
PADDED = over4(1, Ether(**MACS) / ip() / Padding(bytes(20)))
