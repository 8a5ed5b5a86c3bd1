# SPDX-License-Identifier: GPL-2.0-only
"""What IP carries: UDP, TCP, ICMP errors, and tunnels that hold another packet (kernels).

Sources: RFC 2784, 2890 and 2637 (GRE), 2003 and 4213 (IP in IP), 4023 (MPLS in IP), TS 29.281
(GTP-U), RFC 7348 (VXLAN), 8926 (Geneve), 3032 and 4385 (MPLS).
"""

from __future__ import annotations

from typing import Final

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    ANY_IP,
    DESTINATION_AT,
    DESTINATION_PORT,
    ERSPAN,
    ETHERNET,
    GENEVE,
    GRE,
    GTP_U,
    IP_AT,
    IP_IN_IP,
    IP_VERSION,
    KIND,
    MOST_TUNNELS,
    MPLS,
    MPLS_IN_IP,
    NEXT,
    OTHER,
    OUTER_ADDRESS_IN,
    OUTER_ADDRESS_LENGTH,
    OUTER_DESTINATION_AT,
    OUTER_DESTINATION_PORT,
    OUTER_IP_AT,
    OUTER_SOURCE_AT,
    OUTER_SOURCE_PORT,
    OUTER_VERSION,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    PPP,
    SOURCE_AT,
    SOURCE_PORT,
    TUNNEL,
    TUNNEL_ID,
    TUNNELS,
    UDP,
    UNNAMED,
    UNSURE,
    VXLAN,
    malformed,
    other,
    truncated,
)
from dissectors.ip import be16, be32, icmp, tcp, udp
from dissectors.kernel import Bytes, Rows

GTP_U_PORT: Final = 2152
VXLAN_PORT: Final = 4789
OLD_VXLAN_PORT: Final = 8472
GENEVE_PORT: Final = 6081


def carried(data: Bytes, protocol: int, row: Rows) -> int:
    """What stands in the IP payload at PAYLOAD_*.

    Where a packet inside begins, its end in PAYLOAD_END and its sort in NEXT; -1: KIND is final.
    """
    if protocol == 17:
        udp(data, row, UDP)
        return inside_udp(data, row) if row[KIND] == UDP else -1
    if protocol == 1 or protocol == 58:
        icmp(data, protocol, row)
        return -1
    if protocol == 6:
        tcp(data, row)
        return -1
    at = row[PAYLOAD_AT]
    if protocol == 47:
        return _gre(data, at, row[PAYLOAD_END], row)
    if protocol == 4 or protocol == 41:
        return enter_ip(at, ANY_IP, row)
    if protocol == 137:
        row[TUNNEL] = MPLS_IN_IP
        row[TUNNEL_ID] = -1
        row[NEXT] = MPLS
        return _enter(at, row)
    row[KIND] = OTHER
    return -1


def is_tunnel(row: Rows) -> bool:
    """Whether a datagram has a port of a tunnel."""
    port = row[DESTINATION_PORT]
    known = port in (GTP_U_PORT, VXLAN_PORT, OLD_VXLAN_PORT, GENEVE_PORT)
    return known or row[SOURCE_PORT] == GTP_U_PORT


def inside_udp(data: Bytes, row: Rows) -> int:
    """A tunnel on a port of its own: as `carried`. Other datagrams are left as they are."""
    port = row[DESTINATION_PORT]
    if port == GTP_U_PORT or row[SOURCE_PORT] == GTP_U_PORT:
        return _gtp_u(data, row[PAYLOAD_AT], row[PAYLOAD_END], row)
    if port in (VXLAN_PORT, OLD_VXLAN_PORT):
        return _vxlan(data, row[PAYLOAD_AT], row[PAYLOAD_END], row)
    if port == GENEVE_PORT:
        return _geneve(data, row[PAYLOAD_AT], row[PAYLOAD_END], row)
    return -1


def enter_ip(at: int, following: int, row: Rows) -> int:
    """Go into an IP packet that an IP packet carries."""
    row[TUNNEL] = IP_IN_IP
    row[TUNNEL_ID] = -1
    row[NEXT] = following
    return _enter(at, row)


def _enter(at: int, row: Rows) -> int:
    """Go into the tunnel TUNNEL: what was found so far becomes the outside; `at`, or -1."""
    if row[TUNNELS] >= MOST_TUNNELS:
        return malformed(row)
    over_udp = row[TUNNEL] in (GTP_U, VXLAN, GENEVE)
    row[TUNNELS] += 1
    row[OUTER_ADDRESS_IN] = row[ADDRESS_IN]
    row[OUTER_IP_AT] = row[IP_AT]
    row[OUTER_VERSION] = row[IP_VERSION]
    row[OUTER_SOURCE_AT] = row[SOURCE_AT]
    row[OUTER_DESTINATION_AT] = row[DESTINATION_AT]
    row[OUTER_ADDRESS_LENGTH] = row[ADDRESS_LENGTH]
    row[OUTER_SOURCE_PORT] = row[SOURCE_PORT] if over_udp else 0
    row[OUTER_DESTINATION_PORT] = row[DESTINATION_PORT] if over_udp else 0
    row[UNSURE] = 0
    row[KIND] = OTHER
    return at


