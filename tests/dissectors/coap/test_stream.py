# SPDX-License-Identifier: GPL-2.0-only
"""Where a message of RFC 8323 ends, uncompiled and compiled; and what may be one."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from fuzz.checked import Checked, checked_rows
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissectors.coap import stream, wire
from dissectors.coap.beginning import plausible
from dissectors.coap.stream import LONGEST_HEAD, MORE, NEVER, body_length, code_place
from dissectors.kernel import rows

from .compiled import compile_kernel

# Messages -> (length of the whole, where the code stands, bytes behind the token)
KNOWN: dict[str, tuple[int, int, int]] = {
    "00e1": (2, 1, 0),
    "0001": (2, 1, 0),
    "2145aa" + "1234": (5, 1, 2),
    "c8027f0000000000000000": (22, 1, 12),  # of the example in RFC 8323 clause 3.2
    "d00001": (16, 2, 13),
    "d0ff01": (271, 2, 268),
    "e0000001": (273, 3, 269),
    "e0ffff01": (65808, 3, 65804),
    "f00000000001": (65811, 5, 65805),
    "f0ffffffff01": (4295033106, 5, 4295033100),
    "0d010b" + "00" * 24: (27, 1, 0),  # RFC 8974: a token of 24 bytes
    "0e010001": (274, 1, 0),
    "fe0000000001ffff": (65805 + 8 + 65535 + 269, 5, 65805),
}


@cache
def compiled(kernel: Any) -> Any:
    return compile_kernel(kernel)


@pytest.mark.parametrize("text", KNOWN)
def test_lengths(text: str) -> None:
    data = bytes.fromhex(text)
    length, code, body = KNOWN[text]
    assert stream.message_length(data, 0, len(data)) == length
    assert code_place(data, 0) == code
    assert body_length(data, 0) == body
    behind = b"\xff\xff" + data
    assert stream.message_length(behind, 2, len(behind)) == length
    assert code_place(behind, 2) == code + 2


@pytest.mark.parametrize("text", KNOWN)
def test_the_length_needs_some_bytes_and_never_more_than_8(text: str) -> None:
    data = bytes.fromhex(text)
    told = [stream.message_length(data, 0, size) for size in range(len(data) + 1)]
    first = next(size for size, length in enumerate(told) if length != MORE)
    assert first <= LONGEST_HEAD
    assert set(told[:first]) == {MORE}
    assert set(told[first:]) == {KNOWN[text][0]}


def test_a_token_length_of_15_is_never_a_message() -> None:
    for nibble in range(16):
        assert stream.message_length(bytes([nibble << 4 | 15]), 0, 1) == NEVER


def test_no_byte_beyond_the_end_is_looked_at() -> None:
    for first in range(256):
        for size in range(1, 9):
            data = bytes([first]) + bytes(size - 1)
            assert stream.message_length(data, 0, size) == stream.message_length(
                data + b"\xff" * 9, 0, size
            )


def looks(data: bytes) -> int:
    head, options, defects = rows(wire.HEAD_SLOTS), rows(64), rows(8)
    codes, index = wire.code_table(), wire.option_table().index
    return plausible(data, 0, len(data), head, options, defects, codes, index)


PLAUSIBLE = {
    "00e1": 1,
    "20e12104": 1,
    "5101aab474657374": 1,
    "3001453131": 0,  # an option of 5 bytes in 2
    "3145aaff3131": 1,
    "2045ff31" + "0f": 1,  # what comes behind is not asked
    "0000": 0,
    "0045": 1,
    "005e": 0,
    "0020": 0,
    "00e6": 0,
    "1045ff": 0,
    "2001d000": 0,
    "2001c0b0": 1,
    "10e210": 0,
    "0f01": 0,
    "": MORE,
    "51": MORE,
    "5101": MORE,
    "5101aa": MORE,
    "5101aab474": MORE,
    "5101aaf4": 0,
    "d0": MORE,
    "d010": MORE,
}


@pytest.mark.parametrize("text", PLAUSIBLE)
def test_what_may_be_a_message(text: str) -> None:
    assert looks(bytes.fromhex(text)) == PLAUSIBLE[text]


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.binary(max_size=24), st.integers(0, 3))
@example(bytes.fromhex("f0ffffffff01"), 0)
@example(bytes.fromhex("5101aab474657374"), 0)
def test_compiled_and_uncompiled_agree(data: bytes, at: int) -> None:
    array = np.frombuffer(data, np.uint8)
    view, end = memoryview(data), len(data)
    length = stream.message_length(view, at, end)
    assert compiled(stream.message_length)(array, at, end) == length
    room = [rows(wire.HEAD_SLOTS), rows(64), rows(8)]
    arrays = [np.zeros(len(part), np.int64) for part in room]
    codes, index = wire.code_table(), wire.option_table().index
    told = plausible(view, at, end, *room, codes, index)
    assert compiled(plausible)(array, at, end, *arrays, codes, index) == told


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.binary(max_size=24))
def test_no_index_leaves_the_message(data: bytes) -> None:
    start, end = 2, 2 + len(data)
    window: Any = Checked(memoryview(b"\xff\xff" + data + b"\xff\xff"), start, end)
    stream.message_length(window, start, end)
    for room in (1, 4):
        head: Any = checked_rows(wire.HEAD_SLOTS)
        options: Any = checked_rows(room * wire.OPTION_SLOTS)
        defects: Any = checked_rows(room * wire.DEFECT_SLOTS)
        codes: Any = Checked(memoryview(wire.code_table()))
        index: Any = Checked(memoryview(wire.option_table().index))
        told = plausible(window, start, end, head, options, defects, codes, index)
        assert told in (0, 1, MORE)
