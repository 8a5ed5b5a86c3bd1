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
    IP_IN_IP,
    IP_VERSION,
    KIND,
    LATER_FRAGMENT,
    LINK_DESTINATION,
    LINK_SOURCE,
    MALFORMED,
    NEXT,
    OTHER,
    PAYLOAD_AT,
    PAYLOAD_END,
    PAYLOAD_LENGTH,
    PIECE_AT,
    PIECE_END,
    PIECE_LENGTH,
    SOURCE_AT,
    SOURCE_PORT,
    TRUNCATED,
    TTL,
    UDP,
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
from dissectors.tunnels import carried, enter, inside_udp
from dissectors.wpan import interface_identifier


def _stop(kind: int, row: Rows) -> int:
    row[KIND] = kind
    return -1


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
            return _stop(TRUNCATED, row)
        size = (dispatch & 7) * 256 + data[at + 1]
        _fragment(data, at, at + header, end, stop, size, row)
        if dispatch & 0x20:
            return _stop(LATER_FRAGMENT, row)
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
    return _stop(OTHER, row)  # HC1, or no LoWPAN frame


def _before_dispatch(data: Bytes, at: int, end: int, row: Rows) -> int:
    """Mesh and broadcast headers (RFC 4944 clause 5, 11): where the next dispatch stands, or -1."""
    if at < end and data[at] & 0xC0 == 0x80:
        originator = 2 if data[at] & 0x20 else 8
        final = 2 if data[at] & 0x10 else 8
        at += 2 if data[at] & 15 == 15 else 1
        if at + originator + final > end:
            return _stop(TRUNCATED, row)
        interface_identifier(data, at, originator, 1, LINK_SOURCE, row)
        interface_identifier(data, at + originator, final, 1, LINK_DESTINATION, row)
        at += originator + final
    if at < end and data[at] == 0x50:
        at += 2
    return at if at < end else _stop(TRUNCATED, row)


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
    built = inner = 0
    source_iid, destination_iid = LINK_SOURCE, LINK_DESTINATION
    while True:
        _place_ipv6(at, BUILT + inner, row)
        at = base_header(data, at, end, inner, source_iid, destination_iid, row)
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
                return _stop(OTHER, row)
            if at >= end or at + 2 >= end:
                return _stop(TRUNCATED, row)
            if number == 17:
                at = udp_header(data, at, end, built, row)
                return -1 if at < 0 else _payload(data, at, end, stop, size, inner, built, row)
            options = data[at + 1] if data[at] & 1 else data[at + 2]
            named_at = BUILT + built
            if built + extension_size(options) + 8 > BUILT_SPACE:
                return _stop(MALFORMED, row)
            at = extension_header(data, at, end, built, row)
            if at < 0:
                return -1
            built += extension_size(options)
        if row[NEXT] >= 0:
            return _verbatim(data, at, end, stop, size, inner, built, row)
        at = enter(IP_IN_IP, -1, at + 1, 0, row)
        if at < 0 or at >= end:
            return -1 if at < 0 else _stop(TRUNCATED, row)
        if data[at] & 0xE0 != 0x60 or inner or built + 48 > BUILT_SPACE:
            return _stop(OTHER, row)
        source_iid, destination_iid = BUILT + 16, BUILT + 32  # of the header around it
        inner = built


def _place_ipv6(at: int, base: int, row: Rows) -> None:
    """The slots of an IPv6 header that is built at item `base`."""
    row[IP_AT] = at
    row[IP_VERSION] = 6
    row[IP_ID] = 0
    row[ADDRESS_IN] = 1
    row[ADDRESS_LENGTH] = 16
    row[SOURCE_AT] = base + 8
    row[DESTINATION_AT] = base + 24


def _lengths(at: int, end: int, stop: int, size: int, inner: int, built: int, row: Rows) -> int:
    """Lengths that compression left out, `built` bytes being built; the bytes that follow at `at`.

    They end where the frame does, or are what the fragments have.
    """
    whole = size if size >= 0 else built + stop - at
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


def _payload(
    data: Bytes, at: int, end: int, stop: int, size: int, inner: int, built: int, row: Rows
) -> int:
    """The UDP header is built, `at` is what it carries: as `lowpan`."""
    header = BUILT + built
    length = _lengths(at, end, stop, size, inner, built + 8, row)
    if length < 0:
        return _stop(MALFORMED, row)
    row[header + 4] = ((length + 8) >> 8) & 255
    row[header + 5] = (length + 8) & 255
    row[SOURCE_PORT] = row[header] * 256 + row[header + 1]
    row[DESTINATION_PORT] = row[header + 2] * 256 + row[header + 3]
    row[KIND] = UDP
    return inside_udp(data, row)


def _verbatim(
    data: Bytes, at: int, end: int, stop: int, size: int, inner: int, built: int, row: Rows
) -> int:
    """The header NEXT stands at `at` as on any link: as `lowpan`."""
    length = _lengths(at, end, stop, size, inner, built, row)
    if length < 0:
        return _stop(MALFORMED, row)
    protocol = extensions(data, row[NEXT], at, at + length, end, row)
    return carried(data, protocol, row) if protocol >= 0 else -1
