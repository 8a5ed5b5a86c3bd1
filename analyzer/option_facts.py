# SPDX-License-Identifier: GPL-2.0-only
"""What the options of a message say, as facts: the few values that pairing needs, hashes of all,
and the URI put together. Kernels (dissectors.kernel).
"""

from __future__ import annotations

from typing import Final

from analyzer.facts import (
    BLOCK1,
    BLOCK2,
    CODE,
    CONTENT_FORMAT,
    CONTINUES,
    DATA_HASH,
    DEFAULT_VALUE,
    DESTINATION_PORT,
    ETAG,
    FLAGS,
    IN_BLOCKS,
    KEY,
    LASTING_HASH,
    LATER_BLOCK,
    MAX_AGE,
    NON_ASCII,
    NOTIFIES,
    OBSERVE,
    OPTIONS,
    PATH_AT,
    PATH_END,
    PROTECTED,
    Q_BLOCK,
    REQUEST,
    TOKEN,
    TOKEN_LENGTH,
    TYPE,
    UNWANTED,
    URI_AT,
    URI_END,
)
from analyzer.state import hash_bytes, mix
from dissectors.coap import wire
from dissectors.coap.numbers import no_cache_key
from dissectors.kernel import Bytes, Rows, Text

_DEFAULT_MAX_AGE: Final = 60

_MAY_DIFFER: Final = sum(1 << number for number in (4, 5, 6, 9, 12, 19, 23, 27, 31))
"""Options that may differ between the requests of one block-wise operation, besides those that are
no part of the cache key (RFC 7252 clause 5.4.6): what tells the block, and what stands in some
blocks alone (ETag, If-None-Match, Observe, OSCORE, Content-Format)."""


def uint(data: Bytes, at: int, length: int) -> int:
    """An unsigned number of up to 4 bytes, -2 when it is longer."""
    if length > 4:
        return -2
    value = 0
    for place in range(at, at + length):
        value = value * 256 + data[place]
    return value


def token_number(data: Bytes, at: int, length: int, seed: int) -> int:
    """A token as a number of 64 bits; of a longer one its hash."""
    if length > 8:
        return hash_bytes(data, at, at + length, seed)
    high = low = 0
    for place in range(at, at + length):
        high = (high * 256 + (low >> 24)) & 0xFFFFFFFF
        low = (low * 256 + data[place]) & 0xFFFFFFFF
    if high >= 0x80000000:
        high -= 0x100000000
    return high * 0x100000000 + low


def _tells_operation(number: int) -> bool:
    """The option is the same in all requests of a block-wise operation (RFC 7959 clause 2.5)."""
    if no_cache_key(number):
        return False
    return number > 31 or _MAY_DIFFER >> number & 1 == 0


def in_blocks(block: int) -> bool:
    """The payload is one of several blocks."""
    return block > 0 and (block >> 4 > 0 or block & 8 > 0)


def uint_of_block(data: Bytes, at: int, length: int) -> int:
    """Value of a block option, -1 where it is none (RFC 7959 clause 2.2)."""
    return uint(data, at, length) if length <= 3 else -1


def _copy(data: Bytes, start: int, end: int, text: Text, at: int) -> int:
    for place in range(start, end):
        text[at + place - start] = data[place]
    return at + end - start


def _is_literal(data: Bytes, at: int, length: int) -> bool:
    """A host that may be an IP address: digits and dots, or a colon in it."""
    digits = length > 0
    for place in range(at, at + length):
        byte = data[place]
        if byte == 58:
            return True
        if not (48 <= byte <= 57 or byte == 46):
            digits = False
    return digits


def _non_ascii(data: Bytes, at: int, length: int) -> bool:
    found = False
    for place in range(at, at + length):
        found = found or data[place] >= 128
    return found


