# SPDX-License-Identifier: GPL-2.0-only
"""Is it CBOR? Well-formedness by RFC 8949 appendix C, in numba's subset."""

from __future__ import annotations

from typing import Final

from dissectors.kernel import Bytes, Rows

MAX_DEPTH: Final = 64
"""Levels of arrays, maps and tags that are looked into; what is nested deeper is not judged."""

_BREAK: Final = 0xFF
_ENDLESS: Final = -1


def cbor_error(data: Bytes, start: int, end: int, stack: Rows, sequence: bool) -> int:
    """Index of the item in `data[start:end]` that is not well-formed, `end` where more should
    come, -1 for none. One item, or with `sequence` any number (RFC 8742). `stack` has room for
    MAX_DEPTH items.
    """
    at, depth, whole = start, 0, 0
    while True:
        while depth and stack[depth - 1] == 0:
            depth -= 1
        if depth == 0 and whole:
            if at == end:
                return -1
            if not sequence:
                return at
        if at >= end:
            return -1 if sequence and depth == 0 else end
        whole = 1
        lead = data[at] * 1
        endless = depth > 0 and stack[depth - 1] <= _ENDLESS
        if lead == _BREAK:
            # Of a map with no length, keys and values come in pairs: -1, -2 tell whose turn it is.
            if not endless or stack[depth - 1] == -3:
                return at
            depth -= 1
            at += 1
            continue
        if depth:
            turn = stack[depth - 1]
            if turn > 0:
                stack[depth - 1] = turn - 1
            elif turn == -2:
                stack[depth - 1] = -3
            elif turn == -3:
                stack[depth - 1] = -2
            elif turn <= -16 and (lead // 32 != -turn // 16 or lead % 32 > 27):
                return at  # a chunk of a string with no length is a string with one
        major, more = lead // 32, lead % 32
        if 27 < more < 31:
            return at
        if at + _argument(more) >= end:
            return end
        value = _value(data, at, more)
        at += 1 + _argument(more)
        if more == 31:
            if major < 2 or major > 5:
                return at - 1
            if depth == MAX_DEPTH:
                return -1
            stack[depth] = -2 if major == 5 else _ENDLESS if major == 4 else -16 * major
            depth += 1
        elif major == 2 or major == 3:
            if value > end - at:
                return end
            at += value
        elif major >= 4 and major <= 6:
            if depth == MAX_DEPTH:
                return -1
            items = 1 if major == 6 else value if major == 4 else 2 * value
            if items > end - at:
                return end
            stack[depth] = items
            depth += 1
        elif major == 7 and more == 24 and value < 32:
            return at - 2


def _argument(more: int) -> int:
    """Bytes of the argument that follow the first byte (clause 3)."""
    return 1 << (more - 24) if 24 <= more <= 27 else 0


def _value(data: Bytes, at: int, more: int) -> int:
    """The argument, as far as it is less than 2 to the power of 40: longer ones never fit."""
    if more < 24:
        return more
    value = 0
    for place in range(at + 1, at + 1 + _argument(more)):
        value = min(value * 256 + data[place], 1 << 40)
    return value
