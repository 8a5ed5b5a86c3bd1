# SPDX-License-Identifier: GPL-2.0-only
"""One direction of TCP, put in order: cut anyhow, in any order, twice, overlapping, with holes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.streams.model import ACK, FIN, RST, SYN, UNKNOWN, Chunk, FaultKind, Segment
from analyzer.streams.tcp import FAR, MOST_SEGMENTS, MOST_SENT, MOST_WAITING, Direction

from .segments import cut, data_of, numbered, segment

STREAM = bytes(range(256)) * 2
"""The byte at a place tells the place, for a while."""

starts = st.sampled_from([0, 1000, (1 << 32) - 100, (1 << 32) - 1, (1 << 31) - 50])
places = st.lists(st.integers(1, len(STREAM) - 1), max_size=12)


def opened(start: int = 1000) -> Direction:
    """One whose SYN was seen; its first byte is `start`."""
    direction = Direction(True)
    assert direction.add(segment(start - 1, flags=SYN)) == []
    return direction


def read(direction: Direction, segments: list[Segment]) -> list[Chunk]:
    return [chunk for one in numbered(segments) for chunk in direction.add(one)]


@settings(derandomize=True, deadline=None, max_examples=120)
@given(starts, places, st.randoms(use_true_random=False), st.data())
def test_a_stream_cut_anyhow_comes_out_whole(
    start: int, cuts: list[int], random: object, data: st.DataObject
) -> None:
    """Shuffled, some twice, and some again with other bounds; across the end of the numbers."""
    segments = cut(STREAM, cuts, start)
    again = cut(STREAM, data.draw(places), start)
    segments += data.draw(st.lists(st.sampled_from(again), max_size=6))
    random.shuffle(segments)  # type: ignore[attr-defined]
    direction = opened(start)
    chunks = read(direction, segments)
    assert data_of(chunks) == STREAM
    assert all(chunk.lost == 0 for chunk in chunks)
    assert direction.faults == []
    assert direction.close(0, 0) == []
    assert direction.faults == []


@settings(derandomize=True, deadline=None, max_examples=120)
@given(starts, places, st.randoms(use_true_random=False), st.sets(st.integers(0, 12)))
def test_what_is_not_there_is_counted(
    start: int, cuts: list[int], random: object, missing: set[int]
) -> None:
    """Every byte comes out or is told lost, each at its place."""
    segments = cut(STREAM, cuts, start)
    kept = [one for index, one in enumerate(segments) if index not in missing]
    random.shuffle(kept)  # type: ignore[attr-defined]
    direction = opened(start)
    chunks = read(direction, kept) + direction.close(0, 0)
    at = 0
    for chunk in chunks:
        at += chunk.lost
        assert STREAM[at : at + len(chunk.data)] == chunk.data
        at += len(chunk.data)
    last = max((one.sequence - start) % (1 << 32) + one.length for one in kept) if kept else 0
    assert at == last
    assert len(direction.faults) == sum(chunk.lost > 0 for chunk in chunks)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 70),
            st.binary(max_size=12),
            st.integers(0, 4),
            st.sampled_from([ACK, FIN | ACK, SYN, RST]),
            st.integers(0, 90) | st.just(1 << 31),
        ),
        max_size=40,
    ),
    starts,
)
def test_any_segments_leave_a_direction_in_order(
    rows: list[tuple[int, bytes, int, int, int]], start: int
) -> None:
    """What waits is sorted and apart, is counted right, and nothing is left in the end."""
    direction = Direction(False)
    for frame, (at, data, longer, flags, acknowledged) in enumerate(rows):
        one = segment(start + at, data, flags, frame, length=len(data) + longer)
        chunks = direction.add(one)
        chunks += direction.acknowledged(start + acknowledged & 0xFFFFFFFF, 0, frame)
        assert all(chunk.data for chunk in chunks)
        waiting = direction._waiting
        assert all(run.start < run.stop for run in waiting)
        assert all(one.stop <= two.start for one, two in pairwise(waiting))
        assert not waiting or waiting[0].start > direction._next
        assert direction._waiting_bytes == sum(len(run.data) for run in waiting)
        assert direction._compared == sum(len(data) for _, _, data, _ in direction._sent)
    direction.close(0, 0)
    assert not direction._waiting


def test_the_first_bytes_of_a_place_win_and_others_are_told() -> None:
    direction = opened()
    chunks = read(
        direction,
        [
            segment(1000, b"abcd"),
            segment(1002, b"cXef"),  # a byte that was read
            segment(1008, b"ijkl"),
            segment(1006, b"ghiYk"),  # one that waits
        ],
    )
    assert data_of(chunks) == b"abcdefghijkl"
    assert [(one.kind, one.frames) for one in direction.faults] == [
        (FaultKind.OVERLAP, (1, 2)),
        (FaultKind.OVERLAP, (3, 4)),
    ]


def test_what_was_acknowledged_is_compared_no_more() -> None:
    direction = opened()
    direction.add(segment(1000, b"abcd"))
    direction.acknowledged(1004, 0, 1)
    assert direction.held == 0
    assert direction.add(segment(1000, b"XXXX")) == []
    assert direction.faults == []


@pytest.mark.parametrize("garbage", [b"", b"\0"])
def test_a_keep_alive_is_nothing(garbage: bytes) -> None:
    direction = opened()
    direction.add(segment(1000, b"abcd"))
    assert direction.add(segment(1003, garbage)) == []
    assert data_of(direction.add(segment(1004, b"e"))) == b"e"
    assert direction.faults == []


def test_a_zero_window_probe_is_the_next_byte_which_comes_again() -> None:
    direction = opened()
    chunks = read(direction, [segment(1000, b"a"), segment(1000, b"a"), segment(1000, b"abc")])
    assert data_of(chunks) == b"abc"
    assert direction.faults == []


def test_bytes_cut_off_by_the_capture_are_a_hole() -> None:
    direction = opened()
    first = direction.add(segment(1000, b"abcd", length=10))
    second = direction.add(segment(1010, b"klm", length=5))
    third = direction.add(segment(1015, b"pq"))
    assert [(chunk.data, chunk.lost) for chunk in first + second + third] == [
        (b"abcd", 0),
        (b"klm", 6),
        (b"pq", 2),
    ]
    (fault,) = direction.faults  # once, as it will be so in each
    assert (fault.kind, fault.frames) == (FaultKind.LOST, (1,))
    assert "snap length" in fault.detail


def test_what_is_more_than_the_segment_is_padding() -> None:
    direction = opened()
    chunks = read(direction, [segment(1000, b"ab\0\0\0", length=2), segment(1002, b"cd")])
    assert [(chunk.data, chunk.lost) for chunk in chunks] == [(b"ab", 0), (b"cd", 0)]
    assert direction.faults == []


def test_a_stream_joined_in_the_middle_begins_with_its_first_data() -> None:
    direction = Direction(True)
    assert direction.add(segment(7000)) == []
    (chunk,) = direction.add(segment(7500, b"abc"))
    assert chunk.lost == UNKNOWN
    (chunk,) = direction.add(segment(7503, b"def"))
    assert chunk.lost == 0
    assert not direction.opened
    assert direction.faults == []


def test_syn_takes_a_number_and_may_carry_data() -> None:
    direction = Direction(True)
    (chunk,) = direction.add(segment(0xFFFFFFFF, b"abc", SYN))
    assert (chunk.data, chunk.lost) == (b"abc", 0)
    assert direction.opened
    assert direction.start == 0
    assert data_of(direction.add(segment(3, b"d"))) == b"d"


def test_fin_ends_the_stream_once_all_before_it_came() -> None:
    direction = opened()
    assert direction.add(segment(1002, b"cd", FIN | ACK)) == []
    assert not direction.finished
    assert data_of(direction.add(segment(1000, b"ab"))) == b"abcd"
    assert direction.finished
    assert direction.add(segment(1005, b"xyz")) == []
    direction.close(0, 0)
    assert direction.faults == []


def test_a_hole_is_waited_for_until_the_peer_has_it() -> None:
    direction = opened()
    direction.add(segment(1000, b"ab"))
    assert direction.add(segment(1006, b"gh", frame=2)) == []
    assert direction.acknowledged(1002, 0, 3) == []
    assert direction.acknowledged(1004, 0, 4) == []
    assert data_of(direction.add(segment(1004, b"ef", frame=5))) == b"efgh"
    (fault,) = direction.faults
    assert fault.detail == "2 bytes are not in the capture"
    (chunk,) = [*direction.acknowledged(1020, 0, 6), *direction.add(segment(1012, b"mn"))]
    assert (chunk.data, chunk.lost) == (b"mn", 4)


@pytest.mark.parametrize("size", [1, 2000])
def test_a_hole_is_given_up_when_too_much_waits(size: int) -> None:
    direction = opened()
    held, chunks, at = 0, [], 1010
    while not chunks:
        chunks = direction.add(segment(at, bytes(size)))
        at += size
        held += size
        assert direction.held <= MOST_WAITING + MOST_SENT + size
    assert held > MOST_WAITING or held == (MOST_SEGMENTS + 1) * size
    assert chunks[0].lost == 10
    assert len(data_of(chunks)) == held


def test_the_end_gives_up_what_was_acknowledged() -> None:
    direction = opened()
    direction.add(segment(1000, b"ab"))
    direction.acknowledged(1003, 0, 1)  # FIN, as likely as not
    direction.close(0, 9)
    assert direction.faults == []
    direction.acknowledged(1010, 0, 1)
    direction.close(0, 9)
    assert [fault.detail for fault in direction.faults] == ["7 bytes are not in the capture"]


def test_one_segment_far_away_is_nothing_and_two_are_where_the_stream_is_now() -> None:
    direction = opened()
    direction.add(segment(1000, b"ab"))
    away = 1000 + 2 * FAR
    assert direction.add(segment(away, b"evil")) == []
    assert direction.add(segment(away, b"evil")) == []
    assert data_of(direction.add(segment(1002, b"cd"))) == b"cd"
    assert direction.add(segment(away, b"ef")) == []
    chunks = direction.add(segment(away + 2, b"gh"))
    assert [(chunk.data, chunk.lost) for chunk in chunks] == [(b"ef", UNKNOWN), (b"gh", 0)]
    assert [fault.kind for fault in direction.faults] == [FaultKind.LOST]


def test_a_reset_counts_where_it_belongs() -> None:
    direction = opened()
    direction.add(segment(1000, b"ab"))
    direction.add(segment(900, flags=RST))
    assert not direction.reset
    direction.add(segment(1002, flags=RST))
    assert direction.reset