def option_facts(
    data: Bytes,
    facts: Rows,
    f: int,
    count: int,
    options: Rows,
    index: bytes,
    specs: Rows,
    seed: int,
) -> None:
    """What the options say: the few values that pairing needs, and hashes of all."""
    flags = facts[f + FLAGS]
    request = flags & REQUEST != 0
    present = 0
    lasting = mix(seed, facts[f + TYPE] * 256 + facts[f + CODE])
    lasting = mix(lasting, facts[f + TOKEN])
    lasting = mix(lasting, facts[f + TOKEN_LENGTH])
    passing = seed
    key = mix(seed, facts[f + CODE])
    block1 = block2 = -1
    facts[f + ETAG] = 0
    facts[f + MAX_AGE] = _DEFAULT_MAX_AGE
    for option in range(count):
        row = option * wire.OPTION_SLOTS
        number = options[row + wire.NUMBER]
        at, length = options[row + wire.VALUE_AT], options[row + wire.LENGTH]
        spec = index[number]
        first = present >> spec & 1 == 0
        present |= 1 << spec
        if number == 6 or number == 14:  # Observe, Max-Age: a repetition may refresh them
            passing = hash_bytes(data, at, at + length, mix(passing, number))
        elif _tells_operation(number):
            key = hash_bytes(data, at, at + length, mix(key, number))
        else:
            lasting = hash_bytes(data, at, at + length, mix(lasting, number))
        text = spec != 0 and specs[spec * wire.SPEC_SLOTS + wire.FORMAT] == 3
        if text and _non_ascii(data, at, length):
            flags |= NON_ASCII
        if not first:
            continue
        if number == 6:
            facts[f + OBSERVE] = max(-1, uint(data, at, length))
            if facts[f + OBSERVE] >= 0:
                flags |= NOTIFIES
        elif number == 12:
            facts[f + CONTENT_FORMAT] = uint(data, at, length)
        elif number == 14:
            facts[f + MAX_AGE] = max(0, uint(data, at, length))
            if not request and facts[f + MAX_AGE] == _DEFAULT_MAX_AGE:
                flags |= DEFAULT_VALUE
        elif number == 7:
            if request and uint(data, at, length) == facts[f + DESTINATION_PORT]:
                flags |= DEFAULT_VALUE
        elif number == 3:
            if request and _is_literal(data, at, length):
                flags |= DEFAULT_VALUE
        elif number == 9:
            flags |= PROTECTED
        elif number == 4:
            facts[f + ETAG] = hash_bytes(data, at, at + length, seed)
        elif number == 258:
            if request and uint(data, at, length) != 0:
                flags |= UNWANTED
        elif number == 27:
            block1 = uint_of_block(data, at, length)
        elif number == 23:
            block2 = uint_of_block(data, at, length)
        elif number == 19:
            block1 = uint_of_block(data, at, length)
            flags |= Q_BLOCK
        elif number == 31:
            block2 = uint_of_block(data, at, length)
            flags |= Q_BLOCK
    block = block1 if request else block2
    if in_blocks(block):
        flags |= IN_BLOCKS
    if (block1 if block1 > 0 else max(block2, 0)) >> 4 or facts[f + OBSERVE] != -1:
        flags |= CONTINUES
    if request and (block1 >> 4 > 0 or block2 >> 4 > 0):
        flags |= LATER_BLOCK
    lasting = mix(lasting, key)
    facts[f + BLOCK1], facts[f + BLOCK2] = block1, block2
    facts[f + KEY] = key
    facts[f + OPTIONS] = present
    facts[f + FLAGS] = flags
    facts[f + LASTING_HASH] = lasting
    facts[f + DATA_HASH] = mix(passing, lasting)


def uri(data: Bytes, facts: Rows, f: int, count: int, options: Rows, text: Text, at: int) -> int:
    """Path and query, or Proxy-Uri, of a request put together in `text`; where they end."""
    facts[f + PATH_AT] = facts[f + URI_AT] = at
    begin = at
    for option in range(count):
        row = option * wire.OPTION_SLOTS
        if options[row + wire.NUMBER] == 11:
            text[at] = 47
            value_at = options[row + wire.VALUE_AT]
            at = _copy(data, value_at, value_at + options[row + wire.LENGTH], text, at + 1)
    if at == begin:
        text[at] = 47
        at += 1
    facts[f + PATH_END] = at
    first = True
    for option in range(count):
        row = option * wire.OPTION_SLOTS
        if options[row + wire.NUMBER] == 15:
            text[at] = 63 if first else 38
            first = False
            value_at = options[row + wire.VALUE_AT]
            at = _copy(data, value_at, value_at + options[row + wire.LENGTH], text, at + 1)
    facts[f + URI_END] = at
    for option in range(count):
        row = option * wire.OPTION_SLOTS
        if options[row + wire.NUMBER] == 35:
            facts[f + URI_AT] = at
            value_at = options[row + wire.VALUE_AT]
            at = _copy(data, value_at, value_at + options[row + wire.LENGTH], text, at)
            facts[f + URI_END] = at
            return at
    return at
