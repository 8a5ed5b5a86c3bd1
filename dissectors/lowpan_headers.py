# SPDX-License-Identifier: GPL-2.0-only
"""The compressed headers of RFC 6282, each built as it stands on another link (kernels).

`built` counts the bytes built so far; they stand at BUILT of the row, one byte an item.
"""

from __future__ import annotations

from dissectors.frame_row import (
    BUILT,
    KIND,
    LINK_DESTINATION,
    LINK_SOURCE,
    MALFORMED,
    NEXT,
    TRUNCATED,
    UDP_CHECKSUM,
    UNSURE,
    UNSURE_DESTINATION,
    UNSURE_ROUTED,
    UNSURE_SOURCE,
)
from dissectors.ip import be16
from dissectors.kernel import Bytes, Rows


def base_header(data: Bytes, at: int, end: int, built: int, row: Rows) -> int:
    """LOWPAN_IPHC (clause 3): what stands behind it, or -1. NEXT: next header, -1 compressed.

    Where something is built already, that is an IPv6 header, and addresses derive from it, else
    from those of the link. The payload length is left for the caller.
    """
    if at + 2 > end:
        row[KIND] = TRUNCATED
        return -1
    first, second = data[at], data[at + 1]
    size = _inline(first, second)
    if size < 0:
        row[KIND] = MALFORMED
        return -1
    if at + size > end:
        row[KIND] = TRUNCATED
        return -1
    base = BUILT + built
    source_iid = BUILT + 16 if built else LINK_SOURCE
    destination_iid = BUILT + 32 if built else LINK_DESTINATION
    at += 3 if second & 0x80 else 2
    at = _traffic_class(data, at, (first // 8) & 3, base, row)
    row[NEXT] = -1
    if first & 4 == 0:
        row[NEXT] = data[at]
        at += 1
    row[base + 6] = max(row[NEXT], 0)
    limit = first & 3
    row[base + 7] = 1 if limit == 1 else 64 if limit == 2 else 255
    if limit == 0:
        row[base + 7] = data[at]
        at += 1
    mode = (second // 16) & 3
    at = _unicast(data, at, mode, second & 0x40, source_iid, base + 8, UNSURE_SOURCE, row)
    mode, stateful = second & 3, second & 4
    if second & 8:
        return _multicast(data, at, mode, stateful, base + 24, row)
    return _unicast(data, at, mode, stateful, destination_iid, base + 24, UNSURE_DESTINATION, row)


def _inline(first: int, second: int) -> int:
    """Bytes of LOWPAN_IPHC with its inline fields; -1 for a reserved combination."""
    size = 3 if second & 0x80 else 2
    label = (first // 8) & 3
    size += 4 if label == 0 else 3 if label == 1 else 1 if label == 2 else 0
    size += 0 if first & 4 else 1
    size += 0 if first & 3 else 1
    mode = (second // 16) & 3
    whole = 0 if second & 0x40 else 16  # a stateful mode 0 is the unspecified address
    size += whole if mode == 0 else 8 if mode == 1 else 2 if mode == 2 else 0
    mode = second & 3
    if second & 8:
        if second & 4:
            return size + 6 if mode == 0 else -1
        return size + (16 if mode == 0 else 6 if mode == 1 else 4 if mode == 2 else 1)
    if mode == 0 and second & 4:
        return -1
    return size + (16 if mode == 0 else 8 if mode == 1 else 2 if mode == 2 else 0)


def _traffic_class(data: Bytes, at: int, mode: int, base: int, row: Rows) -> int:
    """Version, traffic class and flow label (clause 3.2.1): the first 4 bytes of the header."""
    for place in range(6):
        row[base + place] = 0
    row[base] = 0x60
    traffic = 0
    if mode != 3:
        traffic = data[at] // 64  # ECN
        if mode != 1:
            traffic += (data[at] & 0x3F) * 4  # DSCP
    if mode < 2:
        label = at + 1 if mode == 0 else at
        row[base + 1] = data[label] & 15
        row[base + 2] = data[label + 1]
        row[base + 3] = data[label + 2]
    row[base] += traffic >> 4
    row[base + 1] += (traffic & 15) * 16
    return at + (4 if mode == 0 else 3 if mode == 1 else 1 if mode == 2 else 0)


def _unicast(
    data: Bytes, at: int, mode: int, stateful: int, iid: int, to: int, end: int, row: Rows
) -> int:
    """A unicast address at item `to` (clause 3.1.1); `end` is its bit in UNSURE."""
    for place in range(16):
        row[to + place] = 0
    if mode == 0:
        if stateful:
            return at
        for place in range(16):
            row[to + place] = data[at + place]
        return at + 16
    if stateful:
        row[UNSURE] |= end  # the prefix is agreed upon elsewhere (RFC 6775)
    else:
        row[to] = 0xFE
        row[to + 1] = 0x80
    if mode == 1:
        for place in range(8):
            row[to + 8 + place] = data[at + place]
        return at + 8
    if mode == 2:
        row[to + 11] = 0xFF
        row[to + 12] = 0xFE
        row[to + 14] = data[at]
        row[to + 15] = data[at + 1]
        return at + 2
    for place in range(8):
        row[to + 8 + place] = row[iid + place]
    return at


def _multicast(data: Bytes, at: int, mode: int, stateful: int, to: int, row: Rows) -> int:
    """A multicast address at item `to` (clause 3.1.1, M = 1)."""
    for place in range(16):
        row[to + place] = 0
    row[to] = 0xFF
    if stateful:  # ffXX:XXLL:PPPP:PPPP:PPPP:PPPP:XXXX:XXXX, L and P from the context
        row[UNSURE] |= UNSURE_DESTINATION
        row[to + 1] = data[at]
        row[to + 2] = data[at + 1]
        for place in range(4):
            row[to + 12 + place] = data[at + 2 + place]
        return at + 6
    if mode == 0:
        for place in range(16):
            row[to + place] = data[at + place]
        return at + 16
    if mode == 3:
        row[to + 1] = 2
        row[to + 15] = data[at]
        return at + 1
    inline = 5 if mode == 1 else 3
    row[to + 1] = data[at]
    for place in range(inline):
        row[to + 16 - inline + place] = data[at + 1 + place]
    return at + 1 + inline


def header_number(header: int) -> int:
    """The IPv6 next header value of a LOWPAN_NHC byte; -1 for one that is not read."""
    if header & 0xF8 == 0xF0:
        return 17
    if header & 0xF0 != 0xE0:
        return -1
    kind = (header // 2) & 7
    if kind == 0:
        return 0
    if kind == 1:
        return 43
    if kind == 3:
        return 60
    if kind == 4:
        return 135
    return 41 if kind == 7 else -1


def extension_header(data: Bytes, at: int, end: int, built: int, row: Rows) -> int:
    """A compressed extension header (clause 4.2): what stands behind it, or -1.

    It takes `extension_size` bytes of BUILT.
    """
    inline = 0 if data[at] & 1 else 1
    length_at = at + 1 + inline
    if length_at >= end or length_at + 1 + data[length_at] > end:
        row[KIND] = TRUNCATED
        return -1
    length = data[length_at]
    base, size = BUILT + built, extension_size(length)
    row[NEXT] = data[at + 1] if inline else -1
    row[base] = max(row[NEXT], 0)
    row[base + 1] = size // 8 - 1
    for place in range(length):
        row[base + 2 + place] = data[length_at + 1 + place]
    if header_number(data[at]) == 43 and length > 1 and row[base + 3]:
        row[UNSURE] |= UNSURE_ROUTED
    missing = size - 2 - length
    for place in range(missing):  # elided padding: Pad1 or PadN
        row[base + 2 + length + place] = 0
    if missing > 1:
        row[base + 2 + length] = 1
        row[base + 3 + length] = missing - 2
    return length_at + 1 + length


def extension_size(length: int) -> int:
    """Bytes of an extension header, with the padding to 8, whose options take `length` bytes."""
    return (length + 2 + 7) // 8 * 8


def udp_header(data: Bytes, at: int, end: int, built: int, row: Rows) -> int:
    """LOWPAN_NHC for UDP (clause 4.3): where the payload begins, or -1.

    The 8 bytes built lack the length.
    """
    ports = data[at] & 3
    elided = data[at] & 4
    size = 4 if ports == 0 else 1 if ports == 3 else 3
    if at + 1 + size + (0 if elided else 2) > end:
        row[KIND] = TRUNCATED
        return -1
    at += 1
    source, destination = 0xF000, 0xF000
    if ports == 0:
        source, destination = be16(data, at), be16(data, at + 2)
    elif ports == 1:
        source, destination = be16(data, at), 0xF000 + data[at + 2]
    elif ports == 2:
        source, destination = 0xF000 + data[at], be16(data, at + 1)
    else:
        source, destination = 0xF0B0 + (data[at] // 16), 0xF0B0 + (data[at] & 15)
    at += size
    row[UDP_CHECKSUM] = -1 if elided else be16(data, at)
    checksum = max(row[UDP_CHECKSUM], 0)
    base = BUILT + built
    row[base] = source >> 8
    row[base + 1] = source & 255
    row[base + 2] = destination >> 8
    row[base + 3] = destination & 255
    row[base + 4] = 0
    row[base + 5] = 0
    row[base + 6] = checksum >> 8
    row[base + 7] = checksum & 255
    return at if elided else at + 2
