# SPDX-License-Identifier: GPL-2.0-only
"""Where CoAP messages begin and end in a stream (RFC 8323 clause 3.2). Kernels.

    Len TKL | extended length | code | extended token length | token | options, marker, payload
     4   4       0, 1, 2, 4      1         0, 1, 2              ...     <---- as Len says ---->

Version, type and Message ID are not there. Len counts what follows the token, so it can be too
small for the options but never for the token. The extended token length is RFC 8974 clause 2.1.
"""

from __future__ import annotations

from typing import Final

from dissectors.coap import wire
from dissectors.kernel import Bytes, Rows

MORE: Final = -1
"""More bytes are needed."""
NEVER: Final = -2
"""No message begins like this: a token length of 15 (RFC 8974 clause 2.1)."""

LONGEST_HEAD: Final = 8
"""Bytes that tell the length of any message."""


def code_place(data: Bytes, at: int) -> int:
    """Where the code stands of the message at `at`, whose first byte is there."""
    nibble = data[at] // 16
    if nibble < 13:
        return at + 1
    return at + (5 if nibble == 15 else nibble - 11)


def body_length(data: Bytes, at: int) -> int:
    """What Len says of the message at `at`: the bytes behind the token. All up to the code must
    be there."""
    nibble = data[at] // 16
    if nibble == 13:
        return data[at + 1] + 13
    if nibble == 14:
        return data[at + 1] * 256 + data[at + 2] + 269
    if nibble == 15:
        high = data[at + 1] * 256 + data[at + 2]
        return high * 65536 + data[at + 3] * 256 + data[at + 4] + 65805
    return nibble


def message_length(data: Bytes, at: int, end: int) -> int:
    """Bytes of the whole message at `at`, from what of it is in `data[at:end]`; MORE or NEVER.

    It may be as much as 4 GiB: what a peer writes here is no promise.
    """
    if at >= end:
        return MORE
    tkl = data[at] % 16
    if tkl == 15:
        return NEVER
    code_at = code_place(data, at)
    if code_at > end:
        return MORE
    length = code_at - at + 1 + body_length(data, at)
    if tkl < 13:
        return length + tkl
    if code_at + tkl - 11 > end:
        return MORE
    if tkl == 13:
        return length + 1 + data[code_at + 1] + 13
    return length + 2 + data[code_at + 1] * 256 + data[code_at + 2] + 269


def plausible(
    data: Bytes,
    at: int,
    end: int,
    head: Rows,
    options: Rows,
    defects: Rows,
    codes: bytes,
    index: bytes,
) -> int:
    """Does a message begin at `at`, as far as `data[at:end]` shows: 1, 0, or MORE for perhaps?

    Finds the next message where a capture joined a stream, or lost some of it, so it is stricter
    than a receiver: the code is an assigned one, the options walk to the exact end, the critical
    ones are registered. An Empty message tells too little. The rows are those of `wire.walk`, of
    any size; options that they have no room for are not looked at.
    """
    length = message_length(data, at, end)
    if length == NEVER:
        return 0
    code_at = code_place(data, at) if at < end else end
    if code_at >= end:
        return MORE
    code = data[code_at]
    if code == 0 or codes[code] == 0:
        return 0
    if length == MORE:
        return MORE
    stop = at + length
    options_at = stop - body_length(data, at)
    if options_at > end:
        return MORE
    last = min(stop, end)
    for slot in range(wire.HEAD_SLOTS):
        head[slot] = 0
    head[wire.OPTIONS_AT] = options_at
    head[wire.PAYLOAD_AT] = -1
    cut = 1 if stop > end else 0
    complete = wire.walk_options(data, last, cut, head, options, defects)
    for row in range(head[wire.DEFECT_COUNT]):
        if defects[row * wire.DEFECT_SLOTS + wire.KIND] != wire.Defect.CUT:
            return 0
    for row in range(complete):
        number = options[row * wire.OPTION_SLOTS + wire.NUMBER]
        if number % 2 == 1 and (code // 32 == 7 or index[number] == 0):
            return 0  # signalling has no critical option (RFC 8323 clause 5)
    return MORE if cut else 1
