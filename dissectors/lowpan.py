# SPDX-License-Identifier: GPL-2.0-only
"""6LoWPAN (kernels): dispatch, mesh and fragment headers (RFC 4944), compressed headers (RFC 6282).

What a frame leaves out is built at BUILT of the row, one byte an item: the IPv6 header, extension
headers and the UDP header, as they would stand on another link.
"""

from __future__ import annotations

from dissectors.frame_row import (
    ADDRESS_IN,
    ADDRESS_LENGTH,
    BUILT,
    BUILT_LENGTH,
    BUILT_SPACE,
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
    IN_LOWPAN,
    IP_AT,
    IP_ID,
    IP_VERSION,
    KIND,
    LATER_FRAGMENT,
    LINK_DESTINATION,
    LINK_SOURCE,
    NEXT,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    PIECE_AT,
    PIECE_END,
    PIECE_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    TTL,
    UDP,
    malformed,
    other,
    truncated,
)
from dissectors.ip import be16, extensions
from dissectors.kernel import Bytes, Rows
from dissectors.lowpan_headers import (
    base_header,
    extension_header,
    extension_size,
    header_number,
    udp_header,
)
from dissectors.tunnels import carried, enter_ip, inside_udp
from dissectors.wpan import interface_identifier


def lowpan(data: Bytes, at: int, end: int, stop: int, row: Rows) -> int:
    """A 6LoWPAN frame whose capture ends at `end`, and which ended at `stop` on the wire.

    Where a packet that can be read as it stands begins, its sort in NEXT; or -1.
    """
    at = _before_dispatch(data, at, end, row)
    if at < 0:
        return -1
    dispatch = data[at]
    size = -1  # of the IPv6 packet, where fragments tell
    if dispatch & 0xD8 == 0xC0:
        header = 4 if dispatch & 0x20 == 0 else 5
        if at + header >= end:
            return truncated(row)
        size = (dispatch & 7) * 256 + data[at + 1]
        _fragment(data, at, at + header, end, stop, size, row)
        if dispatch & 0x20:
            row[KIND] = LATER_FRAGMENT
            return -1
        at += 4
        dispatch = data[at]
    if dispatch == 0x41:
        row[NEXT] = 0x86DD
        row[PAYLOAD_END] = end
        if size >= 0:
            row[PIECE_AT] = at + 1
            row[PIECE_LENGTH] = stop - at - 1
        return at + 1
    if dispatch & 0xE0 == 0x60:
        return _compressed(data, at, end, stop, size, row)
    return other(row)  # HC1, or no LoWPAN frame


def _before_dispatch(data: Bytes, at: int, end: int, row: Rows) -> int:
    """Mesh and broadcast headers (RFC 4944 clause 5, 11): where the next dispatch stands, or -1."""
    if at < end and data[at] & 0xC0 == 0x80:
        originator = 2 if data[at] & 0x20 else 8
        final = 2 if data[at] & 0x10 else 8
        at += 2 if data[at] & 15 == 15 else 1
        if at + originator + final > end:
            return truncated(row)
        interface_identifier(data, at, originator, 1, LINK_SOURCE, row)
        interface_identifier(data, at + originator, final, 1, LINK_DESTINATION, row)
        at += originator + final
    if at < end and data[at] == 0x50:
        at += 2
    return at if at < end else truncated(row)


def _fragment(
    data: Bytes, at: int, piece_at: int, end: int, stop: int, size: int, row: Rows
) -> None:
    """Note a fragment (RFC 4944 clause 5.3)."""
    offset = data[at + 4] * 8 if data[at] & 0x20 else 0
    row[FRAGMENT] = 2 if data[at] & 0x20 else 1
    row[FRAGMENT_IN] = IN_LOWPAN
    row[FRAGMENT_HEADER_IN] = 0
    row[FRAGMENT_HEADER_AT] = at
    row[FRAGMENT_AT] = offset
    row[FRAGMENT_MORE] = 1 if offset + stop - piece_at < size else 0
    row[FRAGMENT_ID] = be16(data, at + 2)
    row[FRAGMENT_PROTOCOL] = 0
    row[FRAGMENT_SIZE] = size
    row[BUILT_LENGTH] = 0
    row[PIECE_AT] = row[PAYLOAD_AT] = piece_at
    row[PIECE_END] = row[PAYLOAD_END] = end
    row[PIECE_LENGTH] = row[PAYLOAD_LENGTH] = stop - piece_at


