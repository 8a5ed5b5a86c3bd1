# SPDX-License-Identifier: GPL-2.0-only
"""The walk reads no byte outside its frame, and compiled it finds what it finds uncompiled.

Compiled code does not check bounds, so here every read is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from coap.compiled import COMPILED, compile_kernel
from frames import ALL
from hypothesis import given, settings
from hypothesis import strategies as st
from lowpan_frames import FRAGMENTS, LOWPAN
from test_link import ALL_FRAMES

from dissectors import checksum, link
from dissectors.kernel import rows

STEADY = settings(derandomize=True, deadline=None, max_examples=200)
FRAMES = {name: (frame.link_type, frame.data) for name, frame in (ALL | LOWPAN).items()}
FRAMES |= ALL_FRAMES | {f"6LoWPAN fragment {n}": (230, f) for n, f in enumerate(FRAGMENTS)}
BEFORE, BEHIND = 7, 5


class Guarded:
    """Bytes of which only `start` to `end` may be read."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._start, self._end = data, start, end

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            assert self._start <= at.start <= max(at.start, at.stop) <= self._end
        else:
            assert self._start <= at < self._end
        return self._data[at]


def guarded(frame: bytes, link_type: int, end: int, uncaptured: int = 0) -> list[int]:
    """The row of `frame[:end]`, walked amid other bytes."""
    data = b"\x41" * BEFORE + frame + b"\x41" * BEHIND
    row = link.new_row()
    reader: Any = Guarded(data, BEFORE, BEFORE + end)
    link.walk(reader, BEFORE, BEFORE + end, link_type, row, uncaptured)
    checksum.verify(reader, row)
    check(row.tolist(), BEFORE, BEFORE + end)
    return row.tolist()


def check(row: list[int], start: int, end: int) -> None:
    """What a reader of the row relies on."""
    if row[link.KIND] in (link.UDP, link.ICMP_ERROR):
        pairs = [(link.ADDRESS_IN, link.SOURCE_AT, link.ADDRESS_LENGTH)]
        pairs += [(link.ADDRESS_IN, link.DESTINATION_AT, link.ADDRESS_LENGTH)]
        if row[link.TUNNEL]:
            outer = link.OUTER_ADDRESS_IN, link.OUTER_ADDRESS_LENGTH
            pairs += [
                (outer[0], at, outer[1]) for at in (link.OUTER_SOURCE_AT, link.OUTER_DESTINATION_AT)
            ]
        for where, at, length in pairs:
            first, last = (link.BUILT, link.ROW_ITEMS) if row[where] else (start, end)
            assert first <= row[at] <= row[at] + row[length] <= last
            if row[where]:
                assert all(0 <= byte < 256 for byte in row[row[at] : row[at] + row[length]])
        assert start <= row[link.IP_AT] <= row[link.PAYLOAD_AT] <= row[link.PAYLOAD_END] <= end
        assert row[link.PAYLOAD_LENGTH] >= row[link.PAYLOAD_END] - row[link.PAYLOAD_AT]
        assert 0 <= row[link.SOURCE_PORT] <= 0xFFFF
        assert 0 <= row[link.DESTINATION_PORT] <= 0xFFFF
    if row[link.FRAGMENT]:
        assert start <= row[link.PIECE_AT] <= row[link.PIECE_END] <= end
        assert row[link.PIECE_LENGTH] >= row[link.PIECE_END] - row[link.PIECE_AT]
        assert 0 <= row[link.BUILT_LENGTH] <= link.BUILT_SPACE
        first = link.BUILT if row[link.FRAGMENT_HEADER_IN] else start
        assert first <= row[link.FRAGMENT_HEADER_AT]


@pytest.mark.parametrize("name", FRAMES)
def test_every_truncation_stays_inside(name: str) -> None:
    link_type, frame = FRAMES[name]
    for end in range(len(frame) + 1):
        guarded(frame, link_type, end)
        guarded(frame, link_type, end, len(frame) - end)


