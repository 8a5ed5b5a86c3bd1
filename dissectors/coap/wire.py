# SPDX-License-Identifier: GPL-2.0-only
"""CoAP on the wire: the one walk over header, token, options and payload marker.

`walk` is a kernel (dissectors.kernel): it takes the bytes of one message, writes what it found
as integers into rows (dissectors.coap.message_row), and never raises; what is wrong becomes a
defect with its offset. The tables (analyzer) and the Scapy layers both read its rows, so the two
views cannot differ.
Sources: RFC 7252 clauses 3, 4.1, 5.4; RFC 8323 clauses 3.2, 4.2; RFC 8974 clause 2.1 (extended
token length).
"""

from __future__ import annotations

from functools import cache

from dissectors.coap import numbers
from dissectors.coap.message_row import *  # noqa: F403  (the slots are part of this module's interface)
from dissectors.coap.message_row import (
    CODE,
    DATAGRAM,
    END,
    FRAMED_HEADER,
    HEAD_SLOTS,
    HEADER,
    MID,
    OPTIONS_AT,
    PAYLOAD_AT,
    STREAM,
    TKL,
    TOKEN_AT,
    TOKEN_LENGTH,
    TYPE,
    VERSION,
    WEBSOCKET,
    Defect,
    add_defect,
)
from dissectors.coap.option_walk import *  # noqa: F403
from dissectors.coap.option_walk import check_options, walk_options
from dissectors.kernel import Bytes, Rows


@cache
def code_table() -> bytes:
    """1 for each assigned code byte."""
    table = bytearray(256)
    for code in numbers.CODES:
        table[code] = 1
    return bytes(table)


def _walk_header(data: Bytes, start: int, end: int, head: Rows, defects: Rows, codes: bytes) -> int:
    """Fixed header (RFC 7252 clause 3) and the rules on type x code; 0 stops the walk."""
    first = data[start]
    head[VERSION] = first >> 6
    head[TYPE] = kind = first >> 4 & 3
    head[TKL] = tkl = first & 15
    if head[VERSION] != 1:
        add_defect(defects, head, Defect.VERSION, start, start + 1, head[VERSION])
        return 0
    if end - start < HEADER:
        add_defect(defects, head, Defect.SHORT, start, end, end - start)
        return 0
    head[CODE] = code = data[start + 1]
    head[MID] = data[start + 2] * 256 + data[start + 3]
    head[TOKEN_AT] = start + 4
    if 9 <= tkl <= 14:
        add_defect(defects, head, Defect.TKL_RESERVED, start, start + 1, tkl)
    code_class = code >> 5
    if code_class == 7:
        add_defect(defects, head, Defect.SIGNAL_ON_UDP, start + 1, start + 2, code)
    elif code_class == 1 or code_class == 3 or code_class == 6:
        add_defect(defects, head, Defect.CODE_CLASS, start + 1, start + 2, code)
        if kind == 2:
            add_defect(defects, head, Defect.ACK_CLASS, start + 1, start + 2, code)
    elif codes[code] == 0:
        unassigned = Defect.METHOD_UNASSIGNED if code_class == 0 else Defect.RESPONSE_UNASSIGNED
        add_defect(defects, head, unassigned, start + 1, start + 2, code)
    if kind == 1 and code == 0:
        add_defect(defects, head, Defect.NON_EMPTY, start + 1, start + 2, code)
    elif kind == 2 and 0 < code < 32:
        add_defect(defects, head, Defect.ACK_REQUEST, start + 1, start + 2, code)
    elif kind == 3 and code != 0:
        add_defect(defects, head, Defect.RST_NOT_EMPTY, start + 1, start + 2, code)
    if code == 0 and (tkl != 0 or end - start > 4):
        add_defect(
            defects, head, Defect.EMPTY_EXTRA, start + (0 if tkl else 4), end, end - start - 4
        )
    return 1