def _gre(data: Bytes, at: int, end: int, row: Rows) -> int:
    """RFC 2784 with key and sequence number (RFC 2890), and version 1 of PPTP (RFC 2637)."""
    if at + 4 > end:
        return truncated(row)
    flags, version, following = data[at], data[at + 1] & 7, be16(data, at + 2)
    if flags & 0x40 or version > 1:  # source routes (RFC 1701) are not in use
        return other(row)
    place, key = at + 4, -1
    if flags & 0x80:
        place += 4
    if flags & 0x20:
        if place + 4 > end:
            return truncated(row)
        key = be32(data, place) if version == 0 else be16(data, place + 2)
        place += 4
    if flags & 0x10:
        place += 4
    if version == 1 and data[at + 1] & 0x80:
        place += 4
    if following == 0x88BE:  # ERSPAN; type I has neither sequence number nor header
        row[TUNNEL] = ERSPAN
        row[TUNNEL_ID] = key
        row[NEXT] = ETHERNET
        return _enter(place + (8 if flags & 0x10 else 0), row)
    row[TUNNEL] = GRE
    row[TUNNEL_ID] = key
    row[NEXT] = following
    return _enter(place, row)


def _gtp_u(data: Bytes, at: int, end: int, row: Rows) -> int:
    """TS 29.281 clause 5.1: a G-PDU with its extension headers. Nothing else here is CoAP."""
    if at + 8 > end:
        return truncated(row) if row[PAYLOAD_LENGTH] >= 8 else malformed(row)
    flags = data[at]
    if flags & 0xF0 != 0x30 or data[at + 1] != 255:  # GTPv0, GTP', an echo, an end marker
        return other(row)
    length, teid = be16(data, at + 2), be32(data, at + 4)
    row[PAYLOAD_END] = end = min(end, at + 8 + length)
    place = at + 8
    if flags & 7:
        if place + 4 > end:
            return truncated(row)
        extension = data[place + 3] if flags & 4 else 0
        place += 4
        while extension:
            if place >= end:
                return truncated(row)
            size = data[place] * 4
            if size == 0:
                return malformed(row)
            if place + size > end:
                return truncated(row)
            place += size
            extension = data[place - 1]
    row[TUNNEL] = GTP_U
    row[TUNNEL_ID] = teid
    row[NEXT] = UNNAMED
    return _enter(place, row)


def _vxlan(data: Bytes, at: int, end: int, row: Rows) -> int:
    """RFC 7348 clause 5. What is not of that form is a datagram like any other."""
    if at + 8 > end or data[at] != 8 or be16(data, at + 1) or data[at + 3] or data[at + 7]:
        return -1
    vni = be32(data, at + 4) >> 8
    row[TUNNEL] = VXLAN
    row[TUNNEL_ID] = vni
    row[NEXT] = ETHERNET
    return _enter(at + 8, row)


def _geneve(data: Bytes, at: int, end: int, row: Rows) -> int:
    """RFC 8926 clause 3.4. What is not of that form is a datagram like any other."""
    if at + 8 > end or data[at] // 64 or data[at + 7] or data[at + 1] & 0x3F:
        return -1
    place = at + 8 + (data[at] & 0x3F) * 4
    row[TUNNEL] = GENEVE
    row[TUNNEL_ID] = be32(data, at + 4) >> 8
    row[NEXT] = be16(data, at + 2)
    return _enter(place, row)


def mpls(data: Bytes, at: int, end: int, row: Rows) -> int:
    """A label stack (RFC 3032): where its payload begins, its sort in NEXT, or -1."""
    while at + 4 <= end:
        bottom = data[at + 2] & 1
        at += 4
        if bottom:
            if at < end and data[at] // 16 == 0:  # control word of a pseudowire, RFC 4385
                row[NEXT] = ETHERNET
                return at + 4
            row[NEXT] = UNNAMED
            return at
    return truncated(row)


def by_its_bytes(data: Bytes, at: int, end: int) -> int:
    """IP, Ethernet or PPP, where nothing but the bytes tell: a value of NEXT.

    A GTP-U tunnel knows its session's type from signalling (TS 23.501 clause 5.6.10). The MAC
    address 62:.. looks like IPv6, and an IPv4 packet from 8.0.69.1 like Ethernet: the length
    decides.
    """
    if at >= end:
        return ANY_IP
    nibble = data[at] // 16
    if nibble == 4 and at + 4 <= end and be16(data, at + 2) == end - at:
        return ANY_IP
    if nibble == 6 and at + 6 <= end and be16(data, at + 4) + 40 == end - at:
        return ANY_IP
    if at + 15 <= end:
        inner, following = be16(data, at + 12), data[at + 14] // 16
        if (inner == 0x0800 and following == 4) or (inner == 0x86DD and following == 6):
            return ETHERNET
        if nibble not in (4, 6) and inner in (0x8100, 0x88A8):
            return ETHERNET
    if nibble in (4, 6):
        return ANY_IP
    return PPP