@STEADY
@given(st.binary(max_size=120), st.sampled_from([*link.LINK_TYPES, 9999]), st.integers(0, 50))
def test_any_bytes_stay_inside(frame: bytes, link_type: int, uncaptured: int) -> None:
    guarded(frame, link_type, len(frame), uncaptured)


MUTATIONS = st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=6)


def mutated(frame: bytes, changes: list[tuple[int, int]]) -> bytes:
    changed = bytearray(frame)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    return bytes(changed)


@settings(STEADY, max_examples=2000)
@given(st.sampled_from(sorted(FRAMES)), MUTATIONS)
def test_mutated_frames_stay_inside(name: str, changes: list[tuple[int, int]]) -> None:
    link_type, frame = FRAMES[name]
    guarded(mutated(frame, changes), link_type, len(frame))


@cache
def compiled() -> tuple[Any, Any]:
    return compile_kernel(link.walk), compile_kernel(checksum.verify)


def same(frame: bytes, link_type: int, uncaptured: int = 0) -> None:
    import numpy as np

    walk, verify = compiled()
    expected, found = rows(link.ROW_ITEMS), np.zeros(link.ROW_ITEMS, np.int64)
    view, array = memoryview(frame), np.frombuffer(frame, np.uint8)
    link.walk(view, 0, len(frame), link_type, expected, uncaptured)
    checksum.verify(view, expected)
    walk(array, 0, len(frame), link_type, found, uncaptured)
    verify(array, found)
    assert found.tolist() == expected.tolist(), (link_type, frame.hex())


@STEADY
@given(st.sampled_from(sorted(FRAMES)), MUTATIONS)
def test_what_is_plain_is_walked_the_same(name: str, changes: list[tuple[int, int]]) -> None:
    link_type, frame = FRAMES[name]
    data = memoryview(mutated(frame, changes))
    whole, plain = rows(link.ROW_ITEMS), rows(link.ROW_ITEMS)
    link.walk(data, 0, len(data), link_type, whole)
    if link.walk_plain(data, 0, len(data), link_type, plain):
        assert plain.tolist() == whole.tolist()


@pytest.mark.parametrize("name", ALL_FRAMES)
def test_ordinary_frames_are_plain(name: str) -> None:
    link_type, frame = ALL_FRAMES[name]
    row = link.new_row()
    assert link.walk_plain(memoryview(frame), 0, len(frame), link_type, row)


def samples() -> Iterator[tuple[int, bytes]]:
    for link_type, frame in FRAMES.values():
        for end in range(0, len(frame) + 1, 3):
            yield link_type, frame[:end]
            yield link_type, frame[:end] + bytes(byte ^ 0xA5 for byte in frame[end : end + 9])
        yield link_type, frame


def test_compiled_and_uncompiled_find_the_same() -> None:
    for link_type, frame in samples():
        same(frame, link_type)


@STEADY
@given(st.binary(max_size=120), st.sampled_from([*link.LINK_TYPES]), st.integers(0, 50))
def test_of_any_bytes_compiled_and_uncompiled_find_the_same(
    frame: bytes, link_type: int, uncaptured: int
) -> None:
    same(frame, link_type, uncaptured)


@settings(STEADY, max_examples=2000)
@given(st.sampled_from(sorted(FRAMES)), MUTATIONS)
def test_of_mutated_frames_compiled_and_uncompiled_find_the_same(
    name: str, changes: list[tuple[int, int]]
) -> None:
    link_type, frame = FRAMES[name]
    same(mutated(frame, changes), link_type)


def test_compiled_code_computes_with_integers() -> None:
    """A byte and an integer mixed the wrong way become a float, right in most cases."""
    from numba.core import types

    compiled()
    for kernel in COMPILED.values():
        for overload in kernel.overloads.values():
            typed = overload.type_annotation.typemap
            floats = [name for name, kind in typed.items() if isinstance(kind, types.Float)]
            assert not floats, (kernel.py_func.__name__, floats)
