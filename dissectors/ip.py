# SPDX-License-Identifier: GPL-2.0-only
"""IPv4, IPv6 with extension headers, UDP, TCP, and ICMP errors that quote UDP (kernels).

Sources: RFC 791, 8200, 768, 9293, 792, 4443, 2675.
"""

from __future__ import annotations

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    BUILT_LENGTH,
    DESTINATION_AT,
    DESTINATION_PORT,
    FRAGMENT,
    FRAGMENT_AT,
    FRAGMENT_HEADER_AT,
    FRAGMENT_HEADER_IN,
    FRAGMENT_ID,
    FRAGMENT_IN,
    FRAGMENT_MORE,
    FRAGMENT_PROTOCOL,
    FRAGMENT_SIZE,
    ICMP_CODE,
    ICMP_ERROR,
    ICMP_TYPE,
    IN_IPV4,
    IN_IPV6,
    IP_AT,
    IP_ID,
    IP_VERSION,
    KIND,
    LATER_FRAGMENT,
    MALFORMED,
    OTHER,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    PIECE_AT,
    PIECE_END,
    PIECE_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    TCP,
    TCP_AT,
    TRUNCATED,
    TTL,
    UDP,
    UDP_CHECKSUM,
    UNSURE,
    UNSURE_ROUTED,
)
from dissectors.kernel import Bytes, Rows


def be16(data: Bytes, at: int) -> int:
    """Two bytes, big-endian."""
    return data[at] * 256 + data[at + 1]


def be32(data: Bytes, at: int) -> int:
    """Four bytes, big-endian."""
    return be16(data, at) * 65536 + be16(data, at + 2)


def ip(data: Bytes, at: int, end: int, row: Rows) -> int:
    """The IP header at `at`, of either version; the protocol of its payload, or -1.

    PAYLOAD_* become those of the IP payload; with -1, KIND says why.
    """
    if at >= end:
        row[KIND] = TRUNCATED
        return -1
    row[IP_AT] = at
    row[ADDRESS_IN] = 0
    version = data[at] // 16
    if version == 4:
        return _ipv4(data, at, end, row)
    if version == 6:
        return _ipv6(data, at, end, row)
    row[KIND] = MALFORMED
    return -1


def _ipv4(data: Bytes, at: int, end: int, row: Rows) -> int:
    if at + 20 > end:
        row[KIND] = TRUNCATED
        return -1
    header = (data[at] & 15) * 4
    total = be16(data, at + 2)
    if total == 0:  # segmentation offload: the capture was taken before the length was set
        total = end - at
    if header < 20 or total < header:
        row[KIND] = MALFORMED
        return -1
    if at + header > end:
        row[KIND] = TRUNCATED
        return -1
    row[IP_VERSION] = 4
    row[SOURCE_AT] = at + 12
    row[DESTINATION_AT] = at + 16
    row[ADDRESS_LENGTH] = 4
    row[IP_ID] = be16(data, at + 4)
    row[TTL] = data[at + 8]
    row[PAYLOAD_AT] = at + header
    row[PAYLOAD_LENGTH] = total - header
    row[PAYLOAD_END] = min(at + total, end)
    fragment = be16(data, at + 6)
    if fragment & 0x3FFF:  # an offset, or more to come
        offset, more = (fragment & 0x1FFF) * 8, (fragment >> 13) & 1
        _fragment(offset, more, row[IP_ID], data[at + 9], IN_IPV4, row)
        if offset:
            row[KIND] = LATER_FRAGMENT
            return -1
    return data[at + 9]


def _ipv6(data: Bytes, at: int, end: int, row: Rows) -> int:
    if at + 40 > end:
        row[KIND] = TRUNCATED
        return -1
    row[IP_VERSION] = 6
    row[SOURCE_AT] = at + 8
    row[DESTINATION_AT] = at + 24
    row[ADDRESS_LENGTH] = 16
    row[IP_ID] = 0
    row[TTL] = data[at + 7]
    length = be16(data, at + 4)
    stop = at + 40 + length if length else end  # 0: jumbo payload or offload
    return extensions(data, data[at + 6], at + 40, stop, end, row)


def extensions(data: Bytes, header: int, at: int, stop: int, end: int, row: Rows) -> int:
    """IPv6 extension headers from `at` (RFC 8200 clause 4): as `ip`.

    `stop` is where the packet ends on the wire, `end` where the capture of it does.
    """
    place = at
    while header in (0, 43, 44, 51, 60, 135, 139, 140):
        if place + 8 > min(stop, end):
            row[KIND] = TRUNCATED if stop > end else MALFORMED
            return -1
        if header == 44:
            size = 8
        elif header == 51:
            size = (data[place + 1] + 2) * 4
        else:
            size = (data[place + 1] + 1) * 8
        row[PAYLOAD_AT] = place + 8
        row[PAYLOAD_LENGTH] = stop - place - 8
        row[PAYLOAD_END] = min(stop, end)
        if header == 44 and _split(data, place, row):
            row[KIND] = LATER_FRAGMENT
            return -1
        if header == 43 and data[place + 3]:
            row[UNSURE] |= UNSURE_ROUTED
        header = data[place]
        place += size
    if place > stop:
        row[KIND] = MALFORMED
        return -1
    if place > end:
        row[KIND] = TRUNCATED
        return -1
    row[PAYLOAD_AT] = place
    row[PAYLOAD_LENGTH] = stop - place
    row[PAYLOAD_END] = min(stop, end)
    return header


