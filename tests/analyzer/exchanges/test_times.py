# SPDX-License-Identifier: GPL-2.0-only
"""Times of exchanges: each number by a conversation whose times are known."""

from __future__ import annotations

import io

import pytest
from generated import HAPPENINGS, Happening, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, SECOND, Conversation

from analyzer import report
from analyzer.exchanges.times import ExchangeTimes, Times
from analyzer.messages import Role
from analyzer.session import Session
from analyzer.views import text

STEP = 10 * MILLISECOND


def times_of(session: Session) -> list[Times]:
    times = ExchangeTimes(session.messages, session.exchanges.stored)
    return [times.of(id) for id in range(1, len(session.exchanges) + 1)]


def times(talk: Conversation) -> Times:
    """Of the only exchange."""
    (found,) = times_of(talk.session())
    return found


def get(**fields: object) -> Conversation:
    return Conversation().con("GET", token=b"ab", **fields)


# Answers ---------------------------------------------------------------------------------------


def test_a_piggybacked_response() -> None:
    assert times(get().ack("2.05")) == Times(STEP, STEP, STEP, STEP, None, (), 1, False)


def test_a_response_that_counts_from_the_first_and_the_last_transmission() -> None:
    found = times(get().wait(1.99).again().wait(3.99).again().ack("2.05"))
    gaps = (2 * SECOND, 4 * SECOND)
    assert found == Times(
        6 * SECOND + STEP, STEP, 6 * SECOND + STEP, STEP, None, gaps, 3, ambiguous=True
    )
    assert found.ratios == (2.0,)


def test_a_separate_response() -> None:
    found = times(get().ack().wait(2).con("2.05").ack())
    assert found == Times(
        2 * SECOND + 2 * STEP,
        2 * SECOND + 2 * STEP,
        STEP,
        STEP,
        2 * SECOND + STEP,
        (),
        1,
        ambiguous=False,
    )


def test_an_acknowledgement_after_the_separate_response() -> None:
    talk = get(mid=7).con("2.05", mid=99).ack(mid=7, by="server").wait(1)
    assert times(talk).ack_to_response == -STEP


def test_a_request_repeated_after_it_was_acknowledged_is_not_ambiguous() -> None:
    """The Empty ACK tells that the first transmission arrived."""
    found = times(get().ack().wait(1.98).again(0).con("2.05"))
    assert (found.transmissions, found.ambiguous) == (1, False)
    assert (found.ack, found.ack_from_last) == (STEP, STEP)
    assert (found.response, found.response_from_last) == (2 * SECOND + STEP, STEP)


def test_a_repeated_response_is_no_transmission_of_the_request() -> None:
    found = times(get().ack().con("2.05").wait(2).again())
    assert (found.gaps, found.transmissions) == ((), 1)


def test_an_exchange_without_an_answer() -> None:
    found = times(get().wait(2).again())
    assert found == Times(None, None, None, None, None, (2 * SECOND + STEP,), 2, False)


def test_a_reset_after_two_transmissions_is_ambiguous() -> None:
    found = times(get().wait(2).again().rst())
    assert (found.response, found.transmissions, found.ambiguous) == (None, 2, True)


def test_a_response_before_its_request_has_taken_no_time() -> None:
    talk = Conversation().con("2.05", token=b"ab", by="server").con("GET", token=b"ab")
    assert times(talk)[:2] == (-STEP, -STEP)


# Repetitions -----------------------------------------------------------------------------------


def test_ratios_of_gaps_show_the_back_off() -> None:
    talk = get()
    for gap in (2, 4, 8, 16):
        talk.wait(gap - 0.01).again(0)
    assert times(talk).gaps == tuple(gap * SECOND for gap in (2, 4, 8, 16))
    assert times(talk).ratios == (2.0, 2.0, 2.0)


def test_a_gap_of_no_length_has_no_ratio() -> None:
    talk = get().wait(-0.01).again(0).wait(1.99).again(0).wait(-1.01).again(0)
    found = times(talk)
    assert found.gaps == (0, 2 * SECOND, -SECOND)
    assert found.ratios == (None, -0.5)


# Properties ------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12))
def test_times_are_differences_of_the_times_of_frames(drawn: list[Happening]) -> None:
    talk = Conversation()
    for frame in frames(drawn):
        talk.add(frame)
    session = talk.session()
    at = dict(
        zip(session.messages["frame"].tolist(), session.messages["time"].tolist(), strict=True)
    )
    stored = session.exchanges.stored
    for entry, found in zip(report.exchange_entries(session), times_of(session), strict=True):
        request = at[entry["request_frame"]]
        copies = stored.cell("retransmissions", entry["id"] - 1)
        assert len(found.gaps) == copies
        assert found.transmissions <= 1 + copies
        if entry["ack_frame"]:
            assert found.ack == at[entry["ack_frame"]] - request
        response = session.exchanges.row(entry["id"] - 1)["response_frame"]
        assert (found.response is None) == (response == 0)
        if response:
            assert found.response == at[response] - request
        sent = [at[f] for f in entry["retransmission_frames"]]
        if copies == len(sent):
            assert request + sum(found.gaps) == (sent[-1] if sent else request)
        if found.response is not None and found.response_from_last is not None:
            earlier = {request, *sent}
            assert found.response - found.response_from_last + request in earlier


def test_capture_duplicates_are_no_transmissions() -> None:
    session = get().recorded_again().ack("2.05").session()
    assert Role.CAPTURE_DUPLICATE in session.messages.octets("role")
    assert [(t.gaps, t.ambiguous) for t in times_of(session)] == [((), False)]


# Reports ---------------------------------------------------------------------------------------


def test_scripts_read_seconds() -> None:
    session = get().wait(1.99).again().wait(3.99).again().ack("2.05").session()
    (entry,) = report.exchange_entries(session)
    assert entry["times"] == {
        "response": 6.01,
        "response_from_last": 0.01,
        "ack": 6.01,
        "ack_from_last": 0.01,
        "ack_to_response": None,
        "retransmission_gaps": [2.0, 4.0],
        "retransmission_ratios": [2.0],
        "transmissions": 3,
        "ambiguous": True,
    }


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (
            get().wait(2.09).again().wait(4.29).again(),
            "2 retransmissions after 2.10, 4.30 s",
        ),
        (
            get().wait(2.09).again().ack("2.05"),
            "1 retransmission after 2.10 s, which one was answered is unknown",
        ),
        (get().ack().con("2.05").wait(2).again(), "1 retransmission of responses"),
        (get().wait(-0.02).again().ack("2.05"), "1 retransmission after -0.01 s"),
        (get().wait(-0.02).ack("2.05"), "2.05 Content in -10.000 ms"),
    ],
)
def test_people_read_them_where_they_matter(talk: Conversation, words: str) -> None:
    out = io.StringIO()
    text.write_exchanges(talk.session(), out)
    assert words.replace(" Content", "") in out.getvalue()
