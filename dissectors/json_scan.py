# SPDX-License-Identifier: GPL-2.0-only
"""The one judge of what is JSON: a scanner kernel that yields every value with its byte span.

Libraries disagree on NaN, byte order marks, lone surrogates and depth, and none reports a member
twice or where a value stands; so the grammar of RFC 8259 is walked once, here, without recursion.
Values nested deeper than `max_depth` are checked but get no row (clause 9: a reader may limit
depth). `scan` is a kernel (dissectors.kernel): it never raises, it writes rows.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from dissectors.kernel import Bytes, Rows
from dissectors.utf8 import utf8_error

# Slots of a node row. Strings and keys include their quotes; -1 means absent.
KIND, START, END, KEY_START, KEY_END, PARENT = 0, 1, 2, 3, 4, 5
NODE_SLOTS: Final = 6

# Slots of the head row.
NODE_COUNT, ERROR, ERROR_AT, DEPTH, DEEP_AT = 0, 1, 2, 3, 4
HEAD_SLOTS: Final = 5


class Kind(IntEnum):
    """Kind of a JSON value, RFC 8259 clause 3."""

    OBJECT = 1
    ARRAY = 2
    STRING = 3
    NUMBER = 4
    TRUE = 5
    FALSE = 6
    NULL = 7


class Error(IntEnum):
    """Why a text is not JSON; 0 means it is."""

    NONE = 0
    EMPTY = 1
    NOT_UTF8 = 2
    BYTE_ORDER_MARK = 3
    ENDS_EARLY = 4
    EXPECTED_VALUE = 5
    EXPECTED_KEY = 6
    EXPECTED_COLON = 7
    EXPECTED_COMMA = 8
    CONTROL_CHARACTER = 9
    BAD_ESCAPE = 10
    BAD_NUMBER = 11
    TRAILING_BYTES = 12


def _skip_space(data: Bytes, at: int, end: int) -> int:
    while at < end and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
        at += 1
    return at


def _hex_digit(byte: int) -> bool:
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102


def _string(data: Bytes, at: int, end: int, head: Rows) -> int:
    """Index after the closing quote of the string whose opening quote is at `at` (clause 7)."""
    at += 1
    while at < end:
        byte = data[at]
        if byte == 34:
            return at + 1
        if byte < 32:
            return _fail(head, Error.CONTROL_CHARACTER, at)
        if byte == 92:
            if at + 1 >= end:
                return _fail(head, Error.ENDS_EARLY, end)
            escape = data[at + 1]
            if escape == 117:  # \uXXXX
                for place in range(at + 2, at + 6):
                    if place >= end:
                        return _fail(head, Error.ENDS_EARLY, end)
                    if not _hex_digit(data[place]):
                        return _fail(head, Error.BAD_ESCAPE, at)
                at += 6
                continue
            # " / \ b f n r t
            if not (
                escape == 34
                or escape == 47
                or escape == 92
                or escape == 98
                or escape == 102
                or escape == 110
                or escape == 114
                or escape == 116
            ):
                return _fail(head, Error.BAD_ESCAPE, at)
            at += 2
            continue
        at += 1
    return _fail(head, Error.ENDS_EARLY, end)


def _digits(data: Bytes, at: int, end: int) -> int:
    while at < end and 48 <= data[at] <= 57:
        at += 1
    return at


def _number(data: Bytes, start: int, end: int, head: Rows) -> int:
    """Index after the number at `start` (clause 6)."""
    at = start + 1 if data[start] == 45 else start
    after = _digits(data, at, end)
    if after == at:
        return _fail(head, Error.ENDS_EARLY if at >= end else Error.BAD_NUMBER, at)
    if data[at] == 48 and after > at + 1:
        return _fail(head, Error.BAD_NUMBER, at)
    at = after
    if at < end and data[at] == 46:
        after = _digits(data, at + 1, end)
        if after == at + 1:
            return _fail(head, Error.ENDS_EARLY if after >= end else Error.BAD_NUMBER, after)
        at = after
    if at < end and (data[at] == 101 or data[at] == 69):
        at += 1
        if at < end and (data[at] == 43 or data[at] == 45):
            at += 1
        after = _digits(data, at, end)
        if after == at:
            return _fail(head, Error.ENDS_EARLY if after >= end else Error.BAD_NUMBER, after)
        at = after
    return at


def _literal(data: Bytes, at: int, end: int, word: bytes, head: Rows) -> int:
    """Index after `true`, `false` or `null`."""
    for place in range(len(word)):
        if at + place >= end:
            return _fail(head, Error.ENDS_EARLY, end)
        if data[at + place] != word[place]:
            return _fail(head, Error.EXPECTED_VALUE, at)
    return at + len(word)


def _fail(head: Rows, error: int, at: int) -> int:
    head[ERROR] = error
    head[ERROR_AT] = at
    return -1


def _node(
    nodes: Rows, head: Rows, kind: int, at: int, key_start: int, key_end: int, parent: int
) -> int:
    """A new node row; its end is written when it is known."""
    node = head[NODE_COUNT]
    row = node * NODE_SLOTS
    nodes[row + KIND] = kind
    nodes[row + START] = at
    nodes[row + END] = at
    nodes[row + KEY_START] = key_start
    nodes[row + KEY_END] = key_end
    nodes[row + PARENT] = parent
    head[NODE_COUNT] = node + 1
    return node


def _scalar(data: Bytes, at: int, end: int, head: Rows) -> int:
    """Index after the string, number or literal at `at`."""
    byte = data[at]
    if byte == 34:
        return _string(data, at, end, head)
    if byte == 45 or 48 <= byte <= 57:
        return _number(data, at, end, head)
    if byte == 116:
        return _literal(data, at, end, b"true", head)
    if byte == 102:
        return _literal(data, at, end, b"false", head)
    if byte == 110:
        return _literal(data, at, end, b"null", head)
    return _fail(head, Error.EXPECTED_VALUE, at)


def _kind(byte: int) -> int:
    if byte == 123:
        return 1
    if byte == 91:
        return 2
    if byte == 34:
        return 3
    if byte == 116:
        return 5
    if byte == 102:
        return 6
    if byte == 110:
        return 7
    return 4


# States: what may come next.
_VALUE, _FIRST_VALUE, _FIRST_KEY, _KEY, _AFTER = 0, 1, 2, 3, 4


def scan(
    data: Bytes, start: int, end: int, max_depth: int, head: Rows, nodes: Rows, stack: Rows
) -> None:
    """Walk the JSON text `data[start:end]` into node rows, document order, parents first.

    `nodes` needs length + 1 rows, `stack` length + 1 items: no text can hold more. On an
    error, head[ERROR] and head[ERROR_AT] tell it and the rows so far stand: what is no JSON may
    still tell what it was meant to be.
    """
    for slot in range(HEAD_SLOTS):
        head[slot] = 0
    head[DEEP_AT] = -1
    broken = utf8_error(data, start, end)
    marked = (
        end - start >= 3
        and data[start] == 0xEF
        and data[start + 1] == 0xBB
        and data[start + 2] == 0xBF
    )
    at = _skip_space(data, start + 3 if marked else start, end)
    if at >= end:
        _fail(head, Error.EMPTY, start)
        return
    limit = end if broken < 0 else broken
    _scan_values(data, at, limit, max_depth, head, nodes, stack)
    if broken >= 0:
        _fail(head, Error.NOT_UTF8, broken)
    if marked:
        _fail(head, Error.BYTE_ORDER_MARK, start)


def _scan_values(
    data: Bytes, at: int, end: int, max_depth: int, head: Rows, nodes: Rows, stack: Rows
) -> None:
    """The grammar, clause 2. A stack item is the container's node, or minus its kind where it
    lies deeper than rows are kept."""
    depth = 0
    state = _VALUE
    key_start = key_end = -1
    while True:
        at = _skip_space(data, at, end)
        if at >= end:
            if not (state == _AFTER and depth == 0):
                _fail(head, Error.ENDS_EARLY, end)
            return
        byte = data[at]
        if state == _AFTER:
            if depth == 0:
                _fail(head, Error.TRAILING_BYTES, at)
                return
            top = stack[depth - 1]
            inside = nodes[top * NODE_SLOTS + KIND] if top >= 0 else -top
            if byte == 44:
                state = _KEY if inside == 1 else _VALUE
                at += 1
            elif byte == (125 if inside == 1 else 93):
                at = _close(nodes, stack, depth, at)
                depth -= 1
            else:
                _fail(head, Error.EXPECTED_COMMA, at)
                return
            continue
        if (state == _FIRST_KEY and byte == 125) or (state == _FIRST_VALUE and byte == 93):
            at = _close(nodes, stack, depth, at)
            depth -= 1
            state = _AFTER
            continue
        if state in (_FIRST_KEY, _KEY):
            if byte != 34:
                _fail(head, Error.EXPECTED_KEY, at)
                return
            key_start = at
            key_end = _string(data, at, end, head)
            if key_end < 0:
                return
            at = _skip_space(data, key_end, end)
            if at >= end or data[at] != 58:
                _fail(head, Error.ENDS_EARLY if at >= end else Error.EXPECTED_COLON, at)
                return
            at += 1
            state = _VALUE
            continue
        kind = _kind(byte)
        node = -kind
        if depth < max_depth or (depth == max_depth and kind > 2):
            parent = stack[depth - 1] if depth else -1
            node = _node(nodes, head, kind, at, key_start, key_end, parent)
        elif head[DEEP_AT] < 0:
            head[DEEP_AT] = at
        key_start = key_end = -1
        if kind <= 2:
            stack[depth] = node
            depth += 1
            if depth > head[DEPTH]:
                head[DEPTH] = depth
            state = _FIRST_KEY if byte == 123 else _FIRST_VALUE
            at += 1
            continue
        at = _scalar(data, at, end, head)
        if at < 0:
            return
        if node >= 0:
            nodes[node * NODE_SLOTS + END] = at
        state = _AFTER


def _close(nodes: Rows, stack: Rows, depth: int, at: int) -> int:
    """End the innermost container at its bracket; index after it."""
    top = stack[depth - 1]
    if top >= 0:
        nodes[top * NODE_SLOTS + END] = at + 1
    return at + 1
