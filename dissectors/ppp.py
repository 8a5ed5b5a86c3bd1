# SPDX-License-Identifier: GPL-2.0-only
"""PPP, PPPoE and the framing of Cisco routers (kernels): RFC 1661, 1662, 2516."""

from __future__ import annotations

from dissectors.frame_row import KIND, MALFORMED, MPLS, NEXT, OTHER, PPP, TRUNCATED
from dissectors.ip import be16
from dissectors.kernel import Bytes, Rows


def ppp(data: Bytes, at: int, end: int, row: Rows) -> int:
    """A PPP frame, with or without address and control, its protocol perhaps in one byte.

    Where the packet inside begins, its EtherType in NEXT; -1 with the reason in KIND.
    """
    if at + 2 <= end and data[at] == 0xFF and data[at + 1] == 3:
        at += 2
    if at >= end:
        row[KIND] = TRUNCATED
        return -1
    protocol = data[at]
    at += 1
    if protocol & 1 == 0:  # not compressed (RFC 1661 clause 6.5): the last byte is odd
        if at >= end:
            row[KIND] = TRUNCATED
            return -1
        protocol = protocol * 256 + data[at]
        at += 1
    if protocol == 0x21:
        row[NEXT] = 0x0800
    elif protocol == 0x57:
        row[NEXT] = 0x86DD
    elif protocol == 0x0281 or protocol == 0x0283:
        row[NEXT] = MPLS
    else:
        row[KIND] = OTHER
        return -1
    return at


def pppoe(data: Bytes, at: int, end: int, row: Rows) -> int:
    """A PPPoE session packet (RFC 2516 clause 4): where its PPP frame begins, or -1."""
    if at + 6 > end:
        row[KIND] = TRUNCATED
        return -1
    if data[at] != 0x11:
        row[KIND] = MALFORMED
        return -1
    if data[at + 1]:
        row[KIND] = OTHER
        return -1
    row[NEXT] = PPP
    return at + 6


def hdlc(data: Bytes, at: int, end: int, row: Rows) -> int:
    """PPP in HDLC-like framing, or Cisco's: address 0F or 8F, control 0, an EtherType."""
    if at + 4 > end:
        row[KIND] = TRUNCATED
        return -1
    if data[at] in (0x0F, 0x8F) and data[at + 1] == 0:
        row[NEXT] = be16(data, at + 2)
        return at + 4
    return ppp(data, at, end, row)
