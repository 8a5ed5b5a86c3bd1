# SPDX-License-Identifier: GPL-2.0-only
"""The form of a message: a hash of all that rules on one message, or on a request and its response,
look at. What broke no rule once needs no judging again: rules cost what a capture has of
different forms, not of messages. Kernels (dissectors.kernel).

Values that tell one message from the next (paths, ETags, payloads) are no part of it. That one may
be wrong is; its bytes are not: they are hashed apart (facts.ODD), for the few rules that read them.
"""

from __future__ import annotations

from typing import Final

from analyzer.facts import (
    BLOCK1,
    BLOCK2,
    CODE,
    CONTENT_FORMAT,
    CUT,
    DEFECTS,
    DESTINATION_PORT,
    FLAGS,
    IN_BLOCKS,
    JSON,
    MESSAGE_TYPE,
    ODD,
    PAYLOAD_HASH,
    PAYLOAD_LENGTH,
    PROTECTED,
    REQUEST,
    TOKEN_LENGTH,
    TYPE,
    UNWRAPPED,
)
from analyzer.option_facts import uint, uint_of_block
from analyzer.state import hash_bytes, mix
from dissectors.cbor import cbor_error
from dissectors.coap import numbers, wire
from dissectors.coap.content_formats import Syntax
from dissectors.json_scan import ERROR, scan
from dissectors.kernel import Bytes, Rows
from dissectors.msgin5g.payload import MAX_DEPTH

_WHOLE: Final = (1 << numbers.OBSERVE) | (1 << numbers.CONTENT_FORMAT) | (1 << numbers.ACCEPT)
"""Options whose value rules look at, and that have few values."""

_BLOCKS: Final = (
    (1 << numbers.BLOCK1)
    | (1 << numbers.BLOCK2)
    | (1 << numbers.Q_BLOCK1)
    | (1 << numbers.Q_BLOCK2)
)
_NAMES: Final = (1 << numbers.LOCATION_PATH) | (1 << numbers.URI_PATH)
_ODD: Final = 1 << 31
"""The value of an option that may be wrong, in the form."""

_SIZES: Final = (1 << numbers.SIZE1) | (1 << numbers.SIZE2)


def _odd_segment(data: Bytes, at: int, length: int) -> bool:
    """A path segment that may be wrong: `.`, `..`, or with a slash or a percent sign in it."""
    if length == 1 or length == 2:
        dots = data[at] == 46 and (length == 1 or data[at + 1] == 46)
        if dots:
            return True
    odd = False
    for place in range(at, at + length):
        odd = odd or data[place] == 47 or data[place] == 37
    return odd


def _odd_host(data: Bytes, at: int, length: int) -> bool:
    """A host with other characters than lower-case letters, digits, dots and hyphens, or one that
    is made of digits and dots alone: it may be an address."""
    letters = 0
    for place in range(at, at + length):
        byte = data[place]
        if 97 <= byte <= 122:
            letters += 1
        elif not (48 <= byte <= 57 or byte == 45 or byte == 46 or byte == 95):
            return True
    return letters == 0


def _odd_uri(data: Bytes, at: int, length: int) -> bool:
    """A Proxy-Uri that may not be absolute: it does not begin with a scheme and `://`, or has a `#`
    in it."""
    odd = length == 0 or not _is_letter(data[at] * 1)
    for place in range(at, at + length):
        odd = odd or data[place] == 35
    if odd:
        return True
    for place in range(at + 1, at + length - 2):
        byte = data[place] * 1
        if byte == 58:
            return data[place + 1] != 47 or data[place + 2] != 47
        if not (_is_letter(byte) or 48 <= byte <= 57 or byte == 43 or byte == 45 or byte == 46):
            return True
    return True


def _is_letter(byte: int) -> bool:
    return 97 <= byte <= 122 or 65 <= byte <= 90


def _oscore_form(data: Bytes, at: int, length: int) -> int:
    """What can be wrong with the OSCORE option: flags, a leading zero, whether lengths add up."""
    if length == 0:
        return 0
    flags = data[at] * 1
    sequence = flags & 7
    zero = 1 if sequence > 1 and length > 1 and data[at + 1] == 0 else 0
    context = 0
    if flags & 16 and sequence + 1 < length:
        context = data[at + 1 + sequence] + 2
    rest = length - 1 - sequence - (context - 1 if context else 0)
    left = 0 if rest < 0 else 1 if rest == 0 else 2
    return ((flags * 2 + zero) * 3 + left) * 2 + (1 if context else 0)


