# SPDX-License-Identifier: GPL-2.0-only
"""Messages in a stream: many in a chunk, one across chunks, and the next one after a hole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.streams.framing import LONGEST, LONGEST_SOUGHT, CoapFraming, Found
from analyzer.streams.model import UNKNOWN, Chunk, Fault, FaultKind, Framed, Piece
from analyzer.streams.tcp import Direction

from .segments import CSM, cut, faults_of, get, message, messages_of, numbered, segment

codes = st.sampled_from([0x01, 0x02, 0x05, 0x41, 0x45, 0x84, 0xE1, 0xE2, 0xE3])
tokens = st.binary(max_size=8) | st.just(b"t" * 20) | st.just(b"t" * 300)
payloads = st.binary(min_size=1, max_size=20) | st.just(b"p" * 300) | st.just(b"p" * 70_000)
bodies = st.just(b"") | st.builds(lambda payload: b"\xff" + payload, payloads)
messages = st.lists(st.builds(message, codes, tokens, bodies), max_size=6)


def chunk(data: bytes, frame: int = 1, lost: int = 0) -> Chunk:
    return Chunk(data, (Piece(frame, 0, 0, len(data)),), lost, frame * 1000, frame)


def feed(framing: CoapFraming, *parts: bytes, lost: int = 0, frame: int = 1) -> Found:
    """Chunks one behind the other; bytes are lost before the first."""
    found = []
    for number, part in enumerate(parts):
        found += framing.feed(chunk(part, frame + number, lost if number == 0 else 0))
    return found


@settings(derandomize=True, deadline=None, max_examples=60)
@given(messages, st.data())
def test_messages_cut_anyhow_come_out_whole(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    bounds = sorted({0, *cuts, len(stream)})
    framing = CoapFraming(True)
    found = feed(framing, *(stream[first:last] for first, last in pairwise(bounds)))
    assert messages_of(found) == sent
    assert framing.held == 0
    assert framing.end(0, 0) == []


def test_every_truncation_is_told_at_the_end() -> None:
    for whole in (get(1), message(0x45, b"t" * 20, b"\xff" + b"p" * 300)):
        for size in range(1, len(whole)):
            framing = CoapFraming(True)
            assert feed(framing, whole[:size]) == []
            (fault,) = framing.end(7000, 7)
            assert isinstance(fault, Fault)
            assert (fault.kind, fault.frame, fault.frames) == (FaultKind.FRAME_CUT, 7, (1,))
            assert framing.end(7000, 7) == []


def test_one_byte_at_a_time() -> None:
    sent = [CSM, get(1), message(0x45, b"t" * 20, b"\xff" + b"p" * 300)]
    found = feed(CoapFraming(False), *(bytes([byte]) for byte in b"".join(sent)))
    assert messages_of(found, False) == sent
    whole = found[1]
    assert isinstance(whole, Framed)
    assert [piece.frame for piece in whole.pieces] == list(range(5, 5 + len(get(1))))
    assert whole.frame == 4 + len(get(1))


def test_a_token_length_of_15_ends_what_can_be_read_until_a_segment_begins_anew() -> None:
    framing = CoapFraming(True)
    found = feed(framing, CSM + b"\x0f\x01", b"\x0f\x01", get(2))
    assert messages_of(found) == [CSM, get(2)]
    assert faults_of(found) == [FaultKind.FRAME]
    found = feed(CoapFraming(True), b"\xef", b"\x00\x00\x01")
    assert faults_of(found) == [FaultKind.FRAME]


def test_a_message_that_is_too_long_is_passed_over_without_keeping_it() -> None:
    size = LONGEST + 100
    head = b"\xf0" + (size - 65805).to_bytes(4, "big") + b"\x02"
    for first in (head, head[:3]):
        framing = CoapFraming(True)
        found = feed(framing, CSM + first, head[len(first) :] + bytes(50))
        for _ in range(size // 65536):
            found += feed(framing, bytes(65536))
            assert framing.held == 0
        found += feed(framing, bytes(size - 50 - size // 65536 * 65536) + get(1))
        assert messages_of(found) == [CSM, get(1)]
        assert faults_of(found) == [FaultKind.TOO_LONG]


def test_a_hole_inside_a_message_costs_that_message_alone() -> None:
    """Its length is known, so the next one is, even in the middle of a segment."""
    body = b"\xff" + b"payload" * 100
    long = message(0x02, b"t", body)
    framing = CoapFraming(True)
    found = feed(framing, get(1) + long[:100])
    found += feed(framing, long[400:] + get(2), lost=300)
    assert messages_of(found) == [get(1), get(2)]
    found = feed(framing, long[:50])
    found += feed(framing, get(3), lost=len(long) - 50)
    assert messages_of(found) == [get(3)]


def test_after_a_hole_the_next_message_is_looked_for_at_the_beginning_of_chunks() -> None:
    text = message(0x45, b"tt", b"\xff" + b'{"Message Type":"REG","n":[1,2,3]}' * 20)
    framing = CoapFraming(True)
    found = feed(framing, CSM)
    found += feed(framing, text[300:], lost=300)
    assert framing.held == 0
    found += feed(framing, get(1)[2:], get(2) + get(3)[:5], get(3)[5:])
    assert messages_of(found) == [CSM, get(2), get(3)]
    assert faults_of(found) == []


def test_a_message_across_chunks_may_be_the_first_after_a_hole() -> None:
    long = message(0x02, b"t", b"\xff" + b"payload" * 100)
    for size in range(1, len(long)):
        framing = CoapFraming(True)
        found = feed(framing, long[:size], long[size:] + get(1), lost=UNKNOWN)
        assert messages_of(found) == [long, get(1)], size


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00" * 8,  # Empty messages tell nothing
        b'{"UE Service ID":"ue1@example.com"}',
        b"\x00\x5e",  # unassigned
        message(0x01, b"t", b"\xd0\x00"),  # an unknown critical option, 13
        message(0xE2, b"t", b"\x10"),  # a critical option in a Ping
        get(1) + b"\x0f",
        message(0x45, b"", b"\xff"),  # a marker with nothing behind it
        message(0x02, b"", b"\xff" + bytes(LONGEST_SOUGHT))[:1400],
    ],
    ids=range(8),
)
def test_nothing_is_found_where_no_message_begins(data: bytes) -> None:
    framing = CoapFraming(True)
    assert feed(framing, data, lost=UNKNOWN) == []
    assert framing.held == 0
    assert messages_of(feed(framing, get(2))) == [get(2)]


def test_what_seemed_a_message_after_a_hole_may_be_none() -> None:
    framing = CoapFraming(True)
    assert feed(framing, b"\xb1\x45t" + b"\x10" * 4, lost=UNKNOWN) == []
    assert framing.held
    assert messages_of(feed(framing, get(1))) == [get(1)]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(st.builds(get, st.integers(0, 9)) | st.just(CSM), min_size=1, max_size=12),
    st.data(),
)
def test_a_lost_segment_costs_what_was_in_it_and_no_message_that_begins_a_segment(
    sent: list[bytes], data: st.DataObject
) -> None:
    """As most senders write: a segment holds whole messages."""
    ends = [sum(map(len, sent[: count + 1])) for count in range(len(sent))]
    cuts = data.draw(st.sets(st.sampled_from(ends)))
    segments = cut(b"".join(sent), cuts, 1000)
    missing = data.draw(st.sets(st.integers(0, len(segments) - 1)))
    kept = [one for index, one in enumerate(segments) if index not in missing]
    direction, framing = Direction(True), CoapFraming(True)
    direction.add(segment(999, flags=2))
    chunks = [chunk for one in numbered(kept) for chunk in direction.add(one)]
    found = [one for chunk in chunks + direction.close(0, 0) for one in framing.feed(chunk)]
    expected = [
        whole
        for whole, end in zip(sent, ends, strict=True)
        if any(one.sequence - 1000 < end <= one.sequence - 1000 + one.length for one in kept)
    ]
    assert messages_of(found) == expected
    holes = sum(chunk.lost > 0 for chunk in chunks)
    assert len(direction.faults) >= holes


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.binary(min_size=1, max_size=30) | st.sampled_from([CSM, get(1), b"\xf0\xff\xff"]),
            st.integers(-1, 20) | st.just(0),
        ),
        max_size=20,
    )
)
def test_any_bytes_do_no_harm(parts: list[tuple[bytes, int]]) -> None:
    framing = CoapFraming(True)
    total = 0
    for frame, (data, lost) in enumerate(parts):
        total += len(data)
        for one in framing.feed(chunk(data, frame, lost)):
            assert isinstance(one, Fault) or 2 <= len(one.data) <= total
        assert framing.held <= total
    framing.end(0, 0)
    assert framing.end(0, 0) == []
