# SPDX-License-Identifier: GPL-2.0-only
"""Facts of a report: one by one and in columns they are the same."""

from __future__ import annotations

import pytest
from generated import HAPPENINGS, Happening, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, SECOND, START, Conversation

from analyzer.activity import BUCKETS, activity
from analyzer.ladders import ladders
from analyzer.response_times import Spread
from analyzer.round_trips import Bar, round_trips
from analyzer.ue_table import ue_rows

COLUMNS = -1


@settings(max_examples=40, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12))
def test_one_by_one_and_in_columns(drawn: list[Happening]) -> None:
    talk = Conversation()
    for frame in frames(drawn):
        talk.add(frame)
    session = talk.session()
    few, many = round_trips(session), round_trips(session, COLUMNS)
    assert few.bars == many.bars
    assert sum(bar.responses for bar in few.bars) == few.total.measured
    assert_same(few.total, many.total)
    assert few.by_ue.keys() == many.by_ue.keys()
    for ue, spread in few.by_ue.items():
        assert_same(spread, many.by_ue[ue])
    findings = list(session.findings)
    by_name = [sorted(ue_rows(session, findings, n), key=lambda r: r.ue) for n in (2000, COLUMNS)]
    assert by_name[0] == by_name[1]
    assert sum(row.exchanges for row in by_name[0]) == len(session.exchanges)
    assert activity(session, findings) == activity(session, findings, COLUMNS)


def assert_same(one: Spread, other: Spread) -> None:
    assert one.name == other.name
    assert list(one[1:]) == pytest.approx(list(other[1:]))


def test_bars_have_no_hole() -> None:
    talk = Conversation().con("GET").ack("2.05").con("GET").wait(0.02).ack("2.05")
    bars = round_trips(talk.session()).bars
    assert bars == (
        Bar(10 * MILLISECOND, 15 * MILLISECOND, 1),
        Bar(15 * MILLISECOND, 20 * MILLISECOND, 0),
        Bar(20 * MILLISECOND, 30 * MILLISECOND, 0),
        Bar(30 * MILLISECOND, 50 * MILLISECOND, 1),
    )


def test_a_time_of_nothing_and_one_without_end_are_in_a_bar() -> None:
    talk = Conversation().con("GET").wait(-0.01).ack("2.05")
    assert round_trips(talk.session()).bars == (Bar(0, 1500, 1),)


def test_registrations_of_a_ue() -> None:
    payload = b'{"Message Type": "REG", "UE Service ID": "a@x"}'
    talk = Conversation().con("POST", path="/r", payload=payload).ack("2.01")
    talk.con("POST", path="/r", payload=payload).ack("4.01").con("GET", path="/q").ack("2.05")
    session = talk.session()
    named = {row.ue: row for row in ue_rows(session, session.findings)}
    assert named["a@x"][1:5] == (2, 2, 2, 1)
    assert named[""][1:5] == (1, 1, 0, 0)
    assert sum(named["a@x"].findings.values()) > 0


# Over time --------------------------------------------------------------------------------------


def test_a_night_breaks_the_line() -> None:
    talk = Conversation()
    for _ in range(20):
        talk.con("GET", max_age=1).ack("2.05")
    talk.wait(36_000)
    for _ in range(20):
        talk.con("GET").ack("2.05")
    session = talk.session()
    active = activity(session, session.findings)
    assert [sum(stretch.messages) for stretch in active.stretches] == [40, 40]
    assert active.bucket == 5 * MILLISECOND
    first, second = active.stretches
    assert first.start == session.first_time
    assert second.start - first.start > 36_000 * SECOND
    marked = [sum(found.total() for found in stretch.findings) for stretch in active.stretches]
    assert marked[0] > marked[1]


def test_a_clock_that_was_set_makes_no_more_buckets() -> None:
    talk = Conversation().con("GET").ack("2.05").wait(-START // SECOND).con("GET").ack("2.05")
    talk.wait(4_000_000_000).con("GET").ack("2.05")
    for few in (2000, COLUMNS):
        active = activity(talk.session(), (), few)
        assert [sum(stretch.messages) for stretch in active.stretches] == [2, 2, 2]
        assert sum(len(stretch.messages) for stretch in active.stretches) <= 10 * BUCKETS


def test_even_gaps_are_no_breaks() -> None:
    talk = Conversation()
    for _ in range(30):
        talk.con("GET").ack("2.05").wait(3600)
    (stretch,) = activity(talk.session(), ()).stretches
    assert sum(stretch.messages) == 60


def test_no_messages() -> None:
    for few in (2000, COLUMNS):
        assert activity(Conversation().session(), (), few).stretches == []


# Ladders that are cut ---------------------------------------------------------------------------


def test_a_ladder_of_the_first_messages_says_nothing_of_what_it_left_out() -> None:
    talk = Conversation().con("GET", observe=0, token=b"a").ack("2.05", observe=1)
    talk.con("2.05", by="server", observe=2, token=b"a").ack()
    session = talk.session()
    (whole,) = ladders(session, [[1]])
    (cut,) = ladders(session, [[1]], 3)
    assert (len(cut.steps), cut.left_out) == (3, 1)
    assert cut.steps == whole.steps[:3]
    assert cut.endings == whole.endings
    assert whole.left_out == 0