def _walk_framed_header(
    data: Bytes, start: int, end: int, framing: int, head: Rows, defects: Rows, codes: bytes
) -> int:
    """Header of a message in a stream (RFC 8323 clause 3.2) or in a WebSocket message, where its
    length is 0 (clause 4.2); 0 stops the walk."""
    first = data[start] * 1
    head[VERSION] = 1  # there is none
    head[TYPE] = numbers.TCP
    head[TKL] = tkl = first & 15
    nibble = first // 16
    extra = nibble - 12 if nibble > 12 else 0
    extra = 4 if extra == 3 else extra
    code_at = start + 1 + extra
    if code_at + 1 > end:
        add_defect(defects, head, Defect.SHORT, start, end, end - start)
        return 0
    length = nibble
    if extra:
        length = 0
        for place in range(start + 1, code_at):
            length = length * 256 + data[place]
        length += 13 if extra == 1 else 269 if extra == 2 else 65805
    head[CODE] = code = data[code_at] * 1
    head[TOKEN_AT] = code_at + 1
    if framing == WEBSOCKET and nibble:
        add_defect(defects, head, Defect.WS_LENGTH, start, code_at, length)
    if 9 <= tkl <= 12:  # longer ones are agreed on (RFC 8974 clause 2.2.1)
        add_defect(defects, head, Defect.TKL_RESERVED, start, start + 1, tkl)
    code_class = code // 32
    if code_class == 1 or code_class == 3 or code_class == 6:
        add_defect(defects, head, Defect.CODE_CLASS, code_at, code_at + 1, code)
    elif code_class != 7 and codes[code] == 0:
        unassigned = Defect.METHOD_UNASSIGNED if code_class == 0 else Defect.RESPONSE_UNASSIGNED
        add_defect(defects, head, unassigned, code_at, code_at + 1, code)
    return 1 + length


def _check_length(start: int, end: int, cut: int, length: int, head: Rows, defects: Rows) -> None:
    """A stream says how many bytes follow the token: no more and no fewer are there."""
    stated = head[OPTIONS_AT] + length
    if stated > end and cut:
        add_defect(defects, head, Defect.CUT, end, end, stated - end)
    elif stated != end:
        add_defect(defects, head, Defect.FRAME_LENGTH, start, min(stated, end), length)


def _walk_token(data: Bytes, start: int, end: int, cut: int, head: Rows, defects: Rows) -> int:
    """Token length field and token (RFC 8974 clause 2.1); where the options begin, or -1."""
    at = head[TOKEN_AT]
    tkl = head[TKL]
    truncated = Defect.CUT if cut else Defect.TOKEN_TRUNCATED
    length = tkl
    if tkl == 15:
        add_defect(defects, head, Defect.TKL_15, start, start + 1, tkl)
        return -1
    if tkl >= 13:
        extra = 1 if tkl == 13 else 2
        if at + extra > end:
            add_defect(defects, head, truncated, at, end, tkl)
            return -1
        length = data[at] + 13 if tkl == 13 else data[at] * 256 + data[at + 1] + 269
        at += extra
        head[TOKEN_AT] = at
    if at + length > end:
        head[TOKEN_LENGTH] = end - at
        add_defect(defects, head, truncated, at, end, length)
        return -1
    head[TOKEN_LENGTH] = length
    return at + length


def walk(
    data: Bytes,
    start: int,
    end: int,
    cut: int,
    framing: int,
    head: Rows,
    options: Rows,
    defects: Rows,
    codes: bytes,
    index: bytes,
    specs: Rows,
) -> None:
    """Dissect the one CoAP message in `data[start:end]` into rows.

    `framing` is DATAGRAM, STREAM or WEBSOCKET; of the last two the type is `numbers.TCP`, and
    there is no Message ID. `cut` is 1 when the capture holds less than the wire did: what runs
    past the end is then `Defect.CUT` and no breach. `head` needs HEAD_SLOTS items; `options` and
    `defects` take as many rows as they have room for.
    """
    for slot in range(HEAD_SLOTS):
        head[slot] = 0
    head[TOKEN_AT] = head[OPTIONS_AT] = head[END] = end
    head[PAYLOAD_AT] = -1
    if end <= start:
        add_defect(defects, head, Defect.CUT if cut else Defect.SHORT, start, end, 0)
        return
    least = HEADER if framing == DATAGRAM else FRAMED_HEADER
    if cut and end - start < least:
        add_defect(defects, head, Defect.CUT, start, end, end - start)
        return
    length = 0
    if framing == DATAGRAM:
        if _walk_header(data, start, end, head, defects, codes) == 0:
            return
    else:
        length = _walk_framed_header(data, start, end, framing, head, defects, codes) - 1
        if length < 0:
            return
    head[OPTIONS_AT] = end
    options_at = _walk_token(data, start, end, cut, head, defects)
    if options_at < 0:
        return
    head[OPTIONS_AT] = options_at
    if framing == STREAM:
        _check_length(start, end, cut, length, head, defects)
    if head[CODE] == 0:
        return  # Empty: any further byte is one format error, told above (clause 4.1)
    complete = walk_options(data, end, cut, head, options, defects)
    if head[CODE] >> 5 in (1, 3, 6, 7):
        return  # reserved, or signalling, which numbers its options anew (RFC 8323 clause 5.2)
    check_options(data, head, options, defects, index, specs, complete)
