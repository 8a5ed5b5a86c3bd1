# SPDX-License-Identifier: GPL-2.0-only
"""802.11 data frames, what capture tools put before them, and 802.2 LLC (kernels).

Sources: IEEE 802.11-2020 clause 9, radiotap.org, RFC 1042. Numbers are little-endian but for LLC.
"""

from __future__ import annotations

from dissectors.frame_row import (
    ANY_IP,
    LLC,
    NEXT,
    malformed,
    other,
    truncated,
)
from dissectors.ip import be16, be32
from dissectors.kernel import Bytes, Rows


def le16(data: Bytes, at: int) -> int:
    """Two bytes, little-endian."""
    return data[at] + data[at + 1] * 256


def radiotap(data: Bytes, start: int, end: int, row: Rows) -> int:
    """The radiotap header, then the frame; where LLC begins, or -1."""
    if start + 8 > end:
        return truncated(row)
    length = le16(data, start + 2)
    if data[start] or length < 8:
        return malformed(row)
    stop = start + length
    if stop > end:
        return truncated(row)
    flags = _radiotap_flags(data, start, stop)
    # 0x20: the MAC header is padded to 4 bytes; 0x10: the frame ends with its check sequence,
    # which the length of the IP packet leaves out anyway.
    return wlan(data, stop, end, 1 if flags & 0x20 else 0, row)


def _radiotap_flags(data: Bytes, start: int, stop: int) -> int:
    """The field Flags (bit 1 of the presence word); it stands behind TSFT (bit 0), aligned to 8."""
    present = data[start + 4]
    at = start + 8
    chained = data[start + 7] & 0x80
    while chained:  # further presence words
        if at + 4 > stop:
            return 0
        chained = data[at + 3] & 0x80
        at += 4
    if present & 1:
        at += (start - at) % 8 + 8
    return data[at] if present & 2 and at < stop else 0


def prism(data: Bytes, start: int, end: int, row: Rows) -> int:
    """A Prism header of 144 bytes, or an AVS header in its place."""
    if start + 8 > end:
        return truncated(row)
    if be32(data, start) // 4096 == 0x80211:
        return avs(data, start, end, row)
    return wlan(data, start + 144, end, 0, row)


def avs(data: Bytes, start: int, end: int, row: Rows) -> int:
    """An AVS header tells its length, big-endian."""
    if start + 8 > end:
        return truncated(row)
    return wlan(data, start + be32(data, start + 4), end, 0, row)


def wlan(data: Bytes, at: int, end: int, padded: int, row: Rows) -> int:
    """An 802.11 frame: where the LLC header of a readable data frame begins, or -1.

    Of an aggregate (A-MSDU) the first part is read.
    """
    if at + 24 > end:
        return truncated(row)
    kind, flags = data[at], data[at + 1]
    later = data[at + 22] & 15  # fragment number
    if kind & 0x0F != 8 or kind & 0x40 or flags & 0x40 or later:
        return other(row)  # no data frame, a null frame, encrypted, no first fragment
    header, aggregate = 24, 0
    if flags & 3 == 3:  # a fourth address
        header += 6
    if kind & 0x80:
        if at + header + 2 > end:
            return truncated(row)
        aggregate = data[at + header] & 0x80
        header += 2
        if flags & 0x80:  # HT control
            header += 4
    if padded:
        header += -header % 4
    if aggregate:
        header += 14
    row[NEXT] = LLC
    return at + header


def llc(data: Bytes, at: int, end: int, row: Rows) -> int:
    """802.2 LLC, with SNAP (RFC 1042): where the packet begins, its EtherType in NEXT, or -1."""
    if at + 3 > end:
        return truncated(row)
    access = be16(data, at)
    if data[at + 2] != 3:
        return other(row)
    if access == 0x0606:
        row[NEXT] = ANY_IP
        return at + 3
    if access != 0xAAAA:
        return other(row)
    if at + 8 > end:
        return truncated(row)
    if be16(data, at + 3) or data[at + 5] not in (0, 0xF8):
        return other(row)
    row[NEXT] = be16(data, at + 6)
    return at + 8
