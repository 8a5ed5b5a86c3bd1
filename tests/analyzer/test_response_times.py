# SPDX-License-Identifier: GPL-2.0-only
"""Response times of many exchanges: what counts, and what the numbers are."""

from __future__ import annotations

import io
import json
import statistics

import pytest
from generated import HAPPENINGS, Happening, frames
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.conversation import MILLISECOND, Conversation

from analyzer.exchanges.model import CONFIDENCES, State
from analyzer.exchanges.times import ExchangeTimes
from analyzer.relations import Confidence
from analyzer.response_times import By, Spread, spreads
from analyzer.session import Session
from analyzer.views import json as json_view
from analyzer.views import text
from dissectors.coap import numbers

OTHER = "192.0.2.9:5683"


def talk_of_all_kinds() -> Conversation:
    """Answers after 10, 30 and 60 ms, and one of each that is left out or lost."""
    talk = Conversation().con("GET", path="/a", token=b"a1").ack("2.05")
    talk.con("GET", path="/a", token=b"a2").wait(0.02).ack("2.05")
    talk.non("PUT", path="/b", token=b"a3").wait(0.05).non("2.04")
    talk.con("GET", path="/a", token=b"a4").wait(2).again().ack("2.05")  # Karn
    talk.con("GET", path="/a", token=b"a5").ack("2.05", token=b"zz")  # another token
    talk.con("GET", path="/a", token=b"a6").wait(-0.02).ack("2.05")  # time set back
    talk.con("GET", path="/b", token=b"a7", destination=OTHER).wait(100)  # lost
    return talk.con().rst()  # a ping


def test_all_of_them_together() -> None:
    groups, total = spreads(talk_of_all_kinds().session(), By.SERVER)
    times = (10.0, 30.0, 57.0, 59.4, 60.0)
    assert total == Spread("", 7, 1, 1, 3, 3, *(time * MILLISECOND for time in times))
    assert [(group.name, group.requests) for group in groups] == [("192.0.2.2:5683", 6), (OTHER, 1)]
    assert groups[1] == Spread(OTHER, 1, 1, 0, 0, 0, None, None, None, None, None)


@pytest.mark.parametrize(
    ("by", "names"),
    [(By.METHOD, ["GET", "PUT"]), (By.URI, ["/a", "/b"]), (By.UE, [""])],
)
def test_groups(by: By, names: list[str]) -> None:
    groups, total = spreads(talk_of_all_kinds().session(), by)
    assert [group.name for group in groups] == names
    assert sum(group.requests for group in groups) == total.requests == 7


def test_an_empty_capture() -> None:
    groups, total = spreads(Conversation().session(), By.SERVER)
    assert groups == []
    assert total == Spread("", 0, 0, 0, 0, 0, None, None, None, None, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(HAPPENINGS, max_size=12), st.sampled_from(By))
def test_columns_and_rows_tell_the_same(drawn: list[Happening], by: By) -> None:
    """Each number is what the exchanges, one by one, come to."""
    talk = Conversation()
    for frame in frames(drawn):
        talk.add(frame)
    session = talk.session()
    groups, total = spreads(session, by)
    measured, requests, answered = _one_by_one(session)
    assert (total.requests, total.measured) == (requests, len(measured))
    assert total.left_out == answered - len(measured)
    if measured:
        assert (total.least, total.most) == (min(measured), max(measured))
        assert total.median == pytest.approx(statistics.median(measured))
    for group in groups:
        assert group.measured + group.left_out + group.lost <= group.requests
        if group.measured:
            ordered = [group.least, group.median, group.p95, group.p99, group.most]
            assert ordered == sorted(ordered)  # type: ignore[type-var]
    for name in ("requests", "lost", "retransmitted", "measured", "left_out"):
        assert sum(getattr(group, name) for group in groups) == getattr(total, name)


def _one_by_one(session: Session) -> tuple[list[int], int, int]:
    times = ExchangeTimes(session.messages, session.exchanges.stored)
    measured, requests, answered = [], 0, 0
    for id, cells in enumerate(session.exchanges.rows(), 1):
        found = times.of(id)
        if cells["method"] == numbers.EMPTY:
            continue
        requests += 1
        answered += found.response is not None
        certain = CONFIDENCES[cells["confidence"]] in (Confidence.EXACT, Confidence.TOKEN)
        if found.response is not None and found.response >= 0 and certain and not found.ambiguous:
            measured.append(found.response)
            assert cells["state"] != State.UNANSWERED
    return measured, requests, answered


# Reports ---------------------------------------------------------------------------------------


def test_people_read_milliseconds() -> None:
    out = io.StringIO()
    text.write_times(*spreads(talk_of_all_kinds().session(), By.SERVER), By.SERVER, out)
    head, first, second, total, note = out.getvalue().splitlines()
    assert head.split() == [
        *("Server", "requests", "lost", "resent", "min", "median", "p95", "p99", "max"),
        *("left", "out"),
    ]
    assert first.split() == [
        *("192.0.2.2:5683", "6", "0", "1", "10.000", "30.000", "57.000", "59.400", "60.000", "3"),
    ]
    assert second.split() == [OTHER, "1", "1", "0", "-", "-", "-", "-", "-", "0"]
    assert total.split()[0] == "all"
    assert len({len(line) for line in (head, first, second, total)}) == 1
    assert "Times in ms" in note


def test_scripts_read_seconds() -> None:
    out = io.StringIO()
    json_view.write_times(*spreads(talk_of_all_kinds().session(), By.UE), By.UE, out)
    entry = json.loads(out.getvalue())
    assert list(entry) == ["by", "groups", "total"]
    assert entry["groups"] == [{"ue": None} | entry["total"]]
    assert entry["total"] == {
        "requests": 7,
        "lost": 1,
        "retransmitted": 1,
        "measured": 3,
        "left_out": 3,
        "min": 0.01,
        "median": 0.03,
        "p95": 0.057,
        "p99": 0.0594,
        "max": 0.06,
    }


def test_what_a_device_calls_its_resources_is_escaped() -> None:
    session = Conversation().con("GET", path="/\x1b[2J").ack("2.05").session()
    out = io.StringIO()
    text.write_times(*spreads(session, By.URI), By.URI, out)
    assert "\x1b" not in out.getvalue()
    assert r"/\x1b[2J" in out.getvalue()