def _compressed(data: Bytes, at: int, end: int, stop: int, size: int, row: Rows) -> int:
    """Compressed headers (RFC 6282) up to UDP, or up to the first header that is not compressed."""
    row[SOURCE_AT] = BUILT + 8
    while True:
        inner = row[SOURCE_AT] - BUILT - 8  # built before this IPv6 header
        _place_ipv6(at, row)
        at = base_header(data, at, end, inner, row)
        if at < 0:
            return -1
        row[TTL] = row[BUILT + inner + 7]
        built = inner + 40
        named_at = BUILT + inner + 6  # where the number of a compressed header belongs
        while row[NEXT] < 0:
            number = header_number(data[at]) if at < end else 17
            row[named_at] = max(number, 0)
            if number == 41:
                break
            if number < 0:
                return other(row)
            if at >= end or at + 2 >= end:
                return truncated(row)
            if number == 17:
                at = udp_header(data, at, end, built, row)
                return -1 if at < 0 else _payload(data, at, end, stop, size, built, row)
            options = data[at + 1] if data[at] & 1 else data[at + 2]
            named_at = BUILT + built
            if built + extension_size(options) + 8 > BUILT_SPACE:
                return malformed(row)
            at = extension_header(data, at, end, built, row)
            if at < 0:
                return -1
            built += extension_size(options)
        if row[NEXT] >= 0:
            return _verbatim(data, at, end, stop, size, built, row)
        at = enter_ip(at + 1, 0x86DD, row)
        if at < 0 or at >= end:
            return -1 if at < 0 else truncated(row)
        if data[at] & 0xE0 != 0x60 or inner or built + 48 > BUILT_SPACE:
            return other(row)
        row[SOURCE_AT] = BUILT + built + 8


def _place_ipv6(at: int, row: Rows) -> None:
    """The slots of an IPv6 header whose source address is built at item SOURCE_AT."""
    row[IP_AT] = at
    row[IP_VERSION] = 6
    row[IP_ID] = 0
    row[ADDRESS_IN] = 1
    row[ADDRESS_LENGTH] = 16
    row[DESTINATION_AT] = row[SOURCE_AT] + 16


def _lengths(at: int, end: int, stop: int, size: int, built: int, row: Rows) -> int:
    """Lengths that compression left out, `built` bytes being built; the bytes that follow at `at`.

    They end where the frame does, or are what the fragments have.
    """
    whole = size if size >= 0 else built + stop - at
    inner = row[SOURCE_AT] - BUILT - 8
    row[BUILT + 4] = ((whole - 40) >> 8) & 255
    row[BUILT + 5] = (whole - 40) & 255
    row[BUILT + inner + 4] = ((whole - inner - 40) >> 8) & 255
    row[BUILT + inner + 5] = (whole - inner - 40) & 255
    if size >= 0:
        row[PIECE_AT] = at
        row[PIECE_LENGTH] = stop - at
        row[BUILT_LENGTH] = built
        row[FRAGMENT_MORE] = 1 if built + stop - at < size else 0
    row[PAYLOAD_AT] = at
    row[PAYLOAD_LENGTH] = whole - built
    row[PAYLOAD_END] = min(end, at + max(whole - built, 0))
    return whole - built


def _payload(data: Bytes, at: int, end: int, stop: int, size: int, built: int, row: Rows) -> int:
    """The UDP header is built, `at` is what it carries: as `lowpan`."""
    header = BUILT + built
    length = _lengths(at, end, stop, size, built + 8, row)
    if length < 0:
        return malformed(row)
    row[header + 4] = ((length + 8) >> 8) & 255
    row[header + 5] = (length + 8) & 255
    row[SOURCE_PORT] = row[header] * 256 + row[header + 1]
    row[DESTINATION_PORT] = row[header + 2] * 256 + row[header + 3]
    row[KIND] = UDP
    return inside_udp(data, row)


def _verbatim(data: Bytes, at: int, end: int, stop: int, size: int, built: int, row: Rows) -> int:
    """The header NEXT stands at `at` as on any link: as `lowpan`."""
    length = _lengths(at, end, stop, size, built, row)
    if length < 0:
        return malformed(row)
    protocol = extensions(data, row[NEXT], at, at + length, end, row)
    return carried(data, protocol, row) if protocol >= 0 else -1
