# SPDX-License-Identifier: GPL-2.0-only
"""From a captured frame to its UDP payload: link layer, IPv4, IPv6, UDP, ICMP errors.

`walk` is a kernel (dissectors.kernel): it takes one record's bytes and its link type, writes what
it found as integers, and never raises. What it cannot read it names in the KIND slot.
Sources: tcpdump.org/linktypes, IEEE 802.1Q, RFC 791, 8200, 768, 792, 4443.
"""

from __future__ import annotations

from typing import Final

from dissectors.kernel import Bytes, Rows, rows

# Slots of the row. Offsets count from the start of `data`.
KIND: Final = 0
IP_AT: Final = 1  # first byte of the IP header: what lies before is the link layer
IP_VERSION: Final = 2
SOURCE_AT: Final = 3
DESTINATION_AT: Final = 4
ADDRESS_LENGTH: Final = 5
SOURCE_PORT: Final = 6
DESTINATION_PORT: Final = 7
PAYLOAD_AT: Final = 8
PAYLOAD_END: Final = 9  # last captured byte of the payload + 1
PAYLOAD_LENGTH: Final = 10  # as the wire had it
IP_ID: Final = 11
TTL: Final = 12
FRAGMENT: Final = 13  # 1: first fragment of a larger datagram
ICMP_TYPE: Final = 14
ICMP_CODE: Final = 15
SLOTS: Final = 16

# Values of the KIND slot.
OTHER: Final = 0  # neither UDP nor an error about UDP: no business of ours
UDP: Final = 1
ICMP_ERROR: Final = 2  # ports, addresses and payload are those of the quoted datagram
LATER_FRAGMENT: Final = 3
TRUNCATED: Final = 4  # a header runs past what was captured
MALFORMED: Final = 5  # a header contradicts itself
UNKNOWN_LINK: Final = 6

LINK_TYPES: Final[dict[int, str]] = {
    0: "BSD loopback",
    1: "Ethernet",
    12: "Raw IP",
    14: "Raw IP",
    101: "Raw IP",
    108: "OpenBSD loopback",
    113: "Linux cooked v1",
    228: "Raw IPv4",
    229: "Raw IPv6",
    276: "Linux cooked v2",
}
"""LINKTYPE number -> name, for the link types that `walk` reads."""


def _be16(data: Bytes, at: int) -> int:
    return data[at] * 256 + data[at + 1]


def _protocol_offset(data: Bytes, start: int, end: int, ethertype_at: int, row: Rows) -> int:
    """Skip 802.1Q / 802.1ad tags; where the IP header starts, or -1."""
    at = ethertype_at
    while at + 2 <= end:
        ethertype = _be16(data, at)
        if ethertype == 0x0800 or ethertype == 0x86DD:
            return at + 2
        if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
            at += 4
            continue
        row[KIND] = OTHER
        return -1
    row[KIND] = TRUNCATED
    return -1


def _family_offset(data: Bytes, start: int, end: int, row: Rows) -> int:
    """Null/loopback header: a 4-byte address family in either byte order; IP offset or -1."""
    if start + 4 > end:
        row[KIND] = TRUNCATED
        return -1
    little = data[start] + data[start + 1] * 256
    big = data[start + 2] * 256 + data[start + 3]
    family = little if big == 0 else big
    if family in (2, 10, 24, 28, 30):
        return start + 4
    row[KIND] = OTHER
    return -1


def _ip_offset(data: Bytes, start: int, end: int, link_type: int, row: Rows) -> int:
    """Where the IP header starts behind the link layer, or -1 with the reason in KIND."""
    if link_type == 1:
        return _protocol_offset(data, start, end, start + 12, row)
    if link_type in (101, 228, 229, 12, 14):
        return start
    if link_type == 113:
        return _protocol_offset(data, start, end, start + 14, row)
    if link_type == 276:
        if start + 20 > end:
            row[KIND] = TRUNCATED
            return -1
        ethertype = _be16(data, start)
        if ethertype == 0x0800 or ethertype == 0x86DD:
            return start + 20
        if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):
            # The tag's control field opens the payload.
            return _protocol_offset(data, start, end, start + 22, row)
        row[KIND] = OTHER
        return -1
    if link_type == 0 or link_type == 108:
        return _family_offset(data, start, end, row)
    row[KIND] = UNKNOWN_LINK
    return -1


