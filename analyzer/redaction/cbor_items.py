# SPDX-License-Identifier: GPL-2.0-only
"""CBOR items (RFC 8949): values are replaced, structure and lengths stay.

Names of members stay where they are numbers or plain words, and so do tags, simple values and
numbers below 24 (SenML and other formats name members by them).
"""

from __future__ import annotations

import re
from typing import Final

from analyzer.redaction.words import Words
from dissectors.cbor import MAX_DEPTH, cbor_error
from dissectors.kernel import rows

_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z _-]{0,63}")
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_SHORT: Final = 2  # bytes of numbers that name members
_ENDLESS: Final = -1
_BREAK: Final = 0xFF


def rewritten(data: bytes, words: Words, sequence: bool, keep_numbers: bool = False) -> bytes:
    """The items with their values replaced, of the same length.

    What is not well-formed breaks at the same byte; behind that nothing stays. `keep_numbers`:
    unsigned integers say nothing of anybody.
    """
    broken = cbor_error(data, 0, len(data), rows(MAX_DEPTH), sequence)
    out = bytearray(data)
    at = 0
    open_: list[list[int]] = []  # of each array or map: items to come, and whether it is a map
    while at < len(data) and at != broken:
        while open_ and open_[-1][0] == 0:
            open_.pop()
        lead = data[at]
        if lead == _BREAK:
            if not open_ or open_[-1][0] > 0:
                break
            open_.pop()
            at += 1
            continue
        named = False
        if open_:
            top = open_[-1]
            named = bool(top[1]) and top[2] % 2 == 0
            top[2] += 1
            top[0] -= 1 if top[0] > 0 else 0
        major, more = lead >> 5, lead & 31
        size = 1 << (more - 24) if 24 <= more <= 27 else 0
        head = at + 1 + size
        if head > len(data) or 27 < more < 31:
            break
        value = int.from_bytes(data[at + 1 : head], "big") if size else more
        if major in (0, 1):
            kept = (named and size <= _SHORT) or (keep_numbers and major == 0)
            if size and not kept:
                out[at + 1 : head] = words.opaque(data[at + 1 : head], b"number")
            at = head
        elif major in (_BYTES, _TEXT) and more != 31:
            end = min(head + value, len(data))
            out[head:end] = _string(data[head:end], major, named, words)
            at = end
        elif major in (_BYTES, _TEXT, _ARRAY, _MAP):
            count = _ENDLESS if more == 31 else value * (2 if major == _MAP else 1)
            if len(open_) >= MAX_DEPTH:
                at = head
                break
            open_.append([count, int(major == _MAP), 0])
            at = head
        else:
            if major == _TAG and open_:  # a tag is no item of its own
                open_[-1][2] -= 1
                open_[-1][0] += 1 if open_[-1][0] >= 0 else 0
            if major == _SIMPLE and size > 1:
                out[at + 1 : head] = words.opaque(data[at + 1 : head], b"float")
            at = head
    out[at:] = _rest(data[at:], words)
    return bytes(out)


def _string(data: bytes, major: int, named: bool, words: Words) -> bytes:
    if major == _BYTES:
        return words.opaque(data)
    if named and _NAME.fullmatch(data) and words.may_show(data.decode()):
        return data
    return words.octets(data)


def _rest(data: bytes, words: Words) -> bytes:
    """What stands behind the last item read: the byte that breaks it, and nothing of the others."""
    return data[:1] + words.opaque(data[1:]) if data else data
