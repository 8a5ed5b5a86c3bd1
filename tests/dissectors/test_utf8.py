# SPDX-License-Identifier: GPL-2.0-only
"""The UTF-8 check in a range of bytes, uncompiled and compiled."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from coap.compiled import compile_kernel
from hypothesis import given, settings
from hypothesis import strategies as st

from dissectors.utf8 import utf8_error

BAD = {
    "lone continuation": (b"a\x80", 1),
    "overlong slash": (b"\xc0\xaf", 0),
    "overlong of three": (b"a\xe0\x9f\xbf", 1),
    "overlong of four": (b"\xf0\x8f\xbf\xbf", 0),
    "surrogate": (b"\xed\xa0\x80", 0),
    "above U+10FFFF": (b"\xf4\x90\x80\x80", 0),
    "five bytes": (b"\xf8\x88\x80\x80\x80", 0),
    "cut off": (b"abc\xe2\x82", 3),
    "broken off": (b"\xe2\x82a", 0),
}


@cache
def compiled() -> Any:
    return compile_kernel(utf8_error)


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_utf_8_is_found_where_it_begins(name: str) -> None:
    data, at = BAD[name]
    assert utf8_error(data, 0, len(data)) == at
    assert utf8_error(b"\xff" + data + b"\xff", 1, len(data) + 1) == at + 1


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary(max_size=12) | st.text(max_size=6).map(str.encode), st.integers(0, 4))
def test_compiled_and_uncompiled_agree_with_python(data: bytes, start: int) -> None:
    try:
        data[start:].decode()
        expected = -1
    except UnicodeDecodeError as error:
        expected = start + error.start
    assert utf8_error(memoryview(data), start, len(data)) == expected
    assert compiled()(np.frombuffer(data, np.uint8), start, len(data)) == expected
