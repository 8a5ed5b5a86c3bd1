# SPDX-License-Identifier: GPL-2.0-only
"""Records cut out of a stream, wherever its segments end and whatever is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.decryption.tls_records import MOST_SKIPPED, Records
from analyzer.streams.model import UNKNOWN

from .tls_peers import chunk


def record(fragment: bytes, kind: int = 23) -> bytes:
    return bytes([kind, 3, 3]) + len(fragment).to_bytes(2, "big") + fragment


def taken(records: Records, data: bytes, frame: int = 1, lost: int = 0) -> list[bytes]:
    return [fragment for _, _, fragment, _ in records.take(chunk(data, frame, lost))]


def whole() -> Records:
    return Records(lambda kind, version, fragment: True)


@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 60)))
def test_segments_end_where_they_like(fragments: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(map(record, fragments))
    records = whole()
    found, at = [], 0
    for frame, size in enumerate([*sizes, len(stream)]):
        found += taken(records, stream[at : at + size], frame)
        at += size
    assert found == fragments
    assert not records.ended


def test_a_record_tells_its_kind_its_version_and_its_packets() -> None:
    records = whole()
    data = record(b"first", 22) + record(b"second")
    assert not list(records.take(chunk(data[:3], 1)))
    first, second = records.take(chunk(data[3:], 2))
    assert first[:3] == (22, 0x0303, b"first")
    assert second[:3] == (23, 0x0303, b"second")
    assert [piece.frame for piece in first[3]] == [1, 2]
    assert [piece.frame for piece in second[3]] == [2]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1",
        b"\x17\x02\x00\x00\x01a",
        b"\x00\x03\x03\x00\x01a",
        b"\x17\x03\x03\xff\xffa",
        b"\x18\x03\x03\x00\x01a",
    ],
)
def test_what_is_no_record_ends_it(data: bytes) -> None:
    records = whole()
    assert taken(records, record(b"good") + data) == [b"good"]
    assert records.ended
    assert not taken(records, record(b"good"))


def test_a_hole_in_a_record_ends_where_its_length_says() -> None:
    """The tail of the record holds what looks like another, which is passed over."""
    records = whole()
    broken = record(b"a" * 50 + record(b"inside") + b"z" * 9)
    assert not taken(records, broken[:20])
    rest = broken[40:] + record(b"behind")
    assert not taken(records, rest[:5], 2, lost=20)
    assert taken(records, rest[5:], 3) == [b"behind"]
    assert records.skipped == 1


def test_a_hole_that_ends_with_a_record_costs_it_alone() -> None:
    records = whole()
    broken = record(b"a" * 50)
    assert not taken(records, broken[:20])
    assert taken(records, record(b"behind"), 2, lost=35) == [b"behind"]
    assert records.skipped == 1


@pytest.mark.parametrize("lost", [100, UNKNOWN])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_behind_other_holes_a_record_is_looked_for(lost: int, size: int) -> None:
    records = Records(lambda kind, version, fragment: fragment == b"behind")
    stream = b"rest \x17\x03\x03" + record(b"a lie") + record(b"behind") + record(b"more")
    found = []
    for at in range(0, len(stream), size):
        found += taken(records, stream[at : at + size], at + 2, lost=0 if at else lost)
    assert found == [b"behind", b"more"]
    assert not records.ended
    assert records.skipped == (5 if lost == 100 else MOST_SKIPPED)


def test_what_is_kept_while_nothing_is_found_is_bounded() -> None:
    records = Records(lambda kind, version, fragment: False)
    for frame in range(200):
        assert not taken(records, b"\x17\x03\x03\x40\x00" + bytes(995), frame, lost=not frame)
        assert len(records._tail) <= 40_000
        assert len(records._pieces) <= 64
