# SPDX-License-Identifier: GPL-2.0-only
"""Well-formedness of CBOR: what cbor2 writes and reads, the pseudocode of RFC 8949, any bytes."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import cbor2
import numpy as np
import pytest
from coap.compiled import compile_kernel
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dissectors.cbor import MAX_DEPTH, cbor_error
from dissectors.kernel import rows

STEADY = settings(derandomize=True, deadline=None, max_examples=300)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats()
    | st.binary(max_size=30)
    | st.text(max_size=30)
    | st.builds(cbor2.CBORSimpleValue, st.integers(0, 19) | st.integers(32, 255)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers() | st.text(max_size=4), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(1000, 2**40), inner)
    ),
    max_leaves=12,
)
ITEMS = VALUES.map(cbor2.dumps)


class _MalformedError(Exception):
    pass


def well_formed(data: bytes, at: int = 0, breakable: bool = False) -> tuple[int, int]:
    """RFC 8949 appendix C: where the item at `at` ends, and its major type, 16 more where it has no
    length; -1 for a break."""

    def take(count: int) -> int:
        nonlocal at
        if at + count > len(data):
            raise _MalformedError
        at += count
        return int.from_bytes(data[at - count : at], "big")

    lead = take(1)
    major, more = lead >> 5, lead & 31
    value = take(1 << more - 24) if 24 <= more <= 27 else more
    if 28 <= more <= 30 or (more == 31 and major in (0, 1, 6)):
        raise _MalformedError
    if more == 31 and major == 7:
        if not breakable:
            raise _MalformedError
        return at, -1
    if more == 31:
        count = 0
        while True:
            at, found = well_formed(data, at, True)
            if found == -1:
                break
            if major in (2, 3) and found != major:  # a chunk has a length
                raise _MalformedError
            count += 1
        if major == 5 and count % 2:
            raise _MalformedError
        return at, major + 16
    if major in (2, 3):
        take(value)
    elif major in (4, 5, 6):
        items = 1 if major == 6 else value * (major - 3)
        if items > len(data):
            raise _MalformedError
        for _ in range(items):
            at, _ = well_formed(data, at)
    elif major == 7 and more == 24 and value < 32:
        raise _MalformedError
    return at, major


def one_item(data: bytes) -> bool:
    """By the pseudocode, the bytes are one item."""
    try:
        return well_formed(data)[0] == len(data)
    except _MalformedError:
        return False


def a_sequence(data: bytes) -> bool:
    at = 0
    try:
        while at < len(data):
            at, _ = well_formed(data, at)
    except _MalformedError:
        return False
    return True


def error(data: bytes, sequence: bool = False) -> int:
    return cbor_error(data, 0, len(data), rows(MAX_DEPTH), sequence)


@cache
def compiled() -> Any:
    return compile_kernel(cbor_error)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Items with some bytes changed, left out or put in."""
    data = bytearray(draw(ITEMS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        byte = draw(st.integers(0, 255) | st.sampled_from([0x5F, 0x7F, 0x9F, 0xBF, 0xFF, 0xF8]))
        match draw(st.integers(0, 2)):
            case 0 if data:
                data[at] = byte
            case 1 if data:
                del data[at]
            case _:
                data.insert(at, byte)
    return bytes(data)


@STEADY
@given(ITEMS)
def test_what_cbor2_writes_is_well_formed(item: bytes) -> None:
    assert error(item) == -1
    assert error(item + item) == len(item)
    assert error(item + item, sequence=True) == -1


@STEADY
@given(ITEMS)
def test_every_truncation_ends_too_early(item: bytes) -> None:
    for end in range(len(item)):
        assert error(item[:end]) == end
        assert error(item[:end], sequence=True) == (end if end else -1)


@STEADY
@given(mutated() | st.binary(max_size=12))
@example(bytes.fromhex("5f4101ff"))
@example(bytes.fromhex("5f5f4101ffff"))
@example(bytes.fromhex("7f4101ff"))
@example(bytes.fromhex("bf01ff"))
@example(bytes.fromhex("bf0102ff"))
@example(bytes.fromhex("9f9fff01ff"))
@example(bytes.fromhex("bf9fff01ff"))
@example(bytes.fromhex("c1ff"))
@example(bytes.fromhex("9fc1ff"))
@example(bytes.fromhex("81ff"))
@example(bytes.fromhex("f81f"))
@example(bytes.fromhex("f820"))
@example(bytes.fromhex("9bffffffffffffffff"))
@example(bytes.fromhex("bb8000000000000000"))
def test_any_bytes_are_judged_as_the_rfc_does(data: bytes) -> None:
    assert (error(data) == -1) is one_item(data)
    assert (error(data, sequence=True) == -1) is a_sequence(data)
    assert -1 <= error(data) <= len(data)
    array = np.frombuffer(data, np.uint8)
    for sequence in (False, True):
        stack = np.zeros(MAX_DEPTH, np.int64)
        assert compiled()(array, 0, len(data), stack, sequence) == error(data, sequence)


@STEADY
@given(mutated())
def test_what_cbor2_reads_is_well_formed(data: bytes) -> None:
    stream = io.BytesIO(data)
    try:
        cbor2.CBORDecoder(stream).decode()
    except Exception:  # cbor2 also judges what tags and texts mean
        return
    assert error(data[: stream.tell()]) == -1


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x00", b"\xc1", b"\x9f", b"\xbf\x00"])
def test_what_is_nested_too_deep_is_not_judged(opening: bytes) -> None:
    inside = opening * (MAX_DEPTH - 1)
    closing = b"\xff" * (MAX_DEPTH - 1) if opening[0] & 31 == 31 else b""
    assert error(inside + b"\x00" + closing) == -1
    assert error(inside + b"\x1c") == len(inside)
    assert error(opening * (MAX_DEPTH + 1) + b"\x1c") == -1


def test_only_the_given_range_is_read() -> None:
    data = b"\xff\x82\x01\x02\xff"
    assert cbor_error(data, 1, 4, rows(MAX_DEPTH), False) == -1
    assert cbor_error(data, 1, 3, rows(MAX_DEPTH), False) == 3
