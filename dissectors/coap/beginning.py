# SPDX-License-Identifier: GPL-2.0-only
"""Whether a CoAP message begins in the middle of a stream. A kernel."""

from __future__ import annotations

from dissectors.coap.stream import MORE, NEVER, body_length, code_place, message_length
from dissectors.coap.wire import (
    DEFECT_COUNT,
    DEFECT_SLOTS,
    HEAD_SLOTS,
    KIND,
    NUMBER,
    OPTION_SLOTS,
    OPTIONS_AT,
    PAYLOAD_AT,
    Defect,
    _walk_options,
)
from dissectors.kernel import Bytes, Rows


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
    for slot in range(HEAD_SLOTS):
        head[slot] = 0
    head[OPTIONS_AT] = options_at
    head[PAYLOAD_AT] = -1
    cut = 1 if stop > end else 0
    complete = _walk_options(data, last, cut, head, options, defects)
    for row in range(head[DEFECT_COUNT]):
        if defects[row * DEFECT_SLOTS + KIND] != Defect.CUT:
            return 0
    for row in range(complete):
        number = options[row * OPTION_SLOTS + NUMBER]
        if number % 2 == 1 and (code // 32 == 7 or index[number] == 0):
            return 0  # signalling has no critical option (RFC 8323 clause 5)
    return MORE if cut else 1