def _ipv4(data: Bytes, at: int, end: int, row: Rows) -> int:
    """IPv4 header: fills the row, returns the protocol (-1: stop). PAYLOAD_* hold its payload."""
    if at + 20 > end:
        row[KIND] = TRUNCATED
        return -1
    header = (data[at] & 15) * 4
    total = _be16(data, at + 2)
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
    row[IP_ID] = _be16(data, at + 4)
    row[TTL] = data[at + 8]
    fragment = _be16(data, at + 6)
    row[PAYLOAD_AT] = at + header
    row[PAYLOAD_LENGTH] = total - header
    row[PAYLOAD_END] = min(at + total, end)
    if fragment & 0x1FFF:
        row[KIND] = LATER_FRAGMENT
        return -1
    row[FRAGMENT] = 1 if fragment & 0x2000 else 0
    return data[at + 9]


def _ipv6(data: Bytes, at: int, end: int, row: Rows) -> int:
    """IPv6 header and extension headers (RFC 8200 clause 4): like `_ipv4`."""
    if at + 40 > end:
        row[KIND] = TRUNCATED
        return -1
    row[IP_VERSION] = 6
    row[SOURCE_AT] = at + 8
    row[DESTINATION_AT] = at + 24
    row[ADDRESS_LENGTH] = 16
    row[IP_ID] = 0
    row[TTL] = data[at + 7]
    length = _be16(data, at + 4)
    stop = at + 40 + length if length else end  # 0: jumbo payload or offload
    header = data[at + 6]
    place = at + 40
    while header in (0, 43, 44, 51, 60, 135, 139, 140):
        if place + 8 > min(stop, end):
            row[KIND] = TRUNCATED if stop > end else MALFORMED
            return -1
        if header == 44:
            size = 8
            if _be16(data, place + 2) & 0xFFF8:
                row[KIND] = LATER_FRAGMENT
                return -1
            row[FRAGMENT] = data[place + 3] & 1
        elif header == 51:
            size = (data[place + 1] + 2) * 4
        else:
            size = (data[place + 1] + 1) * 8
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


def _ip(data: Bytes, at: int, end: int, row: Rows) -> int:
    """Either IP version by its first nibble; the protocol of its payload, or -1."""
    if at >= end:
        row[KIND] = TRUNCATED
        return -1
    row[IP_AT] = at
    row[FRAGMENT] = 0
    version = data[at] >> 4
    if version == 4:
        return _ipv4(data, at, end, row)
    if version == 6:
        return _ipv6(data, at, end, row)
    row[KIND] = MALFORMED
    return -1


def _udp(data: Bytes, row: Rows, kind: int) -> None:
    """UDP header at PAYLOAD_AT (RFC 768); PAYLOAD_* become those of the datagram."""
    at = row[PAYLOAD_AT]
    if at + 8 > row[PAYLOAD_END]:
        row[KIND] = TRUNCATED if row[PAYLOAD_LENGTH] >= 8 else MALFORMED
        return
    length = _be16(data, at + 4)
    if length == 0:  # jumbogram, RFC 2675
        length = row[PAYLOAD_LENGTH]
    if length < 8 or (length > row[PAYLOAD_LENGTH] and row[FRAGMENT] == 0 and kind == UDP):
        row[KIND] = MALFORMED
        return
    row[KIND] = kind
    row[SOURCE_PORT] = _be16(data, at)
    row[DESTINATION_PORT] = _be16(data, at + 2)
    row[PAYLOAD_AT] = at + 8
    row[PAYLOAD_LENGTH] = length - 8
    row[PAYLOAD_END] = min(row[PAYLOAD_END], at + length)


def _icmp(data: Bytes, protocol: int, row: Rows) -> None:
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
    inner = _ip(data, at + 8, end, row)
    if inner != 17:
        row[KIND] = OTHER
        return
    _udp(data, row, ICMP_ERROR)
    row[ICMP_TYPE] = kind
    row[ICMP_CODE] = code


def walk(data: Bytes, start: int, end: int, link_type: int, row: Rows) -> None:
    """Find the UDP datagram in the frame `data[start:end]`; `row` needs SLOTS items."""
    for slot in range(SLOTS):
        row[slot] = 0
    at = _ip_offset(data, start, end, link_type, row)
    if at < 0:
        return
    protocol = _ip(data, at, end, row)
    if protocol < 0:
        return
    if protocol == 17:
        _udp(data, row, UDP)
    elif protocol == 1 or protocol == 58:
        _icmp(data, protocol, row)
    else:
        row[KIND] = OTHER


def new_row() -> Rows:
    """A row for `walk`, reused from frame to frame."""
    return rows(SLOTS)
