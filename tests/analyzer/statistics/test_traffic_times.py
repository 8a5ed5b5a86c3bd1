# SPDX-License-Identifier: GPL-2.0-only
"""Times as hostile captures have them: decades apart, all equal, at the ends of 64 bits."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import SECOND, START, Conversation

from analyzer.filters.filter import compiled
from analyzer.filters.matching import Matcher
from analyzer.session import Session
from analyzer.statistics import conditions
from analyzer.statistics.counted import Counted
from analyzer.statistics.traffic import MOST_BUCKETS, buckets, placed, traffic

ANY_TIME = st.integers(-(1 << 63), (1 << 63) - 1)
TIMES = st.lists(ANY_TIME, min_size=1, max_size=30)


@given(TIMES, ANY_TIME, st.integers(-3, 3 * MOST_BUCKETS))
def test_every_time_is_in_one_of_few_buckets(times: list[int], origin: int, most: int) -> None:
    into = buckets(min(times), max(times), origin, most)
    assert 1 <= into.number <= max(1, min(most, MOST_BUCKETS))
    places = placed(np.array(times, np.int64), into).tolist()
    for time, place in zip(times, places, strict=True):
        assert 0 <= place < into.number
        assert into.edge(place) <= time < into.edge(place + 1)


@pytest.mark.parametrize(
    ("first", "last", "most", "length", "count"),
    [
        (0, 0, 100, 1000, 1),
        (0, 99 * SECOND, 100, SECOND, 100),
        (0, 100 * SECOND, 100, 3 * SECOND // 2, 67),
        (0, 86_400 * SECOND, 100, 900 * SECOND, 97),
        (0, 20 * 365 * 86_400 * SECOND, 80, 100 * 86_400 * SECOND, 74),
    ],
)
def test_lengths_are_round(first: int, last: int, most: int, length: int, count: int) -> None:
    assert buckets(first, last, 0, most) == (0, length, count)


@given(st.integers(1_000_000, 1 << 63), st.integers(50, MOST_BUCKETS))
def test_a_plot_is_never_half_empty(span: int, most: int) -> None:
    assert buckets(0, span, 0, most).number > most / 2


def test_buckets_begin_at_round_times_since_the_first_packet() -> None:
    into = buckets(START + 1_234_567_890, START + 9 * SECOND, START, 10)
    assert into == (START + SECOND, SECOND, 9)


@cache
def six_requests() -> Session:
    talk = Conversation()
    for token in range(6):
        talk.non("GET", token=bytes([token]))
    return talk.session()


@settings(max_examples=50)
@given(st.lists(ANY_TIME, min_size=6, max_size=6), st.integers(1, 40), st.data())
def test_a_range_selects_what_it_counts(times: list[int], most: int, data: st.DataObject) -> None:
    session = six_requests()
    for row, time in enumerate(times):
        session.messages.update(row, time=time)
    into, counts = traffic(Counted(session), most)
    assert into is not None
    assert counts["messages"].sum() == 6
    first = data.draw(st.integers(0, into.number - 1))
    last = data.draw(st.integers(first, into.number - 1))
    text = conditions.of_time(into, first, last, session.first_time or 0)
    found = Matcher(session, compiled(text)).matches()
    assert found.sum() == counts["messages"][first : last + 1].sum()
