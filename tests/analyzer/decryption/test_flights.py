# SPDX-License-Identifier: GPL-2.0-only
"""Handshake messages out of fragments, whatever the network did to them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.decryption.flights import MOST_AHEAD, MOST_BYTES, Flights, Whole
from decryption.hellos import message
from dissectors.tls.handshake import Fragment, dtls_fragments

STEADY = settings(derandomize=True, deadline=None, max_examples=200)
BODIES = [b"server hello", b"a certificate of many bytes" * 4, b"", b"done"]
KINDS = [2, 11, 12, 14]


def whole(number: int) -> Whole:
    body = BODIES[number]
    return Whole(KINDS[number], message(KINDS[number], body, number)[:12], body)


def piece(number: int, at: int = 0, size: int | None = None, body: bytes | None = None) -> bytes:
    return message(
        KINDS[number], BODIES[number] if body is None else body, number, at=at, size=size
    )


def feed(flights: Flights, data: bytes) -> list[Whole]:
    (fragment,) = dtls_fragments(data, 0, len(data))
    assert not fragment.error
    return flights.add(fragment, data)


def feed_all(sent: list[bytes]) -> tuple[list[Whole], Flights]:
    flights = Flights()
    return [found for data in sent for found in feed(flights, data)], flights


@st.composite
def scattered(draw: st.DrawFn) -> list[bytes]:
    """All messages, cut anywhere, with pieces that overlap, in any order."""
    sent = []
    for number, body in enumerate(BODIES):
        cuts = sorted({0, *draw(st.lists(st.integers(0, len(body)), max_size=4)), len(body)})
        bounds = list(pairwise(cuts)) or [(0, 0)]
        for start, end in bounds:
            early = draw(st.integers(0, min(start, 9)))
            late = draw(st.integers(0, 9))
            sent.append(piece(number, start - early, end - start + early + late))
    again = draw(st.lists(st.sampled_from(sent), max_size=5))
    return draw(st.permutations(sent + again))


@STEADY
@given(scattered())
def test_all_messages_come_in_order(sent: list[bytes]) -> None:
    found, flights = feed_all(sent)
    assert found == [whole(number) for number in range(len(BODIES))]
    assert not flights.holes


def test_what_came_is_counted_when_it_comes_again() -> None:
    sent = [piece(number) for number in range(4)]
    found, flights = feed_all([*sent, *sent])
    assert len(found) == 4
    assert flights.repeated == 4


def test_a_numbering_is_joined_at_a_hello_alone() -> None:
    assert feed_all([piece(1)])[0] == []
    assert feed_all([piece(1), piece(0)])[0] == [whole(0), whole(1)]


def test_what_waits_is_given_out_when_nothing_more_comes() -> None:
    found, flights = feed_all([piece(0), piece(1, 0, 5), piece(3)])
    assert found == [whole(0)]
    assert flights.give_up() == [whole(3)]
    assert flights.holes
    assert flights.give_up() == []


def test_a_server_that_answers_anew_is_followed() -> None:
    other = piece(0, body=b"another hello")
    found, flights = feed_all([piece(0), piece(1), other, other, piece(1)])
    assert [one.body for one in found] == [BODIES[0], BODIES[1], b"another hello", BODIES[1]]
    assert flights.repeated == 1


def test_what_waits_is_bounded() -> None:
    flights = Flights()
    feed(flights, piece(0))
    size = 1200
    for number in range(1, 200):
        for at in range(0, 60_000, size):
            fragment = Fragment(11, 60_000, number, at, 0, 0, size)
            flights.add(fragment, bytes(size))
    assert flights._size <= MOST_BYTES
    assert len(flights._waiting) <= MOST_AHEAD


def test_a_message_longer_than_any_is_not_waited_for() -> None:
    flights = Flights()
    feed(flights, piece(0))
    flights.add(Fragment(11, 1 << 24, 1, 0, 0, 0, 100), bytes(100))
    assert flights.holes
    assert not flights._waiting


@STEADY
@given(
    st.lists(
        st.builds(
            Fragment,
            st.sampled_from([1, 2, 3, 11, 14]),
            st.integers(0, 40),
            st.integers(0, 6) | st.integers(0, 65535),
            st.integers(0, 40),
            st.just(0),
            st.just(0),
            st.integers(0, 40),
        ),
        max_size=30,
    )
)
def test_any_fragments_are_taken(sent: list[Fragment]) -> None:
    flights = Flights()
    last = -1
    for fragment in sent:
        if fragment.offset + fragment.end <= fragment.length:
            for found in flights.add(fragment, bytes(40)):
                assert len(found.body) == int.from_bytes(found.header[1:4], "big")
                number = int.from_bytes(found.header[4:6], "big")
                assert number == last + 1 or found.kind in (1, 2, 3)
                last = number
    flights.give_up()
    assert not flights._waiting
    assert flights._size == 0
