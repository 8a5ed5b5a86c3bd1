# SPDX-License-Identifier: GPL-2.0-only
"""JSON reader: the bytes are one body, scanned inside a window and judged by Python as well."""

from __future__ import annotations

import json
from typing import Any

from dissectors.json_scan import (
    DEEP_AT,
    DEPTH,
    END,
    ERROR,
    ERROR_AT,
    HEAD_SLOTS,
    KEY_END,
    KEY_START,
    KIND,
    NODE_COUNT,
    NODE_SLOTS,
    PARENT,
    START,
    Error,
    Kind,
    scan,
)
from dissectors.msgin5g.payload import members, read_json
from fuzz.checked import Checked, checked_rows

BEFORE = b'"\\'
DEPTHS = (0, 1, 3, 64)
PYTHONS_DEPTH = 200  # deeper texts are left to us: Python's reader recurses


def run(data: bytes) -> None:
    verdicts = {_scanned(data, depth) for depth in DEPTHS}
    assert len(verdicts) == 1, "the depth kept changes the verdict"
    _read(data)
    error, depth = verdicts.pop()
    if depth < PYTHONS_DEPTH:
        assert (error == Error.NONE) is _is_json(data)


def _scanned(data: bytes, most: int) -> tuple[int, int]:
    """Error and depth, after a look at every node."""
    start, end = len(BEFORE), len(BEFORE) + len(data)
    window: Any = Checked(memoryview(BEFORE + data + b'"}'), start, end)
    head: Any = checked_rows(HEAD_SLOTS)
    nodes: Any = checked_rows((len(data) + 1) * NODE_SLOTS)
    stack: Any = checked_rows(len(data) + 1)
    scan(window, start, end, most, head, nodes, stack)
    assert window.accesses <= 16 * len(data) + 20
    for node in range(head[NODE_COUNT]):
        _check_node(nodes, node, start, end, head[ERROR] == Error.NONE)
    if head[ERROR]:
        assert start <= head[ERROR_AT] <= end
    deep = head[DEEP_AT]
    assert deep == -1 or start <= deep < end
    assert head[DEPTH] <= len(data)
    return head[ERROR], head[DEPTH]


def _check_node(nodes: Any, node: int, start: int, end: int, whole: bool) -> None:
    """The node lies in the text and in its parent, which stands before it."""
    kind, first, after, key_start, key_end, parent = (
        nodes[node * NODE_SLOTS + slot] for slot in (KIND, START, END, KEY_START, KEY_END, PARENT)
    )
    assert Kind(kind)
    assert start <= first <= after <= end
    assert first < after or not whole
    assert -1 <= parent < node
    assert (parent == -1) is (node == 0)
    assert (key_start == -1) is (key_end == -1)
    if parent < 0:
        return
    above = parent * NODE_SLOTS
    assert (key_start >= 0) is (nodes[above + KIND] == Kind.OBJECT)
    assert nodes[above + START] < first
    assert key_start < key_end < first or key_start == -1
    if nodes[above + END] > nodes[above + START]:
        assert after < nodes[above + END]


def _read(data: bytes) -> None:
    """The document: spans inside the text and inside each other; values without exception."""
    document = read_json(data)
    assert 0 <= document.error_at <= len(data)
    assert document.place(document.error_at).startswith("line ")
    if document.root is None:
        return
    document.root.python()
    for value in members(document.root):
        last = value.start
        for child in value.children:
            assert last <= child.span[0] <= child.start <= child.end <= value.end <= len(data)
            last = child.end


def _is_json(data: bytes) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        # Not `int`: Python refuses those of many digits.
        json.loads(data.decode(), parse_constant=refuse, parse_int=float)
    except ValueError:
        return False
    return not data.startswith(b"\xef\xbb\xbf")
