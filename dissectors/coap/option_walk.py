# SPDX-License-Identifier: GPL-2.0-only
"""The options of a message: the walk over them, and each against the registry (kernels).

RFC 7252 clauses 3.1, 5.4. `wire.walk` calls both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from dissectors.coap import numbers
from dissectors.coap.message_row import (
    AT,
    CODE,
    LENGTH,
    NUMBER,
    OPTION_COUNT,
    OPTION_SLOTS,
    OPTIONS_AT,
    PAYLOAD_AT,
    VALUE_AT,
    Defect,
    add_defect,
)
from dissectors.kernel import Bytes, Rows, rows
from dissectors.utf8 import utf8_error

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


def _extended(data: Bytes, at: int, nibble: int) -> int:
    """Delta or length from its nibble and extension bytes, RFC 7252 clause 3.1."""
    if nibble == 13:
        return data[at] + 13
    if nibble == 14:
        return data[at] * 256 + data[at + 1] + 269
    return nibble


def walk_options(data: Bytes, end: int, cut: int, head: Rows, options: Rows, defects: Rows) -> int:
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
                add_defect(defects, head, Defect.MARKER_NO_PAYLOAD, at, end, 0)
            return head[OPTION_COUNT]
        delta, length = first >> 4, first & 15
        if delta == 15:
            add_defect(defects, head, Defect.DELTA_15, at, at + 1, first)
            return head[OPTION_COUNT]
        if length == 15:
            add_defect(defects, head, Defect.LENGTH_15, at, at + 1, first)
            return head[OPTION_COUNT]
        length_at = at + 1 + (delta - 12 if delta > 12 else 0)
        value_at = length_at + (length - 12 if length > 12 else 0)
        if value_at > end:
            kind = Defect.CUT if cut else Defect.OPTION_TRUNCATED
            add_defect(defects, head, kind, at, end, first)
            return head[OPTION_COUNT]
        number += _extended(data, at + 1, delta)
        length = _extended(data, length_at, length)
        if number > 65535:
            add_defect(defects, head, Defect.NUMBER_OVERFLOW, at, value_at, number)
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
            add_defect(defects, head, kind, value_at, end, number)
            return head[OPTION_COUNT] - 1
        at = value_at + length
    return head[OPTION_COUNT]


def _check_unknown(head: Rows, defects: Rows, number: int, at: int, after: int) -> None:
    """An option that the registry does not hold, RFC 7252 clauses 5.4.1, 5.10.7, 12.2."""
    if number == 128 or number == 132 or number == 136 or number == 140:
        add_defect(defects, head, Defect.RESERVED_LOCATION, at, after, number)
        return
    if number >= 65000:
        add_defect(defects, head, Defect.EXPERIMENTAL, at, after, number)
    unknown = Defect.CRITICAL_UNKNOWN if number & 1 else Defect.ELECTIVE_UNKNOWN
    add_defect(defects, head, unknown, at, after, number)


def _check_value(
    data: Bytes, head: Rows, defects: Rows, number: int, at: int, length: int, kind: int, least: int
) -> None:
    """Format of a value whose length is allowed: shortest uint, UTF-8 string (clause 3.2)."""
    if (kind == 2 or kind == 4) and length > least and data[at] == 0:
        add_defect(defects, head, Defect.UINT_LEADING_ZERO, at, at + length, number)
    if kind != 3:
        return
    broken = utf8_error(data, at, at + length)
    if broken >= 0:
        add_defect(defects, head, Defect.STRING_NOT_UTF8, broken, at + length, number)
        return
    for place in range(at, at + length):
        if data[place] < 0x20 or data[place] == 0x7F:
            add_defect(defects, head, Defect.STRING_NOT_NET_UNICODE, place, place + 1, number)
            return


def check_options(
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
            add_defect(defects, head, kind, at, after, number)
        else:
            least = specs[spec + MIN_LENGTH]
            form = specs[spec + FORMAT]
            _check_value(data, head, defects, number, value_at, length, form, least)
        repeat = specs[spec + REPEAT]
        if again and (repeat == 0 or (repeat == 2 and not request)):
            repeated = Defect.ETAG_REPEATED if number == 4 else Defect.REPEATED
            add_defect(defects, head, repeated, at, after, number)
        if wrapped:
            continue
        allowed = specs[spec + REQUESTS] if request else specs[spec + RESPONSES]
        if allowed == 0:
            context = Defect.CONTEXT_REQUEST if request else Defect.CONTEXT_RESPONSE
            add_defect(defects, head, context, at, after, number)
        elif allowed > 0 and allowed >> (code if request else code >> 5) & 1 == 0:
            add_defect(defects, head, Defect.CONTEXT_METHOD, at, after, number)
