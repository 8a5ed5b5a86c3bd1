# SPDX-License-Identifier: GPL-2.0-only
"""Frames built anew: Ethernet, IP and UDP or ICMP around what may be shown.

Link layers, tunnels, IP options and extension headers are left behind: each of them has fields that
name somebody (a TEID, a position in radiotap, a route), and no list of them would be complete. What
a receiver or a rule looks at is kept: ports, identification, TTL, fragments, lengths, and whether
checksums are right.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from dissectors import checksum

UDP: Final = 17
ICMP: Final = {4: 1, 6: 58}
_FRAGMENT: Final = 44
_HEADER: Final = {4: 20, 6: 40}
_IPV4: Final = struct.Struct(">BBHHHBBH")
_IPV6: Final = struct.Struct(">IHBB")
_UDP: Final = struct.Struct(">HHHH")
_ETHERTYPE: Final = {4: b"\x08\x00", 6: b"\x86\xdd"}
LONGEST: Final = 0xFFFF


class Ip(NamedTuple):
    """What an IP header keeps: pseudonyms of its addresses, packed, and a few numbers.

    `offset` and `more` tell a fragment.
    """

    source: bytes
    destination: bytes
    ttl: int
    identification: int = 0
    offset: int = 0
    more: bool = False

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if len(self.source) == 4 else 6


def ethernet(link: bytes, ip: Ip, protocol: int, payload: bytes, length: int) -> bytes:
    """A frame; `link` is all before the EtherType, `length` that of the payload on the wire."""
    return link + _ETHERTYPE[ip.version] + packet(ip, protocol, payload, length)


def packet(ip: Ip, protocol: int, payload: bytes, length: int) -> bytes:
    """An IP packet with a payload of which the first bytes are there."""
    if ip.version == 4:
        flags = (0x2000 if ip.more else 0) | ip.offset >> 3
        fields = (0x45, 0, 20 + length, ip.identification, flags, ip.ttl, protocol)
        header = _IPV4.pack(*fields, 0) + ip.source + ip.destination
        return _IPV4.pack(*fields, complement(header)) + ip.source + ip.destination + payload
    if ip.more or ip.offset:
        word = ip.offset | int(ip.more)
        payload = struct.pack(">BBHI", protocol, 0, word, ip.identification) + payload
        protocol, length = _FRAGMENT, length + 8
    return _IPV6.pack(6 << 28, length, protocol, ip.ttl) + ip.source + ip.destination + payload


def overhead(ip: Ip) -> int:
    """Bytes of the headers of IP."""
    return _HEADER[ip.version] + (8 if ip.version == 6 and (ip.more or ip.offset) else 0)


def datagram(ip: Ip, ports: tuple[int, int], payload: bytes, length: int, state: int) -> bytes:
    """A UDP datagram with a payload of `length` bytes, of which the first are there.

    `state` is that of its checksum, a value of `dissectors.checksum` (UNCHECKED: none).
    """
    size = 8 + length
    pseudo = ip.source + ip.destination + struct.pack(">II", size, UDP)
    header = _UDP.pack(*ports, size, 0)
    right = complement(pseudo + header + payload) or LONGEST
    offloaded = LONGEST - complement(pseudo)
    if state == checksum.RIGHT:
        sum_ = right
    elif state == checksum.OFFLOADED:
        sum_ = offloaded
    elif state == checksum.WRONG:
        likely = (right ^ 0x5555, right ^ 0x3333, right ^ 0x6666)
        sum_ = next(n for n in likely if n not in (0, LONGEST, right, offloaded))
    else:
        sum_ = 0
    return header[:6] + sum_.to_bytes(2, "big") + payload


def icmp_error(outer: Ip, kind: int, code: int, more: bytes, quoted: bytes) -> bytes:
    """An ICMP error; `more` are the 4 bytes behind its checksum."""
    body = bytes([kind, code, 0, 0]) + more + quoted
    pseudo = b""
    if outer.version == 6:
        pseudo = outer.source + outer.destination + struct.pack(">II", len(body), ICMP[6])
    return body[:2] + complement(pseudo + body).to_bytes(2, "big") + body[4:]


def complement(data: bytes) -> int:
    """The checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data, "big")
    return LONGEST - (total % LONGEST or (LONGEST if total else 0))
