# SPDX-License-Identifier: GPL-2.0-only
"""802.15.4 data frames (kernels): IEEE 802.15.4-2020 clause 7, and the TAP header before them.

The addresses of a frame become interface identifiers at LINK_SOURCE and LINK_DESTINATION of the
row: 6LoWPAN derives IP addresses from them (RFC 6282 clause 3.2.2).
"""

from __future__ import annotations

from dissectors.frame_row import (
    LINK_DESTINATION,
    LINK_SOURCE,
    LOWPAN,
    NEXT,
    malformed,
    other,
    truncated,
)
from dissectors.kernel import Bytes, Rows
from dissectors.wlan import le16


def tap_check_sequence(data: Bytes, start: int, end: int) -> int:
    """Bytes of the check sequence behind a frame, as the TAP header tells (type 0); 0 if not."""
    stop = min(start + le16(data, start + 2), end)
    at = start + 4
    while at + 8 <= stop:
        if le16(data, at) == 0:
            return 2 if data[at + 4] == 1 else 4 if data[at + 4] == 2 else 0
        at += 4 + (le16(data, at + 2) + 3) // 4 * 4
    return 0


def _mode(control: int, bit: int) -> int:
    """Bytes of an address: 0, 2, 8, or -1 for the reserved mode."""
    mode = (control >> bit) & 3
    return 0 if mode == 0 else -1 if mode == 1 else 2 if mode == 2 else 8


def _pans(control: int, destination: int, source: int) -> int:
    """Which PAN identifiers stand in the frame: destination 1, source 2 (table 7-2)."""
    compressed = control & 0x40
    if (control >> 12) & 3 < 2:
        found = 1 if destination else 0
        return found + 2 if source and not compressed else found
    if destination == 0 and source == 0:
        return 1 if compressed else 0
    if compressed:
        return 1 if destination and source and destination + source < 16 else 0
    if destination == 0:
        return 2
    return 1 if source == 0 or destination + source == 16 else 3


def interface_identifier(data: Bytes, at: int, size: int, step: int, to: int, row: Rows) -> None:
    """The identifier of an address of `size` bytes, the first at `at`, the next `step` further.

    A short address is 0000:00ff:fe00:XXXX; an EUI-64 gets its universal bit flipped.
    """
    for place in range(8):
        row[to + place] = 0
    if size == 8:
        for place in range(8):
            row[to + place] = data[at + step * place]
        row[to] ^= 2
    elif size == 2:
        row[to + 3] = 0xFF
        row[to + 4] = 0xFE
        row[to + 6] = data[at]
        row[to + 7] = data[at + step]


def wpan(data: Bytes, at: int, end: int, row: Rows) -> int:
    """An 802.15.4 frame: where the payload of a data frame begins, or -1."""
    if at + 3 > end:
        return truncated(row)
    control = le16(data, at)
    version = (control >> 12) & 3
    if control & 7 != 1 or version == 3:
        return other(row)
    destination, source = _mode(control, 10), _mode(control, 14)
    if destination < 0 or source < 0:
        return malformed(row)
    pans = _pans(control, destination, source)
    at += 2 if version == 2 and control & 0x100 else 3  # without, with a sequence number
    destination_at = at + (2 if pans & 1 else 0)
    source_at = destination_at + destination + (2 if pans & 2 else 0)
    if source_at + source > end:
        return truncated(row)
    # On the air the last byte of an address comes first.
    interface_identifier(
        data, destination_at + destination - 1, destination, -1, LINK_DESTINATION, row
    )
    interface_identifier(data, source_at + source - 1, source, -1, LINK_SOURCE, row)
    at = source_at + source
    if control & 8:
        at = _security(data, at, end, row)
    if at >= 0 and version == 2 and control & 0x200:
        at = _elements(data, at, end, row)
    row[NEXT] = LOWPAN
    return at


def _security(data: Bytes, at: int, end: int, row: Rows) -> int:
    """The auxiliary security header (clause 9.4) of a frame that is not encrypted, or -1."""
    if at >= end:
        return truncated(row)
    control = data[at]
    if control & 7 > 3:
        return other(row)  # encrypted
    key = (control // 8) & 3
    at += 1 if control & 0x20 else 5  # frame counter
    return at + (0 if key == 0 else 1 if key == 1 else 5 if key == 2 else 9)


def integrity_code(data: Bytes, at: int, end: int) -> int:
    """Bytes of the integrity code behind the payload of the frame at `at`, not encrypted."""
    if at + 3 > end or data[at] & 8 == 0:
        return 0
    control = le16(data, at)
    destination, source = _mode(control, 10), _mode(control, 14)
    pans = _pans(control, destination, source)
    version = (control >> 12) & 3
    at += 2 if version == 2 and control & 0x100 else 3
    at += destination + source + 2 * (pans & 1) + (pans & 2)
    level = data[at] & 7 if at < end else 0
    return 0 if level == 0 or level > 3 else 4 if level == 1 else 8 if level == 2 else 16


def _elements(data: Bytes, at: int, end: int, row: Rows) -> int:
    """Information elements (clause 7.4): where the payload behind them begins, or -1."""
    while True:
        if at + 2 > end:
            return at if at == end else truncated(row)
        word = le16(data, at)
        element = (word >> 7) & 0xFF
        at += 2 + (word & 0x7F)
        if element == 0x7F:  # header termination 2: the payload follows
            return at
        if element == 0x7E:  # header termination 1: payload elements follow
            break
    while at + 2 <= end:
        word = le16(data, at)
        at += 2 + (word & 0x7FF)
        if (word >> 11) & 15 == 15:
            return at
    return at if at == end else truncated(row)
