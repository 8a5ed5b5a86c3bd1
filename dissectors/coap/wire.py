# SPDX-License-Identifier: GPL-2.0-only
"""CoAP on the wire: the one walk over header, token, options and payload marker.

`walk` is a kernel (dissectors.kernel): it takes the bytes of one datagram, writes what it found
as integers, and never raises; what is wrong becomes a defect with its offset. The tables
(analyzer) and the Scapy layers both read its rows, so the two views cannot differ.
Sources: RFC 7252 clauses 3, 4.1, 5.4; RFC 8974 clause 2.1 (extended token length).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final

from dissectors.coap import numbers
from dissectors.kernel import Bytes, Rows, rows
from dissectors.utf8 import utf8_error

# Slots of the head row. Offsets count from the start of `data`; -1 means absent.
VERSION, TYPE, TKL, CODE, MID = 0, 1, 2, 3, 4
TOKEN_AT, TOKEN_LENGTH, OPTIONS_AT, PAYLOAD_AT, END = 5, 6, 7, 8, 9
OPTION_COUNT, DEFECT_COUNT = 10, 11
HEAD_SLOTS: Final = 12

# Slots of an option row: number, where its first byte stands, where its value stands, its length.
NUMBER, AT, VALUE_AT, LENGTH = 0, 1, 2, 3
OPTION_SLOTS: Final = 4

# Slots of a defect row: kind, first byte, byte after the last, detail (option number or byte).
KIND, FIRST, AFTER, DETAIL = 0, 1, 2, 3
DEFECT_SLOTS: Final = 4

MAX_MESSAGE: Final = 65535
"""Bytes of one UDP datagram at most, so rows for as many options and defects always do."""


class Defect(IntEnum):
    """What the walk can find wrong with one message, taken alone."""

    SHORT = 1
    VERSION = 2
    TKL_RESERVED = 3
    TKL_15 = 4
    TOKEN_TRUNCATED = 5
    CODE_CLASS = 6
    SIGNAL_ON_UDP = 7
    METHOD_UNASSIGNED = 8
    RESPONSE_UNASSIGNED = 9
    EMPTY_EXTRA = 10
    ACK_REQUEST = 11
    ACK_CLASS = 12
    RST_NOT_EMPTY = 13
    NON_EMPTY = 14
    MARKER_NO_PAYLOAD = 15
    DELTA_15 = 16
    LENGTH_15 = 17
    OPTION_TRUNCATED = 18
    VALUE_TRUNCATED = 19
    NUMBER_OVERFLOW = 20
    LENGTH_CRITICAL = 21
    LENGTH_ELECTIVE = 22
    UINT_LEADING_ZERO = 23
    STRING_NOT_UTF8 = 24
    STRING_NOT_NET_UNICODE = 25
    CRITICAL_UNKNOWN = 26
    ELECTIVE_UNKNOWN = 27
    EXPERIMENTAL = 28
    RESERVED_LOCATION = 29
    REPEATED = 30
    ETAG_REPEATED = 31
    CONTEXT_REQUEST = 32
    CONTEXT_RESPONSE = 33
    CONTEXT_METHOD = 34
    CUT = 35


HEADER: Final = 4
"""Bytes of the fixed header (RFC 7252 clause 3)."""

FATAL: Final = frozenset(
    {
        Defect.SHORT,
        Defect.VERSION,
        Defect.TKL_15,
        Defect.TOKEN_TRUNCATED,
        Defect.CODE_CLASS,
        Defect.ACK_CLASS,
        Defect.DELTA_15,
        Defect.LENGTH_15,
        Defect.OPTION_TRUNCATED,
        Defect.VALUE_TRUNCATED,
        Defect.NUMBER_OVERFLOW,
        Defect.MARKER_NO_PAYLOAD,
    }
)
"""Message format errors: the receiver must reject the message (RFC 7252 clauses 4.2, 4.3)."""

# Slots of a row of the option table, which the kernel takes as an argument.
FORMAT, MIN_LENGTH, MAX_LENGTH, REPEAT, REQUESTS, RESPONSES = 0, 1, 2, 3, 4, 5
SPEC_SLOTS: Final = 6


@dataclass(frozen=True, slots=True)
class OptionTable:
    """The option registry as the kernel reads it: number -> row, and the rows."""

    index: bytes
    specs: Rows


@cache
def option_table(*sets: str) -> OptionTable:
    """The registry of `numbers.OPTIONS`, followed by sets of `numbers.OPTION_SETS`; row 0 is the
    unknown option."""
    known = [*numbers.OPTIONS.values()]
    for name in sets:
        known += numbers.OPTION_SETS[name]
    index = bytearray(65536)
    specs = rows((len(known) + 1) * SPEC_SLOTS)
    for row, spec in enumerate(known, 1):
        index[spec.number] = row
        fields = (spec.format, spec.min, spec.max, spec.repeat, spec.requests, spec.responses)
        for slot, value in enumerate(fields):
            specs[row * SPEC_SLOTS + slot] = value
    return OptionTable(bytes(index), specs)


@cache
def code_table() -> bytes:
    """1 for each assigned code byte."""
    table = bytearray(256)
    for code in numbers.CODES:
        table[code] = 1
    return bytes(table)


def _defect(defects: Rows, head: Rows, kind: int, first: int, after: int, detail: int) -> None:
    row = head[DEFECT_COUNT] * DEFECT_SLOTS
    if row + DEFECT_SLOTS <= len(defects):
        defects[row + KIND] = kind
        defects[row + FIRST] = first
        defects[row + AFTER] = after
        defects[row + DETAIL] = detail
        head[DEFECT_COUNT] += 1


def _walk_header(data: Bytes, start: int, end: int, head: Rows, defects: Rows, codes: bytes) -> int:
    """Fixed header (RFC 7252 clause 3) and the rules on type x code; 0 stops the walk."""
    first = data[start]
    head[VERSION] = first >> 6
    head[TYPE] = kind = first >> 4 & 3
    head[TKL] = tkl = first & 15
    if head[VERSION] != 1:
        _defect(defects, head, Defect.VERSION, start, start + 1, head[VERSION])
        return 0
    if end - start < HEADER:
        _defect(defects, head, Defect.SHORT, start, end, end - start)
        return 0
    head[CODE] = code = data[start + 1]
    head[MID] = data[start + 2] * 256 + data[start + 3]
    head[TOKEN_AT] = start + 4
    if 9 <= tkl <= 14:
        _defect(defects, head, Defect.TKL_RESERVED, start, start + 1, tkl)
    code_class = code >> 5
    if code_class == 7:
        _defect(defects, head, Defect.SIGNAL_ON_UDP, start + 1, start + 2, code)
    elif code_class == 1 or code_class == 3 or code_class == 6:
        _defect(defects, head, Defect.CODE_CLASS, start + 1, start + 2, code)
        if kind == 2:
            _defect(defects, head, Defect.ACK_CLASS, start + 1, start + 2, code)
    elif codes[code] == 0:
        unassigned = Defect.METHOD_UNASSIGNED if code_class == 0 else Defect.RESPONSE_UNASSIGNED
        _defect(defects, head, unassigned, start + 1, start + 2, code)
    if kind == 1 and code == 0:
        _defect(defects, head, Defect.NON_EMPTY, start + 1, start + 2, code)
    elif kind == 2 and 0 < code < 32:
        _defect(defects, head, Defect.ACK_REQUEST, start + 1, start + 2, code)
    elif kind == 3 and code != 0:
        _defect(defects, head, Defect.RST_NOT_EMPTY, start + 1, start + 2, code)
    if code == 0 and (tkl != 0 or end - start > 4):
        _defect(defects, head, Defect.EMPTY_EXTRA, start + (0 if tkl else 4), end, end - start - 4)
    return 1


def _walk_token(data: Bytes, end: int, cut: int, head: Rows, defects: Rows) -> int:
    """Token length field and token (RFC 8974 clause 2.1); where the options begin, or -1."""
    at = head[TOKEN_AT]
    tkl = head[TKL]
    truncated = Defect.CUT if cut else Defect.TOKEN_TRUNCATED
    length = tkl
    if tkl == 15:
        _defect(defects, head, Defect.TKL_15, at - 4, at - 3, tkl)
        return -1
    if tkl >= 13:
        extra = 1 if tkl == 13 else 2
        if at + extra > end:
            _defect(defects, head, truncated, at, end, tkl)
            return -1
        length = data[at] + 13 if tkl == 13 else data[at] * 256 + data[at + 1] + 269
        at += extra
        head[TOKEN_AT] = at
    if at + length > end:
        head[TOKEN_LENGTH] = end - at
        _defect(defects, head, truncated, at, end, length)
        return -1
    head[TOKEN_LENGTH] = length
    return at + length


def _extended(data: Bytes, at: int, nibble: int) -> int:
    """Delta or length from its nibble and extension bytes, RFC 7252 clause 3.1."""
    if nibble == 13:
        return data[at] + 13
    if nibble == 14:
        return data[at] * 256 + data[at + 1] + 269
    return nibble


def _walk_options(data: Bytes, end: int, cut: int, head: Rows, options: Rows, defects: Rows) -> int:
    """Options up to the payload marker or the end (RFC 7252 clause 3.1); stops at what is broken.

    An option broken after its number is known is still given as a row, its value shortened.
    Returns how many options are complete.
    """
    at = head[OPTIONS_AT]
    number = 0
    while at < end:
        first = data[at]
        if first == 0xFF:
            head[PAYLOAD_AT] = at + 1
            if at + 1 == end and cut == 0:
                _defect(defects, head, Defect.MARKER_NO_PAYLOAD, at, end, 0)
            return head[OPTION_COUNT]
        delta, length = first >> 4, first & 15
        if delta == 15:
            _defect(defects, head, Defect.DELTA_15, at, at + 1, first)
            return head[OPTION_COUNT]
        if length == 15:
            _defect(defects, head, Defect.LENGTH_15, at, at + 1, first)
            return head[OPTION_COUNT]
        length_at = at + 1 + (delta - 12 if delta > 12 else 0)
        value_at = length_at + (length - 12 if length > 12 else 0)
        if value_at > end:
            kind = Defect.CUT if cut else Defect.OPTION_TRUNCATED
            _defect(defects, head, kind, at, end, first)
            return head[OPTION_COUNT]
        number += _extended(data, at + 1, delta)
        length = _extended(data, length_at, length)
        if number > 65535:
            _defect(defects, head, Defect.NUMBER_OVERFLOW, at, value_at, number)
            return head[OPTION_COUNT]
        row = head[OPTION_COUNT] * OPTION_SLOTS
        if row + OPTION_SLOTS > len(options):
            return head[OPTION_COUNT]
        options[row + NUMBER] = number
        options[row + AT] = at
        options[row + VALUE_AT] = value_at
        options[row + LENGTH] = min(length, end - value_at)
        head[OPTION_COUNT] += 1
        if value_at + length > end:
            kind = Defect.CUT if cut else Defect.VALUE_TRUNCATED
            _defect(defects, head, kind, value_at, end, number)
            return head[OPTION_COUNT] - 1
        at = value_at + length
    return head[OPTION_COUNT]


def _check_unknown(head: Rows, defects: Rows, number: int, at: int, after: int) -> None:
    """An option that the registry does not hold, RFC 7252 clauses 5.4.1, 5.10.7, 12.2."""
    if number == 128 or number == 132 or number == 136 or number == 140:
        _defect(defects, head, Defect.RESERVED_LOCATION, at, after, number)
        return
    if number >= 65000:
        _defect(defects, head, Defect.EXPERIMENTAL, at, after, number)
    unknown = Defect.CRITICAL_UNKNOWN if number & 1 else Defect.ELECTIVE_UNKNOWN
    _defect(defects, head, unknown, at, after, number)


def _check_value(
    data: Bytes, head: Rows, defects: Rows, number: int, at: int, length: int, kind: int, least: int
) -> None:
    """Format of a value whose length is allowed: shortest uint, UTF-8 string (clause 3.2)."""
    if (kind == 2 or kind == 4) and length > least and data[at] == 0:
        _defect(defects, head, Defect.UINT_LEADING_ZERO, at, at + length, number)
    if kind != 3:
        return
    broken = utf8_error(data, at, at + length)
    if broken >= 0:
        _defect(defects, head, Defect.STRING_NOT_UTF8, broken, at + length, number)
        return
    for place in range(at, at + length):
        if data[place] < 0x20 or data[place] == 0x7F:
            _defect(defects, head, Defect.STRING_NOT_NET_UNICODE, place, place + 1, number)
            return


def _check_options(
    data: Bytes,
    head: Rows,
    options: Rows,
    defects: Rows,
    index: bytes,
    specs: Rows,
    complete: int,
) -> None:
    """Each complete option against the registry: length, format, repetition, place."""
    code = head[CODE]
    request = 0 < code < 32
    wrapped = False  # OSCORE: outer code and class-E options are wrapping (RFC 8613 clause 4.1)
    for option in range(head[OPTION_COUNT]):
        if options[option * OPTION_SLOTS + NUMBER] == 9:
            wrapped = True
    previous = -1
    for option in range(complete):
        number = options[option * OPTION_SLOTS + NUMBER]
        at = options[option * OPTION_SLOTS + AT]
        value_at = options[option * OPTION_SLOTS + VALUE_AT]
        length = options[option * OPTION_SLOTS + LENGTH]
        after = value_at + length
        spec = index[number] * SPEC_SLOTS
        again = number == previous
        previous = number
        if spec == 0:
            _check_unknown(head, defects, number, at, after)
            continue
        if length < specs[spec + MIN_LENGTH] or length > specs[spec + MAX_LENGTH]:
            odd = number & 1 and number != 21  # EDHOC: its value is ignored (RFC 9668)
            kind = Defect.LENGTH_CRITICAL if odd else Defect.LENGTH_ELECTIVE
            _defect(defects, head, kind, at, after, number)
        else:
            least = specs[spec + MIN_LENGTH]
            form = specs[spec + FORMAT]
            _check_value(data, head, defects, number, value_at, length, form, least)
        repeat = specs[spec + REPEAT]
        if again and (repeat == 0 or (repeat == 2 and not request)):
            repeated = Defect.ETAG_REPEATED if number == 4 else Defect.REPEATED
            _defect(defects, head, repeated, at, after, number)
        if wrapped:
            continue
        allowed = specs[spec + REQUESTS] if request else specs[spec + RESPONSES]
        if allowed == 0:
            context = Defect.CONTEXT_REQUEST if request else Defect.CONTEXT_RESPONSE
            _defect(defects, head, context, at, after, number)
        elif allowed > 0 and allowed >> (code if request else code >> 5) & 1 == 0:
            _defect(defects, head, Defect.CONTEXT_METHOD, at, after, number)


def walk(
    data: Bytes,
    start: int,
    end: int,
    cut: int,
    head: Rows,
    options: Rows,
    defects: Rows,
    codes: bytes,
    index: bytes,
    specs: Rows,
) -> None:
    """Dissect the CoAP message in `data[start:end]` (one UDP datagram) into rows.

    `cut` is 1 when the capture holds less than the wire did: what runs past the end is then
    `Defect.CUT` and no breach. `head` needs HEAD_SLOTS items; `options` and `defects` take as
    many rows as they have room for.
    """
    for slot in range(HEAD_SLOTS):
        head[slot] = 0
    head[TOKEN_AT] = head[OPTIONS_AT] = head[END] = end
    head[PAYLOAD_AT] = -1
    if end <= start:
        _defect(defects, head, Defect.CUT if cut else Defect.SHORT, start, end, 0)
        return
    if cut and end - start < HEADER:
        _defect(defects, head, Defect.CUT, start, end, end - start)
        return
    if _walk_header(data, start, end, head, defects, codes) == 0:
        return
    head[OPTIONS_AT] = end
    options_at = _walk_token(data, end, cut, head, defects)
    if options_at < 0:
        return
    head[OPTIONS_AT] = options_at
    if head[CODE] == 0:
        return  # Empty: any further byte is one format error, told above (clause 4.1)
    complete = _walk_options(data, end, cut, head, options, defects)
    if head[CODE] >> 5 in (1, 3, 6, 7):
        return  # reserved, or signalling, which numbers its options anew (RFC 8323 clause 5.2)
    _check_options(data, head, options, defects, index, specs, complete)