def _split(data: Bytes, at: int, row: Rows) -> bool:
    """The fragment header of IPv6 at `at`: whether it opens a later fragment."""
    word = be16(data, at + 2)
    offset, more = word & 0xFFF8, word & 1
    if offset or more:  # else it is atomic: a datagram in one piece (RFC 6946)
        _fragment(offset, more, be32(data, at + 4), data[at], IN_IPV6, row)
    return offset > 0


def _fragment(
    offset: int, more: int, identification: int, protocol: int, inside: int, row: Rows
) -> None:
    """Note a fragment whose piece is PAYLOAD_*, unless a layer below is split already."""
    if row[FRAGMENT]:
        return
    row[FRAGMENT] = 2 if offset else 1
    row[FRAGMENT_IN] = inside
    row[FRAGMENT_HEADER_IN] = row[ADDRESS_IN]
    row[FRAGMENT_HEADER_AT] = row[SOURCE_AT] - (12 if inside == IN_IPV4 else 8)
    row[FRAGMENT_AT] = offset
    row[FRAGMENT_MORE] = more
    row[FRAGMENT_ID] = identification
    row[FRAGMENT_PROTOCOL] = protocol
    row[FRAGMENT_SIZE] = 0
    row[PIECE_AT] = row[PAYLOAD_AT]
    row[PIECE_END] = row[PAYLOAD_END]
    row[PIECE_LENGTH] = row[PAYLOAD_LENGTH]
    row[BUILT_LENGTH] = 0


def udp(data: Bytes, row: Rows, kind: int) -> None:
    """UDP header at PAYLOAD_AT (RFC 768); PAYLOAD_* become those of the datagram."""
    at = row[PAYLOAD_AT]
    if at + 8 > row[PAYLOAD_END]:
        row[KIND] = TRUNCATED if row[PAYLOAD_LENGTH] >= 8 else MALFORMED
        return
    length = be16(data, at + 4)
    if length == 0:  # jumbogram, RFC 2675
        length = row[PAYLOAD_LENGTH]
    if length < 8 or (length > row[PAYLOAD_LENGTH] and row[FRAGMENT] == 0 and kind == UDP):
        row[KIND] = MALFORMED
        return
    row[KIND] = kind
    row[SOURCE_PORT] = be16(data, at)
    row[DESTINATION_PORT] = be16(data, at + 2)
    row[UDP_CHECKSUM] = be16(data, at + 6)
    row[PAYLOAD_AT] = at + 8
    row[PAYLOAD_LENGTH] = length - 8
    row[PAYLOAD_END] = min(row[PAYLOAD_END], at + length)


def tcp(data: Bytes, row: Rows) -> None:
    """TCP header at PAYLOAD_AT (RFC 9293 clause 3.1); PAYLOAD_* become those of the segment. A
    header that is broken is no business of ours."""
    at = row[PAYLOAD_AT]
    row[KIND] = OTHER
    if at + 20 > row[PAYLOAD_END]:
        return
    header = data[at + 12] // 16 * 4
    if header < 20 or header > row[PAYLOAD_LENGTH]:
        return
    row[KIND] = TCP
    row[TCP_AT] = at
    row[SOURCE_PORT] = be16(data, at)
    row[DESTINATION_PORT] = be16(data, at + 2)
    row[PAYLOAD_AT] = min(at + header, row[PAYLOAD_END])
    row[PAYLOAD_LENGTH] -= header


def icmp(data: Bytes, protocol: int, row: Rows) -> None:
    """An ICMP error that quotes a UDP datagram (RFC 792, RFC 4443 clause 3)."""
    at, end = row[PAYLOAD_AT], row[PAYLOAD_END]
    row[KIND] = OTHER
    if at + 8 > end:
        return
    kind, code = data[at], data[at + 1]
    errors_v4 = kind in (3, 4, 11, 12)
    errors_v6 = 1 <= kind <= 4
    if not (errors_v4 if protocol == 1 else errors_v6):
        return
    split = row[FRAGMENT]
    inner = ip(data, at + 8, end, row)
    row[FRAGMENT] = split  # that the quoted datagram was split is not a fragment to collect
    if inner != 17:
        row[KIND] = OTHER
        return
    udp(data, row, ICMP_ERROR)
    row[ICMP_TYPE] = kind
    row[ICMP_CODE] = code
