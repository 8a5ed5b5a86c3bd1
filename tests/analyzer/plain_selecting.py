# SPDX-License-Identifier: GPL-2.0-only
"""What `carriers.selecting` must say of a frame, read plainly: one header after the other, each
checked against what is there. And frames made up by chance, built by Scapy.

Link layers, tags, IP with options, extension headers and fragments, and tunnels are read as their
specifications have them; what this reader does not know (PPP, MPLS, 802.11, ...) is `BeyondError`.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

logging.getLogger("scapy").setLevel(logging.ERROR)

from decryption.hellos import clear, client_hello  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from rules.conversation import coap  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer  # noqa: E402
from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, IPOption_RR  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.l2 import (  # noqa: E402
    GRE,
    CookedLinux,
    CookedLinuxV2,
    Dot1AD,
    Dot1Q,
    Ether,
    Loopback,
)
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Packet, Raw  # noqa: E402

from analyzer.carriers import selecting  # noqa: E402
from analyzer.facts import COAP_PORT, COAPS_PORT, OTHER_PORT  # noqa: E402
from analyzer.reading import port_table, tcp_port_table  # noqa: E402

USER_PORTS: Final = {"udp": 9999, "dtls": 9998, "tcp": 9997, "tls": 9996}
UDP_PORTS: Final = port_table(frozenset({9999}), frozenset({9998}))
TCP_PORTS: Final = tcp_port_table(frozenset({9997}), frozenset({9996}))

_TAGS: Final = (0x8100, 0x88A8, 0x9100, 0x9200)
_UNREAD_TYPES: Final = (0x8863, 0x8864, 0x8847, 0x8848, 0x880B, 0x88BE)
_EXTENSIONS: Final = (0, 43, 44, 51, 60, 135, 139, 140)
_MOST_TUNNELS: Final = 8


class NothingError(Exception):
    """No header of UDP or TCP can be read."""


class BeyondError(Exception):
    """There is a header that this reader does not know."""


@dataclass
class Walk:
    """A frame as far as it was read: the packet in hand ends at `end` as captured."""

    frame: bytes
    end: int
    ip_at: int = 0
    source: bytes = b""
    destination: bytes = b""
    identification: int = 0
    ttl: int = 0
    split: list[int] = field(default_factory=list)
    """What the fragments carry, of the outermost packet first."""
    tunnels: int = 0

    def octets(self, at: int, count: int) -> bytes:
        if at + count > self.end:
            raise NothingError
        return self.frame[at : at + count]

    def number(self, at: int, count: int = 2) -> int:
        return int.from_bytes(self.octets(at, count), "big")


class Found(NamedTuple):
    """What UDP or TCP carries: from `at` to `end` as captured, `length` bytes on the wire."""

    transport: str
    ports: tuple[int, int]
    at: int
    end: int
    length: int
    header_at: int


# Link layers ----------------------------------------------------------------------------------


def ethertype(walk: Walk, at: int) -> tuple[int, int]:
    """Behind the tags: what follows, and where."""
    kind = walk.number(at)
    while kind in _TAGS:
        at += 4
        kind = walk.number(at)
    return kind, at + 2


def opened(walk: Walk, link_type: int) -> tuple[int, int]:
    """What a frame carries, as an EtherType (0: IP of either version), and where."""
    if link_type == 1:
        return ethertype(walk, 12)
    if link_type == 113:
        return ethertype(walk, 14)
    if link_type == 276:
        walk.octets(0, 20)
        kind = walk.number(0)
        return ethertype(walk, 22) if kind in _TAGS else (kind, 20)
    if link_type in (0, 108):
        family = walk.octets(0, 4)
        known = {2, 10, 24, 28, 30}
        if family[2:] == b"\0\0":
            known &= {int.from_bytes(family[:2], "little")}
        else:
            known &= {int.from_bytes(family[2:], "big")}
        if not known:
            raise NothingError
        return 0, 4
    return 0, 0


# IP and what it carries -----------------------------------------------------------------------


def carried(walk: Walk, kind: int, at: int) -> Found:
    """The datagram or segment in what an EtherType names."""
    if kind in (0, 0x0800, 0x86DD):
        return ip(walk, at)
    if kind == 0x6558:
        return carried(walk, *ethertype(walk, at + 12))
    if kind in _TAGS:
        return carried(walk, *ethertype(walk, at + 2))
    raise BeyondError if kind < 0x0600 or kind in _UNREAD_TYPES else NothingError


def ip(walk: Walk, at: int) -> Found:
    walk.ip_at = at
    version = walk.number(at, 1) >> 4
    if version == 4:
        return ipv4(walk, at)
    if version == 6:
        return ipv6(walk, at)
    raise NothingError


def ipv4(walk: Walk, at: int) -> Found:
    head = walk.octets(at, 20)
    size, total = (head[0] & 15) * 4, int.from_bytes(head[2:4], "big")
    total = total or walk.end - at  # segmentation offload
    if size < 20 or total < size:
        raise NothingError
    walk.octets(at, size)
    walk.source, walk.destination = head[12:16], head[16:20]
    walk.identification, walk.ttl = int.from_bytes(head[4:6], "big"), head[8]
    walk.end = min(walk.end, at + total)
    word = int.from_bytes(head[6:8], "big")
    if word & 0x2000 or word & 0x1FFF:
        walk.split.append(head[9])
    if word & 0x1FFF:
        raise NothingError
    return transport(walk, head[9], at + size, total - size)


def ipv6(walk: Walk, at: int) -> Found:
    head = walk.octets(at, 40)
    walk.source, walk.destination = head[8:24], head[24:40]
    walk.identification, walk.ttl = 0, head[7]
    length = int.from_bytes(head[4:6], "big")
    stop = at + 40 + length if length else walk.end
    walk.end = min(walk.end, stop)
    following, at = head[6], at + 40
    while following in _EXTENSIONS:
        option = walk.octets(at, 8)
        size = (option[1] + 1) * 8
        if following == 51:
            size = (option[1] + 2) * 4
        if following == 44:
            size, word = 8, int.from_bytes(option[2:4], "big")
            if word & 0xFFF9:
                walk.split.append(option[0])
            if word & 0xFFF8:
                raise NothingError
        following = option[0]
        at += size
        if at > walk.end:
            raise NothingError
    return transport(walk, following, at, stop - at)


def transport(walk: Walk, protocol: int, at: int, length: int) -> Found:
    if protocol == 17:
        return udp(walk, at, length)
    if protocol == 6:
        return tcp(walk, at, length)
    if protocol in (4, 41):
        return entered(walk, 0, at)
    if protocol == 47:
        return gre(walk, at)
    raise BeyondError if protocol == 137 else NothingError


def udp(walk: Walk, at: int, length: int) -> Found:
    head = walk.octets(at, 8)
    ports = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big")
    told = int.from_bytes(head[4:6], "big") or length
    if told < 8 or (told > length and not walk.split):
        raise NothingError
    end = min(walk.end, at + told)
    if 2152 in ports:
        walk.end = end
        return gtp_u(walk, at + 8)
    if ports[1] in (4789, 8472):
        head = walk.frame[at + 8 : min(at + 16, end)]
        if len(head) == 8 and head[:4] == b"\x08\0\0\0" and head[7] == 0:
            walk.end = end
            return entered(walk, 0x6558, at + 16)
    if ports[1] == 6081:
        raise BeyondError
    return Found("udp", ports, at + 8, end, told - 8, at)


def tcp(walk: Walk, at: int, length: int) -> Found:
    head = walk.octets(at, 20)
    ports = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big")
    size = (head[12] >> 4) * 4
    if not 20 <= size <= length:
        raise NothingError
    return Found("tcp", ports, min(at + size, walk.end), walk.end, length - size, at)


def entered(walk: Walk, kind: int, at: int) -> Found:
    if walk.tunnels == _MOST_TUNNELS:
        raise NothingError
    walk.tunnels += 1
    return carried(walk, kind, at)


def gre(walk: Walk, at: int) -> Found:
    head = walk.octets(at, 4)
    if head[1] & 7 == 1:
        raise BeyondError
    if head[0] & 0x40 or head[1] & 7:
        raise NothingError
    if head[0] & 0x20:
        walk.octets(at + 4 + (4 if head[0] & 0x80 else 0), 4)
    fields = sum(4 for bit in (0x80, 0x20, 0x10) if head[0] & bit)
    return entered(walk, int.from_bytes(head[2:4], "big"), at + 4 + fields)


def gtp_u(walk: Walk, at: int) -> Found:
    head = walk.octets(at, 8)
    if head[0] >> 4 != 3 or head[1] != 255:
        raise NothingError
    walk.end = min(walk.end, at + 8 + int.from_bytes(head[2:4], "big"))
    at += 8
    if head[0] & 7:
        following = walk.octets(at, 4)[3] if head[0] & 4 else 0
        walk.octets(at, 4)
        at += 4
        while following:
            size = walk.number(at, 1) * 4
            if not size:
                raise NothingError
            following = walk.octets(at, size)[-1]
            at += size
    inner = walk.frame[at : walk.end]
    four = inner[:1] == b"\x45" and int.from_bytes(inner[2:4], "big") == len(inner)
    six = inner[:1] == b"\x60" and int.from_bytes(inner[4:6], "big") + 40 == len(inner)
    if not (four or six):
        raise BeyondError  # Ethernet, PPP, or IP that was cut: the reader of bytes has to guess
    return entered(walk, 0, at)


# What it says of it ---------------------------------------------------------------------------


class Said(NamedTuple):
    """A row of `selecting.select`, with values in place of offsets into `text`."""

    record: int
    sort: int
    ends: tuple[bytes, int, bytes, int] = (b"", 0, b"", 0)
    payload: bytes = b""
    length: int = 0
    at: int = 0
    ip_id: int = 0
    ttl: int = 0
    link: bytes = b""
    segment: tuple[int, int, int] = (0, 0, 0)
    """Of TCP: sequence number, acknowledgement number, flags."""


def said(frame: bytes, link_type: int, record: int = 0) -> Said | None:
    """What there is to say of a frame. Raises BeyondError."""
    walk = Walk(frame, len(frame))
    try:
        found = carried(walk, *opened(walk, link_type))
    except NothingError:
        found = None
    if walk.split:
        return Said(record, selecting.FRAGMENT) if walk.split[0] in (6, 17) else None
    if found is None:
        return None
    sort = sort_of(found, frame[found.at : found.end])
    if sort < 0:
        return None
    ends = walk.source, found.ports[0], walk.destination, found.ports[1]
    payload = frame[found.at : found.end]
    head = frame[found.header_at : found.header_at + 20]
    numbers = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
    return Said(
        *(record, sort, ends, payload, found.length, found.at),
        *(walk.identification, walk.ttl, frame[: walk.ip_at]),
        (*numbers, head[13]) if found.transport == "tcp" else (0, 0, 0),
    )


def sort_of(found: Found, payload: bytes) -> int:
    """What a payload is by its ports and first bytes; -1: nothing that carries CoAP."""
    table = UDP_PORTS if found.transport == "udp" else TCP_PORTS
    known = {table[port] for port in found.ports}
    told = bool(known & {COAP_PORT, COAPS_PORT})
    if found.transport == "tcp":
        return selecting.TCP if told else -1
    if not payload or (not told and OTHER_PORT in known):
        return -1
    if told and is_dtls(payload, COAPS_PORT in known):
        return selecting.DTLS
    options = options_of(payload)
    if options is None or 9 not in {number for number, _ in options}:
        return -1
    return selecting.OSCORE if told or is_surely_oscore(payload) else -1


def is_dtls(payload: bytes, secure: bool) -> bool:
    """RFC 6347 clause 4.1, RFC 9146 clause 4, RFC 9147 clause 4: plain records, and with the
    unified header 001CSLEE."""
    if 20 <= payload[0] <= 26 and len(payload) >= 13:
        return payload[1:3] in (b"\xfe\xfc", b"\xfe\xfd", b"\xfe\xfe", b"\xfe\xff")
    return secure and payload[0] >> 5 == 1


def options_of(payload: bytes) -> list[tuple[int, int]] | None:
    """Number and place of each option up to OSCORE; None where there is something else. Lengths
    that nothing before OSCORE has are something else."""
    if len(payload) < 5 or payload[0] >> 6 != 1:
        return None
    tkl, at = payload[0] & 15, 4
    if tkl == 13:
        tkl, at = payload[4] + 13, 5
    elif tkl == 14 and len(payload) > 5:
        tkl, at = int.from_bytes(payload[4:6], "big") + 269, 6
    elif tkl > 12:
        return None
    at += tkl
    found, number = [], 0
    while at < len(payload) and payload[at] != 0xFF:
        delta, length = divmod(payload[at], 16)
        if delta > 12 or length > 13:
            return None
        number += delta
        found.append((number, at))
        if number >= 9:
            return found
        if length == 13:
            if at + 1 == len(payload):
                return None
            length = payload[at + 1] + 14
        at += 1 + length
    return found


def is_surely_oscore(payload: bytes) -> bool:
    """RFC 8613 clauses 4.2, 6.1 and 8, for short options alone."""
    options = options_of(payload)
    assert options is not None
    place, code = options[-1][1], payload[1]
    length = payload[place] & 15
    value = payload[place + 1 : place + 1 + length]
    if payload[0] & 15 > 8 or code not in (2, 5, 68, 69) or length > 12 or len(value) < length:
        return False
    flags = value[0] if value else 0
    piv = value[1 : 1 + (flags & 7)]
    if flags & 0xE0 or flags & 7 > 5 or len(piv) < flags & 7:
        return False
    if code < 32 and not (piv and flags & 8):
        return False
    at = place + 1 + length
    while at < len(payload) and payload[at] != 0xFF:
        delta, length = divmod(payload[at], 16)
        if delta > 13 or length > 12:
            return False
        at += 1 + length + (delta == 13)
    return len(payload[at + 1 :]) >= 9


# Frames ---------------------------------------------------------------------------------------


def payload(chance: random.Random) -> bytes:
    """Records of DTLS, messages of OSCORE, CoAP in clear, and anything."""
    some = chance.randbytes(chance.randint(9, 24))
    match chance.randint(0, 9):
        case 0:
            return clear(client_hello((0xC0A8,), {}), chance.randint(0, 9))
        case 1:
            kind, version = chance.randint(19, 27), chance.choice([253, 255, 252, 0])
            return bytes([kind, 0xFE, version]) + bytes(8) + len(some).to_bytes(2, "big") + some
        case 2:
            return bytes([chance.randint(31, 64)]) + some  # the unified header of DTLS 1.3
        case 3:
            return chance.randbytes(chance.randint(0, 20))
        case 4:
            return coap(0, chance.choice(["GET", "2.05"]), token=b"ab", path="/a")
    fields: dict[str, Any] = {"payload": some}
    flags, piv = (
        chance.choice([0, 8, 9, 0x19, 0x0D, 0x0E, 0x29]),
        chance.randbytes(chance.randint(0, 7)),
    )
    fields["oscore"] = chance.choice([b"", bytes([flags]) + piv, bytes([flags])])
    if chance.random() < 0.5:
        fields["uri_host"] = "h" * chance.choice([1, 12, 13, 40])
    if chance.random() < 0.5:
        fields |= chance.choice([{"observe": 0}, {"max_age": 7}, {"proxy_scheme": "coap"}])
    code = chance.choice(["POST", "FETCH", "2.04", "2.05", "GET", "4.04"])
    return coap(0, code, mid=7, token=bytes(chance.choice([0, 1, 8, 13, 300])), **fields)


PORTS: Final = (5683, 5684, *USER_PORTS.values(), 40000, 40000, 40001, 443)


def segment(chance: random.Random) -> Packet:
    """A datagram of UDP or a segment of TCP."""
    sport, dport = chance.choice(PORTS), chance.choice(PORTS)
    if chance.random() < 0.5:
        return UDP(sport=sport, dport=dport) / Raw(payload(chance))
    flags = chance.choice(["S", "A", "PA", "FA", "R"])
    options = [("NOP", None)] * chance.randint(0, 8) if chance.random() < 0.5 else []
    seq, ack = chance.randint(0, 2**32 - 1), chance.randint(0, 2**32 - 1)
    head = TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack, options=options)
    return head / Raw(chance.randbytes(chance.randint(0, 12)))


def ip_packet(chance: random.Random, inner: Packet | None = None) -> Packet:
    """A packet of IP with what is given, or a segment."""
    inside = inner if inner is not None else segment(chance)
    hosts = chance.sample([1, 2], 2)
    ttl, number = chance.randint(1, 255), chance.randint(0, 65535)
    if chance.random() < 0.5:
        options = [IPOption_RR(routers=["192.0.2.9"] * 2), IPOption_NOP()]
        more = {"options": options} if chance.random() < 0.5 else {}
        split = chance.choice([{}] * 6 + [{"flags": "MF"}, {"frag": 3}, {"flags": "DF"}])
        ends = {"src": f"192.0.2.{hosts[0]}", "dst": f"192.0.2.{hosts[1]}"}
        return IP(**ends, ttl=ttl, id=number, **more, **split) / inside
    packet = IPv6(src=f"2001:db8::{hosts[0]}", dst=f"2001:db8::{hosts[1]}", hlim=ttl)
    headers = [
        IPv6ExtHdrHopByHop(),
        IPv6ExtHdrDestOpt(),
        IPv6ExtHdrRouting(addresses=["2001:db8::3"]),
        IPv6ExtHdrFragment(offset=0, m=0, id=7),
        IPv6ExtHdrFragment(offset=0, m=1, id=7),
        IPv6ExtHdrFragment(offset=5, m=0, id=7),
    ]
    for header in chance.choices(headers, k=chance.choice([0, 0, 1, 2, 3])):
        packet = packet / header.copy()
    return packet / inside


def tunnelled(chance: random.Random) -> Packet:
    """A packet, now and then in a tunnel or two."""
    packet = ip_packet(chance)
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
        ethernet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet
        gtp = UDP(sport=2152, dport=2152) / GTP_U_Header(teid=7, gtp_type=255)
        longer = gtp.copy()
        longer[GTP_U_Header].E, longer[GTP_U_Header].next_ex = 1, 0x85
        outside = [
            packet,
            GRE() / packet,
            GRE(chksum_present=1, key_present=1, key=9, seqnum_present=1) / packet,
            GRE(proto=0x6558) / ethernet,
            gtp / packet,
            longer / GTPPDUSessionContainer(type=0, QFI=9, NextExtHdr=0) / packet,
            UDP(sport=50000, dport=4789) / VXLAN(flags="Instance", vni=5) / ethernet,
        ]
        packet = ip_packet(chance, chance.choice(outside))
    return packet


class Frame(NamedTuple):
    link_type: int
    data: bytes
    wire: int


def made(chance: random.Random) -> Frame:
    """A frame of some link type; now and then cut, changed, or with bytes behind its packet."""
    packet = tunnelled(chance)
    link_type = chance.choice([1, 1, 1, 113, 276, 0, 108, 101, 12, 228])
    tags = [chance.choice([Dot1Q, Dot1AD]) for _ in range(chance.randint(0, 3))]
    four = isinstance(packet, IP)
    if link_type in (1, 113, 276):
        for number, tag in enumerate(tags):
            packet = tag(vlan=number) / packet
        following = {Dot1Q: 0x8100, Dot1AD: 0x88A8}[tags[-1]] if tags else 0x800 if four else 0x86DD
        makes: dict[int, Any] = {
            1: lambda: Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=following),
            113: lambda: CookedLinux(proto=following),
            276: lambda: CookedLinuxV2(proto=following),
        }
        packet = makes[link_type]() / packet
    elif link_type == 0:
        packet = Loopback(type=2 if four else chance.choice([24, 28, 30])) / packet
    elif link_type == 108:
        packet = Raw(b"\0\0\0" + (b"\2" if four else b"\x18")) / packet
    data = bytes(packet) + bytes(chance.choice([0, 0, 0, 1, 18]))
    wire = len(data)
    match chance.randint(0, 5):
        case 0:
            data = data[: chance.randint(0, len(data))]
        case 1 if data:
            at = chance.randint(0, len(data) - 1)
            data = data[:at] + bytes([chance.randint(0, 255)]) + data[at + 1 :]
    return Frame(link_type, data, wire)


def frames() -> st.SearchStrategy[Frame]:
    """As `made`."""
    return st.integers(0, 1 << 32).map(lambda seed: made(random.Random(seed)))