def option_form(number: int, data: Bytes, at: int, length: int, facts: Rows, f: int) -> int:
    """What rules look at in the value of an option, as a number; less than 0: its bytes, which may
    be wrong."""
    if number < 64:
        bit = 1 << number
        if number == numbers.OBSERVE and facts[f + FLAGS] & REQUEST == 0:
            return 0  # it counts notifications: what it says beside the one before is news of those
        if bit & _WHOLE:
            return uint(data, at, length)
        if bit & _NAMES:
            if _odd_segment(data, at, length):
                return -1
            if length == 11:
                return 1 if data[at] == 46 else 0  # .well-known
            if length != 4:
                return 0
            akma = data[at] == 97 and data[at + 1] == 107 and data[at + 2] == 109
            if akma and data[at + 3] == 97:
                return 3
            return 2 if data[at] == 99 and data[at + 3] == 101 else 0  # core
        if bit & _BLOCKS:
            block = uint_of_block(data, at, length)
            return block if block < 0 else block % 16 + (16 if block > 15 else 0)
        if bit & _SIZES:
            size = uint(data, at, length)
            return min(size, 1)
        if number == numbers.HOP_LIMIT:
            return data[at] * 1 if length == 1 else -1
    if number == numbers.URI_HOST:
        return -1 if _odd_host(data, at, length) else 0
    if number == numbers.URI_PORT:
        port = uint(data, at, length)
        return 1 if port == 0 else 2 if port == facts[f + DESTINATION_PORT] else 0
    if number == numbers.PROXY_URI:
        return -1 if _odd_uri(data, at, length) else 0
    if number == numbers.OSCORE:
        return _oscore_form(data, at, length)
    if number == numbers.NO_RESPONSE:
        return uint(data, at, length)
    return 0 if length else 1


def message_form(
    data: Bytes,
    facts: Rows,
    f: int,
    count: int,
    options: Rows,
    payload_at: int,
    end: int,
    syntaxes: bytes,
    json_head: Rows,
    nodes: Rows,
    stack: Rows,
) -> int:
    """The form of a message with `count` options, never 0, and in `facts` what is odd in it.
    `syntaxes` by Content-Format; the rest is what scanning a body takes."""
    form = mix(facts[f + DEFECTS], facts[f + CODE] * 8 + facts[f + TYPE])
    unwrapped = 2 if facts[f + FLAGS] & UNWRAPPED else 0
    form = mix(form, facts[f + TOKEN_LENGTH] * 4 + unwrapped + (facts[f + FLAGS] & CUT))
    form = mix(form, facts[f + MESSAGE_TYPE])
    before, segments, empty, asked = -1, 0, 0, -1
    facts[f + ODD] = 0
    for option in range(count):
        row = option * wire.OPTION_SLOTS
        number = options[row + wire.NUMBER]
        at, length = options[row + wire.VALUE_AT], options[row + wire.LENGTH]
        value = option_form(number, data, at, length, facts, f)
        if value < 0:
            form = mix(form, number * 0x100000000 + _ODD)
            facts[f + ODD] = hash_bytes(data, at, at + length, mix(facts[f + ODD], number)) | 1
        elif number != before or value:
            form = mix(form, number * 0x100000000 + value)
        if number == numbers.URI_PATH:
            segments += 1
            empty += 1 if length == 0 else 0
        elif number == numbers.Q_BLOCK2:
            block = uint(data, at, length) // 16
            if block <= asked:  # of several, each asks for a later block (RFC 9177 clause 4.4)
                form = mix(form, -2)
            asked = block
        before = number
    if segments == 1 and empty:
        form = mix(form, -1)
    form = mix(form, _block_fills(facts, f))
    if payload_at < 0 or payload_at >= end:
        return form | 1
    if facts[f + FLAGS] & (PROTECTED | IN_BLOCKS | CUT):  # nothing can be said of what it is
        return mix(form, 1) | 1
    if _is_as_said(data, facts, f, payload_at, end, syntaxes, json_head, nodes, stack):
        return mix(form, 2) | 1
    facts[f + ODD] = mix(facts[f + ODD], facts[f + PAYLOAD_HASH]) | 1
    return mix(form, 3) | 1


def _block_fills(facts: Rows, f: int) -> int:
    """Whether the payload is as long as a block, shorter or longer; 3 where it is none."""
    block = facts[f + BLOCK1] if facts[f + FLAGS] & REQUEST else facts[f + BLOCK2]
    if block < 0:
        return 3
    size, length = 16 << min(block & 7, 6), facts[f + PAYLOAD_LENGTH]
    return 0 if length == size else 1 if length < size else 2


def _is_as_said(
    data: Bytes,
    facts: Rows,
    f: int,
    at: int,
    end: int,
    syntaxes: bytes,
    json_head: Rows,
    nodes: Rows,
    stack: Rows,
) -> bool:
    """The payload is without a doubt what Content-Format says, or nobody said what it is."""
    format = facts[f + CONTENT_FORMAT]
    if format == -1:  # of an error: a diagnostic text (RFC 7252 clause 5.5.2)
        return facts[f + CODE] >> 5 < 4 or not _odd_text(data, at, end)
    syntax = syntaxes[format] * 1 if 0 <= format < 65536 else 0
    if syntax == Syntax.TEXT:
        return not _odd_text(data, at, end)
    if syntax == Syntax.JSON:
        if facts[f + FLAGS] & JSON == 0:  # else it was just scanned
            scan(data, at, end, MAX_DEPTH, json_head, nodes, stack)
        return json_head[ERROR] == 0
    if syntax == Syntax.CBOR:
        return cbor_error(data, at, end, stack, False) < 0
    if syntax == Syntax.CBOR_SEQUENCE:
        if format == numbers.MISSING_BLOCKS:  # their order matters too
            return False
        return cbor_error(data, at, end, stack, True) < 0
    return syntax != Syntax.LINKS


def _odd_text(data: Bytes, at: int, end: int) -> bool:
    """The text has more than ASCII, or a NUL."""
    odd = False
    for place in range(at, end):
        odd = odd or data[place] >= 128 or data[place] == 0
    return odd
